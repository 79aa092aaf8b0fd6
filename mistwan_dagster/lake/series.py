"""History series: bins by day, and the answers of single circuits until their span is whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.day_files import scan_files
from mistwan_dagster.lake.files import remove_tree, visible, write_parquet
from mistwan_dagster.lake.folders import RawFolders
from mistwan_dagster.lake.hours import floor_hour, hours_between


class SeriesDays(RawFolders):
    """Reads and writes history bins."""

    def series_folder(self, endpoint: Endpoint, day: date) -> Path:
        """Partition folder of a day of bins."""
        return self.root / "raw" / endpoint.name / f"day={day.isoformat()}"

    def piece_path(self, endpoint: Endpoint, span: str, circuit_id: str) -> Path:
        """One circuit's answer for a span, kept until the span is merged: the resume point of a backfill."""
        return (
            self.root
            / "raw"
            / endpoint.name
            / f"span={span}"
            / f"{circuit_id.replace('/', '_').replace(':', '_')}.parquet"
        )

    def merge_series(self, endpoint: Endpoint, span: str, *, keep_pieces: bool = False) -> int:
        """Fold the pieces of a span into day files (bins already there give way), then drop the pieces.

        `keep_pieces` leaves them for a span that is not whole yet, so that only the rest is asked for again.
        """
        folder = self.root / "raw" / endpoint.name / f"span={span}"
        files = visible(folder, ".parquet")
        if not files:
            return 0
        bins = pl.read_parquet(files, glob=False).with_columns(_day=pl.col("bin_start").dt.date())
        for (day,), rows in bins.group_by("_day"):
            assert isinstance(day, date)
            path = self.series_folder(endpoint, day) / "bins.parquet"
            both = [rows.drop("_day"), *([pl.read_parquet(path)] if path.exists() else [])]
            write_parquet(
                pl.concat(both).unique(subset=list(endpoint.key), keep="first").sort("bin_start"), path
            )
        if not keep_pieces:
            remove_tree(folder)
        return bins.height

    def scan_series(self, endpoint: Endpoint, start: datetime, end: datetime) -> pl.LazyFrame:
        """Bins that start in [start, end)."""
        start = max(start, self.horizon.start)
        days: Iterable[date] = {h.date() for h in hours_between(floor_hour(start), end)}
        files = [p for d in sorted(days) if (p := self.series_folder(endpoint, d) / "bins.parquet").exists()]
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

    def series_hours(self, endpoint: Endpoint, day: date) -> set[datetime]:
        """Hours of a day that have at least one bin."""
        path = self.series_folder(endpoint, day) / "bins.parquet"
        return (
            set(pl.read_parquet(path, columns=["bin_start"])["bin_start"].unique())
            if path.exists()
            else set()
        )
