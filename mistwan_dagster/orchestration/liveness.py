"""Which runs are dead: whoever executes runs holds a lock that goes with its process, however that ends.

Commands hold one for all their runs, each run of the daemon one of its own. Belongs here: signs of life and the
tidying up after who lost it. Does not belong here: asking again for what a dead run was to compute (`sensors`).
"""

from __future__ import annotations

import os
import secrets
import socket
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
HOME_TAG = "mistwan/home"
SETTLING_S = 10
"""A lock file younger than this may be one that is just being locked."""
SHOWS_ITSELF_S = 120
"""Far longer than it takes from the start of a run to its lock."""
UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def home_name(home: Path) -> str:
    """A home as the runs of its commands are tagged: several machines may share one Dagster instance."""
    return f"{socket.gethostname()}:{home}"


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
    """Whether nobody holds the lock, or there is none; then its file is removed."""
    try:
        with FileLock(path).acquire(timeout=0):
            path.unlink(missing_ok=True)
    except Timeout:
        return False
    return True


def _left_behind(path: Path) -> bool:
    """Whether there is a lock that nobody holds, and that nobody is just taking; then its file is removed."""
    try:
        age_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    return age_s > SETTLING_S and _silent(path)


def is_dead(platform: Platform, run: dg.DagsterRun) -> bool:
    """Whether the process that executed an unfinished run is gone.

    A run of the daemon that has not shown itself yet is not (see `never_showed_itself`), nor is one of a home whose
    locks are elsewhere: Dagster's run monitoring ends those.
    """
    command = run.tags.get(COMMAND_TAG)
    if command is not None:
        path = _path(platform.settings, "commands", command)
        here = home_name(platform.settings.home)
        ours = run.tags.get(HOME_TAG, here) == here or path.exists()
        return command != COMMAND and ours and _silent(path)
    return _left_behind(_path(platform.settings, "runs", run.run_id))


def never_showed_itself(instance: dg.DagsterInstance, platform: Platform, run: dg.DagsterRun) -> bool:
    """Whether a run of the daemon started, but neither took its lock nor began a step: killed in between.

    Where the launcher watches over its runs (Kubernetes, ECS), they show themselves elsewhere.
    """
    if run.status != dg.DagsterRunStatus.STARTED or COMMAND_TAG in run.tags:
        return False
    if instance.run_launcher.supports_check_run_worker_health:
        return False
    record = instance.get_run_record_by_id(run.run_id)
    began = record.start_time if record else None
    return (
        began is not None
        and time.time() - began > SHOWS_ITSELF_S
        and not _path(platform.settings, "runs", run.run_id).exists()
        and not instance.get_run_step_stats(run.run_id)
    )


def bury_dead_runs(instance: dg.DagsterInstance, platform: Platform) -> list[str]:
    """Mark dead runs failed, give their places in pools back, drop their notes and locks; returns their ids.

    The status goes last: whoever is killed in here leaves the run to the next.
    """
    buried = []
    for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)):
        if not is_dead(platform, run) and not never_showed_itself(instance, platform, run):
            continue
        left = instance.get_run_by_id(run.run_id)
        if left is not None and not left.is_finished:
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            platform.kpi.forget_pending(run.run_id)
            instance.report_run_failed(left, message="the process that executed it was killed")
            _path(platform.settings, "runs", run.run_id).unlink(missing_ok=True)
            buried.append(run.run_id)
    for run_id in platform.kpi.pending_runs():
        noted = instance.get_run_by_id(run_id)
        if noted is None or noted.is_finished:
            platform.kpi.forget_pending(run_id)
    for lock in (platform.settings.state / "commands").glob("*.lock"):
        _left_behind(lock)
    return buried
