"""Every route of the simulated cloud answers what the vendor's document describes, or departs for a reason given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from starlette.routing import Route

from mistwan_dagster.simulator.api import Api
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.faults import Faults
from mistwan_dagster.simulator.gate import Gate
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW, get
from mistwan_dagster_tests.vendor_document import complaints, described

WORLD = World(seed=3, sites=12)
NOT_IN_THE_DOCUMENT: dict[str, str] = {}
"""Route -> why the vendor's document does not hold it."""

_OF_NO_SWITCH = "a gateway writes an empty string where it takes no part"
_PORTS = {
    r"stp_state: '' is not one of": _OF_NO_SWITCH,
    r"auth_state: '' is not one of": _OF_NO_SWITCH,
}
_PORTS_OF_DEVICES = {
    **_PORTS,
    r"port_usage: 'wan' is not one of": "the document knows only `lan`; WAN ports say `wan`",
    r"'neighbor_mac' is a required property": "a port without a neighbour that speaks LLDP has none",
}
_PATHS_OF_DEVICES = {
    r"(latency|jitter|loss|mos): NoneType where number": "a path that is down has no quality",
    r"mos: [\d.]+ is greater than the maximum of 5": "some versions tell it times 100",
}
DEPARTURES: dict[str, dict[str, str]] = {
    "/api/v1/orgs/{org_id}/inventory": {
        r"site_id: NoneType where string": "a device that is not assigned has no site",
    },
    "/api/v1/orgs/{org_id}/stats/ports/search": _PORTS,
    "/api/v1/orgs/{org_id}/stats/devices": {**_PORTS_OF_DEVICES, **_PATHS_OF_DEVICES},
    "/api/v1/sites/{site_id}/stats/devices/{device}": _PORTS_OF_DEVICES,
}
"""Route -> complaint (a pattern) -> why real answers differ from the document there."""

ROUTES = [
    route.path
    for route in Api(WORLD, Clock(NOW), Faults(), Gate(("t",))).app().routes
    if isinstance(route, Route) and route.path.startswith("/api/") and not route.path.endswith("{rest:path}")
]
QUERY = {
    "type": "gateway", "device_type": "gateway", "limit": 1000, "port_id": "ge-0/0/0",
    "metrics": "rx_bps,tx_bps,max_rx_bps,max_tx_bps", "interval": "1h",
    "duration": "1d", "sle": "wan", "fields": "ports,vpn_peers",
}  # fmt: skip
"""Asked of every route; those that do not know an argument must not mind it."""
VALUES = {"scope": "site", "classifier": "interface-port-down"}
METRICS = {"insights/device": "wan_link_health", "/sle/": "wan-link-health", "orgs/": "worst-sites-by-sle"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Running]:
    with running(WORLD, clock=Clock(NOW), quota=100_000) as served:
        yield served


def concrete(route: str, cloud: Running) -> str:
    """The route with values in place of its parameters: the first site and its gateway."""
    gateway = cloud.world.topology.gateways[0]
    site = cloud.world.topology.sites[0].id
    device = gateway.mac if "/insights/device/" in route else gateway.id
    metric = next((value for part, value in METRICS.items() if part in route), "")
    values = VALUES | {
        "org_id": cloud.org_id, "site_id": site, "scope_id": site, "device": device,
        "device_id": gateway.id, "device_mac": gateway.mac, "mac": gateway.mac, "metric": metric,
    }  # fmt: skip
    return re.sub(r"\{(\w+)[^}]*\}", lambda m: values[m[1]], route)


def query(route: str) -> dict[str, object]:
    """Searches of ports would be narrowed by a port, and the others by nothing that is in `QUERY`."""
    found = {k: v for k, v in QUERY.items() if "insights" in route or k not in ("port_id", "interval")}
    return found | ({"sle": "wan-link-health"} if route.endswith("/orgs/{org_id}/insights/{metric}") else {})


def body_of(answer: requests.Response) -> object:
    assert answer.status_code == 200, answer.text
    return answer.json()


def unexplained(route: str, body: object) -> set[str]:
    """Complaints that no listed departure accounts for."""
    allowed = DEPARTURES.get(route, {})
    return {c for c in complaints(route, body) if not any(re.search(p, c) for p in allowed)}


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_answers_as_the_document_describes(route: str, cloud: Running) -> None:
    if route in NOT_IN_THE_DOCUMENT:
        return
    assert described(route), f"{route} is not in the vendor's document: list it with a reason"
    body = body_of(get(cloud, concrete(route, cloud), **query(route)))
    assert body, f"{route} answers nothing, which proves nothing"
    assert unexplained(route, body) == set()


@pytest.mark.parametrize(("route", "pattern"), [(r, p) for r, ps in DEPARTURES.items() for p in ps])
def test_a_departure_that_is_listed_is_made(route: str, pattern: str, cloud: Running) -> None:
    found = complaints(route, get(cloud, concrete(route, cloud), **query(route)).json())
    assert any(re.search(pattern, c) for c in found), "strike it from the list"


def test_lists_hold_no_route_that_is_gone() -> None:
    assert {*NOT_IN_THE_DOCUMENT, *DEPARTURES} <= set(ROUTES)
    assert not any(described(route) for route in NOT_IN_THE_DOCUMENT)


def test_a_wrong_answer_is_noticed() -> None:
    path = "/api/v1/orgs/{org_id}/stats/vpn_peers/search"
    row = {"mac": 7, "latency": "slow"}
    whole = {"results": [row], "total": 1, "limit": 10, "start": 1, "end": 2}
    assert {c.partition(":")[0] for c in complaints(path, whole)} >= {"results/*/mac", "results/*/latency"}


def test_refusals_are_as_described(cloud: Running) -> None:
    route = "/api/v1/orgs/{org_id}/stats/ports/search"
    path = concrete(route, cloud)
    with running(WORLD, clock=Clock(NOW), quota=1) as poor:
        get(poor, path)
        refused = {429: get(poor, path)}
    refused[400] = get(cloud, path, limit="many")
    refused[401] = get(cloud, path, token="wrong")
    refused[403] = get(cloud, path.replace(cloud.org_id, "00000000-0000-0000-0000-000000000000"))
    for status, answer in refused.items():
        assert answer.status_code == status
        assert complaints(route, answer.json(), str(status)) == set()


def test_rows_with_every_oddity_are_as_described(cloud: Running) -> None:
    """Nine hours later, when other incidents are under way."""
    route = "/api/v1/orgs/{org_id}/stats/ports/search"
    cloud.clock.set(NOW + timedelta(hours=9))
    try:
        rows = body_of(get(cloud, concrete(route, cloud), **query(route)))
        assert unexplained(route, rows) == set()
    finally:
        cloud.clock.set(NOW)
