"""Discovery of sites and circuits: membership, roles, providers, bandwidth, states."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_STATS, PORT_STATS, SITEGROUPS, SITES
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.kpi.circuits_file import CIRCUITS_SCHEMA
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.dimensions import discover_circuits, discover_sites, with_active_paths
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import apply_versions

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
SLOT_UTC = {"slot_utc": pl.Datetime("us", "UTC")}


def frame(endpoint, *rows: dict) -> pl.DataFrame:
    filled = [
        {"slot_utc": T0, **{k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in r.items()}}
        for r in rows
    ]
    return pl.DataFrame(filled, schema={**endpoint.schema, **SLOT_UTC})


def regions(sites: list[dict], groups: list[dict]) -> list[tuple]:
    found = discover_sites(frame(SITES, *sites), frame(SITEGROUPS, *groups), "Region ", "Store type ")
    return found.select("site_id", "region", "store_type").rows()


def test_membership_is_what_either_side_says():
    sites = [{"id": "s1", "sitegroup_ids": ["g1", "gx"]}, {"id": "s2", "sitegroup_ids": []}, {"id": "s3"}]
    groups = [
        {"id": "g1", "name": "Region North"},
        {"id": "g2", "name": "Region South", "site_ids": ["s2", "gone"]},
        {"id": "g3", "name": "Store type Flagship", "site_ids": ["s1"]},
        {"id": "g4", "name": "All Regions", "site_ids": ["s1", "s2", "s3"]},
    ]
    assert regions(sites, groups) == [
        ("s1", "North", "Flagship"),
        ("s2", "South", "(none)"),
        ("s3", "(none)", "(none)"),
    ]


def test_membership_that_is_no_list_of_ids_says_nothing():
    sites = [
        {"id": "s1", "sitegroup_ids": {"g1": "g1"}},
        {"id": "s2", "sitegroup_ids": [7, None, "g1", ["g1"]]},
    ]
    groups = [
        {"id": "g1", "name": "Region North", "site_ids": {}},
        {"id": "g2", "name": "Store type X", "site_ids": [{"id": "s1"}, "s1"]},
    ]
    assert regions(sites, groups) == [("s1", "(none)", "X"), ("s2", "North", "(none)")]


def test_the_first_of_several_regions_in_the_alphabet_counts():
    groups = [
        {"id": str(i), "name": f"Region {n}", "site_ids": ["s1"]}
        for i, n in enumerate(("West", "East", "", "North"))
    ]
    assert regions([{"id": "s1"}], groups) == [("s1", "East", "(none)")]


def test_sites_without_any_group_and_with_their_newest_name():
    sites = frame(
        SITES,
        {"id": "s1", "name": "new", "lat": 1.5, "timezone": "UTC", "slot_utc": T0 + timedelta(hours=1)},
        {"id": "s1", "name": "old"},
    )
    found = discover_sites(sites, frame(SITEGROUPS), "Region ", "Store type ")
    assert found.select("site_id", "site_name", "region", "lat").rows() == [("s1", "new", "(none)", 1.5)]
    assert violations(apply_versions(DIM_SITE.empty(), found, "site_id", T0).lazy(), DIM_SITE) == {}


FIBRE = {
    "port_id": "ge-0/0/0",
    "port_usage": "wan",
    "wan_name": "fibre",
    "wan_type": "broadband",
    "servp_info": {"org": "Acme"},
}
LTE = {"port_id": "lte-0", "port_usage": "wan", "wan_type": "lte"}


def gateway(mac: str = "aa", **more) -> dict:
    return {"mac": mac, "site_id": "s", "status": "connected", **more}


def port(port_id: str, **more) -> dict:
    return {
        "mac": "aa",
        "site_id": "s",
        "port_id": port_id,
        "port_usage": "wan",
        "up": True,
        "speed": 1000.0,
        **more,
    }


def circuits(ports: list[dict], devices: list[dict], file: list[dict] | None = None) -> dict[str, dict]:
    told = None if file is None else pl.DataFrame(file, schema=CIRCUITS_SCHEMA)
    seen = frame(DEVICE_STATS, *devices)
    found = discover_circuits(frame(PORT_STATS, *ports), seen, interface_map(seen), told)
    assert violations(apply_versions(DIM_CIRCUIT.empty(), found, "circuit_id", T0).lazy(), DIM_CIRCUIT) == {}
    return {row["circuit_id"]: row for row in found.to_dicts()}


def test_attributes_come_from_the_interface():
    found = circuits([port("ge-0/0/0", active=True)], [gateway(if_stat={"ge-0/0/0.0": FIBRE})])
    row = found["aa:ge-0/0/0"]
    assert (row["wan_name"], row["wan_type"], row["provider"]) == ("fibre", "broadband", "Acme")
    assert (row["active_state"], row["port_state"], row["site_id"]) == (True, "up", "s")
    assert (row["bandwidth_down_mbps"], row["bandwidth_up_mbps"], row["bandwidth_source"]) == (
        1000,
        1000,
        "link",
    )


def test_lan_ports_are_no_circuits_and_others_keep_their_row_in_any_state():
    found = circuits(
        [
            port("ge-0/0/0", up=False),
            port("ge-0/0/1", up=True, disabled=True),
            port("ge-0/0/2", up=None),
            port("ge-0/0/3", port_usage="lan"),
        ],
        [gateway()],
    )
    assert {c: r["port_state"] for c, r in found.items()} == {
        "aa:ge-0/0/0": "down",
        "aa:ge-0/0/1": "disabled",
        "aa:ge-0/0/2": None,
    }


def test_an_interface_without_a_port_row_is_a_circuit_of_the_gateways_site():
    found = circuits(
        [], [gateway(if_stat={"a": FIBRE, "b": {**FIBRE, "port_id": "ge-0/0/5", "port_usage": "lan"}})]
    )
    assert {c: (r["site_id"], r["port_state"], r["bandwidth_source"]) for c, r in found.items()} == {
        "aa:ge-0/0/0": ("s", None, None)
    }


def test_gateways_without_a_site_have_no_circuits():
    assert circuits([port("ge-0/0/0", site_id=None)], [gateway(site_id=None)]) == {}


@pytest.mark.parametrize("speed", [None, 0.0])
def test_no_speed_no_bandwidth(speed):
    row = circuits([port("ge-0/0/0", speed=speed)], [gateway()])["aa:ge-0/0/0"]
    assert (row["bandwidth_down_mbps"], row["bandwidth_source"]) == (None, None)


@pytest.mark.parametrize(
    ("port_id", "more", "interface"),
    [
        ("lte-0", {}, {}),
        ("ge-0/0/4", {"lte_imsi": "310"}, {}),
        ("cl-1/0/0", {}, {"port_id": "cl-1/0/0", "wan_type": "LTE"}),
    ],
)
def test_lte_is_secondary_and_its_link_speed_is_no_bandwidth(port_id, more, interface):
    row = circuits([port(port_id, **more)], [gateway(if_stat={"x": interface} if interface else None)])[
        f"aa:{port_id}"
    ]
    assert (row["role"], row["bandwidth_down_mbps"], row["bandwidth_source"]) == ("secondary", None, None)


def roles(ports: list[dict], file: list[dict] | None = None) -> dict[str, str | None]:
    return {c.split(":")[-1]: r["role"] for c, r in circuits(ports, [gateway()], file).items()}


def test_no_port_name_makes_a_primary():
    assert roles([port("ge-0/0/0"), port("ge-0/0/1")]) == {"ge-0/0/0": None, "ge-0/0/1": None}
    assert roles([port("ge-0/0/0")]) == {"ge-0/0/0": None}


def test_a_circuit_beside_lte_is_told_nothing():
    assert roles([port("ge-0/0/0"), port("lte-0")]) == {"ge-0/0/0": None, "lte-0": "secondary"}
    two = roles([port("ge-0/0/0"), port("ge-0/0/1"), port("lte-0")])
    assert two == {"ge-0/0/0": None, "ge-0/0/1": None, "lte-0": "secondary"}


def told(port_id: str, **more) -> dict:
    return {"device_mac": "aa", "port_id": port_id, **more}


def test_the_file_outranks_the_modem():
    file = [told("lte-0", role="primary"), told("ge-0/0/0", role="secondary", provider="Own")]
    assert roles([port("ge-0/0/0"), port("lte-0")], file) == {"ge-0/0/0": "secondary", "lte-0": "primary"}
    assert roles([port("ge-0/0/0"), port("lte-0")], file[:1]) == {"ge-0/0/0": None, "lte-0": "primary"}


def test_a_primary_of_the_file_leaves_the_others_as_they_are():
    ports = [port("ge-0/0/0"), port("lte-0"), port("lte-1")]
    assert roles(ports, [told("lte-1", role="primary")]) == {
        "ge-0/0/0": None,
        "lte-0": "secondary",
        "lte-1": "primary",
    }


def test_bandwidth_of_the_file():
    file = [
        told("ge-0/0/0", bandwidth_down_mbps=100.0, bandwidth_up_mbps=20.0, provider="Own"),
        told("ge-0/0/1", bandwidth_up_mbps=5.0),
        told("ge-0/0/2", role="primary"),
        told("ge-0/0/9", bandwidth_down_mbps=1.0),
    ]
    devices = [gateway(if_stat={"a": FIBRE})]
    found = circuits([port(f"ge-0/0/{i}") for i in range(3)], devices, file)
    columns = ("bandwidth_down_mbps", "bandwidth_up_mbps", "bandwidth_source")
    assert [tuple(r[c] for c in columns) for r in found.values()] == [
        (100, 20, "file"),
        (None, 5, "file"),
        (1000, 1000, "link"),
    ]
    assert found["aa:ge-0/0/0"]["provider"] == "Own"


def test_nodes_of_a_cluster_are_circuits_of_their_own():
    ports = [port("ge-0/0/0", node="node0"), port("ge-0/0/0", node="node1", up=False)]
    devices = [gateway(is_ha=True, if_stat={"a": FIBRE}, if2_stat={"a": {**FIBRE, "wan_name": "second"}})]
    found = circuits(ports, devices, [told("ge-0/0/0", node="node1", role="secondary")])
    assert {c: (r["wan_name"], r["role"]) for c, r in found.items()} == {
        "aa:node0:ge-0/0/0": ("fibre", None),
        "aa:node1:ge-0/0/0": ("second", "secondary"),
    }


def test_a_cluster_whose_rows_tell_no_node_has_each_port_once():
    devices = [gateway(is_ha=True, if_stat={"a": FIBRE})]
    assert list(circuits([port("ge-0/0/0")], devices)) == ["aa:ge-0/0/0"]


def test_the_latest_row_counts_and_units_are_one_circuit():
    ports = [
        port("ge-0/0/0", up=False, slot_utc=T0 + timedelta(minutes=5)),
        port("ge-0/0/0.0"),
        port("ge-0/0/0"),
    ]
    assert circuits(ports, [gateway()])["aa:ge-0/0/0"]["port_state"] == "down"


def test_active_state_comes_from_the_paths_where_the_port_is_silent():
    circuits = pl.DataFrame({"circuit_id": ["a", "b", "c", "d"], "active_state": [None, None, None, False]})
    paths = pl.LazyFrame(
        {
            "circuit_id": ["a", "a", "b", "d", None],
            "is_active": [False, True, True, True, True],
            "up": [True, True, False, True, True],
        }
    )
    found = with_active_paths(circuits, paths)
    assert found["active_state"].to_list() == [True, False, None, False]
