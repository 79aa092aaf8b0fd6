"""Which partitions have to be computed: those whose inputs are not the ones they were computed from.

A partition's fingerprint is taken over the files that feed it. It is recorded after the partition was computed,
loaded and published, so that a kill at any instant leaves it stale and the next run repeats it. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PATH_STATS,
    PORT_STATS,
)
from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, FACT_CIRCUIT_HOUR, ROLLING_PAIRS
from mistwan_dagster.kpi.calendar import Period, period_end, period_start
from mistwan_dagster.kpi.chronic import DAY
from mistwan_dagster.kpi.congestion import history_start
from mistwan_dagster.kpi.rolling import ROLLING_MONTHS, rolling_start
from mistwan_dagster.kpi.windows import WINDOW_HOURS
from mistwan_dagster.lake.files import hour_label, visible
from mistwan_dagster.lake.kpi import fingerprint
from mistwan_dagster.lake.raw import HOUR, hours_between
from mistwan_dagster.orchestration.hourly import MARGIN
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranked import latest_stretches

LONGEST_WINDOW = max(WINDOW_HOURS)
ABSENT = "absent"


@dataclass(frozen=True)
class Stage:
    """One stage of the aggregation: how its partitions are labelled, listed and fed.

    A partition looks at the span from `first` of its start to its end; `inputs` are the files of that span.
    `configuration` is the part of the settings that it depends on.
    """

    name: str
    label: Callable[[datetime], str]
    candidates: Callable[[Platform], Iterable[datetime]]
    inputs: Callable[[Platform, datetime, datetime], Iterable[Path]]
    end: Callable[[datetime], datetime]
    first: Callable[[Platform, datetime], datetime] = lambda _platform, start: start
    configuration: Callable[[Platform, datetime], str] = lambda _platform, _start: ""

    def fingerprint(self, platform: Platform, start: datetime) -> str:
        """Digest of what the partition that begins at `start` would be computed from now."""
        files = self.inputs(platform, self.first(platform, start), self.end(start))
        return fingerprint(files, self.configuration(platform, start))

    def stale(self, platform: Platform) -> list[datetime]:
        """Starts of the partitions that have inputs and are not computed from them, ascending."""
        known = platform.kpi.stamps(self.name)
        return [
            start
            for start in sorted(set(self.candidates(platform)))
            if known.get(self.label(start), ABSENT) != self.fingerprint(platform, start)
        ]

    def due(self, platform: Platform, start: datetime, end: datetime) -> list[datetime]:
        """Starts of the partitions to renew for [start, end): those in it, and stale ones that look back on it."""
        inside = {s for s in self.candidates(platform) if s < end and self.end(s) > start}
        looking = (s for s in self.stale(platform) if self.first(platform, s) < end and self.end(s) > start)
        return sorted(inside.union(looking))

    def begin(self, platform: Platform, run_id: str, start: datetime, end: datetime) -> None:
        """Take the fingerprints of [start, end) before a run reads the inputs; the first taking of a run counts.

        Without this order an input that arrives while the run works would be taken for computed.
        """
        while start < end:
            platform.kpi.note_pending(run_id, self.name, self.label(start), self.fingerprint(platform, start))
            start = self.end(start)


def observed_hours(platform: Platform) -> set[datetime]:
    """Complete hours for which anything was collected: snapshots or history bins."""
    now = platform.settings.now()
    hours = set(platform.raw.partition_hours(PORT_STATS)) | set(platform.raw.partition_hours(PATH_STATS))
    for day in platform.raw.series_days(INSIGHT_BANDWIDTH) | platform.raw.series_days(INSIGHT_QUALITY):
        found = platform.raw.series_hours(INSIGHT_BANDWIDTH, day) | platform.raw.series_hours(
            INSIGHT_QUALITY, day
        )
        hours |= found
    return {hour for hour in hours if hour + HOUR <= now}


def _hour_inputs(platform: Platform, hour: datetime) -> Iterator[Path]:
    raw = platform.raw
    for neighbour in (hour - HOUR, hour, hour + HOUR):
        for endpoint in (PORT_STATS, PATH_STATS, DEVICE_STATS):
            for slot, files in raw.slot_files(endpoint, neighbour):
                if hour - MARGIN <= slot < hour + HOUR + MARGIN:
                    yield from files
    for neighbour in (hour - HOUR, hour):
        yield from visible(raw.folder(DEVICE_EVENTS, neighbour), ".parquet")
    for endpoint in (INSIGHT_BANDWIDTH, INSIGHT_QUALITY):
        bins = raw.series_folder(endpoint, hour.date()) / "bins.parquet"
        if bins.exists():
            yield bins


def fact_hours(platform: Platform) -> list[datetime]:
    """Hours with computed or imported facts, ascending."""
    return [datetime.fromisoformat(f"{x}:00:00+00:00") for x in platform.kpi.labels(FACT_CIRCUIT_HOUR.name)]


def _facts_between(platform: Platform, start: datetime, end: datetime) -> Iterator[Path]:
    for hour in hours_between(start, end):
        path = platform.kpi.path(FACT_CIRCUIT_HOUR.name, hour_label(hour))
        if path.exists():
            yield path


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


def _day_label(start: datetime) -> str:
    return f"{start:%Y-%m-%d}"


HOURLY = Stage(
    "hourly",
    hour_label,
    observed_hours,
    lambda p, hour, _: sorted(_hour_inputs(p, hour)),
    _next_hour,
    configuration=_levels_by(_next_hour),
)
WINDOWS = Stage(
    "windows",
    hour_label,
    fact_hours,
    _facts_between,
    _next_hour,
    lambda _, hour: hour + HOUR - timedelta(hours=LONGEST_WINDOW),
    _levels_by(_next_hour),
)


def _period_stage(name: str, period: Period) -> Stage:
    def end(start: datetime) -> datetime:
        return period_end(start, period)

    return Stage(
        name,
        _day_label,
        lambda p: {period_start(hour, period) for hour in fact_hours(p)},
        _facts_between,
        end,
        configuration=_levels_by(end),
    )


PERIOD_STAGES: dict[Period, Stage] = {
    "day": _period_stage("daily", "day"),
    "week": _period_stage("weekly", "week"),
    "month": _period_stage("monthly", "month"),
}


def _followers(
    starts: Iterable[datetime], after: Callable[[datetime], datetime], count: int
) -> set[datetime]:
    """Each start and those of the periods after it, `count` in all."""
    found = set()
    for start in starts:
        for _ in range(count):
            found.add(start)
            start = after(start)
    return found


def _rolling_months(platform: Platform) -> list[datetime]:
    """Months with figures and the twelve after each, which look back on it, up to the present one."""
    months = platform.kpi.period_starts(AGG_CIRCUIT_PERIOD.name, "month")
    return [m for m in _followers(months, _next_month, ROLLING_MONTHS) if m <= platform.settings.now()]


def _months_between(platform: Platform, start: datetime, end: datetime) -> Iterator[Path]:
    for months, _ in ROLLING_PAIRS:
        yield from platform.kpi.period_files(months.name, "month", start, end)


def _chronic_days(platform: Platform) -> list[datetime]:
    """Whole days that have figures or look back on a day that has."""
    days = platform.kpi.period_starts(AGG_CIRCUIT_PERIOD.name, "day")
    followers = _followers(days, _next_day, platform.chronic_rule.window_days)
    return [d for d in followers if _next_day(d) <= platform.settings.now()]


def _latest_inputs(platform: Platform, start: datetime, end: datetime) -> Iterator[Path]:
    yield from _facts_between(platform, start, end)
    yield from dict.fromkeys(stretch.path for stretch in latest_stretches(platform))


ROLLING = Stage(
    "rolling",
    _day_label,
    _rolling_months,
    _months_between,
    _next_month,
    lambda _, month: rolling_start(_next_month(month)),
)
CHRONIC = Stage(
    "chronic",
    _day_label,
    _chronic_days,
    lambda p, start, end: p.kpi.period_files(AGG_CIRCUIT_PERIOD.name, "day", start, end),
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
    s.name: s for s in (HOURLY, WINDOWS, *PERIOD_STAGES.values(), ROLLING, CHRONIC, LATEST)
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
