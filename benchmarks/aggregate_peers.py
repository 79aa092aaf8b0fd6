"""The same figures as `benchmarks/aggregates.py` asks for, in plain Python and in DuckDB SQL.

Both get the hours with the thresholds beside them only as constants: overrides are the product's extra work.
"""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl

from mistwan_dagster.catalog.columns import (
    LEVELS,
    MEASURES,
    QUALITY_MEASURES,
    hours_column,
    measure_column,
    run_hours_column,
    value_column,
)
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS

VALUES = [value_column(m) for m in MEASURES]
MAXIMA = ["utilization_pct", *(measure_column(m, "max") for m in QUALITY_MEASURES)]
PAIRS = [(m, level, DEFAULT_THRESHOLDS[m][i]) for m in MEASURES for i, level in enumerate(LEVELS)]
MINUTES = ["up_minutes", "down_minutes", "unknown_minutes"]
KEYS = ["circuit_id", "region", "provider"]
READ = [*KEYS, "_hour", *VALUES, *MAXIMA[1:], "flap_count", *MINUTES]
FIGURES = [
    "who", *(measure_column(m, s) for m in MEASURES for s in ("avg", "max")), "utilization_p95_pct",
    *(hours_column(m, level) for m, level, _ in PAIRS), *(run_hours_column(m, level) for m, level, _ in PAIRS),
    "flap_count", "observed_hours", *MINUTES, "availability_pct",
]  # fmt: skip


def with_python(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """A loop over the rows (READ), sorted by circuit and hour; `_hour` numbers hours apart for each circuit."""
    found = []
    for place in range(len(KEYS)):
        groups: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            groups.setdefault(row[place], []).append(row)
        found += [_group(name, of) for name, of in groups.items()]
    return pl.DataFrame(found, schema=FIGURES, orient="row")


def _group(name: str, rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    columns = dict(zip(READ, zip(*rows, strict=True), strict=True))
    hours = columns["_hour"]
    means, above, runs = [], [], []
    known = {c: [v for v in columns[c] if v is not None] for c in {*VALUES, *MAXIMA}}
    for value, top in zip(VALUES, MAXIMA, strict=True):
        means += [sum(known[value]) / len(known[value]) if known[value] else None]
        means += [max(known[top]) if known[top] else None]
    for measure, _, limit in PAIRS:
        count = best = run = 0
        before = None
        for hour, value in zip(hours, columns[value_column(measure)], strict=True):
            if value is not None and value >= limit:
                run = run + 1 if before == hour - 1 else 1
                count += 1
                before = hour
                if run > best:
                    best = run
        told = bool(known[value_column(measure)])
        above.append(count if told else None)
        runs.append(best if told else None)
    ordered = sorted(known["utilization_pct"])
    place = 0.95 * (len(ordered) - 1)
    low = int(place)
    p95 = None
    if ordered:
        p95 = ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])
    up, down, unknown = (sum(columns[c]) for c in MINUTES)
    flaps = sum(v for v in columns["flap_count"] if v is not None)
    share = 100 * up / (up + down) if up + down else None
    return (name, *means, p95, *above, *runs, flaps, len(ordered), up, down, unknown, share)


def _sql(source: str, condition: str) -> str:
    flags = ", ".join(
        f"coalesce({value_column(m)} >= {x}, false) AS above_{m}_{level}" for m, level, x in PAIRS
    )
    runs = ", ".join(
        f"n - coalesce(max(CASE WHEN NOT above_{m}_{level} THEN n WHEN NOT follows THEN n - 1 END) OVER w, 0) "
        f"AS run_{m}_{level}" for m, level, _ in PAIRS
    )  # fmt: skip
    told = [
        *(f"avg({v}) AS {measure_column(m, 'avg')}, max({top}) AS {measure_column(m, 'max')}"
          for m, v, top in zip(MEASURES, VALUES, MAXIMA, strict=True)),
        "quantile_cont(utilization_pct, 0.95) AS utilization_p95_pct",
        *(f"CASE WHEN count({value_column(m)}) > 0 THEN count(*) FILTER (above_{m}_{level}) END "
          f"AS {hours_column(m, level)}, CASE WHEN count({value_column(m)}) > 0 THEN max(run_{m}_{level}) END "
          f"AS {run_hours_column(m, level)}" for m, level, _ in PAIRS),
        "sum(flap_count) AS flap_count, count(utilization_pct) AS observed_hours",
        *(f"sum({c}) AS {c}" for c in MINUTES),
        "100 * sum(up_minutes) / nullif(sum(up_minutes) + sum(down_minutes), 0) AS availability_pct",
    ]  # fmt: skip
    return f"""
WITH marked AS (
  SELECT *, {flags}, row_number() OVER o AS n,
    coalesce(hour_utc - lag(hour_utc) OVER o = INTERVAL 1 HOUR, false) AS follows
  FROM {source} WHERE {condition} WINDOW o AS (PARTITION BY circuit_id ORDER BY hour_utc)
), runs AS (
  SELECT *, {runs} FROM marked WINDOW w AS (PARTITION BY circuit_id ORDER BY n ROWS UNBOUNDED PRECEDING)
)
SELECT coalesce(circuit_id, region, provider) AS who, {", ".join(told)}
FROM runs GROUP BY GROUPING SETS ((circuit_id), (region), (provider))"""


def with_duckdb(source: str, condition: str = "true") -> pl.DataFrame:
    """The figures of circuits, regions and providers over the hours of `source` (SQL) that meet the condition."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET threads = {pl.thread_pool_size()}")
    return pl.DataFrame(connection.sql(_sql(source, condition)).to_arrow_table())
