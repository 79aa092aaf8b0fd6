"""Windows, periods (also of business hours only) and the rolling 13 months, by circuit, region and provider.

Declarations only.
"""

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
    hours_above_columns,
    minutes_columns,
    statistic_columns,
)
from mistwan_dagster.catalog.table import Table


def _status_columns() -> tuple[Column, ...]:
    return (
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


def _aggregate_columns() -> tuple[Column, ...]:
    return (
        *statistic_columns(
            ("utilization",), ("avg", "max", "p95"), "over the observed hours (p95: linear interpolation)"
        ),
        *statistic_columns(QUALITY_MEASURES, ("avg", "max"), "over the hours observed"),
        *exceedance_columns(),
        *_status_columns(),
    )


def _rolling_columns() -> tuple[Column, ...]:
    """What months pool into exactly. Percentiles, quality means and runs are no sums of months."""
    return (
        *statistic_columns(("utilization",), ("avg", "max"), "over the observed hours"),
        *statistic_columns(QUALITY_MEASURES, ("max",), "over the hours observed"),
        *hours_above_columns(),
        *_status_columns(),
    )


PROVIDER = Column("provider", pl.String, "internet provider of the circuit in force in each hour")
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
ROLLING_COLUMNS = (
    Column("as_of_utc", INSTANT, "end of the 13 months, not included: first of a month", nullable=False),
    Column("start_utc", INSTANT, "start of the 13 months", nullable=False),
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
CIRCUIT_COLUMNS = (SITE_ID, CIRCUIT_ID, REGION, ROLE)
OF_REGION, OF_PROVIDER = REGION.required(), PROVIDER.required()


def _window(key: Column, who: tuple[Column, ...], count: tuple[Column, ...], meaning: str) -> Table:
    of = key.name.removesuffix("_id")
    return Table(
        f"agg_{of}_window",
        meaning,
        f"{of} x as-of hour x window",
        (key.name, "as_of_utc", "window_hours"),
        (*who, *WINDOW_COLUMNS, *count, *_aggregate_columns()),
        span="as_of_utc",
    )


def _period(key: Column, who: tuple[Column, ...], count: tuple[Column, ...], meaning: str) -> Table:
    of = key.name.removesuffix("_id")
    return Table(
        f"agg_{of}_period",
        meaning,
        f"{of} x period",
        (key.name, "period", "period_start_utc"),
        (*who, *PERIOD_COLUMNS, *count, *_aggregate_columns()),
        span="period_start_utc",
    )


def _business(periods: Table) -> Table:
    return Table(
        f"{periods.name}_business",
        f"{periods.name} over the hours in which each store is open, by its own clock; periods are those of UTC",
        periods.grain,
        periods.key,
        (*periods.columns, *BUSINESS_COLUMNS),
        span=periods.span,
    )


def _rolling(key: Column, who: tuple[Column, ...], meaning: str) -> Table:
    of = key.name.removesuffix("_id")
    return Table(
        f"agg_{of}_rolling_13m",
        meaning,
        f"{of} x as-of month",
        (key.name, "as_of_utc"),
        (*who, *ROLLING_COLUMNS, *_rolling_columns()),
        span="as_of_utc",
    )


AGG_CIRCUIT_WINDOW = _window(
    CIRCUIT_ID,
    CIRCUIT_COLUMNS,
    (),
    "Figures of the last 3, 12 and 24 hours, half-open: 3 h as of 12:00 are 09, 10, 11",
)
AGG_REGION_WINDOW = _window(
    OF_REGION,
    (OF_REGION,),
    (CIRCUIT_COUNT,),
    "Windows pooled over a region's circuit hours, not averages of averages",
)
AGG_PROVIDER_WINDOW = _window(
    OF_PROVIDER,
    (OF_PROVIDER,),
    (CIRCUIT_COUNT,),
    "Windows pooled over a provider's circuit hours; circuits without a known provider are in none",
)
AGG_CIRCUIT_PERIOD = _period(CIRCUIT_ID, CIRCUIT_COLUMNS, (), "Figures of a UTC day, ISO week or month")
AGG_REGION_PERIOD = _period(
    OF_REGION, (OF_REGION,), (CIRCUIT_COUNT,), "Periods pooled over a region's circuit hours"
)
AGG_PROVIDER_PERIOD = _period(
    OF_PROVIDER,
    (OF_PROVIDER,),
    (CIRCUIT_COUNT,),
    "Periods pooled over a provider's circuit hours; circuits without a known provider are in none",
)
AGG_CIRCUIT_PERIOD_BUSINESS = _business(AGG_CIRCUIT_PERIOD)
AGG_REGION_PERIOD_BUSINESS = _business(AGG_REGION_PERIOD)
AGG_PROVIDER_PERIOD_BUSINESS = _business(AGG_PROVIDER_PERIOD)
AGG_CIRCUIT_ROLLING_13M = _rolling(
    CIRCUIT_ID,
    CIRCUIT_COLUMNS,
    "Figures of 13 calendar months, pooled from months: as of 1 Feb 2025 from 1 Jan 2024 on",
)
AGG_REGION_ROLLING_13M = _rolling(
    OF_REGION, (OF_REGION,), "13 calendar months pooled over a region's circuit hours"
)
WINDOW_TABLES = (AGG_CIRCUIT_WINDOW, AGG_REGION_WINDOW, AGG_PROVIDER_WINDOW)
PERIOD_TABLES = (AGG_CIRCUIT_PERIOD, AGG_REGION_PERIOD, AGG_PROVIDER_PERIOD)
BUSINESS_TABLES = (AGG_CIRCUIT_PERIOD_BUSINESS, AGG_REGION_PERIOD_BUSINESS, AGG_PROVIDER_PERIOD_BUSINESS)
AGG_PROVIDER_ROLLING_13M = _rolling(
    OF_PROVIDER,
    (OF_PROVIDER,),
    "13 calendar months pooled over a provider's circuit hours; circuits without a known provider are in none",
)
ROLLING_PAIRS = (
    (AGG_CIRCUIT_PERIOD, AGG_CIRCUIT_ROLLING_13M),
    (AGG_REGION_PERIOD, AGG_REGION_ROLLING_13M),
    (AGG_PROVIDER_PERIOD, AGG_PROVIDER_ROLLING_13M),
)
"""Tables of months, and those that they are pooled into."""
ROLLING_TABLES = tuple(rolling for _, rolling in ROLLING_PAIRS)
