"""13 calendar months, pooled from months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_ROLLING_13M,
    AGG_PROVIDER_PERIOD,
    AGG_PROVIDER_ROLLING_13M,
    AGG_REGION_PERIOD,
    AGG_REGION_ROLLING_13M,
    Table,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.periods import period_figures
from mistwan_dagster.kpi.rolling import rolling_figures, rolling_start
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly


def first(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


AS_OF = first(2025, 2)


def at(
    instant: datetime, utilization: float | None = None, circuit: str = "a", **more: Any
) -> dict[str, Any]:
    return circuit_hour((instant - hour(0)) // timedelta(hours=1), utilization, circuit, **more)


def rolling(
    rows: list[dict[str, Any]],
    months: Table = AGG_CIRCUIT_PERIOD,
    table: Table = AGG_CIRCUIT_ROLLING_13M,
) -> list[dict[str, Any]]:
    (monthly,) = period_figures(hourly(rows), "month", first(2023, 1), first(2026, 1), months)
    found = rolling_figures(monthly, AS_OF, table)
    assert violations(found, table) == {}
    return found.collect().to_dicts()


@pytest.mark.parametrize(
    ("as_of", "start"),
    [
        (first(2025, 2), first(2024, 1)),
        (first(2025, 1), first(2023, 12)),
        (first(2024, 12), first(2023, 11)),
        (first(2024, 3), first(2023, 2)),
    ],
)
def test_thirteen_months_back(as_of: datetime, start: datetime) -> None:
    assert rolling_start(as_of) == start


def test_as_of_the_first_of_february_the_months_are_january_to_january() -> None:
    rows = [
        at(datetime(2023, 12, 31, 23, tzinfo=UTC), 99.0, up_minutes=0.0, down_minutes=60.0),
        at(first(2024, 1), 10.0, up_minutes=45.0, down_minutes=15.0),
        at(datetime(2025, 1, 31, 23, tzinfo=UTC), 20.0),
        at(first(2025, 2), 99.0, up_minutes=0.0, down_minutes=60.0),
    ]
    (row,) = rolling(rows)
    assert (row["start_utc"], row["as_of_utc"]) == (first(2024, 1), AS_OF)
    assert (row["up_minutes"], row["down_minutes"], row["total_minutes"]) == (105, 15, 120)
    assert row["availability_pct"] == 87.5
    assert (row["utilization_max_pct"], row["observed_hours"]) == (20, 2)


def test_minutes_are_pooled_and_the_mean_weighs_hours_not_months() -> None:
    rows = [at(first(2024, 5) + timedelta(hours=i), 10.0) for i in range(3)]
    rows += [at(first(2024, 6), 90.0, up_minutes=0.0, down_minutes=30.0, unknown_minutes=30.0, flap_count=2)]
    (row,) = rolling(rows)
    assert row["utilization_avg_pct"] == 30
    # 180 up and 30 down; the mean of the two months' availabilities would be 50.
    assert row["availability_pct"] == pytest.approx(100 * 180 / 210)
    assert (row["unknown_minutes"], row["total_minutes"], row["flap_count"]) == (30, 240, 2)
    assert (row["utilization_critical_hours"], row["loss_critical_hours"]) == (1, None)


def test_what_was_never_observed_is_null_not_zero() -> None:
    (row,) = rolling([at(first(2024, 5), None, up_minutes=0.0, unknown_minutes=60.0, flap_count=None)])
    for name in ("availability_pct", "utilization_avg_pct", "flap_count", "utilization_high_hours"):
        assert row[name] is None
    assert (row["observed_hours"], row["total_minutes"]) == (0, 60)


def test_a_region_pools_its_circuits_and_a_circuit_that_moved_counts_in_both() -> None:
    rows = [
        at(first(2024, 5), 10.0, "a", up_minutes=30.0, down_minutes=30.0),
        at(first(2024, 6), 30.0, "a", region="South"),
        at(first(2024, 6), 50.0, "b"),
    ]
    north, south = rolling(rows, AGG_REGION_PERIOD, AGG_REGION_ROLLING_13M)
    assert (north["region"], north["availability_pct"], north["utilization_avg_pct"]) == ("North", 75, 30)
    assert (south["region"], south["availability_pct"], south["observed_hours"]) == ("South", 100, 1)


def test_a_provider_pools_its_circuits_and_one_without_provider_is_in_none() -> None:
    rows = [
        at(first(2024, 5), 10.0, "a", provider="Acme", up_minutes=30.0, down_minutes=30.0),
        at(first(2024, 6), 30.0, "b", provider="Acme"),
        at(first(2024, 7), 90.0, "c"),
    ]
    (acme,) = rolling(rows, AGG_PROVIDER_PERIOD, AGG_PROVIDER_ROLLING_13M)
    assert (acme["provider"], acme["availability_pct"], acme["utilization_avg_pct"]) == ("Acme", 75, 20)


def test_nothing_gives_an_empty_table() -> None:
    assert (
        rolling_figures(AGG_CIRCUIT_PERIOD.empty().lazy(), AS_OF, AGG_CIRCUIT_ROLLING_13M)
        .collect()
        .is_empty()
    )


def known(values: list) -> list:
    return [v for v in values if v is not None]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.datetimes(datetime(2023, 11, 1), datetime(2025, 3, 1))).map(
            lambda key: (key[0], key[1].replace(minute=0, second=0, microsecond=0, tzinfo=UTC))
        ),
        st.tuples(
            st.sampled_from([None, 10.0, 70.0, 95.0]),
            st.sampled_from([None, 20.0, 160.0]),
            st.integers(0, 60),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_pooled_months_equal_a_plain_loop_over_the_hours(values: dict) -> None:
    rows = [
        at(when, u, c, latency_avg_ms=la, latency_max_ms=la, up_minutes=float(up), down_minutes=60.0 - up)
        for (c, when), (u, la, up) in values.items()
    ]
    found = {row["circuit_id"]: row for row in rolling(rows)}
    for circuit in "ab":
        inside = [v for (c, when), v in values.items() if c == circuit and first(2024, 1) <= when < AS_OF]
        assert (circuit in found) == bool(inside)
        if not inside:
            continue
        row, up = found[circuit], sum(v[2] for v in inside)
        used, delays = known([v[0] for v in inside]), known([v[1] for v in inside])
        assert row["total_minutes"] == pytest.approx(60 * len(inside))
        assert row["availability_pct"] == pytest.approx(100 * up / (60 * len(inside)))
        assert row["utilization_avg_pct"] == (pytest.approx(sum(used) / len(used)) if used else None)
        assert row["latency_max_ms"] == (max(delays) if delays else None)
        assert row["latency_critical_hours"] == (sum(d >= 150 for d in delays) if delays else None)
        assert row["utilization_warning_hours"] == (sum(u >= 70 for u in used) if used else None)
    assert pl.DataFrame(list(found.values())).height == len(found)
