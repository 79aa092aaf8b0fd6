"""Who is to be told what of which alert, and was not yet.

Belongs here: routes, and the order of what a receiver is told. Does not belong here: alerts (`alerts_incidents.py`),
sending and its outcome (`notify`, `orchestration.alert_delivery`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from mistwan_dagster.catalog.alert_tables import EVENTS, FACT_ALERT_DELIVERY
from mistwan_dagster.catalog.columns import LEVELS
from mistwan_dagster.kpi.alerts_file import Route
from mistwan_dagster.kpi.alerts_incidents import Alerts
from mistwan_dagster.kpi.dimensions import NONE

TOLD_LATE = timedelta(hours=24)
"""So long after its end an alert is still told of."""
Due = tuple[str, str, str, str]
"""alert_id, event, severity, target: the key of fact_alert_delivery."""


def due(known: Alerts, told: pl.DataFrame, routes: Iterable[Route], now: datetime) -> list[Due]:
    """What is to be told beyond `told` (fact_alert_delivery, pending ones included), in the order of telling.

    Of an alert that was announced a target of its routes is told that it opened, once; that it escalated, when it
    reached a severity above those that the target was told; and that it closed, if it was told anything. Nothing is
    begun while the alert is silenced. An alert that closed before anybody was told of it, as the sender was stopped in
    between, is told as opened and closed within TOLD_LATE. A target that could be told nothing of an alert is not told
    that it closed.
    """
    regions: dict[str, set[str]] = defaultdict(set)
    for alert, region in known.breaches.select("alert_id", "region").drop_nulls().unique().iter_rows():
        regions[alert].add(region)
    before: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in told.select(*FACT_ALERT_DELIVERY.key, "state").iter_rows(named=True):
        before[row["alert_id"]][row["target"]].append(row)
    recent = pl.col("closed_utc").is_null() | (pl.col("closed_utc") >= now - TOLD_LATE)
    alerts = known.alerts.filter(pl.col("announced_utc").is_not_null() & recent).sort(
        "opened_utc", "alert_id"
    )
    found: list[Due] = []
    for alert in alerts.iter_rows(named=True):
        targets = list(targets_of(alert, regions[alert["alert_id"]], routes))
        found += _of_alert(alert, targets, before[alert["alert_id"]])
    return found


def targets_of(alert: dict[str, Any], regions: set[str], routes: Iterable[Route]) -> Iterator[str]:
    """Targets of the routes that an alert matches, each once. The platform has no region."""
    found: dict[str, None] = {}
    for route in routes:
        if (
            alert["severity"] in route.severities
            and alert["scope"] in route.scopes
            and (route.rules is None or alert["rule"] in route.rules)
            and (route.regions is None or regions & set(route.regions))
        ):
            found |= dict.fromkeys(route.targets)
    yield from found


def unmatched_regions(routes: Iterable[Route], regions: set[str]) -> list[str]:
    """One message per region of a route that no site has: nobody is told by it."""
    return [
        f"alerts file: route {number} names region {region!r}, which no site has: check its regions"
        for number, route in enumerate(routes, start=1)
        for region in route.regions or ()
        if region not in regions | {NONE}
    ]


def _of_alert(
    alert: dict[str, Any], targets: list[str], before: dict[str, list[dict[str, Any]]]
) -> Iterator[Due]:
    opened, escalated, closed = EVENTS
    alert_id, severity = alert["alert_id"], alert["severity"]
    if alert["closed_utc"] is None:
        for target in targets if not alert["silenced"] else ():
            rows = before.get(target, [])
            if not rows:
                yield alert_id, opened, severity, target
            elif LEVELS.index(severity) > max(LEVELS.index(r["severity"]) for r in rows):
                yield alert_id, escalated, severity, target
        return
    if not before:
        yield from ((alert_id, opened, severity, target) for target in targets)
    for target in before or targets:
        rows = before.get(target, [])
        never_told = bool(rows) and all(r["state"] == "given_up" for r in rows)
        if not never_told and all(r["event"] != closed for r in rows):
            yield alert_id, closed, severity, target
