"""Which circuit was seen carrying the traffic, and when.

Belongs here: reducing port and path samples, and switch-overs of a cluster, to sightings. Does not
belong here: what episodes they make (`failover.py`).
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.kpi.roles import acting_role
from mistwan_dagster.kpi.steps import MAX_GAP

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "circuit_id": pl.String,
    "t": pl.Datetime("us", "UTC"),
    "active": pl.Boolean,
    "is_event": pl.Boolean,
}


def active_sightings(
    port_samples: pl.LazyFrame,
    path_samples: pl.LazyFrame,
    circuits: pl.DataFrame,
    switch_overs: pl.LazyFrame,
) -> pl.LazyFrame:
    """circuit_id, t, active, is_event, hour_utc of site hours in which a primary was seen not to carry the traffic, or
    within `MAX_GAP` of them: a failover at the edge of an hour begins and ends between two sightings.

    A port's own `active` counts, and of a circuit's paths read in one slot whether any that is up is active.
    Other site hours have no row: they tell of no failover, and are nearly all.
    Events always have one (`switch_overs`: circuit_id, t, active): the end of a failover may be all that its hour
    tells. `circuits`: circuit_id, site_id, role. Null `active` is no sighting.
    """
    ports = port_samples.select("circuit_id", "t", "active").drop_nulls()
    paths = (
        path_samples.filter(pl.col("is_active").is_not_null() & pl.col("circuit_id").is_not_null())
        .group_by("circuit_id", "slot_utc")
        .agg(t=pl.col("t").max(), active=(pl.col("is_active") & pl.col("up").fill_null(False)).any())
        .select("circuit_id", "t", "active")
    )
    hour = pl.col("t").dt.truncate("1h")
    sites = circuits.lazy().select("circuit_id", "site_id", "role").unique("circuit_id")
    sites = sites.with_columns(acting_role("site_id"))
    told = pl.concat(
        [
            pl.concat([ports, paths]).with_columns(is_event=pl.lit(False)),
            switch_overs.select("circuit_id", "t", "active", is_event=pl.lit(True)),
        ]
    )
    seen = told.with_columns(hour_utc=hour).join(sites, on="circuit_id")
    gone = seen.filter((pl.col("role") == "primary") & ~pl.col("active"))
    near = [(pl.col("t") + by).dt.truncate("1h").alias("hour_utc") for by in (-MAX_GAP, 0 * MAX_GAP, MAX_GAP)]
    away = pl.concat([gone.select("site_id", hour) for hour in near]).unique()
    return (
        seen.join(away.with_columns(_away=True), on=["site_id", "hour_utc"], how="left")
        .filter(pl.col("_away") | pl.col("is_event"))
        .select("circuit_id", "t", "active", "is_event", "hour_utc")
        .unique(["circuit_id", "t"], keep="first", maintain_order=True)
    )
