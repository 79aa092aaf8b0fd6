"""The circuits that need a look, and the thresholds they are judged by: congestion now, chronic and top offenders.

Reads the lake, calls pure functions, replaces partitions. No Dagster.
"""

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
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranked_periods import latest_stretches
from mistwan_dagster.orchestration.rollups import (
    Figures,
    hourly_facts,
    hourly_with_thresholds,
    replace_periods,
)
from mistwan_dagster.orchestration.staleness import fact_hours


def compute_thresholds(platform: Platform) -> int:
    """Replace `dim_threshold` from the thresholds file and the sites as known; returns rows."""
    sites = platform.kpi.read(DIM_SITE.name)
    frame = threshold_dimension(platform.thresholds, DIM_SITE.empty() if sites is None else sites)
    platform.kpi.write(DIM_THRESHOLD.name, frame)
    return frame.height


def compute_chronic(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace the chronic offenders as of the end of each day of [start, end); returns rows."""
    rule = platform.chronic_rule

    def found(_begin: datetime, as_of: datetime) -> Figures:
        first = as_of - DAY * rule.window_days
        days = platform.kpi.scan_periods(AGG_CIRCUIT_PERIOD.name, "day", first, as_of)
        known = AGG_CIRCUIT_PERIOD.empty().lazy() if days is None else days
        return {RPT_CHRONIC_OFFENDERS: chronic_offenders(known, as_of, rule)}

    return replace_periods(platform, "day", start, end, found)


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
