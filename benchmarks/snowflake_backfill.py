"""A backfill of 14 days into the local stand-in for Snowflake: 3.4 million facts of 10,120 circuits, at real size.

A load holds a day, as the asset that loads hours does, so it takes 14. Printed are loads, statements, bytes and
seconds. `BENCH_CIRCUITS` sets another number of circuits. Seconds are the stand-in's, not an account's.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from benchmarks.snowflake_hour import counted, stand_in
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.orchestration.assets.warehouse import LOAD_PERIOD
from mistwan_dagster.orchestration.warehouses import open_reader, open_warehouse, snowflake
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.port import Load
from mistwan_dagster.warehouse.snowflake_schema import init

CIRCUITS = int(os.environ.get("BENCH_CIRCUITS", "10120"))
DAYS, MOST_LOADS = 14, 20
FIRST = datetime(2025, 3, 1, tzinfo=UTC)


def facts(start: datetime, hours: int) -> pl.DataFrame:
    """Made-up facts: every column is filled; figures differ by circuit and hour, so that they compress badly."""
    table = FACT_CIRCUIT_HOUR
    circuit = pl.int_range(CIRCUITS).alias("n")
    hour = pl.datetime_range(
        start, start + timedelta(hours=hours - 1), "1h", time_zone="UTC", time_unit="us"
    ).alias("hour_utc")
    frame = pl.select(circuit).lazy().join(pl.select(hour).lazy(), how="cross")
    mark = (pl.col("n") * 7919 + pl.col("hour_utc").dt.epoch("s")).hash(1)
    fill: dict[type[pl.DataType] | pl.DataType, pl.Expr] = {
        pl.String: (pl.col("n") % 97).cast(pl.String),
        pl.Boolean: mark % 2 == 0,
        pl.Int64: (mark % 1_000_003).cast(pl.Int64),
        pl.Float64: (mark % 1_000_003) / 10_007.0,
    }
    known = {"circuit_id": pl.format("5c5b35{}:ge-0/0/0", pl.col("n")), "hour_utc": pl.col("hour_utc")}
    filled = {c.name: known.get(c.name, fill.get(c.dtype.base_type())) for c in table.columns}
    made = frame.select(e.alias(name) for name, e in filled.items() if e is not None)
    return table.conform(made).collect()


def main() -> int:
    """0 when few loads brought every row."""
    with TemporaryDirectory() as folder, stand_in() as port:
        given: dict[str, Any] = {
            "mistwan_home": Path(folder), "mistwan_warehouse": "snowflake", "snf_account": "org-acc",
            "snf_user": "loader", "snf_password": "not-a-real-one", "snf_host": "127.0.0.1", "snf_port": port,
            "snf_protocol": "http",
        }  # fmt: skip
        settings = Settings(_env_file=None, **given)
        init(*snowflake(settings, "bench"))
        warehouse, loads, sent, began = open_warehouse(settings, "bench"), 0, 0, time.perf_counter()
        with counted() as cost:
            for day in range(DAYS):
                start = FIRST + day * LOAD_PERIOD
                frame = facts(start, 24)
                done = warehouse.load([Load(FACT_CIRCUIT_HOUR, frame, start, start + LOAD_PERIOD)])
                loads, sent = loads + 1, sent + done[FACT_CIRCUIT_HOUR.name].bytes
            warehouse.publish()
        seconds = time.perf_counter() - began
        rows = open_reader(settings).query("SELECT count(*) AS n FROM fact_circuit_hour").item()
    print(f"circuits {CIRCUITS}, rows {rows}, loads {loads}, statements {len(cost.statements)}, "
          f"MB {sent / 1e6:.0f}, seconds {seconds:.0f} (in statements {cost.seconds:.0f})")  # fmt: skip
    return 0 if rows == CIRCUITS * DAYS * 24 and loads <= MOST_LOADS else 1


if __name__ == "__main__":
    sys.exit(main())
