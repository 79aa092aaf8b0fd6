"""Snapshot slots of the last 24 hours, from the first one ever collected: what was to come, and what is not whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mistwan_dagster.catalog.endpoint import Cadence, Endpoint
from mistwan_dagster.catalog.endpoints import SNAPSHOTS
from mistwan_dagster.lake.files import listed_once
from mistwan_dagster.lake.raw import HOUR, SLOT, RawLake, SlotReport, floor_hour, floor_slot
from mistwan_dagster.orchestration.platform import Platform

LOOK_BACK = timedelta(hours=24)


@dataclass(frozen=True)
class RecentSlots:
    """Slots of one endpoint. `reports`: those collected, the present one too; `expected`: those that are over.

    `newest`: the last one collected, however long ago; None when none ever was, and then nothing is expected.
    """

    reports: dict[datetime, SlotReport]
    expected: list[datetime]
    newest: SlotReport | None

    @property
    def missing(self) -> list[datetime]:
        """Slots that are over and were not collected whole."""
        return [s for s in self.expected if s not in self.reports or not self.reports[s].complete]


def recent_slots(platform: Platform) -> dict[str, RecentSlots]:
    """Endpoint -> its slots, of those collected every slot."""
    now = platform.settings.now()
    with listed_once(platform.settings.lake):
        return {e.name: _of(platform.raw, e, now) for e in SNAPSHOTS if e.cadence is Cadence.SLOT}


def _of(raw: RawLake, endpoint: Endpoint, now: datetime) -> RecentSlots:
    over = floor_slot(now)
    start = over - LOOK_BACK + SLOT
    near = raw.reports(endpoint, floor_hour(start), now)
    reports = {slot: report for slot, report in near.items() if slot >= start}
    kept_since = raw.kept_since(endpoint)
    if kept_since is None or kept_since >= floor_hour(start):
        start = max(start, min(near, default=over))
    newest = near[max(near)] if near else _newest(raw, endpoint)
    return RecentSlots(reports, [start + SLOT * i for i in range((over - start) // SLOT)], newest)


def _newest(raw: RawLake, endpoint: Endpoint) -> SlotReport | None:
    """Of all that is kept; partitions are looked at from the newest, which mostly tells it."""
    for hour in reversed(raw.partition_hours(endpoint)):
        reports = raw.reports(endpoint, hour, hour + HOUR)
        if reports:
            return reports[max(reports)]
    return None
