"""The latest hour against its own past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import RPT_CONGESTION_NOW
from mistwan_dagster.kpi.congestion import congestion_now, history_start
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly

NOW = 24 * 120
"""Number of the latest hour, counted as `hours.hour` does."""
WEEK = 168


def report(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    frame = hourly(rows)
    found = congestion_now(frame.filter(pl.col("hour_utc") == hour(NOW)), frame, hour(NOW))
    assert violations(found, RPT_CONGESTION_NOW) == {}
    return {row["circuit_id"]: row for row in found.collect().to_dicts()}


def now_and(now: float | None, *before: float | None, circuit: str = "a") -> list[dict[str, Any]]:
    """The latest hour and the same hour of the weeks before, nearest first."""
    return [circuit_hour(NOW - WEEK * i, value, circuit) for i, value in enumerate((now, *before))]


def test_the_history_is_thirteen_weeks_that_end_with_the_hour() -> None:
    assert history_start(datetime(2025, 4, 7, 9, tzinfo=UTC)) == datetime(2025, 1, 6, 10, tzinfo=UTC)
    assert history_start(hour(NOW)) + timedelta(weeks=13) == hour(NOW + 1)


def test_median_and_mad_of_the_same_hour_by_hand() -> None:
    # 20, 30, 40, 90: median 35, deviations 15, 5, 5, 55, their median 10. Week five is not looked at.
    row = report(now_and(85.0, 20.0, 30.0, 40.0, 90.0, 500.0))["a"]
    assert (row["usual_pct"], row["usual_mad_pct"], row["usual_hours"]) == (35, 10, 4)
    assert (row["change_pct"], row["change_sigmas"]) == (50, pytest.approx(50 / 14.826))
    assert (row["is_worse"], row["utilization_severity"]) == (True, "high")


def test_a_value_on_a_threshold_reaches_it_and_unknown_reaches_none() -> None:
    found = report(now_and(70.0) + now_and(None, 10.0, 10.0, 10.0, circuit="b"))
    assert (found["a"]["utilization_severity"], found["b"]["utilization_severity"]) == ("warning", None)
    unknown = found["b"]
    assert (unknown["usual_pct"], unknown["usual_hours"]) == (10, 3)
    assert (unknown["change_pct"], unknown["change_sigmas"], unknown["is_worse"]) == (None, None, None)


def test_unknown_hours_are_left_out_and_counted_and_two_tell_nothing() -> None:
    found = report(
        now_and(50.0, 10.0, None, 20.0, 30.0) + now_and(50.0, 10.0, None, None, 30.0, circuit="b")
        + now_and(50.0, circuit="c")
    )  # fmt: skip
    assert (found["a"]["usual_hours"], found["a"]["usual_pct"]) == (3, 20)
    assert (found["b"]["usual_hours"], found["b"]["usual_pct"], found["b"]["is_worse"]) == (2, None, None)
    assert (found["c"]["usual_hours"], found["c"]["usual_mad_pct"]) == (0, None)
    assert found["a"]["trend_unknown_hours"] == 13 * WEEK - 4


@pytest.mark.parametrize(
    ("now", "before", "worse"),
    [
        (50.0, (10.0, 10.0, 10.0, 10.0), True),  # a MAD of 0: five points alone decide
        (15.0, (10.0, 10.0, 10.0, 10.0), True),  # on the limit
        (14.9, (10.0, 10.0, 10.0, 10.0), False),
        (13.0, (10.0, 10.2, 9.8, 10.0), False),  # many sigmas, few points
        (60.0, (10.0, 30.0, 50.0, 70.0), False),  # many points, few sigmas
        (5.0, (50.0, 50.0, 50.0, 50.0), False),
    ],
)
def test_worse_takes_sigmas_and_points(now: float, before: tuple[float, ...], worse: bool) -> None:
    row = report(now_and(now, *before))["a"]
    assert row["is_worse"] is worse
    if len(set(before)) == 1:
        assert row["change_sigmas"] is None


def test_a_circuit_that_climbs_a_point_a_week_tells_when_it_crosses() -> None:
    rows = [
        circuit_hour(NOW - age, 60.0 - age // WEEK if 8 <= (NOW - age) % 24 < 16 else 5.0)
        for age in range(13 * WEEK)
    ]
    row = report(rows)["a"]
    assert (row["trend_weeks"], row["trend_unknown_hours"], row["trend_reason"]) == (13, 0, None)
    assert row["trend_pct_per_week"] == pytest.approx(1)
    assert row["trend_now_pct"] == pytest.approx(60.5)
    assert row["days_to_warning"] == pytest.approx(66.5)
    assert row["days_to_critical"] == pytest.approx(206.5)


def test_without_any_utilization_nothing_is_claimed() -> None:
    row = report([circuit_hour(NOW - i, None) for i in range(300)])["a"]
    assert (row["trend_reason"], row["trend_weeks"], row["trend_unknown_hours"]) == (
        "unobserved",
        0,
        13 * WEEK,
    )
    assert row["utilization_severity"] is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 150)), min_size=5, max_size=5))
def test_the_usual_equals_plain_medians(values: list[float | None]) -> None:
    row = report(now_and(*values))["a"]
    known = [v for v in values[1:] if v is not None]
    assert row["usual_hours"] == len(known)
    if len(known) < 3:
        assert (row["usual_pct"], row["usual_mad_pct"], row["is_worse"]) == (None, None, None)
        return
    middle = median(known)
    assert row["usual_pct"] == pytest.approx(middle)
    assert row["usual_mad_pct"] == pytest.approx(median(abs(v - middle) for v in known))
    assert (row["change_pct"] is None) == (values[0] is None)
