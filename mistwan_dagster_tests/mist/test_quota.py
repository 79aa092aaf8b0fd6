"""The ledgers: budget, reserve, hours, blocks; of the SQLite one also threads, processes and kills."""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
import sqlite3
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.errors import QuotaExhausted, RateLimited
from mistwan_dagster.mist.quota import (
    HOURS_KEPT,
    OTHER_PROGRAMS,
    HourUse,
    Ledger,
    Purpose,
    Quota,
    SqliteQuota,
    fingerprint,
)
from mistwan_dagster.mist.redis_quota import RedisQuota
from mistwan_dagster_tests.redis_server import RedisServer, redis_server

__all__ = ["redis_server"]

TEN = datetime(2025, 1, 1, 10, tzinfo=UTC)


class Clock:
    def __init__(self, now: datetime = TEN + timedelta(minutes=30)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


Opener = Callable[..., Ledger]
"""Opens the ledger of a test, once more with each call: `clock`, `token`, and `budget` and `live_reserve`."""


def ledger(tmp_path: Path, clock: Clock | None = None, token: str = "t", **limits: int) -> SqliteQuota:
    return SqliteQuota(tmp_path / "state" / "quota.sqlite", token, now=clock or Clock(), **limits)


@pytest.fixture(params=["sqlite", "redis"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Both ledgers have the same rules."""
    if request.param == "sqlite":
        return partial(ledger, tmp_path)
    return partial(redis_ledger, request.getfixturevalue("redis_server"))


def redis_ledger(
    server: RedisServer, clock: Clock | None = None, token: str = "t", **limits: int
) -> RedisQuota:
    return RedisQuota(server.url, token, now=clock or Clock(), **limits)


def spend_all(quota: Quota, purpose: Purpose, most: int = 10_000) -> int:
    for done in range(most):
        try:
            quota.spend(purpose, "ports")
        except QuotaExhausted:
            return done
    return most


def test_budget_is_the_limit_and_tells_when_it_is_free_again(opened: Opener) -> None:
    quota = opened(budget=5, live_reserve=2)
    assert spend_all(quota, Purpose.LIVE) == 5
    with pytest.raises(QuotaExhausted, match=r"5 of 5 live calls .*11:00 UTC") as caught:
        quota.spend(Purpose.LIVE, "ports")
    assert caught.value.until == TEN + timedelta(hours=1)
    assert quota.used() == 5


def test_backfill_leaves_the_reserve(opened: Opener) -> None:
    quota = opened(budget=5, live_reserve=2)
    assert (quota.left(Purpose.LIVE), quota.left(Purpose.BACKFILL)) == (5, 3)
    assert spend_all(quota, Purpose.BACKFILL) == 3
    assert (quota.left(Purpose.LIVE), quota.left(Purpose.BACKFILL)) == (2, 0)
    assert spend_all(quota, Purpose.LIVE) == 2


def test_live_calls_use_up_the_share_of_backfill(opened: Opener) -> None:
    quota = opened(budget=5, live_reserve=2)
    quota.spend(Purpose.LIVE, "ports")
    assert spend_all(quota, Purpose.BACKFILL) == 2


def test_reserve_above_the_budget_leaves_backfill_nothing(opened: Opener) -> None:
    assert opened(budget=5, live_reserve=9).left(Purpose.BACKFILL) == 0


def test_next_clock_hour_is_free(opened: Opener) -> None:
    clock = Clock(TEN + timedelta(minutes=59, seconds=59))
    quota = opened(clock, budget=1, live_reserve=0)
    quota.spend(Purpose.LIVE, "ports")
    clock.now = TEN + timedelta(hours=1)
    quota.spend(Purpose.LIVE, "ports")
    assert (quota.used(), quota.used(TEN)) == (1, 1)


def test_tokens_do_not_share(opened: Opener) -> None:
    one, other = opened(budget=1), opened(token="other", budget=1)
    one.spend(Purpose.LIVE, "ports")
    one.block_until(TEN + timedelta(minutes=45))
    other.spend(Purpose.LIVE, "ports")
    assert other.used() == 1


def test_calls_are_told_by_endpoint(opened: Opener) -> None:
    clock = Clock()
    quota = opened(clock)
    for name in ("ports", "paths", "ports"):
        quota.spend(Purpose.LIVE, name)
    quota.spend(Purpose.BACKFILL, "ports")
    assert quota.by_endpoint() == {"paths": 1, "ports": 3}
    clock.now += timedelta(hours=1)
    assert quota.by_endpoint() == {}


def test_block_holds_for_all_until_it_ends(opened: Opener) -> None:
    clock = Clock()
    one, other = opened(clock), opened(clock)
    until = clock.now + timedelta(minutes=10)
    one.block_until(until)
    one.block_until(until - timedelta(minutes=5))  # never shortened
    with pytest.raises(RateLimited) as caught:
        other.spend(Purpose.LIVE, "ports")
    assert caught.value.until == until == other.blocked_until()
    assert (other.left(Purpose.LIVE), other.used()) == (0, 0)
    clock.now = until
    other.spend(Purpose.LIVE, "ports")
    assert other.blocked_until() is None


def test_block_is_at_most_an_hour_and_void_when_the_clock_goes_back(opened: Opener) -> None:
    clock = Clock()
    quota = opened(clock)
    quota.block_until(clock.now + timedelta(days=400))
    assert quota.blocked_until() == clock.now + timedelta(hours=1)
    clock.now -= timedelta(days=30)
    quota.spend(Purpose.LIVE, "ports")
    assert quota.blocked_until() is None


def test_a_block_of_a_clock_that_ran_ahead_does_not_stand_in_the_way_of_a_real_one(opened: Opener) -> None:
    clock = Clock(TEN + timedelta(days=1))
    quota = opened(clock)
    quota.block_until(clock.now + timedelta(minutes=50))
    clock.now = TEN
    until = TEN + timedelta(seconds=800)
    quota.block_until(until)
    assert quota.blocked_until() == until
    with pytest.raises(RateLimited):
        quota.spend(Purpose.LIVE, "ports")


def test_use_by_other_programmes_is_learnt_and_never_forgotten(opened: Opener) -> None:
    quota = opened(budget=100, live_reserve=0)
    quota.spend(Purpose.LIVE, "ports")
    quota.observe(60)
    assert quota.used() == 60
    quota.spend(Purpose.LIVE, "ports")
    assert quota.used() == 61
    quota.observe(10)  # an answer from before
    assert quota.used() == 61
    quota.observe(80)
    assert quota.used() == 80
    assert quota.by_endpoint() == {"ports": 2}
    assert spend_all(quota, Purpose.LIVE) == 20


def test_old_hours_are_pruned(tmp_path: Path) -> None:
    clock = Clock()
    quota = ledger(tmp_path, clock)
    quota.spend(Purpose.LIVE, "ports")
    clock.now += timedelta(hours=HOURS_KEPT + 1)
    quota.spend(Purpose.LIVE, "ports")
    with sqlite3.connect(quota.path) as db:
        assert db.execute("SELECT count(*) FROM spent").fetchone() == (1,)


def test_ledger_never_holds_the_token(tmp_path: Path) -> None:
    token = "abcd1234efgh5678ijkl"
    quota = ledger(tmp_path, token=fingerprint(token))
    quota.spend(Purpose.LIVE, "ports")
    for file in quota.path.parent.iterdir():
        assert b"abcd" not in file.read_bytes()
    assert fingerprint(token) == fingerprint(token) != fingerprint(token + "x")
    assert len(fingerprint(token)) == 16


def test_threads_never_pass_the_budget(tmp_path: Path) -> None:
    quota = ledger(tmp_path, budget=100, live_reserve=0)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: spend_all(quota, Purpose.LIVE, 50), range(8)))
    assert sum(done) == quota.used() == 100


def _spend_in_process(path: Path, budget: int, most: int, out: str) -> None:
    quota = SqliteQuota(path, "t", budget=budget, live_reserve=0, now=Clock())
    done = spend_all(quota, Purpose.LIVE, most)
    Path(out).write_text(str(done))


def test_processes_never_pass_the_budget(tmp_path: Path) -> None:
    context = mp.get_context("spawn")
    path = tmp_path / "quota.sqlite"
    outs = [str(tmp_path / f"{i}.out") for i in range(4)]
    workers = [context.Process(target=_spend_in_process, args=(path, 200, 90, out)) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [w.exitcode for w in workers] == [0] * 4
    assert sum(int(Path(out).read_text()) for out in outs) == 200
    assert SqliteQuota(path, "t", now=Clock()).used() == 200


def _spend_for_ever(path: Path, out: str) -> None:
    quota = SqliteQuota(path, "t", budget=10**9, live_reserve=0, now=Clock())
    with Path(out).open("ab", buffering=0) as log:
        while True:
            quota.spend(Purpose.LIVE, "ports")
            log.write(b".")  # the call that the spending allowed


def test_killed_processes_never_hide_a_call_and_leave_a_usable_ledger(tmp_path: Path) -> None:
    context = mp.get_context("spawn")
    path, outs = tmp_path / "quota.sqlite", [str(tmp_path / f"{i}.out") for i in range(3)]
    workers = [context.Process(target=_spend_for_ever, args=(path, out)) for out in outs]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + 60
    for worker, out in zip(workers, outs, strict=True):
        while not (Path(out).exists() and Path(out).stat().st_size > 20) and time.monotonic() < deadline:
            os.sched_yield()
        os.kill(worker.pid or 0, signal.SIGKILL)
    for worker in workers:
        worker.join(60)
    calls = sum(Path(out).stat().st_size for out in outs)
    quota = SqliteQuota(path, "t", budget=10**9, live_reserve=0, now=Clock())
    assert calls > 60
    assert calls <= quota.used() <= calls + len(workers)
    quota.spend(Purpose.LIVE, "ports")


def test_forked_child_opens_its_own_connection(tmp_path: Path) -> None:
    quota = ledger(tmp_path)
    quota.spend(Purpose.LIVE, "ports")
    child = mp.get_context("fork").Process(target=quota.spend, args=(Purpose.LIVE, "ports"))
    child.start()
    child.join(30)
    quota.spend(Purpose.LIVE, "ports")
    assert (child.exitcode, quota.used()) == (0, 3)


def test_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "quota.sqlite"
    path.write_text("this is not a database, but it is long enough to look like one" * 20)
    with pytest.raises(UserError, match=f"quota ledger {path}: file is not a database"):
        SqliteQuota(path, "t").used()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="quota ledger"):
        SqliteQuota(tmp_path / "file" / "quota.sqlite", "t").used()
    assert stat.S_ISREG((tmp_path / "file").stat().st_mode)


def test_optional_work_stops_first_when_the_cloud_says_a_lower_limit(opened: Opener) -> None:
    quota = opened(budget=4500, live_reserve=1000)
    assert (quota.limit(Purpose.LIVE), quota.limit(Purpose.BACKFILL)) == (4500, 3500)
    quota.observe(10, request_limit=1200)
    assert (quota.left(Purpose.LIVE), quota.left(Purpose.BACKFILL)) == (1190, 190)
    assert spend_all(quota, Purpose.BACKFILL) == 190
    assert spend_all(quota, Purpose.LIVE) == 1000
    with pytest.raises(QuotaExhausted, match="1200 of 1200 live calls"):
        quota.spend(Purpose.LIVE, "ports")


def test_a_limit_below_the_reserve_leaves_everything_to_live(opened: Opener) -> None:
    quota = opened(budget=4500, live_reserve=1000)
    quota.observe(0, request_limit=600)
    assert (quota.left(Purpose.LIVE), quota.left(Purpose.BACKFILL)) == (600, 0)


def test_the_newest_limit_told_holds_for_all_hours_and_never_raises_the_budget(opened: Opener) -> None:
    clock = Clock()
    quota = opened(clock, budget=100, live_reserve=0)
    quota.observe(0, request_limit=50)
    clock.now += timedelta(hours=1)
    assert opened(clock, budget=100).limit(Purpose.LIVE) == 50
    quota.observe(0)
    assert quota.limit(Purpose.LIVE) == 50
    quota.observe(0, request_limit=0)  # a cloud that allows nothing would not have answered
    assert quota.limit(Purpose.LIVE) == 50
    quota.observe(0, request_limit=5000)
    assert quota.limit(Purpose.LIVE) == 100


def test_use_is_told_by_hour_endpoint_and_purpose_with_what_was_put_off(opened: Opener) -> None:
    clock = Clock()
    quota = opened(clock)
    for purpose in (Purpose.LIVE, Purpose.LIVE, Purpose.BACKFILL):
        quota.spend(purpose, "ports")
    quota.defer(Purpose.BACKFILL, "history", "call budget spent", 40)
    quota.observe(5)
    clock.now += timedelta(hours=1)
    quota.spend(Purpose.LIVE, "ports")
    quota.defer(Purpose.LIVE, "ports", "call budget spent")
    quota.defer(Purpose.LIVE, "ports", "429 from the cloud", 2)
    opened(clock, token="other").spend(Purpose.LIVE, "ports")
    eleven = TEN + timedelta(hours=1)
    assert quota.history(TEN) == [
        HourUse(TEN, OTHER_PROGRAMS, "other", 2, 0, None),
        HourUse(TEN, "history", "backfill", 0, 40, "call budget spent"),
        HourUse(TEN, "ports", "backfill", 1, 0, None),
        HourUse(TEN, "ports", "live", 2, 0, None),
        HourUse(eleven, "ports", "live", 1, 3, "429 from the cloud; call budget spent"),
    ]
    assert quota.history(clock.now) == quota.history(eleven) == quota.history(TEN)[-1:]
