"""What of a load is there already: spans, their content, and the rows of `load_ledger` that tell.

A ledger row means "this span of this table holds exactly this content". So whatever touches a part of the span
takes the row away, and only a span with a row of the same content is skipped. Belongs here: everything about the
ledger that both backends share, as values and portable SQL. Does not belong here: connections.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl

from mistwan_dagster.catalog.tables import LOAD_LEDGER
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.port import Load

EPOCH = datetime(1970, 1, 1)
FOREVER = datetime(2200, 1, 1)
"""Bounds of whole tables, naive UTC as the warehouse stores them; both fit nanoseconds."""
Span = tuple[str, datetime, datetime, str]
"""Table, start, end, kind of period (empty: all kinds): the ledger's key."""
LEDGER_COLUMNS = ("table_name", "span_start_utc", "span_end_utc", "span_kind", "content_hash")
"""What is read of the ledger, in this order."""


def naive(instant: datetime) -> datetime:
    """UTC without a zone, as both backends store it; a naive instant is UTC already."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


@dataclass(frozen=True, eq=False)
class Prepared:
    """A load in the form that is sent: declared columns, naive UTC, and its content as Parquet."""

    load: Load
    frame: pl.DataFrame

    @cached_property
    def parquet(self) -> bytes:
        """The rows as Parquet; equal rows in equal order give equal bytes."""
        buffer = io.BytesIO()
        self.frame.rechunk().write_parquet(buffer, compression="zstd", statistics=False)
        return buffer.getvalue()

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the content; columns are part of it, so that a new column makes another content."""
        return hashlib.sha256(self.parquet).hexdigest()

    @property
    def span(self) -> Span:
        """The ledger's key of this load."""
        load = self.load
        return (
            load.table.name,
            EPOCH if load.start is None else naive(load.start),
            FOREVER if load.end is None else naive(load.end),
            str(load.where[1]) if load.where else "",
        )

    @property
    def condition(self) -> tuple[str, list[Any]]:
        """SQL condition of the span's rows with its parameters; empty for a whole table."""
        load, parts, values = self.load, [], []
        if load.start is not None and load.end is not None:
            parts.append(f"{load.table.span} >= ? AND {load.table.span} < ?")
            values += [naive(load.start), naive(load.end)]
        if load.where is not None:
            parts.append(f"{load.where[0]} = ?")
            values.append(load.where[1])
        return " AND ".join(parts), values


def prepare(load: Load) -> Prepared:
    """Conform a load. Raises UserError naming table and column when a value is empty that must not be."""
    frame = load.table.conform(load.frame.lazy()).collect()
    zoned = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime) and t.time_zone]
    frame = frame.with_columns(pl.col(zoned).dt.convert_time_zone("UTC").dt.replace_time_zone(None))
    for column in load.table.columns:
        empty = 0 if column.nullable else frame[column.name].null_count()
        if empty:
            raise UserError(
                f"{load.table.name}: {column.name} is empty in {empty} of {frame.height} rows but must not be; "
                "nothing was loaded"
            )
    return Prepared(load, frame)


def read_ledger(prepared: Collection[Prepared]) -> tuple[str, list[Any]]:
    """SELECT of the spans that may touch these and of their content hashes, with its parameters."""
    spans = [p.span for p in prepared]
    tables = sorted({table for table, *_ in spans})
    return (
        f"SELECT {', '.join(LEDGER_COLUMNS)} FROM {LOAD_LEDGER.name} "
        f"WHERE table_name IN ({', '.join('?' * len(tables))}) AND span_start_utc < ? AND span_end_utc > ?",
        [*tables, max(end for _, _, end, _ in spans), min(start for _, start, _, _ in spans)],
    )


def changed(prepared: Iterable[Prepared], ledger_rows: Iterable[tuple[Any, ...]]) -> list[Prepared]:
    """Those whose span does not hold this very content. The ledger itself is never skipped."""
    held = {tuple(row[:4]): row[4] for row in ledger_rows}
    return [p for p in prepared if p.load.table is LOAD_LEDGER or held.get(p.span) != p.content_hash]


def touched(prepared: Iterable[Prepared], ledger_rows: Iterable[tuple[Any, ...]]) -> bool:
    """Whether `forget` would take a row away."""
    spans = [p.span for p in prepared]
    return any(
        table == row[0] and start < row[2] and end > row[1] and (not kind or row[3] in (kind, ""))
        for row in ledger_rows
        for table, start, end, kind in spans
    )


def forget(prepared: Iterable[Prepared]) -> tuple[str, list[Any]]:
    """DELETE of every ledger row whose span one of these touches, with its parameters."""
    parts, values = [], []
    for table, start, end, kind in (p.span for p in prepared):
        part = "table_name = ? AND span_start_utc < ? AND span_end_utc > ?"
        values += [table, end, start]
        if kind:
            part += " AND span_kind IN (?, '')"
            values.append(kind)
        parts.append(f"({part})")
    return f"DELETE FROM {LOAD_LEDGER.name} WHERE {' OR '.join(parts)}", values


def note(prepared: list[Prepared], run_id: str, now: datetime) -> tuple[str, list[Any]]:
    """INSERT of one ledger row each, in one statement, with its parameters."""
    columns = [c.name for c in LOAD_LEDGER.columns]
    row = f"({', '.join('?' * len(columns))})"
    values = [
        value for p in prepared for value in (*p.span, p.frame.height, p.content_hash, run_id, naive(now))
    ]
    return (
        f"INSERT INTO {LOAD_LEDGER.name} ({', '.join(columns)}) VALUES {', '.join([row] * len(prepared))}",
        values,
    )
