"""How many calls a token may still make in this clock hour, agreed among all processes of this machine.

Belongs here: the port `Quota` and its SQLite ledger: what was spent on what, and what was put off. Does not belong
here: the ledger of several machines (`redis_quota`), calls, and waiting: who finds the budget spent decides what to do
until then. The cloud counts per token and clock hour (UTC).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mistwan_dagster.mist.errors import QuotaExhausted, RateLimited
from mistwan_dagster.mist.ledger_file import LedgerFile

DEFAULT_BUDGET = 4500
DEFAULT_LIVE_RESERVE = 1000
HOURS_KEPT = 31 * 24
LONGEST_BLOCK = timedelta(hours=1)
"""The cloud's count starts anew each clock hour, so a longer Retry-After is not believed."""


class Purpose(StrEnum):
    """What a call is for. Live collection cannot be repeated later, so backfill leaves it a reserve."""

    LIVE = "live"
    BACKFILL = "backfill"


OTHER_PROGRAMS = "(other programs)"
"""Endpoint under which calls of this token are told that were not made here."""
OTHER_PURPOSE = "other"


@dataclass(frozen=True)
class HourUse:
    """Use of one endpoint for one purpose in one clock hour.

    `deferred` counts the walks that were put off (one that is put off twice counts twice), and
    `deferred_reason` tells why; several reasons are joined by a semicolon, null without any.
    """

    hour_utc: datetime
    endpoint: str
    purpose: str
    calls: int
    deferred: int
    deferred_reason: str | None


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

    def observe(self, requests_used: int, request_limit: int | None = None) -> None:
        """Learn what the cloud counted this hour (other programs may use the same token), and its limit."""

    def defer(self, purpose: Purpose, endpoint: str, reason: str, walks: int = 1) -> None:
        """Record that walks were put off, because no call could be had for them."""

    def used(self, hour: datetime | None = None) -> int:
        """Calls counted in an hour (default: this one)."""

    def left(self, purpose: Purpose) -> int:
        """Calls that `purpose` may still make in this hour."""

    def history(self, since: datetime) -> list[HourUse]:
        """Use by hour, endpoint and purpose from the hour of `since` on, as far as it is kept."""


class Ledger(Quota, Protocol):
    """A quota with its limits and its book, which `check` and the reports on API use tell."""

    budget: int
    live_reserve: int

    def limit(self, purpose: Purpose) -> int:
        """Calls an hour after which `purpose` stops."""

    def by_endpoint(self) -> dict[str, int]:
        """Endpoint -> own calls of this hour."""

    def blocked_until(self) -> datetime | None:
        """End of a block that still holds, else None."""

    def close(self) -> None:
        """Give the connection back. Using the ledger again opens it anew."""


def fingerprint(token: str) -> str:
    """A name for a token that does not tell it: 16 hex digits of a SHA-256 under a fixed prefix."""
    return hashlib.sha256(b"mistwan quota ledger:" + token.encode()).hexdigest()[:16]


SCHEMA = """
CREATE TABLE IF NOT EXISTS spent (
    token TEXT, hour INTEGER, endpoint TEXT, purpose TEXT, calls INTEGER NOT NULL,
    PRIMARY KEY (token, hour, endpoint, purpose)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deferred (
    token TEXT, hour INTEGER, endpoint TEXT, purpose TEXT, reason TEXT, walks INTEGER NOT NULL,
    PRIMARY KEY (token, hour, endpoint, purpose, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS foreign_use (
    token TEXT, hour INTEGER, calls INTEGER NOT NULL, PRIMARY KEY (token, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told_limit (token TEXT PRIMARY KEY, calls INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocked (token TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
"""
HISTORY = f"""
SELECT hour, endpoint, purpose, sum(calls), sum(walks), group_concat(reason, '; ')
FROM (
    SELECT token, hour, endpoint, purpose, calls, 0 AS walks, NULL AS reason FROM spent
    UNION ALL SELECT token, hour, endpoint, purpose, 0, walks, reason FROM deferred
    UNION ALL SELECT token, hour, '{OTHER_PROGRAMS}', '{OTHER_PURPOSE}', calls, 0, NULL
              FROM foreign_use WHERE calls > 0
)
WHERE token = :token AND hour >= :hour
GROUP BY hour, endpoint, purpose ORDER BY hour, endpoint, purpose
"""
BY_HOUR = ("spent", "deferred", "foreign_use")


class SqliteQuota:
    """`Quota` in one SQLite file (WAL). Each change is one immediate transaction, so that threads, processes
    and kills at any instant neither lose a counted call nor let the sum pass the budget.

    `budget` calls an hour in all, or fewer once the cloud said that its limit is lower; backfill stops
    `live_reserve` before that. `now` gives an aware instant and must follow the cloud's clock, since its
    hours are the hours counted here. Raises UserError when the file cannot be opened or written.
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
        self._file = LedgerFile(path, SCHEMA)

    def limit(self, purpose: Purpose) -> int:
        """Calls an hour after which `purpose` stops."""
        with self._file.transaction() as db:
            return self._limit(db, purpose)

    def spend(self, purpose: Purpose, endpoint: str) -> None:
        """See `Quota.spend`. The call is counted even when it then fails: the cloud may have counted it."""
        now = self.now()
        hour = hour_of(now)
        with self._file.transaction() as db:
            self._refuse_while_blocked(db, now, endpoint)
            used, limit = self._used(db, hour), self._limit(db, purpose)
            if used >= limit:
                raise spent_up(used, limit, purpose, endpoint, instant_of(hour + 1))
            db.execute(
                "INSERT INTO spent VALUES (?, ?, ?, ?, 1) "
                "ON CONFLICT (token, hour, endpoint, purpose) DO UPDATE SET calls = calls + 1",
                (self.token, hour, endpoint, str(purpose)),
            )
            if used == 0:
                for table in BY_HOUR:
                    db.execute(f"DELETE FROM {table} WHERE hour < ?", (hour - HOURS_KEPT,))

    def defer(self, purpose: Purpose, endpoint: str, reason: str, walks: int = 1) -> None:
        """See `Quota.defer`."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT INTO deferred VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (token, hour, endpoint, purpose, reason) DO UPDATE SET walks = walks + excluded.walks",
                (self.token, hour_of(self.now()), endpoint, str(purpose), reason, walks),
            )

    def block_until(self, instant: datetime) -> None:
        """See `Quota.block_until`. Never shortens a block that holds; at most an hour from now."""
        now = self.now()
        with self._file.transaction() as db:
            until = max(min(instant, now + LONGEST_BLOCK), self._blocked(db, now) or now)
            db.execute("INSERT OR REPLACE INTO blocked VALUES (?, ?)", (self.token, until.timestamp()))

    def observe(self, requests_used: int, request_limit: int | None = None) -> None:
        """See `Quota.observe`. Only ever raises the count: calls counted here may still be under way.

        The newest limit told holds until another is told; one that allows no call at all is not believed.
        """
        hour = hour_of(self.now())
        with self._file.transaction() as db:
            own = self._used(db, hour) - self._foreign(db, hour)
            db.execute(
                "INSERT INTO foreign_use VALUES (?, ?, ?) "
                "ON CONFLICT (token, hour) DO UPDATE SET calls = max(calls, excluded.calls)",
                (self.token, hour, max(0, requests_used - own)),
            )
            if request_limit is not None and request_limit > 0:
                db.execute("INSERT OR REPLACE INTO told_limit VALUES (?, ?)", (self.token, request_limit))

    def used(self, hour: datetime | None = None) -> int:
        """Calls of the hour that contains `hour` (default: now), other programs' as far as observed."""
        with self._file.transaction() as db:
            return self._used(db, hour_of(hour or self.now()))

    def by_endpoint(self) -> dict[str, int]:
        """Endpoint -> own calls of this hour."""
        with self._file.transaction() as db:
            rows = db.execute(
                "SELECT endpoint, sum(calls) FROM spent WHERE token = ? AND hour = ? "
                "GROUP BY endpoint ORDER BY endpoint",
                (self.token, hour_of(self.now())),
            )
            return dict(rows.fetchall())

    def history(self, since: datetime) -> list[HourUse]:
        """See `Quota.history`; by hour, endpoint, purpose. Calls of other programs are one row an hour."""
        with self._file.transaction() as db:
            rows = db.execute(HISTORY, {"token": self.token, "hour": hour_of(since)}).fetchall()
        return [HourUse(instant_of(hour), *rest) for hour, *rest in rows]

    def left(self, purpose: Purpose) -> int:
        """Calls that `purpose` may still make in this hour; 0 while blocked."""
        now = self.now()
        with self._file.transaction() as db:
            if self._blocked(db, now):
                return 0
            return max(0, self._limit(db, purpose) - self._used(db, hour_of(now)))

    def blocked_until(self) -> datetime | None:
        """End of a block that still holds, else None."""
        with self._file.transaction() as db:
            return self._blocked(db, self.now())

    def close(self) -> None:
        """Give the file back. Using the ledger again opens it anew."""
        self._file.close()

    # --- inside one transaction --------------------------------------------------------------------------

    def _limit(self, db: sqlite3.Connection, purpose: Purpose) -> int:
        told = db.execute("SELECT calls FROM told_limit WHERE token = ?", (self.token,)).fetchone()
        budget = min(self.budget, told[0]) if told else self.budget
        return budget if purpose is Purpose.LIVE else max(0, budget - self.live_reserve)

    def _refuse_while_blocked(self, db: sqlite3.Connection, now: datetime, endpoint: str) -> None:
        until = self._blocked(db, now)
        if until:
            raise refused(until, endpoint)

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


def spent_up(used: int, limit: int, purpose: Purpose, endpoint: str, until: datetime) -> QuotaExhausted:
    """The error of a call that the budget does not allow."""
    return QuotaExhausted(
        f"call budget spent: {used} of {limit} {purpose} calls of this hour "
        f"({endpoint}); calls are free again at {until:%H:%M} UTC",
        until,
        endpoint=endpoint,
    )


def refused(until: datetime, endpoint: str) -> RateLimited:
    """The error of a call while the cloud refuses all of them."""
    return RateLimited(
        f"the cloud refuses calls of this token until {until:%H:%M:%S} UTC (429 before {endpoint})",
        until,
        endpoint=endpoint,
        status=429,
    )


def hour_of(instant: datetime) -> int:
    """Number of the clock hour that holds the instant."""
    return int(instant.timestamp() // 3600)


def instant_of(hour: int) -> datetime:
    """Start of a numbered clock hour."""
    return datetime.fromtimestamp(hour * 3600, UTC)
