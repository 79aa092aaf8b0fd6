"""Rows that could not be typed, with the reason, where no KPI reads them."""

from __future__ import annotations

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.files import write_json
from mistwan_dagster.lake.folders import RawFolders


class Quarantine(RawFolders):
    """Keeps and tells refused rows."""

    def quarantine(self, endpoint: Endpoint, walk: str, number: int, rows: list[dict[str, str]]) -> None:
        """Keep rows that could not be typed, with the reason, where no KPI reads them."""
        if rows:
            write_json(rows, self.root / "quarantine" / endpoint.name / f"{walk}-{number:05d}.json")
