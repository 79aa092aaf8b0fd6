"""From hourly facts to windows, periods and the 13 months: reads, calls pure functions, replaces partitions.

No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    PERIOD_TABLES,
    ROLLING_PAIRS,
    WINDOW_TABLES,
    Table,
)
from mistwan_dagster.kpi.calendar import Period, period_end
from mistwan_dagster.kpi.periods import period_figures
from mistwan_dagster.kpi.rolling import rolling_figures, rolling_start
from mistwan_dagster.kpi.thresholds import with_thresholds
from mistwan_dagster.kpi.versions import with_version
from mistwan_dagster.kpi.windows import window_figures
from mistwan_dagster.lake.files import hour_label, period_label
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.hourly import CHUNK
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import LONGEST_WINDOW

Figures = dict[Table, pl.LazyFrame]
WINDOWS_AT_ONCE = timedelta(hours=6)
"""A whole day at once took half as much memory again and 11 % less time."""


def hourly_facts(platform: Platform, start: datetime, end: datetime) -> pl.LazyFrame:
    """Facts of [start, end); no rows when there are none."""
    facts = platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, start, end)
    return FACT_CIRCUIT_HOUR.empty().lazy() if facts is None else facts


def hourly_with_thresholds(platform: Platform, start: datetime, end: datetime) -> pl.LazyFrame:
    """Facts of [start, end) with the provider, store type, time zone and thresholds in force in each hour."""
    facts = hourly_facts(platform, start, end)
    placed = with_version(facts, _dimension(platform, DIM_SITE), "site_id", "store_type", "timezone")
    served = with_version(placed, _dimension(platform, DIM_CIRCUIT), "circuit_id", "provider")
    return with_thresholds(served, platform.thresholds)


def hourly_by_days(platform: Platform, start: datetime, end: datetime) -> Iterator[pl.LazyFrame]:
    """`hourly_with_thresholds` a day at a time: a month of 10,000 circuits is 7.4 million rows."""
    while start < end:
        until = min(start + CHUNK, end)
        yield hourly_with_thresholds(platform, start, until)
        start = until


def _dimension(platform: Platform, table: Table) -> pl.LazyFrame:
    """All versions; none when imported history precedes the first collection."""
    known = platform.kpi.read(table.name)
    return (table.empty() if known is None else known).lazy()


def compute_windows(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace the windows that end with each hour of [start, end): partition H holds the windows as of H + 1 h."""
    rows, begin = 0, start
    while begin < end:
        until = min(begin + WINDOWS_AT_ONCE, end)
        hourly = hourly_with_thresholds(platform, begin + HOUR - timedelta(hours=LONGEST_WINDOW), until)
        frames = pl.collect_all(window_figures(hourly, begin, until, *WINDOW_TABLES))
        for table, frame in zip(WINDOW_TABLES, frames, strict=True):
            parts = {k[0]: f for k, f in frame.partition_by("as_of_utc", as_dict=True).items()}
            for hour in hours_between(begin, until):
                platform.kpi.write(table.name, parts.get(hour + HOUR, frame.clear()), hour_label(hour))
        rows += frames[0].height
        begin = until
    return rows


def compute_periods(platform: Platform, period: Period, start: datetime, end: datetime) -> int:
    """Replace the periods of one kind that begin in [start, end); returns rows of circuits."""

    def found(begin: datetime, until: datetime) -> Figures:
        hourly = hourly_by_days(platform, begin, until)
        figures = period_figures(hourly, period, begin, until, *PERIOD_TABLES)
        return dict(zip(PERIOD_TABLES, figures, strict=True))

    return replace_periods(platform, period, start, end, found)


def compute_rolling(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace the 13 months that end with each month of [start, end); returns rows of circuits."""

    def pooled(months: Table, table: Table, as_of: datetime) -> pl.LazyFrame:
        known = platform.kpi.scan_periods(months.name, "month", rolling_start(as_of), as_of)
        return rolling_figures(months.empty().lazy() if known is None else known, as_of, table)

    return replace_periods(
        platform,
        "month",
        start,
        end,
        lambda _, until: {table: pooled(months, table, until) for months, table in ROLLING_PAIRS},
    )


def replace_periods(
    platform: Platform,
    period: Period,
    start: datetime,
    end: datetime,
    found: Callable[[datetime, datetime], Figures],
) -> int:
    """Replace what `found` tells of each period that begins in [start, end); returns rows of its first table.

    Each period is computed on its own, in bounded memory.
    """
    rows, begin = 0, start
    while begin < end:
        until = period_end(begin, period)
        figures = found(begin, until)
        frames = pl.collect_all(list(figures.values()))
        for table, frame in zip(figures, frames, strict=True):
            platform.kpi.write(table.name, frame, period_label(period, begin))
        rows += frames[0].height
        begin = until
    return rows
