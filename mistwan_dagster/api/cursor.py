"""Cursors: where a page ended, as text for the next request. Not secret, and believed only as far as it fits.

A cursor names the version it is of, a mark of the request it belongs to, and the last row's values of the order.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from mistwan_dagster.api.selection import Refused, read_value

MARK_LENGTH = 16
LONGEST_VERSION = 2**53


@dataclass(frozen=True)
class Cursor:
    """The end of a page."""

    version: int
    mark: str
    last: tuple[Any, ...]

    def text(self) -> str:
        """For the next request."""
        values = [v.isoformat() if isinstance(v, date | datetime) else v for v in self.last]
        told = json.dumps([self.version, self.mark, values], separators=(",", ":"))
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def mark_of(*parts: object) -> str:
    """What tells one request from another."""
    return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()[:MARK_LENGTH]


def read_cursor(text: str) -> Cursor:
    """The cursor of a text, its values as JSON has them. Raises Refused for any other text."""
    try:
        told = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        version, mark, last = told
        if type(version) is int and 0 < version < LONGEST_VERSION and isinstance(last, list):
            return Cursor(version, str(mark), tuple(last))
    except (ValueError, TypeError, RecursionError):
        pass
    raise Refused("cursor", "this is no cursor of this API: begin again without one")


def values_of(cursor: Cursor, types: Sequence[pl.DataType]) -> list[Any]:
    """Its values in the types of the order's columns. Raises Refused where one does not fit."""
    if len(cursor.last) != len(types):
        raise Refused("cursor", "the cursor does not fit the table: begin again without one")
    return [_value(value, dtype) for value, dtype in zip(cursor.last, types, strict=True)]


def _value(value: Any, dtype: pl.DataType) -> Any:
    if value is None:
        return None
    if dtype == pl.Boolean and isinstance(value, bool):
        return value
    if dtype.is_numeric() and type(value) in (int, float):
        return read_value(repr(value), dtype, "cursor")
    if isinstance(value, str) and (dtype == pl.String or dtype.is_temporal()):
        return read_value(value, dtype, "cursor")
    raise Refused("cursor", "the cursor does not fit the table: begin again without one")
