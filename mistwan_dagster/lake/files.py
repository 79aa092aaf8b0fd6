"""Atomic, durable file writes. Nothing else in the lake opens a file for writing.

A reader sees a whole file or none: content goes to a hidden sibling, is fsynced, and is renamed over the
target; the folder is fsynced too, so that an acknowledged write survives a power cut.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from mistwan_dagster.errors import UserError

LEAST_FREE_BYTES = 64 * 1024
"""A write that fails with less than this left has failed for lack of room."""


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a hidden sibling of `path`, then put it in place atomically and durably.

    Raises UserError naming the path when the disk is full, the quota is used up or the place is not writable.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
        except FileNotFoundError:  # compaction has just removed the empty folder
            path.parent.mkdir(parents=True, exist_ok=True)
            write(temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except Exception as error:
        clear = disk_error(path, error) if isinstance(error, OSError) or _is_disk_full(path, error) else None
        temporary.unlink(missing_ok=True)
        if clear is None:
            raise
        raise clear from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _is_disk_full(path: Path, error: Exception) -> bool:
    """By what the error says, or, as libraries say it in words of their own, by what is left."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return True
    if any(words in str(error) for words in ("No space left", "disk is full")):
        return True
    folder = next(p for p in (path, *path.parents) if p.is_dir())
    return shutil.disk_usage(folder).free < LEAST_FREE_BYTES


def disk_error(path: Path, error: Exception) -> UserError:
    """The clear form of a failed write. Ask for it before what was written half is removed."""
    if _is_disk_full(path, error):
        return UserError(
            f"disk full while writing {path}: free some space and run the command again; nothing is lost"
        )
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return UserError(f"cannot write {path}: {reason}: check free space, MISTWAN_HOME and its permissions")


def failed_write(error: BaseException) -> OSError | sqlite3.Error | None:
    """The failed write behind an error, when a library wrapped one and says so."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError | sqlite3.Error):
        cause = cause.__cause__
    return cause


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Replace `path` by the frame (zstd)."""
    replace_file(path, lambda target: frame.write_parquet(target, compression="zstd", compression_level=1))


def write_arrow(frame: pl.DataFrame, path: Path) -> None:
    """Replace `path` by the frame as an Arrow stream: for what goes soon, in a fraction of the time."""
    replace_file(path, frame.write_ipc_stream)


def write_json(value: Any, path: Path) -> None:
    """Replace `path` by the value as JSON."""
    replace_file(path, lambda target: _write_text(target, json.dumps(value, sort_keys=True, default=str)))


def write_text(text: str, path: Path) -> None:
    """Replace `path` by the text."""
    replace_file(path, lambda target: _write_text(target, text))


def _write_text(target: Path, text: str) -> None:
    target.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any | None:
    """The value, or None when there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def remove_tree(folder: Path) -> None:
    """Delete a folder if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def visible(folder: Path, suffix: str) -> list[Path]:
    """Sorted files of `folder` that end in `suffix`, without the hidden ones of writes under way."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names) if name.endswith(suffix) and not name.startswith(".")]


def hour_label(hour: datetime) -> str:
    """Partition folder of an hour: `2025-01-01T10`."""
    return hour.strftime("%Y-%m-%dT%H")


def period_label(period: str, start: datetime) -> str:
    """Partition of a day, week or month: `day-2025-01-01`."""
    return f"{period}-{start:%Y-%m-%d}"
