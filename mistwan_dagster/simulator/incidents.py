"""What goes wrong: outages, flaps, lost providers, failovers, disconnects and reboots, per day and seed.

Belongs here: the list of incidents of a span, as arrays. Does not belong here: their effect on traffic
(`carried.py`), on rows (`snapshot.py`) or the events that tell of them (`events.py`).

A gateway never has two incidents at once: a day draws each gateway at most once, all but the long ones end on
the day they begin, and after a day on which a gateway may have a long one it rests. Every gateway reboots at
least every 28 days, which bounds how far back a counter reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import lru_cache

import numpy as np

from mistwan_dagster.simulator.noise import Bools, Floats, Ints
from mistwan_dagster.simulator.topology import Topology

DAY_S = 86400.0
REBOOT_CYCLE_DAYS = 28
LOOKBACK_S = (REBOOT_CYCLE_DAYS + 3) * DAY_S
"""Incidents of this long before an instant decide everything about it."""


class Kind(IntEnum):
    """What an incident is."""

    LINK = 0
    """The link is down."""
    BOUNCE = 1
    """The link is down for seconds and bounces `count` times; told in one folded pair of events."""
    ISP = 2
    """The link is up, but the provider's first hop is gone."""
    STEER = 3
    """The primary is up, but traffic is steered to the takeover circuit."""
    DISCONNECT = 4
    """The gateway works, but the cloud has lost it."""
    REBOOT = 5
    """The gateway is off; counters start again at its end."""
    PATH = 6
    """One overlay path is down."""


LINK_KINDS = (Kind.LINK, Kind.BOUNCE)
CARRIER_GATEWAYS = 3
"""A provider fails as a whole only where it serves this many gateways."""
DARK_KINDS = (Kind.DISCONNECT, Kind.REBOOT)
"""While one of these lasts the cloud knows nothing of the gateway."""
LOSSY_KINDS = (Kind.LINK, Kind.BOUNCE, Kind.ISP, Kind.STEER)
"""While one of these lasts its circuit carries none of its own traffic."""


@dataclass(frozen=True)
class Incidents:
    """Parallel arrays, ordered by start. `circuit` and `hub` are -1 where they do not apply.

    `moves`: the circuit's traffic runs over its takeover circuit meanwhile.
    """

    kind: Ints
    gateway: Ints
    circuit: Ints
    hub: Ints
    start: Floats
    end: Floats
    count: Ints
    moves: Bools

    def __len__(self) -> int:
        return len(self.kind)

    def where(self, mask: Bools | Ints) -> Incidents:
        """The incidents of a mask, or of positions."""
        return Incidents(*(getattr(self, f.name)[mask] for f in fields(self)))

    def of(self, *kinds: Kind) -> Incidents:
        """The incidents of some kinds."""
        return self.where(np.isin(self.kind, kinds))

    @staticmethod
    def concat(parts: list[Incidents]) -> Incidents:
        """One list of several, ordered by start."""
        if not parts:
            return EMPTY
        joined = Incidents(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Incidents)))
        return joined.where(np.argsort(joined.start, kind="stable"))


_I, _F = np.zeros(0, dtype=np.int64), np.zeros(0)
EMPTY = Incidents(_I, _I, _I, _I, _F, _F, _I, np.zeros(0, dtype=bool))


class Calendar:
    """The incidents of any day, drawn when asked for and remembered.

    `takeover[c]` is the circuit that carries c's traffic while c cannot, -1 when there is none.
    """

    def __init__(self, topology: Topology) -> None:
        self.seed = topology.seed
        self.size = len(topology.gateways)
        rng = np.random.default_rng([self.seed, 5])
        self.phase = rng.permutation(self.size) % REBOOT_CYCLE_DAYS
        self.primary: Ints = np.full(self.size, -1, dtype=np.int64)
        self.second: Ints = np.full(self.size, -1, dtype=np.int64)
        self.takeover: Ints = np.full(len(topology.circuits), -1, dtype=np.int64)
        self.offset_s = np.array([topology.sites[g.site].place.offset_h * 3600.0 for g in topology.gateways])
        self.is_ha = np.array([g.is_ha for g in topology.gateways], dtype=bool)
        self.is_flapper = np.zeros(self.size, dtype=bool)
        up: dict[int, list[int]] = {}
        for c in topology.circuits:
            if c.state == "up":
                up.setdefault(c.gateway, []).append(c.index)
            if c.is_bad or (c.role == "primary" and c.gateway % 30 == 17):
                self.is_flapper[c.gateway] = True
        for gateway, own in up.items():
            self.primary[gateway] = own[0]
            self.second[gateway] = own[1] if len(own) > 1 else -1
            for index in own:
                self.takeover[index] = next((other for other in own if other != index), -1)
        self.has_second_path = np.array(
            [s >= 0 and topology.circuits[s].has_paths for s in self.second], dtype=bool
        )
        self.served = _served(topology, self.second)
        self._day = lru_cache(maxsize=128)(self._draw)

    def day(self, day: int) -> Incidents:
        """Incidents that begin on a UTC day (days since the epoch)."""
        return self._day(day)

    def overlapping(self, start_s: float, end_s: float) -> Incidents:
        """Incidents that overlap [start_s, end_s)."""
        first, last = int(start_s // DAY_S) - 2, int(end_s // DAY_S)
        every = Incidents.concat([self.day(d) for d in range(first, last + 1)])
        return every.where((every.start < end_s) & (every.end > start_s))

    def _draw(self, day: int) -> Incidents:
        turn = (self.phase + day + 2) % 4
        reboots_today = (self.phase + day) % REBOOT_CYCLE_DAYS == 0
        draw = _Draw(self, day, np.random.default_rng([self.seed, day % 2**31, 7]), turn, reboots_today)
        return Incidents.concat([part for part in draw.all() if len(part)])


class _Draw:
    """One day's lottery: takes gateways out of the pool, kind after kind."""

    def __init__(
        self, calendar: Calendar, day: int, rng: np.random.Generator, turn: Ints, reboots_today: Bools
    ) -> None:
        self.cal, self.day_s, self.rng, self.turn = calendar, day * DAY_S, rng, turn
        self.reboots_today = reboots_today
        self.free = (turn != 1) & ~reboots_today
        self.multi = calendar.second >= 0

    def all(self) -> Iterator[Incidents]:
        """The day's incidents by kind; the scarce ones draw first."""
        cal, multi, anyone = self.cal, self.multi, np.ones(self.cal.size, dtype=bool)
        minute = self._minutes
        yield self._maintenance()
        yield self._one(Kind.LINK, multi & ~cal.is_flapper, 0.02, 1, cal.primary, minute(12, 150), moves=True)
        yield self._one(Kind.DISCONNECT, anyone, 0.012, 1, None, minute(6, 200))
        yield self._one(Kind.REBOOT, anyone, 0.006, 1, None, minute(3, 9))
        yield from self._flaps(cal.is_flapper, 0.85, 0)
        yield self._one(Kind.ISP, multi, 0.01, 1, cal.primary, minute(8, 110), moves=True)
        yield self._one(Kind.LINK, multi, 0.015, 1, cal.second, minute(1, 100))
        yield from self._flaps(anyone, 0.015, 1)
        yield self._one(Kind.BOUNCE, anyone, 0.01, 1, cal.primary, lambda n: self.rng.uniform(1.2, 4.0, n))
        yield self._one(Kind.STEER, multi & cal.is_ha, 0.004, 0, cal.primary, minute(15, 90), moves=True)
        yield self._one(Kind.STEER, multi & ~cal.is_ha, 0.003, 0, cal.primary, minute(15, 90), moves=True)
        yield self._one(Kind.PATH, cal.has_second_path, 0.02, 1, cal.second, minute(3, 60))
        yield self._one(Kind.REBOOT, anyone, 0.003, 0, None, minute(25, 120))
        long = multi & (self.turn == 0)
        yield self._one(Kind.LINK, long, 0.006, 0, cal.primary, minute(360, 1500), moves=True, long=True)
        yield self._carrier()

    def _minutes(self, low: float, high: float) -> Callable[[int], Floats]:
        return lambda n: 60 * np.exp(self.rng.uniform(np.log(low), np.log(high), n))

    def _pick(self, eligible: Bools, share: float, at_least: int) -> Ints:
        pool = self.rng.permutation(np.flatnonzero(eligible & self.free))
        wanted = max(at_least, int(self.rng.poisson(share * self.cal.size)))
        chosen = pool[:wanted]
        self.free[chosen] = False
        return chosen

    def _one(
        self,
        kind: Kind,
        eligible: Bools,
        share: float,
        at_least: int,
        circuit_of: Ints | None,
        length: Callable[[int], Floats],
        *,
        moves: bool = False,
        long: bool = False,
    ) -> Incidents:
        gateway = self._pick(eligible, share, at_least)
        n = len(gateway)
        took = length(n)
        room = 14 * 3600.0 if long else DAY_S - took - 900
        start = self.day_s + 300 + self.rng.uniform(0, 1, n) * room
        circuit = np.full(n, -1) if circuit_of is None else circuit_of[gateway]
        count = self.rng.integers(2, 5, n) if kind == Kind.BOUNCE else np.ones(n, dtype=np.int64)
        hub = self.rng.integers(0, 2, n) if kind == Kind.PATH else np.full(n, -1)
        return _incidents(kind, gateway, circuit, hub, start, start + took, count, moves)

    def _maintenance(self) -> Incidents:
        """Each gateway's four-weekly reboot, between 2 and 5 at night local time."""
        gateway = np.flatnonzero(self.reboots_today)
        n = len(gateway)
        local = self.rng.uniform(2 * 3600, 5 * 3600, n)
        start = self.day_s + local - self.cal.offset_s[gateway]
        none, took = np.full(n, -1), self.rng.uniform(240, 420, n)
        return _incidents(Kind.REBOOT, gateway, none, none, start, start + took, np.full(n, 2), False)

    def _carrier(self) -> Incidents:
        """Every second day a provider is gone in one city, at all gateways there that have nothing else. Drawn with
        numbers of its own, so that the other incidents are what they would be without it."""
        free = [[(g, c) for g, c in lines if self.free[g]] for lines in self.cal.served]
        able = [lines for lines in free if len(lines) >= CARRIER_GATEWAYS]
        day = round(self.day_s / DAY_S)
        if not able or day % 2:
            return EMPTY
        rng = np.random.default_rng([self.cal.seed, day % 2**31, 11])
        gateway, circuit = np.array(able[rng.integers(len(able))]).T
        self.free[gateway] = False
        n, took = len(gateway), rng.uniform(1800, 9000)
        start = self.day_s + 300 + rng.uniform(0, DAY_S - took - 1200) + rng.uniform(0, 20, n)
        end = start + took + rng.uniform(0, 60, n)
        none, one = np.full(n, -1), np.ones(n, dtype=np.int64)
        moves = circuit == self.cal.primary[gateway]
        return replace(_incidents(Kind.ISP, gateway, circuit, none, start, end, one, False), moves=moves)

    def _flaps(self, eligible: Bools, share: float, at_least: int) -> Iterator[Incidents]:
        """Bursts of 1 to 4 short outages on the primary: too short for traffic to move."""
        if at_least == 0:
            lucky = eligible & self.free & (self.rng.uniform(size=self.cal.size) < share)
            gateway = np.flatnonzero(lucky)
            self.free[gateway] = False
        else:
            gateway = self._pick(eligible, share, at_least)
        n = len(gateway)
        if not n:
            return
        bursts = self.rng.integers(1, 5, n)
        first = self.day_s + 300 + self.rng.uniform(0, 1, n) * (DAY_S - 7200)
        for k in range(4):
            part = bursts > k
            start = first + k * 900 + self.rng.uniform(0, 600, n)
            end = start + self.rng.uniform(4, 95, n)
            m = int(part.sum())
            g = gateway[part]
            none, one = np.full(m, -1), np.ones(m, dtype=np.int64)
            yield _incidents(Kind.LINK, g, self.cal.primary[g], none, start[part], end[part], one, False)


def _served(topology: Topology, second: Ints) -> list[list[tuple[int, int]]]:
    """(gateway, circuit) of each provider in each city where it could fail at several: gateways with another line."""
    found: dict[tuple[str, str], dict[int, int]] = {}
    for c in topology.circuits:
        city = topology.sites[topology.gateways[c.gateway].site].place.city
        if c.state == "up" and c.tariff.wan_type != "lte" and second[c.gateway] >= 0:
            found.setdefault((c.provider, city), {}).setdefault(c.gateway, c.index)
    return [list(found[key].items()) for key in sorted(found) if len(found[key]) >= CARRIER_GATEWAYS]


def _incidents(
    kind: Kind, gateway: Ints, circuit: Ints, hub: Ints, start: Floats, end: Floats, count: Ints, moves: bool
) -> Incidents:
    n = len(gateway)
    return Incidents(
        np.full(n, int(kind), dtype=np.int64),
        gateway.astype(np.int64),
        circuit.astype(np.int64),
        hub.astype(np.int64),
        np.round(start, 3),
        np.round(end, 3),
        count.astype(np.int64),
        np.full(n, moves, dtype=bool),
    )
