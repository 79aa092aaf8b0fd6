"""Organization, vocabularies, configured ports, gateways in detail, API use: from snapshot rows to tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from mistwan_dagster.catalog.alarm_endpoints import ALARM_DEFINITIONS
from mistwan_dagster.catalog.cloud_endpoints import API_USAGE, INSIGHT_DEFINITIONS, ORG
from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoint import Endpoint
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
from mistwan_dagster.kpi.contract import violations

T0 = datetime(2025, 1, 1, 10, 5, tzinfo=UTC)
LATER = T0 + timedelta(hours=1)


def rows(endpoint: Endpoint, *told: dict[str, Any]) -> pl.LazyFrame:
    filled = [{"slot_utc": T0, "received_at": T0, **row} for row in told]
    return pl.LazyFrame(filled, schema={**endpoint.schema, "slot_utc": INSTANT})


def kept(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    assert frame.schema == pl.Schema(table.schema)
    assert violations(frame.lazy(), table) == {}
    return frame


def test_the_newest_organization_counts() -> None:
    told = rows(
        ORG,
        {"id": "o", "name": "Old", "slot_utc": T0},
        {"id": "o", "name": "New", "created_time": 0.0, "slot_utc": LATER},
    )
    (row,) = kept(reference.organization(told), DIM_ORG).iter_rows(named=True)
    assert (row["org_name"], row["created_utc"], row["msp_name"]) == (
        "New",
        datetime(1970, 1, 1, tzinfo=UTC),
        None,
    )


def test_vocabularies_of_different_forms_come_into_one_table() -> None:
    intervals = json.dumps({"10m": {"max_age": 86400}, "1h": {"max_age": 1209600}, "odd": 3})
    metrics = rows(
        INSIGHT_DEFINITIONS,
        {"key": "rx_bps", "description": "Rate", "unit": "bps", "intervals": intervals},
        {"key": "uptime", "intervals": "{}"},
        {"key": "plain"},
    )
    found = kept(reference.vocabulary(metrics, "insight_metric"), DIM_VOCABULARY)
    assert found.select("name", "display", "unit", "history_hours").rows() == [
        ("rx_bps", "Rate", "bps", 336.0),
        ("uptime", None, None, None),
        ("plain", None, None, None),
    ]
    alarm = {"key": "gateway_down", "display": "Gateway offline", "group": "infra", "severity": "critical"}
    (row,) = kept(reference.vocabulary(rows(ALARM_DEFINITIONS, alarm), "alarm"), DIM_VOCABULARY).rows()
    assert row[:7] == ("alarm", "gateway_down", "Gateway offline", "infra", "critical", None, None)


def test_a_list_of_ports_is_a_row_each_and_odd_values_are_null() -> None:
    config = {
        "ge-0/0/1, ge-0/0/2": {
            "usage": "wan", "name": "wan2", "wan_type": "dsl", "disabled": False, "critical": True,
            "traffic_shaping": {"enabled": True, "max_tx_kbps": 20000},
            "vpn_paths": {"a": {"preference": 3}, "b": {"preference": 1}, "c": {}, "d": 5},
        },
        "node1:ge-0/0/0": {"usage": 7, "disabled": "no", "traffic_shaping": [], "vpn_paths": {"a": {}}},
        "lan": "not an object",
    }  # fmt: skip
    told = rows(SITE_DEVICES, {"mac": "m", "site_id": "s", "port_config": json.dumps(config)}, {"mac": "n"})
    found = kept(reference.port_configs(told), DIM_PORT_CONFIG).drop("site_id", "device_mac", "read_utc")
    wan = ("wan", "wan2", "dsl", False, True, 20.0, 1)
    assert found.rows() == [
        ("ge-0/0/1", *wan),
        ("ge-0/0/2", *wan),
        ("node1:ge-0/0/0", None, None, None, None, None, None, None),
    ]


def test_gateway_details() -> None:
    told = rows(
        SITE_DEVICE_STATS,
        {"mac": "m", "site_id": "s", "uptime": 7200.0, "cpu_idle": 80.0, "memory_usage": 41.0},
        {"mac": "n", "site_id": "s"},
    )
    found = kept(reference.gateway_details(told), DIM_GATEWAY_DETAIL)
    assert found.select("device_mac", "uptime_hours", "cpu_used_pct", "memory_used_pct").rows() == [
        ("m", 2.0, 20.0, 41.0),
        ("n", None, None, None),
    ]


def test_the_newest_reading_of_each_hour_is_the_use_of_that_hour() -> None:
    told = rows(
        API_USAGE,
        {"requests": 10, "request_limit": 5000},
        {"requests": 90, "request_limit": 5000, "slot_utc": T0 + timedelta(minutes=50)},
        {"requests": 5, "slot_utc": LATER},
    )
    found = kept(reference.api_usage(told), FACT_API_USAGE)
    assert found.select("hour_utc", "request_count", "request_limit").rows() == [
        (T0.replace(minute=0), 90, 5000),
        (LATER.replace(minute=0), 5, None),
    ]


def test_what_was_told_again_is_replaced_whole_and_the_rest_stays() -> None:
    before = pl.DataFrame({"device_mac": ["a", "a", "b"], "port_id": ["1", "2", "1"]})
    told = pl.DataFrame({"device_mac": ["a"], "port_id": ["3"]})
    assert reference.keep_newest(before, told, "device_mac").rows() == [("a", "3"), ("b", "1")]
    assert reference.keep_newest(before, told.clear(), "device_mac").rows() == before.rows()
