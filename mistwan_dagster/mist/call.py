"""One GET: quota, bounded retry, and the judgement of what came back.

Belongs here: which answers are data, which deserve another attempt, and which error names the mend. Does not
belong here: paging (`pager.py`), rows (`extract.py`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NoReturn

import tenacity

from mistwan_dagster.mist.errors import (
    BadRequest,
    Forbidden,
    MistError,
    RateLimited,
    Refused,
    Unreachable,
    Unusable,
)
from mistwan_dagster.mist.quota import Purpose, Quota

if TYPE_CHECKING:
    from mistwan_dagster.mist.sdk_session import MistSession

DETAIL_LENGTH = 200
UNSTATED_BLOCK_S = 60
"""How long a 429 without a readable Retry-After stops all calls."""


@dataclass(frozen=True)
class Retry:
    """How often a failed attempt is repeated. Each attempt spends quota. `sleep` waits between them."""

    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Answer:
    """A 200 answer: parsed body, headers, and when its last byte had arrived (UTC)."""

    body: Any
    headers: dict[str, str]
    received_at: datetime


@dataclass(frozen=True)
class Target:
    """What is asked for, as error messages tell it. `subject` names what a 403 or 404 is about."""

    endpoint: str
    page: int = 1
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.endpoint} page {self.page}"


class _Transient(Exception):
    """An attempt that failed in a way that another may not."""

    def __init__(self, error: MistError) -> None:
        super().__init__(str(error))
        self.error = error


def get(
    session: MistSession,
    ask: Callable[[], Any],
    target: Target,
    *,
    quota: Quota,
    purpose: Purpose,
    accept: Callable[[Any], bool] = lambda body: isinstance(body, (dict, list)),
    retry: Retry | None = None,
) -> Answer:
    """Call `ask` (one SDK GET) until it brings a 200 with a JSON body that `accept` takes, at most
    `retry.attempts` times, with exponential, jittered waits.

    Repeated: no answer, time-out, 5xx, 408, a body that is not JSON or not acceptable. Not repeated: any
    other 4xx. A 429 blocks the quota for all processes and raises RateLimited at once, without a sleep.
    Raises Refused (401), Forbidden (403, 404), BadRequest (other 4xx), Unreachable, Unusable, RateLimited,
    QuotaExhausted.
    """
    retry = retry or Retry()
    attempts = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(retry.attempts),
        wait=tenacity.wait_exponential_jitter(initial=retry.first_wait_s, max=retry.longest_wait_s),
        retry=tenacity.retry_if_exception_type(_Transient),
        sleep=retry.sleep,
        reraise=True,
    )
    try:
        return attempts(_attempt, session, ask, target, quota, purpose, accept)
    except _Transient as failure:
        raise failure.error from None


def _attempt(
    session: MistSession,
    ask: Callable[[], Any],
    target: Target,
    quota: Quota,
    purpose: Purpose,
    accept: Callable[[Any], bool],
) -> Answer:
    quota.spend(purpose, target.endpoint)
    response = ask()
    received_at = quota.now()
    status = response.status_code
    if status is None:
        raise _Transient(_unreachable(session, target))
    if status == 429:
        _rate_limited(session, response, target, quota)
    detail = _detail(session, response)
    if status >= 500 or status == 408:
        raise _Transient(_failed(Unusable, f"{target}: status {status}: {detail}", target, status, detail))
    if status != 200:
        _rejected(session, target, status, detail)
    # The SDK turns a body that is no JSON into {} and keeps the text: an error page is not an empty answer.
    malformed = response.data == {} and response.raw_data.strip() != "{}"
    if malformed or not accept(response.data):
        words = "body is not JSON" if malformed else "body has an unexpected form"
        kind = (response.headers or {}).get("Content-Type", "no content type")
        hint = f"{target}: status 200, but the {words} ({kind})"
        if "html" in kind:
            hint += f"; is MIST_API_BASE_URL {session.base_url} an API host?"
        raise _Transient(_failed(Unusable, hint, target, status, detail))
    return Answer(response.data, dict(response.headers), received_at)


def _rejected(session: MistSession, target: Target, status: int, detail: str) -> NoReturn:
    if status == 401:
        message = f"MIST_API_TOKEN was refused by {session.base_url}: {detail} ({target}, status 401)"
        raise _failed(Refused, message, target, status, detail)
    if status in (403, 404):
        what = "not accessible to this token" if status == 403 else "not found"
        where = f"{target.subject or target.endpoint} {what} at {session.base_url}"
        message = f"{where}: {detail} ({target}, status {status})"
        raise _failed(Forbidden, message, target, status, detail)
    message = f"{target}: {session.base_url} answered status {status}: {detail}"
    raise _failed(BadRequest, message, target, status, detail)


def _rate_limited(session: MistSession, response: Any, target: Target, quota: Quota) -> NoReturn:
    now = quota.now()
    until = retry_after((response.headers or {}).get("Retry-After"), now)
    quota.block_until(until)
    detail = _detail(session, response)
    refused = f"{target}: {session.base_url} refuses calls of this token"
    raise RateLimited(
        f"{refused} until {until:%H:%M:%S} UTC (429: {detail})",
        until,
        endpoint=target.endpoint,
        page=target.page,
        status=429,
        detail=detail,
    )


def retry_after(header: str | None, now: datetime) -> datetime:
    """Instant that a Retry-After header means (seconds or an HTTP date); unreadable: a minute from now."""
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return now + timedelta(seconds=max(1, int(text)))
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        instant = now
    if instant.tzinfo is not None and instant > now:
        return instant
    return now + timedelta(seconds=UNSTATED_BLOCK_S)


def _unreachable(session: MistSession, target: Target) -> MistError:
    cause = session.failure()
    name, text = type(cause).__name__, session.redact(str(cause))
    if "SSL" in name or "SSL" in text:
        words = "TLS failed (a private CA goes into REQUESTS_CA_BUNDLE)"
    elif name == "TooManyRedirects":
        words = f"{text}, which is not followed"
    elif "ConnectTimeout" in name:
        words = "no connection in time"
    elif "Timeout" in name:
        words = "no complete answer in time"
    elif "NameResolution" in text:
        words = "its name does not resolve"
    elif "refused" in text:
        words = "connection refused"
    elif "Proxy" in name:
        words = "the proxy does not connect"
    else:
        words = "connection lost"
    message = f"cannot reach {session.base_url}: {words} ({target})"
    return _failed(Unreachable, message, target, None, _short(text))


def _detail(session: MistSession, response: Any) -> str:
    """The cloud's own words on an error, one line, without the token; for a page of HTML only its size."""
    if response.status_code == 200:
        return ""
    data = response.data
    text = data.get("detail") if isinstance(data, dict) else None
    if not isinstance(text, str) or not text:
        raw = response.raw_data.strip()
        text = "no detail given" if not raw or raw[0] in "<{[" else raw
    return _short(session.redact(text))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= DETAIL_LENGTH else line[:DETAIL_LENGTH] + "..."


def _failed(
    kind: type[MistError], message: str, target: Target, status: int | None, detail: str
) -> MistError:
    return kind(message, endpoint=target.endpoint, page=target.page, status=status, detail=detail)
