"""Bytes that circuits really carry: offered traffic minus what an incident stops, plus what it diverts.

Belongs here: exact integrals over [a, b), whole matrices of bins, momentary rates. Does not belong here: what
the cloud knows of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mistwan_dagster.simulator.incidents import DARK_KINDS, LINK_KINDS, LOSSY_KINDS, Calendar, Incidents, Kind
from mistwan_dagster.simulator.noise import Bools, Floats, Ints
from mistwan_dagster.simulator.topology import Topology
from mistwan_dagster.simulator.traffic import Traffic


@dataclass(frozen=True)
class Pieces:
    """Incidents cut at bin edges: row `incident` overlaps bin `bin` in [low, high)."""

    incident: Ints
    bin: Ints
    low: Floats
    high: Floats


def cut(incidents: Incidents, start: float, width: float, bins: int) -> Pieces:
    """Cut incidents at the edges `start + k * width`."""
    first = np.clip(np.floor((incidents.start - start) / width), 0, bins).astype(np.int64)
    last = np.clip(np.ceil((incidents.end - start) / width), 0, bins).astype(np.int64)
    n = np.maximum(last - first, 0)
    incident = np.repeat(np.arange(len(incidents)), n)
    within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    index = first[incident] + within
    low = np.maximum(incidents.start[incident], start + index * width)
    high = np.minimum(incidents.end[incident], start + (index + 1) * width)
    return Pieces(incident, index, low, np.maximum(low, high))


class Carried:
    """What circuits carry. Moved traffic keeps within 85 % of the takeover circuit's bandwidth."""

    def __init__(self, topology: Topology, traffic: Traffic, calendar: Calendar) -> None:
        self.traffic, self.calendar = traffic, calendar
        self.gateway: Ints = np.array([c.gateway for c in topology.circuits], dtype=np.int64)
        order = np.argsort(self.gateway, kind="stable")
        self._sorted_gateway, self._order = self.gateway[order], order
        down = np.array([c.down_mbps for c in topology.circuits]) * 125_000
        up = np.array([c.up_mbps for c in topology.circuits]) * 125_000
        self.down_rate, self.up_rate = down, up
        target = np.maximum(calendar.takeover, 0)
        with np.errstate(divide="ignore"):
            self.moved_rx = traffic.rx_rate * np.minimum(1, 0.85 * down[target] / traffic.rx_rate)
            self.moved_tx = traffic.tx_rate * np.minimum(1, 0.85 * up[target] / traffic.tx_rate)
        self.moved_rx = np.nan_to_num(self.moved_rx)
        self.moved_tx = np.nan_to_num(self.moved_tx)

    def circuits_of(self, gateway: Ints) -> tuple[Ints, Ints]:
        """For each gateway all its circuits: (position in `gateway`, circuit), flattened."""
        low = np.searchsorted(self._sorted_gateway, gateway, "left")
        n = np.searchsorted(self._sorted_gateway, gateway, "right") - low
        position = np.repeat(np.arange(len(gateway)), n)
        within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        return position, self._order[low[position] + within]

    def since(self, boot: Floats, at: Floats, incidents: Incidents) -> tuple[Floats, Floats]:
        """Whole bytes (rx, tx) of every circuit in [boot, at), both per circuit: the counters.

        Each part is the difference of two whole totals, so that what an incident takes away ends in the very total in
        which what is offered ends. With fractions a line that is down told now one byte less and now one more, by
        rounding, and each step back is a restarted counter to whoever reads it.
        """
        size = len(self.gateway)
        lossy = incidents.of(*LOSSY_KINDS)
        c = lossy.circuit
        low = np.maximum(lossy.start, boot[c])
        high = np.maximum(low, np.minimum(lossy.end, at[c]))
        begun, now = self.traffic.activity(
            np.concatenate([np.arange(size), c]), np.concatenate([boot, low]), np.concatenate([at, high])
        )

        def whole(part: slice, rate: Floats) -> Floats:
            return np.asarray(np.floor(now[part] * rate) - np.floor(begun[part] * rate))

        own = slice(size)
        rx, tx = whole(own, self.traffic.rx_rate), whole(own, self.traffic.tx_rate)
        self._divert(rx, tx, lossy, lambda rate: whole(slice(size, None), rate))
        return np.maximum(rx, 0), np.maximum(tx, 0)

    def _divert(
        self,
        rx: Floats,
        tx: Floats,
        lossy: Incidents,
        amount: Callable[[Floats], Floats],
        bins: Ints | None = None,
        slot: Ints | None = None,
    ) -> None:
        """Take from the incidents' circuits, row by row, and add the moved part elsewhere.

        `amount` tells what a rate for each incident comes to; `slot` maps circuits to rows of the matrices, -1 for
        circuits that have none.
        """
        c = lossy.circuit
        target = np.where(lossy.moves, self.calendar.takeover[c], -1)
        where = np.arange(len(self.gateway)) if slot is None else slot
        lost = where[c] >= 0
        gains = (target >= 0) & (where[target] >= 0)
        for matrix, rate, moved_rate in (
            (rx, self.traffic.rx_rate, self.moved_rx),
            (tx, self.traffic.tx_rate, self.moved_tx),
        ):
            for sign, mask, row, per_s in ((-1, lost, c, rate), (1, gains, target, moved_rate)):
                at = (where[row[mask]],) if bins is None else (where[row[mask]], bins[mask])
                np.add.at(matrix, at, (sign * amount(per_s[c]))[mask])

    def in_bins(
        self, circuits: Ints, start: float, width: float, bins: int, incidents: Incidents
    ) -> tuple[Floats, Floats]:
        """Bytes (rx, tx) of some circuits in each bin, shape (circuits, bins), exact to rounding.

        `incidents` must hold all that overlap the span on the circuits' gateways.
        """
        edges = start + np.arange(bins + 1) * width
        (activity,) = self.traffic.activity(circuits[:, None], edges[None, :])
        own = np.diff(activity, axis=1)
        rx = own * self.traffic.rx_rate[circuits, None]
        tx = own * self.traffic.tx_rate[circuits, None]
        slot = np.full(len(self.gateway), -1)
        slot[circuits] = np.arange(len(circuits))
        lossy = incidents.of(*LOSSY_KINDS)
        pieces = cut(lossy, start, width, bins)
        rows = lossy.where(pieces.incident)
        lost = self.traffic.between(rows.circuit, pieces.low, pieces.high)
        self._divert(rx, tx, rows, lambda rate: lost * rate, pieces.bin, slot)
        reboots = incidents.of(Kind.REBOOT)
        pieces = cut(reboots, start, width, bins)
        position, c = self.circuits_of(reboots.gateway[pieces.incident])
        mine = slot[c] >= 0
        position, c = position[mine], c[mine]
        off = self.traffic.between(c, pieces.low[position], pieces.high[position])
        at = (slot[c], pieces.bin[position])
        np.subtract.at(rx, at, off * self.traffic.rx_rate[c])
        np.subtract.at(tx, at, off * self.traffic.tx_rate[c])
        return np.maximum(rx, 0), np.maximum(tx, 0)

    def rate(self, at: Floats, current: Incidents, noisy: bool = True) -> tuple[Floats, Floats]:
        """Momentary bytes per second (rx, tx) of every circuit at its own instant.

        `current`: incidents that cover the instant on their circuit's gateway.
        """
        own = self.traffic.intensity(np.arange(len(self.gateway)), at, noisy)
        rx, tx = own * self.traffic.rx_rate, own * self.traffic.tx_rate
        lossy = current.of(*LOSSY_KINDS)
        self._divert(rx, tx, lossy, lambda rate: own[lossy.circuit] * rate)
        return rx, tx

    def seconds_in_bins(
        self, incidents: Incidents, start: float, width: float, bins: int
    ) -> tuple[Floats, Floats]:
        """Seconds (link down, gateway dark) of every circuit in each bin, shape (all circuits, bins).

        Lines that never came up are not in it: their state is static.
        """
        down, dark = (np.zeros((len(self.gateway), bins)) for _ in range(2))
        links = incidents.of(*LINK_KINDS)
        pieces = cut(links, start, width, bins)
        np.add.at(down, (links.circuit[pieces.incident], pieces.bin), pieces.high - pieces.low)
        lost = incidents.of(*DARK_KINDS)
        pieces = cut(lost, start, width, bins)
        position, c = self.circuits_of(lost.gateway[pieces.incident])
        np.add.at(dark, (c, pieces.bin[position]), (pieces.high - pieces.low)[position])
        return down, dark


def covers(incidents: Incidents, at: npt.NDArray[np.float64]) -> Bools:
    """True for incidents that cover the instant of their gateway (`at` per gateway)."""
    t = at[incidents.gateway]
    return np.asarray((incidents.start <= t) & (t < incidents.end))
