"""A backfill of an organization for which the calls of a clock hour do not suffice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, SERIES
from mistwan_dagster.errors import UserError
from mistwan_dagster.orchestration import commands, history
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import running
from mistwan_dagster.simulator.world import World

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
START, END = NOW.replace(hour=7, minute=0), NOW.replace(minute=0)


def with_figures(platform: Platform) -> list[str]:
    """Circuits whose utilization of the newest hour is published."""
    of_nine = "hour_utc = '2025-03-04 09:00' AND utilization_pct IS NOT NULL"
    told = platform.published.query(f"SELECT circuit_id FROM fact_circuit_hour WHERE {of_nine} ORDER BY 1")
    return told["circuit_id"].to_list()


def test_some_circuits_have_figures_before_the_calls_for_all_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(World(seed=3, sites=6), clock=Clock(NOW)) as cloud:
        monkeypatch.chdir(tmp_path)
        for name, value in {
            "MISTWAN_HOME": str(tmp_path / "home"), "MIST_API_BASE_URL": cloud.base_url, "MIST_API_TOKEN": cloud.token,
            "MIST_ORG_ID": cloud.org_id, "MISTWAN_NOW": NOW.isoformat(), "MISTWAN_LIVE_RESERVE": "0",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        told: list[str] = []
        commands.collect(told.append)
        platform = Platform.open()
        ids = history.current_circuits(platform)["circuit_id"].to_list()
        circuits = len(ids)
        of_events = 12  # what the walks of events take, or a little more
        monkeypatch.setenv("MISTWAN_CALL_BUDGET", str(platform.quota.used() + of_events + circuits))

        def stopped(_until: datetime, _platform: Platform) -> None:
            raise UserError("stopped at the end of the budget")

        monkeypatch.setattr(history, "sleep_until", stopped)
        with pytest.raises(UserError, match="stopped at the end of the budget"):
            commands.backfill(START, END, told.append, aggregate=True)
        promised = next(line for line in told if "are left: first the newest day" in line)
        first = int(promised.split()[-3])
        assert promised.startswith(f"{circuits} circuits take {circuits * len(SERIES)} calls, and ")
        assert circuits / 2 <= first < circuits
        assert 0 < len(with_figures(platform)) <= first
        assert set(with_figures(platform)) <= set(ids[:first])
        assert platform.raw.coverage(INSIGHT_BANDWIDTH) == []
        assert told[-1].startswith("the rest waits for the calls of the next clock hours")
        assert "aggregated" in capsys.readouterr().out

        monkeypatch.setenv("MISTWAN_NOW", (NOW + timedelta(hours=1)).isoformat())
        cloud.clock.set(NOW + timedelta(hours=1))
        monkeypatch.setenv("MISTWAN_CALL_BUDGET", "4500")
        used = Platform.open().quota.used()
        told.clear()
        commands.backfill(START, END, told.append, aggregate=True)
        assert not any("first the newest day" in line for line in told)
        assert set(with_figures(platform)) - set(ids[:first])
        assert platform.raw.coverage(INSIGHT_BANDWIDTH) == [(START, END)]
        assert used == 0
