"""Jobs: which assets run together. The CLI launches the same ones as schedules and UI."""

from __future__ import annotations

import dagster as dg

from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.orchestration.assets.alarms import alarm_tables
from mistwan_dagster.orchestration.assets.api_usage import API_USAGE_ASSETS
from mistwan_dagster.orchestration.assets.dimensions import DIMENSION_ASSETS
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.maintenance import MAINTENANCE_ASSETS
from mistwan_dagster.orchestration.assets.rankings import (
    dim_threshold,
    rpt_chronic_offenders,
    rpt_congestion_now,
    rpt_top_offenders,
)
from mistwan_dagster.orchestration.assets.raw import EVENT_ASSETS, SERIES_ASSETS, SNAPSHOT_ASSETS
from mistwan_dagster.orchestration.assets.reference import REFERENCE_ASSETS, SITE_TABLE_ASSETS
from mistwan_dagster.orchestration.assets.reports import HOURLY_REPORTS, PERIOD_REPORTS, SLA_OUTAGES
from mistwan_dagster.orchestration.assets.rollups import PERIOD_ASSETS, agg_rolling, agg_window
from mistwan_dagster.orchestration.assets.site_details import SITE_DETAIL_ASSETS
from mistwan_dagster.orchestration.assets.sle import HOURS_ASSETS, SLE_TABLE_ASSETS, sites_sle, sle_dive
from mistwan_dagster.orchestration.assets.warehouse import (
    LOAD_PERIOD_ASSETS,
    load_alarms,
    load_chronic,
    load_hourly,
    load_latest,
    load_rolling,
    load_sle_hourly,
    load_sle_newest,
    load_tables,
    load_windows,
    published,
)

IN_PROCESS = dg.in_process_executor
"""A step process costs more than most of these steps."""

PERIOD_JOBS: dict[str, Period] = {"daily": "day", "weekly": "week", "monthly": "month"}
PARTITION_PERIODS: dict[str, Period] = {
    **PERIOD_JOBS,
    "alarms": "day",
    "rolling": "month",
    "chronic": "day",
}
"""Jobs whose partitions are longer than an hour."""

collect_job = dg.define_asset_job(
    "collect",
    [*API_USAGE_ASSETS, *SNAPSHOT_ASSETS, *EVENT_ASSETS, *DIMENSION_ASSETS],
    description="One snapshot slot now, new events and alarms, dimensions, use of the call budget",
    executor_def=IN_PROCESS,
)
events_job = dg.define_asset_job(
    "events",
    EVENT_ASSETS,
    description="Events and alarms of a past span, as far back as the API tells",
    executor_def=IN_PROCESS,
)
history_job = dg.define_asset_job(
    "history",
    [*SERIES_ASSETS, sites_sle],
    description="Hourly traffic and quality of each circuit and SLE of each site for a past span, 14 days at most",
    executor_def=IN_PROCESS,
)
collect_sle_job = dg.define_asset_job(
    "collect_sle",
    [*HOURS_ASSETS, sle_dive],
    description="SLE of all sites in the hours that are over, then the deep-dive into those that need a look",
    executor_def=IN_PROCESS,
)
hourly_job = dg.define_asset_job(
    "hourly",
    [
        *API_USAGE_ASSETS,
        *KPI_ASSETS,
        *REFERENCE_ASSETS,
        *HOURLY_REPORTS,
        load_hourly,
        load_tables,
        published,
    ],
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
sle_job = dg.define_asset_job(
    "sle",
    [*SLE_TABLE_ASSETS, load_sle_hourly, load_sle_newest, published],
    description="SLE scores, trends, details and coverage, loaded and published",
    executor_def=IN_PROCESS,
)
period_jobs = {
    name: dg.define_asset_job(
        name,
        [
            PERIOD_ASSETS[period],
            *PERIOD_REPORTS[period],
            *([SLA_OUTAGES, load_tables] if period == "month" else []),
            LOAD_PERIOD_ASSETS[period],
            published,
        ],
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
    [dim_threshold, rpt_congestion_now, rpt_top_offenders, load_latest, published],
    description="Reports of the latest computed hour: thresholds, congestion now, top offenders",
    executor_def=IN_PROCESS,
)
maintenance_job = dg.define_asset_job(
    "maintenance",
    [*MAINTENANCE_ASSETS, load_tables, published],
    description="Schema drift report, retention and compaction, published",
    executor_def=IN_PROCESS,
)
alarms_job = dg.define_asset_job(
    "alarms",
    [alarm_tables, load_alarms, published],
    description="Alarms of a range of days as they were last seen, loaded and published",
    executor_def=IN_PROCESS,
)
site_details_job = dg.define_asset_job(
    "site_details",
    [*SITE_DETAIL_ASSETS, *SITE_TABLE_ASSETS, load_tables, published],
    description="Sites read on demand: those named in the run config, or those in trouble",
    executor_def=IN_PROCESS,
)
JOBS = [
    collect_job,
    events_job,
    history_job,
    collect_sle_job,
    hourly_job,
    alarms_job,
    sle_job,
    load_job,
    windows_job,
    *period_jobs.values(),
    rolling_job,
    chronic_job,
    latest_job,
    site_details_job,
    maintenance_job,
]
