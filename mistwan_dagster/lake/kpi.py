"""The computed part of the lake: one Parquet file a table and partition, replaced whole.

Also the record of what was computed from what: a partition is stale when the files it was computed from
(or the configuration) are no longer the same. Does not belong here: any arithmetic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from mistwan_dagster.lake.day_files import Piece, pieces_of
from mistwan_dagster.lake.files import (
    LakePath,
    existing,
    hour_label,
    period_label,
    read_parquet,
    read_texts,
    remove_files,
    remove_tree,
    scan_parquet,
    visible,
    write_parquet,
    write_text,
    write_texts,
)
from mistwan_dagster.lake.horizon import Horizon
from mistwan_dagster.lake.hours import hours_between
from mistwan_dagster.lake.listing import Listing

HOUR_COLUMN = "hour_utc"
VERSION = "version"


class KpiLake:
    """Reads and writes `kpi/` below a lake root.

    What was computed from what is kept in `state/` beside a lake on disk, and in a lake on an object store, where
    every machine that computes finds it.
    """

    def __init__(self, root: LakePath) -> None:
        self.root = root / "kpi"
        self.horizon = Horizon(self.root / "retained_from.json")
        self._listing: Listing[str, dict[str, Piece]] = Listing(root)
        state: LakePath = root.parent / "state" if isinstance(root, Path) else root
        self._stamps = state / "computed"
        self._pending = state / "pending"

    def path(self, table: str, label: str = "all") -> LakePath:
        """File of a partition; `all` for tables that are one file."""
        return self.root / table / f"{label}.parquet"

    def write(self, table: str, frame: pl.DataFrame, label: str = "all") -> None:
        """Replace one partition."""
        write_parquet(frame, self.path(table, label))

    def write_hours(self, table: str, frame: pl.DataFrame, start: datetime, end: datetime) -> int:
        """Replace each hour of [start, end); an hour without rows becomes an empty file, so old rows go."""
        parts = {key[0]: part for key, part in frame.partition_by(HOUR_COLUMN, as_dict=True).items()}
        empty = frame.clear()
        for hour in hours_between(start, end):
            self.write(table, parts.get(hour, empty), hour_label(hour))
        return frame.height

    def read(self, table: str, label: str = "all") -> pl.DataFrame | None:
        """One partition, or None when it was never written."""
        path = self.path(table, label)
        return read_parquet(path) if existing([path]) else None

    def scan_hours(self, table: str, start: datetime, end: datetime) -> pl.LazyFrame | None:
        """Hours of [start, end) that exist, or None when none does."""
        files = existing(self.path(table, hour_label(hour)) for hour in hours_between(start, end))
        return scan_parquet(files) if files else None

    def labels(self, table: str) -> list[str]:
        """Labels of the partitions that exist, ascending."""
        return [p.stem for p in visible(self.root / table, ".parquet")]

    def period_starts(self, table: str, period: str) -> list[datetime]:
        """Starts of the days, weeks or months that exist, ascending."""
        names = (x.removeprefix(f"{period}-") for x in self.labels(table) if x.startswith(f"{period}-"))
        return [datetime.fromisoformat(name).replace(tzinfo=UTC) for name in names]

    def scan_periods(self, table: str, period: str, start: datetime, end: datetime) -> pl.LazyFrame | None:
        """Days, weeks or months that begin in [start, end) and exist, or None when none does."""
        files = [piece.path for piece in self.period_pieces(table, period, start, end)]
        return scan_parquet(files) if files else None

    def scan_all(self, table: str) -> pl.LazyFrame | None:
        """All partitions that exist, or None when none does."""
        files = visible(self.root / table, ".parquet")
        return scan_parquet(files) if files else None

    def pieces(self, table: str) -> dict[str, Piece]:
        """Label -> identity of the partitions that exist."""
        folder = self.root / table
        return self._listing.of(
            table, lambda: {p.origin.stem: p for p in pieces_of(visible(folder, ".parquet"))}
        )

    def period_pieces(self, table: str, period: str, start: datetime, end: datetime) -> list[Piece]:
        """Identity of the days, weeks or months that begin in [start, end) and exist, ascending."""
        first, after = period_label(period, start), period_label(period, end)
        return [piece for label, piece in self.pieces(table).items() if first <= label < after]

    def listed_once(self) -> AbstractContextManager[None]:
        """A block in which a table is listed once: thousands of partitions share most of their inputs."""
        return self._listing.once()

    # --- what was computed from what -------------------------------------------------------------------

    def note_pending(self, run_id: str, stage: str, label: str, digest: str) -> None:
        """Remember what a run is about to read, unless the run has noted it already."""
        self.note_all_pending(run_id, stage, {label: digest})

    def note_all_pending(self, run_id: str, stage: str, digests: Mapping[str, str]) -> None:
        """The same for many partitions: label -> fingerprint."""
        notes = {self._pending / run_id / stage / label: digest for label, digest in digests.items()}
        noted = set(existing(notes))
        write_texts({path: digest for path, digest in notes.items() if path not in noted})

    def confirm_pending(self, run_id: str, is_whole: Callable[[str], bool] = lambda _stage: True) -> int:
        """What the run noted is now computed, loaded and published; returns partitions recorded.

        Notes of a stage that it did not compute wholly are dropped: its partitions stay as stale as they were.
        """
        stages = [stage for stage in visible(self._pending / run_id, "") if is_whole(stage.name)]
        notes = [path for stage in stages for path in visible(stage, "")]
        write_texts({self._stamps / p.parent.name / p.name: text for p, text in read_texts(notes).items()})
        remove_tree(self._pending / run_id)
        return len(notes)

    def forget_pending(self, run_id: str) -> None:
        """Drop the notes of a run that will not finish."""
        remove_tree(self._pending / run_id)

    def pending_runs(self) -> list[str]:
        """Runs that noted something and did not publish it: under way, or ended otherwise."""
        return [path.name for path in visible(self._pending, "")]

    def stamp(self, stage: str, label: str) -> str | None:
        """Fingerprint of what a partition was computed from, None when it never was."""
        return self.stamps(stage, [label]).get(label)

    def stamps(self, stage: str, labels: Iterable[str]) -> dict[str, str]:
        """Label -> fingerprint of what it was computed from, of the partitions that were ever computed."""
        folder = self._stamps / stage
        return {path.name: text for path, text in read_texts(folder / label for label in labels).items()}

    def forget_stamps(self, version: int) -> None:
        """Take every partition of every stage for not computed; those to come are of this version of the tables."""
        remove_tree(self._stamps)
        write_text(str(version), self._stamps / VERSION)

    def stamps_version(self) -> int | None:
        """Version of the tables that all partitions recorded as computed are of, None when that is not known."""
        try:
            return int((self._stamps / VERSION).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def forget_stamps_before(self, stage: str, instant: datetime) -> None:
        """Drop the records of a stage's partitions that begin before `instant`: they are not computed again."""
        stamps = visible(self._stamps / stage, "")
        remove_files(p for p in stamps if datetime.fromisoformat(p.name).replace(tzinfo=UTC) < instant)


def fingerprint(marks: Iterable[str], context: str = "") -> str:
    """Digest of the marks of all inputs, in any order, and of what else matters as text.

    The mark of a file is `Piece.identity`: the same whether its rows are still in a file of their own or in a day
    file. Content is not hashed, as raw files are never edited.
    """
    digest = hashlib.sha256(context.encode())
    for mark in sorted(marks):
        digest.update(f"{mark}\n".encode())
    return digest.hexdigest()
