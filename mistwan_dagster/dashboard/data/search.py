"""Finding a site or circuit by a part of its name, id, provider or MAC."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.warehouse.port import like_pattern

MOST_FOUND = 20


def search(published: Published, text: str) -> pl.DataFrame:
    """Columns kind (site, circuit), id, label; sites first, MOST_FOUND at most. Nothing for an empty text."""
    pattern = like_pattern(text.strip())
    if pattern == "%%":
        return pl.DataFrame(schema={"kind": pl.String, "id": pl.String, "label": pl.String})
    return published.ask(
        f"""SELECT 'site' AS kind, site_id AS id,
       coalesce(site_name, site_id) || ' (' || coalesce(region, 'no region') || ')' AS label
FROM dim_site WHERE is_current AND (site_name ILIKE ? ESCAPE '!' OR site_id ILIKE ? ESCAPE '!')
UNION ALL
SELECT 'circuit', c.circuit_id, coalesce(s.site_name, c.site_id) || ' · ' || coalesce(c.provider, 'unknown provider')
       || ' · ' || c.circuit_id
FROM dim_circuit c LEFT JOIN dim_site s ON s.site_id = c.site_id AND s.is_current
WHERE c.is_current AND (c.circuit_id ILIKE ? ESCAPE '!' OR c.provider ILIKE ? ESCAPE '!'
                        OR c.wan_name ILIKE ? ESCAPE '!' OR s.site_name ILIKE ? ESCAPE '!')
ORDER BY kind DESC, label LIMIT {MOST_FOUND}""",
        [pattern] * 6,
    )
