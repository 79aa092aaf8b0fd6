"""Which partitions have to be computed: those whose inputs are not the ones they were computed from.

A partition's fingerprint is taken over the files that feed it. It is recorded after the partition was computed,
loaded and published, so that a kill at any instant leaves it stale and the next run repeats it. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mistwan_dagster.catalog.cloud_endpoints import API_USAGE, WAN_CLIENTS
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PATH_STATS,
    PORT_STATS,
)
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_EVENTS
from mistwan_dagster.catalog.sle_endpoints import SITES_SLE, SLE_CLASSIFIER_TREND, SLE_TREND, WORST_SITES_SLE
from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, FACT_CIRCUIT_HOUR, ROLLING_PAIRS
from mistwan_dagster.kpi.calendar import Period, period_end, period_start
from mistwan_dagster.kpi.congestion import history_start
from mistwan_dagster.kpi.rolling import ROLLING_MONTHS, rolling_start
from mistwan_dagster.kpi.windows import WINDOW_HOURS
from mistwan_dagster.lake.day_files import Piece
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.lake.kpi import fingerprint
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.alarms import DAY, alarm_days, alarm_files, day_label, observed_minutes
from mistwan_dagster.orchestration.episodes import episodes_of_period
from mistwan_dagster.orchestration.hourly import EVENT_REACH, LIVE_EVENT_REACH, MARGIN
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranked_periods import latest_stretches

LONGEST_WINDOW = max(WINDOW_HOURS)
ABSENT = "absent"


@dataclass(frozen=True)
class Stage:
    """One stage of the aggregation: how its partitions are labelled, listed and fed."""

    name: str
    label: Callable[[datetime], str]
    candidates: Callable[[Platform], Iterable[datetime]]
    """Starts of the partitions that can be computed from what is there."""
    inputs: Callable[[Platform, datetime, datetime], Iterable[Path | Piece]]
    """What feeds a partition, given the span that it looks at."""
    end: Callable[[datetime], datetime]
    looks_back_to: Callable[[Platform, datetime], datetime] = lambda _platform, start: start
    """Where the span that a partition looks at begins; it ends with the partition."""
    context: Callable[[Platform, datetime], str] = lambda _platform, _start: ""
    """What else a partition depends on, as text: thresholds, settings, episodes."""

    def fingerprint(self, platform: Platform, start: datetime) -> str:
        """Digest of what the partition that begins at `start` would be computed from now."""
        found = self.inputs(platform, self.looks_back_to(platform, start), self.end(start))
        return fingerprint(found, self.context(platform, start))

    def stale(self, platform: Platform) -> list[datetime]:
        """Starts of the partitions that have inputs and are not computed from them, ascending."""
        known = platform.kpi.stamps(self.name)
        with platform.kpi.listed_once():
            return [
                start
                for start in sorted(set(self.candidates(platform)))
                if known.get(self.label(start), ABSENT) != self.fingerprint(platform, start)
            ]

    def due(self, platform: Platform, start: datetime, end: datetime) -> list[datetime]:
        """Starts of the partitions to renew for [start, end): those in it, and stale ones that look back on it."""
        inside = {s for s in self.candidates(platform) if s < end and self.end(s) > start}
        reach = self.looks_back_to
        looking = (s for s in self.stale(platform) if reach(platform, s) < end and self.end(s) > start)
        return sorted(inside.union(looking))

    def begin(self, platform: Platform, run_id: str, start: datetime, end: datetime) -> None:
        """Take the fingerprints of [start, end) before a run reads the inputs; the first taking of a run counts.

        Without this order an input that arrives while the run works would be taken for computed.
        """
        with platform.kpi.listed_once():
            while start < end:
                digest = self.fingerprint(platform, start)
                platform.kpi.note_pending(run_id, self.name, self.label(start), digest)
                start = self.end(start)


def observed_hours(platform: Platform) -> set[datetime]:
    """Complete hours for which anything was collected: snapshots or history bins.

    An hour whose evidence reaches back behind what retention has left keeps the figures that it has.
    """
    now, raw = platform.settings.now(), platform.raw
    hours = set(raw.partition_hours(PORT_STATS)) | set(raw.partition_hours(PATH_STATS))
    hours = {hour for hour in hours if hour - LIVE_EVENT_REACH >= raw.horizon.start}
    for day in raw.series_days(INSIGHT_BANDWIDTH) | raw.series_days(INSIGHT_QUALITY):
        found = raw.series_hours(INSIGHT_BANDWIDTH, day) | raw.series_hours(INSIGHT_QUALITY, day)
        hours |= {hour for hour in found if hour - EVENT_REACH >= raw.horizon.start}
    return {hour for hour in hours if hour + HOUR <= now}


def _hour_inputs(platform: Platform, start: datetime, end: datetime) -> Iterator[Path | Piece]:
    raw = platform.raw
    for endpoint in (PORT_STATS, PATH_STATS, DEVICE_STATS):
        yield from (piece for _, piece in raw.slot_pieces(endpoint, start - MARGIN, end + MARGIN))
    for endpoint in (DEVICE_EVENTS, SITE_DEVICE_EVENTS):
        yield from (piece for _, piece in raw.event_pieces(endpoint, start - HOUR, end))
    for endpoint in (WAN_CLIENTS, API_USAGE):
        yield from (piece for _, piece in raw.slot_pieces(endpoint, start, end))
    for endpoint in (INSIGHT_BANDWIDTH, INSIGHT_QUALITY):
        bins = raw.series_folder(endpoint, start.date()) / "bins.parquet"
        if bins.exists():
            yield bins


def fact_hours(platform: Platform) -> list[datetime]:
    """Hours with computed or imported facts that retention has left, ascending."""
    hours = (datetime.fromisoformat(f"{x}:00:00+00:00") for x in platform.kpi.labels(FACT_CIRCUIT_HOUR.name))
    return [hour for hour in hours if hour >= platform.kpi.horizon.start]


def _window_start(hour: datetime) -> datetime:
    return hour + HOUR - timedelta(hours=LONGEST_WINDOW)


def _windows(platform: Platform) -> Iterable[datetime]:
    """Hours whose windows lie wholly in what retention has left."""
    return (hour for hour in fact_hours(platform) if _window_start(hour) >= platform.kpi.horizon.start)


def _periods(platform: Platform, period: Period) -> set[datetime]:
    """Periods with facts that lie wholly in what retention has left."""
    starts = {period_start(hour, period) for hour in fact_hours(platform)}
    return {start for start in starts if start >= platform.kpi.horizon.start}


def _facts_between(platform: Platform, start: datetime, end: datetime) -> list[Piece]:
    facts = platform.kpi.pieces(FACT_CIRCUIT_HOUR.name)
    labels = map(hour_label, hours_between(start, end))
    return [facts[label] for label in labels if label in facts]


def _levels_by(end: Callable[[datetime], datetime]) -> Callable[[Platform, datetime], str]:
    """The thresholds that had begun by the end of a partition: one that begins later makes no older hour stale."""

    def levels(platform: Platform, start: datetime) -> str:
        return repr(platform.thresholds.begun((end(start) - timedelta(microseconds=1)).date()))

    return levels


def _next_hour(hour: datetime) -> datetime:
    return hour + HOUR


def _next_day(day: datetime) -> datetime:
    return day + DAY


def _next_month(month: datetime) -> datetime:
    return period_end(month, "month")


HOURLY = Stage("hourly", hour_label, observed_hours, _hour_inputs, _next_hour, context=_levels_by(_next_hour))
ALARM_DAYS = Stage(
    "alarms",
    day_label,
    alarm_days,
    lambda p, day, _: alarm_files(p, day),
    _next_day,
    context=lambda p, day: str(observed_minutes(p, day)["observed_minutes"].to_list()),
)
"""Includes the current day."""
SLE_BY_HOUR = (SITES_SLE, WORST_SITES_SLE, SLE_TREND, SLE_CLASSIFIER_TREND)
SLE = Stage(
    "sle",
    hour_label,
    lambda p: {h for e in SLE_BY_HOUR for h in p.raw.partition_hours(e) if h + HOUR <= p.settings.now()},
    lambda p, hour, _: (piece for e in SLE_BY_HOUR for piece in p.raw.pieces(e, hour)),
    _next_hour,
)
WINDOWS = Stage(
    "windows",
    hour_label,
    _windows,
    _facts_between,
    _next_hour,
    lambda _, hour: _window_start(hour),
    _levels_by(_next_hour),
)


def _period_stage(name: str, period: Period) -> Stage:
    def end(start: datetime) -> datetime:
        return period_end(start, period)

    levels = _levels_by(end)

    def context(platform: Platform, start: datetime) -> str:
        episodes = episodes_of_period(platform, period, start)
        return f"{levels(platform, start)}{platform.period_configuration(period)}{episodes}"

    return Stage(name, day_label, lambda p: _periods(p, period), _facts_between, end, context=context)


PERIOD_STAGES: dict[Period, Stage] = {
    "day": _period_stage("daily", "day"),
    "week": _period_stage("weekly", "week"),
    "month": _period_stage("monthly", "month"),
}


def _that_look_back_on(
    platform: Platform, period: Period, after: Callable[[datetime], datetime], count: int
) -> set[datetime]:
    """Periods with figures and the `count` - 1 after each that look back on it.

    Those that began before what retention has left keep their figures: the periods that feed them do not change.
    """
    found = set()
    for start in platform.kpi.period_starts(AGG_CIRCUIT_PERIOD.name, period):
        for _ in range(count):
            found.add(start)
            start = after(start)
    return {start for start in found if start >= platform.kpi.horizon.start}


def _rolling_months(platform: Platform) -> list[datetime]:
    """Months with figures and the twelve after each, up to the present one."""
    months = _that_look_back_on(platform, "month", _next_month, ROLLING_MONTHS)
    return [month for month in months if month <= platform.settings.now()]


def _months_between(platform: Platform, start: datetime, end: datetime) -> Iterator[Piece]:
    for months, _ in ROLLING_PAIRS:
        yield from platform.kpi.period_pieces(months.name, "month", start, end)


def _chronic_days(platform: Platform) -> list[datetime]:
    """Whole days that have figures or look back on a day that has."""
    days = _that_look_back_on(platform, "day", _next_day, platform.chronic_rule.window_days)
    return [day for day in days if _next_day(day) <= platform.settings.now()]


def _latest_inputs(platform: Platform, start: datetime, end: datetime) -> Iterator[Path | Piece]:
    yield from _facts_between(platform, start, end)
    yield from dict.fromkeys(stretch.path for stretch in latest_stretches(platform))


ROLLING = Stage(
    "rolling",
    day_label,
    _rolling_months,
    _months_between,
    _next_month,
    lambda _, month: rolling_start(_next_month(month)),
)
CHRONIC = Stage(
    "chronic",
    day_label,
    _chronic_days,
    lambda p, start, end: p.kpi.period_pieces(AGG_CIRCUIT_PERIOD.name, "day", start, end),
    _next_day,
    lambda p, day: _next_day(day) - DAY * p.chronic_rule.window_days,
    lambda p, _: repr(p.chronic_rule),
)
LATEST = Stage(
    "latest",
    hour_label,
    lambda p: fact_hours(p)[-1:],
    _latest_inputs,
    _next_hour,
    lambda _, hour: history_start(hour),
    _levels_by(_next_hour),
)
"""Reports of the present: only the latest hour with facts has a partition to compute."""

STAGES: dict[str, Stage] = {
    s.name: s for s in (HOURLY, ALARM_DAYS, SLE, WINDOWS, *PERIOD_STAGES.values(), ROLLING, CHRONIC, LATEST)
}
"""In the order in which they feed each other."""


def ranges(
    starts: list[datetime], end_of: Callable[[datetime], datetime], most: int
) -> list[tuple[datetime, datetime]]:
    """Join partitions that touch into half-open ranges of at most `most` partitions."""
    joined: list[tuple[datetime, datetime, int]] = []
    for start in starts:
        if joined and joined[-1][1] == start and joined[-1][2] < most:
            begin, _, count = joined[-1]
            joined[-1] = (begin, end_of(start), count + 1)
        else:
            joined.append((start, end_of(start), 1))
    return [(start, end) for start, end, _ in joined]
