"""The whole lineage in one picture: keys, dependencies, partitions, groups, crons. A change shows as a diff here."""

from __future__ import annotations

import dagster as dg
import pytest

from mistwan_dagster.catalog.endpoints import ENDPOINTS
from mistwan_dagster.catalog.tables import LOAD_LEDGER, TABLES
from mistwan_dagster.definitions import defs
from mistwan_dagster.orchestration.jobs import JOBS
from mistwan_dagster.orchestration.schedules import SCHEDULES

GRAPH = defs.resolve_asset_graph()

EXPECTED = {
    "raw/sites": ("raw", "hour", ()),
    "raw/sitegroups": ("raw", "hour", ()),
    "raw/inventory": ("raw", "hour", ()),
    "raw/device_stats": ("raw", "hour", ()),
    "raw/port_stats": ("raw", "hour", ()),
    "raw/path_stats": ("raw", "hour", ()),
    "raw/device_events": ("raw", "hour", ()),
    "raw/insight_bandwidth": ("raw", "hour", ("dim_circuit",)),
    "raw/insight_quality": ("raw", "hour", ("dim_circuit",)),
    "dim_site": ("dimensions", "", ("raw/sitegroups", "raw/sites")),
    "dim_circuit": (
        "dimensions",
        "",
        ("raw/device_stats", "raw/inventory", "raw/path_stats", "raw/port_stats"),
    ),
    "circuit_utilization_hour": (
        "hourly_kpi",
        "hour",
        ("dim_circuit", "raw/device_events", "raw/device_stats", "raw/insight_bandwidth", "raw/port_stats"),
    ),
    "circuit_status_hour": (
        "hourly_kpi",
        "hour",
        ("dim_circuit", "raw/device_events", "raw/device_stats", "raw/path_stats", "raw/port_stats"),
    ),
    "circuit_quality_hour": ("hourly_kpi", "hour", ("dim_circuit", "raw/device_stats", "raw/path_stats")),
    "fact_path_hour": ("hourly_kpi", "hour", ("dim_circuit", "raw/device_stats", "raw/path_stats")),
    "fact_circuit_hour": (
        "hourly_kpi",
        "hour",
        (
            "circuit_quality_hour",
            "circuit_status_hour",
            "circuit_utilization_hour",
            "dim_circuit",
            "dim_site",
            "raw/insight_quality",
        ),
    ),
    "fact_device_event": ("hourly_kpi", "hour", ("dim_circuit", "raw/device_events")),
    "fact_circuit_outage": ("hourly_kpi", "", ("circuit_status_hour", "dim_circuit")),
    "fact_failover": ("hourly_kpi", "", ("dim_circuit", "fact_circuit_hour", "fact_circuit_outage")),
    "agg_window": ("rollups", "hour", ("dim_circuit", "dim_site", "fact_circuit_hour")),
    "agg_day": ("rollups", "day", ("dim_circuit", "dim_site", "fact_circuit_hour")),
    "agg_week": ("rollups", "week", ("dim_circuit", "dim_site", "fact_circuit_hour")),
    "agg_month": ("rollups", "month", ("dim_circuit", "dim_site", "fact_circuit_hour")),
    "agg_rolling_13m": ("rollups", "month", ("agg_month",)),
    "dim_threshold": ("dimensions", "", ("dim_site",)),
    "rpt_chronic_offenders": ("rollups", "day", ("agg_day",)),
    "rpt_congestion_now": ("rollups", "hour", ("dim_circuit", "dim_site", "fact_circuit_hour")),
    "rpt_top_offenders": (
        "rollups",
        "hour",
        ("agg_day", "agg_month", "agg_rolling_13m", "agg_week", "agg_window"),
    ),
    "warehouse/fact_circuit_hour": ("warehouse", "hour", ("fact_circuit_hour",)),
    "warehouse/fact_path_hour": ("warehouse", "hour", ("fact_path_hour",)),
    "warehouse/fact_device_event": ("warehouse", "hour", ("fact_device_event",)),
    "warehouse/dim_hour": ("warehouse", "hour", ("fact_circuit_hour",)),
    "warehouse/dim_site": ("warehouse", "", ("dim_site",)),
    "warehouse/dim_circuit": ("warehouse", "", ("dim_circuit",)),
    "warehouse/dim_threshold": ("warehouse", "", ("dim_threshold",)),
    "warehouse/fact_circuit_outage": ("warehouse", "", ("fact_circuit_outage",)),
    "warehouse/fact_failover": ("warehouse", "", ("fact_failover",)),
    "warehouse/agg_circuit_window": ("warehouse", "hour", ("agg_window",)),
    "warehouse/agg_region_window": ("warehouse", "hour", ("agg_window",)),
    "warehouse/agg_provider_window": ("warehouse", "hour", ("agg_window",)),
    "warehouse/agg_circuit_day": ("warehouse", "day", ("agg_day",)),
    "warehouse/agg_region_day": ("warehouse", "day", ("agg_day",)),
    "warehouse/agg_provider_day": ("warehouse", "day", ("agg_day",)),
    "warehouse/agg_circuit_week": ("warehouse", "week", ("agg_week",)),
    "warehouse/agg_region_week": ("warehouse", "week", ("agg_week",)),
    "warehouse/agg_provider_week": ("warehouse", "week", ("agg_week",)),
    "warehouse/agg_circuit_month": ("warehouse", "month", ("agg_month",)),
    "warehouse/agg_region_month": ("warehouse", "month", ("agg_month",)),
    "warehouse/agg_provider_month": ("warehouse", "month", ("agg_month",)),
    "warehouse/agg_circuit_rolling_13m": ("warehouse", "month", ("agg_rolling_13m",)),
    "warehouse/agg_region_rolling_13m": ("warehouse", "month", ("agg_rolling_13m",)),
    "warehouse/rpt_chronic_offenders": ("warehouse", "day", ("rpt_chronic_offenders",)),
    "warehouse/rpt_congestion_now": ("warehouse", "", ("rpt_congestion_now",)),
    "warehouse/rpt_top_offenders": ("warehouse", "", ("rpt_top_offenders",)),
}
UNITS = {"0 * * * *": "hour", "0 0 * * *": "day", "0 0 * * 1": "week", "0 0 1 * *": "month"}


def described(key: dg.AssetKey) -> tuple[str, str, tuple[str, ...]]:
    node = GRAPH.get(key)
    partitions = node.partitions_def
    unit = (
        UNITS[partitions.cron_schedule] if isinstance(partitions, dg.TimeWindowPartitionsDefinition) else ""
    )
    return node.group_name, unit, tuple(sorted(k.to_user_string() for k in node.parent_keys))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_asset_is_where_and_what_it_was(name: str) -> None:
    assert described(dg.AssetKey(name.split("/"))) == EXPECTED[name]


def test_no_asset_is_unaccounted_for_and_published_depends_on_every_load() -> None:
    names = {key.to_user_string() for key in GRAPH.get_all_asset_keys()}
    assert names == {*EXPECTED, "published"}
    loads = {n for n in EXPECTED if n.startswith("warehouse/")}
    assert {k.to_user_string() for k in GRAPH.get(dg.AssetKey("published")).parent_keys} == loads


def test_every_endpoint_has_an_asset_and_every_table_a_load() -> None:
    assert {n.removeprefix("raw/") for n in EXPECTED if n.startswith("raw/")} == set(ENDPOINTS)
    loaded = {n.removeprefix("warehouse/") for n in EXPECTED if n.startswith("warehouse/")}
    tables = {n.replace("period", p) for n in TABLES for p in ("day", "week", "month")} - {LOAD_LEDGER.name}
    assert loaded == tables


def test_from_every_endpoint_a_path_leads_to_the_published_copy() -> None:
    for name in (n for n in EXPECTED if n.startswith("raw/")):
        reached, frontier = set(), {dg.AssetKey(name.split("/"))}
        while frontier:
            reached |= frontier
            frontier = {c for k in frontier for c in GRAPH.get(k).child_keys} - reached
        assert dg.AssetKey("published") in reached, name


def test_jobs_resolve_and_schedules_are_what_they_were() -> None:
    assert [j.name for j in JOBS] == [
        "collect", "events", "history", "hourly", "load", "windows", "daily", "weekly", "monthly",
        "rolling", "chronic", "latest",
    ]  # fmt: skip
    for job in JOBS:
        assert defs.resolve_job_def(job.name).name == job.name
    assert {s.name: s.cron_schedule for s in SCHEDULES} == {
        "collect_every_slot": "*/5 * * * *",
        "hourly_when_stale": "17 * * * *",
        "windows_when_stale": "22 * * * *",
        "daily_when_stale": "27 * * * *",
        "weekly_when_stale": "32 * * * *",
        "monthly_when_stale": "37 * * * *",
        "rolling_when_stale": "42 * * * *",
        "chronic_when_stale": "42 * * * *",
        "latest_when_stale": "47 * * * *",
    }
