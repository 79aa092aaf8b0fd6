"""Figures of calendar periods (UTC day, ISO week, month), of circuits and pooled over regions.

Belongs here: which hours are in a period. Does not belong here: the figures themselves (`exceedance.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, AGG_REGION_PERIOD, Table
from mistwan_dagster.kpi.exceedance import completed, figures, with_runs

PERIODS = {"day": "1d", "week": "1w", "month": "1mo"}
"""Period -> truncation. Weeks begin on Monday, as ISO weeks do."""


def circuit_periods(hourly: pl.LazyFrame, period: str, start: datetime, end: datetime) -> pl.LazyFrame:
    """`agg_circuit_period` of the periods that begin in [start, end), sorted by its key.

    `hourly`: `fact_circuit_hour` with thresholds, all hours of those periods (the present one as far as it is
    known). `period`: day, week or month, in UTC; KeyError for anything else. Runs are cut at the period's
    edge. A circuit without a row in the period has no row. Region and role are those of the period's last
    hour.
    """
    attributes = [pl.col("site_id", "region", "role").last()]
    return _periods(hourly, period, start, end, "circuit_id", attributes, AGG_CIRCUIT_PERIOD)


def region_periods(hourly: pl.LazyFrame, period: str, start: datetime, end: datetime) -> pl.LazyFrame:
    """`agg_region_period`, as `circuit_periods`, pooled over the circuit hours of each region.

    Pooling as in `windows.region_windows`: hours above count circuit hours, the run is the longest of any
    single circuit.
    """
    count = [pl.col("circuit_id").n_unique().alias("circuit_count")]
    known = hourly.filter(pl.col("region").is_not_null())
    return _periods(known, period, start, end, "region", count, AGG_REGION_PERIOD)


def _periods(
    hourly: pl.LazyFrame,
    period: str,
    start: datetime,
    end: datetime,
    key: str,
    more: list[pl.Expr],
    table: Table,
) -> pl.LazyFrame:
    begins = pl.col("hour_utc").dt.truncate(PERIODS[period])
    inside = hourly.filter(begins.is_between(start, end, closed="left"))
    position = ((pl.col("hour_utc") - begins).dt.total_hours() + 1).cast(pl.Int32)
    runs = with_runs(inside).with_columns(period_start_utc=begins, _position=position)
    grouped = runs.group_by(key, "period_start_utc", maintain_order=True)
    found = grouped.agg(*more, *figures(pl.col("_position"))).with_columns(period=pl.lit(period))
    return table.conform(completed(found)).sort(table.key)
