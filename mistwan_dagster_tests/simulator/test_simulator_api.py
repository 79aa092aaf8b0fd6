"""The simulated API over real HTTP: admission, paging, defaults, objects."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import requests

from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.gate import NO_CREDENTIALS
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW, NOW_S, get, key, org, walk


@pytest.fixture(autouse=True)
def _at_now(cloud: Running) -> None:
    cloud.clock.set(NOW)


@pytest.mark.parametrize("header", [None, "Token wrong", "Bearer x", "Token "])
def test_without_a_known_token_401(cloud: Running, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{cloud.base_url}/api/v1/self", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"detail": NO_CREDENTIALS})


def test_another_organization_403_another_site_and_route_404(cloud: Running) -> None:
    other = "/api/v1/orgs/00000000-0000-0000-0000-000000000000/sites"
    assert get(cloud, other).status_code == 403
    assert get(cloud, "/api/v1/sites/00000000-0000-0000-0000-000000000000/devices").status_code == 404
    unknown = get(cloud, "/api/v1/no/such/thing")
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Not found."})


def test_self_names_the_organization(cloud: Running) -> None:
    privilege = get(cloud, "/api/v1/self").json()["privileges"][0]
    assert (privilege["org_id"], privilege["role"]) == (cloud.org_id, "read")
    assert get(cloud, f"/api/v1/orgs/{cloud.org_id}").json()["id"] == cloud.org_id


def test_the_quota_is_per_token_and_clock_hour(world: World) -> None:
    clock = Clock(datetime(2025, 3, 12, 15, 46, 42, tzinfo=UTC))
    with running(world, clock=clock, quota=3, more_tokens=("second-simulated-token-000000",)) as sim:
        usage = get(sim, "/api/v1/self/usage").json()
        assert (usage["requests"], usage["request_limit"]) == (1, 3)
        assert [get(sim, "/api/v1/self").status_code for _ in range(3)] == [200, 200, 429]
        refused = get(sim, "/api/v1/self")
        assert refused.headers["Retry-After"] == "798"
        assert refused.json()["detail"].startswith("Too Many Request.")
        assert get(sim, "/api/v1/self", token="second-simulated-token-000000").status_code == 200
        clock.set(datetime(2025, 3, 12, 16, 0, 1, tzinfo=UTC))
        assert get(sim, "/api/v1/self").status_code == 200


def test_controls_need_no_token_and_cost_nothing(cloud: Running) -> None:
    before = get(cloud, "/api/v1/self/usage").json()["requests"]
    info = requests.get(f"{cloud.base_url}/_sim/info", timeout=10).json()
    assert (info["org_id"], info["token"], info["seed"]) == (cloud.org_id, cloud.token, 3)
    moved = requests.post(f"{cloud.base_url}/_sim/clock", json={"now": "2025-03-12T15:30:00Z"}, timeout=10)
    assert moved.json() == {"now": "2025-03-12T15:30:00+00:00"}
    assert cloud.clock.now() == datetime(2025, 3, 12, 15, 30, tzinfo=UTC)
    bad = requests.post(f"{cloud.base_url}/_sim/clock", json={"now": "noon"}, timeout=10)
    assert bad.status_code == 400
    assert get(cloud, "/api/v1/self/usage").json()["requests"] == before + 1


def test_array_answers_page_by_number_with_headers(cloud: Running) -> None:
    first = org(cloud, "sites", limit=15)
    assert [first.headers[f"X-Page-{n}"] for n in ("Limit", "Page", "Total")] == ["15", "1", "40"]
    pages = [org(cloud, "sites", limit=15, page=p).json() for p in (1, 2, 3, 4)]
    assert [len(p) for p in pages] == [15, 15, 10, 0]
    assert len({s["id"] for p in pages for s in p}) == 40


def test_limit_defaults_to_100_and_is_at_most_1000(cloud: Running) -> None:
    assert len(org(cloud, "stats/ports/search").json()["results"]) == 100
    assert org(cloud, "stats/ports/search", limit=5000).json()["limit"] == 1000
    assert org(cloud, "stats/ports/search", limit="many").status_code == 400


def test_cursor_answers_page_by_next_and_hold_each_row_once(cloud: Running) -> None:
    rows, total, pages = walk(cloud, "stats/ports/search", device_type="gateway", limit=90)
    assert total == len(rows) == len({key(r) for r in rows})
    assert pages == -(-total // 90)
    answer = org(cloud, "stats/ports/search", device_type="gateway", limit=90).json()
    assert "device_type=gateway" in answer["next"]
    assert "search_after=%5B" in answer["next"]
    assert "limit=100&" in org(cloud, "stats/ports/search").json()["next"]
    assert org(cloud, "stats/ports/search", search_after="1710949286").status_code == 400


def test_a_walk_stays_consistent_while_the_clock_moves(cloud: Running) -> None:
    answer = org(cloud, "stats/ports/search", device_type="gateway", limit=200).json()
    rows = answer["results"]
    while "next" in answer:
        cloud.clock.advance(timedelta(seconds=25))
        answer = get(cloud, answer["next"]).json()
        rows = rows + answer["results"]
    assert len({key(r) for r in rows}) == len(rows) == answer["total"]


def test_types_default_to_access_points(cloud: Running, world: World) -> None:
    assert org(cloud, "stats/devices").json() == []
    assert org(cloud, "devices/events/search").json()["total"] == 0
    site = world.topology.sites[0].id
    assert get(cloud, f"/api/v1/sites/{site}/devices").json() == []
    assert len(org(cloud, "stats/devices", type="gateway").json()) == 40
    assert org(cloud, "devices/events/search", device_type="gateway").json()["total"] > 0
    config = get(cloud, f"/api/v1/sites/{site}/devices", type="gateway").json()[0]
    assert config["port_config"]["ge-0/0/0"]["usage"] == "wan"


def test_times_cannot_be_mixed_or_nonsense(cloud: Running) -> None:
    for query in ({"start": 1, "duration": "1d"}, {"duration": "soon"}, {"start": NOW_S, "end": NOW_S - 5}):
        answer = org(cloud, "devices/events/search", device_type="gateway", **query)
        assert answer.status_code == 400
        assert "detail" in answer.json()


def test_sites_have_regions_and_store_types_as_sitegroups_except_a_few(cloud: Running) -> None:
    groups = {g["id"]: g for g in org(cloud, "sitegroups").json()}
    names = {g["name"] for g in groups.values()}
    assert {f"Region {r}" for r in ("North", "South", "East", "West", "Central")} <= names
    assert {"Store type Flagship", "Store type Standard", "Store type Express"} <= names
    without = Counter()
    for site in org(cloud, "sites").json():
        own = [groups[g]["name"] for g in site["sitegroup_ids"]]
        without["region"] += not any(n.startswith("Region ") for n in own)
        without["type"] += not any(n.startswith("Store type ") for n in own)
        assert all(site["id"] in groups[g]["site_ids"] for g in site["sitegroup_ids"])
        assert -90 <= site["latlng"]["lat"] <= 90
        assert "/" in site["timezone"]
    assert without == {"region": 2, "type": 2}


def test_inventory_has_claim_codes_spares_and_cluster_members(cloud: Running) -> None:
    rows = org(cloud, "inventory", type="gateway").json()
    assert all(r["magic"].startswith("MAGIC-") for r in rows)
    assert [r["name"] for r in rows if r["site_id"] is None] == ["spare-1"]
    assert len(rows) == 41
    members = org(cloud, "inventory", type="gateway", vc="true").json()
    assert len(members) == 43
    assert len(org(cloud, "inventory", unassigned="false").json()) == 40


def test_cluster_rows_have_nodes_and_a_second_interface_map(cloud: Running) -> None:
    clusters = [d for d in org(cloud, "stats/devices", type="gateway").json() if d["is_ha"]]
    assert len(clusters) == 2
    assert all("wan2" in {v.get("wan_name") for v in d["if2_stat"].values()} for d in clusters)
    ports = org(cloud, "stats/ports/search", mac=clusters[0]["mac"]).json()["results"]
    assert {p["node"] for p in ports} == {"node0", "node1"}
    assert len([p for p in ports if p["port_id"] == "ge-0/0/0"]) == 2


def test_one_device_with_ports_and_paths(cloud: Running) -> None:
    device = org(cloud, "stats/devices", type="gateway").json()[0]
    path = f"/api/v1/sites/{device['site_id']}/stats/devices/{device['id']}"
    told = get(cloud, path, fields="ports,vpn_peers").json()
    assert told["mac"] == device["mac"]
    assert len(told["ports"]) == 10
    assert "mac" not in told["ports"][0]
    assert told["vpn_peers"]


def test_definitions(cloud: Running) -> None:
    metrics = get(cloud, "/api/v1/const/insight_metrics").json()
    assert metrics["rx_bps"]["intervals"]["1h"]["max_age"] == 1209600
    events = {e["key"] for e in get(cloud, "/api/v1/const/device_events").json()}
    seen = org(cloud, "devices/events/search", device_type="gateway", duration="14d", limit=1000).json()
    assert {r["type"] for r in seen["results"]} <= events
    assert get(cloud, "/api/v1/const/alarm_defs").json()[0].keys() >= {"key", "severity", "group"}
