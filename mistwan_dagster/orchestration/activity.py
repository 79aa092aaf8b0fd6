"""What runs are doing and did lately, from Dagster's run records: of commands, schedules, sensors and the UI alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from mistwan_dagster.lake.raw import Span
from mistwan_dagster.orchestration.jobs import (
    COMPUTED_BY,
    HISTORY_ENDPOINTS,
    collect_job,
    collect_sle_job,
    daily_report_job,
    load_job,
    maintenance_job,
    monthly_report_job,
    site_details_job,
)
from mistwan_dagster.orchestration.liveness import UNDER_WAY
from mistwan_dagster.orchestration.partitions import FIRST_CIRCUITS_TAG
from mistwan_dagster.orchestration.planning import ATTEMPTS, Activity, lacks, plan
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranges import span_of_tags
from mistwan_dagster.orchestration.staleness import STAGES

MEMORY = timedelta(hours=24)
"""How long a run that gave nothing is held against its partitions."""
ASKED = [dg.DagsterRunStatus.QUEUED, *UNDER_WAY, dg.DagsterRunStatus.CANCELING]
FAILED = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dataclass(frozen=True)
class ToldBy:
    """So many of a job's newest runs, none older than `within`, tell that it fails."""

    runs: int
    within: timedelta


SELDOM = ToldBy(ATTEMPTS, timedelta(days=32))
"""A job of each day or month is tried so often, and then not again for a day or month."""
OFTEN = ToldBy(ATTEMPTS, MEMORY)
TOLD_BY = {job.name: SELDOM for job in (maintenance_job, daily_report_job, monthly_report_job)} | {
    job.name: OFTEN for job in (collect_sle_job, site_details_job, load_job)
}
"""Jobs that no plan asks for, but `collect`, whose slots are late then, and `alerts`, which cannot tell of itself."""


def names_of(run: dg.DagsterRun) -> Iterable[str]:
    """Stages and endpoints whose partitions a run works on."""
    for name, (job, assets) in COMPUTED_BY.items():
        chosen = run.asset_selection
        if (run.job_name == job and not chosen) or (chosen and assets & chosen):
            yield name


def recent_activity(instance: dg.DagsterInstance) -> Activity:
    """Spans that runs have under way, and spans of runs of the last day that gave nothing.

    For a stage these are the failed ones, but for what a run that ended later brought: a period under way is computed
    again and again. A run of some assets of a stage brings nothing of it. For an endpoint they are all that ended: what
    was read whole is recorded, so it is not asked for again, and a span that is still missing was not brought.
    """
    under_way: dict[str, list[Span]] = defaultdict(list)
    for name, span, _ in _parts(instance.get_runs(dg.RunsFilter(statuses=ASKED))):
        under_way[name].append(span)
    ended = dg.RunsFilter(statuses=[*FAILED, dg.DagsterRunStatus.SUCCESS], created_after=_memory())
    records = instance.get_run_records(ended)
    newest_first = sorted(records, key=lambda r: r.end_time or r.create_timestamp.timestamp(), reverse=True)
    fruitless: dict[str, list[Span]] = defaultdict(list)
    brought: dict[str, list[Span]] = defaultdict(list)
    for name, span, run in _parts(record.dagster_run for record in newest_first):
        if FIRST_CIRCUITS_TAG in run.tags and run.status not in FAILED:
            continue  # it was not to bring all
        if name not in STAGES or run.status in FAILED:
            fruitless[name] += without(span, brought[name])
        elif not run.asset_selection or run.asset_selection >= COMPUTED_BY[name][1]:
            brought[name].append(span)
    return Activity(dict(under_way), dict(fruitless))


def without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of a span, ascending."""
    left = [span]
    for begin, end in others:
        left = [(a, b) for x, y in left for a, b in ((x, min(y, begin)), (max(x, end), y)) if a < b]
    return left


def first_collection_attempts(instance: dg.DagsterInstance) -> tuple[int, int]:
    """(collections under way, collections that ended in the last day), to judge an empty platform by."""
    ended = dg.RunsFilter(
        job_name=collect_job.name, statuses=[*FAILED, dg.DagsterRunStatus.SUCCESS], created_after=_memory()
    )
    asked = dg.RunsFilter(job_name=collect_job.name, statuses=ASKED)
    return instance.get_runs_count(asked), instance.get_runs_count(ended)


def failed_for_good(instance: dg.DagsterInstance, platform: Platform) -> dict[str, str | None]:
    """What runs do not bring any more, in words: of each stage and `raw/<endpoint>`, `collect` and each `job/<name>`.

    Empty: nothing, and nothing of it is missing that is due. None: not known, as with what was given up and is tried
    again (`MEMORY`). Without credentials nothing is asked for, so of stages and endpoints nothing is known.
    """
    endpoints = [endpoint.raw_name for endpoint in HISTORY_ENDPOINTS]
    found: dict[str, str | None] = dict.fromkeys([collect_job.name, *STAGES, *endpoints])
    found |= {f"job/{name}": _failed_job(instance, name, told_by) for name, told_by in TOLD_BY.items()}
    if not (platform.settings.mist_api_token and platform.settings.mist_org_id):
        return found
    activity = recent_activity(instance)
    lacking = lacks(platform)
    plans = [plan(platform, activity, late=late, lacking=lacking) for late in (False, True)]
    given_up: dict[str, list[str]] = defaultdict(list)
    for text in (text for made in plans for text in made.given_up):
        given_up[text.partition(": ")[0]].append(f"given up after {ATTEMPTS} runs: {text}")
    for name in (*STAGES, *endpoints):
        is_due = any(name in made.due for made in plans)
        found[name] = "; ".join(given_up[name]) or (None if is_due else "")
    if platform.kpi.read("dim_circuit") is not None:
        found[collect_job.name] = ""
    elif (ended := first_collection_attempts(instance)[1]) >= ATTEMPTS:
        found[collect_job.name] = f"no circuits are known after {ended} collections"
    return found


def _failed_job(instance: dg.DagsterInstance, name: str, told_by: ToldBy) -> str | None:
    """Words when its newest runs failed, empty when the newest succeeded or nobody asks for any; None when too few
    ended to tell. What a person stopped tells nothing."""
    ended = dg.RunsFilter(
        job_name=name,
        statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS],
        created_after=datetime.now(UTC) - told_by.within,
    )
    newest_first = instance.get_run_records(ended, limit=told_by.runs)
    if not newest_first or newest_first[0].dagster_run.is_success:
        return ""
    failed = [record for record in newest_first if not record.dagster_run.is_success]
    if len(failed) < told_by.runs:
        return None
    began, run_id = newest_first[0].create_timestamp, newest_first[0].dagster_run.run_id
    return f"the last {told_by.runs} runs failed, the newest of {began:%Y-%m-%d %H:%M} UTC (run {run_id})"


def _memory() -> datetime:
    return datetime.now(UTC) - MEMORY


def _parts(runs: Iterable[dg.DagsterRun]) -> Iterator[tuple[str, Span, dg.DagsterRun]]:
    """Of each run, and each stage or endpoint that it works on, the span of partitions."""
    for run in runs:
        for name in names_of(run):
            span = span_of_tags(STAGES[name].end if name in STAGES else STAGES["hourly"].end, run.tags)
            if span is not None:
                yield name, span, run
