"""When jobs run. Collection every five minutes; each stage of the aggregation once an hour, after the grace."""

from collections.abc import Iterator

import dagster as dg

from mistwan_dagster.lake.raw import floor_hour, floor_slot
from mistwan_dagster.orchestration.jobs import JOBS, collect_job
from mistwan_dagster.orchestration.partitions import PARTITION_KEY_FORMAT, SLOT_TAG
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.staleness import STAGES, ranges

MAX_PARTITIONS_PER_RUN = {"hourly": 24, "windows": 48}
MAX_RUNS_PER_TICK = 4

STAGE_MINUTE = {
    "hourly": 17, "windows": 22, "daily": 27, "weekly": 32, "monthly": 37, "rolling": 42, "chronic": 42, "latest": 47,
}  # fmt: skip
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
    now = platform.open().settings.now()
    if floor_slot(now) != slot:
        yield dg.SkipReason(f"slot {slot:%Y-%m-%dT%H:%M}Z is over: Mist tells only the present state")
        return
    yield dg.RunRequest(
        run_key=slot.isoformat(),
        partition_key=floor_hour(slot).strftime(PARTITION_KEY_FORMAT),
        tags={SLOT_TAG: slot.isoformat()},
    )


def stage_schedule(name: str) -> dg.ScheduleDefinition:
    """Computes what is stale in one stage, in bounded ranges."""
    job = next(j for j in JOBS if j.name == name)
    stage = STAGES[name]

    @dg.schedule(
        name=f"{name}_when_stale",
        job=job,
        cron_schedule=f"{STAGE_MINUTE[name]} * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Stale partitions of the stage {name}: new, late or corrected input",
    )
    def schedule(platform: PlatformResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
        stale = stage.stale(platform.open())
        if not stale:
            yield dg.SkipReason("nothing is stale")
        size = MAX_PARTITIONS_PER_RUN.get(name, 8)
        for start, end in ranges(stale[: size * MAX_RUNS_PER_TICK], stage.end, size)[:MAX_RUNS_PER_TICK]:
            yield dg.RunRequest(tags=range_tags(name, start, end))

    return schedule


SCHEDULES = [collect_schedule, *(stage_schedule(name) for name in STAGE_MINUTE)]
