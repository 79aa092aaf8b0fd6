"""Windows, periods and the 13 months as assets."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.kpi.rolling import ROLLING_MONTHS
from mistwan_dagster.orchestration.partitions import DAYS, HOURS, MONTHS, OWNER, WEEKS
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.rollups import compute_periods, compute_rolling, compute_windows
from mistwan_dagster.orchestration.stage import Stage
from mistwan_dagster.orchestration.staleness import LONGEST_WINDOW, PERIOD_STAGES, ROLLING, WINDOWS

GROUP = "rollups"
PERIOD_PARTITIONS: dict[Period, dg.TimeWindowPartitionsDefinition] = {
    "day": DAYS,
    "week": WEEKS,
    "month": MONTHS,
}
WINDOW_ASSET, ROLLING_ASSET = "agg_window", "agg_rolling_13m"
DIMENSIONS = (DIM_SITE.name, DIM_CIRCUIT.name)


def looking_back(key: str, partitions: int = 1) -> dg.AssetDep:
    """Dependency on that many partitions of an asset, the last being the one of the same time."""
    mapping = dg.TimeWindowPartitionMapping(
        start_offset=1 - partitions, allow_nonexistent_upstream_partitions=True
    )
    return dg.AssetDep(key, partition_mapping=mapping)


def stage_asset(
    key: str,
    description: str,
    stage: Stage,
    partitions: dg.TimeWindowPartitionsDefinition,
    deps: Iterable[dg.AssetDep | str],
    compute: Callable[[Platform, datetime, datetime], int],
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetsDefinition:
    """An asset that computes any range of partitions of a stage, and notes what they are computed from."""

    @dg.asset(
        key=key,
        description=description,
        deps=list(deps),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        metadata=metadata,
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        window, parts = context.partition_time_window, platform.open()
        stage.begin(parts, context.run.run_id, window.start, window.end)
        rows = compute(parts, window.start, window.end)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return materialize


def period_asset(
    key: str,
    description: str,
    period: Period,
    deps: Iterable[dg.AssetDep | str],
    compute: Callable[[Platform, Period, datetime, datetime], int],
) -> dg.AssetsDefinition:
    """An asset of days, weeks or months; one that is going on is computed so far."""
    return stage_asset(
        key,
        description,
        PERIOD_STAGES[period],
        PERIOD_PARTITIONS[period],
        deps,
        lambda platform, start, end: compute(platform, period, start, end),
    )


agg_window = stage_asset(
    WINDOW_ASSET,
    "Windows of 3, 12 and 24 hours by circuit, region and provider; partition H holds those as of H + 1 h",
    WINDOWS,
    HOURS,
    [looking_back(FACT_CIRCUIT_HOUR.name, LONGEST_WINDOW), *DIMENSIONS],
    compute_windows,
)
PERIOD_ASSETS = {
    period: period_asset(
        f"agg_{period}",
        f"Figures of a UTC {period} by circuit, region and provider, pooled from hourly facts",
        period,
        [looking_back(FACT_CIRCUIT_HOUR.name), *DIMENSIONS],
        compute_periods,
    )
    for period in PERIOD_PARTITIONS
}
agg_rolling = stage_asset(
    ROLLING_ASSET,
    "13 calendar months by circuit, region and provider, pooled from months; partition M is as of the end of M",
    ROLLING,
    MONTHS,
    [looking_back("agg_month", ROLLING_MONTHS)],
    compute_rolling,
)
ROLLUP_ASSETS = [agg_window, *PERIOD_ASSETS.values(), agg_rolling]
