"""What a failed write to disk is told as: one line that names the file and the mend.

Belongs here: recognizing the system's refusal, also behind a library's own words. Does not belong here: writing
(`files.py`), and errors of an object store (`object_files.py`).
"""

from __future__ import annotations

import errno
import re
import shutil
import sqlite3
from pathlib import Path

import polars as pl

from mistwan_dagster.errors import UserError

LEAST_FREE_BYTES = 64 * 1024
"""A write that fails with less than this left has failed for lack of room."""
POLARS_REFUSED = re.compile(r"IO error: .*\(os error (\d{1,4})\)")


def disk_error(path: Path, error: Exception) -> UserError:
    """The clear form of a failed write. Ask for it before what was written half is removed."""
    if _is_disk_full(path, error):
        return UserError(
            f"disk full while writing {path}: free some space and run the command again; nothing is lost"
        )
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return UserError(f"cannot write {path}: {reason}: check free space, MISTWAN_HOME and its permissions")


def clear_write_error(path: Path, error: Exception) -> UserError | None:
    """The same for whatever went wrong while `path` was written; None when it was not the disk."""
    refused = failed_write(error)
    return disk_error(path, refused or error) if refused or _is_disk_full(path, error) else None


def failed_write(error: BaseException) -> OSError | sqlite3.Error | None:
    """The system's refusal behind an error: itself, its cause, or what Polars tells of it in words of its own.

    What already is a UserError is not looked behind: it is clear.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, UserError):
        if isinstance(cause, OSError | sqlite3.Error):
            return cause
        told = POLARS_REFUSED.search(str(cause)) if isinstance(cause, pl.exceptions.ComputeError) else None
        if told:
            return OSError(int(told[1]), str(cause))
        cause = cause.__cause__
    return None


def _is_disk_full(path: Path, error: Exception) -> bool:
    """By what the error says, or, as libraries say it in words of their own, by what is left."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return True
    if any(words in str(error) for words in ("No space left", "disk is full")):
        return True
    folder = next(p for p in (path, *path.parents) if p.is_dir())
    return shutil.disk_usage(folder).free < LEAST_FREE_BYTES
