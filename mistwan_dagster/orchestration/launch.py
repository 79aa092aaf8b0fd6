"""Launches the jobs of the graph from the command line, in this process and on the same Dagster instance.

Runs and partitions of commands therefore show in the UI beside those of the schedules. Also tidies up after
commands that were killed: their runs are marked failed and their place in the warehouse pool is given back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import disk_error, write_text
from mistwan_dagster.lake.raw import floor_hour, floor_slot
from mistwan_dagster.orchestration.partitions import PARTITION_KEY_FORMAT, SLOT_TAG
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.staleness import STAGES, ranges

PID_TAG = "mistwan/pid"
INSTANCE_YAML = """\
# Written by mistwan; edit freely, it is written only when absent.
telemetry:
  enabled: false
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 1
concurrency:
  pools:
    default_limit: 1
    granularity: op
"""
MAX_PARTITIONS_PER_RUN = 336
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""stderr is for the command's own words; the events of a run are in the instance and in the UI."""


def prepare_dagster_home(platform: Platform) -> Path:
    """Create the instance's home and its configuration."""
    home = platform.settings.dagster_home
    config = home / "dagster.yaml"
    if not config.exists():
        write_text(INSTANCE_YAML, config)
    return home


@contextmanager
def instance(platform: Platform) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of `MISTWAN_HOME`, with the runs of killed commands marked failed."""
    home = prepare_dagster_home(platform)
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with dg.DagsterInstance.from_config(str(home)) as opened:
            _bury_killed_commands(opened, platform)
            yield opened
    except OSError as error:
        raise disk_error(home, error) from error


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()


def _bury_killed_commands(opened: dg.DagsterInstance, platform: Platform) -> None:
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for run in opened.get_runs(unfinished):
        pid = run.tags.get(PID_TAG)
        if pid is not None and not _alive(pid):
            opened.report_run_failed(run, message="the command that ran it was killed")
            opened.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            platform.kpi.forget_pending(run.run_id)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the errors of its failed steps, empty when it succeeded."""

    run_id: str
    errors: tuple[str, ...]


def run_job(
    opened: dg.DagsterInstance, name: str, tags: dict[str, str], partition: str | None = None
) -> Outcome:
    """Execute one job in this process. Errors of steps are returned, not raised."""
    from mistwan_dagster.orchestration.build import defs

    result = defs.resolve_job_def(name).execute_in_process(
        run_config=QUIET,
        instance=opened,
        partition_key=partition,
        tags={**tags, PID_TAG: str(os.getpid())},
        raise_on_error=False,
    )
    errors = [_reason(e) for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    if not result.success and not errors:
        errors = [e.message or "the run failed" for e in result.all_events if e.is_failure][:1] or [
            "the run failed"
        ]
    return Outcome(result.run_id, tuple(errors))


def _reason(event: dg.DagsterEvent) -> str:
    """The step's own words: the innermost cause of its failure, without a traceback."""
    data = event.step_failure_data
    error = data.error
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return f"{event.step_key} failed"
    name, _, text = error.message.strip().partition(": ")
    return (
        text
        if name.endswith("UserError") or (name.endswith("Error") and "mistwan_dagster" in name)
        else error.message.strip()
    )


def collect_now(opened: dg.DagsterInstance, platform: Platform) -> Outcome:
    """One snapshot slot now, plus new events."""
    now = platform.settings.now()
    return run_job(
        opened,
        "collect",
        {SLOT_TAG: floor_slot(now).isoformat()},
        floor_hour(now).strftime(PARTITION_KEY_FORMAT),
    )


def run_span(opened: dg.DagsterInstance, job: str, start: datetime, end: datetime) -> Outcome:
    """One run over the partitions of [start, end)."""
    return run_job(opened, job, range_tags(job, start, end))


def aggregate(
    opened: dg.DagsterInstance, platform: Platform, stages: list[str], span: tuple[datetime, datetime] | None
) -> Iterator[tuple[str, datetime, datetime, Outcome]]:
    """Run each stage over its stale partitions, or over those of a span; a later stage sees the earlier one's rows."""
    for name in stages:
        stage = STAGES[name]
        if span is None:
            starts = stage.stale(platform)
        else:
            starts = [s for s in sorted(stage.candidates(platform)) if s < span[1] and stage.end(s) > span[0]]
        for start, end in ranges(starts, stage.end, MAX_PARTITIONS_PER_RUN):
            yield name, start, end, run_span(opened, name, start, end)


def require_success(outcome: Outcome) -> None:
    """Raises UserError with the reasons of a failed run."""
    if outcome.errors:
        raise UserError("; ".join(dict.fromkeys(outcome.errors)))
