"""History from an earlier system, in the documented columns, into the lake.

Good rows are kept, bad ones set aside with their reason. An imported row gives way to one that was computed from
what Mist told. No Dagster.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, NONE, Column
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, TABLES, Table
from mistwan_dagster.errors import UserError
from mistwan_dagster.exchange import read_table
from mistwan_dagster.lake.files import LakePath, hour_label, write_parquet
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.platform import Platform

IMPORTABLE = (FACT_CIRCUIT_HOUR.name, FACT_PATH_HOUR.name)
EARLIEST = datetime.fromisoformat("2023-01-01T00:00:00+00:00")


@dataclass
class ImportReport:
    """What an import did: rows kept, refused rows by reason, and the touched spans."""

    rows: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    quarantine: LakePath | None = None
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)


def import_file(platform: Platform, path: Path, name: str) -> ImportReport:
    """Read, type, check and store a file. Raises UserError for a wrong table, file, or missing key column."""
    if name not in IMPORTABLE:
        known = "is not importable" if name in TABLES else "is not a table"
        raise UserError(f"--table {name} {known}: choose one of {', '.join(IMPORTABLE)}", exit_code=2)
    table = TABLES[name]
    typed, reasons = typed_rows(read_table(path), table, str(path))
    good = typed.filter(reasons.is_null())
    bad = typed.with_columns(reasons.alias("reason")).filter(reasons.is_not_null())
    report = ImportReport(rows=good.height)
    if bad.height:
        report.refused = dict(bad.group_by("reason").len().sort("reason").iter_rows())
        report.quarantine = platform.settings.lake / "quarantine" / "import" / f"{path.name}.parquet"
        write_parquet(bad, report.quarantine)
    for (hour,), rows in good.group_by("hour_utc"):
        assert isinstance(hour, datetime)
        _store(platform, table, hour, rows)
    hours = sorted(good["hour_utc"].unique())
    report.spans = _spans(hours)
    return report


def _spans(hours: list[datetime]) -> list[tuple[datetime, datetime]]:
    spans: list[tuple[datetime, datetime]] = []
    for hour in hours:
        if spans and spans[-1][1] == hour and hour - spans[-1][0] < timedelta(hours=336):
            spans[-1] = (spans[-1][0], hour + HOUR)
        else:
            spans.append((hour, hour + HOUR))
    return spans


def _store(platform: Platform, table: Table, hour: datetime, rows: pl.DataFrame) -> None:
    before = platform.kpi.read(table.name, hour_label(hour))
    both = [rows]
    if before is not None:
        own = (
            before.filter(pl.col("source").fill_null("live") != "import")
            if "source" in before.columns
            else before
        )
        earlier = before.join(own, on=list(table.key), how="anti", nulls_equal=True)
        both = [own, rows, earlier]
    merged = pl.concat(both).unique(subset=list(table.key), keep="first", maintain_order=True)
    platform.kpi.write(table.name, merged, hour_label(hour))


def typed_rows(frame: pl.DataFrame, table: Table, origin: str) -> tuple[pl.DataFrame, pl.Series]:
    """(rows in the table's columns, reason of refusal or null for each row).

    Columns that the file lacks become null, except the key. Minutes that are absent altogether are unknown:
    60 unknown minutes. Raises UserError for unknown columns or a missing key column.
    """
    declared = {c.name: c for c in table.columns}
    unknown = [c for c in frame.columns if c not in declared]
    if unknown:
        raise UserError(f"{origin}: unknown column {', '.join(unknown)}; the columns of {table.name} are in "
                        "docs/data_dictionary.md", exit_code=2)  # fmt: skip
    missing = [k for k in table.key if k not in frame.columns]
    if missing:
        raise UserError(
            f"{origin}: column {', '.join(missing)} is missing: it is part of the key", exit_code=2
        )
    reasons = pl.Series([None] * frame.height, dtype=pl.String)
    columns = {}
    for column in table.columns:
        if column.name not in frame.columns:
            columns[column.name] = pl.Series(column.name, [None] * frame.height, dtype=column.dtype)
            continue
        raw = frame[column.name]
        values = _cast(raw, column)
        columns[column.name] = values
        for rule, broken in _refusals(raw, values, column):
            reasons = pl.select(
                pl.when(reasons.is_null() & broken.fill_null(False)).then(pl.lit(rule)).otherwise(reasons)
            ).to_series()
    typed = _complete(pl.DataFrame(columns), table)
    if table is FACT_CIRCUIT_HOUR:
        total = typed["up_minutes"] + typed["down_minutes"] + typed["unknown_minutes"]
        reasons = pl.select(
            pl.when(reasons.is_null() & ((total - 60).abs() > 1e-6).fill_null(True))
            .then(pl.lit("up, down and unknown minutes do not add up to 60"))
            .otherwise(reasons)
        ).to_series()
    duplicated = typed.select(
        pl.struct(table.key).is_duplicated() & ~pl.struct(table.key).is_first_distinct()
    ).to_series()
    reasons = pl.select(
        pl.when(reasons.is_null() & duplicated).then(pl.lit("duplicate key")).otherwise(reasons)
    ).to_series()
    return typed, reasons


def _complete(typed: pl.DataFrame, table: Table) -> pl.DataFrame:
    if table is not FACT_CIRCUIT_HOUR:
        return typed
    no_minutes = pl.all_horizontal(pl.col("up_minutes", "down_minutes", "unknown_minutes").is_null())
    return typed.with_columns(
        up_minutes=pl.when(no_minutes).then(0.0).otherwise("up_minutes"),
        down_minutes=pl.when(no_minutes).then(0.0).otherwise("down_minutes"),
        unknown_minutes=pl.when(no_minutes)
        .then(60.0)
        .otherwise(pl.coalesce("unknown_minutes", 60.0 - pl.col("up_minutes") - pl.col("down_minutes"))),
        region=pl.col("region").fill_null(NONE),
        source=pl.lit("import"),
    )


def _cast(raw: pl.Series, column: Column) -> pl.Series:
    if column.dtype == INSTANT:
        if raw.dtype == pl.String:
            text = raw.str.strip_chars().str.replace(r"\s*(Z|UTC|\+00(:?00)?)$", "").str.replace("T", " ")
            padded = pl.select(
                pl.coalesce(
                    text.str.to_datetime(f, time_unit="us", strict=False)
                    for f in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
                )
            ).to_series()
            return padded.dt.replace_time_zone("UTC").alias(column.name)
        zoned = raw.dt.replace_time_zone("UTC") if getattr(raw.dtype, "time_zone", None) is None else raw
        return zoned.cast(INSTANT, strict=False)
    if column.dtype == pl.Boolean and raw.dtype == pl.String:
        lowered = raw.str.to_lowercase().str.strip_chars()
        return pl.select(
            pl.when(lowered.is_in(["true", "1"])).then(True).when(lowered.is_in(["false", "0"])).then(False)
        ).to_series().alias(column.name)  # fmt: skip
    return raw.cast(column.dtype, strict=False)


def _refusals(raw: pl.Series, values: pl.Series, column: Column) -> list[tuple[str, pl.Series]]:
    present = raw.is_not_null() & (raw.cast(pl.String, strict=False).fill_null("x") != "")
    rules = [(f"{column.name} is not a {column.dtype}", present & values.is_null())]
    if not column.nullable:
        rules.append((f"{column.name} is empty", values.is_null()))
    if column.low is not None:
        rules.append((f"{column.name} is below {column.low:g}", values < column.low))
    if column.high is not None:
        rules.append((f"{column.name} is above {column.high:g}", values > column.high))
    if column.dtype == pl.Float64:
        rules.append((f"{column.name} is not finite", ~values.is_finite()))
    if column.allowed:
        rules.append(
            (f"{column.name} is not one of {', '.join(column.allowed)}", ~values.is_in(column.allowed))
        )
    if column.name == "hour_utc":
        rules.append(("hour_utc is not the start of an hour", values.dt.truncate("1h") != values))
        rules.append((f"hour_utc is before {EARLIEST:%Y-%m-%d}", values < EARLIEST))
    return rules
