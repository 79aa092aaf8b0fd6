"""Columns and cells that both reports have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mistwan_dagster.reporting.asking import HOUR_MINUTES, minutes_in
from mistwan_dagster.reporting.document import circuit, column, site
from mistwan_dagster.wording import UNKNOWN, percent

Row = Mapping[str, Any]
SITE = column("Site", site, 1.6)
REGION = column("Region", lambda r: r["region"] or UNKNOWN)
CIRCUIT = column("Circuit", circuit, 1.6)
ROLE = column("Role", lambda r: r["role"] or UNKNOWN, 0.8)


def against(value: float | None, target_pct: float) -> str:
    """An availability; one below the target is marked."""
    return f"{'▼ ' if value is not None and value < target_pct else ''}{percent(value, 3)}"


def observed(row: Row, missing_hours: int) -> str:
    """Share of a row's circuit time whose state is known; `missing_hours`, in which nothing was collected, is not."""
    gaps = missing_hours * HOUR_MINUTES * (row.get("circuit_count", 1) or 0)
    return percent(minutes_in(row, gaps).observed_pct, 1)
