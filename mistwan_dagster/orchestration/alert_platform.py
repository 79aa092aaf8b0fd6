"""Breaches of the platform itself: data late, call budget or disk running out, runs that failed for good.

Belongs here: reading how the platform stands, as observed rows of `kpi.alerts_incidents`. Does not belong here: which
runs failed for good (`activity`, `planning`), alerts. No Dagster.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from mistwan_dagster.catalog.endpoints import PORT_STATS
from mistwan_dagster.kpi.alerts_file import PlatformRule
from mistwan_dagster.kpi.alerts_incidents import OBSERVED
from mistwan_dagster.lake.raw import HOUR, floor_hour
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import fact_hours

ROOM_PCT = 1.0
"""A disk counts as freed when it has this much more than the limit: else each file written or deleted would alert."""


@dataclass(frozen=True)
class Finding:
    """How one part of the platform stands: in breach, over, or (neither) unknown or between both."""

    subject: str
    breached: bool = False
    recovered: bool = False
    since: datetime | None = None
    value: float | None = None
    text: str | None = None


def newest_slot(platform: Platform) -> datetime | None:
    """The newest snapshot slot that was collected whole, None when there is none."""
    for hour in reversed(platform.raw.partition_hours(PORT_STATS)):
        whole = [found.slot for found in platform.raw.slots(PORT_STATS, hour) if found.whole]
        if whole:
            return whole[-1]
    return None


def platform_findings(platform: Platform, given_up: Mapping[str, str | None]) -> pl.DataFrame:
    """OBSERVED rows of the platform's rules that are switched on.

    `given_up`: each stage, `raw/<endpoint>` and `job/<name>` -> what of it no run brings any more, in words, empty when
    nothing, None when that is not known.
    """
    now = platform.settings.now()
    watched: dict[str, Callable[[PlatformRule], Iterable[Finding]]] = {
        "slots_late": lambda rule: [
            _late("slots", newest_slot(platform), now, rule.limit, "newest whole slot")
        ],
        "hours_late": lambda rule: [
            _late("hours", _newest_hour_end(platform), now, rule.limit, "computed up to")
        ],
        "quota_low": lambda rule: [_quota(platform, rule.limit)],
        "disk_low": lambda rule: [_disk(platform.settings.home, rule.limit)],
        "run_failed": lambda _: _runs(given_up),
    }
    rows = [
        _row(rule, finding)
        for name, rule in platform.alerting.platform.items()
        for finding in watched[name](rule)
    ]
    return pl.DataFrame(rows, schema=OBSERVED)


def _row(rule: PlatformRule, finding: Finding) -> dict[str, object]:
    return {
        "rule": rule.name,
        "signal": rule.name,
        "subject": finding.subject,
        "severity": rule.severity if finding.breached else None,
        "recovered": finding.recovered,
        "since_utc": finding.since,
        "value": finding.value,
        "scope": "platform",
        "in_incident": False,
        "silenced": False,
        "text": finding.text if finding.breached else None,
    }


def _newest_hour_end(platform: Platform) -> datetime | None:
    hours = fact_hours(platform)
    return hours[-1] + HOUR if hours else None


def _late(subject: str, newest: datetime | None, now: datetime, limit: float, words: str) -> Finding:
    """What never was there is not late: a platform that is being set up, or one whose first run fails for good."""
    if newest is None:
        return Finding(subject)
    age = (now - newest) / timedelta(minutes=1)
    text = f"{words} {newest:%Y-%m-%d %H:%M} UTC, {age:.0f} minutes ago, limit {limit:g}"
    return Finding(subject, age >= limit, age < limit, newest, age, text)


def _quota(platform: Platform, limit: float) -> Finding:
    """Over when two clock hours stayed within the limit: each begins with a budget of its own."""
    if not (platform.settings.mist_api_token and platform.settings.mist_org_id):
        return Finding("quota")
    quota, hour = platform.quota, floor_hour(platform.settings.now())
    budget = quota.limit(Purpose.LIVE)
    left = 100 * quota.left(Purpose.LIVE) / budget
    before = 100 * (budget - quota.used(hour - HOUR)) / budget
    low = left <= limit
    text = f"{left:.0f} % of {budget} calls of the hour are left, limit {limit:g} %"
    return Finding("quota", low, not low and before > limit, None, left, text)


def _disk(home: Path, limit: float) -> Finding:
    folder = next(p for p in (home, *home.parents) if p.is_dir())
    usage = shutil.disk_usage(folder)
    free = 100 * usage.free / usage.total
    text = f"{free:.1f} % ({usage.free / 1e9:.1f} GB) of the disk of MISTWAN_HOME are free, limit {limit:g} %"
    return Finding("disk", free <= limit, free >= min(limit + ROOM_PCT, 100), None, free, text)


def _runs(given_up: Mapping[str, str | None]) -> Iterator[Finding]:
    for name, words in given_up.items():
        yield Finding(name, bool(words), words == "", None, None, words or None)
