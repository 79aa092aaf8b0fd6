"""Where the raw lake's rows are: what snapshots, events, series and quarantine have in common."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from filelock import FileLock

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.day_files import DayFile, Piece, day_paths, pieces_on_disk, read_day_file
from mistwan_dagster.lake.files import hour_label, read_json, visible, write_json
from mistwan_dagster.lake.horizon import Horizon


class RawFolders:
    """Partition folders below a lake root, and the day files that stand for them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.horizon = Horizon(root / "raw" / "retained_from.json")
        self._day_files: dict[Path, DayFile] = {}

    def endpoint_folder(self, endpoint: Endpoint) -> Path:
        """Folder of an endpoint."""
        return self.root / "raw" / endpoint.name

    def folder(self, endpoint: Endpoint, hour: datetime) -> Path:
        """Partition folder of an hour."""
        return self.endpoint_folder(endpoint) / f"hour={hour_label(hour)}"

    def note_not_served(self, endpoint: Endpoint, at: datetime, reason: str) -> None:
        """Record that the cloud refused the endpoint."""
        write_json(
            {"at": at.isoformat(), "reason": reason}, self.endpoint_folder(endpoint) / "not_served.json"
        )

    def not_served(self, endpoint: Endpoint) -> tuple[datetime, str] | None:
        """When and why the cloud last refused the endpoint, None when it never did."""
        noted = read_json(self.endpoint_folder(endpoint) / "not_served.json")
        return (datetime.fromisoformat(noted["at"]), noted["reason"]) if noted else None

    def alone(self, endpoint: Endpoint) -> FileLock:
        """For what is read, changed and written back: live and history walks of an endpoint may meet."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        return FileLock(locks / f"{endpoint.name}.lock")

    def day_file(self, folder: Path, day: date) -> DayFile | None:
        """The day file that counts, None when the day is not compacted."""
        paths = day_paths(folder).get(day)
        if not paths:
            return None
        if paths[-1] not in self._day_files:
            self._day_files[paths[-1]] = read_day_file(paths[-1])
        return self._day_files[paths[-1]]

    def pieces(self, endpoint: Endpoint, hour: datetime) -> list[Piece]:
        """What an hour consists of: first what its day file holds, then the small files that are not in it."""
        if hour < self.horizon.start:
            return []
        above, folder = self.endpoint_folder(endpoint), self.folder(endpoint, hour)
        files = visible(folder, ".parquet")
        for pages in visible(folder, ".pages"):
            files += [page for walk in visible(pages, "") for page in visible(walk, "")]
        small = pieces_on_disk(files)
        day = self.day_file(above, hour.date())
        if day is None:
            return small
        held = day.by_partition.get(folder.name, {})
        return [
            *(Piece(above / name, day.path, its_mark) for name, its_mark in held.items()),
            *(p for p in small if not day.replaces(p.origin.relative_to(above).as_posix(), p.mark)),
        ]

    def partition_hours(self, endpoint: Endpoint) -> list[datetime]:
        """Hours with a partition of this endpoint, ascending."""
        above = self.endpoint_folder(endpoint)
        names = {f.name for f in visible(above, "") if f.name.startswith("hour=")}
        for day in day_paths(above):
            found = self.day_file(above, day)
            names |= set(found.by_partition) if found else set()
        hours = (
            datetime.strptime(name.removeprefix("hour="), "%Y-%m-%dT%H").replace(tzinfo=UTC) for name in names
        )
        return sorted(hour for hour in hours if hour >= self.horizon.start)
