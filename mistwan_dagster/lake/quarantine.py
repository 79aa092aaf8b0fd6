"""Rows that could not be typed, with the reason, where no KPI reads them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.day_files import Piece, Schema, day_paths, pieces_of, scan_files
from mistwan_dagster.lake.files import LakePath, read_json, visible, write_json
from mistwan_dagster.lake.folders import RawFolders, in_one_listing

QUARANTINE_SCHEMA: Schema = {
    "walk": pl.String,
    "walked_at": INSTANT,
    "row_json": pl.String,
    "reason": pl.String,
}
WALK_TIME = re.compile(r"walk-(\d{8}T\d{6})-")


def walked_at(name: str) -> datetime | None:
    """When a walk began, as the names of its files tell; None for another name."""
    match = WALK_TIME.match(name)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else None


class Quarantine(RawFolders):
    """Keeps and tells refused rows, by the day of the walk that met them."""

    def quarantine_folder(self, endpoint: Endpoint) -> LakePath:
        """Folder of an endpoint's refused rows."""
        return self.root / "quarantine" / endpoint.name

    def quarantine(self, endpoint: Endpoint, walk: str, number: int, rows: list[dict[str, str]]) -> None:
        """Keep rows that could not be typed, with the reason."""
        if rows:
            write_json(rows, self.quarantine_folder(endpoint) / f"{walk}-{number:05d}.json")

    @in_one_listing
    def quarantine_days(self, endpoint: Endpoint) -> set[date]:
        """Days with refused rows, also those that retention has given up."""
        folder = self.quarantine_folder(endpoint)
        told = {walked_at(path.name) for path in visible(folder, ".json")}
        return {instant.date() for instant in told if instant} | set(day_paths(folder))

    def quarantine_pieces(self, endpoint: Endpoint, day: date) -> list[Piece]:
        """Small files of a day that its day file does not hold."""
        folder = self.quarantine_folder(endpoint)
        found = visible(folder, ".json")
        small = pieces_of(p for p in found if (at := walked_at(p.name)) and at.date() == day)
        held = self.day_file(folder, day)
        return [piece for piece in small if not (held and held.replaces(piece.origin.name, piece.mark))]

    @in_one_listing
    def quarantined(self, endpoint: Endpoint, day: date) -> pl.DataFrame:
        """Refused rows of a day: walk, when it began, the row as JSON, the reason."""
        if day < self.horizon.start.date():
            return pl.DataFrame(schema=QUARANTINE_SCHEMA)
        held = self.day_file(self.quarantine_folder(endpoint), day)
        rows = [
            {"walk": piece.origin.stem, "walked_at": walked_at(piece.origin.name), **row}
            for piece in self.quarantine_pieces(endpoint, day)
            for row in read_json(piece.origin) or []
        ]
        fresh = pl.DataFrame(rows, schema=QUARANTINE_SCHEMA)
        return pl.concat([scan_files([held.path], QUARANTINE_SCHEMA).collect(), fresh]) if held else fresh
