"""The rolling 13 months, of circuits and pooled over regions and providers.

Belongs here: which months they are, and pooling the figures of months. Does not belong here: the figures of a month
(`periods.py`). Months are pooled, not hours: 13 months of 10,000 circuits are 95 million hours.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, QUALITY_MEASURES, hours_column, measure_column
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.exceedance import MINUTES, PAIRS, completed, total

ROLLING_MONTHS = 13


def rolling_start(as_of: datetime) -> datetime:
    """Start of the 13 calendar months that end with `as_of`, the first of a month: 1 Feb 2025 -> 1 Jan 2024."""
    months = as_of.year * 12 + as_of.month - 1 - ROLLING_MONTHS
    return as_of.replace(year=months // 12, month=months % 12 + 1)


def rolling_figures(months: pl.LazyFrame, as_of: datetime, table: Table) -> pl.LazyFrame:
    """`agg_*_rolling_13m` as of the first of a month, sorted by its key.

    `months`: rows of the matching `agg_*_period` table; only months in [rolling_start, as_of) count. Minutes,
    flaps and hours are summed, maxima are maxima, and the mean utilization is that of all observed hours: each
    month weighs with its observed_hours. Each equals the figure of the hours themselves. A sum is null when no
    month has the value. A month without a row adds nothing, so total_minutes tells how much of the 13 months was
    on record, and unknown_minutes how much of that was not observed. Region and role are those of the last month.
    """
    start = rolling_start(as_of)
    begins = pl.col("period_start_utc").is_between(start, as_of, closed="left")
    inside = months.filter((pl.col("period") == "month") & begins).sort("period_start_utc")
    attributes = [pl.col("site_id", "region", "role").last()] if table.key[0] == "circuit_id" else []
    grouped = inside.group_by(table.key[0], maintain_order=True).agg(*attributes, *_pooled_months())
    span = grouped.with_columns(as_of_utc=pl.lit(as_of).cast(INSTANT), start_utc=pl.lit(start).cast(INSTANT))
    return table.conform(completed(span)).sort(table.key)


def _pooled_months() -> list[pl.Expr]:
    mean, hours = pl.col(measure_column("utilization", "avg")), pl.col("observed_hours")
    maxima = [measure_column(m, "max") for m in ("utilization", *QUALITY_MEASURES)]
    return [
        pl.when(hours.sum() > 0)
        .then((mean * hours).sum() / hours.sum())
        .alias(measure_column("utilization", "avg")),
        pl.col(maxima).max(),
        *(total(hours_column(m, level)) for m, level in PAIRS),
        *(total(c) for c in ("flap_count", "observed_hours", *MINUTES)),
    ]
