"""WAN clients: how many there are at a site, and on which circuit as far as that can be told.

Belongs here: counts. The API tells no bytes of clients, so there is no traffic of theirs either.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.alarm_tables import FACT_WAN_CLIENT_HOUR
from mistwan_dagster.kpi.events import locate

_TOLD = {"gateway_mac": "mac", "node": "node", "port_id": "port_id", "text": "text"}
"""Undocumented keys of a client -> what `locate` reads."""


def wan_client_hours(clients: pl.LazyFrame, circuits: pl.DataFrame, interfaces: pl.DataFrame) -> pl.LazyFrame:
    """Rows of `fact_wan_client_hour` from snapshot rows of clients (with `slot_utc`).

    Of several snapshots in an hour the newest counts. A client's circuit is the port that it is told with, else
    the site's only circuit; a client whose circuit cannot be told counts under a null circuit. Rows without
    site are left out.
    """
    hour = pl.col("slot_utc").dt.truncate("1h")
    newest = clients.with_columns(hour_utc=hour).filter(
        pl.col("slot_utc") == pl.col("slot_utc").max().over("hour_utc"), pl.col("site_id").is_not_null()
    )
    told = newest.select(
        "wcid", "site_id", "network", "hour_utc", "received_at",
        *(pl.col("extra").str.json_path_match(f"$.{key}").alias(name) for key, name in _TOLD.items()),
    )  # fmt: skip
    only = (
        circuits.lazy()
        .group_by("site_id")
        .agg(pl.col("circuit_id").unique())
        .filter(pl.col("circuit_id").list.len() == 1)
        .select("site_id", only=pl.col("circuit_id").list.first())
    )
    placed = (
        locate(told, circuits, interfaces)
        .join(only, on="site_id", how="left")
        .with_columns(circuit_id=pl.coalesce("circuit_id", "only"))
    )
    counted = placed.group_by("site_id", "circuit_id", "hour_utc").agg(
        client_count=pl.col("wcid").n_unique(),
        network_count=pl.col("network").drop_nulls().n_unique(),
        read_utc=pl.col("received_at").max(),
    )
    named = counted.with_columns(locator=pl.col("circuit_id").fill_null(""))
    return FACT_WAN_CLIENT_HOUR.conform(named).sort("hour_utc", "site_id", "locator")
