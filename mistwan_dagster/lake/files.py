"""The lake's files: every way in which it touches them, on disk or on an object store. Nothing else opens one.

A reader sees a whole file or none. On disk content goes to a hidden sibling, is fsynced, and is renamed over the
target; the folder is fsynced too, so that an acknowledged write survives a power cut. On an object store the same
is one put (`object_files.py`). No folder is ever renamed.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
from upath import UPath

from mistwan_dagster.lake import object_files, object_listing
from mistwan_dagster.lake.write_errors import clear_write_error

LakePath = Path | UPath
"""Where something of the lake lies: a plain `Path` on disk, a `UPath` on an object store."""


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: LakePath, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file on disk, then put it in place of `path` atomically and durably.

    Raises UserError naming the path when the disk is full, the quota is used up, the place is not writable or the
    object store refuses.
    """
    if not isinstance(path, Path):
        object_files.upload(path, write)
        return
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
        clear = clear_write_error(path, error)
        temporary.unlink(missing_ok=True)
        if clear is None:
            raise
        raise clear from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_parquet(frame: pl.DataFrame, path: LakePath) -> None:
    """Replace `path` by the frame (zstd)."""
    replace_file(path, lambda target: frame.write_parquet(target, compression="zstd", compression_level=1))


def write_arrow(frame: pl.DataFrame, path: LakePath) -> None:
    """Replace `path` by the frame as an Arrow stream: for what goes soon, in a fraction of the time."""
    replace_file(path, frame.write_ipc_stream)


def write_json(value: Any, path: LakePath) -> None:
    """Replace `path` by the value as JSON."""
    write_text(json.dumps(value, sort_keys=True, default=str), path)


def write_text(text: str, path: LakePath) -> None:
    """Replace `path` by the text."""
    write_texts({path: text})


def write_texts(texts: Mapping[LakePath, str]) -> None:
    """Replace each path by its text, each atomically; on an object store many at once."""
    object_files.put_all({p: text.encode() for p, text in texts.items() if not isinstance(p, Path)})
    for path, text in texts.items():
        if isinstance(path, Path):
            replace_file(path, partial(_write_text, text))


def _write_text(text: str, target: Path) -> None:
    target.write_text(text, encoding="utf-8")


def read_texts(paths: Iterable[LakePath]) -> dict[LakePath, str]:
    """Texts of the files that are there; from an object store many at once."""
    found: dict[LakePath, str] = {}
    stored = []
    for path in paths:
        if not isinstance(path, Path):
            stored.append(path)
            continue
        with suppress(FileNotFoundError):
            found[path] = path.read_text(encoding="utf-8")
    return found | {path: content.decode() for path, content in object_files.get_all(stored).items()}


def read_json(path: LakePath) -> Any | None:
    """The value, or None when there is no such file."""
    try:
        return json.loads(path.read_bytes() if isinstance(path, Path) else object_files.get(path))
    except FileNotFoundError:
        return None


def read_parquet(path: LakePath) -> pl.DataFrame:
    """Rows of one file as it was at one instant. Raises FileNotFoundError."""
    if isinstance(path, Path):
        return pl.read_parquet(path, glob=False)
    return pl.read_parquet(BytesIO(object_files.get(path)))


def scan_parquet(paths: Iterable[LakePath], **options: Any) -> pl.LazyFrame:
    """Rows of one or more files, read when they are collected."""
    found = list(paths)
    stored = [path for path in found if not isinstance(path, Path)]
    if not stored:
        return pl.scan_parquet([str(path) for path in found], glob=False, **options)
    sources, access = object_files.polars_source(stored)
    return pl.scan_parquet(sources, glob=False, storage_options=access, **options)


def parquet_metadata(path: LakePath) -> dict[str, str]:
    """What the footer of a file says besides its columns."""
    if isinstance(path, Path):
        return pl.read_parquet_metadata(path)
    sources, access = object_files.polars_source([path])
    return pl.read_parquet_metadata(sources[0], storage_options=access)


def read_arrow(path: LakePath) -> pl.DataFrame:
    """Rows of an Arrow stream."""
    return pl.read_ipc_stream(path if isinstance(path, Path) else BytesIO(object_files.get(path)))


def listed_once(root: LakePath) -> AbstractContextManager[None]:
    """A block in which each part of a lake on an object store is listed once; on disk it changes nothing."""
    return nullcontext() if isinstance(root, Path) else object_listing.listed_once(root)


def visible(folder: LakePath, suffix: str) -> list[LakePath]:
    """Sorted files of `folder` that end in `suffix`, without the hidden ones of writes under way."""
    try:
        names = os.listdir(folder) if isinstance(folder, Path) else object_listing.children(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names) if name.endswith(suffix) and not name.startswith(".")]


def existing(paths: Iterable[LakePath]) -> list[LakePath]:
    """Those of the paths at which there is a file, in their order."""
    wanted = list(paths)
    stored = set(object_listing.existing(path for path in wanted if not isinstance(path, Path)))
    return [path for path in wanted if (path.exists() if isinstance(path, Path) else path in stored)]


def mark(path: LakePath) -> str:
    """Size, and modification time or entity tag: with its path they tell whether a file is the one seen before.

    Raises FileNotFoundError.
    """
    if not isinstance(path, Path):
        return object_listing.state(path)
    status = path.stat()
    return f"{status.st_size}|{status.st_mtime_ns}"


def size_of(its_mark: str) -> int:
    """Bytes of the file that has this mark."""
    return int(its_mark.split("|")[0])


def name_below(folder: LakePath, path: LakePath) -> str:
    """Name of a path relative to a folder above it: `hour=2025-01-01T10/slot-1000.parquet`."""
    return str(path).removeprefix(str(folder)).lstrip("/")


def remove_tree(folder: LakePath) -> None:
    """Delete a folder if it is there."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        object_files.remove(folder)


def remove_files(paths: Iterable[LakePath]) -> None:
    """Delete files if they are there."""
    stored = []
    for path in paths:
        if isinstance(path, Path):
            path.unlink(missing_ok=True)
        else:
            stored.append(path)
    if stored:
        object_files.delete(stored[0], [path.path for path in stored])


def remove_if_empty(folder: LakePath) -> None:
    """Delete a folder in which nothing is left; an object store has none."""
    if isinstance(folder, Path):
        with suppress(OSError):
            folder.rmdir()


def remove(path: LakePath) -> list[int]:
    """Delete a file or folder; returns the sizes of the files that went."""
    if not isinstance(path, Path):
        return object_files.remove(path)
    files = [f for f in path.rglob("*") if f.is_file()] if path.is_dir() else [path]
    sizes = []
    for file in files:
        with suppress(FileNotFoundError):
            sizes.append(file.stat().st_size)
            file.unlink()
    remove_tree(path)
    return sizes


def remove_unchanged(folder: LakePath, marks: Mapping[str, str]) -> int:
    """Delete the files, by name below `folder`, that still have the mark given for them; returns how many went."""
    if not isinstance(folder, Path):
        return object_files.remove_unchanged(folder, marks)
    return sum(_remove_unchanged(folder, name, its_mark) for name, its_mark in marks.items())


def _remove_unchanged(folder: Path, name: str, its_mark: str) -> bool:
    """Delete the file if it is still the one with that mark, and folders that it leaves empty."""
    path = folder / name
    with suppress(FileNotFoundError, NotADirectoryError):
        if mark(path) != its_mark:
            return False
        path.unlink()
        with suppress(OSError):
            for parent in path.relative_to(folder).parents[:-1]:
                (folder / parent).rmdir()
        return True
    return False


def hour_label(hour: datetime) -> str:
    """Partition folder of an hour: `2025-01-01T10`."""
    return hour.strftime("%Y-%m-%dT%H")


def period_label(period: str, start: datetime) -> str:
    """Partition of a day, week or month: `day-2025-01-01`."""
    return f"{period}-{start:%Y-%m-%d}"
