"""The embedded warehouse: one writing DuckDB file, and published copies for readers.

DuckDB allows one writing process or many readers, never both. So loads write `warehouse.duckdb`, `publish`
copies it to `serve-<n>.duckdb` and swaps the pointer `CURRENT`, and readers open only published copies,
each by its own name. Does not belong here: SQL text of tables (`render.py`), what to load when.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from filelock import FileLock, Timeout
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_random_exponential

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.ledger import Prepared, changed, forget, note, prepare, read_ledger
from mistwan_dagster.warehouse.port import Load, Loaded, Superseded
from mistwan_dagster.warehouse.render import create_table, create_views

SCHEMA_VERSION = 6
KEPT_COPIES = 3
LOCK_PATIENCE_S = 120
DEFINED = (
    "SELECT table_name, comment FROM duckdb_tables() "
    "UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
)
SERVED_COPIES = 2
SERVER_MEMORY = "256MB"
"""Of each copy that a server keeps open; a page reads far less."""
READERS_MAY: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}
"""Given when connecting, since connections of one process to one file share their configuration: a second thread
could not set what the first has locked."""


@retry(
    retry=retry_if_exception_message(match="(?s).*Could not set lock.*"),
    wait=wait_random_exponential(multiplier=0.1, max=2),
    stop=stop_after_delay(LOCK_PATIENCE_S),
    reraise=True,
)
def _connect(path: Path, read_only: bool, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    config = dict(READERS_MAY) if read_only else {}
    if memory_limit:
        config["memory_limit"] = memory_limit
    return duckdb.connect(str(path), read_only=read_only, config=config)


def open_file(path: Path, *, read_only: bool, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file. Raises UserError naming the file when it is none, locked for long, or of another version."""
    try:
        connection = _connect(path, read_only, memory_limit)
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise UserError(f"{path} is being written by another process: wait for it or stop it") from None
        if _is_disk_full(error):
            raise _disk_full(path) from None
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path} cannot be opened as a warehouse ({reason}): move it away and run `mistwan aggregate all`, "
            "which rebuilds it from the lake"
        ) from None
    return connection


def _is_disk_full(error: Exception) -> bool:
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)


def _disk_full(path: Path) -> UserError:
    return UserError(
        f"disk full while writing {path}: free some space and run the command again; nothing is lost"
    )


class DuckDBWarehouse:
    """The writing side. One instance per load; the file is open only while it works."""

    def __init__(self, folder: Path, run_id: str = "") -> None:
        self.folder = folder
        self.run_id = run_id
        self.path = folder / "warehouse.duckdb"

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever loaded, or the file was moved away."""
        return not self.path.exists()

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file of this program's version, with all its tables."""
        with self.alone() as connection:
            _check_version(connection, self.path)
            yield connection

    @contextmanager
    def alone(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One writer at a time, also while the file is copied: DuckDB's own lock would be lost by the copy.

        Of whatever version the file is. Raises UserError when it is held for long, none of ours, or cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "writer.lock", timeout=LOCK_PATIENCE_S)
            with lock:
                if self.is_new:
                    _create(self.path)
                connection = open_file(self.path, read_only=False)
                try:
                    yield connection
                finally:
                    connection.close()
        except Timeout:
            raise UserError(
                f"{self.path} is being written by another process: wait for it or stop it"
            ) from None
        except (duckdb.Error, OSError) as error:
            if _is_disk_full(error):
                raise _disk_full(self.path) from error
            if isinstance(error, duckdb.IOException | OSError):
                raise UserError(f"cannot write {self.path}: {str(error).splitlines()[0]}") from error
            raise

    def load(self, loads: list[Load]) -> dict[str, Loaded]:
        """Replace every span of `loads` in one transaction; readers see nothing before `publish`.

        Repeating a load gives the same rows; a span that holds them already is left alone.
        """
        prepared = [prepare(load) for load in loads]
        results = {p.load.table.name: Loaded() for p in prepared}
        with self._writing() as connection:
            connection.execute("BEGIN")
            try:
                held = connection.execute(*read_ledger(prepared)).fetchall() if prepared else []
                to_load = changed(prepared, held)
                for one in prepared:
                    done = _replace_span(connection, one, self.run_id) if one in to_load else _skipped(one)
                    results[one.load.table.name] += done
                connection.execute("COMMIT")
            except BaseException:
                with suppress(duckdb.Error):  # a COMMIT that failed has rolled back already
                    connection.execute("ROLLBACK")
                raise
        return results

    def publish(self) -> int:
        """Copy the warehouse to the next `serve-<n>.duckdb` and swap `CURRENT`; older copies beyond 3 go."""
        with self._writing() as connection:
            connection.execute("CHECKPOINT")
            number = (published_version(self.folder) or 0) + 1
            target = self.folder / f"serve-{number}.duckdb"
            _copy_in_place(self.path, target)
            pointer = self.folder / "CURRENT.part"
            pointer.write_text(f"{target.name}\n", encoding="utf-8")
            _sync(pointer)
            pointer.replace(self.folder / "CURRENT")
            for old in self.folder.glob("serve-*.duckdb"):
                if _number(old) <= number - KEPT_COPIES:
                    old.unlink(missing_ok=True)
        return number


def _create(path: Path) -> None:
    """Make the file aside: one that was cut short by a kill or a full disk could not be opened again."""
    temporary = path.with_suffix(".new")
    for leftover in (temporary, temporary.with_name(f"{temporary.name}.wal")):
        leftover.unlink(missing_ok=True)
    with closing(open_file(temporary, read_only=False)) as connection:
        _check_version(connection, path)
        connection.execute("CHECKPOINT")
    _sync(temporary)
    temporary.replace(path)


def _copy_in_place(source: Path, target: Path) -> None:
    temporary = target.with_suffix(".part")
    shutil.copyfile(source, temporary)
    _sync(temporary)
    temporary.replace(target)


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _number(path: Path) -> int:
    match = re.fullmatch(r"serve-(\d+)\.duckdb", path.name)
    return int(match[1]) if match else 0


def published_version(folder: Path) -> int | None:
    """Number of the published copy, None when nothing is published."""
    try:
        return _number(folder / (folder / "CURRENT").read_text(encoding="utf-8").strip()) or None
    except FileNotFoundError:
        return None


def _check_version(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Create what is missing in a new file; refuse a file of another schema version.

    A file with these definitions is left alone: renewing the views at each opening takes as long as a load.
    """
    held = dict(connection.execute(DEFINED).fetchall())
    if "mistwan_schema" in held:
        found = connection.execute("SELECT max(version) FROM mistwan_schema").fetchall()[0][0]
        if found != SCHEMA_VERSION:
            mend = "run `mistwan warehouse migrate`" if found < SCHEMA_VERSION else "use the matching program"
            raise UserError(
                f"{path} is a warehouse of version {found}, this program writes version {SCHEMA_VERSION}: "
                f"{mend}, or move the file away and run `mistwan aggregate all`"
            )
    elif held:
        raise UserError(
            f"{path} is a DuckDB file of something else: move it away or set another MISTWAN_HOME"
        )
    if held.get("mistwan_schema") == _definitions() and held.keys() >= {*TABLES, *VIEWS}:
        return
    connection.execute("BEGIN")
    if "mistwan_schema" not in held:
        connection.execute("CREATE TABLE mistwan_schema (version INTEGER)")
        connection.execute("INSERT INTO mistwan_schema VALUES (?)", [SCHEMA_VERSION])
    for table in TABLES.values():
        if table.name not in held:
            connection.execute(create_table(table, "duckdb"))
    connection.execute(create_views())
    connection.execute(f"COMMENT ON TABLE mistwan_schema IS '{_definitions()}'")
    connection.execute("COMMIT")


@cache
def _definitions() -> str:
    """Digest of what tables and views are to be."""
    text = "".join(create_table(table, "duckdb") for table in TABLES.values()) + create_views()
    return hashlib.sha256(text.encode()).hexdigest()


def _skipped(prepared: Prepared) -> Loaded:
    return Loaded(rows=prepared.frame.height, spans_skipped=1)


def _replace_span(connection: duckdb.DuckDBPyConnection, prepared: Prepared, run_id: str) -> Loaded:
    began, table = time.monotonic(), prepared.load.table
    condition, values = prepared.condition
    connection.execute(f"DELETE FROM {table.name}{' WHERE ' * bool(condition)}{condition}", values)
    connection.register("incoming", prepared.frame.to_arrow())
    connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM incoming")
    connection.unregister("incoming")
    connection.execute(*forget([prepared]))
    connection.execute(*note([prepared], run_id, datetime.now(UTC)))
    return Loaded(prepared.frame.height, len(prepared.parquet), time.monotonic() - began)


class PublishedDuckDB:
    """The reading side: opens the copy that `CURRENT` names, read-only, without access to other files.

    A server keeps the newest copies open (`keep_open`): opening one of 13 months costs more than most questions.
    """

    def __init__(self, folder: Path, keep_open: bool = False) -> None:
        self.folder = folder
        self._kept = KeptCopies() if keep_open else None

    def version(self) -> int | None:
        """Published version, None when nothing is published yet."""
        try:
            return published_version(self.folder)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise UserError(f"cannot read {self.folder / 'CURRENT'}: {reason}") from None

    def _copy(self, version: int) -> Path:
        return self.folder / f"serve-{version}.duckdb"

    def edition(self, version: int) -> str:
        """Folder, number and the instant of the copy."""
        try:
            written = self._copy(version).stat().st_mtime_ns
        except OSError:
            written = 0
        return f"{self.folder}:{version}:{written}"

    def query(
        self, sql: str, parameters: list[Any] | None = None, version: int | None = None
    ) -> pl.DataFrame:
        """See `Reader.query`."""
        number = version or self.version()
        if number is None:
            raise UserError(
                f"nothing is published in {self.folder} yet: run `mistwan collect` or `mistwan backfill`, "
                "then `mistwan aggregate`"
            )
        connection = self._open(number)
        try:
            relation = connection.sql(sql, params=parameters or None)
            if relation is None:
                raise UserError("the statement gives no rows: `query` takes a SELECT")
            return relation.pl()
        except duckdb.Error as error:
            raise UserError(f"query: {' '.join(str(error).split())}") from None
        finally:
            connection.close()

    def _open(self, version: int) -> duckdb.DuckDBPyConnection:
        path = self._copy(version)
        if self._kept is not None and path.exists():
            return self._kept.cursor(path)
        if not path.exists():
            if version != self.version():
                raise Superseded(f"version {version} is no longer kept in {self.folder}")
            raise UserError(
                f"the published copy {path} is gone: run `mistwan aggregate`, which publishes again"
            )
        return open_file(path, read_only=True)


class KeptCopies:
    """The last few published copies, open; each question gets a cursor of its own. A forked process opens anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[int, Path, int], duckdb.DuckDBPyConnection] = {}

    def cursor(self, path: Path) -> duckdb.DuckDBPyConnection:
        """A connection to the copy, to be closed by the caller. Raises UserError as `open_file` does."""
        key = (os.getpid(), path, path.stat().st_mtime_ns)
        with self._lock:
            if key not in self._open:
                self._open[key] = open_file(path, read_only=True, memory_limit=SERVER_MEMORY)
                for old in list(self._open)[:-SERVED_COPIES]:
                    kept = self._open.pop(old)
                    if old[0] == os.getpid():
                        kept.close()  # what still runs on it has a connection of its own
            return self._open[key].cursor()
