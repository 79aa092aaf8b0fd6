"""Cached questions to the published warehouse.

Belongs here: the cache and its key (published version, text, parameters), and the errors of asking. Does not belong
here: the questions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.warehouse.port import Reader


class Cache(Protocol):
    """The part of flask-caching's interface that is used."""

    def get(self, key: str) -> Any:
        """The kept value, None when there is none."""

    def set(self, key: str, value: Any) -> Any:
        """Keep a value."""


class Published:
    """Answers from the published warehouse, kept until another version is published.

    The version is part of each key, so a stale answer is never given and nothing has to be cleared. Times come
    back as naive UTC, as the warehouse stores them.
    """

    def __init__(self, reader: Reader, cache: Cache) -> None:
        self._reader = reader
        self._cache = cache

    def version(self) -> int | None:
        """Published version, None when nothing is published yet."""
        return self._reader.version()

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """Rows of one SELECT with bound parameters. Raises UserError as `Reader.query` does."""
        text = repr((self.version(), sql, list(parameters)))
        key = hashlib.sha256(text.encode()).hexdigest()
        kept = self._cache.get(key)
        if kept is None:
            kept = self._reader.query(sql, list(parameters))
            self._cache.set(key, kept)
        return kept

    def columns(self, name: str) -> pl.Schema:
        """Column name -> type of a declared table or view, as published. KeyError for an undeclared name."""
        if name not in TABLES and name not in VIEWS:
            raise KeyError(name)
        return self.ask(f"SELECT * FROM {name} LIMIT 0").schema

    @staticmethod
    def is_collected(name: str) -> bool:
        """Whether this program has such a table or view at all; what has none says "not collected"."""
        return name in TABLES or name in VIEWS


def placeholders(values: Sequence[Any]) -> str:
    """`?, ?, ?` for an IN list."""
    return ", ".join("?" * len(values))
