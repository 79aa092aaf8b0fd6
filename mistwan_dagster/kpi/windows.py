"""Figures of the last 3, 12 and 24 hours, of circuits and pooled over regions.

Belongs here: which hours are in a window. Does not belong here: the figures themselves (`exceedance.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import AGG_CIRCUIT_WINDOW, AGG_REGION_WINDOW, Table
from mistwan_dagster.kpi.exceedance import completed, figures, with_runs

WINDOW_HOURS = (3, 12, 24)
HOUR = timedelta(hours=1)


def circuit_windows(hourly: pl.LazyFrame, as_of_start: datetime, as_of_end: datetime) -> pl.LazyFrame:
    """`agg_circuit_window` for each whole hour as of in (as_of_start, as_of_end], sorted by its key.

    `hourly`: `fact_circuit_hour` with thresholds, from 24 hours before the first as-of hour; other hours
    are ignored. A window of w hours is [as_of - w, as_of), so never more than w hours; runs are cut at its
    edge. A circuit without a row in the window has no row. Region and role are those of the window's last
    hour.
    """
    attributes = [pl.col("site_id", "region", "role").last()]
    return _windows(hourly, as_of_start, as_of_end, "circuit_id", attributes, AGG_CIRCUIT_WINDOW)


def region_windows(hourly: pl.LazyFrame, as_of_start: datetime, as_of_end: datetime) -> pl.LazyFrame:
    """`agg_region_window`, as `circuit_windows`, pooled over the circuit hours of each region.

    Averages, percentile and availability are over all circuit hours, minutes and flaps summed; hours above
    count circuit hours, and the run is the longest of any single circuit. A circuit that changed region
    counts in each with the hours it spent there.
    """
    count = [pl.col("circuit_id").n_unique().alias("circuit_count")]
    known = hourly.filter(pl.col("region").is_not_null())
    return _windows(known, as_of_start, as_of_end, "region", count, AGG_REGION_WINDOW)


def _windows(
    hourly: pl.LazyFrame,
    as_of_start: datetime,
    as_of_end: datetime,
    key: str,
    more: list[pl.Expr],
    table: Table,
) -> pl.LazyFrame:
    hours = as_of_hours(as_of_start, as_of_end)
    if not hours:
        return table.empty().lazy()
    first = hours[0] - HOUR * max(WINDOW_HOURS)
    runs = with_runs(hourly.filter(pl.col("hour_utc").is_between(first, hours[-1], closed="left"))).collect()
    found = pl.concat(
        _window(runs.lazy(), as_of, length, key, more) for as_of in hours for length in WINDOW_HOURS
    )
    return table.conform(completed(found)).sort(table.key)


def as_of_hours(as_of_start: datetime, as_of_end: datetime) -> list[datetime]:
    """Whole hours in (as_of_start, as_of_end]."""
    first = as_of_start.replace(minute=0, second=0, microsecond=0) + HOUR
    return [first + HOUR * i for i in range(max(0, (as_of_end - first) // HOUR + 1))]


def _window(runs: pl.LazyFrame, as_of: datetime, length: int, key: str, more: list[pl.Expr]) -> pl.LazyFrame:
    begin = as_of - HOUR * length
    inside = runs.filter(pl.col("hour_utc").is_between(begin, as_of, closed="left"))
    position = ((pl.col("hour_utc") - begin).dt.total_hours() + 1).cast(pl.Int32)
    grouped = inside.with_columns(_position=position).group_by(key, maintain_order=True)
    return grouped.agg(*more, *figures(pl.col("_position"))).with_columns(
        as_of_utc=pl.lit(as_of).cast(INSTANT), window_hours=pl.lit(length, pl.Int64)
    )
