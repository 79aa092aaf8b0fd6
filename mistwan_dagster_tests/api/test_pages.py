"""Pages of any filter and order together are the rows that Polars finds, each once."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.api.catalog import order_columns
from mistwan_dagster.api.pages import Pages
from mistwan_dagster.api.selection import Selection
from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB
from mistwan_dagster_tests.dashboard.made import LAST, Counting

COLUMNS = ("utilization_pct", "role", "hour_utc", "flap_count", "circuit_id", "counter_reset", "loss_avg_pct")
FILTERS = {
    "utilization_pct:ge:2": pl.col("utilization_pct") >= 2,
    "utilization_pct:null": pl.col("utilization_pct").is_null(),
    "role:eq:primary": pl.col("role") == "primary",
    "role:notnull": pl.col("role").is_not_null(),
    "flap_count:in:1,7": pl.col("flap_count").is_in([1, 7]),
    f"hour_utc:lt:{LAST.isoformat()}Z": pl.col("hour_utc") < pl.lit(LAST),
    "circuit_id:contains:0/1": pl.col("circuit_id").str.contains("0/1", literal=True),
}


@pytest.fixture(scope="module")
def reader(warehouse: Path) -> PublishedDuckDB:
    return PublishedDuckDB(warehouse, keep_open=True)


def every_page(pages: Pages, name: str, selection: Selection, limit: int) -> pl.DataFrame:
    found, cursor = [], None
    while True:
        page = pages.page(name, selection, limit, cursor, None)
        assert page.rows.height <= limit
        found.append(page.rows)
        cursor = page.next
        if cursor is None:
            return pl.concat(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(COLUMNS), st.booleans()), max_size=4, unique_by=lambda s: s[0]),
    st.lists(st.sampled_from(sorted(FILTERS)), max_size=3),
    st.integers(1, 45),
)
def test_pages_are_the_rows_in_order_each_once(
    reader: PublishedDuckDB, sorts: list[tuple[str, bool]], filters: list[str], limit: int
) -> None:
    selection = Selection(("circuit_id", "hour_utc"), tuple(filters), tuple("-" * d + c for c, d in sorts))
    expected = reader.query("SELECT * FROM fact_circuit_hour").filter(*(FILTERS[f] for f in filters))
    by = [*(c for c, _ in sorts), "hour_utc", "site_id", "circuit_id"]
    down = [*(d for _, d in sorts), False, False, False]
    expected = expected.sort(by, descending=down, nulls_last=True).select("circuit_id", "hour_utc")
    assert every_page(Pages(reader), "fact_circuit_hour", selection, limit).equals(expected)


def test_time_comes_first_where_the_key_has_it() -> None:
    assert order_columns("fact_circuit_hour", pl.Schema()) == ["hour_utc", "site_id", "circuit_id"]
    assert order_columns("dim_site", pl.Schema()) == ["site_id", "valid_from"]


def test_keys_of_views_are_columns_of_theirs_and_tell_their_rows_apart(reader: PublishedDuckDB) -> None:
    for view in VIEWS.values():
        found = reader.query(f"SELECT * FROM {view.name}")
        assert view.key, view.name
        assert set(view.key) <= set(found.columns), view.name
        assert not found.select(view.key).is_duplicated().any(), view.name


def test_what_is_asked_of_a_version_again_is_kept(tmp_path: Path, warehouse: Path) -> None:
    counting = Counting(shutil.copytree(warehouse, tmp_path / "copy"))
    pages = Pages(counting)
    for _ in range(2):
        assert pages.page("dim_site", Selection(), 5, None, None).data_as_of == datetime(2025, 3, 10, 12)
    assert len(counting.statements) == 4  # the schema and the newest hour once, the rows twice
    assert set(TABLES["dim_site"].schema) == set(pages.schema("dim_site", 1))
