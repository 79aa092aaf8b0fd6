"""Jobs: which assets run together. The CLI launches the same ones as schedules and UI."""

from __future__ import annotations

import dagster as dg

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.orchestration.assets.dimensions import DIMENSION_ASSETS
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.raw import SERIES_ASSETS, SNAPSHOT_ASSETS, device_events, raw_key
from mistwan_dagster.orchestration.assets.reports import (
    dim_threshold,
    rpt_chronic_offenders,
    rpt_congestion_now,
    rpt_top_offenders,
)
from mistwan_dagster.orchestration.assets.rollups import PERIOD_ASSETS, agg_rolling, agg_window
from mistwan_dagster.orchestration.assets.warehouse import (
    LOAD_PERIOD_ASSETS,
    load_chronic,
    load_hourly,
    load_latest,
    load_rolling,
    load_tables,
    load_windows,
    published,
)

IN_PROCESS = dg.in_process_executor
"""A step process costs more than most of these steps."""

PERIOD_JOBS: dict[str, Period] = {"daily": "day", "weekly": "week", "monthly": "month"}
JOB_PERIODS: dict[str, Period] = {**PERIOD_JOBS, "rolling": "month", "chronic": "day"}
"""Jobs whose partitions are days, weeks or months; those of the others are hours."""

collect_job = dg.define_asset_job(
    "collect",
    [*SNAPSHOT_ASSETS, device_events, *DIMENSION_ASSETS],
    description="One snapshot slot now, new events, dimensions",
    executor_def=IN_PROCESS,
)
events_job = dg.define_asset_job(
    "events",
    dg.AssetSelection.assets(raw_key(DEVICE_EVENTS)),
    description="Events of a past span, as far back as the API tells",
    executor_def=IN_PROCESS,
)
history_job = dg.define_asset_job(
    "history",
    SERIES_ASSETS,
    description="Hourly traffic and quality of each circuit for a past span, 14 days at most",
    executor_def=IN_PROCESS,
)
hourly_job = dg.define_asset_job(
    "hourly",
    [*KPI_ASSETS, dim_threshold, load_hourly, load_tables, published],
    description="KPIs of a range of complete hours, loaded and published",
    executor_def=IN_PROCESS,
)
load_job = dg.define_asset_job(
    "load",
    [load_hourly, published],
    description="Load and publish hourly tables that are in the lake, for example imported history",
    executor_def=IN_PROCESS,
)
windows_job = dg.define_asset_job(
    "windows",
    [agg_window, load_windows, published],
    description="3, 12 and 24 hour windows that end with each hour of a range",
    executor_def=IN_PROCESS,
)
period_jobs = {
    name: dg.define_asset_job(
        name,
        [PERIOD_ASSETS[period], LOAD_PERIOD_ASSETS[period], published],
        description=f"{name.capitalize()} figures of a range, loaded and published",
        executor_def=IN_PROCESS,
    )
    for name, period in PERIOD_JOBS.items()
}
rolling_job = dg.define_asset_job(
    "rolling",
    [agg_rolling, load_rolling, published],
    description="13 calendar months that end with each month of a range",
    executor_def=IN_PROCESS,
)
chronic_job = dg.define_asset_job(
    "chronic",
    [rpt_chronic_offenders, load_chronic, published],
    description="Chronic offenders as of the end of each day of a range",
    executor_def=IN_PROCESS,
)
latest_job = dg.define_asset_job(
    "latest",
    [rpt_congestion_now, rpt_top_offenders, load_latest, published],
    description="Reports of the latest computed hour: congestion now, top offenders",
    executor_def=IN_PROCESS,
)
JOBS = [
    collect_job, events_job, history_job, hourly_job, load_job, windows_job, *period_jobs.values(),
    rolling_job, chronic_job, latest_job,
]  # fmt: skip
