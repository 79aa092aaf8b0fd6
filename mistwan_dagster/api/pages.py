"""Pages of published rows: each of one version, in an order that is total, from where the page before ended.

Belongs here: the version a request is answered from, cursors, the query of a page. Does not belong here: HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import polars as pl

from mistwan_dagster.api.catalog import order_columns
from mistwan_dagster.api.cursor import Cursor, mark_of, read_cursor, values_of
from mistwan_dagster.api.selection import (
    Condition,
    Refused,
    Selection,
    Term,
    after,
    chosen,
    terms,
    where,
)
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.port import Reader, Superseded, of_one_version

KEPT_ANSWERS = 500
T = TypeVar("T")


class NothingPublished(UserError):
    """There is no version to answer from."""


@dataclass(frozen=True)
class Page:
    """Rows of one published version, and the cursor of the next ones; None when there are no more."""

    version: int
    data_as_of: datetime | None
    rows: pl.DataFrame
    next: str | None


class Pages:
    """Answers from published versions. Schemas, and how new the data is, are asked once a version."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: dict[tuple[str, str], tuple[Any]] = {}
        self._lock = threading.Lock()

    def version(self) -> int:
        """The newest version. Raises NothingPublished without one, UserError when that cannot be told."""
        version = self._reader.version()
        if version is None:
            raise NothingPublished("nothing is published yet")
        return version

    def at(self, version: int | None, work: Callable[[int], T]) -> T:
        """What `work` makes of a version, of the newest one when none is asked for.

        Raises Superseded when the version asked for is gone; the newest is taken anew when it goes meanwhile.
        """
        if version is not None:
            if version > self.version():
                raise Superseded(f"version {version} is not published")
            return work(version)
        return of_one_version(self.version, work)

    def _keep(self, what: str, version: int, ask: Callable[[], T]) -> T:
        key = (self._reader.edition(version), what)
        kept = self._kept.get(key)
        if kept is None:
            kept = (ask(),)
            with self._lock:
                while len(self._kept) >= KEPT_ANSWERS:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = kept
        return kept[0]

    def schema(self, name: str, version: int) -> pl.Schema:
        """Columns and types of a declared table or view, as published."""
        return self._keep(
            name, version, lambda: self._reader.query(f"SELECT * FROM {name} LIMIT 0", None, version).schema
        )

    def data_as_of(self, version: int) -> datetime | None:
        """End of the newest computed hour, naive UTC; None when no hour is computed."""

        def ask() -> datetime | None:
            sql = f"SELECT max(hour_utc) AS newest FROM {FACT_CIRCUIT_HOUR.name}"
            newest = self._reader.query(sql, None, version).item()
            return None if newest is None else newest + timedelta(hours=1)

        return self._keep("", version, ask)

    def page(
        self, name: str, selection: Selection, limit: int, cursor: str | None, version: int | None
    ) -> Page:
        """Rows of a declared table or view that pass the filters, in order, `limit` at most.

        Raises Refused for parameters that cannot be meant, Superseded when the version of the cursor is gone.
        """
        last = read_cursor(cursor) if cursor else None
        if last and version is not None and last.version != version:
            raise Refused("version", f"the cursor is of version {last.version}")
        asked = last.version if last else version
        return self.at(asked, lambda v: self._page(name, selection, limit, last, v))

    def _page(self, name: str, selection: Selection, limit: int, last: Cursor | None, version: int) -> Page:
        schema, mark = self.schema(name, version), self._mark(name, selection, version)
        columns, order = chosen(schema, selection.columns), self._order(name, schema, selection)
        conditions = [where(schema, selection.filters)]
        if last:
            if last.mark != mark:
                raise Refused(
                    "cursor",
                    "the cursor is of another request, or of a warehouse that was built anew: begin again",
                )
            conditions.append(after(order, values_of(last, [schema[t.column] for t in order])))
        rows = self._reader.query(*_statement(name, columns, order, conditions, limit), version)
        page = rows.head(limit)
        more = (
            Cursor(version, mark, page.select(t.column for t in order).row(-1))
            if rows.height > limit
            else None
        )
        return Page(version, self.data_as_of(version), page.select(columns), more.text() if more else None)

    def _order(self, name: str, schema: pl.Schema, selection: Selection) -> list[Term]:
        return terms(schema, selection.sorts, order_columns(name, schema))

    def _mark(self, name: str, selection: Selection, version: int) -> str:
        return mark_of(name, selection, self._reader.edition(version))


def _statement(
    name: str, columns: list[str], order: list[Term], conditions: list[Condition], limit: int
) -> tuple[str, list[Any]]:
    """One row more than the page has tells whether there is a next page."""
    read = dict.fromkeys([*columns, *(t.column for t in order)])
    texts = [text for text, _ in conditions if text]
    condition = f" WHERE {' AND '.join(texts)}" if texts else ""
    sql = (
        f"SELECT {', '.join(read)} FROM {name}{condition} "
        f"ORDER BY {', '.join(t.sql for t in order)} LIMIT {limit + 1}"
    )
    return sql, [value for _, values in conditions for value in values]
