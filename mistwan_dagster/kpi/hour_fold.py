"""Figures of groups of circuit hours, folded hour by hour: sums, maxima, hours and runs above thresholds, p95.

Belongs here: the arithmetic that windows and periods share, on arrays over circuits, one hour after the other, so that
what is held grows with the circuits and not with the hours (the percentile alone keeps its hourly values). Does not
belong here: which hours form a group (`windows.py`, `periods.py`).

Figures are kept by seat and pooled over the seats of a circuit, region or provider when they are asked for. A run is
kept by circuit; what a region or provider may claim of it is limited to the hours since the circuit came there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from mistwan_dagster.catalog.columns import MEASURES, hours_column, measure_column, run_hours_column
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.exceedance import PAIRS, PERCENTILE, completed
from mistwan_dagster.kpi.hour_arrays import GREATEST, SUMMED, Array, Hour, Seats

WHOLE = [
    "observed_hours",
    *(hours_column(*pair) for pair in PAIRS),
    *(run_hours_column(*pair) for pair in PAIRS),
    "circuit_count",
]
FIGURES = [
    *(measure_column(m, "avg") for m in MEASURES),
    *(measure_column(m, "max") for m in MEASURES),
    measure_column("utilization", "p95"),
    *SUMMED[len(MEASURES) :],
    *WHOLE,
]
"""Figure columns of `agg_*` tables, except those of `completed`."""
_LONG_AGO = -(2**40)
_ALWAYS = 2**30
_ONE = np.int16(1)
_BLOCK = 500_000
"""Values sorted at a time, which bounds the memory."""
_LONG = 2_000
"""Of so many values in a line two are looked for, which then takes a third of the time of sorting all of them."""


class HourFold:
    """The figures of the hours added so far. Hours come one by one, all ascending or all descending."""

    def __init__(self, seats: Seats, *tables: Table) -> None:
        """`seats`: those that the hours are numbered by. `tables`: whose figures will be asked for."""
        self._seats = seats
        self._state = _State()
        self._keys = [table.key[0] for table in tables if table.key[0] != "circuit_id"]
        self._stays: dict[str, _Stay] = {}
        self._utilization: list[tuple[Array, Array]] = []
        self._values: Array | None = None

    def add(self, hour: Hour) -> None:
        """Take in one more hour."""
        state, c, s = self._state, hour.at_circuit, hour.at_seat
        state.grow(self._seats.frame.height)
        state.rows[s] += 1
        state.sums[:, s] += hour.values
        state.counts[:, s] += hour.known
        state.greatest[:, s] = np.fmax(state.greatest[:, s], hour.greatest)
        state.above[:, s] += hour.above
        state.compared[:, s] |= hour.compared
        state.last_hour[s] = np.maximum(state.last_hour[s], hour.number)
        follows = np.abs(state.seen[c] - hour.number) == 1
        run = (state.run[:, c] * follows + _ONE) * hour.above
        self._limit_runs(hour, run, follows)
        state.run[:, c], state.best[:, s] = run, np.maximum(state.best[:, s], run)
        state.seen[c], state.place[c] = hour.number, hour.seat
        self._utilization.append((hour.seat, hour.utilization))

    def _limit_runs(self, hour: Hour, run: Array, follows: Array) -> None:
        """Keep apart the runs of keys that a circuit changed; until one does, each has the runs of its circuits."""
        before = self._state.place[hour.circuit]
        moved = bool((follows & (before != hour.seat)).any())
        for key in self._keys:
            if not (moved or key in self._stays):
                continue
            codes = self._seats.codes(key)
            stayed = follows & (codes[before] == codes[hour.seat])
            if key not in self._stays:
                if (follows == stayed).all():
                    continue
                self._stays[key] = _Stay(np.full(len(codes), _ALWAYS), self._state.best.copy())
            self._stays[key].add(hour, run, stayed)

    def pooled(self, table: Table) -> Pooled:
        """The figures of the hours so far, pooled by the key of `table`."""
        state, codes = self._state, self._seats.codes(table.key[0])[: len(self._state.rows)]
        used = np.flatnonzero((state.rows > 0) & (codes >= 0))
        if not used.size:
            return Pooled(used, np.empty((len(FIGURES), 0)))
        order = used[np.lexsort((state.last_hour[used], codes[used]))]
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        counts = np.diff(starts, append=len(order))
        latest = order[np.append(starts[1:], len(order)) - 1]
        best = self._stays[table.key[0]].best if table.key[0] in self._stays else state.best
        figures = _figures(
            sums=np.add.reduceat(state.sums[:, order], starts, axis=1),
            counts=np.add.reduceat(state.counts[:, order], starts, axis=1, dtype=np.int64),
            greatest=np.fmax.reduceat(state.greatest[:, order], starts, axis=1),
            above=np.add.reduceat(state.above[:, order], starts, axis=1, dtype=np.int64),
            runs=np.maximum.reduceat(best[:, order], starts, axis=1),
            compared=np.logical_or.reduceat(state.compared[:, order], starts, axis=1),
            p95=self._p95(order, starts, counts),
            circuits=self._seats.circuits(order, counts),
        )
        return Pooled(latest, figures)

    def _p95(self, order: Array, starts: Array, counts: Array) -> Array:
        """Of each group of seats the percentile of its hourly utilizations; NaN without any."""
        by_seat = self._by_seat()
        found = np.full(len(starts), np.nan)
        for count in np.flatnonzero(np.bincount(counts)).tolist():
            same = np.flatnonzero(counts == count)
            step = max(1, _BLOCK // (count * by_seat.shape[1]))
            for part in (same[i : i + step] for i in range(0, len(same), step)):
                seats = order[starts[part, None] + np.arange(count)]
                found[part] = percentiles(by_seat[seats].reshape(len(part), -1))
        return found

    def _by_seat(self) -> Array:
        """A line for each seat with its utilization in each hour, NaN where there is none."""
        shape = (self._seats.frame.height, len(self._utilization))
        if self._values is None or self._values.shape != shape:
            by_hour = np.full(shape[::-1], np.nan)
            for line, (seat, values) in zip(by_hour, self._utilization, strict=True):
                line[seat] = values
            self._values = by_hour.T.copy()
        return self._values


def percentiles(lines: Array) -> Array:
    """95th percentile of each line, linear interpolation; NaN is no value, and the answer of a line without one."""
    if not lines.size:
        return np.full(len(lines), np.nan)
    count = lines.shape[1] - np.isnan(lines).sum(axis=1)
    last = np.maximum(count - 1, 0)
    low = (last * PERCENTILE).astype(int)
    high = np.minimum(low + 1, last)
    if lines.shape[1] < _LONG:
        ordered = np.sort(lines, axis=1)
    else:
        ordered = np.stack(
            [np.partition(x, at) for x, at in zip(lines, zip(low, high, strict=True), strict=True)]
        )
    line = np.arange(len(lines))
    at_low, at_high = ordered[line, low], ordered[line, high]
    return at_low + (last * PERCENTILE - low) * (at_high - at_low)


@dataclass(frozen=True)
class Pooled:
    """Figures of groups: of each the seat of its latest hour, and a line for each of FIGURES, NaN for unknown."""

    latest: Array
    figures: Array


@dataclass
class _Stay:
    """For a key that some circuit changed: hours since each came there, and the longest run of each seat within."""

    hours: Array
    best: Array

    def add(self, hour: Hour, run: Array, stayed: Array) -> None:
        """One more hour; `stayed`: who was there the hour before."""
        more = int(hour.seat.max()) + 1 - len(self.hours)
        if more > 0:
            self.hours, self.best = _grown(self.hours, more, _ALWAYS), _grown(self.best, more, 0)
        stay = np.where(stayed, self.hours[hour.circuit] + 1, 1)
        self.hours[hour.circuit] = stay
        self.best[:, hour.seat] = np.maximum(self.best[:, hour.seat], np.minimum(run, stay))


@dataclass
class _State:
    """Arrays by seat; `seen`, `place` and `run` by circuit, of which there are no more than seats.

    Those of several figures have a line for each. Hours of a group are counted in 16 bits: 32,767 are 44 months.
    """

    rows: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    last_hour: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    sums: Array = field(default_factory=lambda: np.zeros((len(SUMMED), 0)))
    counts: Array = field(default_factory=lambda: np.zeros((len(SUMMED), 0), np.int16))
    greatest: Array = field(default_factory=lambda: np.zeros((len(GREATEST), 0)))
    above: Array = field(default_factory=lambda: np.zeros((len(PAIRS), 0), np.int16))
    compared: Array = field(default_factory=lambda: np.zeros((len(PAIRS), 0), bool))
    best: Array = field(default_factory=lambda: np.zeros((len(PAIRS), 0), np.int16))
    run: Array = field(default_factory=lambda: np.zeros((len(PAIRS), 0), np.int16))
    seen: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    place: Array = field(default_factory=lambda: np.zeros(0, np.int64))

    def grow(self, seats: int) -> None:
        """Make room for seats that were seen since."""
        more = seats - len(self.rows)
        if more > 0:
            fill = {"greatest": np.nan, "seen": _LONG_AGO, "last_hour": _LONG_AGO}
            for name, array in vars(self).items():
                setattr(self, name, _grown(array, more, fill.get(name, 0)))


def _grown(array: Array, more: int, value: float) -> Array:
    return np.concatenate([array, np.full((*array.shape[:-1], more), value, array.dtype)], axis=-1)


def _figures(
    *,
    sums: Array,
    counts: Array,
    greatest: Array,
    above: Array,
    runs: Array,
    compared: Array,
    p95: Array,
    circuits: Array,
) -> Array:
    """A line for each of FIGURES, from arrays over the groups; NaN is unknown.

    Lines of `sums` and `counts` (of the hours that have the value) by SUMMED, of `greatest` by GREATEST; of hours
    above, longest run and hours compared by PAIRS. Averages are over the hours that have the value. Counts of hours
    are unknown when no hour of the group could be compared, sums when no hour has the value.
    """
    told = np.where(counts > 0, sums, np.nan)
    means = told[: len(MEASURES)] / np.maximum(counts[: len(MEASURES)], 1)
    hours, longest = np.where(compared, above, np.nan), np.where(compared, runs, np.nan)
    return np.vstack([means, greatest, p95, told[len(MEASURES) :], counts[0], hours, longest, circuits])


def frame_of(table: Table, seats: Seats, pools: Sequence[Pooled], **same: Sequence[Any]) -> pl.DataFrame:
    """Rows of `table` from what was pooled: key, attributes, figures, and of each pool its own value of `same`.

    Site, region and role of a circuit are those of its latest hour. Sorted by the first column of the key, then as
    the pools are.
    """
    latest = np.concatenate([np.zeros(0, np.int64), *(pool.latest for pool in pools)])
    pool = np.repeat(np.arange(len(pools)), [len(pool.latest) for pool in pools])
    order = np.lexsort((pool, seats.codes(table.key[0])[latest]))
    figures = np.hstack([np.empty((len(FIGURES), 0)), *(pool.figures for pool in pools)])[:, order]
    told = pl.DataFrame(dict(zip(FIGURES, figures, strict=True)))
    known = told.lazy().with_columns(pl.all().fill_nan(None)).with_columns(pl.col(WHOLE).cast(pl.Int64))
    each = pl.DataFrame(same)[pool[order]]
    rows = pl.concat([seats.frame[latest[order]].lazy(), known, each.lazy()], how="horizontal")
    return table.conform(completed(rows)).collect()
