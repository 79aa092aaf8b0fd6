"""The organization itself, its use of the API, its WAN clients, and the cloud's vocabularies. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.endpoint import Body, Cadence, Endpoint, Field, Paging, Population, Scope, Shape

ORG = Endpoint(
    "org", "orgs.orgs.getOrg", "/api/v1/orgs/{org_id}", Paging.NONE, Shape.SNAPSHOT, ("id",),
    (
        Field("id", pl.String),
        Field("name", pl.String),
        Field("created_time", pl.Float64, "epoch seconds"),
        Field("modified_time", pl.Float64, "epoch seconds"),
        Field("msp_name", pl.String),
        Field("alarmtemplate_id", pl.String),
    ),
    "The organization", cadence=Cadence.HOUR, body=Body.OBJECT,
    optional=True,
)  # fmt: skip

API_USAGE = Endpoint(
    "api_usage", "self.usage.getSelfApiUsage", "/api/v1/self/usage", Paging.NONE, Shape.SNAPSHOT, ("requests",),
    (
        Field("requests", pl.Int64, "calls of this token in this clock hour, this one included"),
        Field("request_limit", pl.Int64, "calls an hour"),
        Field("seconds", pl.Float64, "seconds to the end of the hour; may be absent"),
    ),
    "Calls of this token in this hour, by every program that uses it",
    scope=Scope.CLOUD, cadence=Cadence.HOUR, body=Body.OBJECT,
    optional=True,
)  # fmt: skip

WAN_CLIENTS = Endpoint(
    "wan_clients", "orgs.wan_clients.searchOrgWanClients", "/api/v1/orgs/{org_id}/wan_clients/search",
    Paging.CURSOR, Shape.SNAPSHOT, ("wcid",),
    (
        Field("wcid", pl.String, "id of the client"),
        Field("mac", pl.String, "MAC of the client"),
        Field("site_id", pl.String),
        Field("network", pl.String),
        Field("mfg", pl.String, "manufacturer"),
        Field("ip_src", pl.String, "how it got its address"),
        Field("last_ip", pl.String),
        Field("last_hostname", pl.String),
        Field("timestamp", pl.Float64, "epoch seconds at which it was last seen"),
    ),
    "Clients behind WAN gateways, seen in the hour before; without any byte counters",
    arguments={"duration": "1h"}, newest_by="timestamp", cadence=Cadence.HOUR,
    population=Population.CLIENTS,
    optional=True,
)  # fmt: skip

INSIGHT_DEFINITIONS = Endpoint(
    "insight_definitions", "const.insight_metrics.listInsightMetrics", "/api/v1/const/insight_metrics",
    Paging.NONE, Shape.SNAPSHOT, ("key",),
    (
        Field("key", pl.String, "name of the metric"),
        Field("description", pl.String),
        Field("unit", pl.String),
        Field("type", pl.String),
        Field("scopes", pl.String, json=True),
        Field("intervals", pl.String, "bin lengths and how long each is kept, seconds", json=True),
    ),
    "Insight metrics that Mist keeps", scope=Scope.CLOUD, cadence=Cadence.DAY, body=Body.MAP,
    optional=True,
)  # fmt: skip

EVENT_DEFINITIONS = Endpoint(
    "event_definitions", "const.device_events.listDeviceEventsDefinitions", "/api/v1/const/device_events",
    Paging.NONE, Shape.SNAPSHOT, ("key",),
    (
        Field("key", pl.String),
        Field("display", pl.String),
        Field("description", pl.String),
        Field("group", pl.String),
    ),
    "Device events that Mist can tell", scope=Scope.CLOUD, cadence=Cadence.DAY,
    optional=True,
)  # fmt: skip
