"""The raw part of the lake: what the API told, as it told it.

Layout below the lake's root:

    raw/<endpoint>/hour=<H>/slot-<HHMM>.parquet            one whole snapshot walk
    raw/<endpoint>/hour=<H>/slot-<HHMM>.json               how that walk went
    raw/<endpoint>/hour=<H>/slot-<HHMM>.pages/<walk>/...   pages of a walk under way or broken off
    raw/<endpoint>/hour=<H>/<walk>-<page>.parquet          events that happened in H, each stored once
    raw/<endpoint>/compacted/<D>.<n>.parquet               snapshots or events of a day; the last n counts
    raw/<endpoint>/day=<D>/bins.parquet                    history series
    raw/retained_from.json                                 what is older than this is being deleted
    quarantine/<endpoint>/<walk>-<page>.json               rows that could not be typed, with the reason
    quarantine/<endpoint>/compacted/<D>.<n>.parquet        those of a day

Snapshots are partitioned by the slot that read them, events by the hour in which they happened: a late event
touches just the partition it belongs to. Does not belong here: requests, and what a value means.
"""

from __future__ import annotations

from mistwan_dagster.lake.events import EventHours
from mistwan_dagster.lake.hours import (
    HOUR,
    SLOT,
    Span,
    floor_day,
    floor_hour,
    floor_slot,
    hours_between,
    is_within,
)
from mistwan_dagster.lake.quarantine import Quarantine
from mistwan_dagster.lake.series import SeriesDays
from mistwan_dagster.lake.slots import SlotReport, SnapshotSlots

__all__ = [
    "HOUR",
    "SLOT",
    "RawLake",
    "SlotReport",
    "Span",
    "floor_day",
    "floor_hour",
    "floor_slot",
    "hours_between",
    "is_within",
]


class RawLake(SnapshotSlots, EventHours, SeriesDays, Quarantine):
    """Reads and writes `raw/` and `quarantine/` below a lake root."""
