"""Hours and the calendar periods that contain them. UTC; ISO weeks.

Belongs here: edges of hours, days, weeks and months, and cutting stretches of time at them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from mistwan_dagster.catalog.tables import DIM_HOUR

Period = Literal["day", "week", "month"]
HOUR = timedelta(hours=1)
HOUR_MINUTES = 60.0


def period_start(instant: datetime, period: Period) -> datetime:
    """Start of the UTC day, ISO week (Monday) or month that contains `instant`."""
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def period_end(instant: datetime, period: Period) -> datetime:
    """First instant after the period that contains `instant`."""
    start = period_start(instant, period)
    if period == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


def hour_dimension(hours: list[datetime]) -> pl.DataFrame:
    """`dim_hour` rows of the given hours: day, ISO week (`2025-W01`), month (`2025-01`)."""
    hour = pl.col("hour_utc")
    return (
        pl.DataFrame({"hour_utc": hours}, schema={"hour_utc": DIM_HOUR.schema["hour_utc"]})
        .with_columns(
            day=hour.dt.date(),
            iso_week=hour.dt.strftime("%G-W%V"),
            month=hour.dt.strftime("%Y-%m"),
        )
        .unique()
        .sort("hour_utc")
    )


def split_by_hour(stretches: pl.LazyFrame) -> pl.LazyFrame:
    """Rows with `start` and `end` cut at each full hour, with the `hour_utc` of every part; other columns repeat.

    A stretch of no length gives no part.
    """
    last = (pl.col("end") - timedelta(microseconds=1)).dt.truncate("1h")
    hours = pl.datetime_ranges(pl.col("start").dt.truncate("1h"), last, interval="1h")
    parts = stretches.filter(pl.col("end") > pl.col("start")).with_columns(hour_utc=hours).explode("hour_utc")
    return parts.with_columns(
        start=pl.max_horizontal("start", "hour_utc"),
        end=pl.min_horizontal("end", pl.col("hour_utc") + HOUR),
    )
