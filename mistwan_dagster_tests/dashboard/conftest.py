"""A dashboard on a hand-made warehouse, with and without a browser in front of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import flask
import pytest
from werkzeug.serving import make_server as make_http_server

from mistwan_dagster.dashboard.context import QuotaState
from mistwan_dagster.dashboard.serve import make_server
from mistwan_dagster.kpi.thresholds import load_thresholds
from mistwan_dagster_tests.dashboard.made import LAST, NEWEST, Counting, circuit, hour, publish, site, window

HOUR = timedelta(hours=1)
CIRCUIT = "5c5b35000001:ge-0/0/0"
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
        "dim_site": [site("1"), site("2", "South East", site_name="=HYPERLINK(evil)")],
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
        ],
        "fact_circuit_outage": [
            {"site_id": "1", "circuit_id": BACKUP, "start_utc": LAST - 5 * HOUR, "end_utc": LAST - 4 * HOUR,
             "kind": "link", "evidence": "event", "duration_minutes": 60.0},
        ],
        "fact_failover": [
            {"site_id": "1", "start_utc": LAST - 2 * HOUR, "from_circuit_id": CIRCUIT, "to_circuit_id": BACKUP,
             "cause": "steered"},
        ],
    }  # fmt: skip


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


@pytest.fixture
def address(server: flask.Flask) -> Iterator[str]:
    """The address of the dashboard on a free port of loopback."""
    http = make_http_server("127.0.0.1", 0, server, threaded=True)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.port}"
    finally:
        http.shutdown()
        thread.join()
