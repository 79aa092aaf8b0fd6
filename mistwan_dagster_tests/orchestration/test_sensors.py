"""Sensors on a Dagster instance: what they ask for becomes runs, and runs keep them from asking again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, INSIGHT_BANDWIDTH, INSIGHT_QUALITY
from mistwan_dagster.catalog.sle_endpoints import SITES_SLE
from mistwan_dagster.definitions import defs
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.activity import recent_activity
from mistwan_dagster.orchestration.jobs import LANE_TAG
from mistwan_dagster.orchestration.partitions import FIRST_CIRCUITS_TAG, SLOT_TAG
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.sensors import backfill_sensor, late_data_sensor

NOW = datetime(2025, 3, 4, 10, 40, tzinfo=UTC)
FIRST, SETTLED = datetime(2025, 3, 3, 11, tzinfo=UTC), datetime(2025, 3, 4, 9, tzinfo=UTC)
Status = dg.DagsterRunStatus


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "MISTWAN_HOME": str(tmp_path),
        "MISTWAN_NOW": NOW.isoformat(),
        "MISTWAN_HISTORY_DAYS": "1",
        "MIST_API_TOKEN": "0123456789abcdef0123456789abcdef",
        "MIST_ORG_ID": "org",
    }.items():
        monkeypatch.setenv(name, value)
    return Platform.open()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as found:
        yield found


def circuits_known(platform: Platform) -> None:
    platform.kpi.write("dim_circuit", pl.DataFrame({"circuit_id": ["aa:p"]}))


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> tuple[list[dg.RunRequest], str | None]:
    with dg.build_sensor_context(
        instance=instance, resources={"platform": PlatformResource()}, definitions=defs
    ) as context:
        data = sensor.evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message


def run(instance: dg.DagsterInstance, request: dg.RunRequest, status: Status) -> dg.DagsterRun:
    job = defs.resolve_job_def(request.job_name or "")
    chosen = frozenset(request.asset_selection) if request.asset_selection else None
    tags = {**job.run_tags, **request.tags}
    return instance.create_run_for_job(
        job.get_subset(asset_selection=chosen) if chosen else job,
        tags=tags, status=status, asset_selection=chosen,
    )  # fmt: skip


def history_request() -> dg.RunRequest:
    return dg.RunRequest(job_name="history", tags=range_tags("history", FIRST, SETTLED))


def test_an_empty_platform_begins_with_the_slot_of_now_and_waits_for_it(
    platform: Platform, instance: dg.DagsterInstance
) -> None:
    requests, _ = tick(backfill_sensor, instance)
    assert [(r.job_name, r.tags[SLOT_TAG]) for r in requests] == [("collect", "2025-03-04T10:40:00+00:00")]
    assert requests[0].partition_key == "2025-03-04-10:00"
    run(instance, requests[0], Status.NOT_STARTED)
    assert tick(backfill_sensor, instance) == ([], "the first collection is under way")
    assert not platform.raw.coverage(DEVICE_EVENTS)


@pytest.mark.usefixtures("platform")
def test_an_empty_platform_whose_collections_fail_says_so(instance: dg.DagsterInstance) -> None:
    (request,), _ = tick(backfill_sensor, instance)
    for _ in range(3):
        run(instance, request, Status.FAILURE)
    with pytest.raises(UserError, match="no circuits are known after 3 collections"):
        tick(backfill_sensor, instance)


def test_a_span_is_asked_for_once_while_it_is_queued_or_running_and_again_when_it_failed(
    platform: Platform, instance: dg.DagsterInstance
) -> None:
    circuits_known(platform)
    requests, _ = tick(backfill_sensor, instance)
    assert {r.job_name for r in requests} == {"events", "history"}
    history = next(r for r in requests if r.job_name == "history")
    assert dict(history.tags).items() >= range_tags("history", FIRST, SETTLED).items()
    runs = [run(instance, request, Status.NOT_STARTED) for request in requests]
    assert tick(backfill_sensor, instance) == ([], "nothing to ask for")
    for each in runs:
        instance.report_run_failed(each)
    again, _ = tick(backfill_sensor, instance)
    assert [(r.job_name, r.tags) for r in again] == [(r.job_name, r.tags) for r in requests]


def test_what_fails_three_times_fails_the_tick_with_a_clear_message(
    platform: Platform, instance: dg.DagsterInstance
) -> None:
    circuits_known(platform)
    for _ in range(3):
        for request in tick(backfill_sensor, instance)[0]:
            run(instance, request, Status.FAILURE)
    given_up = "given up after 3 runs.*raw/insight_bandwidth: 22 partitions from 2025-03-03T11:00Z to 2025-03-04T08:00Z"
    with pytest.raises(UserError, match=given_up):
        tick(backfill_sensor, instance)
    assert tick(late_data_sensor, instance) == ([], "nothing to ask for")


def test_runs_of_the_ui_and_of_commands_count_like_those_of_the_sensor(
    platform: Platform, instance: dg.DagsterInstance
) -> None:
    circuits_known(platform)
    implicit = defs.resolve_implicit_global_asset_job_def()
    chosen = frozenset({dg.AssetKey(["raw", "insight_quality"])})
    tags = range_tags("history", FIRST, SETTLED)
    instance.create_run_for_job(
        implicit.get_subset(asset_selection=chosen), tags=tags, status=Status.STARTED, asset_selection=chosen
    )
    activity = recent_activity(instance)
    assert activity.under_way == {INSIGHT_QUALITY.raw_name: [(FIRST, SETTLED)]}
    requests, _ = tick(backfill_sensor, instance)
    history = next(r for r in requests if r.job_name == "history")
    assert history.asset_selection == [dg.AssetKey(["raw", e.name]) for e in (INSIGHT_BANDWIDTH, SITES_SLE)]


def test_a_successful_run_is_held_against_history_that_it_did_not_bring_but_not_against_a_stage(
    instance: dg.DagsterInstance,
) -> None:
    run(instance, history_request(), Status.SUCCESS)
    hourly = dg.RunRequest(job_name="hourly", tags=range_tags("hourly", FIRST, FIRST + HOUR))
    run(instance, hourly, Status.SUCCESS)
    monday = datetime(2025, 3, 3, tzinfo=UTC)
    weekly = dg.RunRequest(job_name="weekly", tags=range_tags("weekly", monday, monday + timedelta(days=14)))
    run(instance, weekly, Status.CANCELED)
    assert recent_activity(instance).fruitless == {
        **{e.raw_name: [(FIRST, SETTLED)] for e in (INSIGHT_BANDWIDTH, INSIGHT_QUALITY, SITES_SLE)},
        "weekly": [(monday, monday + timedelta(days=14))],
    }


def test_a_run_that_was_to_bring_the_first_circuits_only_is_no_failed_attempt(
    instance: dg.DagsterInstance,
) -> None:
    asked = dg.RunRequest(job_name="history", tags={**history_request().tags, FIRST_CIRCUITS_TAG: "5"})
    run(instance, asked, Status.SUCCESS)
    assert recent_activity(instance).fruitless == {}
    run(instance, asked, Status.FAILURE)
    assert set(recent_activity(instance).fruitless) >= {INSIGHT_BANDWIDTH.raw_name}


def test_a_failed_run_is_not_held_against_what_a_later_run_brought(instance: dg.DagsterInstance) -> None:
    """Else a day under way, computed anew each hour, was given up at the third hour in which its run was killed."""
    day, of_a_day = datetime(2025, 3, 4, tzinfo=UTC), timedelta(days=1)

    def ended(begin: datetime, days: int, status: Status) -> None:
        tags = range_tags("daily", begin, begin + days * of_a_day)
        run(instance, dg.RunRequest(job_name="daily", tags=tags), status)

    ended(day - of_a_day, 3, Status.FAILURE)
    ended(day, 1, Status.FAILURE)
    ended(day, 1, Status.SUCCESS)
    ended(day, 1, Status.CANCELED)
    assert recent_activity(instance).fruitless == {
        "daily": [(day, day + of_a_day), (day - of_a_day, day), (day + of_a_day, day + 2 * of_a_day)]
    }


def test_runs_that_read_alarms_are_not_taken_for_runs_that_compute_their_tables(
    instance: dg.DagsterInstance,
) -> None:
    day = datetime(2025, 3, 4, tzinfo=UTC)
    tables = dg.RunRequest(job_name="alarms", tags=range_tags("alarms", day, day + timedelta(days=1)))
    run(instance, tables, Status.STARTED)
    assert recent_activity(instance).under_way == {"alarms": [(day, day + timedelta(days=1))]}
    read = dg.RunRequest(
        job_name="events",
        tags=range_tags("events", FIRST, SETTLED),
        asset_selection=[dg.AssetKey(["raw", ALARMS.name])],
    )
    run(instance, read, Status.STARTED)
    assert recent_activity(instance).under_way == {
        "alarms": [(day, day + timedelta(days=1))],
        ALARMS.raw_name: [(FIRST, SETTLED)],
    }


def test_lanes_and_limits_of_each_job() -> None:
    lanes = {
        name: defs.resolve_job_def(name).run_tags[LANE_TAG]
        for name in (
            "collect",
            "events",
            "history",
            "hourly",
            "windows",
            "daily",
            "weekly",
            "monthly",
            "load",
        )
    }
    assert lanes == {
        "collect": "live",
        **dict.fromkeys(["events", "history"], "history"),
        **dict.fromkeys(["hourly", "windows", "daily", "weekly", "monthly", "load"], "compute"),
    }
    tags = defs.resolve_job_def("collect").run_tags
    assert (tags["dagster/max_runtime"], tags["dagster/max_retries"]) == ("900", "0")
