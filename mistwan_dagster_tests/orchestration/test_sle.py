"""SLE from a simulated cloud to the published tables: hours, deep-dive, budget, jobs, schedule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mistwan_dagster.catalog.sle_endpoints import SITES_SLE, SLE_TREND, WORST_SITES_SLE
from mistwan_dagster.catalog.sle_tables import (
    FACT_SITE_SLE_HOUR,
    FACT_SLE_HISTOGRAM,
    FACT_SLE_IMPACTED_GATEWAY,
    FACT_SLE_IMPACTED_INTERFACE,
    FACT_SLE_THRESHOLD,
    SLE_COVERAGE,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.sle_order import reading_order
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.mist.errors import BadRequest, Unusable
from mistwan_dagster.orchestration import launch, sle, sle_dive, sle_hours
from mistwan_dagster.orchestration.history import still_told
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.schedules import collect_sle_schedule
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

NOW = datetime(2025, 3, 4, 10, 9, tzinfo=UTC)
END = NOW.replace(minute=0)
SITES = 6
METRICS = 3
DAILY = ("sle/{scope}/{scope_id}/metrics", "/classifiers", "/threshold")


@pytest.fixture
def cloud() -> Iterator[Running]:
    with running(World(seed=3, sites=SITES), clock=Clock(NOW)) as served:
        yield served


@pytest.fixture
def platform(cloud: Running, tmp_path: Path) -> Platform:
    return Platform(
        Settings(
            mistwan_home=tmp_path,
            mist_api_base_url=cloud.base_url,
            mist_api_token=cloud.token,
            mist_org_id=cloud.org_id,
            mistwan_now=NOW,
            _env_file=None,
        )
    )


def advance(platform: Platform, cloud: Running, step: timedelta) -> datetime:
    platform.settings.mistwan_now = cloud.clock.advance(step)
    return platform.settings.mistwan_now


def read_hours(platform: Platform, hours: int = 1) -> None:
    for endpoint in (SITES_SLE, WORST_SITES_SLE):
        report = sle_hours.collect_sle_hours(platform, endpoint, END - hours * HOUR, END)
        assert len(report.read) == hours


def calls(cloud: Running, *ends: str) -> int:
    return sum(n for route, n in cloud.calls.items() if route.endswith(ends))


def test_hours_are_read_once_in_a_range_and_again_when_asked_alone(
    platform: Platform, cloud: Running
) -> None:
    report = sle_hours.collect_sle_hours(platform, SITES_SLE, END - 3 * HOUR, END)
    assert (len(report.read), report.kept, report.rows) == (3, [], 3 * SITES)
    report = sle_hours.collect_sle_hours(platform, SITES_SLE, END - 4 * HOUR, END)
    assert (report.read, len(report.kept)) == ([END - 4 * HOUR], 3)
    report = sle_hours.collect_sle_hours(platform, SITES_SLE, END - HOUR, END)
    assert report.read == [END - HOUR]
    assert calls(cloud, "sites-sle") == 5
    assert sle.compute_site_sle(platform, END - 4 * HOUR, END) == 4 * SITES * 5
    frame = platform.kpi.scan_hours(FACT_SITE_SLE_HOUR.name, END - 4 * HOUR, END)
    assert violations(frame, FACT_SITE_SLE_HOUR) == {}
    assert 0 < frame.collect()["score"].null_count() < 2 * SITES
    assert sle_hours.missing_sle_hours(platform)[-1] == END - 5 * HOUR


def test_what_the_cloud_forgot_or_has_not_seen_is_refused() -> None:
    oldest = END - timedelta(days=14)
    assert still_told(SITES_SLE, oldest, END, NOW) == oldest
    assert still_told(SITES_SLE, oldest - timedelta(hours=24), END, NOW) == oldest + HOUR
    with pytest.raises(UserError, match=r"keeps 14 days.* 2025-02-17T09:00Z was asked for"):
        still_told(SITES_SLE, oldest - timedelta(hours=25), END, NOW)
    with pytest.raises(UserError, match=r"keeps 14 days.* 2025-02-18T09:00Z was asked for"):
        still_told(SITES_SLE, oldest - HOUR, oldest + HOUR, NOW)
    sle_hours.require_over(END, NOW)
    with pytest.raises(UserError, match="once it is over"):
        sle_hours.require_over(END + HOUR, NOW)


def test_a_spent_budget_puts_recent_hours_off_and_history_waits(
    platform: Platform, cloud: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.quota.budget = 2
    report = sle_hours.collect_sle_hours(platform, SITES_SLE, END - 5 * HOUR, END)
    assert report.read == [END - HOUR, END - 2 * HOUR]
    assert report.put_off == [END - 3 * HOUR, END - 4 * HOUR, END - 5 * HOUR]
    assert report.failed == {}
    waited: list[datetime] = []

    def next_hour(until: datetime, _: Platform) -> None:
        waited.append(until)
        advance(platform, cloud, timedelta(hours=1))

    monkeypatch.setattr(sle_hours.history, "sleep_until", next_hour)
    platform.quota.live_reserve = 0
    old = END - timedelta(days=3)
    report = sle_hours.collect_sle_hours(platform, SITES_SLE, old, old + 2 * HOUR)
    assert (len(report.read), report.put_off) == (2, [])
    assert waited == [END + HOUR]
    oldest = (
        END + HOUR - timedelta(days=14)
    )  # of this hour, whose two calls are spent; two hours later it is not
    report = sle_hours.collect_sle_hours(platform, SITES_SLE, oldest, oldest + 4 * HOUR)
    assert report.read == [oldest + 3 * HOUR, oldest + 2 * HOUR]
    assert waited[1:] == [END + 2 * HOUR, END + 3 * HOUR]
    assert (report.put_off, report.failed, report.not_served) == ([], {}, None)


def test_a_cloud_without_sle_is_asked_once_and_nothing_is_looked_into(
    platform: Platform, cloud: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(*arguments: Any, **_: Any) -> Any:
        asked.append(arguments)
        raise BadRequest("sites_sle page 1: status 400", status=400)

    monkeypatch.setattr(sle_hours, "collect_snapshot", refuse)
    report = sle_hours.collect_sle_hours(platform, SITES_SLE, END - 3 * HOUR, END)
    assert report.not_served == "sites_sle page 1: status 400"
    assert len(asked) == 1
    found = sle_dive.dive(platform)
    assert (found.targets, found.calls) == (0, 0)
    assert "no SLE score" in str(found.stopped_by)
    assert not cloud.calls


def test_the_deep_dive_reads_every_site_and_the_lists_once_a_day(platform: Platform, cloud: Running) -> None:
    read_hours(platform)
    report = sle_dive.dive(platform)
    assert (report.targets, report.read, report.put_off, report.failed) == (
        SITES * METRICS,
        SITES * METRICS,
        0,
        {},
    )
    assert report.stopped_by is None
    degraded = sle.coverage_now(platform).filter("is_degraded").height
    assert degraded > 0
    assert calls(cloud, *DAILY) == SITES * (1 + 2 * METRICS) + degraded  # the gateways' thresholds
    coverage = sle.compute_coverage(platform)
    assert violations(coverage.lazy(), SLE_COVERAGE) == {}
    assert coverage["state"].to_list() == ["fresh"] * SITES * METRICS
    assert coverage["is_enabled"].all()
    assert sle.compute_trends(platform, END - timedelta(hours=24), END) > 0

    trend = platform.kpi.scan_hours("fact_sle_trend", END - timedelta(hours=24), END).collect()
    whole = trend.filter(scope="site", classifier="")
    assert whole.height == SITES * METRICS * 24
    scores = platform.raw.scan_snapshots(SITES_SLE, END - HOUR, END).collect()
    last = whole.filter(metric="gateway-health", bin_start_utc=END - HOUR).drop_nulls("score")
    both = last.join(scores, on="site_id")
    assert both.height >= SITES - 1
    assert (both["score"] - both["gateway-health"]).abs().max() < 1e-5
    assert set(trend.filter(scope="gateway")["site_id"]) == set(coverage.filter("is_degraded")["site_id"])

    advance(platform, cloud, timedelta(hours=1))
    before, daily = sum(cloud.calls.values()), calls(cloud, *DAILY)
    again = sle_dive.dive(platform)
    assert (again.read, calls(cloud, *DAILY)) == (SITES * METRICS, daily)
    assert sum(cloud.calls.values()) - before == again.calls
    stored = platform.raw.scan_events(SLE_TREND, END - timedelta(hours=23), END).collect()
    assert stored.select(SLE_TREND.key).is_duplicated().sum() == 0


def test_tables_of_newest_answers_repeat_and_follow(platform: Platform, cloud: Running) -> None:
    read_hours(platform)
    sle_dive.dive(platform)
    tables = (FACT_SLE_HISTOGRAM, FACT_SLE_THRESHOLD, FACT_SLE_IMPACTED_GATEWAY, FACT_SLE_IMPACTED_INTERFACE)
    first = {}
    for table in tables:
        assert sle.compute_newest(platform, table.name) > 0
        first[table.name] = platform.kpi.read(table.name)
        assert violations(first[table.name].lazy(), table) == {}
        sle.compute_newest(platform, table.name)
        assert platform.kpi.read(table.name).equals(first[table.name])
    assert first["fact_sle_histogram"].filter(scope="site").height == SITES * METRICS * 12
    assert first["fact_sle_threshold"].filter(scope="site").height == SITES * METRICS
    assert first["fact_sle_threshold"].filter(scope="gateway").height > 0
    now = advance(platform, cloud, timedelta(hours=2))
    sle_hours.collect_sle_hours(platform, SITES_SLE, END + HOUR, END + 2 * HOUR)
    sle_dive.dive(platform)
    for table in tables:
        sle.compute_newest(platform, table.name)
        read = set(platform.kpi.read(table.name)["read_at_utc"])
        assert read == ({NOW} if table is FACT_SLE_THRESHOLD else {now}), table.name


def test_within_its_calls_the_dive_takes_the_worst_first_and_goes_on_next_time(
    platform: Platform, cloud: Running
) -> None:
    read_hours(platform)
    platform.settings.mistwan_sle_calls = 40
    expected = reading_order(sle.coverage_now(platform)).select("site_id", "metric").rows()
    seen: list[tuple[str, str]] = []
    for rounds in range(1, 20):  # noqa: B007
        report = sle_dive.dive(platform)
        assert report.calls <= 40
        assert report.failed == {}
        assert report.read + report.put_off == report.targets
        found = sle.readings(platform)
        new = [r for r in found.select("site_id", "metric").rows() if r not in seen]
        assert new, "every round reaches somebody new"
        assert set(new) <= set(expected[: len(seen) + len(new) + sle_dive.WORKERS])
        seen += new
        states = dict(sle.coverage_now(platform)["state"].value_counts().iter_rows())
        assert states.get("fresh", 0) == len(seen)
        if report.put_off == 0 or len(seen) == len(expected):
            break
        assert "share of 40 calls" in str(report.stopped_by)
        advance(platform, cloud, timedelta(minutes=5))
    assert rounds > 1
    assert set(seen) == set(expected)


def test_the_optional_part_leaves_the_live_reserve_alone(platform: Platform) -> None:
    read_hours(platform)
    platform.quota.budget, platform.quota.live_reserve = 60, 40
    report = sle_dive.dive(platform)
    assert report.put_off > 0
    assert platform.quota.used() == 20
    assert "backfill calls" in str(report.stopped_by)


def test_one_failing_site_does_not_stop_the_others_but_a_dead_cloud_does(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_hours(platform)
    whole = sle_dive.fetch_sle
    broken = sle.coverage_now(platform)["site_id"][0]

    def one_fails(*arguments: Any, **more: Any) -> Any:
        if arguments[3].site_id == broken:
            raise Unusable("sle_trend page 1: status 502")
        return whole(*arguments, **more)

    monkeypatch.setattr(sle_dive, "fetch_sle", one_fails)
    report = sle_dive.dive(platform)
    assert {t.site_id for t in report.failed} == {broken}
    assert (report.read, len(report.failed)) == ((SITES - 1) * METRICS, METRICS)

    def all_fail(*_arguments: Any, **_more: Any) -> Any:
        raise Unusable("sle_trend page 1: status 502")

    monkeypatch.setattr(sle_dive, "fetch_sle", all_fail)
    report = sle_dive.dive(platform)
    assert report.read == 0
    assert sle_dive.MOST_FAILURES <= len(report.failed) < sle_dive.MOST_FAILURES + sle_dive.WORKERS
    assert "failed one after the other" in str(report.stopped_by)


def test_the_jobs_lead_from_the_api_to_the_published_tables(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = platform.settings
    for name, value in {
        "MISTWAN_HOME": settings.mistwan_home,
        "MIST_API_BASE_URL": settings.mist_api_base_url,
        "MIST_API_TOKEN": settings.mist_api_token.get_secret_value(),
        "MIST_ORG_ID": settings.mist_org_id,
        "MISTWAN_NOW": NOW.isoformat(),
        "MISTWAN_SLE_CALLS": "60",
    }.items():
        monkeypatch.setenv(name, str(value))
    with launch.instance(platform) as opened:
        with dg.build_schedule_context(opened, resources={"platform": PlatformResource()}) as context:
            requests = list(collect_sle_schedule(context))
        assert requests[0].tags["dagster/asset_partition_range_end"] == "2025-03-04-09:00"
        assert launch.run_span(opened, "collect_sle", END - HOUR, END).errors == ()
        refused = launch.run_span(
            opened, "collect_sle", END - timedelta(days=30), END - timedelta(days=30) + HOUR
        )
        assert "keeps 14 days" in refused.errors[0]
        outcomes = list(launch.aggregate(opened, platform, ["sle"], None))
        assert [o.errors for *_, o in outcomes] == [()]
        assert list(launch.aggregate(opened, platform, ["sle"], None)) == []
    counts = platform.published.query(
        "SELECT (SELECT count(*) FROM fact_site_sle_hour) AS scores, (SELECT count(*) FROM fact_sle_trend) AS bins, "
        "(SELECT count(*) FROM sle_coverage WHERE state = 'fresh') AS fresh, "
        "(SELECT count(*) FROM sle_coverage WHERE state = 'missing') AS missing, "
        "(SELECT count(*) FROM fact_sle_histogram WHERE scope = 'site') AS ranges"
    ).row(0, named=True)
    assert counts["scores"] == SITES * 5
    assert counts["fresh"] > 0
    assert counts["missing"] > 0
    assert counts["fresh"] + counts["missing"] == SITES * METRICS
    assert counts["ranges"] == 12 * counts["fresh"]
    assert counts["bins"] >= 24 * 4 * counts["fresh"]
