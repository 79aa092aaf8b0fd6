"""Each fault of the simulated cloud can be seen by a client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.faults import KINDS, Faults
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World


@pytest.fixture(scope="module")
def cloud() -> Iterator[Running]:
    with running(World(seed=3, sites=30), clock=Clock(datetime(2025, 3, 12, 15, tzinfo=UTC))) as sim:
        yield sim


@pytest.fixture(autouse=True)
def _no_faults_left(cloud: Running) -> Iterator[None]:
    yield
    cloud.faults.clear()


def get(sim: Running, path: str, timeout: float = 10, **query: Any) -> requests.Response:
    if not path.startswith("/api"):
        path = f"/api/v1/orgs/{sim.org_id}/{path}"
    headers = {"Authorization": f"Token {sim.token}"}
    return requests.get(sim.base_url + path, params=query, headers=headers, timeout=timeout)


def test_rate_limit(cloud: Running) -> None:
    cloud.faults.set(rate_limit=1.0, retry_after_s=7)
    answer = get(cloud, "sites")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert "detail" in answer.json()


def test_error_500_and_html_502(cloud: Running) -> None:
    cloud.faults.set(error_500=1.0)
    assert get(cloud, "sites").status_code == 500
    cloud.faults.set(error_500=0.0, html_502=1.0)
    answer = get(cloud, "sites")
    assert answer.status_code == 502
    assert answer.text.startswith("<html>")


def test_drop_in_mid_body(cloud: Running) -> None:
    cloud.faults.set(drop_mid_body=1.0)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        get(cloud, "sites")
    cloud.faults.clear()
    assert get(cloud, "sites").status_code == 200


def test_stall_outlasts_an_impatient_client(cloud: Running) -> None:
    cloud.faults.set(stall=1.0, stall_seconds=0.6)
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(cloud, "sites", timeout=0.15)
    assert get(cloud, "sites", timeout=10).status_code == 200


def test_malformed_json(cloud: Running) -> None:
    cloud.faults.set(malformed_json=1.0)
    answer = get(cloud, "sites")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_duplicate_rows_in_both_styles(cloud: Running) -> None:
    cloud.faults.set(duplicate_rows=1.0)
    sites = get(cloud, "sites").json()
    assert len(sites) > len({s["id"] for s in sites}) == 30
    answer = get(cloud, "stats/ports/search", limit=20).json()
    assert len(answer["results"]) > 20


def test_a_repeated_page_in_both_styles(cloud: Running) -> None:
    first = get(cloud, "stats/ports/search", limit=50).json()
    cloud.faults.set(repeated_page=1.0)
    again = get(cloud, first["next"]).json()
    assert again["results"] == first["results"]
    assert again["next"] == first["next"]
    cloud.faults.clear()
    assert get(cloud, again["next"]).json()["results"] != first["results"]
    pages = [get(cloud, "sites", limit=10, page=1).json()]
    cloud.faults.set(repeated_page=1.0)
    pages.append(get(cloud, "sites", limit=10, page=2).json())
    assert pages[0] == pages[1]


def test_probabilities_are_shares_of_requests_and_counted(cloud: Running) -> None:
    cloud.faults.set(error_500=0.3, seed=5)
    before = cloud.faults.counts["error_500"]
    failed = sum(get(cloud, "/api/v1/self").status_code == 500 for _ in range(100))
    assert cloud.faults.counts["error_500"] - before == failed
    assert 15 < failed < 45
    cloud.faults.set(seed=5)
    assert sum(get(cloud, "/api/v1/self").status_code == 500 for _ in range(100)) == failed


def test_faults_can_be_set_over_http_and_refuse_nonsense(cloud: Running) -> None:
    url = f"{cloud.base_url}/_sim/faults"
    told = requests.post(url, json={"html_502": 1.0}, timeout=10).json()
    assert told["html_502"] == 1.0
    assert get(cloud, "sites").status_code == 502
    for wrong in ({"no_such": 1}, {"stall": 2}, {"stall": "often"}, {"stall": True}, [1]):
        assert requests.post(url, json=wrong, timeout=10).status_code == 400
    assert requests.get(url, timeout=10).json()["counts"]["html_502"] >= 1


def test_a_quota_that_is_used_up_refuses_with_the_hours_rest(cloud: Running) -> None:
    url = f"{cloud.base_url}/_sim/quota"
    assert requests.post(url, json={"used": 5000}, timeout=10).json() == {"limit": 5000, "used": 5000}
    assert get(cloud, "sites").status_code == 429
    requests.post(url, json={"used": 0}, timeout=10)
    assert get(cloud, "sites").status_code == 200


def test_every_fault_is_off_by_default() -> None:
    assert set(Faults().probability.values()) == {0.0}
    assert len(KINDS) == 8


def test_another_release_adds_drops_and_retypes_keys_of_rows(cloud: Running) -> None:
    path = "stats/ports/search"
    before = get(cloud, path, device_type="gateway").json()["results"]
    cloud.release.added, cloud.release.dropped, cloud.release.as_text = (
        {"odd": 1},
        ("full_duplex",),
        ("mac_limit",),
    )
    try:
        after = get(cloud, path, device_type="gateway").json()["results"]
        sites = get(cloud, "sites").json()
    finally:
        cloud.release.added, cloud.release.dropped, cloud.release.as_text = {}, (), ()
    assert "full_duplex" in before[0]
    assert after[1] == {k: v for k, v in {**before[1], "odd": 1}.items() if k != "full_duplex"}
    assert [type(row["mac_limit"]) for row in after[:11]] == [str, *[int] * 9, str]
    assert not any("odd" in row for row in sites)
