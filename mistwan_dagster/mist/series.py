"""Hourly history of one port: what the cloud still tells of the last 14 days.

Belongs here: the insight series, their bins and their older forms. Does not belong here: which ports and
spans to ask for, and what a rate means for a KPI.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, INSIGHT_QUALITY
from mistwan_dagster.mist.call import Answer, Retry, Target, get
from mistwan_dagster.mist.errors import BadRequest, Forbidden
from mistwan_dagster.mist.quota import Purpose, Quota

if TYPE_CHECKING:
    from mistwan_dagster.mist.sdk_session import MistSession

HOUR_S = 3600
BIN_LIMIT = 400
"""Bins asked for in one call: 14 days are 336, the API's own default is 100."""
UNITS_S = {"s": 1, "m": 60, "h": HOUR_S, "d": 24 * HOUR_S}
BANDWIDTH_FIELDS = ("rx_bps", "tx_bps", "max_rx_bps", "max_tx_bps")
QUALITY_FIELDS = ("avg_latency", "avg_jitter", "avg_loss")


@dataclass(frozen=True)
class Series:
    """Bins of one port in the endpoint's columns, and what was odd about the answers (empty: nothing)."""

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Port:
    mac: str
    node: str | None
    port_id: str
    start: datetime
    end: datetime


def fetch_bandwidth(
    session: MistSession,
    quota: Quota,
    site_id: str,
    device_id: str,
    mac: str,
    node: str | None,
    port_id: str,
    start: datetime,
    end: datetime,
    *,
    purpose: Purpose = Purpose.BACKFILL,
    retry: Retry | None = None,
) -> Series:
    """Hourly rates (bits/s) of a gateway port whose bins begin in [start, end), INSIGHT_BANDWIDTH's columns.

    One call, and another for each stretch that an answer cut short. A null rate stays null; a bin of nothing
    but nulls has no row. A model or port that the cloud does not serve (400, 404) gives no rows and a note.
    Raises `call.get`'s other errors.
    """
    operation = session.operation(INSIGHT_BANDWIDTH.function)

    def ask(span: dict[str, Any]) -> Any:
        return operation(session, site_id, device_id, port_id=port_id, **INSIGHT_BANDWIDTH.arguments, **span)

    port = _Port(mac, node, port_id, start, end)
    return _fetch(session, INSIGHT_BANDWIDTH, BANDWIDTH_FIELDS, ask, port, quota, purpose, retry)


def fetch_quality(
    session: MistSession,
    quota: Quota,
    site_id: str,
    device_id: str,
    mac: str,
    node: str | None,
    port_id: str,
    start: datetime,
    end: datetime,
    *,
    purpose: Purpose = Purpose.BACKFILL,
    retry: Retry | None = None,
) -> Series:
    """Hourly mean latency (ms), jitter (ms) and loss (percent) of a port, INSIGHT_QUALITY's columns.

    Like `fetch_bandwidth`, but the cloud knows these by MAC: `device_id` is not used. A port that is not
    probed has no rows.
    """
    del device_id
    operation = session.operation(INSIGHT_QUALITY.function)

    def ask(span: dict[str, Any]) -> Any:
        arguments = {**INSIGHT_QUALITY.arguments, "device_mac": mac, "port_id": port_id, **span}
        return operation(session, site_id, **arguments)

    port = _Port(mac, node, port_id, start, end)
    return _fetch(session, INSIGHT_QUALITY, QUALITY_FIELDS, ask, port, quota, purpose, retry)


def _fetch(
    session: MistSession,
    endpoint: Endpoint,
    fields: tuple[str, ...],
    ask: Callable[[dict[str, Any]], Any],
    port: _Port,
    quota: Quota,
    purpose: Purpose,
    retry: Retry | None,
) -> Series:
    subject = f"{endpoint.name} of {port.mac} {port.port_id}"
    frames: list[pl.DataFrame] = []
    notes: list[str] = []
    spans, page = [(_epoch(port.start), _epoch(port.end))], 0
    while spans:
        start, end = spans.pop()
        page += 1
        arguments = {"start": start, "end": end, "interval": "1h", "limit": BIN_LIMIT}
        try:
            answer = get(
                session, lambda arguments=arguments: ask(arguments),  # type: ignore[misc]
                Target(endpoint.name, page, subject),
                quota=quota, purpose=purpose, accept=lambda body: isinstance(body, dict), retry=retry,
            )  # fmt: skip
        except (BadRequest, Forbidden) as error:
            if error.status not in (400, 404):
                raise
            notes.append(f"{subject}: not served ({error.status}: {error.detail})")
            break
        bins = parse_bins(answer.body, fields, notes, subject)
        frames.append(_frame(endpoint, bins, port, answer))
        spans += _missing(answer.body, bins, start, end)
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=endpoint.schema)
    frame = frame.unique("bin_start", keep="last").sort("bin_start")
    return Series(frame, tuple(notes))


@dataclass(frozen=True)
class Bins:
    """Series aligned on instants (epoch seconds), each bin `interval_s` long."""

    starts: list[float]
    interval_s: int
    values: dict[str, list[float | None]]


def parse_bins(body: dict[str, Any], fields: tuple[str, ...], notes: list[str], subject: str) -> Bins:
    """Bins as the answer itself names them: `rt` when told, else `start + i * interval`.

    Series lie at the top level, in older answers under the metric's name. A value that is no finite number is
    null. What cannot be placed in time is left out and noted.
    """
    holder = _series_holder(body, fields)
    values = {name: _numbers(holder.get(name)) for name in fields}
    length = max(map(len, values.values()))
    interval = interval_seconds(holder.get("interval", body.get("interval")))
    starts = _instants(holder.get("rt", body.get("rt")))
    if len(starts) < length:
        first = epoch_seconds(holder.get("start", body.get("start")))
        if length and (first is None or not interval):
            notes.append(f"{subject}: an answer without `start` or `interval` was left out")
            return Bins([], HOUR_S, {name: [] for name in fields})
        starts = [first + i * interval for i in range(length)] if first is not None and interval else []
    if not interval:
        steps = [int(b - a) for a, b in itertools.pairwise(starts) if b - a >= 1]
        interval = min(steps, default=HOUR_S)
    padded = {name: series + [None] * (len(starts) - len(series)) for name, series in values.items()}
    return _hourly(Bins(starts, interval, padded), notes, subject)


def _hourly(bins: Bins, notes: list[str], subject: str) -> Bins:
    """Bins of an hour. Finer ones are pooled where all of an hour are there: means by mean, maxima by
    maximum; an hour with a gap is null. Coarser ones cannot be split and are left out."""
    if bins.interval_s == HOUR_S:
        return bins
    notes.append(f"{subject}: bins of {bins.interval_s} s where 3600 were asked for")
    if bins.interval_s > HOUR_S or HOUR_S % bins.interval_s:
        return Bins([], HOUR_S, {name: [] for name in bins.values})
    hours = sorted({start // HOUR_S * HOUR_S for start in bins.starts})
    values: dict[str, list[float | None]] = {}
    for name, series in bins.values.items():
        members: dict[float, list[float]] = {hour: [] for hour in hours}
        for start, value in zip(bins.starts, series, strict=False):
            if value is not None:
                members[start // HOUR_S * HOUR_S].append(value)
        pool = max if name.startswith("max_") else _mean
        whole = HOUR_S // bins.interval_s
        values[name] = [pool(m) if len(m) == whole else None for m in members.values()]
    return Bins(hours, HOUR_S, values)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _frame(endpoint: Endpoint, bins: Bins, port: _Port, answer: Answer) -> pl.DataFrame:
    """Rows of bins that begin in the span and hold at least one value."""
    held = [
        (instant, *values)
        for instant, *values in zip(map(_instant, bins.starts), *bins.values.values(), strict=False)
        if port.start <= instant < port.end and any(value is not None for value in values)
    ]
    told = dict(zip(("bin_start", *bins.values), zip(*held, strict=True), strict=True)) if held else {}
    same = {"mac": port.mac, "node": port.node or None, "port_id": port.port_id, "extra": None,
            "received_at": answer.received_at}  # fmt: skip
    data = {name: told.get(name, [same.get(name)] * len(held)) for name in endpoint.schema}
    return pl.DataFrame(data, schema=endpoint.schema)


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _missing(body: dict[str, Any], bins: Bins, start: int, end: int) -> list[tuple[int, int]]:
    """Stretches (epoch seconds) before and after the bins of an answer that stopped at its own `limit`.

    An answer below its limit is whole: the cloud keeps no more. So is one that brought nothing of its span.
    """
    limit = body.get("limit")
    cut = type(limit) is int and len(bins.starts) >= limit
    if not bins.starts or not (cut or limit is None):
        return []
    first, reached = int(bins.starts[0]), int(bins.starts[-1]) + bins.interval_s
    after = [(reached, end)] if start < reached < end else []
    before = [(start, first)] if cut and start < first < end else []
    return [*before, *after]


def _series_holder(body: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    if any(isinstance(body.get(name), list) for name in fields):
        return body
    for value in body.values():
        if isinstance(value, dict) and any(isinstance(value.get(name), list) for name in fields):
            return value
    return body


def _numbers(series: Any) -> list[float | None]:
    if not isinstance(series, list):
        return []
    return [
        float(v) if type(v) in (int, float) and abs(v) < 1e300 and math.isfinite(v) else None for v in series
    ]


def _instants(values: Any) -> list[float]:
    instants = [epoch_seconds(value) for value in values] if isinstance(values, list) else []
    return [] if None in instants else [i for i in instants if i is not None]


def epoch_seconds(value: Any) -> float | None:
    """Epoch seconds of an epoch number or an ISO 8601 text (UTC when it names no zone)."""
    if type(value) in (int, float):
        return float(value) if 0 < value < 1e11 else None
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    seconds = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds > 0 else None


def interval_seconds(value: Any) -> int:
    """Seconds of `3600`, `"3600"` or `"1h"`; 0 when unreadable."""
    if type(value) in (int, float):
        return int(value) if 0 < value < 1e9 else 0
    told = re.fullmatch(r"\s*([0-9]{1,9})([smhd]?)\s*", value) if isinstance(value, str) else None
    return int(told[1]) * UNITS_S[told[2] or "s"] if told else 0


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())
