"""Counters of the simulated gateways go up, and only a restart begins them anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from mistwan_dagster.simulator.world import World

BEGIN = datetime(2025, 3, 10, tzinfo=UTC)
SLOT = timedelta(minutes=5)


def test_a_counter_never_goes_back_by_itself(world: World) -> None:
    """Two days, slot by slot: lines up, down and dark, and those that carry what a neighbour lost."""
    told = [world.snapshot((BEGIN + n * SLOT).timestamp()) for n in range(2 * 288)]
    boot = np.array([s.boot_s for s in told])[:, world.carried.gateway]
    assert (boot[-1] > boot[0]).any()  # some restart
    for counters in (np.array([s.rx_bytes for s in told]), np.array([s.tx_bytes for s in told])):
        for circuit, of_circuit in enumerate(counters.T):
            known = ~np.isnan(of_circuit)
            back = np.diff(of_circuit[known]) < 0
            assert not back[np.diff(boot[known, circuit]) == 0].any()


def test_the_counter_of_a_line_that_is_down_stands_still() -> None:
    """One that was down for 20 hours, at 32153779692917 bytes: fractions made it step back by one now and then."""
    world = World(seed=1, sites=300)
    ids = [world.topology.circuit_id(c) for c in world.topology.circuits]
    line = ids.index("5c5b35110125:ge-0/0/0")
    begin = datetime(2025, 3, 3, 20, tzinfo=UTC)
    told = [world.snapshot((begin + n * SLOT).timestamp()) for n in range(9 * 12)]
    assert not any(s.link_up[line] for s in told)
    for counters in ({s.rx_bytes[line] for s in told}, {s.tx_bytes[line] for s in told}):
        assert len({told for told in counters if not np.isnan(told)}) == 1
