"""`mistwan demo`: a simulated cloud, a backfill, a live slot, KPIs, answers; with --serve dashboard and Dagster UI.

It runs the very commands that a user runs against a real organization, each as its own process with its own
settings, so that what is shown is what is shipped. Does not belong here: a shortcut around any of them.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from mistwan_dagster.errors import UserError
from mistwan_dagster.settings import load_settings
from mistwan_dagster.simulator.server import SIM_TOKEN
from mistwan_dagster.simulator.world import World

Say = Callable[[str], None]
WarehouseKind = Literal["duckdb", "snowflake-local"]
UI_PORT = 3000
DASHBOARD_PORT = 8050
START_PATIENCE_S = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _child(arguments: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(arguments, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UserError(f"the server for {url} ended with exit code {process.returncode}")
        try:
            with urlopen(url, timeout=2):  # noqa: S310 (loopback)
                return
        except HTTPError:  # it answers, though it has no such page
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise UserError(f"{url} did not answer within {START_PATIENCE_S} s")


def _mistwan(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mistwan_dagster.cli", *arguments], env=environment, check=False
    )
    if done.returncode:
        raise UserError(f"`mistwan {' '.join(arguments)}` failed, see above", done.returncode)


def _environment(home: Path, world: World, port: int) -> dict[str, str]:
    circuits = home / "circuits.csv"
    circuits.write_text(world.circuits_csv(), encoding="utf-8")
    return {
        **os.environ,
        "MISTWAN_HOME": str(home),
        "MISTWAN_LAKE_URL": "",
        "MIST_API_BASE_URL": f"http://127.0.0.1:{port}",
        "MIST_API_TOKEN": SIM_TOKEN,
        "MIST_ORG_ID": world.org_id,
        "MISTWAN_CIRCUITS_FILE": str(circuits),
        "MISTWAN_WAREHOUSE": "duckdb",
        "DAGSTER_HOME": str(home / "dagster"),
    }


@contextmanager
def _warehouse(kind: WarehouseKind, environment: dict[str, str], say: Say) -> Iterator[dict[str, str]]:
    """The settings of the demo's warehouse; a local Snowflake is served as long as the demo runs."""
    if kind == "duckdb":
        yield environment
        return
    port = _free_port()
    server = [sys.executable, "-m", "mistwan_dagster.simulator.local_snowflake", str(port)]
    local = {
        "MISTWAN_WAREHOUSE": "snowflake", "SNF_ACCOUNT": "local", "SNF_USER": "demo", "SNF_PASSWORD": "local",
        "SNF_HOST": "127.0.0.1", "SNF_PORT": str(port), "SNF_PROTOCOL": "http", "SNF_PRIVATE_KEY_FILE": "",
        "SNF_PRIVATE_KEY": "", "SNF_AUTHENTICATOR": "",
    }  # fmt: skip
    with _child(server, environment) as process:
        _wait_for(f"http://127.0.0.1:{port}/", process)
        say(f"demo: Snowflake's local stand-in on port {port}; look into it with")
        say(f"  {' '.join(f'{k}={v}' for k, v in local.items() if v)}")
        _mistwan(environment | local, "warehouse", "init")
        yield environment | local


def run_demo(
    sites: int, hours: int, seed: int, serve: bool, say: Say, warehouse: WarehouseKind = "duckdb"
) -> None:
    """Each run has a home of its own below `MISTWAN_HOME/demo`, so that two worlds never mix."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # else its servers would outlive it
    began = time.monotonic()
    home = load_settings().home / "demo" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    home.mkdir(parents=True)
    world, port = World(seed=seed, sites=sites), _free_port()
    environment = _environment(home, world, port)
    say(f"demo: {sites} simulated sites, {hours} h of history, in {home}")
    simulator = [sys.executable, "-m", "mistwan_dagster.cli", "simulate", "--port", str(port)]
    with (
        _child([*simulator, "--sites", str(sites), "--seed", str(seed)], environment) as cloud,
        _warehouse(warehouse, environment, say) as environment,
    ):
        _wait_for(f"http://127.0.0.1:{port}/_sim/info", cloud)
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        start = end - timedelta(hours=hours)
        _mistwan(environment, "collect")
        _mistwan(environment, "backfill", "--start", start.isoformat(), "--end", end.isoformat())
        _mistwan(environment, "answers")
        say(f"demo: facts ready after {time.monotonic() - began:.0f} s; look around with")
        say(f'  MISTWAN_HOME={home} mistwan query "SELECT * FROM v_congested_now"')
        if serve:
            _serve(environment, say)


def _serve(environment: dict[str, str], say: Say) -> None:
    ui = [sys.executable, "-m", "mistwan_dagster.cli", "daemon", "--ui", "--port", str(UI_PORT)]
    say(f"Dagster UI on http://127.0.0.1:{UI_PORT}: collection goes on every five minutes; Ctrl-C ends it")
    dashboard = [sys.executable, "-m", "mistwan_dagster.cli", "dashboard", "--port", str(DASHBOARD_PORT)]
    linked = environment | {"MISTWAN_DAGSTER_URL": f"http://127.0.0.1:{UI_PORT}"}
    with _child(dashboard, linked), _child(ui, environment) as process:
        process.wait()
