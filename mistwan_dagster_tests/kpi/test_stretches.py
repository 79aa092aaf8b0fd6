"""Interval arithmetic against whole minutes counted one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.kpi.stretches import levels, merged, minutes, shared

DAY = datetime(2025, 1, 1, tzinfo=UTC)
SPANS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 60), st.integers(0, 20)).map(
        lambda r: (r[0], r[1], r[1] + r[2])
    ),
    max_size=12,
)


def frame(rows: list[tuple[str, int, int]]) -> pl.LazyFrame:
    instant = pl.Datetime("us", "UTC")
    told = [(k, DAY + timedelta(minutes=a), DAY + timedelta(minutes=b)) for k, a, b in rows]
    return pl.LazyFrame(told, schema={"key": pl.String, "start": instant, "end": instant}, orient="row")


def told(found: pl.LazyFrame) -> list[tuple]:
    def minute(t: datetime) -> int:
        return int((t - DAY).total_seconds() // 60)

    rows = found.collect().iter_rows()
    return [tuple(minute(v) if isinstance(v, datetime) else v for v in row) for row in rows]


def counted(rows: list[tuple[str, int, int]], key: str, minute: int) -> int:
    return sum(k == key and a <= minute < b for k, a, b in rows)


def test_touching_stretches_are_one_and_those_without_length_none():
    rows = [("a", 5, 9), ("a", 0, 5), ("a", 10, 12), ("a", 20, 20), ("b", 9, 10)]
    assert told(merged(frame(rows), ["key"])) == [("a", 0, 9), ("a", 10, 12), ("b", 9, 10)]


@settings(max_examples=80, deadline=None)
@given(SPANS)
def test_merged_covers_the_same_minutes_disjointly(rows: list):
    found = told(merged(frame(rows), ["key"]))
    for key in "ab":
        for minute in range(-1, 85):
            assert counted(found, key, minute) == (counted(rows, key, minute) > 0)
    assert all(x[0] != y[0] or x[2] < y[1] for x, y in pairwise(found))


@settings(max_examples=80, deadline=None)
@given(SPANS, SPANS)
def test_shared_minutes_are_those_in_both(left: list, right: list):
    disjoint = merged(frame(right), ["key"])
    found = shared(frame(left), disjoint, ["key"]).select(n=minutes(pl.col("start"), pl.col("end")).sum())
    expected = sum(
        counted(right, key, minute) > 0 for key, a, b in left for minute in range(a, b)
    )  # fmt: skip
    assert round(found.collect().item()) == expected


@settings(max_examples=80, deadline=None)
@given(SPANS)
def test_levels_count_what_holds_at_each_time(rows: list):
    found = told(levels(frame(rows), ["key"]))
    for key in "ab":
        for minute in range(-1, 85):
            here = [n for k, a, b, n in found if k == key and a <= minute < b]
            assert sum(here) == counted(rows, key, minute)
            assert len(here) <= 1
