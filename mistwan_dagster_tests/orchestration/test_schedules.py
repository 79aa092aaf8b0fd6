"""Ticks and calendars: what is skipped, what is caught up, and where days, weeks and months begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoints import PORT_STATS
from mistwan_dagster.definitions import defs
from mistwan_dagster.kpi.calendar import Period, period_end, period_start
from mistwan_dagster.lake.files import write_parquet
from mistwan_dagster.lake.raw import HOUR, SLOT, SlotReport, hours_between
from mistwan_dagster.lake.slots import SLOT_COLUMN
from mistwan_dagster.orchestration.assets.rollups import PERIOD_PARTITIONS
from mistwan_dagster.orchestration.check import _collection
from mistwan_dagster.orchestration.jobs import PERIOD_JOBS
from mistwan_dagster.orchestration.partitions import DAYS, HOURS, SLOT_TAG, SNAPSHOT_HOURS, WEEKS
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.ranges import range_tags, span_of_tags
from mistwan_dagster.orchestration.schedules import (
    REPORT_SCHEDULES,
    alerts_schedule,
    collect_schedule,
    maintenance_schedule,
    stage_schedule,
)
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster_tests.orchestration.test_alert_platform import ended

NOW = datetime(2025, 3, 30, 4, 17, tzinfo=UTC)
"""The night in which Europe skips an hour of local time."""


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path))
    monkeypatch.setenv("MISTWAN_NOW", NOW.isoformat())
    return Platform.open()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as found:
        yield found


def tick(
    schedule: dg.ScheduleDefinition, instance: dg.DagsterInstance, at: datetime
) -> tuple[list[dg.RunRequest], str | None]:
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=at,
        resources={"platform": PlatformResource()},
        repository_def=defs.get_repository_def(),
    ) as context:
        data = schedule.evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message


def observe(platform: Platform, hours: list[datetime]) -> None:
    empty = pl.DataFrame(schema={**PORT_STATS.schema, **SLOT_COLUMN})
    for hour in hours:
        for number in range(12):
            slot = hour + number * SLOT
            write_parquet(empty, platform.raw.slot_path(PORT_STATS, slot))
            report = SlotReport(PORT_STATS.name, slot, True, 0, 1, 0, 0)
            platform.raw._write_report(platform.raw.slot_path(PORT_STATS, slot), report, 0)


@pytest.mark.usefixtures("platform")
def test_a_slot_that_is_over_is_skipped_and_the_current_one_is_asked_for(
    instance: dg.DagsterInstance,
) -> None:
    requests, _ = tick(collect_schedule, instance, NOW.replace(minute=15))
    assert [r.tags[SLOT_TAG] for r in requests] == ["2025-03-30T04:15:00+00:00"]
    assert requests[0].partition_key == "2025-03-30-04:00"
    for late in (NOW.replace(minute=10), NOW - timedelta(hours=6)):
        requests, reason = tick(collect_schedule, instance, late)
        assert requests == []
        assert reason is not None
        assert "is over: Mist tells only the present state" in reason


def test_after_six_hours_down_one_tick_asks_for_all_that_was_collected_before_and_names_the_rest(
    platform: Platform, instance: dg.DagsterInstance
) -> None:
    down_from = NOW.replace(hour=0, minute=0) - 2 * HOUR
    observe(platform, list(hours_between(down_from - 3 * HOUR, down_from)))
    requests, _ = tick(stage_schedule("hourly"), instance, NOW)
    assert [span_of_tags(STAGES["hourly"].end, r.tags) for r in requests] == [
        (down_from - 3 * HOUR, down_from)
    ]
    with pytest.raises(Exception, match=r"port_stats misses 29T22:00 to 30T04:10"):
        _collection(platform)
    instance.create_run_for_job(
        dg.job(name="hourly")(lambda: None), tags=requests[0].tags, status=dg.DagsterRunStatus.STARTED
    )
    assert tick(stage_schedule("hourly"), instance, NOW) == ([], "nothing is stale that no run is working on")


def test_hours_apart_from_one_another_are_asked_for_in_runs_of_their_own(
    platform: Platform, instance: dg.DagsterInstance
) -> None:
    first, second = NOW.replace(hour=0, minute=0) - 5 * HOUR, NOW.replace(hour=0, minute=0) - 2 * HOUR
    observe(platform, [first, second])
    requests, _ = tick(stage_schedule("hourly"), instance, NOW)
    spans = [span_of_tags(STAGES["hourly"].end, r.tags) for r in requests]
    assert spans == [(first, first + HOUR), (second, second + HOUR)]
    again, _ = tick(stage_schedule("hourly"), instance, NOW + HOUR)
    assert len({r.run_key for r in [*requests, *again]}) == 4


@pytest.mark.parametrize(
    ("stage", "cron"), [("daily", "27 * * * *"), ("weekly", "32 0 * * *"), ("monthly", "37 0 * * *")]
)
def test_weeks_and_months_so_far_are_renewed_once_a_day_when_the_last_day_is_whole(
    stage: str, cron: str
) -> None:
    assert stage_schedule(stage).cron_schedule == cron


def test_hours_are_sixty_minutes_of_utc_in_nights_of_changing_clocks() -> None:
    for day in ("2025-03-30", "2025-10-26", "2025-03-09", "2025-11-02"):
        begin = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        keys = [HOURS.get_partition_key_for_timestamp((begin + n * HOUR).timestamp()) for n in range(24)]
        assert len(set(keys)) == 24
        for key in keys:
            window = HOURS.time_window_for_partition_key(key)
            assert window.end - window.start == HOUR
        day_window = DAYS.time_window_for_partition_key(day)
        assert (day_window.start, day_window.end) == (begin, begin + timedelta(days=1))


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(2023, 1, 2), datetime(2026, 11, 1), timezones=st.just(UTC)),
    st.sampled_from(["day", "week", "month"]),
)
def test_partitions_begin_and_end_where_the_calendar_says(instant: datetime, period: Period) -> None:
    partitions = PERIOD_PARTITIONS[period]
    key = partitions.get_partition_key_for_timestamp(instant.timestamp())
    window = partitions.time_window_for_partition_key(key)
    assert (window.start, window.end) == (period_start(instant, period), period_end(instant, period))
    job = next(name for name, p in PERIOD_JOBS.items() if p == period)
    span = (period_start(instant, period), period_end(instant, period))
    assert span_of_tags(STAGES[job].end, range_tags(job, *span)) == span


@pytest.mark.parametrize(
    ("instant", "week", "end"),
    [
        ("2024-12-31T23:00", "2024-12-30", "2025-01-06"),
        ("2026-12-31T23:00", "2026-12-28", "2027-01-04"),
        ("2027-01-03T23:00", "2026-12-28", "2027-01-04"),
        ("2023-01-01T23:00", "2022-12-26", "2023-01-02"),
    ],
    ids=["week 1 begins in December", "week 53", "week 53 ends in January", "week 52 of the year before"],
)
def test_iso_weeks_cross_the_year(instant: str, week: str, end: str) -> None:
    moment = datetime.fromisoformat(f"{instant}:00+00:00")
    assert f"{period_start(moment, 'week'):%Y-%m-%d}" == week
    assert f"{period_end(moment, 'week'):%Y-%m-%d}" == end


def test_the_leap_day_is_a_day_of_its_month_and_week() -> None:
    leap = datetime(2024, 2, 29, 23, tzinfo=UTC)
    assert DAYS.get_partition_key_for_timestamp(leap.timestamp()) == "2024-02-29"
    assert period_end(leap, "day") == period_end(leap, "month") == datetime(2024, 3, 1, tzinfo=UTC)
    assert WEEKS.get_partition_key_for_timestamp(leap.timestamp()) == "2024-02-26"
    first, after = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    assert len(list(hours_between(first, after))) == 29 * 24


def test_the_hour_that_goes_on_can_be_collected_and_not_yet_computed() -> None:
    current = datetime(2025, 3, 30, 4, 17, tzinfo=UTC)
    with dg.partition_loading_context(effective_dt=current):
        assert SNAPSHOT_HOURS.get_last_partition_key() == "2025-03-30-04:00"
        assert HOURS.get_last_partition_key() == "2025-03-30-03:00"


@pytest.mark.usefixtures("platform")
def test_a_look_is_asked_for_unless_the_one_before_is_not_over(instance: dg.DagsterInstance) -> None:
    assert len(tick(alerts_schedule, instance, NOW)[0]) == 1
    waiting = instance.create_run_for_job(
        defs.resolve_job_def("alerts"), status=dg.DagsterRunStatus.NOT_STARTED
    )
    assert tick(alerts_schedule, instance, NOW) == ([], "the look before is not over")
    instance.report_run_failed(waiting)
    assert len(tick(alerts_schedule, instance, NOW)[0]) == 1


FIRST = datetime(2025, 3, 30, 3, 42, tzinfo=UTC)
A_DAY_OF_MAINTENANCE = {"mistwan/day": "2025-03-30"}


@pytest.mark.usefixtures("platform")
def test_maintenance_is_asked_for_each_hour_until_one_of_the_day_succeeds(
    instance: dg.DagsterInstance,
) -> None:
    asked = [tick(maintenance_schedule, instance, FIRST + n * HOUR)[0] for n in range(2)]
    assert [[r.tags.get("mistwan/day") for r in requests] for requests in asked] == [["2025-03-30"]] * 2
    assert asked[0][0].run_key != asked[1][0].run_key, "else Dagster starts no second one"
    ended(instance, "maintenance", "FAILURE", **A_DAY_OF_MAINTENANCE)
    assert len(tick(maintenance_schedule, instance, FIRST + HOUR)[0]) == 1
    ended(instance, "maintenance", "STARTED", **A_DAY_OF_MAINTENANCE)
    assert tick(maintenance_schedule, instance, FIRST + 2 * HOUR) == ([], "done, or under way")
    ended(instance, "maintenance", "SUCCESS", **A_DAY_OF_MAINTENANCE)
    assert tick(maintenance_schedule, instance, FIRST + 3 * HOUR) == ([], "done, or under way")
    (next_day,) = tick(maintenance_schedule, instance, FIRST + 24 * HOUR)[0]
    assert next_day.tags["mistwan/day"] == "2025-03-31"


@pytest.mark.usefixtures("platform")
def test_after_three_runs_the_day_is_given_up(instance: dg.DagsterInstance) -> None:
    for _ in range(3):
        ended(instance, "maintenance", "FAILURE", **A_DAY_OF_MAINTENANCE)
    assert tick(maintenance_schedule, instance, FIRST + 3 * HOUR) == ([], "given up after 3 runs")
    assert len(tick(maintenance_schedule, instance, FIRST + 24 * HOUR)[0]) == 1


@pytest.mark.parametrize(("number", "at", "key"), [
    (0, datetime(2025, 3, 30, 5, 12, tzinfo=UTC), "2025-03-29"),
    (1, datetime(2025, 3, 2, 5, 32, tzinfo=UTC), "2025-02-01"),
])  # fmt: skip
def test_a_report_is_asked_for_until_it_is_there(
    platform: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch,
    number: int, at: datetime, key: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(type(platform.published), "version", lambda _: 1)
    schedule = REPORT_SCHEDULES[number]
    assert isinstance(schedule.job_name, str)
    of_it = {"dagster/partition": key}
    ended(instance, schedule.job_name, "FAILURE", **of_it)
    for later in (0, 1):
        (request,) = tick(schedule, instance, at + later * HOUR)[0]
        assert request.partition_key == key
    ended(instance, schedule.job_name, "SUCCESS", **of_it)
    assert tick(schedule, instance, at + 2 * HOUR) == ([], "done, or under way")


def test_what_is_due_once_has_ticks_to_make_up_for_it() -> None:
    """The hours of a day in which the daemon may come back, or a killed run be asked for again."""
    crons = [maintenance_schedule.cron_schedule, *(s.cron_schedule for s in REPORT_SCHEDULES)]
    assert crons == ["42 3-23 * * *", "12 5-23 * * *", "32 5-23 2-4 * *"]
