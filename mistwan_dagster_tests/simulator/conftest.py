"""One simulated cloud a module, its clock at the same instant before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=3, sites=40)


@pytest.fixture(scope="module")
def cloud(world: World) -> Iterator[Running]:
    with running(world, clock=Clock(NOW), quota=100_000) as sim:
        yield sim
