"""Device events: exactly the truth, though late, twice, folded or without a port."""

from __future__ import annotations

from datetime import datetime, timedelta

import jsonschema
import pytest

from mistwan_dagster.simulator.server import Running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW, NOW_S, get, org, walk

EVENT_SCHEMA = {
    "type": "object",
    "required": ["type", "timestamp", "org_id", "site_id", "mac", "device_type"],
    "properties": {"timestamp": {"type": "number"}, "count": {"type": "integer", "minimum": 2}},
}


@pytest.fixture(autouse=True)
def _at_now(cloud: Running) -> None:
    cloud.clock.set(NOW)


def test_events_tell_exactly_the_truths_outages(cloud: Running, world: World) -> None:
    """De-duplicated, located by port or text, they are the transitions of the truth to the millisecond."""
    start, end = NOW - timedelta(days=3), NOW - timedelta(hours=2)
    rows, total, _ = walk(
        cloud,
        "devices/events/search",
        device_type="gateway",
        type="GW_PORT_DOWN,GW_PORT_UP",
        start=start.timestamp(),
        end=end.timestamp(),
        limit=40,
    )
    assert total == len(rows)
    known = set(world.truth_circuits()["circuit_id"])
    told = set()
    for row in rows:
        jsonschema.validate(row, EVENT_SCHEMA)
        words = row["text"].replace("ifName ", "interface ").split()
        port_id = row.get("port_id") or words[words.index("interface") + 1]
        circuit_id = ":".join(filter(None, (row["mac"], row.get("node"), port_id)))
        if circuit_id in known:
            told.add((circuit_id, row["type"], row["timestamp"], row.get("count", 1)))
    expected = set()
    for o in world.truth_outages(start, end).filter(kind="link").to_dicts():
        for type_, at in (("GW_PORT_DOWN", o["start_utc"]), ("GW_PORT_UP", o["end_utc"])):
            if start <= at < end:
                expected.add((o["circuit_id"], type_, at.timestamp(), o["count"]))
    assert told == expected
    assert len(told) < len({(r["mac"], r["type"], r["timestamp"]) for r in rows}) < len(rows)
    assert any(r.get("count", 1) > 1 for r in rows)
    assert any("port_id" not in r for r in rows)


def test_events_arrive_late_but_within_fifty_minutes(cloud: Running) -> None:
    window = {"device_type": "gateway", "start": NOW_S - 86400, "end": NOW_S, "limit": 1000}

    def shown(at: datetime) -> int:
        cloud.clock.set(at)
        return org(cloud, "devices/events/search", **window).json()["total"]

    counts = [shown(NOW + timedelta(minutes=m)) for m in (0, 50, 300)]
    assert counts[1] == counts[2]
    cloud.clock.set(NOW)
    delays = 0
    for back in range(1, 25):
        window |= {"start": NOW_S - back * 3600, "end": NOW_S - (back - 1) * 3600}
        delays += shown(NOW - timedelta(hours=back - 1)) < shown(NOW + timedelta(hours=1))
    assert delays >= 3


def test_events_reach_back_two_weeks_and_can_be_filtered(cloud: Running) -> None:
    old = org(
        cloud,
        "devices/events/search",
        device_type="gateway",
        start=NOW_S - 30 * 86400,
        end=NOW_S - 15 * 86400,
    )
    assert old.json()["total"] == 0
    rows = org(cloud, "devices/events/search", device_type="gateway", duration="14d", limit=1000).json()[
        "results"
    ]
    assert min(r["timestamp"] for r in rows) < NOW_S - 13 * 86400
    types = {r["type"] for r in rows}
    assert types >= {
        "GW_DISCONNECTED",
        "GW_CONNECTED",
        "GW_RESTARTED",
        "GW_VPN_PATH_DOWN",
        "GW_DHCP_UNRESOLVED",
    }
    mac = rows[0]["mac"]
    own = org(
        cloud, "devices/events/search", device_type="gateway", duration="14d", limit=1000, mac=mac
    ).json()
    assert {r["mac"] for r in own["results"]} == {mac}
    site = get(
        cloud, f"/api/v1/sites/{rows[0]['site_id']}/devices/events/search", duration="14d", limit=1000
    ).json()
    assert site["total"] == own["total"]


def test_a_cluster_tells_its_switch_over(world: World) -> None:
    found = [
        (day, event)
        for day in range(20150, 20250)
        for event in world.chronicle.starting_on(day)
        if event.type == "GW_PORT_RG_STATE_CHANGED"
    ]
    assert found
    assert {e.extra["node"] for _, e in found} == {"node0", "node1"}
    assert all(world.topology.gateways[e.gateway].is_ha for _, e in found)
