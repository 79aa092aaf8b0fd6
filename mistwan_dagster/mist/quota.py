"""How many calls a token may still make in this clock hour, agreed among all processes of this machine.

Belongs here: the port `Quota` and its SQLite ledger. Does not belong here: calls, and waiting: who finds the
budget spent decides what to do until then. The cloud counts per token and clock hour (UTC).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.errors import QuotaExhausted, RateLimited

DEFAULT_BUDGET = 4500
DEFAULT_LIVE_RESERVE = 1000
HOURS_KEPT = 48
LONGEST_BLOCK = timedelta(hours=1)
"""The cloud's count starts anew each clock hour, so a longer Retry-After is not believed."""


class Purpose(StrEnum):
    """What a call is for. Live collection cannot be repeated later, so backfill leaves it a reserve."""

    LIVE = "live"
    BACKFILL = "backfill"


class Quota(Protocol):
    """Port: one ledger per token, shared by every process that uses it.

    `now` is the cloud's clock: its hours are the hours counted, and pages are stamped with it.
    """

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock; gives an aware instant."""

    def spend(self, purpose: Purpose, endpoint: str) -> None:
        """Take one call of this hour, before it is made. Raises QuotaExhausted or RateLimited (`until`)."""

    def block_until(self, instant: datetime) -> None:
        """Refuse every call before `instant` (a 429's Retry-After), in all processes."""

    def observe(self, requests_used: int) -> None:
        """Learn what the cloud counted this hour: other programs may use the same token."""

    def used(self, hour: datetime | None = None) -> int:
        """Calls counted in an hour (default: this one)."""

    def left(self, purpose: Purpose) -> int:
        """Calls that `purpose` may still make in this hour."""


def fingerprint(token: str) -> str:
    """A name for a token that does not tell it: 16 hex digits of a SHA-256 under a fixed prefix."""
    return hashlib.sha256(b"mistwan quota ledger:" + token.encode()).hexdigest()[:16]


SCHEMA = """
CREATE TABLE IF NOT EXISTS spent (
    token TEXT, hour INTEGER, endpoint TEXT, purpose TEXT, calls INTEGER NOT NULL,
    PRIMARY KEY (token, hour, endpoint, purpose)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS foreign_use (
    token TEXT, hour INTEGER, calls INTEGER NOT NULL, PRIMARY KEY (token, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocked (token TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
"""


class SqliteQuota:
    """`Quota` in one SQLite file (WAL). Each change is one immediate transaction, so that threads, processes
    and kills at any instant neither lose a counted call nor let the sum pass the budget.

    `budget` calls an hour in all; backfill stops at `budget - live_reserve`. `now` gives an aware instant and
    must follow the cloud's clock, since its hours are the hours counted here.
    Raises UserError when the file cannot be opened or written.
    """

    def __init__(
        self,
        path: Path,
        token_fingerprint: str,
        budget: int = DEFAULT_BUDGET,
        live_reserve: int = DEFAULT_LIVE_RESERVE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = path
        self.token = token_fingerprint
        self.budget = budget
        self.live_reserve = live_reserve
        self.now = now
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0

    def limit(self, purpose: Purpose) -> int:
        """Calls an hour after which `purpose` stops."""
        return self.budget if purpose is Purpose.LIVE else max(0, self.budget - self.live_reserve)

    def spend(self, purpose: Purpose, endpoint: str) -> None:
        """See `Quota.spend`. The call is counted even when it then fails: the cloud may have counted it."""
        now = self.now()
        hour = _hour(now)
        with self._transaction() as db:
            self._refuse_while_blocked(db, now, endpoint)
            used = self._used(db, hour)
            if used >= self.limit(purpose):
                until = _instant(hour + 1)
                raise QuotaExhausted(
                    f"call budget spent: {used} of {self.limit(purpose)} {purpose} calls of this hour "
                    f"({endpoint}); calls are free again at {until:%H:%M} UTC",
                    until,
                    endpoint=endpoint,
                )
            db.execute(
                "INSERT INTO spent VALUES (?, ?, ?, ?, 1) "
                "ON CONFLICT (token, hour, endpoint, purpose) DO UPDATE SET calls = calls + 1",
                (self.token, hour, endpoint, str(purpose)),
            )
            if used == 0:
                for table in ("spent", "foreign_use"):
                    db.execute(f"DELETE FROM {table} WHERE hour < ?", (hour - HOURS_KEPT,))

    def block_until(self, instant: datetime) -> None:
        """See `Quota.block_until`. Never shortens a block; at most an hour from now."""
        until = min(instant, self.now() + LONGEST_BLOCK).timestamp()
        with self._transaction() as db:
            db.execute(
                "INSERT INTO blocked VALUES (?, ?) ON CONFLICT (token) DO UPDATE SET until = max(until, ?)",
                (self.token, until, until),
            )

    def observe(self, requests_used: int) -> None:
        """See `Quota.observe`. Only ever raises the count: calls counted here may still be under way."""
        hour = _hour(self.now())
        with self._transaction() as db:
            own = self._used(db, hour) - self._foreign(db, hour)
            db.execute(
                "INSERT INTO foreign_use VALUES (?, ?, ?) "
                "ON CONFLICT (token, hour) DO UPDATE SET calls = max(calls, excluded.calls)",
                (self.token, hour, max(0, requests_used - own)),
            )

    def used(self, hour: datetime | None = None) -> int:
        """Calls of the hour that contains `hour` (default: now), other programs' as far as observed."""
        with self._transaction() as db:
            return self._used(db, _hour(hour or self.now()))

    def by_endpoint(self, hour: datetime | None = None) -> dict[str, int]:
        """Endpoint -> own calls of that hour."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT endpoint, sum(calls) FROM spent WHERE token = ? AND hour = ? "
                "GROUP BY endpoint ORDER BY endpoint",
                (self.token, _hour(hour or self.now())),
            )
            return dict(rows.fetchall())

    def left(self, purpose: Purpose) -> int:
        """Calls that `purpose` may still make in this hour; 0 while blocked."""
        now = self.now()
        with self._transaction() as db:
            if self._blocked(db, now):
                return 0
            return max(0, self.limit(purpose) - self._used(db, _hour(now)))

    def blocked_until(self) -> datetime | None:
        """End of a block that still holds, else None."""
        with self._transaction() as db:
            return self._blocked(db, self.now())

    def close(self) -> None:
        """Give the file back. Using the ledger again opens it anew."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    # --- inside one transaction --------------------------------------------------------------------------

    def _refuse_while_blocked(self, db: sqlite3.Connection, now: datetime, endpoint: str) -> None:
        until = self._blocked(db, now)
        if until:
            raise RateLimited(
                f"the cloud refuses calls of this token until {until:%H:%M:%S} UTC (429 before {endpoint})",
                until,
                endpoint=endpoint,
                status=429,
            )

    def _blocked(self, db: sqlite3.Connection, now: datetime) -> datetime | None:
        row = db.execute("SELECT until FROM blocked WHERE token = ?", (self.token,)).fetchone()
        until = datetime.fromtimestamp(row[0], UTC) if row else now
        # Further away than any block can be: the clock was set back since, and the block is void.
        return until if now < until <= now + LONGEST_BLOCK else None

    def _foreign(self, db: sqlite3.Connection, hour: int) -> int:
        row = db.execute(
            "SELECT calls FROM foreign_use WHERE token = ? AND hour = ?", (self.token, hour)
        ).fetchone()
        return row[0] if row else 0

    def _used(self, db: sqlite3.Connection, hour: int) -> int:
        own = db.execute(
            "SELECT coalesce(sum(calls), 0) FROM spent WHERE token = ? AND hour = ?", (self.token, hour)
        ).fetchone()[0]
        return own + self._foreign(db, hour)

    # --- the file ------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
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
            self._connection = _connect(self.path)
            self._pid = os.getpid()
        return self._connection


_INHERITED: list[sqlite3.Connection] = []


def _connect(path: Path) -> sqlite3.Connection:
    """Open and create the tables. The change to WAL ignores the busy time-out, hence the bounded loop."""
    for attempt in range(100):
        db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(SCHEMA)
            return db
        except sqlite3.OperationalError as error:
            db.close()
            if "locked" not in str(error) or attempt == 99:
                raise
            time.sleep(0.02)
    raise AssertionError("unreachable")


def _hour(instant: datetime) -> int:
    return int(instant.timestamp() // 3600)


def _instant(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)
