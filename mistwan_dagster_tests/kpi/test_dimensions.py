"""Discovery of sites and circuits: membership, roles, providers, bandwidth, states."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_STATS, INVENTORY, PORT_STATS, SITEGROUPS, SITES
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.kpi.circuits_file import CIRCUITS_SCHEMA
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.dimensions import (
    discover_circuits,
    discover_sites,
    of_removed_gateways,
    with_active_paths,
)
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


def seen_again(row: dict, device: dict, file: list[dict] | None = None, was_in_file: bool = False) -> dict:
    """A circuit that was seen whole, at its second sight."""
    known = discover_circuits(
        frame(PORT_STATS, port("ge-0/0/0")),
        (whole := frame(DEVICE_STATS, gateway(if_stat={"a": FIBRE}))),
        interface_map(whole),
        pl.DataFrame([told("ge-0/0/0", provider="Own", bandwidth_down_mbps=50.0)], schema=CIRCUITS_SCHEMA)
        if was_in_file
        else None,
    )
    dim = apply_versions(DIM_CIRCUIT.empty(), known, "circuit_id", T0)
    devices = frame(DEVICE_STATS, device)
    declared = None if file is None else pl.DataFrame(file, schema=CIRCUITS_SCHEMA)
    found = discover_circuits(frame(PORT_STATS, row), devices, interface_map(devices), declared, dim)
    return found.row(0, named=True)


SILENT = {"port_id": "ge-0/0/0", "port_usage": "wan"}
LASTING = ("wan_name", "wan_type", "provider", "bandwidth_down_mbps", "bandwidth_up_mbps", "bandwidth_source")


@pytest.mark.parametrize("interfaces", [None, {"a": SILENT}])
@pytest.mark.parametrize("up", [False, None])
def test_an_outage_changes_nothing_that_lasts(up, interfaces):
    row = seen_again(port("ge-0/0/0", up=up, speed=0.0), gateway(if_stat=interfaces))
    assert tuple(row[c] for c in LASTING) == ("fibre", "broadband", "Acme", 1000, 1000, "link")
    assert row["port_state"] == (None if up is None else "down")


def test_a_modem_whose_interface_is_not_told_for_once_stays_a_modem():
    devices = frame(DEVICE_STATS, gateway(if_stat={"a": {**FIBRE, "wan_type": "lte"}}))
    ports = frame(PORT_STATS, port("ge-0/0/0"))
    dim = apply_versions(
        DIM_CIRCUIT.empty(), discover_circuits(ports, devices, interface_map(devices), None), "circuit_id", T0
    )
    silent = frame(DEVICE_STATS, gateway())
    row = discover_circuits(ports, silent, interface_map(silent), None, dim).row(0, named=True)
    assert (row["role"], row["provider"], row["bandwidth_source"]) == ("secondary", "Acme", None)


def test_what_is_told_anew_counts_and_a_line_that_is_up_may_lose_what_it_had():
    other = {**FIBRE, "wan_name": "cable", "servp_info": {"org": "Bell"}}
    row = seen_again(port("ge-0/0/0", up=False, speed=100.0), gateway(if_stat={"a": other}))
    assert (row["wan_name"], row["provider"], row["bandwidth_down_mbps"]) == ("cable", "Bell", 100)
    row = seen_again(port("ge-0/0/0", speed=None), gateway(if_stat={"a": SILENT}))
    assert (row["wan_name"], row["provider"], row["bandwidth_down_mbps"]) == ("fibre", None, None)


def test_what_the_file_takes_back_is_gone():
    row = seen_again(port("ge-0/0/0", up=False, speed=0.0), gateway(), [], was_in_file=True)
    assert (row["bandwidth_down_mbps"], row["bandwidth_source"]) == (None, None)
    row = seen_again(port("ge-0/0/0"), gateway(if_stat={"a": SILENT}), [], was_in_file=True)
    assert (row["provider"], row["bandwidth_source"]) == (None, "link")


def test_circuits_of_a_gateway_that_was_exchanged_are_no_more():
    """Observed ones stay, as a row of the inventory may be an hour old; so do those of a gateway that is off."""
    macs = {"old": None, "off": "s", "new": "s", "moved": "s", "cluster": "s"}
    dim = pl.DataFrame({"circuit_id": [f"{m}:p" for m in macs], "device_mac": list(macs), "is_current": True})
    listed = [{"mac": m, "site_id": "s"} for m in ("off", "moved", "aside")]
    listed += [{"mac": "n0", "vc_mac": "cluster", "site_id": "s"}, {"mac": "old", "site_id": None}]
    inventory = pl.DataFrame(listed, schema=INVENTORY.schema)
    observed = dim.filter(device_mac="new")
    assert of_removed_gateways(dim, observed, inventory).to_list() == ["old:p"]
    assert of_removed_gateways(dim, observed, inventory.clear()).to_list() == []
    assert of_removed_gateways(dim.with_columns(is_current=False), observed, inventory).to_list() == []


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
