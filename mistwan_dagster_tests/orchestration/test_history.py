"""A backfill that was stopped goes on where it was; a spent budget waits instead of failing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mistwan_dagster.catalog.endpoints import (
    DEVICE_STATS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PORT_STATS,
    SERIES,
)
from mistwan_dagster.catalog.tables import DIM_CIRCUIT
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.dimensions import discover_circuits
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import apply_versions
from mistwan_dagster.lake.raw import floor_slot
from mistwan_dagster.mist.errors import Unusable
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration import history
from mistwan_dagster.orchestration.collection import collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
START, END = NOW.replace(hour=4, minute=0), NOW.replace(minute=0)


@pytest.fixture
def cloud() -> Iterator[Running]:
    with running(World(seed=3, sites=4), clock=Clock(NOW)) as served:
        yield served


@pytest.fixture
def platform(cloud: Running, tmp_path: Path) -> Platform:
    found = Platform(
        Settings(
            mistwan_home=tmp_path,
            mist_api_base_url=cloud.base_url,
            mist_api_token=cloud.token,
            mist_org_id=cloud.org_id,
            mistwan_now=NOW,
            mistwan_live_reserve=0,
            _env_file=None,
        )
    )
    slot = floor_slot(NOW)
    for endpoint in (PORT_STATS, DEVICE_STATS):
        collect_snapshot(found, endpoint, slot)
    ports, devices = (found.raw.scan_snapshots(e, slot, NOW).collect() for e in (PORT_STATS, DEVICE_STATS))
    observed = discover_circuits(ports, devices, interface_map(devices), None)
    dimension = apply_versions(DIM_CIRCUIT.empty(), observed, "circuit_id", slot)
    found.kpi.write("dim_circuit", DIM_CIRCUIT.conform(dimension.lazy()).collect())
    return found


@contextmanager
def progress_told() -> Iterator[list[tuple[str, int, int, datetime | None]]]:
    """What is told of the progress within the block."""
    told: list[tuple[str, int, int, datetime | None]] = []
    token = history.progress.set(lambda *a: told.append(a))
    try:
        yield told
    finally:
        history.progress.reset(token)


def test_a_stopped_backfill_asks_only_for_the_rest(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, asked = history._fetch_one, []

    def stops_after_five(*arguments: object) -> object:
        asked.append(arguments[2]["circuit_id"])  # type: ignore[index]
        if len(asked) > 5:
            raise KeyboardInterrupt
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "WORKERS", 1)
    monkeypatch.setattr(history, "_fetch_one", stops_after_five)
    with pytest.raises(KeyboardInterrupt):
        history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    first = set(asked[:5])

    asked.clear()
    monkeypatch.setattr(history, "_fetch_one", lambda *a: (asked.append(a[2]["circuit_id"]), whole(*a))[1])
    report = history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    assert report.circuits == len(first) + len(asked)
    assert not first & set(asked)
    assert report.failed == {}
    bins = platform.raw.scan_series(INSIGHT_BANDWIDTH, START, END).collect()
    assert bins.height == report.bins > 0
    assert bins["bin_start"].min() == START
    assert bins["bin_start"].max() == END - timedelta(hours=1)


def test_answers_are_kept_when_the_cloud_has_moved_on_in_between(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, asked = history._fetch_one, []

    def stops_after_five(*arguments: object) -> object:
        asked.append(arguments[2]["circuit_id"])  # type: ignore[index]
        if len(asked) > 5:
            raise KeyboardInterrupt
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "WORKERS", 1)
    monkeypatch.setattr(history, "_fetch_one", stops_after_five)
    with pytest.raises(KeyboardInterrupt):
        history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    assert platform.raw.begun_spans(INSIGHT_BANDWIDTH) == [(START, END)]
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == []

    later = START + timedelta(hours=2)
    asked.clear()
    monkeypatch.setattr(history, "_fetch_one", lambda *a: (asked.append(a[2]["circuit_id"]), whole(*a))[1])
    report = history.collect_series(platform, INSIGHT_BANDWIDTH, later, END)
    assert len(asked) == report.circuits - 5
    assert platform.raw.begun_spans(INSIGHT_BANDWIDTH) == []
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == [(later, END)]
    early = platform.raw.scan_series(INSIGHT_BANDWIDTH, START, later).collect()
    assert 0 < early.select("mac", "node", "port_id").n_unique() <= 5


def test_a_span_in_which_a_circuit_failed_is_not_read_and_only_the_rest_is_asked_for_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, asked = history._fetch_one, []

    def one_fails(*arguments: object) -> object:
        asked.append(arguments[2]["circuit_id"])  # type: ignore[index]
        if len(asked) == 1:
            raise Unusable("status 502")
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(history, "WORKERS", 1)
    monkeypatch.setattr(history, "_fetch_one", one_fails)
    report = history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    failed = asked[0]
    assert set(report.failed) == {failed}
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == []
    asked[:] = ["already"]
    history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    assert asked == ["already", failed]
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == [(START, END)]


def test_a_spent_budget_waits_for_the_next_hour_and_then_finishes(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = platform.quota
    quota.budget = quota.used() + 3
    waited: list[datetime] = []

    def next_hour(until: datetime, _: Platform) -> None:
        waited.append(until)
        platform.settings.mistwan_now = until + timedelta(seconds=1)
        quota.budget = 4500

    monkeypatch.setattr(history, "sleep_until", next_hour)
    with progress_told() as told:
        report = history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    assert ("insight_bandwidth", 3, report.circuits, waited[0]) in told
    assert waited == [NOW.replace(hour=11, minute=0)]
    assert report.fetched == report.circuits
    assert quota.left(Purpose.BACKFILL) > 0


def test_the_first_circuits_are_asked_for_as_long_as_there_are_calls_and_the_rest_later(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "WORKERS", 1)
    monkeypatch.setattr(history, "sleep_until", lambda *_: pytest.fail("it must not wait"))
    ids = history.current_circuits(platform)["circuit_id"].to_list()
    first = history.collect_series(platform, INSIGHT_BANDWIDTH, START, END, first=4)
    assert (first.fetched, first.put_off) == (4, len(ids) - 4)
    assert history.circuits_held(platform, INSIGHT_BANDWIDTH, START, END) == set(ids[:4])
    assert platform.raw.scan_series(INSIGHT_BANDWIDTH, START, END).collect().height == first.bins
    platform.quota.budget = platform.quota.used() + 2
    second = history.collect_series(platform, INSIGHT_BANDWIDTH, START, END, first=8)
    assert (second.fetched, second.put_off) == (2, len(ids) - 6)
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == []
    platform.quota.budget = 4500
    rest = history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    assert (rest.fetched, rest.put_off) == (len(ids) - 6, 0)
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == [(START, END)]


def test_a_stopped_backfill_of_all_keeps_its_end_for_a_day_and_the_series_that_it_has_read(
    platform: Platform,
) -> None:
    start, end = history.all_that_is_told(platform)
    assert (start, end) == (END - timedelta(days=14) + timedelta(hours=1), END)
    assert history.series_to_ask(platform, start, end) == list(SERIES)
    history.collect_series(platform, INSIGHT_BANDWIDTH, start, end)
    history.collect_series(platform, INSIGHT_QUALITY, start, end, first=1)
    for hours, until in ((3, end), (24, end), (25, end + timedelta(hours=25))):
        platform.settings.mistwan_now = NOW + timedelta(hours=hours)
        later = history.all_that_is_told(platform)
        assert later == (start + timedelta(hours=hours), until)
        asked = [INSIGHT_QUALITY] if until == end else list(SERIES)
        assert history.series_to_ask(platform, *later) == asked


def test_progress_is_told_and_the_retention_is_kept(platform: Platform) -> None:
    with progress_told() as told:
        report = history.collect_series(platform, INSIGHT_BANDWIDTH, START, END)
    assert told[0] == ("insight_bandwidth", 0, report.circuits, None)
    assert told[-1] == ("insight_bandwidth", report.circuits, report.circuits, None)
    with pytest.raises(UserError, match="keeps 14 days"):
        history.require_within_retention(NOW - timedelta(days=15), NOW)
