"""Chronic offenders: circuits that were bad on many of the last days.

Belongs here: when a day is bad and when days make an offender. Does not belong here: the figures of a day
(`periods.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, MEASURES, hours_column
from mistwan_dagster.catalog.reports import CHRONIC_REASONS
from mistwan_dagster.catalog.tables import RPT_CHRONIC_OFFENDERS

DAY = timedelta(days=1)


@dataclass(frozen=True)
class ChronicRule:
    """A circuit is an offender when at least `bad_days` of the last `window_days` days were bad for one reason."""

    bad_days: int = 3
    window_days: int = 7
    level: str = "high"
    """A day is bad for a measure when one of its hours was at or above this level."""
    flaps: int = 1
    """A day is bad for flaps from so many link transitions on."""
    availability_pct: float = 99.5
    """A day is bad for availability below this; on the target is not below."""

    def is_bad(self, reason: str) -> pl.Expr:
        """Whether a day of `agg_circuit_period` is bad for a reason; null when that is not known."""
        if reason == "availability":
            return pl.col("availability_pct") < self.availability_pct
        if reason == "flaps":
            return pl.col("flap_count") >= self.flaps
        return pl.col(hours_column(reason, self.level)) > 0

    def limit(self, reason: str) -> float | None:
        """The value that marks a bad day; None for measures, whose threshold depends on place and time."""
        return {"availability": self.availability_pct, "flaps": float(self.flaps)}.get(reason)


def chronic_offenders(days: pl.LazyFrame, as_of: datetime, rule: ChronicRule) -> pl.LazyFrame:
    """`rpt_chronic_offenders` as of the end of a day (not included), sorted by its key.

    `days`: `agg_circuit_period`; only days in [as_of - window_days, as_of) count. Bad days are counted, not bad
    hours: a day of 24 bad hours is one. A day of which a reason cannot be told (no value was compared, no minute
    known) is no bad day and no observed one, so bad_days is never more than observed_days. Region and role are
    those of the last day.
    """
    begins = pl.col("period_start_utc").is_between(as_of - DAY * rule.window_days, as_of, closed="left")
    inside = days.filter((pl.col("period") == "day") & begins).sort("period_start_utc")
    found = pl.concat(_counted(inside, reason, rule) for reason in CHRONIC_REASONS)
    offenders = found.filter(pl.col("bad_days") >= rule.bad_days).with_columns(
        as_of_utc=pl.lit(as_of).cast(INSTANT), window_days=pl.lit(rule.window_days)
    )
    return RPT_CHRONIC_OFFENDERS.conform(offenders).sort(RPT_CHRONIC_OFFENDERS.key)


def _counted(days: pl.LazyFrame, reason: str, rule: ChronicRule) -> pl.LazyFrame:
    bad = pl.col("bad")
    grouped = days.with_columns(bad=rule.is_bad(reason)).group_by("circuit_id").agg(
        pl.col("site_id", "region", "role").last(),
        bad_days=bad.sum(),
        observed_days=bad.count(),
        last_bad_day_utc=pl.col("period_start_utc").filter(bad).max(),
    )  # fmt: skip
    return grouped.with_columns(
        reason=pl.lit(reason),
        limit_value=pl.lit(rule.limit(reason), pl.Float64),
        limit_level=pl.lit(rule.level if reason in MEASURES else None, pl.String),
    )
