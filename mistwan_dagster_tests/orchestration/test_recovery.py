"""Lake and warehouse hold the same tables, and either comes back from the other, file by file and row by row."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    API_USAGE_HOUR,
    DIM_CIRCUIT,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    TABLES,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.orchestration import hourly, recovery
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import HOURLY, PERIOD_STAGES, WINDOWS
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster_tests.end_to_end.conftest import NOW
from mistwan_dagster_tests.end_to_end.figures import NO_FIGURES, assert_same, published
from mistwan_dagster_tests.end_to_end.previous_home import unpack

Files = dict[tuple[str, str], pl.DataFrame]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose warehouse was filled from its lake by this program."""
    home = unpack(tmp_path_factory.mktemp("filled")).home
    shutil.rmtree(home / "warehouse")
    recovery.reload(of(home))
    return home


def of(home: Path) -> Platform:
    return Platform(Settings(mistwan_home=home, mistwan_now=NOW, _env_file=None))


@pytest.fixture
def platform(filled: Path, tmp_path: Path) -> Platform:
    return of(shutil.copytree(filled, tmp_path / "home"))


def lake_files(platform: Platform) -> Files:
    """Table and label -> rows, of the files that have any."""
    found = {}
    for table in recovery.LAKE_TABLES:
        for label in platform.kpi.labels(table.name):
            rows = platform.kpi.read(table.name, label)
            if rows is not None and rows.height:
                found[(table.name, label)] = table.conform(rows.lazy()).collect().sort(table.key)
    return found


def test_a_lost_warehouse_is_filled_with_all_that_the_lake_holds(platform: Platform) -> None:
    before, stored = published(platform.settings.home), Counter[str]()
    for (table, _), rows in lake_files(platform).items():
        stored[table] += rows.height
    assert {n: rows.height for n, rows in before.items() if rows.height and n != "dim_hour"} == {
        name: count for name, count in stored.items() if name not in NO_FIGURES
    }
    hours = platform.kpi.labels(FACT_CIRCUIT_HOUR.name)
    assert [f"{h:%Y-%m-%dT%H}" for h in before["dim_hour"]["hour_utc"]] == hours
    shutil.rmtree(platform.settings.warehouse)
    again = of(platform.settings.home)
    assert recovery.needs_reload(again)
    hour = HOURLY.stale(again)[0]
    HOURLY.begin(again, "run", hour, HOURLY.end(hour))
    again.kpi.confirm_pending("run")
    recovery.reload(again)
    assert not recovery.needs_reload(again)
    assert hour not in HOURLY.stale(again), "of this version, so nothing is computed again"
    assert_same(published(platform.settings.home), before)


def test_a_reload_that_is_cut_off_is_done_again(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    before = published(platform.settings.home)
    shutil.rmtree(platform.settings.warehouse)
    monkeypatch.setattr(recovery, "ROWS_AT_ONCE", 200)
    load, calls = DuckDBWarehouse.load, list[int]()

    def killed(self: DuckDBWarehouse, loads: list[Load]) -> object:
        calls.append(len(loads))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return load(self, loads)

    with monkeypatch.context() as patch:
        patch.setattr(DuckDBWarehouse, "load", killed)
        with pytest.raises(KeyboardInterrupt):
            recovery.reload(of(platform.settings.home))
    again = of(platform.settings.home)
    assert not again.warehouse.is_new
    assert recovery.needs_reload(again)
    recovery.reload(again)
    assert_same(published(platform.settings.home), before)


def test_a_warehouse_that_a_load_began_anew_is_filled_too(platform: Platform) -> None:
    before = published(platform.settings.home)
    shutil.rmtree(platform.settings.warehouse)
    again = of(platform.settings.home)
    newest = before[FACT_CIRCUIT_HOUR.name].filter(pl.col("hour_utc") == pl.col("hour_utc").max())
    hour = newest["hour_utc"][0].replace(tzinfo=UTC)
    again.warehouse.load([Load(FACT_CIRCUIT_HOUR, newest, hour, hour + recovery.HOUR)])
    again.warehouse.publish()
    assert recovery.needs_reload(again)
    recovery.reload(again)
    assert not recovery.needs_reload(again)
    assert_same(published(platform.settings.home), before)


def test_a_lost_lake_gets_every_file_back_and_nothing_is_computed_from_less(platform: Platform) -> None:
    before, figures = lake_files(platform), published(platform.settings.home)
    kinds = {type_ for type_, _ in before}
    assert {FACT_CIRCUIT_HOUR.name, AGG_CIRCUIT_PERIOD.name, "agg_circuit_window", "dim_circuit"} <= kinds
    shutil.rmtree(platform.settings.lake)
    again = of(platform.settings.home)
    written = recovery.unload(again)
    after = lake_files(again)
    assert {k: v.height for k, v in after.items()} == {k: v.height for k, v in before.items()}
    for key, rows in before.items():
        assert_frame_equal(after[key], rows)
    assert written[FACT_CIRCUIT_HOUR.name] == len(
        [1 for table, _ in before if table == FACT_CIRCUIT_HOUR.name]
    )
    for stage in (HOURLY, WINDOWS, *PERIOD_STAGES.values()):
        assert stage.stale(again) == [], stage.name
    assert recovery.unload(again) == {}, "what is there is left alone"
    recovery.reload(again)
    assert_same(published(platform.settings.home), figures)


def test_a_lost_table_comes_back_and_hours_with_raw_answers_are_computed_again(platform: Platform) -> None:
    hours = len(list(HOURLY.candidates(platform)))
    assert hours > 3
    labels = platform.kpi.labels(AGG_CIRCUIT_PERIOD.name)
    shutil.rmtree(platform.kpi.root / AGG_CIRCUIT_PERIOD.name)
    shutil.rmtree(platform.kpi.root / "circuit_status_hour")
    assert recovery.unload(platform) == {AGG_CIRCUIT_PERIOD.name: len(labels)}
    assert platform.kpi.labels(AGG_CIRCUIT_PERIOD.name) == labels
    assert len(HOURLY.stale(platform)) == hours


def test_without_a_published_warehouse_only_a_backup_helps(tmp_path: Path) -> None:
    empty = of(tmp_path / "home")
    with pytest.raises(UserError, match=r"nothing is published.*restore it from a backup"):
        recovery.unload(empty)


def test_every_table_of_the_warehouse_has_a_layout_or_is_one_file() -> None:
    spanned = {t.name for t in recovery.LAKE_TABLES if recovery.layout(t)}
    assert {t.name for t in TABLES.values() if t.span} - spanned == {"dim_hour", "load_ledger"}
    assert API_USAGE_HOUR.name in NO_FIGURES


# --- what outlives its evidence -----------------------------------------------------------------------------


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 3, 3, hour, minute, tzinfo=UTC)


def outage(circuit: str, start: datetime, end: datetime | None) -> dict[str, object]:
    minutes = None if end is None else (end - start).total_seconds() / 60
    return {"site_id": "s", "circuit_id": circuit, "start_utc": start, "end_utc": end, "kind": "link",
            "evidence": "event", "duration_minutes": minutes, "unknown_minutes": 0.0}  # fmt: skip


def test_outages_stay_when_retention_or_a_loss_took_their_pieces(tmp_path: Path) -> None:
    platform = of(tmp_path / "home")
    circuits = pl.DataFrame(
        [{"site_id": "s", "circuit_id": c, "device_mac": "d", "port_id": c, "valid_from": at(0), "is_current": True}
         for c in ("a", "b")],
        schema_overrides=DIM_CIRCUIT.schema,
    )  # fmt: skip
    platform.kpi.write(DIM_CIRCUIT.name, DIM_CIRCUIT.conform(circuits.lazy()).collect())
    known = [outage("a", at(3), at(4)), outage("b", at(5, 30), at(6, 20)), outage("a", at(6, 10), at(6, 15))]
    frame = pl.DataFrame(known, schema=FACT_CIRCUIT_OUTAGE.schema)
    platform.kpi.write(FACT_CIRCUIT_OUTAGE.name, frame)
    assert hourly.compute_outages(platform, None) == 3, "no piece is left: all stay"

    pieces = pl.DataFrame(
        [
            {
                "circuit_id": "b",
                "kind": "link",
                "start": at(6),
                "end": at(6, 40),
                "evidence": "event",
                "hour_utc": at(6),
            }
        ],
        schema_overrides=dict.fromkeys(("start", "end", "hour_utc"), FACT_CIRCUIT_OUTAGE.schema["start_utc"]),
    )
    for hour in (6, 7):
        platform.kpi.write(hourly.DOWN_PIECES, pieces if hour == 6 else pieces.clear(), hour_label(at(hour)))
        platform.kpi.write(hourly.STATUS, pl.DataFrame(), hour_label(at(hour)))
    hourly.compute_outages(platform, None)
    found = platform.kpi.read(FACT_CIRCUIT_OUTAGE.name)
    assert found is not None
    assert found.select("circuit_id", "start_utc", "end_utc", "duration_minutes").rows() == [
        ("a", at(3), at(4), 60.0),
        ("b", at(5, 30), at(6, 40), 70.0),
    ], "the piece at 6:00 goes on what began at 5:30; that of a at 6:10 was not found again"
