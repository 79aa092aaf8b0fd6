"""Loads: the only assets that write the warehouse. One transaction a period, one writer at a time, then publish.

What one run loads is one asset with many tables, partitioned or not: a load costs a dozen statements beside those of
its tables, so each run has one.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.alarm_tables import FACT_WAN_CLIENT_HOUR
from mistwan_dagster.catalog.alert_tables import ALERT_TABLES
from mistwan_dagster.catalog.reference_tables import (
    DIM_GATEWAY_DETAIL,
    DIM_ORG,
    DIM_PORT_CONFIG,
    DIM_VOCABULARY,
    FACT_API_USAGE,
)
from mistwan_dagster.catalog.schema_drift import RPT_SCHEMA_DRIFT
from mistwan_dagster.catalog.sle_tables import SLE_COVERAGE, SLE_HOURLY_TABLES, SLE_NEWEST_TABLES
from mistwan_dagster.catalog.tables import (
    API_USAGE_HOUR,
    DIM_CIRCUIT,
    DIM_HOUR,
    DIM_SITE,
    DIM_THRESHOLD,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_DEVICE_EVENT,
    FACT_FAILOVER,
    FACT_PATH_HOUR,
    FACT_SITE_HOUR,
    RPT_CARRIER_INCIDENT,
    RPT_CONGESTION_NOW,
    RPT_SLA_OUTAGE,
    RPT_TOP_OFFENDERS,
    WINDOW_TABLES,
    Table,
)
from mistwan_dagster.kpi.calendar import hour_dimension
from mistwan_dagster.lake.kpi import fingerprint
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.alarms import DAY, day_label, days_between
from mistwan_dagster.orchestration.alarms import TABLES as ALARM_TABLES
from mistwan_dagster.orchestration.assets.period_loads import LOAD_PERIOD_ASSETS, load_chronic, load_rolling
from mistwan_dagster.orchestration.assets.rollups import WINDOW_ASSET
from mistwan_dagster.orchestration.metadata import LOADS, load_results, load_spec
from mistwan_dagster.orchestration.partitions import DAYS, HOURS, OWNER, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.pools import WAREHOUSE_POOL
from mistwan_dagster.warehouse.port import Load, Loaded, total


def computes_whole(run: dg.DagsterRun, stage: str) -> bool:
    """Whether a run computes all assets of a stage, and none of its steps is left to an earlier run."""
    from mistwan_dagster.orchestration.jobs import COMPUTED_BY

    if stage not in COMPUTED_BY:
        return True
    job, assets = COMPUTED_BY[stage]
    chosen, goes_on = run.asset_selection, run.parent_run_id and run.step_keys_to_execute
    return not goes_on and (chosen >= assets if chosen else run.job_name == job)


LOAD_PERIOD = timedelta(hours=24)
HOURLY_TABLES = (
    FACT_CIRCUIT_HOUR,
    FACT_PATH_HOUR,
    FACT_DEVICE_EVENT,
    FACT_SITE_HOUR,
    FACT_WAN_CLIENT_HOUR,
    FACT_API_USAGE,
)
REFERENCE_TABLES = (DIM_ORG, DIM_VOCABULARY, DIM_PORT_CONFIG, DIM_GATEWAY_DETAIL)
SLE_WHOLE_TABLES = (*SLE_NEWEST_TABLES, SLE_COVERAGE)
WHOLE_TABLES = (
    DIM_SITE,
    DIM_CIRCUIT,
    FACT_CIRCUIT_OUTAGE,
    FACT_FAILOVER,
    RPT_CARRIER_INCIDENT,
    RPT_SLA_OUTAGE,
    RPT_SCHEMA_DRIFT,
    API_USAGE_HOUR,
    *REFERENCE_TABLES,
)
LATEST_REPORTS = (RPT_CONGESTION_NOW, RPT_TOP_OFFENDERS)
LATEST_TABLES = (DIM_THRESHOLD, *LATEST_REPORTS)


def _hours(platform: Platform, table: Table, start: datetime, end: datetime) -> pl.DataFrame:
    frame = platform.kpi.scan_hours(table.name, start, end)
    return table.empty() if frame is None else frame.collect()


def _whole(platform: Platform, tables: Iterable[Table]) -> list[Load]:
    frames = {t: platform.kpi.read(t.name) for t in tables}
    return [Load(t, t.empty() if f is None else f) for t, f in frames.items()]


def _of_hours(
    platform: Platform, tables: Iterable[Table], start: datetime, end: datetime
) -> Iterable[list[Load]]:
    """The loads of each day of the span at most."""
    while start < end:
        until = min(start + LOAD_PERIOD, end)
        loads = [Load(t, _hours(platform, t, start, until), start, until) for t in tables if t != DIM_HOUR]
        if DIM_HOUR in tables:
            loads.append(Load(DIM_HOUR, hour_dimension(list(hours_between(start, until))), start, until))
        yield loads
        start = until


def load_hours_asset(
    name: str, hourly: dict[Table, list[str]], whole: tuple[Table, ...]
) -> dg.AssetsDefinition:
    """Load of tables with a file an hour and of tables that are one file. A run may select some of them.

    A transaction for each day of the range at most; the tables that are one file go with the first.
    """
    specs = {
        **{t: load_spec(t, deps, partitions=HOURS) for t, deps in hourly.items()},
        **{t: load_spec(t, [t.name]) for t in whole},
    }

    @dg.multi_asset(
        name=name,
        specs=list(specs.values()),
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=WAREHOUSE_POOL,
    )
    def load(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> Iterable[dg.MaterializeResult[None]]:
        parts, selected = platform.open(), [t for t in specs if specs[t].key in context.selected_asset_keys]
        loads = _whole(parts, [t for t in selected if t in whole])
        by_hour, done = [t for t in selected if t in hourly], list[dict[str, Loaded]]()
        if by_hour:
            window = context.partition_time_window
            for of_day in _of_hours(parts, by_hour, window.start, window.end):
                done.append(parts.warehouse.load(of_day + loads))
                loads = []
        else:
            done.append(parts.warehouse.load(loads))
        yield from load_results(total(done))

    return load


def load_keys(tables: Iterable[Table]) -> list[dg.AssetKey]:
    """Keys of the loads of these tables."""
    return [dg.AssetKey(["warehouse", t.name]) for t in tables]


load_hourly = load_hours_asset(
    "load_hourly",
    {**{t: [t.name] for t in HOURLY_TABLES}, DIM_HOUR: [FACT_CIRCUIT_HOUR.name]},
    WHOLE_TABLES,
)
load_sle = load_hours_asset("load_sle", {t: [t.name] for t in SLE_HOURLY_TABLES}, SLE_WHOLE_TABLES)


@dg.multi_asset(
    name="load_latest",
    specs=[
        load_spec(DIM_THRESHOLD, [DIM_THRESHOLD.name]),
        *(load_spec(t, [newest_partition(t.name)]) for t in LATEST_REPORTS),
    ],
    pool=WAREHOUSE_POOL,
)
def load_latest(platform: PlatformResource) -> Iterable[dg.MaterializeResult[None]]:
    """Reports of the present."""
    parts = platform.open()
    yield from load_results(parts.warehouse.load(_whole(parts, LATEST_TABLES)))


@dg.multi_asset(
    name="load_windows",
    specs=[load_spec(t, [WINDOW_ASSET]) for t in WINDOW_TABLES],
    partitions_def=HOURS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=WAREHOUSE_POOL,
)
def load_windows(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """Windows as of the end of each partition."""
    window, parts = context.partition_time_window, platform.open()
    loads = [
        Load(t, _hours(parts, t, window.start, window.end), window.start + HOUR, window.end + HOUR)
        for t in WINDOW_TABLES
    ]
    yield from load_results(parts.warehouse.load(loads))


@dg.multi_asset(
    name="load_alarms",
    specs=[load_spec(t, [t.name]) for t in ALARM_TABLES],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=WAREHOUSE_POOL,
)
def load_alarms(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """Alarms by the day they were raised, all days of the range in one transaction."""
    window, parts = context.partition_time_window, platform.open()
    loads: list[Load] = []
    for day in days_between(window.start, window.end):
        frames = {t: parts.kpi.read(t.name, day_label(day)) for t in ALARM_TABLES}
        loads += [Load(t, t.empty() if f is None else f, day, day + DAY) for t, f in frames.items()]
    yield from load_results(parts.warehouse.load(loads))


ALERTS_STAMP = ("alert_tables", "all")
"""Where the fingerprint of the alert tables that were published is kept."""


@dg.multi_asset(
    name="load_alerts",
    specs=[load_spec(t, [t.name]).replace_attributes(skippable=True) for t in ALERT_TABLES],
    pool=WAREHOUSE_POOL,
)
def load_alerts(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """All three, or nothing when they are what was published: most looks change nothing, and a copy costs time.

    They do not begin a warehouse: `aggregate` has to find a new one, to load all that was computed before.
    """
    parts, run_id = platform.open(), context.run.run_id
    marks = [piece.identity for t in ALERT_TABLES for piece in parts.kpi.pieces(t.name).values()]
    digest = fingerprint(marks)
    if parts.kpi.stamp(*ALERTS_STAMP) == digest or parts.warehouse.is_new:
        context.log.info("nothing changed since the tables were published, or nothing else was loaded yet")
        return
    parts.kpi.note_pending(run_id, *ALERTS_STAMP, digest)
    yield from load_results(parts.warehouse.load(_whole(parts, ALERT_TABLES)))


LOAD_ASSETS = [
    load_hourly,
    load_alarms,
    load_alerts,
    load_sle,
    load_windows,
    *LOAD_PERIOD_ASSETS.values(),
    load_rolling,
    load_chronic,
    load_latest,
]


@dg.asset(
    key="published",
    description="The copy of the warehouse that dashboard, queries and exports read",
    deps=[
        newest_partition(spec.key) if spec.partitions_def else dg.AssetDep(spec.key)
        for asset in LOAD_ASSETS
        for spec in asset.specs
    ]
    + [dg.AssetDep("fact_retention")],
    group_name=LOADS,
    kinds={"duckdb"},
    owners=[OWNER],
)
def published(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
    """Publish, and only then record which partitions are done: a kill before leaves them stale.

    A run of some assets of a stage records nothing of it: the others may rest on older inputs than it noted.
    """
    parts = platform.open()
    version = parts.warehouse.publish()
    done = parts.kpi.confirm_pending(context.run.run_id, partial(computes_whole, context.run))
    return dg.MaterializeResult(metadata={"version": version, "partitions_recorded": done})


WAREHOUSE_ASSETS = [*LOAD_ASSETS, published]
