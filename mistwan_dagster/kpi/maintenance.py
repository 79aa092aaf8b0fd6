"""Maintenance windows: planned work that is no fault of a provider.

Belongs here: reading and checking the file, and which circuits are in a window. Does not belong here: what is taken
off which figure (`sla.py`, `provider_scorecard.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, NONE
from mistwan_dagster.kpi.stretches import merged
from mistwan_dagster.kpi.text_file import TextFile
from mistwan_dagster.kpi.versions import in_force
from mistwan_dagster.kpi.yaml_file import YamlFile

SCOPE = ("provider", "region", "site", "circuit_id")
"""What a window may name; several together all have to match."""
MAINTENANCE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(SCOPE, pl.String),
    "start": INSTANT,
    "end": INSTANT,
    "reason": pl.String,
}


def read_maintenance_file(path: Path | str) -> pl.DataFrame:
    """Windows as MAINTENANCE_SCHEMA, in file order: a `.csv` with those columns, else YAML, a list of mappings.

    Times are ISO 8601, UTC where they name no zone. Columns that do not apply may be absent or empty. Raises
    UserError (exit 2) that names the file, the row and the mend: unreadable, unknown or missing column, no scope,
    no reason, a time that is none, an end that is not after its start.
    """
    file = YamlFile(path, "maintenance", "MISTWAN_MAINTENANCE_FILE")
    rows = _csv_rows(file) if Path(path).suffix.lower() == ".csv" else _yaml_rows(file)
    return pl.DataFrame([_window(file, where, row) for where, row in rows], schema=MAINTENANCE_SCHEMA)


def _csv_rows(file: TextFile) -> Iterable[tuple[str, dict[str, Any]]]:
    lines = file.csv_lines(MAINTENANCE_SCHEMA)
    number, names = next(lines)
    if len(set(names)) < len(names):
        raise file.wrong("names a column twice", f"line {number}")
    for number, cells in lines:
        yield f"line {number}", dict(zip(names, cells, strict=True))


def _yaml_rows(file: YamlFile) -> Iterable[tuple[str, dict[str, Any]]]:
    entries = file.content([])
    if not isinstance(entries, list):
        raise file.wrong(
            "must be a list of windows: - {provider: ..., start: ..., end: ..., reason: ...}", "line 1"
        )
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise file.wrong(f"must be a mapping, not {entry!r}", f"window {number}")
        yield f"window {number}", entry


def _window(file: TextFile, where: str, row: dict[str, Any]) -> dict[str, Any]:
    unknown = [str(k) for k in row if k not in MAINTENANCE_SCHEMA]
    if unknown:
        expected = ", ".join(MAINTENANCE_SCHEMA)
        raise file.wrong(f"unknown column {', '.join(unknown)}, expected {expected}", where)
    cells = {name: _cell(row.get(name)) for name in MAINTENANCE_SCHEMA}
    if not any(cells[name] for name in SCOPE):
        raise file.wrong(f"says for nothing where it holds, expected one of {', '.join(SCOPE)}", where)
    if not cells["reason"]:
        raise file.wrong("has no reason, expected some words such as planned work on the line", where)
    start, end = (_instant(file, where, name, cells[name]) for name in ("start", "end"))
    if end <= start:
        raise file.wrong(f"end {end:%Y-%m-%dT%H:%M}Z is not after start {start:%Y-%m-%dT%H:%M}Z", where)
    return {**cells, "start": start, "end": end}


def _cell(value: object) -> object:
    """Times stay as YAML read them; anything else is text, empty is null."""
    if value is None or isinstance(value, datetime | date):
        return value
    return str(value).strip() or None


def _instant(file: TextFile, where: str, name: str, value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value or ""))
    except ValueError:
        shown = f"{name} is missing" if value is None else f"{name} {value!r} is no time"
        raise file.wrong(f"{shown}, expected one such as 2025-01-25T02:00:00Z", where) from None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def maintenance_spans(
    windows: pl.DataFrame, dim_circuit: pl.DataFrame, dim_site: pl.DataFrame
) -> pl.LazyFrame:
    """Stretches in which a circuit is under maintenance: circuit_id, start, end, reason; disjoint per circuit.

    A window holds for the circuits whose provider, region, site (id or name) and id were, when it began, all that it
    names. Windows of a circuit that touch are one stretch with all their reasons.
    """
    matched = _matched(windows, dim_circuit, dim_site)
    reasons = pl.col("reason").unique().sort().str.join("; ").alias("reason")
    return merged(matched, ["circuit_id"], [reasons])


def unmatched_windows(windows: pl.DataFrame, dim_circuit: pl.DataFrame, dim_site: pl.DataFrame) -> list[str]:
    """One message per window that holds for no circuit: it is without effect."""
    used = _matched(windows, dim_circuit, dim_site).select("_window").unique().collect()["_window"]
    return [
        f"maintenance file: window {number + 1} ({', '.join(str(row[c]) for c in SCOPE if row[c])}) matches no "
        "circuit: check its provider, region, site and circuit_id"
        for number, row in enumerate(windows.iter_rows(named=True))
        if number not in set(used)
    ]


def _matched(windows: pl.DataFrame, dim_circuit: pl.DataFrame, dim_site: pl.DataFrame) -> pl.LazyFrame:
    told = windows.with_row_index("_window").lazy().rename({c: f"_{c}" for c in SCOPE})
    told = told.with_columns(hour_utc=pl.col("start").dt.truncate("1h"))
    hours = told.select("hour_utc").unique()
    circuits = in_force(dim_circuit.lazy(), hours, "circuit_id")
    sites = in_force(dim_site.lazy(), hours, "site_id").select("site_id", "hour_utc", "site_name", "region")
    known = circuits.join(sites, on=["site_id", "hour_utc"], how="left").with_columns(
        pl.col("provider", "region").fill_null(NONE)
    )
    same = {
        "provider": pl.col("provider") == pl.col("_provider"),
        "region": pl.col("region") == pl.col("_region"),
        "site": (pl.col("site_id") == pl.col("_site"))
        | (pl.col("site_name") == pl.col("_site")).fill_null(False),
        "circuit_id": pl.col("circuit_id") == pl.col("_circuit_id"),
    }
    matches = [pl.col(f"_{name}").is_null() | same[name] for name in SCOPE]
    joined = told.join(known, on="hour_utc").filter(pl.all_horizontal(matches))
    return joined.select("_window", "circuit_id", "start", "end", "reason")
