"""Snapshot slots: one whole walk of an endpoint a slot, the pages of broken walks, and how each walk went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.files import read_json, remove_tree, visible, write_json, write_parquet
from mistwan_dagster.lake.folders import RawFolders
from mistwan_dagster.lake.hours import HOUR, SLOT, floor_hour, hours_between

SLOT_COLUMN = {"slot_utc": pl.Datetime("us", "UTC")}


def newest_rows(endpoint: Endpoint, frame: pl.DataFrame) -> pl.DataFrame:
    """One row a natural key: the newest by the endpoint's clock, the last to arrive on a tie."""
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
    return frame.with_columns(pl.lit(slot).cast(SLOT_COLUMN["slot_utc"]).alias("slot_utc"))


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


class SnapshotSlots(RawFolders):
    """Reads and writes snapshots, partitioned by the slot that read them."""

    def slot_path(self, endpoint: Endpoint, slot: datetime) -> Path:
        """File of a whole walk; its report and its pages lie beside it."""
        return self.folder(endpoint, floor_hour(slot)) / f"slot-{slot:%H%M}.parquet"

    def add_page(
        self, endpoint: Endpoint, slot: datetime, walk: str, number: int, frame: pl.DataFrame
    ) -> None:
        """Put one page on disk before the next is asked for."""
        pages = self.slot_path(endpoint, slot).with_suffix(".pages") / walk
        write_parquet(_in_slot(frame, slot), pages / f"page-{number:05d}.parquet")

    def finish_slot(self, endpoint: Endpoint, report: SlotReport, frames: list[pl.DataFrame]) -> int:
        """Close a walk: a complete one replaces its slot, a broken one leaves its pages beside what is there.

        The order (data, report, then removal of pages) makes every instant of a kill readable. Returns the rows
        that the slot holds after natural-key de-duplication.
        """
        path = self.slot_path(endpoint, report.slot)
        previous = read_json(path.with_suffix(".json"))
        if report.complete:
            frame = pl.concat(frames) if frames else pl.DataFrame(schema=endpoint.schema)
            frame = newest_rows(endpoint, frame)
            write_parquet(_in_slot(frame, report.slot), path)
            self._write_report(path, report, frame.height)
            remove_tree(path.with_suffix(".pages"))
            return frame.height
        if not (previous and previous["complete"]):
            self._write_report(path, report, sum(f.height for f in frames))
        return sum(f.height for f in frames)

    def _write_report(self, path: Path, report: SlotReport, rows: int) -> None:
        write_json(
            {**report.__dict__, "rows": rows, "slot": report.slot.isoformat()}, path.with_suffix(".json")
        )

    def slot_files(self, endpoint: Endpoint, hour: datetime) -> list[tuple[datetime, list[Path]]]:
        """(slot, files) of an hour: the whole walk, or the pages of broken ones where no whole one exists."""
        folder = self.folder(endpoint, hour)
        whole = {p.stem: [p] for p in visible(folder, ".parquet")}
        for pages in visible(folder, ".pages"):
            broken = [f for walk in sorted(pages.iterdir()) for f in visible(walk, ".parquet")]
            if broken:
                whole.setdefault(pages.stem, broken)
        return [(hour.replace(minute=int(stem[-2:])), files) for stem, files in sorted(whole.items())]

    def scan_snapshots(self, endpoint: Endpoint, start: datetime, end: datetime) -> pl.LazyFrame:
        """Rows of all slots in [start, end) with their `slot_utc`; empty with the right columns when none."""
        found = [
            path
            for hour in hours_between(floor_hour(start), end)
            for slot, files in self.slot_files(endpoint, hour)
            if start <= slot < end
            for path in files
        ]
        if not found:
            return pl.LazyFrame(schema={**endpoint.schema, **SLOT_COLUMN})
        return pl.scan_parquet(found, glob=False)

    def latest_snapshot(
        self, endpoint: Endpoint, before: datetime, look_back_hours: int = 26
    ) -> pl.LazyFrame:
        """Newest whole slot that begins before `before`; empty when none within the look-back."""
        hour = floor_hour(before)
        for _ in range(look_back_hours):
            for slot, files in reversed(self.slot_files(endpoint, hour)):
                if slot < before and files[0].name.startswith("slot-"):
                    return self.scan_snapshots(endpoint, slot, slot + SLOT)
            hour -= HOUR
        return self.scan_snapshots(endpoint, before, before)

    def has_snapshot_in_hour(self, endpoint: Endpoint, hour: datetime) -> bool:
        """Whether a whole walk of that hour is stored."""
        return bool(visible(self.folder(endpoint, hour), ".parquet"))

    def reports(self, endpoint: Endpoint, start: datetime, end: datetime) -> dict[datetime, SlotReport]:
        """Slot reports of [start, end) by slot."""
        found = {}
        for hour in hours_between(floor_hour(start), end):
            for path in visible(self.folder(endpoint, hour), ".json"):
                value = read_json(path)
                if value is None:
                    continue
                slot = datetime.fromisoformat(value["slot"])
                if start <= slot < end:
                    found[slot] = SlotReport(**{**value, "slot": slot})
        return found
