"""The call plan by hand, and the plan of the real catalog against the budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mistwan_dagster.catalog.call_plan import RUNS_PER_HOUR, Sizes, call_plan, population
from mistwan_dagster.catalog.endpoint import Cadence, Endpoint, Population, Scope
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    ENDPOINTS,
    INSIGHT_BANDWIDTH,
    PATH_STATS,
    PORT_STATS,
    SITES,
)
from mistwan_dagster.lake.raw import HOUR, SLOT
from mistwan_dagster.mist.quota import DEFAULT_BUDGET, DEFAULT_LIVE_RESERVE

LARGE = Sizes(
    sites=3208,
    gateways=3300,
    ports=33_000,
    circuits=10_000,
    paths=20_000,
    events=800,
    alarms=433,
    clients=64_000,
)
"""The organization that the platform is built for."""


def per_hour(endpoint: Endpoint, sizes: Sizes = LARGE) -> float:
    return call_plan([endpoint], sizes).calls[0].calls_per_hour


def test_a_slot_is_what_the_lake_calls_a_slot() -> None:
    assert RUNS_PER_HOUR[Cadence.SLOT] == HOUR / SLOT


@pytest.mark.parametrize(
    ("endpoint", "calls"),
    [
        (SITES, 4),  # 3,208 rows are 4 pages, once an hour
        (DEVICE_STATS, 48),  # 4 pages, 12 slots
        (PORT_STATS, 396),  # 33 pages, 12 slots
        (PATH_STATS, 240),  # 20 pages, 12 slots
        (DEVICE_EVENTS, 24),  # 800/h over 2 h and 5 min are 1,667 rows: 2 pages, 12 slots
        (INSIGHT_BANDWIDTH, 10_000 / 24),  # one call a circuit, once a day
    ],
    ids=lambda v: v.name if isinstance(v, Endpoint) else "",
)
def test_calls_of_an_endpoint_by_hand(endpoint: Endpoint, calls: float) -> None:
    assert per_hour(endpoint) == pytest.approx(calls)


def test_cadence_scope_and_population_decide() -> None:
    assert per_hour(replace(SITES, cadence=Cadence.DAY)) == pytest.approx(4 / 24)
    by_site = replace(SITES, scope=Scope.SITE, cadence=Cadence.HOUR)
    assert per_hour(by_site) == pytest.approx(3208)  # one row a site is one page each
    assert per_hour(replace(PORT_STATS, scope=Scope.GATEWAY, cadence=Cadence.HOUR)) == 3300
    alarms = replace(DEVICE_EVENTS, population=Population.ALARMS)
    assert per_hour(alarms) == pytest.approx(12)  # 433/h over 2 h and 5 min are 902 rows
    assert population(alarms) is Population.ALARMS


def test_an_empty_organization_still_asks_once() -> None:
    nothing = Sizes(0, 0, 0, 0, 0, 0, 0, 0)
    assert (per_hour(PORT_STATS, nothing), per_hour(INSIGHT_BANDWIDTH, nothing)) == (12, 0)
    assert per_hour(replace(PORT_STATS, scope=Scope.SITE), nothing) == 0


def test_the_sum_is_of_live_and_optional_calls_rounded_up_once() -> None:
    plan = call_plan([SITES, INSIGHT_BANDWIDTH], LARGE)
    assert [c.endpoint for c in plan.calls] == ["insight_bandwidth", "sites"]
    assert (plan.live_per_hour, plan.total_per_hour) == (4, 421)  # 4 + 416.67


def test_everything_that_is_declared_fits_the_budget() -> None:
    plan = call_plan(ENDPOINTS.values(), LARGE)
    table = "\n".join(f"{c.endpoint}: {c.calls_per_hour:.0f}" for c in plan.calls)
    assert {c.endpoint for c in plan.calls} == set(ENDPOINTS)
    assert plan.live_per_hour <= DEFAULT_LIVE_RESERVE, table
    assert plan.total_per_hour <= DEFAULT_BUDGET, table


@pytest.mark.parametrize("cadence", [Cadence.SLOT, Cadence.HOUR])
def test_an_endpoint_that_does_not_fit_is_noticed(cadence: Cadence) -> None:
    greedy = replace(SITES, name="greedy", scope=Scope.SITE, cadence=cadence)
    plan = call_plan([*ENDPOINTS.values(), greedy], LARGE)
    assert plan.live_per_hour > DEFAULT_LIVE_RESERVE
