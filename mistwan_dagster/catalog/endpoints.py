"""Every Mist endpoint the platform reads, as data.

Belongs here: declarations only. The pager, the extractor, the raw assets and the call plan follow from
them. Does not belong here: requests, parsing, the meaning of a field for a KPI.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.alarm_endpoints import ALARM_DEFINITIONS, ALARMS
from mistwan_dagster.catalog.cloud_endpoints import (
    API_USAGE,
    EVENT_DEFINITIONS,
    INSIGHT_DEFINITIONS,
    ORG,
    WAN_CLIENTS,
)
from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoint import Cadence, Endpoint, Field, Paging, Scope, Shape
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_EVENTS, SITE_DEVICE_STATS, SITE_DEVICES
from mistwan_dagster.catalog.sle_endpoints import SLE_DETAILS, SLE_WINDOWS

PAGE_LIMIT = 1000
"""Rows asked for per page; the API's own default is 100."""

INSIGHT_RETENTION_HOURS = 14 * 24
EVENT_RETENTION_HOURS = 14 * 24

SITES = Endpoint(
    "sites", "orgs.sites.listOrgSites", "/api/v1/orgs/{org_id}/sites", Paging.PAGE, Shape.SNAPSHOT, ("id",),
    (
        Field("id", pl.String),
        Field("name", pl.String),
        Field("timezone", pl.String),
        Field("country_code", pl.String),
        Field("address", pl.String),
        Field("lat", pl.Float64, path=("latlng", "lat")),
        Field("lng", pl.Float64, path=("latlng", "lng")),
        Field("sitegroup_ids", pl.String, json=True),
        Field("gatewaytemplate_id", pl.String),
    ),
    "Sites of the organization", cadence=Cadence.HOUR,
)  # fmt: skip

SITEGROUPS = Endpoint(
    "sitegroups", "orgs.sitegroups.listOrgSiteGroups", "/api/v1/orgs/{org_id}/sitegroups",
    Paging.PAGE, Shape.SNAPSHOT, ("id",),
    (Field("id", pl.String), Field("name", pl.String), Field("site_ids", pl.String, json=True)),
    "Site groups: regions and store types by prefix of the name", cadence=Cadence.HOUR,
)  # fmt: skip

INVENTORY = Endpoint(
    "inventory", "orgs.inventory.getOrgInventory", "/api/v1/orgs/{org_id}/inventory",
    Paging.PAGE, Shape.SNAPSHOT, ("mac",),
    (
        Field("mac", pl.String),
        Field("id", pl.String),
        Field("serial", pl.String),
        Field("model", pl.String),
        Field("type", pl.String),
        Field("name", pl.String),
        Field("site_id", pl.String),
        Field("connected", pl.Boolean),
        Field("vc_mac", pl.String),
    ),
    "Gateways owned, assigned or not", arguments={"type": "gateway"},
    secrets=frozenset({"magic"}), cadence=Cadence.HOUR,
)  # fmt: skip

DEVICE_STATS = Endpoint(
    "device_stats", "orgs.stats.listOrgDevicesStats", "/api/v1/orgs/{org_id}/stats/devices",
    Paging.PAGE, Shape.SNAPSHOT, ("mac",),
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
        Field("is_ha", pl.Boolean),
        Field("if_stat", pl.String, "logical interfaces of the device, of node0 on a cluster", json=True),
        Field("if2_stat", pl.String, "logical interfaces of node1", json=True),
        Field("cluster_state", pl.String, path=("cluster_stat", "state")),
    ),
    "State of each gateway now", arguments={"type": "gateway"}, newest_by="last_seen",
)  # fmt: skip

PORT_STATS = Endpoint(
    "port_stats", "orgs.stats.searchOrgSwOrGwPorts", "/api/v1/orgs/{org_id}/stats/ports/search",
    Paging.CURSOR, Shape.SNAPSHOT, ("mac", "node", "port_id"),
    (
        Field("mac", pl.String),
        Field("site_id", pl.String),
        Field("node", pl.String),
        Field("port_id", pl.String),
        Field("port_usage", pl.String),
        Field("port_desc", pl.String),
        Field("up", pl.Boolean),
        Field("disabled", pl.Boolean),
        Field("active", pl.Boolean),
        Field("unconfigured", pl.Boolean),
        Field("speed", pl.Float64, "negotiated link speed, Mbps"),
        Field("full_duplex", pl.Boolean),
        Field("rx_bytes", pl.Int64, "cumulative since the port connected"),
        Field("tx_bytes", pl.Int64, "cumulative since the port connected"),
        Field("rx_pkts", pl.Int64),
        Field("tx_pkts", pl.Int64),
        Field("rx_bps", pl.Float64),
        Field("tx_bps", pl.Float64),
        Field("rx_errors", pl.Int64),
        Field("tx_errors", pl.Int64),
        Field("last_flapped", pl.Float64, "epoch seconds of the last transition"),
        Field("latency", pl.Float64),
        Field("jitter", pl.Float64),
        Field("loss", pl.Float64),
        Field("lte_imsi", pl.String),
        Field("lte_iccid", pl.String),
        Field("lte_imei", pl.String),
        Field("timestamp", pl.Float64, "epoch seconds of the row; may be absent"),
    ),
    "Latest counters and state of each gateway port", arguments={"device_type": "gateway"},
    newest_by="timestamp",
)  # fmt: skip

PATH_STATS = Endpoint(
    "path_stats", "orgs.stats.searchOrgPeerPathStats", "/api/v1/orgs/{org_id}/stats/vpn_peers/search",
    Paging.CURSOR, Shape.SNAPSHOT, ("mac", "node", "port_id", "peer_mac", "peer_port_id", "vpn_name"),
    (
        Field("mac", pl.String),
        Field("site_id", pl.String),
        Field("node", pl.String),
        Field("port_id", pl.String, "physical port, sub-interface or interface name"),
        Field("peer_mac", pl.String),
        Field("peer_port_id", pl.String),
        Field("peer_site_id", pl.String),
        Field("router_name", pl.String),
        Field("peer_router_name", pl.String),
        Field("vpn_name", pl.String),
        Field("type", pl.String),
        Field("up", pl.Boolean),
        Field("is_active", pl.Boolean),
        Field("latency", pl.Float64, "ms"),
        Field("jitter", pl.Float64, "ms"),
        Field("loss", pl.Float64, "percent 0..100"),
        Field("mos", pl.Float64, "0..5, or times 100"),
        Field("mtu", pl.Float64),
        Field("hop_count", pl.Int64),
        Field("last_seen", pl.Float64, "epoch seconds"),
        Field("timestamp", pl.Float64, "epoch seconds; may be absent"),
    ),
    "Latest quality of each overlay path", newest_by="last_seen",
)  # fmt: skip

DEVICE_EVENTS = Endpoint(
    "device_events", "orgs.devices.searchOrgDeviceEvents", "/api/v1/orgs/{org_id}/devices/events/search",
    Paging.CURSOR, Shape.EVENTS, ("mac", "type", "node", "port_id", "text", "timestamp", "count"),
    (
        Field("mac", pl.String),
        Field("site_id", pl.String),
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
    "Events of gateways", arguments={"device_type": "gateway"}, history_hours=EVENT_RETENTION_HOURS,
)  # fmt: skip

_BIN = Field("bin_start", INSTANT, "start of the bin that the answer names")

INSIGHT_BANDWIDTH = Endpoint(
    "insight_bandwidth", "sites.insights.getSiteInsightMetricsForGateway",
    "/api/v1/sites/{site_id}/insights/gateway/{device_id}/stats",
    Paging.NONE, Shape.SERIES, ("mac", "node", "port_id", "bin_start"),
    (
        Field("mac", pl.String),
        Field("node", pl.String),
        Field("port_id", pl.String),
        _BIN,
        Field("rx_bps", pl.Float64),
        Field("tx_bps", pl.Float64),
        Field("max_rx_bps", pl.Float64),
        Field("max_tx_bps", pl.Float64),
    ),
    "Hourly traffic of one port, 14 days back", arguments={"metrics": "tx_bps,rx_bps,max_tx_bps,max_rx_bps"},
    scope=Scope.CIRCUIT, cadence=Cadence.ON_DEMAND, history_hours=INSIGHT_RETENTION_HOURS,
)  # fmt: skip

INSIGHT_QUALITY = Endpoint(
    "insight_quality", "sites.insights.getSiteInsightMetricsForDevice",
    "/api/v1/sites/{site_id}/insights/device/{device_mac}/wan_link_health",
    Paging.NONE, Shape.SERIES, ("mac", "node", "port_id", "bin_start"),
    (
        Field("mac", pl.String),
        Field("node", pl.String),
        Field("port_id", pl.String),
        _BIN,
        Field("avg_latency", pl.Float64),
        Field("avg_jitter", pl.Float64),
        Field("avg_loss", pl.Float64),
    ),
    "Hourly mean quality of one port, 14 days back", arguments={"metric": "wan_link_health"},
    scope=Scope.CIRCUIT, cadence=Cadence.ON_DEMAND, history_hours=INSIGHT_RETENTION_HOURS,
)  # fmt: skip

SNAPSHOTS = (
    SITES, SITEGROUPS, INVENTORY, DEVICE_STATS, PORT_STATS, PATH_STATS,
    ORG, API_USAGE, WAN_CLIENTS, INSIGHT_DEFINITIONS, EVENT_DEFINITIONS, ALARM_DEFINITIONS,
)  # fmt: skip
"""Read for the whole organization, each at its cadence, by one job."""
EVENTS = (DEVICE_EVENTS, ALARMS)
SITE_DETAILS = (SITE_DEVICES, SITE_DEVICE_STATS, SITE_DEVICE_EVENTS)
"""Read site by site, on demand, of the sites that need it."""
SERIES = (INSIGHT_BANDWIDTH, INSIGHT_QUALITY)
ENDPOINTS: dict[str, Endpoint] = {
    e.name: e for e in (*SNAPSHOTS, *EVENTS, *SITE_DETAILS, *SERIES, *SLE_WINDOWS, *SLE_DETAILS)
}
