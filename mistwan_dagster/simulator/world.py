"""The simulated organization: its parts put together, and the truth they tell.

Belongs here: construction and the questions tests and the server may ask. Does not belong here: HTTP.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import polars as pl

from mistwan_dagster.simulator import truth
from mistwan_dagster.simulator.alarms import AlarmBook
from mistwan_dagster.simulator.carried import Carried
from mistwan_dagster.simulator.clients import Clients
from mistwan_dagster.simulator.events import Chronicle
from mistwan_dagster.simulator.incidents import Calendar, Incidents
from mistwan_dagster.simulator.quality import Quality
from mistwan_dagster.simulator.snapshot import VIEW_STEP_S, Observer, Snapshot
from mistwan_dagster.simulator.topology import build
from mistwan_dagster.simulator.traffic import Traffic

DEFAULT_START = datetime(2020, 1, 1, tzinfo=UTC)


class World:
    """A pure function of (seed, sites, time): any instant may be asked for, in any order.

    `start` is when the organization went live: no events and no history before it, counters begin there.
    """

    def __init__(self, seed: int, sites: int, start: datetime | None = None) -> None:
        start = start or DEFAULT_START
        self.seed, self.start = seed, start.replace(tzinfo=UTC) if start.tzinfo is None else start
        self.topology = build(seed, sites)
        self.calendar = Calendar(self.topology)
        self.carried = Carried(self.topology, Traffic(self.topology), self.calendar)
        self.observer = Observer(
            self.topology, self.calendar, self.carried, Quality(self.topology), self.start_s
        )
        self.chronicle = Chronicle(self.topology, self.calendar, self.start_s)
        self.alarms = AlarmBook(self.topology, self.calendar, self.start_s)
        self.clients = Clients(self.topology)
        self._snapshot = lru_cache(maxsize=4)(self.observer.at)

    @property
    def start_s(self) -> float:
        """`start` in epoch seconds."""
        return self.start.timestamp()

    @property
    def org_id(self) -> str:
        """Id of the organization."""
        return self.topology.org_id

    def snapshot(self, now_s: float) -> Snapshot:
        """The cloud's view at an instant (steps of ten seconds, the last few remembered)."""
        return self._snapshot(now_s // VIEW_STEP_S * VIEW_STEP_S)

    def incidents(self, start_s: float, end_s: float) -> Incidents:
        """Incidents that overlap [start_s, end_s)."""
        return self.calendar.overlapping(start_s, end_s)

    def circuits_csv(self) -> str:
        """See `truth.circuits_csv`."""
        return truth.circuits_csv(self)

    def truth_circuits(self) -> pl.DataFrame:
        """See `truth.circuits`."""
        return truth.circuits(self)

    def truth_circuit_hours(self, start: datetime, end: datetime) -> pl.DataFrame:
        """See `truth.circuit_hours`."""
        return truth.circuit_hours(self, start, end)

    def truth_outages(self, start: datetime, end: datetime) -> pl.DataFrame:
        """See `truth.outages`."""
        return truth.outages(self, start, end)

    def truth_failovers(self, start: datetime, end: datetime) -> pl.DataFrame:
        """See `truth.failovers`."""
        return truth.failovers(self, start, end)
