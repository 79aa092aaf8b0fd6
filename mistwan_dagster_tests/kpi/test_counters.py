"""Bytes of intervals from cumulative counters, by hand and against a slow plain reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.kpi.counters import counter_intervals

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
SCHEMA = {
    "mac": pl.String,
    "circuit_id": pl.String,
    "t": pl.Datetime("us", "UTC"),
    "rx_bytes": pl.Int64,
    "tx_bytes": pl.Int64,
    "disabled": pl.Boolean,
    "speed": pl.Float64,
    "uptime": pl.Float64,
}


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def samples(*given: dict) -> pl.LazyFrame:
    base = {"mac": "aa", "circuit_id": "aa:p", "tx_bytes": 0}
    return pl.LazyFrame([{**base, **r, "t": at(r["t"])} for r in given], schema=SCHEMA)


def reboots(*seconds: float, mac: str = "aa") -> pl.LazyFrame:
    return pl.LazyFrame(
        {"mac": [mac] * len(seconds), "t": [at(s) for s in seconds]},
        schema={"mac": pl.String, "t": SCHEMA["t"]},
    )


def intervals(frame: pl.LazyFrame, events: pl.LazyFrame | None = None) -> list[tuple]:
    found = counter_intervals(frame, events).sort("circuit_id", "start").collect()
    assert found.columns == ["circuit_id", "start", "end", "rx_bytes", "tx_bytes", "counter_reset"]
    return [
        ((a - T0).total_seconds(), (b - T0).total_seconds(), *rest) for _, a, b, *rest in found.iter_rows()
    ]


def test_bytes_are_differences_not_the_counter_itself():
    found = intervals(
        samples(
            {"t": 0, "rx_bytes": 10**12, "tx_bytes": 7}, {"t": 300, "rx_bytes": 10**12 + 600, "tx_bytes": 9}
        )
    )
    assert found == [(0, 300, 600, 2, False)]


def test_one_sample_tells_nothing():
    assert intervals(samples({"t": 0, "rx_bytes": 10**12})) == []


@pytest.mark.parametrize(("gap", "count"), [(900, 1), (900.000001, 0), (3600, 0)])
def test_a_gap_is_not_bridged(gap, count):
    assert len(intervals(samples({"t": 0, "rx_bytes": 0}, {"t": gap, "rx_bytes": 5}))) == count


def test_a_null_counter_is_passed_over_within_the_gap():
    nulls = samples(
        {"t": 0, "rx_bytes": 0},
        {"t": 300, "rx_bytes": None},
        {"t": 600, "rx_bytes": 8, "tx_bytes": None},
        {"t": 900, "rx_bytes": 9},
    )
    assert intervals(nulls) == [(0, 900, 9, 0, False)]
    longer = samples({"t": 0, "rx_bytes": 0}, {"t": 500, "rx_bytes": None}, {"t": 1000, "rx_bytes": 8})
    assert intervals(longer) == []


def test_a_disabled_port_has_no_traffic():
    found = samples(
        {"t": 0, "rx_bytes": 0},
        {"t": 300, "rx_bytes": 5, "disabled": True},
        {"t": 600, "rx_bytes": 9, "disabled": True},
    )
    assert intervals(found) == []


def test_a_counter_that_shrank_began_anew_and_so_did_the_other():
    found = intervals(
        samples({"t": 0, "rx_bytes": 900, "tx_bytes": 10}, {"t": 300, "rx_bytes": 40, "tx_bytes": 50})
    )
    assert found == [(0, 300, 40, 50, True)]


@pytest.mark.parametrize(
    ("before", "after", "reset"),
    [
        (5000.0, 5300.0, False),
        (5000.0, 5000.0, False),
        (5000.0, 4997.0, False),
        (5000.0, 310.0, True),
        (100.0, 200.0, True),
        (0.0, 298.0, False),
        (None, 9000.0, False),
        (9000.0, None, False),
    ],
)
def test_uptime_tells_a_reboot_that_the_counters_hide(before, after, reset):
    rows = samples({"t": 0, "rx_bytes": 5, "uptime": before}, {"t": 300, "rx_bytes": 70, "uptime": after})
    assert intervals(rows) == [(0, 300, 70 if reset else 65, 0, reset)]


@pytest.mark.parametrize(
    ("when", "reset"), [(0, False), (0.001, True), (150, True), (300, True), (300.001, False)]
)
def test_a_reboot_event_in_the_interval_end_included(when, reset):
    rows = samples({"t": 0, "rx_bytes": 5}, {"t": 300, "rx_bytes": 70})
    assert intervals(rows, reboots(when)) == [(0, 300, 65, 0, reset)]


def test_a_reboot_event_alone_does_not_make_a_whole_counter_the_bytes_of_five_minutes():
    rows = samples({"t": 0, "rx_bytes": 6 * 10**9}, {"t": 300, "rx_bytes": 6 * 10**9 + 1000})
    assert intervals(rows, reboots(120)) == [(0, 300, 1000, 0, True)]


def test_two_events_of_one_reboot_make_one_interval_and_other_gateways_none():
    rows = samples({"t": 0, "rx_bytes": 5}, {"t": 300, "rx_bytes": 70})
    assert intervals(rows, reboots(10, 20, 10)) == [(0, 300, 65, 0, True)]
    assert intervals(rows, reboots(10, mac="bb")) == [(0, 300, 65, 0, False)]
    assert intervals(rows, reboots()) == [(0, 300, 65, 0, False)]


def test_an_event_of_a_reboot_asked_for_does_not_count_the_whole_counter():
    """An uptime that grew through the interval proves that the device ran on."""
    rows = samples(
        {"t": 0, "rx_bytes": 10**12, "uptime": 9000.0}, {"t": 300, "rx_bytes": 10**12 + 8, "uptime": 9300.0}
    )
    assert intervals(rows, reboots(150)) == [(0, 300, 8, 0, False)]


@pytest.mark.parametrize(
    ("speed", "delta", "kept"),
    [
        (100.0, 100e6 / 8 * 300, True),
        (100.0, 100e6 / 8 * 300 * 1.049, True),
        (100.0, 100e6 / 8 * 300 * 1.051, False),
        (0.0, 10**15, True),
        (None, 10**15, True),
    ],
)
def test_more_than_the_link_can_carry_is_dropped(speed, delta, kept):
    for column in ("rx_bytes", "tx_bytes"):
        rows = samples(
            {"t": 0, "rx_bytes": 0, "speed": speed},
            {"t": 300, "rx_bytes": 0, column: int(delta), "speed": speed},
        )
        assert len(intervals(rows)) == int(kept)


def test_the_faster_of_two_speeds_bounds_an_interval():
    rows = samples({"t": 0, "rx_bytes": 0, "speed": 1000.0}, {"t": 300, "rx_bytes": 10**9 * 5, "speed": 10.0})
    assert len(intervals(rows)) == 1


def test_circuits_are_apart_and_order_does_not_matter():
    rows = samples(
        {"t": 300, "rx_bytes": 3},
        {"t": 300, "rx_bytes": 30, "circuit_id": "aa:q"},
        {"t": 0, "rx_bytes": 1},
        {"t": 0, "rx_bytes": 10, "circuit_id": "aa:q"},
    )
    assert [r[2] for r in intervals(rows)] == [2, 20]


def slow_reference(rows: list[dict[str, Any]], events: list[float]) -> list[tuple]:
    found = []
    previous: dict[str, Any] | None = None
    for row in sorted(rows, key=lambda r: r["t"]):
        if row["rx_bytes"] is None or row["tx_bytes"] is None or row["disabled"]:
            continue
        if previous is not None and row["t"] - previous["t"] <= 900:
            seconds = row["t"] - previous["t"]
            up, was = row["uptime"], previous["uptime"]
            reset = row["rx_bytes"] < previous["rx_bytes"] or row["tx_bytes"] < previous["tx_bytes"]
            reset |= up is not None and was is not None and up < was - 5
            reset |= up is not None and up < seconds - 5
            rx, tx = (row[c] - (0 if reset else previous[c]) for c in ("rx_bytes", "tx_bytes"))
            ran_on = up is not None and was is not None and up - was >= seconds / 2
            reset |= not ran_on and any(previous["t"] < e <= row["t"] for e in events)
            speed = max(row["speed"] or 0, previous["speed"] or 0)
            if not speed or max(rx, tx) * 8 <= speed * 1e6 * seconds * 1.05:
                found.append((previous["t"], row["t"], rx, tx, reset))
        previous = row
    return found


counter = st.one_of(st.none(), st.integers(0, 10**9))
row = st.fixed_dictionaries(
    {
        "rx_bytes": counter,
        "tx_bytes": counter,
        "disabled": st.sampled_from([None, False, False, True]),
        "speed": st.sampled_from([None, 0.0, 1.0, 1000.0]),
        "uptime": st.one_of(st.none(), st.integers(0, 3000).map(float)),
    }
)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(row, max_size=12),
    steps=st.lists(st.sampled_from([1, 60, 299, 300, 301, 600, 900, 901]), min_size=12, max_size=12),
    events=st.lists(st.integers(0, 4000), max_size=3),
)
def test_intervals_equal_the_plain_reference(rows, steps, events):
    timed = [{**r, "t": sum(steps[:i])} for i, r in enumerate(rows)]
    assert intervals(samples(*timed), reboots(*events)) == slow_reference(timed, events)
