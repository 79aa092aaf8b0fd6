"""The Snowflake warehouse: the reading side.

Answers have the shape of DuckDB's: lower-case names, 64-bit numbers, naive UTC in microseconds. Does not belong here:
keeping answers (the dashboard does, keyed by the version).
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

import polars as pl
from snowflake.connector import SnowflakeConnection, errors

from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.ledger import naive
from mistwan_dagster.warehouse.port import Superseded
from mistwan_dagster.warehouse.snowflake_schema import STATE
from mistwan_dagster.warehouse.snowflake_session import Connect, Session, Target, explained, is_retryable

T = TypeVar("T")
VERSION_KEPT_S = 10.0
"""How long a version is believed: a page of six queries asks Snowflake once which version it shows."""
READ_ONLY = re.compile(r"^(\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|show|describe|explain)\b", re.I | re.S)
NOT_THERE = 2003


class SnowflakeReader:
    """Reads what is committed. Keeps one connection for each process and opens another when it is lost."""

    def __init__(self, connect: Connect, target: Target) -> None:
        self._connect = connect
        self._target = target
        self._lock = threading.Lock()
        self._held: tuple[int, ExitStack, SnowflakeConnection] | None = None
        self._inherited: tuple[int, ExitStack, SnowflakeConnection] | None = None
        self._version: tuple[float, int | None] | None = None

    def version(self) -> int | None:
        """Published version, None when nothing is published yet; up to 10 seconds old."""
        now = time.monotonic()
        if self._version is None or self._version[1] is None or now - self._version[0] >= VERSION_KEPT_S:
            self._version = (now, self._ask_version())
        return self._version[1]

    def _ask_version(self) -> int | None:
        try:
            # Without Polars: its threads, once started, do not survive the fork of the dashboard's worker.
            found = self._ask(lambda session: session.rows(f"SELECT version FROM {STATE}"))
        except errors.ProgrammingError as error:
            if error.errno == NOT_THERE:
                return None
            raise explained(error, self._target) from None
        except errors.Error as error:
            raise explained(error, self._target) from None
        return int(found[0][0]) or None if found else None

    def edition(self, version: int) -> str:
        """Database, schema and number."""
        return f"{self._target.account}.{self._target.database}.{self._target.schema}:{version}"

    def query(
        self, sql: str, parameters: list[Any] | None = None, version: int | None = None
    ) -> pl.DataFrame:
        """See `Reader.query`. With a version, the published one is asked for again after the answer."""
        if self.version() is None:
            raise UserError(
                f"nothing is published in {self._target.database}.{self._target.schema} yet: run "
                "`mistwan warehouse init`, `mistwan collect` or `mistwan backfill`, then `mistwan aggregate`"
            )
        if not READ_ONLY.match(sql):
            first = (sql.split() or ["(empty)"])[0][:30]
            raise UserError(f"query: {first} is not read-only, or a syntax error: `query` takes a SELECT")
        try:
            found = self._fetch(sql, [naive(v) if hasattr(v, "tzinfo") else v for v in parameters or []])
        except errors.ProgrammingError as error:
            raise UserError(f"query: {' '.join(str(error.msg).split())}") from None
        except errors.Error as error:
            raise explained(error, self._target) from None
        if version is not None:
            self._version = (time.monotonic(), self._ask_version())
            if self._version[1] != version:
                raise Superseded(f"version {version} was replaced by {self._version[1]}")
        return found

    def _fetch(self, sql: str, values: list[Any]) -> pl.DataFrame:
        return self._ask(lambda session: frame_of(session, sql, values))

    def _ask(self, work: Callable[[Session], T]) -> T:
        """Once more on another connection when this one is lost or has expired."""
        try:
            return work(self._session())
        except (errors.Error, OSError) as error:
            self.close()
            expired = isinstance(error, errors.ProgrammingError) and str(error.errno).startswith("3901")
            if not (expired or (isinstance(error, errors.Error) and is_retryable(error))):
                raise
            return work(self._session())

    def _session(self) -> Session:
        """A forked process must not share its parent's sockets, so connections are held by process.

        The parent's is kept unused: collecting it would close it, with threads that a fork does not copy.
        """
        with self._lock:
            if self._held is None or self._held[0] != os.getpid():
                self._inherited = self._held
                stack = ExitStack()
                self._held = (os.getpid(), stack, stack.enter_context(self._connect()))
            return Session(self._held[2])

    def close(self) -> None:
        """Give the connection back; the next question opens another."""
        with self._lock:
            held, self._held = self._held, None
        if held and held[0] == os.getpid():
            with suppress(errors.Error):
                held[1].close()


def frame_of(session: Session, sql: str, values: list[Any]) -> pl.DataFrame:
    """Rows of one statement in the shape that DuckDB gives. Raises the connector's errors."""
    cursor = session.execute(sql, values)
    decimals = {d.name for d in cursor.description if d.scale and d.type_code == 0}
    table = cursor.fetch_arrow_all(force_return_table=True)
    if table is None:
        raise UserError("the statement gives no rows: `query` takes a SELECT")
    frame = pl.DataFrame(pl.from_arrow(table))
    return frame.select(_like_duckdb(name, dtype, name in decimals) for name, dtype in frame.schema.items())


def _like_duckdb(name: str, dtype: pl.DataType, is_decimal: bool) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        column = column.dt.replace_time_zone(None).dt.cast_time_unit("us")
    elif is_decimal or (isinstance(dtype, pl.Decimal) and dtype.scale) or dtype == pl.Float32:
        column = column.cast(pl.Float64)
    elif dtype.is_integer() or isinstance(dtype, pl.Decimal):
        column = column.cast(pl.Int64)
    return column.alias(name.lower() if name == name.upper() else name)
