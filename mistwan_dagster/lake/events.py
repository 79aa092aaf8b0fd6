"""Events, partitioned by the hour in which they happened, each stored once; and which spans were read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.lake.day_files import Piece, scan_pieces
from mistwan_dagster.lake.files import read_json, write_json, write_parquet
from mistwan_dagster.lake.folders import RawFolders, in_one_listing
from mistwan_dagster.lake.hours import HOUR, Span, floor_hour, hours_between

EVENT_HOUR = (
    pl.from_epoch((pl.col("timestamp") * 1e6).cast(pl.Int64), time_unit="us")
    .dt.replace_time_zone("UTC")
    .dt.truncate("1h")
)
"""The partition that an event belongs to."""


class EventHours(RawFolders):
    """Reads and writes events: a late one touches just the partition it belongs to."""

    def add_events(
        self, endpoint: Endpoint, walk: str, number: int, frame: pl.DataFrame
    ) -> dict[datetime, int]:
        """Store the events of a page that are not stored yet; returns new rows by the hour of the event.

        Events older than what retention leaves are not stored again.
        """
        added: dict[datetime, int] = {}
        by_hour = frame.with_columns(_hour=EVENT_HOUR)
        for (hour,), rows in by_hour.group_by("_hour", maintain_order=True):
            assert isinstance(hour, datetime)
            if hour < self.horizon.start:
                continue
            rows = rows.drop("_hour").unique(subset=list(endpoint.key), keep="first", maintain_order=True)
            with self.alone(endpoint):
                known = self.scan_events(endpoint, hour, hour + HOUR).select(endpoint.key).collect()
                fresh = rows.join(known, on=list(endpoint.key), how="anti", nulls_equal=True)
                if fresh.height:
                    write_parquet(fresh, self.folder(endpoint, hour) / f"{walk}-{number:05d}.parquet")
                    added[hour] = fresh.height
        return added

    @in_one_listing
    def event_pieces(
        self, endpoint: Endpoint, start: datetime, end: datetime
    ) -> list[tuple[datetime, Piece]]:
        """(hour, piece) of the hours in [start, end), ascending; `end` is rounded up to a whole hour."""
        hours = hours_between(floor_hour(start), end)
        return [(hour, piece) for hour in hours for piece in self.pieces(endpoint, hour)]

    def scan_events(self, endpoint: Endpoint, start: datetime, end: datetime) -> pl.LazyFrame:
        """Events whose hour lies in [start, end); `end` is rounded up to a whole hour."""
        return scan_pieces(self.event_pieces(endpoint, start, end), EVENT_HOUR, endpoint.schema)

    def coverage(self, endpoint: Endpoint) -> list[Span]:
        """Disjoint spans [from, to) that were walked to their end, ascending."""
        spans = read_json(self.root / "raw" / endpoint.name / "coverage.json") or []
        return [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in spans]

    def told_from(self, endpoint: Endpoint) -> dict[str, str] | None:
        """Where walking back found the end of what the cloud tells; None when it never did."""
        return read_json(self.root / "raw" / endpoint.name / "told_from.json")

    def note_told_from(self, endpoint: Endpoint, nothing_before: datetime, asked_at: datetime) -> None:
        """Record that the cloud told of nothing before an instant when it was asked."""
        value = {"nothing_before": nothing_before.isoformat(), "asked_at": asked_at.isoformat()}
        write_json(value, self.root / "raw" / endpoint.name / "told_from.json")

    def site_readings(self, endpoint: Endpoint) -> dict[str, datetime]:
        """When each site was last read, of an endpoint that is read site by site."""
        found = read_json(self.root / "raw" / endpoint.name / "sites.json") or {}
        return {site: datetime.fromisoformat(instant) for site, instant in found.items()}

    def note_site_readings(self, endpoint: Endpoint, sites: Iterable[str], at: datetime) -> None:
        """Record that some sites were read."""
        known = {**self.site_readings(endpoint), **dict.fromkeys(sites, at)}
        write_json(
            {site: instant.isoformat() for site, instant in known.items()},
            self.root / "raw" / endpoint.name / "sites.json",
        )

    def add_coverage(self, endpoint: Endpoint, start: datetime, end: datetime) -> None:
        """Record a span as walked to its end; touching spans become one."""
        path = self.root / "raw" / endpoint.name / "coverage.json"
        with self.alone(endpoint):
            merged: list[Span] = []
            for span in sorted([*self.coverage(endpoint), (start, end)]):
                if merged and span[0] <= merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(merged[-1][1], span[1]))
                else:
                    merged.append(span)
            write_json([(a.isoformat(), b.isoformat()) for a, b in merged], path)
