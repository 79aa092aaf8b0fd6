"""What the platform asks of a warehouse, whichever it is.

Belongs here: the `Load` of one table's span, what became of it, the protocols, and what every reader needs. Backends
implement the protocols (`duckdb.py`, `snowflake.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import polars as pl

from mistwan_dagster.catalog.tables import Table
from mistwan_dagster.errors import UserError

ATTEMPTS = 5
"""Versions that are tried before an answer from one is given up."""
V = TypeVar("V")
T = TypeVar("T")


@dataclass(frozen=True)
class Load:
    """The rows that a table shall hold for [start, end) of its span column; the whole table when both are None.

    The frame conforms to the table; an empty frame empties the span.
    """

    table: Table
    frame: pl.DataFrame
    start: datetime | None = None
    end: datetime | None = None
    where: tuple[str, Any] | None = None
    """Further restriction of the span, for example ("period", "day")."""


@dataclass(frozen=True)
class Loaded:
    """What became of the loads of one table: rows it now holds in their spans, and what it took."""

    rows: int = 0
    bytes: int = 0
    """Parquet bytes that were sent; 0 when everything was there already."""
    seconds: float = 0.0
    query_ids: tuple[str, ...] = ()
    """Ids of the statements, where the warehouse gives them."""
    spans_skipped: int = 0
    """Spans that held this very content already."""

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(
            self.rows + other.rows,
            self.bytes + other.bytes,
            self.seconds + other.seconds,
            self.query_ids + other.query_ids,
            self.spans_skipped + other.spans_skipped,
        )


def total(parts: Iterable[dict[str, Loaded]]) -> dict[str, Loaded]:
    """Several loads as one, by table."""
    result: dict[str, Loaded] = {}
    for part in parts:
        for table, loaded in part.items():
            result[table] = result.get(table, Loaded()) + loaded
    return result


class Warehouse(Protocol):
    """The writing side: used only by load assets, one writer at a time."""

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever loaded, so that all that is computed has to be loaded again."""

    def load(self, loads: list[Load]) -> dict[str, Loaded]:
        """Replace every span in one transaction; spans that hold this very content already are left alone."""

    def publish(self) -> int:
        """Make what was loaded visible to readers; returns the published version."""


class Superseded(UserError):
    """The version asked for can no longer be had, because newer ones were published since."""


class Reader(Protocol):
    """The reading side: only published data."""

    def query(
        self, sql: str, parameters: list[Any] | None = None, version: int | None = None
    ) -> pl.DataFrame:
        """Run one read-only statement, as of `version` (default: the newest).

        Names come back in lower case unless quoted, times as naive UTC. Raises UserError for wrong SQL or when nothing
        is published, Superseded when that version is gone.
        """

    def version(self) -> int | None:
        """Published version, None when nothing is published yet. Raises UserError when that cannot be told."""

    def edition(self, version: int) -> str:
        """What tells this version from one of the same number elsewhere, or of a warehouse that began anew."""


def of_one_version(newest: Callable[[], V], work: Callable[[V], T]) -> T:
    """What `work` makes of the version that `newest` tells, begun anew when that one is superseded meanwhile.

    Raises Superseded when that happens `ATTEMPTS` times in a row.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return work(newest())
        except Superseded:
            continue
    return work(newest())


def like_pattern(text: str) -> str:
    """An ILIKE pattern (escape `!`) that finds `text` anywhere, whatever is in it."""
    return "%" + "".join(f"!{c}" if c in "!%_" else c for c in text) + "%"
