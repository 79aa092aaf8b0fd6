"""Bringing a DuckDB warehouse of an earlier version up to this one, rows and all.

Missing tables and columns are added, views are renewed, nothing is dropped: what would lose data is only told. Does
not belong here: filling the new columns, which computing again does.
"""

from __future__ import annotations

from contextlib import suppress

import duckdb

from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.drift import Drift, table_drift
from mistwan_dagster.warehouse.duckdb import SCHEMA_VERSION, DuckDBWarehouse
from mistwan_dagster.warehouse.render import create_views

KEEP_UNFILLED = "ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
"""What becomes of a column that an earlier version declared: it keeps what it has, and rows may come without it."""
COLUMNS = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT max(version) FROM mistwan_schema").fetchall()[0][0])


def _drift(connection: duckdb.DuckDBPyConnection, warehouse: DuckDBWarehouse) -> list[Drift]:
    """Differences of tables. Raises UserError for a file of something else, or of a later version."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(COLUMNS).fetchall():
        found.setdefault(table, {})[column] = kind
    if "mistwan_schema" not in found:
        raise UserError(
            f"{warehouse.path} is a DuckDB file of something else: move it away or set another MISTWAN_HOME"
        )
    version = _version(connection)
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{warehouse.path} is a warehouse of version {version}, this program writes version {SCHEMA_VERSION}: "
            "use the matching program"
        )
    return table_drift(found, "duckdb", {}, KEEP_UNFILLED)


def diff(warehouse: DuckDBWarehouse) -> list[str]:
    """Every difference in words; changes nothing. Nothing loaded yet is no difference."""
    if warehouse.is_new:
        return []
    with warehouse.alone() as connection:
        told = [one.text for one in _drift(connection, warehouse)]
        version = _version(connection)
        if version != SCHEMA_VERSION:
            told.append(f"version {version}, this program's is {SCHEMA_VERSION}")
        return told


def migrate(warehouse: DuckDBWarehouse) -> tuple[list[str], list[str]]:
    """Add what is missing in one transaction; returns what was done and what is left to do by hand.

    The file counts as of this version only when nothing is left.
    """
    if warehouse.is_new:
        return [], []
    with warehouse.alone() as connection:
        differences = _drift(connection, warehouse)
        left = [one.text for one in differences if one.mend is None]
        done = [one.text for one in differences if one.mend and one.text.endswith("is missing")]
        connection.execute("BEGIN")
        try:
            for one in differences:
                if one.mend is not None:
                    connection.execute(one.mend)
            if not left:
                connection.execute(create_views())
                if _version(connection) != SCHEMA_VERSION:
                    done.append(f"version {SCHEMA_VERSION}")
                connection.execute("UPDATE mistwan_schema SET version = ?", [SCHEMA_VERSION])
            connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):  # a COMMIT that failed has rolled back already
                connection.execute("ROLLBACK")
            raise
    return done, left
