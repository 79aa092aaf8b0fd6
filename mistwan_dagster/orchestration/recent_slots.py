"""Snapshot slots of the last 24 hours, from the first one collected: what was to come, and what is not whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mistwan_dagster.catalog.endpoint import Cadence
from mistwan_dagster.catalog.endpoints import SNAPSHOTS
from mistwan_dagster.lake.raw import SLOT, SlotReport, floor_slot
from mistwan_dagster.orchestration.platform import Platform

LOOK_BACK = timedelta(hours=24)


@dataclass(frozen=True)
class RecentSlots:
    """Slots of one endpoint. `reports`: those collected, the present one too; `expected`: those that are over."""

    reports: dict[datetime, SlotReport]
    expected: list[datetime]

    @property
    def missing(self) -> list[datetime]:
        """Slots that are over and were not collected whole."""
        return [s for s in self.expected if s not in self.reports or not self.reports[s].complete]


def recent_slots(platform: Platform) -> dict[str, RecentSlots]:
    """Endpoint -> its slots, of those collected every slot; nothing is expected where nothing was collected."""
    now = platform.settings.now()
    over, found = floor_slot(now), {}
    for endpoint in (e for e in SNAPSHOTS if e.cadence is Cadence.SLOT):
        reports = platform.raw.reports(endpoint, over - LOOK_BACK + SLOT, now)
        count = (over - min(reports)) // SLOT if reports else 0
        found[endpoint.name] = RecentSlots(reports, [min(reports) + SLOT * i for i in range(count)])
    return found
