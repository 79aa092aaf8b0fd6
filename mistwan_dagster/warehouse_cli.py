"""`mistwan warehouse`: tables and views of Snowflake. Thin: parses, calls, prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mistwan_dagster.warehouse.snowflake_session import Connect, Target

warehouse_app = typer.Typer(
    name="warehouse",
    help="Tables and views in Snowflake: create, compare, extend, verify (DuckDB makes its own).",
    no_args_is_help=True,
    add_completion=False,
)


def _connection() -> tuple[Connect, Target]:
    from mistwan_dagster.orchestration.warehouses import snowflake
    from mistwan_dagster.settings import load_settings

    return snowflake(load_settings(), "warehouse")


@warehouse_app.command()
def init() -> None:
    """Create every table and view that is missing. Repeatable."""
    from mistwan_dagster.warehouse import snowflake_schema

    done = snowflake_schema.init(*_connection())
    print("\n".join(done) or "everything is there already")


@warehouse_app.command()
def diff() -> None:
    """Show what differs from what this program declares; exit 1 when something does."""
    from mistwan_dagster.warehouse import snowflake_schema

    differences = snowflake_schema.diff(*_connection())
    print("\n".join(differences) or "no differences")
    if differences:
        raise typer.Exit(1)


@warehouse_app.command()
def migrate() -> None:
    """Add missing tables and columns, renew views; what would lose data is only shown (exit 1)."""
    from mistwan_dagster.warehouse import snowflake_schema

    done, left = snowflake_schema.migrate(*_connection())
    print("\n".join(f"mended: {text}" for text in done) or "nothing to mend")
    if left:
        print("\n".join(f"left to do by hand: {text}" for text in left))
        raise typer.Exit(1)


@warehouse_app.command()
def verify() -> None:
    """Prove on a real account what a simulated one cannot: one line each, exit 1 when one fails."""
    from mistwan_dagster.warehouse.snowflake_verify import verify as run

    results = run(*_connection())
    for ok, text in results:
        print(f"{'ok  ' if ok else 'FAIL'}  {text}")
    if not all(ok for ok, _ in results):
        raise typer.Exit(1)
