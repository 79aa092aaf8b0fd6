"""Figures of the last 3, 12 and 24 hours, of circuits and pooled over regions and providers.

Belongs here: which hours are in a window. Does not belong here: the figures themselves (`hour_fold.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.hour_arrays import READ, Hour, Seats, columns_of, hours_of
from mistwan_dagster.kpi.hour_fold import HourFold

WINDOW_HOURS = (3, 12, 24)
HOUR = timedelta(hours=1)


def window_figures(
    hourly: pl.LazyFrame, as_of_start: datetime, as_of_end: datetime, *tables: Table
) -> list[pl.LazyFrame]:
    """`agg_*_window` tables for each whole hour as of in (as_of_start, as_of_end], each sorted by its key.

    `hourly`: `fact_circuit_hour` with provider and thresholds, from 24 hours before the first as-of hour; other
    hours are ignored. A window of w hours is [as_of - w, as_of), so never more than w hours; runs are cut at
    its edge. A circuit without a row in the window has no row. Region and role of a circuit are those of the
    window's last hour.

    Regions and providers are pooled: averages, percentile and availability are over all their circuit hours,
    minutes and flaps summed; hours above count circuit hours, and the run is the longest of any single circuit.
    A circuit that changed region or provider counts in each with the hours it spent there, a run too; hours in
    which it had none (null) count in none.
    """
    hours = as_of_hours(as_of_start, as_of_end)
    found: list[list[pl.DataFrame]] = [[table.empty()] for table in tables]
    if hours:
        first = hours[0] - HOUR * max(WINDOW_HOURS)
        inside = hourly.filter(pl.col("hour_utc").is_between(first, hours[-1], closed="left"))
        seats = Seats()
        known = {hour.number: hour for hour in hours_of(columns_of(inside.select(READ).collect()), seats)}
        for as_of in hours:
            for frames, of_table in zip(found, _windows(known, seats, as_of, tables), strict=True):
                frames.extend(of_table)
    return [pl.concat(frames).lazy().sort(table.key) for frames, table in zip(found, tables, strict=True)]


def _windows(
    known: dict[int, Hour], seats: Seats, as_of: datetime, tables: tuple[Table, ...]
) -> list[list[pl.DataFrame]]:
    """Of each table the windows as of an hour. Backwards: each window holds the shorter ones."""
    fold, end, after = HourFold(seats, *tables), int(as_of.timestamp()) // 3600, 0
    found: list[list[pl.DataFrame]] = [[] for _ in tables]
    for length in WINDOW_HOURS:
        for number in range(end - after - 1, end - length - 1, -1):
            if number in known:
                fold.add(known[number])
        after = length
        for frames, table in zip(found, tables, strict=True):
            named = fold.figures(table).with_columns(
                as_of_utc=pl.lit(as_of).cast(INSTANT), window_hours=pl.lit(length, pl.Int64)
            )
            frames.append(table.conform(named).collect())
    return found


def as_of_hours(as_of_start: datetime, as_of_end: datetime) -> list[datetime]:
    """Whole hours in (as_of_start, as_of_end]."""
    first = as_of_start.replace(minute=0, second=0, microsecond=0) + HOUR
    return [first + HOUR * i for i in range(max(0, (as_of_end - first) // HOUR + 1))]
