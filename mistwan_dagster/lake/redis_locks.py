"""Locks of a lake that several machines share, in Redis.

Belongs here: waiting, renewing, and giving back. A lock is lent for `LEASE_S`, so that it comes back when its holder is
killed; while its holder lives it is lent anew. Does not belong here: locks of one machine (`locks.py`).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
from redis.exceptions import LockError, LockNotOwnedError

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.locks import Lock, LockHeld

LEASE_S = 120.0
PATIENCE_S = 300.0
CONNECT_S = 2.0


def redis_locks(url: str, lake: str, *, lease_s: float = LEASE_S, patience_s: float = PATIENCE_S) -> Lock:
    """Locks of one lake. Entering raises UserError when Redis cannot be reached or the lock does not come free.

    LockHeld is the latter. Leaving raises UserError when the lease ran out meanwhile, as Redis was away: another may
    have written, so the work is repeated.
    """
    client: Any = redis.Redis.from_url(url, socket_connect_timeout=CONNECT_S)
    prefix = f"mistwan:lake:{hashlib.sha256(lake.encode()).hexdigest()[:12]}"

    @contextmanager
    def lock(name: str) -> Iterator[None]:
        lent = client.lock(
            f"{prefix}:{name}", timeout=lease_s, blocking_timeout=patience_s, thread_local=False
        )
        with _reaching(name):
            if not lent.acquire():
                raise LockHeld(
                    f"lake: another process holds the lock of {name} for {patience_s:g} s: try again"
                )
        try:
            with _renewed(lent, lease_s / 3):
                yield
        finally:
            with _reaching(name):
                lent.release()

    return lock


@contextmanager
def _renewed(lent: Any, every_s: float) -> Iterator[None]:
    """A block in which the lease begins anew again and again. What Redis says to that is told when the lock is left."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(every_s):
            with suppress(redis.RedisError, LockError):
                lent.reacquire()

    renewing = threading.Thread(target=renew, daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()


@contextmanager
def _reaching(name: str) -> Iterator[None]:
    try:
        yield
    except LockNotOwnedError:
        raise UserError(
            f"lake: work under the lock of {name} took longer than its lease: run it again"
        ) from None
    except (redis.RedisError, LockError) as error:
        raise UserError(
            f"lake: Redis at REDIS_URL cannot be used ({type(error).__name__}): start it, or unset REDIS_URL"
        ) from None
