"""What the platform asks of a warehouse, whichever it is.

Belongs here: the `Load` of one table's span and the protocols. Backends implement them (`duckdb.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from mistwan_dagster.catalog.tables import Table


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


class Warehouse(Protocol):
    """The writing side: used only by load assets, one writer at a time."""

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever loaded, so that all that is computed has to be loaded again."""

    def load(self, loads: list[Load]) -> dict[str, int]:
        """Replace every span in one transaction; returns rows by table."""

    def publish(self) -> int:
        """Make what was loaded visible to readers; returns the published version."""


class Reader(Protocol):
    """The reading side: only published data."""

    def query(self, sql: str, parameters: list[Any] | None = None) -> pl.DataFrame:
        """Run one read-only statement. Raises UserError for wrong SQL or when nothing is published."""

    def version(self) -> int | None:
        """Published version, None when nothing is published yet."""
