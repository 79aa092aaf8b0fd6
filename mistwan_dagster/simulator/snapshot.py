"""What the cloud holds at one instant: the newest report of every gateway, circuit and path.

Belongs here: state and counters as arrays, computed once per instant for the whole organization. Does not
belong here: API rows (`rows.py`).

Gateways report every 60 s, each at its own ten seconds; the cloud's view moves in steps of ten seconds. While
a gateway is out of contact its last report stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mistwan_dagster.simulator.carried import Carried, covers
from mistwan_dagster.simulator.incidents import (
    DARK_KINDS,
    LINK_KINDS,
    LOOKBACK_S,
    LOSSY_KINDS,
    Calendar,
    Incidents,
    Kind,
)
from mistwan_dagster.simulator.noise import Bools, Floats, Ints, uniform
from mistwan_dagster.simulator.quality import Quality, epoch_minute, mean_opinion_score
from mistwan_dagster.simulator.topology import Topology

REPORT_S = 60.0
VIEW_STEP_S = 10.0


@dataclass(frozen=True)
class Snapshot:
    """Arrays per gateway, per circuit and per path. Times are epoch seconds; nan means not told."""

    view_s: float
    connected: Bools
    source_s: Floats
    boot_s: Floats
    carrier: Ints
    """Circuit that carries the gateway's traffic, -1 when none."""
    link_up: Bools
    last_flapped_s: Floats
    rx_bytes: Floats
    tx_bytes: Floats
    rx_bps: Floats
    tx_bps: Floats
    path_up: Bools
    path_active: Bools
    latency_ms: Floats
    jitter_ms: Floats
    loss_pct: Floats
    mos: Floats


class Observer:
    """Takes snapshots of a world."""

    def __init__(
        self, topology: Topology, calendar: Calendar, carried: Carried, quality: Quality, start_s: float
    ) -> None:
        self.seed, self.start_s = topology.seed, start_s
        self.calendar, self.carried, self.quality = calendar, carried, quality
        self.phase_s = np.array([float(g.phase_s) for g in topology.gateways])
        self.always_down = np.array([c.state != "up" for c in topology.circuits], dtype=bool)
        self.path_circuit: Ints = np.array([p.circuit for p in topology.paths], dtype=np.int64)
        self.path_of = {(p.circuit, p.hub): p.index for p in topology.paths}

    def at(self, now_s: float) -> Snapshot:
        """The cloud's view at `now_s`, rounded down to its ten seconds."""
        view = float(np.floor(now_s / VIEW_STEP_S) * VIEW_STEP_S)
        incidents = self.calendar.overlapping(view - LOOKBACK_S, view + 1)
        connected, source = self._contact(view, incidents)
        boot = np.full(self.calendar.size, min(self.start_s, view))
        ended = incidents.of(Kind.REBOOT)
        ended = ended.where(ended.end <= source[ended.gateway])
        np.maximum.at(boot, ended.gateway, ended.end)
        at = source[self.carried.gateway]
        current = incidents.where(covers(incidents, source))
        rx, tx = self.carried.since(np.minimum(boot[self.carried.gateway], at), at, incidents)
        rx_rate, tx_rate = self.carried.rate(at, current)
        link_up, flapped = self._links(incidents, current, boot, source)
        return Snapshot(
            view,
            connected,
            source,
            boot,
            self._carrier(current),
            link_up,
            flapped,
            self._some_null(rx, at, 41, 0.002),
            self._some_null(tx, at, 42, 0.002),
            self._some_null(rx_rate * 8, at, 43, 0.03),
            self._some_null(tx_rate * 8, at, 44, 0.01),
            *self._paths(current, link_up, at),
        )

    def _contact(self, view: float, incidents: Incidents) -> tuple[Bools, Floats]:
        """Whether each gateway is in contact, and the instant of its newest report."""
        dark = incidents.of(*DARK_KINDS)
        dark = dark.where(dark.start <= view)
        last_instant = np.full(self.calendar.size, view)
        now = dark.where(dark.end > view)
        last_instant[now.gateway] = now.start - 0.001
        source = np.floor((last_instant - self.phase_s) / REPORT_S) * REPORT_S + self.phase_s
        over = dark.where(dark.end <= view)
        np.maximum.at(source, over.gateway, over.end)
        connected = np.ones(self.calendar.size, dtype=bool)
        connected[now.gateway] = False
        return connected, np.minimum(source, view)

    def _links(
        self, incidents: Incidents, current: Incidents, boot: Floats, source: Floats
    ) -> tuple[Bools, Floats]:
        up = ~self.always_down
        up[current.of(*LINK_KINDS).circuit] = False
        flapped = boot[self.carried.gateway]
        links = incidents.of(*LINK_KINDS)
        for instant in (links.start, links.end):
            past = instant <= source[links.gateway]
            np.maximum.at(flapped, links.circuit[past], instant[past])
        return up, flapped

    def _carrier(self, current: Incidents) -> Ints:
        carrier = self.calendar.primary.copy()
        moved = current.where(current.moves)
        carrier[moved.gateway] = self.calendar.takeover[moved.circuit]
        return carrier

    def _some_null(self, values: Floats, at: Floats, key: int, share: float) -> Floats:
        told = uniform(self.seed, key, np.arange(len(values)), epoch_minute(at)) >= share
        return np.where(told, np.floor(values), np.nan)

    def _paths(
        self, current: Incidents, link_up: Bools, at: Floats
    ) -> tuple[Bools, Bools, Floats, Floats, Floats, Floats]:
        circuit = self.path_circuit
        reachable = link_up.copy()
        reachable[current.of(Kind.ISP).circuit] = False
        up = reachable[circuit]
        for c, hub in zip(
            *(getattr(current.of(Kind.PATH), f).tolist() for f in ("circuit", "hub")), strict=True
        ):
            up[self.path_of[c, hub]] = False
        gateway = self.carried.gateway[circuit]
        active = up & (self._carrier(current)[gateway] == circuit)
        load = self.load(at, current)[circuit]
        minute = epoch_minute(at[circuit])
        path = np.arange(len(circuit))
        latency, jitter, loss = self.quality.at(path, minute, load)
        silent = ~up | ~self.quality.is_told(path, minute)
        mos = mean_opinion_score(latency, jitter, loss)
        for values in (latency, jitter, loss, mos):
            values[silent] = np.nan
        return up, active, latency, jitter, loss, mos

    def load(self, at: Floats, current: Incidents) -> Floats:
        """Used share of each circuit's bandwidth, by the level of the hour and what is moved to it."""
        rx, tx = self.carried.rate(at, current.of(*LOSSY_KINDS), noisy=False)
        return np.maximum(rx / self.carried.down_rate, tx / self.carried.up_rate)
