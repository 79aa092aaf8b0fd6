"""Hours and the calendar periods that contain them. UTC; ISO weeks."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.tables import DIM_HOUR


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
