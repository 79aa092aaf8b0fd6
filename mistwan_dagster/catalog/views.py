"""Views of the warehouse that answer the standing questions; one portable SQL text for both backends.

Belongs here: names, meanings and SELECTs over declared tables. A view never computes a KPI anew.
"""

from __future__ import annotations

from mistwan_dagster.catalog.state_views import STATE_VIEWS
from mistwan_dagster.catalog.view import View

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        *STATE_VIEWS,
        View(
            "v_circuit_now",
            "The latest computed hour of each circuit with its names",
            """SELECT f.*, s.site_name, s.store_type, c.device_mac, c.port_id, c.wan_name, c.provider, c.wan_type,
       c.bandwidth_down_mbps, c.bandwidth_up_mbps
FROM fact_circuit_hour f
LEFT JOIN dim_site s ON s.site_id = f.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = f.circuit_id
WHERE f.hour_utc = (SELECT max(hour_utc) FROM fact_circuit_hour)""",
            key=("circuit_id",),
        ),
        View(
            "v_busy_now",
            "Utilization of each circuit in the latest computed hour, and the change to the mean of the same "
            "circuit over the 24 hours before",
            """SELECT n.site_name, n.region, n.circuit_id, n.role, n.provider, n.hour_utc, n.utilization_pct,
       n.utilization_peak_pct, n.utilization_severity, n.coverage_pct,
       n.utilization_pct - w.utilization_avg_pct AS change_to_24h_pct
FROM v_circuit_now n
LEFT JOIN agg_circuit_window w
  ON w.circuit_id = n.circuit_id AND w.window_hours = 24 AND w.as_of_utc = n.hour_utc
WHERE n.utilization_pct IS NOT NULL""",
            key=("circuit_id",),
        ),
        View(
            "v_congested_now",
            "Circuits at or above a utilization threshold in the latest computed hour, and the change",
            """SELECT * FROM v_busy_now WHERE utilization_severity IN ('warning', 'high', 'critical')""",
            key=("circuit_id",),
        ),
        View(
            "v_circuit_day",
            "Daily figures of each circuit with its names",
            """SELECT p.*, s.site_name, c.provider, c.wan_name
FROM agg_circuit_period p
LEFT JOIN dim_site s ON s.site_id = p.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = p.circuit_id
WHERE p.period = 'day'""",
            key=("circuit_id", "period_start_utc"),
        ),
        View(
            "v_outage",
            "Outages with the names of their circuits",
            """SELECT o.*, s.site_name, s.region, c.role, c.provider, c.wan_name
FROM fact_circuit_outage o
LEFT JOIN dim_site s ON s.site_id = o.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = o.circuit_id""",
            key=("circuit_id", "kind", "start_utc"),
        ),
        View(
            "v_open_alarm",
            "Alarms that were open when they were last read, with the names of their sites and circuits",
            """SELECT a.*, s.site_name, s.region, c.role, c.provider, c.wan_name
FROM fact_alarm a
LEFT JOIN dim_site s ON s.site_id = a.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = a.circuit_id
WHERE a.status = 'open'""",
            key=("alarm_id",),
        ),
        View(
            "v_failover",
            "Failovers with the names of their sites and circuits",
            """SELECT f.*, s.site_name, s.region, p.provider AS from_provider, b.provider AS to_provider,
       b.wan_name AS to_wan_name
FROM fact_failover f
LEFT JOIN dim_site s ON s.site_id = f.site_id AND s.is_current
LEFT JOIN v_circuit p ON p.circuit_id = f.from_circuit_id
LEFT JOIN v_circuit b ON b.circuit_id = f.to_circuit_id""",
            key=("site_id", "start_utc", "from_circuit_id"),
        ),
    )
}
