"""Hourly KPIs as assets: thin names, partitions and dependencies around `orchestration.hourly`."""

from collections.abc import Callable, Iterable
from datetime import datetime

import dagster as dg

from mistwan_dagster.catalog.alarm_tables import FACT_WAN_CLIENT_HOUR
from mistwan_dagster.catalog.cloud_endpoints import API_USAGE, WAN_CLIENTS
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PATH_STATS,
    PORT_STATS,
)
from mistwan_dagster.catalog.reference_tables import FACT_API_USAGE
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_EVENTS
from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_DEVICE_EVENT,
    FACT_FAILOVER,
    FACT_PATH_HOUR,
    TABLES,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import Span
from mistwan_dagster.orchestration import hourly, reference
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.failover import compute_failovers
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import (
    HOURS,
    OWNER,
    first_hour_of_run,
    newest_partition,
)
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.pools import EPISODES_POOL
from mistwan_dagster.orchestration.stage import ranges
from mistwan_dagster.orchestration.staleness import HOURLY, observed_hours

GROUP = "hourly_kpi"
NEIGHBOURS = dg.TimeWindowPartitionMapping(
    start_offset=-1, end_offset=1, allow_nonexistent_upstream_partitions=True
)
"""An hour also needs the last sample before it and the first after it."""
EVENT_LOGS = (DEVICE_EVENTS, SITE_DEVICE_EVENTS)
SAME_HOUR = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


def _raw(endpoint: Endpoint) -> dg.AssetDep:
    alone = (INSIGHT_BANDWIDTH, INSIGHT_QUALITY, WAN_CLIENTS, API_USAGE)
    mapping = SAME_HOUR if endpoint in alone else NEIGHBOURS
    return dg.AssetDep(raw_key(endpoint), partition_mapping=mapping)


def _spec(name: str, description: str, deps: Iterable[dg.AssetDep | str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        description=description,
        deps=list(deps),
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        metadata=table_metadata(TABLES[name]) if name in TABLES else None,
    )


def hourly_asset(
    name: str,
    description: str,
    deps: Iterable[dg.AssetDep | str],
    compute: Callable[[Platform, datetime, datetime], int],
) -> dg.AssetsDefinition:
    """An hourly asset whose run takes any range of hours."""

    @dg.multi_asset(
        name=name,
        specs=[_spec(name, description, deps)],
        partitions_def=HOURS,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        window, parts = context.partition_time_window, platform.open()
        rows = 0
        for start, end in collected_spans(parts, name, window.start, window.end):
            HOURLY.begin(parts, context.run.run_id, start, end)
            rows += compute(parts, start, end)
        return dg.MaterializeResult(asset_key=name, metadata={"dagster/row_count": rows})

    return materialize


def collected_spans(platform: Platform, name: str, start: datetime, end: datetime) -> list[Span]:
    """Stretches of [start, end) of which anything was collected: only these are computed.

    Imported history of the other hours stays as it is. Raises UserError when there is nothing at all.
    """
    hours = sorted(h for h in observed_hours(platform) if start <= h < end)
    if not hours:
        raise UserError(
            f"{name} of {start:%Y-%m-%dT%H:%M}Z to {end:%Y-%m-%dT%H:%M}Z cannot be computed: nothing of it was "
            "collected; `mistwan backfill` asks the API for the last 14 days, `mistwan import` takes older history"
        )
    return ranges(hours, HOURLY.end, len(hours))


@dg.multi_asset(
    name="measure_hours",
    specs=[
        _spec(
            hourly.UTILIZATION,
            "Traffic of each circuit and hour from counter deltas, or from history bins where live coverage is thin",
            [
                *(_raw(e) for e in (PORT_STATS, DEVICE_STATS, *EVENT_LOGS, INSIGHT_BANDWIDTH)),
                DIM_CIRCUIT.name,
            ],
        ),
        _spec(
            hourly.STATUS,
            "Up, down, unknown and reachable minutes and flaps: a step function of events anchored by snapshots",
            [*(_raw(e) for e in (PORT_STATS, PATH_STATS, DEVICE_STATS, *EVENT_LOGS)), DIM_CIRCUIT.name],
        ),
        _spec(
            hourly.QUALITY,
            "Loss, jitter and latency of each circuit and hour over the samples of its up paths",
            [_raw(PATH_STATS), _raw(DEVICE_STATS), DIM_CIRCUIT.name],
        ),
        _spec(
            FACT_PATH_HOUR.name,
            table_description(FACT_PATH_HOUR),
            [_raw(PATH_STATS), _raw(DEVICE_STATS), DIM_CIRCUIT.name],
        ),
        _spec(
            FACT_DEVICE_EVENT.name,
            table_description(FACT_DEVICE_EVENT),
            [*(_raw(e) for e in (DEVICE_STATS, *EVENT_LOGS)), DIM_CIRCUIT.name],
        ),
    ],
    partitions_def=HOURS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def measured(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """Every table that is read straight off the raw rows, from one reading of them."""
    window, parts = context.partition_time_window, platform.open()
    totals: dict[str, int] = {}
    for start, end in collected_spans(parts, "measure_hours", window.start, window.end):
        HOURLY.begin(parts, context.run.run_id, start, end)
        for name, rows in hourly.compute_measured(parts, start, end).items():
            totals[name] = totals.get(name, 0) + rows
    for name, rows in totals.items():
        yield dg.MaterializeResult(asset_key=name, metadata={"dagster/row_count": rows})


HOURLY_ASSETS = [
    measured,
    hourly_asset(
        FACT_CIRCUIT_HOUR.name,
        table_description(FACT_CIRCUIT_HOUR),
        [
            *(hourly.UTILIZATION, hourly.STATUS, hourly.QUALITY),
            _raw(INSIGHT_QUALITY),
            *(DIM_SITE.name, DIM_CIRCUIT.name),
        ],
        hourly.compute_facts,
    ),
    hourly_asset(
        FACT_WAN_CLIENT_HOUR.name,
        table_description(FACT_WAN_CLIENT_HOUR),
        [_raw(WAN_CLIENTS), DIM_CIRCUIT.name],
        reference.compute_wan_clients,
    ),
    hourly_asset(
        FACT_API_USAGE.name,
        table_description(FACT_API_USAGE),
        [_raw(API_USAGE)],
        reference.compute_api_usage,
    ),
]


def whole_table_asset(
    name: str,
    deps: list[str | dg.AssetDep],
    compute: Callable[[Platform, datetime | None], int],
    description: str,
) -> dg.AssetsDefinition:
    """An asset without partitions that an hourly run renews from its first hour on."""

    @dg.asset(
        key=name,
        description=description,
        deps=deps,
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        metadata=table_metadata(TABLES[name]),
        pool=EPISODES_POOL,
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        rows = compute(platform.open(), first_hour_of_run(context.run.tags))
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return materialize


EPISODE_ASSETS = [
    whole_table_asset(
        FACT_CIRCUIT_OUTAGE.name,
        [newest_partition(hourly.STATUS), DIM_CIRCUIT.name],
        hourly.compute_outages,
        table_description(FACT_CIRCUIT_OUTAGE),
    ),
    whole_table_asset(
        FACT_FAILOVER.name,
        [FACT_CIRCUIT_OUTAGE.name, newest_partition(FACT_CIRCUIT_HOUR.name), DIM_CIRCUIT.name],
        compute_failovers,
        table_description(FACT_FAILOVER),
    ),
]
KPI_ASSETS = [*HOURLY_ASSETS, *EPISODE_ASSETS]
