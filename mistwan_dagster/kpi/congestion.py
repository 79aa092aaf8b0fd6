"""Congested now, and worse than usual: the latest hour of each circuit against its own past.

Belongs here: what is usual in an hour of the week, and the report's row. Does not belong here: slopes over weeks
(`trends.py`), thresholds (`thresholds.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.tables import RPT_CONGESTION_NOW
from mistwan_dagster.kpi.calendar import HOUR
from mistwan_dagster.kpi.severity import with_severities
from mistwan_dagster.kpi.trends import TREND_WEEKS, WEEK_HOURS, busy_weeks, theil_sen, with_crossings

WEEK = timedelta(hours=WEEK_HOURS)
USUAL_WEEKS = 4
LEAST_USUAL_HOURS = 3
"""Two values have no middle one, and their deviations from it say nothing."""
SIGMA_PER_MAD = 1.4826
"""Makes the MAD of a normal distribution its standard deviation (1 / 0.6745)."""
WORSE_SIGMAS = 3.0
WORSE_POINTS = 5.0
HISTORY_COLUMNS = ("circuit_id", "hour_utc", "utilization_pct")


def history_start(hour: datetime) -> datetime:
    """First hour that the report of an hour looks at: 13 weeks that end with it."""
    return hour + HOUR - WEEK * TREND_WEEKS


def congestion_now(now: pl.LazyFrame, history: pl.LazyFrame, hour: datetime) -> pl.LazyFrame:
    """`rpt_congestion_now`: one row for each circuit of `now`, sorted by circuit_id.

    `now`: `fact_circuit_hour` of `hour` with thresholds. `history`: circuit_id, hour_utc, utilization_pct of
    [history_start, hour], other hours are ignored. Percent and percentage points. Unknown hours are left out and
    counted (usual_hours of 4, trend_unknown_hours of 13 weeks); what too few hours tell is null.
    """
    last = pl.col("hour_utc").is_between(history_start(hour), hour)
    past = history.select(HISTORY_COLUMNS).filter(last & pl.col("utilization_pct").is_not_null())
    seen = past.group_by("circuit_id").agg(_known=pl.len().cast(pl.Int64))
    hours = TREND_WEEKS * WEEK_HOURS
    # Once and for all: the trend reads its few weekly rows four times, and would read the 13 weeks as often.
    found = pl.collect_all([usual(past, hour), seen, busy_weeks(past, hour + HOUR)])
    same, seen, weeks = (frame.lazy() for frame in found)
    joined = with_severities(now)
    for figures in (same, seen, theil_sen(weeks)):
        joined = joined.join(figures, on="circuit_id", how="left")
    counted = joined.with_columns(
        pl.col("usual_hours", "trend_weeks").fill_null(0),
        trend_unknown_hours=hours - pl.col("_known").fill_null(0),
    )
    report = RPT_CONGESTION_NOW.conform(with_crossings(_with_change(counted)))
    return report.sort(RPT_CONGESTION_NOW.key)


def usual(history: pl.LazyFrame, hour: datetime) -> pl.LazyFrame:
    """circuit_id, usual_hours, and from 3 known hours on usual_pct and usual_mad_pct.

    Over the same hour of the week in the 4 weeks before `hour`: the median, and the median of the absolute
    deviations from it (MAD; Hampel 1974). One odd week of the four moves neither much.
    """
    same = [hour - WEEK * i for i in range(1, USUAL_WEEKS + 1)]
    value = pl.col("utilization_pct")
    known = history.filter(pl.col("hour_utc").is_in(same) & value.is_not_null())
    enough = pl.len() >= LEAST_USUAL_HOURS
    return known.group_by("circuit_id").agg(
        usual_hours=pl.len().cast(pl.Int64),
        usual_pct=pl.when(enough).then(value.median()),
        usual_mad_pct=pl.when(enough).then((value - value.median()).abs().median()),
    )


def _with_change(frame: pl.LazyFrame) -> pl.LazyFrame:
    """change_pct, change_sigmas = change / (1.4826 * MAD), and is_worse: 3 such sigmas and 5 points or more.

    The points keep a circuit whose weeks hardly differ from being worse for a trifle. With a MAD of 0 there are no
    sigmas (null), and the points alone decide.
    """
    change, sigma = pl.col("utilization_pct") - pl.col("usual_pct"), SIGMA_PER_MAD * pl.col("usual_mad_pct")
    return frame.with_columns(
        change_pct=change,
        change_sigmas=pl.when(sigma > 0).then(change / sigma),
        is_worse=(change >= WORSE_SIGMAS * sigma) & (change >= WORSE_POINTS),
    )
