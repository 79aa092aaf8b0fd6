"""Hours at or above thresholds: how many, and how many in a row; and the figures of a group of hours.

Belongs here: comparing hourly values with `threshold_<measure>_<level>`, runs on the clock, and expressions for a group
of hours. Does not belong here: which hours form a group, and many groups at once (`hour_fold.py`, equal by a test).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from mistwan_dagster.catalog.columns import (
    LEVELS,
    MEASURES,
    QUALITY_MEASURES,
    hours_column,
    measure_column,
    run_hours_column,
    value_column,
)

PAIRS = tuple((measure, level) for measure in MEASURES for level in LEVELS)
MINUTES = ("up_minutes", "down_minutes", "unknown_minutes")
PERCENTILE = 0.95
_ATTRIBUTES = ("site_id", "circuit_id", "hour_utc", "region", "role")


def threshold_column(measure: str, level: str) -> str:
    """The hourly frame's column with the threshold in force."""
    return f"threshold_{measure}_{level}"


def above(measure: str, level: str) -> pl.Expr:
    """Whether the hour's value is at or above the threshold; false where either is null."""
    return (pl.col(value_column(measure)) >= pl.col(threshold_column(measure, level))).fill_null(False)


def with_runs(hourly: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
    """Sorted by circuit_id and hour_utc, with `<measure>_<level>_run`: length of the run that ends in the
    hour.

    A run is consecutive hours on the clock at or above the threshold; a missing hour or a null value ends it.
    0 in an hour that is not above. Runs begin where the frame does: the position in `figures` limits them to
    a period. Columns that neither `figures` needs nor `keys` name are dropped. `hourly`: fact_circuit_hour columns,
    keys and thresholds, one row per circuit and hour.
    """
    ordered = hourly.select(_used(keys)).sort("circuit_id", "hour_utc").with_row_index("_row")
    same = pl.col("circuit_id") == pl.col("circuit_id").shift(1)
    next_hour = pl.col("hour_utc") - pl.col("hour_utc").shift(1) == pl.duration(hours=1)
    marked = ordered.with_columns(
        (same & next_hour).fill_null(False).alias("_follows"), pl.col("_row").cast(pl.Int32)
    )
    row = pl.col("_row")
    return marked.with_columns(
        _run(above(m, level), row).alias(_run_name(m, level)) for m, level in PAIRS
    ).drop("_row", "_follows")


def _used(keys: Iterable[str]) -> list[str]:
    values = [value_column(m) for m in MEASURES]
    maxima = [measure_column(m, "max") for m in QUALITY_MEASURES]
    levels = [threshold_column(m, level) for m, level in PAIRS]
    return list(dict.fromkeys([*_ATTRIBUTES, *keys, *values, *maxima, *levels, "flap_count", *MINUTES]))


def _run_name(measure: str, level: str) -> str:
    return f"{measure}_{level}_run"


def _run(is_above: pl.Expr, row: pl.Expr) -> pl.Expr:
    """Rows since the last one that was not above, or that began anew."""
    base = pl.when(~is_above).then(row).when(~pl.col("_follows")).then(row - 1)
    return row - base.forward_fill()


def figures(position: pl.Expr) -> list[pl.Expr]:
    """Aggregate expressions of `agg_*` tables for a group of rows of `with_runs`, except those of
    `completed`.

    `position`: hours from the group's first possible hour to the row's, both counted, which bounds a run.
    Averages, maxima (`greatest`) and the percentile (linear interpolation) are over the hours that have the value.
    Counts of hours are null when no hour of the group could be compared, sums when no hour has the value.
    """
    return [
        pl.col("utilization_pct").mean().alias(measure_column("utilization", "avg")),
        pl.col("utilization_pct").max().alias(measure_column("utilization", "max")),
        pl.col("utilization_pct")
        .quantile(PERCENTILE, interpolation="linear")
        .alias(measure_column("utilization", "p95")),
        *(pl.col(measure_column(m, "avg")).mean() for m in QUALITY_MEASURES),
        *(greatest(m).max().alias(measure_column(m, "max")) for m in QUALITY_MEASURES),
        *(_hours_above(m, level) for m, level in PAIRS),
        *(_longest_run(m, level, position) for m, level in PAIRS),
        total("flap_count"),
        pl.col("utilization_pct").count().cast(pl.Int64).alias("observed_hours"),
        *(total(c) for c in MINUTES),
    ]


def greatest(measure: str) -> pl.Expr:
    """An hour's maximum of a quality measure; of an hour from the cloud's history, which has only a mean, that mean.

    A lower bound: without it a period with such hours could have a mean above its maximum.
    """
    mean = pl.col(measure_column(measure, "avg"))
    return pl.max_horizontal(measure_column(measure, "max"), pl.when(mean.is_finite()).then(mean))


def _compared(measure: str, level: str) -> pl.Expr:
    """How many hours of the group have both value and threshold."""
    return (pl.col(value_column(measure)) - pl.col(threshold_column(measure, level))).count()


def _hours_above(measure: str, level: str) -> pl.Expr:
    hours = (pl.col(_run_name(measure, level)) > 0).sum()
    return pl.when(_compared(measure, level) > 0).then(hours).alias(hours_column(measure, level))


def _longest_run(measure: str, level: str, position: pl.Expr) -> pl.Expr:
    run = pl.min_horizontal(pl.col(_run_name(measure, level)), position).max()
    return pl.when(_compared(measure, level) > 0).then(run).alias(run_hours_column(measure, level))


def total(column: str) -> pl.Expr:
    """Sum of the known values of a group; null when none is known."""
    value = pl.col(column)
    return pl.when(value.count() > 0).then(value.sum()).alias(column)


def completed(grouped: pl.LazyFrame) -> pl.LazyFrame:
    """Adds total_minutes = up + down + unknown and availability_pct, 100 * up / (up + down), null for 0/0."""
    up, down = pl.col("up_minutes"), pl.col("down_minutes")
    return grouped.with_columns(
        total_minutes=pl.sum_horizontal(MINUTES, ignore_nulls=False),
        availability_pct=pl.when(up + down > 0).then(100 * up / (up + down)),
    )
