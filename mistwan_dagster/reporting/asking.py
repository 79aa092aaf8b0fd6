"""Questions to one published version, and what several reports ask.

Times are naive UTC, as the warehouse stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import polars as pl

from mistwan_dagster.errors import UserError
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Reader, of_one_version

STATES = ("up", "down", "unknown")
HOUR = timedelta(hours=1)
HOUR_MINUTES = 60
NAMES = """LEFT JOIN dim_site s ON s.site_id = t.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = t.circuit_id"""
"""Joins the present names to rows `t` of circuits."""
T = TypeVar("T")


@dataclass(frozen=True)
class Rules:
    """What is judged by: availability target, and SLE score below which a site counts as degraded."""

    target_pct: float = 99.5
    sle_degraded_below: float = 0.9

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """What the settings say."""
        return cls(settings.mistwan_availability_target_pct, settings.mistwan_sle_degraded_below)


@dataclass(frozen=True)
class Pinned:
    """A reader that answers from one version; fits where a reader does."""

    reader: Reader
    number: int

    def query(
        self, sql: str, parameters: list[Any] | None = None, version: int | None = None
    ) -> pl.DataFrame:
        """See `Reader.query`."""
        return self.reader.query(sql, parameters, version or self.number)

    def version(self) -> int | None:
        """The one version."""
        return self.number

    def edition(self, version: int) -> str:
        """See `Reader.edition`."""
        return self.reader.edition(version)


def consistently(reader: Reader, work: Callable[[Pinned], T]) -> T:
    """What `work` makes of the newest version, begun anew when that one is superseded meanwhile.

    Raises UserError when nothing is published.
    """

    def newest() -> Pinned:
        version = reader.version()
        if version is None:
            raise UserError("nothing is published yet: run `mistwan aggregate`, which publishes")
        return Pinned(reader, version)

    return of_one_version(newest, work)


@dataclass(frozen=True)
class Minutes:
    """Circuit minutes by state. `gaps`: those of hours in which nothing at all was collected."""

    up: float = 0.0
    down: float = 0.0
    unknown: float = 0.0
    gaps: float = 0.0

    @property
    def availability_pct(self) -> float | None:
        """100 * up / (up + down); None when both are 0."""
        known = self.up + self.down
        return 100 * self.up / known if known else None

    @property
    def observed_pct(self) -> float | None:
        """Share of all minutes whose state is known; None without any."""
        whole = self.up + self.down + self.unknown + self.gaps
        return 100 * (self.up + self.down) / whole if whole else None


def total(parts: Iterable[Minutes]) -> Minutes:
    """Several as one."""
    found = list(parts)
    up, down, unknown, gaps = (
        sum(getattr(m, name) for m in found) for name in ("up", "down", "unknown", "gaps")
    )
    return Minutes(up, down, unknown, gaps)


def minutes_of(rows: pl.DataFrame, gaps: float = 0.0) -> Minutes:
    """Pooled minutes of rows that have up, down and unknown minutes."""
    up, down, unknown = (float(rows[f"{name}_minutes"].sum() or 0.0) for name in STATES)
    return Minutes(up, down, unknown, gaps)


def minutes_in(row: Mapping[str, Any], gaps: float = 0.0) -> Minutes:
    """Minutes of one row that has up, down and unknown minutes; none at all where these are null."""
    told = [row[f"{name}_minutes"] for name in STATES]
    if told == [None] * len(STATES):
        return Minutes()
    up, down, unknown = (float(m or 0.0) for m in told)
    return Minutes(up, down, unknown, gaps)


def organization(reader: Pinned) -> str:
    """Its name, empty when it is not known."""
    found = reader.query("SELECT org_name FROM dim_org WHERE org_name IS NOT NULL ORDER BY org_id LIMIT 1")
    return str(found.item()) if found.height else ""


def observed_until(reader: Pinned, start: datetime, end: datetime) -> datetime:
    """End of the newest computed hour in [start, end); `end` when hours after it are, `start` when none is."""
    newest = reader.query(
        "SELECT max(hour_utc) AS newest FROM fact_circuit_hour WHERE hour_utc >= ?", [start]
    ).item()
    return start if newest is None else min(newest + HOUR, end)


def was_loaded(reader: Pinned, table: str, instant: datetime) -> bool:
    """Whether the span of a table that holds the instant was computed and loaded, also when it has no rows."""
    return bool(
        reader.query(
            "SELECT count(*) FROM load_ledger WHERE table_name = ? AND span_start_utc <= ? AND span_end_utc > ?",
            [table, instant, instant],
        ).item()
    )


def regions(reader: Pinned, table: str, period: str, start: datetime) -> pl.DataFrame:
    """Rows of a region table of one period, by region."""
    return reader.query(
        f"SELECT * FROM {table} WHERE period = ? AND period_start_utc = ? ORDER BY region", [period, start]
    )


def pooled(rows: pl.DataFrame, mean: str, weight: str = "observed_hours") -> float | None:
    """A mean over rows, each weighed by its observed hours; None without any."""
    known = rows.drop_nulls([mean, weight]).filter(pl.col(weight) > 0)
    weights = float(known[weight].sum())
    return float((known[mean] * known[weight]).sum()) / weights if weights else None


def outages(reader: Pinned, start: datetime, end: datetime, until: datetime) -> pl.DataFrame:
    """Outages that touch [start, end), longest first.

    Columns of `v_outage`, minutes: how long it lay in [start, `until`), began: whether it began in the span.
    """
    found = reader.query(
        "SELECT * FROM v_outage WHERE start_utc < ? AND (end_utc IS NULL OR end_utc > ?)", [end, start]
    )
    return in_span(found, start, until).sort(
        "minutes", "start_utc", "circuit_id", descending=[True, False, False]
    )


def failovers(reader: Pinned, start: datetime, end: datetime, until: datetime) -> pl.DataFrame:
    """Failovers that touch [start, end), longest first. Columns of `v_failover`, and those of `outages`."""
    found = reader.query(
        "SELECT * FROM v_failover WHERE start_utc < ? AND (end_utc IS NULL OR end_utc > ?)", [end, start]
    )
    return in_span(found, start, until).sort(
        "minutes", "start_utc", "site_id", descending=[True, False, False]
    )


def in_span(episodes: pl.DataFrame, start: datetime, until: datetime) -> pl.DataFrame:
    """Episodes with the minutes that each lay in [start, until), one that still lasts up to `until`."""
    first = pl.max_horizontal("start_utc", pl.lit(start, pl.Datetime("us")))
    last = pl.min_horizontal(
        pl.col("end_utc").fill_null(pl.lit(until, pl.Datetime("us"))), pl.lit(until, pl.Datetime("us"))
    )
    return episodes.with_columns(
        minutes=((last - first).dt.total_seconds() / 60).clip(lower_bound=0),
        began=pl.col("start_utc") >= pl.lit(start, pl.Datetime("us")),
    )


def ended(row: Mapping[str, Any], until: datetime) -> str:
    """When an episode ended, as far as the report looks."""
    end = row["end_utc"]
    return f"{end:%d %b %H:%M}" if end is not None and end <= until else "lasts on"
