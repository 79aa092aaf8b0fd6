-- Generated from mistwan_dagster/catalog by `make generate`; do not edit.

CREATE TABLE IF NOT EXISTS dim_site (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    site_name VARCHAR COMMENT 'name of the site in Mist',
    region VARCHAR COMMENT 'name of the site''s region sitegroup without prefix, `(none)` without one',
    store_type VARCHAR COMMENT 'name of the store-type sitegroup without prefix, `(none)` without one',
    timezone VARCHAR COMMENT 'IANA time zone of the site',
    lat FLOAT COMMENT 'latitude',
    lng FLOAT COMMENT 'longitude',
    valid_from TIMESTAMP_NTZ(6) NOT NULL COMMENT 'first instant at which this version holds',
    valid_to TIMESTAMP_NTZ(6) COMMENT 'first instant at which it no longer holds; null for the current version',
    is_current BOOLEAN NOT NULL COMMENT 'true for the version in force now',
    PRIMARY KEY (site_id, valid_from)
)
COMMENT = 'Stores, one row a version';

CREATE TABLE IF NOT EXISTS dim_circuit (
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    device_mac VARCHAR NOT NULL COMMENT 'gateway MAC, 12 lowercase hex digits',
    node VARCHAR COMMENT 'node0 or node1 on an HA cluster, else null',
    port_id VARCHAR NOT NULL COMMENT 'physical port, for example ge-0/0/1',
    wan_name VARCHAR COMMENT 'name of the WAN interface in the gateway''s configuration',
    wan_type VARCHAR COMMENT 'broadband, dsl or lte as Mist says; null when it does not',
    provider VARCHAR COMMENT 'internet provider: circuits file, else the ISP that Mist detected',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    active_state BOOLEAN COMMENT 'true while this circuit carries the site''s traffic; null when unknown',
    port_state VARCHAR COMMENT 'up, down, disabled; null when Mist did not say',
    bandwidth_down_mbps FLOAT COMMENT 'contracted download; null when unknown',
    bandwidth_up_mbps FLOAT COMMENT 'contracted upload; null when unknown',
    bandwidth_source VARCHAR COMMENT 'where the bandwidth comes from: circuits file, shaping of the gateway template, or link speed',
    valid_from TIMESTAMP_NTZ(6) NOT NULL COMMENT 'first instant at which this version holds',
    valid_to TIMESTAMP_NTZ(6) COMMENT 'first instant at which it no longer holds; null for the current version',
    is_current BOOLEAN NOT NULL COMMENT 'true for the version in force now',
    PRIMARY KEY (circuit_id, valid_from)
)
COMMENT = 'WAN circuits, one row a version; down, disabled and unknown ports keep their row';

CREATE TABLE IF NOT EXISTS dim_hour (
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    day DATE NOT NULL COMMENT 'UTC day',
    iso_week VARCHAR NOT NULL COMMENT 'ISO week, for example 2025-W01',
    month VARCHAR NOT NULL COMMENT 'month, for example 2025-01',
    PRIMARY KEY (hour_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'Hours and the calendar periods that contain them (UTC)';

CREATE TABLE IF NOT EXISTS fact_circuit_hour (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    region VARCHAR COMMENT 'name of the site''s region sitegroup without prefix, `(none)` without one',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    rx_bytes FLOAT COMMENT 'bytes received in the covered seconds',
    tx_bytes FLOAT COMMENT 'bytes sent in the covered seconds',
    utilization_pct FLOAT COMMENT '100 * max(rx / down capacity, tx / up capacity); null without bandwidth or traffic; may exceed 100',
    utilization_peak_pct FLOAT COMMENT 'highest utilization of one sampling interval',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    reachable_minutes FLOAT COMMENT 'minutes the link was up and the provider answered (ARP, DHCP or a peer path); null without any such evidence',
    status_hourly VARCHAR COMMENT 'Up when up in any part of the hour, Down when down and never up, else Unknown',
    flap_count NUMBER(38,0) COMMENT 'link transitions in the hour, folded repeats counted',
    loss_avg_pct FLOAT COMMENT 'mean frame loss of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    loss_max_pct FLOAT COMMENT 'maximum frame loss of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    loss_p95_pct FLOAT COMMENT '95th percentile frame loss of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    jitter_avg_ms FLOAT COMMENT 'mean jitter of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    jitter_max_ms FLOAT COMMENT 'maximum jitter of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    jitter_p95_ms FLOAT COMMENT '95th percentile jitter of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    latency_avg_ms FLOAT COMMENT 'mean latency of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    latency_max_ms FLOAT COMMENT 'maximum latency of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    latency_p95_ms FLOAT COMMENT '95th percentile latency of the samples of all up peer paths in the hour (p95: nearest rank, null below 20 samples)',
    quality_sample_count NUMBER(38,0) COMMENT 'samples behind the quality figures',
    utilization_severity VARCHAR COMMENT 'level that the hour''s utilization reaches; null when unknown',
    loss_severity VARCHAR COMMENT 'level that the hour''s frame loss reaches; null when unknown',
    jitter_severity VARCHAR COMMENT 'level that the hour''s jitter reaches; null when unknown',
    latency_severity VARCHAR COMMENT 'level that the hour''s latency reaches; null when unknown',
    severity VARCHAR COMMENT 'worst of the four; null when all are unknown',
    counter_reset BOOLEAN COMMENT 'a counter reset makes the bytes a lower bound',
    coverage_pct FLOAT COMMENT 'share of the hour that the traffic figures cover',
    source VARCHAR COMMENT 'where the traffic figures come from',
    active_state BOOLEAN COMMENT 'true while this circuit carries the site''s traffic; null when unknown',
    PRIMARY KEY (site_id, circuit_id, hour_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'The KPIs of one circuit in one hour; hours in which a port was disabled throughout have no row';

CREATE TABLE IF NOT EXISTS fact_path_hour (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR COMMENT 'circuit that carries the path; null when its port matches none',
    device_mac VARCHAR NOT NULL COMMENT 'gateway MAC, 12 lowercase hex digits',
    node VARCHAR NOT NULL COMMENT 'node of an HA cluster, empty otherwise',
    port_id VARCHAR NOT NULL COMMENT 'physical port, for example ge-0/0/1',
    peer_mac VARCHAR NOT NULL COMMENT 'MAC of the peer',
    peer_port_id VARCHAR NOT NULL COMMENT 'port of the peer, empty when not told',
    vpn_name VARCHAR NOT NULL COMMENT 'name of the VPN, empty when not told',
    peer_router_name VARCHAR COMMENT 'name of the peer',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    loss_avg_pct FLOAT COMMENT 'mean frame loss of the path''s up samples',
    loss_max_pct FLOAT COMMENT 'maximum frame loss of the path''s up samples',
    loss_p95_pct FLOAT COMMENT '95th percentile frame loss of the path''s up samples',
    jitter_avg_ms FLOAT COMMENT 'mean jitter of the path''s up samples',
    jitter_max_ms FLOAT COMMENT 'maximum jitter of the path''s up samples',
    jitter_p95_ms FLOAT COMMENT '95th percentile jitter of the path''s up samples',
    latency_avg_ms FLOAT COMMENT 'mean latency of the path''s up samples',
    latency_max_ms FLOAT COMMENT 'maximum latency of the path''s up samples',
    latency_p95_ms FLOAT COMMENT '95th percentile latency of the path''s up samples',
    mos_avg FLOAT COMMENT 'mean opinion score',
    up_pct FLOAT COMMENT 'share of samples in which the path was up',
    active_pct FLOAT COMMENT 'share of samples in which the path carried the traffic',
    sample_count NUMBER(38,0) COMMENT 'samples with a new source time',
    PRIMARY KEY (device_mac, node, port_id, peer_mac, peer_port_id, vpn_name, hour_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'Quality of one overlay path in one hour, over its up samples';

CREATE TABLE IF NOT EXISTS fact_circuit_outage (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'first instant of the outage',
    end_utc TIMESTAMP_NTZ(6) COMMENT 'first instant after it; null while it lasts',
    kind VARCHAR NOT NULL COMMENT 'link or reachability',
    evidence VARCHAR NOT NULL COMMENT 'what tells its start: an event, a snapshot, or inference between two',
    duration_minutes FLOAT COMMENT 'length; null while it lasts',
    PRIMARY KEY (circuit_id, kind, start_utc)
)
COMMENT = 'Stretches in which a circuit was down (link) or up but unreachable (reachability)';

CREATE TABLE IF NOT EXISTS fact_failover (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'the primary stopped carrying the traffic',
    end_utc TIMESTAMP_NTZ(6) COMMENT 'the primary carried it again; null while the failover lasts',
    from_circuit_id VARCHAR NOT NULL COMMENT 'the primary',
    to_circuit_id VARCHAR NOT NULL COMMENT 'the circuit that took over',
    cause VARCHAR COMMENT 'why: the primary''s link was down, it was unreachable, or traffic was steered',
    duration_minutes FLOAT COMMENT 'length; null while it lasts',
    loss_avg_pct FLOAT COMMENT 'mean frame loss of the backup in the hours of the failover',
    jitter_avg_ms FLOAT COMMENT 'mean jitter of the backup in the hours of the failover',
    latency_avg_ms FLOAT COMMENT 'mean latency of the backup in the hours of the failover',
    primary_loss_avg_pct FLOAT COMMENT 'mean frame loss of the primary (primary, the 24 hours before)',
    primary_jitter_avg_ms FLOAT COMMENT 'mean jitter of the primary (primary, the 24 hours before)',
    primary_latency_avg_ms FLOAT COMMENT 'mean latency of the primary (primary, the 24 hours before)',
    PRIMARY KEY (site_id, start_utc, from_circuit_id)
)
COMMENT = 'Episodes in which a site''s traffic ran over another circuit because its primary was down or steered away';

CREATE TABLE IF NOT EXISTS fact_device_event (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    device_mac VARCHAR NOT NULL COMMENT 'gateway MAC, 12 lowercase hex digits',
    event_type VARCHAR NOT NULL COMMENT 'Mist event type, for example GW_PORT_DOWN',
    locator VARCHAR NOT NULL COMMENT 'port id, else the event''s text, else empty (part of the natural key)',
    event_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'instant of the event',
    circuit_id VARCHAR COMMENT 'circuit that it concerns; null when none or ambiguous',
    node VARCHAR COMMENT 'node0 or node1 on an HA cluster, else null',
    event_count NUMBER(38,0) COMMENT 'repeats folded into the row',
    text VARCHAR COMMENT 'text of the event',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    PRIMARY KEY (device_mac, event_type, locator, event_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'Device events of gateways as Mist told them, each once';

CREATE TABLE IF NOT EXISTS agg_circuit_window (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site''s region sitegroup without prefix, `(none)` without one',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    as_of_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'end of the window, not included',
    window_hours NUMBER(38,0) NOT NULL COMMENT '3, 12 or 24',
    utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours (p95: linear interpolation)',
    utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours (p95: linear interpolation)',
    utilization_p95_pct FLOAT COMMENT '95th percentile utilization over the observed hours (p95: linear interpolation)',
    loss_avg_pct FLOAT COMMENT 'mean frame loss over the hours observed',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed',
    jitter_avg_ms FLOAT COMMENT 'mean jitter over the hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed',
    latency_avg_ms FLOAT COMMENT 'mean latency over the hours observed',
    latency_max_ms FLOAT COMMENT 'maximum latency over the hours observed',
    utilization_warning_hours NUMBER(38,0) COMMENT 'hours with utilization at or above warning',
    utilization_high_hours NUMBER(38,0) COMMENT 'hours with utilization at or above high',
    utilization_critical_hours NUMBER(38,0) COMMENT 'hours with utilization at or above critical',
    loss_warning_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above warning',
    loss_high_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above high',
    loss_critical_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above critical',
    jitter_warning_hours NUMBER(38,0) COMMENT 'hours with jitter at or above warning',
    jitter_high_hours NUMBER(38,0) COMMENT 'hours with jitter at or above high',
    jitter_critical_hours NUMBER(38,0) COMMENT 'hours with jitter at or above critical',
    latency_warning_hours NUMBER(38,0) COMMENT 'hours with latency at or above warning',
    latency_high_hours NUMBER(38,0) COMMENT 'hours with latency at or above high',
    latency_critical_hours NUMBER(38,0) COMMENT 'hours with latency at or above critical',
    utilization_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above warning',
    utilization_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above high',
    utilization_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above critical',
    loss_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above warning',
    loss_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above high',
    loss_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above critical',
    jitter_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above warning',
    jitter_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above high',
    jitter_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above critical',
    latency_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above warning',
    latency_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above high',
    latency_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above critical',
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    total_minutes FLOAT COMMENT 'up + down + unknown minutes',
    PRIMARY KEY (circuit_id, as_of_utc, window_hours)
)
CLUSTER BY (as_of_utc)
COMMENT = 'Figures of the last 3, 12 and 24 hours, half-open: 3 h as of 12:00 are 09, 10, 11';

CREATE TABLE IF NOT EXISTS agg_circuit_period (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site''s region sitegroup without prefix, `(none)` without one',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    period VARCHAR NOT NULL COMMENT 'day, week (ISO) or month, UTC',
    period_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the period',
    utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours (p95: linear interpolation)',
    utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours (p95: linear interpolation)',
    utilization_p95_pct FLOAT COMMENT '95th percentile utilization over the observed hours (p95: linear interpolation)',
    loss_avg_pct FLOAT COMMENT 'mean frame loss over the hours observed',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed',
    jitter_avg_ms FLOAT COMMENT 'mean jitter over the hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed',
    latency_avg_ms FLOAT COMMENT 'mean latency over the hours observed',
    latency_max_ms FLOAT COMMENT 'maximum latency over the hours observed',
    utilization_warning_hours NUMBER(38,0) COMMENT 'hours with utilization at or above warning',
    utilization_high_hours NUMBER(38,0) COMMENT 'hours with utilization at or above high',
    utilization_critical_hours NUMBER(38,0) COMMENT 'hours with utilization at or above critical',
    loss_warning_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above warning',
    loss_high_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above high',
    loss_critical_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above critical',
    jitter_warning_hours NUMBER(38,0) COMMENT 'hours with jitter at or above warning',
    jitter_high_hours NUMBER(38,0) COMMENT 'hours with jitter at or above high',
    jitter_critical_hours NUMBER(38,0) COMMENT 'hours with jitter at or above critical',
    latency_warning_hours NUMBER(38,0) COMMENT 'hours with latency at or above warning',
    latency_high_hours NUMBER(38,0) COMMENT 'hours with latency at or above high',
    latency_critical_hours NUMBER(38,0) COMMENT 'hours with latency at or above critical',
    utilization_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above warning',
    utilization_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above high',
    utilization_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above critical',
    loss_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above warning',
    loss_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above high',
    loss_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above critical',
    jitter_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above warning',
    jitter_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above high',
    jitter_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above critical',
    latency_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above warning',
    latency_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above high',
    latency_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above critical',
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    total_minutes FLOAT COMMENT 'up + down + unknown minutes',
    PRIMARY KEY (circuit_id, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'Figures of a UTC day, ISO week or month';

CREATE TABLE IF NOT EXISTS agg_region_window (
    region VARCHAR NOT NULL COMMENT 'name of the site''s region sitegroup without prefix, `(none)` without one',
    as_of_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'end of the window, not included',
    window_hours NUMBER(38,0) NOT NULL COMMENT '3, 12 or 24',
    circuit_count NUMBER(38,0) COMMENT 'circuits pooled',
    utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours (p95: linear interpolation)',
    utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours (p95: linear interpolation)',
    utilization_p95_pct FLOAT COMMENT '95th percentile utilization over the observed hours (p95: linear interpolation)',
    loss_avg_pct FLOAT COMMENT 'mean frame loss over the hours observed',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed',
    jitter_avg_ms FLOAT COMMENT 'mean jitter over the hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed',
    latency_avg_ms FLOAT COMMENT 'mean latency over the hours observed',
    latency_max_ms FLOAT COMMENT 'maximum latency over the hours observed',
    utilization_warning_hours NUMBER(38,0) COMMENT 'hours with utilization at or above warning',
    utilization_high_hours NUMBER(38,0) COMMENT 'hours with utilization at or above high',
    utilization_critical_hours NUMBER(38,0) COMMENT 'hours with utilization at or above critical',
    loss_warning_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above warning',
    loss_high_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above high',
    loss_critical_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above critical',
    jitter_warning_hours NUMBER(38,0) COMMENT 'hours with jitter at or above warning',
    jitter_high_hours NUMBER(38,0) COMMENT 'hours with jitter at or above high',
    jitter_critical_hours NUMBER(38,0) COMMENT 'hours with jitter at or above critical',
    latency_warning_hours NUMBER(38,0) COMMENT 'hours with latency at or above warning',
    latency_high_hours NUMBER(38,0) COMMENT 'hours with latency at or above high',
    latency_critical_hours NUMBER(38,0) COMMENT 'hours with latency at or above critical',
    utilization_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above warning',
    utilization_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above high',
    utilization_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above critical',
    loss_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above warning',
    loss_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above high',
    loss_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above critical',
    jitter_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above warning',
    jitter_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above high',
    jitter_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above critical',
    latency_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above warning',
    latency_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above high',
    latency_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above critical',
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    total_minutes FLOAT COMMENT 'up + down + unknown minutes',
    PRIMARY KEY (region, as_of_utc, window_hours)
)
CLUSTER BY (as_of_utc)
COMMENT = 'Windows pooled over a region''s circuit hours, not averages of averages';

CREATE TABLE IF NOT EXISTS agg_region_period (
    region VARCHAR NOT NULL COMMENT 'name of the site''s region sitegroup without prefix, `(none)` without one',
    period VARCHAR NOT NULL COMMENT 'day, week (ISO) or month, UTC',
    period_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the period',
    circuit_count NUMBER(38,0) COMMENT 'circuits pooled',
    utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours (p95: linear interpolation)',
    utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours (p95: linear interpolation)',
    utilization_p95_pct FLOAT COMMENT '95th percentile utilization over the observed hours (p95: linear interpolation)',
    loss_avg_pct FLOAT COMMENT 'mean frame loss over the hours observed',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed',
    jitter_avg_ms FLOAT COMMENT 'mean jitter over the hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed',
    latency_avg_ms FLOAT COMMENT 'mean latency over the hours observed',
    latency_max_ms FLOAT COMMENT 'maximum latency over the hours observed',
    utilization_warning_hours NUMBER(38,0) COMMENT 'hours with utilization at or above warning',
    utilization_high_hours NUMBER(38,0) COMMENT 'hours with utilization at or above high',
    utilization_critical_hours NUMBER(38,0) COMMENT 'hours with utilization at or above critical',
    loss_warning_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above warning',
    loss_high_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above high',
    loss_critical_hours NUMBER(38,0) COMMENT 'hours with frame loss at or above critical',
    jitter_warning_hours NUMBER(38,0) COMMENT 'hours with jitter at or above warning',
    jitter_high_hours NUMBER(38,0) COMMENT 'hours with jitter at or above high',
    jitter_critical_hours NUMBER(38,0) COMMENT 'hours with jitter at or above critical',
    latency_warning_hours NUMBER(38,0) COMMENT 'hours with latency at or above warning',
    latency_high_hours NUMBER(38,0) COMMENT 'hours with latency at or above high',
    latency_critical_hours NUMBER(38,0) COMMENT 'hours with latency at or above critical',
    utilization_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above warning',
    utilization_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above high',
    utilization_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with utilization at or above critical',
    loss_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above warning',
    loss_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above high',
    loss_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with frame loss at or above critical',
    jitter_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above warning',
    jitter_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above high',
    jitter_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with jitter at or above critical',
    latency_warning_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above warning',
    latency_high_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above high',
    latency_critical_run_hours NUMBER(38,0) COMMENT 'longest run of consecutive hours with latency at or above critical',
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    total_minutes FLOAT COMMENT 'up + down + unknown minutes',
    PRIMARY KEY (region, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'Periods pooled over a region''s circuit hours';

CREATE TABLE IF NOT EXISTS api_usage_hour (
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    endpoint VARCHAR NOT NULL COMMENT 'endpoint as in this dictionary, `org` and `usage` for probes, `(other programs)` for calls of the same token that were not made here, as far as the cloud told them',
    purpose VARCHAR NOT NULL COMMENT 'live collection, optional work (backfill), or another program''s affair',
    calls NUMBER(38,0) NOT NULL COMMENT 'calls made, retries included',
    deferred NUMBER(38,0) NOT NULL COMMENT 'walks that were put off because no call was left; one that is put off twice counts twice',
    deferred_reason VARCHAR COMMENT 'why they were put off; null when none was',
    PRIMARY KEY (hour_utc, endpoint, purpose)
)
COMMENT = 'Calls to the Mist API and walks that were put off, from the call ledger';

CREATE TABLE IF NOT EXISTS load_ledger (
    table_name VARCHAR NOT NULL COMMENT 'loaded table',
    span_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the span; 1970-01-01 for whole tables',
    row_count NUMBER(38,0) COMMENT 'rows of the span',
    loaded_at_utc TIMESTAMP_NTZ(6) COMMENT 'end of the load',
    PRIMARY KEY (table_name, span_start_utc)
)
COMMENT = 'What was loaded when: one row a table and span, replaced by each load';
