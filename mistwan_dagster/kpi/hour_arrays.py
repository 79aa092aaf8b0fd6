"""Circuit hours as arrays, an hour at a time, for what is computed over many of them (`hour_fold.py`).

Belongs here: numbering circuits and seats, and the rows of an hour as numbers. Does not belong here: adding them up.

A *seat* is a distinct (circuit, site, region, role, provider): what a circuit was when the hour was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from mistwan_dagster.catalog.columns import MEASURES, QUALITY_MEASURES, measure_column, value_column
from mistwan_dagster.kpi.exceedance import MINUTES, PAIRS, threshold_column

Array = np.ndarray[Any, Any]
ATTRIBUTES = ("circuit_id", "site_id", "region", "role", "provider")
SUMMED = (*(value_column(m) for m in MEASURES), "flap_count", *MINUTES)
GREATEST = ("utilization_pct", *(measure_column(m, "max") for m in QUALITY_MEASURES))
"""Columns that are added up, and those of which the greatest counts; both begin in the order of MEASURES."""
READ = tuple(
    dict.fromkeys([*ATTRIBUTES, "hour_utc", *SUMMED, *GREATEST, *(threshold_column(*pair) for pair in PAIRS)])
)
"""Columns of the hourly frame that are looked at."""
Index = Array | slice


@dataclass(frozen=True)
class Hour:
    """The rows of one hour as arrays: row i belongs to `circuit[i]` and `seat[i]`; NaN is unknown."""

    number: int
    circuit: Array
    seat: Array
    at_circuit: Index
    at_seat: Index
    """The same numbers as `circuit` and `seat`, as a slice where they follow each other: much faster to look up."""
    values: Array
    known: Array
    """A line for each of SUMMED: the value, 0 where it is unknown, and whether it is known."""
    utilization: Array
    greatest: Array
    above: Array
    compared: Array
    """A line for each of GREATEST, and of PAIRS."""


@dataclass
class Seats:
    """Numbers of circuits and seats, given in the order in which they are first seen."""

    frame: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(
            schema={**dict.fromkeys(ATTRIBUTES, pl.String), "_circuit": pl.Int64, "_seat": pl.Int64}
        )
    )
    _last: tuple[pl.DataFrame, Array, Array] | None = None
    _codes: dict[str, Array] = field(default_factory=dict)

    def numbers(self, rows: pl.DataFrame) -> tuple[Array, Array]:
        """Circuit and seat of each row; most hours have the rows of the hour before."""
        who = rows.select(ATTRIBUTES)
        if self._last is None or not who.equals(self._last[0]):
            self._learn(who)
            found = who.join(
                self.frame, on=list(ATTRIBUTES), how="left", nulls_equal=True, maintain_order="left"
            )
            self._last = (who, found["_circuit"].to_numpy(), found["_seat"].to_numpy())
        return self._last[1], self._last[2]

    def codes(self, key: str) -> Array:
        """Of each seat the place of its value of `key` among those of all, ascending; -1 for null."""
        if key not in self._codes or self._codes[key].size != self.frame.height:
            self._codes[key] = self.frame[key].rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
        return self._codes[key]

    def circuits(self, seats: Array, counts: Array) -> Array:
        """How many circuits have a seat in each group of `seats`, which follow each other, `counts` of them."""
        group = np.repeat(np.arange(len(counts)), counts)
        circuit = self.frame["_circuit"].to_numpy()[seats]
        distinct = np.unique(group * (int(circuit.max()) + 1) + circuit)
        return np.bincount(distinct // (int(circuit.max()) + 1))

    def _learn(self, who: pl.DataFrame) -> None:
        fresh = who.unique(maintain_order=True).join(
            self.frame, on=list(ATTRIBUTES), how="anti", nulls_equal=True, maintain_order="left"
        )
        if fresh.is_empty():
            return
        known = self.frame.select("circuit_id", "_circuit").unique("circuit_id")
        circuits = fresh.select("circuit_id").unique(maintain_order=True)
        numbered = circuits.join(known, on="circuit_id", how="left", maintain_order="left")
        is_new = pl.col("_circuit").is_null()
        numbered = numbered.with_columns(
            pl.when(is_new).then(known.height + is_new.cum_sum() - 1).otherwise("_circuit").alias("_circuit")
        )
        seated = fresh.join(numbered, on="circuit_id", how="left", maintain_order="left").with_columns(
            _seat=pl.int_range(self.frame.height, self.frame.height + fresh.height, dtype=pl.Int64)
        )
        self.frame = pl.concat([self.frame, seated.select(self.frame.columns)])


@dataclass(frozen=True)
class Columns:
    """Rows of several hours, ascending, with their columns as arrays; the names are those of `Hour`."""

    rows: pl.DataFrame
    values: Array
    known: Array
    greatest: Array
    above: Array
    compared: Array
    utilization: Array


def columns_of(rows: pl.DataFrame) -> Columns:
    """`rows`: fact_circuit_hour with provider and thresholds (READ), one row a circuit and hour."""
    if not rows["hour_utc"].is_sorted():
        rows = rows.sort("hour_utc", "circuit_id")
    values, greatest = _matrix(rows, SUMMED), _matrix(rows, GREATEST)
    known, utilization = ~np.isnan(values), values[0].copy()
    above, compared = _comparisons(rows, values, known)
    values[~known] = 0.0
    return Columns(rows, values, known, greatest, above, compared, utilization)


def hours_of(columns: Columns, seats: Seats) -> Iterator[Hour]:
    """One hour after the other, ascending."""
    hours = columns.rows["hour_utc"].dt.epoch("s").to_numpy() // 3600
    begins = np.flatnonzero(np.diff(hours, prepend=-1)).tolist()
    for begin, end in pairwise([*begins, len(hours)]):
        circuit, seat = seats.numbers(columns.rows[begin:end])
        inside = slice(begin, end)
        yield Hour(
            number=int(hours[begin]),
            circuit=circuit,
            seat=seat,
            at_circuit=_index(circuit),
            at_seat=_index(seat),
            values=columns.values[:, inside],
            known=columns.known[:, inside],
            utilization=columns.utilization[inside],
            greatest=columns.greatest[:, inside],
            above=columns.above[:, inside],
            compared=columns.compared[:, inside],
        )


def _index(numbers: Array) -> Index:
    whole = np.array_equal(numbers, np.arange(len(numbers)))
    return slice(0, len(numbers)) if whole else numbers


def _matrix(rows: pl.DataFrame, columns: tuple[str, ...]) -> Array:
    """The columns as lines below each other, NaN for null."""
    found = np.empty((len(columns), rows.height))
    for i, column in enumerate(columns):
        found[i] = rows[column].to_numpy()
    return found


def _comparisons(rows: pl.DataFrame, values: Array, known: Array) -> tuple[Array, Array]:
    """A line for each of PAIRS: whether the value is at or above the threshold, and whether both are known."""
    above, compared = np.empty((2, len(PAIRS), rows.height), bool)
    for i, (measure, level) in enumerate(PAIRS):
        place, limit = SUMMED.index(value_column(measure)), rows[threshold_column(measure, level)].to_numpy()
        np.greater_equal(values[place], limit, out=above[i])
        np.logical_and(known[place], ~np.isnan(limit), out=compared[i])
    return above, compared
