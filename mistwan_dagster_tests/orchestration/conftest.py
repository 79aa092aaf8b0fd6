"""A simulated cloud and a platform of its own, its clock and the platform's moved together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.mist.conftest import cloud

__all__ = ["cloud"]

EVENING = datetime(2025, 3, 4, 21, 40, 11, tzinfo=UTC)


@pytest.fixture
def sim() -> Iterator[Running]:
    with running(World(seed=3, sites=12), clock=Clock(EVENING), quota=100_000) as served:
        yield served


@pytest.fixture
def on_sim(sim: Running, tmp_path: Path) -> Platform:
    return Platform(
        Settings(
            mistwan_home=tmp_path / "home",
            mist_api_base_url=sim.base_url,
            mist_api_token=sim.token,
            mist_org_id=sim.org_id,
            mistwan_now=EVENING,
            mistwan_live_reserve=1000,
            _env_file=None,
        )
    )


@pytest.fixture
def at(sim: Running, on_sim: Platform) -> Callable[[datetime], None]:
    """Moves both clocks."""

    def move(instant: datetime) -> None:
        sim.clock.set(instant)
        on_sim.settings.mistwan_now = instant

    return move
