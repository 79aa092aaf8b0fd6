"""The KPIs of circuits in hours: puts traffic, status and quality beside the dimensions and the thresholds.

Belongs here: which circuit hours have a row, and what a row says where nothing is known. Does not belong
here: how any figure is measured.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, NONE, QUALITY_MEASURES, measure_column
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.calendar import HOUR_MINUTES
from mistwan_dagster.kpi.severity import with_severities
from mistwan_dagster.kpi.thresholds import Thresholds, with_thresholds
from mistwan_dagster.kpi.versions import in_force

_KEY = ["circuit_id", "hour_utc"]
_UTILIZATION = [
    "rx_bytes",
    "tx_bytes",
    "utilization_pct",
    "utilization_peak_pct",
    "counter_reset",
    "coverage_pct",
    "source",
]
_STATUS = [
    "up_minutes",
    "down_minutes",
    "unknown_minutes",
    "reachable_minutes",
    "status_hourly",
    "flap_count",
    "active_state",
]
_QUALITY = [
    *(measure_column(m, s) for m in QUALITY_MEASURES for s in ("avg", "max", "p95")),
    "quality_sample_count",
]


def circuit_hours(
    *,
    dim_site: pl.LazyFrame,
    dim_circuit: pl.LazyFrame,
    utilization: pl.LazyFrame | None,
    status: pl.LazyFrame | None,
    quality: pl.LazyFrame | None,
    insight_quality: pl.LazyFrame | None,
    thresholds: Thresholds,
    start: datetime,
    end: datetime,
) -> pl.LazyFrame:
    """`fact_circuit_hour` of [start, end): each circuit of `dim_circuit` in each hour, sorted by its key.

    Dimensions are all versions; a row takes the one in force when its hour began. `utilization` as
    `prefer_live`, `quality` as `quality_hours`, `insight_quality` as `insight_quality_hours`; a live
    quality row outranks the cloud's. `status` has circuit_id, hour_utc, the minutes, status_hourly,
    flap_count, disabled_minutes, active_state. None is no row at all.

    A circuit hour without status is 60 unknown minutes, status Unknown, null flaps. Hours in which the port
    was disabled throughout have no row. Figures without evidence are null, and so is `source` without
    traffic figures.
    """
    span = _hours(start, end)
    circuits = in_force(dim_circuit, span, "circuit_id").select("site_id", *_KEY, "role")
    sites = in_force(dim_site, span, "site_id").select("site_id", "hour_utc", "region", "store_type")
    frame = circuits.join(sites, on=["site_id", "hour_utc"], how="left")
    frame = frame.with_columns(pl.col("region").fill_null(NONE))
    frame = _with_status(frame, status)
    frame = _with(frame, utilization, _UTILIZATION)
    frame = _with(frame, _either(quality, insight_quality), _QUALITY)
    judged = with_severities(with_thresholds(frame, thresholds))
    return FACT_CIRCUIT_HOUR.conform(judged).sort(FACT_CIRCUIT_HOUR.key)


def _hours(start: datetime, end: datetime) -> pl.LazyFrame:
    return pl.LazyFrame().select(
        hour_utc=pl.datetime_range(start, end, timedelta(hours=1), closed="left").cast(INSTANT)
    )


def _with(frame: pl.LazyFrame, figures: pl.LazyFrame | None, columns: list[str]) -> pl.LazyFrame:
    if figures is None:
        figures = FACT_CIRCUIT_HOUR.empty().lazy()
    return frame.join(figures.select(*_KEY, *columns), on=_KEY, how="left")


def _with_status(frame: pl.LazyFrame, status: pl.LazyFrame | None) -> pl.LazyFrame:
    """Adds the minutes; drops hours in which the port was disabled from end to end."""
    if status is None:
        status = FACT_CIRCUIT_HOUR.empty().lazy().with_columns(disabled_minutes=pl.lit(None, pl.Float64))
    joined = _with(frame, status, [*_STATUS, "disabled_minutes"])
    disabled = (pl.col("disabled_minutes") > HOUR_MINUTES - 1e-6).fill_null(False)
    unsaid = pl.col("up_minutes").is_null()
    return joined.filter(~disabled).with_columns(
        pl.col("up_minutes", "down_minutes").fill_null(0.0),
        pl.when(unsaid).then(HOUR_MINUTES).otherwise("unknown_minutes").alias("unknown_minutes"),
        pl.col("status_hourly").fill_null("Unknown"),
    )


def _either(live: pl.LazyFrame | None, insights: pl.LazyFrame | None) -> pl.LazyFrame | None:
    if live is None or insights is None:
        return insights if live is None else live
    columns = [*_KEY, *_QUALITY]
    rest = insights.join(live.select(_KEY), on=_KEY, how="anti")
    return pl.concat([live.select(columns), rest.select(columns)])
