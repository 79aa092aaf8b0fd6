"""A backfill of an organization for which the calls of a clock hour do not suffice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, INSIGHT_QUALITY, SERIES
from mistwan_dagster.errors import UserError
from mistwan_dagster.orchestration import commands, history, launch
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
START, END = NOW.replace(hour=7, minute=0), NOW.replace(minute=0)


def with_figures(platform: Platform) -> list[str]:
    """Circuits whose utilization of the newest hour is published."""
    of_nine = "hour_utc = '2025-03-04 09:00' AND utilization_pct IS NOT NULL"
    told = platform.published.query(f"SELECT circuit_id FROM fact_circuit_hour WHERE {of_nine} ORDER BY 1")
    return told["circuit_id"].to_list()


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(World(seed=3, sites=6), clock=Clock(NOW)) as served:
        monkeypatch.chdir(tmp_path)
        for name, value in {
            "MISTWAN_HOME": str(tmp_path / "home"), "MIST_API_BASE_URL": served.base_url,
            "MIST_API_TOKEN": served.token, "MIST_ORG_ID": served.org_id, "MISTWAN_NOW": NOW.isoformat(),
            "MISTWAN_LIVE_RESERVE": "0",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield served


def test_some_circuits_have_figures_before_the_calls_for_all_are_there(
    cloud: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    commands.collect(told.append)
    platform = Platform.open()
    ids = history.current_circuits(platform)["circuit_id"].to_list()
    circuits = len(ids)
    of_events = 12  # what the walks of events take, or a little more
    monkeypatch.setenv("MISTWAN_CALL_BUDGET", str(platform.quota.used() + of_events + circuits))

    def stopped(_until: datetime, _platform: Platform) -> None:
        raise DagsterExecutionInterruptedError

    monkeypatch.setattr(history, "sleep_until", stopped)
    with pytest.raises(UserError, match="stopped; run the command again to go on"):
        commands.backfill((START, END), told.append, aggregate=True)
    promised = next(line for line in told if "are left: first the newest day" in line)
    first = int(promised.split()[-3])
    assert promised.startswith(
        f"history of {circuits} circuits takes {circuits * len(SERIES) + 3} calls, and "
    )
    assert circuits / 2 <= first < circuits
    assert 0 < len(with_figures(platform)) <= first
    assert set(with_figures(platform)) <= set(ids[:first])
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == []
    asked = {e.name: len(history.circuits_held(platform, e, START, END)) for e in SERIES}
    assert first <= asked["insight_bandwidth"] < circuits
    assert told[-1].startswith("the rest waits for the calls of the next clock hours")
    assert "aggregated" not in capsys.readouterr().out

    monkeypatch.setenv("MISTWAN_NOW", (NOW + timedelta(hours=1)).isoformat())
    cloud.clock.set(NOW + timedelta(hours=1))
    monkeypatch.setenv("MISTWAN_CALL_BUDGET", "4500")
    told.clear()
    commands.backfill((START, END), told.append, aggregate=True)
    assert not any("first the newest day" in line for line in told)
    assert set(with_figures(platform)) - set(ids[:first])
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == [(START, END)]
    calls = {use.endpoint: use.calls for use in platform.quota.history(NOW) if use.hour_utc > NOW}
    assert {e.name: calls[e.name] for e in SERIES} == {e.name: circuits - asked[e.name] for e in SERIES}


def test_hours_that_are_forgotten_while_a_run_waits_for_its_calls_are_left_out(
    cloud: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.collect(lambda _: None)
    platform = Platform.open()
    circuits = history.current_circuits(platform).height
    monkeypatch.setenv("MISTWAN_CALL_BUDGET", str(platform.quota.used() + circuits // 2))

    def three_hours_later(_until: datetime, waiting: Platform) -> None:
        later = NOW + timedelta(hours=3)
        monkeypatch.setenv("MISTWAN_NOW", later.isoformat())
        monkeypatch.setenv("MISTWAN_CALL_BUDGET", "4500")
        waiting.settings.mistwan_now, waiting.quota.budget = later, 4500
        cloud.clock.set(later)

    monkeypatch.setattr(history, "sleep_until", three_hours_later)
    oldest = END - timedelta(days=14)
    with launch.instance(platform) as opened:
        keys = [dg.AssetKey(["raw", e.name]) for e in SERIES]
        tags = launch.range_tags("history", oldest, END)
        assert launch.run_job(opened, "history", tags, assets=keys).errors == ()
    assert platform.raw.coverage(INSIGHT_BANDWIDTH) == [(oldest, END)]
    assert platform.raw.coverage(INSIGHT_QUALITY) == [(oldest + timedelta(hours=4), END)]
    bins = platform.raw.scan_series(INSIGHT_BANDWIDTH, oldest, END).collect()
    first_bins = bins.group_by("mac", "node", "port_id").agg(pl.col("bin_start").min())["bin_start"]
    assert sorted(set(first_bins)) == [oldest, oldest + timedelta(hours=4)]
    assert first_bins.len() == circuits
