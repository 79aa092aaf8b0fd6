"""Hours of a disturbed installation beside an undisturbed one; `make soak` lives through seven days.

Only when asked for: `MISTWAN_TEST_SOAK=1` needs both cores for some minutes (CI asks for it after the other tests, when
time is left), `MISTWAN_TEST_SOAK_DAEMON=1` for an hour.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import servers
from mistwan_dagster_tests.needed import require

ROOT = Path(__file__).parents[2]


def asked_for(setting: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(setting not in os.environ, reason=f"takes minutes: set {setting}=1")


def soak(module: str, tmp_path: Path, **settings: str) -> str:
    """What it printed; fails when something does not hold."""
    require(servers.missing() is None, "redis-server or PostgreSQL")
    own = {"SOAK_SITES": "4", "SOAK_LOG": str(tmp_path), "MISTWAN_SLE_CALLS": "20",
           "POLARS_MAX_THREADS": "1", **settings}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all holds" in done.stdout
    return done.stdout


@asked_for("MISTWAN_TEST_SOAK")
def test_an_installation_that_is_disturbed_in_every_way_tells_what_an_undisturbed_one_does(
    tmp_path: Path,
) -> None:
    told = soak("benchmarks.soak", tmp_path, SOAK_HOURS="3")
    assert "1 of 2 hours rest on whole slots" in told, told
    assert "{'redis-server': 1, 'postgres': 1}" in told, "killed under a run and started again"


@asked_for("MISTWAN_TEST_SOAK_DAEMON")
def test_so_does_one_whose_daemon_servers_and_workers_are_killed(tmp_path: Path) -> None:
    told = soak("benchmarks.soak_daemon", tmp_path, SOAK_HOURS="4")
    assert re.search("[12] of 3 hours rest on whole slots", told), told
