"""An hour of 10,000 circuits and 20,000 paths to facts: Polars, a plain-Python loop and DuckDB SQL side by side.

130,000 port rows and 240,000 path rows, in memory, become traffic and quality of each circuit hour with their
severities, and the quality of each path hour. Each side gets the dimensions and the interface names ready. All three
results must be equal. Up and down minutes are left out: they are no SQL anyone would write.
Prints a line of JSON. Run: `python -m benchmarks.hour [--circuits N] [--repeat N]`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import TypeVar

import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.hour_duckdb import load_duckdb, with_duckdb
from benchmarks.hour_python import with_python
from benchmarks.hour_tables import COMPARED, COMPARED_PATH, END, START, Tables, make_hour
from mistwan_dagster.catalog.columns import INSTANT as INSTANT
from mistwan_dagster.kpi.counters import counter_intervals
from mistwan_dagster.kpi.hour import circuit_hours
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.quality import path_hours, quality_hours
from mistwan_dagster.kpi.samples import path_samples, port_samples
from mistwan_dagster.kpi.thresholds import Thresholds
from mistwan_dagster.kpi.utilization import utilization_hours
from mistwan_dagster.kpi.versions import in_force

T = TypeVar("T")


def with_polars(tables: Tables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The product's own functions, one query."""
    circuits, devices = tables["circuits"].lazy(), tables["devices"]
    hours = pl.LazyFrame({"hour_utc": [START]}, schema={"hour_utc": INSTANT})
    seen = port_samples(tables["ports"], devices, tables["interfaces"])
    probed = path_samples(tables["paths"], devices, tables["interfaces"], circuits)
    traffic = utilization_hours(
        counter_intervals(seen, None), in_force(circuits, hours, "circuit_id"), START, END
    )
    facts = circuit_hours(
        dim_site=tables["sites"].lazy(), dim_circuit=circuits, utilization=traffic, status=None,
        quality=quality_hours(probed, START, END), insight_quality=None, thresholds=Thresholds(), start=START, end=END,
    )  # fmt: skip
    found = pl.collect_all([facts, path_hours(probed, circuits, START, END)], engine="in-memory")
    return found[0].select(COMPARED), found[1].select(COMPARED_PATH)


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
