"""Reports and the thresholds' table from the lake: reads, calls pure functions, replaces partitions. No Dagster."""

from __future__ import annotations

from datetime import datetime

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    DIM_SITE,
    DIM_THRESHOLD,
    RPT_CHRONIC_OFFENDERS,
    RPT_CONGESTION_NOW,
    RPT_TOP_OFFENDERS,
)
from mistwan_dagster.kpi.chronic import DAY, chronic_offenders
from mistwan_dagster.kpi.congestion import congestion_now, history_start
from mistwan_dagster.kpi.rankings import top_offenders
from mistwan_dagster.kpi.threshold_versions import threshold_dimension
from mistwan_dagster.lake.files import period_label
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranked import latest_stretches
from mistwan_dagster.orchestration.rollups import hourly_facts, hourly_with_thresholds
from mistwan_dagster.orchestration.staleness import fact_hours


def compute_thresholds(platform: Platform) -> int:
    """Replace `dim_threshold` from the thresholds file and the sites as known; returns rows."""
    sites = platform.kpi.read(DIM_SITE.name)
    frame = threshold_dimension(platform.thresholds, DIM_SITE.empty() if sites is None else sites)
    platform.kpi.write(DIM_THRESHOLD.name, frame)
    return frame.height


def compute_chronic(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace the chronic offenders as of the end of each day of [start, end); returns rows."""
    rows, day, rule = 0, start, platform.chronic_rule
    while day < end:
        as_of = day + DAY
        days = platform.kpi.scan_periods(
            AGG_CIRCUIT_PERIOD.name, "day", as_of - DAY * rule.window_days, as_of
        )
        frame = chronic_offenders(
            AGG_CIRCUIT_PERIOD.empty().lazy() if days is None else days, as_of, rule
        ).collect()
        platform.kpi.write(RPT_CHRONIC_OFFENDERS.name, frame, period_label("day", day))
        rows += frame.height
        day = as_of
    return rows


def compute_congestion(platform: Platform) -> int:
    """Replace `rpt_congestion_now` as of the latest hour with facts; returns rows."""
    frame = RPT_CONGESTION_NOW.empty()
    for hour in fact_hours(platform)[-1:]:
        now = hourly_with_thresholds(platform, hour, hour + HOUR)
        history = hourly_facts(platform, history_start(hour), hour + HOUR)
        frame = congestion_now(now, history, hour).collect()
    platform.kpi.write(RPT_CONGESTION_NOW.name, frame)
    return frame.height


def compute_top(platform: Platform) -> int:
    """Replace `rpt_top_offenders` from the latest windows and periods; returns rows."""
    frame = top_offenders((s.kind, s.start, s.read()) for s in latest_stretches(platform))
    platform.kpi.write(RPT_TOP_OFFENDERS.name, frame)
    return frame.height
