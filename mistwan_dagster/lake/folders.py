"""Where the raw lake's folders are: what snapshots, events, series and quarantine have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.files import hour_label, visible


class RawFolders:
    """Partition folders below a lake root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, endpoint: Endpoint, hour: datetime) -> Path:
        """Partition folder of an hour."""
        return self.root / "raw" / endpoint.name / f"hour={hour_label(hour)}"

    def partition_hours(self, endpoint: Endpoint) -> list[datetime]:
        """Hours with a partition of this endpoint, ascending."""
        folders = visible(self.root / "raw" / endpoint.name, "")
        return [
            datetime.strptime(f.name.removeprefix("hour="), "%Y-%m-%dT%H").replace(tzinfo=UTC)
            for f in folders
            if f.name.startswith("hour=")
        ]
