"""A run of the daemon shows by a lock that its process lives; without it the run is buried, whoever else is there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from filelock import FileLock

from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.liveness import COMMAND_TAG, bury_dead_runs, is_dead, run_alive
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.settings import Settings

HOLDER = """
import sys
from mistwan_dagster.orchestration.liveness import run_alive
from mistwan_dagster.settings import load_settings
with run_alive(load_settings(), sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@dg.op
def nothing() -> None:
    pass


@dg.job
def idle() -> None:
    nothing()


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(Settings(mistwan_home=tmp_path, _env_file=None))


def started(platform: Platform) -> dg.DagsterRun:
    with launch.instance(platform) as opened:
        run = opened.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED)
        platform.kpi.note_pending(run.run_id, "hourly", "2025-03-04T09", "digest")
        return run


def age(path: Path) -> None:
    """As if the lock had been taken a minute ago."""
    os.utime(path, (time.time() - 60, time.time() - 60))


def buried(platform: Platform) -> list[str]:
    with launch.instance(platform):
        pass
    with dg.DagsterInstance.from_config(str(platform.settings.dagster_home)) as opened:
        return [run.run_id for run in opened.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))]


def test_a_run_whose_process_was_killed_is_buried_and_its_notes_go(platform: Platform) -> None:
    run = started(platform)
    lock = platform.settings.state / "runs" / f"{run.run_id}.lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, run.run_id],
        env={**os.environ, "MISTWAN_HOME": str(platform.settings.home)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    age(lock)
    assert not is_dead(platform, run)
    assert buried(platform) == []
    process.kill()
    process.communicate()
    assert buried(platform) == [run.run_id]
    assert not lock.exists()
    assert platform.kpi.pending_runs() == []


def test_a_killed_command_leaves_no_lock_behind(platform: Platform) -> None:
    """Neither its own nor that of its run; one that lives keeps both."""
    locks = {}
    for name in ("killed", "living"):
        with launch.instance(platform) as opened:
            run = opened.create_run_for_job(
                idle, status=dg.DagsterRunStatus.STARTED, tags={COMMAND_TAG: name}
            )
        for kind, of in (("commands", name), ("runs", run.run_id)):
            locks[kind, name] = platform.settings.state / kind / f"{of}.lock"
            locks[kind, name].parent.mkdir(parents=True, exist_ok=True)
            locks[kind, name].touch()
            age(locks[kind, name])
    with FileLock(locks["commands", "living"]):
        age(locks["commands", "living"])
        assert len(buried(platform)) == 1
        assert [place for place, lock in locks.items() if lock.exists()] == [
            ("commands", "living"),
            ("runs", "living"),
        ]


def test_a_run_that_did_not_show_itself_yet_is_left_alone(platform: Platform) -> None:
    run = started(platform)
    assert buried(platform) == []
    with run_alive(platform.settings, run.run_id):
        pass
    assert buried(platform) == [], "it has just ended"
    assert platform.kpi.pending_runs() == [run.run_id]


def report(opened: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType, ago_s: float) -> None:
    step = "nothing" if kind is dg.DagsterEventType.STEP_START else None
    event = dg.DagsterEvent(kind.value, job_name="idle", step_key=step)
    opened.report_dagster_event(event, run.run_id, timestamp=time.time() - ago_s)


def test_a_run_killed_between_its_start_and_its_lock_is_buried_but_none_that_began_a_step(
    platform: Platform,
) -> None:
    with launch.instance(platform) as opened:
        killed, begun, young = (opened.create_run_for_job(idle) for _ in range(3))
        for run, ago_s in ((killed, 300), (begun, 300), (young, 5)):
            report(opened, run, dg.DagsterEventType.RUN_START, ago_s)
        report(opened, begun, dg.DagsterEventType.STEP_START, 299)
        assert bury_dead_runs(opened, platform) == [killed.run_id]


def test_a_lock_that_is_just_being_taken_is_no_sign_of_death(platform: Platform) -> None:
    run = started(platform)
    lock = platform.settings.state / "runs" / f"{run.run_id}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert not is_dead(platform, run)
    age(lock)
    assert is_dead(platform, run)


def test_a_run_shows_itself_while_it_executes_and_not_after(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTWAN_HOME", str(platform.settings.home))
    seen: list[list[str]] = []
    folder = platform.settings.state / "runs"

    @dg.op
    def look(platform: PlatformResource) -> None:
        seen.append([path.name for path in folder.iterdir()])
        assert platform.open().settings.home == folder.parent.parent

    @dg.job(resource_defs={"platform": PlatformResource()})
    def looks() -> None:
        look()

    result = looks.execute_in_process()
    assert result.success
    assert seen == [[f"{result.run_id}.lock"]]
    assert list(folder.iterdir()) == []


def test_nothing_is_buried_twice(platform: Platform) -> None:
    run = started(platform)
    with run_alive(platform.settings, run.run_id):
        lock = platform.settings.state / "runs" / f"{run.run_id}.lock"
        kept = lock.read_bytes()
    lock.write_bytes(kept)
    age(lock)
    with dg.DagsterInstance.from_config(str(platform.settings.dagster_home)) as opened:
        assert bury_dead_runs(opened, platform) == [run.run_id]
        assert bury_dead_runs(opened, platform) == []
