"""`mistwan warehouse`: its tables and views, and what the lake can have back from it. Thin: parses, calls, prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mistwan_dagster.progress import say

if TYPE_CHECKING:
    from mistwan_dagster.settings import Settings
    from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse
    from mistwan_dagster.warehouse.snowflake_session import Connect, Target

warehouse_app = typer.Typer(
    name="warehouse",
    help="Tables and views: compare, extend, write back into the lake; in Snowflake also create and verify.",
    no_args_is_help=True,
    add_completion=False,
)


def _settings() -> Settings:
    from mistwan_dagster.settings import load_settings

    return load_settings()


def _connection() -> tuple[Connect, Target]:
    from mistwan_dagster.orchestration.warehouses import snowflake

    return snowflake(_settings(), "warehouse")


def _duckdb(settings: Settings) -> DuckDBWarehouse:
    from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(settings.warehouse)


@warehouse_app.command()
def init() -> None:
    """Create every table and view that is missing. Repeatable."""
    from mistwan_dagster.warehouse import snowflake_schema

    done = snowflake_schema.init(*_connection())
    print("\n".join(done) or "everything is there already")


def _differences(settings: Settings) -> list[str]:
    from mistwan_dagster.warehouse import duckdb_schema, snowflake_schema

    if settings.mistwan_warehouse == "duckdb":
        return duckdb_schema.diff(_duckdb(settings))
    return snowflake_schema.diff(*_connection())


@warehouse_app.command()
def diff() -> None:
    """Show what differs from what this program declares; exit 1 when something does."""
    differences = _differences(_settings())
    print("\n".join(differences) or "no differences")
    if differences:
        raise typer.Exit(1)


@warehouse_app.command()
def migrate() -> None:
    """Add missing tables and columns, renew views; what would lose data is only shown (exit 1).

    What raw answers are there for is computed again by the next `mistwan aggregate`, which fills new columns.
    """
    from mistwan_dagster.orchestration.platform import Platform
    from mistwan_dagster.warehouse import duckdb_schema, snowflake_schema
    from mistwan_dagster.warehouse.duckdb import SCHEMA_VERSION

    settings = _settings()
    if any(not text.endswith("is not declared") for text in _differences(settings)):
        # first, so that a kill leaves nothing that looks computed
        Platform(settings).kpi.forget_stamps(SCHEMA_VERSION)
    if settings.mistwan_warehouse == "duckdb":
        warehouse = _duckdb(settings)
        done, left = duckdb_schema.migrate(warehouse)
        if done and not left:
            warehouse.publish()
    else:
        done, left = snowflake_schema.migrate(*_connection())
    print("\n".join(f"mended: {text}" for text in done) or "nothing to mend")
    if left:
        print("\n".join(f"left to do by hand: {text}" for text in left))
        raise typer.Exit(1)


@warehouse_app.command()
def unload() -> None:
    """Write back into the lake what it lost of its figures and the published warehouse still holds. Repeatable."""
    from mistwan_dagster.orchestration.platform import Platform
    from mistwan_dagster.orchestration.recovery import unload as run

    for table, files in run(Platform.open()).items():
        say(f"{table}: {files} partitions written")
    print(
        "the lake holds what is published; `mistwan aggregate` computes again what raw answers are there for"
    )


@warehouse_app.command()
def verify() -> None:
    """Prove on a real account what a simulated one cannot: one line each, exit 1 when one fails."""
    from mistwan_dagster.warehouse.snowflake_verify import verify as run

    results = run(*_connection())
    for ok, text in results:
        print(f"{'ok  ' if ok else 'FAIL'}  {text}")
    if not all(ok for ok, _ in results):
        raise typer.Exit(1)
