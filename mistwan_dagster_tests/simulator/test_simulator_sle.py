"""SLE of the simulated cloud: scores that follow from its truth, and agree with each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.simulator.server import Running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.simulator.asking import NOW, NOW_S, get, org

END = NOW.replace(minute=0, second=0)
LINK = "wan-link-health"


@pytest.fixture(autouse=True)
def _at_now(cloud: Running) -> None:
    cloud.clock.set(NOW)


def sle(sim: Running, site: str, tail: str, gateway: str | None = None, **query: Any) -> Any:
    scope = f"gateway/{gateway}" if gateway else f"site/{site}"
    return get(sim, f"/api/v1/sites/{site}/sle/{scope}/{tail}", **query)


def hour_scores(sim: Running, hours_ago: int = 1) -> dict[str, dict[str, Any]]:
    start = (END - timedelta(hours=hours_ago)).timestamp()
    answer = org(sim, "insights/sites-sle", sle="wan", start=start, end=start + 3600, limit=1000).json()
    assert (answer["start"], answer["end"], answer["total"]) == (start, start + 3600, 40)
    return {row["site_id"]: row for row in answer["results"]}


def test_port_down_minutes_are_the_truths_down_minutes(cloud: Running, world: World) -> None:
    truth = world.truth_circuit_hours(END - timedelta(hours=24), END)
    sites = world.truth_circuits().select("circuit_id", "site_id")
    expected = (
        truth.join(sites, on="circuit_id")
        .group_by("site_id", "hour_utc")
        .agg(pl.col("down_minutes").sum(), (60 - pl.col("unknown_minutes")).sum().alias("seen"))
        .sort("hour_utc")
    )
    checked = with_outage = 0
    for site in expected["site_id"].unique().sort():
        answer = sle(cloud, site, f"metric/{LINK}/summary-trend", duration="1d").json()
        assert answer["start"] == (END - timedelta(hours=24)).timestamp()
        down = next(c for c in answer["classifiers"] if c["name"] == "interface-port-down")["samples"]
        own = expected.filter(site_id=site)
        told = zip(down["total"], down["degraded"], own["seen"], own["down_minutes"], strict=True)
        for total, degraded, seen, down_minutes in told:
            if total is None:
                continue
            assert total == pytest.approx(seen, abs=1e-3)
            assert degraded == pytest.approx(down_minutes, abs=1e-3)
            checked += 1
            with_outage += down_minutes > 0
    assert checked > 900
    assert with_outage > 20


def test_sites_list_and_trend_tell_the_same_score(cloud: Running) -> None:
    rows = hour_scores(cloud)
    compared = 0
    for site, row in rows.items():
        for metric in (LINK, "gateway-health", "application-health"):
            sample = sle(cloud, site, f"metric/{metric}/summary-trend", duration="1d").json()["sle"][
                "samples"
            ]
            total, degraded = sample["total"][-1], sample["degraded"][-1]
            if total:
                assert row[metric] == pytest.approx((total - degraded) / total, abs=1e-5)
                compared += 1
    assert compared > 100
    assert 0.02 < sum(r[LINK] < 0.9 for r in rows.values()) / len(rows) < 0.5
    assert all({"wan-link-health-v2", "gateway-bandwidth", "num_gateways"} <= set(r) for r in rows.values())
    assert all(0 <= r[m] <= 1 for r in rows.values() for m in (LINK, "gateway-health"))


def test_a_bad_provider_shows_as_loss_and_congestion_as_congestion(cloud: Running, world: World) -> None:
    circuits = world.truth_circuits().filter(state="up")
    for flag, classifier in (("is_bad", "network-loss"), ("is_congested", "interface-congestion")):
        site = circuits.filter(pl.col(flag))["site_id"][0]
        answer = sle(cloud, site, f"metric/{LINK}/summary-trend", duration="1d").json()
        part = next(c for c in answer["classifiers"] if c["name"] == classifier)
        assert sum(v or 0 for v in part["samples"]["degraded"]) > 60


def test_the_worst_sites_are_the_lowest_scores_ascending(cloud: Running) -> None:
    rows = hour_scores(cloud)
    start = (END - timedelta(hours=1)).timestamp()
    answer = org(cloud, "insights/worst-sites-by-sle", sle=LINK, start=start, end=start + 3600).json()
    told = [r[LINK] for r in answer["results"]]
    assert told == sorted(r[LINK] for r in rows.values())
    assert org(cloud, "insights/worst-sites-by-sle", sle="no-such").status_code == 400
    assert org(cloud, "insights/no-such").status_code == 404


def test_pages_are_in_the_body_without_next(cloud: Running) -> None:
    pages = [org(cloud, "insights/sites-sle", sle="wan", limit=15, page=p).json() for p in (1, 2, 3)]
    assert [len(p["results"]) for p in pages] == [15, 15, 10]
    assert len({r["site_id"] for p in pages for r in p["results"]}) == 40
    assert all("next" not in p for p in pages)


def test_impacted_gateways_and_interfaces_add_up_to_the_trend(cloud: Running, world: World) -> None:
    site = min(hour_scores(cloud).items(), key=lambda kv: kv[1][LINK])[0]
    query = {"start": END.timestamp() - 3 * 3600 + 17, "end": NOW_S}
    trend = sle(cloud, site, f"metric/{LINK}/summary-trend", **query).json()
    assert (trend["start"], trend["end"]) == (END.timestamp() - 3 * 3600, END.timestamp())
    degraded = sum(trend["sle"]["samples"]["degraded"])
    gateways = sle(cloud, site, f"metric/{LINK}/impacted-gateways", **query).json()
    interfaces = sle(cloud, site, f"metric/{LINK}/impacted-interfaces", **query).json()
    assert sum(g["degraded"] for g in gateways["gateways"]) == pytest.approx(degraded, abs=0.01)
    assert degraded > 0
    assert sum(i["degraded"] for i in interfaces["interfaces"]) == pytest.approx(degraded, abs=0.01)
    gateway = next(g for g in world.topology.gateways if g.mac == gateways["gateways"][0]["gateway_mac"])
    assert sle(cloud, site, f"metric/{LINK}/summary-trend", gateway.id, **query).status_code == 200
    assert sle(cloud, site, f"metric/{LINK}/impacted-gateways", gateway.id).status_code == 400


def test_names_older_forms_and_what_is_not_served(cloud: Running, world: World) -> None:
    site = world.topology.sites[0].id
    lists = sle(cloud, site, "metrics").json()
    assert "application_health" in lists["enabled"]
    assert "coverage" in lists["supported"]
    assert sle(cloud, site, "metric/application_health/summary-trend").status_code == 200
    assert sle(cloud, site, "metric/application-health/summary").status_code == 400
    old = sle(cloud, site, f"metric/{LINK}/summary").json()
    assert {"impact", "events", "sle", "classifiers"} <= set(old)
    assert sle(cloud, site, f"metric/{LINK}/histogram").json()["metric"] == "wan-link-health-v2"
    assert isinstance(sle(cloud, site, f"metric/{LINK}/threshold").json()["threshold"], str)
    names = sle(cloud, site, "metric/gateway-health/classifiers").json()
    trend = sle(cloud, site, "metric/gateway-health/summary-trend").json()
    left_out = set(names) - {c["name"] for c in trend["classifiers"]}
    assert left_out == {"disk-usage"}
    one = sle(cloud, site, "metric/gateway-health/classifier/disk-usage/summary-trend").json()
    assert len(one["classifier"]["samples"]["total"]) == 24
    assert sle(cloud, site, "metric/coverage/summary-trend").status_code == 400
    assert (
        sle(cloud, site, f"metric/{LINK}/summary-trend", "00000000-0000-0000-1000-000000000000").status_code
        == 404
    )
    assert (
        sle(cloud, site, f"metric/{LINK}/summary-trend", start=NOW_S - 15 * 86400, end=NOW_S).status_code
        == 400
    )


def test_some_bins_are_null_and_the_answer_is_a_function_of_the_seed(cloud: Running, world: World) -> None:
    answers = [
        sle(cloud, s.id, f"metric/{LINK}/summary-trend", duration="2d").json()
        for s in world.topology.sites[:12]
    ]
    samples = [v for a in answers for v in a["sle"]["samples"]["total"]]
    assert 0 < sum(v is None for v in samples) < len(samples) / 10
    again = sle(cloud, world.topology.sites[0].id, f"metric/{LINK}/summary-trend", duration="2d").json()
    assert again == answers[0]
