"""What was complained of: open alarms of Mist by severity and type, sites whose SLE is degraded, and open alerts.

One query for all of them.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS
from mistwan_dagster.dashboard.data.engineering import in_region
from mistwan_dagster.dashboard.data.published import Published

SEVERITY_ORDER = ("critical", "warn", "info")


def signals(published: Published, region: str | None = None) -> pl.DataFrame:
    """Rows of kind `alarm` (one a severity and type), `sle` (one a degraded site and metric), `alert` (one each).

    One of kind `look` tells that alerts were looked for.

    Columns: kind, what (alarm type, metric or rule), level (severity, or state of the SLE deep-dive), site_id,
    site_name (of an alert that has none: its provider and area, or part of the platform), region, n (alarms, the score,
    or circuits still part of an alert), acked (alarms), sites (of alarms or alerts), since_utc (oldest alarm, hour of
    the score, or begin of the breach), read_utc (newest occurrence, last deep-dive, or when the alert opened), silenced
    (whether an alert is in maintenance).
    """
    where, values = in_region(region)
    passes = "contains('; ' || region || ';', '; ' || ? || ';')" if region else "1 = 1"
    return published.ask(
        f"""SELECT 'alarm' AS kind, coalesce(alarm_type, 'unknown') AS what, coalesce(severity, 'unknown') AS level,
       CAST(NULL AS VARCHAR) AS site_id, CAST(NULL AS VARCHAR) AS site_name, CAST(NULL AS VARCHAR) AS region,
       CAST(count(*) AS DOUBLE) AS n, count(CASE WHEN acked THEN 1 END) AS acked,
       count(DISTINCT site_id) AS sites, min(first_seen_utc) AS since_utc, max(last_seen_utc) AS read_utc,
       CAST(NULL AS BOOLEAN) AS silenced
FROM v_open_alarm WHERE 1 = 1{where} GROUP BY 2, 3
UNION ALL
SELECT 'sle', q.metric, q.state, q.site_id, s.site_name, s.region, q.score, NULL, NULL, q.score_hour_utc,
       q.last_read_utc, NULL
FROM sle_coverage q LEFT JOIN dim_site s ON s.site_id = q.site_id AND s.is_current
WHERE q.is_degraded{where}
UNION ALL
SELECT 'alert', rule, severity, site_id, coalesce(site_name, site_id, provider || ' · ' || area, subject), region,
       CAST(open_circuit_count AS DOUBLE), NULL, site_count, since_utc, opened_utc, silenced
FROM v_open_alert WHERE {passes}
UNION ALL
SELECT 'look', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, max(loaded_at_utc), NULL
FROM load_ledger WHERE table_name = 'fact_alert' HAVING count(*) > 0""",
        values * 3,
    )


def alarms(found: pl.DataFrame) -> pl.DataFrame:
    """Open alarms by severity, then the most frequent type first."""
    rank = pl.col("level").replace_strict({w: i for i, w in enumerate(SEVERITY_ORDER)}, default=9)
    return found.filter(pl.col("kind") == "alarm").sort(rank, -pl.col("n"), "what")


def degraded(found: pl.DataFrame) -> pl.DataFrame:
    """Degraded sites, lowest score first."""
    return found.filter(pl.col("kind") == "sle").sort("n", "site_id", "what")


def looked(found: pl.DataFrame) -> bool:
    """Whether alerts were ever looked for."""
    return not found.filter(pl.col("kind") == "look").is_empty()


def alerts(found: pl.DataFrame) -> pl.DataFrame:
    """Open alerts, the worst first, then the newest."""
    rank = pl.col("level").replace_strict({w: i for i, w in enumerate(LEVELS)}, default=-1)
    return found.filter(pl.col("kind") == "alert").sort(
        rank, "read_utc", "site_name", "what", descending=[True, True, False, False]
    )
