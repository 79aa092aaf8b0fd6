"""Tables of what changes seldom or is read on demand: organization, vocabularies, configured ports, gateways in
detail; and the use of the API. Declarations only.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.alarm_tables import READ_UTC
from mistwan_dagster.catalog.columns import DEVICE_MAC, HOUR_UTC, INSTANT, PORT_ID, SITE_ID, Column
from mistwan_dagster.catalog.table import Table

DIM_ORG = Table(
    "dim_org",
    "The organization",
    "organization",
    ("org_id",),
    (
        Column("org_id", pl.String, "Mist organization id", nullable=False),
        Column("org_name", pl.String, "its name"),
        Column("msp_name", pl.String, "managed service provider; null without one"),
        Column("created_utc", INSTANT, "when it was created"),
        Column("modified_utc", INSTANT, "when its settings were last changed"),
        READ_UTC,
    ),
)

DIM_VOCABULARY = Table(
    "dim_vocabulary",
    "Names that Mist uses, by kind: alarms, device events, insight metrics",
    "kind x name",
    ("kind", "name"),
    (
        Column(
            "kind", pl.String, "what is named", nullable=False, allowed=("alarm", "event", "insight_metric")
        ),
        Column("name", pl.String, "type of the alarm or event, or name of the metric", nullable=False),
        Column("display", pl.String, "words for people; null when Mist has none"),
        Column("vocabulary_group", pl.String, "group as Mist says"),
        Column("severity", pl.String, "severity of an alarm"),
        Column("unit", pl.String, "unit of a metric"),
        Column("history_hours", pl.Float64, "longest that Mist keeps a metric's bins", "h", 0),
        READ_UTC,
    ),
)

DIM_PORT_CONFIG = Table(
    "dim_port_config",
    "Configured ports of gateways, for sites that were read on demand",
    "gateway x configured port",
    ("device_mac", "port_id"),
    (
        SITE_ID,
        DEVICE_MAC.required(),
        PORT_ID.required(),
        Column("port_usage", pl.String, "wan or lan as configured"),
        Column("wan_name", pl.String, "name of the WAN interface"),
        Column("wan_type", pl.String, "broadband, dsl or lte"),
        Column("is_disabled", pl.Boolean, "true when switched off by configuration"),
        Column("is_critical", pl.Boolean, "true when the port raises gw_critical_port_down"),
        Column("shaping_up_mbps", pl.Float64, "upload limit that is configured", "Mbps", 0),
        Column("vpn_preference", pl.Int64, "lowest preference among its VPN paths; lower is preferred"),
        READ_UTC,
    ),
)

DIM_GATEWAY_DETAIL = Table(
    "dim_gateway_detail",
    "Gateways in detail as last read, for sites that were read on demand",
    "gateway",
    ("device_mac",),
    (
        SITE_ID,
        DEVICE_MAC.required(),
        Column("device_name", pl.String, "name of the gateway"),
        Column("model", pl.String, "model"),
        Column("version", pl.String, "software version"),
        Column("status", pl.String, "connected or disconnected"),
        Column("last_seen_utc", INSTANT, "last contact with the cloud"),
        Column("uptime_hours", pl.Float64, "since boot, at the last contact", "h", 0),
        Column("cpu_used_pct", pl.Float64, "processor use at the last contact", "%"),
        Column("memory_used_pct", pl.Float64, "memory use at the last contact", "%"),
        Column("config_status", pl.String, "state of the configuration as Mist says"),
        READ_UTC,
    ),
)

FACT_API_USAGE = Table(
    "fact_api_usage",
    "Calls of the API token, by every program that uses it, as Mist counted them when it was asked in an hour",
    "hour",
    ("hour_utc",),
    (
        HOUR_UTC,
        Column("request_count", pl.Int64, "calls of the hour so far", "", 0),
        Column("request_limit", pl.Int64, "calls that the token may make in an hour", "", 0),
        READ_UTC,
    ),
    span="hour_utc",
)
