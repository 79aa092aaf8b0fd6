"""A share of the quota for one piece of work, so that it leaves the rest of the hour to others.

Belongs here: the cap. Does not belong here: the ledger (`quota.py`), what is worth a call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from mistwan_dagster.mist.errors import QuotaExhausted
from mistwan_dagster.mist.quota import HourUse, Purpose, Quota


class CappedQuota:
    """`Quota` that allows `calls` calls of its own, and no more than the one behind it. Threads may share it."""

    def __init__(self, quota: Quota, calls: int) -> None:
        self.quota, self.calls, self.spent = quota, calls, 0
        self._lock = threading.Lock()

    @property
    def now(self) -> Callable[[], datetime]:
        """See `Quota.now`."""
        return self.quota.now

    def spend(self, purpose: Purpose, endpoint: str) -> None:
        """See `Quota.spend`. Raises QuotaExhausted also when the share is spent."""
        with self._lock:
            if self.spent >= self.calls:
                hour = self.now().replace(minute=0, second=0, microsecond=0)
                raise QuotaExhausted(
                    f"the share of {self.calls} calls is spent ({endpoint})",
                    hour + timedelta(hours=1),
                    endpoint=endpoint,
                )
            self.quota.spend(purpose, endpoint)
            self.spent += 1

    def block_until(self, instant: datetime) -> None:
        """See `Quota.block_until`."""
        self.quota.block_until(instant)

    def observe(self, requests_used: int, request_limit: int | None = None) -> None:
        """See `Quota.observe`."""
        self.quota.observe(requests_used, request_limit)

    def defer(self, purpose: Purpose, endpoint: str, reason: str, walks: int = 1) -> None:
        """See `Quota.defer`."""
        self.quota.defer(purpose, endpoint, reason, walks)

    def history(self, since: datetime) -> list[HourUse]:
        """See `Quota.history`: of the whole token."""
        return self.quota.history(since)

    def used(self, hour: datetime | None = None) -> int:
        """See `Quota.used`: of the whole token."""
        return self.quota.used(hour)

    def left(self, purpose: Purpose) -> int:
        """Calls left of the share, as far as the whole has them."""
        return min(self.calls - self.spent, self.quota.left(purpose))
