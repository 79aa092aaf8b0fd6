"""The SLE deep-dive: the sites that need a look, in order, as far as the optional calls reach.

Belongs here: what is asked about one site's metric, in which order, and storing it. Requests are `mist/sle.py`,
the order is `kpi/sle_order.py`, tables are `sle.py`. No Dagster.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoint import Shape
from mistwan_dagster.catalog.sle import SPELLINGS
from mistwan_dagster.catalog.sle_endpoints import (
    SLE_CLASSIFIER_LIST,
    SLE_CLASSIFIER_TREND,
    SLE_DETAILS,
    SLE_HISTOGRAM,
    SLE_IMPACTED_GATEWAYS,
    SLE_IMPACTED_INTERFACES,
    SLE_METRIC_LIST,
    SLE_THRESHOLD,
    SLE_TREND,
    SleEndpoint,
)
from mistwan_dagster.kpi.sle_order import reading_order
from mistwan_dagster.lake.raw import SLOT, SlotReport, floor_hour, floor_slot
from mistwan_dagster.mist.capped_quota import CappedQuota
from mistwan_dagster.mist.errors import MistError, Refused, Waiting
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.mist.sle import SleAnswer, SleSubject, fetch_sle
from mistwan_dagster.orchestration.collection import split_by_instant, walk_name
from mistwan_dagster.orchestration.history import gateway_id
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.sle import add_readings, coverage_now

WORKERS = 4
WINDOW = timedelta(hours=24)
BATCH = 100
"""Readings after which what was read is put down for good."""
MOST_FAILURES = 5
"""Readings that fail one after the other before the cloud is taken for out of order."""


@dataclass(frozen=True)
class Target:
    """A site's metric to look into. A degraded one is looked into gateway by gateway as well."""

    site_id: str
    metric: str
    is_degraded: bool


@dataclass
class Reading:
    """What was told of a target: frames, misfits and notes by endpoint, in the order of asking."""

    target: Target
    read_at: datetime
    answers: list[tuple[SleEndpoint, SleAnswer]] = field(default_factory=list)

    def frame(self, endpoint: SleEndpoint) -> pl.DataFrame:
        """All rows of an endpoint."""
        return pl.concat(
            [pl.DataFrame(schema=endpoint.schema), *(a.frame for e, a in self.answers if e is endpoint)]
        )


@dataclass
class DiveReport:
    """How far the deep-dive came. `put_off`: targets without a call; `failed`: target -> reason."""

    targets: int
    read: int = 0
    put_off: int = 0
    failed: dict[Target, str] = field(default_factory=dict)
    calls: int = 0
    rows: int = 0
    quarantined: int = 0
    notes: list[str] = field(default_factory=list)
    stopped_by: str | None = None


class Diver:
    """Asks the questions about one target. `known` holds the lists and thresholds that are still good."""

    def __init__(self, platform: Platform, quota: CappedQuota) -> None:
        self.platform, self.quota = platform, quota
        self.end = floor_hour(platform.settings.now())
        self._lists: dict[str, pl.DataFrame] = {}
        self._known = {e.name: _still_good(platform, e) for e in SLE_DETAILS if e.reread_hours}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def read(self, target: Target) -> Reading:
        """All answers about a target. Raises the errors of `fetch_sle`; a target is read whole or not at all."""
        reading = Reading(target, self.platform.settings.now())
        site = SleSubject(target.site_id, "site", target.site_id, target.metric)
        if not self._has_metric(reading, site):
            return reading
        self._trend(reading, site)
        for endpoint in (SLE_HISTOGRAM, SLE_THRESHOLD, SLE_IMPACTED_INTERFACES, SLE_IMPACTED_GATEWAYS):
            self._ask(reading, endpoint, site)
        if target.is_degraded:
            for mac in reading.frame(SLE_IMPACTED_GATEWAYS)["device_mac"].drop_nulls().unique().sort():
                gateway = SleSubject(target.site_id, "gateway", gateway_id(mac), target.metric)
                for endpoint in (SLE_TREND, SLE_HISTOGRAM, SLE_THRESHOLD, SLE_IMPACTED_INTERFACES):
                    self._ask(reading, endpoint, gateway)
        return reading

    def _has_metric(self, reading: Reading, site: SleSubject) -> bool:
        """Whether the site's list names the metric; an untold list refuses nothing. Asked once a site and day."""
        with self._locks[site.site_id]:
            listed = self._lists.get(site.site_id)
            if listed is None:
                listed = self._listed(reading, SLE_METRIC_LIST, site).select("metric")
                self._lists[site.site_id] = listed
        names = {SPELLINGS.get(n, n) for n in listed["metric"]}
        return not names or site.metric in names

    def _trend(self, reading: Reading, site: SleSubject) -> None:
        """The trend holds its classifiers; those that the list names beside them are asked for one by one."""
        told = set(self._ask(reading, SLE_TREND, site)["classifier"].drop_nulls())
        listed = set(self._listed(reading, SLE_CLASSIFIER_LIST, site)["classifier"].drop_nulls())
        for name in sorted(listed - told):
            self._ask(reading, SLE_CLASSIFIER_TREND, site, name)

    def _listed(self, reading: Reading, endpoint: SleEndpoint, subject: SleSubject) -> pl.DataFrame:
        """A list as last told, or as told now."""
        known = self._recall(endpoint, subject)
        return self._ask(reading, endpoint, subject) if known is None else known

    def _recall(self, endpoint: SleEndpoint, subject: SleSubject) -> pl.DataFrame | None:
        known = self._known.get(endpoint.name)
        if known is None:
            return None
        mine = (pl.col("site_id") == subject.site_id) & (pl.col("scope_id") == subject.scope_id)
        if endpoint is not SLE_METRIC_LIST:
            mine &= pl.col("metric") == subject.metric
        found = known.filter(mine)
        return found if found.height else None

    def _ask(
        self, reading: Reading, endpoint: SleEndpoint, subject: SleSubject, classifier: str | None = None
    ) -> pl.DataFrame:
        known = self._recall(endpoint, subject)
        if known is not None:
            return known
        answer = fetch_sle(
            self.platform.session, self.quota, endpoint, subject,
            start=self.end - WINDOW, end=self.end, read_at=reading.read_at, classifier=classifier,
        )  # fmt: skip
        reading.answers.append((endpoint, answer))
        return answer.frame


def _still_good(platform: Platform, endpoint: SleEndpoint) -> pl.DataFrame:
    now = platform.settings.now()
    rows = platform.raw.scan_snapshots(endpoint, now - timedelta(hours=endpoint.reread_hours), now + SLOT)
    return rows.select(list(endpoint.schema)).collect()


def dive(platform: Platform) -> DiveReport:
    """Look into the sites in order until the list or the optional calls are at their end.

    The end of the calls is no failure: what was not reached is put off, and comes first next time. A target that
    fails is reported and does not stop the others, except when nothing works any more. A refused token is raised.
    Without any score (a cloud that serves no SLE) nothing is asked.
    """
    known = coverage_now(platform)
    if known["score"].drop_nulls().is_empty():
        return DiveReport(targets=0, stopped_by="no SLE score of the last hours is known")
    order = reading_order(known)
    targets = [
        Target(site, metric, bool(degraded))
        for site, metric, degraded in order.select("site_id", "metric", "is_degraded").iter_rows()
    ]
    quota = CappedQuota(platform.quota, platform.settings.mistwan_sle_calls)
    report = DiveReport(targets=len(targets))
    store = _Store(platform, report)
    try:
        for reading in _readings(Diver(platform, quota), targets, report):
            store.add(reading)
    finally:
        store.close()
        report.calls = quota.spent
        report.put_off = len(targets) - report.read - len(report.failed)
        if report.put_off:
            reason = report.stopped_by or "not reached"
            quota.defer(Purpose.BACKFILL, SLE_TREND.name, reason, report.put_off)
    return report


def _readings(diver: Diver, targets: list[Target], report: DiveReport) -> Iterator[Reading]:
    """Whole readings as they come, `WORKERS` at a time; no new ones once a call was refused for lack of budget."""
    queue = iter(targets)
    running: dict[Future[Reading], Target] = {}
    failures = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        while True:
            while report.stopped_by is None and len(running) < WORKERS:
                target = next(queue, None)
                if target is None:
                    break
                running[pool.submit(diver.read, target)] = target
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                target = running.pop(future)
                problem = future.exception()
                if problem is None:
                    failures = 0
                    yield future.result()
                    continue
                if isinstance(problem, Waiting):
                    report.stopped_by = report.stopped_by or str(problem)
                    continue
                if not isinstance(problem, MistError) or isinstance(problem, Refused):
                    report.stopped_by = str(problem)
                    raise problem
                failures += 1
                report.failed[target] = str(problem)
                if failures >= MOST_FAILURES:
                    report.stopped_by = f"{failures} readings failed one after the other: {problem}"


class _Store:
    """Puts readings down, a batch at a time: lists and details as pages of this slot, trends by the hour of their
    bins. A kill costs the batch under way, which is asked for again, since its targets do not count as read."""

    def __init__(self, platform: Platform, report: DiveReport) -> None:
        self.platform, self.report = platform, report
        self.slot = floor_slot(platform.settings.now())
        self.name = walk_name(platform.settings.now())
        self.pages: dict[str, list[pl.DataFrame]] = {e.name: [] for e in SLE_DETAILS}
        self.pending: list[Reading] = []
        self.number = 0

    def add(self, reading: Reading) -> None:
        """Take a whole reading."""
        self.report.read += 1
        self.pending.append(reading)
        if len(self.pending) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Store the batch, and only then count its targets as read."""
        self.number += 1
        for endpoint in SLE_DETAILS:
            answers = [a for r in self.pending for e, a in r.answers if e is endpoint]
            frame = pl.concat([pl.DataFrame(schema=endpoint.schema), *(a.frame for a in answers)])
            misfits = [q.__dict__ for a in answers for q in a.quarantined]
            if endpoint.shape is Shape.SERIES:
                frame, undated = split_by_instant(frame)
                misfits += undated
            self.platform.raw.quarantine(endpoint, self.name, self.number, misfits)
            self.report.quarantined += len(misfits)
            self.report.notes += [note for a in answers for note in a.notes]
            self.report.rows += frame.height
            if frame.height:
                self._store(endpoint, frame)
        add_readings(self.platform, [(r.target.site_id, r.target.metric, r.read_at) for r in self.pending])
        self.pending.clear()

    def _store(self, endpoint: SleEndpoint, frame: pl.DataFrame) -> None:
        if endpoint.shape is Shape.SERIES:
            self.platform.raw.add_events(endpoint, self.name, self.number, frame)
        else:
            self.platform.raw.add_page(endpoint, self.slot, self.name, self.number, frame)
            self.pages[endpoint.name].append(frame)

    def close(self) -> None:
        """Fold this slot's pages into one file an endpoint, together with what the slot held before."""
        self.flush()
        for endpoint in SLE_DETAILS:
            frames = self.pages[endpoint.name]
            if not frames:
                continue
            before = self.platform.raw.scan_snapshots(endpoint, self.slot, self.slot + SLOT)
            every = [before.select(list(endpoint.schema)).collect(), *frames]
            rows = sum(f.height for f in frames)
            self.platform.raw.finish_slot(
                endpoint, SlotReport(endpoint.name, self.slot, True, rows, len(frames), None, 0), every
            )
