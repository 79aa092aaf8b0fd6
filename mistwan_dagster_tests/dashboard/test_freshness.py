from datetime import timedelta
from pathlib import Path

import pytest

from mistwan_dagster.dashboard.data.freshness import freshness
from mistwan_dagster_tests.dashboard.made import LAST, NEWEST, hour, published

HOUR = timedelta(hours=1)


def test_hours_without_any_row_are_missing_and_uncovered_hours_count_as_zero(tmp_path: Path) -> None:
    rows = [
        hour("a:1", "1", LAST - 30 * HOUR, utilization_pct=1.0),
        hour("a:1", "1", LAST - 2 * HOUR, utilization_pct=5.0, coverage_pct=80.0),
        hour("a:2", "1", LAST - 2 * HOUR, coverage_pct=None),
        hour("a:1", "1", LAST, utilization_pct=5.0, coverage_pct=100.0),
    ]
    found = freshness(published(tmp_path, {"fact_circuit_hour": rows}))
    assert found.newest == NEWEST
    assert len(found.missing_hours) == 22
    assert LAST - HOUR in found.missing_hours
    assert LAST - 2 * HOUR not in found.missing_hours
    assert (found.circuit_hours, found.observed_hours) == (3, 2)
    assert found.coverage_pct == pytest.approx(60.0)


def test_nothing_is_missing_before_the_first_hour_ever(tmp_path: Path) -> None:
    rows = [hour("a:1", "1", LAST - HOUR), hour("a:1", "1", LAST)]
    assert freshness(published(tmp_path, {"fact_circuit_hour": rows})).missing_hours == ()


@pytest.mark.parametrize(
    ("minutes", "age"), [(0, "fresh"), (89, "fresh"), (90, "late"), (149, "late"), (150, "stale")]
)
def test_the_limits_of_age_belong_to_the_worse_side(tmp_path: Path, minutes: int, age: str) -> None:
    found = freshness(published(tmp_path, {"fact_circuit_hour": [hour("a:1", "1")]}))
    assert found.age(NEWEST + timedelta(minutes=minutes)) == age


def test_an_empty_warehouse_is_stale_not_fresh(tmp_path: Path) -> None:
    found = freshness(published(tmp_path, {}))
    assert (found.newest, found.coverage_pct, found.age(NEWEST)) == (None, None, "stale")


def test_sle_states_calls_and_the_run_come_with_it(tmp_path: Path) -> None:
    ledger = {"span_start_utc": LAST, "span_end_utc": NEWEST, "row_count": 1}
    tables = {
        "fact_circuit_hour": [hour("a:1", "1"), hour("a:2", "1")],
        "sle_coverage": [{"site_id": s, "metric": "m", "state": t, "as_of_utc": NEWEST} for s, t in
                         (("1", "fresh"), ("2", "fresh"), ("3", "missing"))],
        "api_usage_hour": [{"hour_utc": t, "endpoint": e, "purpose": "live", "calls": n, "deferred": d}
                           for t, e, n, d in ((NEWEST, "alarms", 7, 0), (NEWEST, "ports", 5, 2),
                                              (LAST, "ports", 90, 9))],
        "load_ledger": [{**ledger, "table_name": t, "span_kind": "", "run_id": r, "loaded_at_utc": w} for t, r, w in
                        (("fact_circuit_hour", "new", NEWEST), ("dim_site", "other", NEWEST + HOUR))],
    }  # fmt: skip
    found = freshness(published(tmp_path, tables))
    assert dict(found.sle) == {"fresh": 2, "stale": 0, "missing": 1}
    assert (found.api_calls, found.api_deferred, found.circuit_hours) == (12, 2, 2)
    assert found.run_id is not None
