"""What the page of a site's service levels asks: SLE scores, their classifiers and details, overlay paths."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.dashboard.data.published import Published


def scores(published: Published, site_id: str, start: datetime, end: datetime, step: str) -> pl.DataFrame:
    """Mean score of each metric and step (`hour` or `day`) of [start, end): metric, at_utc, score (0..1)."""
    return published.ask(
        f"""SELECT metric, CAST(date_trunc('{step}', hour_utc) AS TIMESTAMP) AS at_utc, avg(score) AS score
FROM fact_site_sle_hour WHERE site_id = ? AND hour_utc >= ? AND hour_utc < ? GROUP BY 1, 2 ORDER BY 1, 2""",
        [site_id, start, end],
    )


def classifiers(
    published: Published, site_id: str, start: datetime, end: datetime, step: str
) -> pl.DataFrame:
    """Degraded time by metric, classifier and step: metric, classifier, at_utc, degraded, unit.

    Only what the deep-dive has read; a bin that it has not read is missing, and a null sum is unknown.
    """
    return published.ask(
        f"""SELECT metric, classifier, CAST(date_trunc('{step}', hour_utc) AS TIMESTAMP) AS at_utc,
       sum(degraded) AS degraded, max(unit) AS unit
FROM fact_sle_trend WHERE site_id = ? AND scope = 'site' AND hour_utc >= ? AND hour_utc < ? AND classifier <> ''
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
        [site_id, start, end],
    )


def details(published: Published, site_id: str) -> pl.DataFrame:
    """What the last deep-dive read, one row each; `kind` tells what a row is.

    coverage: state, score, is_degraded (value 1 or 0), at_utc (last read); threshold: value, unit, state (direction);
    bar: low, high, value, unit, place; gateway and interface: names, value (time looked at), degraded, score, unit
    is that of the bars.
    """
    return published.ask(
        """SELECT 'coverage' AS kind, metric, state, CAST(NULL AS VARCHAR) AS device_name,
       CAST(NULL AS VARCHAR) AS device_mac, CAST(NULL AS VARCHAR) AS interface_name, CAST(NULL AS BIGINT) AS place,
       CAST(NULL AS DOUBLE) AS low, CAST(NULL AS DOUBLE) AS high,
       CASE WHEN is_degraded THEN 1.0 WHEN is_degraded IS NOT NULL THEN 0.0 END AS value,
       CAST(NULL AS DOUBLE) AS degraded, score, CAST(NULL AS VARCHAR) AS unit, last_read_utc AS at_utc
FROM sle_coverage WHERE site_id = ?
UNION ALL
SELECT 'threshold', metric, direction, NULL, NULL, NULL, NULL, NULL, NULL, threshold, NULL, NULL, unit, read_at_utc
FROM fact_sle_threshold WHERE site_id = ? AND scope = 'site'
UNION ALL
SELECT 'bar', metric, range_unit, NULL, NULL, NULL, position, range_low, range_high, value, NULL, NULL, unit,
       span_end_utc
FROM fact_sle_histogram WHERE site_id = ? AND scope = 'site'
UNION ALL
SELECT 'gateway', metric, model, device_name, device_mac, NULL, NULL, NULL, NULL, total, degraded, score, NULL,
       span_end_utc
FROM fact_sle_impacted_gateway WHERE site_id = ? AND scope = 'site'
UNION ALL
SELECT 'interface', metric, NULL, device_name, device_mac, interface_name, NULL, NULL, NULL, total, degraded, score,
       NULL, span_end_utc
FROM fact_sle_impacted_interface WHERE site_id = ? AND scope = 'site'
ORDER BY kind, metric, place, degraded DESC, device_mac, interface_name""",
        [site_id] * 5,
    )


def paths(published: Published, site_id: str) -> pl.DataFrame:
    """Overlay paths of the site in the latest hour with path samples: worst state first."""
    return published.ask(
        """SELECT * FROM v_path_now WHERE site_id = ?
ORDER BY up_pct NULLS LAST, circuit_id, peer_router_name, vpn_name""",
        [site_id],
    )
