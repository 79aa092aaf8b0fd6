"""Busy weeks, the Theil-Sen slope with its interval, and the day of a crossing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import sqrt
from statistics import median
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import INSTANT, LEVELS
from mistwan_dagster.kpi.trends import LEAST_BUSY_HOURS, busy_weeks, theil_sen, with_crossings

UNTIL = datetime(2025, 3, 31, tzinfo=UTC)
SCHEMA = {"circuit_id": pl.String, "hour_utc": INSTANT, "utilization_pct": pl.Float64}


def history(values: dict[int, float | None], circuit: str = "a") -> pl.LazyFrame:
    """Values by age of the hour: 1 is the last hour before UNTIL."""
    rows = [(circuit, UNTIL - timedelta(hours=age), value) for age, value in values.items()]
    return pl.LazyFrame(rows, schema=SCHEMA, orient="row")


def weeks(values: dict[int, float], circuit: str = "a") -> pl.LazyFrame:
    """Weekly figures by age of the week: 0 is the newest."""
    rows = [(circuit, age, value) for age, value in values.items()]
    schema = {"circuit_id": pl.String, "week": pl.Int64, "busy_p95_pct": pl.Float64}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def trend(values: dict[int, float]) -> dict[str, Any]:
    return theil_sen(weeks(values)).collect().row(0, named=True)


def busy(values: dict[int, float | None]) -> list[tuple]:
    return busy_weeks(history(values), UNTIL).sort("week").select("week", "busy_p95_pct").collect().rows()


def test_the_busy_hours_are_the_eight_busiest_of_the_day_and_weeks_end_with_the_last_hour() -> None:
    # 10:00 to 17:59 carry 50 % in the newest week and 40 % in the week before; the night 1 %, but for one backup.
    values: dict[int, float | None] = {}
    for age in range(1, 2 * 168 + 1):
        at = UNTIL - timedelta(hours=age)
        values[age] = (50.0 if age <= 168 else 40.0) if 10 <= at.hour < 18 else 1.0
    values[3] = 100.0  # 21:00, once
    assert busy(values) == [(0, 50.0), (1, 40.0)]


def test_the_percentile_of_a_week_interpolates_and_unknown_hours_are_left_out() -> None:
    # Hours 0..7 of each day are known; day i of the week has i in all of them: 8 of each value 0..6.
    values = {168 - 24 * day - hour: float(day) for day in range(7) for hour in range(8)}
    assert busy(values) == [(0, 6.0)]
    # 56 values, the last day unknown: 48 known, position 0.95 * 47 = 44.65, all of the last eight are 5.
    assert busy({**values, **dict.fromkeys(range(17, 25))}) == [(0, 5.0)]


def test_a_week_with_fewer_than_half_of_its_busy_hours_tells_nothing() -> None:
    ages = [168 - 24 * day - hour for day in range(7) for hour in range(8)]
    assert busy(dict.fromkeys(ages[:LEAST_BUSY_HOURS], 10.0)) == [(0, 10.0)]
    assert busy(dict.fromkeys(ages[: LEAST_BUSY_HOURS - 1], 10.0)) == []


def test_hours_older_than_thirteen_weeks_are_not_looked_at() -> None:
    ages = range(13 * 168 + 1, 14 * 168 + 1)
    assert busy(dict.fromkeys(ages, 10.0)) == []


def test_a_straight_line_has_its_slope_and_one_outlier_hardly_moves_it() -> None:
    line = {age: 60.0 - 2.0 * age for age in range(8)}
    found = trend(line)
    assert (found["trend_weeks"], found["trend_pct_per_week"]) == (8, 2)
    assert (found["trend_low_pct_per_week"], found["trend_high_pct_per_week"]) == (2, 2)
    # The newest week's middle is half a week old, so the line stands half a slope higher at its end.
    assert found["trend_now_pct"] == 61
    assert trend({**line, 3: 100.0})["trend_pct_per_week"] == 2


def test_the_interval_by_hand() -> None:
    # Weeks 4..0 with 0, 1, 3, 4, 9. Slopes of the ten pairs, ordered: 1 1 1.33 1.5 1.5 2 2.25 2.67 3 5.
    # n = 5: C = 1.96 * sqrt(5*4*15/18) = 8.00, so the interval goes from the 1st to the 10th; median (1.5 + 2) / 2.
    found = trend({4: 0.0, 3: 1.0, 2: 3.0, 1: 4.0, 0: 9.0})
    assert found["trend_pct_per_week"] == 1.75
    assert (found["trend_low_pct_per_week"], found["trend_high_pct_per_week"]) == (1, 5)


def test_below_five_weeks_there_is_a_count_and_no_slope() -> None:
    found = trend({0: 5.0, 1: 4.0, 2: 3.0, 5: 1.0})
    assert found["trend_weeks"] == 4
    assert [v for k, v in found.items() if k not in ("circuit_id", "trend_weeks")] == [None] * 4


def reference(values: dict[int, float]) -> tuple[float, float, float, float]:
    """Slope, low, high, level at the end: plain loops, after `scipy.stats.theilslopes` without ties."""
    points = sorted(values.items())
    slopes = sorted((y - v) / (w - x) for i, (x, y) in enumerate(points) for w, v in points[i + 1 :])
    n, size = len(points), len(slopes)
    spread = 1.959963984540054 * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = max(round((size - spread) / 2) - 1, 0), min(round((size + spread) / 2), size - 1)
    slope = median(slopes)
    return slope, slopes[low], slopes[high], median(y + slope * (x + 0.5) for x, y in points)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.integers(0, 12), st.floats(0, 120), min_size=5))
def test_the_estimate_equals_plain_loops(values: dict[int, float]) -> None:
    found = trend(values)
    names = ("trend_pct_per_week", "trend_low_pct_per_week", "trend_high_pct_per_week", "trend_now_pct")
    assert [found[n] for n in names] == pytest.approx(reference(values), abs=1e-9)


def crossing(values: dict[int, float] | None) -> dict[str, Any]:
    base = pl.LazyFrame({"circuit_id": ["a"]}).with_columns(
        **{
            f"threshold_utilization_{level}": pl.lit(v)
            for level, v in zip(LEVELS, (70.0, 80.0, 90.0), strict=True)
        }
    )
    figures = theil_sen(weeks(values or {}))
    return with_crossings(base.join(figures, on="circuit_id", how="left")).collect().row(0, named=True)


def test_a_rising_line_says_in_how_many_days_it_reaches_each_level() -> None:
    found = crossing({age: 73.0 - 2.0 * age for age in range(8)})
    # 74 at the end, 2 points a week: warning is behind it, 6 points are 21 days, 16 points are 56.
    assert [found[f"days_to_{level}"] for level in LEVELS] == [0, 21, 56]
    assert found["trend_reason"] is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (None, "unobserved"),
        ({0: 50.0, 1: 40.0, 2: 30.0, 3: 20.0}, "too few weeks"),
        (dict.fromkeys(range(8), 50.0), "flat or falling"),
        ({age: 50.0 + age for age in range(8)}, "flat or falling"),
        ({0: 51.0, 1: 50.0, 2: 60.0, 3: 40.0, 4: 49.0, 5: 30.0, 6: 55.0}, "interval includes zero"),
    ],
)
def test_without_a_certain_rise_there_are_no_days_but_a_reason(values: dict | None, reason: str) -> None:
    found = crossing(values)
    assert found["trend_reason"] == reason
    assert [found[f"days_to_{level}"] for level in LEVELS] == [None, None, None]
