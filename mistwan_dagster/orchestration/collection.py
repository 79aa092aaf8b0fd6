"""From the API to the raw lake: one snapshot slot, the new events, the history of each circuit.

Belongs here: the order of asking and storing. Requests are `mist`, files are `lake`. No Dagster.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint, Scope
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import SlotReport, Span, floor_day, floor_hour
from mistwan_dagster.mist.errors import FATAL, MistError
from mistwan_dagster.mist.extract import extract
from mistwan_dagster.mist.pager import walk
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.platform import Platform

YEAR_3000 = 32_503_680_000
"""Epoch seconds; a later event is told in milliseconds, or in nonsense."""
FIRST_EVENT_LOOK_BACK = timedelta(hours=24)


def walk_name(now: datetime) -> str:
    """Name of a walk's files, no other's: a walk stores only what is new to it, so it must overwrite nothing."""
    return f"walk-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def collect_snapshot(
    platform: Platform,
    endpoint: Endpoint,
    slot: datetime,
    *,
    span: Span | None = None,
    purpose: Purpose = Purpose.LIVE,
    raising: tuple[type[MistError], ...] = FATAL,
) -> SlotReport:
    """Walk a snapshot endpoint into its slot; an endpoint with a window is asked for `span`.

    A walk that breaks off, or falls short of its `total`, keeps its pages and is reported incomplete; errors of the
    kinds `raising`, by default those that no later slot would mend by itself (wrong token, wrong org), are raised.
    """
    gathered, error = Gathered(), None
    name, ids = walk_name(platform.settings.now()), org_ids(platform, endpoint)
    try:
        gather(platform, endpoint, slot, name, gathered, ids, purpose, span)
    except MistError as problem:
        if isinstance(problem, raising):
            raise
        error = str(problem)
    report = SlotReport(
        endpoint=endpoint.name,
        slot=slot,
        complete=error is None,
        rows=sum(f.height for f in gathered.frames),
        pages=len(gathered.frames),
        total=gathered.total,
        quarantined=len(gathered.aside),
        error=error,
    )
    stored = platform.raw.finish_slot(endpoint, report, gathered.frames)
    return replace(report, rows=stored)


@dataclass
class Gathered:
    """Pages of a slot, from one walk or several."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    total: int | None = None
    aside: set[int] = field(default_factory=set)


def _not_yet(aside: list[dict[str, str]], known: set[int]) -> list[dict[str, str]]:
    """The rows that are not `known` to be set aside, which they are from now on: a walk that is made twice tells
    its bad rows twice."""
    anew = {mark: bad for bad in aside if (mark := hash(bad["row_json"])) not in known}
    known.update(anew)
    return list(anew.values())


def org_ids(platform: Platform, endpoint: Endpoint) -> tuple[str, ...]:
    """The ids in the path of an endpoint that one walk reads whole."""
    return () if endpoint.scope is Scope.CLOUD else (platform.org_id,)


def gather(
    platform: Platform,
    endpoint: Endpoint,
    slot: datetime,
    name: str,
    gathered: Gathered,
    ids: tuple[str, ...],
    purpose: Purpose,
    span: Span | None = None,
) -> None:
    """Walk, each page on disk before the next is asked for. Raises MistError; what came before it is kept."""
    start, end = span or (None, None)
    pager = walk(
        platform.session, endpoint, *ids, quota=platform.quota, purpose=purpose, start=start, end=end
    )
    for page in pager:
        found = extract(endpoint, page.rows, page.received_at)
        number = len(gathered.frames) + 1
        platform.raw.add_page(endpoint, slot, name, number, found.frame)
        aside = _not_yet([q.__dict__ for q in found.quarantined], gathered.aside)
        platform.raw.quarantine(endpoint, name, number, aside)
        gathered.frames.append(found.frame)
        gathered.total = pager.total


@dataclass
class EventReport:
    """What an event walk brought: rows told, and the new ones by the hour they happened in."""

    start: datetime
    end: datetime
    complete: bool = True
    told: int = 0
    new_rows: dict[datetime, int] = field(default_factory=dict)
    quarantined: int = 0
    error: str | None = None

    def add(self, other: EventReport) -> None:
        """Take over what another walk of the same endpoint brought."""
        self.complete, self.error = self.complete and other.complete, self.error or other.error
        self.told, self.quarantined = self.told + other.told, self.quarantined + other.quarantined
        for hour, rows in other.new_rows.items():
            self.new_rows[hour] = self.new_rows.get(hour, 0) + rows


def collect_events(
    platform: Platform,
    start: datetime | None = None,
    end: datetime | None = None,
    purpose: Purpose = Purpose.LIVE,
    endpoint: Endpoint = DEVICE_EVENTS,
) -> EventReport:
    """Read events of [start, end), by default from the look-back before what was last read until now.

    Each page is stored before the next is asked for; a broken walk is asked again next time, as the span counts
    as read only when it was walked to its end.
    """
    end = end or platform.settings.now()
    report = EventReport(start or _look_back(platform, endpoint, end), end)
    try:
        walk_events(platform, endpoint, (platform.org_id,), report, purpose)
    except MistError as problem:
        if isinstance(problem, FATAL):
            raise
        report.complete, report.error = False, str(problem)
    if report.complete:
        platform.raw.add_coverage(endpoint, report.start, end)
    return report


def _look_back(platform: Platform, endpoint: Endpoint, end: datetime) -> datetime:
    """Where a live walk begins: further back with the first of an hour and of a day, as rows may have changed."""
    read = platform.raw.coverage(endpoint)
    hours = endpoint.look_back
    if not read or read[-1][1].date() < end.date():
        back = timedelta(hours=hours.day)
    else:
        back = timedelta(hours=hours.slot if floor_hour(read[-1][1]) == floor_hour(end) else hours.hour)
    if not read:
        return end - max(back, FIRST_EVENT_LOOK_BACK)
    oldest = end - timedelta(hours=endpoint.history_hours)
    return min(max(read[-1][1] - back, oldest), end - back)


def walk_events(
    platform: Platform, endpoint: Endpoint, ids: tuple[str, ...], report: EventReport, purpose: Purpose
) -> None:
    """Walk the report's span and fill the report. Raises MistError; what came before it is kept."""
    name, known = walk_name(platform.settings.now()), set[int]()
    pager = walk(
        platform.session, endpoint, *ids,
        quota=platform.quota, purpose=purpose, start=report.start, end=report.end,
    )  # fmt: skip
    for number, page in enumerate(pager, start=1):
        found = extract(endpoint, page.rows, page.received_at)
        dated, undated = split_by_instant(found.frame)
        aside = _not_yet([q.__dict__ for q in found.quarantined] + undated, known)
        platform.raw.quarantine(endpoint, name, number, aside)
        report.told += len(page.rows)
        report.quarantined += len(aside)
        for hour, rows in platform.raw.add_events(endpoint, name, number, dated).items():
            report.new_rows[hour] = report.new_rows.get(hour, 0) + rows


def split_by_instant(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[dict[str, str]]]:
    """Rows whose `timestamp` is a time of this age, and the others as they are set aside."""
    is_dated = pl.col("timestamp").is_between(0, YEAR_3000, closed="left").fill_null(False)
    reason = "timestamp: missing, or no time of this age"
    # Not `splitlines`: text may hold line separators of Unicode.
    lines = frame.filter(~is_dated).write_ndjson().split("\n")
    return frame.filter(is_dated), [{"row_json": line, "reason": reason} for line in lines if line]


def collect_back(platform: Platform, start: datetime, end: datetime, endpoint: Endpoint) -> EventReport:
    """Read events of [start, end) a day at a time, newest first; how far the cloud remembers is not documented.

    After a day without any the whole rest is asked for at once: nothing there either is the cloud's horizon,
    which is recorded. A broken walk ends it; what was read counts.
    """
    report, until = EventReport(start, end), end
    while until > start and report.complete:
        begin = max(start, floor_day(until - timedelta(microseconds=1)))
        day = collect_events(platform, begin, until, Purpose.BACKFILL, endpoint)
        report.add(day)
        if day.complete and not day.told:
            older = EventReport(start, begin)
            if begin > start:
                older = collect_events(platform, start, begin, Purpose.BACKFILL, endpoint)
                report.add(older)
            if older.complete and not older.told:
                platform.raw.note_told_from(endpoint, until, platform.settings.now())
            break
        until = begin
    return report


def require_current_hour(platform: Platform, hour: datetime, endpoint: Endpoint) -> None:
    """Snapshots tell only the present: a past partition must refuse instead of storing today's state as history."""
    now = platform.settings.now()
    if not hour <= now < hour + timedelta(hours=1):
        raise UserError(
            f"raw/{endpoint.name} of {hour:%Y-%m-%dT%H}:00Z cannot be collected: Mist tells only the present state "
            f"(now {now:%Y-%m-%dT%H:%M}Z). History of traffic and quality comes from `mistwan backfill`."
        )
