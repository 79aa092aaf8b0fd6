"""Alarms and WAN clients of the simulated cloud: raised by incidents, changing in place, filtered and paged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest

from mistwan_dagster.simulator.alarms import GATEWAY_DOWN_AFTER_S, is_critical
from mistwan_dagster.simulator.incidents import DARK_KINDS, LINK_KINDS
from mistwan_dagster.simulator.searches import ALARM_RETENTION_S
from mistwan_dagster.simulator.server import Running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW, NOW_S, org, walk

ALARM_SCHEMA = {
    "type": "object",
    "required": ["id", "timestamp", "last_seen", "type", "group", "severity", "count"],
    "properties": {
        "timestamp": {"type": "number"},
        "last_seen": {"type": "number"},
        "count": {"type": "integer", "minimum": 1},
        "status": {"enum": ["open", "resolved"]},
        "resolved_time": {"type": "integer"},
        "acked": {"type": "boolean"},
        "gateways": {"type": "array", "items": {"type": "string"}},
    },
}


@pytest.fixture(autouse=True)
def _at_now(cloud: Running) -> None:
    cloud.clock.set(NOW)


def alarms(cloud: Running, **query: Any) -> list[dict]:
    span = {} if "duration" in query else {"start": NOW_S - 3 * 86400, "end": NOW_S}
    return walk(cloud, "alarms/search", **{"limit": 1000, **span, **query})[0]


def test_alarms_are_the_incidents_that_deserve_one(cloud: Running, world: World) -> None:
    start = NOW_S - 3 * 86400
    rows = alarms(cloud)
    for row in rows:
        jsonschema.validate(row, ALARM_SCHEMA)
    incidents = world.incidents(start - 86400, NOW_S)
    dark = incidents.of(*DARK_KINDS)
    raised = dark.start + GATEWAY_DOWN_AFTER_S
    lasting = dark.where(
        (raised >= start) & (raised < NOW_S) & (dark.end - dark.start > GATEWAY_DOWN_AFTER_S)
    )
    down = {
        (r["gateways"][0], r["timestamp"] - GATEWAY_DOWN_AFTER_S) for r in rows if r["type"] == "gateway_down"
    }
    expected = zip(lasting.gateway.tolist(), lasting.start.tolist(), strict=True)
    assert down == {(world.topology.gateways[g].mac, t) for g, t in expected} != set()

    links = incidents.of(*LINK_KINDS)
    critical = {
        world.topology.circuit_id(c)
        for c in (world.topology.circuits[i] for i in links.circuit.tolist())
        if is_critical(c)
    }
    ports = [r for r in rows if r["type"] == "gw_critical_port_down"]
    told = {":".join(filter(None, (r["gateways"][0], r.get("node"), r["port_ids"][0]))) for r in ports}
    assert told
    assert told <= critical
    assert len(critical) < len(set(links.circuit.tolist()))
    assert {"vpn_path_down", "bad_wan_uplink", "device_down"} <= {r["type"] for r in rows}


def test_an_alarm_changes_in_place_until_it_is_resolved(cloud: Running, world: World) -> None:
    book = world.alarms.between(NOW_S - 5 * 86400, NOW_S - 2 * 86400, NOW_S)
    end = max((a.occurrences[-1][1] for a in book if a.type == "gw_critical_port_down"), default=0)
    midst = datetime.fromtimestamp(end - 1, UTC)
    span = {"start": NOW_S - 5 * 86400, "end": end}
    cloud.clock.set(midst)
    open_ones = [r for r in alarms(cloud, **span) if r["status"] == "open"]
    assert open_ones
    cloud.clock.set(midst + timedelta(days=2))
    later = {r["id"]: r for r in alarms(cloud, **span)}
    for before in open_ones:
        after = later[before["id"]]
        assert after["timestamp"] == before["timestamp"]
        assert (before["status"], after["status"]) == ("open", "resolved")
        assert after["last_seen"] >= before["last_seen"]
        assert after["count"] >= before["count"]
        assert after["resolved_time"] >= int(end - 1)
        assert "resolved_time" not in before


def test_flaps_of_a_port_fold_into_one_alarm_that_counts(cloud: Running) -> None:
    folded = [r for r in alarms(cloud) if r["type"] == "gw_critical_port_down" and r["count"] > 1]
    assert folded
    assert all(r["last_seen"] > r["timestamp"] for r in folded)


def test_filters_and_pages(cloud: Running) -> None:
    every = alarms(cloud)
    assert len({r["id"] for r in every}) == len(every)
    paged, total, pages = walk(cloud, "alarms/search", start=NOW_S - 3 * 86400, end=NOW_S, limit=7)
    assert paged == every
    assert (total, pages) == (len(every), -(-len(every) // 7))
    for name, value in (
        ("group", "marvis"), ("severity", "critical"), ("type", "gateway_down"), ("site_id", every[0]["site_id"]),
    ):  # fmt: skip
        assert alarms(cloud, **{name: value}) == [r for r in every if r[name] == value] != []
    two = {"gateway_down", "device_down"}
    assert alarms(cloud, type=",".join(two)) == [r for r in every if r["type"] in two]
    acked = alarms(cloud, acked="true")
    assert acked == [r for r in every if r["acked"]] != []
    assert len(acked) + len(alarms(cloud, acked="False")) == len(every)


def test_alarms_are_forgotten(cloud: Running) -> None:
    end = NOW_S - ALARM_RETENTION_S
    assert org(cloud, "alarms/search", start=end - 86400 * 5, end=end).json()["total"] == 0
    assert org(cloud, "alarms/search", start=end, end=end + 86400).json()["total"] > 0


def test_clients_of_the_window_are_listed_with_their_site(cloud: Running, world: World) -> None:
    rows, total, pages = walk(cloud, "wan_clients/search", duration="1h", limit=100)
    assert total == len(rows) == len({r["wcid"] for r in rows})
    assert pages > 3
    assert all(NOW_S - 3600 <= r["timestamp"] < NOW_S for r in rows)
    assert not any("bytes" in name for r in rows for name in r)
    assert 0 < sum("port_id" in r for r in rows) < len(rows)
    day = org(cloud, "wan_clients/search", limit=1000).json()["total"]
    assert total < day <= len(world.clients.site)
    site = rows[0]["site_id"]
    own, _, _ = walk(cloud, "wan_clients/search", duration="1h", site_id=site)
    assert own == [r for r in rows if r["site_id"] == site]
    guests, _, _ = walk(cloud, "wan_clients/search", duration="1h", network="guest", limit=1000)
    assert guests == [r for r in rows if r["network"] == "guest"] != []
    named, _, _ = walk(cloud, "wan_clients/search", duration="1h", hostname=rows[0]["last_hostname"])
    assert named == [rows[0]]
