"""The services of `compose.yaml`, each as a plain process with the command, user, settings and health check that the
file names, with a real PostgreSQL and a real Redis: a slot and an hour through daemon and code location, the dashboard,
a hard kill of both stores, and the end."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import dagster as dg
import pytest
import requests

from benchmarks.servers import POSTGRES
from mistwan_dagster.mist.quota import fingerprint
from mistwan_dagster.mist.redis_quota import RedisQuota
from mistwan_dagster.orchestration.launch import POSTGRES_SETTING
from mistwan_dagster.orchestration.partitions import PARTITION_KEY_FORMAT, SLOT_TAG
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.simulator.server import SIM_TOKEN
from mistwan_dagster_tests.dashboard.asking import ask_page
from mistwan_dagster_tests.deployment.compose import PASSWORDS, env_example, simulator_env
from mistwan_dagster_tests.deployment.stack import PATIENCE_S, Stack, stack_in, wait_for
from mistwan_dagster_tests.needed import binary, require

HOUR = timedelta(hours=1)
LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """What a user has after `cat .env.example deploy/simulator.env > .env` and two passwords."""
    require(POSTGRES, "PostgreSQL")
    binary("redis-server")
    told = env_example() | simulator_env() | PASSWORDS
    told |= {"MISTWAN_HISTORY_DAYS": "0", "MISTWAN_SIMULATED_SITES": "3"}
    with stack_in(Path(mkdtemp(prefix="mistwan-stack-", dir="/tmp")), told) as made:
        location = made.services["code-location"].environment
        monkeypatch.setenv(POSTGRES_SETTING, location[POSTGRES_SETTING])
        yield made


def instance(stack: Stack) -> dg.DagsterInstance:
    """The instance that all services share, seen from outside."""
    return dg.DagsterInstance.from_config(str(stack.volume("dagster")))


def success(stack: Stack, job: str, run_id: str | None = None) -> dg.DagsterRun:
    """A run of the job (or this one), once it has succeeded."""
    ends = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    filters = dg.RunsFilter(job_name=job, run_ids=[run_id] if run_id else None, statuses=ends)
    with instance(stack) as opened:
        run = wait_for(f"the end of {job}", lambda: next(iter(opened.get_runs(filters, limit=1)), None))
        told = [entry.dagster_event for entry in opened.all_logs(run.run_id)]
        why = [str(event) for event in told if event and event.is_failure]
    assert run.status == dg.DagsterRunStatus.SUCCESS, [*why, stack.services["code-location"].tail()]
    return run


def launch(stack: Stack, job: str, tags: dict[str, str]) -> dg.DagsterRun:
    """Ask the UI for a run, as its Launchpad does, and wait for its success."""
    location = f"grpc:127.0.0.1:{stack.ports['4000']}"
    parameters = {
        "selector": {"repositoryLocationName": location, "repositoryName": "__repository__", "jobName": job},
        "runConfigData": {},
        "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
    }
    body = {"query": LAUNCH, "variables": {"parameters": parameters}}

    def launched() -> str | None:
        told = requests.post(f"{stack.url('3000')}/graphql", json=body, timeout=PATIENCE_S).json()["data"][
            "launchRun"
        ]
        if "server closed the connection" in told.get("message", ""):  # it is of before PostgreSQL's end
            return None
        assert told["__typename"] == "LaunchRunSuccess", told
        return told["run"]["runId"]

    return success(stack, job, wait_for(f"the launch of {job}", launched))


def quota(stack: Stack) -> RedisQuota:
    """The count of calls, seen from outside."""
    url = stack.services["code-location"].environment["REDIS_URL"]
    return RedisQuota(url, fingerprint(SIM_TOKEN))


class Browser:
    """Asks the served dashboard as `ask_page` asks a test client."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, **options: Any) -> requests.Response:
        """POST to a path of the dashboard."""
        return requests.post(self.url + path, timeout=PATIENCE_S, **options)


def test_the_services_collect_compute_show_survive_their_stores_and_end_on_request(stack: Stack) -> None:
    stack.up("daemon", "webserver", "simulator", "dashboard", "metrics")
    nothing_is_shown_yet(stack)
    a_slot_and_an_hour_by_the_daemon(stack)
    the_api_starts_with_its_first_token(stack)
    for name in ("daemon", "webserver", "simulator", "metrics", "api"):
        stack.services[name].wait_healthy()
    metrics_can_read_everything(stack)
    passwords_are_in_no_file(stack)
    the_stores_are_killed_and_come_back(stack)
    for name, service in stack.services.items():
        assert service.handles_sigterm(), f"{name} would be killed after its grace period"
    for name in ("dashboard", "metrics", "api", "webserver", "simulator", "redis", "postgres"):
        assert stack.services[name].stop() in (0, -signal.SIGTERM), stack.services[name].tail()


def nothing_is_shown_yet(stack: Stack) -> None:
    """The dashboard is up before there is anything to show, and says so."""
    dashboard = stack.services["dashboard"]
    wait_for("an answer of the dashboard", lambda: dashboard.listens() or None)
    assert dashboard.check().returncode != 0
    health = requests.get(f"{stack.url('8050')}/healthz", timeout=PATIENCE_S)
    assert (health.status_code, health.json()["status"]) == (503, "no published data")


def a_slot_and_an_hour_by_the_daemon(stack: Stack) -> None:
    """The sensor asks for the first slot by itself; the hour before is asked for in the UI."""
    first = success(stack, "collect")
    assert {"dagster/sensor_name", "dagster/schedule_name"} & set(first.tags), "the daemon asked for it"
    assert quota(stack).used() > 0
    assert not (stack.volume("home") / "state" / "quota.sqlite").exists()
    stack.services["webserver"].wait_healthy()
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    launch(stack, "history", range_tags("history", now - HOUR, now))
    launch(stack, "hourly", range_tags("hourly", now - HOUR, now))
    stack.services["dashboard"].wait_healthy()
    health = requests.get(f"{stack.url('8050')}/healthz", timeout=PATIENCE_S)
    page = ask_page(Browser(stack.url("8050")), "/overview")  # type: ignore[arg-type]
    assert page.status_code == 200
    assert f"version {health.json()['version']}" in page.text


def the_api_starts_with_its_first_token(stack: Stack) -> None:
    """The code location makes it, on the volume that the API only reads; without it nobody is answered."""
    argv = ["mistwan", "api", "token", "--name", "reader", "--scope", "read:all"]
    made = stack.services["code-location"].run(argv)
    assert made.returncode == 0, made.stderr
    # Only its owner may read it, who in a container reads the read-only volume too; here that is another of its group.
    (stack.volume("home") / "state" / "api-tokens.json").chmod(0o640)
    stack.up("api")
    stack.services["api"].wait_healthy()
    address = f"{stack.url('8060')}/v1/tables/fact_circuit_hour?limit=1"
    assert requests.get(address, timeout=PATIENCE_S).status_code == 401
    bearer = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert requests.get(address, headers=bearer, timeout=PATIENCE_S).status_code == 200


def metrics_can_read_everything(stack: Stack) -> None:
    """Lake, count of calls, warehouse and Dagster's runs, all of them read-only."""
    told = requests.get(f"{stack.url('9108')}/metrics", timeout=PATIENCE_S).text
    parts = re.findall(r'mistwan_metrics_readable{part="(\w+)"} (\S+)', told)
    assert dict(parts) == dict.fromkeys(("collection", "quota", "freshness", "loads", "runs", "disk"), "1.0")
    assert 'mistwan_runs{job="hourly",status="success"} 1.0' in told


def passwords_are_in_no_file(stack: Stack) -> None:
    """Neither in the configuration of Dagster nor in anything else that the services wrote or printed."""
    assert POSTGRES_SETTING in (stack.volume("dagster") / "dagster.yaml").read_text()
    ours = [stack.volume("home"), stack.volume("dagster")]
    files = [f for folder in ours for f in folder.rglob("*") if f.is_file()] + list(
        stack.folder.glob("*.log")
    )
    assert len(files) > 20
    for secret in (*PASSWORDS.values(), SIM_TOKEN):
        assert [f for f in files if secret.encode() in f.read_bytes()] == []


def the_stores_are_killed_and_come_back(stack: Stack) -> None:
    """PostgreSQL and Redis lose their processes at once; started again, all goes on and nothing counted is lost."""
    counted = quota(stack).used()
    for name in ("postgres", "redis"):
        stack.services[name].kill()
        assert stack.services[name].check().returncode != 0
    health = requests.get(f"{stack.url('8050')}/healthz", timeout=PATIENCE_S)
    assert (health.status_code, health.json()["cache"]) == (200, "unreachable")

    for name in stack.services:
        stack.services[name].wait_healthy()
    assert quota(stack).used() >= counted
    now = datetime.now(UTC)
    slot = now - timedelta(minutes=now.minute % 5, seconds=now.second, microseconds=now.microsecond)
    partition = slot.replace(minute=0).strftime(PARTITION_KEY_FORMAT)
    launch(stack, "collect", {SLOT_TAG: slot.isoformat(), "dagster/partition": partition})
    assert quota(stack).used() > counted or datetime.now(UTC).hour != now.hour
