"""Figures of the last 3, 12 and 24 hours, of circuits and pooled over regions and providers.

Belongs here: which hours are in a window. Does not belong here: the figures themselves (`exceedance.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.exceedance import completed, figures, group_attributes, with_runs

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
    A circuit that changed region or provider counts in each with the hours it spent there; hours in which it
    had none (null) count in none.
    """
    hours = as_of_hours(as_of_start, as_of_end)
    if not hours:
        return [table.empty().lazy() for table in tables]
    first = hours[0] - HOUR * max(WINDOW_HOURS)
    inside = hourly.filter(pl.col("hour_utc").is_between(first, hours[-1], closed="left"))
    runs = with_runs(inside, *(table.key[0] for table in tables)).collect().lazy()
    return [_windows(runs, hours, table) for table in tables]


def _windows(runs: pl.LazyFrame, hours: list[datetime], table: Table) -> pl.LazyFrame:
    known = runs.filter(pl.col(table.key[0]).is_not_null())
    found = pl.concat(_window(known, as_of, length, table) for as_of in hours for length in WINDOW_HOURS)
    return table.conform(completed(found)).sort(table.key)


def as_of_hours(as_of_start: datetime, as_of_end: datetime) -> list[datetime]:
    """Whole hours in (as_of_start, as_of_end]."""
    first = as_of_start.replace(minute=0, second=0, microsecond=0) + HOUR
    return [first + HOUR * i for i in range(max(0, (as_of_end - first) // HOUR + 1))]


def _window(runs: pl.LazyFrame, as_of: datetime, length: int, table: Table) -> pl.LazyFrame:
    begin = as_of - HOUR * length
    inside = runs.filter(pl.col("hour_utc").is_between(begin, as_of, closed="left"))
    position = ((pl.col("hour_utc") - begin).dt.total_hours() + 1).cast(pl.Int32)
    grouped = inside.with_columns(_position=position).group_by(table.key[0], maintain_order=True)
    return grouped.agg(*group_attributes(table), *figures(pl.col("_position"))).with_columns(
        as_of_utc=pl.lit(as_of).cast(INSTANT), window_hours=pl.lit(length, pl.Int64)
    )
