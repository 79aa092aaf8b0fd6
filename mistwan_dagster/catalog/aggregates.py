"""Windows and periods, by circuit and by region, also of business hours only. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import (
    CIRCUIT_ID,
    INSTANT,
    QUALITY_MEASURES,
    REGION,
    ROLE,
    SITE_ID,
    Column,
    exceedance_columns,
    minutes_columns,
    statistic_columns,
)
from mistwan_dagster.catalog.table import Table


def _aggregate_columns() -> tuple[Column, ...]:
    return (
        *statistic_columns(
            ("utilization",), ("avg", "max", "p95"), "over the observed hours (p95: linear interpolation)"
        ),
        *statistic_columns(QUALITY_MEASURES, ("avg", "max"), "over the hours observed"),
        *exceedance_columns(),
        Column(
            "availability_pct",
            pl.Float64,
            "100 * up / (up + down) minutes; null when both are 0",
            "%",
            0,
            100,
        ),
        Column("flap_count", pl.Int64, "link transitions", "", 0),
        Column("observed_hours", pl.Int64, "hours with a utilization", "h", 0),
        *minutes_columns(None),
        Column("total_minutes", pl.Float64, "up + down + unknown minutes", "min", 0),
    )


CIRCUIT_COUNT = Column("circuit_count", pl.Int64, "circuits pooled", "", 0)
WINDOW_COLUMNS = (
    Column("as_of_utc", INSTANT, "end of the window, not included", nullable=False),
    Column("window_hours", pl.Int64, "3, 12 or 24", "h", nullable=False),
)
PERIOD_COLUMNS = (
    Column(
        "period", pl.String, "day, week (ISO) or month, UTC", nullable=False, allowed=("day", "week", "month")
    ),
    Column("period_start_utc", INSTANT, "start of the period", nullable=False),
)

AGG_CIRCUIT_WINDOW = Table(
    "agg_circuit_window",
    "Figures of the last 3, 12 and 24 hours, half-open: 3 h as of 12:00 are 09, 10, 11",
    "circuit x as-of hour x window",
    ("circuit_id", "as_of_utc", "window_hours"),
    (SITE_ID, CIRCUIT_ID, REGION, ROLE, *WINDOW_COLUMNS, *_aggregate_columns()),
    span="as_of_utc",
)
AGG_CIRCUIT_PERIOD = Table(
    "agg_circuit_period",
    "Figures of a UTC day, ISO week or month",
    "circuit x period",
    ("circuit_id", "period", "period_start_utc"),
    (SITE_ID, CIRCUIT_ID, REGION, ROLE, *PERIOD_COLUMNS, *_aggregate_columns()),
    span="period_start_utc",
)
AGG_REGION_WINDOW = Table(
    "agg_region_window",
    "Windows pooled over a region's circuit hours, not averages of averages",
    "region x as-of hour x window",
    ("region", "as_of_utc", "window_hours"),
    (REGION.required(), *WINDOW_COLUMNS, CIRCUIT_COUNT, *_aggregate_columns()),
    span="as_of_utc",
)
AGG_REGION_PERIOD = Table(
    "agg_region_period",
    "Periods pooled over a region's circuit hours",
    "region x period",
    ("region", "period", "period_start_utc"),
    (REGION.required(), *PERIOD_COLUMNS, CIRCUIT_COUNT, *_aggregate_columns()),
    span="period_start_utc",
)
BUSINESS_COLUMNS = (
    Column("business_hours", pl.Int64, "circuit hours inside the opening hours, the ones counted", "h", 0),
    Column(
        "unknown_timezone_hours",
        pl.Int64,
        "circuit hours left out because the site's time zone is unknown",
        "h",
        0,
    ),
)
AGG_CIRCUIT_PERIOD_BUSINESS = Table(
    "agg_circuit_period_business",
    "agg_circuit_period over the hours in which the store is open, by its own clock; periods are those of UTC",
    AGG_CIRCUIT_PERIOD.grain,
    AGG_CIRCUIT_PERIOD.key,
    (*AGG_CIRCUIT_PERIOD.columns, *BUSINESS_COLUMNS),
    span="period_start_utc",
)
AGG_REGION_PERIOD_BUSINESS = Table(
    "agg_region_period_business",
    "agg_region_period over the hours in which each store is open, by its own clock; periods are those of UTC",
    AGG_REGION_PERIOD.grain,
    AGG_REGION_PERIOD.key,
    (*AGG_REGION_PERIOD.columns, *BUSINESS_COLUMNS),
    span="period_start_utc",
)
