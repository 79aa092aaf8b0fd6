"""Outages as evidence for a provider: what was seen, what was not, what maintenance excludes.

Belongs here: adding up the parts of an outage. Does not belong here: finding outages (`outages.py`), pooling them
(`provider_scorecard.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, NONE
from mistwan_dagster.catalog.tables import RPT_SLA_OUTAGE
from mistwan_dagster.kpi.stretches import minutes, shared
from mistwan_dagster.kpi.versions import in_force

_KEY = ["circuit_id", "kind", "start_utc"]


def sla_outages(
    outages: pl.LazyFrame,
    maintenance: pl.LazyFrame,
    incidents: pl.LazyFrame,
    areas: pl.LazyFrame,
    dim_circuit: pl.LazyFrame,
    dim_site: pl.LazyFrame,
    observed_until: datetime,
) -> pl.LazyFrame:
    """`rpt_sla_outage` of all `outages` (fact_circuit_outage), sorted by its key.

    `maintenance`: circuit_id, start, end, reason, disjoint per circuit. `incidents`: rpt_carrier_incident, `areas`:
    circuit_id, provider, area. Dimensions: all versions; provider and names are those in force when it began.

    lasted: end (or `observed_until`) - start. excluded: what lies in maintenance. counted: lasted - excluded. An
    outage is part of the first carrier incident of its provider and area that it overlaps.
    """
    until = pl.lit(observed_until).cast(INSTANT)
    spans = outages.with_columns(start="start_utc", end=pl.coalesce("end_utc", until)).filter(
        pl.col("end") > pl.col("start")
    )
    span = spans.select(*_KEY, "start", "end")
    lasts = minutes(pl.col("start"), pl.col("end"))
    planned = shared(span, maintenance, ["circuit_id"]).group_by(_KEY).agg(excluded_minutes=lasts.sum())
    rows = (
        spans.with_columns(hour_utc=pl.col("start").dt.truncate("1h"))
        .join(planned, on=_KEY, how="left")
        .join(_reasons(span, maintenance), on=_KEY, how="left")
        .join(_incident(span, incidents, areas, until), on=_KEY, how="left")
    )
    named = _named(rows, dim_circuit, dim_site).with_columns(
        pl.col("excluded_minutes").fill_null(0.0),
        month=pl.col("start_utc").dt.strftime("%Y-%m"),
        lasted_minutes=lasts,
    )
    counted = (pl.col("lasted_minutes") - pl.col("excluded_minutes")).clip(lower_bound=0)
    return RPT_SLA_OUTAGE.conform(named.with_columns(counted_minutes=counted)).sort(RPT_SLA_OUTAGE.key)


def _reasons(span: pl.LazyFrame, maintenance: pl.LazyFrame) -> pl.LazyFrame:
    windows = maintenance.select("circuit_id", "reason", _start="start", _end="end")
    touched = span.join(windows, on="circuit_id").filter(
        (pl.col("_start") < pl.col("end")) & (pl.col("_end") > pl.col("start"))
    )
    return touched.group_by(_KEY).agg(excluded_reason=pl.col("reason").unique().sort().str.join("; "))


def _incident(
    span: pl.LazyFrame, incidents: pl.LazyFrame, areas: pl.LazyFrame, until: pl.Expr
) -> pl.LazyFrame:
    told = incidents.select("provider", "area", _start="start_utc", _end=pl.coalesce("end_utc", until))
    place = areas.select("circuit_id", "provider", "area")
    touched = (
        span.join(place, on="circuit_id")
        .join(told, on=["provider", "area"])
        .filter((pl.col("_start") < pl.col("end")) & (pl.col("_end") > pl.col("start")))
    )
    return touched.group_by(_KEY).agg(incident_start_utc=pl.col("_start").min())


def _named(rows: pl.LazyFrame, dim_circuit: pl.LazyFrame, dim_site: pl.LazyFrame) -> pl.LazyFrame:
    hours = rows.select("hour_utc").unique()
    circuits = in_force(dim_circuit, hours, "circuit_id").select(
        "circuit_id", "hour_utc", "provider", "wan_name"
    )
    sites = in_force(dim_site, hours, "site_id").select("site_id", "hour_utc", "site_name", "region")
    return (
        rows.join(circuits, on=["circuit_id", "hour_utc"], how="left")
        .join(sites, on=["site_id", "hour_utc"], how="left")
        .with_columns(pl.col("provider", "region").fill_null(NONE))
    )
