"""A made-up hour for `benchmarks/hour.py`: raw tables, dimensions, and the columns that are compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, QUALITY_MEASURES, measure_column
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_STATS, PATH_STATS, PORT_STATS
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.kpi.dimensions import discover_circuits
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import apply_versions

START = datetime(2025, 6, 2, 10, tzinfo=UTC)
END = START + timedelta(hours=1)
EARLY = START - timedelta(days=1)
SLOTS = [START + timedelta(minutes=5 * i) for i in range(13)]
PORTS = ("ge-0/0/0", "ge-0/0/1", "lte-0/0/0")
SPELLED = ("ge-0/0/0", "ge-0/0/1.20", "Lte")
INTERFACES = json.dumps(
    {
        "ge-0/0/0.0": {"port_id": "ge-0/0/0", "port_usage": "wan", "wan_name": "wan0"},
        "ge-0/0/1.0": {"port_id": "ge-0/0/1", "port_usage": "wan", "wan_name": "wan1"},
        "Lte": {"port_id": "lte-0/0/0", "port_usage": "wan", "wan_type": "lte"},
    }
)
COMPARED = [
    *("circuit_id", "region", "role", "rx_bytes", "tx_bytes", "utilization_pct", "utilization_peak_pct"),
    *("counter_reset", "coverage_pct", "quality_sample_count", "severity"),
    *(measure_column(m, s) for m in QUALITY_MEASURES for s in ("avg", "max", "p95")),
]
COMPARED_PATH = [
    *("device_mac", "port_id", "peer_mac", "circuit_id", "loss_avg_pct", "latency_avg_ms", "latency_max_ms"),
    *("mos_avg", "up_pct", "active_pct", "sample_count"),
]
Tables = dict[str, pl.DataFrame]


def _table(endpoint: Endpoint, slots: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {**endpoint.schema, "slot_utc": INSTANT}
    frames = [
        pl.DataFrame(s, nan_to_null=True).with_columns(slot_utc=pl.lit(s["slot_utc"], INSTANT)) for s in slots
    ]
    frame = pl.concat(frames)
    return frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(t).alias(c) for c, t in schema.items()
    )


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
        rx = np.where(rebooted[owner], 0, rx) + (mbps * 1e6 / 8 * 300 * rng.random(circuits) * 0.95).astype(
            int
        )
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
             "port_id": np.array(SPELLED)[port[carrier]],
             "peer_mac": np.array(["aa0000000000", "aa0000000001"])[np.arange(count) % 2],
             "peer_port_id": "ge-0/0/5", "vpn_name": "corp", "peer_router_name": "hub",
             "is_active": np.arange(count) % 2 == 0,
             "latency": np.where(rng.random(count) < 0.05, np.nan, latency), "jitter": latency / 5,
             "loss": np.where(up, rng.exponential(0.3, count), np.nan), "mos": np.where(up, 436.0, np.nan),
             "last_seen": seen[owner[carrier]] - rng.integers(0, 5, count)}
        )  # fmt: skip
    raw = {
        "devices": _table(DEVICE_STATS, devices),
        "ports": _table(PORT_STATS, ports),
        "paths": _table(PATH_STATS, paths),
    }
    found = discover_circuits(raw["ports"], raw["devices"], interface_map(raw["devices"]), None)
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
