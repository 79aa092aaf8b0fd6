-- Generated from mistwan_dagster/catalog by `make generate`; do not edit.

CREATE TABLE IF NOT EXISTS dim_site (
    site_id VARCHAR NOT NULL,
    site_name VARCHAR,
    region VARCHAR,
    store_type VARCHAR,
    timezone VARCHAR,
    lat DOUBLE,
    lng DOUBLE,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    is_current BOOLEAN NOT NULL
);
COMMENT ON TABLE dim_site IS 'Stores, one row a version';
COMMENT ON COLUMN dim_site.site_id IS 'Mist site id';
COMMENT ON COLUMN dim_site.site_name IS 'name of the site in Mist';
COMMENT ON COLUMN dim_site.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN dim_site.store_type IS 'name of the store-type sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN dim_site.timezone IS 'IANA time zone of the site';
COMMENT ON COLUMN dim_site.lat IS 'latitude';
COMMENT ON COLUMN dim_site.lng IS 'longitude';
COMMENT ON COLUMN dim_site.valid_from IS 'first instant at which this version holds';
COMMENT ON COLUMN dim_site.valid_to IS 'first instant at which it no longer holds; null for the current version';
COMMENT ON COLUMN dim_site.is_current IS 'true for the version in force now';

CREATE TABLE IF NOT EXISTS dim_circuit (
    circuit_id VARCHAR NOT NULL,
    site_id VARCHAR NOT NULL,
    device_mac VARCHAR NOT NULL,
    node VARCHAR,
    port_id VARCHAR NOT NULL,
    wan_name VARCHAR,
    wan_type VARCHAR,
    provider VARCHAR,
    role VARCHAR,
    active_state BOOLEAN,
    port_state VARCHAR,
    bandwidth_down_mbps DOUBLE,
    bandwidth_up_mbps DOUBLE,
    bandwidth_source VARCHAR,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    is_current BOOLEAN NOT NULL
);
COMMENT ON TABLE dim_circuit IS 'WAN circuits, one row a version; down, disabled and unknown ports keep their row';
COMMENT ON COLUMN dim_circuit.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN dim_circuit.site_id IS 'Mist site id';
COMMENT ON COLUMN dim_circuit.device_mac IS 'gateway MAC, 12 lowercase hex digits';
COMMENT ON COLUMN dim_circuit.node IS 'node0 or node1 on an HA cluster, else null';
COMMENT ON COLUMN dim_circuit.port_id IS 'physical port, for example ge-0/0/1';
COMMENT ON COLUMN dim_circuit.wan_name IS 'name of the WAN interface in the gateway''s configuration';
COMMENT ON COLUMN dim_circuit.wan_type IS 'broadband, dsl or lte as Mist says; null when it does not';
COMMENT ON COLUMN dim_circuit.provider IS 'internet provider: circuits file, else the ISP that Mist detected last';
COMMENT ON COLUMN dim_circuit.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN dim_circuit.active_state IS 'true while this circuit carries the site''s traffic; null when unknown';
COMMENT ON COLUMN dim_circuit.port_state IS 'up, down, disabled; null when Mist did not say';
COMMENT ON COLUMN dim_circuit.bandwidth_down_mbps IS 'contracted download; null when unknown';
COMMENT ON COLUMN dim_circuit.bandwidth_up_mbps IS 'contracted upload; null when unknown';
COMMENT ON COLUMN dim_circuit.bandwidth_source IS 'where the bandwidth comes from: circuits file or link speed; no shaping yet, which dim_port_config tells';
COMMENT ON COLUMN dim_circuit.valid_from IS 'first instant at which this version holds';
COMMENT ON COLUMN dim_circuit.valid_to IS 'first instant at which it no longer holds; null for the current version';
COMMENT ON COLUMN dim_circuit.is_current IS 'true for the version in force now';

CREATE TABLE IF NOT EXISTS dim_hour (
    hour_utc TIMESTAMP NOT NULL,
    day DATE NOT NULL,
    iso_week VARCHAR NOT NULL,
    month VARCHAR NOT NULL
);
COMMENT ON TABLE dim_hour IS 'Hours and the calendar periods that contain them (UTC)';
COMMENT ON COLUMN dim_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN dim_hour.day IS 'UTC day';
COMMENT ON COLUMN dim_hour.iso_week IS 'ISO week, for example 2025-W01';
COMMENT ON COLUMN dim_hour.month IS 'month, for example 2025-01';

CREATE TABLE IF NOT EXISTS dim_threshold (
    region VARCHAR NOT NULL,
    store_type VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    value DOUBLE,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP
);
COMMENT ON TABLE dim_threshold IS 'Levels in force for each region and store type, one row a version: an hour is judged by those of its time';
COMMENT ON COLUMN dim_threshold.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN dim_threshold.store_type IS 'name of the store-type sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN dim_threshold.measure IS 'what is compared';
COMMENT ON COLUMN dim_threshold.level IS 'level that it marks';
COMMENT ON COLUMN dim_threshold.value IS 'threshold in the measure''s unit; a value on it counts as above';
COMMENT ON COLUMN dim_threshold.valid_from IS 'first instant at which this version holds';
COMMENT ON COLUMN dim_threshold.valid_to IS 'first instant at which it no longer holds; null for the current version';

CREATE TABLE IF NOT EXISTS fact_circuit_hour (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    hour_utc TIMESTAMP NOT NULL,
    region VARCHAR,
    role VARCHAR,
    rx_bytes DOUBLE,
    tx_bytes DOUBLE,
    utilization_pct DOUBLE,
    utilization_peak_pct DOUBLE,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    reachable_minutes DOUBLE,
    status_hourly VARCHAR,
    flap_count BIGINT,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    loss_p95_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    jitter_p95_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    latency_p95_ms DOUBLE,
    quality_sample_count BIGINT,
    utilization_severity VARCHAR,
    loss_severity VARCHAR,
    jitter_severity VARCHAR,
    latency_severity VARCHAR,
    severity VARCHAR,
    counter_reset BOOLEAN,
    coverage_pct DOUBLE,
    source VARCHAR,
    active_state BOOLEAN
);
COMMENT ON TABLE fact_circuit_hour IS 'The KPIs of one circuit in one hour; hours in which a port was disabled throughout have no row';
COMMENT ON COLUMN fact_circuit_hour.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_circuit_hour.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN fact_circuit_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_circuit_hour.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN fact_circuit_hour.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN fact_circuit_hour.rx_bytes IS 'bytes received in the covered seconds';
COMMENT ON COLUMN fact_circuit_hour.tx_bytes IS 'bytes sent in the covered seconds';
COMMENT ON COLUMN fact_circuit_hour.utilization_pct IS '100 * max(rx / down capacity, tx / up capacity); null without bandwidth or traffic; may exceed 100';
COMMENT ON COLUMN fact_circuit_hour.utilization_peak_pct IS 'highest utilization of one sampling interval';
COMMENT ON COLUMN fact_circuit_hour.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN fact_circuit_hour.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN fact_circuit_hour.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN fact_circuit_hour.reachable_minutes IS 'minutes the link was up and the provider answered (ARP, DHCP or a peer path); null without any such evidence';
COMMENT ON COLUMN fact_circuit_hour.status_hourly IS 'Up when up in any part of the hour, Down when down and never up, else Unknown';
COMMENT ON COLUMN fact_circuit_hour.flap_count IS 'link transitions in the hour, folded repeats counted';
COMMENT ON COLUMN fact_circuit_hour.loss_avg_pct IS 'mean frame loss of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.loss_max_pct IS 'maximum frame loss of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.loss_p95_pct IS '95th percentile frame loss of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.jitter_avg_ms IS 'mean jitter of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.jitter_max_ms IS 'maximum jitter of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.jitter_p95_ms IS '95th percentile jitter of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.latency_avg_ms IS 'mean latency of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.latency_max_ms IS 'maximum latency of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.latency_p95_ms IS '95th percentile latency of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)';
COMMENT ON COLUMN fact_circuit_hour.quality_sample_count IS 'samples behind the quality figures';
COMMENT ON COLUMN fact_circuit_hour.utilization_severity IS 'level that the hour''s utilization reaches; null when unknown';
COMMENT ON COLUMN fact_circuit_hour.loss_severity IS 'level that the hour''s frame loss reaches; null when unknown';
COMMENT ON COLUMN fact_circuit_hour.jitter_severity IS 'level that the hour''s jitter reaches; null when unknown';
COMMENT ON COLUMN fact_circuit_hour.latency_severity IS 'level that the hour''s latency reaches; null when unknown';
COMMENT ON COLUMN fact_circuit_hour.severity IS 'worst of the four; null when all are unknown';
COMMENT ON COLUMN fact_circuit_hour.counter_reset IS 'a counter reset makes the bytes a lower bound';
COMMENT ON COLUMN fact_circuit_hour.coverage_pct IS 'share of the hour that the traffic figures cover';
COMMENT ON COLUMN fact_circuit_hour.source IS 'where the traffic figures come from';
COMMENT ON COLUMN fact_circuit_hour.active_state IS 'true while this circuit carries the site''s traffic; null when unknown';

CREATE TABLE IF NOT EXISTS fact_path_hour (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR,
    device_mac VARCHAR NOT NULL,
    node VARCHAR NOT NULL,
    port_id VARCHAR NOT NULL,
    peer_mac VARCHAR NOT NULL,
    peer_port_id VARCHAR NOT NULL,
    vpn_name VARCHAR NOT NULL,
    peer_router_name VARCHAR,
    hour_utc TIMESTAMP NOT NULL,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    loss_p95_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    jitter_p95_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    latency_p95_ms DOUBLE,
    mos_avg DOUBLE,
    up_pct DOUBLE,
    active_pct DOUBLE,
    sample_count BIGINT
);
COMMENT ON TABLE fact_path_hour IS 'Quality of one overlay path in one hour, over its up samples';
COMMENT ON COLUMN fact_path_hour.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_path_hour.circuit_id IS 'circuit that carries the path; null when its port matches none';
COMMENT ON COLUMN fact_path_hour.device_mac IS 'gateway MAC, 12 lowercase hex digits';
COMMENT ON COLUMN fact_path_hour.node IS 'node of an HA cluster, empty otherwise';
COMMENT ON COLUMN fact_path_hour.port_id IS 'physical port, for example ge-0/0/1';
COMMENT ON COLUMN fact_path_hour.peer_mac IS 'MAC of the peer';
COMMENT ON COLUMN fact_path_hour.peer_port_id IS 'port of the peer, empty when not told';
COMMENT ON COLUMN fact_path_hour.vpn_name IS 'name of the VPN, empty when not told';
COMMENT ON COLUMN fact_path_hour.peer_router_name IS 'name of the peer';
COMMENT ON COLUMN fact_path_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_path_hour.loss_avg_pct IS 'mean frame loss of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.loss_max_pct IS 'maximum frame loss of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.loss_p95_pct IS '95th percentile frame loss of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.jitter_avg_ms IS 'mean jitter of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.jitter_max_ms IS 'maximum jitter of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.jitter_p95_ms IS '95th percentile jitter of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.latency_avg_ms IS 'mean latency of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.latency_max_ms IS 'maximum latency of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.latency_p95_ms IS '95th percentile latency of the path''s up samples';
COMMENT ON COLUMN fact_path_hour.mos_avg IS 'mean opinion score';
COMMENT ON COLUMN fact_path_hour.up_pct IS 'share of samples in which the path was up';
COMMENT ON COLUMN fact_path_hour.active_pct IS 'share of samples in which the path carried the traffic';
COMMENT ON COLUMN fact_path_hour.sample_count IS 'samples with a new source time';

CREATE TABLE IF NOT EXISTS fact_circuit_outage (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    start_utc TIMESTAMP NOT NULL,
    end_utc TIMESTAMP,
    kind VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    duration_minutes DOUBLE,
    unknown_minutes DOUBLE
);
COMMENT ON TABLE fact_circuit_outage IS 'Stretches in which a circuit was down (link) or up but unreachable (reachability)';
COMMENT ON COLUMN fact_circuit_outage.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_circuit_outage.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN fact_circuit_outage.start_utc IS 'first instant of the outage';
COMMENT ON COLUMN fact_circuit_outage.end_utc IS 'first instant after it; null while it lasts';
COMMENT ON COLUMN fact_circuit_outage.kind IS 'link or reachability';
COMMENT ON COLUMN fact_circuit_outage.evidence IS 'what tells its start: an event, a snapshot, or inference between two';
COMMENT ON COLUMN fact_circuit_outage.duration_minutes IS 'length; null while it lasts';
COMMENT ON COLUMN fact_circuit_outage.unknown_minutes IS 'part of it (so far, while it lasts) that was not observed but lies between observed parts';

CREATE TABLE IF NOT EXISTS fact_failover (
    site_id VARCHAR NOT NULL,
    start_utc TIMESTAMP NOT NULL,
    end_utc TIMESTAMP,
    from_circuit_id VARCHAR NOT NULL,
    to_circuit_id VARCHAR NOT NULL,
    cause VARCHAR,
    duration_minutes DOUBLE,
    loss_avg_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    latency_avg_ms DOUBLE,
    quality_sample_count BIGINT,
    norm_loss_avg_pct DOUBLE,
    norm_jitter_avg_ms DOUBLE,
    norm_latency_avg_ms DOUBLE,
    primary_loss_avg_pct DOUBLE,
    primary_jitter_avg_ms DOUBLE,
    primary_latency_avg_ms DOUBLE
);
COMMENT ON TABLE fact_failover IS 'Episodes in which a site''s traffic ran over another circuit because its primary was down or steered away';
COMMENT ON COLUMN fact_failover.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_failover.start_utc IS 'the primary stopped carrying the traffic';
COMMENT ON COLUMN fact_failover.end_utc IS 'the primary carried it again; null while the failover lasts';
COMMENT ON COLUMN fact_failover.from_circuit_id IS 'the primary';
COMMENT ON COLUMN fact_failover.to_circuit_id IS 'the circuit that took over';
COMMENT ON COLUMN fact_failover.cause IS 'why: the primary''s link was down, it was unreachable, or traffic was steered';
COMMENT ON COLUMN fact_failover.duration_minutes IS 'length; null while it lasts';
COMMENT ON COLUMN fact_failover.loss_avg_pct IS 'mean frame loss of the backup during the failover';
COMMENT ON COLUMN fact_failover.jitter_avg_ms IS 'mean jitter of the backup during the failover';
COMMENT ON COLUMN fact_failover.latency_avg_ms IS 'mean latency of the backup during the failover';
COMMENT ON COLUMN fact_failover.quality_sample_count IS 'samples in the failover behind these means; null when they come from the cloud''s hourly history';
COMMENT ON COLUMN fact_failover.norm_loss_avg_pct IS 'mean frame loss of the backup over the hours of the 7 days before: its own norm';
COMMENT ON COLUMN fact_failover.norm_jitter_avg_ms IS 'mean jitter of the backup over the hours of the 7 days before: its own norm';
COMMENT ON COLUMN fact_failover.norm_latency_avg_ms IS 'mean latency of the backup over the hours of the 7 days before: its own norm';
COMMENT ON COLUMN fact_failover.primary_loss_avg_pct IS 'mean frame loss of the primary over the 24 hours before';
COMMENT ON COLUMN fact_failover.primary_jitter_avg_ms IS 'mean jitter of the primary over the 24 hours before';
COMMENT ON COLUMN fact_failover.primary_latency_avg_ms IS 'mean latency of the primary over the 24 hours before';

CREATE TABLE IF NOT EXISTS fact_device_event (
    site_id VARCHAR NOT NULL,
    device_mac VARCHAR NOT NULL,
    event_type VARCHAR NOT NULL,
    locator VARCHAR NOT NULL,
    event_utc TIMESTAMP NOT NULL,
    circuit_id VARCHAR,
    node VARCHAR,
    event_count BIGINT,
    text VARCHAR,
    hour_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_device_event IS 'Device events of gateways as Mist told them, each once';
COMMENT ON COLUMN fact_device_event.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_device_event.device_mac IS 'gateway MAC, 12 lowercase hex digits';
COMMENT ON COLUMN fact_device_event.event_type IS 'Mist event type, for example GW_PORT_DOWN';
COMMENT ON COLUMN fact_device_event.locator IS 'port id, else the event''s text, else empty (part of the natural key)';
COMMENT ON COLUMN fact_device_event.event_utc IS 'instant of the event';
COMMENT ON COLUMN fact_device_event.circuit_id IS 'circuit that it concerns; null when none or ambiguous';
COMMENT ON COLUMN fact_device_event.node IS 'node0 or node1 on an HA cluster, else null';
COMMENT ON COLUMN fact_device_event.event_count IS 'repeats folded into the row';
COMMENT ON COLUMN fact_device_event.text IS 'text of the event';
COMMENT ON COLUMN fact_device_event.hour_utc IS 'start of the hour, UTC';

CREATE TABLE IF NOT EXISTS agg_circuit_window (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    region VARCHAR,
    role VARCHAR,
    as_of_utc TIMESTAMP NOT NULL,
    window_hours BIGINT NOT NULL,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_circuit_window IS 'Figures of the last 3, 12 and 24 hours, half-open: 3 h as of 12:00 are 09, 10, 11';
COMMENT ON COLUMN agg_circuit_window.site_id IS 'Mist site id';
COMMENT ON COLUMN agg_circuit_window.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN agg_circuit_window.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_circuit_window.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN agg_circuit_window.as_of_utc IS 'end of the window, not included';
COMMENT ON COLUMN agg_circuit_window.window_hours IS '3, 12 or 24';
COMMENT ON COLUMN agg_circuit_window.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_window.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_window.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_window.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_circuit_window.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_circuit_window.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_circuit_window.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_circuit_window.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_circuit_window.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_circuit_window.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_circuit_window.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_circuit_window.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_circuit_window.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_circuit_window.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_circuit_window.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_circuit_window.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_circuit_window.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_circuit_window.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_circuit_window.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_circuit_window.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_circuit_window.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_circuit_window.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_circuit_window.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_circuit_window.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_circuit_window.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_circuit_window.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_circuit_window.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_circuit_window.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_circuit_window.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_circuit_window.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_circuit_window.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_circuit_window.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_circuit_window.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_circuit_window.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_circuit_window.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_circuit_window.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_circuit_window.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_circuit_window.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_circuit_window.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_circuit_window.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_region_window (
    region VARCHAR NOT NULL,
    as_of_utc TIMESTAMP NOT NULL,
    window_hours BIGINT NOT NULL,
    circuit_count BIGINT,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_region_window IS 'Windows pooled over a region''s circuit hours, not averages of averages';
COMMENT ON COLUMN agg_region_window.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_region_window.as_of_utc IS 'end of the window, not included';
COMMENT ON COLUMN agg_region_window.window_hours IS '3, 12 or 24';
COMMENT ON COLUMN agg_region_window.circuit_count IS 'circuits pooled';
COMMENT ON COLUMN agg_region_window.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_window.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_window.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_window.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_region_window.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_region_window.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_region_window.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_region_window.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_region_window.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_region_window.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_region_window.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_region_window.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_region_window.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_region_window.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_region_window.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_region_window.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_region_window.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_region_window.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_region_window.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_region_window.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_region_window.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_region_window.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_region_window.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_region_window.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_region_window.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_region_window.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_region_window.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_region_window.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_region_window.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_region_window.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_region_window.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_region_window.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_region_window.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_region_window.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_region_window.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_region_window.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_region_window.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_region_window.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_region_window.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_region_window.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_provider_window (
    provider VARCHAR NOT NULL,
    as_of_utc TIMESTAMP NOT NULL,
    window_hours BIGINT NOT NULL,
    circuit_count BIGINT,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_provider_window IS 'Windows pooled over a provider''s circuit hours; circuits without a known provider are in none';
COMMENT ON COLUMN agg_provider_window.provider IS 'internet provider of the circuit in force in each hour';
COMMENT ON COLUMN agg_provider_window.as_of_utc IS 'end of the window, not included';
COMMENT ON COLUMN agg_provider_window.window_hours IS '3, 12 or 24';
COMMENT ON COLUMN agg_provider_window.circuit_count IS 'circuits pooled';
COMMENT ON COLUMN agg_provider_window.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_window.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_window.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_window.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_provider_window.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_provider_window.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_provider_window.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_provider_window.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_provider_window.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_provider_window.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_provider_window.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_provider_window.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_provider_window.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_provider_window.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_provider_window.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_provider_window.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_provider_window.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_provider_window.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_provider_window.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_provider_window.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_provider_window.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_provider_window.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_provider_window.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_provider_window.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_provider_window.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_provider_window.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_provider_window.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_provider_window.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_provider_window.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_provider_window.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_provider_window.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_provider_window.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_provider_window.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_provider_window.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_provider_window.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_provider_window.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_provider_window.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_provider_window.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_provider_window.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_provider_window.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_circuit_period (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    region VARCHAR,
    role VARCHAR,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_circuit_period IS 'Figures of a UTC day, ISO week or month';
COMMENT ON COLUMN agg_circuit_period.site_id IS 'Mist site id';
COMMENT ON COLUMN agg_circuit_period.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN agg_circuit_period.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_circuit_period.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN agg_circuit_period.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN agg_circuit_period.period_start_utc IS 'start of the period';
COMMENT ON COLUMN agg_circuit_period.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_period.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_period.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_period.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_circuit_period.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_circuit_period.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_circuit_period.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_circuit_period.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_circuit_period.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_circuit_period.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_circuit_period.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_circuit_period.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_circuit_period.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_circuit_period.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_circuit_period.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_circuit_period.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_circuit_period.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_circuit_period.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_circuit_period.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_circuit_period.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_circuit_period.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_circuit_period.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_circuit_period.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_circuit_period.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_circuit_period.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_circuit_period.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_circuit_period.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_circuit_period.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_circuit_period.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_circuit_period.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_circuit_period.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_circuit_period.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_circuit_period.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_circuit_period.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_circuit_period.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_circuit_period.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_circuit_period.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_circuit_period.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_circuit_period.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_circuit_period.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_region_period (
    region VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    circuit_count BIGINT,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_region_period IS 'Periods pooled over a region''s circuit hours';
COMMENT ON COLUMN agg_region_period.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_region_period.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN agg_region_period.period_start_utc IS 'start of the period';
COMMENT ON COLUMN agg_region_period.circuit_count IS 'circuits pooled';
COMMENT ON COLUMN agg_region_period.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_period.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_period.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_period.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_region_period.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_region_period.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_region_period.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_region_period.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_region_period.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_region_period.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_region_period.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_region_period.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_region_period.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_region_period.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_region_period.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_region_period.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_region_period.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_region_period.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_region_period.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_region_period.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_region_period.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_region_period.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_region_period.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_region_period.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_region_period.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_region_period.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_region_period.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_region_period.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_region_period.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_region_period.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_region_period.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_region_period.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_region_period.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_region_period.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_region_period.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_region_period.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_region_period.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_region_period.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_region_period.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_region_period.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_provider_period (
    provider VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    circuit_count BIGINT,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_provider_period IS 'Periods pooled over a provider''s circuit hours; circuits without a known provider are in none';
COMMENT ON COLUMN agg_provider_period.provider IS 'internet provider of the circuit in force in each hour';
COMMENT ON COLUMN agg_provider_period.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN agg_provider_period.period_start_utc IS 'start of the period';
COMMENT ON COLUMN agg_provider_period.circuit_count IS 'circuits pooled';
COMMENT ON COLUMN agg_provider_period.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_period.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_period.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_period.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_provider_period.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_provider_period.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_provider_period.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_provider_period.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_provider_period.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_provider_period.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_provider_period.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_provider_period.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_provider_period.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_provider_period.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_provider_period.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_provider_period.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_provider_period.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_provider_period.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_provider_period.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_provider_period.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_provider_period.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_provider_period.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_provider_period.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_provider_period.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_provider_period.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_provider_period.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_provider_period.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_provider_period.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_provider_period.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_provider_period.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_provider_period.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_provider_period.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_provider_period.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_provider_period.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_provider_period.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_provider_period.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_provider_period.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_provider_period.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_provider_period.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_provider_period.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_circuit_period_business (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    region VARCHAR,
    role VARCHAR,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE,
    business_hours BIGINT,
    unknown_timezone_hours BIGINT
);
COMMENT ON TABLE agg_circuit_period_business IS 'agg_circuit_period over the hours in which each store is open, by its own clock; periods are those of UTC';
COMMENT ON COLUMN agg_circuit_period_business.site_id IS 'Mist site id';
COMMENT ON COLUMN agg_circuit_period_business.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN agg_circuit_period_business.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_circuit_period_business.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN agg_circuit_period_business.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN agg_circuit_period_business.period_start_utc IS 'start of the period';
COMMENT ON COLUMN agg_circuit_period_business.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_period_business.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_period_business.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_circuit_period_business.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_circuit_period_business.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_circuit_period_business.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_circuit_period_business.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_circuit_period_business.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_circuit_period_business.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_circuit_period_business.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_circuit_period_business.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_circuit_period_business.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_circuit_period_business.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_circuit_period_business.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_circuit_period_business.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_circuit_period_business.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_circuit_period_business.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_circuit_period_business.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_circuit_period_business.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_circuit_period_business.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_circuit_period_business.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_circuit_period_business.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_circuit_period_business.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_circuit_period_business.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_circuit_period_business.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_circuit_period_business.total_minutes IS 'up + down + unknown minutes';
COMMENT ON COLUMN agg_circuit_period_business.business_hours IS 'circuit hours inside the opening hours, the ones counted';
COMMENT ON COLUMN agg_circuit_period_business.unknown_timezone_hours IS 'circuit hours left out because the site''s time zone is unknown';

CREATE TABLE IF NOT EXISTS agg_region_period_business (
    region VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    circuit_count BIGINT,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE,
    business_hours BIGINT,
    unknown_timezone_hours BIGINT
);
COMMENT ON TABLE agg_region_period_business IS 'agg_region_period over the hours in which each store is open, by its own clock; periods are those of UTC';
COMMENT ON COLUMN agg_region_period_business.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_region_period_business.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN agg_region_period_business.period_start_utc IS 'start of the period';
COMMENT ON COLUMN agg_region_period_business.circuit_count IS 'circuits pooled';
COMMENT ON COLUMN agg_region_period_business.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_period_business.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_period_business.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_region_period_business.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_region_period_business.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_region_period_business.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_region_period_business.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_region_period_business.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_region_period_business.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_region_period_business.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_region_period_business.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_region_period_business.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_region_period_business.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_region_period_business.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_region_period_business.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_region_period_business.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_region_period_business.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_region_period_business.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_region_period_business.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_region_period_business.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_region_period_business.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_region_period_business.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_region_period_business.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_region_period_business.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_region_period_business.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_region_period_business.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_region_period_business.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_region_period_business.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_region_period_business.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_region_period_business.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_region_period_business.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_region_period_business.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_region_period_business.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_region_period_business.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_region_period_business.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_region_period_business.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_region_period_business.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_region_period_business.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_region_period_business.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_region_period_business.total_minutes IS 'up + down + unknown minutes';
COMMENT ON COLUMN agg_region_period_business.business_hours IS 'circuit hours inside the opening hours, the ones counted';
COMMENT ON COLUMN agg_region_period_business.unknown_timezone_hours IS 'circuit hours left out because the site''s time zone is unknown';

CREATE TABLE IF NOT EXISTS agg_provider_period_business (
    provider VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    circuit_count BIGINT,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    utilization_warning_run_hours BIGINT,
    utilization_high_run_hours BIGINT,
    utilization_critical_run_hours BIGINT,
    loss_warning_run_hours BIGINT,
    loss_high_run_hours BIGINT,
    loss_critical_run_hours BIGINT,
    jitter_warning_run_hours BIGINT,
    jitter_high_run_hours BIGINT,
    jitter_critical_run_hours BIGINT,
    latency_warning_run_hours BIGINT,
    latency_high_run_hours BIGINT,
    latency_critical_run_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE,
    business_hours BIGINT,
    unknown_timezone_hours BIGINT
);
COMMENT ON TABLE agg_provider_period_business IS 'agg_provider_period over the hours in which each store is open, by its own clock; periods are those of UTC';
COMMENT ON COLUMN agg_provider_period_business.provider IS 'internet provider of the circuit in force in each hour';
COMMENT ON COLUMN agg_provider_period_business.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN agg_provider_period_business.period_start_utc IS 'start of the period';
COMMENT ON COLUMN agg_provider_period_business.circuit_count IS 'circuits pooled';
COMMENT ON COLUMN agg_provider_period_business.utilization_avg_pct IS 'mean utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_period_business.utilization_max_pct IS 'maximum utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_period_business.utilization_p95_pct IS '95th percentile utilization over the observed hours (p95: linear interpolation)';
COMMENT ON COLUMN agg_provider_period_business.loss_avg_pct IS 'mean frame loss over the hours observed';
COMMENT ON COLUMN agg_provider_period_business.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_provider_period_business.jitter_avg_ms IS 'mean jitter over the hours observed';
COMMENT ON COLUMN agg_provider_period_business.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_provider_period_business.latency_avg_ms IS 'mean latency over the hours observed';
COMMENT ON COLUMN agg_provider_period_business.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_provider_period_business.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_provider_period_business.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_provider_period_business.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_provider_period_business.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_provider_period_business.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_provider_period_business.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_provider_period_business.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_provider_period_business.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_provider_period_business.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_provider_period_business.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_provider_period_business.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_provider_period_business.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_provider_period_business.utilization_warning_run_hours IS 'longest run of consecutive hours with utilization at or above warning';
COMMENT ON COLUMN agg_provider_period_business.utilization_high_run_hours IS 'longest run of consecutive hours with utilization at or above high';
COMMENT ON COLUMN agg_provider_period_business.utilization_critical_run_hours IS 'longest run of consecutive hours with utilization at or above critical';
COMMENT ON COLUMN agg_provider_period_business.loss_warning_run_hours IS 'longest run of consecutive hours with frame loss at or above warning';
COMMENT ON COLUMN agg_provider_period_business.loss_high_run_hours IS 'longest run of consecutive hours with frame loss at or above high';
COMMENT ON COLUMN agg_provider_period_business.loss_critical_run_hours IS 'longest run of consecutive hours with frame loss at or above critical';
COMMENT ON COLUMN agg_provider_period_business.jitter_warning_run_hours IS 'longest run of consecutive hours with jitter at or above warning';
COMMENT ON COLUMN agg_provider_period_business.jitter_high_run_hours IS 'longest run of consecutive hours with jitter at or above high';
COMMENT ON COLUMN agg_provider_period_business.jitter_critical_run_hours IS 'longest run of consecutive hours with jitter at or above critical';
COMMENT ON COLUMN agg_provider_period_business.latency_warning_run_hours IS 'longest run of consecutive hours with latency at or above warning';
COMMENT ON COLUMN agg_provider_period_business.latency_high_run_hours IS 'longest run of consecutive hours with latency at or above high';
COMMENT ON COLUMN agg_provider_period_business.latency_critical_run_hours IS 'longest run of consecutive hours with latency at or above critical';
COMMENT ON COLUMN agg_provider_period_business.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_provider_period_business.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_provider_period_business.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_provider_period_business.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_provider_period_business.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_provider_period_business.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_provider_period_business.total_minutes IS 'up + down + unknown minutes';
COMMENT ON COLUMN agg_provider_period_business.business_hours IS 'circuit hours inside the opening hours, the ones counted';
COMMENT ON COLUMN agg_provider_period_business.unknown_timezone_hours IS 'circuit hours left out because the site''s time zone is unknown';

CREATE TABLE IF NOT EXISTS agg_circuit_rolling_13m (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    region VARCHAR,
    role VARCHAR,
    as_of_utc TIMESTAMP NOT NULL,
    start_utc TIMESTAMP NOT NULL,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_max_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_circuit_rolling_13m IS 'Figures of 13 calendar months, pooled from months: as of 1 Feb 2025 from 1 Jan 2024 on';
COMMENT ON COLUMN agg_circuit_rolling_13m.site_id IS 'Mist site id';
COMMENT ON COLUMN agg_circuit_rolling_13m.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN agg_circuit_rolling_13m.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_circuit_rolling_13m.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN agg_circuit_rolling_13m.as_of_utc IS 'end of the 13 months, not included: first of a month';
COMMENT ON COLUMN agg_circuit_rolling_13m.start_utc IS 'start of the 13 months';
COMMENT ON COLUMN agg_circuit_rolling_13m.utilization_avg_pct IS 'mean utilization over the observed hours';
COMMENT ON COLUMN agg_circuit_rolling_13m.utilization_max_pct IS 'maximum utilization over the observed hours';
COMMENT ON COLUMN agg_circuit_rolling_13m.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_circuit_rolling_13m.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_circuit_rolling_13m.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_circuit_rolling_13m.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_circuit_rolling_13m.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_circuit_rolling_13m.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_circuit_rolling_13m.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_circuit_rolling_13m.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_circuit_rolling_13m.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_circuit_rolling_13m.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_circuit_rolling_13m.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_circuit_rolling_13m.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_circuit_rolling_13m.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_circuit_rolling_13m.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_circuit_rolling_13m.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_circuit_rolling_13m.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_circuit_rolling_13m.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_circuit_rolling_13m.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_circuit_rolling_13m.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_circuit_rolling_13m.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_circuit_rolling_13m.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_circuit_rolling_13m.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_region_rolling_13m (
    region VARCHAR NOT NULL,
    as_of_utc TIMESTAMP NOT NULL,
    start_utc TIMESTAMP NOT NULL,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_max_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_region_rolling_13m IS '13 calendar months pooled over a region''s circuit hours';
COMMENT ON COLUMN agg_region_rolling_13m.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_region_rolling_13m.as_of_utc IS 'end of the 13 months, not included: first of a month';
COMMENT ON COLUMN agg_region_rolling_13m.start_utc IS 'start of the 13 months';
COMMENT ON COLUMN agg_region_rolling_13m.utilization_avg_pct IS 'mean utilization over the observed hours';
COMMENT ON COLUMN agg_region_rolling_13m.utilization_max_pct IS 'maximum utilization over the observed hours';
COMMENT ON COLUMN agg_region_rolling_13m.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_region_rolling_13m.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_region_rolling_13m.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_region_rolling_13m.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_region_rolling_13m.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_region_rolling_13m.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_region_rolling_13m.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_region_rolling_13m.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_region_rolling_13m.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_region_rolling_13m.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_region_rolling_13m.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_region_rolling_13m.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_region_rolling_13m.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_region_rolling_13m.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_region_rolling_13m.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_region_rolling_13m.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_region_rolling_13m.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_region_rolling_13m.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_region_rolling_13m.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_region_rolling_13m.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_region_rolling_13m.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_region_rolling_13m.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS agg_provider_rolling_13m (
    provider VARCHAR NOT NULL,
    as_of_utc TIMESTAMP NOT NULL,
    start_utc TIMESTAMP NOT NULL,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_max_ms DOUBLE,
    latency_max_ms DOUBLE,
    utilization_warning_hours BIGINT,
    utilization_high_hours BIGINT,
    utilization_critical_hours BIGINT,
    loss_warning_hours BIGINT,
    loss_high_hours BIGINT,
    loss_critical_hours BIGINT,
    jitter_warning_hours BIGINT,
    jitter_high_hours BIGINT,
    jitter_critical_hours BIGINT,
    latency_warning_hours BIGINT,
    latency_high_hours BIGINT,
    latency_critical_hours BIGINT,
    availability_pct DOUBLE,
    flap_count BIGINT,
    observed_hours BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    total_minutes DOUBLE
);
COMMENT ON TABLE agg_provider_rolling_13m IS '13 calendar months pooled over a provider''s circuit hours; circuits without a known provider are in none';
COMMENT ON COLUMN agg_provider_rolling_13m.provider IS 'internet provider of the circuit in force in each hour';
COMMENT ON COLUMN agg_provider_rolling_13m.as_of_utc IS 'end of the 13 months, not included: first of a month';
COMMENT ON COLUMN agg_provider_rolling_13m.start_utc IS 'start of the 13 months';
COMMENT ON COLUMN agg_provider_rolling_13m.utilization_avg_pct IS 'mean utilization over the observed hours';
COMMENT ON COLUMN agg_provider_rolling_13m.utilization_max_pct IS 'maximum utilization over the observed hours';
COMMENT ON COLUMN agg_provider_rolling_13m.loss_max_pct IS 'maximum frame loss over the hours observed';
COMMENT ON COLUMN agg_provider_rolling_13m.jitter_max_ms IS 'maximum jitter over the hours observed';
COMMENT ON COLUMN agg_provider_rolling_13m.latency_max_ms IS 'maximum latency over the hours observed';
COMMENT ON COLUMN agg_provider_rolling_13m.utilization_warning_hours IS 'hours with utilization at or above warning';
COMMENT ON COLUMN agg_provider_rolling_13m.utilization_high_hours IS 'hours with utilization at or above high';
COMMENT ON COLUMN agg_provider_rolling_13m.utilization_critical_hours IS 'hours with utilization at or above critical';
COMMENT ON COLUMN agg_provider_rolling_13m.loss_warning_hours IS 'hours with frame loss at or above warning';
COMMENT ON COLUMN agg_provider_rolling_13m.loss_high_hours IS 'hours with frame loss at or above high';
COMMENT ON COLUMN agg_provider_rolling_13m.loss_critical_hours IS 'hours with frame loss at or above critical';
COMMENT ON COLUMN agg_provider_rolling_13m.jitter_warning_hours IS 'hours with jitter at or above warning';
COMMENT ON COLUMN agg_provider_rolling_13m.jitter_high_hours IS 'hours with jitter at or above high';
COMMENT ON COLUMN agg_provider_rolling_13m.jitter_critical_hours IS 'hours with jitter at or above critical';
COMMENT ON COLUMN agg_provider_rolling_13m.latency_warning_hours IS 'hours with latency at or above warning';
COMMENT ON COLUMN agg_provider_rolling_13m.latency_high_hours IS 'hours with latency at or above high';
COMMENT ON COLUMN agg_provider_rolling_13m.latency_critical_hours IS 'hours with latency at or above critical';
COMMENT ON COLUMN agg_provider_rolling_13m.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN agg_provider_rolling_13m.flap_count IS 'link transitions';
COMMENT ON COLUMN agg_provider_rolling_13m.observed_hours IS 'hours with a utilization';
COMMENT ON COLUMN agg_provider_rolling_13m.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN agg_provider_rolling_13m.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN agg_provider_rolling_13m.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN agg_provider_rolling_13m.total_minutes IS 'up + down + unknown minutes';

CREATE TABLE IF NOT EXISTS rpt_congestion_now (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    region VARCHAR,
    role VARCHAR,
    hour_utc TIMESTAMP NOT NULL,
    utilization_pct DOUBLE,
    utilization_severity VARCHAR,
    usual_pct DOUBLE,
    usual_mad_pct DOUBLE,
    usual_hours BIGINT,
    change_pct DOUBLE,
    change_sigmas DOUBLE,
    is_worse BOOLEAN,
    trend_pct_per_week DOUBLE,
    trend_low_pct_per_week DOUBLE,
    trend_high_pct_per_week DOUBLE,
    trend_now_pct DOUBLE,
    trend_weeks BIGINT,
    trend_unknown_hours BIGINT,
    days_to_warning DOUBLE,
    days_to_high DOUBLE,
    days_to_critical DOUBLE,
    trend_reason VARCHAR
);
COMMENT ON TABLE rpt_congestion_now IS 'Each circuit in the latest computed hour: congested, worse than usual, and when it will reach a threshold';
COMMENT ON COLUMN rpt_congestion_now.site_id IS 'Mist site id';
COMMENT ON COLUMN rpt_congestion_now.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN rpt_congestion_now.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN rpt_congestion_now.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN rpt_congestion_now.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN rpt_congestion_now.utilization_pct IS 'utilization of the hour; null when unknown';
COMMENT ON COLUMN rpt_congestion_now.utilization_severity IS 'level that it reaches; null when unknown';
COMMENT ON COLUMN rpt_congestion_now.usual_pct IS 'median of the same hour of the week over the 4 weeks before; null with fewer than 3 of them known';
COMMENT ON COLUMN rpt_congestion_now.usual_mad_pct IS 'median absolute deviation of those hours';
COMMENT ON COLUMN rpt_congestion_now.usual_hours IS 'how many of the 4 hours are known';
COMMENT ON COLUMN rpt_congestion_now.change_pct IS 'utilization less the usual, in percentage points';
COMMENT ON COLUMN rpt_congestion_now.change_sigmas IS 'change / (1.4826 * MAD); null when the MAD is 0 or the change unknown';
COMMENT ON COLUMN rpt_congestion_now.is_worse IS 'change of 3 robust sigmas and 5 percentage points or more; null when the change is unknown';
COMMENT ON COLUMN rpt_congestion_now.trend_pct_per_week IS 'Theil-Sen slope of the weekly p95 of the busy hours; null below 5 known weeks';
COMMENT ON COLUMN rpt_congestion_now.trend_low_pct_per_week IS 'lower end of its 95 % interval';
COMMENT ON COLUMN rpt_congestion_now.trend_high_pct_per_week IS 'upper end of its 95 % interval';
COMMENT ON COLUMN rpt_congestion_now.trend_now_pct IS 'the trend''s line at the end of the hour';
COMMENT ON COLUMN rpt_congestion_now.trend_weeks IS 'weeks of the last 13 with half of their busy hours known';
COMMENT ON COLUMN rpt_congestion_now.trend_unknown_hours IS 'hours of the last 13 weeks without utilization';
COMMENT ON COLUMN rpt_congestion_now.days_to_warning IS 'days until the trend reaches warning, 0 when it is there; null with a reason';
COMMENT ON COLUMN rpt_congestion_now.days_to_high IS 'days until the trend reaches high, 0 when it is there; null with a reason';
COMMENT ON COLUMN rpt_congestion_now.days_to_critical IS 'days until the trend reaches critical, 0 when it is there; null with a reason';
COMMENT ON COLUMN rpt_congestion_now.trend_reason IS 'why no crossing is foretold; null when it is';

CREATE TABLE IF NOT EXISTS rpt_chronic_offenders (
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    region VARCHAR,
    role VARCHAR,
    as_of_utc TIMESTAMP NOT NULL,
    reason VARCHAR NOT NULL,
    limit_value DOUBLE,
    limit_level VARCHAR,
    bad_days BIGINT,
    observed_days BIGINT,
    window_days BIGINT,
    last_bad_day_utc TIMESTAMP
);
COMMENT ON TABLE rpt_chronic_offenders IS 'Circuits that were bad on many of the last days; days are counted, not hours';
COMMENT ON COLUMN rpt_chronic_offenders.site_id IS 'Mist site id';
COMMENT ON COLUMN rpt_chronic_offenders.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN rpt_chronic_offenders.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN rpt_chronic_offenders.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN rpt_chronic_offenders.as_of_utc IS 'end of the last of the days, not included';
COMMENT ON COLUMN rpt_chronic_offenders.reason IS 'what was bad: hours at or above a level of a measure, flaps, or availability under the target';
COMMENT ON COLUMN rpt_chronic_offenders.limit_value IS 'flaps or availability at which a day is bad; null for measures';
COMMENT ON COLUMN rpt_chronic_offenders.limit_level IS 'level at which a day is bad; null otherwise';
COMMENT ON COLUMN rpt_chronic_offenders.bad_days IS 'days that were bad';
COMMENT ON COLUMN rpt_chronic_offenders.observed_days IS 'days of which it can be said';
COMMENT ON COLUMN rpt_chronic_offenders.window_days IS 'days looked at';
COMMENT ON COLUMN rpt_chronic_offenders.last_bad_day_utc IS 'start of the latest bad day';

CREATE TABLE IF NOT EXISTS rpt_top_offenders (
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    measure VARCHAR NOT NULL,
    rank BIGINT NOT NULL,
    site_id VARCHAR NOT NULL,
    circuit_id VARCHAR NOT NULL,
    region VARCHAR,
    role VARCHAR,
    value DOUBLE NOT NULL,
    observed_hours BIGINT,
    known_circuits BIGINT,
    unknown_circuits BIGINT
);
COMMENT ON TABLE rpt_top_offenders IS 'The worst circuits of the latest windows, of the present and the last whole day, week and month, and of 13 months, by each figure';
COMMENT ON COLUMN rpt_top_offenders.period IS 'what is ranked';
COMMENT ON COLUMN rpt_top_offenders.period_start_utc IS 'start of the window or period';
COMMENT ON COLUMN rpt_top_offenders.measure IS 'column of the aggregate table that is ranked';
COMMENT ON COLUMN rpt_top_offenders.rank IS '1 is the worst; ties stand in the order of circuit_id';
COMMENT ON COLUMN rpt_top_offenders.site_id IS 'Mist site id';
COMMENT ON COLUMN rpt_top_offenders.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN rpt_top_offenders.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN rpt_top_offenders.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN rpt_top_offenders.value IS 'the figure';
COMMENT ON COLUMN rpt_top_offenders.observed_hours IS 'hours with a utilization behind it';
COMMENT ON COLUMN rpt_top_offenders.known_circuits IS 'circuits with the figure, all of them ranked';
COMMENT ON COLUMN rpt_top_offenders.unknown_circuits IS 'circuits left out because the figure is unknown';

CREATE TABLE IF NOT EXISTS fact_site_sle_hour (
    site_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    hour_utc TIMESTAMP NOT NULL,
    score DOUBLE,
    gateway_count DOUBLE,
    client_count DOUBLE,
    source VARCHAR,
    observed_at_utc TIMESTAMP
);
COMMENT ON TABLE fact_site_sle_hour IS 'SLE score of each site and metric in one hour, as Mist computes it. A metric that Mist tells of some site is there for all of them, null where it was not told';
COMMENT ON COLUMN fact_site_sle_hour.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_site_sle_hour.metric IS 'SLE metric, for example wan-link-health';
COMMENT ON COLUMN fact_site_sle_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_site_sle_hour.score IS 'share of the time that was not degraded; null when unknown';
COMMENT ON COLUMN fact_site_sle_hour.gateway_count IS 'gateways behind the score';
COMMENT ON COLUMN fact_site_sle_hour.client_count IS 'clients behind the score';
COMMENT ON COLUMN fact_site_sle_hour.source IS 'answer that told the score';
COMMENT ON COLUMN fact_site_sle_hour.observed_at_utc IS 'when it was read';

CREATE TABLE IF NOT EXISTS fact_sle_trend (
    site_id VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    scope_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    classifier VARCHAR NOT NULL,
    bin_start_utc TIMESTAMP NOT NULL,
    bin_seconds DOUBLE,
    total DOUBLE,
    degraded DOUBLE,
    score DOUBLE,
    value DOUBLE,
    duration DOUBLE,
    unit VARCHAR,
    hour_utc TIMESTAMP NOT NULL,
    read_at_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_sle_trend IS 'One bin of a metric of a site or gateway, as a whole and by classifier; the newest answer holds. Only what the deep-dive has read: see sle_coverage';
COMMENT ON COLUMN fact_sle_trend.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_sle_trend.scope IS 'what the figure is about';
COMMENT ON COLUMN fact_sle_trend.scope_id IS 'site id or Mist device id';
COMMENT ON COLUMN fact_sle_trend.metric IS 'SLE metric, for example wan-link-health';
COMMENT ON COLUMN fact_sle_trend.classifier IS 'reason of the degradation, empty for the metric as a whole';
COMMENT ON COLUMN fact_sle_trend.bin_start_utc IS 'start of the bin';
COMMENT ON COLUMN fact_sle_trend.bin_seconds IS 'length of the bin';
COMMENT ON COLUMN fact_sle_trend.total IS 'time looked at, in `unit`; null when not told';
COMMENT ON COLUMN fact_sle_trend.degraded IS 'of it degraded; null when not told';
COMMENT ON COLUMN fact_sle_trend.score IS 'share of the time that was not degraded; null when unknown';
COMMENT ON COLUMN fact_sle_trend.value IS 'value of the metric, where it has one';
COMMENT ON COLUMN fact_sle_trend.duration IS 'duration of the degradation, where told';
COMMENT ON COLUMN fact_sle_trend.unit IS 'unit as Mist names it, for example interface-minutes';
COMMENT ON COLUMN fact_sle_trend.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_sle_trend.read_at_utc IS 'when it was read';

CREATE TABLE IF NOT EXISTS fact_sle_histogram (
    site_id VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    scope_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    range_low DOUBLE,
    range_high DOUBLE,
    value DOUBLE,
    range_unit VARCHAR,
    unit VARCHAR,
    span_start_utc TIMESTAMP,
    span_end_utc TIMESTAMP,
    read_at_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_sle_histogram IS 'Distribution of a metric''s values over the window last read';
COMMENT ON COLUMN fact_sle_histogram.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_sle_histogram.scope IS 'what the figure is about';
COMMENT ON COLUMN fact_sle_histogram.scope_id IS 'site id or Mist device id';
COMMENT ON COLUMN fact_sle_histogram.metric IS 'SLE metric, for example wan-link-health';
COMMENT ON COLUMN fact_sle_histogram.position IS 'place of the range, from 0';
COMMENT ON COLUMN fact_sle_histogram.range_low IS 'lower end in `range_unit`; null: open';
COMMENT ON COLUMN fact_sle_histogram.range_high IS 'upper end in `range_unit`; null: open';
COMMENT ON COLUMN fact_sle_histogram.value IS 'amount in the range, in `unit`';
COMMENT ON COLUMN fact_sle_histogram.range_unit IS 'unit of the ranges as Mist names it';
COMMENT ON COLUMN fact_sle_histogram.unit IS 'unit as Mist names it, for example interface-minutes';
COMMENT ON COLUMN fact_sle_histogram.span_start_utc IS 'start of the window that the answer names';
COMMENT ON COLUMN fact_sle_histogram.span_end_utc IS 'end of the window that the answer names';
COMMENT ON COLUMN fact_sle_histogram.read_at_utc IS 'when it was read';

CREATE TABLE IF NOT EXISTS fact_sle_threshold (
    site_id VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    scope_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    threshold DOUBLE,
    default_threshold DOUBLE,
    minimum DOUBLE,
    maximum DOUBLE,
    direction VARCHAR,
    unit VARCHAR,
    read_at_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_sle_threshold IS 'Threshold from which Mist counts a metric of a site or gateway as degraded, as last read';
COMMENT ON COLUMN fact_sle_threshold.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_sle_threshold.scope IS 'what the figure is about';
COMMENT ON COLUMN fact_sle_threshold.scope_id IS 'site id or Mist device id';
COMMENT ON COLUMN fact_sle_threshold.metric IS 'SLE metric, for example wan-link-health';
COMMENT ON COLUMN fact_sle_threshold.threshold IS 'threshold in force, in `unit`';
COMMENT ON COLUMN fact_sle_threshold.default_threshold IS 'Mist''s own default';
COMMENT ON COLUMN fact_sle_threshold.minimum IS 'lowest threshold that can be set';
COMMENT ON COLUMN fact_sle_threshold.maximum IS 'highest threshold that can be set';
COMMENT ON COLUMN fact_sle_threshold.direction IS 'side on which values are degraded, as Mist names it';
COMMENT ON COLUMN fact_sle_threshold.unit IS 'unit as Mist names it, for example interface-minutes';
COMMENT ON COLUMN fact_sle_threshold.read_at_utc IS 'when it was read';

CREATE TABLE IF NOT EXISTS fact_sle_impacted_gateway (
    site_id VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    scope_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    device_mac VARCHAR NOT NULL,
    device_name VARCHAR,
    model VARCHAR,
    version VARCHAR,
    total DOUBLE,
    degraded DOUBLE,
    score DOUBLE,
    span_start_utc TIMESTAMP,
    span_end_utc TIMESTAMP,
    read_at_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_sle_impacted_gateway IS 'Gateways behind a site''s degradation over the window last read';
COMMENT ON COLUMN fact_sle_impacted_gateway.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_sle_impacted_gateway.scope IS 'what the figure is about';
COMMENT ON COLUMN fact_sle_impacted_gateway.scope_id IS 'site id or Mist device id';
COMMENT ON COLUMN fact_sle_impacted_gateway.metric IS 'SLE metric, for example wan-link-health';
COMMENT ON COLUMN fact_sle_impacted_gateway.device_mac IS 'MAC of the gateway, 12 lowercase hex digits';
COMMENT ON COLUMN fact_sle_impacted_gateway.device_name IS 'name of the gateway';
COMMENT ON COLUMN fact_sle_impacted_gateway.model IS 'model of the gateway';
COMMENT ON COLUMN fact_sle_impacted_gateway.version IS 'software version';
COMMENT ON COLUMN fact_sle_impacted_gateway.total IS 'time looked at, in `unit`; null when not told';
COMMENT ON COLUMN fact_sle_impacted_gateway.degraded IS 'of it degraded; null when not told';
COMMENT ON COLUMN fact_sle_impacted_gateway.score IS 'share of the time that was not degraded; null when unknown';
COMMENT ON COLUMN fact_sle_impacted_gateway.span_start_utc IS 'start of the window that the answer names';
COMMENT ON COLUMN fact_sle_impacted_gateway.span_end_utc IS 'end of the window that the answer names';
COMMENT ON COLUMN fact_sle_impacted_gateway.read_at_utc IS 'when it was read';

CREATE TABLE IF NOT EXISTS fact_sle_impacted_interface (
    site_id VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    scope_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    device_mac VARCHAR NOT NULL,
    device_name VARCHAR,
    interface_name VARCHAR NOT NULL,
    total DOUBLE,
    degraded DOUBLE,
    score DOUBLE,
    span_start_utc TIMESTAMP,
    span_end_utc TIMESTAMP,
    read_at_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_sle_impacted_interface IS 'Interfaces behind the degradation of a site or gateway over the window last read';
COMMENT ON COLUMN fact_sle_impacted_interface.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_sle_impacted_interface.scope IS 'what the figure is about';
COMMENT ON COLUMN fact_sle_impacted_interface.scope_id IS 'site id or Mist device id';
COMMENT ON COLUMN fact_sle_impacted_interface.metric IS 'SLE metric, for example wan-link-health';
COMMENT ON COLUMN fact_sle_impacted_interface.device_mac IS 'MAC of the gateway, 12 lowercase hex digits';
COMMENT ON COLUMN fact_sle_impacted_interface.device_name IS 'name of the gateway';
COMMENT ON COLUMN fact_sle_impacted_interface.interface_name IS 'interface, for example ge-0/0/1';
COMMENT ON COLUMN fact_sle_impacted_interface.total IS 'time looked at, in `unit`; null when not told';
COMMENT ON COLUMN fact_sle_impacted_interface.degraded IS 'of it degraded; null when not told';
COMMENT ON COLUMN fact_sle_impacted_interface.score IS 'share of the time that was not degraded; null when unknown';
COMMENT ON COLUMN fact_sle_impacted_interface.span_start_utc IS 'start of the window that the answer names';
COMMENT ON COLUMN fact_sle_impacted_interface.span_end_utc IS 'end of the window that the answer names';
COMMENT ON COLUMN fact_sle_impacted_interface.read_at_utc IS 'when it was read';

CREATE TABLE IF NOT EXISTS sle_coverage (
    site_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    score DOUBLE,
    score_hour_utc TIMESTAMP,
    is_degraded BOOLEAN,
    is_enabled BOOLEAN,
    last_read_utc TIMESTAMP,
    state VARCHAR NOT NULL,
    as_of_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE sle_coverage IS 'How fresh the deep-dive into each site and WAN metric is';
COMMENT ON COLUMN sle_coverage.site_id IS 'Mist site id';
COMMENT ON COLUMN sle_coverage.metric IS 'SLE metric, for example wan-link-health';
COMMENT ON COLUMN sle_coverage.score IS 'score of the newest hour that was read; null when unknown';
COMMENT ON COLUMN sle_coverage.score_hour_utc IS 'the hour of that score';
COMMENT ON COLUMN sle_coverage.is_degraded IS 'the score is below the setting; null without a score';
COMMENT ON COLUMN sle_coverage.is_enabled IS 'the site''s metric list has it enabled; null when not told';
COMMENT ON COLUMN sle_coverage.last_read_utc IS 'last whole reading; null when there was none';
COMMENT ON COLUMN sle_coverage.state IS 'fresh: read within six hours; stale: longer ago; missing: never read';
COMMENT ON COLUMN sle_coverage.as_of_utc IS 'instant to which the state refers';

CREATE TABLE IF NOT EXISTS rpt_schema_drift (
    endpoint VARCHAR NOT NULL,
    field_path VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    first_seen_utc TIMESTAMP NOT NULL,
    row_count BIGINT,
    example_type VARCHAR NOT NULL
);
COMMENT ON TABLE rpt_schema_drift IS 'Fields of Mist''s answers that came, went or changed their type, when this was first seen; never a value';
COMMENT ON COLUMN rpt_schema_drift.endpoint IS 'raw table, for example port_stats';
COMMENT ON COLUMN rpt_schema_drift.field_path IS 'key of the answer''s rows, nested ones joined by a dot';
COMMENT ON COLUMN rpt_schema_drift.kind IS 'new: undeclared and never told before (kept in `extra`); missing: told on the day before and by no row on this one (null), or a key without which rows are refused; type_changed: of another JSON type than declared (the row is in quarantine) or, for an undeclared field, than ever before';
COMMENT ON COLUMN rpt_schema_drift.first_seen_utc IS 'arrival of the first row that shows it';
COMMENT ON COLUMN rpt_schema_drift.row_count IS 'rows of that UTC day that show it; of missing fields, rows without';
COMMENT ON COLUMN rpt_schema_drift.example_type IS 'JSON type that was told; of missing ones, the declared';

CREATE TABLE IF NOT EXISTS fact_alarm (
    alarm_id VARCHAR NOT NULL,
    site_id VARCHAR,
    alarm_type VARCHAR,
    alarm_group VARCHAR,
    severity VARCHAR,
    first_seen_utc TIMESTAMP NOT NULL,
    last_seen_utc TIMESTAMP,
    alarm_count BIGINT,
    status VARCHAR,
    resolved_utc TIMESTAMP,
    duration_minutes DOUBLE,
    acked BOOLEAN,
    acked_utc TIMESTAMP,
    device_mac VARCHAR,
    circuit_id VARCHAR,
    text VARCHAR,
    read_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_alarm IS 'Alarms as they were last seen, each once; Mist changes them in place';
COMMENT ON COLUMN fact_alarm.alarm_id IS 'Mist alarm id';
COMMENT ON COLUMN fact_alarm.site_id IS 'Mist site id; null for an alarm of the organization';
COMMENT ON COLUMN fact_alarm.alarm_type IS 'Mist alarm type, for example gateway_down';
COMMENT ON COLUMN fact_alarm.alarm_group IS 'infrastructure, marvis, security as Mist says';
COMMENT ON COLUMN fact_alarm.severity IS 'critical, warn or info as Mist says';
COMMENT ON COLUMN fact_alarm.first_seen_utc IS 'when it was raised';
COMMENT ON COLUMN fact_alarm.last_seen_utc IS 'newest occurrence';
COMMENT ON COLUMN fact_alarm.alarm_count IS 'occurrences folded into it';
COMMENT ON COLUMN fact_alarm.status IS 'open or resolved at `read_utc`; null when Mist did not say';
COMMENT ON COLUMN fact_alarm.resolved_utc IS 'when it was resolved; null while it is open';
COMMENT ON COLUMN fact_alarm.duration_minutes IS 'from raised to resolved; null while it is open';
COMMENT ON COLUMN fact_alarm.acked IS 'true when somebody acknowledged it';
COMMENT ON COLUMN fact_alarm.acked_utc IS 'when it was acknowledged';
COMMENT ON COLUMN fact_alarm.device_mac IS 'gateway MAC, 12 lowercase hex digits';
COMMENT ON COLUMN fact_alarm.circuit_id IS 'circuit that it concerns; null when none, several or unknown';
COMMENT ON COLUMN fact_alarm.text IS 'text of the alarm, where Mist tells one';
COMMENT ON COLUMN fact_alarm.read_utc IS 'when this version was first read; alarms of the last 7 days are read again each day, of a day each hour';

CREATE TABLE IF NOT EXISTS fact_alarm_site_hour (
    site_id VARCHAR NOT NULL,
    hour_utc TIMESTAMP NOT NULL,
    alarm_type VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    alarm_count BIGINT,
    occurrence_count BIGINT,
    open_count BIGINT,
    acked_count BIGINT,
    observed_minutes DOUBLE
);
COMMENT ON TABLE fact_alarm_site_hour IS 'Alarms raised in an hour at a site, by type and severity; no row where none was raised';
COMMENT ON COLUMN fact_alarm_site_hour.site_id IS 'Mist site id, `(none)` for alarms of the organization';
COMMENT ON COLUMN fact_alarm_site_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_alarm_site_hour.alarm_type IS 'Mist alarm type, `(none)` when not told';
COMMENT ON COLUMN fact_alarm_site_hour.severity IS 'severity as Mist says, `(none)` when not told';
COMMENT ON COLUMN fact_alarm_site_hour.alarm_count IS 'alarms raised in the hour';
COMMENT ON COLUMN fact_alarm_site_hour.occurrence_count IS 'occurrences folded into them so far';
COMMENT ON COLUMN fact_alarm_site_hour.open_count IS 'of them still open when last read';
COMMENT ON COLUMN fact_alarm_site_hour.acked_count IS 'of them acknowledged';
COMMENT ON COLUMN fact_alarm_site_hour.observed_minutes IS 'minutes of the hour that alarms were read for';

CREATE TABLE IF NOT EXISTS fact_wan_client_hour (
    site_id VARCHAR NOT NULL,
    locator VARCHAR NOT NULL,
    circuit_id VARCHAR,
    hour_utc TIMESTAMP NOT NULL,
    client_count BIGINT,
    network_count BIGINT,
    read_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_wan_client_hour IS 'Clients behind a site''s WAN gateways that Mist listed for the 60 minutes before it was asked in an hour';
COMMENT ON COLUMN fact_wan_client_hour.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_wan_client_hour.locator IS 'circuit_id, empty when it is unknown (part of the key)';
COMMENT ON COLUMN fact_wan_client_hour.circuit_id IS 'circuit that it concerns; null when none, several or unknown';
COMMENT ON COLUMN fact_wan_client_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_wan_client_hour.client_count IS 'distinct clients';
COMMENT ON COLUMN fact_wan_client_hour.network_count IS 'distinct networks that they are in';
COMMENT ON COLUMN fact_wan_client_hour.read_utc IS 'when Mist was asked';

CREATE TABLE IF NOT EXISTS dim_org (
    org_id VARCHAR NOT NULL,
    org_name VARCHAR,
    msp_name VARCHAR,
    created_utc TIMESTAMP,
    modified_utc TIMESTAMP,
    read_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE dim_org IS 'The organization';
COMMENT ON COLUMN dim_org.org_id IS 'Mist organization id';
COMMENT ON COLUMN dim_org.org_name IS 'its name';
COMMENT ON COLUMN dim_org.msp_name IS 'managed service provider; null without one';
COMMENT ON COLUMN dim_org.created_utc IS 'when it was created';
COMMENT ON COLUMN dim_org.modified_utc IS 'when its settings were last changed';
COMMENT ON COLUMN dim_org.read_utc IS 'when Mist was asked';

CREATE TABLE IF NOT EXISTS dim_vocabulary (
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    display VARCHAR,
    vocabulary_group VARCHAR,
    severity VARCHAR,
    unit VARCHAR,
    history_hours DOUBLE,
    read_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE dim_vocabulary IS 'Names that Mist uses, by kind: alarms, device events, insight metrics';
COMMENT ON COLUMN dim_vocabulary.kind IS 'what is named';
COMMENT ON COLUMN dim_vocabulary.name IS 'type of the alarm or event, or name of the metric';
COMMENT ON COLUMN dim_vocabulary.display IS 'words for people; null when Mist has none';
COMMENT ON COLUMN dim_vocabulary.vocabulary_group IS 'group as Mist says';
COMMENT ON COLUMN dim_vocabulary.severity IS 'severity of an alarm';
COMMENT ON COLUMN dim_vocabulary.unit IS 'unit of a metric';
COMMENT ON COLUMN dim_vocabulary.history_hours IS 'longest that Mist keeps a metric''s bins';
COMMENT ON COLUMN dim_vocabulary.read_utc IS 'when Mist was asked';

CREATE TABLE IF NOT EXISTS dim_port_config (
    site_id VARCHAR NOT NULL,
    device_mac VARCHAR NOT NULL,
    port_id VARCHAR NOT NULL,
    port_usage VARCHAR,
    wan_name VARCHAR,
    wan_type VARCHAR,
    is_disabled BOOLEAN,
    is_critical BOOLEAN,
    shaping_up_mbps DOUBLE,
    vpn_preference BIGINT,
    read_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE dim_port_config IS 'Configured ports of gateways, for sites that were read on demand';
COMMENT ON COLUMN dim_port_config.site_id IS 'Mist site id';
COMMENT ON COLUMN dim_port_config.device_mac IS 'gateway MAC, 12 lowercase hex digits';
COMMENT ON COLUMN dim_port_config.port_id IS 'physical port, for example ge-0/0/1';
COMMENT ON COLUMN dim_port_config.port_usage IS 'wan or lan as configured';
COMMENT ON COLUMN dim_port_config.wan_name IS 'name of the WAN interface';
COMMENT ON COLUMN dim_port_config.wan_type IS 'broadband, dsl or lte';
COMMENT ON COLUMN dim_port_config.is_disabled IS 'true when switched off by configuration';
COMMENT ON COLUMN dim_port_config.is_critical IS 'true when the port raises gw_critical_port_down';
COMMENT ON COLUMN dim_port_config.shaping_up_mbps IS 'upload limit that is configured';
COMMENT ON COLUMN dim_port_config.vpn_preference IS 'lowest preference among its VPN paths; lower is preferred';
COMMENT ON COLUMN dim_port_config.read_utc IS 'when Mist was asked';

CREATE TABLE IF NOT EXISTS dim_gateway_detail (
    site_id VARCHAR NOT NULL,
    device_mac VARCHAR NOT NULL,
    device_name VARCHAR,
    model VARCHAR,
    version VARCHAR,
    status VARCHAR,
    last_seen_utc TIMESTAMP,
    uptime_hours DOUBLE,
    cpu_used_pct DOUBLE,
    memory_used_pct DOUBLE,
    config_status VARCHAR,
    read_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE dim_gateway_detail IS 'Gateways in detail as last read, for sites that were read on demand';
COMMENT ON COLUMN dim_gateway_detail.site_id IS 'Mist site id';
COMMENT ON COLUMN dim_gateway_detail.device_mac IS 'gateway MAC, 12 lowercase hex digits';
COMMENT ON COLUMN dim_gateway_detail.device_name IS 'name of the gateway';
COMMENT ON COLUMN dim_gateway_detail.model IS 'model';
COMMENT ON COLUMN dim_gateway_detail.version IS 'software version';
COMMENT ON COLUMN dim_gateway_detail.status IS 'connected or disconnected';
COMMENT ON COLUMN dim_gateway_detail.last_seen_utc IS 'last contact with the cloud';
COMMENT ON COLUMN dim_gateway_detail.uptime_hours IS 'since boot, at the last contact';
COMMENT ON COLUMN dim_gateway_detail.cpu_used_pct IS 'processor use at the last contact';
COMMENT ON COLUMN dim_gateway_detail.memory_used_pct IS 'memory use at the last contact';
COMMENT ON COLUMN dim_gateway_detail.config_status IS 'state of the configuration as Mist says';
COMMENT ON COLUMN dim_gateway_detail.read_utc IS 'when Mist was asked';

CREATE TABLE IF NOT EXISTS fact_api_usage (
    hour_utc TIMESTAMP NOT NULL,
    request_count BIGINT,
    request_limit BIGINT,
    read_utc TIMESTAMP NOT NULL
);
COMMENT ON TABLE fact_api_usage IS 'Calls of the API token, by every program that uses it, as Mist counted them when it was asked in an hour';
COMMENT ON COLUMN fact_api_usage.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_api_usage.request_count IS 'calls of the hour so far';
COMMENT ON COLUMN fact_api_usage.request_limit IS 'calls that the token may make in an hour';
COMMENT ON COLUMN fact_api_usage.read_utc IS 'when Mist was asked';

CREATE TABLE IF NOT EXISTS api_usage_hour (
    hour_utc TIMESTAMP NOT NULL,
    endpoint VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    calls BIGINT NOT NULL,
    deferred BIGINT NOT NULL,
    deferred_reason VARCHAR
);
COMMENT ON TABLE api_usage_hour IS 'Calls to the Mist API and walks that were put off, from the call ledger';
COMMENT ON COLUMN api_usage_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN api_usage_hour.endpoint IS 'endpoint as in this dictionary, `org` and `usage` for probes, `(other programs)` for calls of the same token that were not made here, as far as the cloud told them';
COMMENT ON COLUMN api_usage_hour.purpose IS 'live collection, optional work (backfill), or another program''s affair';
COMMENT ON COLUMN api_usage_hour.calls IS 'calls made, retries included';
COMMENT ON COLUMN api_usage_hour.deferred IS 'walks that were put off because no call was left; one that is put off twice counts twice';
COMMENT ON COLUMN api_usage_hour.deferred_reason IS 'why they were put off; null when none was';

CREATE TABLE IF NOT EXISTS fact_site_hour (
    site_id VARCHAR NOT NULL,
    hour_utc TIMESTAMP NOT NULL,
    region VARCHAR,
    circuit_count BIGINT,
    active_circuit_id VARCHAR,
    active_evidence VARCHAR,
    utilization_pct DOUBLE,
    primary_circuit_id VARCHAR,
    primary_utilization_pct DOUBLE,
    site_up_minutes DOUBLE,
    site_outage_minutes DOUBLE,
    site_unknown_minutes DOUBLE,
    backup_circuit_id VARCHAR,
    backup_load_pct DOUBLE,
    backup_can_carry BOOLEAN,
    backup_bandwidth_source VARCHAR
);
COMMENT ON TABLE fact_site_hour IS 'A site in one hour: which circuit carried it, how full that one was, whether the site was cut off, and whether a backup could have carried everything';
COMMENT ON COLUMN fact_site_hour.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_site_hour.hour_utc IS 'start of the hour, UTC';
COMMENT ON COLUMN fact_site_hour.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN fact_site_hour.circuit_count IS 'circuits with a row in the hour';
COMMENT ON COLUMN fact_site_hour.active_circuit_id IS 'circuit that carried the site''s traffic for most of the hour; null when unknown';
COMMENT ON COLUMN fact_site_hour.active_evidence IS 'seen: snapshots or events told it; inferred: the primary was up, or another was while it was down';
COMMENT ON COLUMN fact_site_hour.utilization_pct IS 'utilization of the active circuit';
COMMENT ON COLUMN fact_site_hour.primary_circuit_id IS 'the primary; the first by id of several';
COMMENT ON COLUMN fact_site_hour.primary_utilization_pct IS 'utilization of the primary';
COMMENT ON COLUMN fact_site_hour.site_up_minutes IS 'minutes in which a circuit was surely up';
COMMENT ON COLUMN fact_site_hour.site_outage_minutes IS 'minutes in which every circuit was known to be down or unreachable';
COMMENT ON COLUMN fact_site_hour.site_unknown_minutes IS 'minutes in which neither is known; up + outage + unknown are all minutes';
COMMENT ON COLUMN fact_site_hour.backup_circuit_id IS 'secondary that would have been loaded least; null when unknown';
COMMENT ON COLUMN fact_site_hour.backup_load_pct IS 'what primaries and backup carried, against the backup''s capacity, in the fuller direction; null without traffic or bandwidth of any of them';
COMMENT ON COLUMN fact_site_hour.backup_can_carry IS 'whether a secondary that was up had room: load below 100; null when that cannot be told';
COMMENT ON COLUMN fact_site_hour.backup_bandwidth_source IS 'where the backup''s bandwidth comes from; link speed is no contract';

CREATE TABLE IF NOT EXISTS agg_site_period (
    site_id VARCHAR NOT NULL,
    region VARCHAR,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    utilization_avg_pct DOUBLE,
    utilization_max_pct DOUBLE,
    utilization_p95_pct DOUBLE,
    observed_hours BIGINT,
    failover_count BIGINT,
    failover_minutes DOUBLE,
    site_up_minutes DOUBLE,
    site_outage_minutes DOUBLE,
    site_unknown_minutes DOUBLE,
    total_minutes DOUBLE,
    site_availability_pct DOUBLE
);
COMMENT ON TABLE agg_site_period IS 'A site in a UTC day, ISO week or month: traffic of the active circuit, failovers, time cut off';
COMMENT ON COLUMN agg_site_period.site_id IS 'Mist site id';
COMMENT ON COLUMN agg_site_period.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN agg_site_period.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN agg_site_period.period_start_utc IS 'start of the period';
COMMENT ON COLUMN agg_site_period.utilization_avg_pct IS 'mean utilization of the active circuit (p95: linear interpolation)';
COMMENT ON COLUMN agg_site_period.utilization_max_pct IS 'maximum utilization of the active circuit (p95: linear interpolation)';
COMMENT ON COLUMN agg_site_period.utilization_p95_pct IS '95th percentile utilization of the active circuit (p95: linear interpolation)';
COMMENT ON COLUMN agg_site_period.observed_hours IS 'hours with a utilization of the active circuit';
COMMENT ON COLUMN agg_site_period.failover_count IS 'failovers that began in the period; null when the site was not observed';
COMMENT ON COLUMN agg_site_period.failover_minutes IS 'minutes of the period on another circuit than the primary; null when the site was not observed';
COMMENT ON COLUMN agg_site_period.site_up_minutes IS 'minutes in which a circuit was surely up';
COMMENT ON COLUMN agg_site_period.site_outage_minutes IS 'minutes in which every circuit was known to be down or unreachable';
COMMENT ON COLUMN agg_site_period.site_unknown_minutes IS 'minutes in which neither is known; up + outage + unknown are all minutes';
COMMENT ON COLUMN agg_site_period.total_minutes IS 'up + outage + unknown minutes';
COMMENT ON COLUMN agg_site_period.site_availability_pct IS '100 * up / (up + outage) minutes; null when both are 0';

CREATE TABLE IF NOT EXISTS rpt_primary_secondary (
    site_id VARCHAR NOT NULL,
    region VARCHAR,
    period VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    primary_circuit_count BIGINT,
    primary_utilization_avg_pct DOUBLE,
    primary_utilization_max_pct DOUBLE,
    primary_loss_avg_pct DOUBLE,
    primary_loss_max_pct DOUBLE,
    primary_jitter_avg_ms DOUBLE,
    primary_jitter_max_ms DOUBLE,
    primary_latency_avg_ms DOUBLE,
    primary_latency_max_ms DOUBLE,
    primary_availability_pct DOUBLE,
    primary_flap_count BIGINT,
    primary_observed_hours BIGINT,
    primary_up_minutes DOUBLE,
    primary_down_minutes DOUBLE,
    primary_unknown_minutes DOUBLE,
    secondary_circuit_count BIGINT,
    secondary_utilization_avg_pct DOUBLE,
    secondary_utilization_max_pct DOUBLE,
    secondary_loss_avg_pct DOUBLE,
    secondary_loss_max_pct DOUBLE,
    secondary_jitter_avg_ms DOUBLE,
    secondary_jitter_max_ms DOUBLE,
    secondary_latency_avg_ms DOUBLE,
    secondary_latency_max_ms DOUBLE,
    secondary_availability_pct DOUBLE,
    secondary_flap_count BIGINT,
    secondary_observed_hours BIGINT,
    secondary_up_minutes DOUBLE,
    secondary_down_minutes DOUBLE,
    secondary_unknown_minutes DOUBLE
);
COMMENT ON TABLE rpt_primary_secondary IS 'The primary of a site against its secondaries; circuits of unknown role are in neither';
COMMENT ON COLUMN rpt_primary_secondary.site_id IS 'Mist site id';
COMMENT ON COLUMN rpt_primary_secondary.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN rpt_primary_secondary.period IS 'day, week (ISO) or month, UTC';
COMMENT ON COLUMN rpt_primary_secondary.period_start_utc IS 'start of the period';
COMMENT ON COLUMN rpt_primary_secondary.primary_circuit_count IS 'circuits (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_utilization_avg_pct IS 'mean utilization over the observed hours (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_utilization_max_pct IS 'maximum utilization over the observed hours (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_loss_avg_pct IS 'mean frame loss over the hours observed (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_loss_max_pct IS 'maximum frame loss over the hours observed (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_jitter_avg_ms IS 'mean jitter over the hours observed (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_jitter_max_ms IS 'maximum jitter over the hours observed (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_latency_avg_ms IS 'mean latency over the hours observed (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_latency_max_ms IS 'maximum latency over the hours observed (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_availability_pct IS '100 * up / (up + down) minutes (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_flap_count IS 'link transitions (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_observed_hours IS 'circuit hours with a utilization (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_up_minutes IS 'minutes the link was known to be up (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_down_minutes IS 'minutes the link was known to be down (primary)';
COMMENT ON COLUMN rpt_primary_secondary.primary_unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed (primary)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_circuit_count IS 'circuits (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_utilization_avg_pct IS 'mean utilization over the observed hours (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_utilization_max_pct IS 'maximum utilization over the observed hours (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_loss_avg_pct IS 'mean frame loss over the hours observed (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_loss_max_pct IS 'maximum frame loss over the hours observed (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_jitter_avg_ms IS 'mean jitter over the hours observed (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_jitter_max_ms IS 'maximum jitter over the hours observed (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_latency_avg_ms IS 'mean latency over the hours observed (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_latency_max_ms IS 'maximum latency over the hours observed (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_availability_pct IS '100 * up / (up + down) minutes (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_flap_count IS 'link transitions (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_observed_hours IS 'circuit hours with a utilization (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_up_minutes IS 'minutes the link was known to be up (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_down_minutes IS 'minutes the link was known to be down (secondaries, pooled)';
COMMENT ON COLUMN rpt_primary_secondary.secondary_unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed (secondaries, pooled)';

CREATE TABLE IF NOT EXISTS rpt_failover_readiness (
    site_id VARCHAR NOT NULL,
    region VARCHAR,
    month VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    ready_hours BIGINT,
    not_ready_hours BIGINT,
    unknown_hours BIGINT,
    total_hours BIGINT,
    ready_pct DOUBLE,
    link_speed_hours BIGINT,
    backup_load_max_pct DOUBLE,
    backup_load_p95_pct DOUBLE,
    backup_circuit_id VARCHAR
);
COMMENT ON TABLE rpt_failover_readiness IS 'In how many hours of a month a backup could have carried primary and own traffic';
COMMENT ON COLUMN rpt_failover_readiness.site_id IS 'Mist site id';
COMMENT ON COLUMN rpt_failover_readiness.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN rpt_failover_readiness.month IS 'UTC month, for example 2025-01';
COMMENT ON COLUMN rpt_failover_readiness.period_start_utc IS 'start of the month';
COMMENT ON COLUMN rpt_failover_readiness.ready_hours IS 'hours in which a backup had room for everything';
COMMENT ON COLUMN rpt_failover_readiness.not_ready_hours IS 'hours in which no backup had';
COMMENT ON COLUMN rpt_failover_readiness.unknown_hours IS 'hours in which that cannot be told';
COMMENT ON COLUMN rpt_failover_readiness.total_hours IS 'ready + not ready + unknown hours';
COMMENT ON COLUMN rpt_failover_readiness.ready_pct IS '100 * ready / (ready + not ready) hours; null when both are 0';
COMMENT ON COLUMN rpt_failover_readiness.link_speed_hours IS 'hours judged by link speed, which is no contract';
COMMENT ON COLUMN rpt_failover_readiness.backup_load_max_pct IS 'highest load that a backup would have had';
COMMENT ON COLUMN rpt_failover_readiness.backup_load_p95_pct IS '95th percentile of that load (linear interpolation)';
COMMENT ON COLUMN rpt_failover_readiness.backup_circuit_id IS 'backup that was the best one in most hours';

CREATE TABLE IF NOT EXISTS rpt_carrier_incident (
    provider VARCHAR NOT NULL,
    area VARCHAR NOT NULL,
    start_utc TIMESTAMP NOT NULL,
    end_utc TIMESTAMP,
    duration_minutes DOUBLE,
    kind VARCHAR,
    circuit_count BIGINT,
    site_count BIGINT,
    peak_circuit_count BIGINT,
    area_circuit_count BIGINT,
    unobserved_circuit_count BIGINT,
    peak_share_pct DOUBLE
);
COMMENT ON TABLE rpt_carrier_incident IS 'Circuits of one provider in one area down or degraded together, at two sites or more';
COMMENT ON COLUMN rpt_carrier_incident.provider IS 'internet provider, `(none)` when unknown';
COMMENT ON COLUMN rpt_carrier_incident.area IS 'region, or `around <site>` where coordinates are known';
COMMENT ON COLUMN rpt_carrier_incident.start_utc IS 'enough circuits were hit from here on';
COMMENT ON COLUMN rpt_carrier_incident.end_utc IS 'no longer enough; null while it lasts';
COMMENT ON COLUMN rpt_carrier_incident.duration_minutes IS 'length; null while it lasts';
COMMENT ON COLUMN rpt_carrier_incident.kind IS 'down, degraded (quality severity), or mixed';
COMMENT ON COLUMN rpt_carrier_incident.circuit_count IS 'circuits hit in it';
COMMENT ON COLUMN rpt_carrier_incident.site_count IS 'sites of these circuits';
COMMENT ON COLUMN rpt_carrier_incident.peak_circuit_count IS 'most circuits hit at one time';
COMMENT ON COLUMN rpt_carrier_incident.area_circuit_count IS 'circuits of the provider in the area';
COMMENT ON COLUMN rpt_carrier_incident.unobserved_circuit_count IS 'of these, circuits of which nothing was known in its hours';
COMMENT ON COLUMN rpt_carrier_incident.peak_share_pct IS '100 * peak / circuits in the area';

CREATE TABLE IF NOT EXISTS rpt_sla_outage (
    provider VARCHAR NOT NULL,
    site_id VARCHAR NOT NULL,
    site_name VARCHAR,
    region VARCHAR,
    circuit_id VARCHAR NOT NULL,
    wan_name VARCHAR,
    month VARCHAR NOT NULL,
    start_utc TIMESTAMP NOT NULL,
    end_utc TIMESTAMP,
    kind VARCHAR NOT NULL,
    evidence VARCHAR,
    lasted_minutes DOUBLE,
    unknown_minutes DOUBLE,
    excluded_minutes DOUBLE,
    counted_minutes DOUBLE,
    excluded_reason VARCHAR,
    incident_start_utc TIMESTAMP
);
COMMENT ON TABLE rpt_sla_outage IS 'Outages as evidence for a provider: what was seen, what was not, and what a maintenance window excludes';
COMMENT ON COLUMN rpt_sla_outage.provider IS 'internet provider, `(none)` when unknown';
COMMENT ON COLUMN rpt_sla_outage.site_id IS 'Mist site id';
COMMENT ON COLUMN rpt_sla_outage.site_name IS 'name of the site in Mist';
COMMENT ON COLUMN rpt_sla_outage.region IS 'name of the site''s region sitegroup without prefix, `(none)` without one';
COMMENT ON COLUMN rpt_sla_outage.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN rpt_sla_outage.wan_name IS 'name of the WAN interface';
COMMENT ON COLUMN rpt_sla_outage.month IS 'UTC month in which it began, for example 2025-01';
COMMENT ON COLUMN rpt_sla_outage.start_utc IS 'first instant of the outage';
COMMENT ON COLUMN rpt_sla_outage.end_utc IS 'first instant after it; null while it lasts';
COMMENT ON COLUMN rpt_sla_outage.kind IS 'link or reachability';
COMMENT ON COLUMN rpt_sla_outage.evidence IS 'what tells its start: an event, a snapshot, or inference between two';
COMMENT ON COLUMN rpt_sla_outage.lasted_minutes IS 'length, so far when it lasts';
COMMENT ON COLUMN rpt_sla_outage.unknown_minutes IS 'part of it that was not observed, bridged by both ends';
COMMENT ON COLUMN rpt_sla_outage.excluded_minutes IS 'part of it inside maintenance windows';
COMMENT ON COLUMN rpt_sla_outage.counted_minutes IS 'lasted - excluded minutes';
COMMENT ON COLUMN rpt_sla_outage.excluded_reason IS 'reasons of the maintenance windows that touch it; null without one';
COMMENT ON COLUMN rpt_sla_outage.incident_start_utc IS 'start of the carrier incident that it is part of; null for a fault of one site';

CREATE TABLE IF NOT EXISTS rpt_provider_scorecard (
    provider VARCHAR NOT NULL,
    month VARCHAR NOT NULL,
    period_start_utc TIMESTAMP NOT NULL,
    circuit_count BIGINT,
    site_count BIGINT,
    up_minutes DOUBLE,
    down_minutes DOUBLE,
    unknown_minutes DOUBLE,
    excluded_minutes DOUBLE,
    total_minutes DOUBLE,
    unreachable_minutes DOUBLE,
    availability_pct DOUBLE,
    service_availability_pct DOUBLE,
    outage_count BIGINT,
    outage_open_count BIGINT,
    restore_mean_minutes DOUBLE,
    restore_median_minutes DOUBLE,
    restore_max_minutes DOUBLE,
    flap_count BIGINT,
    loss_avg_pct DOUBLE,
    loss_max_pct DOUBLE,
    jitter_avg_ms DOUBLE,
    jitter_max_ms DOUBLE,
    latency_avg_ms DOUBLE,
    latency_max_ms DOUBLE,
    quality_hours BIGINT,
    incident_count BIGINT
);
COMMENT ON TABLE rpt_provider_scorecard IS 'A provider in a month, pooled over its circuits, without the time inside maintenance windows; hours that a window touches are left out of flaps and quality';
COMMENT ON COLUMN rpt_provider_scorecard.provider IS 'internet provider, `(none)` when unknown';
COMMENT ON COLUMN rpt_provider_scorecard.month IS 'UTC month, for example 2025-01';
COMMENT ON COLUMN rpt_provider_scorecard.period_start_utc IS 'start of the month';
COMMENT ON COLUMN rpt_provider_scorecard.circuit_count IS 'circuits with an hour in the month';
COMMENT ON COLUMN rpt_provider_scorecard.site_count IS 'sites of these circuits';
COMMENT ON COLUMN rpt_provider_scorecard.up_minutes IS 'minutes the link was known to be up';
COMMENT ON COLUMN rpt_provider_scorecard.down_minutes IS 'minutes the link was known to be down';
COMMENT ON COLUMN rpt_provider_scorecard.unknown_minutes IS 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed';
COMMENT ON COLUMN rpt_provider_scorecard.excluded_minutes IS 'circuit minutes inside maintenance windows';
COMMENT ON COLUMN rpt_provider_scorecard.total_minutes IS 'up + down + unknown + excluded minutes';
COMMENT ON COLUMN rpt_provider_scorecard.unreachable_minutes IS 'part of the up minutes in which the provider did not answer';
COMMENT ON COLUMN rpt_provider_scorecard.availability_pct IS '100 * up / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN rpt_provider_scorecard.service_availability_pct IS '100 * (up - unreachable) / (up + down) minutes; null when both are 0';
COMMENT ON COLUMN rpt_provider_scorecard.outage_count IS 'outages that began in the month and do not lie all in maintenance';
COMMENT ON COLUMN rpt_provider_scorecard.outage_open_count IS 'of these, outages that still last';
COMMENT ON COLUMN rpt_provider_scorecard.restore_mean_minutes IS 'mean time to restore, over the outages that ended, without excluded minutes';
COMMENT ON COLUMN rpt_provider_scorecard.restore_median_minutes IS 'median time to restore, over the outages that ended, without excluded minutes';
COMMENT ON COLUMN rpt_provider_scorecard.restore_max_minutes IS 'longest time to restore, over the outages that ended, without excluded minutes';
COMMENT ON COLUMN rpt_provider_scorecard.flap_count IS 'link transitions';
COMMENT ON COLUMN rpt_provider_scorecard.loss_avg_pct IS 'mean frame loss over the circuit hours observed';
COMMENT ON COLUMN rpt_provider_scorecard.loss_max_pct IS 'maximum frame loss over the circuit hours observed';
COMMENT ON COLUMN rpt_provider_scorecard.jitter_avg_ms IS 'mean jitter over the circuit hours observed';
COMMENT ON COLUMN rpt_provider_scorecard.jitter_max_ms IS 'maximum jitter over the circuit hours observed';
COMMENT ON COLUMN rpt_provider_scorecard.latency_avg_ms IS 'mean latency over the circuit hours observed';
COMMENT ON COLUMN rpt_provider_scorecard.latency_max_ms IS 'maximum latency over the circuit hours observed';
COMMENT ON COLUMN rpt_provider_scorecard.quality_hours IS 'circuit hours with a quality figure';
COMMENT ON COLUMN rpt_provider_scorecard.incident_count IS 'carrier incidents that began in the month';

CREATE TABLE IF NOT EXISTS fact_alert (
    alert_id VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    site_id VARCHAR,
    provider VARCHAR,
    area VARCHAR,
    subject VARCHAR,
    region VARCHAR,
    signals VARCHAR,
    severity VARCHAR NOT NULL,
    since_utc TIMESTAMP NOT NULL,
    opened_utc TIMESTAMP NOT NULL,
    closed_utc TIMESTAMP,
    close_reason VARCHAR,
    merged_into VARCHAR,
    circuit_count BIGINT,
    open_circuit_count BIGINT,
    site_count BIGINT,
    value DOUBLE,
    silenced BOOLEAN,
    announced_utc TIMESTAMP,
    text VARCHAR
);
COMMENT ON TABLE fact_alert IS 'Alerts, one an incident: a rule breached for long enough at a site, of a provider in an area, or by the platform itself';
COMMENT ON COLUMN fact_alert.alert_id IS '12 hex digits; receivers are told the same id';
COMMENT ON COLUMN fact_alert.rule IS 'name of the rule, as in the alerts file';
COMMENT ON COLUMN fact_alert.scope IS 'what it is about';
COMMENT ON COLUMN fact_alert.site_id IS 'site of an alert of scope site';
COMMENT ON COLUMN fact_alert.provider IS 'provider of an alert of scope provider';
COMMENT ON COLUMN fact_alert.area IS 'area of an alert of scope provider: a region, or `around <site>`';
COMMENT ON COLUMN fact_alert.subject IS 'part of the platform that an alert of scope platform is about';
COMMENT ON COLUMN fact_alert.region IS 'regions of its circuits so far, joined by a semicolon';
COMMENT ON COLUMN fact_alert.signals IS 'what was breached so far: down, loss and so on, joined by a comma';
COMMENT ON COLUMN fact_alert.severity IS 'worst severity that it reached so far';
COMMENT ON COLUMN fact_alert.since_utc IS 'begin of the breach, of several the earliest';
COMMENT ON COLUMN fact_alert.opened_utc IS 'when the breach was found to last long enough';
COMMENT ON COLUMN fact_alert.closed_utc IS 'when all of it was found to be over; null while the alert is open';
COMMENT ON COLUMN fact_alert.close_reason IS 'recovered; merged into the alert of a provider; or gone: circuit or rule is no more';
COMMENT ON COLUMN fact_alert.merged_into IS 'the alert that took its circuits over';
COMMENT ON COLUMN fact_alert.circuit_count IS 'circuits that were part of it so far; 0 of the platform';
COMMENT ON COLUMN fact_alert.open_circuit_count IS 'circuits that still are';
COMMENT ON COLUMN fact_alert.site_count IS 'sites of its circuits so far; 0 of the platform';
COMMENT ON COLUMN fact_alert.value IS 'figure of the breach that opened it, in the unit of its signal (minutes of down, unreachable, offline); of several the largest of the signal first by name';
COMMENT ON COLUMN fact_alert.silenced IS 'true while all circuits still part of it are in a maintenance window, or were not seen bad since';
COMMENT ON COLUMN fact_alert.announced_utc IS 'first time that it was open and not silenced, from when on receivers are told; null before';
COMMENT ON COLUMN fact_alert.text IS 'what else is to be told, of the platform''s alerts';

CREATE TABLE IF NOT EXISTS fact_alert_breach (
    alert_id VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    site_id VARCHAR,
    region VARCHAR,
    provider VARCHAR,
    joined_utc TIMESTAMP NOT NULL,
    left_utc TIMESTAMP,
    left_reason VARCHAR,
    severity VARCHAR NOT NULL,
    since_utc TIMESTAMP NOT NULL,
    value DOUBLE,
    silenced BOOLEAN,
    text VARCHAR
);
COMMENT ON TABLE fact_alert_breach IS 'Which circuit was part of an alert, with which signal, from when to when';
COMMENT ON COLUMN fact_alert_breach.alert_id IS '12 hex digits; receivers are told the same id';
COMMENT ON COLUMN fact_alert_breach.signal IS 'what was breached';
COMMENT ON COLUMN fact_alert_breach.subject IS 'circuit_id, or part of the platform';
COMMENT ON COLUMN fact_alert_breach.site_id IS 'site of the circuit';
COMMENT ON COLUMN fact_alert_breach.region IS 'region of the circuit';
COMMENT ON COLUMN fact_alert_breach.provider IS 'provider of the circuit';
COMMENT ON COLUMN fact_alert_breach.joined_utc IS 'when the breach was found to last long enough';
COMMENT ON COLUMN fact_alert_breach.left_utc IS 'when it was found to be over; null while it goes on';
COMMENT ON COLUMN fact_alert_breach.left_reason IS 'recovered, merged into a provider''s alert, or gone';
COMMENT ON COLUMN fact_alert_breach.severity IS 'worst severity that it reached so far';
COMMENT ON COLUMN fact_alert_breach.since_utc IS 'begin of the breach, of several the earliest';
COMMENT ON COLUMN fact_alert_breach.value IS 'figure when it joined, in the unit of the signal';
COMMENT ON COLUMN fact_alert_breach.silenced IS 'true from a look in a maintenance window until it is seen bad outside of one';
COMMENT ON COLUMN fact_alert_breach.text IS 'what else is to be told of it';

CREATE TABLE IF NOT EXISTS fact_alert_delivery (
    alert_id VARCHAR NOT NULL,
    event VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    created_utc TIMESTAMP NOT NULL,
    ended_utc TIMESTAMP,
    attempts BIGINT,
    repeated BOOLEAN,
    error VARCHAR
);
COMMENT ON TABLE fact_alert_delivery IS 'Whom was told what of which alert, once each';
COMMENT ON COLUMN fact_alert_delivery.alert_id IS '12 hex digits; receivers are told the same id';
COMMENT ON COLUMN fact_alert_delivery.event IS 'what the receiver was told';
COMMENT ON COLUMN fact_alert_delivery.severity IS 'severity of the alert then';
COMMENT ON COLUMN fact_alert_delivery.target IS 'receiver, as named in the alerts file';
COMMENT ON COLUMN fact_alert_delivery.state IS 'where it stands';
COMMENT ON COLUMN fact_alert_delivery.created_utc IS 'when it was due';
COMMENT ON COLUMN fact_alert_delivery.ended_utc IS 'when it was delivered or given up; null while pending';
COMMENT ON COLUMN fact_alert_delivery.attempts IS 'attempts made; null while pending';
COMMENT ON COLUMN fact_alert_delivery.repeated IS 'true when the sender was stopped in the midst of an attempt, so that the receiver may have it twice';
COMMENT ON COLUMN fact_alert_delivery.error IS 'why the last attempt failed; null when delivered or pending';

CREATE TABLE IF NOT EXISTS load_ledger (
    table_name VARCHAR NOT NULL,
    span_start_utc TIMESTAMP NOT NULL,
    span_end_utc TIMESTAMP NOT NULL,
    span_kind VARCHAR NOT NULL,
    row_count BIGINT,
    content_hash VARCHAR,
    run_id VARCHAR,
    loaded_at_utc TIMESTAMP
);
COMMENT ON TABLE load_ledger IS 'What was loaded when: one row a table and span; a load replaces the rows of all spans that it touches, so that a span whose content is noted here is in the table and need not be loaded again';
COMMENT ON COLUMN load_ledger.table_name IS 'loaded table';
COMMENT ON COLUMN load_ledger.span_start_utc IS 'start of the span; 1970-01-01 for whole tables';
COMMENT ON COLUMN load_ledger.span_end_utc IS 'end of the span; 2200-01-01 for whole tables';
COMMENT ON COLUMN load_ledger.span_kind IS 'kind of period that was loaded; empty for all kinds';
COMMENT ON COLUMN load_ledger.row_count IS 'rows of the span';
COMMENT ON COLUMN load_ledger.content_hash IS 'SHA-256 of the rows as Parquet';
COMMENT ON COLUMN load_ledger.run_id IS 'Dagster run that loaded';
COMMENT ON COLUMN load_ledger.loaded_at_utc IS 'end of the load';
