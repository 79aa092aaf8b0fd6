"""A small SQLite file that threads and processes share: each change is one immediate transaction.

Belongs here: opening, forks, locks, errors that name the file. Does not belong here: what the ledger holds
(`quota.py`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mistwan_dagster.errors import UserError


class LedgerFile:
    """The file at `path` with the tables of `schema`, opened when first used.

    Threads and processes, also killed ones, see a consistent file. Raises UserError when it cannot be opened
    or written.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self.schema = schema
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing of what is done within."""
        with self._lock:
            try:
                db = self._open()
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except sqlite3.Error as error:
                self.close()
                raise UserError(f"quota ledger {self.path}: {error}") from error

    def close(self) -> None:
        """Give the file back. Using it again opens it anew."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        # A connection must not cross a fork: the child opens its own and never closes the parent's.
        if self._connection is not None and self._pid != os.getpid():
            _INHERITED.append(self._connection)
            self._connection = None
        if self._connection is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(f"quota ledger {self.path}: {error.strerror}") from error
            self._connection = _connect(self.path, self.schema)
            self._pid = os.getpid()
        return self._connection


_INHERITED: list[sqlite3.Connection] = []


def _connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open and create the tables. The change to WAL ignores the busy time-out, hence the bounded loop."""
    for attempt in range(100):
        db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(schema)
            return db
        except sqlite3.OperationalError as error:
            db.close()
            if "locked" not in str(error) or attempt == 99:
                raise
            time.sleep(0.02)
    raise AssertionError("unreachable")
