"""Locks for what is read, changed and written back. Who waits for whom; does not belong here: what is locked.

A lock of a file holds on one machine and goes with its process, however that ends. Several machines on one lake need
Redis (`redis_locks.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock

from mistwan_dagster.errors import UserError

Lock = Callable[[str], AbstractContextManager[object]]
"""Name -> a block that no other holder of the name is in."""


class LockHeld(UserError):
    """Another process holds a lock, and goes on holding it."""


def file_locks(folder: Path) -> Lock:
    """Locks of files in a folder on disk."""

    def lock(name: str) -> FileLock:
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock")

    return lock
