"""`kill -9` at a random instant: the same command again gives the rows of an undisturbed run.

`MISTWAN_TEST_KILLS` is the number of kills of each command.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import dagster as dg
import polars as pl
import pytest

from mistwan_dagster.catalog.cloud_endpoints import API_USAGE
from mistwan_dagster.catalog.endpoints import EVENTS, SERIES, SNAPSHOTS
from mistwan_dagster.lake.raw import RawLake, floor_slot
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import running
from mistwan_dagster.simulator.world import World
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB

from .conftest import NOW, Cli

KILLS = int(os.environ.get("MISTWAN_TEST_KILLS", "2"))
SEED = 20250304
AT_REST = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
SLOT = floor_slot(NOW)
EARLY, LATE, END = ("2025-03-04T07:00Z", "2025-03-04T08:00Z", "2025-03-04T10:00Z")

COMPARED = [e for e in SNAPSHOTS if e is not API_USAGE]
"""The use of the API is another after a kill: it counts the calls that were made."""

PUBLISHED_TOGETHER = {
    "hourly": [
        *("fact_circuit_hour", "fact_path_hour", "fact_device_event", "dim_hour"),
        *("dim_site", "dim_circuit", "fact_circuit_outage", "fact_failover"),
    ],
    "windows": ["agg_circuit_window", "agg_region_window"],
    **{
        period: [f"{t} WHERE period = '{period}'" for t in ("agg_circuit_period", "agg_region_period")]
        for period in ("day", "week", "month")
    },
}
"""Tables that one stage loads and publishes: a reader sees them all as before, or all anew."""

Published = dict[str, tuple[int, ...]]


@dataclass
class Home:
    """A `MISTWAN_HOME` of a trial and what can be read from it without the command."""

    cli: Cli

    @property
    def path(self) -> Path:
        return self.cli.home

    def published(self) -> Published | None:
        """Digest of each group of tables in one published version, None when nothing is published."""
        reader = PublishedDuckDB(self.path / "warehouse")
        while (version := reader.version()) is not None:
            found = {n: tuple(_digest(reader, t) for t in group) for n, group in PUBLISHED_TOGETHER.items()}
            if reader.version() == version:
                return found
        return None

    def raw(self) -> dict[str, list[object]]:
        """Every raw row, and the dimensions drawn from them, without the instant of arrival."""
        lake = RawLake(self.path / "lake")
        frames = {e.name: lake.scan_snapshots(e, SLOT, SLOT + timedelta(minutes=5)) for e in COMPARED}
        day = (NOW - timedelta(days=2), NOW)
        frames |= {e.name: lake.scan_series(e, *day) for e in SERIES}
        frames |= {e.name: lake.scan_events(e, *day) for e in EVENTS}
        kpi = self.path / "lake" / "kpi"
        for name in ("dim_site", "dim_circuit"):
            frames[name] = pl.scan_parquet(kpi / name / "all.parquet")
        return {
            **{n: _sorted(f.drop("received_at", strict=False).collect()) for n, f in frames.items()},
            "reports": sorted(f"{lake.reports(e, SLOT, NOW)}" for e in SNAPSHOTS),
            "events read": [lake.coverage(e) for e in EVENTS],
            "left over": sorted(p.name for p in lake.root.rglob("*") if p.name.startswith("span=")),
        }

    def at_rest(self) -> bool:
        """No run is under way or forgotten, and nobody holds the warehouse pool."""
        with dg.DagsterInstance.from_config(str(self.path / "dagster")) as opened:
            statuses = {run.status for run in opened.get_runs()}
            storage = opened.event_log_storage
            pools = [storage.get_concurrency_info(key) for key in storage.get_concurrency_keys()]
        return statuses <= AT_REST and not any(p.active_slot_count or p.pending_step_count for p in pools)

    def stale(self) -> list[str]:
        """Stages that still have something to compute."""
        from mistwan_dagster.orchestration.platform import Platform

        platform = Platform(Settings(mistwan_home=self.path, mistwan_now=NOW, _env_file=None))
        return [name for name, stage in STAGES.items() if stage.stale(platform)]


def _digest(reader: PublishedDuckDB, table: str) -> int:
    return hash(tuple(_sorted(reader.query(f"SELECT * FROM {table}"))))


def _sorted(frame: pl.DataFrame) -> list[object]:
    return sorted(map(repr, frame.rows()))


def killed(cli: Cli, arguments: list[str], after_s: float, begun: Path | None = None) -> bool:
    """Start the command and kill it `after_s` later, counted from when `begun` is there. False: it ended before."""
    process = cli.start(*arguments)
    while begun is not None and not begun.exists() and process.poll() is None:
        Event().wait(0.01)
    try:
        process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


@contextmanager
def watched(home: Home) -> Iterator[list[Published]]:
    """What readers see while the block runs."""
    seen: list[Published] = []
    stop = Event()

    def watch() -> None:
        while not stop.wait(0.25):
            state = home.published()
            if state is not None and state not in seen:
                seen.append(state)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def assert_whole(seen: list[Published], before: Published, after: Published) -> None:
    for state in seen:
        for name, group in state.items():
            assert group in (before[name], after[name]), f"a reader saw half of {name}"


def seconds(cli: Cli, *arguments: str) -> float:
    started = time.monotonic()
    cli.ok(*arguments)
    return time.monotonic() - started


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder = tmp_path_factory.mktemp("kills")
    with running(World(seed=3, sites=3), clock=Clock(NOW)) as cloud:
        circuits = folder / "circuits.csv"
        circuits.write_text(cloud.world.circuits_csv())
        yield Cli(
            folder / "undisturbed",
            {
                "MIST_API_BASE_URL": cloud.base_url,
                "MIST_API_TOKEN": cloud.token,
                "MIST_ORG_ID": cloud.org_id,
                "MISTWAN_CIRCUITS_FILE": str(circuits),
                "MISTWAN_NOW": NOW.isoformat(),
                "MISTWAN_CALL_BUDGET": "100000",
            },
        )


@pytest.mark.parametrize("arguments", [["collect"], ["collect", "--start", LATE, "--end", END]], ids=len)
def test_a_killed_collection_is_made_good_by_the_next(base: Cli, arguments: list[str]) -> None:
    whole = Home(replace(base, home=base.home.with_name("whole")))
    took = seconds(whole.cli, *arguments)
    expected = whole.raw()
    shutil.rmtree(whole.path)
    chance = random.Random(SEED)
    for _ in range(KILLS):
        home = Home(replace(base, home=base.home.with_name("killed")))
        killed(home.cli, arguments, chance.uniform(0, took))
        home.cli.ok(*arguments)
        assert home.raw() == expected
        assert home.at_rest()
        shutil.rmtree(home.path)


@dataclass
class Prepared:
    """A home with an old published version and new raw data, and what the undisturbed aggregation gives."""

    home: Path
    aggregated: Path
    before: Published
    after: Published
    ledger: list[object]
    took: float
    took_load: float


def facts_file(home: Path) -> Path:
    return home / "lake" / "kpi" / "fact_circuit_hour" / f"{datetime.fromisoformat(LATE):%Y-%m-%dT%H}.parquet"


def ledger(home: Home) -> list[object]:
    reader = PublishedDuckDB(home.path / "warehouse")
    return _sorted(reader.query("SELECT DISTINCT table_name FROM load_ledger"))


@pytest.fixture(scope="module")
def prepared(base: Cli) -> Prepared:
    kept = Home(replace(base, home=base.home.with_name("kept")))
    kept.cli.ok("collect", "--start", EARLY, "--end", LATE)
    kept.cli.ok("aggregate")
    kept.cli.ok("collect", "--start", LATE, "--end", END)
    before = kept.published()
    undisturbed = Home(replace(base, home=base.home.with_name("aggregated")))
    shutil.copytree(kept.path, undisturbed.path)
    started = time.monotonic()
    process = undisturbed.cli.start("aggregate")
    while not facts_file(undisturbed.path).exists() and process.poll() is None:
        Event().wait(0.01)
    facts = time.monotonic()
    process.communicate()
    ended = time.monotonic()
    assert process.returncode == 0
    after = undisturbed.published()
    assert before is not None
    assert after is not None
    assert all(before[name] != after[name] for name in PUBLISHED_TOGETHER)
    return Prepared(
        kept.path, undisturbed.path, before, after, ledger(undisturbed), ended - started, ended - facts
    )


@pytest.mark.parametrize("part", ["whole", "load"])
def test_a_killed_aggregation_is_made_good_by_the_next(base: Cli, prepared: Prepared, part: str) -> None:
    chance = random.Random(SEED)
    for _ in range(KILLS):
        home = Home(replace(base, home=base.home.with_name("killed")))
        shutil.copytree(prepared.home, home.path)
        begun = facts_file(home.path) if part == "load" else None
        with watched(home) as seen:
            after_s = chance.uniform(0, prepared.took_load if begun else prepared.took)
            killed(home.cli, ["aggregate"], after_s, begun)
            (rows,) = home.cli.rows("SELECT count(*) AS n FROM fact_circuit_hour")
            assert rows["n"] > 0
            home.cli.ok("aggregate")
        assert_whole(seen, prepared.before, prepared.after)
        assert home.published() == prepared.after
        assert ledger(home) == prepared.ledger
        assert home.stale() == []
        assert home.at_rest()
        shutil.rmtree(home.path)


def test_a_warehouse_that_was_moved_away_is_rebuilt_from_the_lake(base: Cli, prepared: Prepared) -> None:
    home = Home(replace(base, home=prepared.aggregated))
    shutil.rmtree(home.path / "warehouse")
    home.cli.ok("aggregate")
    assert home.published() == prepared.after
    assert home.stale() == []
