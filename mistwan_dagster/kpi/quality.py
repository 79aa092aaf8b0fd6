"""Loss, jitter and latency of hours, by circuit and by peer path.

Belongs here: which samples count, mean, maximum and nearest-rank percentile. Does not belong here: source
times and impossible values (`samples.py`), thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import QUALITY_MEASURES, measure_column
from mistwan_dagster.kpi.identity import circuit_id, with_site

MIN_P95_SAMPLES = 20
"""With fewer, the nearest-rank 95th percentile is the maximum."""
_PATH_KEY = ["mac", "node", "port_id", "peer_mac", "peer_port_id", "vpn_name"]


def ranked(column: str) -> pl.Expr:
    """Sorted non-null values of a column that holds a list in each row.

    Mean and percentile are taken of such lists and not while grouping: threads deliver rows in another order
    each run, a sum in another order differs in its last digit, and with it a severity on a threshold.
    """
    return pl.col(column).list.drop_nulls().list.sort()


def nearest_rank_p95(values: pl.Expr) -> pl.Expr:
    """Of sorted lists: the value at rank ceil(0.95 * n), null below MIN_P95_SAMPLES.

    n - ceil(0.95 * n) = n // 20 is exact in integers: as many values lie above the rank.
    """
    count = values.list.len().cast(pl.Int64)
    value = values.list.get(count - 1 - count // 20, null_on_oob=True)
    return pl.when(count >= MIN_P95_SAMPLES).then(value)


def _statistics() -> list[pl.Expr]:
    """Mean, maximum and percentile of the sorted lists of each measure."""
    found = []
    for measure in QUALITY_MEASURES:
        values = pl.col(measure)
        found += [
            values.list.mean().alias(measure_column(measure, "avg")),
            values.list.last().alias(measure_column(measure, "max")),
            nearest_rank_p95(values).alias(measure_column(measure, "p95")),
        ]
    return found


def _in_hours(path_samples: pl.LazyFrame, start: datetime, end: datetime) -> pl.LazyFrame:
    inside = path_samples.filter(pl.col("t").is_between(start, end, closed="left"))
    return inside.with_columns(hour_utc=pl.col("t").dt.truncate("1h"))


def up_samples(path_samples: pl.LazyFrame, start: datetime, end: datetime) -> pl.LazyFrame:
    """Samples of [start, end) that count: circuit_id, t, loss, jitter, latency, hour_utc.

    Of paths that are known to be up and belong to a circuit, with at least one measure.
    """
    measured = pl.any_horizontal(pl.col(m).is_not_null() for m in QUALITY_MEASURES)
    counted = path_samples.filter(pl.col("up") & pl.col("circuit_id").is_not_null() & measured)
    return _in_hours(counted, start, end).select("circuit_id", "t", *QUALITY_MEASURES, "hour_utc")


def quality_hours(path_samples: pl.LazyFrame, start: datetime, end: datetime) -> pl.LazyFrame:
    """Quality of circuits per hour of [start, end), pooled over the samples of all their up paths.

    Takes `path_samples`. Columns: circuit_id, hour_utc, {loss,jitter,latency}_{avg,max,p95}_{pct,ms,ms},
    quality_sample_count (samples with at least one measure). Each measure is taken over its own non-null
    samples; p95 is null below 20 of them. Paths that are not known to be up, or belong to no circuit, do
    not count. Circuit hours without a measure have no row.
    """
    counted = up_samples(path_samples, start, end)
    hours = counted.group_by("circuit_id", "hour_utc", maintain_order=True)
    lists = hours.agg(*QUALITY_MEASURES, quality_sample_count=pl.len().cast(pl.Int64))
    sorted_lists = lists.with_columns(ranked(m) for m in QUALITY_MEASURES)
    return sorted_lists.select("circuit_id", "hour_utc", *_statistics(), "quality_sample_count")


def path_hours(
    path_samples: pl.LazyFrame, circuits: pl.LazyFrame | pl.DataFrame, start: datetime, end: datetime
) -> pl.LazyFrame:
    """Quality of each peer path per hour of [start, end): the columns of `fact_path_hour`.

    Measures and mos over the samples in which the path was up; up_pct and active_pct over the samples that
    say so; sample_count over all. `circuit_id` is null when none of `circuits` carries the path. node,
    peer_port_id and vpn_name are empty instead of null, as they belong to the key. A path that tells no site
    has that of the gateway's circuits, and is left out when there are none.
    """
    up = ["mos", *QUALITY_MEASURES]
    named = path_samples.filter(pl.col("port_id").is_not_null()).with_columns(
        *(pl.col(c).fill_null("") for c in _PATH_KEY),
        *(pl.when("up").then(c).alias(c) for c in up),
    )
    hours = (
        _in_hours(named, start, end)
        .group_by([*_PATH_KEY, "hour_utc"], maintain_order=True)
        .agg(
            pl.col("site_id", "circuit_id", "peer_router_name").max(),
            *up,
            up_pct=100 * pl.col("up").cast(pl.Float64).mean(),
            active_pct=100 * pl.col("is_active").cast(pl.Float64).mean(),
            sample_count=pl.len().cast(pl.Int64),
        )
        .with_columns(ranked(c) for c in up)
        .with_columns(*_statistics(), mos_avg=pl.col("mos").list.mean())
        .drop(up)
    )
    known = circuits.lazy().select("circuit_id", _known=True).unique("circuit_id")
    matched = with_site(hours, circuits).join(known, on="circuit_id", how="left")
    return matched.with_columns(pl.when("_known").then("circuit_id").alias("circuit_id")).select(
        "site_id",
        "circuit_id",
        pl.col("mac").alias("device_mac"),
        *_PATH_KEY[1:],
        "peer_router_name",
        "hour_utc",
        *_columns(("avg", "max", "p95")),
        "mos_avg",
        "up_pct",
        "active_pct",
        "sample_count",
    )


def _columns(statistics: Sequence[str]) -> list[str]:
    return [measure_column(m, s) for m in QUALITY_MEASURES for s in statistics]


def insight_quality_hours(insight_quality: pl.LazyFrame, start: datetime, end: datetime) -> pl.LazyFrame:
    """Means of the cloud's hourly series whose bins start in [start, end), in the columns of `quality_hours`.

    Maximum, p95 and sample count are null: the series has only means. Bins without any value have no row.
    """
    values = {measure_column(m, "avg"): pl.col(f"avg_{m}") for m in QUALITY_MEASURES}
    possible = {
        name: pl.when(v.is_finite() & (v >= 0) & ((v <= 100) if "loss" in name else True)).then(v)
        for name, v in values.items()
    }
    absent = {
        measure_column(m, s): pl.lit(None, pl.Float64) for m in QUALITY_MEASURES for s in ("max", "p95")
    }
    return (
        insight_quality.filter(pl.col("bin_start").is_between(start, end, closed="left"))
        .with_columns(circuit_id(), hour_utc=pl.col("bin_start").dt.truncate("1h"), **possible, **absent)
        .filter(pl.any_horizontal(pl.col(c).is_not_null() for c in values))
        .unique(["circuit_id", "hour_utc"], keep="first", maintain_order=True)
        .select(
            "circuit_id",
            "hour_utc",
            *_columns(("avg", "max", "p95")),
            quality_sample_count=pl.lit(None, pl.Int64),
        )
    )
