"""`dim_threshold`: which level was in force where and when, as rows.

Belongs here: turning thresholds into a table. Does not belong here: reading the file and putting thresholds beside
hours (`thresholds.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, NONE
from mistwan_dagster.catalog.tables import DIM_THRESHOLD
from mistwan_dagster.kpi.thresholds import LAYERS, LEVEL_COLUMNS, Thresholds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""`valid_from` of what has been in force from the beginning: spreadsheets and warehouses know no year 1."""


def threshold_dimension(thresholds: Thresholds, sites: pl.DataFrame) -> pl.DataFrame:
    """`dim_threshold` for each (region, store_type) of `sites` and for sites without either, sorted by key.

    `value` in the unit of the measure. A version begins at 00:00 UTC of the day from which its value holds, the
    first at 1970-01-01, and ends where the next begins (null: in force until further notice). A day on which
    the value of a level stays opens no version of it. Null regions and store types are `(none)`.
    """
    places = pl.concat(
        [sites.select(pl.col(LAYERS).fill_null(NONE)), pl.DataFrame({name: [NONE] for name in LAYERS})]
    )
    wide = thresholds.effective(places)
    long = wide.unpivot(
        LEVEL_COLUMNS, index=[*LAYERS, "valid_from"], variable_name="name", value_name="value"
    )
    named = long.with_columns(
        pl.col("name").str.splitn("_", 2).struct.rename_fields(["measure", "level"]).alias("split"),
        pl.max_horizontal(pl.col("valid_from").cast(INSTANT), pl.lit(EPOCH, INSTANT)).alias("valid_from"),
    ).unnest("split")
    group = ("region", "store_type", "measure", "level")
    newest = named.unique([*group, "valid_from"], keep="last", maintain_order=True).sort(*group, "valid_from")
    before = pl.col("value").shift(1).over(group)
    versions = newest.filter(before.is_null() | (pl.col("value") != before))
    ended = versions.with_columns(valid_to=pl.col("valid_from").shift(-1).over(group))
    return DIM_THRESHOLD.conform(ended.lazy()).collect()
