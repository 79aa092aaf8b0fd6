"""The call ledger that several machines or containers share: `Ledger` in Redis.

Belongs here: the keys and the scripts; each change is one script, which Redis runs undivided. Does not belong here:
the rules, which are those of `quota`: a call is counted before it is made, backfill leaves the reserve to live
collection, a block holds for all. A Redis that lost its data counts from zero until `observe` told what the cloud
counted. A call whose answer from Redis got lost counts, so the budget is never passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.quota import (
    DEFAULT_BUDGET,
    DEFAULT_LIVE_RESERVE,
    HOURS_KEPT,
    LONGEST_BLOCK,
    OTHER_PROGRAMS,
    OTHER_PURPOSE,
    HourUse,
    Purpose,
    hour_of,
    instant_of,
    refused,
    spent_up,
)

PATIENCE_S = 2.0
KEPT_S = (HOURS_KEPT + 2) * 3600
SEPARATOR = "\x1f"
OWN, FOREIGN = "own", "foreign"

SPEND = """
local blocked = tonumber(redis.call('GET', KEYS[4]) or 0)
if blocked > tonumber(ARGV[1]) and blocked <= tonumber(ARGV[1]) + tonumber(ARGV[2]) then
    return {'blocked', tostring(blocked), 0}
end
local used = tonumber(redis.call('HGET', KEYS[1], 'own') or 0) + tonumber(redis.call('HGET', KEYS[1], 'foreign') or 0)
local limit = math.min(tonumber(ARGV[3]), tonumber(redis.call('GET', KEYS[3]) or ARGV[3]))
limit = math.max(0, limit - tonumber(ARGV[4]))
if used >= limit then return {'spent', used, limit} end
redis.call('HINCRBY', KEYS[1], 'own', 1)
redis.call('HINCRBY', KEYS[2], ARGV[5], 1)
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[6])
return {'ok', used + 1, limit}
"""
OBSERVE = """
local own = tonumber(redis.call('HGET', KEYS[1], 'own') or 0)
local foreign = math.max(tonumber(redis.call('HGET', KEYS[1], 'foreign') or 0), tonumber(ARGV[1]) - own, 0)
redis.call('HSET', KEYS[1], 'foreign', foreign)
redis.call('EXPIRE', KEYS[1], ARGV[3])
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[2], ARGV[2]) end
"""
BLOCK = """
local told = tonumber(redis.call('GET', KEYS[1]) or 0)
if told < tonumber(ARGV[1]) or told > tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[1]) end
"""


class RedisQuota:
    """`Ledger` at a Redis URL; see `SqliteQuota` for budget, reserve and clock.

    Raises UserError when Redis cannot be reached; the URL, which may hold a password, is not told.
    """

    def __init__(
        self,
        url: str,
        token_fingerprint: str,
        budget: int = DEFAULT_BUDGET,
        live_reserve: int = DEFAULT_LIVE_RESERVE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.token = token_fingerprint
        self.budget = budget
        self.live_reserve = live_reserve
        self.now = now
        self._redis: Any = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.1), 2),
        )

    def _key(self, *parts: object) -> str:
        return ":".join(("mistwan:quota", f"{{{self.token}}}", *map(str, parts)))

    @contextmanager
    def _reaching(self) -> Iterator[Any]:
        try:
            yield self._redis
        except redis.RedisError as error:
            raise UserError(
                f"call quota: Redis at REDIS_URL cannot be used ({type(error).__name__}): start it, or unset REDIS_URL"
            ) from None

    def limit(self, purpose: Purpose) -> int:
        """Calls an hour after which `purpose` stops."""
        with self._reaching() as db:
            told = db.get(self._key("limit"))
        return max(0, min(self.budget, int(told or self.budget)) - self._reserve(purpose))

    def _reserve(self, purpose: Purpose) -> int:
        return 0 if purpose is Purpose.LIVE else self.live_reserve

    def spend(self, purpose: Purpose, endpoint: str) -> None:
        """See `Quota.spend`."""
        now = self.now()
        hour = hour_of(now)
        keys = (self._key("hour", hour), self._key("spent", hour), self._key("limit"), self._key("blocked"))
        values = (
            now.timestamp(), LONGEST_BLOCK.total_seconds(), self.budget, self._reserve(purpose),
            SEPARATOR.join((endpoint, purpose)), KEPT_S,
        )  # fmt: skip
        with self._reaching() as db:
            state, told, limit = db.eval(SPEND, len(keys), *keys, *values)
        if state == "blocked":
            raise refused(datetime.fromtimestamp(float(told), UTC), endpoint)
        if state == "spent":
            raise spent_up(int(told), int(limit), purpose, endpoint, instant_of(hour + 1))

    def defer(self, purpose: Purpose, endpoint: str, reason: str, walks: int = 1) -> None:
        """See `Quota.defer`."""
        key = self._key("deferred", hour_of(self.now()))
        with self._reaching() as db:
            pipe = db.pipeline(transaction=True)
            pipe.hincrby(key, SEPARATOR.join((endpoint, purpose, reason)), walks).expire(
                key, KEPT_S
            ).execute()

    def block_until(self, instant: datetime) -> None:
        """See `Quota.block_until`. Never shortens a block that holds; at most an hour from now."""
        longest = self.now() + LONGEST_BLOCK
        until = min(instant, longest)
        with self._reaching() as db:
            db.eval(BLOCK, 1, self._key("blocked"), repr(until.timestamp()), repr(longest.timestamp()))

    def observe(self, requests_used: int, request_limit: int | None = None) -> None:
        """See `Quota.observe`; rules as in `SqliteQuota.observe`."""
        keys = (self._key("hour", hour_of(self.now())), self._key("limit"))
        with self._reaching() as db:
            db.eval(OBSERVE, len(keys), *keys, requests_used, request_limit or 0, KEPT_S)

    def used(self, hour: datetime | None = None) -> int:
        """See `Quota.used`."""
        with self._reaching() as db:
            return sum(
                int(n or 0) for n in db.hmget(self._key("hour", hour_of(hour or self.now())), OWN, FOREIGN)
            )

    def by_endpoint(self) -> dict[str, int]:
        """Endpoint -> own calls of this hour."""
        with self._reaching() as db:
            spent = db.hgetall(self._key("spent", hour_of(self.now())))
        found: dict[str, int] = {}
        for field in sorted(spent):
            endpoint = field.split(SEPARATOR)[0]
            found[endpoint] = found.get(endpoint, 0) + int(spent[field])
        return found

    def left(self, purpose: Purpose) -> int:
        """See `Quota.left`; 0 while blocked."""
        return 0 if self.blocked_until() else max(0, self.limit(purpose) - self.used())

    def blocked_until(self) -> datetime | None:
        """End of a block that still holds, else None; one further away than any can be is void."""
        with self._reaching() as db:
            told = db.get(self._key("blocked"))
        now = self.now()
        until = datetime.fromtimestamp(float(told), UTC) if told else now
        return until if now < until <= now + LONGEST_BLOCK else None

    def history(self, since: datetime) -> list[HourUse]:
        """See `Quota.history`; by hour, endpoint, purpose. Calls of other programs are one row an hour."""
        hours = range(max(hour_of(since), hour_of(self.now()) - HOURS_KEPT), hour_of(self.now()) + 1)
        with self._reaching() as db:
            pipe = db.pipeline(transaction=False)
            for hour in hours:
                for kind in ("spent", "deferred", "hour"):
                    pipe.hgetall(self._key(kind, hour))
            told = pipe.execute()
        found: list[HourUse] = []
        for i, hour in enumerate(hours):
            found += _hour_rows(instant_of(hour), *told[3 * i : 3 * i + 3])
        return found

    def close(self) -> None:
        """Give the connections back; using the ledger again opens them anew."""
        self._redis.close()


def _hour_rows(
    hour: datetime, spent: dict[str, str], deferred: dict[str, str], total: dict[str, str]
) -> list[HourUse]:
    calls = {tuple(field.split(SEPARATOR)): int(n) for field, n in spent.items()}
    if int(total.get(FOREIGN, 0)):
        calls[(OTHER_PROGRAMS, OTHER_PURPOSE)] = int(total[FOREIGN])
    walks: dict[tuple[str, ...], dict[str, int]] = {}
    for field, n in deferred.items():
        endpoint, purpose, reason = field.split(SEPARATOR, 2)
        walks.setdefault((endpoint, purpose), {})[reason] = int(n)
    rows = []
    for key in sorted({*calls, *walks}):
        put_off = walks.get(key, {})
        reasons = "; ".join(sorted(put_off)) or None
        rows.append(HourUse(hour, key[0], key[1], calls.get(key, 0), sum(put_off.values()), reasons))
    return rows
