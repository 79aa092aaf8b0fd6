"""The traffic each circuit is offered, with an exact integral in closed form.

Belongs here: seasons, growth, noise and their integral. Does not belong here: outages and diverted traffic
(`carried.py`).

Every circuit has one activity curve; bytes received and sent are that curve times a constant rate each. The
curve is constant within 5 minutes: hour-of-week level * growth and noise of the local day * noise of the
5 minutes, where the noise of an hour's twelve parts has mean 1, so whole hours need no noise at all.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mistwan_dagster.simulator.noise import Floats, Ints, uniform
from mistwan_dagster.simulator.topology import Topology

HOUR_S, DAY_S, NOISE_S = 3600.0, 86400.0, 300.0
GROWTH_CYCLE_DAYS = 540
"""Growing circuits rise for 18 months, then the line is upgraded and they start again."""
BLOCK_DAYS, BLOCK_BACK_DAYS = 32, 96
"""Integrals may reach back this many days from the end of the block that holds the latest instant."""

RETAIL_DAY = np.array(
    [14, 12, 11, 11, 12, 16, 24, 38, 58, 74, 84, 93, 100, 97, 90, 88, 90, 96, 98, 90, 72, 50, 30, 19]
) / 100.0  # fmt: skip
FLAT_DAY = np.array([20, 18, 18, 18, 20, 25, 40, 70] + [96] * 13 + [70, 45, 28]) / 100.0
WEEKDAYS = np.array([0.92, 0.90, 0.92, 0.95, 1.02, 1.08, 0.98])
FLAT_WEEKDAYS = np.array([0.99, 0.98, 1.0, 1.0, 1.02, 1.03, 0.98])


class Traffic:
    """Offered traffic of all circuits. `circuit` means index arrays, times epoch seconds; they broadcast."""

    def __init__(self, topology: Topology) -> None:
        self.seed = topology.seed
        circuits = topology.circuits
        sites = [topology.sites[topology.gateways[c.gateway].site] for c in circuits]
        self.offset_s: Floats = np.array([s.place.offset_h * HOUR_S for s in sites])
        self.rx_rate: Floats = np.array([c.peak_down * c.down_mbps * 125_000 for c in circuits])
        self.tx_rate: Floats = np.array([c.peak_up * c.up_mbps * 125_000 for c in circuits])
        self.growing = np.array([c.is_growing for c in circuits], dtype=bool)
        flat = np.array([c.is_congested for c in circuits], dtype=bool)[:, None, None]
        own = uniform(
            self.seed, 11, np.arange(len(circuits))[:, None, None], np.arange(7)[:, None], np.arange(24)
        )
        shape = np.where(flat, FLAT_WEEKDAYS[:, None] * FLAT_DAY, WEEKDAYS[:, None] * RETAIL_DAY)
        self.hourly: Floats = shape * (1 + np.where(flat, 0.04, 0.16) * (own - 0.5))
        zero = np.zeros((len(circuits), 7, 1))
        self.cumulative: Floats = np.concatenate([zero, np.cumsum(self.hourly, axis=2)], axis=2) * HOUR_S
        self._prefix = lru_cache(maxsize=3)(self._day_prefix)

    def _level(self, circuit: Ints, day: Ints) -> Floats:
        """Growth and noise of a local day."""
        noise = 1 + 0.12 * (uniform(self.seed, 12, circuit, day) - 0.5)
        age = ((day + (uniform(self.seed, 13, circuit) * GROWTH_CYCLE_DAYS).astype(np.int64))
               % GROWTH_CYCLE_DAYS)  # fmt: skip
        return np.asarray(noise * np.where(self.growing[circuit], 0.55 + 0.9 * age / GROWTH_CYCLE_DAYS, 1.0))

    def _day_prefix(self, block: int) -> tuple[int, Floats]:
        base = block * BLOCK_DAYS - BLOCK_BACK_DAYS
        days = base + np.arange(BLOCK_BACK_DAYS + BLOCK_DAYS)
        circuits = np.arange(len(self.rx_rate))[:, None]
        totals = self._level(circuits, days) * self.cumulative[circuits, (days + 3) % 7, 24]
        return base, np.concatenate([np.zeros((len(self.rx_rate), 1)), np.cumsum(totals, axis=1)], axis=1)

    def _clock(self, circuit: Ints, t: npt.ArrayLike) -> tuple[Ints, Ints, Ints, Floats, Ints]:
        """Local day, weekday (Monday 0) and hour, seconds into the hour, hour on the UTC clock."""
        utc = np.asarray(t, dtype=np.float64)
        local = utc + self.offset_s[circuit]
        day = np.floor(local / DAY_S).astype(np.int64)
        in_day = local - day * DAY_S
        hour = np.minimum((in_day / HOUR_S).astype(np.int64), 23)
        return day, (day + 3) % 7, hour, in_day - hour * HOUR_S, np.floor(utc / HOUR_S).astype(np.int64)

    def _parts(self, circuit: Ints, utc_hour: Ints) -> Floats:
        """Noise of the hour's twelve parts, mean 1, along a new last axis."""
        raw = 0.88 + 0.24 * uniform(self.seed, 14, circuit[..., None], utc_hour[..., None], np.arange(12))
        return np.asarray(raw / raw.mean(axis=-1, keepdims=True))

    def _into_hour(self, circuit: Ints, utc_hour: Ints, second: Floats) -> Floats:
        """Integral of the parts' noise from the hour's start; equals `second` at whole hours."""
        result = np.array(second, dtype=np.float64)
        inside = second > 0
        if inside.any():
            c, h = (np.broadcast_to(a, second.shape)[inside] for a in (circuit, utc_hour))
            s = second[inside]
            width = np.clip(s[:, None] - np.arange(12) * NOISE_S, 0, NOISE_S)
            result[inside] = (self._parts(c, h) * width).sum(axis=-1)
        return result

    def _since_base(self, circuit: Ints, t: Floats, base: int, prefix: Floats) -> Floats:
        day, weekday, hour, second, utc_hour = self._clock(circuit, t)
        in_day = self.cumulative[circuit, weekday, hour] + self.hourly[
            circuit, weekday, hour
        ] * self._into_hour(circuit, utc_hour, second)
        return np.asarray(prefix[circuit, day - base] + self._level(circuit, day) * in_day)

    def activity(self, circuit: npt.ArrayLike, *times: npt.ArrayLike) -> list[Floats]:
        """Integral of the activity curve up to each of `times`, in seconds, from one common origin.

        Only differences within one call mean something; ValueError when times lie more
        than about 95 days apart.
        """
        index = np.asarray(circuit, dtype=np.int64)
        broadcast = [np.broadcast_arrays(index, np.asarray(t, dtype=np.float64)) for t in times]
        if not any(t.size for _, t in broadcast):
            return [np.zeros(t.shape) for _, t in broadcast]
        latest = max(float(t.max()) for _, t in broadcast if t.size)
        base, prefix = self._prefix(int(latest // DAY_S) // BLOCK_DAYS)
        if min(float(t.min()) for _, t in broadcast if t.size) < (base + 1) * DAY_S:
            raise ValueError(f"times of one call must lie within {BLOCK_BACK_DAYS - 1} days")
        return [self._since_base(c, t, base, prefix) for c, t in broadcast]

    def between(self, circuit: npt.ArrayLike, start: npt.ArrayLike, end: npt.ArrayLike) -> Floats:
        """Activity seconds in [start, end); 0 where end is not after start."""
        low, high = self.activity(circuit, start, np.maximum(start, end))
        return high - low

    def intensity(self, circuit: npt.ArrayLike, t: npt.ArrayLike, noisy: bool = True) -> Floats:
        """The activity curve at `t` (about 0 to 1.2); without noise, the level of the hour."""
        index, at = np.broadcast_arrays(np.asarray(circuit, dtype=np.int64), np.asarray(t, dtype=np.float64))
        day, weekday, hour, second, utc_hour = self._clock(index, at)
        level = self._level(index, day) * self.hourly[index, weekday, hour]
        if noisy:
            part = np.minimum((second / NOISE_S).astype(np.int64), 11)
            level = level * np.take_along_axis(self._parts(index, utc_hour), part[..., None], axis=-1)[..., 0]
        return np.asarray(level)
