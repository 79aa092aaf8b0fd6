"""Hourly frames for the tests of aggregates. Circuit hours of `fact_circuit_hour` with thresholds beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, MEASURES
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS

MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)


def hour(number: int) -> datetime:
    """The hour that begins `number` hours after 2025-01-01 00:00 UTC."""
    return MIDNIGHT + timedelta(hours=number)


def circuit_hour(
    number: int, utilization: float | None = None, circuit: str = "a", **more: Any
) -> dict[str, Any]:
    """One circuit hour: up all the time unless told otherwise."""
    minutes = {"up_minutes": 60.0, "down_minutes": 0.0, "unknown_minutes": 0.0, "flap_count": 0}
    place = {"site_id": "s1", "region": "North", "provider": None, "role": "primary"}
    return {**minutes, **place, "circuit_id": circuit, "hour_utc": hour(number),
            "utilization_pct": utilization, **more}  # fmt: skip


def hourly(
    rows: list[dict[str, Any]], thresholds: dict[str, tuple[float, ...]] | None = None
) -> pl.LazyFrame:
    """The frame of the rows, with the default thresholds or those given for a measure."""
    levels = {**DEFAULT_THRESHOLDS, **(thresholds or {})}
    columns = {
        f"threshold_{m}_{level}": pl.lit(levels[m][i]) for m in MEASURES for i, level in enumerate(LEVELS)
    }
    return pl.LazyFrame(rows, schema={**FACT_CIRCUIT_HOUR.schema, "provider": pl.String}).with_columns(
        **columns
    )
