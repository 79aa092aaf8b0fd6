"""The read API on DuckDB and on Snowflake: the same pages, and none of a version that was replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fastapi.testclient import TestClient

from mistwan_dagster.api.app import create_app
from mistwan_dagster.api.tokens import TokenFile
from mistwan_dagster.catalog.tables import DIM_SITE, TABLES
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster_tests.api.conftest import rows
from mistwan_dagster_tests.dashboard.made import frame, site
from mistwan_dagster_tests.warehouse.conftest import Backend


def test_pages_are_the_same_on_both(backend: Backend, tmp_path: Path) -> None:
    writer = backend.warehouse(run_id="")
    writer.load([Load(TABLES[t], frame(t, found)) for t, found in rows().items()])
    writer.publish()
    now = datetime(2025, 3, 10, 12, 20, tzinfo=UTC)
    app = create_app(backend.reader(), TokenFile(tmp_path / "no"), lambda: now, allow_anonymous=True)
    client = TestClient(app, base_url="http://localhost")
    address = (
        "/v1/tables/fact_circuit_hour?sort=-utilization_pct,role&filter=circuit_id:contains:GE-0&limit=15"
        "&columns=utilization_pct,role,hour_utc"
    )
    first = client.get(address)
    second = client.get(first.links["next"]["url"]).json()
    told = [
        (r["utilization_pct"], r["role"], r["hour_utc"][8:13])
        for r in (*first.json()["rows"], *second["rows"])
    ]
    assert told[:5] == [
        (3.0, "primary", "09T17"), (3.0, "primary", "09T22"), (3.0, "primary", "10T03"), (3.0, "primary", "10T08"),
        (3.0, None, "09T17"),
    ]  # fmt: skip
    assert len(told) == 30
    assert first.json()["data_as_of"] == second["data_as_of"] == "2025-03-10T12:00:00Z"
    assert client.get("/v1/tables/v_outage").json()["rows"][0]["duration_minutes"] == 30.0
    for number in range(4):  # DuckDB keeps three versions, Snowflake the newest
        writer.load([Load(DIM_SITE, frame("dim_site", [site(str(number))]))])
        writer.publish()
    assert client.get(first.links["next"]["url"]).status_code == 410
