"""Figures of calendar periods (UTC day, ISO week, month), of circuits and pooled over regions and providers.

Belongs here: which hours are in a period. Does not belong here: the figures themselves (`hour_fold.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import cast

import polars as pl

from mistwan_dagster.catalog.table import Table
from mistwan_dagster.kpi.calendar import Period, period_start
from mistwan_dagster.kpi.hour_arrays import Columns, Seats, columns_of, hours_of
from mistwan_dagster.kpi.hour_fold import HourFold, frame_of

PERIODS = {"day": "1d", "week": "1w", "month": "1mo"}
"""Period -> truncation. Weeks begin on Monday, as ISO weeks do."""


def period_figures(
    hourly: pl.LazyFrame | Iterable[pl.LazyFrame], period: str, start: datetime, end: datetime, *tables: Table
) -> list[pl.LazyFrame]:
    """`agg_*_period` tables of the periods that begin in [start, end), each sorted by its key.

    `hourly`: `fact_circuit_hour` with provider and thresholds, all hours of those periods (the present one as
    far as it is known); or parts of it, each of later hours than the one before, which are read one by one and not
    held. `period`: day, week or month, in UTC; KeyError for anything else. Runs are cut at the
    period's edge. A circuit without a row in the period has no row. Region and role of a circuit are those of
    the period's last hour. Regions and providers are pooled as in `windows.window_figures`.
    """
    begins = pl.col("hour_utc").dt.truncate(PERIODS[period])
    seats = Seats()
    fold, begun, pools = HourFold(seats, *tables), start, []
    inside = begins.is_between(start, end, closed="left")
    for columns in _read_ahead([hourly] if isinstance(hourly, pl.LazyFrame) else hourly, inside):
        for hour in hours_of(columns, seats):
            this = period_start(datetime.fromtimestamp(hour.number * 3600, UTC), cast(Period, period))
            if this != begun:
                pools.append((begun, [fold.pooled(table) for table in tables]))
                fold, begun = HourFold(seats, *tables), this
            fold.add(hour)
    pools.append((begun, [fold.pooled(table) for table in tables]))
    starts = [begin for begin, _ in pools]
    return [
        frame_of(table, seats, of_table, period=[period] * len(starts), period_start_utc=starts).lazy()
        for table, of_table in zip(tables, zip(*(pooled for _, pooled in pools), strict=True), strict=True)
    ]


def _read_ahead(parts: Iterable[pl.LazyFrame], inside: pl.Expr) -> Iterator[Columns]:
    """Each part's rows; the next part is read while one is folded, as neither uses more than a core and a half."""
    with ThreadPoolExecutor(1) as reader:
        reading: Future[Columns] | None = None
        for part in parts:
            ahead = reader.submit(lambda p: columns_of(p.filter(inside)), part)
            if reading is not None:
                yield reading.result()
            reading = ahead
        if reading is not None:
            yield reading.result()
