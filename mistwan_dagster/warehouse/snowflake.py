"""The Snowflake warehouse: the writing side.

A load looks once at what is there, sends each table's rows as one Parquet file to a stage (PUT), copies them into a
transient table of this load, and then replaces all spans in one transaction. That transaction begins by counting the
version up from the one that the load saw: what it saw therefore still holds, or the load begins again (ADR 10).
Statements depend on the tables of a load, never on rows or circuits. Does not belong here: connecting
(`snowflake_session.py`), creating tables (`snowflake_schema.py`), reading (`snowflake_reader.py`).
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from snowflake.connector import errors

from mistwan_dagster.catalog.columns import Column
from mistwan_dagster.catalog.tables import LOAD_LEDGER, Table
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.ledger import (
    LEDGER_COLUMNS,
    Prepared,
    changed,
    forget,
    note,
    prepare,
    read_ledger,
    touched,
)
from mistwan_dagster.warehouse.port import Load, Loaded
from mistwan_dagster.warehouse.render import sql_type
from mistwan_dagster.warehouse.snowflake_schema import STAGE, STATE
from mistwan_dagster.warehouse.snowflake_session import Connect, Overtaken, Session, Target, in_session

TABLE_OF_ROW = "loaded_table"
"""Column of the staging table that says which table a row is for."""


@dataclass(frozen=True)
class _TableLoad:
    """All changed spans of one table: they share a file, a DELETE and an INSERT."""

    table: Table
    spans: list[Prepared]

    @cached_property
    def frame(self) -> pl.DataFrame:
        return pl.concat([p.frame for p in self.spans])

    @property
    def condition(self) -> tuple[str, list[Any]]:
        """SQL condition of the rows of all spans, with its parameters."""
        parts = [one.condition for one in self.spans]
        return " OR ".join(f"({text or 'TRUE'})" for text, _ in parts), [v for _, some in parts for v in some]

    @property
    def overwrites(self) -> bool:
        """Whether rows are to take the place of the whole table, which takes one statement."""
        return self.frame.height > 0 and any(not one.condition[0] for one in self.spans)

    def staged_name(self, column: Column) -> str:
        """A column's name in the staging table, where columns of all tables stand side by side by name and type."""
        return f"{column.name}__{str(column.dtype).split('(')[0].lower()}"


@dataclass(frozen=True)
class _Seen:
    """What the warehouse held at one instant."""

    version: int
    ledger: list[tuple[Any, ...]]
    filled: frozenset[str]
    """Tables that have rows in a span of the load; not asked of those that are overwritten."""


class SnowflakeWarehouse:
    """The writing side. `connect` opens one connection; each load has a session of its own."""

    def __init__(self, connect: Connect, target: Target, run_id: str = "") -> None:
        self.connect = connect
        self.target = target
        self.run_id = run_id
        self._version = 0
        """What this writer last saw or committed."""

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever loaded. Raises UserError when the tables are not there yet."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {LOAD_LEDGER.name} LIMIT 1)"
        return in_session(self.connect, self.target, lambda s: s.rows(sql))[0][0] == 0

    def load(self, loads: list[Load]) -> dict[str, Loaded]:
        """Replace every span of `loads` in one transaction; spans that hold this very content are left alone.

        Repeatable: after a lost connection, a kill or a second load at once, loading again leaves one copy of each
        row. Raises UserError, and ValueError when two loads of one table overlap.
        """
        prepared = [prepare(load) for load in loads]
        _require_disjoint(prepared)
        if not prepared:
            return {}
        return in_session(self.connect, self.target, lambda session: self._load(session, prepared))

    def publish(self) -> int:
        """The version by which readers keep their answers. Loads count it up; the first time it says that there is
        something to read, though nothing was loaded."""
        if self._version:
            return self._version

        def announce(session: Session) -> int:
            found = int(session.rows(f"SELECT version FROM {STATE}")[0][0])
            if found:
                return found
            session.execute(
                f"UPDATE {STATE} SET version = 1, published_at_utc = ? WHERE version = 0", [_now()]
            )
            return 1

        return in_session(self.connect, self.target, announce)

    def _load(self, session: Session, prepared: list[Prepared]) -> dict[str, Loaded]:
        results = {p.load.table.name: Loaded() for p in prepared}
        seen = _look(session, prepared)
        to_load = changed(prepared, seen.ledger)
        for one in prepared:
            skipped = one not in to_load
            results[one.load.table.name] += Loaded(rows=one.frame.height, spans_skipped=int(skipped))
        self._version = seen.version
        if not to_load:
            return results
        tables = _by_table(to_load)
        with _staged(session, [t for t in tables if t.frame.height]) as staging, _transaction(session):
            self._lock(session, seen.version)
            for table in tables:
                results[table.table.name] += _replace(
                    session, table, staging, table.table.name in seen.filled
                )
            if touched(to_load, seen.ledger):
                session.execute(*forget(to_load))
            session.execute(*note(to_load, self.run_id, datetime.now(UTC)))
        self._version = seen.version + 1
        return results

    def _lock(self, session: Session, version: int) -> None:
        """The first write of every load is to the same row, so loads at once go one after the other. Raises
        Overtaken when one has committed since this one looked."""
        cursor = session.execute(
            f"UPDATE {STATE} SET version = version + 1, published_at_utc = ?, writer = ? WHERE version = ?",
            [_now(), self.run_id, version],
        )
        if cursor.rowcount != 1:
            raise Overtaken("overtaken by another load")


def _look(session: Session, prepared: list[Prepared]) -> _Seen:
    """Version, ledger and which tables have rows in their spans, in one statement and so of one instant."""
    ledger, values = read_ledger(prepared)
    nothing = ", ".join(["NULL"] * (len(LEDGER_COLUMNS) - 1))
    parts = [
        f"SELECT {', '.join(LEDGER_COLUMNS)}, CAST(NULL AS NUMBER(38,0)) AS version FROM ({ledger}) AS held",
        f"SELECT NULL, {nothing}, version FROM {STATE}",
    ]
    for load in _by_table(prepared):
        if not load.overwrites:
            condition, some = load.condition
            there = f"EXISTS (SELECT 1 FROM {load.table.name} WHERE {condition})"
            parts.append(f"SELECT '{load.table.name}', {nothing}, NULL WHERE {there}")
            values += some
    rows = session.rows(" UNION ALL ".join(parts), values)
    return _Seen(
        version=next(int(row[-1]) for row in rows if row[0] is None),
        ledger=[row[:-1] for row in rows if row[0] and row[1] is not None],
        filled=frozenset(row[0] for row in rows if row[0] and row[1] is None),
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _require_disjoint(prepared: list[Prepared]) -> None:
    """An empty kind is all kinds, whichever of the two has it."""
    seen: list[tuple[str, datetime, datetime, str]] = []
    for table, start, end, kind in sorted(p.span for p in prepared):
        for other, other_start, other_end, other_kind in seen:
            same_kind = kind == other_kind or not kind or not other_kind
            if other == table and other_start < end and other_end > start and same_kind:
                raise ValueError(f"two loads of {table} overlap at {max(start, other_start)}")
        seen.append((table, start, end, kind))


def _by_table(prepared: list[Prepared]) -> list[_TableLoad]:
    tables: dict[str, _TableLoad] = {}
    for one in prepared:
        table = one.load.table
        tables.setdefault(table.name, _TableLoad(table, [])).spans.append(one)
    return list(tables.values())


@contextmanager
def _staged(session: Session, loads: list[_TableLoad]) -> Iterator[str]:
    """The rows of all tables in one transient table of this load, whose name is given; gone at the end.

    One PUT and one COPY for all tables. COPY deletes the files that it has read (PURGE); what a failure leaves in
    the stage is removed by name.
    """
    token = uuid.uuid4().hex[:12]
    staging, folder_in_stage = f"load_{token}", f"@{STAGE}/{token}/"
    if not loads:
        yield staging
        return
    try:
        with tempfile.TemporaryDirectory(prefix="mistwan-load-") as folder:
            for load in loads:
                _write_file(load, Path(folder))
            source = f"{folder}/*.parquet".replace("'", "\\'")
            session.execute(f"PUT 'file://{source}' {folder_in_stage} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
        columns = {
            load.staged_name(c): sql_type(c, "snowflake") for load in loads for c in load.table.columns
        }
        listed = ", ".join(f"{name} {kind}" for name, kind in {TABLE_OF_ROW: "VARCHAR", **columns}.items())
        session.execute(f"CREATE TRANSIENT TABLE {staging} ({listed}) DATA_RETENTION_TIME_IN_DAYS = 0")
        session.execute(
            f"COPY INTO {staging} FROM {folder_in_stage} "
            "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE "
            "ON_ERROR = ABORT_STATEMENT PURGE = TRUE"
        )
        yield staging
    except BaseException:
        with suppress(errors.Error):
            session.execute(f"REMOVE {folder_in_stage}")
        raise
    finally:
        with suppress(errors.Error):  # lost connection: the name is never used again, `diff` shows it
            session.execute(f"DROP TABLE IF EXISTS {staging}")


def _write_file(load: _TableLoad, folder: Path) -> None:
    path = folder / f"{load.table.name}.parquet"
    staged = load.frame.select(
        pl.lit(load.table.name).alias(TABLE_OF_ROW),
        *(pl.col(c.name).alias(load.staged_name(c)) for c in load.table.columns),
    )
    try:
        staged.write_parquet(path, compression="zstd")
    except OSError as error:
        raise UserError(f"cannot write {path} ({error}): free some space and run again") from None


def _replace(session: Session, load: _TableLoad, staging: str, filled: bool) -> Loaded:
    """Delete what the spans hold and insert their rows. Raises UserError when not exactly these rows were staged."""
    began, first = time.monotonic(), len(session.statements)
    if filled and not load.overwrites:
        condition, values = load.condition
        session.execute(f"DELETE FROM {load.table.name} WHERE {condition}", values)
    expected = load.frame.height
    if expected:
        names = ", ".join(c.name for c in load.table.columns)
        staged = ", ".join(load.staged_name(c) for c in load.table.columns)
        insert = "INSERT OVERWRITE INTO" if load.overwrites else "INSERT INTO"
        cursor = session.execute(
            f"{insert} {load.table.name} ({names}) SELECT {staged} FROM {staging} WHERE {TABLE_OF_ROW} = ?",
            [load.table.name],
        )
        if cursor.rowcount != expected:
            raise UserError(
                f"Snowflake took {cursor.rowcount} of {expected} rows of {load.table.name}; the load was rolled back: "
                "run it again, and `mistwan warehouse verify` when it stays so"
            )
    size = sum(len(p.parquet) for p in load.spans) if expected else 0
    ids = tuple(i for i in session.statements[first:] if i)
    return Loaded(bytes=size, seconds=time.monotonic() - began, query_ids=ids)


@contextmanager
def _transaction(session: Session) -> Iterator[None]:
    session.execute("BEGIN")
    try:
        yield
        session.execute("COMMIT")
    except BaseException:
        with suppress(errors.Error):
            session.execute("ROLLBACK")
        raise
