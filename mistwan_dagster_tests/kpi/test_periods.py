"""Days, ISO weeks and months."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_ROLLING_13M,
    AGG_PROVIDER_PERIOD,
    AGG_REGION_PERIOD,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.periods import period_figures
from mistwan_dagster.kpi.rolling import rolling_figures
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly


def day(month: int, number: int, year: int = 2025) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def circuit_periods(*arguments: object) -> pl.LazyFrame:
    return period_figures(*arguments, AGG_CIRCUIT_PERIOD)[0]


def test_a_day_pools_its_hours_and_cuts_runs_at_midnight():
    rows = [circuit_hour(h, 95.0) for h in range(20, 30)]
    found = circuit_periods(hourly(rows), "day", day(1, 1), day(1, 3))
    assert violations(found, AGG_CIRCUIT_PERIOD) == {}
    first, second = found.collect().to_dicts()
    assert (first["period"], first["period_start_utc"]) == ("day", day(1, 1))
    assert (first["utilization_critical_hours"], first["utilization_critical_run_hours"]) == (4, 4)
    assert (second["utilization_critical_hours"], second["utilization_critical_run_hours"]) == (6, 6)
    assert (first["total_minutes"], second["total_minutes"]) == (240, 360)


def test_weeks_begin_on_monday_and_months_on_their_first():
    # 2025-01-01 is a Wednesday of the ISO week that begins on Monday, 2024-12-30.
    rows = [circuit_hour(h, 10.0) for h in (-3, 5, 24 * 4 + 23, 24 * 5)]
    weeks = circuit_periods(hourly(rows), "week", day(12, 30, 2024), day(1, 13)).collect()
    assert weeks.select("period_start_utc", "observed_hours").rows() == [
        (day(12, 30, 2024), 3),
        (day(1, 6), 1),
    ]
    months = circuit_periods(hourly(rows), "month", day(12, 1, 2024), day(2, 1)).collect()
    assert months.select("period_start_utc", "observed_hours").rows() == [
        (day(12, 1, 2024), 1),
        (day(1, 1), 3),
    ]


def test_only_periods_that_begin_in_the_span():
    rows = [circuit_hour(h, 10.0) for h in (0, 24, 48)]
    found = circuit_periods(hourly(rows), "day", day(1, 2), day(1, 3)).collect()
    assert found["period_start_utc"].to_list() == [day(1, 2)]


def test_a_run_as_long_as_a_month_and_the_percentile_of_its_hours():
    rows = [circuit_hour(h, 90.0 + h / 1000) for h in range(744)]
    (row,) = circuit_periods(hourly(rows), "month", day(1, 1), day(2, 1)).collect().to_dicts()
    assert (row["utilization_critical_hours"], row["utilization_critical_run_hours"]) == (744, 744)
    assert row["utilization_p95_pct"] == pytest.approx(90 + 0.95 * 743 / 1000)
    assert row["total_minutes"] == 44640


def test_availability_is_of_the_known_minutes_of_the_period():
    rows = [
        circuit_hour(0, up_minutes=60.0),
        circuit_hour(1, up_minutes=0.0, down_minutes=20.0, unknown_minutes=40.0, flap_count=1),
        circuit_hour(2, up_minutes=0.0, unknown_minutes=60.0, flap_count=None),
        circuit_hour(0, circuit="b", up_minutes=0.0, unknown_minutes=60.0, flap_count=None),
    ]
    a, b = circuit_periods(hourly(rows), "day", day(1, 1), day(1, 2)).collect().to_dicts()
    assert (a["availability_pct"], a["flap_count"], a["total_minutes"]) == (75, 1, 180)
    assert (b["availability_pct"], b["flap_count"], b["observed_hours"]) == (None, None, 0)


def test_a_region_is_pooled_over_circuit_hours_not_over_circuits():
    rows = [circuit_hour(h, 90.0, "a") for h in range(3)] + [circuit_hour(0, 10.0, "b")]
    (found,) = period_figures(hourly(rows), "day", day(1, 1), day(1, 2), AGG_REGION_PERIOD)
    assert violations(found, AGG_REGION_PERIOD) == {}
    (row,) = found.collect().to_dicts()
    assert (row["utilization_avg_pct"], row["circuit_count"], row["observed_hours"]) == (70, 2, 4)
    assert (row["utilization_critical_hours"], row["utilization_critical_run_hours"]) == (3, 3)


def test_a_provider_pools_the_minutes_of_its_circuits_and_one_without_provider_is_in_none():
    rows = [
        circuit_hour(0, 90.0, "a", provider="Acme"),
        circuit_hour(1, 50.0, "a", provider="Acme"),
        circuit_hour(0, 10.0, "b", provider="Acme", up_minutes=0.0, down_minutes=60.0),
        circuit_hour(0, 10.0, "c"),
    ]
    (found,) = period_figures(hourly(rows), "day", day(1, 1), day(1, 2), AGG_PROVIDER_PERIOD)
    assert violations(found, AGG_PROVIDER_PERIOD) == {}
    (row,) = found.collect().to_dicts()
    assert (row["provider"], row["circuit_count"], row["utilization_avg_pct"]) == ("Acme", 2, 50)
    assert row["availability_pct"] == pytest.approx(100 * 2 / 3)


def test_an_unknown_period_is_refused():
    with pytest.raises(KeyError):
        circuit_periods(hourly([circuit_hour(0)]), "year", hour(0), hour(24))


def number_of(instant: datetime) -> int:
    return int((instant - hour(0)).total_seconds() // 3600)


def test_a_run_over_new_year_is_whole_in_week_53_and_cut_in_its_days_and_months():
    # 2020-W53 is Monday 28 December to Sunday 3 January. Eight hours above, from 20:00 on New Year's Eve.
    eve = number_of(day(12, 31, 2020))
    rows = [circuit_hour(eve + h, 95.0) for h in range(20, 28)]
    rows.append(circuit_hour(number_of(day(1, 4, 2021)), 95.0))  # Monday, 2021-W01
    figures = ["period_start_utc", "utilization_critical_hours", "utilization_critical_run_hours"]

    def of(period: str) -> list[tuple[object, ...]]:
        found = circuit_periods(hourly(rows), period, day(12, 1, 2020), day(2, 1, 2021))
        return found.select(figures).collect().rows()

    assert of("week") == [(day(12, 28, 2020), 8, 8), (day(1, 4, 2021), 1, 1)]
    assert of("day") == [(day(12, 31, 2020), 4, 4), (day(1, 1, 2021), 4, 4), (day(1, 4, 2021), 1, 1)]
    assert of("month") == [(day(12, 1, 2020), 4, 4), (day(1, 1, 2021), 5, 4)]


def test_the_leap_day_counts_in_its_month_and_in_13_months_as_long_as_february_is_in_them():
    # February 2024: 29 days. All hours of the 29th are exactly on the critical threshold, the others at 10 %.
    begin, leap = number_of(day(2, 1, 2024)), number_of(day(2, 29, 2024))
    rows = [circuit_hour(h, 90.0 if h >= leap else 10.0) for h in range(begin, leap + 24)]
    months = circuit_periods(hourly(rows), "month", day(2, 1, 2024), day(3, 1, 2024)).collect()
    (february,) = months.to_dicts()
    assert (february["observed_hours"], february["total_minutes"]) == (29 * 24, 29 * 24 * 60.0)
    assert (february["utilization_critical_hours"], february["utilization_critical_run_hours"]) == (24, 24)
    assert february["utilization_avg_pct"] == pytest.approx((28 * 10 + 90) / 29)
    # 13 months back from 1 March 2025 begin on 1 February 2024, from 1 April on 1 March.
    as_of = {m: rolling_figures(months.lazy(), day(m, 1), AGG_CIRCUIT_ROLLING_13M).collect() for m in (3, 4)}
    assert as_of[3].select("utilization_critical_hours", "total_minutes").rows() == [(24, 41760.0)]
    assert as_of[4].is_empty()
