"""Days, ISO weeks and months of sites: failovers, time cut off, primary against secondary, failover readiness.

Belongs here: pooling site hours and episodes over a period. Does not belong here: how an hour or an episode came
about (`site_hours.py`, `failover.py`), figures of groups of circuit hours (`exceedance.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, MEASURES, measure_column, value_column
from mistwan_dagster.catalog.tables import AGG_SITE_PERIOD, RPT_FAILOVER_READINESS, RPT_PRIMARY_SECONDARY
from mistwan_dagster.kpi.calendar import split_by_hour
from mistwan_dagster.kpi.exceedance import PERCENTILE, completed
from mistwan_dagster.kpi.hour_arrays import GREATEST, SUMMED
from mistwan_dagster.kpi.periods import PERIODS
from mistwan_dagster.kpi.roles import acting_role
from mistwan_dagster.kpi.stretches import merged, minutes

ROLES = ("primary", "secondary")
_KEY = ["site_id", "period_start_utc"]
_MINUTES = ["site_up_minutes", "site_outage_minutes", "site_unknown_minutes"]


def _begins(column: str, period: str) -> pl.Expr:
    return pl.col(column).dt.truncate(PERIODS[period])


def site_periods(
    site_hours: pl.LazyFrame,
    failovers: pl.LazyFrame,
    period: str,
    start: datetime,
    end: datetime,
    observed_until: datetime,
) -> pl.LazyFrame:
    """`agg_site_period` of the periods that begin in [start, end), sorted by its key.

    `site_hours`: fact_site_hour, `failovers`: fact_failover of all episodes that touch the periods; one that lasts
    is counted up to `observed_until`. An episode counts where it began, its minutes where they fall, those that two
    primaries share once. Both are null
    when nothing of the site was observed in the period, 0 when it was and nothing was found. A site without an hour
    has no row; region is that of the last hour. Averages, maximum and percentile (linear interpolation) are over the
    hours in which the active circuit's utilization is known.
    """
    begins = _begins("hour_utc", period)
    value = pl.col("utilization_pct")
    hours = (
        site_hours.filter(begins.is_between(start, end, closed="left"))
        .sort("site_id", "hour_utc")
        .group_by("site_id", period_start_utc=begins, maintain_order=True)
        .agg(
            pl.col("region").last(),
            value.mean().alias(measure_column("utilization", "avg")),
            value.max().alias(measure_column("utilization", "max")),
            value.quantile(PERCENTILE, interpolation="linear").alias(measure_column("utilization", "p95")),
            pl.col(_MINUTES).sum(),
            observed_hours=value.count().cast(pl.Int64),
        )
    )
    until = pl.coalesce("end_utc", pl.lit(observed_until).cast(INSTANT))
    episodes = failovers.select("site_id", start="start_utc", end=until)
    began = episodes.group_by("site_id", period_start_utc=_begins("start", period)).agg(
        failover_count=pl.len().cast(pl.Int64)
    )
    lasted = (
        split_by_hour(merged(episodes, ["site_id"]))
        .group_by("site_id", period_start_utc=begins)
        .agg(failover_minutes=minutes(pl.col("start"), pl.col("end")).sum())
    )
    known = pl.col("site_up_minutes") + pl.col("site_outage_minutes")
    found = (
        hours.join(began, on=_KEY, how="left")
        .join(lasted, on=_KEY, how="left")
        .with_columns(
            pl.when(known > 0).then(pl.col(c).fill_null(0)).otherwise(c).alias(c)
            for c in ("failover_count", "failover_minutes")
        )
        .with_columns(
            period=pl.lit(period),
            total_minutes=pl.sum_horizontal(_MINUTES),
            site_availability_pct=pl.when(known > 0).then(100 * pl.col("site_up_minutes") / known),
        )
    )
    return AGG_SITE_PERIOD.conform(found).sort(AGG_SITE_PERIOD.key)


def primary_secondary(
    hourly: Iterable[pl.LazyFrame], period: str, start: datetime, end: datetime
) -> pl.LazyFrame:
    """`rpt_primary_secondary` of the periods that begin in [start, end), sorted by its key.

    `hourly`: fact_circuit_hour in parts, each of later hours than the one before, read one by one. Figures as in
    `period_figures`, pooled over the circuit hours of each role; columns of a role that a site lacks are null.
    """
    begins = _begins("hour_utc", period)
    parts = [_role_sums(part.filter(begins.is_between(start, end, closed="left")), begins) for part in hourly]
    if not parts:
        return RPT_PRIMARY_SECONDARY.empty().lazy()
    pooled = completed(_role_figures(pl.concat(parts).lazy()))
    found = pooled.group_by(_KEY).agg(pl.col("region").max()).with_columns(period=pl.lit(period))
    for role in ROLES:
        of_role = pooled.filter(pl.col("role") == role).drop("role", "region")
        found = found.join(
            of_role.select(*_KEY, pl.exclude(_KEY).name.prefix(f"{role}_")), on=_KEY, how="left"
        )
    return RPT_PRIMARY_SECONDARY.conform(found).sort(RPT_PRIMARY_SECONDARY.key)


def _role_sums(hours: pl.LazyFrame, begins: pl.Expr) -> pl.DataFrame:
    """Of each circuit of a role what can be added to that of other hours: sums, counts of known values, maxima."""
    told = hours.with_columns(acting_role("site_id", "hour_utc")).filter(pl.col("role").is_not_null())
    return (
        told.group_by("site_id", "role", "circuit_id", period_start_utc=begins)
        .agg(
            pl.col("region").sort_by("hour_utc").last(),
            pl.col(SUMMED).sum(),
            pl.col(SUMMED).count().name.prefix("_known_"),
            *(value.max().alias(f"_max_{measure}") for measure, value in GREATEST.items()),
        )
        .sort("circuit_id", "role", "period_start_utc")  # a sum in another order has another last digit
        .collect()
    )


def _role_figures(sums: pl.LazyFrame) -> pl.LazyFrame:
    """Figures of each site, period and role; a mean is over the hours that have the value."""
    counted = (f"_known_{c}" for c in SUMMED)
    pooled = sums.group_by(*_KEY, "role", maintain_order=True).agg(
        pl.col("region").last(),
        pl.col("circuit_id").n_unique().cast(pl.Int64).alias("circuit_count"),
        pl.col(SUMMED).sum(),
        pl.col(*counted).sum(),
        *(pl.col(f"_max_{m}").max().alias(measure_column(m, "max")) for m in MEASURES),
    )
    known = pooled.with_columns(pl.when(pl.col(f"_known_{c}") > 0).then(c).alias(c) for c in SUMMED)
    return known.with_columns(
        *(
            (pl.col(value_column(m)) / pl.col(f"_known_{value_column(m)}")).alias(measure_column(m, "avg"))
            for m in MEASURES
        ),
        observed_hours=pl.col("_known_utilization_pct").cast(pl.Int64),
    )


def failover_readiness(site_hours: pl.LazyFrame, start: datetime, end: datetime) -> pl.LazyFrame:
    """`rpt_failover_readiness` of the months that begin in [start, end), sorted by its key.

    `site_hours`: fact_site_hour. Every hour of a site is ready, not ready or unknown; ready_pct is over the known
    ones. Load figures are over the hours in which the best backup's load is known.
    """
    begins = _begins("hour_utc", "month")
    can, load = pl.col("backup_can_carry"), pl.col("backup_load_pct")
    by_link = (pl.col("backup_bandwidth_source") == "link") & can.is_not_null()
    backup = pl.col("backup_circuit_id").drop_nulls()
    found = (
        site_hours.filter(begins.is_between(start, end, closed="left"))
        .sort("site_id", "hour_utc")
        .group_by("site_id", period_start_utc=begins, maintain_order=True)
        .agg(
            pl.col("region").last(),
            ready_hours=can.sum().cast(pl.Int64),
            not_ready_hours=(~can).sum().cast(pl.Int64),
            unknown_hours=can.null_count().cast(pl.Int64),
            total_hours=pl.len().cast(pl.Int64),
            link_speed_hours=by_link.sum().cast(pl.Int64),
            backup_load_max_pct=load.max(),
            backup_load_p95_pct=load.quantile(PERCENTILE, interpolation="linear"),
            backup_circuit_id=backup.mode().sort().first(),
        )
        .with_columns(
            month=pl.col("period_start_utc").dt.strftime("%Y-%m"),
            ready_pct=100 * pl.col("ready_hours") / _known_hours(),
        )
    )
    return RPT_FAILOVER_READINESS.conform(found).sort(RPT_FAILOVER_READINESS.key)


def _known_hours() -> pl.Expr:
    """Ready and not ready hours; null instead of 0."""
    known = pl.col("ready_hours") + pl.col("not_ready_hours")
    return pl.when(known > 0).then(known)
