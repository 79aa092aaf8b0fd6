"""Launches the jobs of the graph from the command line, in this process and on the same Dagster instance.

Runs and partitions of commands therefore show in the UI beside those of schedules and sensors. Also writes the
configuration of the instance.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import write_text
from mistwan_dagster.lake.raw import floor_hour, floor_slot
from mistwan_dagster.lake.write_errors import disk_error, failed_write
from mistwan_dagster.orchestration.due import slot_assets
from mistwan_dagster.orchestration.liveness import (
    COMMAND,
    COMMAND_TAG,
    HOME_TAG,
    bury_dead_runs,
    command_alive,
    home_name,
)
from mistwan_dagster.orchestration.partitions import PARTITION_KEY_FORMAT, SLOT_TAG
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.recovery import needs_reload, reload
from mistwan_dagster.orchestration.stage import ranges
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.orchestration.step_errors import reason

CONFIG = "dagster.yaml"
INSTANCE_YAML = """\
# Written by mistwan; edit freely, it is written only when absent.
nux:
  enabled: false
telemetry:
  enabled: false
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  cancel_timeout_seconds: 60
  max_runtime_seconds: 7200
  poll_interval_seconds: 30
  free_slots_after_run_end_seconds: 30
run_retries:
  enabled: true
  max_retries: 1
concurrency:
  runs:
    max_concurrent_runs: 6
    tag_concurrency_limits:
      - key: mistwan/lane
        value:
          applyLimitPerUniqueValue: true
        limit: 1
  pools:
    default_limit: 1
    granularity: op
retention:
  sensor:
    purge_after_days:
      skipped: 1
"""
POSTGRES_SETTING = "MISTWAN_DAGSTER_POSTGRES_URL"
POSTGRES_YAML = f"""\
storage:
  postgres:
    postgres_url:
      env: {POSTGRES_SETTING}
"""
"""Names the variable; the password itself is in no file."""
MAX_PARTITIONS_PER_RUN = 336
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""stderr is for the command's own words; the events of a run are in the instance and in the UI."""


def prepare_dagster_home(platform: Platform, elsewhere: Path | None = None) -> Path:
    """Create the instance's home and its configuration, and tell Dagster of both by its environment variables.

    Raises UserError when the configuration at hand keeps Dagster's storage elsewhere than the settings say.
    """
    home = elsewhere or platform.settings.dagster_home
    url = platform.settings.mistwan_dagster_postgres_url
    config = home / CONFIG
    if not config.exists():
        write_text(INSTANCE_YAML + (POSTGRES_YAML if url else ""), config)
    names_it = POSTGRES_SETTING in config.read_text(encoding="utf-8")
    if url and not names_it:
        raise UserError(
            f"{POSTGRES_SETTING} is set, but {config} keeps Dagster's storage elsewhere: delete that file, it is "
            "written anew (runs so far stay where they are), or unset the setting",
            exit_code=2,
        )
    if names_it and not url:
        raise UserError(f"{config} asks for {POSTGRES_SETTING}, which is not set", exit_code=2)
    os.environ["DAGSTER_HOME"] = str(home)
    if url:
        os.environ[POSTGRES_SETTING] = url.get_secret_value()
    return home


def storage_gone(error: BaseException) -> UserError | None:
    """The clear line for an error of Dagster's PostgreSQL, None for any other error. No URL, no password."""
    from dagster_postgres.utils import DagsterPostgresException
    from sqlalchemy.exc import SQLAlchemyError

    if not isinstance(error, DagsterPostgresException | SQLAlchemyError):
        return None
    cause = error if isinstance(error, SQLAlchemyError) else error.__cause__
    words = str(getattr(cause, "orig", None) or error).strip().splitlines()[0]
    return UserError(
        f"Dagster's storage at {POSTGRES_SETTING} cannot be used ({words}): start it, or mend the setting"
    )


@contextmanager
def instance(platform: Platform) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of `MISTWAN_HOME`, with the runs of killed processes marked failed."""
    home = prepare_dagster_home(platform)
    try:
        with command_alive(platform.settings), dg.DagsterInstance.from_config(str(home)) as opened:
            bury_dead_runs(opened, platform)
            yield opened
    except UserError:
        raise
    except Exception as error:
        gone, cause = storage_gone(error), failed_write(error)
        if gone is not None and platform.settings.mistwan_dagster_postgres_url:
            raise gone from error
        if cause is None:
            raise
        raise disk_error(home, cause) from error


@contextmanager
def instance_at_hand(platform: Platform) -> Iterator[dg.DagsterInstance | None]:
    """The same for reading; marks nothing, and makes nothing in `MISTWAN_HOME`.

    None where no Dagster home was made yet, unless the settings name its PostgreSQL: a pod has no home of its own.
    Raises UserError when that is gone, or when configuration and settings name different storages.
    """
    settings = platform.settings
    made = (settings.dagster_home / CONFIG).exists()
    if not made and settings.mistwan_dagster_postgres_url is None:
        yield None
        return
    try:
        with TemporaryDirectory(prefix="dagster-") as scratch:
            home = prepare_dagster_home(platform, None if made else Path(scratch))
            with dg.DagsterInstance.from_config(str(home)) as opened:
                yield opened
    except Exception as error:
        gone = storage_gone(error)
        if gone is None:
            raise
        raise gone from error


@dataclass(frozen=True)
class Outcome:
    """How a run ended: the errors of its failed steps, empty when it succeeded."""

    run_id: str
    errors: tuple[str, ...]

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped it."""
        return any("DagsterExecutionInterruptedError" in error for error in self.errors)


def run_job(
    opened: dg.DagsterInstance,
    name: str,
    tags: dict[str, str],
    partition: str | None = None,
    assets: list[dg.AssetKey] | None = None,
) -> Outcome:
    """Execute one job, or some of its assets, in this process. Errors of steps are returned, not raised."""
    from mistwan_dagster.orchestration.build import defs

    result = defs.resolve_job_def(name).execute_in_process(
        run_config=QUIET,
        instance=opened,
        partition_key=partition,
        asset_selection=assets,
        tags={**tags, COMMAND_TAG: COMMAND, HOME_TAG: home_name(Path(opened.root_directory).parent)},
        raise_on_error=False,
    )
    errors = [reason(e) for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    if not result.success and not errors:
        errors = [e.message or "the run failed" for e in result.all_events if e.is_failure][:1] or [
            "the run failed"
        ]
    return Outcome(result.run_id, tuple(errors))


def collect_now(opened: dg.DagsterInstance, platform: Platform) -> Outcome:
    """One snapshot slot now, plus new events."""
    slot = floor_slot(platform.settings.now())
    return run_job(
        opened,
        "collect",
        {SLOT_TAG: slot.isoformat()},
        floor_hour(slot).strftime(PARTITION_KEY_FORMAT),
        slot_assets(platform, slot),
    )


def run_span(opened: dg.DagsterInstance, job: str, start: datetime, end: datetime) -> Outcome:
    """One run over the partitions of [start, end)."""
    return run_job(opened, job, range_tags(job, start, end))


def aggregate(
    opened: dg.DagsterInstance, platform: Platform, stages: list[str], span: tuple[datetime, datetime] | None
) -> Iterator[tuple[str, datetime, datetime, Outcome]]:
    """Run each stage over its stale partitions, or those due for a span; a later stage sees the earlier one's rows.

    A new warehouse (the file was lost or moved away) is first filled with all that the lake holds.
    """
    if needs_reload(platform):
        reload(platform)
    for name in stages:
        stage = STAGES[name]
        starts = stage.stale(platform) if span is None else stage.due(platform, *span)
        for start, end in ranges(starts, stage.end, MAX_PARTITIONS_PER_RUN):
            yield name, start, end, run_span(opened, name, start, end)


def require_success(outcome: Outcome) -> None:
    """Raises UserError with the reasons of a failed run."""
    if outcome.interrupted:
        raise UserError("stopped; run the command again to go on", exit_code=130)
    if outcome.errors:
        raise UserError("; ".join(dict.fromkeys(outcome.errors)))
