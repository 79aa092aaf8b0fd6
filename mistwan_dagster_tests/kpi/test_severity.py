"""Severities: on the threshold counts, unknown stays unknown, the worst is by order and not by alphabet."""

from __future__ import annotations

import polars as pl
import pytest

from mistwan_dagster.catalog.columns import MEASURES, value_column
from mistwan_dagster.kpi.severity import with_severities
from mistwan_dagster.kpi.thresholds import Thresholds, with_thresholds


def severities(**values: float | None) -> dict:
    row = {value_column(m): values.get(m) for m in MEASURES}
    frame = pl.LazyFrame([row], schema=dict.fromkeys(row, pl.Float64)).with_columns(
        region=pl.lit("x"),
        store_type=pl.lit(None, pl.String),
        hour_utc=pl.lit(None, pl.Datetime("us", "UTC")),
    )
    return with_severities(with_thresholds(frame, Thresholds())).collect().to_dicts()[0]


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (0.0, "normal"),
        (69.999999, "normal"),
        (70.0, "warning"),
        (79.999999, "warning"),
        (80.0, "high"),
        (90.0, "critical"),
        (250.0, "critical"),
        (None, None),
    ],
)
def test_a_value_on_the_threshold_reaches_it(value, level):
    assert severities(utilization=value)["utilization_severity"] == level


def test_the_value_is_not_rounded_before_it_is_compared():
    assert severities(loss=0.0999999)["loss_severity"] == "normal"


def test_the_worst_known_level_is_the_severity():
    found = severities(utilization=95.0, loss=0.5, jitter=10.0, latency=None)
    assert [found[f"{m}_severity"] for m in MEASURES] == ["critical", "high", "warning", None]
    assert found["severity"] == "critical"
    assert severities(loss=0.5, jitter=10.0)["severity"] == "high"
    assert severities(jitter=10.0, latency=1.0)["severity"] == "warning"
    assert severities(latency=1.0)["severity"] == "normal"


def test_nothing_known_is_null_not_normal():
    assert severities()["severity"] is None
