"""How a warehouse differs from what the catalog declares, and the statements that mend it without losing a row.

Belongs here: the comparison, which both backends share. Does not belong here: connections, stages, versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.warehouse.render import Dialect, create_table, create_view, sql_type

Found = Mapping[str, Mapping[str, str]]
"""Table or view -> column -> type, names in lower case."""


@dataclass(frozen=True)
class Drift:
    """One difference between the catalog and the warehouse. `mend` is the statement for it; None: by hand."""

    text: str
    mend: str | None


def table_drift(
    found: Found, dialect: Dialect, shown_as: Mapping[str, str], undeclared: str | None = None
) -> list[Drift]:
    """Differences of declared tables. `shown_as`: how the warehouse names a type that is declared otherwise.

    `undeclared`: what to do with a column that is not declared, with {table} and {column}; by default nothing.
    """
    result = list[Drift]()
    for table in TABLES.values():
        if table.name not in found:
            result.append(Drift(f"table {table.name} is missing", create_table(table, dialect)))
            continue
        columns = dict(found[table.name])
        for column in table.columns:
            declared = sql_type(column, dialect)
            kind = columns.pop(column.name, None)
            if kind is None:
                add = f"ALTER TABLE {table.name} ADD COLUMN {column.name} {declared}"
                result.append(Drift(f"column {table.name}.{column.name} is missing", add))
            elif kind != shown_as.get(declared, declared):
                result.append(
                    Drift(f"column {table.name}.{column.name} is {kind}, declared {declared}", None)
                )
        for name in columns:
            mend = undeclared.format(table=table.name, column=name) if undeclared else None
            result.append(Drift(f"column {table.name}.{name} is not declared", mend))
    return result


def view_drift(found: Found) -> list[Drift]:
    """Declared views that are missing."""
    return [Drift(f"view {v.name} is missing", create_view(v)) for v in VIEWS.values() if v.name not in found]
