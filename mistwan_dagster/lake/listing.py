"""What a lake was seen to hold, remembered while a block lasts.

Belongs here: for how long. Does not belong here: what is looked for (`kpi`, `folders`), listings of an object store
(`object_listing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from mistwan_dagster.lake.files import LakePath, listed_once

Key = TypeVar("Key")
Found = TypeVar("Found")


class Listing(Generic[Key, Found]):
    """Each part of a lake is looked at once within a block, and whenever it is asked for outside of one."""

    def __init__(self, root: LakePath) -> None:
        self._root = root
        self._known: dict[Key, Found] | None = None

    @contextmanager
    def once(self) -> Iterator[None]:
        """Such a block; nothing is to be written meanwhile. Blocks within a block are part of it."""
        if self._known is not None:
            yield
            return
        self._known = {}
        try:
            with listed_once(self._root):
                yield
        finally:
            self._known = None

    def of(self, key: Key, look: Callable[[], Found]) -> Found:
        """What `look` finds now, or found in this block."""
        if self._known is None:
            with listed_once(self._root):
                return look()
        if key not in self._known:
            self._known[key] = look()
        return self._known[key]
