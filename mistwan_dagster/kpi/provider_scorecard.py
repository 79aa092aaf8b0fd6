"""Providers month by month: availability, outages, restoring time and quality, without planned maintenance.

Belongs here: pooling circuit hours and outages over a provider. Does not belong here: what an outage is (`sla.py`),
which time is maintenance (`maintenance.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import NONE, QUALITY_MEASURES, measure_column
from mistwan_dagster.catalog.tables import RPT_PROVIDER_SCORECARD
from mistwan_dagster.kpi.calendar import HOUR_MINUTES, split_by_hour
from mistwan_dagster.kpi.exceedance import greatest
from mistwan_dagster.kpi.stretches import MICROS_PER_MINUTE, minutes_in_all, shared

_KEY = ["provider", "period_start_utc"]
_CIRCUIT_HOUR = ["circuit_id", "hour_utc"]
_KINDS = {"link": "down", "reachability": "unreachable", "unknown": "unknown"}


def provider_scorecard(
    circuit_hours: pl.LazyFrame,
    providers: pl.LazyFrame,
    pieces: pl.LazyFrame,
    maintenance: pl.LazyFrame,
    outages: pl.LazyFrame,
    incidents: pl.LazyFrame,
    start: datetime,
    end: datetime,
) -> pl.LazyFrame:
    """`rpt_provider_scorecard` of the months that begin in [start, end), sorted by its key.

    `circuit_hours`: fact_circuit_hour; `providers`: circuit_id, hour_utc, provider in force; `pieces`: circuit_id,
    kind (link, reachability, unknown), start, end, hour_utc of time not surely up; `maintenance`: circuit_id, start,
    end, disjoint per circuit; `outages`: rpt_sla_outage; `incidents`: rpt_carrier_incident.

    - Minutes are pooled over circuit hours, those in maintenance set apart to the minute; an hour of imported
      history, which has no pieces, is excluded whole when maintenance touches it. availability = 100 * up /
      (up + down), and the service's counts unreachable as not available.
    - Flaps and quality (mean and maximum of hourly figures) leave out each hour that maintenance touches.
    - Outages count in the month in which they began, except those that lie in maintenance altogether. Restoring time
      is `counted_minutes`, of the outages that ended.
    Figures without an hour that has them are null; counts of outages are 0 when there was none.
    """
    month = pl.col("hour_utc").dt.truncate("1mo")
    hours = circuit_hours.filter(month.is_between(start, end, closed="left")).join(
        providers.select(*_CIRCUIT_HOUR, "provider"), on=_CIRCUIT_HOUR, how="left"
    )
    hours = hours.with_columns(pl.col("provider").fill_null(NONE), period_start_utc=month)
    pooled = _without_maintenance(hours, pieces, maintenance).group_by(_KEY).agg(*_pooled())
    up, down = pl.col("up_minutes"), pl.col("down_minutes")
    known = up + down
    found = (
        pooled.join(_restored(outages), on=_KEY, how="left")
        .join(_incident_counts(incidents), on=_KEY, how="left")
        .with_columns(
            pl.col("outage_count", "outage_open_count", "incident_count").fill_null(0),
            month=pl.col("period_start_utc").dt.strftime("%Y-%m"),
            total_minutes=up + down + pl.col("unknown_minutes") + pl.col("excluded_minutes"),
            availability_pct=pl.when(known > 0).then(100 * up / known),
            service_availability_pct=pl.when(known > 0).then(
                100 * (up - pl.col("unreachable_minutes")).clip(lower_bound=0) / known
            ),
        )
    )
    return RPT_PROVIDER_SCORECARD.conform(found).sort(RPT_PROVIDER_SCORECARD.key)


def _without_maintenance(
    hours: pl.LazyFrame, pieces: pl.LazyFrame, maintenance: pl.LazyFrame
) -> pl.LazyFrame:
    """Minutes of each circuit hour less those in maintenance, `excluded` and `unreachable` beside them; flaps and
    quality null where maintenance touches the hour."""
    span = pl.col("start"), pl.col("end")
    planned = split_by_hour(maintenance.select("circuit_id", "start", "end"))
    excluded = planned.group_by(_CIRCUIT_HOUR).agg(_excluded=minutes_in_all(*span))
    told = pieces.select(*_CIRCUIT_HOUR, "kind", "start", "end")

    def by_kind(rows: pl.LazyFrame, prefix: str) -> pl.LazyFrame:
        of = {
            f"{prefix}{name}": minutes_in_all(*span, pl.col("kind") == kind) for kind, name in _KINDS.items()
        }
        return rows.group_by(_CIRCUIT_HOUR).agg(**of)

    joined = (
        hours.join(excluded, on=_CIRCUIT_HOUR, how="left")
        .join(by_kind(told, "_"), on=_CIRCUIT_HOUR, how="left")
        .join(by_kind(shared(told, planned, _CIRCUIT_HOUR), "_x_"), on=_CIRCUIT_HOUR, how="left")
    )
    touched = pl.col("_excluded").is_not_null()
    # Without pieces the hour's minutes cannot be placed; neither can they when the port was disabled for a while.
    placed = (
        pl.sum_horizontal("_down", "_unknown") - pl.col("down_minutes") - pl.col("unknown_minutes")
    ).abs() < 1e-6
    whole = touched & ~placed
    off = {c: pl.col(f"_x_{c}").fill_null(0) for c in ("down", "unknown", "unreachable")}
    up_off = pl.col("_excluded").fill_null(0) - off["down"] - off["unknown"]
    left = {
        "up_minutes": pl.col("up_minutes") - up_off,
        "down_minutes": pl.col("down_minutes") - off["down"],
        "unknown_minutes": pl.col("unknown_minutes") - off["unknown"],
        "unreachable_minutes": pl.col("_unreachable").fill_null(0) - off["unreachable"],
    }
    exact = ["flap_count", *(measure_column(m, s) for m in QUALITY_MEASURES for s in ("avg", "max"))]
    return joined.with_columns(
        *(pl.when(whole).then(0.0).otherwise(e).clip(lower_bound=0).alias(n) for n, e in left.items()),
        pl.when(whole)
        .then(HOUR_MINUTES)
        .otherwise(pl.col("_excluded").fill_null(0))
        .alias("excluded_minutes"),
        *(pl.when(~touched).then(c).alias(c) for c in exact),
    )


def _pooled() -> list[pl.Expr]:
    """Of whole microseconds and of millionths, which add up to the same in any order of rows: sums of floats would
    differ in their last digit from one computation to the next, and every month be loaded again."""
    flaps = pl.col("flap_count")
    lasts = ("up_minutes", "down_minutes", "unknown_minutes", "unreachable_minutes", "excluded_minutes")
    averages = [measure_column(m, "avg") for m in QUALITY_MEASURES]
    return [
        pl.col("circuit_id").n_unique().cast(pl.Int64).alias("circuit_count"),
        pl.col("site_id").n_unique().cast(pl.Int64).alias("site_count"),
        *(_total(pl.col(c), MICROS_PER_MINUTE).alias(c) for c in lasts),
        pl.when(flaps.count() > 0).then(flaps.sum()).alias("flap_count"),
        *(_mean(pl.col(c), 1e6).alias(c) for c in averages),
        *(greatest(m).max().alias(measure_column(m, "max")) for m in QUALITY_MEASURES),
        pl.any_horizontal(pl.col(c).is_not_null() for c in averages)
        .sum()
        .cast(pl.Int64)
        .alias("quality_hours"),
    ]


def _whole(figure: pl.Expr, per_unit: float) -> pl.Expr:
    """As whole numbers, wide enough for any sum; what is no number is null."""
    return (figure * per_unit).round().cast(pl.Int128, strict=False)


def _total(figure: pl.Expr, per_unit: float) -> pl.Expr:
    return _whole(figure, per_unit).sum().cast(pl.Float64) / per_unit


def _mean(figure: pl.Expr, per_unit: float) -> pl.Expr:
    """Null without a number."""
    count = _whole(figure, per_unit).count()
    return pl.when(count > 0).then(_total(figure, per_unit) / count)


def _restored(outages: pl.LazyFrame) -> pl.LazyFrame:
    over = pl.col("end_utc").is_not_null()
    took = pl.col("counted_minutes").filter(over)
    return (
        outages.filter((pl.col("counted_minutes") > 0) | (pl.col("excluded_minutes") == 0))
        .group_by("provider", period_start_utc=pl.col("start_utc").dt.truncate("1mo"))
        .agg(
            outage_count=pl.len().cast(pl.Int64),
            outage_open_count=(~over).sum().cast(pl.Int64),
            restore_mean_minutes=_mean(took, MICROS_PER_MINUTE),
            restore_median_minutes=took.median(),
            restore_max_minutes=took.max(),
        )
    )


def _incident_counts(incidents: pl.LazyFrame) -> pl.LazyFrame:
    return incidents.group_by("provider", period_start_utc=pl.col("start_utc").dt.truncate("1mo")).agg(
        incident_count=pl.len().cast(pl.Int64)
    )
