"""From stored alarm versions to the alarm tables, a day at a time.

An alarm belongs to the day it was raised and changes in place for days, so its tables are days of their own stage: a
change makes one day stale, never an hour of KPIs. No Dagster.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.alarm_tables import FACT_ALARM, FACT_ALARM_SITE_HOUR
from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoints import DEVICE_STATS
from mistwan_dagster.kpi.alarms import alarm_facts, alarm_site_hours
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import newest
from mistwan_dagster.lake.raw import HOUR, floor_day, hours_between
from mistwan_dagster.orchestration.platform import Platform

DAY = timedelta(days=1)
TABLES = (FACT_ALARM, FACT_ALARM_SITE_HOUR)


def day_label(day: datetime) -> str:
    """Label of a day's partition: `2025-01-01`."""
    return f"{day:%Y-%m-%d}"


def days_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Each UTC day that [start, end) touches."""
    day = floor_day(start)
    while day < end:
        yield day
        day += DAY


def alarm_days(platform: Platform) -> set[datetime]:
    """Days that alarms were read for, the current one included, and days that have some.

    Days whose versions retention has begun to delete keep the rows that they have.
    """
    spans = platform.raw.coverage(ALARMS)
    read = {day for start, end in spans for day in days_between(start, end)}
    days = read | {floor_day(hour) for hour in platform.raw.partition_hours(ALARMS)}
    return {day for day in days if day >= platform.raw.horizon.start}


def observed_minutes(platform: Platform, day: datetime) -> pl.DataFrame:
    """hour_utc, observed_minutes (0..60) of each hour of a day: how much of it alarms were read for."""
    spans = platform.raw.coverage(ALARMS)
    rows = [
        (hour, sum(max((min(b, hour + HOUR) - max(a, hour)) / timedelta(minutes=1), 0) for a, b in spans))
        for hour in hours_between(day, day + DAY)
    ]
    return pl.DataFrame(rows, schema=[("hour_utc", INSTANT), ("observed_minutes", pl.Float64)], orient="row")


def compute_alarms(platform: Platform, start: datetime, end: datetime) -> dict[str, pl.DataFrame]:
    """Replace both tables for the days of [start, end); returns what they hold now."""
    circuits = platform.kpi.read("dim_circuit")
    known = newest(circuits, "circuit_id") if circuits is not None else _no_circuits()
    interfaces = interface_map(platform.raw.latest_snapshot(DEVICE_STATS, platform.settings.now()))
    written: dict[str, list[pl.DataFrame]] = {t.name: [t.empty()] for t in TABLES}
    for day in days_between(start, end):
        facts = alarm_facts(platform.raw.scan_events(ALARMS, day, day + DAY), known, interfaces)
        alarms = facts.collect(engine="in-memory")
        hours = alarm_site_hours(alarms.lazy(), observed_minutes(platform, day).lazy())
        for table, frame in ((FACT_ALARM, alarms), (FACT_ALARM_SITE_HOUR, hours.collect(engine="in-memory"))):
            platform.kpi.write(table.name, frame, day_label(day))
            written[table.name].append(frame)
    return {name: pl.concat(frames) for name, frames in written.items()}


def _no_circuits() -> pl.DataFrame:
    names = ("circuit_id", "site_id", "device_mac", "node", "port_id")
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
