"""An hour of 10,000 circuits and 20,000 paths to facts: Polars, a plain-Python loop and DuckDB SQL side by side.

130,000 port rows and 240,000 path rows, in memory, become traffic and quality of each circuit hour with their
severities, and the quality of each path hour. Each side gets the dimensions and the interface names ready. All three
results must be equal. Up and down minutes are left out: they are no SQL anyone would write.
Prints a line of JSON. Run: `python benchmarks/hour.py [--circuits N] [--repeat N]`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import duckdb
import numpy as np
import polars as pl

from mistwan_dagster.catalog.columns import QUALITY_MEASURES, UTC as INSTANT
from mistwan_dagster.catalog.endpoints import DEVICE_STATS, PATH_STATS, PORT_STATS, Endpoint
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS
from mistwan_dagster.kpi.counters import counter_intervals
from mistwan_dagster.kpi.dimensions import discover_circuits
from mistwan_dagster.kpi.hour import circuit_hours
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.quality import path_hours, quality_hours
from mistwan_dagster.kpi.samples import path_samples, port_samples
from mistwan_dagster.kpi.thresholds import Thresholds
from mistwan_dagster.kpi.utilization import utilization_hours
from mistwan_dagster.kpi.versions import apply_versions, in_force

START = datetime(2025, 6, 2, 10, tzinfo=UTC)
END = START + timedelta(hours=1)
EARLY = START - timedelta(days=1)
SLOTS = [START + timedelta(minutes=5 * i) for i in range(13)]
PORTS = ("ge-0/0/0", "ge-0/0/1", "lte-0/0/0")
SPELLED = ("ge-0/0/0", "ge-0/0/1.20", "Lte")
INTERFACES = json.dumps(
    {
        **{f"ge-0/0/{k}.0": {"port_id": f"ge-0/0/{k}", "port_usage": "wan", "wan_name": f"wan{k}"} for k in range(2)},
        "Lte": {"port_id": "lte-0/0/0", "port_usage": "wan", "wan_type": "lte"},
    }
)
T = TypeVar("T")
Tables = dict[str, pl.DataFrame]


# --- the hour ------------------------------------------------------------------------------------------


def _table(endpoint: Endpoint, slots: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {**endpoint.schema, "slot_utc": INSTANT}
    frames = [pl.DataFrame(s, nan_to_null=True).with_columns(slot_utc=pl.lit(s["slot_utc"], INSTANT)) for s in slots]
    frame = pl.concat(frames)
    return frame.select((pl.col(c) if c in frame.columns else pl.lit(None)).cast(t).alias(c) for c, t in schema.items())


def make_hour(circuits: int, seed: int = 7) -> Tables:
    """Raw tables: three circuits a gateway, reboots, stale and null rows, disconnected gateways, down paths."""
    rng = np.random.default_rng(seed)
    gateways = -(-circuits // 3)
    owner, port = np.arange(circuits) // 3, np.arange(circuits) % 3
    carrier = np.arange(2 * circuits) // 2
    macs = np.array([f"{0x5C5B35000000 + i:012x}" for i in range(gateways)])
    sites = np.array([f"{i:08x}-0000-4000-8000-{i:012x}" for i in range(gateways)])
    mbps = rng.choice([20.0, 50.0, 100.0, 500.0], circuits)
    rx, tx = rng.integers(0, 10**12, (2, circuits))
    boot = rng.integers(1000, 10**7, gateways).astype(float)
    devices, ports, paths = [], [], []
    for i, slot in enumerate(SLOTS):
        rebooted = rng.random(gateways) < 0.001
        boot[rebooted] = -300.0 * i + 60
        seen = START.timestamp() + 300.0 * i - rng.integers(5, 60, gateways)
        status = np.where(rng.random(gateways) < 0.01, "disconnected", "connected")
        devices.append(
            {"mac": macs, "site_id": sites, "status": status, "last_seen": seen + 3, "uptime": boot + 300.0 * i,
             "if_stat": [INTERFACES] * gateways, "slot_utc": slot}
        )  # fmt: skip
        rx = np.where(rebooted[owner], 0, rx) + (mbps * 1e6 / 8 * 300 * rng.random(circuits) * 0.95).astype(int)
        tx = np.where(rebooted[owner], 0, tx) + (mbps * 1e6 / 8 * 60 * rng.random(circuits)).astype(int)
        stale = np.where(rng.random(circuits) < 0.02, 300.0, 0.0)
        ports.append(
            {"mac": macs[owner], "site_id": sites[owner], "port_id": np.array(PORTS)[port], "port_usage": "wan",
             "up": rng.random(circuits) < 0.98, "disabled": rng.random(circuits) < 0.001, "active": port == 0,
             "speed": np.where(port == 2, np.nan, 1000.0), "timestamp": seen[owner] - stale,
             "rx_bytes": np.where(rng.random(circuits) < 0.01, np.nan, rx), "tx_bytes": tx, "slot_utc": slot}
        )  # fmt: skip
        if i == 0:
            continue
        count = 2 * circuits
        up = rng.random(count) < 0.97
        latency = np.where(up, rng.gamma(3, 15, count), np.nan)
        paths.append(
            {"mac": macs[owner[carrier]], "site_id": sites[owner[carrier]], "up": up, "slot_utc": slot,
             "port_id": np.array(SPELLED)[port[carrier]], "peer_mac": np.array(["aa0000000000", "aa0000000001"])[np.arange(count) % 2],
             "peer_port_id": "ge-0/0/5", "vpn_name": "corp", "peer_router_name": "hub", "is_active": np.arange(count) % 2 == 0,
             "latency": np.where(rng.random(count) < 0.05, np.nan, latency), "jitter": latency / 5,
             "loss": np.where(up, rng.exponential(0.3, count), np.nan), "mos": np.where(up, 436.0, np.nan),
             "last_seen": seen[owner[carrier]] - rng.integers(0, 5, count)}
        )  # fmt: skip
    raw = {
        "devices": _table(DEVICE_STATS, devices),
        "ports": _table(PORT_STATS, ports),
        "paths": _table(PATH_STATS, paths),
    }
    found = discover_circuits(raw["ports"], raw["devices"], None)
    bought = pl.Series(rng.choice([20.0, 50.0, 100.0, 500.0], found.height))
    found = found.with_columns(bandwidth_down_mbps=bought, bandwidth_up_mbps=bought / 5)
    stores = DIM_SITE.conform(pl.LazyFrame({"site_id": sites, "region": "North"})).collect()
    stores = stores.drop("valid_from", "valid_to", "is_current")
    return {
        **raw,
        "interfaces": interface_map(raw["devices"]),
        "circuits": apply_versions(DIM_CIRCUIT.empty(), found, "circuit_id", EARLY),
        "sites": apply_versions(DIM_SITE.empty(), stores, "site_id", EARLY),
    }


# --- Polars --------------------------------------------------------------------------------------------

COMPARED = [
    "circuit_id", "region", "role", "rx_bytes", "tx_bytes", "utilization_pct", "utilization_peak_pct", "counter_reset",
    "coverage_pct", *(f"{m}_{s}_{u}" for m, u in (("loss", "pct"), ("jitter", "ms"), ("latency", "ms")) for s in ("avg", "max", "p95")),
    "quality_sample_count", "severity",
]  # fmt: skip
COMPARED_PATH = ["device_mac", "port_id", "peer_mac", "circuit_id", "loss_avg_pct", "latency_avg_ms", "latency_max_ms", "mos_avg", "up_pct", "active_pct", "sample_count"]


def with_polars(tables: Tables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The product's own functions, one query."""
    circuits, devices = tables["circuits"].lazy(), tables["devices"]
    hours = pl.LazyFrame({"hour_utc": [START]}, schema={"hour_utc": INSTANT})
    seen = port_samples(tables["ports"], devices, interfaces=tables["interfaces"])
    probed = path_samples(tables["paths"], devices, circuits, interfaces=tables["interfaces"])
    traffic = utilization_hours(
        counter_intervals(seen, None), in_force(circuits, hours, "circuit_id"), START, END
    )
    facts = circuit_hours(
        dim_site=tables["sites"].lazy(), dim_circuit=circuits, utilization=traffic, status=None,
        quality=quality_hours(probed, START, END), insight_quality=None, thresholds=Thresholds(), start=START, end=END,
    )  # fmt: skip
    found = pl.collect_all([facts, path_hours(probed, circuits, START, END)], engine="in-memory")
    return found[0].select(COMPARED), found[1].select(COMPARED_PATH)


# --- a plain-Python loop -------------------------------------------------------------------------------


def with_python(rows: dict[str, list[dict[str, Any]]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same rules over rows as dicts, in one pass per table."""
    device = {(d["mac"], d["slot_utc"]): d for d in rows["devices"]}
    names = {(i["mac"], i["name"].lower()): i["port_id"] for i in rows["interfaces"]}
    start, end = START.timestamp(), END.timestamp()
    traffic = _python_traffic(rows["ports"], device, names, start, end)
    known = {c["circuit_id"] for c in rows["circuits"]}
    pooled, by_path = _python_quality(rows["paths"], device, names, start, end)
    region = {s["site_id"]: s["region"] for s in rows["sites"]}
    facts = []
    for c in rows["circuits"]:
        fact: dict[str, Any] = {"circuit_id": c["circuit_id"], "region": region[c["site_id"]], "role": c["role"]}
        fact.update(_python_utilization(traffic.get(c["circuit_id"]), c))
        pool = pooled.get(c["circuit_id"])
        worst = _python_level("utilization", fact["utilization_pct"])
        for measure in QUALITY_MEASURES:
            unit = "pct" if measure == "loss" else "ms"
            values = sorted(pool[measure]) if pool else []
            fact[f"{measure}_avg_{unit}"] = sum(values) / len(values) if values else None
            fact[f"{measure}_max_{unit}"] = values[-1] if values else None
            fact[f"{measure}_p95_{unit}"] = values[-(-95 * len(values) // 100) - 1] if len(values) >= 20 else None
            worst = max(worst, _python_level(measure, fact[f"{measure}_avg_{unit}"]))
        fact["quality_sample_count"] = pool["count"] if pool else None
        fact["severity"] = (None, "normal", "warning", "high", "critical")[worst + 1]
        facts.append(fact)
    paths = []
    for (mac, port, peer), p in by_path.items():
        circuit = f"{mac}:{port}"
        paths.append(
            (mac, port, peer, circuit if circuit in known else None, _mean(p["loss"]), _mean(p["latency"]),
             max(p["latency"], default=None), _mean(p["mos"]), 100 * _mean(p["up"]), 100 * _mean(p["active"]), len(p["up"]))
        )  # fmt: skip
    return (
        pl.DataFrame(facts, infer_schema_length=None).select(COMPARED),
        pl.DataFrame(paths, schema=COMPARED_PATH, orient="row", infer_schema_length=None),
    )


def _mean(values: list[float]) -> Any:
    return sum(values) / len(values) if values else None


def _python_time(told: float | None, device: dict[str, Any] | None) -> float | None:
    last = device["last_seen"] if device else None
    if told is None:
        return last
    if device and device["status"] != "connected" and last is not None:
        return min(told, last)
    return told


def _python_traffic(
    ports: list[dict[str, Any]], device: dict[Any, Any], names: dict[Any, str], start: float, end: float
) -> dict[str, list[Any]]:
    newest: dict[str, float] = {}
    last: dict[str, tuple[Any, ...]] = {}
    hours: dict[str, list[Any]] = {}
    for row in ports:
        usage, raw = (row["port_usage"] or "").lower(), row["port_id"]
        if usage != "wan" and not raw.lower().startswith("lte"):
            continue
        port = names.get((row["mac"], raw.lower())) or raw.split(".")[0]
        circuit = f"{row['mac']}:{port}"
        owner = device.get((row["mac"], row["slot_utc"]))
        t = _python_time(row["timestamp"], owner)
        if t is None or t <= newest.get(circuit, -math.inf):
            continue
        newest[circuit] = t
        rx, tx = row["rx_bytes"], row["tx_bytes"]
        if rx is None or tx is None or row["disabled"]:
            continue
        now = (t, rx, tx, owner["uptime"] if owner else None, row["speed"] or 0.0)
        before = last.get(circuit)
        last[circuit] = now
        if before is None or t - before[0] > 900:
            continue
        seconds = t - before[0]
        up, was = now[3], before[3]
        reset = rx < before[1] or tx < before[2] or (up is not None and (up < seconds - 5 or (was is not None and up < was - 5)))
        if not reset:
            rx, tx = rx - before[1], tx - before[2]
        speed = max(now[4], before[4])
        if speed and max(rx, tx) * 8 > speed * 1e6 * seconds * 1.05:
            continue
        covered = min(t, end) - max(before[0], start)
        if covered <= 0:
            continue
        hour = hours.setdefault(circuit, [0.0, 0.0, 0.0, 0.0, 0.0, False])
        hour[0] += rx * covered / seconds
        hour[1] += tx * covered / seconds
        hour[2] += covered
        hour[3], hour[4], hour[5] = max(hour[3], rx / seconds), max(hour[4], tx / seconds), hour[5] or reset
    return hours


def _python_utilization(hour: list[Any] | None, circuit: dict[str, Any]) -> dict[str, Any]:
    names = ("rx_bytes", "tx_bytes", "coverage_pct", "counter_reset", "utilization_pct", "utilization_peak_pct")
    if hour is None:
        return dict.fromkeys(names)
    rx, tx, covered, peak_rx, peak_tx, reset = hour
    down, up = circuit["bandwidth_down_mbps"], circuit["bandwidth_up_mbps"]
    down, up = down or up, up or down
    used = peak = None
    if down and up:
        used = 100 * max(rx / covered * 8 / (down * 1e6), tx / covered * 8 / (up * 1e6))
        peak = 100 * max(peak_rx * 8 / (down * 1e6), peak_tx * 8 / (up * 1e6))
    return dict(zip(names, (rx, tx, 100 * covered / 3600, reset, used, peak), strict=True))


def _python_level(measure: str, value: float | None) -> int:
    return -1 if value is None else sum(value >= level for level in DEFAULT_THRESHOLDS[measure])


def _python_quality(
    paths: list[dict[str, Any]], device: dict[Any, Any], names: dict[Any, str], start: float, end: float
) -> tuple[dict[str, Any], dict[Any, Any]]:
    newest: dict[Any, float] = {}
    pooled: dict[str, Any] = {}
    by_path: dict[Any, Any] = {}
    for row in paths:
        mac, raw = row["mac"], row["port_id"]
        key = (mac, raw, row["peer_mac"], row["peer_port_id"], row["vpn_name"])
        told = row["timestamp"] if row["last_seen"] is None else row["last_seen"]
        t = _python_time(told, device.get((mac, row["slot_utc"])))
        if t is None or t <= newest.get(key, -math.inf):
            continue
        newest[key] = t
        if not start <= t < end:
            continue
        port = names.get((mac, raw.lower())) or raw.split(".")[0]
        path = by_path.setdefault((mac, port, row["peer_mac"]), defaultdict(list))
        path["up"].append(row["up"])
        path["active"].append(row["is_active"])
        if not row["up"]:
            continue
        mos = row["mos"]
        if mos is not None:
            path["mos"].append(mos / 100 if mos > 5 else mos)
        pool = pooled.setdefault(f"{mac}:{port}", {"loss": [], "jitter": [], "latency": [], "count": 0})
        measured = False
        for measure, high in (("loss", 100.0), ("jitter", math.inf), ("latency", math.inf)):
            value = row[measure]
            if value is not None and 0 <= value <= high:
                pool[measure].append(value)
                path[measure].append(value)
                measured = True
        pool["count"] += measured
    return pooled, by_path


# --- DuckDB --------------------------------------------------------------------------------------------

SAMPLES_SQL = """
CREATE OR REPLACE TEMP TABLE port_sample AS
WITH named AS (
  SELECT p.mac, coalesce(i.port_id, split_part(p.port_id, '.', 1)) AS port, p.slot_utc, p.rx_bytes, p.tx_bytes, p.disabled,
    p.speed, d.uptime, p.mac || ':' || coalesce(i.port_id, split_part(p.port_id, '.', 1)) AS circuit_id,
    CASE WHEN d.status <> 'connected' THEN least(coalesce(p.timestamp, d.last_seen), d.last_seen)
         ELSE coalesce(p.timestamp, d.last_seen) END AS t
  FROM ports p LEFT JOIN devices d USING (mac, slot_utc)
  LEFT JOIN interfaces i ON i.mac = p.mac AND lower(i.name) = lower(p.port_id)
  WHERE lower(p.port_usage) = 'wan' OR lower(p.port_id) LIKE 'lte%'
), ranked AS (
  SELECT *, max(t) OVER (PARTITION BY circuit_id ORDER BY slot_utc ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
  FROM named WHERE t IS NOT NULL
)
SELECT * FROM ranked WHERE newest IS NULL OR t > newest;
CREATE OR REPLACE TEMP TABLE path_sample AS
WITH timed AS (
  SELECT p.*, coalesce(i.port_id, split_part(p.port_id, '.', 1)) AS port,
    CASE WHEN d.status <> 'connected' THEN least(coalesce(p.last_seen, p.timestamp, d.last_seen), d.last_seen)
         ELSE coalesce(p.last_seen, p.timestamp, d.last_seen) END AS t
  FROM (SELECT mac, port_id, peer_mac, peer_port_id, vpn_name, slot_utc, last_seen, timestamp, up, is_active, latency, jitter,
               loss, mos FROM paths) p
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


FACTS_SQL = f"""
WITH paired AS (
  SELECT circuit_id, t, lag(t) OVER w AS s, rx_bytes, lag(rx_bytes) OVER w AS rx0, tx_bytes, lag(tx_bytes) OVER w AS tx0,
    uptime, lag(uptime) OVER w AS up0, greatest(coalesce(speed, 0), coalesce(lag(speed) OVER w, 0)) AS mbps
  FROM port_sample WHERE rx_bytes IS NOT NULL AND tx_bytes IS NOT NULL AND NOT coalesce(disabled, false)
  WINDOW w AS (PARTITION BY circuit_id ORDER BY t)
), judged AS (
  SELECT *, rx_bytes < rx0 OR tx_bytes < tx0 OR coalesce(uptime < up0 - 5, false) OR coalesce(uptime < t - s - 5, false) AS reset
  FROM paired WHERE t - s <= 900
), counted AS (
  SELECT circuit_id, s, t, reset, mbps, CASE WHEN reset THEN rx_bytes ELSE rx_bytes - rx0 END AS rx,
    CASE WHEN reset THEN tx_bytes ELSE tx_bytes - tx0 END AS tx, least(t, $end) - greatest(s, $start) AS covered
  FROM judged
), traffic AS (
  SELECT circuit_id, sum(rx * covered / (t - s)) AS rx_bytes, sum(tx * covered / (t - s)) AS tx_bytes, sum(covered) AS covered,
    max(rx / (t - s)) AS peak_rx, max(tx / (t - s)) AS peak_tx, bool_or(reset) AS counter_reset
  FROM counted WHERE covered > 0 AND (mbps = 0 OR greatest(rx, tx) * 8 <= mbps * 1e6 * (t - s) * 1.05)
  GROUP BY circuit_id
), quality AS (
  SELECT circuit_id,
    {", ".join(f"avg({m}) AS {m}_avg_{u}, max({m}) AS {m}_max_{u}, {_p95(m)} AS {m}_p95_{u}"
               for m, u in (("loss", "pct"), ("jitter", "ms"), ("latency", "ms")))},
    count(coalesce(loss, jitter, latency)) AS quality_sample_count
  FROM path_sample WHERE up AND coalesce(loss, jitter, latency) IS NOT NULL GROUP BY circuit_id
), known AS (
  SELECT circuit_id, site_id, role, coalesce(nullif(bandwidth_down_mbps, 0), nullif(bandwidth_up_mbps, 0)) * 1e6 AS down,
    coalesce(nullif(bandwidth_up_mbps, 0), nullif(bandwidth_down_mbps, 0)) * 1e6 AS up FROM circuits
), facts AS (
  SELECT k.circuit_id, s.region, k.role, rx_bytes, tx_bytes, counter_reset, 100 * covered / 3600 AS coverage_pct,
    100 * greatest(rx_bytes / covered * 8 / down, tx_bytes / covered * 8 / up) AS utilization_pct,
    100 * greatest(peak_rx * 8 / down, peak_tx * 8 / up) AS utilization_peak_pct, q.* EXCLUDE circuit_id
  FROM known k LEFT JOIN sites s USING (site_id) LEFT JOIN traffic USING (circuit_id) LEFT JOIN quality q USING (circuit_id)
)
SELECT *, [NULL, 'normal', 'warning', 'high', 'critical'][2 + greatest({", ".join(
    f"CASE WHEN {v} IS NULL THEN -1 ELSE ({v} >= {w})::INT + ({v} >= {h})::INT + ({v} >= {c})::INT END"
    for v, (w, h, c) in zip(("utilization_pct", "loss_avg_pct", "jitter_avg_ms", "latency_avg_ms"), DEFAULT_THRESHOLDS.values(), strict=True)
)})] AS severity FROM facts
"""
PATHS_SQL = """
SELECT mac AS device_mac, port AS port_id, peer_mac, any_value(c.circuit_id) AS circuit_id, avg(loss) AS loss_avg_pct,
  avg(latency) AS latency_avg_ms, max(latency) AS latency_max_ms, avg(mos) AS mos_avg, 100 * avg(up::INT) AS up_pct,
  100 * avg(is_active::INT) AS active_pct, count(*) AS sample_count,
  {more}
FROM path_sample p LEFT JOIN circuits c ON c.circuit_id = p.circuit_id GROUP BY mac, port, peer_mac
""".format(more=", ".join(f"{_p95(m)} AS {m}_p95, avg({m}) AS {m}_a, max({m}) AS {m}_m" for m in QUALITY_MEASURES))


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


# --- side by side --------------------------------------------------------------------------------------


def best(run: Callable[[], T], repeat: int) -> tuple[float, T]:
    """Seconds of the fastest run, and what it found."""
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - begun)
    return min(times), found


def require_equal(ours: pl.DataFrame, theirs: pl.DataFrame, who: str) -> None:
    """Raises AssertionError when a row differs by more than float noise."""
    key = [c for c in ("circuit_id", "device_mac", "port_id", "peer_mac") if c in ours.columns]
    from polars.testing import assert_frame_equal

    assert ours.height == theirs.height, f"{who}: {theirs.height} rows, not {ours.height}"
    assert_frame_equal(ours.sort(key), theirs.sort(key), check_dtypes=False, rel_tol=1e-9, abs_tol=1e-9)


def main() -> None:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each; the fastest counts")
    options = parser.parse_args()
    tables = make_hour(options.circuits)
    rows = {name: frame.to_dicts() for name, frame in tables.items()}
    connection = load_duckdb(tables)
    seconds, ours = best(lambda: with_polars(tables), options.repeat)
    python_s, loop = best(lambda: with_python(rows), min(options.repeat, 2))
    sql_s, sql = best(lambda: with_duckdb(connection), options.repeat)
    for who, theirs in (("python", loop), ("duckdb", sql)):
        for mine, other in zip(ours, theirs, strict=True):
            require_equal(mine, other, who)
    report = {
        "benchmark": "hour",
        "port_rows": tables["ports"].height,
        "path_rows": tables["paths"].height,
        "facts": ours[0].height,
        "path_facts": ours[1].height,
        "polars_s": round(seconds, 3),
        "python_s": round(python_s, 3),
        "duckdb_s": round(sql_s, 3),
        "python_ratio": round(python_s / seconds, 1),
        "duckdb_ratio": round(sql_s / seconds, 2),
        "interface_map_s": round(best(lambda: interface_map(tables["devices"]), options.repeat)[0], 3),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
