"""What an hour of data costs in Snowflake: statements, rows, bytes and seconds of each stage.

Two hours of a simulated cloud are collected live, slot by slot, and aggregated as the schedules do, into the local
stand-in for Snowflake over HTTP that holds the hour before. Printed are the first with a correction of the hour before
it, the second, and apart from them what once a day adds. Statements do not depend on the number of circuits, rows do:
`BENCH_SITES` sets it. Seconds are the stand-in's, not an account's.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from benchmarks.cloud import Cloud, served
from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.stage import ranges
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.orchestration.warehouses import snowflake
from mistwan_dagster.simulator.world import World
from mistwan_dagster.warehouse.snowflake_schema import init
from mistwan_dagster.warehouse.snowflake_session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.connector.cursor import SnowflakeCursor

SITES = int(os.environ.get("BENCH_SITES", "40"))
FIRST = datetime(2025, 3, 4, 9, tzinfo=UTC)
SLOT = timedelta(minutes=5)
MOST_STATEMENTS, MOST_A_TABLE = 100, 12
TABLE = re.compile(rf"\b({'|'.join(sorted(set(TABLES) - {'load_ledger'}, key=len, reverse=True))})\b")


@dataclass
class Cost:
    """Statements of one stage, with their seconds."""

    statements: list[str] = field(default_factory=list)
    seconds: float = 0.0
    rows: int = 0

    def tables(self) -> Counter[str]:
        """Statements by table: those that change it. What is asked of all tables at once counts for none."""
        changes = (s for s in self.statements if s.startswith(("DELETE", "INSERT")))
        return Counter(found[1] for s in changes if (found := TABLE.search(s)))


@contextmanager
def counted() -> Iterator[Cost]:
    """Every statement that a session sends within the block."""
    cost, execute = Cost(), Session.execute

    def counting(self: Session, sql: str, values: list[Any] | None = None) -> SnowflakeCursor:
        began = time.perf_counter()
        cursor = execute(self, sql, values)
        cost.seconds += time.perf_counter() - began
        cost.statements.append(sql)
        cost.rows += int(cursor.rowcount or 0) if sql.startswith("INSERT") and "load_ledger" not in sql else 0
        return cursor

    Session.execute = counting  # type: ignore[method-assign]
    try:
        yield cost
    finally:
        Session.execute = execute  # type: ignore[method-assign]


def _stages(opened: dg.DagsterInstance, platform: Platform, names: list[str]) -> dict[str, Cost]:
    costs = {}
    for name in names:
        with counted() as cost:
            stage = STAGES[name]
            for span in ranges(stage.stale(platform), stage.end, stage.most_a_run):
                launch.require_success(launch.run_span(opened, name, *span))
        costs[name] = cost
    return costs


def _tell(title: str, costs: dict[str, Cost]) -> Cost:
    print(f"{title:22}{'statements':>11}{'rows':>9}{'seconds':>9}")
    for name, cost in costs.items():
        print(f"  {name:20}{len(cost.statements):11}{cost.rows:9}{cost.seconds:9.2f}")
    whole = Cost([s for c in costs.values() for s in c.statements])
    whole.seconds, whole.rows = sum(c.seconds for c in costs.values()), sum(c.rows for c in costs.values())
    print(f"  {'together':20}{len(whole.statements):11}{whole.rows:9}{whole.seconds:9.2f}")
    print("  verbs ", dict(Counter(s.split()[0] for s in whole.statements)))
    print("  tables", dict(whole.tables().most_common()))
    return whole


def measure(home: Path, cloud: Cloud, port: int) -> bool:
    """Collect, aggregate, print; false when a bound is missed."""
    world = World(seed=1, sites=SITES)
    home.mkdir()
    (home / "circuits.csv").write_text(world.circuits_csv())
    os.environ.update(cloud.settings(home))
    os.environ.update(
        MISTWAN_WAREHOUSE="snowflake", SNF_ACCOUNT="org-acc", SNF_USER="loader", SNF_PASSWORD="not-a-real-one",
        SNF_HOST="127.0.0.1", SNF_PORT=str(port), SNF_PROTOCOL="http",
    )  # fmt: skip
    daily = [s.name for s in STAGES.values() if s.so_far_once_a_day] + ["rolling", "chronic"]
    hourly = [name for name in STAGES if name not in daily]

    def move(now: datetime) -> Platform:
        cloud.set_clock(now)
        os.environ["MISTWAN_NOW"] = now.isoformat()
        return Platform.open()

    platform = move(FIRST + timedelta(seconds=5))
    init(*snowflake(platform.settings, "bench"))
    with launch.instance(platform) as opened:
        for number in range(-1, 16):
            platform = move(FIRST + number * SLOT + timedelta(seconds=5))
            launch.require_success(launch.collect_now(opened, platform))
            if number == 0:
                for job in ("events", "history"):
                    launch.require_success(launch.run_span(opened, job, FIRST - HOUR, FIRST))
                _stages(opened, platform, list(STAGES))
        launch.require_success(launch.run_span(opened, "collect_sle", FIRST, FIRST + HOUR))
        corrected = _stages(opened, platform, hourly)
        for number in range(16, 28):
            platform = move(FIRST + number * SLOT + timedelta(seconds=5))
            launch.require_success(launch.collect_now(opened, platform))
        launch.require_success(launch.run_span(opened, "collect_sle", FIRST + HOUR, FIRST + 2 * HOUR))
        costs = _stages(opened, platform, hourly)
        apart = {}
        for name in daily:
            with counted() as cost:
                for *_, outcome in launch.aggregate(opened, platform, [name], None):
                    launch.require_success(outcome)
            cost.statements = [s for s in cost.statements if "LIMIT 1" not in s]
            apart[name] = cost
    print(f"sites {SITES}, circuits {world.truth_circuits().height}")
    _tell("with a correction", corrected)
    hour_cost = _tell("an hour of data", costs)
    _tell("once a day", apart)
    most = max(hour_cost.tables().values())
    print(f"statements an hour {len(hour_cost.statements)}, bound {MOST_STATEMENTS}; "
          f"most a table {most}, bound {MOST_A_TABLE}")  # fmt: skip
    return len(hour_cost.statements) < MOST_STATEMENTS and most <= MOST_A_TABLE


@contextmanager
def stand_in() -> Iterator[int]:
    """The local stand-in for Snowflake in a process of its own; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = [sys.executable, "-m", "mistwan_dagster.simulator.local_snowflake", str(port)]
    child = subprocess.Popen(server)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        child.terminate()
        child.wait(10)


def main() -> int:
    """0 when both bounds hold."""
    with tempfile.TemporaryDirectory() as folder, stand_in() as port, served(SITES) as cloud:
        return 0 if measure(Path(folder) / "home", cloud, port) else 1


if __name__ == "__main__":
    sys.exit(main())
