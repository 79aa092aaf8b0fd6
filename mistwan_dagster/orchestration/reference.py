"""From single snapshots to tables that need no other evidence: clients, API use, organization, vocabularies, ports.

Belongs here: which rows a table needs and where it goes. Arithmetic is in `kpi`. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.alarm_endpoints import ALARM_DEFINITIONS
from mistwan_dagster.catalog.alarm_tables import FACT_WAN_CLIENT_HOUR
from mistwan_dagster.catalog.cloud_endpoints import (
    API_USAGE,
    EVENT_DEFINITIONS,
    INSIGHT_DEFINITIONS,
    ORG,
    WAN_CLIENTS,
)
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_STATS
from mistwan_dagster.catalog.reference_tables import (
    DIM_GATEWAY_DETAIL,
    DIM_ORG,
    DIM_PORT_CONFIG,
    DIM_VOCABULARY,
    FACT_API_USAGE,
)
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_STATS, SITE_DEVICES
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi import reference
from mistwan_dagster.kpi.clients import wan_client_hours
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import newest
from mistwan_dagster.lake.raw import SLOT
from mistwan_dagster.orchestration.hourly import dim_circuit
from mistwan_dagster.orchestration.platform import Platform

REACH = timedelta(hours=50)
"""Snapshots this old still speak: what is read daily may be read late."""
CHUNK = timedelta(hours=24)
VOCABULARIES = {"alarm": ALARM_DEFINITIONS, "event": EVENT_DEFINITIONS, "insight_metric": INSIGHT_DEFINITIONS}


def compute_wan_clients(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace `fact_wan_client_hour` for the span; returns rows."""
    circuits = newest(dim_circuit(platform), "circuit_id", start)
    interfaces = interface_map(platform.raw.latest_snapshot(DEVICE_STATS, platform.settings.now()))

    def count(clients: pl.LazyFrame) -> pl.DataFrame:
        return wan_client_hours(clients, circuits, interfaces).collect(engine="in-memory")

    return _replace_hours(platform, FACT_WAN_CLIENT_HOUR, WAN_CLIENTS, count, start, end)


def compute_api_usage(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace `fact_api_usage` for the span; returns rows."""
    return _replace_hours(platform, FACT_API_USAGE, API_USAGE, reference.api_usage, start, end)


def _replace_hours(
    platform: Platform,
    table: Table,
    endpoint: Endpoint,
    compute: Callable[[pl.LazyFrame], pl.DataFrame],
    start: datetime,
    end: datetime,
) -> int:
    rows, begin = 0, start
    while begin < end:
        until = min(begin + CHUNK, end)
        frame = compute(platform.raw.scan_snapshots(endpoint, begin, until))
        rows += platform.kpi.write_hours(table.name, frame, begin, until)
        begin = until
    return rows


def compute_org(platform: Platform) -> int:
    """Renew `dim_org`; returns rows."""
    return _renew(platform, DIM_ORG, reference.organization(_recent(platform, ORG)), "org_id")


def compute_vocabulary(platform: Platform) -> int:
    """Renew `dim_vocabulary`, each kind that was read; returns rows."""
    told = [reference.vocabulary(_recent(platform, e), kind) for kind, e in VOCABULARIES.items()]
    return _renew(platform, DIM_VOCABULARY, pl.concat(told), "kind")


def compute_port_configs(platform: Platform) -> int:
    """Renew `dim_port_config` for the gateways that were read lately; returns rows."""
    told = reference.port_configs(_recent(platform, SITE_DEVICES))
    return _renew(platform, DIM_PORT_CONFIG, told, "device_mac")


def compute_gateway_details(platform: Platform) -> int:
    """Renew `dim_gateway_detail` for the gateways that were read lately; returns rows."""
    told = reference.gateway_details(_recent(platform, SITE_DEVICE_STATS))
    return _renew(platform, DIM_GATEWAY_DETAIL, told, "device_mac")


def _recent(platform: Platform, endpoint: Endpoint) -> pl.LazyFrame:
    now = platform.settings.now()
    return platform.raw.scan_snapshots(endpoint, now - REACH, now + SLOT)


def _renew(platform: Platform, table: Table, told: pl.DataFrame, group: str) -> int:
    before = platform.kpi.read(table.name)
    after = reference.keep_newest(table.empty() if before is None else before, told, group)
    after = after.sort(table.key)
    if before is None or not after.equals(before):
        platform.kpi.write(table.name, after)
    return after.height
