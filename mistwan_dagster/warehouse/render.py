"""SQL text and the data dictionary, rendered from the catalog.

`python -m mistwan_dagster.warehouse.render ROOT` writes `sql/duckdb`, `sql/snowflake` and
`docs/data_dictionary.md` below ROOT; a test fails when the committed files differ from what this renders.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, Column
from mistwan_dagster.catalog.endpoints import ENDPOINTS
from mistwan_dagster.catalog.sle import SLE_CLASSIFIERS, SLE_METRICS
from mistwan_dagster.catalog.tables import TABLES, Table
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS
from mistwan_dagster.catalog.view import View
from mistwan_dagster.catalog.views import VIEWS

Dialect = Literal["duckdb", "snowflake"]

SQL_TYPES: dict[Dialect, dict[object, str]] = {
    "duckdb": {
        pl.String: "VARCHAR",
        pl.Float64: "DOUBLE",
        pl.Int64: "BIGINT",
        pl.Boolean: "BOOLEAN",
        pl.Date: "DATE",
        INSTANT: "TIMESTAMP",
    },
    "snowflake": {
        pl.String: "VARCHAR",
        pl.Float64: "FLOAT",
        pl.Int64: "NUMBER(38,0)",
        pl.Boolean: "BOOLEAN",
        pl.Date: "DATE",
        INSTANT: "TIMESTAMP_NTZ(6)",
    },
}
HEADER = "Generated from mistwan_dagster/catalog by `make generate`; do not edit."


def sql_type(column: Column, dialect: Dialect) -> str:
    """The column's type in a dialect."""
    return SQL_TYPES[dialect][column.dtype]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _remark(text: str) -> str:
    """A comment without straight apostrophes, which not every tool that speaks Snowflake's dialect quotes again."""
    return _quoted(text.replace("'", "’"))


def create_table(table: Table, dialect: Dialect) -> str:
    """CREATE TABLE IF NOT EXISTS with key, types and comments. Snowflake tables cluster by their span."""
    lines = []
    for column in table.columns:
        line = f"    {column.name} {sql_type(column, dialect)}"
        if not column.nullable:
            line += " NOT NULL"
        if dialect == "snowflake":
            line += f" COMMENT {_remark(column.meaning)}"
        lines.append(line)
    if dialect == "snowflake":
        lines.append(f"    PRIMARY KEY ({', '.join(table.key)})")
        cluster = f"\nCLUSTER BY ({table.span})" if table.span else ""
        return (
            f"CREATE TABLE IF NOT EXISTS {table.name} (\n"
            + ",\n".join(lines)
            + f"\n){cluster}\nCOMMENT = {_remark(table.meaning)};"
        )
    comments = [f"COMMENT ON TABLE {table.name} IS {_quoted(table.meaning)};"] + [
        f"COMMENT ON COLUMN {table.name}.{c.name} IS {_quoted(c.meaning)};" for c in table.columns
    ]
    return f"CREATE TABLE IF NOT EXISTS {table.name} (\n" + ",\n".join(lines) + "\n);\n" + "\n".join(comments)


def create_view(view: View) -> str:
    """CREATE OR REPLACE VIEW of one view; the same text in both dialects."""
    return f"CREATE OR REPLACE VIEW {view.name} AS\n{view.sql};"


def create_views() -> str:
    """CREATE OR REPLACE VIEW statements, in dependency order."""
    return "\n\n".join(f"-- {view.meaning}\n{create_view(view)}" for view in VIEWS.values())


def tables_sql(dialect: Dialect) -> str:
    """All tables of a dialect."""
    return f"-- {HEADER}\n\n" + "\n\n".join(create_table(t, dialect) for t in TABLES.values()) + "\n"


def views_sql() -> str:
    """All views; the text is the same in both dialects."""
    return f"-- {HEADER}\n\n{create_views()}\n"


def _bounds(column: Column) -> str:
    if column.allowed:
        return ", ".join(f"`{v}`" for v in column.allowed)
    low = "" if column.low is None else f">= {column.low:g}"
    high = "" if column.high is None else f"<= {column.high:g}"
    return " and ".join(b for b in (low, high) if b)


def data_dictionary() -> str:
    """Markdown of every table, view, endpoint and default threshold."""
    parts = [f"# Data dictionary\n\n{HEADER}\n", _CONVENTIONS, "\n## Tables\n"]
    for table in TABLES.values():
        parts.append(
            f"\n### {table.name}\n\n{table.meaning}. Grain: {table.grain}. Key: {', '.join(table.key)}.\n\n"
            "| column | type | unit | null | values | meaning |\n| --- | --- | --- | --- | --- | --- |\n"
        )
        parts += [
            f"| {c.name} | {sql_type(c, 'duckdb')} | {c.unit} | {'yes' if c.nullable else 'no'} "
            f"| {_bounds(c)} | {c.meaning} |\n"
            for c in table.columns
        ]
    parts.append("\n## Views\n\n| view | meaning |\n| --- | --- |\n")
    parts += [f"| {v.name} | {v.meaning} |\n" for v in VIEWS.values()]
    parts.append(
        "\n## Default thresholds\n\n| measure | warning | high | critical |\n| --- | --- | --- | --- |\n"
    )
    parts += [f"| {m} | {a:g} | {b:g} | {c:g} |\n" for m, (a, b, c) in DEFAULT_THRESHOLDS.items()]
    parts.append(
        "\n## SLE metrics and classifiers\n\nUnknown ones are kept under the names that Mist tells.\n\n"
    )
    parts.append("| metric | scopes | meaning |\n| --- | --- | --- |\n")
    parts += [f"| {m.name} | {', '.join(m.scopes)} | {m.meaning} |\n" for m in SLE_METRICS.values()]
    parts.append("\n| classifier | metric | meaning |\n| --- | --- | --- |\n")
    parts += [f"| {c.name} | {c.metric} | {c.meaning} |\n" for c in SLE_CLASSIFIERS.values()]
    parts.append("\n## Mist endpoints\n")
    for e in ENDPOINTS.values():
        history = f"{e.history_hours} h of history" if e.history_hours else "tells only the present"
        parts.append(
            f"\n### raw/{e.name}\n\n{e.meaning}. `{e.function}`, `GET {e.path}`, paging: {e.paging}, {history}. "
            f"Key: {', '.join(e.key)}.\n\n| field | type | meaning |\n| --- | --- | --- |\n"
        )
        parts += [f"| {f.name} | {f.dtype} | {f.meaning or 'as Mist tells it'} |\n" for f in e.fields]
    return "".join(parts)


_CONVENTIONS = """
Unknown is null, never 0. Times are UTC. Percentages are 0..100 and are never rounded before they are compared.
A value on a threshold counts as above it. p95 of the samples of an hour: nearest rank, null below 20 samples.
p95 of a window or period: of its hourly values, linear interpolation. Windows are half-open.
"""


def rendered_files() -> dict[str, str]:
    """Path below the project's root -> content."""
    return {
        "sql/duckdb/tables.sql": tables_sql("duckdb"),
        "sql/duckdb/views.sql": views_sql(),
        "sql/snowflake/tables.sql": tables_sql("snowflake"),
        "sql/snowflake/views.sql": views_sql(),
        "docs/data_dictionary.md": data_dictionary(),
    }


def main(root: Path) -> None:
    """Write every rendered file below `root`."""
    for name, text in rendered_files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
