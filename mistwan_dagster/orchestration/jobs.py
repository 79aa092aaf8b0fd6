"""Jobs: which assets run together. The CLI launches the same ones as schedules and UI."""

from __future__ import annotations

import dagster as dg

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.orchestration.assets.dimensions import DIMENSION_ASSETS
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.raw import SERIES_ASSETS, SNAPSHOT_ASSETS, device_events, raw_key
from mistwan_dagster.orchestration.assets.reports import HOURLY_REPORTS, PERIOD_REPORTS, SLA_OUTAGES
from mistwan_dagster.orchestration.assets.rollups import PERIOD_ASSETS, agg_window
from mistwan_dagster.orchestration.assets.warehouse import (
    LOAD_PERIOD_ASSETS,
    load_hourly,
    load_tables,
    load_windows,
    published,
)

IN_PROCESS = dg.in_process_executor
"""A step process costs more than most of these steps."""

PERIOD_JOBS: dict[str, Period] = {"daily": "day", "weekly": "week", "monthly": "month"}

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
    [*KPI_ASSETS, *HOURLY_REPORTS, load_hourly, load_tables, published],
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
JOBS = [collect_job, events_job, history_job, hourly_job, load_job, windows_job, *period_jobs.values()]
