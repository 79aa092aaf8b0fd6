"""Which site's SLE is looked into next, when there are more than calls.

Belongs here: the order, a pure function of the coverage. Does not belong here: how far down it the calls reach.
"""

from __future__ import annotations

import polars as pl

DEGRADED_STATES = ("missing", "stale", "fresh")


def reading_order(coverage: pl.DataFrame) -> pl.DataFrame:
    """The rows of sle_coverage in the order in which they are to be read.

    Degraded ones come first: those never read, then those read too long ago, then the others, each worst score
    first. The rest follows in rotation, least recently read first and never read before all; an unknown score is
    not a degraded one. Ties go by score, site and metric. A metric that the site has not enabled is left out.
    """
    degraded = pl.col("is_degraded").fill_null(False)
    ranks = {state: rank for rank, state in enumerate(DEGRADED_STATES)}
    group = (
        pl.when(degraded)
        .then(pl.col("state").replace_strict(ranks, return_dtype=pl.Int64))
        .otherwise(len(ranks))
    )
    return (
        coverage.filter(pl.col("is_enabled").fill_null(True))
        .with_columns(group.alias("_group"))
        .sort(
            "_group",
            pl.when(degraded).then("score"),
            "last_read_utc",
            "score",
            "site_id",
            "metric",
            nulls_last=[False, False, False, True, False, False],
        )
        .drop("_group")
    )
