"""An older DuckDB warehouse is brought up to this version with every row, or is left as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from mistwan_dagster.catalog.tables import DIM_HOUR, DIM_ORG
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.duckdb import SCHEMA_VERSION, DuckDBWarehouse, PublishedDuckDB
from mistwan_dagster.warehouse.duckdb_schema import diff, migrate
from mistwan_dagster.warehouse.port import Load

HOUR = datetime(2025, 1, 1, 10, tzinfo=UTC)
ROW = pl.DataFrame(
    {"hour_utc": [HOUR], "day": [HOUR.date()], "iso_week": ["2025-W01"], "month": ["2025-01"]},
    schema=DIM_HOUR.schema,
)


@pytest.fixture
def old(tmp_path: Path) -> DuckDBWarehouse:
    """A version before this one: a table and a column less, a column more that must not be empty."""
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.load([Load(DIM_HOUR, ROW)])
    warehouse.publish()
    change(warehouse, "DROP VIEW IF EXISTS v_circuit_now CASCADE")
    change(warehouse, f"DROP TABLE {DIM_ORG.name}")
    change(warehouse, "ALTER TABLE dim_hour DROP COLUMN iso_week")
    change(warehouse, "ALTER TABLE dim_hour ADD COLUMN moon VARCHAR")
    change(warehouse, "UPDATE dim_hour SET moon = 'full'")
    change(warehouse, "ALTER TABLE dim_hour ALTER COLUMN moon SET NOT NULL")
    change(warehouse, f"UPDATE mistwan_schema SET version = {SCHEMA_VERSION - 1}")
    return warehouse


def change(warehouse: DuckDBWarehouse, sql: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(sql)


def test_what_is_missing_is_added_and_every_row_kept(old: DuckDBWarehouse) -> None:
    with pytest.raises(
        UserError, match=r"version \d+, this program writes version \d+: run `mistwan warehouse migrate`"
    ):
        old.load([])
    missing = ["column dim_hour.iso_week is missing", f"table {DIM_ORG.name} is missing"]
    older = f"version {SCHEMA_VERSION - 1}, this program's is {SCHEMA_VERSION}"
    assert set(diff(old)) == {*missing, "column dim_hour.moon is not declared", older}
    done, left = migrate(old)
    assert (set(done), left) == ({*missing, f"version {SCHEMA_VERSION}"}, [])
    assert diff(old) == ["column dim_hour.moon is not declared"]
    assert migrate(old) == ([], [])

    old.publish()
    reader = PublishedDuckDB(old.folder)
    kept = reader.query("SELECT hour_utc, iso_week, month, moon FROM dim_hour").row(0)
    assert kept == (HOUR.replace(tzinfo=None), None, "2025-01", "full")
    next_hour = ROW.with_columns(hour_utc=pl.col("hour_utc").dt.offset_by("1h"), month=pl.lit("2025-02"))
    old.load([Load(DIM_HOUR, next_hour, HOUR.replace(hour=11), HOUR.replace(hour=12))])
    old.publish()
    assert reader.query("SELECT iso_week, month, moon FROM dim_hour ORDER BY hour_utc").rows() == [
        (None, "2025-01", "full"), ("2025-W01", "2025-02", None),
    ]  # fmt: skip
    assert reader.query("SELECT count(*) FROM v_circuit_now").item() == 0


def test_a_column_of_another_type_is_only_shown_and_the_version_stays(old: DuckDBWarehouse) -> None:
    change(old, "ALTER TABLE dim_hour ALTER COLUMN month TYPE INTEGER USING 1")
    _, left = migrate(old)
    assert left == ["column dim_hour.month is INTEGER, declared VARCHAR"]
    with pytest.raises(UserError, match=f"version {SCHEMA_VERSION - 1}"):
        old.load([])


def test_a_migration_that_is_cut_off_leaves_the_file_as_it_was(
    old: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = diff(old)

    def killed() -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mistwan_dagster.warehouse.duckdb_schema.create_views", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate(old)
    assert diff(old) == before


def test_nothing_loaded_and_files_that_are_none_of_ours(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path)
    assert (diff(warehouse), migrate(warehouse)) == ([], ([], []))
    with duckdb.connect(str(warehouse.path)) as other:
        other.execute("CREATE TABLE payroll AS SELECT 1 AS salary")
    with pytest.raises(UserError, match="something else"):
        migrate(warehouse)
    warehouse.path.unlink()
    with duckdb.connect(str(warehouse.path)) as later:
        later.execute("CREATE TABLE mistwan_schema AS SELECT 99 AS version")
    with pytest.raises(UserError, match=r"version 99.*use the matching program"):
        migrate(warehouse)
