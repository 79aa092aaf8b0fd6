"""Day files: what the many small files of an endpoint and day become, without an instant at which a reader is wrong.

A day file is written once and never changed; a later one of the same day has a higher number and outranks it.
It names the files whose rows it holds, with size and time or tag (its mark), so a reader takes each row from exactly
one place: a small file that the day file names is not read, any other one is (a late event, a slot read again).
The write that puts the day file in place is therefore the whole change; the small files go later, when no reader
can still be at them (`compaction.py`). Does not belong here: what is compacted when.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import Any

import polars as pl

from mistwan_dagster.lake.files import (
    LakePath,
    mark,
    parquet_metadata,
    read_arrow,
    replace_file,
    scan_parquet,
    visible,
)

FOLDER = "compacted"
KEY = "mistwan"
ROWS_PER_GROUP = 50_000
"""Small enough that an hour of a day file is read without the other 23."""

Schema = dict[str, pl.DataType | type[pl.DataType]]


@dataclass(frozen=True)
class Piece:
    """Rows that were written at once: as which file, where they are now, and the mark that the file had."""

    origin: LakePath
    path: LakePath
    mark: str

    @property
    def compacted(self) -> bool:
        """Whether the rows are in a day file."""
        return self.path != self.origin

    @property
    def identity(self) -> str:
        """The same before and after compaction."""
        return f"{self.origin}|{self.mark}"


def pieces_of(paths: Iterable[LakePath]) -> list[Piece]:
    """Pieces of small files; one that is gone meanwhile is left out."""
    found = []
    for path in paths:
        with suppress(FileNotFoundError):
            found.append(Piece(path, path, mark(path)))
    return found


@dataclass(frozen=True)
class DayFile:
    """A day file and what it says of itself. Names are relative to the endpoint's folder."""

    path: LakePath
    written_at: datetime
    absorbed: dict[str, str]
    """Name -> mark of the files whose rows are here."""
    superseded: dict[str, str] = field(default_factory=dict)
    """Name -> mark of the files that were there and hold no row of their own: reports, outranked pages."""
    reports: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def by_partition(self) -> dict[str, dict[str, str]]:
        """First folder of the names -> the absorbed files in it."""
        found: dict[str, dict[str, str]] = {}
        for name, its_mark in self.absorbed.items():
            found.setdefault(name.split("/")[0], {})[name] = its_mark
        return found

    def replaces(self, name: str, its_mark: str) -> bool:
        """Whether the small file of that name and mark is no longer to be read."""
        return its_mark in (self.absorbed.get(name), self.superseded.get(name))


def read_day_file(path: LakePath) -> DayFile:
    """What a day file says of itself; its rows are not touched."""
    told = json.loads(parquet_metadata(path)[KEY])
    return DayFile(path, **{**told, "written_at": datetime.fromisoformat(told["written_at"])})


def write_day_file(content: DayFile, frame: pl.LazyFrame) -> None:
    """Put a day file in place with the rows of `frame`, streaming."""
    told = {
        "written_at": content.written_at.isoformat(),
        "absorbed": content.absorbed,
        "superseded": content.superseded,
        "reports": content.reports,
    }
    replace_file(
        content.path,
        lambda target: frame.sink_parquet(
            target, metadata={KEY: json.dumps(told)}, row_group_size=ROWS_PER_GROUP, compression_level=3
        ),
    )


def day_paths(folder: LakePath) -> dict[date, list[LakePath]]:
    """Day -> its day files, ascending; the last one counts."""
    found: dict[date, list[LakePath]] = {}
    for path in visible(folder / FOLDER, ".parquet"):
        found.setdefault(date.fromisoformat(path.name.split(".")[0]), []).append(path)
    return found


def next_day_path(folder: LakePath, day: date) -> LakePath:
    """Path that outranks every day file of that day."""
    before = day_paths(folder).get(day)
    number = int(before[-1].name.split(".")[1]) + 1 if before else 1
    return folder / FOLDER / f"{day}.{number:06d}.parquet"


def scan_files(paths: list[LakePath], schema: Schema) -> pl.LazyFrame:
    """Rows of the files in the columns of `schema`: one that an earlier release did not write yet is null.

    Pages of broken walks are Arrow streams, everything else is Parquet.
    """
    scans = []
    for is_page, some in groupby(paths, lambda path: path.suffix == ".arrows"):
        if is_page:
            pages = (read_arrow(path).lazy() for path in some)
            scans += [
                p.match_to_schema(schema, missing_columns="insert", extra_columns="ignore") for p in pages
            ]
        else:
            scans.append(scan_parquet(some, schema=schema, missing_columns="insert", extra_columns="ignore"))
    return scans[0] if len(scans) == 1 else pl.concat(scans)


def scan_pieces(pieces: list[tuple[datetime, Piece]], instant: pl.Expr, schema: Schema) -> pl.LazyFrame:
    """Rows of pieces in their order, each piece with the slot or hour by which `instant` finds it in a day file.

    Neighbours in one day file are one scan; between them no other instant of that file lies.
    """
    if not pieces:
        return pl.LazyFrame(schema=schema)
    runs = []
    for day_path, run in groupby(pieces, lambda x: x[1].path if x[1].compacted else None):
        found = list(run)
        if day_path is None:
            runs.append(scan_files([piece.path for _, piece in found], schema))
        else:
            within = instant.is_between(found[0][0], found[-1][0])
            runs.append(scan_files([day_path], schema).filter(within))
    return runs[0] if len(runs) == 1 else pl.concat(runs)
