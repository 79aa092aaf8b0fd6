-- Generated from mistwan_dagster/catalog by `make generate`; do not edit.

CREATE TABLE IF NOT EXISTS dim_site (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    site_name VARCHAR COMMENT 'name of the site in Mist',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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
    wan_name VARCHAR COMMENT 'name of the WAN interface in the gateway’s configuration',
    wan_type VARCHAR COMMENT 'broadband, dsl or lte as Mist says; null when it does not',
    provider VARCHAR COMMENT 'internet provider: circuits file, else the ISP that Mist detected last',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    active_state BOOLEAN COMMENT 'true while this circuit carries the site’s traffic; null when unknown',
    port_state VARCHAR COMMENT 'up, down, disabled; null when Mist did not say',
    bandwidth_down_mbps FLOAT COMMENT 'contracted download; null when unknown',
    bandwidth_up_mbps FLOAT COMMENT 'contracted upload; null when unknown',
    bandwidth_source VARCHAR COMMENT 'where the bandwidth comes from: circuits file or link speed; no shaping yet, which dim_port_config tells',
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

CREATE TABLE IF NOT EXISTS dim_threshold (
    region VARCHAR NOT NULL COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    store_type VARCHAR NOT NULL COMMENT 'name of the store-type sitegroup without prefix, `(none)` without one',
    measure VARCHAR NOT NULL COMMENT 'what is compared',
    level VARCHAR NOT NULL COMMENT 'level that it marks',
    value FLOAT COMMENT 'threshold in the measure’s unit; a value on it counts as above',
    valid_from TIMESTAMP_NTZ(6) NOT NULL COMMENT 'first instant at which this version holds',
    valid_to TIMESTAMP_NTZ(6) COMMENT 'first instant at which it no longer holds; null for the current version',
    PRIMARY KEY (region, store_type, measure, level, valid_from)
)
COMMENT = 'Levels in force for each region and store type, one row a version: an hour is judged by those of its time';

CREATE TABLE IF NOT EXISTS fact_circuit_hour (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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
    utilization_severity VARCHAR COMMENT 'level that the hour’s utilization reaches; null when unknown',
    loss_severity VARCHAR COMMENT 'level that the hour’s frame loss reaches; null when unknown',
    jitter_severity VARCHAR COMMENT 'level that the hour’s jitter reaches; null when unknown',
    latency_severity VARCHAR COMMENT 'level that the hour’s latency reaches; null when unknown',
    severity VARCHAR COMMENT 'worst of the four; null when all are unknown',
    counter_reset BOOLEAN COMMENT 'a counter reset makes the bytes a lower bound',
    coverage_pct FLOAT COMMENT 'share of the hour that the traffic figures cover',
    source VARCHAR COMMENT 'where the traffic figures come from',
    active_state BOOLEAN COMMENT 'true while this circuit carries the site’s traffic; null when unknown',
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
    loss_avg_pct FLOAT COMMENT 'mean frame loss of the path’s up samples',
    loss_max_pct FLOAT COMMENT 'maximum frame loss of the path’s up samples',
    loss_p95_pct FLOAT COMMENT '95th percentile frame loss of the path’s up samples',
    jitter_avg_ms FLOAT COMMENT 'mean jitter of the path’s up samples',
    jitter_max_ms FLOAT COMMENT 'maximum jitter of the path’s up samples',
    jitter_p95_ms FLOAT COMMENT '95th percentile jitter of the path’s up samples',
    latency_avg_ms FLOAT COMMENT 'mean latency of the path’s up samples',
    latency_max_ms FLOAT COMMENT 'maximum latency of the path’s up samples',
    latency_p95_ms FLOAT COMMENT '95th percentile latency of the path’s up samples',
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
    unknown_minutes FLOAT COMMENT 'part of it (so far, while it lasts) that was not observed but lies between observed parts',
    PRIMARY KEY (circuit_id, kind, start_utc)
)
COMMENT = 'Stretches in which a circuit was down (link) or up but unreachable (reachability)';

CREATE TABLE IF NOT EXISTS fact_failover (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'the primary stopped carrying the traffic',
    end_utc TIMESTAMP_NTZ(6) COMMENT 'the primary carried it again; null while the failover lasts',
    from_circuit_id VARCHAR NOT NULL COMMENT 'the primary',
    to_circuit_id VARCHAR NOT NULL COMMENT 'the circuit that took over',
    cause VARCHAR COMMENT 'why: the primary’s link was down, it was unreachable, or traffic was steered',
    duration_minutes FLOAT COMMENT 'length; null while it lasts',
    loss_avg_pct FLOAT COMMENT 'mean frame loss of the backup during the failover',
    jitter_avg_ms FLOAT COMMENT 'mean jitter of the backup during the failover',
    latency_avg_ms FLOAT COMMENT 'mean latency of the backup during the failover',
    quality_sample_count NUMBER(38,0) COMMENT 'samples in the failover behind these means; null when they come from the cloud’s hourly history',
    norm_loss_avg_pct FLOAT COMMENT 'mean frame loss of the backup over the hours of the 7 days before: its own norm',
    norm_jitter_avg_ms FLOAT COMMENT 'mean jitter of the backup over the hours of the 7 days before: its own norm',
    norm_latency_avg_ms FLOAT COMMENT 'mean latency of the backup over the hours of the 7 days before: its own norm',
    primary_loss_avg_pct FLOAT COMMENT 'mean frame loss of the primary over the 24 hours before',
    primary_jitter_avg_ms FLOAT COMMENT 'mean jitter of the primary over the 24 hours before',
    primary_latency_avg_ms FLOAT COMMENT 'mean latency of the primary over the 24 hours before',
    PRIMARY KEY (site_id, start_utc, from_circuit_id)
)
COMMENT = 'Episodes in which a site’s traffic ran over another circuit because its primary was down or steered away';

CREATE TABLE IF NOT EXISTS fact_device_event (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    device_mac VARCHAR NOT NULL COMMENT 'gateway MAC, 12 lowercase hex digits',
    event_type VARCHAR NOT NULL COMMENT 'Mist event type, for example GW_PORT_DOWN',
    locator VARCHAR NOT NULL COMMENT 'port id, else the event’s text, else empty (part of the natural key)',
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
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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

CREATE TABLE IF NOT EXISTS agg_region_window (
    region VARCHAR NOT NULL COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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
COMMENT = 'Windows pooled over a region’s circuit hours, not averages of averages';

CREATE TABLE IF NOT EXISTS agg_provider_window (
    provider VARCHAR NOT NULL COMMENT 'internet provider of the circuit in force in each hour',
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
    PRIMARY KEY (provider, as_of_utc, window_hours)
)
CLUSTER BY (as_of_utc)
COMMENT = 'Windows pooled over a provider’s circuit hours; circuits without a known provider are in none';

CREATE TABLE IF NOT EXISTS agg_circuit_period (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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

CREATE TABLE IF NOT EXISTS agg_region_period (
    region VARCHAR NOT NULL COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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
COMMENT = 'Periods pooled over a region’s circuit hours';

CREATE TABLE IF NOT EXISTS agg_provider_period (
    provider VARCHAR NOT NULL COMMENT 'internet provider of the circuit in force in each hour',
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
    PRIMARY KEY (provider, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'Periods pooled over a provider’s circuit hours; circuits without a known provider are in none';

CREATE TABLE IF NOT EXISTS agg_circuit_period_business (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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
    business_hours NUMBER(38,0) COMMENT 'circuit hours inside the opening hours, the ones counted',
    unknown_timezone_hours NUMBER(38,0) COMMENT 'circuit hours left out because the site’s time zone is unknown',
    PRIMARY KEY (circuit_id, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'agg_circuit_period over the hours in which each store is open, by its own clock; periods are those of UTC';

CREATE TABLE IF NOT EXISTS agg_region_period_business (
    region VARCHAR NOT NULL COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
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
    business_hours NUMBER(38,0) COMMENT 'circuit hours inside the opening hours, the ones counted',
    unknown_timezone_hours NUMBER(38,0) COMMENT 'circuit hours left out because the site’s time zone is unknown',
    PRIMARY KEY (region, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'agg_region_period over the hours in which each store is open, by its own clock; periods are those of UTC';

CREATE TABLE IF NOT EXISTS agg_provider_period_business (
    provider VARCHAR NOT NULL COMMENT 'internet provider of the circuit in force in each hour',
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
    business_hours NUMBER(38,0) COMMENT 'circuit hours inside the opening hours, the ones counted',
    unknown_timezone_hours NUMBER(38,0) COMMENT 'circuit hours left out because the site’s time zone is unknown',
    PRIMARY KEY (provider, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'agg_provider_period over the hours in which each store is open, by its own clock; periods are those of UTC';

CREATE TABLE IF NOT EXISTS agg_circuit_rolling_13m (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    as_of_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'end of the 13 months, not included: first of a month',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the 13 months',
    utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours',
    utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed',
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
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    total_minutes FLOAT COMMENT 'up + down + unknown minutes',
    PRIMARY KEY (circuit_id, as_of_utc)
)
CLUSTER BY (as_of_utc)
COMMENT = 'Figures of 13 calendar months, pooled from months: as of 1 Feb 2025 from 1 Jan 2024 on';

CREATE TABLE IF NOT EXISTS agg_region_rolling_13m (
    region VARCHAR NOT NULL COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    as_of_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'end of the 13 months, not included: first of a month',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the 13 months',
    utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours',
    utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed',
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
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    total_minutes FLOAT COMMENT 'up + down + unknown minutes',
    PRIMARY KEY (region, as_of_utc)
)
CLUSTER BY (as_of_utc)
COMMENT = '13 calendar months pooled over a region’s circuit hours';

CREATE TABLE IF NOT EXISTS agg_provider_rolling_13m (
    provider VARCHAR NOT NULL COMMENT 'internet provider of the circuit in force in each hour',
    as_of_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'end of the 13 months, not included: first of a month',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the 13 months',
    utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours',
    utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed',
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
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    total_minutes FLOAT COMMENT 'up + down + unknown minutes',
    PRIMARY KEY (provider, as_of_utc)
)
CLUSTER BY (as_of_utc)
COMMENT = '13 calendar months pooled over a provider’s circuit hours; circuits without a known provider are in none';

CREATE TABLE IF NOT EXISTS rpt_congestion_now (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    utilization_pct FLOAT COMMENT 'utilization of the hour; null when unknown',
    utilization_severity VARCHAR COMMENT 'level that it reaches; null when unknown',
    usual_pct FLOAT COMMENT 'median of the same hour of the week over the 4 weeks before; null with fewer than 3 of them known',
    usual_mad_pct FLOAT COMMENT 'median absolute deviation of those hours',
    usual_hours NUMBER(38,0) COMMENT 'how many of the 4 hours are known',
    change_pct FLOAT COMMENT 'utilization less the usual, in percentage points',
    change_sigmas FLOAT COMMENT 'change / (1.4826 * MAD); null when the MAD is 0 or the change unknown',
    is_worse BOOLEAN COMMENT 'change of 3 robust sigmas and 5 percentage points or more; null when the change is unknown',
    trend_pct_per_week FLOAT COMMENT 'Theil-Sen slope of the weekly p95 of the busy hours; null below 5 known weeks',
    trend_low_pct_per_week FLOAT COMMENT 'lower end of its 95 % interval',
    trend_high_pct_per_week FLOAT COMMENT 'upper end of its 95 % interval',
    trend_now_pct FLOAT COMMENT 'the trend’s line at the end of the hour',
    trend_weeks NUMBER(38,0) COMMENT 'weeks of the last 13 with half of their busy hours known',
    trend_unknown_hours NUMBER(38,0) COMMENT 'hours of the last 13 weeks without utilization',
    days_to_warning FLOAT COMMENT 'days until the trend reaches warning, 0 when it is there; null with a reason',
    days_to_high FLOAT COMMENT 'days until the trend reaches high, 0 when it is there; null with a reason',
    days_to_critical FLOAT COMMENT 'days until the trend reaches critical, 0 when it is there; null with a reason',
    trend_reason VARCHAR COMMENT 'why no crossing is foretold; null when it is',
    PRIMARY KEY (circuit_id)
)
COMMENT = 'Each circuit in the latest computed hour: congested, worse than usual, and when it will reach a threshold';

CREATE TABLE IF NOT EXISTS rpt_chronic_offenders (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    as_of_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'end of the last of the days, not included',
    reason VARCHAR NOT NULL COMMENT 'what was bad: hours at or above a level of a measure, flaps, or availability under the target',
    limit_value FLOAT COMMENT 'flaps or availability at which a day is bad; null for measures',
    limit_level VARCHAR COMMENT 'level at which a day is bad; null otherwise',
    bad_days NUMBER(38,0) COMMENT 'days that were bad',
    observed_days NUMBER(38,0) COMMENT 'days of which it can be said',
    window_days NUMBER(38,0) COMMENT 'days looked at',
    last_bad_day_utc TIMESTAMP_NTZ(6) COMMENT 'start of the latest bad day',
    PRIMARY KEY (circuit_id, as_of_utc, reason)
)
CLUSTER BY (as_of_utc)
COMMENT = 'Circuits that were bad on many of the last days; days are counted, not hours';

CREATE TABLE IF NOT EXISTS rpt_top_offenders (
    period VARCHAR NOT NULL COMMENT 'what is ranked',
    period_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the window or period',
    measure VARCHAR NOT NULL COMMENT 'column of the aggregate table that is ranked',
    rank NUMBER(38,0) NOT NULL COMMENT '1 is the worst; ties stand in the order of circuit_id',
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    role VARCHAR COMMENT 'primary or secondary; null when unknown',
    value FLOAT NOT NULL COMMENT 'the figure',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization behind it',
    known_circuits NUMBER(38,0) COMMENT 'circuits with the figure, all of them ranked',
    unknown_circuits NUMBER(38,0) COMMENT 'circuits left out because the figure is unknown',
    PRIMARY KEY (period, period_start_utc, measure, rank)
)
COMMENT = 'The worst circuits of the latest windows, of the present and the last whole day, week and month, and of 13 months, by each figure';

CREATE TABLE IF NOT EXISTS fact_site_sle_hour (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    metric VARCHAR NOT NULL COMMENT 'SLE metric, for example wan-link-health',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    score FLOAT COMMENT 'share of the time that was not degraded; null when unknown',
    gateway_count FLOAT COMMENT 'gateways behind the score',
    client_count FLOAT COMMENT 'clients behind the score',
    source VARCHAR COMMENT 'answer that told the score',
    observed_at_utc TIMESTAMP_NTZ(6) COMMENT 'when it was read',
    PRIMARY KEY (site_id, metric, hour_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'SLE score of each site and metric in one hour, as Mist computes it. A metric that Mist tells of some site is there for all of them, null where it was not told';

CREATE TABLE IF NOT EXISTS fact_sle_trend (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    scope VARCHAR NOT NULL COMMENT 'what the figure is about',
    scope_id VARCHAR NOT NULL COMMENT 'site id or Mist device id',
    metric VARCHAR NOT NULL COMMENT 'SLE metric, for example wan-link-health',
    classifier VARCHAR NOT NULL COMMENT 'reason of the degradation, empty for the metric as a whole',
    bin_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the bin',
    bin_seconds FLOAT COMMENT 'length of the bin',
    total FLOAT COMMENT 'time looked at, in `unit`; null when not told',
    degraded FLOAT COMMENT 'of it degraded; null when not told',
    score FLOAT COMMENT 'share of the time that was not degraded; null when unknown',
    value FLOAT COMMENT 'value of the metric, where it has one',
    duration FLOAT COMMENT 'duration of the degradation, where told',
    unit VARCHAR COMMENT 'unit as Mist names it, for example interface-minutes',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    read_at_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when it was read',
    PRIMARY KEY (site_id, scope, scope_id, metric, classifier, bin_start_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'One bin of a metric of a site or gateway, as a whole and by classifier; the newest answer holds. Only what the deep-dive has read: see sle_coverage';

CREATE TABLE IF NOT EXISTS fact_sle_histogram (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    scope VARCHAR NOT NULL COMMENT 'what the figure is about',
    scope_id VARCHAR NOT NULL COMMENT 'site id or Mist device id',
    metric VARCHAR NOT NULL COMMENT 'SLE metric, for example wan-link-health',
    position NUMBER(38,0) NOT NULL COMMENT 'place of the range, from 0',
    range_low FLOAT COMMENT 'lower end in `range_unit`; null: open',
    range_high FLOAT COMMENT 'upper end in `range_unit`; null: open',
    value FLOAT COMMENT 'amount in the range, in `unit`',
    range_unit VARCHAR COMMENT 'unit of the ranges as Mist names it',
    unit VARCHAR COMMENT 'unit as Mist names it, for example interface-minutes',
    span_start_utc TIMESTAMP_NTZ(6) COMMENT 'start of the window that the answer names',
    span_end_utc TIMESTAMP_NTZ(6) COMMENT 'end of the window that the answer names',
    read_at_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when it was read',
    PRIMARY KEY (site_id, scope, scope_id, metric, position)
)
COMMENT = 'Distribution of a metric’s values over the window last read';

CREATE TABLE IF NOT EXISTS fact_sle_threshold (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    scope VARCHAR NOT NULL COMMENT 'what the figure is about',
    scope_id VARCHAR NOT NULL COMMENT 'site id or Mist device id',
    metric VARCHAR NOT NULL COMMENT 'SLE metric, for example wan-link-health',
    threshold FLOAT COMMENT 'threshold in force, in `unit`',
    default_threshold FLOAT COMMENT 'Mist’s own default',
    minimum FLOAT COMMENT 'lowest threshold that can be set',
    maximum FLOAT COMMENT 'highest threshold that can be set',
    direction VARCHAR COMMENT 'side on which values are degraded, as Mist names it',
    unit VARCHAR COMMENT 'unit as Mist names it, for example interface-minutes',
    read_at_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when it was read',
    PRIMARY KEY (site_id, scope, scope_id, metric)
)
COMMENT = 'Threshold from which Mist counts a metric of a site or gateway as degraded, as last read';

CREATE TABLE IF NOT EXISTS fact_sle_impacted_gateway (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    scope VARCHAR NOT NULL COMMENT 'what the figure is about',
    scope_id VARCHAR NOT NULL COMMENT 'site id or Mist device id',
    metric VARCHAR NOT NULL COMMENT 'SLE metric, for example wan-link-health',
    device_mac VARCHAR NOT NULL COMMENT 'MAC of the gateway, 12 lowercase hex digits',
    device_name VARCHAR COMMENT 'name of the gateway',
    model VARCHAR COMMENT 'model of the gateway',
    version VARCHAR COMMENT 'software version',
    total FLOAT COMMENT 'time looked at, in `unit`; null when not told',
    degraded FLOAT COMMENT 'of it degraded; null when not told',
    score FLOAT COMMENT 'share of the time that was not degraded; null when unknown',
    span_start_utc TIMESTAMP_NTZ(6) COMMENT 'start of the window that the answer names',
    span_end_utc TIMESTAMP_NTZ(6) COMMENT 'end of the window that the answer names',
    read_at_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when it was read',
    PRIMARY KEY (site_id, scope, scope_id, metric, device_mac)
)
COMMENT = 'Gateways behind a site’s degradation over the window last read';

CREATE TABLE IF NOT EXISTS fact_sle_impacted_interface (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    scope VARCHAR NOT NULL COMMENT 'what the figure is about',
    scope_id VARCHAR NOT NULL COMMENT 'site id or Mist device id',
    metric VARCHAR NOT NULL COMMENT 'SLE metric, for example wan-link-health',
    device_mac VARCHAR NOT NULL COMMENT 'MAC of the gateway, 12 lowercase hex digits',
    device_name VARCHAR COMMENT 'name of the gateway',
    interface_name VARCHAR NOT NULL COMMENT 'interface, for example ge-0/0/1',
    total FLOAT COMMENT 'time looked at, in `unit`; null when not told',
    degraded FLOAT COMMENT 'of it degraded; null when not told',
    score FLOAT COMMENT 'share of the time that was not degraded; null when unknown',
    span_start_utc TIMESTAMP_NTZ(6) COMMENT 'start of the window that the answer names',
    span_end_utc TIMESTAMP_NTZ(6) COMMENT 'end of the window that the answer names',
    read_at_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when it was read',
    PRIMARY KEY (site_id, scope, scope_id, metric, device_mac, interface_name)
)
COMMENT = 'Interfaces behind the degradation of a site or gateway over the window last read';

CREATE TABLE IF NOT EXISTS sle_coverage (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    metric VARCHAR NOT NULL COMMENT 'SLE metric, for example wan-link-health',
    score FLOAT COMMENT 'score of the newest hour that was read; null when unknown',
    score_hour_utc TIMESTAMP_NTZ(6) COMMENT 'the hour of that score',
    is_degraded BOOLEAN COMMENT 'the score is below the setting; null without a score',
    is_enabled BOOLEAN COMMENT 'the site’s metric list has it enabled; null when not told',
    last_read_utc TIMESTAMP_NTZ(6) COMMENT 'last whole reading; null when there was none',
    state VARCHAR NOT NULL COMMENT 'fresh: read within six hours; stale: longer ago; missing: never read',
    as_of_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'instant to which the state refers',
    PRIMARY KEY (site_id, metric)
)
COMMENT = 'How fresh the deep-dive into each site and WAN metric is';

CREATE TABLE IF NOT EXISTS rpt_schema_drift (
    endpoint VARCHAR NOT NULL COMMENT 'raw table, for example port_stats',
    field_path VARCHAR NOT NULL COMMENT 'key of the answer’s rows, nested ones joined by a dot',
    kind VARCHAR NOT NULL COMMENT 'new: undeclared and never told before (kept in `extra`); missing: told on the day before and by no row on this one (null), or a key without which rows are refused; type_changed: of another JSON type than declared (the row is in quarantine) or, for an undeclared field, than ever before',
    first_seen_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'arrival of the first row that shows it',
    row_count NUMBER(38,0) COMMENT 'rows of that UTC day that show it; of missing fields, rows without',
    example_type VARCHAR NOT NULL COMMENT 'JSON type that was told; of missing ones, the declared',
    PRIMARY KEY (endpoint, field_path, kind, example_type, first_seen_utc)
)
COMMENT = 'Fields of Mist’s answers that came, went or changed their type, when this was first seen; never a value';

CREATE TABLE IF NOT EXISTS fact_alarm (
    alarm_id VARCHAR NOT NULL COMMENT 'Mist alarm id',
    site_id VARCHAR COMMENT 'Mist site id; null for an alarm of the organization',
    alarm_type VARCHAR COMMENT 'Mist alarm type, for example gateway_down',
    alarm_group VARCHAR COMMENT 'infrastructure, marvis, security as Mist says',
    severity VARCHAR COMMENT 'critical, warn or info as Mist says',
    first_seen_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when it was raised',
    last_seen_utc TIMESTAMP_NTZ(6) COMMENT 'newest occurrence',
    alarm_count NUMBER(38,0) COMMENT 'occurrences folded into it',
    status VARCHAR COMMENT 'open or resolved at `read_utc`; null when Mist did not say',
    resolved_utc TIMESTAMP_NTZ(6) COMMENT 'when it was resolved; null while it is open',
    duration_minutes FLOAT COMMENT 'from raised to resolved; null while it is open',
    acked BOOLEAN COMMENT 'true when somebody acknowledged it',
    acked_utc TIMESTAMP_NTZ(6) COMMENT 'when it was acknowledged',
    device_mac VARCHAR COMMENT 'gateway MAC, 12 lowercase hex digits',
    circuit_id VARCHAR COMMENT 'circuit that it concerns; null when none, several or unknown',
    text VARCHAR COMMENT 'text of the alarm, where Mist tells one',
    read_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when this version was first read; alarms of the last 7 days are read again each day, of a day each hour',
    PRIMARY KEY (alarm_id)
)
CLUSTER BY (first_seen_utc)
COMMENT = 'Alarms as they were last seen, each once; Mist changes them in place';

CREATE TABLE IF NOT EXISTS fact_alarm_site_hour (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id, `(none)` for alarms of the organization',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    alarm_type VARCHAR NOT NULL COMMENT 'Mist alarm type, `(none)` when not told',
    severity VARCHAR NOT NULL COMMENT 'severity as Mist says, `(none)` when not told',
    alarm_count NUMBER(38,0) COMMENT 'alarms raised in the hour',
    occurrence_count NUMBER(38,0) COMMENT 'occurrences folded into them so far',
    open_count NUMBER(38,0) COMMENT 'of them still open when last read',
    acked_count NUMBER(38,0) COMMENT 'of them acknowledged',
    observed_minutes FLOAT COMMENT 'minutes of the hour that alarms were read for',
    PRIMARY KEY (site_id, hour_utc, alarm_type, severity)
)
CLUSTER BY (hour_utc)
COMMENT = 'Alarms raised in an hour at a site, by type and severity; no row where none was raised';

CREATE TABLE IF NOT EXISTS fact_wan_client_hour (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    locator VARCHAR NOT NULL COMMENT 'circuit_id, empty when it is unknown (part of the key)',
    circuit_id VARCHAR COMMENT 'circuit that it concerns; null when none, several or unknown',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    client_count NUMBER(38,0) COMMENT 'distinct clients',
    network_count NUMBER(38,0) COMMENT 'distinct networks that they are in',
    read_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when Mist was asked',
    PRIMARY KEY (site_id, locator, hour_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'Clients behind a site’s WAN gateways that Mist listed for the 60 minutes before it was asked in an hour';

CREATE TABLE IF NOT EXISTS dim_org (
    org_id VARCHAR NOT NULL COMMENT 'Mist organization id',
    org_name VARCHAR COMMENT 'its name',
    msp_name VARCHAR COMMENT 'managed service provider; null without one',
    created_utc TIMESTAMP_NTZ(6) COMMENT 'when it was created',
    modified_utc TIMESTAMP_NTZ(6) COMMENT 'when its settings were last changed',
    read_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when Mist was asked',
    PRIMARY KEY (org_id)
)
COMMENT = 'The organization';

CREATE TABLE IF NOT EXISTS dim_vocabulary (
    kind VARCHAR NOT NULL COMMENT 'what is named',
    name VARCHAR NOT NULL COMMENT 'type of the alarm or event, or name of the metric',
    display VARCHAR COMMENT 'words for people; null when Mist has none',
    vocabulary_group VARCHAR COMMENT 'group as Mist says',
    severity VARCHAR COMMENT 'severity of an alarm',
    unit VARCHAR COMMENT 'unit of a metric',
    history_hours FLOAT COMMENT 'longest that Mist keeps a metric’s bins',
    read_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when Mist was asked',
    PRIMARY KEY (kind, name)
)
COMMENT = 'Names that Mist uses, by kind: alarms, device events, insight metrics';

CREATE TABLE IF NOT EXISTS dim_port_config (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    device_mac VARCHAR NOT NULL COMMENT 'gateway MAC, 12 lowercase hex digits',
    port_id VARCHAR NOT NULL COMMENT 'physical port, for example ge-0/0/1',
    port_usage VARCHAR COMMENT 'wan or lan as configured',
    wan_name VARCHAR COMMENT 'name of the WAN interface',
    wan_type VARCHAR COMMENT 'broadband, dsl or lte',
    is_disabled BOOLEAN COMMENT 'true when switched off by configuration',
    is_critical BOOLEAN COMMENT 'true when the port raises gw_critical_port_down',
    shaping_up_mbps FLOAT COMMENT 'upload limit that is configured',
    vpn_preference NUMBER(38,0) COMMENT 'lowest preference among its VPN paths; lower is preferred',
    read_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when Mist was asked',
    PRIMARY KEY (device_mac, port_id)
)
COMMENT = 'Configured ports of gateways, for sites that were read on demand';

CREATE TABLE IF NOT EXISTS dim_gateway_detail (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    device_mac VARCHAR NOT NULL COMMENT 'gateway MAC, 12 lowercase hex digits',
    device_name VARCHAR COMMENT 'name of the gateway',
    model VARCHAR COMMENT 'model',
    version VARCHAR COMMENT 'software version',
    status VARCHAR COMMENT 'connected or disconnected',
    last_seen_utc TIMESTAMP_NTZ(6) COMMENT 'last contact with the cloud',
    uptime_hours FLOAT COMMENT 'since boot, at the last contact',
    cpu_used_pct FLOAT COMMENT 'processor use at the last contact',
    memory_used_pct FLOAT COMMENT 'memory use at the last contact',
    config_status VARCHAR COMMENT 'state of the configuration as Mist says',
    read_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when Mist was asked',
    PRIMARY KEY (device_mac)
)
COMMENT = 'Gateways in detail as last read, for sites that were read on demand';

CREATE TABLE IF NOT EXISTS fact_api_usage (
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    request_count NUMBER(38,0) COMMENT 'calls of the hour so far',
    request_limit NUMBER(38,0) COMMENT 'calls that the token may make in an hour',
    read_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when Mist was asked',
    PRIMARY KEY (hour_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'Calls of the API token, by every program that uses it, as Mist counted them when it was asked in an hour';

CREATE TABLE IF NOT EXISTS api_usage_hour (
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    endpoint VARCHAR NOT NULL COMMENT 'endpoint as in this dictionary, `org` and `usage` for probes, `(other programs)` for calls of the same token that were not made here, as far as the cloud told them',
    purpose VARCHAR NOT NULL COMMENT 'live collection, optional work (backfill), or another program’s affair',
    calls NUMBER(38,0) NOT NULL COMMENT 'calls made, retries included',
    deferred NUMBER(38,0) NOT NULL COMMENT 'walks that were put off because no call was left; one that is put off twice counts twice',
    deferred_reason VARCHAR COMMENT 'why they were put off; null when none was',
    PRIMARY KEY (hour_utc, endpoint, purpose)
)
COMMENT = 'Calls to the Mist API and walks that were put off, from the call ledger';

CREATE TABLE IF NOT EXISTS fact_site_hour (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    hour_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the hour, UTC',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    circuit_count NUMBER(38,0) COMMENT 'circuits with a row in the hour',
    active_circuit_id VARCHAR COMMENT 'circuit that carried the site’s traffic for most of the hour; null when unknown',
    active_evidence VARCHAR COMMENT 'seen: snapshots or events told it; inferred: the primary was up, or another was while it was down',
    utilization_pct FLOAT COMMENT 'utilization of the active circuit',
    primary_circuit_id VARCHAR COMMENT 'the primary; the first by id of several',
    primary_utilization_pct FLOAT COMMENT 'utilization of the primary',
    site_up_minutes FLOAT COMMENT 'minutes in which a circuit was surely up',
    site_outage_minutes FLOAT COMMENT 'minutes in which every circuit was known to be down or unreachable',
    site_unknown_minutes FLOAT COMMENT 'minutes in which neither is known; up + outage + unknown are all minutes',
    backup_circuit_id VARCHAR COMMENT 'secondary that would have been loaded least; null when unknown',
    backup_load_pct FLOAT COMMENT 'what primaries and backup carried, against the backup’s capacity, in the fuller direction; null without traffic or bandwidth of any of them',
    backup_can_carry BOOLEAN COMMENT 'whether a secondary that was up had room: load below 100; null when that cannot be told',
    backup_bandwidth_source VARCHAR COMMENT 'where the backup’s bandwidth comes from; link speed is no contract',
    PRIMARY KEY (site_id, hour_utc)
)
CLUSTER BY (hour_utc)
COMMENT = 'A site in one hour: which circuit carried it, how full that one was, whether the site was cut off, and whether a backup could have carried everything';

CREATE TABLE IF NOT EXISTS agg_site_period (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    period VARCHAR NOT NULL COMMENT 'day, week (ISO) or month, UTC',
    period_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the period',
    utilization_avg_pct FLOAT COMMENT 'mean utilization of the active circuit (p95: linear interpolation)',
    utilization_max_pct FLOAT COMMENT 'maximum utilization of the active circuit (p95: linear interpolation)',
    utilization_p95_pct FLOAT COMMENT '95th percentile utilization of the active circuit (p95: linear interpolation)',
    observed_hours NUMBER(38,0) COMMENT 'hours with a utilization of the active circuit',
    failover_count NUMBER(38,0) COMMENT 'failovers that began in the period; null when the site was not observed',
    failover_minutes FLOAT COMMENT 'minutes of the period on another circuit than the primary; null when the site was not observed',
    site_up_minutes FLOAT COMMENT 'minutes in which a circuit was surely up',
    site_outage_minutes FLOAT COMMENT 'minutes in which every circuit was known to be down or unreachable',
    site_unknown_minutes FLOAT COMMENT 'minutes in which neither is known; up + outage + unknown are all minutes',
    total_minutes FLOAT COMMENT 'up + outage + unknown minutes',
    site_availability_pct FLOAT COMMENT '100 * up / (up + outage) minutes; null when both are 0',
    PRIMARY KEY (site_id, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'A site in a UTC day, ISO week or month: traffic of the active circuit, failovers, time cut off';

CREATE TABLE IF NOT EXISTS rpt_primary_secondary (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    period VARCHAR NOT NULL COMMENT 'day, week (ISO) or month, UTC',
    period_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the period',
    primary_circuit_count NUMBER(38,0) COMMENT 'circuits (primary)',
    primary_utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours (primary)',
    primary_utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours (primary)',
    primary_loss_avg_pct FLOAT COMMENT 'mean frame loss over the hours observed (primary)',
    primary_loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed (primary)',
    primary_jitter_avg_ms FLOAT COMMENT 'mean jitter over the hours observed (primary)',
    primary_jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed (primary)',
    primary_latency_avg_ms FLOAT COMMENT 'mean latency over the hours observed (primary)',
    primary_latency_max_ms FLOAT COMMENT 'maximum latency over the hours observed (primary)',
    primary_availability_pct FLOAT COMMENT '100 * up / (up + down) minutes (primary)',
    primary_flap_count NUMBER(38,0) COMMENT 'link transitions (primary)',
    primary_observed_hours NUMBER(38,0) COMMENT 'circuit hours with a utilization (primary)',
    primary_up_minutes FLOAT COMMENT 'minutes the link was known to be up (primary)',
    primary_down_minutes FLOAT COMMENT 'minutes the link was known to be down (primary)',
    primary_unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed (primary)',
    secondary_circuit_count NUMBER(38,0) COMMENT 'circuits (secondaries, pooled)',
    secondary_utilization_avg_pct FLOAT COMMENT 'mean utilization over the observed hours (secondaries, pooled)',
    secondary_utilization_max_pct FLOAT COMMENT 'maximum utilization over the observed hours (secondaries, pooled)',
    secondary_loss_avg_pct FLOAT COMMENT 'mean frame loss over the hours observed (secondaries, pooled)',
    secondary_loss_max_pct FLOAT COMMENT 'maximum frame loss over the hours observed (secondaries, pooled)',
    secondary_jitter_avg_ms FLOAT COMMENT 'mean jitter over the hours observed (secondaries, pooled)',
    secondary_jitter_max_ms FLOAT COMMENT 'maximum jitter over the hours observed (secondaries, pooled)',
    secondary_latency_avg_ms FLOAT COMMENT 'mean latency over the hours observed (secondaries, pooled)',
    secondary_latency_max_ms FLOAT COMMENT 'maximum latency over the hours observed (secondaries, pooled)',
    secondary_availability_pct FLOAT COMMENT '100 * up / (up + down) minutes (secondaries, pooled)',
    secondary_flap_count NUMBER(38,0) COMMENT 'link transitions (secondaries, pooled)',
    secondary_observed_hours NUMBER(38,0) COMMENT 'circuit hours with a utilization (secondaries, pooled)',
    secondary_up_minutes FLOAT COMMENT 'minutes the link was known to be up (secondaries, pooled)',
    secondary_down_minutes FLOAT COMMENT 'minutes the link was known to be down (secondaries, pooled)',
    secondary_unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed (secondaries, pooled)',
    PRIMARY KEY (site_id, period, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'The primary of a site against its secondaries; circuits of unknown role are in neither';

CREATE TABLE IF NOT EXISTS rpt_failover_readiness (
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    month VARCHAR NOT NULL COMMENT 'UTC month, for example 2025-01',
    period_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the month',
    ready_hours NUMBER(38,0) COMMENT 'hours in which a backup had room for everything',
    not_ready_hours NUMBER(38,0) COMMENT 'hours in which no backup had',
    unknown_hours NUMBER(38,0) COMMENT 'hours in which that cannot be told',
    total_hours NUMBER(38,0) COMMENT 'ready + not ready + unknown hours',
    ready_pct FLOAT COMMENT '100 * ready / (ready + not ready) hours; null when both are 0',
    link_speed_hours NUMBER(38,0) COMMENT 'hours judged by link speed, which is no contract',
    backup_load_max_pct FLOAT COMMENT 'highest load that a backup would have had',
    backup_load_p95_pct FLOAT COMMENT '95th percentile of that load (linear interpolation)',
    backup_circuit_id VARCHAR COMMENT 'backup that was the best one in most hours',
    PRIMARY KEY (site_id, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'In how many hours of a month a backup could have carried primary and own traffic';

CREATE TABLE IF NOT EXISTS rpt_carrier_incident (
    provider VARCHAR NOT NULL COMMENT 'internet provider, `(none)` when unknown',
    area VARCHAR NOT NULL COMMENT 'region, or `around <site>` where coordinates are known',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'enough circuits were hit from here on',
    end_utc TIMESTAMP_NTZ(6) COMMENT 'no longer enough; null while it lasts',
    duration_minutes FLOAT COMMENT 'length; null while it lasts',
    kind VARCHAR COMMENT 'down, degraded (quality severity), or mixed',
    circuit_count NUMBER(38,0) COMMENT 'circuits hit in it',
    site_count NUMBER(38,0) COMMENT 'sites of these circuits',
    peak_circuit_count NUMBER(38,0) COMMENT 'most circuits hit at one time',
    area_circuit_count NUMBER(38,0) COMMENT 'circuits of the provider in the area',
    unobserved_circuit_count NUMBER(38,0) COMMENT 'of these, circuits of which nothing was known in its hours',
    peak_share_pct FLOAT COMMENT '100 * peak / circuits in the area',
    PRIMARY KEY (provider, area, start_utc)
)
COMMENT = 'Circuits of one provider in one area down or degraded together, at two sites or more';

CREATE TABLE IF NOT EXISTS rpt_sla_outage (
    provider VARCHAR NOT NULL COMMENT 'internet provider, `(none)` when unknown',
    site_id VARCHAR NOT NULL COMMENT 'Mist site id',
    site_name VARCHAR COMMENT 'name of the site in Mist',
    region VARCHAR COMMENT 'name of the site’s region sitegroup without prefix, `(none)` without one',
    circuit_id VARCHAR NOT NULL COMMENT '`mac:port_id`, on an HA cluster `mac:node:port_id`',
    wan_name VARCHAR COMMENT 'name of the WAN interface',
    month VARCHAR NOT NULL COMMENT 'UTC month in which it began, for example 2025-01',
    start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'first instant of the outage',
    end_utc TIMESTAMP_NTZ(6) COMMENT 'first instant after it; null while it lasts',
    kind VARCHAR NOT NULL COMMENT 'link or reachability',
    evidence VARCHAR COMMENT 'what tells its start: an event, a snapshot, or inference between two',
    lasted_minutes FLOAT COMMENT 'length, so far when it lasts',
    unknown_minutes FLOAT COMMENT 'part of it that was not observed, bridged by both ends',
    excluded_minutes FLOAT COMMENT 'part of it inside maintenance windows',
    counted_minutes FLOAT COMMENT 'lasted - excluded minutes',
    excluded_reason VARCHAR COMMENT 'reasons of the maintenance windows that touch it; null without one',
    incident_start_utc TIMESTAMP_NTZ(6) COMMENT 'start of the carrier incident that it is part of; null for a fault of one site',
    PRIMARY KEY (circuit_id, kind, start_utc)
)
COMMENT = 'Outages as evidence for a provider: what was seen, what was not, and what a maintenance window excludes';

CREATE TABLE IF NOT EXISTS rpt_provider_scorecard (
    provider VARCHAR NOT NULL COMMENT 'internet provider, `(none)` when unknown',
    month VARCHAR NOT NULL COMMENT 'UTC month, for example 2025-01',
    period_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the month',
    circuit_count NUMBER(38,0) COMMENT 'circuits with an hour in the month',
    site_count NUMBER(38,0) COMMENT 'sites of these circuits',
    up_minutes FLOAT COMMENT 'minutes the link was known to be up',
    down_minutes FLOAT COMMENT 'minutes the link was known to be down',
    unknown_minutes FLOAT COMMENT 'minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed',
    excluded_minutes FLOAT COMMENT 'circuit minutes inside maintenance windows',
    total_minutes FLOAT COMMENT 'up + down + unknown + excluded minutes',
    unreachable_minutes FLOAT COMMENT 'part of the up minutes in which the provider did not answer',
    availability_pct FLOAT COMMENT '100 * up / (up + down) minutes; null when both are 0',
    service_availability_pct FLOAT COMMENT '100 * (up - unreachable) / (up + down) minutes; null when both are 0',
    outage_count NUMBER(38,0) COMMENT 'outages that began in the month and do not lie all in maintenance',
    outage_open_count NUMBER(38,0) COMMENT 'of these, outages that still last',
    restore_mean_minutes FLOAT COMMENT 'mean time to restore, over the outages that ended, without excluded minutes',
    restore_median_minutes FLOAT COMMENT 'median time to restore, over the outages that ended, without excluded minutes',
    restore_max_minutes FLOAT COMMENT 'longest time to restore, over the outages that ended, without excluded minutes',
    flap_count NUMBER(38,0) COMMENT 'link transitions',
    loss_avg_pct FLOAT COMMENT 'mean frame loss over the circuit hours observed',
    loss_max_pct FLOAT COMMENT 'maximum frame loss over the circuit hours observed',
    jitter_avg_ms FLOAT COMMENT 'mean jitter over the circuit hours observed',
    jitter_max_ms FLOAT COMMENT 'maximum jitter over the circuit hours observed',
    latency_avg_ms FLOAT COMMENT 'mean latency over the circuit hours observed',
    latency_max_ms FLOAT COMMENT 'maximum latency over the circuit hours observed',
    quality_hours NUMBER(38,0) COMMENT 'circuit hours with a quality figure',
    incident_count NUMBER(38,0) COMMENT 'carrier incidents that began in the month',
    PRIMARY KEY (provider, period_start_utc)
)
CLUSTER BY (period_start_utc)
COMMENT = 'A provider in a month, pooled over its circuits, without the time inside maintenance windows; hours that a window touches are left out of flaps and quality';

CREATE TABLE IF NOT EXISTS fact_alert (
    alert_id VARCHAR NOT NULL COMMENT '12 hex digits; receivers are told the same id',
    rule VARCHAR NOT NULL COMMENT 'name of the rule, as in the alerts file',
    scope VARCHAR NOT NULL COMMENT 'what it is about',
    site_id VARCHAR COMMENT 'site of an alert of scope site',
    provider VARCHAR COMMENT 'provider of an alert of scope provider',
    area VARCHAR COMMENT 'area of an alert of scope provider: a region, or `around <site>`',
    subject VARCHAR COMMENT 'part of the platform that an alert of scope platform is about',
    region VARCHAR COMMENT 'regions of its circuits so far, joined by a semicolon',
    signals VARCHAR COMMENT 'what was breached so far: down, loss and so on, joined by a comma',
    severity VARCHAR NOT NULL COMMENT 'worst severity that it reached so far',
    since_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'begin of the breach, of several the earliest',
    opened_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when the breach was found to last long enough',
    closed_utc TIMESTAMP_NTZ(6) COMMENT 'when all of it was found to be over; null while the alert is open',
    close_reason VARCHAR COMMENT 'recovered; merged into the alert of a provider; or gone: circuit or rule is no more',
    merged_into VARCHAR COMMENT 'the alert that took its circuits over',
    circuit_count NUMBER(38,0) COMMENT 'circuits that were part of it so far; 0 of the platform',
    open_circuit_count NUMBER(38,0) COMMENT 'circuits that still are',
    site_count NUMBER(38,0) COMMENT 'sites of its circuits so far; 0 of the platform',
    value FLOAT COMMENT 'figure of the breach that opened it, in the unit of its signal (minutes of down, unreachable, offline); of several the largest of the signal first by name',
    silenced BOOLEAN COMMENT 'true while all circuits still part of it are in a maintenance window, or were not seen bad since',
    announced_utc TIMESTAMP_NTZ(6) COMMENT 'first time that it was open and not silenced, from when on receivers are told; null before',
    text VARCHAR COMMENT 'what else is to be told, of the platform’s alerts',
    PRIMARY KEY (alert_id)
)
COMMENT = 'Alerts, one an incident: a rule breached for long enough at a site, of a provider in an area, or by the platform itself';

CREATE TABLE IF NOT EXISTS fact_alert_breach (
    alert_id VARCHAR NOT NULL COMMENT '12 hex digits; receivers are told the same id',
    signal VARCHAR NOT NULL COMMENT 'what was breached',
    subject VARCHAR NOT NULL COMMENT 'circuit_id, or part of the platform',
    site_id VARCHAR COMMENT 'site of the circuit',
    region VARCHAR COMMENT 'region of the circuit',
    provider VARCHAR COMMENT 'provider of the circuit',
    joined_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when the breach was found to last long enough',
    left_utc TIMESTAMP_NTZ(6) COMMENT 'when it was found to be over; null while it goes on',
    left_reason VARCHAR COMMENT 'recovered, merged into a provider’s alert, or gone',
    severity VARCHAR NOT NULL COMMENT 'worst severity that it reached so far',
    since_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'begin of the breach, of several the earliest',
    value FLOAT COMMENT 'figure when it joined, in the unit of the signal',
    silenced BOOLEAN COMMENT 'true from a look in a maintenance window until it is seen bad outside of one',
    text VARCHAR COMMENT 'what else is to be told of it',
    PRIMARY KEY (alert_id, signal, subject, joined_utc)
)
COMMENT = 'Which circuit was part of an alert, with which signal, from when to when';

CREATE TABLE IF NOT EXISTS fact_alert_delivery (
    alert_id VARCHAR NOT NULL COMMENT '12 hex digits; receivers are told the same id',
    event VARCHAR NOT NULL COMMENT 'what the receiver was told',
    severity VARCHAR NOT NULL COMMENT 'severity of the alert then',
    target VARCHAR NOT NULL COMMENT 'receiver, as named in the alerts file',
    state VARCHAR NOT NULL COMMENT 'where it stands',
    created_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'when it was due',
    ended_utc TIMESTAMP_NTZ(6) COMMENT 'when it was delivered or given up; null while pending',
    attempts NUMBER(38,0) COMMENT 'attempts made; null while pending',
    repeated BOOLEAN COMMENT 'true when the sender was stopped in the midst of an attempt, so that the receiver may have it twice',
    error VARCHAR COMMENT 'why the last attempt failed; null when delivered or pending',
    PRIMARY KEY (alert_id, event, severity, target)
)
COMMENT = 'Whom was told what of which alert, once each';

CREATE TABLE IF NOT EXISTS load_ledger (
    table_name VARCHAR NOT NULL COMMENT 'loaded table',
    span_start_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'start of the span; 1970-01-01 for whole tables',
    span_end_utc TIMESTAMP_NTZ(6) NOT NULL COMMENT 'end of the span; 2200-01-01 for whole tables',
    span_kind VARCHAR NOT NULL COMMENT 'kind of period that was loaded; empty for all kinds',
    row_count NUMBER(38,0) COMMENT 'rows of the span',
    content_hash VARCHAR COMMENT 'SHA-256 of the rows as Parquet',
    run_id VARCHAR COMMENT 'Dagster run that loaded',
    loaded_at_utc TIMESTAMP_NTZ(6) COMMENT 'end of the load',
    PRIMARY KEY (table_name, span_start_utc, span_end_utc, span_kind)
)
CLUSTER BY (span_start_utc)
COMMENT = 'What was loaded when: one row a table and span; a load replaces the rows of all spans that it touches, so that a span whose content is noted here is in the table and need not be loaded again';
