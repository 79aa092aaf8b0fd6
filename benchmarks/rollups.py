"""The 13 months at 10,000 circuits against a plain-Python loop side by side, and congestion now, in CPU seconds.

130,000 circuit months to the rolling table; the loop computes 4 of its 24 figures, and what both have must be equal.
Congestion now: 13 weeks of hours, without a loop beside it. Prints a line of JSON each. Windows, days and months:
`benchmarks/aggregates.py`.
Run: `python -m benchmarks.rollups [--circuits N] [--repeat N]`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_ROLLING_13M,
    FACT_CIRCUIT_HOUR,
)
from mistwan_dagster.kpi.congestion import congestion_now
from mistwan_dagster.kpi.periods import period_figures
from mistwan_dagster.kpi.rolling import rolling_figures, rolling_start
from mistwan_dagster.kpi.thresholds import Thresholds, with_thresholds

DAY = datetime(2025, 6, 2, tzinfo=UTC)
AS_OF = datetime(2025, 2, 1, tzinfo=UTC)
COMPARED_ROLLING = ["circuit_id", "availability_pct", "total_minutes", "utilization_avg_pct", "flap_count"]


def make_hours(circuits: int, start: datetime, hours: int, seed: int = 5) -> pl.DataFrame:
    """Facts of all circuits in each hour: a tenth of the utilizations unknown, some minutes down."""
    rng, size = np.random.default_rng(seed), circuits * hours
    owner = np.tile(np.arange(circuits), hours)
    down = np.where(rng.random(size) < 0.02, rng.random(size) * 60, 0.0)
    frame = pl.DataFrame(
        {"_owner": owner, "_hour": np.repeat(np.arange(hours), circuits), "utilization_pct": rng.random(size) * 110,
         "up_minutes": 60 - down, "down_minutes": down, "latency_avg_ms": rng.gamma(3, 15, size)}
    )  # fmt: skip
    names = pl.format("{}", pl.lit("c")) + pl.col("_owner").cast(pl.String).str.zfill(6)
    return frame.select(
        site_id=names, circuit_id=names, hour_utc=pl.lit(start, INSTANT) + pl.duration(hours="_hour"),
        region=pl.format("r{}", pl.col("_owner") % 12), provider=pl.format("p{}", pl.col("_owner") % 7),
        utilization_pct=pl.when(pl.col("utilization_pct") < 99).then("utilization_pct"),
        latency_avg_ms="latency_avg_ms", latency_max_ms=pl.col("latency_avg_ms") * 2, up_minutes="up_minutes",
        down_minutes="down_minutes", unknown_minutes=pl.lit(0.0),
        flap_count=(pl.col("down_minutes") > 0).cast(pl.Int64),
    )  # fmt: skip


def with_levels(hours: pl.DataFrame) -> pl.LazyFrame:
    """The facts as rollups read them."""
    facts = FACT_CIRCUIT_HOUR.conform(hours.lazy()).with_columns(
        hours["provider"], store_type=pl.lit(None, pl.String)
    )
    return with_thresholds(facts, Thresholds()).collect().lazy()


def rolling_loop(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Part of the 13 months, month by month."""
    found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    for row in rows:
        mine = found[row["circuit_id"]]
        mine[0] += row["up_minutes"]
        mine[1] += row["down_minutes"]
        mine[2] += row["unknown_minutes"]
        mine[3] += row["utilization_avg_pct"] * row["observed_hours"]
        mine[4] += row["observed_hours"]
        mine[5] += row["flap_count"]
    rows_out = [
        (c, 100 * m[0] / (m[0] + m[1]), m[0] + m[1] + m[2], m[3] / m[4], int(m[5])) for c, m in found.items()
    ]
    return pl.DataFrame(rows_out, schema=COMPARED_ROLLING, orient="row")


def months_of(day: pl.DataFrame) -> pl.DataFrame:
    """13 months that look like the day."""
    start = rolling_start(AS_OF)
    starts = [datetime(start.year + i // 12, i % 12 + 1, 1, tzinfo=UTC) for i in range(13)]
    months = (day.with_columns(period=pl.lit("month"), period_start_utc=pl.lit(s, INSTANT)) for s in starts)
    return AGG_CIRCUIT_PERIOD.conform(pl.concat(months).lazy()).collect()


def cpu(run: Callable[[], pl.DataFrame], repeat: int) -> tuple[float, pl.DataFrame]:
    """Least CPU seconds of all threads over the runs, and what was found: a busy machine does not change them much."""
    times = []
    for _ in range(repeat):
        begun = time.process_time()
        found = run()
        times.append(time.process_time() - begun)
    return min(times), found


def compare(
    name: str,
    rows: list[dict[str, Any]],
    run: Callable[[], pl.DataFrame],
    loop: Callable[[list[dict[str, Any]]], pl.DataFrame],
    columns: list[str],
    repeat: int,
) -> None:
    """Measure both, require equal results, print."""
    seconds, ours = cpu(run, repeat)
    python_s, theirs = cpu(lambda: loop(rows), min(repeat, 2))
    assert_frame_equal(ours.select(columns).sort("circuit_id"), theirs.sort("circuit_id"), rel_tol=1e-9)
    report = {
        "benchmark": name,
        "rows": len(rows),
        "polars_cpu_s": round(seconds, 3),
        "python_cpu_s": round(python_s, 3),
    }
    print(json.dumps({**report, "python_ratio": round(python_s / seconds, 1)}))


def make_history(circuits: int) -> pl.DataFrame:
    """13 weeks of utilization that end with the hour DAY."""
    rng, hours = np.random.default_rng(6), 13 * 168
    values = rng.random(circuits * hours, dtype=np.float32) * 110
    owners = pl.Series(np.tile(np.arange(circuits, dtype=np.int32), hours))
    ages = pl.Series(np.repeat(np.arange(hours, dtype=np.int32), circuits))
    return pl.select(
        circuit_id=pl.lit("c") + owners.cast(pl.String).str.zfill(6),
        hour_utc=pl.lit(DAY, INSTANT) - pl.duration(hours=pl.lit(ages)),
        utilization_pct=pl.Series(values).cast(pl.Float64),
    )


def main() -> None:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the fastest counts")
    options = parser.parse_args()
    hours = with_levels(make_hours(options.circuits, DAY, 24))
    tables = period_figures(hours, "day", DAY, DAY + timedelta(days=1), AGG_CIRCUIT_PERIOD)
    months = months_of(tables[0].collect())
    rolling = rolling_figures(months.lazy(), AS_OF, AGG_CIRCUIT_ROLLING_13M)
    compare("rolling_13m", months.to_dicts(), rolling.collect, rolling_loop, COMPARED_ROLLING, options.repeat)
    del months
    history = make_history(options.circuits)
    now = with_levels(make_hours(options.circuits, DAY, 1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, found = cpu(lambda: congestion_now(now, history.lazy(), DAY).collect(), 1)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    report = {"benchmark": "congestion_now", "rows": history.height, "circuits": found.height}
    print(json.dumps({**report, "polars_cpu_s": round(seconds, 2), "peak_rss_growth_mb": round(grown)}))


if __name__ == "__main__":
    main()
