"""The commands of docs/containers.md with a real engine: the image is built, and all services live in its containers,
networks and volumes on a simulated cloud. `test_stack.py` starts the same services where no engine is at hand.

Only when asked for, as it needs podman, podman-compose and the three base images (or a registry that has them), and
takes a quarter of an hour: `MISTWAN_TEST_ENGINE=1 pytest mistwan_dagster_tests/deployment/test_engine.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from mistwan_dagster_tests.deployment.compose import PASSWORDS, ROOT, plain
from mistwan_dagster_tests.deployment.stack import wait_for
from mistwan_dagster_tests.needed import binary

pytestmark = pytest.mark.skipif(
    "MISTWAN_TEST_ENGINE" not in os.environ, reason="needs an engine: set MISTWAN_TEST_ENGINE=1"
)
PROJECT = "mistwan-test"
ADDRESS = "127.0.0.23"
"""Where ports are published, so that an installation of this host keeps its own."""
PATIENCE_S = 900
SERVICES = plain()["services"]
OURS = [name for name in SERVICES if "build" in SERVICES[name]]
FIRST = ("postgres", "redis"), ("code-location", "simulator"), ("daemon", "webserver", "metrics", "dashboard")
"""Podman before 4.6 does not wait for services to be healthy: those that are waited for come first."""
STATUS = "import sys; sys.stdout.write(open('/proc/1/status').read())"
FIND = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)"


@dataclass
class Engine:
    """Podman, in a folder with what a clone has."""

    folder: Path
    token: str = ""
    """For the read API."""

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command in that folder, whatever its end."""
        environment = {**os.environ, "MISTWAN_PUBLISH_ADDRESS": ADDRESS, "MISTWAN_SIMULATED_SITES": "3"}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def done(self, *command: str) -> str:
        """Its output; fails when it fails."""
        ended = self.run(*command)
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def compose(self, *words: str) -> str:
        """A command of `podman compose`, as the document has it."""
        program = str(Path(sys.executable).with_name("podman-compose"))
        return self.done(program, "-p", PROJECT, "--profile", "simulator", "--profile", "api", *words)

    def name(self, service: str) -> str:
        """Of the container."""
        return f"{PROJECT}_{service}_1"

    def inside(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """A command in the container of a service."""
        return self.run("podman", "exec", self.name(service), *command)

    def wait_healthy(self, service: str) -> None:
        """Returns when the health check that the file names says so (without systemd podman asks it only if told)."""

        def look() -> bool | None:
            return self.run("podman", "healthcheck", "run", self.name(service)).returncode == 0 or None

        wait_for(f"{service} being healthy", look, PATIENCE_S)

    def up(self) -> None:
        """All services; the read API last, which needs a token first, made where the document says."""
        for names in FIRST:
            self.compose("up", "-d", "--no-build", *names)
            for name in names:
                if name != "dashboard":
                    self.wait_healthy(name)
        if not self.token:
            ask = ("mistwan", "api", "token", "--name", "reader", "--scope", "read:all")
            made = self.inside("code-location", *ask)
            assert made.returncode == 0, made.stderr
            self.token = made.stdout.strip()
        self.compose("up", "-d", "--no-build", "api")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The image built of a clean copy, `.env` as the document makes it, and everything started."""
    binary("podman")
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for path in filter(None, listed.stdout.split("\0")):
        if (ROOT / path).is_file() and not path.startswith("mistwan_dagster_tests/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    told = [(folder / name).read_text() for name in (".env.example", "deploy/simulator.env")]
    told += ["MISTWAN_HISTORY_DAYS=1", *(f"{name}={word}" for name, word in PASSWORDS.items())]
    (folder / ".env").write_text("\n".join(told))
    made = Engine(folder)
    made.done("podman", "build", "-t", "localhost/mistwan", ".")
    try:
        made.up()
        yield made
    finally:
        made.compose("down", "-v")


def rows(engine: Engine) -> int:
    """Of hourly facts, as the read API tells them."""
    answer = requests.get(
        f"http://{ADDRESS}:8060/v1/tables/fact_circuit_hour?limit=1000",
        headers={"Authorization": f"Bearer {engine.token}"}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return len(answer.json()["rows"])


def test_what_is_collected_and_computed_is_served_and_outlives_its_containers(engine: Engine) -> None:
    for service in ("dashboard", "api"):
        engine.wait_healthy(service)
    checked = engine.inside("code-location", "mistwan", "check")
    assert checked.returncode == 0, checked.stdout
    assert "organization 'Simulated Stores'" in checked.stdout
    for port, path in (("8050", "/healthz"), ("3000", "/server_info"), ("9108", "/metrics")):
        assert requests.get(f"http://{ADDRESS}:{port}{path}", timeout=30).status_code == 200
    before = wait_for("hourly facts being served", lambda: rows(engine) or None, PATIENCE_S)
    engine.compose("down")
    engine.up()
    for service in ("dashboard", "api"):
        engine.wait_healthy(service)
    assert rows(engine) >= before


@pytest.mark.parametrize("service", OURS)
def test_a_container_has_no_rights_and_a_root_that_nobody_writes_to(engine: Engine, service: str) -> None:
    told = engine.inside(service, "python", "-c", STATUS)
    status = dict(line.split(":\t", 1) for line in told.stdout.splitlines() if ":\t" in line)
    assert status["Uid"].split() == ["10001"] * 4
    assert (int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"]) == (0, 0, "1")
    for place in ("/app/x", "/etc/x", "/x"):
        assert engine.inside(service, "sh", "-c", f"touch {place}").returncode != 0
    assert engine.inside(service, "sh", "-c", "touch /tmp/x").returncode == 0
    writes = engine.inside(service, "sh", "-c", "touch /var/lib/mistwan/x").returncode == 0
    assert writes == (service == "code-location")


def test_the_stores_are_reached_by_those_who_need_them_alone(engine: Engine) -> None:
    for service in ("code-location", "daemon", "webserver", "metrics"):
        assert engine.inside(service, "python", "-c", FIND, "postgres", "5432").returncode == 0
    for store, port in (("postgres", "5432"), ("redis", "6379")):
        assert engine.inside("api", "python", "-c", FIND, store, port).returncode != 0
    networks = json.loads(engine.done("podman", "inspect", engine.name("daemon")))[0]["NetworkSettings"]
    assert list(networks["Networks"]) == [f"{PROJECT}_inner"]


def test_the_dump_that_the_document_names_is_one(engine: Engine) -> None:
    dumped = engine.inside("postgres", "pg_dump", "--username=mistwan", "dagster")
    assert dumped.returncode == 0, dumped.stderr
    assert "CREATE TABLE public.runs" in dumped.stdout


def test_what_is_stopped_ends_by_itself(engine: Engine) -> None:
    """But for runs that take longer than their time, and Dagster's daemon, which looks for PostgreSQL when that is gone
    before it."""
    engine.compose("stop")
    listed = json.loads(engine.done("podman", "ps", "-a", "--format", "json", "--filter", f"name={PROJECT}"))
    ends = {entry["Names"][0].split("_")[1]: entry["ExitCode"] for entry in listed if not entry["IsInfra"]}
    assert set(ends) == set(SERVICES)
    assert {name for name, code in ends.items() if code} <= {"code-location", "daemon"}
