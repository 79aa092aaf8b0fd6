"""The first 14 days: hourly series of each circuit, asked for once, resumable, within the call budget.

Each circuit's answer is kept as a piece until its span is merged into day files; a stopped backfill skips the
pieces it finds. When the hour's budget is used up it waits for the next clock hour; the ledger records the circuits
that were put off. No Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, INSIGHT_RETENTION_HOURS
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import write_parquet
from mistwan_dagster.mist.errors import FATAL, MistError, QuotaExhausted, RateLimited
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.mist.series import Series, fetch_bandwidth, fetch_quality
from mistwan_dagster.orchestration.platform import Platform

WORKERS = 8

Progress = Callable[[str, int, int], None]
"""Called with what is fetched, how many circuits are done, and how many there are."""

progress: ContextVar[Progress] = ContextVar("progress", default=lambda _what, _done, _all: None)


@dataclass(frozen=True)
class HistoryReport:
    """What a backfill of one series brought."""

    circuits: int
    fetched: int
    bins: int
    failed: dict[str, str]
    notes: tuple[str, ...]
    """What was odd about answers, for example a model that the cloud does not serve."""
    put_off: int = 0
    """Circuits that were left for another time, as only the first ones were wanted."""


def gateway_id(mac: str) -> str:
    """The device id that Mist derives from a gateway's MAC."""
    return f"00000000-0000-0000-1000-{mac}"


def require_within_retention(start: datetime, now: datetime) -> None:
    """Raises UserError when the span begins before what the cloud keeps."""
    oldest = now - timedelta(hours=INSIGHT_RETENTION_HOURS)
    if start < oldest - timedelta(hours=1):
        raise UserError(
            f"the cloud keeps 14 days: history before {oldest:%Y-%m-%dT%H:%M}Z is gone, "
            f"and {start:%Y-%m-%dT%H:%M}Z was asked for",
            exit_code=2,
        )


def current_circuits(platform: Platform) -> pl.DataFrame:
    """Circuits that have a history to be asked for, ascending by id, so that those of a gateway stand together.

    Raises UserError before anything was collected.
    """
    circuits = platform.kpi.read("dim_circuit")
    if circuits is None:
        raise UserError("no circuits are known yet: run `mistwan collect` first")
    return circuits.filter(pl.col("is_current")).sort("circuit_id")


def collect_series(
    platform: Platform, endpoint: Endpoint, start: datetime, end: datetime, first: int | None = None
) -> HistoryReport:
    """Fetch [start, end) of a series for every current circuit, then merge the span into day files.

    A circuit that the cloud refuses is reported and does not stop the others; a wrong token or org does. The span
    counts as read when no circuit failed or was put off (`first`: so many are asked for, no more); until then the
    answers are kept, and only the rest is asked for again, also within a shorter span: what the cloud keeps moves on
    while a backfill is stopped.
    """
    circuits = current_circuits(platform)
    targets = circuits.head(circuits.height if first is None else first).to_dicts()
    put_off = circuits.height - len(targets)
    span, raw = (start, end), platform.raw
    begun = {span, *(s for s in raw.begun_spans(endpoint) if s[0] <= start and end <= s[1])}
    held = raw.circuits_held(endpoint, begun, [c["circuit_id"] for c in targets])
    todo = [c for c in targets if c["circuit_id"] not in held]
    failed: dict[str, str] = {}
    done = len(held)
    report = progress.get()
    report(endpoint.name, done, len(targets))

    notes: list[str] = []

    def fetch(circuit: dict[str, str]) -> None:
        series = _fetch_one(platform, endpoint, circuit, start, end)
        notes.extend(series.notes)
        write_parquet(series.frame, raw.piece_path(endpoint, span, circuit["circuit_id"]))

    queue = list(reversed(todo))
    running: dict[Future[None], dict[str, str]] = {}
    pause: QuotaExhausted | RateLimited | None = None
    with ThreadPoolExecutor(WORKERS) as pool:
        while queue or running:
            while pause is None and queue and len(running) < WORKERS:
                circuit = queue.pop()
                running[pool.submit(fetch, circuit)] = circuit
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                circuit = running.pop(future)
                problem = future.exception()
                if isinstance(problem, QuotaExhausted | RateLimited):
                    queue.append(circuit)
                    pause = problem
                    continue
                if problem is not None:
                    if not isinstance(problem, MistError) or isinstance(problem, FATAL):
                        queue.clear()
                        raise problem
                    failed[circuit["circuit_id"]] = str(problem)
                done += 1
                report(endpoint.name, done, len(targets))
            if pause is not None and not running:
                platform.quota.defer(Purpose.BACKFILL, endpoint.name, pause.reason, len(queue))
                sleep_until(pause.until, platform)
                pause = None
    for stranded in (s for s in raw.begun_spans(endpoint) if s[1] <= start):
        raw.merge_series(endpoint, stranded)
    is_whole = not failed and not put_off
    bins = sum(raw.merge_series(endpoint, s, keep_pieces=not is_whole) for s in sorted(begun))
    if is_whole:
        raw.add_coverage(endpoint, start, end)
    return HistoryReport(len(targets), len(todo) - len(failed), bins, failed, tuple(notes), put_off)


def _fetch_one(
    platform: Platform, endpoint: Endpoint, circuit: dict[str, str], start: datetime, end: datetime
) -> Series:
    fetch = fetch_bandwidth if endpoint is INSIGHT_BANDWIDTH else fetch_quality
    mac = circuit["device_mac"]
    return fetch(
        platform.session, platform.quota, circuit["site_id"], gateway_id(mac), mac,
        circuit["node"], circuit["port_id"], start, end,
    )  # fmt: skip


def sleep_until(instant: datetime, platform: Platform) -> None:
    """The budget turns with the clock hour; one second more, so that the new hour is certain."""
    time.sleep(max(1.0, (instant - platform.settings.now()).total_seconds() + 1))
