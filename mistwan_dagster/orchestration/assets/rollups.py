"""Windows and periods as assets."""

import dagster as dg

from mistwan_dagster.catalog.tables import DIM_SITE, FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.orchestration.partitions import DAYS, HOURS, MONTHS, OWNER, WEEKS
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.rollups import compute_periods, compute_windows
from mistwan_dagster.orchestration.staleness import LONGEST_WINDOW, PERIOD_STAGES, WINDOWS

GROUP = "rollups"
PERIOD_PARTITIONS: dict[Period, dg.TimeWindowPartitionsDefinition] = {
    "day": DAYS,
    "week": WEEKS,
    "month": MONTHS,
}
WINDOW_ASSET = "agg_window"


@dg.asset(
    key=WINDOW_ASSET,
    description="Windows of 3, 12 and 24 hours by circuit and region; partition H holds those as of H + 1 h",
    deps=[
        dg.AssetDep(
            FACT_CIRCUIT_HOUR.name,
            partition_mapping=dg.TimeWindowPartitionMapping(
                start_offset=1 - LONGEST_WINDOW, allow_nonexistent_upstream_partitions=True
            ),
        ),
        DIM_SITE.name,
    ],
    partitions_def=HOURS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=GROUP,
    kinds={"polars", "parquet"},
    owners=[OWNER],
)
def agg_window(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
    """Each window ends with the partition's hour."""
    window, parts = context.partition_time_window, platform.open()
    WINDOWS.begin(parts, context.run.run_id, window.start, window.end)
    rows = compute_windows(parts, window.start, window.end)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


def period_asset(period: Period) -> dg.AssetsDefinition:
    """Figures of a day, week or month by circuit and region; a period that is going on is computed so far."""

    @dg.asset(
        key=f"agg_{period}",
        description=f"Figures of a UTC {period} by circuit and region, pooled from hourly facts",
        deps=[
            dg.AssetDep(
                FACT_CIRCUIT_HOUR.name,
                partition_mapping=dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True),
            ),
            DIM_SITE.name,
        ],
        partitions_def=PERIOD_PARTITIONS[period],
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        window, parts = context.partition_time_window, platform.open()
        PERIOD_STAGES[period].begin(parts, context.run.run_id, window.start, window.end)
        rows = compute_periods(parts, period, window.start, window.end)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return materialize


PERIOD_ASSETS = {period: period_asset(period) for period in PERIOD_PARTITIONS}
ROLLUP_ASSETS = [agg_window, *PERIOD_ASSETS.values()]
