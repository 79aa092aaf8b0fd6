"""What Mist itself complains of: open alarms by severity and type, and sites whose SLE is degraded. One query."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.dashboard.data.engineering import in_region
from mistwan_dagster.dashboard.data.published import Published

SEVERITY_ORDER = ("critical", "warn", "info")


def signals(published: Published, region: str | None = None) -> pl.DataFrame:
    """Rows of kind `alarm` (one a severity and type) and `sle` (one a degraded site and metric).

    Columns: kind, what (alarm type or metric), level (severity, or state of the SLE deep-dive), site_id, site_name,
    region, n (alarms, or the score), acked (alarms), sites (alarms), since_utc (oldest alarm, or hour of the score),
    read_utc (newest occurrence, or last deep-dive).
    """
    where, values = in_region(region)
    return published.ask(
        f"""SELECT 'alarm' AS kind, coalesce(alarm_type, 'unknown') AS what, coalesce(severity, 'unknown') AS level,
       CAST(NULL AS VARCHAR) AS site_id, CAST(NULL AS VARCHAR) AS site_name, CAST(NULL AS VARCHAR) AS region,
       CAST(count(*) AS DOUBLE) AS n, count(CASE WHEN acked THEN 1 END) AS acked,
       count(DISTINCT site_id) AS sites, min(first_seen_utc) AS since_utc, max(last_seen_utc) AS read_utc
FROM v_open_alarm WHERE 1 = 1{where} GROUP BY 2, 3
UNION ALL
SELECT 'sle', q.metric, q.state, q.site_id, s.site_name, s.region, q.score, NULL, NULL, q.score_hour_utc,
       q.last_read_utc
FROM sle_coverage q LEFT JOIN dim_site s ON s.site_id = q.site_id AND s.is_current
WHERE q.is_degraded{where}""",
        values * 2,
    )


def alarms(found: pl.DataFrame) -> pl.DataFrame:
    """Open alarms by severity, then the most frequent type first."""
    rank = pl.col("level").replace_strict({w: i for i, w in enumerate(SEVERITY_ORDER)}, default=9)
    return found.filter(pl.col("kind") == "alarm").sort(rank, -pl.col("n"), "what")


def degraded(found: pl.DataFrame) -> pl.DataFrame:
    """Degraded sites, lowest score first."""
    return found.filter(pl.col("kind") == "sle").sort("n", "site_id", "what")
