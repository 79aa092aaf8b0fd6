from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mistwan_dagster.dashboard.data import overview
from mistwan_dagster_tests.dashboard.made import NEWEST, circuit, published, site

DAY = timedelta(days=1)
TODAY = datetime(2025, 3, 10)


def region(name: str, as_of: datetime, **more: Any) -> dict[str, Any]:
    return {"region": name, "as_of_utc": as_of, "window_hours": 24, "circuit_count": 1, **more}


def test_the_organization_is_pooled_from_minutes_and_hours(tmp_path: Path) -> None:
    rows = [
        region("North", NEWEST, up_minutes=900.0, down_minutes=100.0, unknown_minutes=0.0, utilization_avg_pct=10.0,
               observed_hours=30, flap_count=2, utilization_warning_hours=1),
        region("South", NEWEST, up_minutes=100.0, down_minutes=0.0, unknown_minutes=900.0, utilization_avg_pct=50.0,
               observed_hours=10, flap_count=None, utilization_warning_hours=4),
        region("North", NEWEST - 7 * DAY, up_minutes=500.0, down_minutes=500.0, flap_count=9),
        region("South", NEWEST - 6 * DAY, up_minutes=1.0, down_minutes=1.0, flap_count=100),
        {**region("North", NEWEST), "window_hours": 3, "up_minutes": 1.0},
    ]  # fmt: skip
    found = overview.regions(published(tmp_path, {"agg_region_window": rows}))
    assert found["region"].to_list() == ["North", "South"]
    now, before = overview.pooled(found), overview.pooled(found, "week_before_")
    assert now["availability_pct"] == pytest.approx(100 * 1000 / 1100)
    assert now["utilization_avg_pct"] == pytest.approx((10 * 30 + 50 * 10) / 40)
    assert (now["flap_count"], now["utilization_warning_hours"], now["loss_warning_hours"]) == (2, 5, None)
    assert (before["availability_pct"], before["flap_count"], before["utilization_avg_pct"]) == (
        50.0,
        9,
        None,
    )


def test_nothing_observed_is_unknown_not_zero(tmp_path: Path) -> None:
    rows = [region("North", NEWEST, up_minutes=0.0, down_minutes=0.0, observed_hours=0)]
    now = overview.pooled(overview.regions(published(tmp_path, {"agg_region_window": rows})))
    assert (now["availability_pct"], now["utilization_avg_pct"], now["flap_count"]) == (None, None, None)


def test_a_day_without_a_row_breaks_the_line(tmp_path: Path) -> None:
    rows = [
        {"region": r, "period": p, "period_start_utc": t, "availability_pct": a}
        for r, p, t, a in (
            ("North", "day", TODAY - 3 * DAY, 90.0),
            ("North", "day", TODAY - DAY, 99.0),
            ("North", "week", TODAY, 1.0),
            ("North", "day", TODAY - 40 * DAY, 1.0),
            ("South", "day", TODAY, 100.0),
        )
    ]
    days = overview.with_missing_days(
        overview.daily(published(tmp_path, {"agg_region_period": rows}), NEWEST)
    )
    assert days.select("region", "period_start_utc", "availability_pct").rows() == [
        ("North", TODAY - 3 * DAY, 90.0),
        ("North", TODAY - 2 * DAY, None),
        ("North", TODAY - DAY, 99.0),
        ("South", TODAY, 100.0),
    ]


def test_top_circuits_sum_their_days_and_leave_the_blameless_out(tmp_path: Path) -> None:
    def day(circuit_id: str, ago: int, **more: Any) -> dict[str, Any]:
        return {"site_id": "1", "circuit_id": circuit_id, "period": "day", "period_start_utc": TODAY - ago * DAY,
                "up_minutes": 1440.0, "down_minutes": 0.0, "unknown_minutes": 0.0, "total_minutes": 1440.0,
                **more}  # fmt: skip

    rows = [
        day("a:1", 0, utilization_warning_hours=2, utilization_warning_run_hours=2),
        day("a:1", 6, utilization_warning_hours=3, utilization_warning_run_hours=1),
        day("a:1", 7, utilization_warning_hours=100),
        day(
            "a:2", 1, up_minutes=720.0, down_minutes=360.0, unknown_minutes=360.0, utilization_warning_hours=0
        ),
        day("a:3", 1, utilization_warning_hours=0, flap_count=0),
        {**day("a:3", 1, utilization_warning_hours=50), "period": "month"},
    ]
    tables = {"agg_circuit_period": rows, "dim_site": [site("1")], "dim_circuit": [circuit("a:1", "1")]}
    top = overview.top_circuits(published(tmp_path, tables), NEWEST, 10)
    assert top["circuit_id"].to_list() == ["a:1", "a:2"]
    assert top["utilization_warning_hours"].to_list() == [5, 0]
    assert top["availability_pct"].to_list() == pytest.approx([100.0, 100 * 720 / 1080])
    assert top["observed_pct"].to_list() == pytest.approx([100.0, 75.0])
    assert top["provider"].to_list() == ["Acme", None]
    assert overview.top_circuits(published(tmp_path, tables), NEWEST, 1)["circuit_id"].to_list() == ["a:1"]
