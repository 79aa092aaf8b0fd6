"""The figures of windows and periods as slow, obvious Python: the reference that the fast ones must equal."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from mistwan_dagster.catalog.columns import (
    LEVELS,
    MEASURES,
    hours_column,
    measure_column,
    run_hours_column,
    value_column,
)
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS

Rows = list[dict[str, Any]]


def known(rows: Rows, column: str) -> list[Any]:
    return [row[column] for row in rows if row.get(column) is not None]


def percentile(values: list[float]) -> float | None:
    """Linear interpolation between the two values next to 0.95 of the way from the least to the greatest."""
    if not values:
        return None
    ordered, place = sorted(values), 0.95 * (len(values) - 1)
    low = math.floor(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def longest_run(rows: Rows, column: str, limit: float) -> int:
    """Of any one circuit: hours at or above the limit that follow each other on the clock."""
    above: dict[str, set[datetime]] = defaultdict(set)
    for row in rows:
        if row.get(column) is not None and row[column] >= limit:
            above[row["circuit_id"]].add(row["hour_utc"])
    best = 0
    for hours in above.values():
        for hour in hours:
            length = 0
            while hour + timedelta(hours=length) in hours:
                length += 1
            best = max(best, length)
    return best


def plain_figures(rows: Rows) -> dict[str, Any]:
    """All figures of one group of circuit hours."""
    found: dict[str, Any] = {}
    for measure in MEASURES:
        values = known(rows, value_column(measure))
        top = values if measure == "utilization" else [*values, *known(rows, measure_column(measure, "max"))]
        found[measure_column(measure, "avg")] = sum(values) / len(values) if values else None
        found[measure_column(measure, "max")] = max(top) if top else None
        for level, limit in zip(LEVELS, DEFAULT_THRESHOLDS[measure], strict=True):
            hours, run = sum(v >= limit for v in values), longest_run(rows, value_column(measure), limit)
            found[hours_column(measure, level)] = hours if values else None
            found[run_hours_column(measure, level)] = run if values else None
    utilization = known(rows, "utilization_pct")
    found["utilization_p95_pct"] = percentile(utilization)
    found["observed_hours"] = len(utilization)
    flaps = known(rows, "flap_count")
    found["flap_count"] = sum(flaps) if flaps else None
    for column in ("up_minutes", "down_minutes", "unknown_minutes"):
        found[column] = sum(row[column] for row in rows)
    judged = found["up_minutes"] + found["down_minutes"]
    found["total_minutes"] = judged + found["unknown_minutes"]
    found["availability_pct"] = 100 * found["up_minutes"] / judged if judged else None
    return found
