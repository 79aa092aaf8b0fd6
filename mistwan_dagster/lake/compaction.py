"""Compaction of the raw lake: a day's small files of an endpoint become one, and go when nobody reads them any more.

In two steps that may be a day apart. `compact_days` writes day files; from then on readers take the rows from
there. `sweep` deletes what day files stand for, once they are older than any reader that may have listed the small
files before. Each is done again where it was killed. How readers choose: `day_files.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import ENDPOINTS
from mistwan_dagster.lake.day_files import (
    DayFile,
    Piece,
    day_paths,
    next_day_path,
    pieces_of,
    read_day_file,
    scan_pieces,
    write_day_file,
)
from mistwan_dagster.lake.events import EVENT_HOUR
from mistwan_dagster.lake.files import (
    LakePath,
    listed_once,
    mark,
    name_below,
    remove_files,
    remove_unchanged,
    size_of,
)
from mistwan_dagster.lake.hours import hours_between
from mistwan_dagster.lake.raw import RawLake
from mistwan_dagster.lake.slots import SLOT_COLUMN

DAY = timedelta(days=1)
COMPACT_AFTER = timedelta(days=2)
"""A day is compacted this long after its end; what still arrives for it is read beside the day file."""
READERS_DONE_AFTER = timedelta(hours=1)
"""No reader holds a list of files for longer than this."""
LEFTOVER_AFTER = timedelta(days=1)
"""No write takes longer than this, so a hidden file of that age belongs to a killed one."""
LEFTOVER = re.compile(r"\..+\.\d+-[0-9a-f]{8}")


@dataclass(frozen=True)
class Compacted:
    """One day that became one file."""

    name: str
    day: date
    files: int
    bytes_before: int
    bytes_after: int


def compact_days(lake: RawLake, now: datetime) -> Iterator[Compacted]:
    """Write the day file of every day that ended `COMPACT_AFTER` ago or earlier and has files outside of one."""
    newest = (now - COMPACT_AFTER).date() - DAY
    for endpoint in ENDPOINTS.values():
        rows = _snapshot_rows if endpoint.in_slots else _event_rows
        days = {hour.date() for hour in lake.partition_hours(endpoint)}
        for day in sorted(d for d in days if d <= newest):
            yield from _compact(lake, lake.endpoint_folder(endpoint), day, rows, endpoint, now)
        for day in sorted(d for d in lake.quarantine_days(endpoint) if d <= newest):
            yield from _compact(lake, lake.quarantine_folder(endpoint), day, _quarantine_rows, endpoint, now)


@dataclass(frozen=True)
class _Rows:
    """Rows of a day, the pieces that they are in, and files of the day that hold no row of their own."""

    frame: pl.LazyFrame
    pieces: list[Piece]
    rowless: list[Piece] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)


def _snapshot_rows(lake: RawLake, endpoint: Endpoint, day: date) -> _Rows:
    start = datetime.combine(day, time(), UTC)
    hours = list(hours_between(start, start + DAY))
    rowless = pieces_of(p for hour in hours for p in lake.report_files(endpoint, hour))
    reports = [report.as_json() for report in lake.reports(endpoint, start, start + DAY).values()]
    found = lake.slot_pieces(endpoint, start, start + DAY)
    pieces = [piece for _, piece in found]
    chosen = set(pieces)
    all_pieces = (p for hour in hours for p in lake.pieces(endpoint, hour))
    outranked = [p for p in all_pieces if not p.compacted and p not in chosen]
    frame = scan_pieces(found, pl.col("slot_utc"), {**endpoint.schema, **SLOT_COLUMN})
    return _Rows(frame, pieces, rowless + outranked, reports)


def _event_rows(lake: RawLake, endpoint: Endpoint, day: date) -> _Rows:
    start = datetime.combine(day, time(), UTC)
    found = lake.event_pieces(endpoint, start, start + DAY)
    return _Rows(scan_pieces(found, EVENT_HOUR, endpoint.schema), [piece for _, piece in found])


def _quarantine_rows(lake: RawLake, endpoint: Endpoint, day: date) -> _Rows:
    folder = lake.quarantine_folder(endpoint)
    before = lake.day_file(folder, day)
    held = [Piece(folder / n, before.path, m) for n, m in before.absorbed.items()] if before else []
    fresh = lake.quarantine_pieces(endpoint, day)
    return _Rows(lake.quarantined(endpoint, day).lazy(), [*held, *fresh])


def _compact(
    lake: RawLake,
    folder: LakePath,
    day: date,
    rows_of: Callable[[RawLake, Endpoint, date], _Rows],
    endpoint: Endpoint,
    now: datetime,
) -> list[Compacted]:
    def names(pieces: list[Piece]) -> dict[str, str]:
        return {name_below(folder, piece.origin): piece.mark for piece in pieces}

    with listed_once(lake.root):
        rows, before = rows_of(lake, endpoint, day), lake.day_file(folder, day)
        path = next_day_path(folder, day)
    absorbed = names(rows.pieces)
    fresh = names([piece for piece in rows.pieces if not piece.compacted])
    fresh |= {n: m for n, m in names(rows.rowless).items() if not (before and before.replaces(n, m))}
    if not fresh:
        return []
    stood_for = {**before.superseded, **before.absorbed} if before else {}
    superseded = {n: m for n, m in {**stood_for, **fresh}.items() if n not in absorbed}
    write_day_file(DayFile(path, now, absorbed, superseded, rows.reports), rows.frame)
    sizes = sum(map(size_of, fresh.values())), size_of(mark(path))
    return [Compacted(name_below(lake.root, folder), day, len(fresh), *sizes)]


def sweep(lake: RawLake, now: datetime) -> int:
    """Delete files that a day file stands for, and day files that a later one outranks; returns how many went."""
    gone = 0
    for endpoint in ENDPOINTS.values():
        for folder in (lake.endpoint_folder(endpoint), lake.quarantine_folder(endpoint)):
            stood_for: dict[str, str] = {}
            outranked: list[LakePath] = []
            for *earlier, newest in day_paths(folder).values():
                content = read_day_file(newest)
                if now - content.written_at >= READERS_DONE_AFTER:
                    stood_for |= {**content.superseded, **content.absorbed}
                    outranked += earlier
            gone += remove_unchanged(folder, stood_for) + len(outranked)
            remove_files(outranked)
    return gone


def remove_leftovers(root: LakePath, now: datetime) -> int:
    """Delete hidden files of writes that were killed long ago; returns how many. An object store has none."""
    if not isinstance(root, Path):
        return 0
    gone = 0
    for path in root.rglob(".*"):
        with suppress(FileNotFoundError):
            age = now.timestamp() - path.stat().st_mtime
            if LEFTOVER.fullmatch(path.name) and path.is_file() and age > LEFTOVER_AFTER.total_seconds():
                path.unlink()
                gone += 1
    return gone
