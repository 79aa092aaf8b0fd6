import polars as pl
import pytest

from mistwan_dagster.catalog.columns import LEVELS, MEASURES, hours_column, run_hours_column
from mistwan_dagster.catalog.endpoints import ENDPOINTS
from mistwan_dagster.catalog.tables import AGG_CIRCUIT_WINDOW, DIM_HOUR, FACT_CIRCUIT_HOUR, TABLES


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_keys_and_span_are_declared_columns_that_refuse_null(table) -> None:
    for name in (*table.key, *((table.span,) if table.span else ())):
        assert not table.column(name).nullable, name
    assert len(table.schema) == len(table.columns), "a column is declared twice"


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda e: e.name)
def test_endpoint_keys_are_fields_and_no_secret_is_one(endpoint) -> None:
    assert set(endpoint.key) <= set(endpoint.schema)
    assert not endpoint.secrets & set(endpoint.schema)


def test_contract_columns_of_the_fact_are_there() -> None:
    for name in (
        "utilization_pct",
        "status_hourly",
        "latency_p95_ms",
        "quality_sample_count",
        "coverage_pct",
    ):
        assert name in FACT_CIRCUIT_HOUR.schema
    for measure in MEASURES:
        for level in LEVELS:
            assert hours_column(measure, level) in AGG_CIRCUIT_WINDOW.schema
            assert run_hours_column(measure, level) in AGG_CIRCUIT_WINDOW.schema


def test_conform_orders_casts_and_fills_with_null_but_never_hides_a_wrong_type() -> None:
    frame = DIM_HOUR.conform(pl.LazyFrame({"month": ["2025-01"]})).collect()
    assert frame.columns == list(DIM_HOUR.schema)
    assert frame["hour_utc"].to_list() == [None]
    with pytest.raises(pl.exceptions.InvalidOperationError):
        FACT_CIRCUIT_HOUR.conform(pl.LazyFrame({"flap_count": ["many"]})).collect()
