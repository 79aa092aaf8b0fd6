"""Calls made, calls put off and calls planned, with a cloud whose limit is lower than the budget."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mistwan_dagster.catalog.api_usage import API_USAGE_HOUR
from mistwan_dagster.catalog.endpoints import ENDPOINTS, INSIGHT_BANDWIDTH, PORT_STATS
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.lake.raw import HOUR, floor_hour, floor_slot
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration import history
from mistwan_dagster.orchestration.api_usage import (
    describe_plan,
    describe_use,
    learn_limit,
    own_plan,
    record_usage,
    sizes,
)
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.launch import collect_now, instance
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
TEN, ELEVEN = floor_hour(NOW), floor_hour(NOW) + HOUR


@pytest.fixture
def cloud() -> Iterator[Running]:
    with running(World(seed=3, sites=4), clock=Clock(NOW)) as served:
        yield served


@pytest.fixture
def platform(cloud: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    for name in [n for n in os.environ if n.startswith(("MIST", "DAGSTER"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "MISTWAN_HOME": str(tmp_path),
        "MIST_API_BASE_URL": cloud.base_url,
        "MIST_API_TOKEN": cloud.token,
        "MIST_ORG_ID": cloud.org_id,
        "MISTWAN_NOW": NOW.isoformat(),
        "MISTWAN_LIVE_RESERVE": "20",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Platform.open()


def collect(platform: Platform) -> None:
    with instance(platform) as opened:
        assert collect_now(opened, platform).errors == ()


def test_a_slot_asks_for_the_limit_once_an_hour_and_obeys_a_lower_one(
    platform: Platform, cloud: Running
) -> None:
    cloud.gate.quota = 50
    collect(platform)
    assert (platform.quota.limit(Purpose.LIVE), platform.quota.limit(Purpose.BACKFILL)) == (50, 30)
    assert learn_limit(platform) == "asked already in this hour"
    assert platform.quota.by_endpoint()["usage"] == 1
    assert cloud.calls["/api/v1/self/usage"] == 2, "once to obey it, once to store it"


def test_a_cloud_that_does_not_tell_its_limit_stops_nothing(platform: Platform, cloud: Running) -> None:
    cloud.faults.set(error_500=1.0)
    assert "status 500" in learn_limit(platform)
    assert platform.quota.limit(Purpose.LIVE) == platform.settings.mistwan_call_budget


def test_optional_work_is_put_off_and_recorded_while_live_collection_goes_on(
    platform: Platform, cloud: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(platform)
    circuits = platform.kpi.read(DIM_CIRCUIT.name)
    assert circuits is not None
    many = circuits.height
    cloud.gate.quota = platform.quota.used() + 20 + 5  # the reserve, and five calls for optional work
    platform.quota.observe(platform.quota.used(), cloud.gate.quota)
    live_while_waiting: list[bool] = []

    def next_hour(until: datetime, _: Platform) -> None:
        report = collect_snapshot(platform, PORT_STATS, floor_slot(NOW + timedelta(minutes=5)))
        live_while_waiting.append(report.complete)
        platform.settings.mistwan_now = until + timedelta(seconds=1)
        cloud.clock.set(until + timedelta(seconds=1))

    monkeypatch.setattr(history, "sleep_until", next_hour)
    report = history.collect_series(platform, INSIGHT_BANDWIDTH, TEN - 3 * HOUR, TEN)
    assert (report.fetched, report.circuits, live_while_waiting) == (many, many, [True])
    frame = record_usage(platform)
    optional = frame.filter(pl.col("endpoint") == INSIGHT_BANDWIDTH.name)
    assert optional.select("hour_utc", "purpose", "calls", "deferred", "deferred_reason").rows() == [
        (TEN, "backfill", 5, many - 5, "call budget spent"),
        (ELEVEN, "backfill", many - 5, 0, None),
    ]
    assert frame.filter(pl.col("purpose") == "live")["deferred"].sum() == 0
    assert (
        f"{INSIGHT_BANDWIDTH.name} {many - 5} backfill walks at 04T10Z (call budget spent)"
        in describe_use(platform)
    )


def test_live_walks_that_find_no_call_are_recorded_with_their_reason(platform: Platform) -> None:
    platform.quota.budget = 1
    assert not collect_events(platform, NOW - HOUR, NOW).error
    assert "call budget spent" in str(collect_snapshot(platform, PORT_STATS, floor_slot(NOW)).error)
    assert "call budget spent" in str(collect_events(platform, NOW - HOUR, NOW).error)
    platform.quota.budget = 100
    platform.quota.block_until(NOW + timedelta(minutes=1))
    collect_snapshot(platform, PORT_STATS, floor_slot(NOW))
    put_off = {u.endpoint: (u.calls, u.deferred, u.deferred_reason) for u in platform.quota.history(TEN)}
    assert put_off == {
        "device_events": (1, 1, "call budget spent"),
        "port_stats": (0, 2, "429 from the cloud; call budget spent"),
    }


def test_the_table_keeps_its_contract_and_what_the_ledger_forgot(platform: Platform) -> None:
    old = {
        "hour_utc": TEN - 24 * 400 * HOUR, "endpoint": "sites", "purpose": "live", "calls": 3, "deferred": 0,
        "deferred_reason": None,
    }  # fmt: skip
    platform.kpi.write(API_USAGE_HOUR.name, pl.DataFrame([old], schema=API_USAGE_HOUR.schema))
    platform.quota.spend(Purpose.LIVE, "sites")
    record_usage(platform)
    platform.quota.spend(Purpose.LIVE, "sites")
    frame = record_usage(platform)
    assert frame.select("hour_utc", "calls").rows() == [(old["hour_utc"], 3), (TEN, 2)]
    assert violations(frame.lazy(), API_USAGE_HOUR) == {}
    stored = platform.kpi.read(API_USAGE_HOUR.name)
    assert stored is not None
    assert stored.equals(frame)


def test_without_a_token_the_table_stays_as_it_is(tmp_path: Path) -> None:
    bare = Platform(Settings(mistwan_home=tmp_path, mist_api_token=None, _env_file=None))
    assert record_usage(bare).equals(API_USAGE_HOUR.empty())


def test_the_ui_has_figures_to_plot(platform: Platform) -> None:
    with instance(platform) as opened:
        collect_now(opened, platform)
        event = opened.get_latest_materialization_event(dg.AssetKey(API_USAGE_HOUR.name))
        assert event is not None
        assert event.asset_materialization is not None
        told = {k: v.value for k, v in event.asset_materialization.metadata.items()}
    assert (told["calls_this_hour"], told["calls_last_hour"], told["deferred_this_hour"]) == (1, 0, 0)
    assert (told["budget_live"], told["budget_backfill"]) == (4500, 4480)
    assert "| 03-04 10:00 | usage | live | 1 | 0 |  |" in told["recent"]


def test_the_plan_is_of_the_organizations_own_sizes(platform: Platform) -> None:
    assert (sizes(platform), own_plan(platform)) == (None, None)
    assert describe_plan(platform)[0]
    collect(platform)
    found = sizes(platform)
    assert found is not None
    stored = {n: platform.kpi.read(n) for n in (DIM_SITE.name, DIM_CIRCUIT.name)}
    assert found.sites == 4 == stored[DIM_SITE.name].height  # type: ignore[union-attr]
    assert found.circuits == stored[DIM_CIRCUIT.name].height  # type: ignore[union-attr]
    assert found.gateways == 4
    assert found.ports == platform.raw.latest_snapshot(PORT_STATS, NOW + HOUR).collect().height
    plan = own_plan(platform)
    assert plan is not None
    assert {c.endpoint for c in plan.calls} == set(ENDPOINTS)
    fits, text = describe_plan(platform)
    assert fits
    assert f"{plan.live_per_hour} live and " in text
    assert f"set MISTWAN_LIVE_RESERVE to {plan.live_per_hour}" in text  # it is 20 here
    platform.quota.budget = plan.live_per_hour - 1
    assert not describe_plan(platform)[0]
