"""What the map asks: where each site is and how it is."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.dashboard.data.engineering import in_region
from mistwan_dagster.dashboard.data.published import Published


def sites(published: Published, region: str | None = None) -> pl.DataFrame:
    """Every current site of a region or all: names, severity, down_count, availability_24h_pct, lat and lng."""
    where, values = in_region(region, "v.region")
    return published.ask(
        f"""SELECT v.site_id, v.site_name, v.region, v.severity, v.down_count, v.circuit_count, v.availability_24h_pct,
       s.lat, s.lng
FROM v_site_now v JOIN dim_site s ON s.site_id = v.site_id AND s.is_current
WHERE 1 = 1{where} ORDER BY v.site_id""",
        values,
    )


def regions(published: Published) -> list[str]:
    """Names of the regions that have a site."""
    return published.ask(
        "SELECT DISTINCT region FROM dim_site WHERE is_current AND region IS NOT NULL ORDER BY region"
    )["region"].to_list()
