"""What lies on an object store: listings, and the states of objects.

A listing tells a thousand keys in the time of one request, so within a block (`listed_once`) each part of the lake is
listed once with all below it. Does not belong here: the objects' contents (`object_files.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from upath import UPath

from mistwan_dagster.errors import UserError

STATE = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime", "created")
"""What stores tell of an object, the first that is there: each changes when the content does."""

Entry = dict[str, Any] | None
"""What a store tells of an object; None for a folder."""


@contextmanager
def asking(path: UPath, *, missing: bool) -> Iterator[None]:
    """A refusal or a store that cannot be reached becomes one line; `missing` lets a key that is not there pass."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if missing and isinstance(error, FileNotFoundError):
            raise
        raise UserError(
            f"the lake's store failed at {path}: {str(error) or type(error).__name__}: "
            "check MISTWAN_LAKE_URL, the bucket and the credentials of the store; nothing acknowledged is lost"
        ) from error


@dataclass
class Listings:
    """What is known of the store while a block lasts: the tree below each endpoint or table, and what was read."""

    root: UPath
    trees: dict[str, dict[str, dict[str, Entry]]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def top(self, key: str) -> str | None:
        """The endpoint or table that a key belongs to: two names below the root; None above those."""
        root = self.root.path.rstrip("/")
        names = key.removeprefix(root).strip("/").split("/")
        return "/".join([root, *names[:2]]) if key.startswith(f"{root}/") and len(names) > 1 else None

    def children(self, folder: UPath) -> dict[str, Entry] | None:
        """Name -> entry of what lies in a folder, None when that is not for a block to know."""
        top = self.top(folder.path)
        if top is None:
            return None
        if top not in self.trees:
            self.trees[top] = tree_below(folder, top)
        return self.trees[top].get(folder.path, {})

    def forget(self, key: str) -> None:
        """After a write."""
        self.trees.pop(self.top(key) or "", None)
        self.contents.pop(key, None)


KNOWN: ContextVar[Listings | None] = ContextVar("listings", default=None)


@contextmanager
def listed_once(root: UPath) -> Iterator[None]:
    """Within the block a part of the lake is listed once, with all below it, and a file is read once.

    What others write meanwhile is not seen, what this block writes is. Blocks within a block are part of it.
    """
    known = KNOWN.get()
    if known is not None and known.root == root:
        yield
        return
    token = KNOWN.set(Listings(root))
    try:
        yield
    finally:
        KNOWN.reset(token)


def tree_below(path: UPath, top: str) -> dict[str, dict[str, Entry]]:
    """Folder -> name -> entry of everything below `top`, from one listing."""
    with asking(path, missing=False):
        found = path.fs.find(top, detail=True)
    tree: dict[str, dict[str, Entry]] = {}
    for key, entry in found.items():
        if not key.startswith(f"{top}/"):
            continue
        above, name = key.rsplit("/", 1)
        new_folder = above not in tree
        tree.setdefault(above, {})[name] = entry
        while new_folder and above != top:
            above, name = above.rsplit("/", 1)
            new_folder = above not in tree
            tree.setdefault(above, {})[name] = None
    return tree


def children(folder: UPath) -> dict[str, Entry]:
    """Name -> entry of what lies in a folder; empty when there is no such folder."""
    known = KNOWN.get()
    if known is not None and (found := known.children(folder)) is not None:
        return found
    try:
        with asking(folder, missing=True):
            listed = folder.fs.ls(folder.path, detail=True)
    except FileNotFoundError:
        return {}
    entries = {entry["name"].rstrip("/"): entry for entry in listed}
    return {
        key.rsplit("/", 1)[1]: None if entry["type"] == "directory" else entry
        for key, entry in entries.items()
        if key != folder.path
    }


def state_of(entry: Mapping[str, Any]) -> str:
    """Size and entity tag: the same as long as the content is. Times would do only down to the second."""
    told = next((entry[name] for name in STATE if entry.get(name) is not None), "")
    value = told.timestamp() if isinstance(told, datetime) else told
    return f"{entry['size']}|{str(value).strip(chr(34))}"


def state(path: UPath) -> str:
    """State of one object. Raises FileNotFoundError."""
    known = KNOWN.get()
    if known is not None and (siblings := known.children(path.parent)) is not None:
        entry = siblings.get(path.name)
        if entry is None:
            raise FileNotFoundError(str(path))
        return state_of(entry)
    with asking(path, missing=True):
        return state_of(path.fs.info(path.path))


def existing(paths: Iterable[UPath]) -> list[UPath]:
    """Those that are there, in their order; a listing for each folder."""
    folders: dict[str, dict[str, Entry]] = {}
    found = []
    for path in paths:
        above = path.parent
        if above.path not in folders:
            folders[above.path] = children(above)
        if path.name in folders[above.path]:
            found.append(path)
    return found
