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
COMMENT ON COLUMN dim_circuit.provider IS 'internet provider: circuits file, else the ISP that Mist detected';
COMMENT ON COLUMN dim_circuit.role IS 'primary or secondary; null when unknown';
COMMENT ON COLUMN dim_circuit.active_state IS 'true while this circuit carries the site''s traffic; null when unknown';
COMMENT ON COLUMN dim_circuit.port_state IS 'up, down, disabled; null when Mist did not say';
COMMENT ON COLUMN dim_circuit.bandwidth_down_mbps IS 'contracted download; null when unknown';
COMMENT ON COLUMN dim_circuit.bandwidth_up_mbps IS 'contracted upload; null when unknown';
COMMENT ON COLUMN dim_circuit.bandwidth_source IS 'where the bandwidth comes from: circuits file, shaping of the gateway template, or link speed';
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
    duration_minutes DOUBLE
);
COMMENT ON TABLE fact_circuit_outage IS 'Stretches in which a circuit was down (link) or up but unreachable (reachability)';
COMMENT ON COLUMN fact_circuit_outage.site_id IS 'Mist site id';
COMMENT ON COLUMN fact_circuit_outage.circuit_id IS '`mac:port_id`, on an HA cluster `mac:node:port_id`';
COMMENT ON COLUMN fact_circuit_outage.start_utc IS 'first instant of the outage';
COMMENT ON COLUMN fact_circuit_outage.end_utc IS 'first instant after it; null while it lasts';
COMMENT ON COLUMN fact_circuit_outage.kind IS 'link or reachability';
COMMENT ON COLUMN fact_circuit_outage.evidence IS 'what tells its start: an event, a snapshot, or inference between two';
COMMENT ON COLUMN fact_circuit_outage.duration_minutes IS 'length; null while it lasts';

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
COMMENT ON COLUMN fact_failover.loss_avg_pct IS 'mean frame loss of the backup in the hours of the failover';
COMMENT ON COLUMN fact_failover.jitter_avg_ms IS 'mean jitter of the backup in the hours of the failover';
COMMENT ON COLUMN fact_failover.latency_avg_ms IS 'mean latency of the backup in the hours of the failover';
COMMENT ON COLUMN fact_failover.primary_loss_avg_pct IS 'mean frame loss of the primary (primary, the 24 hours before)';
COMMENT ON COLUMN fact_failover.primary_jitter_avg_ms IS 'mean jitter of the primary (primary, the 24 hours before)';
COMMENT ON COLUMN fact_failover.primary_latency_avg_ms IS 'mean latency of the primary (primary, the 24 hours before)';

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

CREATE TABLE IF NOT EXISTS load_ledger (
    table_name VARCHAR NOT NULL,
    span_start_utc TIMESTAMP NOT NULL,
    row_count BIGINT,
    loaded_at_utc TIMESTAMP
);
COMMENT ON TABLE load_ledger IS 'What was loaded when: one row a table and span, replaced by each load';
COMMENT ON COLUMN load_ledger.table_name IS 'loaded table';
COMMENT ON COLUMN load_ledger.span_start_utc IS 'start of the span; 1970-01-01 for whole tables';
COMMENT ON COLUMN load_ledger.row_count IS 'rows of the span';
COMMENT ON COLUMN load_ledger.loaded_at_utc IS 'end of the load';
