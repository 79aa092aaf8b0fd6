"""Retention: deletes partitions that are wholly older than a horizon, and counts what went.

The horizon moves first, so a kill leaves no partition half in sight, and the next run deletes the rest. Partitions
are found on disk, not in the catalog: those of endpoints and tables that no longer exist grow old too. Does not
belong here: how long anything is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mistwan_dagster.lake.day_files import FOLDER, day_paths
from mistwan_dagster.lake.files import LakePath, name_below, remove, visible
from mistwan_dagster.lake.hours import HOUR
from mistwan_dagster.lake.kpi import KpiLake
from mistwan_dagster.lake.quarantine import walked_at
from mistwan_dagster.lake.raw import RawLake

DAY = timedelta(days=1)
HOUR_NAME = re.compile(r"(?:hour=)?(\d{4}-\d{2}-\d{2}T\d{2})(?:\.parquet)?")
DAY_NAME = re.compile(r"day=(\d{4}-\d{2}-\d{2})|(\d{4}-\d{2}-\d{2})\.parquet")
SPAN_NAME = re.compile(r"span=(\d{8}T\d{2})_(\d{8}T\d{2})")


@dataclass(frozen=True)
class Deleted:
    """What went of one endpoint or table: files, bytes, and start and end of the span that they covered."""

    name: str
    files: int
    bytes: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True)
class _Partition:
    path: LakePath
    start: datetime
    end: datetime


def delete_raw(lake: RawLake, before: datetime) -> list[Deleted]:
    """Delete raw partitions and refused rows that end at or before `before`, the oldest first."""
    lake.horizon.advance(before)
    folders = [*visible(lake.root / "raw", ""), *visible(lake.root / "quarantine", "")]
    return _delete(lake.root, folders, before)


def delete_kpi(lake: KpiLake, before: datetime) -> list[Deleted]:
    """Delete partitions of hours and of days of events that end at or before `before`, the oldest first.

    Tables that are one file and figures of days, weeks and months (`day-...`) are small and stay.
    """
    lake.horizon.advance(before)
    return _delete(lake.root.parent, visible(lake.root, ""), before)


def _delete(root: LakePath, folders: list[LakePath], before: datetime) -> list[Deleted]:
    deleted = []
    for folder in folders:
        old = sorted((p for p in _partitions(folder) if p.end <= before), key=lambda p: p.start)
        if not old:
            continue
        sizes = [size for partition in old for size in remove(partition.path)]
        name = name_below(root, folder)
        deleted.append(Deleted(name, len(sizes), sum(sizes), old[0].start, max(p.end for p in old)))
    return deleted


def _partitions(folder: LakePath) -> Iterator[_Partition]:
    """Everything in an endpoint's or a table's folder that covers a span of its own."""
    for path in visible(folder, ""):
        if match := HOUR_NAME.fullmatch(path.name):
            yield _Partition(path, _hour(match[1], "%Y-%m-%dT%H"), _hour(match[1], "%Y-%m-%dT%H") + HOUR)
        elif match := DAY_NAME.fullmatch(path.name):
            yield _day(path, date.fromisoformat(match[1] or match[2]))
        elif match := SPAN_NAME.fullmatch(path.name):
            yield _Partition(path, _hour(match[1], "%Y%m%dT%H"), _hour(match[2], "%Y%m%dT%H"))
        elif instant := walked_at(path.name):
            yield _day(path, instant.date())
        elif path.name == FOLDER:
            yield from (_day(p, day) for day, paths in day_paths(folder).items() for p in paths)


def _hour(text: str, form: str) -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _day(path: LakePath, day: date) -> _Partition:
    start = datetime.combine(day, time(), UTC)
    return _Partition(path, start, start + DAY)
