"""Circuit hours as arrays, an hour at a time, for what is computed over many of them (`hour_fold.py`).

Belongs here: numbering circuits and seats, and the rows of an hour as numbers. Does not belong here: adding them up.

A *seat* is a distinct (circuit, site, region, role, provider): what a circuit was when the hour was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from mistwan_dagster.catalog.columns import MEASURES, QUALITY_MEASURES, value_column
from mistwan_dagster.kpi.exceedance import MINUTES, PAIRS, greatest, threshold_column

Array = np.ndarray[Any, Any]
ATTRIBUTES = ("circuit_id", "site_id", "region", "role", "provider")
SUMMED = (*(value_column(m) for m in MEASURES), "flap_count", *MINUTES)
GREATEST = {"utilization": pl.col("utilization_pct"), **{m: greatest(m) for m in QUALITY_MEASURES}}
"""Columns that are added up, and of each measure what the greatest of counts; both begin in the order of MEASURES."""
_ABOVE, _UNKNOWN = 1, 2
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

    def numbers(self, who: pl.DataFrame) -> tuple[Array, Array]:
        """Circuit and seat of each row of ATTRIBUTES; most hours have the rows of the hour before."""
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
        span = int(circuit.max()) + 1
        pairs = np.sort(group * span + circuit)
        return np.bincount(pairs[np.diff(pairs, prepend=-1) != 0] // span)

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

    who: pl.DataFrame
    """ATTRIBUTES and hour_utc."""
    values: Array
    known: Array
    utilization: Array
    greatest: Array
    above: Array
    compared: Array


def columns_of(hourly: pl.LazyFrame) -> Columns:
    """`hourly`: fact_circuit_hour with provider and thresholds, one row a circuit and hour, its values finite or null;
    columns that are not looked at are not read."""
    summed = [pl.col(c).cast(pl.Float64) for c in SUMMED]
    parts = {
        "values": [c.fill_null(0.0) for c in summed],
        "known": [c.is_not_null().cast(pl.UInt8) for c in summed],
        "greatest": [e.cast(pl.Float64).fill_null(np.nan) for e in GREATEST.values()],
        "against": [_against(*pair) for pair in PAIRS],
    }
    named = [e.alias(f"{name}{i}") for name, exprs in parts.items() for i, e in enumerate(exprs)]
    rows = hourly.select(*ATTRIBUTES, "hour_utc", *named).collect()
    if not rows["hour_utc"].is_sorted():
        rows = rows.sort("hour_utc", "circuit_id")
    lines = {name: _lines([rows[f"{name}{i}"] for i in range(len(exprs))]) for name, exprs in parts.items()}
    return Columns(
        who=pl.DataFrame([rows[c] for c in (*ATTRIBUTES, "hour_utc")]),
        values=lines["values"],
        known=lines["known"].view(bool),
        utilization=lines["greatest"][0],
        greatest=lines["greatest"],
        above=lines["against"] == _ABOVE,
        compared=lines["against"] != _UNKNOWN,
    )


def _against(measure: str, level: str) -> pl.Expr:
    """_ABOVE where the value is at or above the threshold, _UNKNOWN where either is."""
    flag = pl.col(value_column(measure)) >= pl.col(threshold_column(measure, level))
    return flag.cast(pl.UInt8).fill_null(_UNKNOWN)


def _lines(columns: Sequence[pl.Series]) -> Array:
    """The columns as lines below each other, copied piece by piece: each is one array only afterwards."""
    found = np.empty((len(columns), len(columns[0])), columns[0][:0].to_numpy().dtype)
    for line, column in zip(found, columns, strict=True):
        begin = 0
        for piece in column.get_chunks():
            line[begin : begin + len(piece)] = piece.to_numpy()
            begin += len(piece)
    return found


def hours_of(columns: Columns, seats: Seats) -> Iterator[Hour]:
    """One hour after the other, ascending."""
    hours = columns.who["hour_utc"].dt.epoch("s").to_numpy() // 3600
    begins, who = np.flatnonzero(np.diff(hours, prepend=-1)).tolist(), columns.who.select(ATTRIBUTES)
    for begin, end in pairwise([*begins, len(hours)]):
        circuit, seat = seats.numbers(who[begin:end])
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
