"""Hourly KPIs as assets: thin names, partitions and dependencies around `orchestration.hourly`."""

from collections.abc import Callable, Iterable
from datetime import datetime

import dagster as dg

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PATH_STATS,
    PORT_STATS,
)
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
from mistwan_dagster.orchestration import hourly
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.failover import compute_failovers
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import HOURS, OWNER, first_hour_of_run, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.staleness import HOURLY, observed_hours, ranges

GROUP = "hourly_kpi"
NEIGHBOURS = dg.TimeWindowPartitionMapping(
    start_offset=-1, end_offset=1, allow_nonexistent_upstream_partitions=True
)
"""An hour also needs the last sample before it and the first after it."""
SAME_HOUR = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


def _raw(endpoint: Endpoint) -> dg.AssetDep:
    mapping = SAME_HOUR if endpoint in (INSIGHT_BANDWIDTH, INSIGHT_QUALITY) else NEIGHBOURS
    return dg.AssetDep(raw_key(endpoint), partition_mapping=mapping)


def hourly_asset(
    name: str,
    description: str,
    deps: Iterable[dg.AssetDep | str],
    compute: Callable[[Platform, datetime, datetime], int],
) -> dg.AssetsDefinition:
    """An hourly asset whose run takes any range of hours."""

    @dg.asset(
        key=name,
        description=description,
        deps=list(deps),
        partitions_def=HOURS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        metadata=table_metadata(TABLES[name]) if name in TABLES else None,
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        window, parts = context.partition_time_window, platform.open()
        rows = 0
        for start, end in collected_spans(parts, name, window.start, window.end):
            HOURLY.begin(parts, context.run.run_id, start, end)
            rows += compute(parts, start, end)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

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


HOURLY_ASSETS = [
    hourly_asset(
        hourly.UTILIZATION,
        "Traffic of each circuit and hour from counter deltas, or from history bins where live coverage is thin",
        [
            _raw(PORT_STATS),
            _raw(DEVICE_STATS),
            _raw(DEVICE_EVENTS),
            _raw(INSIGHT_BANDWIDTH),
            DIM_CIRCUIT.name,
        ],
        hourly.compute_utilization,
    ),
    hourly_asset(
        hourly.STATUS,
        "Up, down, unknown and reachable minutes and flaps: a step function of events anchored by snapshots",
        [_raw(PORT_STATS), _raw(PATH_STATS), _raw(DEVICE_STATS), _raw(DEVICE_EVENTS), DIM_CIRCUIT.name],
        hourly.compute_status,
    ),
    hourly_asset(
        FACT_PATH_HOUR.name,
        table_description(FACT_PATH_HOUR),
        [_raw(PATH_STATS), _raw(DEVICE_STATS), DIM_CIRCUIT.name],
        hourly.compute_paths,
    ),
    hourly_asset(
        hourly.QUALITY,
        "Loss, jitter and latency of each circuit and hour over the samples of its up paths",
        [_raw(PATH_STATS), _raw(DEVICE_STATS), DIM_CIRCUIT.name],
        hourly.compute_quality,
    ),
    hourly_asset(
        FACT_CIRCUIT_HOUR.name,
        table_description(FACT_CIRCUIT_HOUR),
        [
            hourly.UTILIZATION,
            hourly.STATUS,
            hourly.QUALITY,
            _raw(INSIGHT_QUALITY),
            DIM_SITE.name,
            DIM_CIRCUIT.name,
        ],
        hourly.compute_facts,
    ),
    hourly_asset(
        FACT_DEVICE_EVENT.name,
        table_description(FACT_DEVICE_EVENT),
        [_raw(DEVICE_EVENTS), DIM_CIRCUIT.name],
        hourly.compute_device_events,
    ),
]


def _whole_table(
    name: str,
    deps: list[str | dg.AssetDep],
    compute: Callable[[Platform, datetime | None], int],
    description: str,
) -> dg.AssetsDefinition:
    @dg.asset(
        key=name,
        description=description,
        deps=deps,
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        metadata=table_metadata(TABLES[name]),
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        rows = compute(platform.open(), first_hour_of_run(context.run.tags))
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return materialize


EPISODE_ASSETS = [
    _whole_table(
        FACT_CIRCUIT_OUTAGE.name,
        [newest_partition(hourly.STATUS), DIM_CIRCUIT.name],
        hourly.compute_outages,
        table_description(FACT_CIRCUIT_OUTAGE),
    ),
    _whole_table(
        FACT_FAILOVER.name,
        [FACT_CIRCUIT_OUTAGE.name, newest_partition(FACT_CIRCUIT_HOUR.name), DIM_CIRCUIT.name],
        compute_failovers,
        table_description(FACT_FAILOVER),
    ),
]
KPI_ASSETS = [*HOURLY_ASSETS, *EPISODE_ASSETS]
