"""Every published figure, to tell whether two warehouses say the same."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.tables import API_USAGE_HOUR, LOAD_LEDGER, TABLES
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB

Figures = dict[str, pl.DataFrame]
NO_FIGURES = (LOAD_LEDGER.name, API_USAGE_HOUR.name)
"""What was loaded when, and how many calls were made: both go on with each command."""


def published(home: Path) -> Figures:
    """Table -> its rows, sorted by key; tables that this warehouse does not have are left out."""
    reader = PublishedDuckDB(home / "warehouse", keep_open=True)
    there = set(reader.query("SELECT table_name FROM duckdb_tables()")["table_name"])
    return {
        name: reader.query(f"SELECT * FROM {name}").sort(table.key)
        for name, table in TABLES.items()
        if name in there and name not in NO_FIGURES
    }


def assert_same(found: Figures, expected: Figures) -> None:
    """Every table that was expected has the same rows in the columns that it had, to twelve digits."""
    assert set(expected) <= set(found)
    for name, rows in expected.items():
        columns = [c for c in rows.columns if c in found[name].columns]
        assert set(columns) >= set(TABLES[name].key)
        try:
            assert_frame_equal(
                found[name].select(columns), rows.select(columns), rel_tol=1e-12, abs_tol=1e-12
            )
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
