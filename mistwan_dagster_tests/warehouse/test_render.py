from pathlib import Path

import duckdb
import pytest
import sqlglot

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.warehouse.render import rendered_files, tables_sql, views_sql

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(rendered_files()))
def test_committed_files_are_what_the_catalog_renders(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == rendered_files()[name], "run `make generate`"


def test_duckdb_accepts_its_ddl_and_views() -> None:
    connection = duckdb.connect()
    connection.execute(tables_sql("duckdb"))
    connection.execute(views_sql())
    made = {
        row[0] for row in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    }
    assert made == {*TABLES, *VIEWS}


def test_snowflake_ddl_parses_in_its_dialect() -> None:
    parsed = sqlglot.parse(tables_sql("snowflake") + views_sql(), read="snowflake")
    assert len([p for p in parsed if p is not None]) == len(TABLES) + len(VIEWS)
