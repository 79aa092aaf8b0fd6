"""Who may ask, and how often.

Belongs here: tokens and the clock-hour quota. Does not belong here: answers.
"""

from __future__ import annotations

import math

from mistwan_dagster.simulator.paging import ApiError

DEFAULT_QUOTA = 5000
NO_CREDENTIALS = "Authentication credentials were not provided."


class Gate:
    """Accepts some tokens, each `quota` calls per hour of the simulated clock."""

    def __init__(self, tokens: tuple[str, ...], quota: int = DEFAULT_QUOTA) -> None:
        self.tokens, self.quota = tokens, quota
        self._used: dict[tuple[str, int], int] = {}

    def admit(self, authorization: str | None, now_s: float) -> str:
        """The caller's token, one call spent. Raises 401 without a known token, 429 above the quota."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "token" or token not in self.tokens:
            raise ApiError(401, NO_CREDENTIALS)
        if self.used(token, now_s) >= self.quota:
            raise ApiError(429, self.exhausted(), {"Retry-After": str(self.retry_after(now_s))})
        key = (token, int(now_s // 3600))
        self._used[key] = self._used.get(key, 0) + 1
        return token

    def used(self, token: str, now_s: float) -> int:
        """Calls of the token in the clock hour."""
        return self._used.get((token, int(now_s // 3600)), 0)

    def spend(self, token: str, now_s: float, calls: int) -> None:
        """Pretend that the token has made so many calls this hour."""
        self._used[token, int(now_s // 3600)] = calls

    def exhausted(self) -> str:
        """The text of a 429."""
        return (
            "Too Many Request. The API Token used for the request reached the "
            f"{self.quota} API Calls per hour threshold"
        )

    @staticmethod
    def retry_after(now_s: float) -> int:
        """Seconds to the next full hour."""
        return max(1, math.ceil(3600 - now_s % 3600))
