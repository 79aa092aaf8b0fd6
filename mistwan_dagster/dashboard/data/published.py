"""Cached questions to the published warehouse.

Belongs here: the cache and its key (published version, text, parameters), and the errors of asking. Does not belong
here: the questions.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import polars as pl

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.warehouse.port import Reader, of_one_version


class Cache(Protocol):
    """The part of flask-caching's interface that is used."""

    def get(self, key: str) -> Any:
        """The kept value, None when there is none."""

    def set(self, key: str, value: Any) -> Any:
        """Keep a value."""


T = TypeVar("T")
LOCKS = 64


class Published:
    """Answers from the published warehouse, kept until another version is published.

    The version is part of each key, so a stale answer is never given and nothing has to be cleared. What is asked
    twice at once is asked of the warehouse once. Times come back as naive UTC, as the warehouse stores them.
    """

    def __init__(self, reader: Reader, cache: Cache, pinned: int | None = None) -> None:
        self._reader = reader
        self._cache = cache
        self._pinned = pinned
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._whole: dict[str, tuple[str, pl.DataFrame]] = {}

    def version(self) -> int | None:
        """Published version, None when nothing is published yet. Raises UserError when it cannot be told."""
        return self._pinned or self._reader.version()

    def edition(self) -> str | None:
        """What tells the version from all others, also of another or a rebuilt warehouse; None without one."""
        version = self.version()
        return None if version is None else self._reader.edition(version)

    def at(self, version: int | None) -> Published:
        """The same, answering from this version only; None is the newest, whichever it is at each question."""
        pinned = Published(self._reader, self._cache, version)
        pinned._locks, pinned._whole = self._locks, self._whole
        return pinned

    def consistently(self, work: Callable[[Published], T], version: int | None = None) -> T:
        """What `work` makes of one version (default: the newest), begun anew when that one is superseded meanwhile.

        Raises UserError as `ask` does.
        """
        first = iter([version] if version else [])
        return of_one_version(lambda: self.at(next(first, None) or self.version()), work)

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """Rows of one SELECT with bound parameters. Raises UserError as `Reader.query` does."""
        version = self.version()
        if version is None:
            return self._reader.query(sql, list(parameters))
        text = repr((self._reader.edition(version), sql, list(parameters)))
        key = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
        kept = self._cache.get(key)
        if kept is not None:
            return kept
        with self._locks[int(key[:8], 16) % LOCKS]:
            kept = self._cache.get(key)
            if kept is None:
                kept = self._reader.query(sql, list(parameters), version)
                self._cache.set(key, kept)
        return kept

    def whole(self, sql: str) -> pl.DataFrame:
        """As `ask`, for what has one row for each circuit or site: held in this process until the next version.

        For pages of one of them: a view over the organization takes as long for one row as for a third of all.
        """
        edition, held = self.edition(), self._whole.get(sql)
        if held is not None and held[0] == edition:
            return held[1]
        rows = self.ask(sql)
        if edition is not None and edition == self.edition():
            self._whole[sql] = (edition, rows)
        return rows

    def columns(self, name: str) -> pl.Schema:
        """Column name -> type of a declared table or view, as published. KeyError for an undeclared name."""
        if name not in TABLES and name not in VIEWS:
            raise KeyError(name)
        return self.ask(f"SELECT * FROM {source(name)} LIMIT 0").schema


def source(name: str) -> str:
    """What a grid or export of a declared table or view selects from: reports by site get the site's name."""
    columns = {column.name for column in TABLES[name].columns} if name in TABLES else set()
    if not name.startswith("rpt_") or "site_id" not in columns or "site_name" in columns:
        return name
    return f"""(SELECT r.*, s.site_name FROM {name} r
LEFT JOIN dim_site s ON s.site_id = r.site_id AND s.is_current) AS named"""


def placeholders(values: Sequence[Any]) -> str:
    """`?, ?, ?` for an IN list."""
    return ", ".join("?" * len(values))
