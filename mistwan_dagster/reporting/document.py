"""What a report is made of, in words already: tiles, tables, pictures, statements.

Belongs here: the parts, and what tells "nothing to report" from "no data". Does not belong here: where the figures come
from (`daily`, `monthly`), how parts look (`html`, `pdf`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import polars as pl

from mistwan_dagster.wording import UNKNOWN

Tone = Literal["plain", "good", "bad", "unknown"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Tile:
    """One figure, its label, and what stands beside it: what it is of, what it was before."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"
    kind: str = "tile"


@dataclass(frozen=True)
class Tiles:
    """A row of tiles."""

    tiles: tuple[Tile, ...]
    kind: str = "tiles"


@dataclass(frozen=True)
class Heading:
    """Title of a table's column; `weight` is its share of the width."""

    title: str
    weight: float = 1.0
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells under a title. `note` says of how many rows these are the first, and in what order."""

    headings: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    title: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class Picture:
    """An SVG drawing, and what it shows for those who do not see it."""

    svg: str
    alt: str
    kind: str = "picture"


@dataclass(frozen=True)
class Statement:
    """A sentence. clear: it was looked at and there is nothing; no-data: it cannot be told; note: an explanation."""

    text: str
    state: Literal["clear", "no-data", "note"]
    kind: str = "statement"


Block = Tiles | Table | Picture | Statement


@dataclass(frozen=True)
class Section:
    """A part of the report under a title."""

    title: str
    blocks: tuple[Block, ...]
    lead: str = ""


@dataclass(frozen=True)
class Report:
    """A whole report. `name` is that of its files, without ending."""

    name: str
    title: str
    period: str
    organization: str
    about: tuple[tuple[str, str], ...]
    """What the figures are of: label and words."""
    sections: tuple[Section, ...] = field(default=())

    def headline(self) -> str:
        """The first tiles as lines of text, for the mail that brings the report."""
        tiles = [b for s in self.sections for b in s.blocks if isinstance(b, Tiles)][:1]
        return "\n".join(
            f"{t.label}: {t.value}{f' ({t.note})' if t.note else ''}" for row in tiles for t in row.tiles
        )


@dataclass(frozen=True)
class Shown:
    """A column of a table: its heading, and the words of a row."""

    heading: Heading
    words: Callable[[Row], str]


def column(title: str, words: Callable[[Row], str], weight: float = 1.0, numeric: bool = False) -> Shown:
    """A column by its title and the words of a row."""
    return Shown(Heading(title, weight, numeric), words)


def listing(
    rows: pl.DataFrame,
    columns: Sequence[Shown],
    most: int,
    order: str,
    known: bool,
    clear: str,
    no_data: str,
    title: str = "",
) -> Block:
    """A table of the first `most` rows, whose note tells when there are more and in what `order` they stand.

    Without rows the statement that there is nothing (`known`: it was looked at), or that it cannot be told.
    """
    if rows.is_empty():
        return Statement(clear, "clear") if known else Statement(no_data, "no-data")
    shown = rows.head(most)
    return Table(
        tuple(c.heading for c in columns),
        tuple(tuple(c.words(row) for c in columns) for row in shown.iter_rows(named=True)),
        f"{shown.height} of {rows.height:,}, {order}" if rows.height > most else "",
        title,
    )


def stamp(instant: datetime | None) -> str:
    """Day and time, UTC."""
    return UNKNOWN if instant is None else f"{instant:%d %b %H:%M}"


def site(row: Row) -> str:
    """Name of a row's site, its id without one."""
    return row["site_name"] or row["site_id"] or UNKNOWN


def beside(first: str, second: str, form: str = "{}, {}") -> str:
    """Two figures in one cell, one dash when neither is known."""
    return UNKNOWN if first == second == UNKNOWN else form.format(first, second)


def circuit(row: Row, circuit_id: str = "circuit_id", provider: str = "provider") -> str:
    """Provider and port of a row's circuit."""
    told = row[circuit_id]
    if not told:
        return UNKNOWN
    port = told.partition(":")[2] or told
    return f"{row[provider]} {port}" if row.get(provider) else port
