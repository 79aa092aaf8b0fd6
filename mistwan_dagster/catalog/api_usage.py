"""The table of API calls. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import HOUR_UTC, Column
from mistwan_dagster.catalog.table import Table

API_USAGE_HOUR = Table(
    "api_usage_hour",
    "Calls to the Mist API and walks that were put off, from the call ledger",
    "hour x endpoint x purpose",
    ("hour_utc", "endpoint", "purpose"),
    (
        HOUR_UTC,
        Column(
            "endpoint",
            pl.String,
            "endpoint as in this dictionary, `org` and `usage` for probes, `(other programs)` for calls of the "
            "same token that were not made here, as far as the cloud told them",
            nullable=False,
        ),
        Column(
            "purpose",
            pl.String,
            "live collection, optional work (backfill), or another program's affair",
            nullable=False,
            allowed=("live", "backfill", "other"),
        ),
        Column("calls", pl.Int64, "calls made, retries included", "", 0, nullable=False),
        Column(
            "deferred",
            pl.Int64,
            "walks that were put off because no call was left; one that is put off twice counts twice",
            "",
            0,
            nullable=False,
        ),
        Column("deferred_reason", pl.String, "why they were put off; null when none was"),
    ),
)
