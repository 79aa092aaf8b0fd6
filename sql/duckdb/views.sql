-- Generated from mistwan_dagster/catalog by `make generate`; do not edit.

-- The newest version of every circuit, also of those that are no more, to name it in its history
CREATE OR REPLACE VIEW v_circuit AS
SELECT * FROM dim_circuit
QUALIFY row_number() OVER (PARTITION BY circuit_id ORDER BY valid_from DESC) = 1;

-- Every current circuit: its state, its latest computed hour, its last 24 hours, and since when it is down
CREATE OR REPLACE VIEW v_circuit_state AS
SELECT c.circuit_id, c.site_id, s.site_name, s.region, s.store_type, s.timezone, c.device_mac, c.node,
       c.port_id, c.wan_name, c.wan_type, c.provider, c.role, c.active_state,
       CASE WHEN c.port_state = 'disabled' THEN 'disabled'
            WHEN o.start_utc IS NOT NULL THEN 'down'
            WHEN f.hour_utc IS NULL OR f.unknown_minutes >= 60 THEN 'unknown'
            ELSE coalesce(c.port_state, lower(f.status_hourly), 'unknown') END AS circuit_state,
       o.start_utc AS down_since_utc, f.hour_utc, f.utilization_pct, f.utilization_peak_pct,
       f.utilization_pct - p.utilization_avg_pct AS change_to_24h_pct, f.coverage_pct,
       f.loss_avg_pct, f.jitter_avg_ms, f.latency_avg_ms, f.quality_sample_count, f.utilization_severity,
       f.loss_severity, f.jitter_severity, f.latency_severity, f.severity, f.up_minutes, f.down_minutes,
       f.unknown_minutes, w.availability_pct AS availability_24h_pct, w.up_minutes AS up_minutes_24h,
       w.down_minutes AS down_minutes_24h, w.unknown_minutes AS unknown_minutes_24h,
       w.flap_count AS flap_count_24h, w.observed_hours AS observed_hours_24h,
       w.utilization_warning_hours AS utilization_warning_hours_24h,
       w.utilization_warning_run_hours AS utilization_warning_run_hours_24h,
       c.bandwidth_down_mbps, c.bandwidth_up_mbps, c.bandwidth_source
FROM dim_circuit c
LEFT JOIN dim_site s ON s.site_id = c.site_id AND s.is_current
LEFT JOIN (SELECT * FROM fact_circuit_hour WHERE hour_utc = (SELECT max(hour_utc) FROM fact_circuit_hour)) f
  ON f.circuit_id = c.circuit_id
LEFT JOIN agg_circuit_window p
  ON p.circuit_id = c.circuit_id AND p.window_hours = 24 AND p.as_of_utc = f.hour_utc
LEFT JOIN (SELECT * FROM agg_circuit_window WHERE window_hours = 24
             AND as_of_utc = (SELECT max(as_of_utc) FROM agg_circuit_window)) w
  ON w.circuit_id = c.circuit_id
LEFT JOIN (SELECT circuit_id, min(start_utc) AS start_utc FROM fact_circuit_outage
           WHERE end_utc IS NULL AND kind = 'link' GROUP BY circuit_id) o
  ON o.circuit_id = c.circuit_id
WHERE c.is_current;

-- Every current site: its circuits by state, its worst severity in the latest hour, its last 24 hours pooled
CREATE OR REPLACE VIEW v_site_now AS
SELECT s.site_id, s.site_name, s.region,
       CASE max(CASE c.severity WHEN 'normal' THEN 0 WHEN 'warning' THEN 1 WHEN 'high' THEN 2 WHEN 'critical' THEN 3 END) WHEN 0 THEN 'normal' WHEN 1 THEN 'warning' WHEN 2 THEN 'high' WHEN 3 THEN 'critical' END AS severity, max(c.utilization_pct) AS utilization_max_pct,
       100 * sum(c.up_minutes_24h) / nullif(sum(c.up_minutes_24h) + sum(c.down_minutes_24h), 0)
         AS availability_24h_pct,
       100 * (sum(c.up_minutes_24h) + sum(c.down_minutes_24h))
         / nullif(sum(c.up_minutes_24h) + sum(c.down_minutes_24h) + sum(c.unknown_minutes_24h), 0)
         AS observed_24h_pct,
       count(c.circuit_id) AS circuit_count,
       count(CASE WHEN c.circuit_state = 'up' THEN 1 END) AS up_count,
       count(CASE WHEN c.circuit_state = 'down' THEN 1 END) AS down_count,
       count(CASE WHEN c.circuit_state = 'disabled' THEN 1 END) AS disabled_count,
       count(CASE WHEN c.circuit_state = 'unknown' THEN 1 END) AS unknown_count,
       CAST(sum(c.flap_count_24h) AS BIGINT) AS flap_count_24h, max(c.hour_utc) AS hour_utc,
       s.store_type, s.timezone
FROM dim_site s
LEFT JOIN v_circuit_state c ON c.site_id = s.site_id
WHERE s.is_current
GROUP BY s.site_id, s.site_name, s.region, s.store_type, s.timezone;

-- Every region over the last 24 hours, beside the same 24 hours a week before
CREATE OR REPLACE VIEW v_region_now AS
SELECT n.region, n.as_of_utc, n.circuit_count, n.utilization_avg_pct, n.utilization_p95_pct,
       n.utilization_max_pct, n.loss_avg_pct, n.jitter_avg_ms, n.latency_avg_ms, n.availability_pct, n.flap_count,
       n.observed_hours, n.up_minutes, n.down_minutes, n.unknown_minutes, n.total_minutes,
       n.utilization_warning_hours, n.loss_warning_hours, n.jitter_warning_hours, n.latency_warning_hours,
       b.utilization_avg_pct AS week_before_utilization_avg_pct, b.availability_pct AS week_before_availability_pct,
       b.flap_count AS week_before_flap_count, b.observed_hours AS week_before_observed_hours,
       b.up_minutes AS week_before_up_minutes, b.down_minutes AS week_before_down_minutes,
       b.utilization_warning_hours AS week_before_utilization_warning_hours,
       b.loss_warning_hours AS week_before_loss_warning_hours,
       b.jitter_warning_hours AS week_before_jitter_warning_hours,
       b.latency_warning_hours AS week_before_latency_warning_hours
FROM agg_region_window n
LEFT JOIN agg_region_window b
  ON b.region = n.region AND b.window_hours = 24 AND b.as_of_utc = n.as_of_utc - INTERVAL '7 days'
WHERE n.window_hours = 24 AND n.as_of_utc = (SELECT max(as_of_utc) FROM agg_region_window);

-- Every overlay path in the latest hour with path samples, with its state: up, down, or unstable between
CREATE OR REPLACE VIEW v_path_now AS
SELECT p.*, s.site_name, s.region,
       CASE WHEN p.up_pct >= 100 THEN 'up' WHEN p.up_pct <= 0 THEN 'down'
            WHEN p.up_pct IS NULL THEN 'unknown' ELSE 'unstable' END AS path_state
FROM fact_path_hour p
LEFT JOIN dim_site s ON s.site_id = p.site_id AND s.is_current
WHERE p.hour_utc = (SELECT max(hour_utc) FROM fact_path_hour);

-- Every gateway with a current circuit: off when its last contact event is a loss and nothing was heard of it in an hour since, on when a circuit of it was heard of in the latest hour, else unknown
CREATE OR REPLACE VIEW v_gateway_now AS
SELECT g.device_mac, g.site_id, g.site_name, g.region,
       CASE WHEN e.event_type LIKE 'GW_DISCONNECTED%'
                 AND (coalesce(g.known_minutes, 0) = 0 OR e.event_utc >= g.hour_utc) THEN 'off'
            WHEN g.known_minutes > 0 THEN 'on' ELSE 'unknown' END AS gateway_state,
       e.event_utc AS last_contact_event_utc, g.hour_utc
FROM (SELECT device_mac, site_id, site_name, region, max(hour_utc) AS hour_utc,
             sum(up_minutes + down_minutes) AS known_minutes
      FROM v_circuit_state GROUP BY device_mac, site_id, site_name, region) g
LEFT JOIN (SELECT device_mac, event_type, event_utc,
                  row_number() OVER (PARTITION BY device_mac ORDER BY event_utc DESC, event_type) AS recency
           FROM fact_device_event
           WHERE event_type IN ('GW_CONNECTED', 'GW_DISCONNECTED', 'GW_DISCONNECTED_LONG')) e
  ON e.device_mac = g.device_mac AND e.recency = 1;

-- Alerts that are open, with the names of their sites; `severity_rank` ascends with the severity
CREATE OR REPLACE VIEW v_open_alert AS
SELECT a.severity, a.rule, a.scope, a.site_id, s.site_name, a.region, a.provider, a.area, a.subject,
       a.signals, a.since_utc, a.opened_utc, a.open_circuit_count, a.circuit_count, a.site_count, a.value, a.silenced,
       a.text, a.alert_id, CAST(CASE a.severity WHEN 'normal' THEN 0 WHEN 'warning' THEN 1 WHEN 'high' THEN 2 WHEN 'critical' THEN 3 END AS BIGINT) AS severity_rank
FROM fact_alert a
LEFT JOIN dim_site s ON s.site_id = a.site_id AND s.is_current
WHERE a.closed_utc IS NULL;

-- The latest computed hour of each circuit with its names
CREATE OR REPLACE VIEW v_circuit_now AS
SELECT f.*, s.site_name, s.store_type, c.device_mac, c.port_id, c.wan_name, c.provider, c.wan_type,
       c.bandwidth_down_mbps, c.bandwidth_up_mbps
FROM fact_circuit_hour f
LEFT JOIN dim_site s ON s.site_id = f.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = f.circuit_id
WHERE f.hour_utc = (SELECT max(hour_utc) FROM fact_circuit_hour);

-- Utilization of each circuit in the latest computed hour, and the change to the mean of the same circuit over the 24 hours before
CREATE OR REPLACE VIEW v_busy_now AS
SELECT n.site_name, n.region, n.circuit_id, n.role, n.provider, n.hour_utc, n.utilization_pct,
       n.utilization_peak_pct, n.utilization_severity, n.coverage_pct,
       n.utilization_pct - w.utilization_avg_pct AS change_to_24h_pct
FROM v_circuit_now n
LEFT JOIN agg_circuit_window w
  ON w.circuit_id = n.circuit_id AND w.window_hours = 24 AND w.as_of_utc = n.hour_utc
WHERE n.utilization_pct IS NOT NULL;

-- Circuits at or above a utilization threshold in the latest computed hour, and the change
CREATE OR REPLACE VIEW v_congested_now AS
SELECT * FROM v_busy_now WHERE utilization_severity IN ('warning', 'high', 'critical');

-- Daily figures of each circuit with its names
CREATE OR REPLACE VIEW v_circuit_day AS
SELECT p.*, s.site_name, c.provider, c.wan_name
FROM agg_circuit_period p
LEFT JOIN dim_site s ON s.site_id = p.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = p.circuit_id
WHERE p.period = 'day';

-- Outages with the names of their circuits
CREATE OR REPLACE VIEW v_outage AS
SELECT o.*, s.site_name, s.region, c.role, c.provider, c.wan_name
FROM fact_circuit_outage o
LEFT JOIN dim_site s ON s.site_id = o.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = o.circuit_id;

-- Alarms that were open when they were last read, with the names of their sites and circuits
CREATE OR REPLACE VIEW v_open_alarm AS
SELECT a.*, s.site_name, s.region, c.role, c.provider, c.wan_name
FROM fact_alarm a
LEFT JOIN dim_site s ON s.site_id = a.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = a.circuit_id
WHERE a.status = 'open';

-- Failovers with the names of their sites and circuits
CREATE OR REPLACE VIEW v_failover AS
SELECT f.*, s.site_name, s.region, p.provider AS from_provider, b.provider AS to_provider,
       b.wan_name AS to_wan_name
FROM fact_failover f
LEFT JOIN dim_site s ON s.site_id = f.site_id AND s.is_current
LEFT JOIN v_circuit p ON p.circuit_id = f.from_circuit_id
LEFT JOIN v_circuit b ON b.circuit_id = f.to_circuit_id;
