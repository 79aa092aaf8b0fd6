"""Walking all pages of an endpoint, and telling whether the walk was complete.

Belongs here: both paging styles, repeated pages, comparison with `total`. Does not belong here: attempts and
errors of one call (`call.py`), the content of rows (`extract.py`), storage: who iterates stores each page
before the next is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mistwan_dagster.catalog.endpoint import Body, Endpoint, Paging, Scope, Shape
from mistwan_dagster.catalog.endpoints import PAGE_LIMIT
from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.call import Answer, Retry, Target, get
from mistwan_dagster.mist.errors import Unusable, Waiting
from mistwan_dagster.mist.quota import Purpose, Quota
from mistwan_dagster.mist.rows import TypedRow, row_decoder

if TYPE_CHECKING:
    from mistwan_dagster.mist.sdk_session import MistSession


WITH_WINDOW = (Shape.EVENTS, Shape.WINDOW)
WALKS = 2
ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
SUBJECTS = {Scope.ORG: "MIST_ORG_ID", Scope.SITE: "site", Scope.GATEWAY: "gateway of site"}
"""What a 403 or 404 is about, in words that name the setting where there is one."""


@dataclass(frozen=True)
class Page:
    """One page: its rows for `extract`, when it arrived, and the `total` it claims.

    Rows are TypedRows or, where one of them surprises, whatever was parsed (normally dicts).
    """

    rows: list[Any]
    received_at: datetime
    total: int | None


class Walk:
    """Iterator of the pages of one endpoint, which ends without an error only when all rows were told.

    A walk that reaches its last page with fewer keys than `total` is made once more, and both are pooled; when rows are
    missing even then, iterating ends with Unusable after the last page. A total may count repeated rows. Events keep
    their place, so as many rows as the total are all of them. Other rows are live documents, where one told twice may
    hide one that was skipped: there it takes a second walk that tells nothing new.
    """

    def __init__(self, endpoint: Endpoint, begin: Callable[[], Iterator[tuple[Page, list[int]]]]) -> None:
        self._endpoint, self._begin = endpoint, begin
        self._seen: set[int] = set()
        self._totals: list[int] = []
        self._pages = self._walked()

    def __iter__(self) -> Walk:
        return self

    def __next__(self) -> Page:
        return next(self._pages)

    @property
    def total(self) -> int | None:
        """The smaller of the first and the last page's claim, since rows come and go during a walk; None when none
        was made."""
        return min(self._totals, default=None)

    def _walked(self) -> Iterator[Page]:
        for _ in range(WALKS):
            known, rows = len(self._seen), 0
            self._totals = []
            for page, keys in self._begin():
                rows += len(page.rows)
                self._seen.update(keys)
                if page.total is not None:
                    self._totals = [*self._totals[:1], page.total]
                yield page
            total = self.total or 0
            in_place = self._endpoint.shape is Shape.EVENTS or 0 < known == len(self._seen)
            if len(self._seen) >= total or (in_place and rows >= total):
                return
        raise Unusable(
            f"{self._endpoint.name}: {total - len(self._seen)} of {total} rows were never told",
            endpoint=self._endpoint.name, status=200,
        )  # fmt: skip


def walk(
    session: MistSession,
    endpoint: Endpoint,
    *ids: str,
    quota: Quota,
    purpose: Purpose,
    start: datetime | None = None,
    end: datetime | None = None,
    retry: Retry | None = None,
) -> Walk:
    """All pages of an endpoint, one call a page, asked for only as the walk is iterated.

    `ids` fill the endpoint's path in its order: the org id, a site id, a site and a device id, or none.
    `start` and `end` (aware, both or none) bound what has a window and are sent as whole epoch seconds, `end`
    rounded up. Rows get the answer's `endpoint.envelope` where they have no such key themselves.
    A page that repeats an earlier one, as a second empty one does, is asked for again as often as a call that failed:
    in a walk of fifty pages one that is told wrongly twice is no rare thing. A walk that finds no call left is put off:
    the quota records it.
    Raises UserError (exit 2) for an id that cannot be one; while iterating `call.get`'s errors, and Unusable for a
    page that stays repeated, a `next` that leads elsewhere, or rows of the total that were never told.
    """
    retry = retry or Retry()
    ids = tuple(map(checked_org_id if endpoint.scope is Scope.ORG else _checked_id, ids))
    if (start is None) != (end is None) or (start is not None and endpoint.shape not in WITH_WINDOW):
        raise ValueError("start and end go together, and only with an endpoint that has a window")
    arguments: dict[str, Any] = dict(endpoint.arguments)
    if endpoint.paging is not Paging.NONE:
        arguments["limit"] = PAGE_LIMIT
    if start is not None and end is not None:
        arguments |= {"start": int(start.timestamp()), "end": -int(-end.timestamp() // 1)}
    arguments = {name: _sendable(value) for name, value in arguments.items()}
    operation = session.operation(endpoint.function)

    def first(page: int) -> Callable[[], Any]:
        paged = arguments if page == 1 else {**arguments, "page": page}
        return lambda: operation(session, *ids, **paged)

    decoder = row_decoder(endpoint)
    subject = " ".join([SUBJECTS.get(endpoint.scope, endpoint.name), *ids])

    def fetch(ask: Callable[[], Any], number: int) -> Answer:
        target = Target(endpoint.name, number, subject)
        with session.parsing(decoder.decode if decoder else None):
            try:
                return get(
                    session,
                    ask,
                    target,
                    quota=quota,
                    purpose=purpose,
                    accept=_ACCEPTED[endpoint.body],
                    retry=retry,
                )
            except Waiting as refusal:
                quota.defer(purpose, endpoint.name, refusal.reason)
                raise

    return Walk(endpoint, lambda: _pages(session, endpoint, fetch, first, retry.attempts))


def checked_org_id(org_id: str) -> str:
    """The org id without blanks around it. Raises UserError (exit 2) when a path could not carry it."""
    if not ID.fullmatch(org_id.strip()):
        raise UserError("MIST_ORG_ID is not an org id: a UUID is expected", exit_code=2)
    return org_id.strip()


def _checked_id(text: str) -> str:
    if not ID.fullmatch(text):
        raise UserError(f"{text!r} is not an id of a site or device: a UUID is expected", exit_code=2)
    return text


def _sendable(value: Any) -> Any:
    """The SDK drops false values, so that `up=False` would filter nothing: send them as words."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value)


def _has_rows(body: Any) -> bool:
    return isinstance(body, list) or (isinstance(body, dict) and isinstance(body.get("results"), list))


def _is_object(body: Any) -> bool:
    return isinstance(body, dict)


_ACCEPTED: dict[Body, Callable[[Any], bool]] = {
    Body.ROWS: _has_rows,
    Body.OBJECT: _is_object,
    Body.MAP: _is_object,
}


def _rows(endpoint: Endpoint, body: Any) -> list[Any]:
    """The rows of an accepted answer. An entry of a MAP that is no object is kept as it is, for quarantine."""
    if endpoint.body is Body.OBJECT:
        return [body]
    if endpoint.body is Body.MAP:
        name = endpoint.fields[0].name
        return [{**row, name: key} if isinstance(row, dict) else row for key, row in body.items()]
    if isinstance(body, list):
        return body
    told = {name: body.get(name) for name in endpoint.envelope}
    rows: list[Any] = body["results"]
    return [{**told, **row} if isinstance(row, dict) else row for row in rows] if told else rows


def _pages(
    session: MistSession,
    endpoint: Endpoint,
    fetch: Callable[[Callable[[], Any], int], Answer],
    first: Callable[[int], Callable[[], Any]],
    attempts: int,
) -> Iterator[tuple[Page, list[int]]]:
    asked: set[str] = set()
    pages_seen: set[int] = set()
    pages_at_all = endpoint.paging is not Paging.NONE
    number, rows_before, ask = 1, 0, first(1)
    while True:
        for attempt in range(1, attempts + 1):
            answer = fetch(ask, number)
            rows = _rows(endpoint, answer.body)
            keys = row_keys(endpoint, rows)
            mark = hash(tuple(keys))
            following = _next_uri(session, answer) if pages_at_all else None
            total = _told(answer, "total") if pages_at_all else None
            # An empty page with a `next` is the last one only where nothing is missing.
            whole = total is not None and (total == rows_before or 0 < total <= rows_before)
            ends = not rows and (following is None or whole)
            repeated = not ends and (mark in pages_seen or following in asked)
            if not repeated:
                break
            if attempt == attempts:
                raise Unusable(
                    f"{endpoint.name} page {number}: the cloud told an earlier page again, {attempts} times",
                    endpoint=endpoint.name, page=number, status=200,
                )  # fmt: skip
        pages_seen.add(mark)
        rows_before += len(rows)
        if following is not None:
            asked.add(following)
        more = not ends and (
            following is not None or _page_follows(endpoint, answer, number, len(rows), rows_before)
        )
        yield Page(rows, answer.received_at, total), keys
        if isinstance(following, _Astray) and more:
            raise Unusable(
                f"{endpoint.name} page {number}: `next` leads away from {session.base_url}",
                endpoint=endpoint.name, page=number, status=200,
            )  # fmt: skip
        if not more:
            return
        number += 1
        ask = _follow(session, following) if following is not None else first(number)


def _follow(session: MistSession, uri: str) -> Callable[[], Any]:
    return lambda: session.mist_get(uri)


def row_keys(endpoint: Endpoint, rows: list[Any]) -> list[int]:
    """Hash of each row's natural key (64 bits, of this process); of rows that are no objects, or hold some in
    a key, of the text. Numbers, because tens of thousands of tuples kept would set off full collections."""
    names = [f.source[0] for f in endpoint.fields if f.name in endpoint.key]
    try:
        if rows and isinstance(rows[0], TypedRow):
            return list(map(hash, map(attrgetter(*names), rows)))
        if len(names) == 1:
            return [hash(row.get(names[0])) for row in rows]
        return [hash(tuple([row.get(name) for name in names])) for row in rows]
    except (AttributeError, TypeError):
        return [
            hash(repr([row.get(name) for name in names]) if isinstance(row, dict) else repr(row))
            for row in rows
        ]


class _Astray(str):
    """A `next` that must not be followed. The page that told it is good; the walk ends after it."""


def _next_uri(session: MistSession, answer: Answer) -> str | None:
    """Path and query of `next`, verbatim. An absolute URL is followed only to the session's own origin."""
    following = answer.body.get("next") if isinstance(answer.body, dict) else None
    if following in (None, ""):
        return None
    if isinstance(following, str):
        if following.startswith(session.base_url + "/"):
            following = following[len(session.base_url) :]
        try:
            parts = urlsplit(following)
        except ValueError:  # `//[`
            return _Astray(following)
        if following.startswith("/") and not parts.scheme and not parts.netloc:
            return following
    return _Astray(following)


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _told(answer: Answer, name: str) -> int | None:
    """`total` or `limit`: from the body of an object answer, else from the X-Page headers."""
    if isinstance(answer.body, dict) and answer.body.get(name) is not None:
        return _number(answer.body[name])
    lower = {key.lower(): value for key, value in answer.headers.items()}
    return _number(lower.get(f"x-page-{name}"))


def _page_follows(endpoint: Endpoint, answer: Answer, number: int, rows: int, rows_so_far: int) -> bool:
    """Whether `limit`/`page` paging has another page. Without a total, or with one below the rows that were told:
    until a page comes short."""
    if endpoint.paging is not Paging.PAGE:
        return False
    total, told_limit = _told(answer, "total"), _told(answer, "limit")
    if total is None or total < rows_so_far:
        return rows >= (told_limit or PAGE_LIMIT)
    if told_limit:
        return told_limit * number < total
    return rows_so_far < total
