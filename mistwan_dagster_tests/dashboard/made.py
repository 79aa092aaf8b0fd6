"""Hand-made warehouses for the tests of the dashboard: rows are written as they are meant, the rest is null."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse, PublishedDuckDB
from mistwan_dagster.warehouse.port import Load

NEWEST = datetime(2025, 3, 10, 12)
"""End of the newest hour, naive UTC as in the warehouse: a Monday."""
HOUR = timedelta(hours=1)
LAST = NEWEST - HOUR
VERSION = {"valid_from": datetime(2025, 1, 1), "is_current": True}


class Kept(dict[str, Any]):
    """A cache that keeps everything."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


class Counting(PublishedDuckDB):
    """A reader that counts the statements it ran."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.statements: list[str] = []

    def query(
        self, sql: str, parameters: list[Any] | None = None, version: int | None = None
    ) -> pl.DataFrame:
        self.statements.append(sql)
        return super().query(sql, parameters, version)


def frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows in the declared columns; naive times are UTC."""
    declared = TABLES[table]
    naive = {
        name: pl.Datetime("us") if isinstance(dtype, pl.Datetime) else dtype
        for name, dtype in declared.schema.items()
    }
    return declared.conform(pl.DataFrame(rows, schema=naive).lazy().with_columns(
        pl.col(n).dt.replace_time_zone("UTC") for n, t in naive.items() if isinstance(t, pl.Datetime)
    )).collect()  # fmt: skip


def publish(folder: Path, tables: dict[str, list[dict[str, Any]]]) -> Counting:
    """A published warehouse that holds these rows."""
    warehouse = DuckDBWarehouse(folder)
    warehouse.load([Load(TABLES[name], frame(name, rows)) for name, rows in tables.items()])
    warehouse.publish()
    return Counting(folder)


def published(folder: Path, tables: dict[str, list[dict[str, Any]]]) -> Published:
    """Cached questions to such a warehouse."""
    return Published(publish(folder, tables), Kept())


def site(site_id: str, region: str | None = "North", **more: Any) -> dict[str, Any]:
    """A current site."""
    return {**VERSION, "site_id": site_id, "site_name": f"Store {site_id}", "region": region,
            "timezone": "America/New_York", **more}  # fmt: skip


def circuit(circuit_id: str, site_id: str, **more: Any) -> dict[str, Any]:
    """A current circuit, up unless told otherwise."""
    mac, _, port = circuit_id.partition(":")
    return {**VERSION, "circuit_id": circuit_id, "site_id": site_id, "device_mac": mac, "port_id": port,
            "port_state": "up", "provider": "Acme", **more}  # fmt: skip


def hour(circuit_id: str, site_id: str, start: datetime = LAST, **more: Any) -> dict[str, Any]:
    """An hour of a circuit: up and covered throughout unless told otherwise."""
    return {"site_id": site_id, "circuit_id": circuit_id, "hour_utc": start, "region": "North", "up_minutes": 60.0,
            "down_minutes": 0.0, "unknown_minutes": 0.0, "flap_count": 0, "status_hourly": "Up",
            "coverage_pct": 100.0, **more}  # fmt: skip


def window(circuit_id: str, site_id: str, as_of: datetime = NEWEST, **more: Any) -> dict[str, Any]:
    """The 24 hours of a circuit as of an hour: up throughout unless told otherwise."""
    return {"site_id": site_id, "circuit_id": circuit_id, "region": "North", "as_of_utc": as_of, "window_hours": 24,
            "up_minutes": 1440.0, "down_minutes": 0.0, "unknown_minutes": 0.0, "total_minutes": 1440.0,
            "availability_pct": 100.0, "flap_count": 0, "observed_hours": 24, **more}  # fmt: skip


def fleet(folder: Path) -> Published:
    """Two regions. North: busy, lossy, cut; South: flapping, unheard, disabled, one without a bandwidth."""
    tables: dict[str, list[dict[str, Any]]] = {
        "dim_site": [site("1"), site("2", "South"), site("3", None)],
        "dim_circuit": [
            circuit("a:busy", "1", bandwidth_down_mbps=100.0),
            circuit("a:lossy", "1", bandwidth_down_mbps=50.0),
            circuit("a:cut", "1", bandwidth_down_mbps=10.0),
            circuit("b:flapping", "2"),
            circuit("b:unheard", "2", bandwidth_down_mbps=20.0),
            circuit("b:disabled", "2", port_state="disabled"),
        ],
        "fact_circuit_hour": [
            hour("a:busy", "1", utilization_pct=80.0, utilization_severity="high", severity="high",
                 loss_severity="normal"),
            hour("a:busy", "1", LAST - HOUR, utilization_pct=60.0),
            hour("a:busy", "1", LAST - 25 * HOUR, utilization_pct=11.0),
            hour("a:lossy", "1", utilization_pct=20.0, utilization_severity="normal", loss_avg_pct=2.0,
                 loss_severity="critical", severity="critical"),
            hour("a:cut", "1", up_minutes=10.0, down_minutes=50.0, utilization_severity=None),
            hour("b:flapping", "2", utilization_pct=100.0, utilization_severity=None, region="South"),
            hour("b:unheard", "2", up_minutes=0.0, unknown_minutes=60.0, status_hourly="Unknown", region="South"),
        ],
        "agg_circuit_window": [
            window("a:busy", "1", as_of=LAST, utilization_avg_pct=50.0),
            window("a:busy", "1"),
            window("a:cut", "1", up_minutes=720.0, down_minutes=360.0, unknown_minutes=360.0, flap_count=1),
            window("b:flapping", "2", flap_count=7, region="South"),
        ],
        "fact_circuit_outage": [
            {"site_id": "1", "circuit_id": "a:cut", "start_utc": LAST + timedelta(minutes=10), "kind": "link",
             "evidence": "event"},
        ],
        "fact_failover": [
            {"site_id": "1", "start_utc": LAST, "from_circuit_id": "a:cut", "to_circuit_id": "a:busy"},
            {"site_id": "1", "start_utc": LAST - 30 * HOUR, "end_utc": LAST - 29 * HOUR, "from_circuit_id": "a:cut",
             "to_circuit_id": "a:busy"},
            {"site_id": "2", "start_utc": LAST - 5 * HOUR, "end_utc": LAST - 4 * HOUR, "from_circuit_id": "b:unheard",
             "to_circuit_id": "b:flapping"},
        ],
        "fact_device_event": [
            {"site_id": "2", "device_mac": "b", "event_type": "GW_CONNECTED", "locator": "", "hour_utc": LAST,
             "event_utc": LAST + timedelta(minutes=5)},
            {"site_id": "2", "device_mac": "b", "event_type": "GW_DISCONNECTED", "locator": "", "hour_utc": LAST,
             "event_utc": LAST + timedelta(minutes=20)},
        ],
        "rpt_congestion_now": [
            {"site_id": s, "circuit_id": c, "hour_utc": h, "usual_pct": u, "change_pct": p, "change_sigmas": 4.0,
             "is_worse": w}
            for s, c, h, u, p, w in (("1", "a:busy", LAST, 30.0, 50.0, True), ("1", "a:lossy", LAST, 20.0, 0.0, False),
                                     ("1", "a:cut", LAST - HOUR, 1.0, 9.0, True))
        ],
        "rpt_chronic_offenders": [
            {"site_id": "1", "circuit_id": c, "as_of_utc": LAST - timedelta(days=d), "reason": r, "bad_days": n,
             "observed_days": 7, "window_days": 7}
            for c, d, r, n in (("a:busy", 1, "loss", 3), ("b:unheard", 1, "flaps", 5), ("b:unheard", 1, "latency", 4),
                               ("a:lossy", 2, "loss", 7))
        ],
        "sle_coverage": [
            {"site_id": s, "metric": m, "score": v, "is_degraded": None if v is None else v < 0.9, "state": t,
             "score_hour_utc": LAST, "as_of_utc": NEWEST}
            for s, m, v, t in (("1", "wan-link-health", 0.5, "fresh"), ("2", "wan-link-health", 1.0, "stale"),
                               ("1", "gateway-health", None, "missing"))
        ],
        "fact_alarm": [
            {"alarm_id": str(i), "site_id": s, "alarm_type": t, "severity": v, "status": w, "acked": k,
             "first_seen_utc": LAST - i * HOUR, "last_seen_utc": LAST, "read_utc": NEWEST}
            for i, (s, t, v, w, k) in enumerate((
                ("1", "gateway_down", "critical", "open", True), ("1", "vpn_path_down", "warn", "open", False),
                ("2", "vpn_path_down", "warn", "open", False), ("2", "gateway_down", "critical", "resolved", None),
                (None, None, None, "open", None),
            ))
        ],
        "fact_alert": [
            {"alert_id": str(i), "rule": r, "scope": c, "site_id": s, "provider": p, "area": a, "subject": t,
             "region": g, "severity": v, "signals": r, "since_utc": LAST - HOUR,
             "opened_utc": LAST + timedelta(minutes=i),
             "closed_utc": NEWEST if i == 4 else None, "open_circuit_count": i, "circuit_count": 5, "site_count": 2,
             "silenced": i == 3}
            for i, (r, c, s, p, a, t, g, v) in enumerate((
                ("outage", "site", "1", None, None, None, "North", "high"),
                ("outage", "provider", None, "Acme", "South", None, "North; South", "critical"),
                ("disk_low", "platform", None, None, None, "disk", None, "critical"),
                ("quality", "site", "9", None, None, None, "Southwest", "warning"),
                ("outage", "site", "2", None, None, None, "South", "critical"),
            ))
        ],
        "fact_path_hour": [
            {"site_id": s, "device_mac": "a", "node": "", "port_id": "p", "peer_mac": p, "peer_port_id": "",
             "vpn_name": "", "hour_utc": LAST, "up_pct": up}
            for s, p, up in (("1", "x", 100.0), ("1", "y", 0.0), ("1", "z", 50.0), ("2", "x", None))
        ],
    }  # fmt: skip
    return published(folder, tables)
