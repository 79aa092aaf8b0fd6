"""The ledger in a real Redis: the same rules as the SQLite one, for several machines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.errors import QuotaExhausted, RateLimited
from mistwan_dagster.mist.quota import OTHER_PROGRAMS, HourUse, Purpose
from mistwan_dagster.mist.redis_quota import RedisQuota
from mistwan_dagster_tests.mist.test_quota import TEN, Clock, spend_all
from mistwan_dagster_tests.redis_server import RedisServer, redis_server

__all__ = ["redis_server"]


def ledger(server: RedisServer, clock: Clock | None = None, token: str = "t", **limits: int) -> RedisQuota:
    return RedisQuota(server.url, token, now=clock or Clock(), **limits)


def test_budget_reserve_and_tokens(redis_server: RedisServer) -> None:
    quota = ledger(redis_server, budget=5, live_reserve=2)
    assert (quota.left(Purpose.LIVE), quota.left(Purpose.BACKFILL)) == (5, 3)
    assert spend_all(quota, Purpose.BACKFILL) == 3
    assert spend_all(ledger(redis_server, budget=5, live_reserve=2), Purpose.LIVE) == 2
    with pytest.raises(QuotaExhausted, match=r"5 of 5 live calls .*11:00 UTC") as caught:
        quota.spend(Purpose.LIVE, "ports")
    assert caught.value.until == TEN + timedelta(hours=1)
    ledger(redis_server, token="other", budget=1).spend(Purpose.LIVE, "ports")
    assert quota.used() == 5


def test_next_clock_hour_is_free(redis_server: RedisServer) -> None:
    clock = Clock(TEN + timedelta(minutes=59, seconds=59))
    quota = ledger(redis_server, clock, budget=1, live_reserve=0)
    quota.spend(Purpose.LIVE, "ports")
    clock.now = TEN + timedelta(hours=1)
    quota.spend(Purpose.LIVE, "ports")
    assert (quota.used(), quota.used(TEN)) == (1, 1)


def test_a_block_holds_for_all_until_it_ends_and_is_never_shortened(redis_server: RedisServer) -> None:
    clock = Clock()
    one, other = ledger(redis_server, clock), ledger(redis_server, clock)
    until = clock.now + timedelta(minutes=10)
    one.block_until(until)
    one.block_until(until - timedelta(minutes=5))
    with pytest.raises(RateLimited) as caught:
        other.spend(Purpose.LIVE, "ports")
    assert caught.value.until == until == other.blocked_until()
    assert (other.left(Purpose.LIVE), other.used()) == (0, 0)
    clock.now = until
    other.spend(Purpose.LIVE, "ports")
    assert other.blocked_until() is None
    one.block_until(clock.now + timedelta(hours=9))
    assert one.blocked_until() == clock.now + timedelta(hours=1)


def test_the_cloud_raises_the_count_and_lowers_the_budget(redis_server: RedisServer) -> None:
    quota = ledger(redis_server, budget=4500, live_reserve=1000)
    quota.spend(Purpose.LIVE, "ports")
    quota.observe(10, request_limit=1200)
    quota.observe(4)  # counted before calls that are known here
    assert quota.used() == 10
    assert (quota.left(Purpose.LIVE), quota.left(Purpose.BACKFILL)) == (1190, 190)
    assert spend_all(quota, Purpose.BACKFILL) == 190
    quota.observe(0, request_limit=0)
    assert quota.limit(Purpose.LIVE) == 1200
    quota.observe(0, request_limit=9000)
    assert quota.limit(Purpose.LIVE) == 4500


def test_use_is_told_by_hour_endpoint_and_purpose_with_what_was_put_off(redis_server: RedisServer) -> None:
    clock = Clock()
    quota = ledger(redis_server, clock)
    for purpose in (Purpose.LIVE, Purpose.LIVE, Purpose.BACKFILL):
        quota.spend(purpose, "ports")
    quota.defer(Purpose.BACKFILL, "history", "call budget spent", 40)
    quota.observe(5)
    clock.now += timedelta(hours=1)
    quota.spend(Purpose.LIVE, "ports")
    quota.defer(Purpose.LIVE, "ports", "429 from the cloud", 2)
    quota.defer(Purpose.LIVE, "ports", "call budget spent")
    assert quota.history(TEN) == [
        HourUse(TEN, OTHER_PROGRAMS, "other", 2, 0, None),
        HourUse(TEN, "history", "backfill", 0, 40, "call budget spent"),
        HourUse(TEN, "ports", "backfill", 1, 0, None),
        HourUse(TEN, "ports", "live", 2, 0, None),
        HourUse(TEN + timedelta(hours=1), "ports", "live", 1, 3, "429 from the cloud; call budget spent"),
    ]
    assert quota.by_endpoint(TEN) == {"ports": 3}


def test_many_at_once_never_pass_the_budget(redis_server: RedisServer) -> None:
    quotas = [ledger(redis_server, budget=300, live_reserve=0) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(lambda i: spend_all(quotas[i % 4], Purpose.LIVE), range(8)))
    assert done == quotas[0].used() == 300


def test_a_redis_that_is_gone_is_one_line_without_the_url_and_works_again_when_it_is_back(
    redis_server: RedisServer,
) -> None:
    quota = ledger(redis_server)
    quota.spend(Purpose.LIVE, "ports")
    redis_server.stop()
    with pytest.raises(UserError, match="call quota: Redis at REDIS_URL cannot be used") as caught:
        quota.spend(Purpose.LIVE, "ports")
    assert redis_server.url not in str(caught.value)
    redis_server.start()
    quota.spend(Purpose.LIVE, "ports")
    assert quota.used() == 1
