"""A day of port snapshots of 10,000 circuits, small files against its day file: files, bytes, scans, memory.

Every slot holds other counters and an undeclared field, as real ones do. Both readings must be equal. Scans are
measured in turns, medians of `--repeat`. Also times the drift report's profile of one hour.
Run: `python -m benchmarks.compaction [--circuits N] [--repeat N]`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.hour_tables import make_hour
from mistwan_dagster.catalog.endpoints import PORT_STATS
from mistwan_dagster.kpi.schema_drift import field_profile
from mistwan_dagster.lake.compaction import compact_days
from mistwan_dagster.lake.raw import HOUR, SLOT, RawLake, SlotReport

DAY = datetime(2025, 6, 1, tzinfo=UTC)
LATER = DAY + timedelta(days=4)
SLOTS = 288
MEMORY_LIMIT_MB = 1000
NOISE = 1.2


def fill(lake: RawLake, circuits: int) -> None:
    """288 whole slots and their reports."""
    first = (
        make_hour(circuits)["ports"].filter(pl.col("slot_utc") == pl.col("slot_utc").min()).drop("slot_utc")
    )
    numbers = pl.int_range(pl.len())
    undeclared = pl.format('{{"port_mac":"{}","_collector":"c{}"}}', numbers, numbers % 4)
    for k in range(SLOTS):
        slot = DAY + k * SLOT
        frame = first.with_columns(
            pl.col("rx_bytes", "tx_bytes") + k * (1_000_000 + (numbers * 7919 * (k + 1)) % 900_000),
            pl.col("timestamp") + 300.0 * k,
            received_at=pl.lit(slot),
            extra=undeclared,
        ).select(pl.col(name).cast(dtype) for name, dtype in PORT_STATS.schema.items())
        lake.finish_slot(PORT_STATS, SlotReport("port_stats", slot, True, 0, 10, circuits, 0), [frame])


def used(folder: Path) -> tuple[int, float]:
    """Files and megabytes below a folder."""
    files = [p for p in folder.rglob("*") if p.is_file()]
    return len(files), sum(p.stat().st_size for p in files) / 1e6


def seconds(read: Callable[[], object]) -> float:
    began = time.perf_counter()
    read()
    return time.perf_counter() - began


def scans(lake: RawLake) -> dict[str, Callable[[], object]]:
    """What hourly KPIs and what a look at a whole day read."""
    noon = DAY + 12 * HOUR
    columns = ["mac", "port_id", "rx_bytes", "tx_bytes", "up", "last_flapped", "timestamp", "slot_utc"]
    hour = (noon - 3 * SLOT, noon + HOUR + 3 * SLOT)
    return {
        "scan an hour": lambda: lake.scan_snapshots(PORT_STATS, *hour).select(columns).collect(),
        "scan the day": lambda: lake.scan_snapshots(PORT_STATS, DAY, DAY + 24 * HOUR)
        .group_by("mac", "port_id").agg(pl.col("rx_bytes").max()).collect(),
    }  # fmt: skip


def main() -> int:
    """0 when the day file is not larger, no scan is slower, and compaction keeps to its memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--circuits", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--compact", type=Path)
    options = parser.parse_args()
    if options.compact:
        list(compact_days(RawLake(options.compact), LATER))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), options.circuits, options.repeat)


def measure(folder: Path, circuits: int, repeat: int) -> int:
    """Two lakes of the same day, one of them compacted and swept."""
    small, compact = RawLake(folder / "small"), RawLake(folder / "compact")
    fill(small, circuits)
    subprocess.run(["cp", "-a", str(small.root), str(compact.root)], check=True)
    command = [sys.executable, "-m", "benchmarks.compaction", "--compact", str(compact.root)]
    began = time.perf_counter()
    peak_mb = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    took = time.perf_counter() - began
    for path in compact.endpoint_folder(PORT_STATS).glob("hour=*/*"):
        path.unlink()
    before, after = used(folder / "small"), used(folder / "compact")
    print(
        f"files {before[0]} -> {after[0]}, MB {before[1]:.0f} -> {after[1]:.0f} ({after[1] / before[1]:.2f} x)"
    )
    print(f"compaction {took:.1f} s with start-up, peak {peak_mb} MB (limit {MEMORY_LIMIT_MB})")
    fine = after[1] <= before[1] and peak_mb <= MEMORY_LIMIT_MB
    for name, read in scans(small).items():
        other = scans(compact)[name]
        pairs = [(seconds(read), seconds(other)) for _ in range(repeat)]
        a, b = (statistics.median(x) for x in zip(*pairs, strict=True))
        print(f"{name}: {a:.2f} s -> {b:.2f} s ({a / b:.1f} x faster)")
        fine &= b <= a * NOISE
    noon = (DAY + 12 * HOUR, DAY + 13 * HOUR)
    left, right = (lake.scan_snapshots(PORT_STATS, *noon).collect() for lake in (small, compact))
    assert_frame_equal(left, right)
    profiled = seconds(lambda: field_profile(left, PORT_STATS, DAY.date()))
    print(f"drift profile of an hour, {left.height} rows: {profiled:.2f} s")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
