"""Periods of sites: failovers, time cut off, primary against secondary, readiness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import (
    AGG_SITE_PERIOD,
    FACT_FAILOVER,
    FACT_SITE_HOUR,
    RPT_FAILOVER_READINESS,
    RPT_PRIMARY_SECONDARY,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.site_periods import failover_readiness, primary_secondary, site_periods
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly

MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)
UNTIL = hour(72)


def site_hour(number: int, **more: Any) -> dict[str, Any]:
    return {"site_id": "s", "region": "North", "hour_utc": hour(number), "site_up_minutes": 60.0,
            "site_outage_minutes": 0.0, "site_unknown_minutes": 0.0, **more}  # fmt: skip


def failover(start: float, end: float | None) -> dict[str, Any]:
    return {"site_id": "s", "from_circuit_id": "p", "to_circuit_id": "q",
            "start_utc": MIDNIGHT + timedelta(hours=start),
            "end_utc": None if end is None else MIDNIGHT + timedelta(hours=end)}  # fmt: skip


def days(hours: list[dict], episodes: list[dict], until: datetime = UNTIL) -> list[dict[str, Any]]:
    found = site_periods(
        pl.LazyFrame(hours, schema=FACT_SITE_HOUR.schema),
        pl.LazyFrame(episodes, schema=FACT_FAILOVER.schema),
        "day", hour(0), hour(72), until,
    )  # fmt: skip
    assert violations(found, AGG_SITE_PERIOD) == {}
    return found.collect().to_dicts()


def test_a_failover_counts_where_it_began_and_its_minutes_where_they_fall():
    hours = [site_hour(n) for n in range(72)]
    found = days(hours, [failover(2, 3.5), failover(23, 25), failover(70, None)])
    assert [(d["failover_count"], d["failover_minutes"]) for d in found] == [(2, 150), (0, 60), (1, 120)]


def test_a_minute_in_which_two_primaries_are_replaced_is_one_minute():
    other = {**failover(1, 3), "from_circuit_id": "p2"}
    (day,) = days([site_hour(n) for n in range(4)], [failover(0, 2), other])
    assert (day["failover_count"], day["failover_minutes"], day["total_minutes"]) == (2, 180, 240)


def test_a_day_in_which_nothing_of_the_site_was_observed_has_no_count():
    dark = site_hour(24, site_up_minutes=0.0, site_unknown_minutes=60.0)
    first, second = days([site_hour(0), dark], [])
    assert (first["failover_count"], first["failover_minutes"], first["site_availability_pct"]) == (0, 0, 100)
    assert (second["failover_count"], second["failover_minutes"]) == (None, None)
    assert (second["site_availability_pct"], second["total_minutes"]) == (None, 60)


def test_minutes_are_pooled_and_utilization_is_that_of_the_active_circuit():
    hours = [
        site_hour(0, utilization_pct=10.0),
        site_hour(1, utilization_pct=30.0, site_up_minutes=20.0, site_outage_minutes=20.0, site_unknown_minutes=20.0),
        site_hour(2),
    ]  # fmt: skip
    (day,) = days(hours, [])
    assert (day["utilization_avg_pct"], day["utilization_max_pct"], day["observed_hours"]) == (20, 30, 2)
    assert (day["site_outage_minutes"], day["site_unknown_minutes"], day["total_minutes"]) == (20, 20, 180)
    assert day["site_availability_pct"] == pytest.approx(100 * 140 / 160)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4200), st.integers(1, 3000)), max_size=6))
def test_failover_minutes_of_days_against_minutes_counted_one_by_one(spans: list[tuple[int, int]]):
    last = 72 * 60
    episodes = [failover(a / 60, (a + n) / 60 if a + n < last else None) for a, n in spans]
    found = days([site_hour(n) for n in range(72)], episodes)
    for number, day in enumerate(found):
        low, high = number * 1440, (number + 1) * 1440
        expected = len({m for a, n in spans for m in range(max(a, low), min(a + n, high, last))})
        assert day["failover_minutes"] == pytest.approx(expected)
        assert day["failover_count"] == sum(low <= a < high for a, _ in spans)


def test_the_primary_beside_its_pooled_secondaries():
    quiet = {"role": "secondary", "latency_avg_ms": 60.0, "latency_max_ms": 90.0}
    rows = [
        circuit_hour(0, 50.0, "p", latency_avg_ms=20.0), circuit_hour(1, 70.0, "p", up_minutes=30.0, down_minutes=30.0),
        circuit_hour(0, 10.0, "q", **quiet), circuit_hour(1, 20.0, "q", **quiet), circuit_hour(0, 30.0, "r", **quiet),
        circuit_hour(0, 99.0, "u", role=None), circuit_hour(0, 5.0, "x", site_id="t"),
    ]  # fmt: skip
    found = primary_secondary([hourly(rows)], "day", hour(0), hour(24))
    assert violations(found, RPT_PRIMARY_SECONDARY) == {}
    s, t = found.collect().to_dicts()
    assert (s["primary_utilization_avg_pct"], s["secondary_utilization_avg_pct"]) == (60, 20)
    assert (s["primary_circuit_count"], s["secondary_circuit_count"]) == (1, 2)
    assert (s["primary_availability_pct"], s["secondary_availability_pct"]) == (75, 100)
    assert (s["primary_latency_avg_ms"], s["secondary_latency_max_ms"]) == (20, 90)
    assert (s["region"], s["secondary_observed_hours"]) == ("North", 3)
    assert (t["primary_utilization_avg_pct"], t["secondary_utilization_avg_pct"]) == (5, None)
    assert (t["secondary_circuit_count"], t["secondary_up_minutes"]) == (None, None)


def test_readiness_counts_hours_and_says_how_many_are_unknown():
    hours = [
        site_hour(0, backup_can_carry=True, backup_load_pct=40.0, backup_circuit_id="q"),
        site_hour(1, backup_can_carry=True, backup_load_pct=80.0, backup_circuit_id="q",
                  backup_bandwidth_source="link"),
        site_hour(2, backup_can_carry=False, backup_load_pct=140.0, backup_circuit_id="r"),
        site_hour(3), site_hour(24 * 31, backup_can_carry=True),
    ]  # fmt: skip
    frame = pl.LazyFrame(hours, schema=FACT_SITE_HOUR.schema)
    found = failover_readiness(frame, MIDNIGHT, datetime(2025, 2, 1, tzinfo=UTC))
    assert violations(found, RPT_FAILOVER_READINESS) == {}
    (row,) = found.collect().to_dicts()
    counts = [row[f"{n}_hours"] for n in ("ready", "not_ready", "unknown", "total", "link_speed")]
    assert counts == [2, 1, 1, 4, 1]
    assert row["ready_pct"] == pytest.approx(200 / 3)
    assert (row["month"], row["backup_circuit_id"], row["backup_load_max_pct"]) == ("2025-01", "q", 140)
    assert row["backup_load_p95_pct"] == pytest.approx(80 + 0.9 * 60)


def test_a_site_of_which_nothing_is_known_has_no_share():
    frame = pl.LazyFrame([site_hour(0)], schema=FACT_SITE_HOUR.schema)
    (row,) = failover_readiness(frame, MIDNIGHT, datetime(2025, 2, 1, tzinfo=UTC)).collect().to_dicts()
    assert (row["ready_pct"], row["unknown_hours"], row["backup_circuit_id"]) == (None, 1, None)
