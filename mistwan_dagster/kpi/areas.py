"""Areas: circuits of one provider that could share a fault, because they are in one region or close together.

Belongs here: grouping by region or by distance. Does not belong here: what happens in an area
(`carrier_incidents.py`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from mistwan_dagster.catalog.columns import NONE
from mistwan_dagster.kpi.versions import newest

EARTH_RADIUS_KM = 6371.0088
AREA_SCHEMA = {"circuit_id": pl.String, "site_id": pl.String, "provider": pl.String, "area": pl.String}


def circuit_areas(dim_circuit: pl.DataFrame, dim_site: pl.DataFrame, radius_km: float) -> pl.DataFrame:
    """circuit_id, site_id, provider, area of each current circuit, sorted by circuit_id.

    Sites of a provider with coordinates that are at most `radius_km` apart, directly or over others between them,
    are one area, `around <name of the first by id>`. A site without coordinates, or any when `radius_km` is 0, is in
    the area of its region. Disabled ports and circuits of an unknown provider have no row. Distance: great circle
    (haversine, mean earth radius).
    """
    sites = dim_site.filter("is_current").select("site_id", "site_name", "region", "lat", "lng")
    circuits = (
        dim_circuit.filter(
            pl.col("is_current")
            & pl.col("provider").is_not_null()
            & (pl.col("port_state") != "disabled").fill_null(True)
        )
        .join(sites, on="site_id", how="left")
        .with_columns(pl.col("region").fill_null(NONE))
        .sort("circuit_id")
    )
    if radius_km <= 0:
        return circuits.with_columns(area="region").select(*AREA_SCHEMA)
    placed = circuits.filter(pl.col("lat").is_finite() & pl.col("lng").is_finite())
    named = [
        _named(of_provider.unique("site_id").sort("site_id"), radius_km)
        for of_provider in placed.partition_by("provider", maintain_order=True)
    ]
    empty = pl.DataFrame(schema={"provider": pl.String, "site_id": pl.String, "_area": pl.String})
    joined = circuits.join(pl.concat([empty, *named]), on=["provider", "site_id"], how="left")
    return joined.with_columns(area=pl.coalesce("_area", "region")).select(*AREA_SCHEMA)


def with_past_circuits(areas: pl.DataFrame, dim_circuit: pl.DataFrame) -> pl.DataFrame:
    """`areas` (as `circuit_areas`) and circuits that are no more, in the area of their provider's others at the site.

    Else the outages of a gateway would leave their carrier incident when it is exchanged. They make no area themselves:
    its name would change with them.
    """
    places = areas.unique(["site_id", "provider"], maintain_order=True).select("site_id", "provider", "area")
    past = (
        newest(dim_circuit, "circuit_id")
        .filter(~pl.col("is_current"))
        .join(places, on=["site_id", "provider"])
    )
    return pl.concat([areas, past.select(*AREA_SCHEMA)])


def _named(sites: pl.DataFrame, radius_km: float) -> pl.DataFrame:
    """provider, site_id, _area; the first site of each group gives it its name."""
    group = _connected(sites["lat"].to_numpy(), sites["lng"].to_numpy(), radius_km)
    names = sites.select(pl.coalesce("site_name", "site_id")).to_series()
    area = pl.Series("_area", [f"around {names[first]}" for first in group.tolist()], dtype=pl.String)
    return sites.select("provider", "site_id").with_columns(area)


def _connected(lat: np.ndarray, lng: np.ndarray, radius_km: float) -> np.ndarray:
    """For each point the smallest index of those that it reaches in steps of at most the radius."""
    group = np.full(len(lat), -1)
    for first in range(len(lat)):
        if group[first] >= 0:
            continue
        group[first], frontier = first, [first]
        while frontier:
            here = frontier.pop()
            near = (group < 0) & (_distance_km(lat[here], lng[here], lat, lng) <= radius_km)
            group[near] = first
            frontier.extend(np.flatnonzero(near).tolist())
    return group


def _distance_km(lat: float, lng: float, lats: np.ndarray, lngs: np.ndarray) -> np.ndarray:
    a, b = np.radians(lat), np.radians(lats)
    turn = np.radians(lngs - lng)
    chord = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord))
