"""Insight series: bins that are the truth, retention, paging."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import requests

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW, NOW_S, get, org


@pytest.fixture(autouse=True)
def _at_now(cloud: Running) -> None:
    cloud.clock.set(NOW)


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


def test_a_bin_of_an_outage_has_traffic_zero_and_no_quality(cloud: Running, world: World) -> None:
    found = world.truth_outages(NOW - timedelta(days=6), NOW).filter(
        (pl.col("end_utc") - pl.col("start_utc")) > timedelta(minutes=25),
        pl.col("circuit_id").str.contains(r"^[^:]+:ge-[^:]+$"),
    )
    for outage in found.to_dicts():
        cloud.clock.set(outage["end_utc"] + timedelta(minutes=30))
        first = math.ceil(outage["start_utc"].timestamp() / 600) * 600
        query = {"interval": "10m", "start": first - 1200, "end": first + 600}
        traffic = series(cloud, world, outage["circuit_id"], **query).json()
        quality = series(cloud, world, outage["circuit_id"], "device", **query).json()
        assert traffic["rx_bps"][2] == 0 < traffic["rx_bps"][0]
        assert quality["avg_latency"][2] is None
        assert quality["avg_latency"][0] > 0
    assert found.height >= 3
