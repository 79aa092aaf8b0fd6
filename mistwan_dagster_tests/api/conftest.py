"""A read API over a hand-made warehouse: 40 circuit hours with ties and unknown values, an outage, a scorecard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mistwan_dagster.api.app import create_app
from mistwan_dagster.api.tokens import TokenFile
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB
from mistwan_dagster_tests.dashboard.made import HOUR, LAST, circuit, hour, publish, site

NOW = datetime(2025, 3, 10, 12, 20, tzinfo=UTC)
CIRCUITS = ("5c5b35000001:ge-0/0/0", "5c5b35000001:ge-0/0/1")


def rows() -> dict[str, list[dict[str, Any]]]:
    """Utilization repeats every five hours and is unknown every fifth; roles are known of one circuit."""
    return {
        "dim_site": [site("1", site_name="=SUM(1)"), site("2", "West")],
        "dim_circuit": [circuit(c, "1") for c in CIRCUITS],
        "fact_circuit_hour": [
            hour(c, "1", LAST - i * HOUR, role=r, flap_count=i % 2,
                 utilization_pct=None if i % 5 == 4 else float(i % 5))
            for c, r in zip(CIRCUITS, ("primary", None), strict=True)
            for i in range(20)
        ],
        "fact_circuit_outage": [
            {"site_id": "1", "circuit_id": CIRCUITS[0], "start_utc": LAST - HOUR, "kind": "link", "evidence": "event",
             "end_utc": LAST - timedelta(minutes=30), "duration_minutes": 30.0},
        ],
        "rpt_provider_scorecard": [
            {"provider": "Acme", "month": "2025-02", "period_start_utc": datetime(2025, 2, 1),
             "availability_pct": 99.5},
        ],
    }  # fmt: skip


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published once; a test that publishes more copies it."""
    folder = tmp_path_factory.mktemp("api") / "warehouse"
    publish(folder, rows())
    return folder


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def app(warehouse: Path, tokens: TokenFile) -> FastAPI:
    return create_app(PublishedDuckDB(warehouse, keep_open=True), tokens, lambda: NOW, allow_anonymous=True)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1:8060")
