"""The simulated API over real HTTP: shapes, defaults, paging, admission, events, history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import numpy as np
import polars as pl
import pytest
import requests

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.gate import NO_CREDENTIALS
from mistwan_dagster.simulator.incidents import DARK_KINDS
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

NOW = datetime(2025, 3, 12, 15, 20, 7, tzinfo=UTC)
NOW_S = NOW.timestamp()
NUMBER_OR_NULL = {"type": ["number", "null"]}
PORT_SCHEMA = {
    "type": "object",
    "required": ["org_id", "site_id", "mac", "port_id", "disabled", "rx_bytes", "tx_bytes", "last_flapped"],
    "properties": {
        "mac": {"pattern": "^[0-9a-f]{12}$"},
        "up": {"type": "boolean"},
        "active": {"type": "boolean"},
        "disabled": {"type": "boolean"},
        "speed": {"type": "integer"},
        "rx_bytes": {"type": ["integer", "null"]},
        "rx_bps": {"type": ["integer", "null"]},
        "timestamp": {"type": "number"},
        "lte_imsi": {"type": ["string", "null"]},
    },
}
PATH_SCHEMA = {
    "type": "object",
    "required": [
        "site_id",
        "mac",
        "port_id",
        "peer_mac",
        "peer_port_id",
        "vpn_name",
        "up",
        "is_active",
        "last_seen",
    ],
    "properties": {
        "latency": NUMBER_OR_NULL,
        "jitter": NUMBER_OR_NULL,
        "loss": NUMBER_OR_NULL,
        "mos": NUMBER_OR_NULL,
    },
}
EVENT_SCHEMA = {
    "type": "object",
    "required": ["type", "timestamp", "org_id", "site_id", "mac", "device_type"],
    "properties": {"timestamp": {"type": "number"}, "count": {"type": "integer", "minimum": 2}},
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=3, sites=40)


@pytest.fixture(scope="module")
def cloud(world: World) -> Iterator[Running]:
    with running(world, clock=Clock(NOW), quota=100_000) as sim:
        yield sim


@pytest.fixture(autouse=True)
def _at_now(cloud: Running) -> None:
    cloud.clock.set(NOW)


def get(sim: Running, path: str, token: str | None = None, **query: Any) -> requests.Response:
    headers = {"Authorization": f"Token {token or sim.token}"}
    return requests.get(sim.base_url + path, params=query, headers=headers, timeout=10)


def org(sim: Running, path: str, **query: Any) -> requests.Response:
    return get(sim, f"/api/v1/orgs/{sim.org_id}/{path}", **query)


def walk(sim: Running, path: str, **query: Any) -> tuple[list[dict], int, int]:
    """All rows by `next`, the total told and the number of pages."""
    answer = org(sim, path, **query).json()
    rows, pages = list(answer["results"]), 1
    while "next" in answer:
        assert answer["next"].startswith("/api/v1/orgs/")
        answer = get(sim, answer["next"]).json()
        rows, pages = rows + answer["results"], pages + 1
    return rows, answer["total"], pages


def key(row: dict) -> tuple:
    return row["mac"], row.get("node"), row["port_id"]


# --- admission


@pytest.mark.parametrize("header", [None, "Token wrong", "Bearer x", "Token "])
def test_without_a_known_token_401(cloud: Running, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{cloud.base_url}/api/v1/self", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"detail": NO_CREDENTIALS})


def test_another_organization_403_another_site_and_route_404(cloud: Running) -> None:
    other = "/api/v1/orgs/00000000-0000-0000-0000-000000000000/sites"
    assert get(cloud, other).status_code == 403
    assert get(cloud, "/api/v1/sites/00000000-0000-0000-0000-000000000000/devices").status_code == 404
    unknown = get(cloud, "/api/v1/no/such/thing")
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Not found."})


def test_self_names_the_organization(cloud: Running) -> None:
    privilege = get(cloud, "/api/v1/self").json()["privileges"][0]
    assert (privilege["org_id"], privilege["role"]) == (cloud.org_id, "read")
    assert org(cloud, "").status_code in (200, 404)
    assert get(cloud, f"/api/v1/orgs/{cloud.org_id}").json()["id"] == cloud.org_id


def test_the_quota_is_per_token_and_clock_hour(world: World) -> None:
    clock = Clock(datetime(2025, 3, 12, 15, 46, 42, tzinfo=UTC))
    with running(world, clock=clock, quota=3, more_tokens=("second-simulated-token-000000",)) as sim:
        usage = get(sim, "/api/v1/self/usage").json()
        assert (usage["requests"], usage["request_limit"]) == (1, 3)
        assert [get(sim, "/api/v1/self").status_code for _ in range(3)] == [200, 200, 429]
        refused = get(sim, "/api/v1/self")
        assert refused.headers["Retry-After"] == "798"
        assert refused.json()["detail"].startswith("Too Many Request.")
        assert get(sim, "/api/v1/self", token="second-simulated-token-000000").status_code == 200
        clock.set(datetime(2025, 3, 12, 16, 0, 1, tzinfo=UTC))
        assert get(sim, "/api/v1/self").status_code == 200


def test_controls_need_no_token_and_cost_nothing(cloud: Running) -> None:
    before = get(cloud, "/api/v1/self/usage").json()["requests"]
    info = requests.get(f"{cloud.base_url}/_sim/info", timeout=10).json()
    assert (info["org_id"], info["token"], info["seed"]) == (cloud.org_id, cloud.token, 3)
    moved = requests.post(f"{cloud.base_url}/_sim/clock", json={"now": "2025-03-12T15:30:00Z"}, timeout=10)
    assert moved.json() == {"now": "2025-03-12T15:30:00+00:00"}
    assert cloud.clock.now() == datetime(2025, 3, 12, 15, 30, tzinfo=UTC)
    bad = requests.post(f"{cloud.base_url}/_sim/clock", json={"now": "noon"}, timeout=10)
    assert bad.status_code == 400
    assert get(cloud, "/api/v1/self/usage").json()["requests"] == before + 1


# --- paging and defaults


def test_array_answers_page_by_number_with_headers(cloud: Running) -> None:
    first = org(cloud, "sites", limit=15)
    assert [first.headers[f"X-Page-{n}"] for n in ("Limit", "Page", "Total")] == ["15", "1", "40"]
    pages = [org(cloud, "sites", limit=15, page=p).json() for p in (1, 2, 3, 4)]
    assert [len(p) for p in pages] == [15, 15, 10, 0]
    assert len({s["id"] for p in pages for s in p}) == 40


def test_limit_defaults_to_100_and_is_at_most_1000(cloud: Running) -> None:
    assert len(org(cloud, "stats/ports/search").json()["results"]) == 100
    assert org(cloud, "stats/ports/search", limit=5000).json()["limit"] == 1000
    assert org(cloud, "stats/ports/search", limit="many").status_code == 400


def test_cursor_answers_page_by_next_and_hold_each_row_once(cloud: Running) -> None:
    rows, total, pages = walk(cloud, "stats/ports/search", device_type="gateway", limit=90)
    assert total == len(rows) == len({key(r) for r in rows})
    assert pages == -(-total // 90)
    answer = org(cloud, "stats/ports/search", device_type="gateway", limit=90).json()
    assert "device_type=gateway" in answer["next"]
    assert "search_after=%5B" in answer["next"]
    assert org(cloud, "stats/ports/search", search_after="1710949286").status_code == 400


def test_a_walk_stays_consistent_while_the_clock_moves(cloud: Running) -> None:
    answer = org(cloud, "stats/ports/search", device_type="gateway", limit=200).json()
    rows = answer["results"]
    while "next" in answer:
        cloud.clock.advance(timedelta(seconds=25))
        answer = get(cloud, answer["next"]).json()
        rows = rows + answer["results"]
    assert len({key(r) for r in rows}) == len(rows) == answer["total"]


def test_types_default_to_access_points(cloud: Running, world: World) -> None:
    assert org(cloud, "stats/devices").json() == []
    assert org(cloud, "devices/events/search").json()["total"] == 0
    site = world.topology.sites[0].id
    assert get(cloud, f"/api/v1/sites/{site}/devices").json() == []
    assert len(org(cloud, "stats/devices", type="gateway").json()) == 40
    assert org(cloud, "devices/events/search", device_type="gateway").json()["total"] > 0
    config = get(cloud, f"/api/v1/sites/{site}/devices", type="gateway").json()[0]
    assert config["port_config"]["ge-0/0/0"]["usage"] == "wan"


def test_times_cannot_be_mixed_or_nonsense(cloud: Running) -> None:
    for query in ({"start": 1, "duration": "1d"}, {"duration": "soon"}, {"start": NOW_S, "end": NOW_S - 5}):
        answer = org(cloud, "devices/events/search", device_type="gateway", **query)
        assert answer.status_code == 400
        assert "detail" in answer.json()


# --- objects


def test_sites_have_regions_and_store_types_as_sitegroups_except_a_few(cloud: Running) -> None:
    groups = {g["id"]: g for g in org(cloud, "sitegroups").json()}
    names = {g["name"] for g in groups.values()}
    assert {f"Region {r}" for r in ("North", "South", "East", "West", "Central")} <= names
    assert {"Store type Flagship", "Store type Standard", "Store type Express"} <= names
    without = Counter()
    for site in org(cloud, "sites").json():
        own = [groups[g]["name"] for g in site["sitegroup_ids"]]
        without["region"] += not any(n.startswith("Region ") for n in own)
        without["type"] += not any(n.startswith("Store type ") for n in own)
        assert all(site["id"] in groups[g]["site_ids"] for g in site["sitegroup_ids"])
        assert -90 <= site["latlng"]["lat"] <= 90
        assert "/" in site["timezone"]
    assert without == {"region": 2, "type": 2}


def test_inventory_has_claim_codes_spares_and_cluster_members(cloud: Running) -> None:
    rows = org(cloud, "inventory", type="gateway").json()
    assert all(r["magic"].startswith("MAGIC-") for r in rows)
    assert [r["name"] for r in rows if r["site_id"] is None] == ["spare-1"]
    assert len(rows) == 41
    members = org(cloud, "inventory", type="gateway", vc="true").json()
    assert len(members) == 43
    assert len(org(cloud, "inventory", unassigned="false").json()) == 40


def test_cluster_rows_have_nodes_and_a_second_interface_map(cloud: Running) -> None:
    clusters = [d for d in org(cloud, "stats/devices", type="gateway").json() if d["is_ha"]]
    assert len(clusters) == 2
    assert all("wan2" in {v.get("wan_name") for v in d["if2_stat"].values()} for d in clusters)
    ports = org(cloud, "stats/ports/search", mac=clusters[0]["mac"]).json()["results"]
    assert {p["node"] for p in ports} == {"node0", "node1"}
    assert len([p for p in ports if p["port_id"] == "ge-0/0/0"]) == 2


def test_one_device_with_ports_and_paths(cloud: Running) -> None:
    device = org(cloud, "stats/devices", type="gateway").json()[0]
    path = f"/api/v1/sites/{device['site_id']}/stats/devices/{device['id']}"
    told = get(cloud, path, fields="ports,vpn_peers").json()
    assert told["mac"] == device["mac"]
    assert len(told["ports"]) == 10
    assert "mac" not in told["ports"][0]
    assert told["vpn_peers"]


def test_definitions(cloud: Running) -> None:
    metrics = get(cloud, "/api/v1/const/insight_metrics").json()
    assert metrics["rx_bps"]["intervals"]["1h"]["max_age"] == 1209600
    events = {e["key"] for e in get(cloud, "/api/v1/const/device_events").json()}
    seen = org(cloud, "devices/events/search", device_type="gateway", duration="14d", limit=1000).json()
    assert {r["type"] for r in seen["results"]} <= events
    assert get(cloud, "/api/v1/const/alarm_defs").json()[0].keys() >= {"key", "severity", "group"}


# --- snapshots


def test_port_rows_have_the_shape_and_the_quirks(cloud: Running) -> None:
    rows, _, _ = walk(cloud, "stats/ports/search", device_type="gateway", limit=1000)
    for row in rows:
        jsonschema.validate(row, PORT_SCHEMA)
        assert any(k.startswith("_") for k in row)
    wan = [r for r in rows if str(r.get("port_usage", "wan")).lower() != "lan"]
    lte = [r for r in wan if r["port_id"].startswith("lte")]
    assert len(rows) > 3 * len(wan)
    assert lte
    assert all("speed" not in r and r["lte_imsi"] for r in lte)
    assert {r["speed"] for r in wan if r not in lte and not r["disabled"] and r.get("up")} == {1000}
    assert any(r["disabled"] for r in wan)
    assert any("up" not in r for r in wan)
    assert any("timestamp" not in r for r in wan)
    assert any("port_usage" not in r for r in wan)
    assert any(r.get("port_usage") == "WAN" for r in wan)
    assert {
        r["port_usage"] for r in org(cloud, "stats/ports/search", port_usage="wan").json()["results"]
    } <= {
        "wan",
        "WAN",
    }


def test_rates_are_sometimes_null_and_counters_rarely(cloud: Running) -> None:
    nulls = Counter()
    for minute in range(0, 60, 5):
        cloud.clock.set(NOW + timedelta(minutes=minute))
        rows = org(cloud, "stats/ports/search", limit=1000, port_usage="wan").json()["results"]
        nulls.update({k: sum(r[k] is None for r in rows) for k in ("rx_bps", "rx_bytes")})
        nulls["rows"] += len(rows)
    assert 0.01 < nulls["rx_bps"] / nulls["rows"] < 0.06
    assert nulls["rx_bytes"] / nulls["rows"] < 0.01


def test_rows_advance_every_sixty_seconds_of_their_source(cloud: Running) -> None:
    def times() -> dict[tuple, float]:
        rows = org(cloud, "stats/ports/search", limit=1000).json()["results"]
        return {key(r): r["timestamp"] for r in rows if "timestamp" in r}

    first = times()
    cloud.clock.advance(timedelta(seconds=60))
    second = times()
    steps = Counter(round(second[k] - first[k]) for k in first)
    assert steps[60] > 0.9 * len(first)
    assert all(0 <= NOW_S - t < 70 for t in first.values() if t > NOW_S - 3600)


def test_counters_of_two_snapshots_tell_the_hours_bytes(cloud: Running, world: World) -> None:
    hour = NOW.replace(minute=0, second=0)
    truth = world.truth_circuit_hours(hour, hour + timedelta(hours=1))
    quiet = truth.filter(unknown_minutes=0, counter_reset=False)
    expected = dict(zip(quiet["circuit_id"], quiet["rx_bytes"], strict=True))

    def counters(at: datetime) -> dict[str, tuple[float, int]]:
        cloud.clock.set(at)
        devices = {d["mac"]: d for d in org(cloud, "stats/devices", type="gateway", limit=1000).json()}
        rows = org(cloud, "stats/ports/search", limit=1000).json()["results"]
        return {
            ":".join(filter(None, key(r))): (devices[r["mac"]]["last_seen"], r["rx_bytes"])
            for r in rows
            if r["rx_bytes"] is not None and not r["disabled"]
        }

    first, last = counters(hour), counters(hour + timedelta(hours=1))
    compared = 0
    for circuit_id in expected.keys() & first.keys() & last.keys():
        (t0, b0), (t1, b1) = first[circuit_id], last[circuit_id]
        if t1 - t0 == 3600 and expected[circuit_id] > 0:
            assert b1 - b0 == pytest.approx(expected[circuit_id], rel=0.03), circuit_id
            compared += 1
    assert compared > 80


def test_a_disconnected_gateway_keeps_its_last_row(cloud: Running, world: World) -> None:
    span = world.incidents(NOW_S - 5 * 86400, NOW_S).of(*DARK_KINDS)
    long = span.where(span.end - span.start > 1200)
    moving = 0
    for g, start, end in zip(long.gateway.tolist(), long.start.tolist(), long.end.tolist(), strict=True):
        gateway = world.topology.gateways[g]
        rows = []
        for at in (start + 300, min(end - 30, start + 1000)):
            cloud.clock.set(datetime.fromtimestamp(at, UTC))
            device = org(cloud, "stats/devices", type="gateway", mac=gateway.mac).json()[0]
            assert device["status"] == "disconnected"
            assert start - 60 <= device["last_seen"] <= start
            port = next(
                r
                for r in org(cloud, "stats/ports/search", mac=gateway.mac).json()["results"]
                if r["port_id"] == "ge-0/0/5"
            )
            rows.append(port)
        assert rows[0]["rx_bytes"] == rows[1]["rx_bytes"]
        moving += rows[0]["timestamp"] != rows[1]["timestamp"]
        assert (rows[0]["timestamp"] != rows[1]["timestamp"]) == gateway.stale_timestamp_moves
        cloud.clock.set(datetime.fromtimestamp(end + 15, UTC))
        assert org(cloud, "stats/devices", mac=gateway.mac, type="all").json()[0]["status"] == "connected"
    assert len(long) >= 3


def test_a_link_that_is_down_says_so_and_since_when(cloud: Running, world: World) -> None:
    outage = (
        world.truth_outages(NOW - timedelta(days=2), NOW)
        .filter(kind="link")
        .filter((pl.col("end_utc") - pl.col("start_utc")) > timedelta(minutes=10))
        .row(0, named=True)
    )
    mac, port_id = outage["circuit_id"].split(":")[0], outage["circuit_id"].split(":")[-1]

    def row(at: datetime) -> dict:
        cloud.clock.set(at)
        rows = org(cloud, "stats/ports/search", mac=mac, port_id=port_id).json()["results"]
        return next(r for r in rows if ":".join(filter(None, key(r))) == outage["circuit_id"])

    during, later = (
        row(outage["start_utc"] + timedelta(minutes=5)),
        row(outage["start_utc"] + timedelta(minutes=8)),
    )
    after = row(outage["end_utc"] + timedelta(minutes=2))
    assert during["last_flapped"] == outage["start_utc"].timestamp()
    assert during["rx_bytes"] == later["rx_bytes"]
    assert after["last_flapped"] == outage["end_utc"].timestamp()
    assert (during.get("up", False), after.get("up", True)) == (False, True)


def test_paths_have_the_shape_and_move_with_a_failover(cloud: Running, world: World) -> None:
    rows, _, _ = walk(cloud, "stats/vpn_peers/search", limit=50)
    for row in rows:
        jsonschema.validate(row, PATH_SCHEMA)
        if not row["up"]:
            assert row.get("latency") is None
            assert row["is_active"] is False
    assert {r["port_id"].partition(".")[2] for r in rows} >= {"", "0", "671"}
    assert any(r["port_id"].startswith("wan") for r in rows)
    assert any(r.get("mos", 0) > 5 for r in rows)
    assert any(0 < r.get("mos", 0) <= 5 for r in rows)
    carrier = {c["circuit_id"]: c for c in world.truth_circuits().to_dicts()}
    failover = next(
        f
        for f in world.truth_failovers(NOW - timedelta(days=9), NOW).to_dicts()
        if carrier[f["to_circuit_id"]]["has_paths"] and not carrier[f["to_circuit_id"]]["node"]
    )
    mac = failover["from_circuit_id"].split(":")[0]
    active = []
    for at in (failover["start_utc"] - timedelta(minutes=2), failover["start_utc"] + timedelta(minutes=2)):
        cloud.clock.set(at)
        found = org(cloud, "stats/vpn_peers/search", mac=mac).json()["results"]
        active.append({r["port_id"] for r in found if r["is_active"]})
    assert len(active[0]) == len(active[1]) == 1
    assert active[0] != active[1]


def test_an_up_path_comes_without_quality_now_and_then(cloud: Running) -> None:
    silent = total = 0
    for minute in range(0, 60, 5):
        cloud.clock.set(NOW + timedelta(minutes=minute))
        rows = [r for r in org(cloud, "stats/vpn_peers/search", limit=1000).json()["results"] if r["up"]]
        silent, total = silent + sum(r.get("latency") is None for r in rows), total + len(rows)
    assert 0.001 < silent / total < 0.03


def test_the_bad_cluster_is_bad(cloud: Running, world: World) -> None:
    bad = {world.topology.gateways[c.gateway].mac for c in world.topology.circuits if c.is_bad}
    rows = [r for r in org(cloud, "stats/vpn_peers/search", limit=1000).json()["results"] if r.get("latency")]
    worst = sorted(rows, key=lambda r: r["latency"])[-6:]
    assert {r["mac"] for r in worst} <= bad
    regions = {world.topology.sites[i].region for i, g in enumerate(world.topology.gateways) if g.mac in bad}
    assert "West" in regions
    assert regions <= {"West", None}


# --- events


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


# --- history


def series(
    sim: Running, world: World, circuit_id: str, kind: str = "gateway", **query: Any
) -> requests.Response:
    mac, *_, port_id = circuit_id.split(":")
    gateway = next(g for g in world.topology.gateways if g.mac == mac)
    site = world.topology.sites[gateway.site].id
    tail = f"gateway/{gateway.id}/stats" if kind == "gateway" else f"device/{mac}/wan_link_health"
    metrics = {"metrics": "rx_bps,tx_bps,max_rx_bps"} if kind == "gateway" else {}
    return get(sim, f"/api/v1/sites/{site}/insights/{tail}", **{"port_id": port_id, **metrics, **query})


def test_hourly_bins_are_the_truths_bytes(cloud: Running, world: World) -> None:
    first = NOW.replace(minute=0, second=0) - timedelta(hours=300)
    truth = world.truth_circuit_hours(first, first + timedelta(hours=300))
    checked = nulls = 0
    for circuit in world.truth_circuits().filter(pl.col("node").is_null(), state="up").to_dicts()[:30]:
        own = truth.filter(circuit_id=circuit["circuit_id"])
        answer = series(
            cloud,
            world,
            circuit["circuit_id"],
            interval="1h",
            limit=400,
            start=first.timestamp() + 1234,
            end=NOW_S,
        ).json()
        assert answer["start"] == first.timestamp()
        assert answer["interval"] == 3600
        assert len(answer["rx_bps"]) == 300
        assert answer["end"] == first.timestamp() + 300 * 3600
        for told, peak, row in zip(answer["rx_bps"], answer["max_rx_bps"], own.to_dicts(), strict=True):
            if row["unknown_minutes"] == 0:
                assert told * 3600 / 8 == pytest.approx(row["rx_bytes"], abs=300)
                assert peak >= told - 1
                checked += 1
            elif row["unknown_minutes"] > 35:
                assert told is None
                nulls += 1
    assert checked > 8000
    assert nulls >= 3


def test_ten_minute_bins_of_the_last_day_and_the_default_limit(cloud: Running, world: World) -> None:
    circuit_id = world.truth_circuits()["circuit_id"][0]
    ten = series(cloud, world, circuit_id, interval=600, duration="3h").json()
    assert ten["interval"] == 600
    assert ten["start"] % 600 == 0
    assert len(ten["rx_bps"]) == 18
    fortnight = {"interval": "1h", "start": NOW_S - 14 * 86400, "end": NOW_S}
    first = series(cloud, world, circuit_id, **fortnight).json()
    assert (first["limit"], len(first["rx_bps"])) == (100, 100)
    pages = [series(cloud, world, circuit_id, **fortnight, page=p).json() for p in (1, 2, 3, 4)]
    joined = [v for p in pages for v in p["rx_bps"]]
    whole = series(cloud, world, circuit_id, **fortnight, limit=400).json()
    assert joined == whole["rx_bps"]
    assert pages[1]["start"] == first["end"] == first["start"] + 100 * 3600


def test_history_refuses_what_it_does_not_keep(cloud: Running, world: World) -> None:
    circuit_id = world.truth_circuits()["circuit_id"][0]
    for query in (
        {"port_id": ""},
        {"interval": "1h", "start": NOW_S - 15 * 86400, "end": NOW_S},
        {"interval": "10m", "start": NOW_S - 2 * 86400, "end": NOW_S},
        {"interval": "7m", "duration": "1h"},
        {"metrics": "cheese"},
        {"metrics": ""},
    ):
        answer = series(cloud, world, circuit_id, **query)
        assert answer.status_code == 400, query
        assert answer.json()["detail"]


def test_quality_bins_are_the_mean_of_what_rows_tell(cloud: Running, world: World) -> None:
    """Sixty snapshots of an hour, averaged over the paths that were up, give the hourly bin."""
    hour = NOW.replace(minute=0, second=0)
    sums: dict[str, list[float]] = {}
    macs = {g.index: g for g in world.topology.gateways}
    wired = [c for c in world.topology.circuits if c.has_paths and macs[c.gateway].path_style == "physical"]
    wanted = {(macs[c.gateway].mac, c.port_id): c for c in wired if c.node is None}
    for minute in range(60):
        cloud.clock.set(hour + timedelta(minutes=minute, seconds=59))
        for row in org(cloud, "stats/vpn_peers/search", limit=1000).json()["results"]:
            if (row["mac"], row["port_id"]) in wanted and row["up"] and row.get("latency") is not None:
                sums.setdefault(f"{row['mac']}:{row['port_id']}", []).append(row["latency"])
    cloud.clock.set(hour + timedelta(minutes=61))
    compared = 0
    for circuit_id, values in sums.items():
        answer = series(cloud, world, circuit_id, "device", interval="1h", start=hour.timestamp()).json()
        if len(values) >= 110 and answer["avg_latency"][0] is not None:
            assert answer["avg_latency"][0] == pytest.approx(np.mean(values), rel=0.02)
            compared += 1
    assert compared >= 10


def test_links_that_are_not_probed_have_empty_quality(cloud: Running, world: World) -> None:
    lte = world.truth_circuits().filter(~pl.col("has_paths"), state="up")["circuit_id"][0]
    answer = series(cloud, world, lte, "device", interval="1h", duration="1d").json()
    assert (answer["avg_latency"], answer["avg_loss"]) == ([], [])
    assert answer["end"] > answer["start"]


def test_nothing_before_the_organization_went_live() -> None:
    young = World(seed=3, sites=5, start=NOW - timedelta(hours=30))
    with running(young, clock=Clock(NOW)) as sim:
        circuit_id = young.truth_circuits()["circuit_id"][0]
        answer = series(sim, young, circuit_id, interval="1h", duration="3d").json()
        assert set(answer["rx_bps"][:40]) == {None}
        assert answer["rx_bps"][-1] is not None
        rows = org(sim, "devices/events/search", device_type="gateway", duration="14d", limit=1000).json()[
            "results"
        ]
        assert all(r["timestamp"] >= young.start_s for r in rows)
