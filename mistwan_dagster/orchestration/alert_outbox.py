"""Messages on their way: one small file each, replaced whole, so that a kill at any instant leaves what was known.

Belongs here: the files. Does not belong here: what is due (`kpi.alerts_due`), the order of steps around an attempt
(`alert_delivery`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.alert_tables import FACT_ALERT_DELIVERY
from mistwan_dagster.kpi.alerts_due import Due
from mistwan_dagster.lake.files import LakePath, read_json, remove_files, visible, write_json

PENDING, SENDING, DELIVERED, GIVEN_UP = "pending", "sending", "delivered", "given_up"
_TIMES = ("created_utc", "ended_utc")


@dataclass(frozen=True)
class Entry:
    """One message to one target. `sending`: an attempt began whose outcome is not known (yet)."""

    alert_id: str
    event: str
    severity: str
    target: str
    created_utc: datetime
    state: str = PENDING
    attempts: int = 0
    repeated: bool = False
    error: str | None = None
    ended_utc: datetime | None = None

    @property
    def key(self) -> Due:
        """What it is about."""
        return self.alert_id, self.event, self.severity, self.target

    @property
    def name(self) -> str:
        """The same each time that the message is sent."""
        return hashlib.sha256("\x1f".join(self.key).encode()).hexdigest()[:24]

    @property
    def is_over(self) -> bool:
        """Whether it is delivered or given up."""
        return self.state in (DELIVERED, GIVEN_UP)

    def row(self) -> dict[str, object]:
        """Its row of fact_alert_delivery. What changes with each attempt is told only when it is over."""
        told = asdict(self)
        if not self.is_over:
            told |= {"state": PENDING, "attempts": None, "error": None}
        return told


class Outbox:
    """The messages of a folder, on disk or on an object store."""

    def __init__(self, folder: LakePath) -> None:
        self.folder = folder

    def entries(self) -> list[Entry]:
        """All of them, the oldest first."""
        found = [_entry(read_json(path)) for path in visible(self.folder, ".json")]
        return sorted((e for e in found if e), key=lambda e: (e.created_utc, e.key))

    def put(self, entry: Entry) -> Entry:
        """Write it down, durably."""
        write_json(asdict(entry), self.folder / f"{entry.name}.json")
        return entry

    def remove(self, entries: Iterable[Entry]) -> None:
        """Drop what is recorded elsewhere."""
        remove_files(self.folder / f"{entry.name}.json" for entry in entries)


def _entry(told: dict[str, object] | None) -> Entry | None:
    if told is None:
        return None
    times = {n: datetime.fromisoformat(str(told[n])) for n in _TIMES if told[n] is not None}
    return Entry(**{**told, **times})  # type: ignore[arg-type]


def lost_entries(table: pl.DataFrame, entries: Iterable[Entry]) -> list[Entry]:
    """Messages that the table has as pending and the outbox no more, as its disk was lost; each may be a repeat."""
    have = {e.key for e in entries}
    pending = table.filter(pl.col("state") == PENDING).iter_rows(named=True)
    told = [{n: row[n] for n in (*FACT_ALERT_DELIVERY.key, "created_utc")} for row in pending]
    return [found for row in told if (found := Entry(**row, repeated=True)).key not in have]


def with_entries(table: pl.DataFrame, entries: Iterable[Entry]) -> pl.DataFrame:
    """fact_alert_delivery with the rows of the entries in place of older ones, sorted by key."""
    rows = pl.DataFrame([e.row() for e in entries], schema=FACT_ALERT_DELIVERY.schema)
    kept = table.join(rows, on=list(FACT_ALERT_DELIVERY.key), how="anti")
    return pl.concat([kept, rows]).sort(FACT_ALERT_DELIVERY.key)
