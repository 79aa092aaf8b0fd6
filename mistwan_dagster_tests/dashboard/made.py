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
LAST = NEWEST - timedelta(hours=1)
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
