"""The first instant that retention has left of a part of the lake.

It is moved before anything is deleted, and readers heed it: what is older is gone for them at once, however long
the deletion takes and wherever it is killed. What was computed from rows behind it is not computed again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property

from mistwan_dagster.lake.files import LakePath, read_json, write_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Horizon:
    """A horizon kept in a file. It only moves forward."""

    def __init__(self, path: LakePath) -> None:
        self.path = path

    @cached_property
    def start(self) -> datetime:
        """First instant that is left; 1970 as long as nothing was deleted."""
        found = read_json(self.path)
        return datetime.fromisoformat(found) if found else EPOCH

    def advance(self, instant: datetime) -> None:
        """Give up everything older than `instant`, for good."""
        self.start = max(instant, self.start)
        write_json(self.start.isoformat(), self.path)
