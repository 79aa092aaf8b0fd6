"""Jobs: which assets run together, and in which lane. The CLI launches the same ones as schedules, sensors and UI."""

from __future__ import annotations

import dagster as dg
from dagster._core.storage.tags import MAX_RETRIES_TAG, MAX_RUNTIME_SECONDS_TAG

from mistwan_dagster.catalog.endpoint import Endpoint, Shape
from mistwan_dagster.catalog.endpoints import ENDPOINTS
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.orchestration.assets.dimensions import DIMENSION_ASSETS
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.raw import SNAPSHOT_ASSETS, device_events, raw_key
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

LANE_TAG = "mistwan/lane"
"""Runs of one lane go one after the other (see the instance's configuration); the lanes do not wait for each other."""


def run_tags(lane: str, max_hours: float) -> dict[str, str]:
    """Lane, and after how long a run is taken for stuck. Not retried by Dagster: whoever asks for these runs
    (the next slot, or a sensor, which counts the attempts) asks again."""
    return {LANE_TAG: lane, MAX_RUNTIME_SECONDS_TAG: str(int(max_hours * 3600)), MAX_RETRIES_TAG: "0"}


LIVE, HISTORY, COMPUTE = run_tags("live", 0.25), run_tags("history", 24), run_tags("compute", 2)

HISTORY_SOURCES: dict[str, tuple[Endpoint, ...]] = {
    job: tuple(e for e in ENDPOINTS.values() if e.history_hours and e.shape is shape)
    for job, shape in {"events": Shape.EVENTS, "history": Shape.SERIES}.items()
}
"""What can be asked of the past, by the job that asks: the endpoints that declare how far back they tell."""

PERIOD_JOBS: dict[str, Period] = {"daily": "day", "weekly": "week", "monthly": "month"}

collect_job = dg.define_asset_job(
    "collect",
    [*SNAPSHOT_ASSETS, device_events, *DIMENSION_ASSETS],
    description="One snapshot slot now, new events, dimensions",
    executor_def=IN_PROCESS,
    run_tags=LIVE,
)
events_job = dg.define_asset_job(
    "events",
    dg.AssetSelection.assets(*map(raw_key, HISTORY_SOURCES["events"])),
    description="Events of a past span, as far back as the API tells",
    executor_def=IN_PROCESS,
    run_tags=HISTORY,
)
history_job = dg.define_asset_job(
    "history",
    dg.AssetSelection.assets(*map(raw_key, HISTORY_SOURCES["history"])),
    description="Hourly traffic and quality of each circuit for a past span, 14 days at most",
    executor_def=IN_PROCESS,
    run_tags=HISTORY,
)
hourly_job = dg.define_asset_job(
    "hourly",
    [*KPI_ASSETS, load_hourly, load_tables, published],
    description="KPIs of a range of complete hours, loaded and published",
    executor_def=IN_PROCESS,
    run_tags=COMPUTE,
)
load_job = dg.define_asset_job(
    "load",
    [load_hourly, published],
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
period_jobs = {
    name: dg.define_asset_job(
        name,
        [PERIOD_ASSETS[period], LOAD_PERIOD_ASSETS[period], published],
        description=f"{name.capitalize()} figures of a range, loaded and published",
        executor_def=IN_PROCESS,
        run_tags=COMPUTE,
    )
    for name, period in PERIOD_JOBS.items()
}
COMPUTED_BY: dict[str, tuple[str, frozenset[dg.AssetKey]]] = {
    "hourly": ("hourly", frozenset(key for asset in KPI_ASSETS for key in asset.keys)),
    "windows": ("windows", frozenset(agg_window.keys)),
    **{name: (name, frozenset(PERIOD_ASSETS[period].keys)) for name, period in PERIOD_JOBS.items()},
    **{e.name: (job, frozenset({raw_key(e)})) for job, several in HISTORY_SOURCES.items() for e in several},
}
"""Stage or endpoint -> the job that brings its partitions, and the assets in whose runs they are worked on."""

JOBS = [collect_job, events_job, history_job, hourly_job, load_job, windows_job, *period_jobs.values()]
