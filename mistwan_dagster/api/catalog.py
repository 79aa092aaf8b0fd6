"""What the API tells of tables and views: names, groups, keys, columns with units and meanings.

All of it comes from the catalog. The catalog declares no columns of views: their types are those published, and a unit
or meaning is told where every table that has a column of that name agrees on it.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from pydantic import BaseModel, Field

from mistwan_dagster.catalog.columns import Column
from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS

NAMES: tuple[str, ...] = (*TABLES, *VIEWS)
GROUPS = {"fact": "facts", "dim": "dimensions", "agg": "aggregates", "rpt": "reports", "v": "views"}
OPERATIONS = "operations"
"""Group of the tables that tell how the platform itself works."""


class ColumnInfo(BaseModel):
    """A column as it is published."""

    name: str
    type: str = Field(description="string, integer, number, boolean, date or date-time (UTC)")
    unit: str | None = Field(description="unit of the values; null without one")
    meaning: str | None = Field(description="what it holds; null where the catalog does not say")
    nullable: bool = Field(description="null means unknown, never zero")
    low: float | None = Field(default=None, description="lowest possible value")
    high: float | None = Field(default=None, description="highest possible value")
    allowed: list[str] = Field(default_factory=list, description="the only possible values; empty: any")


class TableInfo(BaseModel):
    """A table or view."""

    name: str
    kind: str = Field(description="table or view")
    group: str = Field(description="the scope `read:<group>` opens it")
    meaning: str
    grain: str | None = Field(description="what one row is of; null for views")
    key: list[str] = Field(description="columns that tell its rows apart; the order of rows ends with them")


def group_of(name: str) -> str:
    """Group of a table or view by its prefix, for example `facts`."""
    return GROUPS.get(name.partition("_")[0], OPERATIONS)


def table_info(name: str) -> TableInfo:
    """Description of a declared table or view. KeyError for another name."""
    declared: Any = TABLES.get(name) or VIEWS[name]
    return TableInfo(
        name=name,
        kind="table" if name in TABLES else "view",
        group=group_of(name),
        meaning=declared.meaning,
        grain=declared.grain if name in TABLES else None,
        key=list(declared.key),
    )


def order_columns(name: str, schema: pl.Schema) -> list[str]:
    """Columns in whose order rows are told: time first where the key has it, then the rest of the key."""
    if name in TABLES:
        key, span = list(TABLES[name].key), TABLES[name].span
        return sorted(key, key=lambda c: c != span)
    return list(VIEWS[name].key or schema)


def type_word(dtype: pl.DataType | type[pl.DataType]) -> str:
    """A type as JSON schema and people name it."""
    if dtype == pl.Boolean:
        return "boolean"
    if dtype == pl.Date:
        return "date"
    if dtype.is_temporal():
        return "date-time"
    if dtype.is_integer():
        return "integer"
    return "number" if dtype.is_numeric() else "string"


def _agreed(name: str) -> tuple[str | None, str | None]:
    """Unit and meaning of a column, each where all tables that have a column of that name agree."""
    found = [c for table in TABLES.values() for c in table.columns if c.name == name]
    units, meanings = {c.unit for c in found}, {c.meaning for c in found}
    return (units.pop() or None) if len(units) == 1 else None, meanings.pop() if len(meanings) == 1 else None


def column_infos(name: str, schema: pl.Schema) -> list[ColumnInfo]:
    """Columns of a table or view in the order of `schema`, its published one."""
    declared = {c.name: c for c in TABLES[name].columns} if name in TABLES else {}
    return [_column_info(column, dtype, declared.get(column)) for column, dtype in schema.items()]


def _column_info(name: str, dtype: pl.DataType, declared: Column | None) -> ColumnInfo:
    if declared is None:
        unit, meaning = _agreed(name)
        return ColumnInfo(name=name, type=type_word(dtype), unit=unit, meaning=meaning, nullable=True)
    return ColumnInfo(
        name=name,
        type=type_word(dtype),
        unit=declared.unit or None,
        meaning=declared.meaning,
        nullable=declared.nullable,
        low=declared.low,
        high=declared.high,
        allowed=list(declared.allowed),
    )


def row_schemas() -> dict[str, dict[str, Any]]:
    """JSON schema of a row of each table, for the OpenAPI description. Every column may be left out by `columns`."""
    return {
        table.name: {
            "type": "object",
            "title": table.name,
            "description": f"{table.meaning}. One row a {table.grain}.",
            "properties": {c.name: _property(c) for c in table.columns},
        }
        for table in TABLES.values()
    }


def _property(column: Column) -> dict[str, Any]:
    word = type_word(column.dtype)
    kind = {"type": "string", "format": word} if word.startswith("date") else {"type": word}
    told: dict[str, Any] = {**kind, "description": column.meaning}
    if column.nullable:
        told["type"] = [kind["type"], "null"]
    if column.unit:
        told["x-unit"] = column.unit
    if column.allowed:
        told["enum"] = [*column.allowed, *([None] if column.nullable else [])]
    return told
