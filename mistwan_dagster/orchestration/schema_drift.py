"""The schema drift report from the raw lake: a profile of each day, kept, and their differences. No Dagster.

A day's profile is final when it was drawn after the day's end. Those of days that go on are drawn anew by each run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint, Shape
from mistwan_dagster.catalog.endpoints import ENDPOINTS
from mistwan_dagster.catalog.schema_drift import RPT_SCHEMA_DRIFT
from mistwan_dagster.kpi.schema_drift import drift, field_profile, merge_profiles, refusal_profile
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.platform import Platform

PROFILES = "raw_field_day"
"""Intermediate table of the lake; it is not loaded into the warehouse."""
SO_FAR = "so_far"
"""Label of the days that are going on."""
DAY = timedelta(days=1)
NEWS = timedelta(hours=24)


def profiled_endpoints() -> list[Endpoint]:
    """Endpoints whose answers are rows of fields; series are arrays of numbers under names that were asked for."""
    return [e for e in ENDPOINTS.values() if e.shape is not Shape.SERIES]


def compute_drift(platform: Platform) -> pl.DataFrame:
    """Draw the profiles that are not final, then replace `rpt_schema_drift`; returns it."""
    today = platform.settings.now().date()
    final = set(platform.kpi.labels(PROFILES)) - {SO_FAR}
    unfinished = []
    for day, endpoints in sorted(_days(platform).items()):
        if day.isoformat() in final:
            continue
        profile = merge_profiles(p for e in endpoints for p in _profiles(platform, e, day))
        if day < today:
            platform.kpi.write(PROFILES, profile, day.isoformat())
        else:
            unfinished.append(profile)
    platform.kpi.write(PROFILES, merge_profiles(unfinished), SO_FAR)
    profiles = (platform.kpi.read(PROFILES, label) for label in platform.kpi.labels(PROFILES))
    report = drift(merge_profiles(p for p in profiles if p is not None), today)
    platform.kpi.write(RPT_SCHEMA_DRIFT.name, report)
    return report


def news(platform: Platform) -> pl.DataFrame:
    """Rows of the last report that were first seen within a day; empty when nothing is new or reported."""
    report = platform.kpi.read(RPT_SCHEMA_DRIFT.name)
    if report is None:
        return RPT_SCHEMA_DRIFT.empty()
    return report.filter(pl.col("first_seen_utc") > platform.settings.now() - NEWS)


def _days(platform: Platform) -> dict[date, list[Endpoint]]:
    """Days on which anything was collected, with its endpoints."""
    found: dict[date, list[Endpoint]] = {}
    for endpoint in profiled_endpoints():
        days = {hour.date() for hour in platform.raw.partition_hours(endpoint)}
        for day in days | platform.raw.quarantine_days(endpoint):
            found.setdefault(day, []).append(endpoint)
    return found


def _profiles(platform: Platform, endpoint: Endpoint, day: date) -> Iterator[pl.DataFrame]:
    """Hour by hour, so that memory does not grow with the day."""
    start = datetime.combine(day, time(), UTC)
    scan = platform.raw.scan_snapshots if endpoint.in_slots else platform.raw.scan_events
    for hour in hours_between(start, start + DAY):
        yield field_profile(scan(endpoint, hour, hour + HOUR).collect(), endpoint, day)
    yield refusal_profile(platform.raw.quarantined(endpoint, day), endpoint, day)
