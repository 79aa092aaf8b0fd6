"""How a span of time names a range of partitions of a job, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from mistwan_dagster.kpi.calendar import period_start
from mistwan_dagster.lake.raw import Span
from mistwan_dagster.orchestration.jobs import PARTITION_PERIODS
from mistwan_dagster.orchestration.partitions import PARTITION_KEY_FORMAT


def partition_key(job: str, start: datetime) -> str:
    """Key of the partition of a job that begins at `start`."""
    return start.strftime("%Y-%m-%d" if job in PARTITION_PERIODS else PARTITION_KEY_FORMAT)


def range_tags(job: str, start: datetime, end: datetime) -> dict[str, str]:
    """Run tags for the partitions of [start, end): one run takes them all."""
    last = end - timedelta(hours=1)
    if job in PARTITION_PERIODS:
        last = period_start(last, PARTITION_PERIODS[job])
    return {
        ASSET_PARTITION_RANGE_START_TAG: partition_key(job, start),
        ASSET_PARTITION_RANGE_END_TAG: partition_key(job, last),
    }


def span_of_tags(end_of: Callable[[datetime], datetime], tags: Mapping[str, str]) -> Span | None:
    """Half-open span of the partitions that a run's tags name, None when they name none."""
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG) or tags.get(PARTITION_NAME_TAG)
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG) or tags.get(PARTITION_NAME_TAG)
    if first is None or last is None:
        return None
    return _start(first), end_of(_start(last))


def _start(key: str) -> datetime:
    day, hour = key[:10], key[11:] or "00:00"
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=UTC)
