"""From hourly facts to windows and periods: reads facts, calls pure functions, replaces partitions. No Dagster."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_WINDOW,
    AGG_REGION_PERIOD,
    AGG_REGION_WINDOW,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
)
from mistwan_dagster.kpi.calendar import Period, period_end
from mistwan_dagster.kpi.periods import circuit_periods, region_periods
from mistwan_dagster.kpi.thresholds import with_thresholds
from mistwan_dagster.kpi.versions import in_force
from mistwan_dagster.kpi.windows import circuit_windows, region_windows
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.hourly import CHUNK
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import LONGEST_WINDOW


def hourly_with_thresholds(platform: Platform, start: datetime, end: datetime) -> pl.LazyFrame:
    """Facts of [start, end) with the region, store type, time zone and thresholds in force in each hour."""
    facts = platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, start, end)
    if facts is None:
        facts = FACT_CIRCUIT_HOUR.empty().lazy()
    hours = facts.select("hour_utc").unique()
    known = platform.kpi.read(DIM_SITE.name)
    dimension = (
        DIM_SITE.empty() if known is None else known
    )  # imported history may precede the first collection
    sites = in_force(dimension.lazy(), hours, "site_id").select(
        "site_id", "hour_utc", "store_type", "timezone"
    )
    return with_thresholds(facts.join(sites, on=["site_id", "hour_utc"], how="left"), platform.thresholds)


def compute_windows(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace the windows that end with each hour of [start, end): partition H holds the windows as of H + 1 h."""
    rows, begin = 0, start
    while begin < end:
        until = min(begin + CHUNK, end)
        hourly = hourly_with_thresholds(platform, begin + HOUR - timedelta(hours=LONGEST_WINDOW), until)
        circuits, regions = pl.collect_all(
            [
                AGG_CIRCUIT_WINDOW.conform(circuit_windows(hourly, begin, until)),
                AGG_REGION_WINDOW.conform(region_windows(hourly, begin, until)),
            ]
        )
        for table, frame in ((AGG_CIRCUIT_WINDOW, circuits), (AGG_REGION_WINDOW, regions)):
            parts = {k[0]: f for k, f in frame.partition_by("as_of_utc", as_dict=True).items()}
            for hour in hours_between(begin, until):
                platform.kpi.write(table.name, parts.get(hour + HOUR, frame.clear()), hour_label(hour))
        rows += circuits.height
        begin = until
    return rows


def compute_periods(platform: Platform, period: Period, start: datetime, end: datetime) -> int:
    """Replace the periods of one kind that begin in [start, end); each is computed on its own, in bounded memory."""
    rows, begin = 0, start
    while begin < end:
        until = period_end(begin, period)
        hourly = hourly_with_thresholds(platform, begin, until)
        circuits, regions = pl.collect_all(
            [
                AGG_CIRCUIT_PERIOD.conform(circuit_periods(hourly, period, begin, until)),
                AGG_REGION_PERIOD.conform(region_periods(hourly, period, begin, until)),
            ]
        )
        for table, frame in ((AGG_CIRCUIT_PERIOD, circuits), (AGG_REGION_PERIOD, regions)):
            platform.kpi.write(table.name, frame, period_label(period, begin))
        rows += circuits.height
        begin = until
    return rows


def period_label(period: Period, start: datetime) -> str:
    """Partition label of a period: `day-2025-01-01`."""
    return f"{period}-{start:%Y-%m-%d}"
