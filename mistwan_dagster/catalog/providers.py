"""Tables about internet providers: outages as evidence, scorecard, carrier incidents. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import (
    CIRCUIT_ID,
    INSTANT,
    NONE,
    QUALITY_MEASURES,
    REGION,
    SITE_ID,
    Column,
    minutes_columns,
    statistic_columns,
)
from mistwan_dagster.catalog.sites import MONTH_COLUMNS
from mistwan_dagster.catalog.table import Table

PROVIDER = Column("provider", pl.String, f"internet provider, `{NONE}` when unknown", nullable=False)

RPT_SLA_OUTAGE = Table(
    "rpt_sla_outage",
    "Outages as evidence for a provider: what was seen, what was not, and what a maintenance window excludes",
    "circuit x kind x start",
    ("circuit_id", "kind", "start_utc"),
    (
        PROVIDER,
        SITE_ID,
        Column("site_name", pl.String, "name of the site in Mist"),
        REGION,
        CIRCUIT_ID,
        Column("wan_name", pl.String, "name of the WAN interface"),
        Column("month", pl.String, "UTC month in which it began, for example 2025-01", nullable=False),
        Column("start_utc", INSTANT, "first instant of the outage", nullable=False),
        Column("end_utc", INSTANT, "first instant after it; null while it lasts"),
        Column("kind", pl.String, "link or reachability", nullable=False, allowed=("link", "reachability")),
        Column(
            "evidence",
            pl.String,
            "what tells its start: an event, a snapshot, or inference between two",
            allowed=("event", "snapshot", "inferred"),
        ),
        Column("lasted_minutes", pl.Float64, "length, so far when it lasts", "min", 0),
        Column(
            "unknown_minutes", pl.Float64, "part of it that was not observed, bridged by both ends", "min", 0
        ),
        Column("excluded_minutes", pl.Float64, "part of it inside maintenance windows", "min", 0),
        Column("counted_minutes", pl.Float64, "lasted - excluded minutes", "min", 0),
        Column(
            "excluded_reason", pl.String, "reasons of the maintenance windows that touch it; null without one"
        ),
        Column(
            "incident_start_utc",
            INSTANT,
            "start of the carrier incident that it is part of; null for a fault of one site",
        ),
    ),
)

RPT_PROVIDER_SCORECARD = Table(
    "rpt_provider_scorecard",
    "A provider in a month, pooled over its circuits, without the time inside maintenance windows; hours that a "
    "window touches are left out of flaps and quality",
    "provider x month",
    ("provider", "period_start_utc"),
    (
        PROVIDER,
        *MONTH_COLUMNS,
        Column("circuit_count", pl.Int64, "circuits with an hour in the month", "", 0),
        Column("site_count", pl.Int64, "sites of these circuits", "", 0),
        *minutes_columns(None),
        Column("excluded_minutes", pl.Float64, "circuit minutes inside maintenance windows", "min", 0),
        Column("total_minutes", pl.Float64, "up + down + unknown + excluded minutes", "min", 0),
        Column(
            "unreachable_minutes",
            pl.Float64,
            "part of the up minutes in which the provider did not answer",
            "min",
            0,
        ),
        Column(
            "availability_pct",
            pl.Float64,
            "100 * up / (up + down) minutes; null when both are 0",
            "%",
            0,
            100,
        ),
        Column(
            "service_availability_pct",
            pl.Float64,
            "100 * (up - unreachable) / (up + down) minutes; null when both are 0",
            "%",
            0,
            100,
        ),
        Column(
            "outage_count",
            pl.Int64,
            "outages that began in the month and do not lie all in maintenance",
            "",
            0,
        ),
        Column("outage_open_count", pl.Int64, "of these, outages that still last", "", 0),
        *(
            Column(
                f"restore_{s}_minutes",
                pl.Float64,
                f"{words} time to restore, over the outages that ended, without excluded minutes",
                "min",
                0,
            )
            for s, words in (("mean", "mean"), ("median", "median"), ("max", "longest"))
        ),
        Column("flap_count", pl.Int64, "link transitions", "", 0),
        *statistic_columns(QUALITY_MEASURES, ("avg", "max"), "over the circuit hours observed"),
        Column("quality_hours", pl.Int64, "circuit hours with a quality figure", "h", 0),
        Column("incident_count", pl.Int64, "carrier incidents that began in the month", "", 0),
    ),
    span="period_start_utc",
)

RPT_CARRIER_INCIDENT = Table(
    "rpt_carrier_incident",
    "Circuits of one provider in one area down or degraded together, at two sites or more",
    "provider x area x start",
    ("provider", "area", "start_utc"),
    (
        PROVIDER,
        Column("area", pl.String, "region, or `around <site>` where coordinates are known", nullable=False),
        Column("start_utc", INSTANT, "enough circuits were hit from here on", nullable=False),
        Column("end_utc", INSTANT, "no longer enough; null while it lasts"),
        Column("duration_minutes", pl.Float64, "length; null while it lasts", "min", 0),
        Column(
            "kind",
            pl.String,
            "down, degraded (quality severity), or mixed",
            allowed=("down", "degraded", "mixed"),
        ),
        Column("circuit_count", pl.Int64, "circuits hit in it", "", 0),
        Column("site_count", pl.Int64, "sites of these circuits", "", 0),
        Column("peak_circuit_count", pl.Int64, "most circuits hit at one time", "", 0),
        Column("area_circuit_count", pl.Int64, "circuits of the provider in the area", "", 0),
        Column(
            "unobserved_circuit_count",
            pl.Int64,
            "of these, circuits of which nothing was known in its hours",
            "",
            0,
        ),
        Column("peak_share_pct", pl.Float64, "100 * peak / circuits in the area", "%", 0, 100),
    ),
)
