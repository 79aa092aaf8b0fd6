"""How good the backup was during a failover, against its own norm and against the primary before.

Belongs here: averages over the time of an episode and over the days before it. Does not belong here: finding the
episodes (`failover.py`).
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mistwan_dagster.catalog.columns import QUALITY_MEASURES, measure_column
from mistwan_dagster.kpi.calendar import HOUR

NORM_DAYS = 7
"""Days before an episode that tell what is normal for the backup."""
PRIMARY_DAYS = 1
AVERAGES = [measure_column(m, "avg") for m in QUALITY_MEASURES]
_KEY = ["from_circuit_id", "begin"]


def episode_quality(
    episodes: pl.LazyFrame, circuit_hours: pl.LazyFrame, samples: pl.LazyFrame | None = None
) -> pl.LazyFrame:
    """One row per episode: from_circuit_id, begin, and the quality columns of `fact_failover`.

    `episodes`: from_circuit_id, to_circuit_id, begin, finish. `circuit_hours`: fact_circuit_hour of the episodes and
    of NORM_DAYS before. `samples`: circuit_id, t, loss, jitter, latency of up paths (`quality.up_samples`).

    - loss, jitter, latency: mean over the backup's samples in [begin, finish), each sample once, and their number.
      Without any, the backup's hourly averages from the cloud's history, weighted by the minutes that each shares
      with the episode; the number is then null. An hour that has samples, none of them in the episode, tells
      nothing of it.
    - norm_*: the backup's hourly averages over the NORM_DAYS before the hour of `begin`, each hour the same weight.
    - primary_*: the primary's, over the day before that hour.
    Null where no hour or sample has the measure.
    """
    hours = circuit_hours.select("circuit_id", "hour_utc", "quality_sample_count", *AVERAGES)
    during = _by_hours(episodes, hours).with_columns(quality_sample_count=pl.lit(None, pl.Int64))
    if samples is not None:
        exact = _by_samples(episodes, samples)
        during = pl.concat([exact, during.join(exact, on=_KEY, how="anti")], how="diagonal")
    return (
        episodes.select(_KEY)
        .join(during, on=_KEY, how="left")
        .join(_before(episodes, hours, "to_circuit_id", NORM_DAYS, "norm"), on=_KEY, how="left")
        .join(_before(episodes, hours, "from_circuit_id", PRIMARY_DAYS, "primary"), on=_KEY, how="left")
    )


def _by_samples(episodes: pl.LazyFrame, samples: pl.LazyFrame) -> pl.LazyFrame:
    inside = episodes.select(*_KEY, "to_circuit_id", "finish").join(
        samples, left_on="to_circuit_id", right_on="circuit_id"
    )
    return (
        inside.filter((pl.col("t") >= pl.col("begin")) & (pl.col("t") < pl.col("finish")))
        .sort("t", *QUALITY_MEASURES)
        .group_by(_KEY, maintain_order=True)
        .agg(
            *(pl.col(m).alias(measure_column(m, "avg")) for m in QUALITY_MEASURES),
            quality_sample_count=pl.len().cast(pl.Int64),
        )
        .with_columns(map(_mean, AVERAGES))
    )


def _by_hours(episodes: pl.LazyFrame, hours: pl.LazyFrame) -> pl.LazyFrame:
    """From hours that have averages but no samples of their own."""
    history = hours.filter(pl.col("quality_sample_count").is_null()).drop("quality_sample_count")
    joined = episodes.join(history, left_on="to_circuit_id", right_on="circuit_id")
    shared = pl.min_horizontal("finish", pl.col("hour_utc") + HOUR) - pl.max_horizontal("begin", "hour_utc")
    touched = joined.with_columns(_weight=shared.dt.total_microseconds()).filter(pl.col("_weight") > 0)

    weight = pl.col("_weight")
    parts = [(pl.col(c) * weight).alias(c) for c in AVERAGES]
    known = [pl.when(pl.col(c).is_not_null()).then(weight).sum().alias(f"_{c}") for c in AVERAGES]
    grouped = touched.sort("hour_utc").group_by(_KEY, maintain_order=True).agg(*parts, *known)
    return grouped.select(
        *_KEY,
        *(
            pl.when(pl.col(f"_{c}") > 0).then(pl.col(c).list.sum() / pl.col(f"_{c}")).alias(c)
            for c in AVERAGES
        ),
    )


def _before(
    episodes: pl.LazyFrame, hours: pl.LazyFrame, circuit: str, days: int, prefix: str
) -> pl.LazyFrame:
    first = pl.col("begin").dt.truncate("1h")
    wanted = episodes.select(*_KEY, circuit_id=pl.col(circuit))
    return (
        wanted.join(hours, on="circuit_id")
        .filter((pl.col("hour_utc") < first) & (pl.col("hour_utc") >= first - timedelta(days=days)))
        .sort("hour_utc")
        .group_by(_KEY, maintain_order=True)
        .agg(pl.col(c).alias(f"{prefix}_{c}") for c in AVERAGES)
        .with_columns(_mean(f"{prefix}_{c}") for c in AVERAGES)
    )


def _mean(column: str) -> pl.Expr:
    """Of lists, each summed by itself: a mean within a group depends, in its last digit, on the episodes beside it."""
    return pl.col(column).list.mean()
