"""An empty home and `mistwan daemon`: history appears by itself, also when everything is killed in between.

The daemon, its code server and its run workers are real processes against a simulated cloud whose clock stands still.
`MISTWAN_TEST_DAEMON_DAYS` is how much history (14 at most), `MISTWAN_TEST_DAEMON_PATIENCE_S` how long to wait for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TypeVar

import dagster as dg
import pytest

from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import HOURLY, STAGES
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import running
from mistwan_dagster.simulator.world import World

from .conftest import Cli
from .test_kills import Home

T = TypeVar("T")
DAYS = int(os.environ.get("MISTWAN_TEST_DAEMON_DAYS", "2"))
pytestmark = pytest.mark.skipif(
    "MISTWAN_TEST_DAEMON_DAYS" not in os.environ,
    reason="takes minutes: set MISTWAN_TEST_DAEMON_DAYS=2",
)
PATIENCE_S = int(os.environ.get("MISTWAN_TEST_DAEMON_PATIENCE_S", "600"))
NOW = datetime(2025, 3, 4, 10, 40, 11, tzinfo=UTC)
FIRST = datetime(2025, 3, 4, 11, tzinfo=UTC) - timedelta(days=DAYS)
SETTLED = datetime(2025, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    with running(World(seed=3, sites=3), clock=Clock(NOW)) as cloud:
        circuits = tmp_path / "circuits.csv"
        circuits.write_text(cloud.world.circuits_csv())
        yield Cli(
            tmp_path / "daemon",
            {
                "MIST_API_BASE_URL": cloud.base_url,
                "MIST_API_TOKEN": cloud.token,
                "MIST_ORG_ID": cloud.org_id,
                "MISTWAN_CIRCUITS_FILE": str(circuits),
                "MISTWAN_NOW": NOW.isoformat(),
                "MISTWAN_HISTORY_DAYS": str(DAYS),
            },
        )


@contextmanager
def daemon(cli: Cli) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon in a process group of its own; whatever is left of the group is killed at the end."""
    log = cli.home.parent / "daemon.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mistwan_dagster.cli", "daemon", "--no-ui"],
            env=cli.environment(), cwd=cli.home.parent, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """No process of the group is left time for anything: daemon, code server, run workers."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(what: str, look: Callable[[], T | None], process: subprocess.Popen[bytes]) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        assert process.poll() is None, f"the daemon ended while waiting for {what}"
        Event().wait(0.5)
    pytest.fail(f"{what} did not happen within {PATIENCE_S} s")


def instance(cli: Cli) -> AbstractContextManager[dg.DagsterInstance]:
    """The daemon's instance, seen from outside."""
    return dg.DagsterInstance.from_config(str(cli.home / "dagster"))


def runs(cli: Cli, *statuses: dg.DagsterRunStatus, job: str | None = None) -> list[dg.DagsterRun]:
    with instance(cli) as opened:
        return list(opened.get_runs(dg.RunsFilter(statuses=list(statuses) or None, job_name=job)))


def worker_of(cli: Cli, job: str) -> int | None:
    """Process id of a run worker of this job that is executing steps."""
    if not (cli.home / "state" / "runs").exists():  # two processes must not create the instance at once
        return None
    with instance(cli) as opened:
        for run in opened.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED], job_name=job)):
            for entry in opened.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
                event = entry.dagster_event
                if event is not None and "pid" in event.engine_event_data.metadata:
                    return int(str(event.engine_event_data.metadata["pid"].value))
    return None


def finished(cli: Cli) -> bool | None:
    """Every hour that the cloud tells is computed, nothing is stale of the days that sensors look at (alarms are read
    seven days back in any case), nothing runs. None: not yet."""
    platform = Platform(Settings(mistwan_home=cli.home, mistwan_now=NOW, _env_file=None))
    hours = {FIRST + timedelta(hours=n) for n in range(int((SETTLED - FIRST) / timedelta(hours=1)))}
    since = NOW - timedelta(days=DAYS)
    if not hours <= set(HOURLY.candidates(platform)) or any(
        stage.changed(platform, since) for stage in STAGES.values()
    ):
        return None
    return True if Home(cli).at_rest() else None


def test_an_empty_home_fills_by_itself_and_kills_change_nothing(cli: Cli) -> None:
    with daemon(cli) as process:
        wait_for("the history run", lambda: worker_of(cli, "history"), process)
        kill_group(process)
    lost = {run.run_id for run in runs(cli, dg.DagsterRunStatus.STARTED)}
    assert lost, "a run was under way when all processes were killed"

    with daemon(cli) as process:
        worker = wait_for("an hourly run", lambda: worker_of(cli, "hourly"), process)
        os.kill(worker, signal.SIGKILL)
        wait_for("the end", lambda: finished(cli), process)
    failed = runs(cli, dg.DagsterRunStatus.FAILURE)
    assert lost < {run.run_id for run in failed}
    assert sorted(run.job_name for run in failed).count("hourly") == 1
    unscheduled = [run for run in runs(cli) if "dagster/schedule_name" not in run.tags]
    sensors = {run.tags["dagster/sensor_name"] for run in unscheduled}
    assert (
        {"backfill"} <= sensors <= {"backfill", "late_data"}
    )  # what a later hour changes of a day or month is late

    undisturbed = Home(replace(cli, home=cli.home.with_name("undisturbed")))
    for arguments in (["collect"], ["backfill", "--start", FIRST.isoformat(), "--end", SETTLED.isoformat()]):
        command = undisturbed.cli.start(*arguments)
        _, errors = command.communicate(timeout=PATIENCE_S)
        assert command.returncode == 0, errors
    found = Home(cli).published()
    assert found is not None
    assert found == undisturbed.published()
