"""The lake's files on an object store: S3, or any other store that fsspec knows.

Belongs here: what an object store does otherwise than a disk. A write is one put, which readers see whole or not at
all, so nothing is written aside or renamed; there are no folders, only keys that share a beginning; and each request
takes a while, so many keys are told by one listing (`object_listing.py`) and read or written at once. Credentials are
found by the store's own library. Does not belong here: where anything lies, and files on disk (`files.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from upath import UPath

from mistwan_dagster.lake.object_listing import KNOWN, asking, existing, state, state_of

NATIVE = ("s3", "s3a")
"""Stores that Polars reads by itself: only the columns and row groups that are asked for."""
AMAZON = ".amazonaws.com"
SMALL_BYTES = 1024
"""Objects of this size are remembered by a process for as long as the store lists them in the same state."""
_REMEMBERED: dict[str, tuple[str, bytes]] = {}


def below(folder: UPath) -> dict[str, dict[str, Any]]:
    """Key -> entry of every object in a folder and the folders in it; of the object itself when it is one."""
    try:
        with asking(folder, missing=True):
            return folder.fs.find(folder.path, detail=True)
    except FileNotFoundError:
        return {}


def get(path: UPath) -> bytes:
    """Content of an object in one request, so never half old and half new. Raises FileNotFoundError."""
    known = KNOWN.get()
    if known is not None and path.path in known.contents:
        return known.contents[path.path]
    with asking(path, missing=True):
        content = path.fs.cat_file(path.path)
    if known is not None:
        known.contents[path.path] = content
    return content


def get_all(paths: list[UPath]) -> dict[UPath, bytes]:
    """Contents of many objects, read at once; those that are gone are left out.

    Where a listing tells their states, small ones that were read before are not asked for again.
    """
    states: dict[UPath, str] = {}
    if KNOWN.get() is not None:
        paths = existing(paths)
        states = {path: state(path) for path in paths}
    found = {p: kept[1] for p in paths if (kept := _REMEMBERED.get(str(p))) and kept[0] == states.get(p)}
    wanted = [path for path in paths if path not in found]
    if wanted:
        with asking(wanted[0], missing=False):
            answers = wanted[0].fs.cat([path.path for path in wanted], on_error="return")
            for answer in answers.values():
                if isinstance(answer, Exception) and not isinstance(answer, FileNotFoundError):
                    raise answer
        found |= {path: answers[path.path] for path in wanted if isinstance(answers[path.path], bytes)}
    for path in wanted:
        if path in states and path in found and len(found[path]) <= SMALL_BYTES:
            _REMEMBERED[str(path)] = (states[path], found[path])
    return found


def put_all(contents: Mapping[UPath, bytes]) -> None:
    """Replace objects, each by one put. Raises UserError when the store refuses."""
    known = KNOWN.get()
    for path in contents:
        if known is not None:
            known.forget(path.path)
    first = next(iter(contents), None)
    if first is not None:
        with asking(first, missing=False):
            first.fs.pipe({path.path: content for path, content in contents.items()})


def upload(path: UPath, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file on local disk, then put it in place whole."""
    with TemporaryDirectory(prefix="mistwan-") as folder:
        target = Path(folder) / path.name
        write(target)
        put_all({path: target.read_bytes()})


def delete(beside: UPath, keys: Iterable[str]) -> None:
    """Delete objects of the store of `beside`; those that are gone already are no mistake."""
    known, doomed = KNOWN.get(), list(keys)
    if known is not None:
        for key in doomed:
            known.forget(key)
    with asking(beside, missing=False):
        if beside.fs.async_impl:
            beside.fs.rm(doomed)  # a thousand at once
            return
        for key in doomed:
            with suppress(FileNotFoundError):
                beside.fs.rm_file(key)


def remove(path: UPath) -> list[int]:
    """Delete an object, or a folder with all in it; returns the sizes of what went."""
    found = below(path)
    if found:
        delete(path, found)
    return [entry["size"] for entry in found.values()]


def remove_unchanged(folder: UPath, states: Mapping[str, str]) -> int:
    """Delete the objects that are still in the state they were seen in, by their name below `folder`."""
    if not states:
        return 0
    start = f"{folder.path}/"
    now = {key.removeprefix(start): state_of(entry) for key, entry in below(folder).items()}
    doomed = [name for name, its_state in states.items() if now.get(name) == its_state]
    if doomed:
        delete(folder, (f"{start}{name}" for name in doomed))
    return len(doomed)


def polars_source(paths: list[UPath]) -> tuple[Any, dict[str, str] | None]:
    """Where Polars reads objects from, with its storage options: their URLs, or their contents."""
    if paths[0].protocol not in NATIVE:
        contents = get_all(paths)
        gone = [path for path in paths if path not in contents]
        if gone:
            raise FileNotFoundError(str(gone[0]))
        return [BytesIO(contents[path]) for path in paths], None
    with asking(paths[0], missing=False):
        client = paths[0].fs.s3.meta
    options = {"allow_http": "true"}
    if client.region_name and client.region_name != "aws-global":
        options["aws_region"] = client.region_name
    if not (urlsplit(client.endpoint_url).hostname or "").endswith(AMAZON):
        options["aws_endpoint_url"] = client.endpoint_url
    return [str(path) for path in paths], options
