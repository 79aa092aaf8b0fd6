"""Figures of the platform itself for Prometheus: collection, call quota, freshness, loads, runs, disk.

Everything is read from lake, state, published warehouse and Dagster's instance at the moment of asking, so that no
figure outlives what it tells of; what is unknown is absent. Belongs here: names, words, and the reading. Does not
belong here: figures of the WAN, and those of the dashboard's server (`dashboard.monitoring`).
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import dagster as dg
import polars as pl
from dagster._config.errors import PostProcessingError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mistwan_dagster.catalog.endpoints import ENDPOINTS, EVENTS
from mistwan_dagster.catalog.sle_tables import FACT_SITE_SLE_HOUR
from mistwan_dagster.catalog.tables import (
    FACT_CIRCUIT_HOUR,
    FACT_PATH_HOUR,
    FACT_SITE_HOUR,
    LOAD_LEDGER,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import HOUR, floor_hour
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.launch import instance_at_hand
from mistwan_dagster.orchestration.planning import lacks, stale_partitions, unread_hours
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.recent_slots import LOOK_BACK, recent_slots
from mistwan_dagster.orchestration.serving import not_served
from mistwan_dagster.settings import load_settings

KEPT_S = 15.0
"""Two scrapers, or an impatient one, are answered from one reading."""
LEDGER = f"""
SELECT table_name, max(loaded_at_utc) AS loaded_at, max_by(row_count, loaded_at_utc) AS row_count
FROM {LOAD_LEDGER.name} GROUP BY table_name ORDER BY table_name
"""
HOURLY_TABLES = (FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, FACT_SITE_HOUR, FACT_SITE_SLE_HOUR)
NEWEST = " UNION ALL ".join(
    f"SELECT '{t.name}' AS table_name, max({t.span}) AS newest FROM {t.name}" for t in HOURLY_TABLES
)


Figures = Mapping[str, float | None] | Mapping[tuple[str, str], float | None]


def _gauge(name: str, words: str, labels: str, figures: Figures) -> GaugeMetricFamily:
    """One sample a key; `labels` as words, a key for one label is a text, for two a pair. None is left out."""
    family = GaugeMetricFamily(f"mistwan_{name}", words, labels=labels.split())
    for key, figure in figures.items():
        if figure is not None:
            family.add_metric([key] if isinstance(key, str) else list(key), figure)
    return family


def _one(name: str, words: str, figure: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mistwan_{name}", words, value=figure)


def _seconds(instant: datetime) -> float:
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def collection(platform: Platform) -> Iterator[Metric]:
    """Slots of the last 24 hours, counted from the first one ever collected, and how far events were read."""
    of, found = "endpoint", {n: slots for n, slots in recent_slots(platform).items() if slots.newest}
    expected = {name: len(slots.expected) for name, slots in found.items()}
    whole = {name: len(slots.expected) - len(slots.missing) for name, slots in found.items()}
    newest = {name: slots.newest for name, slots in found.items() if slots.newest}
    aside = {name: sum(r.quarantined for r in slots.reports.values()) for name, slots in found.items()}
    read = {e.name: spans[-1][1] for e in EVENTS if (spans := platform.raw.coverage(e))}
    refused = {e.name: 1.0 for e in ENDPOINTS.values() if not_served(platform, e)}
    yield _gauge(
        "collection_slots_expected", "Slots of the last 24 h, from the first one ever collected", of, expected
    )
    yield _gauge("collection_slots_whole", "Slots of these that were collected whole", of, whole)
    yield _gauge(
        "collection_newest_slot_timestamp_seconds",
        "Start of the newest slot collected",
        of,
        {name: _seconds(report.slot) for name, report in newest.items()},
    )
    rows = {name: report.rows for name, report in newest.items()}
    yield _gauge("collection_rows", "Rows of the newest slot", of, rows)
    yield _gauge("collection_rows_set_aside", "Rows set aside in the last 24 h", of, aside)
    yield _gauge(
        "events_read_until_timestamp_seconds",
        "How far events were read without a break",
        of,
        {name: _seconds(until) for name, until in read.items()},
    )
    yield _gauge(
        "endpoint_not_served", "1 for an endpoint that the cloud refused in the last hour", of, refused
    )


def quota(platform: Platform) -> Iterator[Metric]:
    """Calls of this clock hour. Nothing where there is no token."""
    if platform.settings.mist_api_token is None:
        return
    ledger = platform.quota
    used = ledger.history(floor_hour(platform.settings.now()))
    of = "endpoint purpose"
    calls = {(use.endpoint, use.purpose): use.calls for use in used}
    put_off = {(use.endpoint, use.purpose): use.deferred for use in used}
    left = {str(purpose): ledger.left(purpose) for purpose in Purpose}
    limit = {str(purpose): ledger.limit(purpose) for purpose in Purpose}
    yield _gauge("quota_calls", "API calls made in this clock hour", of, calls)
    yield _gauge("quota_put_off", "Walks put off in this clock hour", of, put_off)
    yield _gauge("quota_limit", "API calls an hour after which a purpose stops", "purpose", limit)
    yield _gauge("quota_left", "API calls that a purpose may still make in this clock hour", "purpose", left)
    blocked = float(ledger.blocked_until() is not None)
    yield _one("quota_blocked", "1 while the cloud refuses calls of this token", blocked)


def freshness(platform: Platform) -> Iterator[Metric]:
    """What is missing or outdated of the days that mend themselves."""
    lacking = lacks(platform)
    unread, stale = unread_hours(lacking), stale_partitions(lacking, platform.settings.now())
    yield _gauge(
        "missing_history_hours", "Hours that the API still tells and nobody asked for", "endpoint", unread
    )
    yield _gauge("stale_partitions", "Partitions missing, or computed from older input", "stage", stale)


def loads(platform: Platform) -> Iterator[Metric]:
    """What the published warehouse says was loaded into it."""
    if platform.published.version() is None:
        return
    told = {row["table_name"]: row for row in platform.published.query(LEDGER).iter_rows(named=True)}
    newest = dict(platform.published.query(NEWEST).iter_rows())
    of = "table"
    rows = {name: float(row["row_count"] or 0) for name, row in told.items()}
    at = {name: _seconds(row["loaded_at"]) for name, row in told.items()}
    until = {name: _seconds(hour + HOUR) for name, hour in newest.items() if hour}
    yield _gauge("load_rows", "Rows of the span that was loaded last", of, rows)
    yield _gauge("load_timestamp_seconds", "When something new of a table was last loaded", of, at)
    yield _gauge("loaded_until_timestamp_seconds", "End of the newest hour of a table", of, until)


def runs(platform: Platform) -> Iterator[Metric]:
    """Dagster's runs of the last 24 hours; none where no Dagster home was made yet."""
    recent = dg.RunsFilter(created_after=datetime.now(UTC) - LOOK_BACK)
    with instance_at_hand(platform) as instance:
        found = instance.get_run_records(recent) if instance else []
    counts = Counter((r.dagster_run.job_name, r.dagster_run.status.value.lower()) for r in found)
    spans = {}
    for record in sorted(found, key=lambda r: r.end_time or 0.0):
        if record.dagster_run.is_success and record.start_time and record.end_time:
            spans[record.dagster_run.job_name] = (record.start_time, record.end_time)
    took = {job: end - start for job, (start, end) in spans.items()}
    ended = {job: end for job, (_, end) in spans.items()}
    yield _gauge("runs", "Runs of the last 24 h by what became of them", "job status", dict(counts))
    yield _gauge("run_seconds", "How long the newest successful run took", "job", took)
    yield _gauge("run_success_timestamp_seconds", "When a run last succeeded", "job", ended)


def disk(platform: Platform) -> Iterator[Metric]:
    """Room where the home is."""
    if platform.settings.home.exists():
        free = shutil.disk_usage(platform.settings.home).free
        yield _one("disk_free_bytes", "Free space where MISTWAN_HOME is", free)


UNREADABLE = (UserError, OSError, pl.exceptions.PolarsError, dg.DagsterError, PostProcessingError)
"""The last two: a `dagster.yaml` that was edited and that Dagster does not take."""
PARTS: tuple[Callable[[Platform], Iterator[Metric]], ...] = (collection, quota, freshness, loads, runs, disk)


def read_parts(platform: Platform) -> list[Metric]:
    """Every part that can be read. One that cannot is told as such, and takes nothing from the others."""
    found, readable = list[Metric](), dict[str, float]()
    for part in PARTS:
        try:
            found += list(part(platform))
            readable[part.__name__] = 1.0
        except UNREADABLE:
            readable[part.__name__] = 0.0
    return [*found, _gauge("metrics_readable", "1 when this part could be read", "part", readable)]


class PlatformMetrics(Collector):
    """Reads when asked, at most every `KEPT_S`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._found: list[Metric] = []

    def describe(self) -> list[Metric]:
        """Nothing, so that registering does not read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        with self._lock:
            if time.monotonic() - self._read_at > KEPT_S:
                self._found = read_parts(Platform(load_settings()))
                self._read_at = time.monotonic()
            yield from self._found


def registry() -> CollectorRegistry:
    """A registry with the platform's figures."""
    found = CollectorRegistry()
    found.register(PlatformMetrics())
    return found


def exposition() -> str:
    """All figures as Prometheus reads them. Raises UserError for wrong settings."""
    _ = load_settings()
    return generate_latest(registry()).decode()
