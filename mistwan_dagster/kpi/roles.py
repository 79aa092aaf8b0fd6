"""Which circuit of a site acts as its primary where nobody said so, and whether it is the only one.

Belongs here: these conclusions. `role` in `dim_circuit` and the facts stays what was told (by the circuits file, or
by the modem that a backup is); unknown stays unknown there.
"""

from __future__ import annotations

import polars as pl


def acting_role(*site: str) -> pl.Expr:
    """`role`, and `primary` for the only circuit of a site whose others are all secondary.

    `site` names the columns that tell sites apart (with the hour, where rows are hours). Somebody must carry the
    traffic that the backups stand by for; of two circuits without a role it cannot be told which.
    """
    backup = (pl.col("role") == "secondary").fill_null(False)
    alone = (backup.not_().sum().over(site) == 1) & backup.any().over(site)
    return pl.when(pl.col("role").is_null() & alone).then(pl.lit("primary")).otherwise("role").alias("role")


def sole_primaries(circuits: pl.LazyFrame) -> pl.LazyFrame:
    """circuit_id of the circuits (a version each) that are the only primary of their site, also by `acting_role`.

    Of two primaries each stands in for the other: what is kept of backups is kept of them, too.
    """
    primary = circuits.with_columns(acting_role("site_id")).filter(pl.col("role") == "primary")
    return primary.filter(pl.len().over("site_id") == 1).select("circuit_id")
