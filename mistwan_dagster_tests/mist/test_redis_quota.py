"""The Redis ledger beside the rules of `test_quota`, which both keep: many clients, and a Redis that is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster_tests.mist.test_quota import redis_ledger, spend_all
from mistwan_dagster_tests.redis_server import RedisServer, redis_server

__all__ = ["redis_server"]


def test_many_at_once_never_pass_the_budget(redis_server: RedisServer) -> None:
    quotas = [redis_ledger(redis_server, budget=300, live_reserve=0) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(lambda i: spend_all(quotas[i % 4], Purpose.LIVE), range(8)))
    assert done == quotas[0].used() == 300


def test_a_redis_that_is_gone_is_one_line_without_the_url_and_works_again_when_it_is_back(
    redis_server: RedisServer,
) -> None:
    quota = redis_ledger(redis_server)
    quota.spend(Purpose.LIVE, "ports")
    redis_server.stop()
    with pytest.raises(UserError, match="call quota: Redis at REDIS_URL cannot be used") as caught:
        quota.spend(Purpose.LIVE, "ports")
    assert redis_server.url not in str(caught.value)
    redis_server.start()
    quota.spend(Purpose.LIVE, "ports")
    assert quota.used() == 1
