"""The plain-Python side of `benchmarks/hour.py`: the same rules, row by row."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import polars as pl

from benchmarks.hour_tables import COMPARED, COMPARED_PATH, END, START
from mistwan_dagster.catalog.columns import QUALITY_MEASURES
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS


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
        fact: dict[str, Any] = {
            "circuit_id": c["circuit_id"],
            "region": region[c["site_id"]],
            "role": c["role"],
        }
        fact.update(_python_utilization(traffic.get(c["circuit_id"]), c))
        pool = pooled.get(c["circuit_id"])
        worst = _python_level("utilization", fact["utilization_pct"])
        for measure in QUALITY_MEASURES:
            unit = "pct" if measure == "loss" else "ms"
            values = sorted(pool[measure]) if pool else []
            fact[f"{measure}_avg_{unit}"] = sum(values) / len(values) if values else None
            fact[f"{measure}_max_{unit}"] = values[-1] if values else None
            fact[f"{measure}_p95_{unit}"] = (
                values[-(-95 * len(values) // 100) - 1] if len(values) >= 20 else None
            )
            worst = max(worst, _python_level(measure, fact[f"{measure}_avg_{unit}"]))
        fact["quality_sample_count"] = pool["count"] if pool else None
        fact["severity"] = (None, "normal", "warning", "high", "critical")[worst + 1]
        facts.append(fact)
    paths = []
    for (mac, port, peer), p in by_path.items():
        circuit = f"{mac}:{port}"
        paths.append(
            (mac, port, peer, circuit if circuit in known else None, _mean(p["loss"]), _mean(p["latency"]),
             max(p["latency"], default=None), _mean(p["mos"]), 100 * _mean(p["up"]), 100 * _mean(p["active"]),
             len(p["up"]))
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
        reset = (
            rx < before[1]
            or tx < before[2]
            or (up is not None and (up < seconds - 5 or (was is not None and up < was - 5)))
        )
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
    names = (
        "rx_bytes",
        "tx_bytes",
        "coverage_pct",
        "counter_reset",
        "utilization_pct",
        "utilization_peak_pct",
    )
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
