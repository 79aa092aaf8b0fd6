"""Sensors: what is missing or outdated is asked for, promptly, in bounded ranges, and never twice at a time.

`backfill` asks for what never was there or failed, `late_data` for what was computed from less than is known now.
Both keep no state: they decide anew from the lake and the run records, so that kills and restarts leave nothing
behind. Does not belong here: the decision itself (`planning`).
"""

from collections.abc import Iterator

import dagster as dg

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import floor_hour, floor_slot
from mistwan_dagster.orchestration.activity import first_collection_attempts, recent_activity
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.jobs import HISTORY_SOURCES, JOBS, collect_job
from mistwan_dagster.orchestration.liveness import bury_dead_runs
from mistwan_dagster.orchestration.partitions import PARTITION_KEY_FORMAT, SLOT_TAG
from mistwan_dagster.orchestration.planning import ATTEMPTS, Plan, Request, plan
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.staleness import STAGES

STAGE_JOBS = [job for job in JOBS if job.name in STAGES]
ASKABLE = [collect_job, *(job for job in JOBS if job.name in HISTORY_SOURCES), *STAGE_JOBS]
Answer = Iterator[dg.RunRequest | dg.SkipReason]


@dg.sensor(
    name="backfill",
    jobs=ASKABLE,
    minimum_interval_seconds=20,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="History that the API still tells, then missing and failed partitions of the last days",
)
def backfill_sensor(context: dg.SensorEvaluationContext, platform: PlatformResource) -> Answer:
    """On an empty platform it starts with a slot. Fails loudly when it gave something up and can do nothing else."""
    parts = platform.open()
    for run_id in bury_dead_runs(context.instance, parts):
        context.log.warning(f"run {run_id} was killed: what it had is asked for again")
    if parts.kpi.read("dim_circuit") is None:
        yield from _first_collection(context, parts)
        return
    yield from _answer(context, plan(parts, recent_activity(context.instance), late=False))


@dg.sensor(
    name="late_data",
    jobs=STAGE_JOBS,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Partitions whose input changed after they were computed: late events and slots, imports, history",
)
def late_data_sensor(context: dg.SensorEvaluationContext, platform: PlatformResource) -> Answer:
    """Stage by stage: windows and periods are asked for once the hours that feed them are done."""
    yield from _answer(context, plan(platform.open(), recent_activity(context.instance), late=True))


def _first_collection(context: dg.SensorEvaluationContext, parts: Platform) -> Answer:
    """The slot of now, which tells sites and circuits; history is asked for by circuit."""
    under_way, ended = first_collection_attempts(context.instance)
    if ended >= ATTEMPTS:
        raise UserError(
            f"no circuits are known after {ended} collections: see why the last run of `collect` failed, "
            "or let `mistwan check` tell"
        )
    if under_way:
        yield dg.SkipReason("the first collection is under way")
    else:
        slot = floor_slot(parts.settings.now())
        yield dg.RunRequest(
            job_name=collect_job.name,
            partition_key=floor_hour(slot).strftime(PARTITION_KEY_FORMAT),
            tags={SLOT_TAG: slot.isoformat()},
        )


def _answer(context: dg.SensorEvaluationContext, found: Plan) -> Answer:
    if found.given_up:
        text = (
            f"given up after {ATTEMPTS} runs within a day: {'; '.join(found.given_up)}. See why the last of these runs "
            "failed, mend the cause, and launch the partitions in the UI or with `mistwan backfill` or "
            "`mistwan aggregate`; else they are tried again a day later"
        )
        if not found.requests:
            raise UserError(text)
        context.log.error(text)
    for request in found.requests:
        yield _run_request(request)
    if not found.requests:
        yield dg.SkipReason("; ".join(found.waits) or "nothing to ask for")


def _run_request(request: Request) -> dg.RunRequest:
    return dg.RunRequest(
        job_name=request.job,
        tags=range_tags(request.job, request.start, request.end),
        asset_selection=[
            raw_key(e) for e in HISTORY_SOURCES.get(request.job, ()) if e.name in request.endpoints
        ]
        or None,
    )


SENSORS = [backfill_sensor, late_data_sensor]
