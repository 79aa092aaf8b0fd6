"""The stages of the aggregation, in the order in which they feed each other, and what each partition is computed from.

Belongs here: declarations and the inputs they name. Does not belong here: how staleness follows from them (`stage`),
computing. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.cloud_endpoints import API_USAGE, WAN_CLIENTS
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    PATH_STATS,
    PORT_STATS,
    SERIES,
)
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_EVENTS
from mistwan_dagster.catalog.sle_endpoints import SITES_SLE, SLE_CLASSIFIER_TREND, SLE_TREND, WORST_SITES_SLE
from mistwan_dagster.catalog.table import Table
from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, FACT_CIRCUIT_HOUR, ROLLING_PAIRS
from mistwan_dagster.kpi.calendar import Period, period_end, period_start
from mistwan_dagster.kpi.congestion import history_start
from mistwan_dagster.kpi.rolling import ROLLING_MONTHS, rolling_start
from mistwan_dagster.kpi.windows import WINDOW_HOURS
from mistwan_dagster.lake.day_files import Piece, pieces_of
from mistwan_dagster.lake.files import hour_label, listed_once
from mistwan_dagster.lake.raw import HOUR, Span, floor_day, hours_between, is_within
from mistwan_dagster.orchestration.alarms import DAY, alarm_days, day_label, observed_minutes
from mistwan_dagster.orchestration.episodes import episodes_of_period
from mistwan_dagster.orchestration.hourly import ANSWER_REACH, EVENT_REACH, LIVE_EVENT_REACH, MARGIN
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranked_periods import latest_stretches
from mistwan_dagster.orchestration.sle_dive import WINDOW
from mistwan_dagster.orchestration.stage import Stage

LONGEST_WINDOW = max(WINDOW_HOURS)


def observed_hours(platform: Platform) -> set[datetime]:
    """Complete hours for which anything was collected: snapshots or history bins.

    An hour whose evidence reaches back behind what retention has left keeps the figures that it has. One that has none
    is computed without the ARP and DHCP events that are gone.
    """
    now, raw = platform.settings.now(), platform.raw
    hours = set(raw.partition_hours(PORT_STATS)) | set(raw.partition_hours(PATH_STATS))
    have = set(platform.kpi.labels(FACT_CIRCUIT_HOUR.name))
    hours = {hour for hour in hours if hour - _live_reach(hour, have) >= raw.horizon.start}
    with listed_once(platform.settings.lake):
        for endpoint in SERIES:
            for day in raw.series_days(endpoint):
                marks = raw.series_marks(endpoint, day)
                hours |= {hour for hour in marks if hour - EVENT_REACH >= raw.horizon.start}
    return {hour for hour in hours if hour + HOUR <= now}


def _live_reach(hour: datetime, have: set[str]) -> timedelta:
    return LIVE_EVENT_REACH if hour_label(hour) not in have else hour - floor_day(hour) + ANSWER_REACH


def _hour_inputs(platform: Platform, hour: datetime) -> Iterator[str]:
    """Files of the hour and its neighbourhood; bins by hour, as their file holds a day.

    An hour without snapshots rests on the event log, so it also matters whether that was read whole.
    """
    raw = platform.raw
    for endpoint in (PORT_STATS, PATH_STATS, DEVICE_STATS):
        yield from _marks(raw.slot_pieces(endpoint, hour - MARGIN, hour + HOUR + MARGIN))
    for endpoint in (DEVICE_EVENTS, SITE_DEVICE_EVENTS):
        yield from _marks(raw.event_pieces(endpoint, hour - HOUR, hour + HOUR))
    for endpoint in (WAN_CLIENTS, API_USAGE):
        yield from _marks(raw.slot_pieces(endpoint, hour, hour + HOUR))
    for endpoint in SERIES:
        bins = raw.series_marks(endpoint, hour.date()).get(hour)
        if bins:
            yield f"{endpoint.name} {bins}"
    if not raw.slot_files(PORT_STATS, hour):
        whole = is_within(hour, hour + HOUR, raw.coverage(DEVICE_EVENTS))
        yield f"event log whole: {whole}"


def _marks(dated: Iterable[tuple[datetime, Piece]]) -> Iterator[str]:
    return (piece.identity for _, piece in dated)


def fact_hours(platform: Platform) -> list[datetime]:
    """Hours with computed or imported facts that retention has left, ascending."""
    hours = (datetime.fromisoformat(f"{x}:00:00+00:00") for x in platform.kpi.labels(FACT_CIRCUIT_HOUR.name))
    return [hour for hour in hours if hour >= platform.kpi.horizon.start]


def _windows(platform: Platform) -> Iterable[datetime]:
    """Hours whose windows lie wholly in what retention has left."""
    reach = timedelta(hours=LONGEST_WINDOW) - HOUR
    return (hour for hour in fact_hours(platform) if hour - reach >= platform.kpi.horizon.start)


def _periods(platform: Platform, period: Period) -> set[datetime]:
    """Periods with facts that lie wholly in what retention has left."""
    starts = {period_start(hour, period) for hour in fact_hours(platform)}
    return {start for start in starts if start >= platform.kpi.horizon.start}


def _facts_between(platform: Platform, start: datetime, end: datetime) -> list[str]:
    facts = platform.kpi.pieces(FACT_CIRCUIT_HOUR.name)
    labels = map(hour_label, hours_between(start, end))
    return [facts[label].identity for label in labels if label in facts]


def _window_reads(_platform: Platform, hour: datetime) -> Span:
    return hour + HOUR - timedelta(hours=LONGEST_WINDOW), hour + HOUR


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


HOURLY = Stage(
    "hourly",
    hour_label,
    observed_hours,
    _hour_inputs,
    tuple(e.raw_name for e in (DEVICE_EVENTS, *SERIES)),
    lambda _, hour: (hour - HOUR, hour + 2 * HOUR),
    _next_hour,
    _levels_by(_next_hour),
    most_a_run=24,
)
ALARM_DAYS = Stage(
    "alarms",
    day_label,
    alarm_days,
    lambda p, day: _marks(p.raw.event_pieces(ALARMS, day, day + DAY)),
    (ALARMS.raw_name,),
    lambda _, day: (day, day + DAY),
    _next_day,
    lambda p, day: str(observed_minutes(p, day)["observed_minutes"].to_list()),
    collected_for=timedelta(hours=ALARMS.look_back.hour),
)
"""Includes the current day, which each slot changes; alarms of the day before are read again each hour."""
SLE_BY_HOUR = (SITES_SLE, WORST_SITES_SLE, SLE_TREND, SLE_CLASSIFIER_TREND)
SLE = Stage(
    "sle",
    hour_label,
    lambda p: {h for e in SLE_BY_HOUR for h in p.raw.partition_hours(e) if h + HOUR <= p.settings.now()},
    lambda p, hour: (piece.identity for e in SLE_BY_HOUR for piece in p.raw.pieces(e, hour)),
    (SITES_SLE.raw_name,),
    lambda _, hour: (hour, hour + HOUR),
    _next_hour,
    most_a_run=48,
    collected_for=WINDOW,
)
WINDOWS = Stage(
    "windows",
    hour_label,
    _windows,
    lambda p, hour: _facts_between(p, *_window_reads(p, hour)),
    (HOURLY.name,),
    _window_reads,
    _next_hour,
    _levels_by(_next_hour),
    most_a_run=48,
)


def _period_stage(name: str, period: Period) -> Stage:
    def end(start: datetime) -> datetime:
        return period_end(start, period)

    levels = _levels_by(end)

    def context(platform: Platform, start: datetime) -> str:
        episodes = episodes_of_period(platform, period, start)
        return f"{levels(platform, start)}{platform.period_configuration(period)}{episodes}"

    return Stage(
        name,
        day_label,
        lambda p: _periods(p, period),
        lambda p, start: _facts_between(p, start, end(start)),
        (HOURLY.name,),
        lambda _, start: (start, end(start)),
        end,
        context,
        so_far_once_a_day=period != "day",
    )


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


def _rolling_reads(_platform: Platform, month: datetime) -> Span:
    return rolling_start(_next_month(month)), _next_month(month)


def _chronic_days(platform: Platform) -> list[datetime]:
    """Whole days that have figures or look back on a day that has."""
    days = _that_look_back_on(platform, "day", _next_day, platform.chronic_rule.window_days)
    return [day for day in days if _next_day(day) <= platform.settings.now()]


def _chronic_reads(platform: Platform, day: datetime) -> Span:
    return _next_day(day) - DAY * platform.chronic_rule.window_days, _next_day(day)


def _periods_between(
    platform: Platform, tables: Iterable[Table], period: Period, span: Span
) -> Iterator[str]:
    for table in tables:
        yield from (piece.identity for piece in platform.kpi.period_pieces(table.name, period, *span))


def _latest_reads(_platform: Platform, hour: datetime) -> Span:
    return history_start(hour), _next_hour(hour)


def _latest_inputs(platform: Platform, hour: datetime) -> Iterator[str]:
    yield from _facts_between(platform, *_latest_reads(platform, hour))
    ranked = dict.fromkeys(stretch.path for stretch in latest_stretches(platform))
    yield from (piece.identity for piece in pieces_of(ranked))


ROLLING = Stage(
    "rolling",
    day_label,
    _rolling_months,
    lambda p, month: _periods_between(
        p, (months for months, _ in ROLLING_PAIRS), "month", _rolling_reads(p, month)
    ),
    (PERIOD_STAGES["month"].name,),
    _rolling_reads,
    _next_month,
)
CHRONIC = Stage(
    "chronic",
    day_label,
    _chronic_days,
    lambda p, day: _periods_between(p, (AGG_CIRCUIT_PERIOD,), "day", _chronic_reads(p, day)),
    (PERIOD_STAGES["day"].name,),
    _chronic_reads,
    _next_day,
    lambda p, _: repr(p.chronic_rule),
)
LATEST = Stage(
    "latest",
    hour_label,
    lambda p: fact_hours(p)[-1:],
    _latest_inputs,
    (HOURLY.name, WINDOWS.name, *(s.name for s in PERIOD_STAGES.values()), ROLLING.name),
    _latest_reads,
    _next_hour,
    _levels_by(_next_hour),
)
"""Reports of the present: only the latest hour with facts has a partition to compute."""

STAGES: dict[str, Stage] = {
    s.name: s for s in (HOURLY, ALARM_DAYS, SLE, WINDOWS, *PERIOD_STAGES.values(), ROLLING, CHRONIC, LATEST)
}
"""In the order in which they feed each other."""
