"""Any endpoint read once, by the way the product reads it, and how many rows an answer tells.

Belongs here: which collection an endpoint belongs to, and where its rows land. Does not belong here: answers
(`fuzzing`, `vendor_document`) and expectations.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from mistwan_dagster.catalog.endpoint import Body, Endpoint, Scope, Shape
from mistwan_dagster.catalog.endpoints import DEVICE_STATS
from mistwan_dagster.catalog.sle_endpoints import SLE_CLASSIFIER_TREND, SleEndpoint
from mistwan_dagster.lake.raw import HOUR, SLOT, SlotReport, floor_slot
from mistwan_dagster.mist.extract import extract
from mistwan_dagster.mist.sle import SleAnswer, SleSubject, fetch_sle
from mistwan_dagster.orchestration import scopes, sle_dive
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.sle_hours import collect_sle_hours

SITE = "978c48e6-6ef6-11e6-8bbf-02e208b2d34f"
GATEWAY = {"mac": "5c5b35000001", "id": "00000000-0000-0000-1000-5c5b35000001", "site_id": SITE}
SUBJECT = SleSubject(SITE, "site", SITE, "wan-link-health")
CLASSIFIER = "network-loss"


@dataclass(frozen=True)
class Read:
    """What is stored of the slot, how many rows were set aside, and why a walk broke off."""

    stored: pl.DataFrame
    quarantined: int
    error: str | None = None
    notes: tuple[str, ...] = ()


def read(platform: Platform, endpoint: Endpoint, slot: datetime) -> Read:
    """Read the endpoint into a slot (of figures of a window: into the hour that begins there); of what has events
    or bins, everything that is stored of it is returned."""
    if isinstance(endpoint, SleEndpoint):
        report = sle_dive.DiveReport(targets=1)
        store = sle_dive._Store(platform, report)
        store.slot = slot
        store.add(_reading(platform, endpoint))
        store.close()
        return Read(stored(platform, endpoint, slot), report.quarantined, None, tuple(report.notes))
    if endpoint.scope in (Scope.SITE, Scope.GATEWAY):
        know_gateway(platform)
        if endpoint.shape is Shape.EVENTS:
            now = platform.settings.now()
            scoped = scopes.collect_scoped_events(platform, endpoint, now - HOUR, now, [SITE], 1)
        else:
            scoped = scopes.collect_scoped_snapshot(platform, endpoint, slot, [SITE], 1)
        return Read(stored(platform, endpoint, slot), scoped.quarantined, scoped.failed.get(SITE))
    if endpoint.shape is Shape.EVENTS:
        now = platform.settings.now()
        events = collect_events(platform, now - HOUR, now, endpoint=endpoint)
        frame = stored(platform, endpoint, slot)
        assert frame.height == sum(events.new_rows.values())
        return Read(frame, events.quarantined, events.error)
    if endpoint.shape is Shape.WINDOW:
        hours = collect_sle_hours(platform, endpoint, slot, slot + HOUR)
        assert hours.not_served is None
        return Read(stored(platform, endpoint, slot), hours.quarantined, hours.failed.get(slot))
    snapshot = collect_snapshot(platform, endpoint, slot)
    frame = stored(platform, endpoint, slot)
    assert snapshot.rows == frame.height or not snapshot.complete
    return Read(frame, snapshot.quarantined, snapshot.error)


def ask_sle(platform: Platform, endpoint: SleEndpoint) -> SleAnswer:
    """The deep-dive's question about the one site, as it asks it."""
    now = platform.settings.now()
    return fetch_sle(
        platform.session, platform.quota, endpoint, SUBJECT, start=now - HOUR, end=now, read_at=now,
        classifier=CLASSIFIER if endpoint is SLE_CLASSIFIER_TREND else None,
    )  # fmt: skip


def _reading(platform: Platform, endpoint: SleEndpoint) -> sle_dive.Reading:
    target = sle_dive.Target(SITE, SUBJECT.metric, is_degraded=False)
    return sle_dive.Reading(target, platform.settings.now(), [(endpoint, ask_sle(platform, endpoint))])


def know_gateway(platform: Platform) -> None:
    """The site's gateway, as a snapshot of all devices told it."""
    slot = floor_slot(platform.settings.now())
    frame = extract(DEVICE_STATS, [GATEWAY], platform.settings.now()).frame
    platform.raw.finish_slot(DEVICE_STATS, SlotReport(DEVICE_STATS.name, slot, True, 1, 1, 1, 0), [frame])


def stored(platform: Platform, endpoint: Endpoint, slot: datetime) -> pl.DataFrame:
    """Rows of the slot; of events and bins all there are, whenever they happened."""
    if endpoint.in_slots:
        return platform.raw.scan_snapshots(endpoint, slot, slot + SLOT).collect()
    files = (platform.settings.lake / "raw" / endpoint.name).rglob("*.parquet")
    return pl.concat([pl.DataFrame(schema=endpoint.schema), *map(pl.read_parquet, files)])


def quarantined(platform: Platform, endpoint: Endpoint) -> list[dict[str, str]]:
    """All rows of the endpoint that were set aside."""
    files = sorted((platform.settings.lake / "quarantine" / endpoint.name).glob("*.json"))
    return [row for file in files for row in json.loads(file.read_text())]


def rows_told(endpoint: Endpoint, body: Any) -> int:
    """How many rows an answer tells, counted from its text alone. Bins that cannot be placed in time count: the
    caller knows whether they can."""
    if endpoint.name in _SLE_ROWS:
        return _SLE_ROWS[endpoint.name](body)
    if endpoint.body is Body.OBJECT:
        return 1
    return len(body["results"] if isinstance(body, dict) and endpoint.body is Body.ROWS else body)


def _list(body: Any, name: str) -> list[Any]:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, list) else []


def _metrics(body: Any) -> int:
    supported = _list(body, "supported")
    return len(supported) + sum(name not in supported for name in _list(body, "enabled"))


def _longest(part: Any) -> int:
    """Bins of a part: its longest series."""
    samples = part.get("samples") if isinstance(part, dict) else None
    return max(len(_list(samples, name)) for name in ("total", "degraded", "value", "duration"))


def _trend(body: Any) -> int:
    named = (
        c
        for c in _list(body, "classifiers")
        if isinstance(c, dict) and c.get("name") and type(c["name"]) is str
    )
    return sum(map(_longest, (body.get("sle") if isinstance(body, dict) else None, *named)))


_SLE_ROWS: dict[str, Callable[[Any], int]] = {
    "sle_metrics": _metrics,
    "sle_classifiers": lambda body: len(body) if isinstance(body, list) else 0,
    "sle_trend": _trend,
    "sle_classifier_trend": lambda body: _longest(body.get("classifier") if isinstance(body, dict) else None),
    "sle_histogram": lambda body: len(_list(body, "data")),
    "sle_threshold": lambda body: int(isinstance(body, dict) and bool(body)),
    "sle_impacted_gateways": lambda body: len(_list(body, "gateways")),
    "sle_impacted_interfaces": lambda body: len(_list(body, "interfaces")),
}
