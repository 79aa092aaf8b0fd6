"""History series: bins by day, and the answers of single circuits until their span is whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.day_files import scan_files
from mistwan_dagster.lake.files import (
    LakePath,
    existing,
    mark,
    read_parquet,
    remove_files,
    remove_if_empty,
    scan_parquet,
    visible,
    write_parquet,
)
from mistwan_dagster.lake.folders import RawFolders, in_one_listing
from mistwan_dagster.lake.hours import Span, floor_hour, hours_between

SPAN_FORMAT = "%Y%m%dT%H"


@lru_cache(maxsize=64)
def _bin_marks(path: LakePath, _mark: str) -> dict[datetime, str]:
    """Remembered by the file's state: sensors ask every few seconds."""
    bins = scan_parquet([path]).group_by("bin_start").agg(pl.len(), pl.col("received_at").max())
    return {start: f"{count} bins until {newest}" for start, count, newest in bins.collect().iter_rows()}


class SeriesDays(RawFolders):
    """Reads and writes history bins."""

    def series_folder(self, endpoint: Endpoint, day: date) -> LakePath:
        """Partition folder of a day of bins."""
        return self.root / "raw" / endpoint.name / f"day={day.isoformat()}"

    def _span_folder(self, endpoint: Endpoint, span: Span) -> LakePath:
        return self.root / "raw" / endpoint.name / f"span={span[0]:{SPAN_FORMAT}}_{span[1]:{SPAN_FORMAT}}"

    def piece_path(self, endpoint: Endpoint, span: Span, circuit_id: str) -> LakePath:
        """One circuit's answer for a span, kept until the span is merged: the resume point of a backfill."""
        name = circuit_id.replace("/", "_").replace(":", "_")
        return self._span_folder(endpoint, span) / f"{name}.parquet"

    def circuits_held(self, endpoint: Endpoint, spans: Iterable[Span], circuits: list[str]) -> set[str]:
        """Those circuits whose answer for one of the spans is kept as a piece."""
        pieces = {self.piece_path(endpoint, span, circuit): circuit for span in spans for circuit in circuits}
        return {pieces[path] for path in existing(pieces)}

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

    def merge_series(self, endpoint: Endpoint, span: Span) -> tuple[int, list[LakePath]]:
        """Fold the pieces of a span into day files; returns the bins that they held, and the pieces, for `drop_pieces`.

        A bin that is told differently replaces the one that was there; one that is told alike changes nothing,
        so that no hour becomes stale without cause. Spans of two runs may share a day: one merges at a time.
        """
        with self.alone(endpoint):
            return self._merge(endpoint, visible(self._span_folder(endpoint, span), ".parquet"))

    def drop_pieces(self, pieces: list[LakePath]) -> None:
        """Delete pieces that were merged, and no others: another run may be adding some of the same span."""
        remove_files(pieces)
        for folder in {piece.parent for piece in pieces}:
            remove_if_empty(folder)

    def _merge(self, endpoint: Endpoint, files: list[LakePath]) -> tuple[int, list[LakePath]]:
        if not files:
            return 0, []
        told = [c for c in endpoint.schema if c != "received_at"]
        order = ["bin_start", *(k for k in endpoint.key if k != "bin_start")]
        bins = scan_parquet(files).with_columns(_day=pl.col("bin_start").dt.date()).collect()
        for (day,), rows in bins.group_by("_day"):
            assert isinstance(day, date)
            path = self.series_folder(endpoint, day) / "bins.parquet"
            before = read_parquet(path) if existing([path]) else rows.drop("_day").clear()
            both = pl.concat([before, rows.drop("_day")]).unique(told, keep="first", maintain_order=True)
            after = both.unique(endpoint.key, keep="last").sort(order)
            if not after.equals(before):
                write_parquet(after, path)
        return bins.height, files

    @in_one_listing
    def scan_series(self, endpoint: Endpoint, start: datetime, end: datetime) -> pl.LazyFrame:
        """Bins that start in [start, end)."""
        start = max(start, self.horizon.start)
        days: Iterable[date] = {h.date() for h in hours_between(floor_hour(start), end)}
        files = existing(self.series_folder(endpoint, day) / "bins.parquet" for day in sorted(days))
        if not files:
            return pl.LazyFrame(schema=endpoint.schema)
        return scan_files(files, endpoint.schema).filter(
            pl.col("bin_start").is_between(start, end, closed="left")
        )

    def series_days(self, endpoint: Endpoint) -> set[date]:
        """Days with bins."""
        folders = visible(self.root / "raw" / endpoint.name, "")
        days = {date.fromisoformat(f.name.removeprefix("day=")) for f in folders if f.name.startswith("day=")}
        return {day for day in days if day >= self.horizon.start.date()}

    def series_marks(self, endpoint: Endpoint, day: date) -> dict[datetime, str]:
        """Hours of a day that have at least one bin -> a text that changes when the bins of that hour do."""
        path = self.series_folder(endpoint, day) / "bins.parquet"
        try:
            return _bin_marks(path, mark(path))
        except FileNotFoundError:
            return {}
