"""Comparing with thresholds, and runs on the clock."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.kpi.exceedance import above, completed, with_runs
from mistwan_dagster_tests.kpi.hours import circuit_hour, hourly


def test_a_value_on_the_threshold_counts_and_unknown_does_not():
    values = [69.999999, 70.0, 70.000001, None]
    frame = hourly([circuit_hour(i, v) for i, v in enumerate(values)])
    assert frame.select(above("utilization", "warning")).collect().to_series().to_list() == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_null_threshold_is_never_reached():
    frame = hourly([circuit_hour(0, 99.0)]).with_columns(threshold_utilization_high=pl.lit(None, pl.Float64))
    assert frame.select(above("utilization", "high")).collect().item() is False


def test_each_measure_is_compared_with_its_own_value_and_level():
    row = circuit_hour(
        0, 85.0, loss_avg_pct=0.5, jitter_avg_ms=9.9, latency_avg_ms=150.0, latency_max_ms=900.0
    )
    runs = with_runs(hourly([row])).collect().row(0, named=True)
    reached = {
        name.removesuffix("_run") for name, value in runs.items() if name.endswith("_run") and value == 1
    }
    assert reached == {
        "utilization_warning", "utilization_high", "loss_warning", "loss_high",
        "latency_warning", "latency_high", "latency_critical",
    }  # fmt: skip


def run_lengths(*rows: dict) -> list[int]:
    return with_runs(hourly(list(rows))).collect()["utilization_critical_run"].to_list()


def test_a_run_is_consecutive_on_the_clock():
    assert run_lengths(*(circuit_hour(i, 95.0) for i in (0, 1, 2, 4, 5))) == [1, 2, 3, 1, 2]


def test_an_unknown_or_a_lower_hour_ends_a_run():
    values = [95.0, None, 95.0, 95.0, 10.0, 95.0]
    assert run_lengths(*(circuit_hour(i, v) for i, v in enumerate(values))) == [1, 0, 1, 2, 0, 1]


def test_a_run_does_not_pass_from_one_circuit_to_the_next_nor_depends_on_the_order_of_rows():
    rows = [circuit_hour(1, 95.0, "a"), circuit_hour(2, 95.0, "b"), circuit_hour(0, 95.0, "a")]
    assert run_lengths(*rows) == [1, 2, 1]


def test_availability_of_nothing_is_null_and_minutes_are_pooled():
    frame = pl.LazyFrame(
        {
            "up_minutes": [0.0, 30.0, None],
            "down_minutes": [0.0, 10.0, 1.0],
            "unknown_minutes": [60.0, 20.0, 1.0],
        }
    )
    done = completed(frame).collect()
    assert done["availability_pct"].to_list() == [None, 75.0, None]
    assert done["total_minutes"].to_list() == [60.0, 60.0, None]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.integers(0, 30)), st.sampled_from([None, 50.0, 90.0, 97.0])
    )
)
def test_run_lengths_equal_a_walk_along_the_clock(values):
    frame = with_runs(hourly([circuit_hour(h, v, c) for (c, h), v in values.items()])).collect()
    for row in frame.iter_rows(named=True):
        length, number = 0, round((row["hour_utc"].timestamp() - 1735689600) / 3600)
        while (values.get((row["circuit_id"], number - length)) or 0) >= 90:
            length += 1
        assert row["utilization_critical_run"] == length
