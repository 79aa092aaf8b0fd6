"""When jobs run. Collection every five minutes; each stage of the aggregation once an hour, after the grace.

The week and the month that go on are renewed once a day, by the first tick after midnight (ADR 10).
"""

from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.tags import PARTITION_NAME_TAG

from mistwan_dagster.kpi.calendar import Period, period_start
from mistwan_dagster.lake.raw import HOUR, floor_hour, floor_slot
from mistwan_dagster.orchestration.activity import ASKED, recent_activity
from mistwan_dagster.orchestration.due import slot_assets
from mistwan_dagster.orchestration.jobs import (
    JOBS,
    alerts_job,
    collect_job,
    collect_sle_job,
    daily_report_job,
    maintenance_job,
    monthly_report_job,
    site_details_job,
)
from mistwan_dagster.orchestration.partitions import PARTITION_KEY_FORMAT, SLOT_TAG
from mistwan_dagster.orchestration.planning import ATTEMPTS
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.sle_hours import missing_sle_hours
from mistwan_dagster.orchestration.stage import ranges
from mistwan_dagster.orchestration.staleness import STAGES

MAX_RUNS_PER_TICK = 4
DAY_TAG = "mistwan/day"
"""Of a run of maintenance: the day that it is for."""

STAGE_MINUTE = {
    "hourly": 17,
    "alarms": 19,
    "sle": 20,
    "windows": 22,
    "daily": 27,
    "weekly": 32,
    "monthly": 37,
    "rolling": 44,
    "chronic": 44,
    "latest": 49,
}
"""Minute of the hour: 17 is after the slot at :15, the last one that bounds the hour before."""


@dg.schedule(
    name="collect_every_slot",
    job=collect_job,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="One snapshot slot and the new events",
)
def collect_schedule(
    context: dg.ScheduleEvaluationContext, platform: PlatformResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """The slot is the tick's; a tick that comes late (daemon was down) is skipped, as the cloud tells only now."""
    slot = floor_slot(context.scheduled_execution_time)
    parts = platform.open()
    if floor_slot(parts.settings.now()) != slot:
        yield dg.SkipReason(f"slot {slot:%Y-%m-%dT%H:%M}Z is over: Mist tells only the present state")
        return
    yield dg.RunRequest(
        run_key=slot.isoformat(),
        partition_key=floor_hour(slot).strftime(PARTITION_KEY_FORMAT),
        tags={SLOT_TAG: slot.isoformat()},
        asset_selection=slot_assets(parts, slot),
    )


@dg.schedule(
    name="collect_sle_every_hour",
    job=collect_sle_job,
    cron_schedule="9 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="SLE of all sites in the hours of the last day that are not read yet, then the deep-dive",
)
def collect_sle_schedule(platform: PlatformResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """The hour that has just ended, and what a stopped daemon or a spent budget left out before it."""
    missing = missing_sle_hours(platform.open())
    if not missing:
        yield dg.SkipReason("every hour of the last day is read")
        return
    yield dg.RunRequest(tags=range_tags("collect_sle", missing[0], missing[-1] + HOUR))


def stage_schedule(name: str) -> dg.ScheduleDefinition:
    """Computes what is stale in one stage, in bounded ranges."""
    job = next(j for j in JOBS if j.name == name)
    stage = STAGES[name]

    @dg.schedule(
        name=f"{name}_when_stale",
        job=job,
        cron_schedule=f"{STAGE_MINUTE[name]} {0 if stage.so_far_once_a_day else '*'} * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Stale partitions of the stage {name}: new, late or corrected input",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, platform: PlatformResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        # Several requests of a tick need keys of their own, or Dagster refuses them all.
        activity = recent_activity(context.instance)
        stale = [s for s in stage.stale(platform.open()) if not activity.works_on(name, s)]
        if not stale:
            yield dg.SkipReason("nothing is stale that no run is working on")
        some = stale[: stage.most_a_run * MAX_RUNS_PER_TICK]
        for start, end in ranges(some, stage.end, stage.most_a_run)[:MAX_RUNS_PER_TICK]:
            tags = range_tags(name, start, end)
            yield dg.RunRequest(
                run_key=f"{context.scheduled_execution_time.isoformat()} {start.isoformat()}", tags=tags
            )

    return schedule


@dg.schedule(
    name="alerts_every_slot",
    job=alerts_job,
    cron_schedule="3-58/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="What is wrong now, three minutes after each slot, and whom it is told",
)
def alerts_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A look tells only now: one that waits for its turn stands for those after it."""
    waiting = dg.RunsFilter(job_name=alerts_job.name, statuses=ASKED)
    if context.instance.get_runs_count(waiting):
        return dg.SkipReason("the look before is not over")
    return dg.RunRequest()


def unless_done(
    context: dg.ScheduleEvaluationContext, job: UnresolvedAssetJobDefinition, tags: dict[str, str]
) -> dg.RunRequest | dg.SkipReason:
    """A run with these tags (that of a partition makes it one of it), unless one has succeeded, is under way, or
    `ATTEMPTS` have not.

    So what is due once a day or month is made up for in a later hour when the daemon was down, or its run was killed.
    """
    runs = context.instance.get_runs(dg.RunsFilter(job_name=job.name, tags=tags))
    if any(run.is_success or run.status in ASKED for run in runs):
        return dg.SkipReason("done, or under way")
    if len(runs) >= ATTEMPTS:
        return dg.SkipReason(f"given up after {len(runs)} runs")
    run_key, partition = context.scheduled_execution_time.isoformat(), tags.get(PARTITION_NAME_TAG)
    return dg.RunRequest(run_key=run_key, partition_key=partition, tags=None if partition else tags)


@dg.schedule(
    name="maintain_daily",
    job=maintenance_job,
    cron_schedule="42 3-23 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Schema drift, retention, compaction: once a day, in the first hour from 03:42 on that brings it",
)
def maintenance_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A day that nobody maintained is told as failed, and the next one does its work too."""
    return unless_done(context, maintenance_job, {DAY_TAG: f"{context.scheduled_execution_time:%Y-%m-%d}"})


@dg.schedule(
    name="site_details_hourly",
    job=site_details_job,
    cron_schedule="42 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Sites in trouble in detail, with the calls that live collection leaves over",
)
def site_details_schedule(platform: PlatformResource) -> dg.RunRequest:
    """The cloud tells only now, so a late tick still reads the present hour."""
    hour = floor_hour(platform.open().settings.now())
    return dg.RunRequest(run_key=hour.isoformat(), partition_key=hour.strftime(PARTITION_KEY_FORMAT))


def report_schedule(
    name: str, job: UnresolvedAssetJobDefinition, period: Period, cron: str, description: str
) -> dg.ScheduleDefinition:
    """The report of the day or month before the tick's, until it is there; nothing while nothing is published."""

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, platform: PlatformResource
    ) -> dg.RunRequest | dg.SkipReason:
        if platform.open().published.version() is None:
            return dg.SkipReason("nothing is published yet")
        last = period_start(period_start(context.scheduled_execution_time, period) - HOUR, period)
        return unless_done(context, job, {PARTITION_NAME_TAG: f"{last:%Y-%m-%d}"})

    return schedule


REPORT_SCHEDULES = [
    report_schedule(
        "daily_report_each_morning", daily_report_job, "day", "12 5-23 * * *", "The operations report of yesterday"
    ),
    report_schedule(
        "monthly_report_on_the_second", monthly_report_job, "month", "32 5-23 2-4 * *",
        "The executive report of the last month, and SLA evidence for each provider",
    ),
]  # fmt: skip
"""After the figures of the day and month that are over, and after the hours that collection still mends."""

SCHEDULES = [
    collect_schedule,
    collect_sle_schedule,
    site_details_schedule,
    alerts_schedule,
    *(stage_schedule(name) for name in STAGE_MINUTE),
    maintenance_schedule,
    *REPORT_SCHEDULES,
]
