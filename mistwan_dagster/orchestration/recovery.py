"""Warehouse and computed lake hold the same tables, so either can be had back from the other.

Belongs here: which rows of a table make which file of the lake, and both ways between them. What the lake keeps for
itself (intermediate tables) is computed again from raw answers. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

import polars as pl

from mistwan_dagster.catalog.alarm_tables import FACT_ALARM, FACT_ALARM_SITE_HOUR
from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_WINDOW,
    DIM_HOUR,
    FACT_CIRCUIT_HOUR,
    LOAD_LEDGER,
    ROLLING_TABLES,
    RPT_CHRONIC_OFFENDERS,
    TABLES,
    WINDOW_TABLES,
    Table,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.calendar import Period, hour_dimension, period_end, period_start
from mistwan_dagster.lake.files import hour_label, period_label, write_text
from mistwan_dagster.lake.hours import HOUR, floor_hour
from mistwan_dagster.orchestration.alarms import DAY, day_label
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.stage import Stage
from mistwan_dagster.orchestration.staleness import PERIOD_STAGES
from mistwan_dagster.orchestration.staleness import WINDOWS as WINDOW_STAGE
from mistwan_dagster.orchestration.warehouses import open_reader
from mistwan_dagster.warehouse.duckdb import SCHEMA_VERSION
from mistwan_dagster.warehouse.port import Load, Reader

ROWS_AT_ONCE = 250_000
"""Rows after which a transaction is closed, and memory given back: a day of hours of a large organization."""
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Layout:
    """How the rows of a table are divided among files: the label of the file that a row belongs to, from its span
    column and its kind of period; and the span of the warehouse that a file stands for."""

    label: Callable[[datetime, Period], str]
    span: Callable[[str], tuple[datetime, datetime]]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text if len(text) == 10 else f"{text}:00:00").replace(tzinfo=UTC)


def _split(label: str) -> tuple[Period, datetime]:
    """`day-2025-01-01` -> the kind of period and its start."""
    for period in PERIOD_STAGES:
        if label.startswith(f"{period}-"):
            return period, _instant(label.removeprefix(f"{period}-"))
    raise UserError(f"{label} is the name of no period's file")


def _of_period(label: str) -> tuple[datetime, datetime]:
    period, start = _split(label)
    return start, period_end(start, period)


def _as_of_end(label: str) -> tuple[datetime, datetime]:
    """Figures as of the end of a period."""
    end = _of_period(label)[1]
    return end, end + HOUR


def _of_hour(label: str) -> tuple[datetime, datetime]:
    return _instant(label), _instant(label) + HOUR


def _ends_with(period: Period) -> Layout:
    return Layout(lambda at, _: period_label(period, period_start(at - MOMENT, period)), _as_of_end)


HOURS = Layout(lambda at, _: hour_label(at), _of_hour)
WINDOWS = Layout(
    lambda at, _: hour_label(floor_hour(at) - HOUR),
    lambda label: (_instant(label) + HOUR, _instant(label) + 2 * HOUR),
)
DAYS = Layout(lambda at, _: day_label(at), lambda label: (_instant(label), _instant(label) + DAY))
PERIOD = Layout(lambda at, kind: period_label(kind, at), _of_period)
LAYOUTS: dict[Table, Layout] = {
    **dict.fromkeys(WINDOW_TABLES, WINDOWS),
    **dict.fromkeys(ROLLING_TABLES, _ends_with("month")),
    RPT_CHRONIC_OFFENDERS: _ends_with("day"),
    **dict.fromkeys((FACT_ALARM, FACT_ALARM_SITE_HOUR), DAYS),
}
"""Tables that are laid out otherwise than their span column tells."""
LAKE_TABLES = tuple(t for t in TABLES.values() if t not in (DIM_HOUR, LOAD_LEDGER))
OLDEST_HOUR = f"SELECT min(hour_utc) FROM {FACT_CIRCUIT_HOUR.name}"
WHOLE = "all"
UNLOAD = "unload"
"""Stands for a run where one is noted."""


def layout(table: Table) -> Layout | None:
    """How the table lies in the lake; None when it is one file."""
    if table.span is None:
        return None
    return LAYOUTS.get(table, PERIOD if table.span == "period_start_utc" else HOURS)


# --- lake -> warehouse --------------------------------------------------------------------------------------


def needs_reload(platform: Platform) -> bool:
    """Whether the warehouse is new, was being filled when that was cut off, or was begun anew by some later load."""
    return platform.warehouse.is_new or _mark(platform).exists() or _lacks_the_oldest_hour(platform)


def _lacks_the_oldest_hour(platform: Platform) -> bool:
    kept_from = hour_label(platform.kpi.horizon.start)
    for label in platform.kpi.labels(FACT_CIRCUIT_HOUR.name):
        rows = platform.kpi.read(FACT_CIRCUIT_HOUR.name, label) if label >= kept_from else None
        if rows is not None and rows.height:
            oldest = platform.published.query(OLDEST_HOUR).item() if platform.published.version() else None
            return oldest is None or oldest > _instant(label).replace(tzinfo=None)
    return False


def _mark(platform: Platform) -> Path:
    return platform.settings.state / "warehouse_reload"


def reload(platform: Platform) -> int:
    """Load everything that the computed lake holds and publish it; returns loads. Repeatable.

    Also what could not be computed any more: periods whose hours are gone, alarms and scores whose answers are.
    Unless it is known to be of this version of the tables, what there are raw answers for counts as not computed.
    """
    if platform.kpi.stamps_version() != SCHEMA_VERSION:
        platform.kpi.forget_stamps(SCHEMA_VERSION)
    write_text("what the lake holds is being loaded into a new warehouse", _mark(platform))
    waiting, rows, count = list[Load](), 0, 0
    for load in _loads(platform):
        waiting.append(load)
        rows, count = rows + load.frame.height, count + 1
        if rows >= ROWS_AT_ONCE:
            platform.warehouse.load(waiting)
            waiting, rows = [], 0
    if waiting:
        platform.warehouse.load(waiting)
    if count:
        platform.warehouse.publish()
    _mark(platform).unlink(missing_ok=True)
    return count


def _day(label: str) -> str:
    """Of an hour's label."""
    return label[:10]


def _loads(platform: Platform) -> Iterator[Load]:
    """Hours of a day together, every other file on its own."""
    for table in LAKE_TABLES:
        lies, labels = layout(table), platform.kpi.labels(table.name)
        for _, group in groupby(labels, _day if lies in (HOURS, WINDOWS) else str):
            files = list(group)
            frames = [platform.kpi.read(table.name, label) for label in files]
            rows = pl.concat(table.conform(f.lazy()) for f in frames if f is not None).collect()
            if lies is None:
                yield Load(table, rows)
                continue
            where = ("period", _split(files[0])[0]) if lies is PERIOD and "period" in table.schema else None
            yield Load(table, rows, lies.span(files[0])[0], lies.span(files[-1])[1], where)
    for _, group in groupby(platform.kpi.labels(FACT_CIRCUIT_HOUR.name), _day):
        hours = [_instant(label) for label in group]
        yield Load(DIM_HOUR, hour_dimension(hours), hours[0], hours[-1] + HOUR)


# --- warehouse -> lake --------------------------------------------------------------------------------------


def unload(platform: Platform) -> dict[str, int]:
    """Write the files of the computed lake that are missing and whose rows are published; returns files by table.

    What is there stays. Hours with raw answers are then taken for not computed, as what the lake keeps for itself is
    not in the warehouse; windows and periods that were written count as computed until their hours are.
    Raises UserError when nothing is published.
    """
    reader = open_reader(platform.settings, keep_open=True)
    version = reader.version()
    if version is None:
        raise UserError("nothing is published, so the lake can have nothing back: restore it from a backup")
    written = {}
    for table in LAKE_TABLES:
        labels = _unload_table(platform, reader, version, table)
        if labels:
            written[table] = labels
    platform.kpi.forget_stamps(SCHEMA_VERSION)
    _take_for_computed(platform, WINDOW_STAGE, hour_label, written.get(AGG_CIRCUIT_WINDOW, set()))
    for period, stage in PERIOD_STAGES.items():
        label = partial(period_label, period)
        _take_for_computed(platform, stage, label, written.get(AGG_CIRCUIT_PERIOD, set()))
    return {table.name: len(labels) for table, labels in written.items()}


def _unload_table(platform: Platform, reader: Reader, version: int, table: Table) -> set[str]:
    """Labels of the files that were written."""
    lies, there = layout(table), set(platform.kpi.labels(table.name))
    if lies is None:
        rows = None if WHOLE in there else _rows(reader, version, table, "")
        if rows is None or rows.is_empty():  # empty or never written: both read as no rows
            return set()
        platform.kpi.write(table.name, rows)
        return {WHOLE}
    written = set()
    for start, end in _days(reader, version, table):
        condition = f"WHERE {table.span} >= TIMESTAMP '{start}' AND {table.span} < TIMESTAMP '{end}'"
        for label, rows in _by_label(table, lies, _rows(reader, version, table, condition)).items():
            if label not in there:
                platform.kpi.write(table.name, rows, label)
                written.add(label)
    return written


def _rows(reader: Reader, version: int, table: Table, condition: str) -> pl.DataFrame:
    key = ", ".join(table.key)
    found = reader.query(f"SELECT * FROM {table.name} {condition} ORDER BY {key}", version=version)
    return table.conform(found.lazy()).collect()


def _days(reader: Reader, version: int, table: Table) -> list[tuple[datetime, datetime]]:
    """Days in which the table has rows, naive as the warehouse stores times: a table may be far larger than memory."""
    sql = f"SELECT DISTINCT CAST({table.span} AS DATE) AS day FROM {table.name} ORDER BY 1"
    days = (datetime.combine(day, time()) for day in reader.query(sql, version=version)["day"])
    return [(day, day + DAY) for day in days]


def _by_label(table: Table, lies: Layout, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    kind = pl.col("period") if "period" in table.schema else pl.lit("month")
    found: dict[str, list[pl.DataFrame]] = {}
    parts = rows.with_columns(_kind=kind).partition_by(str(table.span), "_kind", as_dict=True)
    for (at, period), part in parts.items():
        found.setdefault(lies.label(at, period), []).append(part.drop("_kind"))
    return {label: pl.concat(several) for label, several in found.items()}


def _take_for_computed(
    platform: Platform, stage: Stage, label: Callable[[datetime], str], written: set[str]
) -> None:
    for start in stage.changed(platform):
        if label(start) in written:
            stage.begin(platform, UNLOAD, start, stage.end(start))
    platform.kpi.confirm_pending(UNLOAD)
