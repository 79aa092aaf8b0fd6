"""Answers of the insight endpoints: bins of one port, moved to the clock, with retention and paging.

Belongs here: query -> series answer. Does not belong here: the figures (`insights.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mistwan_dagster.simulator.insights import quality_series, traffic_series
from mistwan_dagster.simulator.noise import Floats
from mistwan_dagster.simulator.paging import ApiError, limit_of, page_of, seconds, window
from mistwan_dagster.simulator.topology import Circuit, Gateway
from mistwan_dagster.simulator.vocabulary import INSIGHT_METRICS, INTERVALS
from mistwan_dagster.simulator.world import World

MAX_AGE_S = {spec["interval"]: spec["max_age"] for spec in INTERVALS.values()}
Query = Mapping[str, str]


def gateway_stats(world: World, gateway: Gateway, query: Query, now_s: float) -> dict[str, Any]:
    """insights/gateway/{id}/stats. On a cluster `node` chooses among ports of one name (node0 by default)."""
    metrics = [m for m in query.get("metrics", "").split(",") if m]
    if not metrics:
        raise ApiError(400, "metrics is required")
    unknown = [m for m in metrics if "gateway" not in INSIGHT_METRICS.get(m, {}).get("scopes", ())]
    if unknown:
        raise ApiError(400, f"unsupported metric: {unknown[0]}")
    circuit = _circuit(world, gateway, query)

    def figures(start: float, width: float, bins: int) -> dict[str, Floats] | None:
        if circuit is None:
            return None
        incidents = world.incidents(start, start + bins * width)
        found = traffic_series(world.carried, circuit, start, width, bins, incidents)
        found |= {f"{d}_bytes": found[f"{d}_bps"] * width / 8 for d in ("rx", "tx")}
        return {m: found[m] for m in metrics}

    return _answer(world, query, now_s, metrics, figures, digits=0)


def device_metric(world: World, gateway: Gateway, metric: str, query: Query, now_s: float) -> dict[str, Any]:
    """insights/device/{mac}/wan_link_health; arrays are empty for links that are not probed."""
    if "device" not in INSIGHT_METRICS.get(metric, {}).get("scopes", ()):
        raise ApiError(400, f"unsupported metric: {metric}")
    circuit = _circuit(world, gateway, query)

    def figures(start: float, width: float, bins: int) -> dict[str, Floats] | None:
        if circuit is None or not circuit.has_paths:
            return None
        incidents = world.incidents(start, start + bins * width)
        return quality_series(world.observer, circuit, start, width, bins, incidents)

    return _answer(world, query, now_s, ["avg_latency", "avg_jitter", "avg_loss"], figures, digits=4)


def _circuit(world: World, gateway: Gateway, query: Query) -> Circuit | None:
    port_id = query.get("port_id")
    if not port_id:
        raise ApiError(400, "port_id is required")
    named = [c for c in world.topology.circuits if c.gateway == gateway.index and c.port_id == port_id]
    wanted = [c for c in named if c.node in (None, query.get("node", "node0"))]
    return wanted[0] if wanted else None


def _answer(
    world: World,
    query: Query,
    now_s: float,
    names: list[str],
    figures: Callable[[float, float, int], dict[str, Floats] | None],
    digits: int,
) -> dict[str, Any]:
    start, end = window(query, now_s)
    width = _interval(query, end - start)
    start = math.floor(start / width) * width
    end = min(math.ceil(end / width), math.floor(now_s / width)) * width
    if start < now_s - MAX_AGE_S[width] - width:
        raise ApiError(400, f"start is older than max_age {MAX_AGE_S[width]} of interval {width}")
    limit, page = limit_of(query), page_of(query)
    total = max(int((end - start) // width), 0)
    first = min((page - 1) * limit, total)
    bins = min(limit, total - first)
    start += first * width
    answer: dict[str, Any] = {
        "start": start,
        "end": start + bins * width,
        "interval": width,
        "limit": limit,
        "page": page,
    }
    found = figures(float(start), float(width), bins) if bins else None
    times = [start + k * width for k in range(bins)] if found else []
    answer["rt"] = [datetime.fromtimestamp(t, UTC).isoformat() for t in times]
    for name in names:
        values = found[name].tolist() if found else []
        answer[name] = [
            None if math.isnan(v) or t < world.start_s else round(v, digits) if digits else round(v)
            for t, v in zip(times, values, strict=True)
        ]
    return answer


def _interval(query: Query, span_s: float) -> int:
    text = query.get("interval")
    if not text:
        return 3600 if span_s >= 86400 else 600
    try:
        width = int(seconds(text))
    except ValueError:
        width = 0
    if width not in MAX_AGE_S:
        raise ApiError(400, "interval must be 10m or 1h")
    return width
