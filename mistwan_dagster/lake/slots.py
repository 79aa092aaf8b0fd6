"""Snapshot slots: one whole walk of an endpoint a slot, the pages of broken walks, and how each walk went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.day_files import Piece, scan_pieces
from mistwan_dagster.lake.files import (
    LakePath,
    name_below,
    read_json,
    remove_tree,
    visible,
    write_arrow,
    write_json,
    write_parquet,
)
from mistwan_dagster.lake.folders import RawFolders, in_one_listing
from mistwan_dagster.lake.hours import HOUR, SLOT, floor_hour, hours_between

SLOT_COLUMN = {"slot_utc": pl.Datetime("us", "UTC")}


def newest_rows(endpoint: Endpoint, frame: pl.DataFrame) -> pl.DataFrame:
    """One row a natural key: the newest by the endpoint's clock, the last to arrive on a tie."""
    if frame.select(pl.struct(endpoint.key).is_unique().all()).item():
        return frame
    order = [c for c in (endpoint.newest_by, "received_at") if c]
    return (
        frame.with_row_index("_arrival")
        .sort([*order, "_arrival"], nulls_last=False)
        .unique(subset=list(endpoint.key), keep="last")
        .sort("_arrival")
        .drop("_arrival")
    )


def _in_slot(frame: pl.DataFrame, slot: datetime) -> pl.DataFrame:
    """The slot is stored in each row: hundreds of files are then one scan, not hundreds of plans."""
    column = pl.Series("slot_utc", [slot], SLOT_COLUMN["slot_utc"])
    return frame.hstack([column.new_from_index(0, frame.height)])


@dataclass(frozen=True)
class SlotReport:
    """How the walk of one snapshot slot went."""

    endpoint: str
    slot: datetime
    complete: bool
    rows: int
    pages: int
    total: int | None
    quarantined: int
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Its fields with the slot as text."""
        return {**self.__dict__, "slot": self.slot.isoformat()}


@dataclass(frozen=True)
class Slot:
    """The rows of a slot: of one whole walk, or the pages of broken ones."""

    slot: datetime
    whole: bool
    pieces: list[Piece]


class SnapshotSlots(RawFolders):
    """Reads and writes snapshots, partitioned by the slot that read them."""

    def slot_path(self, endpoint: Endpoint, slot: datetime) -> LakePath:
        """File of a whole walk; its report and its pages lie beside it."""
        return self.folder(endpoint, floor_hour(slot)) / f"slot-{slot:%H%M}.parquet"

    def add_page(
        self, endpoint: Endpoint, slot: datetime, walk: str, number: int, frame: pl.DataFrame
    ) -> None:
        """Put one page on disk before the next is asked for."""
        pages = self.slot_path(endpoint, slot).with_suffix(".pages") / walk
        write_arrow(_in_slot(frame, slot), pages / f"page-{number:05d}.arrows")

    def finish_slot(self, endpoint: Endpoint, report: SlotReport, frames: list[pl.DataFrame]) -> int:
        """Close a walk: a complete one replaces its slot, a broken one leaves its pages beside what is there.

        The order (data, report, then removal of pages) makes every instant of a kill readable. Returns the rows
        that the slot holds after natural-key de-duplication.
        """
        path = self.slot_path(endpoint, report.slot)
        previous = self.reports(endpoint, report.slot, report.slot + SLOT).get(report.slot)
        if report.complete:
            frame = pl.concat(frames) if frames else pl.DataFrame(schema=endpoint.schema)
            frame = newest_rows(endpoint, frame)
            write_parquet(_in_slot(frame, report.slot), path)
            self._write_report(path, report, frame.height)
            remove_tree(path.with_suffix(".pages"))
            return frame.height
        if not (previous and previous.complete):
            self._write_report(path, report, sum(f.height for f in frames))
        return sum(f.height for f in frames)

    def _write_report(self, path: LakePath, report: SlotReport, rows: int) -> None:
        write_json(replace(report, rows=rows).as_json(), path.with_suffix(".json"))

    def slots(self, endpoint: Endpoint, hour: datetime) -> list[Slot]:
        """Slots of an hour, ascending: the whole walk, or the pages of broken ones where no whole one exists."""
        by_stem: dict[str, list[Piece]] = {}
        folder = self.folder(endpoint, hour)
        for piece in self.pieces(endpoint, hour):
            stem = name_below(folder, piece.origin).split("/")[0].split(".")[0]
            by_stem.setdefault(stem, []).append(piece)
        found = []
        for stem, pieces in sorted(by_stem.items()):
            whole = [piece for piece in pieces if piece.origin.parent == folder]
            # The last whole one: a slot that was read again after its day was compacted is on disk.
            found.append(Slot(hour.replace(minute=int(stem[-2:])), bool(whole), whole[-1:] or pieces))
        return found

    def slot_files(self, endpoint: Endpoint, hour: datetime) -> list[tuple[datetime, list[LakePath]]]:
        """(slot, files that hold its rows) of an hour; a day file holds other slots too."""
        return [(s.slot, [piece.path for piece in s.pieces]) for s in self.slots(endpoint, hour)]

    @in_one_listing
    def slot_pieces(self, endpoint: Endpoint, start: datetime, end: datetime) -> list[tuple[datetime, Piece]]:
        """(slot, piece) of every slot in [start, end), ascending."""
        return [
            (found.slot, piece)
            for hour in hours_between(floor_hour(start), end)
            for found in self.slots(endpoint, hour)
            if start <= found.slot < end
            for piece in found.pieces
        ]

    def scan_snapshots(self, endpoint: Endpoint, start: datetime, end: datetime) -> pl.LazyFrame:
        """Rows of all slots in [start, end) with their `slot_utc`; empty with the right columns when none."""
        pieces = self.slot_pieces(endpoint, start, end)
        return scan_pieces(pieces, pl.col("slot_utc"), {**endpoint.schema, **SLOT_COLUMN})

    @in_one_listing
    def latest_snapshot(
        self, endpoint: Endpoint, before: datetime, look_back_hours: int = 26
    ) -> pl.LazyFrame:
        """Newest whole slot that begins before `before`; empty when none within the look-back."""
        hour = floor_hour(before)
        for _ in range(look_back_hours):
            for found in reversed(self.slots(endpoint, hour)):
                if found.slot < before and found.whole:
                    return self.scan_snapshots(endpoint, found.slot, found.slot + SLOT)
            hour -= HOUR
        return self.scan_snapshots(endpoint, before, before)

    def has_snapshot_in_hour(self, endpoint: Endpoint, hour: datetime) -> bool:
        """Whether a whole walk of that hour is stored."""
        return any(found.whole for found in self.slots(endpoint, hour))

    def report_files(self, endpoint: Endpoint, hour: datetime) -> list[LakePath]:
        """Reports of an hour that are files of their own."""
        return visible(self.folder(endpoint, hour), ".json") if hour >= self.horizon.start else []

    @in_one_listing
    def reports(self, endpoint: Endpoint, start: datetime, end: datetime) -> dict[datetime, SlotReport]:
        """Slot reports of [start, end) by slot; a file outranks what a day file tells, as it is not older."""
        values: list[dict[str, Any]] = []
        hours = list(hours_between(floor_hour(start), end))
        for day in sorted({hour.date() for hour in hours if hour >= self.horizon.start}):
            compacted = self.day_file(self.endpoint_folder(endpoint), day)
            values += compacted.reports if compacted else []
        values += [
            v for h in hours for p in self.report_files(endpoint, h) if (v := read_json(p)) is not None
        ]
        reports = (SlotReport(**{**v, "slot": datetime.fromisoformat(v["slot"])}) for v in values)
        return {report.slot: report for report in reports if start <= report.slot < end}
