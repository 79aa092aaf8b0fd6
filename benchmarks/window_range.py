"""Windows of a range of hours from the lake, as one run of the stage computes and writes them.

10,000 circuits, 336 hours: 10 million rows of circuits, and the regions and providers. The facts are those of
`aggregates.py`, an hour a file as the hourly stage writes them. Measured in a process of its own that does nothing
else: seconds, CPU seconds of all threads, memory at its peak.
Prints a line of JSON. Run: `python -m benchmarks.window_range [--circuits 10000] [--hours 336]`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.aggregates import DAY, START, make_day
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.rollups import compute_windows
from mistwan_dagster.settings import Settings


def fill(home: Path, circuits: int, hours: int) -> None:
    """The lake: the hours and the 24 before them, and the circuits with their providers."""
    platform = Platform(Settings(mistwan_home=home))
    for day in range(-(-(hours + 24) // 24)):
        facts = FACT_CIRCUIT_HOUR.conform(make_day(circuits, day).lazy()).collect()
        platform.kpi.write_hours(FACT_CIRCUIT_HOUR.name, facts, START + day * DAY, START + (day + 1) * DAY)
    who = make_day(circuits, 0).unique("circuit_id").with_columns(
        valid_from=pl.lit(START), is_current=pl.lit(True), port_state=pl.lit("up"),
    )  # fmt: skip
    for table, key in ((DIM_CIRCUIT, "circuit_id"), (DIM_SITE, "site_id")):
        platform.kpi.write(table.name, table.conform(who.unique(key).lazy()).collect())


def measure(home: Path, hours: int) -> None:
    """Compute them all."""
    platform = Platform(Settings(mistwan_home=home))
    begun, used = time.perf_counter(), time.process_time()
    rows = compute_windows(platform, START + DAY - HOUR, START + DAY + timedelta(hours=hours - 1))
    print(json.dumps({
        "benchmark": "window range", "hours": hours, "rows": rows,
        "cpu_s": round(time.process_time() - used, 1), "clock_s": round(time.perf_counter() - begun, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }), flush=True)  # fmt: skip


def main() -> None:
    """Fill a lake, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=336)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure, options.hours)
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), options.circuits, options.hours)
        command = [
            sys.executable,
            "-m",
            "benchmarks.window_range",
            "--measure",
            folder,
            "--hours",
            str(options.hours),
        ]
        subprocess.run(command, check=True)
    return None


if __name__ == "__main__":
    main()
