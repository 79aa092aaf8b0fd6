"""The clock of the simulated cloud: real, or set by whoever rehearses.

Belongs here: telling and setting the time. Does not belong here: anything that depends on it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time until `set`; then it stands still until set, advanced or released again."""

    def __init__(self, now: datetime | None = None) -> None:
        self._fixed: datetime | None = None
        self.set(now)

    def set(self, now: datetime | None) -> None:
        """Stand at `now` (naive means UTC); None returns to real time."""
        if now is not None:
            now = now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
        self._fixed = now

    def advance(self, step: timedelta) -> datetime:
        """Set the clock `step` later (it stands still from then on) and tell the new time."""
        self.set(self.now() + step)
        return self.now()

    @property
    def is_real(self) -> bool:
        """True while the clock follows real time."""
        return self._fixed is None

    def now(self) -> datetime:
        """The present instant, UTC."""
        return self._fixed or datetime.now(UTC)

    def epoch_s(self) -> float:
        """The present instant in epoch seconds."""
        return self.now().timestamp()
