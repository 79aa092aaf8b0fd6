"""A simulated cloud over real HTTP and real `mistwan` processes against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mistwan_dagster import cli as program
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

NOW = datetime(2025, 3, 4, 10, 7, 11, tzinfo=UTC)


@dataclass
class Cli:
    """Runs `mistwan` with settings of its own; nothing of the caller's environment leaks in."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MIST", "SNF_", "DAGSTER"))}
        return {**clean, "MISTWAN_HOME": str(self.home), **self.settings}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "mistwan_dagster.cli", *arguments],
            env=self.environment(),
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, (
            f"mistwan {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return json.loads(self.ok("query", sql, "--format", "json"))


def run_here(
    patch: pytest.MonkeyPatch,
    capture: pytest.CaptureFixture[str],
    arguments: list[str],
    settings: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """A command in this process, where a dozen of them need not start Python and Dagster a dozen times."""
    capture.readouterr()
    with patch.context() as patched:
        for name, value in (settings or {}).items():
            patched.setenv(name, value)
        patched.setattr(sys, "argv", ["mistwan", *arguments])
        code = program._run()
    told = capture.readouterr()
    return subprocess.CompletedProcess(arguments, code, told.out, told.err)


@pytest.fixture
def cloud() -> Iterator[Running]:
    with running(World(seed=3, sites=5), clock=Clock(NOW)) as served:
        yield served


@pytest.fixture
def cli(cloud: Running, tmp_path: Path) -> Cli:
    circuits = tmp_path / "circuits.csv"
    circuits.write_text(cloud.world.circuits_csv())
    return Cli(
        tmp_path / "home",
        {
            "MIST_API_BASE_URL": cloud.base_url,
            "MIST_API_TOKEN": cloud.token,
            "MIST_ORG_ID": cloud.org_id,
            "MISTWAN_CIRCUITS_FILE": str(circuits),
            "MISTWAN_NOW": NOW.isoformat(),
        },
    )
