"""The same jobs on a lake on disk and on one in S3: the same figures; and two processes on one lake in S3 at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    ENDPOINTS,
    PATH_STATS,
    PORT_STATS,
    SERIES,
)
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.exchange import export_table
from mistwan_dagster.lake.compaction import compact_days, sweep
from mistwan_dagster.lake.files import remove_tree, visible
from mistwan_dagster.lake.kpi import KpiLake
from mistwan_dagster.lake.raw import HOUR, SLOT
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.reports import HOURLY_REPORTS
from mistwan_dagster.orchestration.check import _lake
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.hourly import BACKUP_SAMPLES, DOWN_PIECES, SIGHTINGS
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World
from mistwan_dagster_tests.s3_server import Store, store

__all__ = ["store"]

START = datetime(2025, 3, 4, tzinfo=UTC)
FIRST, MIDDLE, NOW = START - 3 * HOUR, START - HOUR, START + timedelta(hours=1, minutes=10)
COMPUTED = ["hourly", "windows", "daily"]
HOURLY_KEYS = [key for asset in (*KPI_ASSETS, *HOURLY_REPORTS) for key in asset.keys]
HOURLY_TABLES = {*(key.path[-1] for key in HOURLY_KEYS), BACKUP_SAMPLES, DOWN_PIECES, SIGHTINGS}

RANGE = """
import sys, time
from datetime import datetime
from mistwan_dagster.orchestration import build, launch
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.reports import HOURLY_REPORTS
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranges import range_tags

span = tuple(map(datetime.fromisoformat, sys.argv[1:]))
keys = [key for asset in (*KPI_ASSETS, *HOURLY_REPORTS) for key in asset.keys]
with launch.instance(Platform.open()) as opened:
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    launch.require_success(launch.run_job(opened, "hourly", range_tags("hourly", *span), assets=keys))
    print(began, time.monotonic())
"""
"""The hourly job over a range of hours, without its loads, when it is told to begin."""


@dataclass
class Side:
    """A cloud of its own and the settings of a platform on it: else they would count each other's calls."""

    cloud: Running
    folder: Path
    more: dict[str, str]

    @property
    def settings(self) -> dict[str, str]:
        return {
            "MISTWAN_HOME": str(self.folder / "home"),
            "MISTWAN_CIRCUITS_FILE": str(self.folder / "circuits.csv"),
            "MIST_API_BASE_URL": self.cloud.base_url,
            "MIST_API_TOKEN": self.cloud.token,
            "MIST_ORG_ID": self.cloud.org_id,
            **self.more,
        }

    @contextmanager
    def at(self, now: datetime) -> Iterator[Platform]:
        """Its platform at an instant."""
        self.cloud.clock.set(now)
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(self.folder)
            for name, value in {**self.settings, "MISTWAN_NOW": now.isoformat()}.items():
                patched.setenv(name, value)
            yield Platform.open()

    def collect(self) -> None:
        """By the jobs: a slot, and the history before it; then slots for an hour and a bit."""
        with self.at(START) as platform, launch.instance(platform) as opened:
            launch.require_success(launch.collect_now(opened, platform))
            launch.require_success(launch.run_span(opened, "history", FIRST, START))
        slot = START + SLOT
        while slot < NOW:
            with self.at(slot + timedelta(seconds=7)) as platform:
                for endpoint in (PORT_STATS, PATH_STATS, DEVICE_STATS):
                    assert collect_snapshot(platform, endpoint, slot).complete
                assert collect_events(platform).complete
            slot += SLOT

    def compute(self) -> list[tuple[str, datetime, datetime]]:
        """By the jobs: what is stale, loaded and published."""
        done = []
        with self.at(NOW) as platform, launch.instance(platform) as opened:
            for name, start, end, outcome in launch.aggregate(opened, platform, COMPUTED, None):
                launch.require_success(outcome)
                done.append((name, start, end))
        return done


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[dict[str, Side]]:
    more = {"disk": {}, "s3": {"MISTWAN_LAKE_URL": store.new_bucket()}}
    with ExitStack() as clouds:
        found = {}
        for name, settings in more.items():
            cloud = clouds.enter_context(running(World(seed=59, sites=2), clock=Clock(START)))
            folder = tmp_path_factory.mktemp(name)
            (folder / "circuits.csv").write_text(cloud.world.circuits_csv())
            found[name] = Side(cloud, folder, settings)
        yield found


@pytest.fixture(scope="module")
def computed(sides: dict[str, Side]) -> dict[str, list[tuple[str, datetime, datetime]]]:
    for side in sides.values():
        side.collect()
    return {name: side.compute() for name, side in sides.items()}


def raw_rows(platform: Platform) -> dict[str, pl.DataFrame]:
    """Every raw row, without the instant of its arrival."""
    raw, found = platform.raw, {}
    for endpoint in ENDPOINTS.values():
        scan = raw.scan_snapshots if endpoint.in_slots else raw.scan_events
        found[endpoint.name] = (raw.scan_series if endpoint in SERIES else scan)(endpoint, FIRST, NOW + HOUR)
    return {name: rows.drop("received_at", strict=False).collect() for name, rows in found.items()}


def figures(lake: KpiLake) -> dict[str, pl.DataFrame]:
    """Every computed partition."""
    found = {}
    for table in visible(lake.root, ""):
        for label in lake.labels(table.name):
            frame = lake.read(table.name, label)
            assert frame is not None
            found[f"{table.name}/{label}"] = frame
    return found


def in_order(frame: pl.DataFrame) -> list[str]:
    """Its rows; partitions are sets, and threads bring some in another order each time."""
    return sorted(map(repr, frame.rows()))


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    assert sorted(found) == sorted(expected)
    assert {name: frame.schema for name, frame in found.items()} == {n: f.schema for n, f in expected.items()}
    assert [name for name in found if in_order(found[name]) != in_order(expected[name])] == []


def test_the_same_jobs_bring_the_same_rows_and_figures(
    sides: dict[str, Side], computed: dict[str, list[tuple[str, datetime, datetime]]]
) -> None:
    assert computed["s3"] == computed["disk"]
    assert {name for name, _, _ in computed["s3"]} == set(COMPUTED)
    with sides["disk"].at(NOW) as platform:
        rows, expected = raw_rows(platform), figures(platform.kpi)
        reports = platform.raw.reports(PORT_STATS, START, NOW + HOUR)
        assert rows[PORT_STATS.name].height > 0
        assert rows[SERIES[0].name].height > 0
        assert rows[DEVICE_EVENTS.name].height > 0
        assert expected["fact_circuit_hour/2025-03-04T00"]["utilization_pct"].null_count() == 0
    with sides["s3"].at(NOW) as platform:
        assert_same(raw_rows(platform), rows)
        assert_same(figures(platform.kpi), expected)
        assert platform.raw.reports(PORT_STATS, START, NOW + HOUR) == reports
        assert [name for name in COMPUTED if STAGES[name].stale(platform)] == []
        assert _lake(platform) == f"{platform.settings.mistwan_lake_url} is written, read and deleted from"
        assert not (platform.settings.home / "lake").exists()
        assert not list(platform.settings.state.rglob("computed"))
    assert sides["s3"].compute() == [], "nothing is stale"


def test_the_warehouses_loaded_from_them_tell_the_same(
    sides: dict[str, Side], computed: dict[str, list[tuple[str, datetime, datetime]]], tmp_path: Path
) -> None:
    assert computed
    told = {}
    for name, side in sides.items():
        with side.at(NOW) as platform:
            reader, files = platform.published, {}
            for table in ("fact_circuit_hour", "agg_circuit_window", "agg_circuit_period", "v_circuit_state"):
                path = tmp_path / f"{name}-{table}.csv"
                files[table] = (export_table(reader, table, "csv", path), path.read_text())
            hours = reader.query("SELECT count(DISTINCT hour_utc) AS n FROM fact_circuit_hour").item()
            told[name] = (files, hours)
    assert told["s3"] == told["disk"]
    assert told["s3"][1] == 4
    assert told["s3"][0]["agg_circuit_period"][0] > 0


def test_the_statement_of_the_plan_rolls_days_up_like_the_platform(
    sides: dict[str, Side], computed: dict[str, list[tuple[str, datetime, datetime]]]
) -> None:
    assert computed
    plan = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
    statement = plan.split("<!-- rollup -->")[1].split("\n\n")[0]
    with sides["s3"].at(NOW) as platform:
        rolled = platform.published.query(f"SELECT * FROM ({statement}) ORDER BY circuit_id, day")
        days = platform.published.query(
            "SELECT *, CAST(period_start_utc AS DATE) AS day FROM agg_circuit_period WHERE period = 'day' "
            "ORDER BY circuit_id, day"
        )
    assert rolled["day"].n_unique() == 2
    assert rolled["utilization_p95_pct"].null_count() < rolled.height
    assert_frame_equal(days.select(rolled.columns), rolled, check_dtypes=False, rel_tol=1e-9)


def test_two_processes_compute_ranges_of_one_lake_at_the_same_time(
    sides: dict[str, Side],
    computed: dict[str, list[tuple[str, datetime, datetime]]],
    store: Store,
    tmp_path: Path,
) -> None:
    """This process and another one, with a home of its own as on another machine."""
    assert computed
    with sides["disk"].at(NOW) as platform:
        expected = figures(platform.kpi)
    side = sides["s3"]
    with side.at(NOW) as platform, launch.instance(platform) as opened:
        for table in HOURLY_TABLES:
            remove_tree(platform.kpi.root / table)
        assert platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, FIRST, NOW) is None
        (tmp_path / "dagster").symlink_to(platform.settings.dagster_home)  # as a shared Postgres would be
        there = {"MISTWAN_HOME": str(tmp_path), "HOME": str(tmp_path), "MISTWAN_NOW": NOW.isoformat()}
        other = subprocess.Popen(
            [sys.executable, "-c", RANGE, FIRST.isoformat(), MIDDLE.isoformat()],
            env={**store.environment, **side.settings, **there},
            cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("begin\n")
        other.stdin.flush()
        began = time.monotonic()
        outcome = launch.run_job(
            opened, "hourly", range_tags("hourly", MIDDLE, START + HOUR), assets=HOURLY_KEYS
        )
        ended = time.monotonic()
        told, errors = other.communicate(timeout=600)
        launch.require_success(outcome)
        assert other.returncode == 0, errors
        its_beginning, its_end = map(float, told.split())
        assert max(began, its_beginning) < min(ended, its_end), "they did not work at the same time"
        assert_same(figures(platform.kpi), expected)


def test_compaction_and_the_loss_of_the_small_objects_change_no_reading_and_make_nothing_stale(
    sides: dict[str, Side], computed: dict[str, list[tuple[str, datetime, datetime]]]
) -> None:
    assert computed
    side, later = sides["s3"], NOW + timedelta(days=4)
    with side.at(NOW) as platform:
        rows = raw_rows(platform)
        keys = set(platform.settings.lake.fs.find((platform.settings.lake / "raw" / PORT_STATS.name).path))
    with side.at(later) as platform:
        assert PORT_STATS.raw_name in {done.name for done in compact_days(platform.raw, later)}
        assert sweep(platform.raw, later + HOUR) >= len(keys)
    with side.at(NOW) as platform:
        left = set(platform.settings.lake.fs.find((platform.settings.lake / "raw" / PORT_STATS.name).path))
        assert [key.rsplit("/", 1)[1] for key in sorted(left)] == ["2025-03-04.000001.parquet"]
        assert not left & keys
        assert_same(raw_rows(platform), rows)
        assert STAGES["hourly"].stale(platform) == []
