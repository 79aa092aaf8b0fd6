"""A copy of what cannot be had again: the lake, what was computed from what, the published warehouse, who may ask.

It lies as the home does, so that copying it back is all that restoring takes. Files of the lake are added and renewed,
never deleted: a backup made after a loss keeps what was lost. Of the read API's tokens it has the file of their hashes.
Not in it: settings and secrets, the ledger of calls, Dagster's history of runs. Belongs here: which files, in which
order.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import replace_file, write_text
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.duckdb import published_version

ORDER = ("state/computed", "lake/kpi", "lake")
"""What says of figures that they are computed goes first, then figures, then what they are computed from: restored from
a backup that a run overtook, a figure is computed again rather than taken for newer than it is."""
PASSING = {"locks"}


@dataclass
class Copied:
    """Files that were copied, with their bytes, and files that the backup had already."""

    files: int = 0
    bytes: int = 0
    kept: int = 0


def back_up(settings: Settings, target: Path) -> Copied:
    """Bring the backup in `target` up to date. May run beside everything else, and again after it was cut off.

    Raises UserError when there is nothing to back up, when the target lies in the home, or cannot be written.
    """
    home, target = settings.home, target.expanduser().absolute()
    if settings.lake != home / "lake":
        raise UserError(
            "the lake is on an object store (MISTWAN_LAKE_URL): copy it with the store's own means",
            exit_code=2,
        )
    if not (home / "lake").is_dir():
        raise UserError(
            f"there is no lake in {home}: nothing to back up (MISTWAN_HOME is {settings.mistwan_home})"
        )
    if target == home or home in target.parents:
        raise UserError(
            f"{target} lies in MISTWAN_HOME: choose a folder elsewhere, best on another disk", exit_code=2
        )
    if target.exists() and not target.is_dir():
        raise UserError(f"{target} is a file: name a folder", exit_code=2)
    copied = Copied()
    for name in _files(settings):
        _copy(home / name, target / name, copied)
    _copy_published(settings.warehouse, target / settings.warehouse.relative_to(home), copied)
    return copied


def _copy_published(source: Path, target: Path, copied: Copied) -> None:
    """The copy that readers had, and its pointer only once it is there; that of the backup before goes."""
    number = published_version(source)
    if number is None:
        return
    name = f"serve-{number}.duckdb"
    _copy(source / name, target / name, copied)
    if (target / name).exists():
        write_text(f"{name}\n", target / "CURRENT")
        for old in target.glob("serve-*.duckdb"):
            if old.name != name:
                old.unlink(missing_ok=True)


def _files(settings: Settings) -> Iterator[Path]:
    """Relative to the home, in the order of copying."""
    home = settings.home
    seen = set[Path]()
    for part in ORDER:
        for folder, folders, names in os.walk(home / part):
            folders[:] = sorted(set(folders) - PASSING)
            for name in sorted(n for n in names if not n.startswith(".")):
                path = (Path(folder) / name).relative_to(home)
                if path not in seen:
                    seen.add(path)
                    yield path
    for path in (settings.dagster_home / "dagster.yaml", settings.api_tokens_file.absolute()):
        if path.is_relative_to(home) and path.exists():
            yield path.relative_to(home)


def _copy(source: Path, target: Path, copied: Copied) -> None:
    """Size and time of a file tell whether it is the same, here as everywhere in the lake, so the time goes with it.

    What others may not do with the file they may not do with its copy.
    """
    try:
        handle = source.open("rb")
    except FileNotFoundError:  # compaction or retention has just deleted it
        return
    with handle:
        status = os.fstat(handle.fileno())
        if target.exists():
            there = target.stat()
            if (there.st_size, there.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
                copied.kept += 1
                return

        def fill(temporary: Path) -> None:
            handle.seek(0)
            with temporary.open("wb") as out:
                shutil.copyfileobj(handle, out)
            temporary.chmod(stat.S_IMODE(status.st_mode & temporary.stat().st_mode))
            os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))

        replace_file(target, fill)
        copied.files += 1
        copied.bytes += status.st_size
