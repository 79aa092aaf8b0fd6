"""Where the raw lake's rows are: what snapshots, events, series and quarantine have in common."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.day_files import DayFile, Piece, day_paths, pieces_of, read_day_file
from mistwan_dagster.lake.files import (
    LakePath,
    hour_label,
    listed_once,
    name_below,
    read_json,
    visible,
    write_json,
)
from mistwan_dagster.lake.horizon import Horizon
from mistwan_dagster.lake.listing import Listing
from mistwan_dagster.lake.locks import Lock, file_locks

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
Lake = TypeVar("Lake", bound="RawFolders")


def in_one_listing(
    method: Callable[Concatenate[Lake, Arguments], Answer],
) -> Callable[Concatenate[Lake, Arguments], Answer]:
    """For methods that look into many folders: an object store is asked once for all of them."""

    @wraps(method)
    def within(self: Lake, *arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        with listed_once(self.root):
            return method(self, *arguments, **named)

    return within


def _hour_of(folder_name: str) -> datetime:
    return datetime.strptime(folder_name.removeprefix("hour="), "%Y-%m-%dT%H").replace(tzinfo=UTC)


class RawFolders:
    """Partition folders below a lake root, and the day files that stand for them."""

    def __init__(self, root: LakePath, lock: Lock | None = None) -> None:
        """`lock` is by default one of files below the root, which an object store does not have."""
        self.root = root
        if lock is None and isinstance(root, Path):
            lock = file_locks(root / "locks")
        if lock is None:
            raise ValueError("a lake on an object store needs a lock")
        self._lock = lock
        self.horizon = Horizon(root / "raw" / "retained_from.json")
        self._day_files: dict[LakePath, DayFile] = {}
        self._listing: Listing[tuple[str, datetime], list[Piece]] = Listing(root)

    def endpoint_folder(self, endpoint: Endpoint) -> LakePath:
        """Folder of an endpoint."""
        return self.root / "raw" / endpoint.name

    def folder(self, endpoint: Endpoint, hour: datetime) -> LakePath:
        """Partition folder of an hour."""
        return self.endpoint_folder(endpoint) / f"hour={hour_label(hour)}"

    def listed_once(self) -> AbstractContextManager[None]:
        """A block in which an hour is listed once: a plan asks for it as itself and as both neighbours of others."""
        return self._listing.once()

    def note_not_served(self, endpoint: Endpoint, at: datetime, reason: str) -> None:
        """Record that the cloud refused the endpoint."""
        write_json(
            {"at": at.isoformat(), "reason": reason}, self.endpoint_folder(endpoint) / "not_served.json"
        )

    def not_served(self, endpoint: Endpoint) -> tuple[datetime, str] | None:
        """When and why the cloud last refused the endpoint, None when it never did."""
        noted = read_json(self.endpoint_folder(endpoint) / "not_served.json")
        return (datetime.fromisoformat(noted["at"]), noted["reason"]) if noted else None

    def alone(self, endpoint: Endpoint) -> AbstractContextManager[object]:
        """For what is read, changed and written back: live and history walks of an endpoint may meet."""
        return self._lock(endpoint.name)

    def day_file(self, folder: LakePath, day: date) -> DayFile | None:
        """The day file that counts, None when the day is not compacted."""
        paths = day_paths(folder).get(day)
        if not paths:
            return None
        if paths[-1] not in self._day_files:
            self._day_files[paths[-1]] = read_day_file(paths[-1])
        return self._day_files[paths[-1]]

    def pieces(self, endpoint: Endpoint, hour: datetime) -> list[Piece]:
        """What an hour consists of: first what its day file holds, then the small files that are not in it."""
        return self._listing.of((endpoint.name, hour), lambda: self._list(endpoint, hour))

    def _list(self, endpoint: Endpoint, hour: datetime) -> list[Piece]:
        if hour < self.horizon.start:
            return []
        above, folder = self.endpoint_folder(endpoint), self.folder(endpoint, hour)
        files = visible(folder, ".parquet")
        for pages in visible(folder, ".pages"):
            files += [page for walk in visible(pages, "") for page in visible(walk, "")]
        small = pieces_of(files)
        day = self.day_file(above, hour.date())
        if day is None:
            return small
        held = day.by_partition.get(folder.name, {})
        return [
            *(Piece(above / name, day.path, its_mark) for name, its_mark in held.items()),
            *(p for p in small if not day.replaces(name_below(above, p.origin), p.mark)),
        ]

    @in_one_listing
    def kept_since(self, endpoint: Endpoint) -> datetime | None:
        """Begin of the oldest partition, of a compacted day its midnight, None without any. No file is read."""
        above = self.endpoint_folder(endpoint)
        begins = [_hour_of(f.name) for f in visible(above, "") if f.name.startswith("hour=")]
        begins += [datetime(d.year, d.month, d.day, tzinfo=UTC) for d in day_paths(above)]
        return min((begin for begin in begins if begin >= self.horizon.start), default=None)

    @in_one_listing
    def partition_hours(self, endpoint: Endpoint) -> list[datetime]:
        """Hours with a partition of this endpoint, ascending."""
        above = self.endpoint_folder(endpoint)
        names = {f.name for f in visible(above, "") if f.name.startswith("hour=")}
        for day in day_paths(above):
            found = self.day_file(above, day)
            names |= set(found.by_partition) if found else set()
        return sorted(hour for hour in map(_hour_of, names) if hour >= self.horizon.start)
