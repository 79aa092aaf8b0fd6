"""Figures of the last 3, 12 and 24 hours, of circuits and pooled over regions and providers.

Belongs here: which hours are in a window. Does not belong here: the figures themselves (`hour_fold.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.calendar import HOUR
from mistwan_dagster.kpi.hour_arrays import Hour, Seats, columns_of, hours_of
from mistwan_dagster.kpi.hour_fold import HourFold, Pooled, frame_of

WINDOW_HOURS = (3, 12, 24)


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
    if not hours:
        return [table.empty().lazy() for table in tables]
    first = hours[0] - HOUR * max(WINDOW_HOURS)
    inside = hourly.filter(pl.col("hour_utc").is_between(first, hours[-1], closed="left"))
    seats = Seats()
    known = {hour.number: hour for hour in hours_of(columns_of(inside), seats)}
    pools = [pool for as_of in hours for pool in _windows(known, seats, as_of, tables)]
    as_of, lengths = zip(*((as_of, length) for as_of in hours for length in WINDOW_HOURS), strict=True)
    return [
        frame_of(table, seats, of_table, as_of_utc=as_of, window_hours=lengths).lazy()
        for table, of_table in zip(tables, zip(*pools, strict=True), strict=True)
    ]


def _windows(
    known: dict[int, Hour], seats: Seats, as_of: datetime, tables: tuple[Table, ...]
) -> Iterator[list[Pooled]]:
    """Of each window as of an hour what each table asks for. Backwards: each window holds the shorter ones."""
    fold, end, after = HourFold(seats, *tables), int(as_of.timestamp()) // 3600, 0
    for length in WINDOW_HOURS:
        for number in range(end - after - 1, end - length - 1, -1):
            if number in known:
                fold.add(known[number])
        after = length
        yield [fold.pooled(table) for table in tables]


def as_of_hours(as_of_start: datetime, as_of_end: datetime) -> list[datetime]:
    """Whole hours in (as_of_start, as_of_end]."""
    first = as_of_start.replace(minute=0, second=0, microsecond=0) + HOUR
    return [first + HOUR * i for i in range(max(0, (as_of_end - first) // HOUR + 1))]
