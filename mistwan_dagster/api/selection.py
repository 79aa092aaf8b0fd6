"""What a request asks of a table, as SQL with bound parameters. Names come from the published schema only.

Belongs here: filters, sorts, chosen columns, the keyset of pages. Does not belong here: HTTP, versions (`pages`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from mistwan_dagster.warehouse.port import like_pattern

LONGEST = 63
"""Bits of a whole number that both warehouses take."""
COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPERATORS = (*COMPARISONS, "in", "contains", "null", "notnull")
NO_VALUE = ("null", "notnull")


class Refused(ValueError):
    """A parameter that cannot be meant: names the parameter, and says what would be right."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True)
class Selection:
    """Columns, filters and order of a request, as given. Equal selections have the same pages."""

    columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Term:
    """One column of an order; null is last either way."""

    column: str
    descending: bool = False

    @property
    def sql(self) -> str:
        """For ORDER BY."""
        return f"{self.column} {'DESC' if self.descending else 'ASC'} NULLS LAST"


Condition = tuple[str, list[Any]]


def chosen(schema: pl.Schema, columns: Sequence[str]) -> list[str]:
    """The columns to tell, all of them when none is named. Raises Refused for unknown ones."""
    for column in columns:
        _known(schema, column, "columns")
    return list(dict.fromkeys(columns)) or list(schema)


def terms(schema: pl.Schema, sorts: Sequence[str], key: Sequence[str]) -> list[Term]:
    """The order: as asked (`column` or `-column`), then by the key, so that it is total."""
    found: dict[str, Term] = {}
    for text in sorts:
        column = text.removeprefix("-")
        _known(schema, column, "sort")
        found.setdefault(column, Term(column, text.startswith("-")))
    return [*found.values(), *(Term(c) for c in key if c not in found)]


def where(schema: pl.Schema, filters: Sequence[str]) -> Condition:
    """All of the filters, each `column:operator:value`. Comparisons never match a null. Raises Refused."""
    made = [_condition(schema, text) for text in filters]
    return " AND ".join(sql for sql, _ in made), [v for _, values in made for v in values]


def after(order: Sequence[Term], last: Sequence[Any]) -> Condition:
    """Rows that follow the row with the values `last` in this order."""
    term, value = order[0], last[0]
    if value is None:
        beyond, same, used = "FALSE", f"{term.column} IS NULL", []
    else:
        sign = "<" if term.descending else ">"
        beyond, same = f"({term.column} {sign} ? OR {term.column} IS NULL)", f"{term.column} = ?"
        used = [value]
    if len(order) == 1:
        return beyond, used
    rest, others = after(order[1:], last[1:])
    return f"({beyond} OR ({same} AND {rest}))", [*used, *used, *others]


def _known(schema: pl.Schema, column: str, parameter: str) -> pl.DataType:
    if column not in schema:
        raise Refused(parameter, f"there is no column {column[:60]!r}: see /columns of the table")
    return schema[column]


def _condition(schema: pl.Schema, text: str) -> Condition:
    column, first, rest = text.partition(":")
    operator, second, value = rest.partition(":")
    dtype = _known(schema, column, "filter")
    if not first or operator not in OPERATORS:
        raise Refused("filter", f"write column:operator:value, the operator one of {', '.join(OPERATORS)}")
    if operator in NO_VALUE:
        if second:
            raise Refused("filter", f"{operator} takes no value")
        return f"{column} IS {'NOT ' if operator == 'notnull' else ''}NULL", []
    if not second:
        raise Refused("filter", f"{column}:{operator} needs a value")
    if operator == "contains":
        return _contains(column, dtype, value)
    if operator == "in":
        values = [read_value(part, dtype, "filter") for part in value.split(",")]
        return f"{column} IN ({', '.join('?' * len(values))})", values
    if dtype == pl.Boolean and operator not in ("eq", "ne"):
        raise Refused("filter", f"{column} is true or false: eq and ne can be asked of it")
    return f"{column} {COMPARISONS[operator]} ?", [read_value(value, dtype, "filter")]


def _contains(column: str, dtype: pl.DataType, value: str) -> Condition:
    if dtype != pl.String:
        raise Refused("filter", f"{column} is no text: contains cannot be asked of it")
    return f"{column} ILIKE ? ESCAPE '!'", [like_pattern(read_value(value, dtype, "filter"))]


def read_value(text: str, dtype: pl.DataType, parameter: str) -> Any:
    """The value of a text in a column's type; times become naive UTC. Raises Refused for another type."""
    try:
        return _value(text, dtype)
    except (ValueError, OverflowError):
        raise Refused(parameter, f"{text[:60]!r} is not a value of type {dtype}") from None


def _value(text: str, dtype: pl.DataType) -> Any:
    if dtype == pl.Boolean:
        return {"true": True, "false": False}[text] if text in ("true", "false") else _wrong()
    if dtype == pl.Date:
        return date.fromisoformat(text)
    if dtype.is_temporal():
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
    if dtype.is_integer():
        whole = int(text)
        return whole if -(2**LONGEST) <= whole < 2**LONGEST else _wrong()
    if dtype.is_numeric():
        value = float(text)
        return value if math.isfinite(value) else _wrong()
    text.encode()  # a lone surrogate is no text
    return text if "\0" not in text else _wrong()


def _wrong() -> Any:
    raise ValueError
