"""Sites, providers and business hours from the lake: reads, calls pure functions, replaces partitions. No Dagster."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.tables import (
    AGG_SITE_PERIOD,
    BUSINESS_TABLES,
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_FAILOVER,
    FACT_SITE_HOUR,
    RPT_CARRIER_INCIDENT,
    RPT_FAILOVER_READINESS,
    RPT_PRIMARY_SECONDARY,
    RPT_PROVIDER_SCORECARD,
    RPT_SLA_OUTAGE,
)
from mistwan_dagster.kpi.areas import circuit_areas, with_past_circuits
from mistwan_dagster.kpi.business_hours import business_period_figures, with_opening
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.kpi.carrier_incidents import FRESH, carrier_incidents
from mistwan_dagster.kpi.maintenance import maintenance_spans
from mistwan_dagster.kpi.provider_scorecard import provider_scorecard
from mistwan_dagster.kpi.site_hours import site_hours
from mistwan_dagster.kpi.site_periods import failover_readiness, primary_secondary, site_periods
from mistwan_dagster.kpi.sla import sla_outages
from mistwan_dagster.kpi.versions import in_force
from mistwan_dagster.orchestration.episodes import recompute_from, replace_recent, whole_table
from mistwan_dagster.orchestration.hourly import (
    CHUNK,
    DOWN_PIECES,
    SIGHTINGS,
    STATUS,
    dim_circuit,
    dim_site,
    observed_until,
)
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.rollups import Figures, hourly_by_days, replace_periods

NO_STATUS = {"circuit_id": pl.String, "hour_utc": pl.Datetime("us", "UTC"), "disabled_minutes": pl.Float64}
NO_PIECES = {
    "circuit_id": pl.String,
    "kind": pl.String,
    **dict.fromkeys(("start", "end", "hour_utc"), pl.Datetime("us", "UTC")),
}
NO_SIGHTINGS = {
    "circuit_id": pl.String,
    "active": pl.Boolean,
    "is_event": pl.Boolean,
    "hour_utc": pl.Datetime("us", "UTC"),
}


def _hours(platform: Platform, name: str, start: datetime, end: datetime, schema: dict) -> pl.LazyFrame:
    frame = platform.kpi.scan_hours(name, start, end)
    return pl.LazyFrame(schema=schema) if frame is None else frame.select(*schema)


def compute_site_hours(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace `fact_site_hour` for the span; returns rows."""
    rows, begin = 0, start
    circuits = dim_circuit(platform).lazy()
    while begin < end:
        until = min(begin + CHUNK, end)
        facts = _hours(platform, FACT_CIRCUIT_HOUR.name, begin, until, FACT_CIRCUIT_HOUR.schema)
        found = site_hours(
            facts,
            in_force(circuits, facts.select("hour_utc").unique(), "circuit_id"),
            _hours(platform, STATUS, begin, until, NO_STATUS),
            _hours(platform, DOWN_PIECES, begin, until, NO_PIECES),
            _hours(platform, SIGHTINGS, begin, until, NO_SIGHTINGS),
        ).collect(engine="in-memory")
        rows += platform.kpi.write_hours(FACT_SITE_HOUR.name, found, begin, until)
        begin = until
    return rows


def compute_carrier_incidents(platform: Platform, since: datetime | None) -> int:
    """Replace `rpt_carrier_incident` from `since` less the look-back on; returns rows.

    It begins where the earliest incident began that was not over by then, so that none is cut.
    """
    until, begin = observed_until(platform), recompute_from(since)
    over = (pl.col("end_utc") < begin).fill_null(False)
    earliest = whole_table(platform, RPT_CARRIER_INCIDENT).filter(~over)["start_utc"].min()
    first = min(begin, earliest) if isinstance(earliest, datetime) else begin
    recent = pl.col("end_utc").is_null() | (pl.col("end_utc") >= first - FRESH)
    found = carrier_incidents(
        whole_table(platform, FACT_CIRCUIT_OUTAGE).filter(recent).lazy(),
        _hours(platform, FACT_CIRCUIT_HOUR.name, first - FRESH, until, FACT_CIRCUIT_HOUR.schema),
        circuit_areas(
            dim_circuit(platform), dim_site(platform), platform.settings.mistwan_incident_radius_km
        ),
        platform.incident_rule,
        until,
    ).collect(engine="in-memory")
    late = pl.col("end_utc").is_null() | (pl.col("end_utc") >= begin)
    return replace_recent(platform, RPT_CARRIER_INCIDENT, found.filter(late), begin)


def compute_sla_outages(platform: Platform, since: datetime | None) -> int:
    """Replace `rpt_sla_outage`: every outage, as the maintenance file tells it now; returns rows."""
    del since  # a window that is added later may lie anywhere
    circuits, sites = whole_table(platform, DIM_CIRCUIT), whole_table(platform, DIM_SITE)
    areas = circuit_areas(circuits, sites, platform.settings.mistwan_incident_radius_km)
    found = sla_outages(
        whole_table(platform, FACT_CIRCUIT_OUTAGE).lazy(),
        maintenance_spans(platform.maintenance, circuits, sites),
        whole_table(platform, RPT_CARRIER_INCIDENT).lazy(),
        with_past_circuits(areas, circuits).lazy(),
        circuits.lazy(),
        sites.lazy(),
        observed_until(platform),
    ).collect(engine="in-memory")
    platform.kpi.write(RPT_SLA_OUTAGE.name, found)
    return found.height


def compute_site_periods(platform: Platform, period: Period, start: datetime, end: datetime) -> int:
    """Replace the site figures of the periods of one kind that begin in [start, end); returns sites."""
    until_now = observed_until(platform)
    failovers = whole_table(platform, FACT_FAILOVER)

    def found(begin: datetime, until: datetime) -> Figures:
        hours = _hours(platform, FACT_SITE_HOUR.name, begin, until, FACT_SITE_HOUR.schema)
        going_on = pl.col("end_utc").is_null() | (pl.col("end_utc") > begin)
        touching = failovers.lazy().filter((pl.col("start_utc") < until) & going_on)
        hourly = hourly_by_days(platform, begin, until)
        tables = {
            AGG_SITE_PERIOD: site_periods(hours, touching, period, begin, until, until_now),
            RPT_PRIMARY_SECONDARY: primary_secondary(hourly, period, begin, until),
        }
        if period == "month":
            tables[RPT_FAILOVER_READINESS] = failover_readiness(hours, begin, until)
        return tables

    return replace_periods(platform, period, start, end, found)


def compute_business_periods(platform: Platform, period: Period, start: datetime, end: datetime) -> int:
    """Replace the business-hours figures of the periods that begin in [start, end); returns circuits."""

    def found(begin: datetime, until: datetime) -> Figures:
        days = hourly_by_days(platform, begin, until)
        hourly = (with_opening(day.collect().lazy(), platform.opening_hours) for day in days)
        figures = business_period_figures(hourly, period, begin, until, *BUSINESS_TABLES)
        return dict(zip(BUSINESS_TABLES, figures, strict=True))

    return replace_periods(platform, period, start, end, found)


def compute_provider_scorecards(platform: Platform, period: Period, start: datetime, end: datetime) -> int:
    """Replace `rpt_provider_scorecard` of the months that begin in [start, end); returns providers."""
    circuits = whole_table(platform, DIM_CIRCUIT)
    maintenance = maintenance_spans(platform.maintenance, circuits, whole_table(platform, DIM_SITE))
    named = circuits.lazy().select("circuit_id", "provider", "valid_from", "valid_to")

    def found(begin: datetime, until: datetime) -> Figures:
        facts = _hours(platform, FACT_CIRCUIT_HOUR.name, begin, until, FACT_CIRCUIT_HOUR.schema)
        scorecard = provider_scorecard(
            facts,
            in_force(named, facts.select("hour_utc").unique(), "circuit_id"),
            _hours(platform, DOWN_PIECES, begin, until, NO_PIECES),
            maintenance,
            whole_table(platform, RPT_SLA_OUTAGE).lazy(),
            whole_table(platform, RPT_CARRIER_INCIDENT).lazy(),
            begin,
            until,
        )
        return {RPT_PROVIDER_SCORECARD: scorecard}

    return replace_periods(platform, period, start, end, found)
