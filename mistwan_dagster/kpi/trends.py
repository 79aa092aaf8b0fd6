"""Where a circuit's utilization is heading: a robust slope over weeks, its interval, and the day of a crossing.

Belongs here: the weekly figure, the Theil-Sen estimate, and when it may be extrapolated. Does not belong here: the
present hour and what is usual in it (`congestion.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS
from mistwan_dagster.catalog.reports import TREND_REASONS
from mistwan_dagster.kpi.exceedance import PERCENTILE, threshold_column

TREND_WEEKS = 13
WEEK_HOURS = 168
BUSY_HOURS_OF_DAY = 8
LEAST_BUSY_HOURS = BUSY_HOURS_OF_DAY * 7 // 2
"""A week with fewer known busy hours tells nothing."""
LEAST_WEEKS = 5
"""Of four weeks even a strictly rising row is no evidence at 5 %: one of 4! orders rises, one falls, 2/24 = 8.3 %."""
NORMAL_QUANTILE = 1.959963984540054
"""Of 97.5 %, for a two-sided interval of 95 %."""
_TREND = ("trend_pct_per_week", "trend_low_pct_per_week", "trend_high_pct_per_week", "trend_now_pct")


def busy_weeks(history: pl.LazyFrame, until: datetime) -> pl.LazyFrame:
    """circuit_id, week (0 the newest of 13, each the 168 hours before the next), busy_p95_pct.

    `history`: circuit_id, hour_utc, utilization_pct. A circuit's busy hours are the 8 hours of the UTC day with
    the highest median utilization over the 13 weeks, the earlier of equal ones: the time-consistent busy hour of
    ITU-T E.600, widened to a working day. busy_p95_pct is the 95th percentile (linear interpolation) of their
    values in a week. Unknown hours are left out; a week with fewer than 28 of its 56 busy hours has no row.
    """
    age = (pl.lit(until) - pl.col("hour_utc")).dt.total_hours() - 1
    known = history.select(
        "circuit_id", "utilization_pct", week=age // WEEK_HOURS, hour_of_day=pl.col("hour_utc").dt.hour()
    ).filter(pl.col("utilization_pct").is_not_null() & pl.col("week").is_between(0, TREND_WEEKS - 1))
    of_day = known.group_by("circuit_id", "hour_of_day").agg(
        pl.col("utilization_pct").median().alias("usual")
    )
    ranked = of_day.sort("circuit_id", pl.col("usual").neg(), "hour_of_day")
    busy = ranked.group_by("circuit_id", maintain_order=True).head(BUSY_HOURS_OF_DAY)
    value = pl.col("utilization_pct")
    weekly = known.join(busy, on=["circuit_id", "hour_of_day"], how="semi").group_by("circuit_id", "week")
    found = weekly.agg(value.quantile(PERCENTILE, "linear").alias("busy_p95_pct"), hours=value.count())
    return found.filter(pl.col("hours") >= LEAST_BUSY_HOURS).drop("hours")


def theil_sen(weeks: pl.LazyFrame) -> pl.LazyFrame:
    """circuit_id, trend_weeks and, from 5 weeks on, the slope, its 95 % interval and the line's value at the end.

    The slope is the median of the slopes of all pairs of weeks (Theil 1950, Sen 1968): a quarter of the weeks may
    be anything without moving it much. The interval takes the ordered slopes at (N -+ C) / 2 of N = n(n-1)/2
    pairs, C = 1.96 * sqrt(n(n-1)(2n+5)/18), the spread of Kendall's S (Sen 1968, as `scipy.stats.theilslopes`);
    ties are not corrected for, which widens it. The line passes through the median of y - slope * x, a week
    standing at its middle. Percentage points per week and percent.
    """
    counted = weeks.group_by("circuit_id").agg(trend_weeks=pl.len().cast(pl.Int64))
    older = weeks.rename({"week": "week_before", "busy_p95_pct": "p95_before"})
    pairs = weeks.join(older, on="circuit_id").filter(pl.col("week") < pl.col("week_before"))
    slope = (pl.col("busy_p95_pct") - pl.col("p95_before")) / (pl.col("week_before") - pl.col("week"))
    n, size = pl.col("trend_weeks"), pl.col("slopes").list.len().cast(pl.Int64)
    spread = NORMAL_QUANTILE * (n * (n - 1) * (2 * n + 5) / 18).sqrt()
    low = ((size - spread) / 2).round().cast(pl.Int64) - 1
    high = ((size + spread) / 2).round().cast(pl.Int64)
    slopes = (
        pairs.group_by("circuit_id")
        .agg(slopes=slope.sort())
        .join(counted.filter(n >= LEAST_WEEKS), on="circuit_id")
        .select(
            "circuit_id",
            pl.col("slopes").list.median().alias(_TREND[0]),
            pl.col("slopes").list.get(pl.max_horizontal(low, 0)).alias(_TREND[1]),
            pl.col("slopes").list.get(pl.min_horizontal(high, size - 1)).alias(_TREND[2]),
        )
    )
    at_end = pl.col("busy_p95_pct") + pl.col(_TREND[0]) * (pl.col("week") + 0.5)
    line = weeks.join(slopes, on="circuit_id").group_by("circuit_id").agg(at_end.median().alias(_TREND[3]))
    return counted.join(slopes, on="circuit_id", how="left").join(line, on="circuit_id", how="left")


def with_crossings(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Adds trend_reason and `days_to_<level>` = 7 * (threshold - trend_now_pct) / slope, 0 when it is there already.

    Days are null with a reason, the first that applies: `unobserved` (no week tells anything), `too few weeks`
    (below 5), `flat or falling` (slope 0 or less), `interval includes zero` (the rise may be chance). Reads the
    columns of `theil_sen` (null trend_weeks: none) and threshold_utilization_<level>.
    """
    weeks, slope, low = pl.col("trend_weeks"), pl.col(_TREND[0]), pl.col(_TREND[1])
    unobserved, few, flat, chance = TREND_REASONS
    reason = (
        pl.when(weeks.fill_null(0) == 0).then(pl.lit(unobserved))
        .when(weeks < LEAST_WEEKS).then(pl.lit(few))
        .when(slope <= 0).then(pl.lit(flat))
        .when(low <= 0).then(pl.lit(chance))
    )  # fmt: skip
    told = frame.with_columns(trend_reason=reason)
    days = {
        f"days_to_{level}": 7 * (pl.col(threshold_column("utilization", level)) - pl.col(_TREND[3])) / slope
        for level in LEVELS
    }
    foretold = pl.col("trend_reason").is_null()
    return told.with_columns(
        pl.when(foretold).then(value.clip(0)).alias(name) for name, value in days.items()
    )
