"""Congestion now, chronic and top offenders, and the thresholds in force, as assets."""

from datetime import datetime

import dagster as dg

from mistwan_dagster.catalog.tables import (
    DIM_SITE,
    DIM_THRESHOLD,
    FACT_CIRCUIT_HOUR,
    RPT_CHRONIC_OFFENDERS,
    RPT_CONGESTION_NOW,
    RPT_TOP_OFFENDERS,
)
from mistwan_dagster.kpi.trends import TREND_WEEKS, WEEK_HOURS
from mistwan_dagster.orchestration.assets.dimensions import GROUP as DIMENSION_GROUP
from mistwan_dagster.orchestration.assets.rollups import (
    DIMENSIONS,
    PERIOD_ASSETS,
    ROLLING_ASSET,
    WINDOW_ASSET,
    looking_back,
    stage_asset,
)
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import DAYS, HOURS, OWNER, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.rankings import (
    compute_chronic,
    compute_congestion,
    compute_thresholds,
    compute_top,
)
from mistwan_dagster.orchestration.staleness import CHRONIC, LATEST
from mistwan_dagster.settings import LONGEST_CHRONIC_DAYS


@dg.asset(
    key=DIM_THRESHOLD.name,
    description=table_description(DIM_THRESHOLD),
    deps=[DIM_SITE.name],
    group_name=DIMENSION_GROUP,
    kinds={"polars", "parquet"},
    owners=[OWNER],
    metadata=table_metadata(DIM_THRESHOLD),
)
def dim_threshold(platform: PlatformResource) -> dg.MaterializeResult[None]:
    """From the thresholds file, for each region and store type that a site has or had."""
    return dg.MaterializeResult(metadata={"dagster/row_count": compute_thresholds(platform.open())})


def _congestion(platform: Platform, _start: datetime, _end: datetime) -> int:
    return compute_congestion(platform)


def _top(platform: Platform, _start: datetime, _end: datetime) -> int:
    return compute_top(platform)


NOW = "\n\nTells the latest hour with facts, whichever partition is asked for."

rpt_chronic_offenders = stage_asset(
    RPT_CHRONIC_OFFENDERS.name,
    f"{table_description(RPT_CHRONIC_OFFENDERS)}\n\nPartition D is as of the end of D.",
    CHRONIC,
    DAYS,
    [looking_back("agg_day", LONGEST_CHRONIC_DAYS)],
    compute_chronic,
    table_metadata(RPT_CHRONIC_OFFENDERS),
)
rpt_congestion_now = stage_asset(
    RPT_CONGESTION_NOW.name,
    table_description(RPT_CONGESTION_NOW) + NOW,
    LATEST,
    HOURS,
    [looking_back(FACT_CIRCUIT_HOUR.name, TREND_WEEKS * WEEK_HOURS), *DIMENSIONS],
    _congestion,
    table_metadata(RPT_CONGESTION_NOW),
)
rpt_top_offenders = stage_asset(
    RPT_TOP_OFFENDERS.name,
    table_description(RPT_TOP_OFFENDERS) + NOW,
    LATEST,
    HOURS,
    [newest_partition(key) for key in (WINDOW_ASSET, *(f"agg_{p}" for p in PERIOD_ASSETS), ROLLING_ASSET)],
    _top,
    table_metadata(RPT_TOP_OFFENDERS),
)
RANKING_ASSETS = [dim_threshold, rpt_chronic_offenders, rpt_congestion_now, rpt_top_offenders]
