"""The statement with which the plan for several machines rolls hours up in the warehouse, on both warehouses."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster_tests.dashboard.made import frame
from mistwan_dagster_tests.warehouse.conftest import Backend


def statement() -> str:
    """As `docs/scaling.md` has it."""
    plan = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
    return plan.split("<!-- rollup -->")[1].split("\n\n")[0]


def hour(at: str, up: float, down: float, **more: Any) -> dict[str, Any]:
    return {
        "site_id": "s1", "circuit_id": "aa:p1", "region": "West", "hour_utc": datetime.fromisoformat(at),
        "up_minutes": up, "down_minutes": down, "unknown_minutes": 60.0 - up - down, "source": "live", **more,
    }  # fmt: skip


def test_days_are_pooled_and_unknown_hours_count_as_unknown(backend: Backend) -> None:
    rows = [
        hour("2025-01-01T22:00", 60.0, 0.0, utilization_pct=10.0, flap_count=1),
        hour("2025-01-01T23:00", 30.0, 30.0, utilization_pct=30.0, flap_count=0),
        hour("2025-01-01T05:00", 0.0, 0.0),
        hour("2025-01-02T00:00", 60.0, 0.0, utilization_pct=50.0, flap_count=2),
    ]
    warehouse = backend.warehouse()
    warehouse.load([Load(FACT_CIRCUIT_HOUR, frame(FACT_CIRCUIT_HOUR.name, rows))])
    warehouse.publish()
    found = backend.reader().query(f"SELECT * FROM ({statement()}) AS rolled ORDER BY day").to_dicts()
    first, second = ({name.lower(): value for name, value in row.items()} for row in found)
    assert first == {
        "site_id": "s1", "circuit_id": "aa:p1", "day": date(2025, 1, 1),
        "up_minutes": 90.0, "down_minutes": 30.0, "unknown_minutes": 60.0, "availability_pct": 75.0,
        "flap_count": 1, "observed_hours": 2, "utilization_avg_pct": 20.0, "utilization_max_pct": 30.0,
        "utilization_p95_pct": pytest.approx(29.0),
    }  # fmt: skip
    assert second["day"] == date(2025, 1, 2)
    assert (second["availability_pct"], second["utilization_p95_pct"], second["flap_count"]) == (
        100.0,
        50.0,
        2,
    )
