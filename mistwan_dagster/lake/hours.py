"""Hours and five-minute slots of the lake's partitions, UTC. Calendar periods are `kpi.calendar`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
SLOT = timedelta(minutes=5)
Span = tuple[datetime, datetime]
"""Half-open: [from, to)."""


def floor_slot(instant: datetime) -> datetime:
    """Start of the five-minute slot that contains `instant`."""
    return datetime.fromtimestamp(instant.timestamp() // SLOT.total_seconds() * SLOT.total_seconds(), UTC)


def floor_hour(instant: datetime) -> datetime:
    """Start of the UTC hour that contains `instant`."""
    return datetime.fromtimestamp(instant.timestamp() // 3600 * 3600, UTC)


def floor_day(instant: datetime) -> datetime:
    """Start of the UTC day that contains `instant`."""
    return floor_hour(instant).replace(hour=0)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Each whole hour that begins in [start, end)."""
    hour = floor_hour(start)
    if hour < start:
        hour += HOUR
    while hour < end:
        yield hour
        hour += HOUR


def is_within(start: datetime, end: datetime, spans: Iterable[Span]) -> bool:
    """Whether one of the spans holds all of [start, end)."""
    return any(begin <= start and end <= until for begin, until in spans)
