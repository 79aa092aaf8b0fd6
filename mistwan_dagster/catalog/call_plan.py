"""The call plan: how many calls an hour the declared endpoints take in an organization of a given size.

Belongs here: the sum over `Endpoint.scope`, `cadence` and paging. Does not belong here: which endpoints there are
(`endpoints`), the budget that the plan is held against and the calls really made (`mist.quota`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mistwan_dagster.catalog.endpoint import Cadence, Endpoint, Paging, Population, Scope, Shape
from mistwan_dagster.catalog.endpoints import PAGE_LIMIT

RUNS_PER_HOUR = {Cadence.SLOT: 12.0, Cadence.HOUR: 1.0, Cadence.DAY: 1 / 24, Cadence.ON_DEMAND: 1 / 24}
"""A slot is five minutes. On-demand reading is planned as everything once a day."""


@dataclass(frozen=True)
class Sizes:
    """An organization, as far as its size decides how many calls it takes. Events and alarms are per hour."""

    sites: int
    gateways: int
    ports: int
    circuits: int
    paths: int
    events: int
    alarms: int
    clients: int


@dataclass(frozen=True)
class PlannedCalls:
    """Calls of one endpoint. `pages` are those of one walk (the mean where they differ), `walks` cover its scope
    once."""

    endpoint: str
    walks: int
    pages: float
    runs_per_hour: float
    optional: bool

    @property
    def calls_per_hour(self) -> float:
        """walks x pages x runs; a fraction for what is read less than once an hour."""
        return self.walks * self.pages * self.runs_per_hour


@dataclass(frozen=True)
class CallPlan:
    """Calls by endpoint, the most first."""

    calls: tuple[PlannedCalls, ...]

    @property
    def live_per_hour(self) -> int:
        """Calls that cannot be made up for later, rounded up."""
        return math.ceil(sum(c.calls_per_hour for c in self.calls if not c.optional))

    @property
    def total_per_hour(self) -> int:
        """All calls, optional ones too, rounded up."""
        return math.ceil(sum(c.calls_per_hour for c in self.calls))


def call_plan(endpoints: Iterable[Endpoint], sizes: Sizes) -> CallPlan:
    """Calls an hour when every walk succeeds at once: retries, second walks and probes are not in it."""
    planned = [
        PlannedCalls(
            endpoint.name,
            _members(endpoint, sizes),
            _pages(endpoint, sizes),
            RUNS_PER_HOUR[endpoint.cadence],
            endpoint.cadence is Cadence.ON_DEMAND,
        )
        for endpoint in endpoints
    ]
    return CallPlan(tuple(sorted(planned, key=lambda c: (-c.calls_per_hour, c.endpoint))))


def population(endpoint: Endpoint) -> Population:
    """What the endpoint has a row of: as declared, else what its natural key identifies."""
    if endpoint.population is not None:
        return endpoint.population
    if endpoint.shape is Shape.EVENTS:
        return Population.EVENTS
    for field, found in (
        ("peer_mac", Population.PATHS),
        ("port_id", Population.PORTS),
        ("mac", Population.GATEWAYS),
    ):
        if field in endpoint.key:
            return found
    return Population.SITES


def _members(endpoint: Endpoint, sizes: Sizes) -> int:
    return {
        Scope.ORG: 1,
        Scope.CLOUD: 1,
        Scope.SITE: sizes.sites,
        Scope.GATEWAY: sizes.gateways,
        Scope.CIRCUIT: sizes.circuits,
    }[endpoint.scope]


def _pages(endpoint: Endpoint, sizes: Sizes) -> float:
    """Pages of one walk. Walks of events ask again for their look-backs: by slot, by hour and by day."""
    if endpoint.paging is Paging.NONE:
        return 1
    rows = getattr(sizes, population(endpoint)) / max(1, _members(endpoint, sizes))

    def pages(hours: float) -> int:
        return max(1, math.ceil(rows * hours / PAGE_LIMIT))

    if endpoint.shape is not Shape.EVENTS:
        return pages(1)
    back, since = endpoint.look_back, 1 / RUNS_PER_HOUR[endpoint.cadence]
    by_day, by_hour = 1 / (24 * RUNS_PER_HOUR[endpoint.cadence]), 1 / RUNS_PER_HOUR[endpoint.cadence]
    if endpoint.cadence is not Cadence.SLOT:
        return pages(back.slot + since)
    return (
        (1 - by_hour) * pages(back.slot + since)
        + (by_hour - by_day) * pages(back.hour + since)
        + by_day * pages(back.day + since)
    )
