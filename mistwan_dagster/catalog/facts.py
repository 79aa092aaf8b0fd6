"""Fact tables: hourly figures, outages, failovers, events. Declarations only."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from mistwan_dagster.catalog.columns import (
    ACTIVE_STATE,
    CIRCUIT_ID,
    DEVICE_MAC,
    HOUR_UTC,
    INSTANT,
    MEASURES,
    NODE,
    PORT_ID,
    QUALITY_MEASURES,
    REGION,
    ROLE,
    SEVERITIES,
    SITE_ID,
    Column,
    minutes_columns,
    statistic_columns,
)
from mistwan_dagster.catalog.table import Table

SOURCE = Column(
    "source", pl.String, "where the traffic figures come from", allowed=("live", "insights_1h", "import")
)
SEVERITY_COLUMNS = (
    *(
        Column(
            f"{m}_severity",
            pl.String,
            f"level that the hour's {words} reaches; null when unknown",
            allowed=SEVERITIES,
        )
        for m, (_, words) in MEASURES.items()
    ),
    Column("severity", pl.String, "worst of the four; null when all are unknown", allowed=SEVERITIES),
)

FACT_CIRCUIT_HOUR = Table(
    "fact_circuit_hour",
    "The KPIs of one circuit in one hour; hours in which a port was disabled throughout have no row",
    "site x circuit x hour",
    ("site_id", "circuit_id", "hour_utc"),
    (
        SITE_ID,
        CIRCUIT_ID,
        HOUR_UTC,
        REGION,
        ROLE,
        Column("rx_bytes", pl.Float64, "bytes received in the covered seconds", "B", 0),
        Column("tx_bytes", pl.Float64, "bytes sent in the covered seconds", "B", 0),
        Column(
            "utilization_pct",
            pl.Float64,
            "100 * max(rx / down capacity, tx / up capacity); null without bandwidth or traffic; "
            "may exceed 100",
            "%",
            0,
        ),
        Column("utilization_peak_pct", pl.Float64, "highest utilization of one sampling interval", "%", 0),
        *minutes_columns(60),
        Column(
            "reachable_minutes",
            pl.Float64,
            "minutes the link was up and the provider answered (ARP, DHCP or a peer path); "
            "null without any such evidence",
            "min",
            0,
            60,
        ),
        Column(
            "status_hourly",
            pl.String,
            "Up when up in any part of the hour, Down when down and never up, else Unknown",
            allowed=("Up", "Down", "Unknown"),
        ),
        Column("flap_count", pl.Int64, "link transitions in the hour, folded repeats counted", "", 0),
        *statistic_columns(
            QUALITY_MEASURES,
            ("avg", "max", "p95"),
            "of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)",
        ),
        Column("quality_sample_count", pl.Int64, "samples behind the quality figures", "", 0),
        *SEVERITY_COLUMNS,
        Column("counter_reset", pl.Boolean, "a counter reset makes the bytes a lower bound"),
        Column("coverage_pct", pl.Float64, "share of the hour that the traffic figures cover", "%", 0, 100),
        SOURCE,
        ACTIVE_STATE,
    ),
    span="hour_utc",
)

PATH_KEY_COLUMNS = (
    DEVICE_MAC.required(),
    Column("node", pl.String, "node of an HA cluster, empty otherwise", nullable=False),
    PORT_ID.required(),
    Column("peer_mac", pl.String, "MAC of the peer", nullable=False),
    Column("peer_port_id", pl.String, "port of the peer, empty when not told", nullable=False),
    Column("vpn_name", pl.String, "name of the VPN, empty when not told", nullable=False),
)

FACT_PATH_HOUR = Table(
    "fact_path_hour",
    "Quality of one overlay path in one hour, over its up samples",
    "peer path x hour",
    (*(c.name for c in PATH_KEY_COLUMNS), "hour_utc"),
    (
        SITE_ID,
        Column("circuit_id", pl.String, "circuit that carries the path; null when its port matches none"),
        *PATH_KEY_COLUMNS,
        Column("peer_router_name", pl.String, "name of the peer"),
        HOUR_UTC,
        *statistic_columns(QUALITY_MEASURES, ("avg", "max", "p95"), "of the path's up samples"),
        Column("mos_avg", pl.Float64, "mean opinion score", "", 0, 5),
        Column("up_pct", pl.Float64, "share of samples in which the path was up", "%", 0, 100),
        Column(
            "active_pct", pl.Float64, "share of samples in which the path carried the traffic", "%", 0, 100
        ),
        Column("sample_count", pl.Int64, "samples with a new source time", "", 0),
    ),
    span="hour_utc",
)

FACT_CIRCUIT_OUTAGE = Table(
    "fact_circuit_outage",
    "Stretches in which a circuit was down (link) or up but unreachable (reachability)",
    "circuit x kind x start",
    ("circuit_id", "kind", "start_utc"),
    (
        SITE_ID,
        CIRCUIT_ID,
        Column("start_utc", INSTANT, "first instant of the outage", nullable=False),
        Column("end_utc", INSTANT, "first instant after it; null while it lasts"),
        Column("kind", pl.String, "link or reachability", nullable=False, allowed=("link", "reachability")),
        Column(
            "evidence",
            pl.String,
            "what tells its start: an event, a snapshot, or inference between two",
            nullable=False,
            allowed=("event", "snapshot", "inferred"),
        ),
        Column("duration_minutes", pl.Float64, "length; null while it lasts", "min", 0),
        Column(
            "unknown_minutes",
            pl.Float64,
            "part of it (so far, while it lasts) that was not observed but lies between observed parts",
            "min",
            0,
        ),
    ),
)

FACT_FAILOVER = Table(
    "fact_failover",
    "Episodes in which a site's traffic ran over another circuit because its primary was down or steered away",
    "site x start",
    ("site_id", "start_utc", "from_circuit_id"),
    (
        SITE_ID,
        Column("start_utc", INSTANT, "the primary stopped carrying the traffic", nullable=False),
        Column("end_utc", INSTANT, "the primary carried it again; null while the failover lasts"),
        Column("from_circuit_id", pl.String, "the primary", nullable=False),
        Column("to_circuit_id", pl.String, "the circuit that took over", nullable=False),
        Column(
            "cause",
            pl.String,
            "why: the primary's link was down, it was unreachable, or traffic was steered",
            allowed=("link_down", "unreachable", "steered"),
        ),
        Column("duration_minutes", pl.Float64, "length; null while it lasts", "min", 0),
        *statistic_columns(QUALITY_MEASURES, ("avg",), "of the backup during the failover"),
        Column(
            "quality_sample_count",
            pl.Int64,
            "samples in the failover behind these means; null when they come from the cloud's hourly history",
            "",
            0,
        ),
        *(
            replace(c, name=f"{prefix}_{c.name}")
            for prefix, over in (
                ("norm", "of the backup over the hours of the 7 days before: its own norm"),
                ("primary", "of the primary over the 24 hours before"),
            )
            for c in statistic_columns(QUALITY_MEASURES, ("avg",), over)
        ),
    ),
)

FACT_DEVICE_EVENT = Table(
    "fact_device_event",
    "Device events of gateways as Mist told them, each once",
    "event",
    ("device_mac", "event_type", "locator", "event_utc"),
    (
        SITE_ID,
        DEVICE_MAC.required(),
        Column("event_type", pl.String, "Mist event type, for example GW_PORT_DOWN", nullable=False),
        Column(
            "locator",
            pl.String,
            "port id, else the event's text, else empty (part of the natural key)",
            nullable=False,
        ),
        Column("event_utc", INSTANT, "instant of the event", nullable=False),
        Column("circuit_id", pl.String, "circuit that it concerns; null when none or ambiguous"),
        NODE,
        Column("event_count", pl.Int64, "repeats folded into the row", "", 1),
        Column("text", pl.String, "text of the event"),
        HOUR_UTC,
    ),
    span="hour_utc",
)
