"""Queries and the two paging styles of the API.

Belongs here: limits, pages, cursors, time windows, error answers. Does not belong here: what is paged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
T = TypeVar("T")


class ApiError(Exception):
    """An error answer: status and `detail`."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.body, self.headers = status, {"detail": detail}, headers or {}


def limit_of(query: Mapping[str, str]) -> int:
    """`limit`, default 100, at most 1000; 400 when it is no number."""
    return min(_whole(query, "limit", DEFAULT_LIMIT), MAX_LIMIT)


def page_of(query: Mapping[str, str]) -> int:
    """`page`, from 1."""
    return max(_whole(query, "page", 1), 1)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdigit():
        raise ApiError(400, f"{name} must be a non-negative integer")
    return int(text)


def seconds(text: str) -> float:
    """`10m`, `1d`, `2w` or a number of seconds; ValueError otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw]?)", text)
    if not match:
        raise ValueError(text)
    return float(match[1]) * UNITS_S[match[2] or "s"]


def window(query: Mapping[str, str], now_s: float) -> tuple[float, float]:
    """(start, end) of start+end, end+duration or duration; default the last day. 400 on nonsense."""
    if query.get("start") and query.get("duration"):
        raise ApiError(400, "start and duration cannot be used together")
    try:
        end = _instant(query.get("end") or "now", now_s)
        length = seconds(query.get("duration") or "1d")
        start = _instant(query["start"], now_s) if query.get("start") else end - length
    except ValueError as error:
        raise ApiError(400, f"invalid time: {error}") from None
    if start > end:
        raise ApiError(400, "start must not be after end")
    return start, end


def _instant(text: str, now_s: float) -> float:
    if text == "now":
        return now_s
    return now_s - seconds(text[1:]) if text.startswith("-") else float(text)


@dataclass(frozen=True)
class Cursor:
    """Where a walk stands: the cloud's instant it began at, and the rows already given."""

    now_s: float
    offset: int

    def encode(self) -> str:
        """An opaque value like the cloud's own."""
        return msgspec.json.encode(
            [round(self.now_s * 1000), f"{self.offset:08x}-5c5b-4000-8000-{0:012x}"]
        ).decode()

    @staticmethod
    def decode(text: str) -> Cursor:
        """400 when it is none of ours."""
        try:
            millis, key = msgspec.json.decode(text, type=tuple[int, str])
            return Cursor(millis / 1000, int(key.partition("-")[0], 16))
        except (msgspec.MsgspecError, ValueError):
            raise ApiError(400, "invalid search_after") from None


def array_page(
    items: Sequence[T], query: Mapping[str, str], make: Callable[[T], Any], repeat: bool
) -> tuple[list[Any], dict[str, str]]:
    """A page of an array answer and its X-Page headers. `repeat` gives the page before instead."""
    limit, page = limit_of(query), page_of(query)
    if repeat and page > 1:
        page -= 1
    part = items[(page - 1) * limit : page * limit]
    headers = {"X-Page-Limit": str(limit), "X-Page-Page": str(page), "X-Page-Total": str(len(items))}
    return [make(item) for item in part], headers


def cursor_page(
    items: Sequence[T],
    path: str,
    query: Mapping[str, str],
    span: tuple[float, float],
    cursor: Cursor,
    make: Callable[[T], Any],
    repeat: bool,
) -> dict[str, Any]:
    """A page of an object answer; `next` is a relative path with the whole query, absent on the last page."""
    limit = limit_of(query)
    offset = max(cursor.offset - limit, 0) if repeat else cursor.offset
    start, end = span
    answer: dict[str, Any] = {
        "results": [make(item) for item in items[offset : offset + limit]],
        "total": len(items),
        "limit": limit,
        "start": start,
        "end": end,
    }
    if limit and offset + limit < len(items):
        rest = {k: v for k, v in query.items() if k != "duration"}
        rest |= {"start": repr(start), "end": repr(end), "limit": str(limit)}
        rest["search_after"] = Cursor(cursor.now_s, offset + limit).encode()
        answer["next"] = f"{path}?{urlencode(sorted(rest.items()))}"
    return answer
