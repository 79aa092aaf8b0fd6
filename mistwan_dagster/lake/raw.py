"""The raw part of the lake: what the API told, as it told it.

Layout below the lake's root:

    raw/<endpoint>/hour=<H>/slot-<HHMM>.parquet            one whole snapshot walk
    raw/<endpoint>/hour=<H>/slot-<HHMM>.json               how that walk went
    raw/<endpoint>/hour=<H>/slot-<HHMM>.pages/<walk>/...   pages of a walk under way or broken off
    raw/<endpoint>/hour=<H>/<walk>-<page>.parquet          events that happened in H, each stored once
    raw/<endpoint>/day=<D>/bins.parquet                    history series
    quarantine/<endpoint>/<walk>-<page>.json               rows that could not be typed, with the reason

Snapshots are partitioned by the slot that read them, events by the hour in which they happened: a late event
touches just the partition it belongs to. Does not belong here: requests, and what a value means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import polars as pl
from filelock import FileLock

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.files import (
    hour_label,
    read_json,
    remove_tree,
    visible,
    write_json,
    write_parquet,
)

HOUR = timedelta(hours=1)
SLOT = timedelta(minutes=5)
SLOT_COLUMN = {"slot_utc": pl.Datetime("us", "UTC")}
SPAN_FORMAT = "%Y%m%dT%H"

Span = tuple[datetime, datetime]
"""Half-open: [from, to)."""


def floor_slot(instant: datetime) -> datetime:
    """Start of the five-minute slot that contains `instant`."""
    return datetime.fromtimestamp(instant.timestamp() // SLOT.total_seconds() * SLOT.total_seconds(), UTC)


def floor_hour(instant: datetime) -> datetime:
    """Start of the UTC hour that contains `instant`."""
    return datetime.fromtimestamp(instant.timestamp() // 3600 * 3600, UTC)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Each whole hour that begins in [start, end)."""
    hour = floor_hour(start)
    if hour < start:
        hour += HOUR
    while hour < end:
        yield hour
        hour += HOUR


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


@lru_cache(maxsize=64)
def _bin_marks(path: Path, _modified_ns: int, _size: int) -> dict[datetime, str]:
    """Remembered by the file's state: sensors ask every few seconds."""
    bins = pl.scan_parquet(path, glob=False).group_by("bin_start").agg(pl.len(), pl.col("received_at").max())
    return {start: f"{count} bins until {newest}" for start, count, newest in bins.collect().iter_rows()}


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


class RawLake:
    """Reads and writes `raw/` and `quarantine/` below a lake root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, endpoint: Endpoint, hour: datetime) -> Path:
        """Partition folder of an hour."""
        return self.root / "raw" / endpoint.name / f"hour={hour_label(hour)}"

    # --- snapshots -------------------------------------------------------------------------------------

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

    def _alone(self, endpoint: Endpoint) -> FileLock:
        """For what is read, changed and written back: live and history walks of an endpoint may meet."""
        folder = self.root / "raw" / endpoint.name
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / ".lock")

    # --- events ----------------------------------------------------------------------------------------

    def add_events(
        self, endpoint: Endpoint, walk: str, number: int, frame: pl.DataFrame
    ) -> dict[datetime, int]:
        """Store the events of a page that are not stored yet; returns new rows by the hour of the event."""
        added: dict[datetime, int] = {}
        by_hour = frame.with_columns(
            pl.from_epoch((pl.col("timestamp") * 1e6).cast(pl.Int64), time_unit="us")
            .dt.replace_time_zone("UTC")
            .dt.truncate("1h")
            .alias("_hour")
        )
        for (hour,), rows in by_hour.group_by("_hour", maintain_order=True):
            assert isinstance(hour, datetime)
            rows = rows.drop("_hour").unique(subset=list(endpoint.key), keep="first", maintain_order=True)
            with self._alone(endpoint):
                known = self.scan_events(endpoint, hour, hour + HOUR).select(endpoint.key).collect()
                fresh = rows.join(known, on=list(endpoint.key), how="anti", nulls_equal=True)
                if fresh.height:
                    write_parquet(fresh, self.folder(endpoint, hour) / f"{walk}-{number:05d}.parquet")
                    added[hour] = fresh.height
        return added

    def scan_events(self, endpoint: Endpoint, start: datetime, end: datetime) -> pl.LazyFrame:
        """Events whose hour lies in [start, end); `end` is rounded up to a whole hour."""
        files = [
            f
            for h in hours_between(floor_hour(start), end)
            for f in visible(self.folder(endpoint, h), ".parquet")
        ]
        if not files:
            return pl.LazyFrame(schema=endpoint.schema)
        return pl.scan_parquet(files, glob=False)

    def partition_hours(self, endpoint: Endpoint) -> list[datetime]:
        """Hours with a partition of this endpoint, ascending."""
        folders = visible(self.root / "raw" / endpoint.name, "")
        return [
            datetime.strptime(f.name.removeprefix("hour="), "%Y-%m-%dT%H").replace(tzinfo=UTC)
            for f in folders
            if f.name.startswith("hour=")
        ]

    def coverage(self, endpoint: Endpoint) -> list[tuple[datetime, datetime]]:
        """Disjoint spans [from, to) that were walked to their end, ascending."""
        spans = read_json(self.root / "raw" / endpoint.name / "coverage.json") or []
        return [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in spans]

    def add_coverage(self, endpoint: Endpoint, start: datetime, end: datetime) -> None:
        """Record a span as walked to its end; touching spans become one."""
        path = self.root / "raw" / endpoint.name / "coverage.json"
        with self._alone(endpoint):
            merged: list[tuple[datetime, datetime]] = []
            for span in sorted([*self.coverage(endpoint), (start, end)]):
                if merged and span[0] <= merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(merged[-1][1], span[1]))
                else:
                    merged.append(span)
            write_json([(a.isoformat(), b.isoformat()) for a, b in merged], path)

    # --- history series --------------------------------------------------------------------------------

    def series_folder(self, endpoint: Endpoint, day: date) -> Path:
        """Partition folder of a day of bins."""
        return self.root / "raw" / endpoint.name / f"day={day.isoformat()}"

    def _span_folder(self, endpoint: Endpoint, span: Span) -> Path:
        return self.root / "raw" / endpoint.name / f"span={span[0]:{SPAN_FORMAT}}_{span[1]:{SPAN_FORMAT}}"

    def piece_path(self, endpoint: Endpoint, span: Span, circuit_id: str) -> Path:
        """One circuit's answer for a span, kept until the span is merged: the resume point of a backfill."""
        name = circuit_id.replace("/", "_").replace(":", "_")
        return self._span_folder(endpoint, span) / f"{name}.parquet"

    def begun_spans(self, endpoint: Endpoint) -> list[Span]:
        """Spans whose pieces are not merged yet, ascending: a backfill under way, or one that was stopped."""
        names = [f.name.removeprefix("span=") for f in visible(self.root / "raw" / endpoint.name, "")]
        edges = [name.split("_") for name in names if not name.startswith(("hour=", "day=")) and "_" in name]
        return [
            (
                datetime.strptime(start, SPAN_FORMAT).replace(tzinfo=UTC),
                datetime.strptime(end, SPAN_FORMAT).replace(tzinfo=UTC),
            )
            for start, end in edges
        ]

    def merge_series(self, endpoint: Endpoint, span: Span, *, keep_pieces: bool = False) -> int:
        """Fold the pieces of a span into day files, then drop the pieces; returns the bins they held.

        A bin that is told differently replaces the one that was there; one that is told alike changes nothing,
        so that no hour becomes stale without cause. `keep_pieces` leaves them for a span that is not whole yet,
        so that only the rest is asked for again.
        """
        folder = self._span_folder(endpoint, span)
        files = visible(folder, ".parquet")
        if not files:
            return 0
        told = [c for c in endpoint.schema if c != "received_at"]
        order = ["bin_start", *(k for k in endpoint.key if k != "bin_start")]
        bins = pl.read_parquet(files, glob=False).with_columns(_day=pl.col("bin_start").dt.date())
        for (day,), rows in bins.group_by("_day"):
            assert isinstance(day, date)
            path = self.series_folder(endpoint, day) / "bins.parquet"
            before = pl.read_parquet(path) if path.exists() else rows.drop("_day").clear()
            both = pl.concat([before, rows.drop("_day")]).unique(told, keep="first", maintain_order=True)
            after = both.unique(endpoint.key, keep="last").sort(order)
            if not after.equals(before):
                write_parquet(after, path)
        if not keep_pieces:
            remove_tree(folder)
        return bins.height

    def scan_series(self, endpoint: Endpoint, start: datetime, end: datetime) -> pl.LazyFrame:
        """Bins that start in [start, end)."""
        days: Iterable[date] = {h.date() for h in hours_between(floor_hour(start), end)}
        files = [p for d in sorted(days) if (p := self.series_folder(endpoint, d) / "bins.parquet").exists()]
        if not files:
            return pl.LazyFrame(schema=endpoint.schema)
        return pl.scan_parquet(files, glob=False).filter(
            pl.col("bin_start").is_between(start, end, closed="left")
        )

    def series_days(self, endpoint: Endpoint) -> set[date]:
        """Days with bins."""
        folders = visible(self.root / "raw" / endpoint.name, "")
        return {date.fromisoformat(f.name.removeprefix("day=")) for f in folders if f.name.startswith("day=")}

    def series_marks(self, endpoint: Endpoint, day: date) -> dict[datetime, str]:
        """Hours of a day that have at least one bin -> a text that changes when the bins of that hour do."""
        path = self.series_folder(endpoint, day) / "bins.parquet"
        if not path.exists():
            return {}
        status = path.stat()
        return _bin_marks(path, status.st_mtime_ns, status.st_size)

    # --- quarantine ------------------------------------------------------------------------------------

    def quarantine(self, endpoint: Endpoint, walk: str, number: int, rows: list[dict[str, str]]) -> None:
        """Keep rows that could not be typed, with the reason, where no KPI reads them."""
        if rows:
            write_json(rows, self.root / "quarantine" / endpoint.name / f"{walk}-{number:05d}.json")
