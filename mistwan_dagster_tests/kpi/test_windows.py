"""Windows of 3, 12 and 24 hours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import LEVELS, MEASURES
from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_WINDOW,
    AGG_PROVIDER_WINDOW,
    AGG_REGION_WINDOW,
    WINDOW_TABLES,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.windows import window_figures
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly


def windows(rows: list[dict], as_of: int, count: int = 1, **options: Any) -> list[dict[str, Any]]:
    (found,) = window_figures(hourly(rows, **options), hour(as_of - count), hour(as_of), AGG_CIRCUIT_WINDOW)
    assert violations(found, AGG_CIRCUIT_WINDOW) == {}
    return found.collect().to_dicts()


def test_three_hours_as_of_noon_are_nine_ten_and_eleven():
    rows = [circuit_hour(h, float(h)) for h in range(14)]
    three, twelve, whole_day = windows(rows, 12)
    assert [w["window_hours"] for w in (three, twelve, whole_day)] == [3, 12, 24]
    assert (three["observed_hours"], three["total_minutes"]) == (3, 180)
    assert three["utilization_avg_pct"] == 10
    assert three["utilization_max_pct"] == 11
    # Linear interpolation: position 0.95 * 2 = 1.9 between 10 and 11.
    assert three["utilization_p95_pct"] == pytest.approx(10.9)
    assert twelve["observed_hours"] == 12
    assert whole_day["observed_hours"] == 12


def test_each_as_of_hour_after_start_up_to_end_has_its_windows():
    rows = [circuit_hour(h, 1.0) for h in range(30)]
    found = windows(rows, 28, count=3)
    assert [(w["as_of_utc"], w["window_hours"]) for w in found] == [
        (hour(h), w) for h in (26, 27, 28) for w in (3, 12, 24)
    ]
    assert {(w["window_hours"], w["observed_hours"]) for w in found} == {(3, 3), (12, 12), (24, 24)}


def test_a_circuit_without_a_row_in_the_window_has_none_and_one_with_unknown_hours_has_nulls():
    rows = [
        circuit_hour(2, 95.0),
        circuit_hour(11, None, "b", up_minutes=0.0, unknown_minutes=60.0, flap_count=None),
    ]
    found = windows(rows, 12)
    assert [(w["circuit_id"], w["window_hours"]) for w in found] == [
        ("a", 12), ("a", 24), ("b", 3), ("b", 12), ("b", 24),
    ]  # fmt: skip
    unknown = found[2]
    assert unknown["observed_hours"] == 0
    for column in ("utilization_avg_pct", "utilization_p95_pct", "availability_pct", "flap_count",
                   "utilization_warning_hours", "utilization_warning_run_hours"):  # fmt: skip
        assert unknown[column] is None
    assert (unknown["up_minutes"], unknown["total_minutes"]) == (0, 60)


def test_hours_above_are_counted_and_the_run_is_cut_at_the_edge_of_the_window():
    rows = [circuit_hour(h, 95.0 if h in (6, 7, 8, 9, 11) else 10.0) for h in range(12)]
    three, twelve, _ = windows(rows, 12)
    assert (three["utilization_critical_hours"], three["utilization_critical_run_hours"]) == (2, 1)
    assert (twelve["utilization_critical_hours"], twelve["utilization_critical_run_hours"]) == (5, 4)
    assert twelve["loss_critical_hours"] is None


def test_minutes_flaps_and_quality_are_pooled():
    rows = [
        circuit_hour(9, 1.0, up_minutes=30.0, down_minutes=30.0, flap_count=2,
                     latency_avg_ms=40.0, latency_max_ms=90.0),
        circuit_hour(10, 1.0, up_minutes=0.0, unknown_minutes=60.0, flap_count=None, latency_avg_ms=60.0),
        circuit_hour(11, 1.0, up_minutes=60.0, flap_count=1, role="secondary"),
    ]  # fmt: skip
    three = windows(rows, 12)[0]
    assert (three["up_minutes"], three["down_minutes"], three["unknown_minutes"]) == (90, 30, 60)
    assert three["availability_pct"] == 75
    assert (three["flap_count"], three["role"]) == (3, "secondary")
    assert (three["latency_avg_ms"], three["latency_max_ms"]) == (50, 90)
    assert three["latency_warning_hours"] == 1


def test_thresholds_may_differ_between_hours():
    frame = [circuit_hour(h, 65.0) for h in range(9, 12)]
    assert (
        windows(frame, 12, thresholds={"utilization": (60.0, 65.0, 70.0)})[0]["utilization_high_hours"] == 3
    )


def test_a_region_pools_circuit_hours_and_takes_the_longest_run_of_one_circuit():
    rows = [circuit_hour(h, 95.0, "a") for h in (9, 10)] + [
        circuit_hour(11, 95.0, "b"),
        circuit_hour(10, 15.0, "b"),
    ]
    rows += [circuit_hour(11, 50.0, "c", region="South"), circuit_hour(11, 99.0, "d", region=None)]
    (found,) = window_figures(hourly(rows), hour(11), hour(12), AGG_REGION_WINDOW)
    assert violations(found, AGG_REGION_WINDOW) == {}
    north = found.collect().row(0, named=True)
    assert (north["region"], north["window_hours"], north["circuit_count"]) == ("North", 3, 2)
    assert north["utilization_avg_pct"] == 75
    assert (north["utilization_critical_hours"], north["utilization_critical_run_hours"]) == (3, 2)
    assert north["total_minutes"] == 240
    assert found.collect()["region"].unique().sort().to_list() == ["North", "South"]


def test_a_provider_is_pooled_over_the_hours_it_served_by_the_same_rules():
    rows = [
        circuit_hour(9, 95.0, "a", provider="Acme"),
        circuit_hour(10, 95.0, "a", provider="Acme"),
        circuit_hour(11, 20.0, "a", provider="Fibra", up_minutes=20.0, down_minutes=40.0),
        circuit_hour(11, 30.0, "b", provider="Acme", up_minutes=30.0, down_minutes=30.0),
        circuit_hour(11, 99.0, "c", provider=None),
    ]
    (found,) = window_figures(hourly(rows), hour(11), hour(12), AGG_PROVIDER_WINDOW)
    assert violations(found, AGG_PROVIDER_WINDOW) == {}
    three = {w["provider"]: w for w in found.collect().to_dicts() if w["window_hours"] == 3}
    assert set(three) == {"Acme", "Fibra"}
    acme = three["Acme"]
    assert (acme["circuit_count"], acme["observed_hours"], acme["total_minutes"]) == (2, 3, 180)
    assert acme["utilization_avg_pct"] == pytest.approx(220 / 3)
    # 60 + 60 + 30 of 180 minutes: pooled, not the mean of 100 % and 50 %.
    assert acme["availability_pct"] == pytest.approx(100 * 150 / 180)
    assert (acme["utilization_critical_hours"], acme["utilization_critical_run_hours"]) == (2, 2)
    assert three["Fibra"]["availability_pct"] == pytest.approx(100 / 3)


def test_no_hours_and_no_rows_give_empty_tables():
    for table, found in zip(
        WINDOW_TABLES, window_figures(hourly([]), hour(0), hour(3), *WINDOW_TABLES), strict=True
    ):
        assert found.collect().schema == table.schema
    (none,) = window_figures(hourly([circuit_hour(1)]), hour(3), hour(3), AGG_CIRCUIT_WINDOW)
    assert none.collect().height == 0


def longest(flags: list[bool]) -> int:
    best = length = 0
    for flag in flags:
        length = length + 1 if flag else 0
        best = max(best, length)
    return best


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.integers(0, 40)),
        st.tuples(st.sampled_from([None, 10.0, 70.0, 80.0, 95.0]), st.sampled_from([None, 5.0, 50.0, 200.0])),
        min_size=1,
    ),
    st.integers(1, 42),
)
def test_windows_equal_a_plain_loop(values, as_of):
    rows = [circuit_hour(h, u, c, latency_avg_ms=la) for (c, h), (u, la) in values.items()]
    found = {(w["circuit_id"], w["window_hours"]): w for w in windows(rows, as_of)}
    levels = {"utilization": (70, 80, 90), "latency": (50, 100, 150)}
    for circuit in "ab":
        for length in (3, 12, 24):
            hours = range(as_of - length, as_of)
            present = [values[circuit, h] for h in hours if (circuit, h) in values]
            assert ((circuit, length) in found) == bool(present)
            if not present:
                continue
            row = found[circuit, length]
            assert row["total_minutes"] == 60 * len(present)
            for i, measure in enumerate(("utilization", "latency")):
                known = [v[i] for v in present if v[i] is not None]
                mean = sum(known) / len(known) if known else None
                unit = "pct" if measure == "utilization" else "ms"
                assert row[f"{measure}_avg_{unit}"] == (mean if mean is None else pytest.approx(mean))
                for level, limit in zip(LEVELS, levels[measure], strict=True):
                    flags = [(values.get((circuit, h), (None, None))[i] or 0) >= limit for h in hours]
                    expected = (sum(flags), longest(flags)) if known else (None, None)
                    got = row[f"{measure}_{level}_hours"], row[f"{measure}_{level}_run_hours"]
                    assert got == expected
    assert set(levels) <= set(MEASURES)
