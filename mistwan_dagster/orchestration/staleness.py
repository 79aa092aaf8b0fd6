"""Which partitions have to be computed: those whose inputs are not the ones they were computed from.

A partition's fingerprint is taken over the files that feed it. It is recorded after the partition was computed,
loaded and published, so that a kill at any instant leaves it stale and the next run repeats it. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    PATH_STATS,
    PORT_STATS,
    SERIES,
)
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.calendar import Period, period_end, period_start
from mistwan_dagster.kpi.windows import WINDOW_HOURS
from mistwan_dagster.lake.files import hour_label, visible
from mistwan_dagster.lake.kpi import file_mark, fingerprint
from mistwan_dagster.lake.raw import HOUR, Span, hours_between
from mistwan_dagster.orchestration.hourly import MARGIN
from mistwan_dagster.orchestration.platform import Platform

LONGEST_WINDOW = max(WINDOW_HOURS)


@dataclass(frozen=True)
class Stage:
    """One stage of the aggregation: how its partitions are labelled, listed and fed."""

    name: str
    label: Callable[[datetime], str]
    candidates: Callable[[Platform], Iterable[datetime]]
    inputs: Callable[[Platform, datetime], Iterable[str]]
    """Marks of what a partition is computed from: texts that change when it changes."""
    reads: Callable[[datetime], Span]
    """The time of which a partition reads what earlier stages give."""
    end: Callable[[datetime], datetime]

    def fingerprint(self, platform: Platform, start: datetime) -> str:
        """Digest of what the partition that begins at `start` would be computed from now."""
        configuration = platform.configuration if self.name == "hourly" else ""
        return fingerprint(self.inputs(platform, start), configuration)

    def changed(self, platform: Platform, since: datetime | None = None) -> dict[datetime, bool]:
        """Starts of partitions that end after `since` and are not computed from their inputs of now, ascending.

        True: computed before, from other inputs (late or corrected ones); False: never computed.
        """
        found = {}
        for start in sorted(set(self.candidates(platform))):
            if since is None or self.end(start) > since:
                known = platform.kpi.stamp(self.name, self.label(start))
                if known != self.fingerprint(platform, start):
                    found[start] = known is not None
        return found

    def stale(self, platform: Platform) -> list[datetime]:
        """Starts of the partitions that have inputs and are not computed from them, ascending."""
        return list(self.changed(platform))

    def begin(self, platform: Platform, run_id: str, start: datetime, end: datetime) -> None:
        """Take the fingerprints of [start, end) before a run reads the inputs; the first taking of a run counts.

        Without this order an input that arrives while the run works would be taken for computed.
        """
        while start < end:
            platform.kpi.note_pending(run_id, self.name, self.label(start), self.fingerprint(platform, start))
            start = self.end(start)


def observed_hours(platform: Platform) -> set[datetime]:
    """Complete hours for which anything was collected: snapshots or history bins."""
    now, raw = platform.settings.now(), platform.raw
    hours = set(raw.partition_hours(PORT_STATS)) | set(raw.partition_hours(PATH_STATS))
    for endpoint in SERIES:
        for day in raw.series_days(endpoint):
            hours.update(raw.series_marks(endpoint, day))
    return {hour for hour in hours if hour + HOUR <= now}


def _hour_inputs(platform: Platform, hour: datetime) -> Iterator[str]:
    """Files of the hour and its neighbourhood; bins by hour, as their file holds a day.

    An hour without snapshots rests on the event log, so it also matters whether that was read whole.
    """
    raw = platform.raw
    for neighbour in (hour - HOUR, hour, hour + HOUR):
        for endpoint in (PORT_STATS, PATH_STATS, DEVICE_STATS):
            for slot, files in raw.slot_files(endpoint, neighbour):
                if hour - MARGIN <= slot < hour + HOUR + MARGIN:
                    yield from map(file_mark, files)
    for neighbour in (hour - HOUR, hour):
        yield from map(file_mark, visible(raw.folder(DEVICE_EVENTS, neighbour), ".parquet"))
    for endpoint in SERIES:
        bins = raw.series_marks(endpoint, hour.date()).get(hour)
        if bins:
            yield f"{endpoint.name} {bins}"
    if not raw.slot_files(PORT_STATS, hour):
        whole = any(a <= hour and hour + HOUR <= b for a, b in raw.coverage(DEVICE_EVENTS))
        yield f"event log whole: {whole}"


def fact_hours(platform: Platform) -> list[datetime]:
    """Hours with computed or imported facts, ascending."""
    return [datetime.fromisoformat(f"{x}:00:00+00:00") for x in platform.kpi.labels(FACT_CIRCUIT_HOUR.name)]


def _facts_between(platform: Platform, start: datetime, end: datetime) -> Iterator[str]:
    for hour in hours_between(start, end):
        path = platform.kpi.path(FACT_CIRCUIT_HOUR.name, hour_label(hour))
        if path.exists():
            yield file_mark(path)


def _window_reads(hour: datetime) -> Span:
    return hour + HOUR - timedelta(hours=LONGEST_WINDOW), hour + HOUR


HOURLY = Stage(
    "hourly",
    hour_label,
    observed_hours,
    lambda p, h: sorted(_hour_inputs(p, h)),
    lambda h: (h - HOUR, h + 2 * HOUR),
    lambda h: h + HOUR,
)
WINDOWS = Stage(
    "windows",
    hour_label,
    fact_hours,
    lambda p, h: _facts_between(p, *_window_reads(h)),
    _window_reads,
    lambda h: h + HOUR,
)


def _period_stage(name: str, period: Period) -> Stage:
    return Stage(
        name,
        lambda start: f"{start:%Y-%m-%d}",
        lambda p: {period_start(hour, period) for hour in fact_hours(p)},
        lambda p, start: _facts_between(p, start, period_end(start, period)),
        lambda start: (start, period_end(start, period)),
        lambda start: period_end(start, period),
    )


PERIOD_STAGES: dict[Period, Stage] = {
    "day": _period_stage("daily", "day"),
    "week": _period_stage("weekly", "week"),
    "month": _period_stage("monthly", "month"),
}
STAGES: dict[str, Stage] = {s.name: s for s in (HOURLY, WINDOWS, *PERIOD_STAGES.values())}
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
