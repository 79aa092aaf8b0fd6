"""What is read site by site or gateway by gateway, on demand. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.endpoint import Body, Cadence, Endpoint, Field, Paging, Scope, Shape

SITE_DEVICES = Endpoint(
    "site_devices", "sites.devices.listSiteDevices", "/api/v1/sites/{site_id}/devices",
    Paging.PAGE, Shape.SNAPSHOT, ("mac",),
    (
        Field("mac", pl.String),
        Field("id", pl.String),
        Field("site_id", pl.String),
        Field("name", pl.String),
        Field("model", pl.String),
        Field("type", pl.String),
        Field("port_config", pl.String, "configured ports by port id", json=True),
    ),
    "Configuration of the ports of a site's gateways; nothing else of a configuration is kept",
    arguments={"type": "gateway"}, secrets=frozenset({"ppoe_username", "pppoe_username"}),
    scope=Scope.SITE, cadence=Cadence.ON_DEMAND, keeps_extra=False,
)  # fmt: skip

SITE_DEVICE_STATS = Endpoint(
    "site_device_stats", "sites.stats.getSiteDeviceStats", "/api/v1/sites/{site_id}/stats/devices/{device_id}",
    Paging.NONE, Shape.SNAPSHOT, ("mac",),
    (
        Field("mac", pl.String),
        Field("id", pl.String),
        Field("site_id", pl.String),
        Field("name", pl.String),
        Field("model", pl.String),
        Field("version", pl.String),
        Field("status", pl.String, "connected or disconnected"),
        Field("last_seen", pl.Float64, "epoch seconds of the last contact"),
        Field("uptime", pl.Float64, "seconds since boot"),
        Field("ext_ip", pl.String),
        Field("config_status", pl.String),
        Field("cpu_idle", pl.Float64, "percent", path=("cpu_stat", "idle")),
        Field("memory_usage", pl.Float64, "percent", path=("memory_stat", "usage")),
    ),
    "State of one gateway in detail", newest_by="last_seen",
    scope=Scope.GATEWAY, cadence=Cadence.ON_DEMAND, body=Body.OBJECT,
)  # fmt: skip

SITE_DEVICE_EVENTS = Endpoint(
    "site_device_events", "sites.devices.searchSiteDeviceEvents", "/api/v1/sites/{site_id}/devices/events/search",
    Paging.CURSOR, Shape.EVENTS, ("mac", "type", "node", "port_id", "text", "timestamp", "count"),
    (
        Field("mac", pl.String),
        Field("site_id", pl.String),
        Field("device_type", pl.String, "the search cannot be limited to gateways"),
        Field("type", pl.String),
        Field("timestamp", pl.Float64, "epoch seconds"),
        Field("port_id", pl.String),
        Field("node", pl.String),
        Field("reason", pl.String),
        Field("text", pl.String),
        Field("count", pl.Int64, "repeats folded into one row"),
        Field("model", pl.String),
        Field("version", pl.String),
    ),
    "Events of all devices of a site; the search of the organization is preferred",
    scope=Scope.SITE, cadence=Cadence.ON_DEMAND, history_hours=14 * 24,
)  # fmt: skip
