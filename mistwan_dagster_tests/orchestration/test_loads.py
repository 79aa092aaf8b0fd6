"""What goes into one load: a day of hours, and with it the tables that are one file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mistwan_dagster.catalog.tables import DIM_HOUR, DIM_SITE, FACT_CIRCUIT_HOUR
from mistwan_dagster.orchestration.assets.warehouse import (
    HOURLY_TABLES,
    WHOLE_TABLES,
    _of_hours,
    computes_whole,
    load_hourly,
    load_keys,
)
from mistwan_dagster.orchestration.jobs import COMPUTED_BY
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse
from mistwan_dagster.warehouse.port import Load, Loaded

START = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[Load]]:
    """What was loaded, load by load; nothing is."""
    found: list[list[Load]] = []

    def load(_: DuckDBWarehouse, wanted: list[Load]) -> dict[str, Loaded]:
        found.append(wanted)
        return {one.table.name: Loaded() for one in wanted}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path))
    monkeypatch.setattr(DuckDBWarehouse, "load", load)
    return found


@pytest.mark.usefixtures("loads")
def test_fourteen_days_of_facts_are_fourteen_loads() -> None:
    found = list(_of_hours(Platform.open(), [FACT_CIRCUIT_HOUR], START, START + 14 * DAY))
    assert [[(x.start, x.end) for x in one] for one in found] == [
        [(START + n * DAY, START + (n + 1) * DAY)] for n in range(14)
    ]


def test_the_first_load_of_a_range_brings_what_is_one_file(loads: list[list[Load]]) -> None:
    end = START + timedelta(hours=25)
    tags = range_tags("hourly", START, end)
    done = dg.materialize([load_hourly], resources={"platform": PlatformResource()}, tags=tags)
    assert done.success
    spans = [next((x.start, x.end) for x in one if x.table == FACT_CIRCUIT_HOUR) for one in loads]
    assert spans == [(START, START + DAY), (START + DAY, end)]
    assert [any(x.table == DIM_SITE for x in one) for one in loads] == [True, False]


def test_a_run_without_hours_loads_what_is_one_file(loads: list[list[Load]]) -> None:
    selection = load_keys(WHOLE_TABLES)
    done = dg.materialize([load_hourly], selection=selection, resources={"platform": PlatformResource()})
    assert done.success
    assert [{x.table for x in one} for one in loads] == [set(WHOLE_TABLES)]


def test_imported_hours_are_loaded_without_what_is_one_file(loads: list[list[Load]]) -> None:
    selection = load_keys([*HOURLY_TABLES, DIM_HOUR])
    tags = range_tags("load", START, START + timedelta(hours=2))
    done = dg.materialize(
        [load_hourly], selection=selection, resources={"platform": PlatformResource()}, tags=tags
    )
    assert done.success
    assert [{x.table for x in one} for one in loads] == [{*HOURLY_TABLES, DIM_HOUR}]


ALL = COMPUTED_BY["hourly"][1]
SOME = frozenset({dg.AssetKey(FACT_CIRCUIT_HOUR.name)})


def again(**more: Any) -> dg.DagsterRun:
    """A run that repeats an earlier one, from where that failed when it names its steps."""
    return dg.DagsterRun("hourly", root_run_id="earlier", parent_run_id="earlier", **more)


@pytest.mark.parametrize(
    ("run", "whole"),
    [
        (dg.DagsterRun("hourly"), True),
        (
            dg.DagsterRun("hourly", step_keys_to_execute=["measure_hours", "fact_circuit_hour", "published"]),
            True,
        ),
        (again(step_keys_to_execute=["fact_circuit_hour", "published"]), False),
        (again(), True),
        (dg.DagsterRun("__ASSET_JOB", asset_selection=ALL | set(load_keys([FACT_CIRCUIT_HOUR]))), True),
        (dg.DagsterRun("hourly", asset_selection=SOME), False),
        (dg.DagsterRun("windows"), False),
    ],
)
def test_only_a_run_of_all_of_a_stage_records_its_partitions(
    tmp_path: Path, run: dg.DagsterRun, whole: bool
) -> None:
    kpi = Platform(Settings(mistwan_home=tmp_path, _env_file=None)).kpi
    kpi.note_pending(run.run_id, "hourly", "h", "inputs of now")
    kpi.note_pending(run.run_id, "alert_tables", "all", "digest")
    assert kpi.confirm_pending(run.run_id, partial(computes_whole, run)) == 1 + whole
    assert kpi.stamp("hourly", "h") == ("inputs of now" if whole else None)
    assert kpi.stamp("alert_tables", "all") == "digest"
    assert kpi.pending_runs() == []
