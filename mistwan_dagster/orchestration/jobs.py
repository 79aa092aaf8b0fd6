"""Jobs: which assets run together, and in which lane. The CLI launches the same ones as schedules, sensors and UI."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
from dagster._core.storage.tags import MAX_RETRIES_TAG, MAX_RUNTIME_SECONDS_TAG

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import EVENTS, SERIES
from mistwan_dagster.catalog.sle_endpoints import SITES_SLE
from mistwan_dagster.catalog.tables import DIM_HOUR, RPT_SLA_OUTAGE
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.orchestration.assets.alarms import alarm_tables
from mistwan_dagster.orchestration.assets.alerts import ALERT_ASSETS
from mistwan_dagster.orchestration.assets.api_usage import API_USAGE_ASSETS
from mistwan_dagster.orchestration.assets.dimensions import DIMENSION_ASSETS
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.maintenance import MAINTENANCE_ASSETS
from mistwan_dagster.orchestration.assets.period_loads import LOAD_PERIOD_ASSETS, load_chronic, load_rolling
from mistwan_dagster.orchestration.assets.rankings import (
    dim_threshold,
    rpt_chronic_offenders,
    rpt_congestion_now,
    rpt_top_offenders,
)
from mistwan_dagster.orchestration.assets.raw import EVENT_ASSETS, SNAPSHOT_ASSETS, raw_key
from mistwan_dagster.orchestration.assets.reference import REFERENCE_ASSETS, SITE_TABLE_ASSETS
from mistwan_dagster.orchestration.assets.report_files import DAILY_FILES, MONTHLY_FILES
from mistwan_dagster.orchestration.assets.reports import HOURLY_REPORTS, PERIOD_REPORTS, SLA_OUTAGES
from mistwan_dagster.orchestration.assets.rollups import PERIOD_ASSETS, agg_rolling, agg_window
from mistwan_dagster.orchestration.assets.site_details import SITE_DETAIL_ASSETS
from mistwan_dagster.orchestration.assets.sle import HOURS_ASSETS, SLE_TABLE_ASSETS, sle_dive
from mistwan_dagster.orchestration.assets.warehouse import (
    HOURLY_TABLES,
    WHOLE_TABLES,
    load_alarms,
    load_alerts,
    load_hourly,
    load_keys,
    load_latest,
    load_sle,
    load_windows,
    published,
)

IN_PROCESS = dg.in_process_executor
"""A step process costs more than most of these steps."""

LANE_TAG = "mistwan/lane"
"""Runs of one lane go one after the other (see the instance's configuration); the lanes do not wait for each other."""


def run_tags(lane: str, max_hours: float) -> dict[str, str]:
    """Lane, and after how long a run is taken for stuck. Not retried by Dagster: whoever asks for these runs
    (the next slot, or a sensor, which counts the attempts) asks again."""
    return {LANE_TAG: lane, MAX_RUNTIME_SECONDS_TAG: str(int(max_hours * 3600)), MAX_RETRIES_TAG: "0"}


LIVE, HISTORY, COMPUTE = run_tags("live", 0.25), run_tags("history", 24), run_tags("compute", 2)
OPTIONAL, REPORTS = run_tags("optional", 1), run_tags("reports", 1)
ALERTING = run_tags("alerts", 0.25)


def _keys(assets: Iterable[dg.AssetsDefinition]) -> frozenset[dg.AssetKey]:
    return frozenset(key for asset in assets for key in asset.keys)


HISTORY_SOURCES: dict[str, tuple[Endpoint, ...]] = {"events": EVENTS, "history": (*SERIES, SITES_SLE)}
"""What is asked of the past, by the job that asks. What is read site by site on demand is not, nor is the list of the
worst sites, which tells nothing of the past that the scores of all sites do not."""
HISTORY_ENDPOINTS = tuple(endpoint for several in HISTORY_SOURCES.values() for endpoint in several)

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
    run_tags=LIVE,
)
events_job = dg.define_asset_job(
    "events",
    dg.AssetSelection.assets(*map(raw_key, HISTORY_SOURCES["events"])),
    description="Events and alarms of a past span, as far back as the API tells",
    executor_def=IN_PROCESS,
    run_tags=HISTORY,
)
history_job = dg.define_asset_job(
    "history",
    dg.AssetSelection.assets(*map(raw_key, HISTORY_SOURCES["history"])),
    description="Hourly traffic and quality of each circuit and SLE of each site for a past span, 14 days at most",
    executor_def=IN_PROCESS,
    run_tags=HISTORY,
)
collect_sle_job = dg.define_asset_job(
    "collect_sle",
    [*HOURS_ASSETS, sle_dive],
    description="SLE of all sites in the hours that are over, then the deep-dive into those that need a look",
    executor_def=IN_PROCESS,
    run_tags=OPTIONAL,
)
hourly_job = dg.define_asset_job(
    "hourly",
    [
        *API_USAGE_ASSETS,
        *KPI_ASSETS,
        *REFERENCE_ASSETS,
        *HOURLY_REPORTS,
        load_hourly,
        published,
    ],
    description="KPIs of a range of complete hours, loaded and published",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
load_job = dg.define_asset_job(
    "load",
    dg.AssetSelection.assets(*load_keys([*HOURLY_TABLES, DIM_HOUR]), published),
    description="Load and publish hourly tables that are in the lake, for example imported history",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
windows_job = dg.define_asset_job(
    "windows",
    [agg_window, load_windows, published],
    description="3, 12 and 24 hour windows that end with each hour of a range",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
sle_job = dg.define_asset_job(
    "sle",
    [*SLE_TABLE_ASSETS, load_sle, published],
    description="SLE scores, trends, details and coverage, loaded and published",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
period_jobs = {
    name: dg.define_asset_job(
        name,
        dg.AssetSelection.assets(
            PERIOD_ASSETS[period],
            *PERIOD_REPORTS[period],
            *([SLA_OUTAGES] if period == "month" else []),
            *load_keys([RPT_SLA_OUTAGE] if period == "month" else []),
            LOAD_PERIOD_ASSETS[period],
            published,
        ),
        description=f"{name.capitalize()} figures of a range, loaded and published",
        executor_def=IN_PROCESS,
        run_tags=COMPUTE,
    )
    for name, period in PERIOD_JOBS.items()
}
rolling_job = dg.define_asset_job(
    "rolling",
    [agg_rolling, load_rolling, published],
    description="13 calendar months that end with each month of a range",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
chronic_job = dg.define_asset_job(
    "chronic",
    [rpt_chronic_offenders, load_chronic, published],
    description="Chronic offenders as of the end of each day of a range",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
latest_job = dg.define_asset_job(
    "latest",
    [dim_threshold, rpt_congestion_now, rpt_top_offenders, load_latest, published],
    description="Reports of the latest computed hour: thresholds, congestion now, top offenders",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
maintenance_job = dg.define_asset_job(
    "maintenance",
    dg.AssetSelection.assets(*MAINTENANCE_ASSETS, *load_keys(WHOLE_TABLES), published),
    description="Schema drift report, retention and compaction, published",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
alarms_job = dg.define_asset_job(
    "alarms",
    [alarm_tables, load_alarms, published],
    description="Alarms of a range of days as they were last seen, loaded and published",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
alerts_job = dg.define_asset_job(
    "alerts",
    [*ALERT_ASSETS, load_alerts, published],
    description="Alerts of the newest slots and hours, told to their receivers, loaded and published when they changed",
    executor_def=IN_PROCESS,
    run_tags=ALERTING,
)
site_details_job = dg.define_asset_job(
    "site_details",
    dg.AssetSelection.assets(*SITE_DETAIL_ASSETS, *SITE_TABLE_ASSETS, *load_keys(WHOLE_TABLES), published),
    description="Sites read on demand: those named in the run config, or those in trouble",
    executor_def=IN_PROCESS,
    run_tags=OPTIONAL,
)
daily_report_job = dg.define_asset_job(
    "daily_report_files",
    DAILY_FILES,
    description="The operations report of a day, written and delivered",
    executor_def=IN_PROCESS,
    run_tags=REPORTS,
)
monthly_report_job = dg.define_asset_job(
    "monthly_report_files",
    MONTHLY_FILES,
    description="The executive report of a month and the evidence for its providers, written and delivered",
    executor_def=IN_PROCESS,
    run_tags=REPORTS,
)
COMPUTED_BY: dict[str, tuple[str, frozenset[dg.AssetKey]]] = {
    "hourly": ("hourly", _keys([*KPI_ASSETS, *HOURLY_REPORTS])),
    "alarms": ("alarms", _keys([alarm_tables])),
    "sle": ("sle", _keys(SLE_TABLE_ASSETS)),
    "windows": ("windows", _keys([agg_window])),
    "rolling": ("rolling", _keys([agg_rolling])),
    "chronic": ("chronic", _keys([rpt_chronic_offenders])),
    "latest": ("latest", _keys([rpt_congestion_now, rpt_top_offenders])),
    **{name: (name, _keys([PERIOD_ASSETS[period]])) for name, period in PERIOD_JOBS.items()},
    **{
        e.raw_name: (job, frozenset({raw_key(e)}))
        for job, several in HISTORY_SOURCES.items()
        for e in several
    },
}
"""Stage or `raw/<endpoint>` -> the job that brings its partitions, and the assets in whose runs they are worked on."""

JOBS = [
    collect_job,
    events_job,
    history_job,
    collect_sle_job,
    hourly_job,
    alarms_job,
    alerts_job,
    sle_job,
    load_job,
    windows_job,
    *period_jobs.values(),
    rolling_job,
    chronic_job,
    latest_job,
    site_details_job,
    maintenance_job,
    daily_report_job,
    monthly_report_job,
]
