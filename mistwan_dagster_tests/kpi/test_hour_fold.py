"""Windows and periods against slow, obvious Python, and runs of circuits that move.

Two times 1,000 random circuits with two days and three windows each are 10,000 cases, of all figures.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.table import Table
from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, AGG_REGION_PERIOD, PERIOD_TABLES, WINDOW_TABLES
from mistwan_dagster.kpi.exceedance import completed, figures, with_runs
from mistwan_dagster.kpi.hour_fold import percentiles
from mistwan_dagster.kpi.periods import period_figures
from mistwan_dagster.kpi.windows import window_figures
from mistwan_dagster_tests.kpi.hours import circuit_hour, hour, hourly
from mistwan_dagster_tests.kpi.plain_figures import Rows, percentile, plain_figures

QUALITY = {
    "loss_avg_pct": (0.1, 0.5, 1.0),
    "jitter_avg_ms": (10.0, 30.0, 50.0),
    "latency_avg_ms": (50.0, 100.0, 150.0),
}


def random_circuit(rng: random.Random, number: int) -> Rows:
    """Two days: gaps, unknown hours, values on and beside thresholds, moves between regions and providers."""
    rows: Rows = []
    high = rng.random()
    for n in range(48):
        if rng.random() < 0.15:
            continue
        usage = rng.choice([70.0, 80.0, 90.0, 89.999, 120.0]) if rng.random() < high else rng.random() * 70
        quality = {c: rng.choice([None, 0.0, *levels]) for c, levels in QUALITY.items()}
        up = rng.choice([60.0, 60.0, 0.0, rng.random() * 60])
        down = rng.choice([0.0, 60.0 - up])
        rows.append(
            circuit_hour(
                n, rng.choice([usage, usage, usage, None]), f"c{number:05}", **quality,
                loss_max_pct=quality["loss_avg_pct"], latency_max_ms=rng.choice([None, 200.0]),
                up_minutes=up, down_minutes=down, unknown_minutes=60.0 - up - down,
                flap_count=rng.choice([None, 0, 3]) if up + down == 0 else rng.randrange(3),
                region=rng.choice(["North", "South"]) if n % 16 == 0 or not rows else rows[-1]["region"],
                provider=rng.choice(["Acme", "Fibra", None]) if n % 20 == 0 or not rows else rows[-1]["provider"],
            )
        )  # fmt: skip
    return rows


def expected(groups: dict[tuple[Any, ...], Rows], names: list[str], table: Table) -> pl.DataFrame:
    rows = []
    for group, of in groups.items():
        if group[0] is not None:
            named = {**plain_figures(of), **dict(zip(names, group, strict=True))}
            last = max(of, key=lambda row: row["hour_utc"])
            attributes = {c: last[c] for c in ("site_id", "region", "role")} if "circuit_id" in names else {}
            rows.append({**named, **attributes, "circuit_count": len({row["circuit_id"] for row in of})})
    return table.conform(pl.LazyFrame(rows, infer_schema_length=None)).sort(table.key).collect()


@pytest.mark.parametrize("seed", range(2))
def test_days_and_windows_of_1000_random_circuits_equal_plain_python(seed: int) -> None:
    rng = random.Random(seed)
    rows = [row for number in range(1000) for row in random_circuit(rng, number)]
    shuffled = hourly(rng.sample(rows, len(rows)))
    found = period_figures(shuffled, "day", hour(0), hour(48), *PERIOD_TABLES)
    for table, frame in zip(PERIOD_TABLES, found, strict=True):
        groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
        for row in rows:
            groups[row[table.key[0]], "day", row["hour_utc"].replace(hour=0)].append(row)
        assert_frame_equal(frame.collect(), expected(groups, list(table.key), table), rel_tol=1e-9)
    as_of = 24 + seed * 6
    found = window_figures(shuffled, hour(as_of - 1), hour(as_of), *WINDOW_TABLES)
    for table, frame in zip(WINDOW_TABLES, found, strict=True):
        groups = defaultdict(list)
        for row in rows:
            for length in (3, 12, 24):
                if hour(as_of - length) <= row["hour_utc"] < hour(as_of):
                    groups[row[table.key[0]], hour(as_of), length].append(row)
        assert_frame_equal(frame.collect(), expected(groups, list(table.key), table), rel_tol=1e-9)


def test_a_region_claims_of_a_run_only_the_hours_that_the_circuit_spent_there() -> None:
    # Ten hours above in a row: six in the North, then four in the South. Each has its own hours only.
    rows = [circuit_hour(n, 95.0, region="North" if n < 6 else "South") for n in range(10)]
    circuits, regions = period_figures(
        hourly(rows), "day", hour(0), hour(24), AGG_CIRCUIT_PERIOD, AGG_REGION_PERIOD
    )
    told = ["utilization_critical_hours", "utilization_critical_run_hours"]
    assert circuits.select(told).collect().rows() == [(10, 10)]
    assert regions.select("region", *told).collect().rows() == [("North", 6, 6), ("South", 4, 4)]


def test_parts_one_after_the_other_give_what_all_hours_at_once_give() -> None:
    rng = random.Random(9)
    whole = hourly([row for number in range(40) for row in random_circuit(rng, number)])
    begins = [hour(n) for n in range(0, 48, 7)]
    parts = [
        whole.filter(pl.col("hour_utc").is_between(b, hour(7 * i + 7), closed="left"))
        for i, b in enumerate(begins)
    ]
    for period in ("day", "week", "month"):
        span = (period, hour(-24 * 10), hour(60))
        for one, other in zip(
            period_figures(whole, *span, *PERIOD_TABLES),
            period_figures(iter(parts), *span, *PERIOD_TABLES),
            strict=True,
        ):
            assert_frame_equal(one, other, check_exact=True)


def test_the_fold_equals_the_expressions_for_a_single_range() -> None:
    rng = random.Random(4)
    whole = hourly([row for number in range(200) for row in random_circuit(rng, number)])
    (folded,) = period_figures(whole, "month", hour(0), hour(1), AGG_CIRCUIT_PERIOD)
    position = ((pl.col("hour_utc") - hour(0)).dt.total_hours() + 1).cast(pl.Int32)
    grouped = with_runs(whole).with_columns(_p=position).group_by("circuit_id").agg(figures(pl.col("_p")))
    names = [
        c
        for c in AGG_CIRCUIT_PERIOD.schema
        if c not in ("site_id", "region", "role", "period", "period_start_utc")
    ]
    told = completed(grouped).select(names).sort("circuit_id").collect()
    assert_frame_equal(folded.select(names).collect(), told, check_dtypes=False, rel_tol=1e-9)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.floats(0, 200), max_size=50), min_size=1, max_size=8))
def test_percentiles_interpolate_between_neighbours(groups: list[list[float]]) -> None:
    lines = np.full((len(groups), max(map(len, groups), default=0)), np.nan)
    for line, values in zip(lines, groups, strict=True):
        line[: len(values)] = values
    assert percentiles(lines).tolist() == pytest.approx(
        [float("nan") if (p := percentile(g)) is None else p for g in groups], nan_ok=True
    )
