"""Providers that fail as a whole: in one city, at several stores, at one time."""

from __future__ import annotations

from itertools import pairwise

from mistwan_dagster.simulator.incidents import CARRIER_GATEWAYS, Incidents, Kind
from mistwan_dagster.simulator.world import World

WORLD = World(seed=3, sites=40)
DAYS = range(20510, 20540)


def together(found: Incidents) -> list[int]:
    """Circuits of the largest number of provider faults that begin within a minute."""
    order = sorted(zip(found.start.tolist(), found.circuit.tolist(), strict=True))
    groups: list[list[int]] = [[]]
    for (before, circuit), (after, _) in pairwise([*order, (float("inf"), -1)]):
        groups[-1].append(circuit)
        if after - before > 60:
            groups.append([])
    return max(groups, key=len)


def test_now_and_then_a_provider_is_gone_at_all_its_stores_of_a_city_that_have_nothing_else():
    seen = 0
    for day in DAYS:
        hit = together(WORLD.calendar.day(day).of(Kind.ISP))
        if len(hit) < CARRIER_GATEWAYS:
            continue
        seen += 1
        lines = [WORLD.topology.circuits[c] for c in hit]
        places = {WORLD.topology.sites[WORLD.topology.gateways[c.gateway].site].place.city for c in lines}
        assert len({c.gateway for c in lines}) == len(lines)
        assert (len({c.provider for c in lines}), len(places)) == (1, 1)
    assert seen >= 3


def test_a_gateway_still_has_one_incident_at_a_time():
    every = Incidents.concat([WORLD.calendar.day(d) for d in DAYS])
    for gateway in range(len(WORLD.topology.gateways)):
        own = every.where(every.gateway == gateway)
        assert all(end <= start for end, start in zip(own.end[:-1], own.start[1:], strict=True))
