"""From the API to the raw lake: one snapshot slot, the new events, the history of each circuit.

Belongs here: the order of asking and storing. Requests are `mist`, files are `lake`. No Dagster.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, EVENT_LOOK_BACK
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import SlotReport
from mistwan_dagster.mist.errors import FATAL, MistError
from mistwan_dagster.mist.extract import Quarantined, extract
from mistwan_dagster.mist.pager import row_keys, walk
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.platform import Platform

YEAR_3000 = 32_503_680_000
"""Epoch seconds; a later event is told in milliseconds, or in nonsense."""
FIRST_EVENT_LOOK_BACK = timedelta(hours=24)
WALKS_PER_SLOT = 2


def walk_name(now: datetime) -> str:
    """Name of a walk's files, no other's: a walk stores only what is new to it, so it must overwrite nothing."""
    return f"walk-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def collect_snapshot(platform: Platform, endpoint: Endpoint, slot: datetime) -> SlotReport:
    """Walk a snapshot endpoint into its slot.

    Rows are live documents and a walk can skip one, so a walk that reaches its end with fewer keys than the `total`
    it was told is made once more and both are pooled. When the second one tells nothing new and as many rows as its
    total, the total counts repeated rows and nothing is missing. A walk that breaks off keeps its pages and is
    reported incomplete; an error that no later slot would mend by itself (wrong token, wrong org) is raised.
    """
    name = walk_name(platform.settings.now())
    gathered = _Gathered()
    for attempt in range(1, WALKS_PER_SLOT + 1):
        _walk_once(platform, endpoint, slot, f"{name}-{attempt}", gathered)
        if gathered.error is not None or not gathered.short:
            break
    error = gathered.error
    if error is None and gathered.short and not gathered.total_counts_repeats:
        error = f"{gathered.short} of {gathered.total} rows were never told"
    report = SlotReport(
        endpoint=endpoint.name,
        slot=slot,
        complete=error is None,
        rows=sum(f.height for f in gathered.frames),
        pages=len(gathered.frames),
        total=gathered.total,
        quarantined=len(gathered.bad_rows),
        error=error,
    )
    stored = platform.raw.finish_slot(endpoint, report, gathered.frames)
    return replace(report, rows=stored)


@dataclass
class _Gathered:
    frames: list[pl.DataFrame] = field(default_factory=list)
    keys: set[object] = field(default_factory=set)
    total: int | None = None
    bad_rows: set[int] = field(default_factory=set)
    error: str | None = None
    total_counts_repeats: bool = False

    def set_aside_anew(self, quarantined: list[Quarantined]) -> list[Quarantined]:
        """Those not set aside before: a second walk tells the same bad rows again."""
        anew = []
        for bad in quarantined:
            mark = hash(bad.row_json)
            if mark not in self.bad_rows:
                self.bad_rows.add(mark)
                anew.append(bad)
        return anew

    @property
    def short(self) -> int:
        """Rows of the total that no page held."""
        return max(0, (self.total or 0) - len(self.keys))


def _walk_once(
    platform: Platform, endpoint: Endpoint, slot: datetime, name: str, gathered: _Gathered
) -> None:
    pager = walk(platform.session, endpoint, platform.org_id, quota=platform.quota, purpose=Purpose.LIVE)
    before = len(gathered.keys)
    try:
        for page in pager:
            found = extract(endpoint, page.rows, page.received_at)
            platform.raw.add_page(endpoint, slot, name, page.number, found.frame)
            aside = gathered.set_aside_anew(found.quarantined)
            platform.raw.quarantine(endpoint, name, page.number, [q.__dict__ for q in aside])
            gathered.frames.append(found.frame)
            gathered.keys.update(row_keys(endpoint, page.rows))
        summary = pager.summary
        gathered.total = summary.total
        nothing_new = before > 0 and len(gathered.keys) == before
        gathered.total_counts_repeats = nothing_new and summary.rows >= (summary.total or 0)
    except MistError as problem:
        if isinstance(problem, FATAL):
            raise
        gathered.error = str(problem)


@dataclass
class EventReport:
    """What an event walk brought: new rows by the hour they happened in."""

    start: datetime
    end: datetime
    complete: bool = True
    new_rows: dict[datetime, int] = field(default_factory=dict)
    quarantined: int = 0
    error: str | None = None


def collect_events(
    platform: Platform,
    start: datetime | None = None,
    end: datetime | None = None,
    purpose: Purpose = Purpose.LIVE,
) -> EventReport:
    """Read events of [start, end), by default from the look-back before what was last read until now.

    Each page is stored before the next is asked for; a broken walk is asked again next time, as the span counts
    as read only when it was walked to its end.
    """
    endpoint = DEVICE_EVENTS
    end = end or platform.settings.now()
    if start is None:
        read = platform.raw.coverage(endpoint)
        start = (
            max(read[-1][1] - EVENT_LOOK_BACK, end - timedelta(hours=endpoint.history_hours))
            if read
            else None
        )
        start = min(start or end - FIRST_EVENT_LOOK_BACK, end - EVENT_LOOK_BACK)
    report = EventReport(start, end)
    name = walk_name(platform.settings.now())
    pager = walk(
        platform.session, endpoint, platform.org_id,
        quota=platform.quota, purpose=purpose, start=start, end=end,
    )  # fmt: skip
    try:
        for page in pager:
            found = extract(endpoint, page.rows, page.received_at)
            is_dated = pl.col("timestamp").is_between(0, YEAR_3000, closed="left").fill_null(False)
            dated, undated = found.frame.filter(is_dated), found.frame.filter(~is_dated)
            aside = [q.__dict__ for q in found.quarantined] + [
                {"row_json": line, "reason": "timestamp: missing, or no time of this age"}
                for line in undated.write_ndjson().splitlines()
            ]
            platform.raw.quarantine(endpoint, name, page.number, aside)
            report.quarantined += len(aside)
            for hour, rows in platform.raw.add_events(endpoint, name, page.number, dated).items():
                report.new_rows[hour] = report.new_rows.get(hour, 0) + rows
    except MistError as problem:
        if isinstance(problem, FATAL):
            raise
        report.complete, report.error = False, str(problem)
    if report.complete:
        platform.raw.add_coverage(endpoint, start, end)
    return report


def require_current_hour(platform: Platform, hour: datetime, endpoint: Endpoint) -> None:
    """Snapshots tell only the present: a past partition must refuse instead of storing today's state as history."""
    now = platform.settings.now()
    if not hour <= now < hour + timedelta(hours=1):
        raise UserError(
            f"raw/{endpoint.name} of {hour:%Y-%m-%dT%H}:00Z cannot be collected: Mist tells only the present state "
            f"(now {now:%Y-%m-%dT%H:%M}Z). History of traffic and quality comes from `mistwan backfill`."
        )
