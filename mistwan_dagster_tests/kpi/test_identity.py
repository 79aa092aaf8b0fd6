"""Circuit ids, interface names, physical ports and the WAN test."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_STATS, PORT_STATS
from mistwan_dagster.kpi.identity import (
    INTERFACE_SCHEMA,
    circuit_id,
    interface_map,
    physical_port,
    resolve_ports,
    wan_rows,
)

SLOT = datetime(2025, 1, 1, 10, tzinfo=UTC)
SLOT_UTC = {"slot_utc": pl.Datetime("us", "UTC")}


def devices(*rows: dict) -> pl.DataFrame:
    filled = [
        {
            "slot_utc": SLOT,
            **r,
            **{c: json.dumps(r[c]) for c in ("if_stat", "if2_stat") if isinstance(r.get(c), dict)},
        }
        for r in rows
    ]
    return pl.DataFrame(filled, schema={**DEVICE_STATS.schema, **SLOT_UTC})


def ports(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame([{"slot_utc": SLOT, **r} for r in rows], schema={**PORT_STATS.schema, **SLOT_UTC})


STORE = {
    "mac": "aa",
    "if_stat": {
        "ge-0/0/1.0": {
            "port_id": "ge-0/0/1",
            "port_usage": "wan",
            "wan_name": "Fibre",
            "wan_type": "Broadband",
            "servp_info": {"org": "Acme Net"},
            "up": True,
        },
        "ge-0/0/3.10": {"port_usage": "lan"},
        "Lte": {"port_id": "cl-1/0/0", "port_usage": "WAN"},
    },
}


@pytest.mark.parametrize(
    ("node", "expected"),
    [(None, "aa:ge-0/0/1"), ("", "aa:ge-0/0/1"), ("node1", "aa:node1:ge-0/0/1")],
)
def test_circuit_id_holds_the_node_only_on_a_cluster(node, expected):
    row = pl.DataFrame(
        {"mac": ["aa"], "node": [node], "port_id": ["ge-0/0/1"]}, schema_overrides={"node": pl.String}
    )
    assert row.select(circuit_id()).item() == expected


def test_the_unit_suffix_is_cut_at_the_first_dot():
    found = (
        pl.Series("p", ["xe-0/2/0.671", "ge-0/0/1", "a.b.c", None])
        .to_frame()
        .select(physical_port(pl.col("p")))
    )
    assert found.to_series().to_list() == ["xe-0/2/0", "ge-0/0/1", "a", None]


def test_interface_map_names_interfaces_and_their_wan_names():
    found = interface_map(devices(STORE))
    assert dict(found.schema) == INTERFACE_SCHEMA
    assert found.select("node", "name", "port_id", "port_usage").rows() == [
        (None, "ge-0/0/1.0", "ge-0/0/1", "wan"),
        (None, "ge-0/0/3.10", "ge-0/0/3", "lan"),
        (None, "Lte", "cl-1/0/0", "wan"),
        (None, "Fibre", "ge-0/0/1", "wan"),
    ]
    first = found.row(0, named=True)
    assert (first["wan_type"], first["provider"], first["up"]) == ("broadband", "Acme Net", True)


def test_a_cluster_has_nodes_and_if2_stat_alone_makes_one():
    one = {"ge-0/0/1": {"port_usage": "wan"}}
    by_flag = interface_map(devices({"mac": "aa", "is_ha": True, "if_stat": one}))
    by_second = interface_map(devices({"mac": "aa", "if_stat": one, "if2_stat": one}))
    empty_second = interface_map(devices({"mac": "aa", "if_stat": one, "if2_stat": {}}))
    assert by_flag["node"].to_list() == ["node0"]
    assert by_second["node"].to_list() == ["node0", "node1"]
    assert empty_second["node"].to_list() == [None]


def test_the_newest_row_that_has_interfaces_counts():
    later = {**STORE, "if_stat": {"ge-0/0/7": {"port_usage": "wan"}}, "slot_utc": SLOT + timedelta(minutes=5)}
    silent = {"mac": "aa", "status": "disconnected", "slot_utc": SLOT + timedelta(minutes=10)}
    assert interface_map(devices(later, STORE, silent))["name"].to_list() == ["ge-0/0/7"]


@pytest.mark.parametrize(
    "text", ["not json", "[]", "null", '{"a": 1, "b": null}', "", '{"a": {"servp_info": 3}}']
)
def test_odd_interface_json_is_no_error(text):
    frame = devices({"mac": "aa"}).with_columns(if_stat=pl.lit(text))
    assert interface_map(frame)["provider"].null_count() == interface_map(frame).height


def test_a_wan_name_of_two_ports_names_neither():
    twins = {f"ge-0/0/{i}": {"port_usage": "wan", "wan_name": "wan"} for i in (1, 2)}
    assert interface_map(devices({"mac": "aa", "if_stat": twins}))["name"].to_list() == [
        "ge-0/0/1",
        "ge-0/0/2",
    ]


def test_resolve_ports_takes_names_units_and_leaves_the_rest():
    frame = pl.LazyFrame(
        {
            "mac": ["aa"] * 6 + ["bb"],
            "node": [None] * 7,
            "n": range(7),
            "port_id": ["Lte", "fibre", "ge-0/0/1.20", "ge-0/0/1", "xe-9/9/9.1", None, "Lte"],
        },
        schema_overrides={"node": pl.String},
    )
    found = resolve_ports(frame, interface_map(devices(STORE))).collect()
    assert found["port_id"].to_list() == [
        "cl-1/0/0",
        "ge-0/0/1",
        "ge-0/0/1",
        "ge-0/0/1",
        "xe-9/9/9",
        None,
        "Lte",
    ]
    assert found["n"].to_list() == list(range(7))


def test_names_on_a_cluster_belong_to_their_node():
    pair = {
        "mac": "hh",
        "if_stat": {
            "a": {"port_id": "ge-0/0/1", "wan_name": "isp"},
            "b": {"port_id": "ge-0/0/2", "wan_name": "same"},
        },
        "if2_stat": {
            "a": {"port_id": "ge-7/0/1", "wan_name": "isp"},
            "b": {"port_id": "ge-0/0/2", "wan_name": "same"},
        },
    }
    frame = pl.LazyFrame(
        {"mac": ["hh"] * 4, "node": ["node0", "node1", None, ""], "port_id": ["isp", "isp", "isp", "same"]}
    )
    found = resolve_ports(frame, interface_map(devices(pair))).collect()
    # Without a node "isp" could be either port and stays as it is; "same" is one port on both nodes.
    assert found["port_id"].to_list() == ["ge-0/0/1", "ge-7/0/1", "isp", "ge-0/0/2"]


@pytest.mark.parametrize(
    ("port", "usage", "wan"),
    [
        ("ge-0/0/9", "wan", True),
        ("ge-0/0/9", "WAN", True),
        ("lte-0/0/0", "lan", True),
        ("LTE0", None, True),
        ("ge-0/0/1", None, True),
        ("ge-0/0/1", "", True),
        ("ge-0/0/1", "lan", False),
        ("ge-0/0/3", None, False),
        ("ge-0/0/9", None, False),
        ("ge-0/0/0", "lan", False),
        ("Lte", None, True),
        (None, "lan", False),
    ],
)
def test_the_wan_test(port, usage, wan):
    frame = ports({"mac": "aa", "port_id": port, "port_usage": usage})
    assert wan_rows(frame.lazy(), interface_map(devices(STORE))).collect().height == int(wan)


def test_wan_ports_keep_down_disabled_and_unknown_ports_once_each():
    frame = ports(
        {"mac": "aa", "port_id": "ge-0/0/5", "port_usage": "wan", "up": False},
        {"mac": "aa", "port_id": "ge-0/0/6", "port_usage": "wan", "disabled": True},
        {"mac": "aa", "port_id": "ge-0/0/7", "port_usage": "wan", "node": ""},
    )
    found = wan_rows(frame.lazy(), interface_map(devices(STORE))).collect()
    assert sorted(found["circuit_id"]) == ["aa:ge-0/0/5", "aa:ge-0/0/6", "aa:ge-0/0/7"]
    assert found["node"].null_count() == 3
