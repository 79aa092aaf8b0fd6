"""Maintenance windows: planned work that is no fault of a provider.

Belongs here: reading and checking the file, and which circuits are in a window. Does not belong here: what is taken
off which figure (`sla.py`, `provider_scorecard.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.dimensions import NONE
from mistwan_dagster.kpi.stretches import merged
from mistwan_dagster.kpi.versions import in_force

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
    file = Path(path)
    rows = _csv_rows(file) if file.suffix.lower() == ".csv" else _yaml_rows(file)
    return pl.DataFrame([_window(file, where, row) for where, row in rows], schema=MAINTENANCE_SCHEMA)


def _wrong(path: Path, where: str, what: str) -> UserError:
    return UserError(f"maintenance file {path}, {where}: {what}", exit_code=2)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(
            f"maintenance file {path} does not exist: mend MISTWAN_MAINTENANCE_FILE", exit_code=2
        ) from None
    except OSError as error:
        raise UserError(f"maintenance file {path} cannot be read: {error.strerror}", exit_code=2) from None
    except UnicodeDecodeError:
        raise UserError(f"maintenance file {path} is not UTF-8 text: save it in UTF-8", exit_code=2) from None


def _csv_rows(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    reader = csv.reader(_text(path).splitlines(), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise _wrong(path, f"line {reader.line_num}", f"is no CSV ({error})") from None
    if not lines:
        raise _wrong(path, "line 1", f"is empty, expected the columns {','.join(MAINTENANCE_SCHEMA)}")
    names = [c.strip() for c in lines[0][1]]
    if len(set(names)) < len(names):
        raise _wrong(path, "line 1", "names a column twice")
    for number, cells in lines[1:]:
        if len(cells) != len(names):
            raise _wrong(path, f"line {number}", f"has {len(cells)} cells, expected {len(names)}")
        yield f"line {number}", dict(zip(names, cells, strict=True))


def _yaml_rows(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    try:
        content = yaml.safe_load(_text(path))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _wrong(
            path, f"line {mark.line + 1 if mark else 1}", f"no valid YAML: {error.problem}"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _wrong(path, "line 1", f"no valid YAML: {' '.join(str(error).split())}") from None
    entries = [] if content is None else content
    if not isinstance(entries, list):
        raise _wrong(
            path, "line 1", "must be a list of windows: - {provider: ..., start: ..., end: ..., reason: ...}"
        )
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise _wrong(path, f"window {number}", f"must be a mapping, not {entry!r}")
        yield f"window {number}", entry


def _window(path: Path, where: str, row: dict[str, Any]) -> dict[str, Any]:
    unknown = [str(k) for k in row if k not in MAINTENANCE_SCHEMA]
    if unknown:
        expected = ", ".join(MAINTENANCE_SCHEMA)
        raise _wrong(path, where, f"unknown column {', '.join(unknown)}, expected {expected}")
    cells = {name: _cell(row.get(name)) for name in MAINTENANCE_SCHEMA}
    if not any(cells[name] for name in SCOPE):
        raise _wrong(path, where, f"says for nothing where it holds, expected one of {', '.join(SCOPE)}")
    if not cells["reason"]:
        raise _wrong(path, where, "has no reason, expected some words such as planned work on the line")
    start, end = (_instant(path, where, name, cells[name]) for name in ("start", "end"))
    if end <= start:
        raise _wrong(path, where, f"end {end:%Y-%m-%dT%H:%M}Z is not after start {start:%Y-%m-%dT%H:%M}Z")
    return {**cells, "start": start, "end": end}


def _cell(value: object) -> object:
    """Times stay as YAML read them; anything else is text, empty is null."""
    if value is None or isinstance(value, datetime | date):
        return value
    return str(value).strip() or None


def _instant(path: Path, where: str, name: str, value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value or ""))
    except ValueError:
        shown = f"{name} is missing" if value is None else f"{name} {value!r} is no time"
        raise _wrong(path, where, f"{shown}, expected one such as 2025-01-25T02:00:00Z") from None
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
