"""Windows of an hour, a day, a month and 13 months, beside plain Python and DuckDB SQL, at 1, 4 and 16 times the size.

Each figure is taken in a process of its own (time, and memory at its peak). Beside DuckDB both read the same Parquet
files, one a day, as their first step; beside plain Python both have their rows in memory, as a frame and as tuples. All
figures of circuits, regions and providers must be equal on all sides. CPU seconds of all threads stand beside those of
the clock: a busy machine changes them less, and ratios are ratios of them.
Prints a line of JSON each. Run: `python -m benchmarks.aggregates [--circuits 10000] [--months 13] [--skip-peers]`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.aggregate_peers import FIGURES, KEYS, READ, with_duckdb, with_python
from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import (
    PERIOD_TABLES,
    ROLLING_PAIRS,
    WINDOW_TABLES,
)
from mistwan_dagster.kpi.calendar import period_end
from mistwan_dagster.kpi.periods import period_figures
from mistwan_dagster.kpi.rolling import rolling_figures
from mistwan_dagster.kpi.thresholds import Thresholds, with_thresholds
from mistwan_dagster.kpi.windows import window_figures

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SPANS = {"windows": 1, "day": 1, "month": 31}
PEERS = {"windows": ("duckdb", "python"), "day": ("duckdb", "python"), "month": ("duckdb",)}


def make_day(circuits: int, day: int) -> pl.DataFrame:
    """All circuits in 24 hours: a tenth of the values unknown, a tenth of the utilizations above a threshold."""
    rng, size = np.random.default_rng(day), circuits * 24
    owner = np.tile(np.arange(circuits), 24)
    down = np.where(rng.random(size) < 0.02, rng.random(size) * 60, 0.0)
    values = {"utilization_pct": rng.beta(2, 3, size) * 110, "loss_avg_pct": rng.gamma(0.5, 0.2, size),
              "jitter_avg_ms": rng.gamma(2, 4, size), "latency_avg_ms": rng.gamma(3, 15, size)}  # fmt: skip
    frame = pl.DataFrame({"_owner": owner, "_hour": np.repeat(np.arange(24), circuits), "down_minutes": down})
    told = [
        pl.Series(n, np.where(rng.random(size) < 0.1, np.nan, v), nan_to_null=True) for n, v in values.items()
    ]
    name = pl.format("c{}", pl.col("_owner").cast(pl.String).str.zfill(6))
    return frame.with_columns(told).select(
        site_id=pl.format("s{}", pl.col("_owner").floordiv(3).cast(pl.String).str.zfill(6)), circuit_id=name,
        hour_utc=pl.lit(START + DAY * day, INSTANT) + pl.duration(hours="_hour"),
        region=pl.format("r{}", pl.col("_owner") % 12), provider=pl.format("p{}", pl.col("_owner") % 7),
        role=pl.lit("primary"), flap_count=(pl.col("down_minutes") > 0).cast(pl.Int64),
        up_minutes=60 - pl.col("down_minutes"), down_minutes="down_minutes", unknown_minutes=pl.lit(0.0),
        utilization_pct="utilization_pct", loss_avg_pct="loss_avg_pct", jitter_avg_ms="jitter_avg_ms",
        latency_avg_ms="latency_avg_ms", latency_max_ms=pl.col("latency_avg_ms") * 2,
    )  # fmt: skip


def parts(folder: Path, days: int, shift: timedelta = timedelta(0)) -> Iterator[pl.LazyFrame]:
    """Days as the rollups read them; `shift` moves them in time, so that one month makes many."""
    for day in range(days):
        facts = pl.scan_parquet(folder / f"{day:03}.parquet").with_columns(pl.col("hour_utc") + shift)
        unknown = {c: pl.lit(None, pl.Float64) for c in ("loss_max_pct", "jitter_max_ms")}
        named = facts.with_columns(store_type=pl.lit(None, pl.String), **unknown)
        yield with_thresholds(named, Thresholds())


def in_memory(name: str, folder: Path) -> Callable[[], pl.DataFrame]:
    """The product's functions on a day that is ready."""
    (day,) = parts(folder, 1)
    frame = day.collect()
    return lambda: _day(name, frame.lazy())


def _day(name: str, day: pl.LazyFrame) -> pl.DataFrame:
    if name == "windows":
        return _all(window_figures(day, START + DAY - timedelta(hours=1), START + DAY, *WINDOW_TABLES))
    return _all(period_figures(day, "day", START, START + DAY, *PERIOD_TABLES))


def product(name: str, folder: Path, months: int) -> pl.DataFrame:
    """The product's own functions, from Parquet."""
    if name in ("windows", "day"):
        (day,) = parts(folder, 1)
        return _day(name, day)
    if name == "month":
        return _all(period_figures(parts(folder, SPANS[name]), name, START, START + DAY, *PERIOD_TABLES))
    done: list[list[pl.LazyFrame]] = [[] for _ in PERIOD_TABLES]
    begin = START
    for _ in range(months):
        end = period_end(begin, "month")
        days = parts(folder, (end - begin).days, begin - START)
        for frames, frame in zip(
            done, period_figures(days, "month", begin, end, *PERIOD_TABLES), strict=True
        ):
            frames.append(frame)
        begin = end
    tables = [rolling for _, rolling in ROLLING_PAIRS]
    return _all(rolling_figures(pl.concat(f), begin, t) for f, t in zip(done, tables, strict=True))


def _all(tables: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """Circuits, regions and providers below each other, each by its name in `who`."""
    found = [frame.with_columns(who=pl.col(key)) for key, frame in zip(KEYS, tables, strict=True)]
    return pl.concat(found, how="diagonal").collect()


def duckdb_side(name: str, folder: Path) -> pl.DataFrame:
    """The same in SQL: for windows the three of them."""
    files = [str(folder / f"{day:03}.parquet") for day in range(SPANS[name])]
    absent = ", ".join(f"NULL::DOUBLE AS {c}" for c in ("loss_max_pct", "jitter_max_ms"))
    source = f"(SELECT *, {absent} FROM read_parquet({files}))"
    if name != "windows":
        return with_duckdb(source)
    windows = []
    for length in (3, 12, 24):
        since = START + DAY - timedelta(hours=length)
        found = with_duckdb(source, f"hour_utc >= TIMESTAMPTZ '{since.isoformat()}'")
        windows.append(found.with_columns(window_hours=pl.lit(length, pl.Int64)))
    return pl.concat(windows)


def python_side(name: str, folder: Path) -> Callable[[], pl.DataFrame]:
    """The loops over rows that are ready."""
    frame = pl.read_parquet(folder / "000.parquet").sort("circuit_id", "hour_utc")
    hours = pl.col("hour_utc").dt.hour().cast(pl.Int64)
    frame = frame.with_columns(
        _hour=hours + 1000 * pl.col("circuit_id").rank("dense").cast(pl.Int64),
        loss_max_pct=pl.lit(None, pl.Float64),
        jitter_max_ms=pl.lit(None, pl.Float64),
    )
    lengths = (3, 12, 24) if name == "windows" else (24,)
    ready = {n: frame.filter(hours >= 24 - n).select(READ).rows() for n in lengths}
    return lambda: pl.concat(
        with_python(rows).with_columns(window_hours=pl.lit(n, pl.Int64)) for n, rows in ready.items()
    )


def measure(name: str, side: str, folder: Path, months: int) -> None:
    """In a process of its own: seconds, CPU seconds, peak memory; the figures go into a file to be compared."""
    sides: dict[str, Callable[[], Callable[[], pl.DataFrame]]] = {
        "python": lambda: python_side(name, folder),
        "in memory": lambda: in_memory(name, folder),
        "product": lambda: lambda: product(name, folder, months),
        "duckdb": lambda: lambda: duckdb_side(name, folder),
    }
    run = sides[side]()
    best: tuple[float, float] = (float("inf"), float("inf"))
    for _ in range(7 if name in ("windows", "day") else 1):
        begun, used = time.perf_counter(), time.process_time()
        found = run()
        best = min(best, (time.process_time() - used, time.perf_counter() - begun))
    keys = ["who", *(c for c in ("window_hours",) if c in found.columns and name == "windows")]
    told = [c for c in FIGURES if c in found.columns and c != "who"]
    found.select(*keys, *told).sort(keys).write_parquet(folder / f"{name}-{side}.found")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": round(best[0], 3), "clock_s": round(best[1], 3), "peak_mb": round(peak)}))


def in_a_process(name: str, side: str, folder: Path, months: int) -> dict[str, float]:
    """What `measure` prints."""
    asked = ["--measure", name, side, str(folder), "--months", str(months)]
    command = [sys.executable, "-m", "benchmarks.aggregates", *asked]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(name: str, circuits: int, folder: Path, months: int, peers: tuple[str, ...]) -> None:
    """Measure all sides, require equal figures, print."""
    report: dict[str, object] = {"benchmark": name, "circuits": circuits}
    ours = {"duckdb": in_a_process(name, "product", folder, months)}
    report |= ours["duckdb"]
    if "python" in peers:
        ours["python"] = in_a_process(name, "in memory", folder, months)
        report |= {f"in_memory_{k}": ours["python"][k] for k in ("cpu_s", "clock_s")}
    for side in peers:
        theirs = in_a_process(name, side, folder, months)
        mine = "in memory" if side == "python" else "product"
        pair = (pl.read_parquet(folder / f"{name}-{s}.found") for s in (mine, side))
        assert_frame_equal(*pair, check_dtypes=False, rel_tol=1e-9)
        report |= {f"{side}_cpu_s": theirs["cpu_s"], f"{side}_peak_mb": theirs["peak_mb"]}
        report[f"{side}_ratio"] = round(theirs["cpu_s"] / ours[side]["cpu_s"], 1)
    print(json.dumps(report), flush=True)


def main() -> None:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", type=int, default=10_000, help="of the largest size")
    parser.add_argument("--months", type=int, default=13)
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        name, side, folder = options.measure
        return measure(name, side, Path(folder), options.months)
    for circuits in (options.circuits // 16, options.circuits // 4, options.circuits):
        with tempfile.TemporaryDirectory() as folder:
            for day in range(31):
                make_day(circuits, day).write_parquet(Path(folder) / f"{day:03}.parquet", compression="zstd")
            for name, peers in PEERS.items():
                compare(name, circuits, Path(folder), 1, () if options.skip_peers else peers)
            compare("13 months", circuits, Path(folder), options.months, ())
    return None


if __name__ == "__main__":
    main()
