"""The Snowflake warehouse: the writing side.

A load sends each table's rows as one Parquet file to a stage (PUT), copies it into a transient table of this load,
and then replaces all spans in one transaction. A committed transaction is what readers see; `publish` only counts up
the version by which caches are keyed. Statements depend on the tables of a load, never on rows or circuits. Does not
belong here: connecting (`snowflake_session.py`), creating tables (`snowflake_schema.py`), reading
(`snowflake_reader.py`).
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from snowflake.connector import errors

from mistwan_dagster.catalog.tables import LOAD_LEDGER, Table
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.ledger import Prepared, changed, forget, note, prepare, read_ledger
from mistwan_dagster.warehouse.port import Load, Loaded
from mistwan_dagster.warehouse.render import sql_type
from mistwan_dagster.warehouse.snowflake_schema import STAGE, STATE
from mistwan_dagster.warehouse.snowflake_session import Connect, Session, Target, in_session


@dataclass(frozen=True)
class _TableLoad:
    """All changed spans of one table: they share a file, a staging table, a DELETE and an INSERT."""

    table: Table
    spans: list[Prepared]
    token: str

    @property
    def frame(self) -> pl.DataFrame:
        return pl.concat([p.frame for p in self.spans])

    @property
    def is_empty(self) -> bool:
        return not any(p.frame.height for p in self.spans)

    @property
    def staging(self) -> str:
        """Name of the transient table of this load."""
        return f"load_{self.token}_{self.table.name}"


class SnowflakeWarehouse:
    """The writing side. `connect` opens one connection; each load has a session of its own."""

    def __init__(self, connect: Connect, target: Target, run_id: str = "") -> None:
        self.connect = connect
        self.target = target
        self.run_id = run_id

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
        """Count up the version by which readers keep their answers; what is committed is visible already."""

        def count_up(session: Session) -> int:
            session.execute(f"UPDATE {STATE} SET version = version + 1, published_at_utc = ?", [_now()])
            return int(session.rows(f"SELECT version FROM {STATE}")[0][0])

        return in_session(self.connect, self.target, count_up)

    def _load(self, session: Session, prepared: list[Prepared]) -> dict[str, Loaded]:
        results = {p.load.table.name: Loaded() for p in prepared}
        to_load = changed(prepared, session.rows(*read_ledger(results)))
        for one in prepared:
            skipped = one not in to_load
            results[one.load.table.name] += Loaded(rows=one.frame.height, spans_skipped=int(skipped))
        if not to_load:
            return results
        tables = _by_table(to_load, uuid.uuid4().hex[:12])
        with _staged(session, [t for t in tables if not t.is_empty]) as spent, _transaction(session):
            # The first write of every load is to the same row, so two loads at once go one after the other.
            session.execute(f"UPDATE {STATE} SET writer = ?", [self.run_id])
            for table in tables:
                results[table.table.name] += spent.get(table.table.name, Loaded()) + _replace(session, table)
            session.execute(*forget(to_load))
            session.execute(*note(to_load, self.run_id, datetime.now(UTC)))
        return results


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _require_disjoint(prepared: list[Prepared]) -> None:
    seen: list[tuple[str, datetime, datetime, str]] = []
    for table, start, end, kind in sorted(p.span for p in prepared):
        for other, other_start, other_end, other_kind in seen:
            if other == table and other_start < end and other_end > start and kind in ("", other_kind):
                raise ValueError(f"two loads of {table} overlap at {max(start, other_start)}")
        seen.append((table, start, end, kind))


def _by_table(prepared: list[Prepared], token: str) -> list[_TableLoad]:
    tables: dict[str, _TableLoad] = {}
    for one in prepared:
        table = one.load.table
        tables.setdefault(table.name, _TableLoad(table, [], token)).spans.append(one)
    return list(tables.values())


@contextmanager
def _staged(session: Session, tables: list[_TableLoad]) -> Iterator[dict[str, Loaded]]:
    """Each table's rows in its staging table; gone at the end, whatever happens.

    Files are uploaded by one PUT for all tables. COPY deletes the file that it has read (PURGE); what a failure
    leaves in the stage is removed by name.
    """
    if not tables:
        yield {}
        return
    folder_in_stage = f"@{STAGE}/{tables[0].token}/"
    try:
        with tempfile.TemporaryDirectory(prefix="mistwan-load-") as folder:
            spent = {t.table.name: _write_file(t, Path(folder)) for t in tables}
            source = f"{folder}/*.parquet".replace("'", "\\'")
            session.execute(f"PUT 'file://{source}' {folder_in_stage} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
        for table in tables:
            spent[table.table.name] += _copy(session, table, folder_in_stage)
        yield spent
    except BaseException:
        with suppress(errors.Error):
            session.execute(f"REMOVE {folder_in_stage}")
        raise
    finally:
        for table in tables:
            with suppress(errors.Error):  # lost connection: the name is never used again, `diff` shows it
                session.execute(f"DROP TABLE IF EXISTS {table.staging}")


def _write_file(load: _TableLoad, folder: Path) -> Loaded:
    path = folder / f"{load.table.name}.parquet"
    try:
        if len(load.spans) == 1:
            path.write_bytes(load.spans[0].parquet)
        else:
            load.frame.write_parquet(path, compression="zstd")
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror}): free some space and run again") from None
    return Loaded(bytes=path.stat().st_size)


def _copy(session: Session, load: _TableLoad, folder_in_stage: str) -> Loaded:
    began, first = time.monotonic(), len(session.statements)
    columns = ", ".join(f"{c.name} {sql_type(c, 'snowflake')}" for c in load.table.columns)
    session.execute(f"CREATE TRANSIENT TABLE {load.staging} ({columns}) DATA_RETENTION_TIME_IN_DAYS = 0")
    session.execute(
        f"COPY INTO {load.staging} FROM {folder_in_stage}{load.table.name}.parquet "
        "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE "
        "ON_ERROR = ABORT_STATEMENT PURGE = TRUE"
    )
    return _spent(session, first, began)


def _replace(session: Session, load: _TableLoad) -> Loaded:
    """Delete all spans and insert their rows. Raises UserError when the staging table has not exactly these rows."""
    began, first = time.monotonic(), len(session.statements)
    conditions, values = [], list[Any]()
    for one in load.spans:
        condition, some = one.condition
        conditions.append(f"({condition or 'TRUE'})")
        values += some
    session.execute(f"DELETE FROM {load.table.name} WHERE {' OR '.join(conditions)}", values)
    if not load.is_empty:
        names = ", ".join(c.name for c in load.table.columns)
        cursor = session.execute(
            f"INSERT INTO {load.table.name} ({names}) SELECT {names} FROM {load.staging}"
        )
        expected = load.frame.height
        if cursor.rowcount != expected:
            raise UserError(
                f"Snowflake took {cursor.rowcount} of {expected} rows of {load.table.name}; the load was rolled back: "
                "run it again, and `mistwan warehouse verify` when it stays so"
            )
    return _spent(session, first, began)


def _spent(session: Session, first: int, began: float) -> Loaded:
    ids = tuple(i for i in session.statements[first:] if i)
    return Loaded(seconds=time.monotonic() - began, query_ids=ids)


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
