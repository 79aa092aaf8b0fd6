"""Which runs are dead: whoever executes runs holds a lock that goes with its process, however that ends.

Commands hold one for all their runs, each run of the daemon one of its own. Belongs here: signs of life and the
tidying up after who lost it. Does not belong here: asking again for what a dead run was to compute (`sensors`).
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from filelock import FileLock, Timeout

from mistwan_dagster.settings import Settings

if TYPE_CHECKING:
    from mistwan_dagster.orchestration.platform import Platform

COMMAND_TAG = "mistwan/command"
COMMAND = f"{os.getpid()}-{secrets.token_hex(4)}"
"""This process, as the runs that it launches are tagged. Its id alone would not do: containers give it out again."""
SETTLING_S = 10
"""A lock file younger than this may be one that is just being locked."""
UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def _path(settings: Settings, kind: str, name: str) -> Path:
    return settings.state / kind / f"{name}.lock"


@contextmanager
def _held(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path):
            yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def command_alive(settings: Settings) -> Iterator[None]:
    """Show that this command lives, while the block runs."""
    with _held(_path(settings, "commands", COMMAND)):
        yield


@contextmanager
def run_alive(settings: Settings, run_id: str) -> Iterator[None]:
    """Show that the process of a run lives, while the block runs."""
    with _held(_path(settings, "runs", run_id)):
        yield


def _silent(path: Path) -> bool:
    """Whether nobody holds the lock; then its file is removed."""
    try:
        with FileLock(path).acquire(timeout=0):
            path.unlink(missing_ok=True)
    except Timeout:
        return False
    return True


def is_dead(platform: Platform, run: dg.DagsterRun) -> bool:
    """Whether the process that executed an unfinished run is gone.

    A run of the daemon that has not shown itself yet is left to Dagster's own time-outs.
    """
    command = run.tags.get(COMMAND_TAG)
    if command is not None:
        return command != COMMAND and _silent(_path(platform.settings, "commands", command))
    path = _path(platform.settings, "runs", run.run_id)
    try:
        age_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    return age_s > SETTLING_S and _silent(path)


def bury_dead_runs(instance: dg.DagsterInstance, platform: Platform) -> list[str]:
    """Mark dead runs failed, give their places in pools back and drop their notes; returns their ids.

    The status goes last: whoever is killed in here leaves the run to the next.
    """
    buried = []
    for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)):
        if not is_dead(platform, run):
            continue
        left = instance.get_run_by_id(run.run_id)
        if left is not None and not left.is_finished:
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            platform.kpi.forget_pending(run.run_id)
            instance.report_run_failed(left, message="the process that executed it was killed")
            buried.append(run.run_id)
    for run_id in platform.kpi.pending_runs():
        noted = instance.get_run_by_id(run_id)
        if noted is None or noted.is_finished:
            platform.kpi.forget_pending(run_id)
    return buried
