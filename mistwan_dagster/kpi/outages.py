"""Outages: stretches of hours put together.

Belongs here: joining stretches that touch and telling which outage still lasts. Does not belong here: what
was down when (`status.py`), what took over (`failover.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_OUTAGE
from mistwan_dagster.kpi.stretches import MICROS_PER_MINUTE


def merge_outages(
    pieces: pl.LazyFrame, dim_circuit: pl.LazyFrame | pl.DataFrame, observed_until: datetime
) -> pl.LazyFrame:
    """`fact_circuit_outage` from the stretches of any number of hours, sorted by its key.

    `pieces`: circuit_id, kind (link, reachability, unknown), start, end, evidence; those of one circuit and
    kind that touch or overlap are one outage, whose evidence is that of its start (of the stretch told first).
    Time in which nothing is known of the link is no recovery: a link that is down before and after it was down
    throughout, one that was never seen again is down still. An outage that reaches `observed_until`, the end of
    the last hour computed, itself or through such time, lasts: its end and duration are null. `unknown_minutes` is
    what its observed stretches leave of its length, up to `observed_until` while it lasts. The site is that
    of the circuit's newest version in `dim_circuit`; stretches of other circuits are left out.
    """
    of = pl.when(pl.col("kind") == "unknown").then(pl.lit("link")).otherwise("kind")
    ordered = pieces.with_columns(of=of).sort("circuit_id", "of", "start", "end", maintain_order=True)
    key = pl.struct("circuit_id", "of")
    reached = pl.col("end").cum_max().over("circuit_id", "of")
    fresh = (key != key.shift(1)) | (pl.col("start") > pl.col("reached").shift(1))
    known = pl.col("kind") != "unknown"
    joined = (
        ordered.with_columns(reached=reached)
        .with_columns(outage=fresh.fill_null(True).cum_sum())
        .group_by("outage", maintain_order=True)
        .agg(
            pl.col("circuit_id").first(),
            kind=pl.col("of").first(),
            evidence=pl.col("evidence").filter(known).first(),
            start_utc=pl.col("start").filter(known).first(),
            last=pl.col("end").filter(known).max(),
            seen=(pl.col("end") - pl.col("start")).filter(known).sum(),
            silent_until=pl.col("end").max(),
        )
        .filter(pl.col("start_utc").is_not_null())
    )
    over = pl.col("silent_until") < observed_until
    until = pl.when(over).then("last").otherwise(pl.lit(observed_until).cast(INSTANT))
    unseen = (until - pl.col("start_utc") - pl.col("seen")).dt.total_microseconds() / MICROS_PER_MINUTE
    timed = joined.with_columns(
        unknown_minutes=unseen.clip(lower_bound=0),
        end_utc=pl.when(over).then("last"),
        duration_minutes=pl.when(over).then(
            (pl.col("last") - pl.col("start_utc")).dt.total_microseconds() / MICROS_PER_MINUTE
        ),
    )
    sites = dim_circuit.lazy().sort("valid_from").group_by("circuit_id").agg(pl.col("site_id").last())
    return FACT_CIRCUIT_OUTAGE.conform(timed.join(sites, on="circuit_id")).sort(FACT_CIRCUIT_OUTAGE.key)
