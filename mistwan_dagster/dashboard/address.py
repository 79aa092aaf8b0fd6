"""What a page's URL says: time range, time zone, number of rows, region; and links that keep it.

Belongs here: reading and writing query strings. A value that cannot be read falls back to its default, so that an
old or mistyped link still opens. Does not belong here: routing, queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

RangeName = Literal["3h", "12h", "24h", "day", "week", "month", "13m", "own"]
ZoneName = Literal["utc", "mine", "site"]
RANGES: dict[RangeName, str] = {
    "3h": "3 h", "12h": "12 h", "24h": "24 h", "day": "Day", "week": "Week", "month": "Month", "13m": "13 months",
}  # fmt: skip
"""The ranges with a name; `own` has two dates instead."""
HOURS = {"3h": 3, "12h": 12, "24h": 24}
ROW_COUNTS = (5, 10, 25, 50, 100)
LONGEST_HOURLY_DAYS = 35
"""Longer ranges are shown by day, from `agg_circuit_period`."""
LONGEST_OWN_DAYS = 1100


@dataclass(frozen=True)
class Address:
    """The filters of a page."""

    range: RangeName = "24h"
    start: date | None = None
    end: date | None = None
    zone: ZoneName = "utc"
    rows: int = 10
    region: str | None = None
    by: str | None = None
    """What a ranking is by, where a page has one."""

    @classmethod
    def read(cls, query: Mapping[str, object]) -> Address:
        """From the parsed query string."""
        start, end = _date(query.get("from")), _date(query.get("to"))
        name = query.get("range")
        if name == "own" and not _is_range(start, end):
            name = None
        zone = query.get("tz")
        rows = str(query.get("n", ""))
        return cls(
            range=name if name in get_args(RangeName) else "24h",  # type: ignore[arg-type]
            start=start,
            end=end,
            zone=zone if zone in get_args(ZoneName) else "utc",  # type: ignore[arg-type]
            rows=min(int(rows[:9]), 1000) if rows.isascii() and rows.isdigit() and int(rows[:9]) > 0 else 10,
            region=str(query["region"]) if query.get("region") else None,
            by=str(query["by"]) if query.get("by") else None,
        )

    def to(self, path: str, **changes: object) -> str:
        """A link to `path` that keeps these filters but for `changes`."""
        own = self.range == "own" and "range" not in changes
        told: dict[str, object] = {
            "range": self.range if self.range != "24h" else None,
            "from": self.start if own else None,
            "to": self.end if own else None,
            "tz": self.zone if self.zone != "utc" else None,
            "n": self.rows if self.rows != 10 else None,
            "region": self.region,
            "by": self.by,
        }
        told |= changes
        query = urlencode({k: str(v) for k, v in told.items() if v is not None and v != ""})
        return f"{path}?{query}" if query else path

    def span(self, newest: datetime) -> tuple[datetime, datetime]:
        """[start, end), naive UTC as in the warehouse. `newest` is the end of the newest computed hour.

        Hours end at `newest`. Day, week (ISO) and month are the UTC calendar periods that hold the newest hour,
        as in the period tables; 13 months back from 1 Feb 2025 begin on 1 Jan 2024. Own dates are UTC days.
        """
        if self.range in HOURS:
            return newest - timedelta(hours=HOURS[self.range]), newest
        last = newest - timedelta(hours=1)
        midnight = last.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.range == "day":
            return midnight, newest
        if self.range == "week":
            return midnight - timedelta(days=midnight.weekday()), newest
        if self.range == "month":
            return midnight.replace(day=1), newest
        if self.range == "13m":
            month = newest.year * 12 + newest.month - 1 - 13
            return datetime(month // 12, month % 12 + 1, 1), newest
        assert self.start is not None
        assert self.end is not None
        return datetime.combine(self.start, time()), datetime.combine(self.end, time()) + timedelta(days=1)

    def is_daily(self, newest: datetime) -> bool:
        """Whether the range is so long that days are shown instead of hours."""
        start, end = self.span(newest)
        return end - start > timedelta(days=LONGEST_HOURLY_DAYS)


def _is_range(start: date | None, end: date | None) -> bool:
    """Whether these are days that a page can show; a range of millennia would only cost memory."""
    if start is None or end is None:
        return False
    return 0 <= (end - start).days <= LONGEST_OWN_DAYS and start.year >= 2000 and end.year < 2200


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def zone_of(address: Address, browser: str | None, site: str | None) -> ZoneInfo:
    """The time zone to show times in; UTC when the wanted one is not known."""
    wanted = {"utc": "UTC", "mine": browser, "site": site}[address.zone]
    try:
        return ZoneInfo(wanted or "UTC")
    except (ValueError, OSError, LookupError):
        return ZoneInfo("UTC")


def site_path(site_id: str) -> str:
    """Path of a site's page."""
    return f"/site/{quote(site_id, safe='')}"


def sle_path(site_id: str) -> str:
    """Path of a site's page of service levels and overlay paths."""
    return f"/service/{quote(site_id, safe='')}"


def circuit_path(circuit_id: str) -> str:
    """Path of a circuit's page; port ids hold slashes, which a path must not."""
    return f"/circuit/{quote(circuit_id, safe='')}"


def region_path(region: str) -> str:
    """Path of a region's page."""
    return f"/region/{quote(region, safe='')}"
