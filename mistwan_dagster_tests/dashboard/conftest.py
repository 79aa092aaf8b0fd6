"""A dashboard on a hand-made warehouse, with and without a browser in front of it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import flask
import pytest
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server as make_http_server

from mistwan_dagster.dashboard.context import QuotaState
from mistwan_dagster.dashboard.serve import make_server
from mistwan_dagster.kpi.thresholds import load_thresholds
from mistwan_dagster_tests.dashboard.made import (
    HOUR,
    LAST,
    NEWEST,
    Counting,
    circuit,
    hour,
    publish,
    site,
    window,
)
from mistwan_dagster_tests.needed import require

CIRCUIT = "5c5b35000001:ge-0/0/0"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
BACKUP = "5c5b35000001:ge-0/0/1"


def organization() -> dict[str, list[dict[str, Any]]]:
    """Two sites in two regions, 30 hours; one circuit congested and, for three hours, not observed at all."""
    hours = [
        hour(c, s, LAST - i * HOUR, region=r, role="primary", utilization_pct=u, utilization_severity=v, severity=v,
             utilization_peak_pct=u, loss_avg_pct=0.01, loss_severity="normal", latency_avg_ms=20.0,
             latency_severity="normal")
        for c, s, r, u, v in ((CIRCUIT, "1", "North", 95.0, "critical"), (BACKUP, "1", "North", 5.0, "normal"),
                              ("5c5b35000002:ge-0/0/0", "2", "South East", 20.0, "normal"))
        for i in range(30)
        if not (c == CIRCUIT and 4 <= i < 7)
    ]  # fmt: skip
    regions = [
        {"region": r, "as_of_utc": t, "window_hours": 24, "circuit_count": 1, "up_minutes": 1400.0,
         "down_minutes": 40.0, "unknown_minutes": 0.0, "total_minutes": 1440.0, "availability_pct": 97.2,
         "flap_count": 2, "observed_hours": 24, "utilization_avg_pct": 40.0}
        for r in ("North", "South East")
        for t in (NEWEST, NEWEST - timedelta(days=7))
    ]  # fmt: skip
    return {
        "dim_site": [
            site("1", lat=40.0, lng=-75.0),
            site("2", "South East", site_name="=HYPERLINK(evil)", lat=33.0, lng=-84.0),
        ],
        "dim_circuit": [
            circuit(CIRCUIT, "1", role="primary", bandwidth_down_mbps=100.0, bandwidth_source="file"),
            circuit(BACKUP, "1", role="secondary"),
            circuit("5c5b35000002:ge-0/0/0", "2"),
        ],
        "fact_circuit_hour": hours,
        "agg_circuit_window": [window(c, "1") for c in (CIRCUIT, BACKUP)],
        "agg_region_window": regions,
        "agg_region_period": [
            {"region": "North", "period": "day", "period_start_utc": NEWEST.replace(hour=0) - timedelta(days=d),
             "availability_pct": 99.0, "utilization_avg_pct": 30.0}
            for d in range(3)
        ] + [
            {"region": "North", "period": "month", "period_start_utc": NEWEST.replace(day=1, hour=0),
             "availability_pct": 99.0, "utilization_avg_pct": 30.0},
        ],
        "fact_circuit_outage": [
            {"site_id": "1", "circuit_id": BACKUP, "start_utc": LAST - 5 * HOUR, "end_utc": LAST - 4 * HOUR,
             "kind": "link", "evidence": "event", "duration_minutes": 60.0},
        ],
        "fact_failover": [
            {"site_id": "1", "start_utc": LAST - 2 * HOUR, "from_circuit_id": CIRCUIT, "to_circuit_id": BACKUP,
             "cause": "steered"},
        ],
        **service_levels(),
        **reports(),
    }  # fmt: skip


def service_levels() -> dict[str, list[dict[str, Any]]]:
    """SLE of site 1 over a day, degraded by loss for the last three hours; a VPN path; an open alarm of each kind."""
    scope = {
        "site_id": "1",
        "scope": "site",
        "scope_id": "1",
        "metric": "wan-link-health",
        "read_at_utc": NEWEST,
    }
    gateway = {**scope, "device_mac": "5c5b35000001", "device_name": "gw-1", "total": 2880.0, "degraded": 180.0,
               "score": 0.9375, "span_end_utc": NEWEST}  # fmt: skip
    scores = [(i, 0.5 if i < 3 else 1.0) for i in range(24)]
    return {
        "fact_site_sle_hour": [
            {"site_id": "1", "metric": "wan-link-health", "hour_utc": LAST - i * HOUR, "score": v} for i, v in scores
        ],
        "fact_sle_trend": [
            {**scope, "classifier": c, "bin_start_utc": LAST - i * HOUR, "hour_utc": LAST - i * HOUR, "total": 120.0,
             "degraded": 120 * (1 - v) if c == "network-loss" else 0.0, "unit": "interface-minutes"}
            for i, v in scores
            for c in ("network-loss", "network-jitter")
        ],
        "fact_sle_histogram": [
            {**scope, "position": i, "range_low": low, "range_high": high, "value": v, "range_unit": "latency(ms)",
             "unit": "interface-minutes"}
            for i, (low, high, v) in enumerate(((None, 50.0, 2700.0), (50.0, 100.0, 120.0), (100.0, None, 60.0)))
        ],
        "fact_sle_threshold": [{**scope, "threshold": 100.0, "unit": "ms"}],
        "fact_sle_impacted_gateway": [gateway],
        "fact_sle_impacted_interface": [{**gateway, "interface_name": "ge-0/0/0"}],
        "sle_coverage": [
            {"site_id": "1", "metric": "wan-link-health", "score": 0.5, "is_degraded": True, "state": "fresh",
             "score_hour_utc": LAST, "last_read_utc": NEWEST, "as_of_utc": NEWEST},
            {"site_id": "2", "metric": "wan-link-health", "score": 1.0, "is_degraded": False, "state": "stale",
             "score_hour_utc": LAST, "last_read_utc": NEWEST - 9 * HOUR, "as_of_utc": NEWEST},
        ],
        "fact_path_hour": [
            {"site_id": "1", "device_mac": "5c5b35000001", "node": "", "port_id": "ge-0/0/0", "peer_mac": m,
             "peer_port_id": "", "vpn_name": "corp", "peer_router_name": f"hub-{m}", "hour_utc": LAST,
             "circuit_id": CIRCUIT, "up_pct": up, "loss_avg_pct": 0.5, "jitter_avg_ms": 2.0, "latency_avg_ms": 30.0,
             "mos_avg": 4.3, "sample_count": 6}
            for m, up in (("a", 100.0), ("b", 0.0))
        ],
        "fact_alarm": [
            {"alarm_id": t, "site_id": "1", "alarm_type": t, "severity": v, "status": "open", "acked": False,
             "first_seen_utc": LAST, "last_seen_utc": LAST, "read_utc": NEWEST}
            for t, v in (("gateway_down", "critical"), ("vpn_path_down", "warn"), ("device_restarted", "info"))
        ],
        "fact_alert": [
            {"alert_id": "a1", "rule": "outage", "scope": "provider", "provider": "Acme", "area": "North",
             "region": "North", "signals": "down", "severity": "critical", "since_utc": LAST, "opened_utc": LAST,
             "circuit_count": 3, "open_circuit_count": 2, "site_count": 2}
        ],
    }  # fmt: skip


def reports() -> dict[str, list[dict[str, Any]]]:
    """What the reports say of the congested circuit: worse than usual, chronic, at the top of every ranking."""
    place = {"site_id": "1", "circuit_id": CIRCUIT, "region": "North", "role": "primary"}
    return {
        "rpt_congestion_now": [
            {**place, "hour_utc": LAST, "utilization_pct": 95.0, "utilization_severity": "critical", "usual_pct": 60.0,
             "usual_hours": 4, "change_pct": 35.0, "change_sigmas": 5.2, "is_worse": True, "trend_pct_per_week": 1.5,
             "trend_low_pct_per_week": 1.0, "trend_high_pct_per_week": 2.0, "trend_now_pct": 81.0, "trend_weeks": 13,
             "days_to_warning": 0.0, "days_to_high": 0.0, "days_to_critical": 42.0},
        ],
        "rpt_chronic_offenders": [
            {**place, "as_of_utc": NEWEST.replace(hour=0), "reason": r, "bad_days": 5, "observed_days": 7,
             "window_days": 7, "last_bad_day_utc": NEWEST.replace(hour=0) - 24 * HOUR}
            for r in ("utilization", "availability")
        ],
        "rpt_top_offenders": [
            {**place, "period": p, "period_start_utc": NEWEST - 24 * HOUR, "measure": m, "rank": 1, "value": v,
             "observed_hours": 21, "known_circuits": 3, "unknown_circuits": 1}
            for p in ("24h", "13m")
            for m, v in (("utilization_warning_hours", 17.0), ("flap_count", 0.0), ("availability_pct", 99.9))
        ],
        **providers(),
        "rpt_failover_readiness": [
            {"site_id": "1", "region": "North", "month": "2025-03", "period_start_utc": NEWEST.replace(day=1, hour=0),
             "ready_hours": 60, "not_ready_hours": 40, "unknown_hours": 100, "total_hours": 200, "ready_pct": 60.0,
             "backup_load_p95_pct": 130.0, "backup_circuit_id": BACKUP},
        ],
        "agg_region_rolling_13m": [
            {"region": r, "as_of_utc": NEWEST, "start_utc": NEWEST.replace(year=2024, month=2, day=1, hour=0),
             "up_minutes": 99900.0, "down_minutes": 100.0, "unknown_minutes": 0.0, "total_minutes": 100000.0,
             "availability_pct": 99.9, "flap_count": 40, "observed_hours": 1600, "utilization_avg_pct": 30.0}
            for r in ("North", "South East")
        ],
    }  # fmt: skip


def providers() -> dict[str, list[dict[str, Any]]]:
    """March of two providers: Acme had an incident and two outages, one in part planned; Fibra had nothing."""
    month = {"month": "2025-03", "period_start_utc": NEWEST.replace(day=1, hour=0)}
    period = {"period": "month", "period_start_utc": month["period_start_utc"]}
    outage = {"provider": "Acme", "site_id": "1", "circuit_id": CIRCUIT, "month": "2025-03", "kind": "link",
              "evidence": "event", "unknown_minutes": 0.0}  # fmt: skip
    minutes = {"up_minutes": 970.0, "down_minutes": 30.0, "unknown_minutes": 0.0, "total_minutes": 1000.0}
    return {
        "rpt_provider_scorecard": [
            {"provider": "Acme", **month, "circuit_count": 3, "site_count": 2, "up_minutes": 9000.0,
             "down_minutes": 1000.0, "unknown_minutes": 0.0, "total_minutes": 10000.0, "availability_pct": 90.0,
             "service_availability_pct": 89.5, "outage_count": 2, "outage_open_count": 1,
             "restore_median_minutes": 60.0, "flap_count": 4, "incident_count": 1},
            {"provider": "Fibra", **month, "circuit_count": 1, "site_count": 1, "availability_pct": 100.0},
        ],
        "agg_provider_period_business": [
            {"provider": "Acme", **period, "availability_pct": 91.5, "utilization_p95_pct": 88.0,
             "circuit_count": 3},
        ],
        "rpt_carrier_incident": [
            {"provider": "Acme", "area": "around Turin", "start_utc": LAST - 9 * HOUR, "end_utc": LAST - 7 * HOUR,
             "duration_minutes": 120.0, "kind": "down", "circuit_count": 5, "site_count": 4, "peak_circuit_count": 4,
             "area_circuit_count": 12, "unobserved_circuit_count": 2, "peak_share_pct": 33.3},
        ],
        "rpt_sla_outage": [
            {**outage, "start_utc": LAST - 9 * HOUR, "end_utc": LAST - 7 * HOUR, "lasted_minutes": 120.0,
             "excluded_minutes": 30.0, "counted_minutes": 90.0},
            {**outage, "start_utc": LAST - 20 * HOUR, "end_utc": LAST - 19 * HOUR, "lasted_minutes": 60.0,
             "excluded_minutes": 60.0, "counted_minutes": 0.0},
        ],
        "agg_region_period_business": [
            {"region": "North", **period, **minutes, "availability_pct": 97.0, "utilization_avg_pct": 55.0,
             "circuit_count": 2},
        ],
        "rpt_primary_secondary": [
            {"site_id": "1", "region": "North", **period, "primary_availability_pct": 97.0,
             "secondary_availability_pct": 99.9, "primary_latency_avg_ms": 40.0, "secondary_latency_avg_ms": 70.0},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium; a test without one is skipped, except in CI, where that is a failure."""
    found = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    require(found, "Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def reader(tmp_path: Path) -> Counting:
    return publish(tmp_path, organization())


def serving(reader: Counting, minutes_later: int = 20, **more: Any) -> flask.Flask:
    """The server as the command makes it, some minutes after the newest hour."""
    now = (NEWEST + timedelta(minutes=minutes_later)).replace(tzinfo=UTC)
    return make_server(
        reader, lambda: now, load_thresholds(None), lambda: QuotaState(1200, 4500, 3300), **more
    )


@pytest.fixture
def server(reader: Counting) -> flask.Flask:
    return serving(reader)


@contextmanager
def served(server: flask.Flask) -> Iterator[str]:
    """The address of a dashboard on a free port of loopback."""
    http = make_http_server("127.0.0.1", 0, server, threaded=True)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.port}"
    finally:
        http.shutdown()
        thread.join()


@pytest.fixture
def address(server: flask.Flask) -> Iterator[str]:
    """The address of the served dashboard."""
    with served(server) as address:
        yield address
