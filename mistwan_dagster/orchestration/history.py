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
from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, INSIGHT_RETENTION_HOURS, SERIES
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import write_parquet
from mistwan_dagster.lake.raw import HOUR, Span, floor_hour, is_within
from mistwan_dagster.mist.errors import FATAL, MistError, QuotaExhausted, RateLimited
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.mist.series import Series, fetch_bandwidth, fetch_quality
from mistwan_dagster.orchestration.platform import Platform

WORKERS = 8
LONGEST_WAIT = timedelta(hours=24)
"""So long a run of history may wait for calls."""

Progress = Callable[[str, int, int, datetime | None], None]
"""Called with what is fetched, how many of how many parts are done, and until when it waits for calls (None: it does
not)."""

progress: ContextVar[Progress] = ContextVar("progress", default=lambda _what, _done, _all, _until: None)


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
    """Circuits that were left for another time, where only the first ones were wanted."""


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


def still_told(endpoint: Endpoint, start: datetime, end: datetime, now: datetime) -> datetime:
    """The first hour of [start, end) that the cloud still tells.

    A run that waits for its calls loses hours in the meantime, up to LONGEST_WAIT of them: these are left out, and the
    one that is about to go. Asked for, they would be refused with all the others, and a refusal passes for a port
    without a history. Raises UserError when more is gone, or all.
    """
    oldest = floor_hour(now) - timedelta(hours=endpoint.history_hours)
    if start >= oldest:
        return start
    if end <= oldest + HOUR or start < oldest - LONGEST_WAIT:
        raise UserError(
            f"the cloud keeps {endpoint.history_hours // 24} days: history before {oldest:%Y-%m-%dT%H:%M}Z is gone, "
            f"and {start:%Y-%m-%dT%H:%M}Z was asked for",
            exit_code=2,
        )
    return oldest + HOUR


def all_that_is_told(platform: Platform) -> Span:
    """The last 14 days, without the hour that the cloud is about to forget.

    When a backfill was stopped within the last LONGEST_WAIT they end where that did: the answers that it left are of
    its span, and would be asked for again within any later one.
    """
    end = floor_hour(platform.settings.now())
    start = end - timedelta(hours=INSIGHT_RETENTION_HOURS - 1)
    begun = [span for endpoint in SERIES for span in platform.raw.begun_spans(endpoint)]
    ends = [b for a, b in begun if a <= start and end - LONGEST_WAIT <= b <= end]
    return start, max(ends, default=end)


def series_to_ask(platform: Platform, start: datetime, end: datetime) -> list[Endpoint]:
    """Series of which answers for [start, end) are to be asked for: all, but after a stop in the midst of one not those
    that were read to their end before it."""
    raw = platform.raw
    if not any(is_within(start, end, raw.begun_spans(endpoint)) for endpoint in SERIES):
        return list(SERIES)
    return [endpoint for endpoint in SERIES if not is_within(start, end, raw.coverage(endpoint))]


def circuits_held(platform: Platform, endpoint: Endpoint, start: datetime, end: datetime) -> set[str]:
    """Current circuits whose answer for the span is kept since a backfill was stopped."""
    ids = current_circuits(platform)["circuit_id"].to_list()
    return platform.raw.circuits_held(endpoint, _begun(platform, endpoint, start, end), ids)


def _begun(platform: Platform, endpoint: Endpoint, start: datetime, end: datetime) -> set[Span]:
    """The span itself, and those that were begun and hold all of it."""
    begun = platform.raw.begun_spans(endpoint)
    return {(start, end), *(span for span in begun if is_within(start, end, [span]))}


def collect_series(
    platform: Platform, endpoint: Endpoint, start: datetime, end: datetime, first: int | None = None
) -> HistoryReport:
    """Fetch [start, end) of a series for every current circuit, then merge the span into day files.

    A circuit that the cloud refuses is reported and does not stop the others; a wrong token or org does. The span
    counts as read when no circuit failed or was put off; until then the answers are kept, and only the rest is asked
    for again, also within a shorter span: what the cloud keeps moves on while a backfill is stopped.

    When the calls of the clock hour are spent it waits for the next. `first`: only so many circuits are asked for, and
    these only as long as there are calls; the others are put off.
    """
    if first is None and (reason := never_asked(platform)):
        raise UserError(reason, exit_code=2)
    circuits = current_circuits(platform)
    targets = circuits.head(circuits.height if first is None else first).to_dicts()
    span, raw = (start, end), platform.raw
    begun = _begun(platform, endpoint, start, end)
    held = raw.circuits_held(endpoint, begun, [c["circuit_id"] for c in targets])
    todo = [c for c in targets if c["circuit_id"] not in held]
    notes: list[str] = []

    def fetch(circuit: dict[str, str]) -> None:
        begin = still_told(endpoint, start, end, platform.settings.now())
        series = _fetch_one(platform, endpoint, circuit, begin, end)
        notes.extend(series.notes)
        write_parquet(series.frame, raw.piece_path(endpoint, span, circuit["circuit_id"]))

    def tell(done: int, until: datetime | None) -> None:
        progress.get()(endpoint.name, len(held) + done, len(targets), until)

    failed, unasked = _fetch_each(platform, endpoint, todo, fetch, tell, waits=first is None)
    for stranded in (s for s in raw.begun_spans(endpoint) if s[1] <= start):
        raw.drop_pieces(raw.merge_series(endpoint, stranded)[1])
    put_off = circuits.height - len(targets) + unasked
    is_whole = not failed and not put_off
    merged = [raw.merge_series(endpoint, s) for s in sorted(begun)]
    if is_whole:
        raw.add_coverage(endpoint, start, end)
        raw.drop_pieces([piece for _, pieces in merged for piece in pieces])
    fetched = len(todo) - len(failed) - unasked
    return HistoryReport(len(targets), fetched, sum(n for n, _ in merged), failed, tuple(notes), put_off)


def never_asked(platform: Platform) -> str:
    """Why no hour has a call for history, with the mend; empty when there are some."""
    ledger = platform.quota
    if ledger.limit(Purpose.BACKFILL) > 0:
        return ""
    return (
        f"no hour has calls for history: MISTWAN_LIVE_RESERVE ({ledger.live_reserve}) takes all "
        f"{ledger.limit(Purpose.LIVE)}, the least of MISTWAN_CALL_BUDGET and the cloud's limit: lower the reserve"
    )


def _fetch_each(
    platform: Platform,
    endpoint: Endpoint,
    circuits: list[dict[str, str]],
    fetch: Callable[[dict[str, str]], None],
    tell: Callable[[int, datetime | None], None],
    *,
    waits: bool,
) -> tuple[dict[str, str], int]:
    """Fetch circuits side by side, telling how many are done; returns reasons of those that failed, by id, and how many
    were not asked for, as no call was left and it is not to wait (`waits`) for the next clock hour."""
    failed: dict[str, str] = {}
    done = 0
    tell(done, None)
    queue = list(reversed(circuits))
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
                tell(done, None)
            if pause is not None and not running:
                platform.quota.defer(Purpose.BACKFILL, endpoint.name, pause.reason, len(queue))
                if not waits:
                    return failed, len(queue)
                tell(done, pause.until)
                sleep_until(pause.until, platform)
                pause = None
    return failed, 0


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
