"""Outages: stretches of hours put together.

Belongs here: joining stretches that touch and telling which outage still lasts. Does not belong here: what
was down when (`status.py`), what took over (`failover.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_OUTAGE


def merge_outages(
    pieces: pl.LazyFrame, dim_circuit: pl.LazyFrame | pl.DataFrame, observed_until: datetime
) -> pl.LazyFrame:
    """`fact_circuit_outage` from the stretches of any number of hours, sorted by its key.

    `pieces`: circuit_id, kind, start, end, evidence; those of one circuit and kind that touch or overlap
    are one outage, whose evidence is that of its start (of the stretch that was told first). An outage that
    reaches `observed_until`, the end of the last hour computed, still lasts: its end and duration are null.
    The site is that of the circuit's newest version in `dim_circuit`; stretches of other circuits are left
    out.
    """
    ordered = pieces.sort("circuit_id", "kind", "start", "end", maintain_order=True)
    key = pl.struct("circuit_id", "kind")
    reached = pl.col("end").cum_max().over("circuit_id", "kind")
    fresh = (key != key.shift(1)) | (pl.col("start") > pl.col("reached").shift(1))
    joined = (
        ordered.with_columns(reached=reached)
        .with_columns(outage=fresh.fill_null(True).cum_sum())
        .group_by("outage", maintain_order=True)
        .agg(
            pl.col("circuit_id", "kind", "evidence").first(),
            start_utc=pl.col("start").first(),
            last=pl.col("end").max(),
        )
    )
    over = pl.col("last") < observed_until
    timed = joined.with_columns(
        end_utc=pl.when(over).then("last"),
        duration_minutes=pl.when(over).then(
            (pl.col("last") - pl.col("start_utc")).dt.total_microseconds() / 6e7
        ),
    )
    sites = dim_circuit.lazy().sort("valid_from").group_by("circuit_id").agg(pl.col("site_id").last())
    return FACT_CIRCUIT_OUTAGE.conform(timed.join(sites, on="circuit_id")).sort(FACT_CIRCUIT_OUTAGE.key)
