"""Calls made and calls planned: what the ledger tells, and what the catalog asks of an organization of this size.

Belongs here: reading sizes from lake and dimensions, words for people. Does not belong here: counting calls
(`mist.quota`), the plan's arithmetic (`catalog.call_plan`). No Dagster.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.api_usage import API_USAGE_HOUR
from mistwan_dagster.catalog.call_plan import CallPlan, Sizes, call_plan, population
from mistwan_dagster.catalog.cloud_endpoints import WAN_CLIENTS
from mistwan_dagster.catalog.endpoint import Endpoint, Population, Shape
from mistwan_dagster.catalog.endpoints import DEVICE_STATS, ENDPOINTS, PATH_STATS, PORT_STATS
from mistwan_dagster.lake.raw import HOUR, SLOT, floor_hour
from mistwan_dagster.mist.call import Retry
from mistwan_dagster.mist.errors import MistError
from mistwan_dagster.mist.probe import usage
from mistwan_dagster.mist.quota import HOURS_KEPT, HourUse, Purpose
from mistwan_dagster.orchestration.platform import Platform

EVENT_RATE_HOURS = 24
SHOWN_HOURS = 3


def learn_limit(platform: Platform) -> str:
    """Ask the cloud once an hour how much of its limit is used, so that the ledger knows of other programs and of a
    limit below the budget. Returns what came of it; never raises for the cloud, since collection goes on without."""
    if platform.quota.by_endpoint().get("usage"):
        return "asked already in this hour"
    try:
        used, limit = usage(platform.session, platform.quota, retry=Retry(attempts=1))
    except MistError as problem:
        return str(problem)
    return f"{used} of {limit} as the cloud counts"


def record_usage(platform: Platform) -> pl.DataFrame:
    """Bring `api_usage_hour` in the lake up to the ledger; hours that the ledger has forgotten stay.

    Without a token nothing can have been called, and what is there is returned as it is.
    """
    table = API_USAGE_HOUR
    before = platform.kpi.read(table.name)
    if not platform.settings.mist_api_token:
        return table.empty() if before is None else before
    rows = platform.quota.history(platform.settings.now() - HOURS_KEPT * HOUR)
    frame = pl.DataFrame([asdict(row) for row in rows], schema=table.schema)
    if before is not None:
        frame = pl.concat([before.join(frame, on=table.key, how="anti"), frame])
    frame = frame.sort(table.key)
    if before is None or not frame.equals(before):
        platform.kpi.write(table.name, frame)
    return frame


def sizes(platform: Platform) -> Sizes | None:
    """The organization's own sizes: dimensions, the newest snapshots, events of the last day. None before the first
    collection."""
    sites, circuits = (platform.kpi.read(name) for name in ("dim_site", "dim_circuit"))
    if sites is None or circuits is None:
        return None
    return Sizes(
        sites=sites.filter("is_current").height,
        gateways=_rows_now(platform, DEVICE_STATS),
        ports=_rows_now(platform, PORT_STATS),
        circuits=circuits.filter("is_current").height,
        paths=_rows_now(platform, PATH_STATS),
        events=_events_per_hour(platform, Population.EVENTS),
        alarms=_events_per_hour(platform, Population.ALARMS),
        clients=_rows_now(platform, WAN_CLIENTS),
    )


def _rows_now(platform: Platform, endpoint: Endpoint) -> int:
    newest = platform.raw.latest_snapshot(endpoint, platform.settings.now() + SLOT)
    return int(newest.select(pl.len()).collect().item())


def _events_per_hour(platform: Platform, kind: Population) -> int:
    """Mean of the last complete day, rounded up; of several endpoints the largest."""
    end = floor_hour(platform.settings.now())
    counts = [
        platform.raw.scan_events(e, end - EVENT_RATE_HOURS * HOUR, end).select(pl.len()).collect().item()
        for e in ENDPOINTS.values()
        if e.shape is Shape.EVENTS and population(e) is kind
    ]
    return -(-max(counts, default=0) // EVENT_RATE_HOURS)


def own_plan(platform: Platform) -> CallPlan | None:
    """The call plan of this organization; None before the first collection."""
    found = sizes(platform)
    return None if found is None else call_plan(ENDPOINTS.values(), found)


def describe_plan(platform: Platform) -> tuple[bool, str]:
    """Whether live collection fits the hour, and the plan against the budget in one line."""
    plan = own_plan(platform)
    if plan is None:
        return True, "nothing collected yet: the plan follows from the sizes of the first slot"
    budget, optional = platform.quota.limit(Purpose.LIVE), platform.quota.limit(Purpose.BACKFILL)
    shares = ", ".join(
        f"{c.endpoint} {c.calls_per_hour:.0f}{' optional' if c.optional else ''}" for c in plan.calls
    )
    live = plan.live_per_hour
    text = f"{live} live and {plan.total_per_hour - live} optional calls an hour, budget {budget} ({shares})"
    if live > budget:
        return False, f"{text}: not all can be collected; use a token of its own or collect less"
    if live > budget - optional:
        return (
            True,
            f"{text}; set MISTWAN_LIVE_RESERVE to {live} so that optional work cannot take their place",
        )
    return True, text


def describe_use(platform: Platform) -> str:
    """Calls of this hour by endpoint and purpose, of the hours before in sum, and what was put off in a day."""
    hour = floor_hour(platform.settings.now())
    rows = platform.quota.history(hour - EVENT_RATE_HOURS * HOUR)
    current = [r for r in rows if r.hour_utc == hour and r.calls]
    parts = [
        f"this hour {sum(r.calls for r in current)}"
        + "".join(f", {r.endpoint} {r.calls} {r.purpose}" for r in sorted(current, key=lambda r: -r.calls))
    ]
    for back in range(1, SHOWN_HOURS + 1):
        parts.append(_hour_sum(rows, hour - back * HOUR))
    put_off = [
        f"{r.endpoint} {r.deferred} {r.purpose} walks at {r.hour_utc:%dT%H}Z ({r.deferred_reason})"
        for r in rows
        if r.deferred
    ]
    return "; ".join([*parts, f"put off in 24 h: {', '.join(put_off) or 'nothing'}"])


def _hour_sum(rows: list[HourUse], hour: datetime) -> str:
    calls = {p: sum(r.calls for r in rows if r.hour_utc == hour and r.purpose == p) for p in Purpose}
    return f"{hour:%H}:00Z {sum(calls.values())} (live {calls[Purpose.LIVE]}, backfill {calls[Purpose.BACKFILL]})"


def recent_table(frame: pl.DataFrame, now: datetime) -> str:
    """Markdown of the newest hours of `api_usage_hour`, for the UI."""
    since = floor_hour(now) - timedelta(hours=SHOWN_HOURS)
    recent = frame.filter(pl.col("hour_utc") >= since).sort("hour_utc", "calls", descending=True)
    lines = ["| hour | endpoint | purpose | calls | put off | why |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [
        f"| {hour:%m-%d %H}:00 | {endpoint} | {purpose} | {calls} | {deferred} | {why or ''} |"
        for hour, endpoint, purpose, calls, deferred, why in recent.iter_rows()
    ]
    return "\n".join(lines)
