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
    long = overview.daily(
        published(tmp_path / "b", {"agg_region_period": rows}), NEWEST, overview.LONG_TREND_DAYS
    )
    assert TODAY - 40 * DAY in long["period_start_utc"]
    assert days.select("region", "period_start_utc", "availability_pct").rows() == [
        ("North", TODAY - 3 * DAY, 90.0),
        ("North", TODAY - 2 * DAY, None),
        ("North", TODAY - DAY, 99.0),
        ("South", TODAY, 100.0),
    ]


def test_the_13_months_stand_beside_the_day_and_their_sums_are_told_for_as_many_hours(tmp_path: Path) -> None:
    months = [
        {"region": "North", "as_of_utc": t, "start_utc": t, "up_minutes": 300.0, "down_minutes": 100.0,
         "observed_hours": 2000, "flap_count": f}
        for t, f in ((NEWEST, 500), (NEWEST - DAY, 9))
    ]  # fmt: skip
    rows = [region("North", NEWEST, up_minutes=10.0, down_minutes=0.0, observed_hours=20, flap_count=1)]
    found = overview.regions(
        published(tmp_path, {"agg_region_window": rows, "agg_region_rolling_13m": months})
    )
    now, long = overview.pooled(found), overview.pooled(found, "months_")
    assert (now["availability_pct"], long["availability_pct"]) == (100.0, 75.0)
    assert overview.scaled(long, now)["flap_count"] == 5.0
    assert overview.scaled({**long, "observed_hours": None}, now)["flap_count"] is None


def test_the_worst_of_a_period_and_the_chronic_ones_in_one_answer(tmp_path: Path) -> None:
    def ranked(rank: int, start: datetime, **more: Any) -> dict[str, Any]:
        return {"period": "24h", "period_start_utc": start, "measure": "down_minutes", "rank": rank, "site_id": "1",
                "circuit_id": f"a:{rank}", "value": 60.0 / rank, "observed_hours": 24, "known_circuits": 3,
                "unknown_circuits": 1, **more}  # fmt: skip

    chronic = {
        "site_id": "1",
        "circuit_id": "a:2",
        "reason": "flaps",
        "bad_days": 4,
        "observed_days": 7,
        "window_days": 7,
        "as_of_utc": TODAY,
    }
    tables = {
        "rpt_top_offenders": [ranked(1, TODAY), ranked(2, TODAY), ranked(3, TODAY), ranked(1, TODAY - DAY, value=1.0),
                              ranked(1, TODAY + DAY, measure="flap_count"), ranked(1, TODAY, period="3h")],
        "rpt_chronic_offenders": [chronic, {**chronic, "as_of_utc": TODAY - DAY, "bad_days": 7}],
        "dim_site": [site("1")],
        "dim_circuit": [circuit("a:1", "1")],
    }  # fmt: skip
    found = overview.offenders(published(tmp_path, tables), "24h", "down_minutes", 2)
    assert found.select(
        "kind", "place", "what", "value", "circuit_id", "provider", "unknown_circuits"
    ).rows() == [
        ("chronic", 1, "flaps", 4.0, "a:2", None, None),
        ("top", 1, "down_minutes", 60.0, "a:1", "Acme", 1),
        ("top", 2, "down_minutes", 30.0, "a:2", None, 1),
    ]


def test_readiness_counts_all_sites_though_few_are_shown(tmp_path: Path) -> None:
    def month(site_id: str, ready: float | None, start: datetime = datetime(2025, 3, 1)) -> dict[str, Any]:
        return {"site_id": site_id, "month": f"{start:%Y-%m}", "period_start_utc": start, "ready_pct": ready}

    rows = [month("1", 100.0), month("2", 50.0), month("3", None), month("2", 0.0, datetime(2025, 2, 1))]
    found = overview.readiness(published(tmp_path, {"rpt_failover_readiness": rows}), 2)
    assert found.select("site_id", "ready_pct", "sites", "ready_sites", "unknown_sites").rows() == [
        ("2", 50.0, 3, 1, 1), ("1", 100.0, 3, 1, 1)
    ]  # fmt: skip


def test_providers_of_the_newest_month_worst_first(tmp_path: Path) -> None:
    rows = [
        {"provider": p, "month": f"{t:%Y-%m}", "period_start_utc": t, "availability_pct": a}
        for p, t, a in (("Acme", datetime(2025, 3, 1), 99.0), ("Zeta", datetime(2025, 3, 1), 90.0),
                        ("Gone", datetime(2025, 2, 1), 1.0), ("Dark", datetime(2025, 3, 1), None))
    ]  # fmt: skip
    found = overview.providers(published(tmp_path, {"rpt_provider_scorecard": rows}), 10)
    assert found["provider"].to_list() == ["Zeta", "Acme", "Dark"]
