"""Reports that answer a standing question: congestion now, chronic and top offenders. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import (
    CIRCUIT_ID,
    HOUR_UTC,
    INSTANT,
    LEVELS,
    MEASURES,
    REGION,
    ROLE,
    SEVERITIES,
    SITE_ID,
    Column,
)
from mistwan_dagster.catalog.table import Table

TREND_REASONS = ("unobserved", "too few weeks", "flat or falling", "interval includes zero")
"""Why a crossing cannot be foretold; the first that applies."""

RPT_CONGESTION_NOW = Table(
    "rpt_congestion_now",
    "Each circuit in the latest computed hour: congested, worse than usual, and when it will reach a threshold",
    "circuit",
    ("circuit_id",),
    (
        SITE_ID,
        CIRCUIT_ID,
        REGION,
        ROLE,
        HOUR_UTC,
        Column("utilization_pct", pl.Float64, "utilization of the hour; null when unknown", "%", 0),
        Column(
            "utilization_severity", pl.String, "level that it reaches; null when unknown", allowed=SEVERITIES
        ),
        Column(
            "usual_pct",
            pl.Float64,
            "median of the same hour of the week over the 4 weeks before; null with fewer than 3 of them known",
            "%",
            0,
        ),
        Column("usual_mad_pct", pl.Float64, "median absolute deviation of those hours", "%", 0),
        Column("usual_hours", pl.Int64, "how many of the 4 hours are known", "h", 0, 4),
        Column("change_pct", pl.Float64, "utilization less the usual, in percentage points", "%"),
        Column(
            "change_sigmas",
            pl.Float64,
            "change / (1.4826 * MAD); null when the MAD is 0 or the change unknown",
        ),
        Column(
            "is_worse",
            pl.Boolean,
            "change of 3 robust sigmas and 5 percentage points or more; null when the change is unknown",
        ),
        Column(
            "trend_pct_per_week",
            pl.Float64,
            "Theil-Sen slope of the weekly p95 of the busy hours; null below 5 known weeks",
            "%/week",
        ),
        Column("trend_low_pct_per_week", pl.Float64, "lower end of its 95 % interval", "%/week"),
        Column("trend_high_pct_per_week", pl.Float64, "upper end of its 95 % interval", "%/week"),
        Column("trend_now_pct", pl.Float64, "the trend's line at the end of the hour", "%"),
        Column(
            "trend_weeks", pl.Int64, "weeks of the last 13 with half of their busy hours known", "", 0, 13
        ),
        Column("trend_unknown_hours", pl.Int64, "hours of the last 13 weeks without utilization", "h", 0),
        *(
            Column(
                f"days_to_{level}",
                pl.Float64,
                f"days until the trend reaches {level}, 0 when it is there; null with a reason",
                "d",
                0,
            )
            for level in LEVELS
        ),
        Column(
            "trend_reason",
            pl.String,
            "why no crossing is foretold; null when it is",
            allowed=TREND_REASONS,
        ),
    ),
)

CHRONIC_REASONS = (*MEASURES, "flaps", "availability")

RPT_CHRONIC_OFFENDERS = Table(
    "rpt_chronic_offenders",
    "Circuits that were bad on many of the last days; days are counted, not hours",
    "circuit x as-of day x reason",
    ("circuit_id", "as_of_utc", "reason"),
    (
        SITE_ID,
        CIRCUIT_ID,
        REGION,
        ROLE,
        Column("as_of_utc", INSTANT, "end of the last of the days, not included", nullable=False),
        Column(
            "reason",
            pl.String,
            "what was bad: hours at or above a level of a measure, flaps, or availability under the target",
            nullable=False,
            allowed=CHRONIC_REASONS,
        ),
        Column("limit_value", pl.Float64, "flaps or availability at which a day is bad; null for measures"),
        Column("limit_level", pl.String, "level at which a day is bad; null otherwise", allowed=LEVELS),
        Column("bad_days", pl.Int64, "days that were bad", "d", 1),
        Column("observed_days", pl.Int64, "days of which it can be said", "d", 1),
        Column("window_days", pl.Int64, "days looked at", "d", 1),
        Column("last_bad_day_utc", INSTANT, "start of the latest bad day"),
    ),
    span="as_of_utc",
)

RANKED_PERIODS = ("3h", "12h", "24h", "day", "week", "month", "13m")

RPT_TOP_OFFENDERS = Table(
    "rpt_top_offenders",
    "The worst circuits of the latest windows, of the present and the last whole day, week and month, and of "
    "13 months, by each figure",
    "period x measure x rank",
    ("period", "period_start_utc", "measure", "rank"),
    (
        Column("period", pl.String, "what is ranked", nullable=False, allowed=RANKED_PERIODS),
        Column("period_start_utc", INSTANT, "start of the window or period", nullable=False),
        Column("measure", pl.String, "column of the aggregate table that is ranked", nullable=False),
        Column(
            "rank", pl.Int64, "1 is the worst; ties stand in the order of circuit_id", "", 1, nullable=False
        ),
        SITE_ID,
        CIRCUIT_ID,
        REGION,
        ROLE,
        Column("value", pl.Float64, "the figure", "", nullable=False),
        Column("observed_hours", pl.Int64, "hours with a utilization behind it", "h", 0),
        Column("known_circuits", pl.Int64, "circuits with the figure, all of them ranked", "", 1),
        Column("unknown_circuits", pl.Int64, "circuits left out because the figure is unknown", "", 0),
    ),
)
REPORT_TABLES = (RPT_CONGESTION_NOW, RPT_CHRONIC_OFFENDERS, RPT_TOP_OFFENDERS)
