"""Loads: the only assets that write the warehouse. One transaction a period, one writer at a time, then publish."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_HOUR,
    DIM_SITE,
    DIM_THRESHOLD,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_DEVICE_EVENT,
    FACT_FAILOVER,
    FACT_PATH_HOUR,
    PERIOD_TABLES,
    ROLLING_TABLES,
    RPT_CHRONIC_OFFENDERS,
    RPT_CONGESTION_NOW,
    RPT_TOP_OFFENDERS,
    WINDOW_TABLES,
    Table,
)
from mistwan_dagster.kpi.calendar import Period, hour_dimension, period_end
from mistwan_dagster.lake.files import period_label
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.assets.rollups import PERIOD_PARTITIONS, ROLLING_ASSET, WINDOW_ASSET
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import HOURS, OWNER, WAREHOUSE_POOL, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.warehouse.port import Load

GROUP = "warehouse"
LOAD_PERIOD = timedelta(hours=24)
HOURLY_TABLES = (FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, FACT_DEVICE_EVENT)
WHOLE_TABLES = (DIM_SITE, DIM_CIRCUIT, DIM_THRESHOLD, FACT_CIRCUIT_OUTAGE, FACT_FAILOVER)
LATEST_TABLES = (RPT_CONGESTION_NOW, RPT_TOP_OFFENDERS)


def _spec(table: Table, deps: Iterable[str], name: str | None = None) -> dg.AssetSpec:
    return dg.AssetSpec(
        dg.AssetKey(["warehouse", name or table.name]),
        deps=list(deps),
        description=table_description(table),
        group_name=GROUP,
        kinds={"duckdb"},
        owners=[OWNER],
        metadata=table_metadata(table),
    )


def _results(
    rows: dict[str, int], names: dict[str, str] | None = None
) -> Iterable[dg.MaterializeResult[None]]:
    for table, count in rows.items():
        name = (names or {}).get(table, table)
        yield dg.MaterializeResult(asset_key=["warehouse", name], metadata={"dagster/row_count": count})


def _hours(platform: Platform, table: Table, start: datetime, end: datetime) -> pl.DataFrame:
    frame = platform.kpi.scan_hours(table.name, start, end)
    return table.empty() if frame is None else frame.collect()


@dg.multi_asset(
    name="load_hourly",
    specs=[*(_spec(t, [t.name]) for t in HOURLY_TABLES), _spec(DIM_HOUR, [FACT_CIRCUIT_HOUR.name])],
    partitions_def=HOURS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=WAREHOUSE_POOL,
)
def load_hourly(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """A transaction for each day of the range at most; readers see nothing before `published`."""
    window, parts = context.partition_time_window, platform.open()
    rows: dict[str, int] = {}
    begin = window.start
    while begin < window.end:
        until = min(begin + LOAD_PERIOD, window.end)
        loads = [Load(t, _hours(parts, t, begin, until), begin, until) for t in HOURLY_TABLES]
        loads.append(Load(DIM_HOUR, hour_dimension(list(hours_between(begin, until))), begin, until))
        for table, count in parts.warehouse.load(loads).items():
            rows[table] = rows.get(table, 0) + count
        begin = until
    yield from _results(rows)


def load_whole_asset(name: str, tables: tuple[Table, ...]) -> dg.AssetsDefinition:
    """Load of tables that are one file each, in one transaction."""

    @dg.multi_asset(name=name, specs=[_spec(t, [t.name]) for t in tables], pool=WAREHOUSE_POOL)
    def load(platform: PlatformResource) -> Iterable[dg.MaterializeResult[None]]:
        parts = platform.open()
        frames = {t: parts.kpi.read(t.name) for t in tables}
        yield from _results(
            parts.warehouse.load([Load(t, t.empty() if f is None else f) for t, f in frames.items()])
        )

    return load


load_tables = load_whole_asset("load_tables", WHOLE_TABLES)
load_latest = load_whole_asset("load_latest", LATEST_TABLES)


@dg.multi_asset(
    name="load_windows",
    specs=[_spec(t, [WINDOW_ASSET]) for t in WINDOW_TABLES],
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
    yield from _results(parts.warehouse.load(loads))


def load_period_asset(
    name: str,
    specs: dict[Table, dg.AssetSpec],
    period: Period,
    load_of: Callable[[Table, pl.DataFrame, datetime, datetime], Load],
) -> dg.AssetsDefinition:
    """Load of tables with a file a day, week or month; `load_of` says which span of the table such a file is."""

    @dg.multi_asset(
        name=name,
        specs=list(specs.values()),
        partitions_def=PERIOD_PARTITIONS[period],
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=WAREHOUSE_POOL,
    )
    def load(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> Iterable[dg.MaterializeResult[None]]:
        window, parts = context.partition_time_window, platform.open()
        rows: dict[str, int] = {}
        begin = window.start
        while begin < window.end:
            until, label = period_end(begin, period), period_label(period, begin)
            frames = {t: parts.kpi.read(t.name, label) for t in specs}
            loads = [load_of(t, t.empty() if f is None else f, begin, until) for t, f in frames.items()]
            for table, count in parts.warehouse.load(loads).items():
                rows[table] = rows.get(table, 0) + count
            begin = until
        yield from _results(rows, {t.name: spec.key.path[-1] for t, spec in specs.items()})

    return load


def _load_periods(period: Period) -> dg.AssetsDefinition:
    """The tables hold all three kinds of periods."""
    return load_period_asset(
        f"load_{period}",
        {t: _spec(t, [f"agg_{period}"], t.name.replace("period", period)) for t in PERIOD_TABLES},
        period,
        lambda table, frame, begin, until: Load(table, frame, begin, until, ("period", period)),
    )


def _load_as_of(table: Table, frame: pl.DataFrame, begin: datetime, until: datetime) -> Load:
    """A file holds the figures as of the end of its period."""
    del begin
    return Load(table, frame, until, until + HOUR)


LOAD_PERIOD_ASSETS = {period: _load_periods(period) for period in PERIOD_PARTITIONS}
load_rolling = load_period_asset(
    "load_rolling", {t: _spec(t, [ROLLING_ASSET]) for t in ROLLING_TABLES}, "month", _load_as_of
)
load_chronic = load_period_asset(
    "load_chronic",
    {RPT_CHRONIC_OFFENDERS: _spec(RPT_CHRONIC_OFFENDERS, [RPT_CHRONIC_OFFENDERS.name])},
    "day",
    _load_as_of,
)
LOAD_ASSETS = [
    load_hourly, load_tables, load_windows, *LOAD_PERIOD_ASSETS.values(), load_rolling, load_chronic, load_latest,
]  # fmt: skip


@dg.asset(
    key="published",
    description="The copy of the warehouse that dashboard, queries and exports read",
    deps=[
        newest_partition(key) if asset.partitions_def else dg.AssetDep(key)
        for asset in LOAD_ASSETS
        for key in asset.keys
    ],
    group_name=GROUP,
    kinds={"duckdb"},
    owners=[OWNER],
)
def published(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
    """Publish, and only then record which partitions are done: a kill before leaves them stale."""
    parts = platform.open()
    version = parts.warehouse.publish()
    done = parts.kpi.confirm_pending(context.run.run_id)
    return dg.MaterializeResult(metadata={"version": version, "partitions_recorded": done})


WAREHOUSE_ASSETS = [*LOAD_ASSETS, published]
