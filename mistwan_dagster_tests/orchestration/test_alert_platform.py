"""Alerts of the platform itself: late data, call budget, disk, runs that failed for good."""

from __future__ import annotations

import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, PORT_STATS
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.lake.raw import HOUR, SlotReport
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration import activity
from mistwan_dagster.orchestration.activity import failed_for_good
from mistwan_dagster.orchestration.alert_platform import platform_findings
from mistwan_dagster.orchestration.jobs import COMPUTED_BY, JOBS
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.settings import Settings

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOKEN = {"mist_api_token": "t", "mist_org_id": "o"}
Usage = namedtuple("Usage", "total used free")


def opened(home: Path, now: datetime = NOON, **more: Any) -> Platform:
    return Platform(Settings(mistwan_home=home, mistwan_now=now, _env_file=None, **more))


def found(platform: Platform, rule: str, given_up: dict[str, str] | None = None) -> tuple[str | None, bool]:
    (row,) = platform_findings(platform, given_up or {}).filter(rule=rule).to_dicts()
    return row["severity"], row["recovered"]


def slot(platform: Platform, at: datetime, complete: bool = True) -> None:
    report = SlotReport(PORT_STATS.name, at, complete, 0, 1, 0, 0, None if complete else "broken")
    platform.raw.finish_slot(PORT_STATS, report, [])


def test_slots_are_late_when_the_newest_whole_one_is_old(tmp_path: Path) -> None:
    assert found(opened(tmp_path), "slots_late") == (None, False), "never collected is not late"
    slot(opened(tmp_path), NOON)
    slot(opened(tmp_path), NOON + 5 * MINUTE, complete=False)
    assert found(opened(tmp_path, NOON + 19 * MINUTE), "slots_late") == (None, True)
    assert found(opened(tmp_path, NOON + 20 * MINUTE), "slots_late") == ("high", False)
    row = platform_findings(opened(tmp_path, NOON + 20 * MINUTE), {}).filter(rule="slots_late").to_dicts()[0]
    assert (row["since_utc"], row["value"], row["scope"]) == (NOON, 20, "platform")
    assert row["text"] == "newest whole slot 2025-01-01 12:00 UTC, 20 minutes ago, limit 20"


def test_hours_are_late_counted_from_the_end_of_the_newest(tmp_path: Path) -> None:
    assert found(opened(tmp_path), "hours_late") == (None, False)
    opened(tmp_path).kpi.write(FACT_CIRCUIT_HOUR.name, FACT_CIRCUIT_HOUR.empty(), hour_label(NOON - HOUR))
    assert found(opened(tmp_path, NOON + 149 * MINUTE), "hours_late") == (None, True)
    assert found(opened(tmp_path, NOON + 150 * MINUTE), "hours_late") == ("high", False)


def test_the_call_budget_is_low_at_a_tenth_and_good_again_after_an_hour_within_it(tmp_path: Path) -> None:
    token = {**TOKEN, "mistwan_call_budget": 20, "mistwan_live_reserve": 20}
    assert found(opened(tmp_path), "quota_low") == (None, False), "without a token nothing is known"
    platform = opened(tmp_path, **token)
    assert found(platform, "quota_low") == (None, True)
    for _ in range(18):
        platform.quota.spend(Purpose.LIVE, "port_stats")
    assert found(platform, "quota_low") == ("high", False)
    assert found(opened(tmp_path, NOON + HOUR, **token), "quota_low") == (None, False)
    assert found(opened(tmp_path, NOON + 2 * HOUR, **token), "quota_low") == (None, True)


@pytest.mark.parametrize(
    ("free", "expected"), [(10, ("critical", False)), (10.5, (None, False)), (11, (None, True))]
)
def test_the_disk_is_low_at_its_limit_and_freed_a_percent_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, expected: tuple
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000, 1000 - 10 * free, 10 * free))
    assert found(opened(tmp_path / "not made yet"), "disk_low") == expected


def test_a_disk_limit_is_a_setting_and_a_rule_can_be_switched_off(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text("platform: {disk_low: {free_pct: 100, severity: warning}, slots_late: null}")
    rows = platform_findings(opened(tmp_path, mistwan_alerts_file=file), {})
    assert rows.filter(rule="disk_low")["severity"].to_list() == ["warning"]
    assert rows.filter(rule="slots_late").is_empty()


def test_what_no_run_brings_any_more_is_told_by_stage(tmp_path: Path) -> None:
    given_up = {"hourly": "given up: 3 partitions", "daily": "", "weekly": None}
    rows = platform_findings(opened(tmp_path), given_up)
    told = rows.filter(rule="run_failed").select("subject", "severity", "recovered", "text").rows()
    assert told == [
        ("hourly", "high", False, "given up: 3 partitions"),
        ("daily", None, True, None),
        ("weekly", None, False, None),
    ]


def ended(instance: dg.DagsterInstance, job: str, status: str = "FAILURE", **tags: str) -> str:
    """A run of the job that ended so; its id."""
    made = instance.create_run_for_job(
        dg.job(name=job)(lambda: None), status=dg.DagsterRunStatus(status), tags=tags
    )
    return made.run_id


def test_what_was_given_up_is_over_when_it_is_there_and_not_when_its_runs_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = opened(tmp_path, datetime.now(UTC), **TOKEN)
    hour = platform.settings.now().replace(minute=0, second=0, microsecond=0) - 3 * HOUR
    platform.kpi.write("dim_circuit", pl.DataFrame({"circuit_id": ["a"]}))
    for number in range(12):
        slot(platform, hour + number * 5 * MINUTE)
    with dg.instance_for_test() as instance:
        assert failed_for_good(instance, platform)["hourly"] is None, "it is missing, and to be asked for"
        for _ in range(3):
            ended(instance, "hourly", **range_tags("hourly", hour, hour + HOUR))
        told = failed_for_good(instance, platform)
        assert (told["hourly"] or "").startswith("given up after 3 runs: hourly: 1 partitions from")
        assert (told["daily"], told["collect"]) == ("", "")
        with monkeypatch.context() as a_day_later:
            a_day_later.setattr(activity, "MEMORY", timedelta(0))
            assert failed_for_good(instance, platform)["hourly"] is None
        STAGES["hourly"].begin(platform, "run", hour, hour + HOUR)
        platform.kpi.confirm_pending("run")
        assert failed_for_good(instance, platform)["hourly"] == ""


def test_history_that_is_not_read_yet_is_not_over(tmp_path: Path) -> None:
    platform = opened(tmp_path, datetime.now(UTC), mistwan_history_days=1, **TOKEN)
    with dg.instance_for_test() as instance:
        assert failed_for_good(instance, platform)[DEVICE_EVENTS.raw_name] is None
        now = platform.settings.now()
        platform.raw.add_coverage(DEVICE_EVENTS, now - timedelta(days=2), now)
        assert failed_for_good(instance, platform)[DEVICE_EVENTS.raw_name] == ""


def test_a_job_that_no_plan_asks_for_is_told_by_its_newest_runs(tmp_path: Path) -> None:
    platform = opened(tmp_path)
    with dg.instance_for_test() as instance:

        def told() -> str | None:
            return failed_for_good(instance, platform)["job/collect_sle"]

        assert told() == "", "nobody asked for one"
        ended(instance, "collect_sle", "SUCCESS")
        assert told() == ""
        ended(instance, "collect_sle")
        ended(instance, "collect_sle")
        ended(instance, "collect_sle", "CANCELED")
        assert told() is None, "two may be chance, and a person stopped the third"
        run_id = ended(instance, "collect_sle")
        ended(instance, "collect_sle", "STARTED")
        text = told() or ""
        assert text.startswith("the last 3 runs failed, the newest of 20")
        assert text.endswith(f" UTC (run {run_id})")
        ended(instance, "collect_sle", "SUCCESS")
        assert told() == ""


@pytest.mark.parametrize("job", ["maintenance", "daily_report_files", "monthly_report_files"])
def test_a_job_of_each_day_or_month_is_told_by_its_tries_for_a_month(
    tmp_path: Path, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = opened(tmp_path)
    monkeypatch.setattr(activity, "MEMORY", timedelta(0))
    with dg.instance_for_test() as instance:
        ended(instance, job)
        ended(instance, job)
        assert failed_for_good(instance, platform)[f"job/{job}"] is None, "it is tried again"
        run_id = ended(instance, job)
        text = failed_for_good(instance, platform)[f"job/{job}"] or ""
        assert text.startswith("the last 3 runs failed, ")
        assert run_id in text
        ended(instance, job, "SUCCESS")
        assert failed_for_good(instance, platform)[f"job/{job}"] == ""


def test_a_job_that_nobody_asks_for_any_more_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = opened(tmp_path)
    with dg.instance_for_test() as instance:
        ended(instance, "maintenance")
        monkeypatch.setitem(activity.TOLD_BY, "maintenance", activity.ToldBy(1, timedelta(0)))
        assert failed_for_good(instance, platform)["job/maintenance"] == ""


def test_every_job_is_told_of_by_some_alert() -> None:
    planned = {job for job, _ in COMPUTED_BY.values()}
    assert {job.name for job in JOBS} == planned | set(activity.TOLD_BY) | {"collect", "alerts"}
    assert not planned & set(activity.TOLD_BY)


def test_without_credentials_nothing_is_known_of_what_is_missing(tmp_path: Path) -> None:
    with dg.instance_for_test() as instance:
        found = failed_for_good(instance, opened(tmp_path))
        assert {words for name, words in found.items() if not name.startswith("job/")} == {None}


def test_a_first_collection_that_failed_three_times_is_told(tmp_path: Path) -> None:
    platform = opened(tmp_path, datetime.now(UTC), **TOKEN)
    with dg.instance_for_test() as instance:
        assert failed_for_good(instance, platform)["collect"] is None
        for _ in range(3):
            ended(instance, "collect")
        assert failed_for_good(instance, platform)["collect"] == "no circuits are known after 3 collections"
