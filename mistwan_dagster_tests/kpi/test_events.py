"""Device events: locators, duplicates, folded rows, admin down, and the rows of `fact_device_event`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS
from mistwan_dagster.catalog.tables import FACT_DEVICE_EVENT
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.events import (
    connection_events,
    device_event_facts,
    link_events,
    reach_events,
    reboots,
    switch_over_events,
)
from mistwan_dagster.kpi.identity import INTERFACE_SCHEMA

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
CIRCUITS = pl.DataFrame(
    {
        "circuit_id": [
            "aa:ge-0/0/1",
            "aa:lte0",
            "hh:node0:ge-0/0/1",
            "hh:node1:ge-0/0/1",
            "hh:node1:ge-0/0/2",
        ],
        "site_id": ["s1", "s1", "s2", "s2", "s2"],
        "device_mac": ["aa", "aa", "hh", "hh", "hh"],
        "node": [None, None, "node0", "node1", "node1"],
        "port_id": ["ge-0/0/1", "lte0", "ge-0/0/1", "ge-0/0/1", "ge-0/0/2"],
    }
)
INTERFACES = pl.DataFrame(
    [
        {"mac": "aa", "name": "Wan Fibre", "port_id": "ge-0/0/1"},
        {"mac": "aa", "name": "Lte", "port_id": "lte0"},
    ],
    schema=INTERFACE_SCHEMA,
)  # fmt: skip


def events(*rows: dict) -> pl.DataFrame:
    base = {"mac": "aa", "site_id": "s1"}
    filled = [{**base, **r, "timestamp": T0.timestamp() + r.get("timestamp", 0)} for r in rows]
    return pl.DataFrame(filled, schema=DEVICE_EVENTS.schema)


def links(*rows: dict) -> list[tuple]:
    found = link_events(events(*rows), CIRCUITS, INTERFACES).collect()
    assert found.columns == ["circuit_id", "mac", "t", "state", "count", "admin"]
    return [(c, (t - T0).total_seconds(), s, n, a) for c, _, t, s, n, a in found.iter_rows()]


def test_the_port_is_found_by_port_id_unit_name_or_text():
    down = {"type": "GW_PORT_DOWN"}
    trap = "ifIndex 514, ifAdminStatus up(1), ifOperStatus down(2), ifName ge-0/0/1, more"
    assert links(
        {**down, "port_id": "ge-0/0/1", "timestamp": 0.25},
        {**down, "port_id": "ge-0/0/1.671", "timestamp": 1},
        {**down, "port_id": "Wan Fibre", "timestamp": 2},
        {**down, "text": trap, "timestamp": 3},
        {**down, "text": "Interface ge-0/0/1.0. went down", "timestamp": 4},
        {**down, "port_id": "", "text": "interface Lte is down", "timestamp": 5},
        {**down, "port_id": "ge-0/0/7", "timestamp": 6},
        {**down, "text": "no name in here", "timestamp": 7},
    ) == [("aa:ge-0/0/1", t, False, 1, False) for t in (0.25, 1, 2, 3, 4)] + [("aa:lte0", 5, False, 1, False)]


def test_types_tell_the_state_and_other_types_are_ignored():
    port = {"port_id": "ge-0/0/1"}
    assert links(
        {**port, "type": "GW_PORT_UP"},
        {**port, "type": "GW_ARP_UNRESOLVED", "timestamp": 1},
        {**port, "type": None, "timestamp": 2},
    ) == [("aa:ge-0/0/1", 0, True, 1, False)]


def test_duplicates_after_resolving_are_one_event_with_the_largest_count():
    down = {"type": "GW_PORT_DOWN", "timestamp": 3.5}
    assert links(
        {**down, "port_id": "ge-0/0/1", "count": 1},
        {**down, "text": "ifName ge-0/0/1", "count": 3},
        {**down, "port_id": "ge-0/0/1.0"},
        {"type": "GW_PORT_UP", "timestamp": 3.5, "port_id": "ge-0/0/1", "count": 0},
    ) == [("aa:ge-0/0/1", 3.5, False, 3, False), ("aa:ge-0/0/1", 3.5, True, 1, False)]


def test_a_cluster_event_without_node_counts_only_when_one_circuit_has_the_port():
    down = {"type": "GW_PORT_DOWN", "mac": "hh"}
    assert links(
        {**down, "port_id": "ge-0/0/1"},
        {**down, "port_id": "ge-0/0/2", "node": "", "timestamp": 1},
        {**down, "port_id": "ge-0/0/1", "node": "node1", "timestamp": 2},
        {**down, "port_id": "ge-0/0/2", "node": "node0", "timestamp": 3},
    ) == [("hh:node1:ge-0/0/1", 2, False, 1, False), ("hh:node1:ge-0/0/2", 1, False, 1, False)]


def test_admin_down_is_marked_in_all_its_spellings_and_never_on_up():
    texts = [
        "ifAdminStatus down(2), ifOperStatus down(2), ifName ge-0/0/1",
        "ifAdminStatus 2, ifName ge-0/0/1",
        "ifName ge-0/0/1, ifAdminStatus: down",
        "ifAdminStatus up(1), ifOperStatus down(2), ifName ge-0/0/1",
        "ifAdminStatus 1, ifOperStatus 2, ifName ge-0/0/1",
    ]
    rows = [{"type": "GW_PORT_DOWN", "text": t, "timestamp": i} for i, t in enumerate(texts)]
    up = {"type": "GW_PORT_UP", "text": "ifAdminStatus 2 ifName ge-0/0/1", "timestamp": 9}
    assert [admin for *_, admin in links(*rows, up)] == [True, True, True, False, False, False]


def test_reachability_events():
    found = reach_events(
        events(
            {"type": "GW_ARP_UNRESOLVED", "port_id": "ge-0/0/1"},
            {"type": "GW_DHCP_RESOLVED", "text": "DHCP interface ge-0/0/1 resolved", "timestamp": 60},
            {"type": "GW_DHCP_UNRESOLVED", "timestamp": 61},
            {"type": "GW_PORT_UP", "port_id": "ge-0/0/1", "timestamp": 62},
        ),
        CIRCUITS,
        INTERFACES,
    ).collect()
    assert found.rows() == [
        ("aa:ge-0/0/1", T0, False, 1),
        ("aa:ge-0/0/1", T0 + timedelta(seconds=60), True, 1),
    ]


def test_connection_events_and_that_a_long_absence_says_nothing_of_before():
    found = connection_events(
        events(
            {"type": "GW_DISCONNECTED"},
            {"type": "GW_DISCONNECTED"},
            {"type": "GW_DISCONNECTED_LONG", "timestamp": 600},
            {"type": "GW_CONNECTED", "timestamp": 900},
        )
    ).collect()
    assert found.select("state", "count", "is_event").rows() == [
        (False, 1, True),
        (False, 1, False),
        (True, 1, True),
    ]


def test_reboots_in_both_spellings_each_once():
    found = reboots(
        events(
            {"type": "GW_RESTARTED"},
            {"type": "GW_RESTART_BY_USER"},
            {"type": "GW_RESTARTED_BY_USER", "timestamp": 5},
            {"type": "GW_UPGRADED", "timestamp": 9},
            {"type": "GW_CONNECTED", "timestamp": 10},
        )
    ).collect()
    assert found.rows() == [("aa", T0 + timedelta(seconds=s)) for s in (0, 5, 9)]


def test_switch_overs_tell_which_port_became_active_and_unreadable_texts_tell_nothing():
    port = {"type": "GW_PORT_RG_STATE_CHANGED", "port_id": "ge-0/0/1"}
    text = "Redundancy group 1 changed state from {} to {}"
    found = switch_over_events(
        events(
            {**port, "text": text.format("secondary", "primary")},
            {**port, "text": text.format("secondary", "primary")},
            {**port, "text": text.format("primary", "secondary"), "timestamp": 7},
            {**port, "text": text.format("primary", "ineligible"), "timestamp": 8},
            {**port, "text": None, "timestamp": 9},
            {"type": "GW_RG_STATE_CHANGED", "text": text.format("secondary", "primary"), "timestamp": 1},
        ),
        CIRCUITS,
        INTERFACES,
    )
    assert found.collect().rows() == [
        ("aa:ge-0/0/1", T0, True),
        ("aa:ge-0/0/1", T0 + timedelta(seconds=7), False),
    ]


def test_facts_hold_each_event_once_with_its_locator():
    found = device_event_facts(
        events(
            {"type": "GW_PORT_DOWN", "port_id": "ge-0/0/1", "text": "port down"},
            {"type": "GW_PORT_DOWN", "text": "ifName ge-0/0/1", "count": 2},
            {"type": "GW_VPN_PATH_DOWN", "text": "peer path [a,b] down", "timestamp": 1},
            {"type": "GW_VPN_PATH_DOWN", "text": "peer path [c,d] down", "timestamp": 1},
            {"type": "GW_RESTARTED", "timestamp": 3600},
            {"type": "GW_RESTARTED", "timestamp": 3600},
            {"type": None, "timestamp": 3},
        ),
        CIRCUITS,
        INTERFACES,
    )
    assert violations(found, FACT_DEVICE_EVENT) == {}
    picked = found.select("event_type", "locator", "circuit_id", "event_count", "hour_utc")
    assert picked.collect().sort("event_type", "locator").rows() == [
        ("GW_PORT_DOWN", "ge-0/0/1", "aa:ge-0/0/1", 2, T0),
        ("GW_RESTARTED", "", None, 1, T0 + timedelta(hours=1)),
        ("GW_VPN_PATH_DOWN", "peer path [a,b] down", None, 1, T0),
        ("GW_VPN_PATH_DOWN", "peer path [c,d] down", None, 1, T0),
    ]


def test_path_events_name_their_circuit_and_stay_apart_by_their_text():
    texts = [
        f"peer path [{hub},198.51.100.1,gw,{name},0] down" for hub in ("h1", "h2") for name in ("Lte", "eth9")
    ]
    told = events(*({"type": "GW_VPN_PATH_DOWN", "text": text} for text in [*texts, texts[0]]))
    found = device_event_facts(told, CIRCUITS, INTERFACES).select("locator", "circuit_id").collect()
    assert found.sort("locator").rows() == sorted(
        (text, "aa:lte0" if "Lte" in text else None) for text in texts
    )


def test_an_event_without_a_site_has_that_of_its_gateway_or_is_left_out():
    rows = [
        {"type": "GW_RESTARTED", "site_id": None},
        {"type": "GW_RESTARTED", "site_id": None, "mac": "stranger"},
    ]
    found = device_event_facts(events(*rows), CIRCUITS, INTERFACES).collect()
    assert found.select("device_mac", "site_id").rows() == [("aa", "s1")]


def test_no_events_give_empty_frames_of_the_same_columns():
    assert link_events(events(), CIRCUITS, INTERFACES).collect().height == 0
    assert device_event_facts(events(), CIRCUITS, INTERFACES).collect().schema == pl.Schema(
        FACT_DEVICE_EVENT.schema
    )
