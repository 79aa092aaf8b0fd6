"""What the commands do: launch jobs, tell what happened. The CLI parses and prints; the arithmetic is elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import ENDPOINTS, EVENTS, SNAPSHOTS
from mistwan_dagster.catalog.sle_endpoints import SITES_SLE
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import HOUR, Span, floor_hour, floor_slot
from mistwan_dagster.mist.probe import check_access
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration import history, launch
from mistwan_dagster.orchestration.alert_delivery import known_alerts, outbox
from mistwan_dagster.orchestration.importing import import_file
from mistwan_dagster.orchestration.partitions import FIRST_CIRCUITS_TAG
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.serving import not_served
from mistwan_dagster.orchestration.sle import coverage_now, readings
from mistwan_dagster.orchestration.sle_hours import missing_sle_hours
from mistwan_dagster.orchestration.staleness import STAGES

Say = Callable[[str], None]


def _validated() -> Platform:
    """The platform with its configuration files read, so that a wrong file fails before anything is asked."""
    platform = Platform.open()
    platform.read_configuration()
    return platform


def collect(say: Say) -> None:
    """One snapshot slot now, plus new events."""
    platform = _validated()
    check_access(platform.session, platform.quota, platform.org_id)
    with launch.instance(platform) as opened:
        _collect(opened, platform, say)


def _collect(opened: dg.DagsterInstance, platform: Platform, say: Say) -> None:
    slot = floor_slot(platform.settings.now())
    outcome = launch.collect_now(opened, platform)
    for endpoint in SNAPSHOTS:
        report = platform.raw.reports(endpoint, slot, slot + timedelta(minutes=5)).get(slot)
        if report is not None:
            state = "" if report.complete else " (incomplete)"
            aside = f", {report.quarantined} set aside" if report.quarantined else ""
            say(f"{endpoint.name}: {report.rows} rows in {report.pages} pages{aside}{state}")
    for endpoint in EVENTS:
        read = platform.raw.coverage(endpoint)
        if read:
            say(f"{endpoint.name}: read up to {read[-1][1]:%Y-%m-%dT%H:%M:%S}Z")
    for endpoint in (*SNAPSHOTS, *EVENTS):
        if reason := not_served(platform, endpoint):
            say(f"{endpoint.name}: not served: {reason}")
    launch.require_success(outcome)
    print(f"collected slot {slot:%Y-%m-%dT%H:%M}Z")


def _collect_sle(opened: dg.DagsterInstance, platform: Platform, say: Say) -> None:
    """SLE of the hour that has just ended and the deep-dive, unless both were read since."""
    end = floor_hour(platform.settings.now())
    looked_into = not readings(platform).filter(pl.col("read_at_utc") >= end).is_empty()
    if looked_into and end - HOUR not in missing_sle_hours(platform):
        return
    outcome = launch.run_span(opened, "collect_sle", end - HOUR, end)
    rows = platform.raw.scan_snapshots(SITES_SLE, end - HOUR, end).select(pl.len()).collect().item()
    states = coverage_now(platform)["state"].value_counts().sort("state").iter_rows()
    say(f"sites_sle: {rows} sites; detail of sites and metrics: " + ", ".join(f"{n} {s}" for s, n in states))
    launch.require_success(outcome)


def aggregate(stage: str | None, span: tuple[datetime, datetime] | None, say: Say) -> None:
    """KPIs of stale partitions, or of the span."""
    platform = _validated()
    with launch.instance(platform) as opened:
        _aggregate(opened, platform, [stage] if stage else list(STAGES), span, say)


def _aggregate(
    opened: dg.DagsterInstance,
    platform: Platform,
    stages: list[str],
    span: tuple[datetime, datetime] | None,
    say: Say,
) -> None:
    ran = 0
    for name, start, end, outcome in launch.aggregate(opened, platform, stages, span):
        launch.require_success(outcome)
        say(f"{name}: {start:%Y-%m-%dT%H:%M}Z to {end:%Y-%m-%dT%H:%M}Z computed and published")
        ran += 1
    if ran:
        print(f"aggregated {', '.join(stages)}; published version {platform.published.version()}")
    elif span is not None:
        raise UserError(
            f"nothing to compute from {span[0]:%Y-%m-%dT%H:%M}Z to {span[1]:%Y-%m-%dT%H:%M}Z: "
            "no complete hour of it was collected; `mistwan backfill` asks the API for history"
        )
    else:
        print("nothing to compute: every complete hour that was collected is up to date")


def full_cycle(say: Say) -> None:
    """Collect, SLE once an hour, aggregate, publish. What was collected is aggregated even when it is incomplete."""
    platform = _validated()
    check_access(platform.session, platform.quota, platform.org_id)
    with launch.instance(platform) as opened:
        try:
            _collect(opened, platform, say)
            _collect_sle(opened, platform, say)
        finally:
            _aggregate(opened, platform, list(STAGES), None, say)
            _alert(opened, platform, say)


def alert(say: Say) -> None:
    """One look at what is wrong now, told to whom the alerts file names."""
    platform = _validated()
    with launch.instance(platform) as opened:
        _alert(opened, platform, say)


def _alert(opened: dg.DagsterInstance, platform: Platform, say: Say) -> None:
    before = known_alerts(platform).alerts
    launch.require_success(launch.run_job(opened, "alerts", {}))
    for entry in outbox(platform).entries():
        say(f"waiting for {entry.target}: {entry.event} of alert {entry.alert_id}: {entry.error}")
    alerts = known_alerts(platform).alerts
    opened_now = alerts.height - before.height
    closed_now = alerts["closed_utc"].count() - before["closed_utc"].count()
    print(f"alerts: {opened_now} opened, {closed_now} closed, {alerts['closed_utc'].null_count()} open")


def backfill(span: Span | None, say: Say, *, aggregate: bool) -> None:
    """What the API still tells of a span (None: all of it): events and hourly series; then, if asked, the KPIs, also
    of a history that could not be read whole."""
    platform = _validated()
    present = platform.settings.now()
    start, end = span or history.all_that_is_told(platform)
    start, end = floor_hour(start), min(_ceil_hour(end), floor_hour(present))
    history.require_within_retention(start, present)
    if end <= start:
        raise UserError(
            f"no complete hour lies between --start and --end: the current hour is {end:%Y-%m-%dT%H:%M}Z", 2
        )
    check_access(platform.session, platform.quota, platform.org_id)
    with launch.instance(platform) as opened:
        if platform.kpi.read("dim_circuit") is None:
            say("no circuits are known yet: collecting a slot first")
            _collect(opened, platform, say)
        now_only = ", ".join(e.name for e in ENDPOINTS.values() if not e.history_hours)
        say(f"the API tells only the present of {now_only}: not asked for")
        launch.require_success(launch.run_span(opened, "events", start, end))
        for endpoint in (e for e in EVENTS if not not_served(platform, e)):
            say(f"{endpoint.name}: {start:%Y-%m-%dT%H:%M}Z to {end:%Y-%m-%dT%H:%M}Z read")
        series = history.series_to_ask(platform, start, end)
        if aggregate:
            _first_figures(opened, platform, start, end, series, say)
        outcome = _run_history(opened, start, end, [*series, SITES_SLE])
        if not outcome.errors:
            print(f"history of {start:%Y-%m-%dT%H:%M}Z to {end:%Y-%m-%dT%H:%M}Z collected")
        if aggregate and not outcome.interrupted:
            _aggregate(opened, platform, list(STAGES), None, say)
        launch.require_success(outcome)


def _run_history(
    opened: dg.DagsterInstance,
    start: datetime,
    end: datetime,
    endpoints: Iterable[Endpoint],
    tags: dict[str, str] | None = None,
) -> launch.Outcome:
    keys = [dg.AssetKey(["raw", endpoint.name]) for endpoint in endpoints]
    with _progress_bar():
        return launch.run_job(
            opened, "history", {**launch.range_tags("history", start, end), **(tags or {})}, assets=keys
        )


def _first_figures(
    opened: dg.DagsterInstance,
    platform: Platform,
    start: datetime,
    end: datetime,
    series: list[Endpoint],
    say: Say,
) -> None:
    """Where nothing is published and a clock hour's calls do not suffice: the newest day of some circuits, now.

    The calls for thousands of circuits take hours; nobody should wait so long for a first figure. What fails here is
    said, and tried again with the rest.
    """
    circuits = history.current_circuits(platform).height
    held = [len(history.circuits_held(platform, endpoint, start, end)) for endpoint in series]
    of_scores = (end - start) // HOUR
    needed, left = len(series) * circuits - sum(held) + of_scores, platform.quota.left(Purpose.BACKFILL)
    first = min(held, default=0) + left // max(1, len(series))
    if not first or needed <= left or platform.published.version() is not None:
        return
    say(
        f"history of {circuits} circuits takes {needed} calls, and {left} of this clock hour are left: "
        f"first the newest day, with traffic and quality of {first} of them"
    )
    outcome = _run_history(opened, start, end, series, {FIRST_CIRCUITS_TAG: str(first)})
    if outcome.interrupted:
        launch.require_success(outcome)
    day = (max(start, end - timedelta(hours=24)), end)
    for name, begin, until, computed in launch.aggregate(opened, platform, list(STAGES), day):
        say(f"{name}: {begin:%Y-%m-%dT%H:%M}Z to {until:%Y-%m-%dT%H:%M}Z computed and published")
        outcome = replace(outcome, errors=(*outcome.errors, *computed.errors))
    for error in dict.fromkeys(outcome.errors):
        say(error)
    say(
        "the rest waits for the calls of the next clock hours; stopped, `mistwan backfill` goes on where it was"
    )


def _ceil_hour(instant: datetime) -> datetime:
    return floor_hour(instant + HOUR - timedelta(microseconds=1))


@contextmanager
def _progress_bar() -> Iterator[None]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        tasks: dict[str, tuple[object, int]] = {}

        def report(what: str, done: int, total: int, until: datetime | None) -> None:
            if what not in tasks:
                tasks[what] = (bar.add_task(what, total=total, completed=done, rate=""), done)
            task_id = tasks[what][0]
            task = next(t for t in bar.tasks if t.id == task_id)
            speed = task.finished_speed or task.speed
            rate = f"{speed:.1f}/s" if speed else ""
            if until is not None:
                rate = f"no call left, waits until {until:%H:%M} UTC"
            bar.update(task.id, completed=done, rate=rate)

        token = history.progress.set(report)
        try:
            yield
        finally:
            history.progress.reset(token)


def import_history(file: Path, table: str, say: Say) -> None:
    """Rows of a file into a table, then the figures that contain them."""
    platform = _validated()
    report = import_file(platform, file, table)
    for reason, count in sorted(report.refused.items()):
        say(f"{file}: {count} rows set aside: {reason}")
    if report.refused:
        say(f"the rows set aside are in {report.quarantine}")
    if not report.rows:
        raise UserError(f"{file}: no row could be imported into {table}")
    with launch.instance(platform) as opened:
        for start, end in report.spans:
            launch.require_success(launch.run_span(opened, "load", start, end))
        print(f"{file}: {report.rows} rows imported into {table}, {sum(report.refused.values())} set aside")
        _aggregate(opened, platform, [s for s in STAGES if s != "hourly"], None, say)
