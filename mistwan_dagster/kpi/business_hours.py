"""Opening hours of stores, and the figures of periods over the hours in which they are open.

Belongs here: reading the setting, and which hours count by the clock of the site. Does not belong here: the figures
(`periods.py`), which are computed from the hours left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.aggregates import BUSINESS_COLUMNS
from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.periods import PERIODS, period_figures

DAY_MINUTES = 24 * 60
Span = tuple[int, int]
"""Minutes of the local day [from, to); over midnight when to is not after from."""


@dataclass(frozen=True)
class OpeningHours:
    """When stores are open, every day, by their own clock."""

    default: Span
    by_store_type: Mapping[str, Span] = field(default_factory=dict)


def parse_opening_hours(text: str) -> OpeningHours:
    """`08:00-20:00`, with other hours of store types after semicolons: `08:00-20:00; Express=06:00-24:00`.

    `22:00-04:00` runs over midnight. Raises UserError (exit 2) that names the setting and the mend.
    """
    default: Span | None = None
    types: dict[str, Span] = {}
    for part in (p.strip() for p in text.split(";")):
        name, equals, hours = (x.strip() for x in part.rpartition("="))
        if (equals and not name) or (default is not None if not equals else name in types):
            raise _wrong(f"{part!r} stands for nothing or says the same thing twice")
        if equals:
            types[name] = _span(hours)
        else:
            default = _span(hours)
    if default is None:
        raise _wrong(f"{text!r} has no hours for all other stores")
    return OpeningHours(default, types)


def _wrong(what: str) -> UserError:
    return UserError(
        f"MISTWAN_BUSINESS_HOURS: {what}, expected 08:00-20:00 or 08:00-20:00; Express=06:00-24:00",
        exit_code=2,
    )


def _span(text: str) -> Span:
    match = re.fullmatch(r"(\d{2}):(\d{2})\s*-\s*(\d{2}):(\d{2})", text)
    if match is None:
        raise _wrong(f"{text!r} is no span of hours")
    h1, m1, h2, m2 = (int(part) for part in match.groups())
    opens, closes = h1 * 60 + m1, h2 * 60 + m2
    if m1 > 59 or m2 > 59 or opens >= DAY_MINUTES or closes > DAY_MINUTES or opens == closes:
        raise _wrong(f"{text!r} is no span of hours of a day")
    return opens, closes


def with_opening(hourly: pl.LazyFrame, opening: OpeningHours) -> pl.LazyFrame:
    """Adds `is_open`; rows and their order stay. Reads hour_utc, timezone (IANA) and store_type.

    An hour counts when its middle lies in the opening hours by the clock of the site, so that clocks half an hour
    off and opening at half past still give whole hours. In the night in which clocks go forward a store that is open
    has an hour less, in the other night one more. Null where the time zone is unknown or none.
    """
    hours = hourly.select("hour_utc", "timezone").unique().collect()
    local = pl.concat(
        [pl.DataFrame(schema={"hour_utc": INSTANT, "timezone": pl.String, "_minute": pl.Int64})]
        + [
            of_zone.with_columns(_minute=_local_minute(of_zone["hour_utc"], str(zone[0])))
            for zone, of_zone in hours.partition_by("timezone", as_dict=True).items()
            if zone[0]
        ]
    )
    opens, closes = (_by_store_type(opening, i) for i in (0, 1))
    minute = pl.col("_minute")
    inside = (
        pl.when(opens < closes)
        .then((minute >= opens) & (minute < closes))
        .otherwise((minute >= opens) | (minute < closes))
    )
    joined = hourly.join(local.lazy(), on=["hour_utc", "timezone"], how="left", maintain_order="left")
    return joined.with_columns(is_open=pl.when(minute.is_not_null()).then(inside)).drop("_minute")


def _local_minute(hours: pl.Series, zone: str) -> pl.Series:
    """Minute of the local day of the middle of each hour; null for a zone that nobody knows."""
    try:
        middle = hours.dt.offset_by("30m").dt.convert_time_zone(zone)
    except (pl.exceptions.ComputeError, pl.exceptions.InvalidOperationError):
        return pl.Series([None] * len(hours), dtype=pl.Int64)
    return middle.dt.hour().cast(pl.Int64) * 60 + middle.dt.minute()


def _by_store_type(opening: OpeningHours, edge: int) -> pl.Expr:
    found: pl.Expr = pl.lit(opening.default[edge])
    for store_type, span in opening.by_store_type.items():
        found = pl.when(pl.col("store_type") == store_type).then(span[edge]).otherwise(found)
    return found


def business_period_figures(
    hourly: Iterable[pl.LazyFrame], period: str, start: datetime, end: datetime, *tables: Table
) -> list[pl.LazyFrame]:
    """`agg_*_period_business` tables: `period_figures` over the rows with `is_open` of `with_opening`.

    `hourly`: parts, each of later hours than the one before, read one by one. Periods are those of UTC: a store far
    from Greenwich has parts of two local days in one. A run of hours above a threshold ends when the store closes.
    Every circuit, region and provider of the period has a row: with null figures when none of its hours counts.
    `business_hours` counts those that do, `unknown_timezone_hours` those of which it is unknown.
    """
    begins = pl.col("hour_utc").dt.truncate(PERIODS[period])
    counts: list[list[pl.DataFrame]] = [[] for _ in tables]

    def open_hours() -> Iterator[pl.LazyFrame]:
        for part in hourly:
            inside = part.filter(begins.is_between(start, end, closed="left")).collect()
            for found, table in zip(counts, tables, strict=True):
                found.append(_counted(inside, begins, table))
            yield inside.lazy().filter("is_open")

    figures = period_figures(open_hours(), period, start, end, *tables)
    return [
        _beside_counts(pl.concat(found), of_open, period, table)
        for found, of_open, table in zip(counts, figures, tables, strict=True)
    ]


def _group(table: Table) -> tuple[list[str], list[str]]:
    """Key of a row within a period, and what the row tells of its last hour."""
    key = [table.key[0], "period_start_utc"]
    return key, [c for c in ("site_id", "region", "role") if c in table.schema and c not in key]


def _counted(inside: pl.DataFrame, begins: pl.Expr, table: Table) -> pl.DataFrame:
    """Every group of a part, with its hours counted."""
    key, attributes = _group(table)
    known = inside.filter(pl.col(key[0]).is_not_null()).sort("hour_utc", maintain_order=True)
    return known.group_by(key[0], period_start_utc=begins, maintain_order=True).agg(
        pl.col(attributes).last(),
        business_hours=pl.col("is_open").sum().cast(pl.Int64),
        unknown_timezone_hours=pl.col("is_open").null_count().cast(pl.Int64),
    )


def _beside_counts(counts: pl.DataFrame, figures: pl.LazyFrame, period: str, table: Table) -> pl.LazyFrame:
    """Every group of the period with its hours counted, and beside them the figures of the open ones."""
    key, attributes = _group(table)
    counted = ["business_hours", "unknown_timezone_hours"]
    groups = (
        counts.lazy().group_by(key, maintain_order=True).agg(pl.col(attributes).last(), pl.col(counted).sum())
    )
    told = [*attributes, "period", *(c.name for c in BUSINESS_COLUMNS)]
    joined = groups.join(figures.drop(told), on=key, how="left").with_columns(period=pl.lit(period))
    return table.conform(joined).sort(table.key)
