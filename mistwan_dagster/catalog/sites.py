"""Tables of whole sites: hours, periods, primary against secondary, failover readiness. Declarations only."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from mistwan_dagster.catalog.aggregates import PERIOD_COLUMNS
from mistwan_dagster.catalog.columns import (
    HOUR_UTC,
    INSTANT,
    QUALITY_MEASURES,
    REGION,
    SITE_ID,
    Column,
    minutes_columns,
    statistic_columns,
)
from mistwan_dagster.catalog.table import Table

MONTH_COLUMNS = (
    Column("month", pl.String, "UTC month, for example 2025-01", nullable=False),
    Column("period_start_utc", INSTANT, "start of the month", nullable=False),
)


def _site_minutes(high: float | None) -> tuple[Column, ...]:
    return (
        Column("site_up_minutes", pl.Float64, "minutes in which a circuit was surely up", "min", 0, high),
        Column(
            "site_outage_minutes",
            pl.Float64,
            "minutes in which every circuit was known to be down or unreachable",
            "min",
            0,
            high,
        ),
        Column(
            "site_unknown_minutes",
            pl.Float64,
            "minutes in which neither is known; up + outage + unknown are all minutes",
            "min",
            0,
            high,
        ),
    )


FACT_SITE_HOUR = Table(
    "fact_site_hour",
    "A site in one hour: which circuit carried it, how full that one was, whether the site was cut off, and whether "
    "a backup could have carried everything",
    "site x hour",
    ("site_id", "hour_utc"),
    (
        SITE_ID,
        HOUR_UTC,
        REGION,
        Column("circuit_count", pl.Int64, "circuits with a row in the hour", "", 0),
        Column(
            "active_circuit_id",
            pl.String,
            "circuit that carried the site's traffic for most of the hour; null when unknown",
        ),
        Column(
            "active_evidence",
            pl.String,
            "seen: snapshots or events told it; inferred: the primary was up, or another was while it was down",
            allowed=("seen", "inferred"),
        ),
        Column("utilization_pct", pl.Float64, "utilization of the active circuit", "%", 0),
        Column("primary_circuit_id", pl.String, "the primary; the first by id of several"),
        Column("primary_utilization_pct", pl.Float64, "utilization of the primary", "%", 0),
        *_site_minutes(60),
        Column(
            "backup_circuit_id", pl.String, "secondary that would have been loaded least; null when unknown"
        ),
        Column(
            "backup_load_pct",
            pl.Float64,
            "what primaries and backup carried, against the backup's capacity, in the fuller direction; "
            "null without traffic or bandwidth of any of them",
            "%",
            0,
        ),
        Column(
            "backup_can_carry",
            pl.Boolean,
            "whether a secondary that was up had room: load below 100; null when that cannot be told",
        ),
        Column(
            "backup_bandwidth_source",
            pl.String,
            "where the backup's bandwidth comes from; link speed is no contract",
            allowed=("file", "shaping", "link"),
        ),
    ),
    span="hour_utc",
)

AGG_SITE_PERIOD = Table(
    "agg_site_period",
    "A site in a UTC day, ISO week or month: traffic of the active circuit, failovers, time cut off",
    "site x period",
    ("site_id", "period", "period_start_utc"),
    (
        SITE_ID,
        REGION,
        *PERIOD_COLUMNS,
        *statistic_columns(
            ("utilization",), ("avg", "max", "p95"), "of the active circuit (p95: linear interpolation)"
        ),
        Column("observed_hours", pl.Int64, "hours with a utilization of the active circuit", "h", 0),
        Column(
            "failover_count",
            pl.Int64,
            "failovers that began in the period; null when the site was not observed",
            "",
            0,
        ),
        Column(
            "failover_minutes",
            pl.Float64,
            "minutes of the period on another circuit than the primary; null when the site was not observed",
            "min",
            0,
        ),
        *_site_minutes(None),
        Column("total_minutes", pl.Float64, "up + outage + unknown minutes", "min", 0),
        Column(
            "site_availability_pct",
            pl.Float64,
            "100 * up / (up + outage) minutes; null when both are 0",
            "%",
            0,
            100,
        ),
    ),
    span="period_start_utc",
)


def _role_columns(role: str) -> tuple[Column, ...]:
    figures = (
        Column("circuit_count", pl.Int64, "circuits", "", 0),
        *statistic_columns(("utilization",), ("avg", "max"), "over the observed hours"),
        *statistic_columns(QUALITY_MEASURES, ("avg", "max"), "over the hours observed"),
        Column("availability_pct", pl.Float64, "100 * up / (up + down) minutes", "%", 0, 100),
        Column("flap_count", pl.Int64, "link transitions", "", 0),
        Column("observed_hours", pl.Int64, "circuit hours with a utilization", "h", 0),
        *minutes_columns(None),
    )
    meaning = {"primary": "primary", "secondary": "secondaries, pooled"}[role]
    return tuple(replace(c, name=f"{role}_{c.name}", meaning=f"{c.meaning} ({meaning})") for c in figures)


RPT_PRIMARY_SECONDARY = Table(
    "rpt_primary_secondary",
    "The primary of a site against its secondaries; circuits of unknown role are in neither",
    "site x period",
    ("site_id", "period", "period_start_utc"),
    (SITE_ID, REGION, *PERIOD_COLUMNS, *_role_columns("primary"), *_role_columns("secondary")),
    span="period_start_utc",
)

RPT_FAILOVER_READINESS = Table(
    "rpt_failover_readiness",
    "In how many hours of a month a backup could have carried primary and own traffic",
    "site x month",
    ("site_id", "period_start_utc"),
    (
        SITE_ID,
        REGION,
        *MONTH_COLUMNS,
        Column("ready_hours", pl.Int64, "hours in which a backup had room for everything", "h", 0),
        Column("not_ready_hours", pl.Int64, "hours in which no backup had", "h", 0),
        Column("unknown_hours", pl.Int64, "hours in which that cannot be told", "h", 0),
        Column("total_hours", pl.Int64, "ready + not ready + unknown hours", "h", 0),
        Column(
            "ready_pct",
            pl.Float64,
            "100 * ready / (ready + not ready) hours; null when both are 0",
            "%",
            0,
            100,
        ),
        Column("link_speed_hours", pl.Int64, "hours judged by link speed, which is no contract", "h", 0),
        Column("backup_load_max_pct", pl.Float64, "highest load that a backup would have had", "%", 0),
        Column(
            "backup_load_p95_pct", pl.Float64, "95th percentile of that load (linear interpolation)", "%", 0
        ),
        Column("backup_circuit_id", pl.String, "backup that was the best one in most hours"),
    ),
    span="period_start_utc",
)
