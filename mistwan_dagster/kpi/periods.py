"""Figures of calendar periods (UTC day, ISO week, month), of circuits and pooled over regions and providers.

Belongs here: which hours are in a period. Does not belong here: the figures themselves (`exceedance.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.exceedance import completed, figures, group_attributes, with_runs

PERIODS = {"day": "1d", "week": "1w", "month": "1mo"}
"""Period -> truncation. Weeks begin on Monday, as ISO weeks do."""


def period_figures(
    hourly: pl.LazyFrame, period: str, start: datetime, end: datetime, *tables: Table
) -> list[pl.LazyFrame]:
    """`agg_*_period` tables of the periods that begin in [start, end), each sorted by its key.

    `hourly`: `fact_circuit_hour` with provider and thresholds, all hours of those periods (the present one as
    far as it is known). `period`: day, week or month, in UTC; KeyError for anything else. Runs are cut at the
    period's edge. A circuit without a row in the period has no row. Region and role of a circuit are those of
    the period's last hour. Regions and providers are pooled as in `windows.window_figures`.
    """
    begins = pl.col("hour_utc").dt.truncate(PERIODS[period])
    inside = hourly.filter(begins.is_between(start, end, closed="left"))
    position = ((pl.col("hour_utc") - begins).dt.total_hours() + 1).cast(pl.Int32)
    keyed = with_runs(inside, *(table.key[0] for table in tables))
    runs = keyed.with_columns(period_start_utc=begins, _position=position)
    return [_periods(runs, period, table) for table in tables]


def _periods(runs: pl.LazyFrame, period: str, table: Table) -> pl.LazyFrame:
    key = table.key[0]
    grouped = runs.filter(pl.col(key).is_not_null()).group_by(key, "period_start_utc", maintain_order=True)
    found = grouped.agg(*group_attributes(table), *figures(pl.col("_position")))
    return table.conform(completed(found.with_columns(period=pl.lit(period)))).sort(table.key)
