"""The whole lineage in one picture, `graph.txt`: keys, groups, partitions, dependencies, jobs, crons, sensors.

A change of the graph shows as a diff of that file. `make generate` writes it anew.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from mistwan_dagster.catalog.endpoint import Scope
from mistwan_dagster.catalog.endpoints import ENDPOINTS
from mistwan_dagster.catalog.sle_endpoints import WORST_SITES_SLE
from mistwan_dagster.catalog.tables import LOAD_LEDGER, TABLES, Table
from mistwan_dagster.definitions import defs
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.jobs import HISTORY_ENDPOINTS, JOBS
from mistwan_dagster.orchestration.schedules import SCHEDULES
from mistwan_dagster.orchestration.sensors import SENSORS

GRAPH = defs.resolve_asset_graph()

UNITS = {"0 * * * *": "hour", "0 0 * * *": "day", "0 0 * * 1": "week", "0 0 1 * *": "month"}


SNAPSHOT = Path(__file__).with_name("graph.txt")


def described(key: dg.AssetKey) -> str:
    node = GRAPH.get(key)
    unit = (
        UNITS[node.partitions_def.cron_schedule]
        if isinstance(node.partitions_def, dg.TimeWindowPartitionsDefinition)
        else "whole"
    )
    parents = sorted(k.to_user_string() for k in node.parent_keys)
    return "\n".join([f"{key.to_user_string()}  {node.group_name}, {unit}", *(f"    {p}" for p in parents)])


def picture() -> str:
    """Every asset with its group, partitions and what it depends on; then jobs, schedules and sensors."""
    assets = sorted(GRAPH.get_all_asset_keys(), key=lambda k: k.to_user_string())
    jobs = [f"job {job.name}" for job in JOBS]
    schedules = [f"schedule {s.name}  {s.cron_schedule}" for s in SCHEDULES]
    sensors = [f"sensor {s.name}" for s in defs.sensors or []]
    return "\n".join([*map(described, assets), "", *jobs, "", *schedules, "", *sensors]) + "\n"


def test_the_graph_is_what_it_was() -> None:
    assert picture() == SNAPSHOT.read_text(encoding="utf-8"), (
        "the graph changed: run `make generate`, read the diff"
    )


def test_published_depends_on_every_load() -> None:
    loads = {k for k in GRAPH.get_all_asset_keys() if k.path[0] == "warehouse"}
    assert loads <= GRAPH.get(dg.AssetKey("published")).parent_keys


def loads_of(table: Table) -> set[str]:
    """A table of several kinds of periods has a load for each, unless it is loaded whole."""
    if "period" not in table.schema or table.span is None:
        return {table.name}
    name = table.name if "period" in table.name else f"{table.name}_period"
    return {name.replace("period", kind) for kind in ("day", "week", "month")}


def test_every_endpoint_has_an_asset_and_every_table_a_load() -> None:
    names = {k.to_user_string() for k in GRAPH.get_all_asset_keys()}
    assert {n.removeprefix("raw/") for n in names if n.startswith("raw/")} == set(ENDPOINTS)
    loaded = {n.removeprefix("warehouse/") for n in names if n.startswith("warehouse/")}
    assert loaded == {name for table in TABLES.values() if table != LOAD_LEDGER for name in loads_of(table)}


def test_from_every_endpoint_a_path_leads_to_the_published_copy() -> None:
    for start in (k for k in GRAPH.get_all_asset_keys() if k.path[0] == "raw"):
        reached, frontier = set(), {start}
        while frontier:
            reached |= frontier
            frontier = {c for k in frontier for c in GRAPH.get(k).child_keys} - reached
        assert dg.AssetKey("published") in reached, start


def test_the_lineage_is_one_graph_that_begins_at_the_endpoints_and_ends_with_the_reports() -> None:
    assets = GRAPH.get_all_asset_keys()
    ends = {k.to_user_string() for k in assets if not GRAPH.get(k).child_keys}
    compaction = {"raw_compaction"}  # changes files, no figure
    assert ends == {"daily_report_delivery", "monthly_report_delivery"} | compaction
    begins = {k.to_user_string() for k in assets if not GRAPH.get(k).parent_keys}
    own_ledger = {"api_usage_hour"}  # calls that were made here, which no endpoint tells
    assert {name for name in begins if not name.startswith("raw/")} == own_ledger
    joined, frontier = set(), {dg.AssetKey("published")}
    while frontier:
        joined |= frontier
        frontier = {n for k in frontier for n in GRAPH.get(k).parent_keys | GRAPH.get(k).child_keys} - joined
    assert joined == assets


def test_no_step_lists_every_partition_of_what_it_reads() -> None:
    """Dagster's default for what has no partitions itself, an asset or a check; 2023 until now are 30,000 hours."""
    for key in GRAPH.get_all_asset_keys():
        for parent in GRAPH.get(key).parent_keys:
            if GRAPH.get(parent).partitions_def is not None:
                mapping = GRAPH.get_partition_mapping(key, parent)
                assert not isinstance(mapping, dg.AllPartitionMapping), (key, parent)
    for check in GRAPH.asset_check_keys:
        of_asset = GRAPH.get(check.asset_key).partitions_def
        assert (GRAPH.get(check).partitions_def is None) == (of_asset is None), check


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_resolves(job: dg.UnresolvedAssetJobDefinition) -> None:
    assert defs.resolve_job_def(job.name).name == job.name


def test_the_daemon_can_load_all_of_it() -> None:
    """It refuses a job and an asset's op of one name, which nothing else here does."""
    defs.get_repository_def().load_all_definitions()


def test_it_loads_without_what_only_some_runs_use() -> None:
    """Each run and each command loads it."""
    late = (
        "matplotlib",
        "mistapi",
        "requests",
        "pandas",
        "pyarrow",
        "snowflake.connector",
        "dash",
        "apprise",
    )
    code = f"import sys, mistwan_dagster.definitions; print([m for m in {late} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_sensors_ask_only_for_jobs_that_can_be_repeated() -> None:
    asked = [
        "hourly",
        "alarms",
        "sle",
        "windows",
        "daily",
        "weekly",
        "monthly",
        "rolling",
        "chronic",
        "latest",
    ]
    assert {s.name: (s.default_status, sorted(j.name for j in s.jobs)) for s in SENSORS} == {
        "backfill": (dg.DefaultSensorStatus.RUNNING, sorted(["collect", "events", "history", *asked])),
        "late_data": (dg.DefaultSensorStatus.RUNNING, sorted(asked)),
    }


def test_what_tells_the_past_says_so_and_what_is_read_for_all_sites_is_asked_for_by_a_job() -> None:
    asked = {e.name for e in HISTORY_ENDPOINTS}
    on_demand = {e.name for e in ENDPOINTS.values() if e.scope in (Scope.SITE, Scope.GATEWAY)}
    told_otherwise = {WORST_SITES_SLE.name}  # of the past the scores of all sites tell the same and more
    assert asked == {e.name for e in ENDPOINTS.values() if e.history_hours} - on_demand - told_otherwise
    for endpoint in ENDPOINTS.values():
        node = GRAPH.get(raw_key(endpoint))
        told = str(node.metadata["backfill"])
        asked_by_partition = node.partitions_def is not None and bool(endpoint.history_hours)
        assert asked_by_partition == ("hours back" in told), endpoint.name
        assert asked_by_partition or told.startswith("none"), endpoint.name


if __name__ == "__main__":
    SNAPSHOT.write_text(picture(), encoding="utf-8")
