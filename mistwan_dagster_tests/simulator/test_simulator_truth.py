"""The truth of the simulated cloud agrees with itself and holds something to find."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from mistwan_dagster.simulator.incidents import Kind
from mistwan_dagster.simulator.world import World

START = datetime(2025, 3, 10, tzinfo=UTC)
END = START + timedelta(hours=48)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=3, sites=40)


@pytest.fixture(scope="module")
def hours(world: World) -> pl.DataFrame:
    return world.truth_circuit_hours(START, END)


def test_two_worlds_of_one_seed_tell_the_same_in_any_order(world: World, hours: pl.DataFrame) -> None:
    other = World(seed=3, sites=40)
    other.truth_circuit_hours(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC))
    assert other.truth_circuit_hours(START, END).equals(hours)
    assert other.truth_failovers(START, END).equals(world.truth_failovers(START, END))
    assert not World(seed=4, sites=40).truth_circuit_hours(START, END).equals(hours)


def test_every_hour_has_sixty_minutes_and_no_disabled_port(world: World, hours: pl.DataFrame) -> None:
    total = hours["up_minutes"] + hours["down_minutes"] + hours["unknown_minutes"]
    assert (total - 60).abs().max() < 1e-9
    assert hours["up_minutes"].min() >= 0
    known = world.truth_circuits()
    shown = known.filter(pl.col("state") != "disabled")
    assert "disabled" in known["state"]
    assert hours.height == shown.height * 48
    assert set(hours["circuit_id"]) == set(shown["circuit_id"])


def test_a_line_that_never_came_up_is_down_and_carries_nothing(world: World, hours: pl.DataFrame) -> None:
    never = world.truth_circuits().filter(pl.col("state") == "down")["circuit_id"]
    rows = hours.filter(pl.col("circuit_id").is_in(never.implode()) & (pl.col("unknown_minutes") == 0))
    assert rows.height > 0
    assert rows.select(pl.col("rx_bytes").max(), pl.col("down_minutes").min()).row(0) == (0.0, 60.0)


def test_the_integral_equals_a_sum_over_seconds(world: World) -> None:
    """By brute force: own activity while the link is up, plus what a neighbour's outage moves here."""
    failover = world.truth_failovers(START, END).filter(pl.col("cause") == "link_down").row(0, named=True)
    ids = [world.topology.circuit_id(c) for c in world.topology.circuits]
    source, target = ids.index(failover["from_circuit_id"]), ids.index(failover["to_circuit_id"])
    hour = failover["start_utc"].replace(minute=0, second=0, microsecond=0)
    seconds = hour.timestamp() + np.arange(3600 * 4) / 4 + 0.125
    lost = (seconds >= failover["start_utc"].timestamp()) & (seconds < failover["end_utc"].timestamp())
    carried, traffic = world.carried, world.carried.traffic
    own = {c: traffic.intensity(c, seconds) / 4 for c in (source, target)}
    expected = {
        source: (own[source] * ~lost).sum() * traffic.rx_rate[source],
        target: own[target].sum() * traffic.rx_rate[target]
        + (own[source] * lost).sum() * carried.moved_rx[source],
    }
    truth = world.truth_circuit_hours(hour, hour + timedelta(hours=1))
    told = dict(zip(truth["circuit_id"], truth["rx_bytes"], strict=True))
    assert told[ids[source]] == pytest.approx(expected[source], rel=1e-3)
    assert told[ids[target]] == pytest.approx(expected[target], rel=1e-3)


def test_counters_differ_by_what_was_carried_between_two_reports(world: World) -> None:
    """Over an hour without reboot the counters of all circuits advance by exactly the true bytes."""
    first, last = (world.snapshot(t) for t in (START.timestamp() + 3600, START.timestamp() + 7200))
    gateway = world.carried.gateway
    compared = 0
    for g in range(len(world.topology.gateways)):
        if first.boot_s[g] != last.boot_s[g] or not (first.connected[g] and last.connected[g]):
            continue
        span = last.source_s[g] - first.source_s[g]
        own = np.flatnonzero(gateway == g)
        incidents = world.incidents(first.source_s[g], last.source_s[g])
        rx, _ = world.carried.in_bins(own, first.source_s[g], span, 1, incidents)
        delta = last.rx_bytes[own] - first.rx_bytes[own]
        told = ~np.isnan(delta)
        assert np.abs(delta[told] - rx[told, 0]).max(initial=0) <= 2
        compared += int(told.sum())
    assert compared > 90


def test_counters_start_again_at_a_reboot(world: World) -> None:
    reboot = world.incidents(START.timestamp(), END.timestamp()).of(Kind.REBOOT)
    gateway, end = int(reboot.gateway[0]), float(reboot.end[0])
    before, after = world.snapshot(float(reboot.start[0]) - 60), world.snapshot(end + 120)
    own = np.flatnonzero((world.carried.gateway == gateway) & (world.carried.traffic.rx_rate > 0))
    assert after.boot_s[gateway] == end
    assert np.nanmax(after.rx_bytes[own] / before.rx_bytes[own]) < 1
    assert world.snapshot(end - 20).connected[gateway] == np.False_


def test_a_gateway_that_is_off_moves_nothing_and_the_hour_misses_it(world: World) -> None:
    for reboot in range(3):
        found = world.incidents(START.timestamp(), END.timestamp()).of(Kind.REBOOT)
        start, end = float(found.start[reboot]), float(found.end[reboot])
        own = np.flatnonzero(world.carried.gateway == found.gateway[reboot])
        rx, tx = world.carried.in_bins(own, start, end - start, 1, found)
        assert rx.max() < 1e-3
        assert tx.max() < 1e-3
        before, _ = world.carried.in_bins(own, start - 60, 60, 1, found)
        assert before.max() > 1000


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("offset_hours", [0, 7, 19, 24 * 77 + 5, 24 * 400 + 13])
def test_any_two_days_hold_something_to_find(seed: int, offset_hours: int) -> None:
    world = World(seed, sites=40)
    start = START + timedelta(hours=offset_hours)
    end = start + timedelta(hours=48)
    hours = world.truth_circuit_hours(start, end)
    busy = hours.group_by("circuit_id").agg((pl.col("utilization_pct") >= 80).sum().alias("hours"))
    assert busy.filter(pl.col("hours") >= 6).height >= 2
    assert hours["flap_count"].sum() >= 10
    assert world.truth_failovers(start, end).height >= 2
    kinds = set(world.incidents(start.timestamp(), end.timestamp()).kind.tolist())
    assert kinds >= {Kind.LINK, Kind.ISP, Kind.DISCONNECT, Kind.REBOOT, Kind.BOUNCE}


@pytest.mark.parametrize("sites", [1, 3, 40, 400])
def test_a_gateway_never_has_two_incidents_at_once(sites: int) -> None:
    found = World(9, sites).incidents(START.timestamp() - 40 * 86400, START.timestamp())
    order = np.lexsort((found.start, found.gateway))
    gateway, start, end = found.gateway[order], found.start[order], found.end[order]
    assert not ((gateway[1:] == gateway[:-1]) & (start[1:] < end[:-1])).any()
    assert len(found) > 0


def test_moved_traffic_goes_to_a_circuit_that_is_up(world: World) -> None:
    circuits = {r["circuit_id"]: r for r in world.truth_circuits().to_dicts()}
    for row in world.truth_failovers(START, START + timedelta(days=14)).to_dicts():
        source, target = circuits[row["from_circuit_id"]], circuits[row["to_circuit_id"]]
        assert source["role"] == "primary"
        assert target["state"] == "up"
        assert source["site_id"] == target["site_id"]
        assert source["circuit_id"] != target["circuit_id"]


def test_some_circuits_grow_over_months(world: World) -> None:
    growing = world.truth_circuits().filter("is_growing", pl.col("state") == "up")["circuit_id"]
    weeks = [
        world.truth_circuit_hours(day, day + timedelta(days=7))
        .filter(pl.col("circuit_id").is_in(growing.implode()))
        .group_by("circuit_id")
        .agg(pl.col("rx_bytes").sum())
        .sort("circuit_id")["rx_bytes"]
        for day in (START, START + timedelta(days=84))
    ]
    assert ((weeks[1] / weeks[0]) > 1.05).sum() >= len(growing) - 2


def test_the_circuits_file_lists_most_circuits_of_the_organization_once(world: World) -> None:
    rows = list(csv.DictReader(io.StringIO(world.circuits_csv())))
    ids = [":".join(filter(None, (r["device_mac"], r["node"], r["port_id"]))) for r in rows]
    known = world.truth_circuits()
    assert len(set(ids)) == len(ids)
    assert set(ids) <= set(known["circuit_id"])
    assert 0.85 * known.height < len(ids) < known.height
    assert {r["node"] for r in rows} == {"", "node0", "node1"}
    assert {r["role"] for r in rows} == {"primary", "secondary"}
    assert all(float(r["bandwidth_down_mbps"]) > 0 and float(r["bandwidth_up_mbps"]) > 0 for r in rows)


def test_utilization_is_by_the_files_bandwidths_and_null_without(world: World, hours: pl.DataFrame) -> None:
    joined = hours.join(world.truth_circuits(), on="circuit_id")
    assert joined.filter(~pl.col("in_circuits_file"))["utilization_pct"].null_count() > 0
    listed = joined.filter("in_circuits_file")
    down = listed["rx_bytes"] / (listed["bandwidth_down_mbps"] * 1e6 / 8 * 3600)
    up = listed["tx_bytes"] / (listed["bandwidth_up_mbps"] * 1e6 / 8 * 3600)
    expected = 100 * pl.Series(np.maximum(down.to_numpy(), up.to_numpy()))
    assert (listed["utilization_pct"] - expected).abs().max() < 1e-9
