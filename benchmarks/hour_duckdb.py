"""The DuckDB side of `benchmarks/hour.py`: the same rules in SQL."""

from __future__ import annotations

import duckdb
import polars as pl

from benchmarks.hour_tables import COMPARED, COMPARED_PATH, END, START, Tables
from mistwan_dagster.catalog.columns import QUALITY_MEASURES, measure_column, value_column
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS

SAMPLES_SQL = """
CREATE OR REPLACE TEMP TABLE port_sample AS
WITH named AS (
  SELECT p.mac, coalesce(i.port_id, split_part(p.port_id, '.', 1)) AS port,
    p.slot_utc, p.rx_bytes,
    p.tx_bytes, p.disabled, p.speed, d.uptime,
    p.mac || ':' || coalesce(i.port_id, split_part(p.port_id, '.', 1)) AS circuit_id,
    CASE WHEN d.status <> 'connected' THEN least(coalesce(p.timestamp, d.last_seen), d.last_seen)
         ELSE coalesce(p.timestamp, d.last_seen) END AS t
  FROM ports p LEFT JOIN devices d USING (mac, slot_utc)
  LEFT JOIN interfaces i ON i.mac = p.mac AND lower(i.name) = lower(p.port_id)
  WHERE lower(p.port_usage) = 'wan' OR lower(p.port_id) LIKE 'lte%'
), ranked AS (
  SELECT *, max(t) OVER (PARTITION BY circuit_id ORDER BY slot_utc
                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM named WHERE t IS NOT NULL
)
SELECT * FROM ranked WHERE newest IS NULL OR t > newest;
CREATE OR REPLACE TEMP TABLE path_sample AS
WITH timed AS (
  SELECT p.*, coalesce(i.port_id, split_part(p.port_id, '.', 1)) AS port,
    CASE WHEN d.status <> 'connected' THEN least(coalesce(p.last_seen, p.timestamp, d.last_seen), d.last_seen)
         ELSE coalesce(p.last_seen, p.timestamp, d.last_seen) END AS t
  FROM (SELECT mac, port_id, peer_mac, peer_port_id, vpn_name, slot_utc, last_seen, timestamp, up,
               is_active, latency, jitter, loss, mos FROM paths) p
  LEFT JOIN devices d USING (mac, slot_utc)
  LEFT JOIN interfaces i ON i.mac = p.mac AND lower(i.name) = lower(p.port_id)
), ranked AS (
  SELECT *, max(t) OVER (PARTITION BY mac, port_id, peer_mac, peer_port_id, vpn_name ORDER BY slot_utc
                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM timed WHERE t IS NOT NULL
)
SELECT mac, port, peer_mac, mac || ':' || port AS circuit_id, up, is_active,
  CASE WHEN up AND latency >= 0 THEN latency END AS latency, CASE WHEN up AND jitter >= 0 THEN jitter END AS jitter,
  CASE WHEN up AND loss BETWEEN 0 AND 100 THEN loss END AS loss,
  CASE WHEN up THEN CASE WHEN mos > 5 THEN mos / 100 ELSE mos END END AS mos
FROM ranked WHERE (newest IS NULL OR t > newest) AND t >= $start AND t < $end;
"""


def _p95(measure: str) -> str:
    return (
        f"CASE WHEN count({measure}) >= 20 THEN list_sort(list({measure}) FILTER ({measure} IS NOT NULL))"
        f"[(95 * count({measure}) + 99) // 100] END"
    )


_QUALITY = ",\n    ".join(
    f"avg({m}) AS {measure_column(m, 'avg')}, max({m}) AS {measure_column(m, 'max')}, "
    f"{_p95(m)} AS {measure_column(m, 'p95')}"
    for m in QUALITY_MEASURES
)
_WORST = ", ".join(
    f"CASE WHEN {value_column(m)} IS NULL THEN -1 ELSE "
    + " + ".join(f"({value_column(m)} >= {level})::INT" for level in levels)
    + " END"
    for m, levels in DEFAULT_THRESHOLDS.items()
)
FACTS_SQL = f"""
WITH paired AS (
  SELECT circuit_id, t, lag(t) OVER w AS s, rx_bytes, lag(rx_bytes) OVER w AS rx0, tx_bytes,
    lag(tx_bytes) OVER w AS tx0, uptime, lag(uptime) OVER w AS up0,
    greatest(coalesce(speed, 0), coalesce(lag(speed) OVER w, 0)) AS mbps
  FROM port_sample WHERE rx_bytes IS NOT NULL AND tx_bytes IS NOT NULL AND NOT coalesce(disabled, false)
  WINDOW w AS (PARTITION BY circuit_id ORDER BY t)
), judged AS (
  SELECT *, rx_bytes < rx0 OR tx_bytes < tx0 OR coalesce(uptime < up0 - 5, false)
    OR coalesce(uptime < t - s - 5, false) AS reset
  FROM paired WHERE t - s <= 900
), counted AS (
  SELECT circuit_id, s, t, reset, mbps, CASE WHEN reset THEN rx_bytes ELSE rx_bytes - rx0 END AS rx,
    CASE WHEN reset THEN tx_bytes ELSE tx_bytes - tx0 END AS tx, least(t, $end) - greatest(s, $start) AS covered
  FROM judged
), traffic AS (
  SELECT circuit_id, sum(rx * covered / (t - s)) AS rx_bytes, sum(tx * covered / (t - s)) AS tx_bytes,
    sum(covered) AS covered, max(rx / (t - s)) AS peak_rx, max(tx / (t - s)) AS peak_tx, bool_or(reset) AS counter_reset
  FROM counted WHERE covered > 0 AND (mbps = 0 OR greatest(rx, tx) * 8 <= mbps * 1e6 * (t - s) * 1.05)
  GROUP BY circuit_id
), quality AS (
  SELECT circuit_id,
    {_QUALITY},
    count(coalesce(loss, jitter, latency)) AS quality_sample_count
  FROM path_sample WHERE up AND coalesce(loss, jitter, latency) IS NOT NULL GROUP BY circuit_id
), known AS (
  SELECT circuit_id, site_id, role,
    coalesce(nullif(bandwidth_down_mbps, 0), nullif(bandwidth_up_mbps, 0)) * 1e6 AS down,
    coalesce(nullif(bandwidth_up_mbps, 0), nullif(bandwidth_down_mbps, 0)) * 1e6 AS up FROM circuits
), facts AS (
  SELECT k.circuit_id, s.region, k.role, rx_bytes, tx_bytes, counter_reset, 100 * covered / 3600 AS coverage_pct,
    100 * greatest(rx_bytes / covered * 8 / down, tx_bytes / covered * 8 / up) AS utilization_pct,
    100 * greatest(peak_rx * 8 / down, peak_tx * 8 / up) AS utilization_peak_pct, q.* EXCLUDE circuit_id
  FROM known k LEFT JOIN sites s USING (site_id) LEFT JOIN traffic USING (circuit_id)
  LEFT JOIN quality q USING (circuit_id)
)
SELECT *, [NULL, 'normal', 'warning', 'high', 'critical'][2 + greatest({_WORST})] AS severity FROM facts
"""
PATHS_SQL = """
SELECT mac AS device_mac, port AS port_id, peer_mac, any_value(c.circuit_id) AS circuit_id, avg(loss) AS loss_avg_pct,
  avg(latency) AS latency_avg_ms, max(latency) AS latency_max_ms, avg(mos) AS mos_avg, 100 * avg(up::INT) AS up_pct,
  100 * avg(is_active::INT) AS active_pct, count(*) AS sample_count,
  {more}
FROM path_sample p LEFT JOIN circuits c ON c.circuit_id = p.circuit_id GROUP BY mac, port, peer_mac
""".format(
    more=", ".join(f"{_p95(m)} AS {m}_p95, avg({m}) AS {m}_a, max({m}) AS {m}_m" for m in QUALITY_MEASURES)
)


def with_duckdb(connection: duckdb.DuckDBPyConnection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same rules in SQL over tables of the database."""
    span = {"start": START.timestamp(), "end": END.timestamp()}
    connection.execute(SAMPLES_SQL, span)
    facts = connection.execute(FACTS_SQL, span).to_arrow_table()
    paths = connection.execute(PATHS_SQL).to_arrow_table()
    return pl.DataFrame(facts).select(COMPARED), pl.DataFrame(paths).select(COMPARED_PATH)


def load_duckdb(tables: Tables) -> duckdb.DuckDBPyConnection:
    """The tables in an in-memory database, with as many threads as Polars has."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {pl.thread_pool_size()}")
    for name, frame in tables.items():
        connection.register("given", frame.to_arrow())
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")
    return connection
