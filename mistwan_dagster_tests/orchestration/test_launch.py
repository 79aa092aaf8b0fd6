"""What a killed command leaves in the Dagster instance is tidied up; what is under way is left alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from filelock import FileLock

from mistwan_dagster.orchestration import launch, liveness
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.pools import WAREHOUSE_POOL, limit_pools
from mistwan_dagster.settings import Settings

LOST = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dg.op
def nothing() -> None:
    pass


@dg.job
def idle() -> None:
    nothing()


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    now = datetime(2025, 3, 4, 10, tzinfo=UTC)
    return Platform(Settings(mistwan_home=tmp_path, mistwan_now=now, _env_file=None))


def left_over(
    platform: Platform, command: str, status: dg.DagsterRunStatus, tags: dict[str, str] | None = None
) -> str:
    with launch.instance(platform) as opened:
        tags = {liveness.COMMAND_TAG: command, **(tags or {})}
        run = opened.create_run_for_job(idle, tags=tags, status=status)
        limit_pools(opened)
        opened.event_log_storage.claim_concurrency_slot(WAREHOUSE_POOL, run.run_id, "nothing")
        platform.kpi.note_pending(run.run_id, "hourly", "2025-03-04T09", "digest")
        return run.run_id


def state(platform: Platform, run_id: str) -> tuple[dg.DagsterRunStatus, int, bool]:
    with launch.instance(platform) as opened:
        run = opened.get_run_by_id(run_id)
        assert run is not None
        slots = opened.event_log_storage.get_concurrency_info(WAREHOUSE_POOL).active_slot_count
    return run.status, slots, (platform.settings.state / "pending" / run_id).exists()


@pytest.mark.parametrize("status", LOST)
def test_a_killed_command_frees_the_pool_also_when_its_process_id_lives_on(
    platform: Platform, status: dg.DagsterRunStatus
) -> None:
    run_id = left_over(platform, f"{os.getpid()}-0badcafe", status)
    assert state(platform, run_id) == (dg.DagsterRunStatus.FAILURE, 0, False)


def test_a_command_under_way_keeps_its_run_and_its_place(platform: Platform) -> None:
    run_id = left_over(platform, "1-0badcafe", dg.DagsterRunStatus.STARTED)
    with FileLock(platform.settings.state / "commands" / "1-0badcafe.lock"):
        assert state(platform, run_id) == (dg.DagsterRunStatus.STARTED, 1, True)
    assert state(platform, run_id) == (dg.DagsterRunStatus.FAILURE, 0, False)


def test_a_command_of_another_machine_keeps_its_run_which_cannot_be_judged_from_here(
    platform: Platform,
) -> None:
    tags = {liveness.HOME_TAG: "elsewhere:/var/lib/mistwan"}
    run_id = left_over(platform, "1-0badcafe", dg.DagsterRunStatus.STARTED, tags)
    assert state(platform, run_id) == (dg.DagsterRunStatus.STARTED, 1, True)
    assert not (platform.settings.state / "commands" / "1-0badcafe.lock").exists()
    (platform.settings.state / "commands" / "1-0badcafe.lock").touch()
    assert state(platform, run_id) == (dg.DagsterRunStatus.FAILURE, 0, False), "its lock is here after all"


def test_a_run_of_a_command_names_its_home(platform: Platform) -> None:
    with launch.instance(platform) as opened, pytest.MonkeyPatch.context() as patched:
        patched.setattr("mistwan_dagster.orchestration.build.defs", dg.Definitions(jobs=[idle]))
        outcome = launch.run_job(opened, "idle", {})
        run = opened.get_run_by_id(outcome.run_id)
    assert run is not None
    assert run.tags[liveness.HOME_TAG] == liveness.home_name(platform.settings.home)


def test_a_command_that_ended_leaves_no_lock_file(platform: Platform) -> None:
    with launch.instance(platform):
        assert len(list((platform.settings.state / "commands").iterdir())) == 1
    assert list((platform.settings.state / "commands").iterdir()) == []
