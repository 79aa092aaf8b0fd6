"""Loads: the only assets that write the warehouse. One transaction a period, one writer at a time, then publish."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.alarm_tables import FACT_WAN_CLIENT_HOUR
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
    AGG_SITE_PERIOD,
    API_USAGE_HOUR,
    BUSINESS_TABLES,
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
    PERIOD_TABLES,
    ROLLING_TABLES,
    RPT_CARRIER_INCIDENT,
    RPT_CHRONIC_OFFENDERS,
    RPT_CONGESTION_NOW,
    RPT_FAILOVER_READINESS,
    RPT_PRIMARY_SECONDARY,
    RPT_PROVIDER_SCORECARD,
    RPT_SLA_OUTAGE,
    RPT_TOP_OFFENDERS,
    WINDOW_TABLES,
    Table,
)
from mistwan_dagster.kpi.calendar import Period, hour_dimension, period_end
from mistwan_dagster.lake.files import period_label
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.alarms import DAY, day_label, days_between
from mistwan_dagster.orchestration.alarms import TABLES as ALARM_TABLES
from mistwan_dagster.orchestration.assets.rollups import PERIOD_PARTITIONS, ROLLING_ASSET, WINDOW_ASSET
from mistwan_dagster.orchestration.metadata import load_metadata, table_description, table_metadata
from mistwan_dagster.orchestration.partitions import DAYS, HOURS, OWNER, WAREHOUSE_POOL, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.warehouse.port import Load, Loaded, total

GROUP = "warehouse"
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
LATEST_TABLES = (DIM_THRESHOLD, RPT_CONGESTION_NOW, RPT_TOP_OFFENDERS)
PERIOD_SOURCES: dict[Table, str] = {
    **dict.fromkeys(PERIOD_TABLES, "agg"),
    **dict.fromkeys(BUSINESS_TABLES, "agg_business"),
    AGG_SITE_PERIOD: "agg_site",
    RPT_PRIMARY_SECONDARY: "agg_site",
}
"""Tables that hold days, weeks and months, and the assets that compute them (`<name>_<period>`)."""
MONTH_SOURCES: dict[Table, str] = {RPT_FAILOVER_READINESS: "agg_site", RPT_PROVIDER_SCORECARD: "rpt_provider"}


def _spec(table: Table, deps: Iterable[str], name: str | None = None) -> dg.AssetSpec:
    return dg.AssetSpec(
        dg.AssetKey(["warehouse", name or table.name]),
        deps=list(deps),
        description=table_description(table),
        group_name=GROUP,
        kinds={"duckdb", "snowflake"},
        owners=[OWNER],
        metadata=table_metadata(table),
    )


def _results(
    loaded: dict[str, Loaded], names: dict[str, str] | None = None
) -> Iterable[dg.MaterializeResult[None]]:
    for table, one in loaded.items():
        name = (names or {}).get(table, table)
        yield dg.MaterializeResult(asset_key=["warehouse", name], metadata=load_metadata(one))


def _hours(platform: Platform, table: Table, start: datetime, end: datetime) -> pl.DataFrame:
    frame = platform.kpi.scan_hours(table.name, start, end)
    return table.empty() if frame is None else frame.collect()


def _load_hours(
    platform: Platform, tables: Iterable[Table], start: datetime, end: datetime, *, with_hours: bool = False
) -> dict[str, Loaded]:
    """A transaction for each day of the span at most."""
    done: list[dict[str, Loaded]] = []
    while start < end:
        until = min(start + LOAD_PERIOD, end)
        loads = [Load(t, _hours(platform, t, start, until), start, until) for t in tables]
        if with_hours:
            loads.append(Load(DIM_HOUR, hour_dimension(list(hours_between(start, until))), start, until))
        done.append(platform.warehouse.load(loads))
        start = until
    return total(done)


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
    yield from _results(_load_hours(parts, HOURLY_TABLES, window.start, window.end, with_hours=True))


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
load_sle_newest = load_whole_asset("load_sle_newest", (*SLE_NEWEST_TABLES, SLE_COVERAGE))


@dg.multi_asset(
    name="load_sle_hourly",
    specs=[_spec(t, [t.name]) for t in SLE_HOURLY_TABLES],
    partitions_def=HOURS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=WAREHOUSE_POOL,
)
def load_sle_hourly(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """SLE scores and trends of the hours of the range."""
    window, parts = context.partition_time_window, platform.open()
    yield from _results(_load_hours(parts, SLE_HOURLY_TABLES, window.start, window.end))


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


@dg.multi_asset(
    name="load_alarms",
    specs=[_spec(t, [t.name]) for t in ALARM_TABLES],
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
    yield from _results(parts.warehouse.load(loads))


def _load_name(table: Table, period: Period) -> str:
    """Name of a load: a table that holds several kinds of periods has one for each kind."""
    if "period" in table.name:
        return table.name.replace("period", period)
    return f"{table.name}_{period}" if "period" in table.schema else table.name


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
        loads: list[Load] = []
        begin = window.start
        while begin < window.end:
            until, label = period_end(begin, period), period_label(period, begin)
            frames = {t: parts.kpi.read(t.name, label) for t in specs}
            loads += [load_of(t, t.empty() if f is None else f, begin, until) for t, f in frames.items()]
            begin = until
        yield from _results(
            parts.warehouse.load(loads), {t.name: spec.key.path[-1] for t, spec in specs.items()}
        )

    return load


def _load_periods(period: Period) -> dg.AssetsDefinition:
    """Most tables hold all three kinds of periods."""
    sources = {**PERIOD_SOURCES, **(MONTH_SOURCES if period == "month" else {})}

    def load_of(table: Table, frame: pl.DataFrame, begin: datetime, until: datetime) -> Load:
        return Load(table, frame, begin, until, ("period", period) if "period" in table.schema else None)

    specs = {t: _spec(t, [f"{source}_{period}"], _load_name(t, period)) for t, source in sources.items()}
    return load_period_asset(f"load_{period}", specs, period, load_of)


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
    load_hourly,
    load_tables,
    load_alarms,
    load_sle_hourly,
    load_sle_newest,
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
        newest_partition(key) if asset.partitions_def else dg.AssetDep(key)
        for asset in LOAD_ASSETS
        for key in asset.keys
    ]
    + [dg.AssetDep("fact_retention")],
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
