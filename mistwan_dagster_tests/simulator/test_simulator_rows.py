"""Rows of ports, devices and paths: shapes, quirks, and the truth they tell."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import jsonschema
import polars as pl
import pytest

from mistwan_dagster.simulator.incidents import DARK_KINDS
from mistwan_dagster.simulator.server import Running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW, NOW_S, key, org, walk

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


@pytest.fixture(autouse=True)
def _at_now(cloud: Running) -> None:
    cloud.clock.set(NOW)


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
        paths = org(cloud, "stats/vpn_peers/search", mac=gateway.mac).json()["results"]
        assert {p["last_seen"] for p in paths} <= {device["last_seen"]}
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
