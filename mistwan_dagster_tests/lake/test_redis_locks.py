"""Several machines on one lake take turns by a lock in Redis, and a holder that was killed does not block them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
import redis

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.locks import LockHeld
from mistwan_dagster.lake.raw import HOUR, RawLake
from mistwan_dagster.lake.redis_locks import redis_locks
from mistwan_dagster_tests.lake.test_compaction import DAY, event
from mistwan_dagster_tests.redis_server import RedisServer, redis_server

__all__ = ["redis_server"]

LAKE = "s3://bucket/wan"


def test_a_name_is_held_by_one_and_other_names_and_lakes_are_free(redis_server: RedisServer) -> None:
    here, there = (redis_locks(redis_server.url, LAKE, patience_s=0.1) for _ in range(2))
    with here("alarms"):
        with pytest.raises(UserError, match="another process holds the lock of alarms"), there("alarms"):
            pass
        with (
            there("device_events"),
            redis_locks(redis_server.url, "s3://other/wan", patience_s=0.1)("alarms"),
        ):
            pass
    with there("alarms"):
        pass


def test_the_lock_of_a_killed_holder_comes_back(redis_server: RedisServer) -> None:
    client = redis.Redis.from_url(redis_server.url)
    lock = redis_locks(redis_server.url, LAKE, patience_s=5)

    def killed_and_another_came() -> None:
        with lock("alarms"):
            (key,) = client.keys("mistwan:lake:*:alarms")
            assert 100_000 < client.pttl(key) <= 120_000
            client.pexpire(key, 50)  # as if its holder had been killed nearly two minutes ago
            with lock("alarms"):
                pass

    with pytest.raises(UserError, match="took longer than its lease: run it again"):
        killed_and_another_came()


def test_a_holder_that_lives_keeps_its_lock_beyond_the_lease(redis_server: RedisServer) -> None:
    slow = redis_locks(redis_server.url, LAKE, lease_s=0.3)
    other = redis_locks(redis_server.url, LAKE, patience_s=1)
    with slow("alarms"), pytest.raises(LockHeld, match="another process holds the lock"), other("alarms"):
        pass


def test_walks_of_two_machines_store_each_event_once(redis_server: RedisServer, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        [{**event(DAY), "port_id": f"p{n}", "received_at": DAY} for n in range(20)],
        schema=DEVICE_EVENTS.schema,
    )

    def walk(number: int) -> int:
        lake = RawLake(tmp_path, redis_locks(redis_server.url, LAKE))
        return sum(lake.add_events(DEVICE_EVENTS, f"w{number}", 1, frame).values())

    with ThreadPoolExecutor(4) as machines:
        assert sum(machines.map(walk, range(4))) == 20
    assert RawLake(tmp_path).scan_events(DEVICE_EVENTS, DAY, DAY + HOUR).collect().height == 20


def test_a_redis_that_is_gone_is_one_clear_line_without_its_url(redis_server: RedisServer) -> None:
    lock = redis_locks(redis_server.url, LAKE)
    redis_server.stop()
    told = r"^lake: Redis at REDIS_URL cannot be used \(\w+\): start it"
    with pytest.raises(UserError, match=told) as caught, lock("alarms"):
        pass
    assert redis_server.url not in str(caught.value)
