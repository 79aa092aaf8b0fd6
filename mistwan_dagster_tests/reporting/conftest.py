"""A hand-made leap day and its month: two regions, names that would like to be markup, hours without data."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mistwan_dagster.reporting.asking import Pinned, Rules
from mistwan_dagster.reporting.daily import daily_report
from mistwan_dagster.reporting.daily_data import Day, ask_day
from mistwan_dagster.reporting.document import Report
from mistwan_dagster.reporting.monthly import monthly_report
from mistwan_dagster.reporting.monthly_data import Month, ask_month
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB
from mistwan_dagster_tests.dashboard.made import circuit, hour, publish, site

LEAP_DAY = datetime(2024, 2, 29)
FEBRUARY, JANUARY = datetime(2024, 2, 1), datetime(2024, 1, 1)
HOUR = timedelta(hours=1)
HOSTILE = '<script>alert("1")</script> $x_{2$ #let {{ 7*7 }} \\ "quoted" & Lidl' + "W" * 40
RULES = Rules(99.5, 0.9)
MAIN, SPARE, FAR = "aa:ge-0/0/0", "aa:ge-0/0/1", "bb:ge-0/0/0"
Rows = dict[str, list[dict[str, Any]]]


def _period(up: float, down: float, unknown: float) -> dict[str, Any]:
    return {"up_minutes": up, "down_minutes": down, "unknown_minutes": unknown, "total_minutes": up + down + unknown,
            "availability_pct": 100 * up / (up + down) if up + down else None, "flap_count": 3,
            "observed_hours": 20}  # fmt: skip


def region(
    name: str, period: str, start: datetime, minutes: tuple[float, float, float], **more: Any
) -> dict[str, Any]:
    return {"region": name, "period": period, "period_start_utc": start, **_period(*minutes), **more}


def circuit_period(
    circuit_id: str,
    site_id: str,
    period: str,
    start: datetime,
    minutes: tuple[float, float, float],
    **more: Any,
) -> dict[str, Any]:
    told = {"circuit_id": circuit_id, "site_id": site_id, "region": "North", "period": period}
    return {**told, "period_start_utc": start, **_period(*minutes), **more}


def _hours() -> list[dict[str, Any]]:
    """Nothing at all at 05:00 and 06:00; the main circuit down at 10:00 for 50 minutes, congested at 11:00."""
    found = []
    for i in (i for i in range(24) if i not in (5, 6)):
        at = LEAP_DAY + i * HOUR
        main: dict[str, Any] = {"utilization_pct": 40.0, "utilization_severity": "normal"}
        if i == 10:
            main |= {"up_minutes": 10.0, "down_minutes": 50.0}
        if i == 11:
            main |= {"utilization_pct": 95.0, "utilization_severity": "critical"}
        found += [
            hour(MAIN, "1", at, role="primary", **main),
            hour(SPARE, "1", at, role="secondary"),
            hour(FAR, "2", at, region=HOSTILE, up_minutes=40.0, unknown_minutes=20.0),
        ]
    return found


def rows() -> Rows:
    """Everything that the two reports look at."""
    day = {"period": "day", "period_start_utc": LEAP_DAY}
    month = {"period": "month", "period_start_utc": FEBRUARY}
    february = {"month": "2024-02", "period_start_utc": FEBRUARY}
    return {
        "dim_org": [{"org_id": "o", "org_name": "Groceries & Co", "read_utc": LEAP_DAY}],
        "dim_site": [
            site("1", valid_from=JANUARY, site_name="Store One"),
            site("2", HOSTILE, valid_from=JANUARY, site_name=HOSTILE),
        ],
        "dim_circuit": [
            circuit(MAIN, "1", valid_from=JANUARY, role="primary"),
            circuit(SPARE, "1", valid_from=JANUARY, role="secondary", provider="Best"),
            circuit(FAR, "2", valid_from=JANUARY, provider=HOSTILE),
            circuit("cc:ge-0/0/0", "2", valid_from=JANUARY),
        ],
        "fact_circuit_hour": _hours(),
        "agg_region_period": [
            region("North", "day", LEAP_DAY, (2590, 50, 0), circuit_count=2, utilization_avg_pct=42.5),
            region(HOSTILE, "day", LEAP_DAY, (880, 0, 440), circuit_count=1),
            region("North", "day", LEAP_DAY - timedelta(days=1), (2880, 0, 0), circuit_count=2),
            region("North", "month", JANUARY, (89000, 280, 0), circuit_count=2, utilization_avg_pct=30.0),
            region("North", "month", FEBRUARY, (83000, 420, 100), circuit_count=2, utilization_avg_pct=42.5,
                   latency_avg_ms=21.25),
            region(HOSTILE, "month", FEBRUARY, (30000, 0, 11760), circuit_count=1),
        ],
        "agg_region_period_business": [
            {**region("North", "month", FEBRUARY, (41000, 400, 0)), "business_hours": 690},
        ],
        "agg_site_period": [
            {**day, "site_id": "1", "region": "North", "site_outage_minutes": 7.0, "site_unknown_minutes": 120.0,
             "failover_count": 1},
            {**day, "site_id": "2", "region": HOSTILE, "site_outage_minutes": 0.0},
            {**month, "site_id": "1", "region": "North", "site_outage_minutes": 95.0},
        ],
        "agg_circuit_period": [
            circuit_period(MAIN, "1", "day", LEAP_DAY, (1270, 50, 0), role="primary", utilization_max_pct=95.0,
                           utilization_warning_hours=1, utilization_high_hours=1, utilization_critical_hours=1,
                           utilization_warning_run_hours=1, loss_avg_pct=0.25, loss_warning_hours=4),
            circuit_period(SPARE, "1", "day", LEAP_DAY, (1320, 0, 0), role="secondary"),
            circuit_period(MAIN, "1", "month", FEBRUARY, (41000, 420, 100), role="primary", utilization_max_pct=99.0,
                           utilization_warning_hours=30, loss_warning_hours=12),
            circuit_period(SPARE, "1", "month", FEBRUARY, (42000, 0, 0), role="secondary"),
        ],
        "fact_circuit_outage": [
            {"site_id": "1", "circuit_id": MAIN, "start_utc": LEAP_DAY + 10 * HOUR, "kind": "link", "evidence": "event",
             "end_utc": LEAP_DAY + 10 * HOUR + timedelta(minutes=50), "duration_minutes": 50.0},
            {"site_id": "2", "circuit_id": FAR, "start_utc": LEAP_DAY + 23 * HOUR, "kind": "reachability",
             "evidence": "inferred"},
            {"site_id": "1", "circuit_id": SPARE, "start_utc": datetime(2024, 2, 28, 22), "kind": "link",
             "evidence": "snapshot", "end_utc": datetime(2024, 2, 28, 23)},
            {"site_id": "1", "circuit_id": SPARE, "start_utc": datetime(2024, 1, 9), "kind": "link",
             "evidence": "snapshot", "end_utc": datetime(2024, 1, 10)},
        ],
        "fact_failover": [
            {"site_id": "1", "start_utc": LEAP_DAY + 10 * HOUR, "end_utc": LEAP_DAY + 11 * HOUR,
             "from_circuit_id": MAIN, "to_circuit_id": SPARE, "cause": "link_down", "loss_avg_pct": 0.5,
             "primary_loss_avg_pct": 0.1},
        ],
        "rpt_chronic_offenders": [
            {"site_id": "1", "circuit_id": MAIN, "region": "North", "as_of_utc": LEAP_DAY + timedelta(days=1),
             "reason": "flaps", "bad_days": 4, "observed_days": 6, "window_days": 7, "last_bad_day_utc": LEAP_DAY},
        ],
        "fact_site_sle_hour": [
            {"site_id": "1", "metric": "wan-link-health", "hour_utc": LEAP_DAY + i * HOUR, "score": score}
            for i, score in enumerate((0.5, 1.0, None, 0.9))
        ],
        "fact_alarm": [
            {"alarm_id": str(i), "site_id": "1", "alarm_type": t, "severity": s, "first_seen_utc": LEAP_DAY + i * HOUR,
             "read_utc": LEAP_DAY, "status": w}
            for i, (t, s, w) in enumerate((("gateway_down", "critical", "open"), ("vpn_down", "warn", "resolved"),
                                           ("vpn_down", "warn", "open")))
        ],
        "rpt_provider_scorecard": [
            {**february, "provider": HOSTILE, "circuit_count": 1, "availability_pct": 99.25, "up_minutes": 30000.0,
             "down_minutes": 226.7, "unknown_minutes": 100.0, "total_minutes": 30326.7, "outage_count": 3,
             "outage_open_count": 1, "restore_median_minutes": 61.0, "incident_count": 1},
            {**february, "provider": "Best", "circuit_count": 1, "availability_pct": None, "outage_count": 0,
             "outage_open_count": 0, "incident_count": 0},
            {"provider": HOSTILE, "month": "2024-01", "period_start_utc": JANUARY, "availability_pct": 99.5},
        ],
        "rpt_failover_readiness": [
            {**february, "site_id": "1", "region": "North", "ready_hours": 600, "not_ready_hours": 40,
             "unknown_hours": 56, "total_hours": 696, "ready_pct": 93.75, "backup_circuit_id": SPARE},
            {**february, "site_id": "2", "region": HOSTILE, "unknown_hours": 696, "total_hours": 696},
        ],
        "rpt_carrier_incident": [
            {"provider": "Acme", "area": "North", "start_utc": datetime(2024, 2, 12, 3), "kind": "down",
             "end_utc": datetime(2024, 2, 12, 5), "duration_minutes": 120.0, "circuit_count": 5, "site_count": 4,
             "area_circuit_count": 9, "peak_share_pct": 55.5},
        ],
    }  # fmt: skip


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which these rows are published."""
    folder = tmp_path_factory.mktemp("reporting") / "warehouse"
    publish(folder, rows())
    return folder


@pytest.fixture(scope="session")
def pinned(base: Path) -> Pinned:
    return Pinned(PublishedDuckDB(base, keep_open=True), 1)


@pytest.fixture(scope="session")
def day(pinned: Pinned) -> Day:
    return ask_day(pinned, LEAP_DAY, RULES)


@pytest.fixture(scope="session")
def month(pinned: Pinned) -> Month:
    return ask_month(pinned, FEBRUARY)


@pytest.fixture(scope="session")
def daily(day: Day) -> Report:
    return daily_report(day, RULES)


@pytest.fixture(scope="session")
def monthly(month: Month) -> Report:
    return monthly_report(month, RULES)


@pytest.fixture
def varied(base: Path, tmp_path: Path) -> Callable[[Rows], Pinned]:
    """The same rows but for some tables, published in a copy: making all tables anew takes seconds."""

    def make(changed: Rows) -> Pinned:
        folder = shutil.copytree(base, tmp_path / "varied")
        publish(folder, changed)
        return Pinned(PublishedDuckDB(folder, keep_open=True), 2)

    return make


def nothing_but(*kept: str) -> Rows:
    """Every other table of these rows empty, and noted as never loaded."""
    return {name: [] for name in (*rows(), "load_ledger") if name not in kept}
