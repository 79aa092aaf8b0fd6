"""The counts of everything: circuits, sites, gateways, overlay paths, SLE, alarms. One query.

Belongs here: how many are in each state. Does not belong here: which ones (`engineering`, `signals`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mistwan_dagster.catalog.columns import LEVELS
from mistwan_dagster.dashboard.data.engineering import RECENT_HOURS, in_region
from mistwan_dagster.dashboard.data.published import Published

BINS = tuple(range(0, 100, 10))
"""Lower edges of the bars of the utilization distribution; the last bar is 100 % and above."""
Counts = dict[str, float | None]

_LEVELS = ", ".join(f"'{level}'" for level in LEVELS)
_CIRCUITS = {
    "circuits": "count(*)",
    **{
        f"circuit_{state}": f"count(CASE WHEN circuit_state = '{state}' THEN 1 END)"
        for state in ("up", "down", "disabled", "unknown")
    },
    "alerts": "count(CASE WHEN severity IN ('high', 'critical') THEN 1 END)",
    "above_80": "count(CASE WHEN utilization_pct >= 80 THEN 1 END)",
    "measured": "count(utilization_pct)",
    "congested": f"count(CASE WHEN utilization_severity IN ({_LEVELS}) THEN 1 END)",
    "utilization_avg_pct": "avg(utilization_pct)",
    "utilization_max_pct": "max(utilization_pct)",
    "bandwidth_mbps": "sum(bandwidth_down_mbps)",
    "bandwidth_unknown": "count(CASE WHEN bandwidth_down_mbps IS NULL THEN 1 END)",
    **{
        f"bar_{low}": f"count(CASE WHEN utilization_pct >= {low} AND utilization_pct < {low + 10} THEN 1 END)"
        for low in BINS
    },
    "bar_100": "count(CASE WHEN utilization_pct >= 100 THEN 1 END)",
}
"""Figures over the circuits' present states; those of utilization are over the circuits that have one."""


def fleet_counts(published: Published, newest: datetime, region: str | None = None) -> Counts:
    """Name -> count, of one region or all. What nothing is known of is absent or null, never 0.

    Keys: those of the circuits; `region_<name>` (sites of every region), `site_<severity>`, `gateway_<state>`,
    `path_<state>`; `sle_<metric>_<known, degraded, score>` (score 0..1, mean over sites) and
    `sle_state_<fresh, stale, missing>` (sites times metrics); `alarm_open`, `alarm_critical` (open ones),
    `alarm_read` (alarms ever read); `usual_known` (circuits whose usual utilization is known, all regions).
    """
    where, value = in_region(region)
    circuits = ", ".join(f"CAST({sql} AS DOUBLE) AS {name}" for name, sql in _CIRCUITS.items())
    within = f" AND site_id IN (SELECT site_id FROM dim_site WHERE is_current{where})" if region else ""
    parts = [
        *(f"SELECT '{name}' AS what, {name} AS n FROM c" for name in _CIRCUITS),
        "SELECT 'site_' || coalesce(severity, 'unknown'), count(*) "
        f"FROM v_site_now WHERE 1 = 1{where} GROUP BY 1",
        "SELECT 'region_' || region, count(*) FROM dim_site WHERE is_current AND region IS NOT NULL GROUP BY 1",
        f"SELECT 'gateway_' || gateway_state, count(*) FROM v_gateway_now WHERE 1 = 1{where} GROUP BY 1",
        f"SELECT 'path_' || path_state, count(*) FROM v_path_now WHERE hour_utc >= ?{where} GROUP BY 1",
        f"SELECT 'sle_' || metric || '_known', count(score) FROM sle_coverage WHERE 1 = 1{within} GROUP BY metric",
        "SELECT 'sle_' || metric || '_degraded', count(CASE WHEN is_degraded THEN 1 END) "
        f"FROM sle_coverage WHERE 1 = 1{within} GROUP BY metric",
        f"SELECT 'sle_' || metric || '_score', avg(score) FROM sle_coverage WHERE 1 = 1{within} GROUP BY metric",
        f"SELECT 'sle_state_' || state, count(*) FROM sle_coverage WHERE 1 = 1{within} GROUP BY state",
        f"SELECT 'alarm_open', count(*) FROM v_open_alarm WHERE 1 = 1{where}",
        f"SELECT 'alarm_critical', count(*) FROM v_open_alarm WHERE severity = 'critical'{where}",
        "SELECT 'alarm_read', count(*) FROM fact_alarm",
        "SELECT 'usual_known', count(change_pct) FROM rpt_congestion_now",
    ]
    values = [*value * 3, newest - timedelta(hours=RECENT_HOURS), *value * 7]
    union = "\nUNION ALL\n".join(parts)
    rows = published.ask(
        f"WITH c AS (SELECT {circuits} FROM v_circuit_state WHERE 1 = 1{where})\n{union}", values
    )
    return dict(rows.iter_rows())
