"""What to ask for next: history that the API still tells and nobody read, partitions that are missing or outdated.

Belongs here: the decision, from the state of the lake and from what runs are doing; nothing is started or written.
What can be asked of the past is what the endpoint catalog declares (`history_hours`), what can be computed are the
stages of `staleness`. Does not belong here: Dagster's run records (`activity`), and the asking (`sensors`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mistwan_dagster.catalog.endpoint import Endpoint, Scope
from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, INSIGHT_QUALITY, PATH_STATS, PORT_STATS
from mistwan_dagster.kpi.utilization import MIN_COVERAGE_PCT
from mistwan_dagster.lake.raw import HOUR, SLOT, Span, floor_hour, hours_between, is_within
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.history import never_asked
from mistwan_dagster.orchestration.jobs import HISTORY_ENDPOINTS, HISTORY_SOURCES
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.serving import not_served
from mistwan_dagster.orchestration.stage import Stage, ranges
from mistwan_dagster.orchestration.staleness import HOURLY, STAGES

GRACE = timedelta(minutes=22)
"""After an hour's end the last slot that bounds it is awaited, and its schedule goes first."""
SETTLES = HOUR
"""The cloud's bins of an hour are asked for this long after its end."""
GATHER = timedelta(hours=6)
"""A call a circuit tells any number of hours, so gaps are gathered until the oldest is this old."""
IN_FLIGHT = 2
"""Walks under way of one endpoint, at most."""
ATTEMPTS = 3
"""Runs that gave nothing within a day (`activity.MEMORY`), after which a partition is given up."""
MOST_HOURS_OF_A_WALK = 168


@dataclass(frozen=True)
class Activity:
    """What runs are doing and did, by stage or `raw/<endpoint>`: spans of the partitions that they took."""

    under_way: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    fruitless: Mapping[str, Sequence[Span]] = field(default_factory=dict)

    def works_on(self, name: str, start: datetime) -> bool:
        """Whether a run under way has the partition that begins at `start`."""
        return any(a <= start < b for a, b in self.under_way.get(name, ()))

    def attempts(self, name: str, start: datetime) -> int:
        """Runs that had this partition and did not bring it."""
        return sum(a <= start < b for a, b in self.fruitless.get(name, ()))

    def room(self, name: str, most: int) -> int:
        """How many more runs of this name may be asked for."""
        return max(0, most - len(self.under_way.get(name, ())))


@dataclass(frozen=True)
class Request:
    """One run to ask for: a job, its half-open span, and which endpoints of it (none: all)."""

    job: str
    start: datetime
    end: datetime
    endpoints: tuple[str, ...] = ()


@dataclass
class Plan:
    """Runs to ask for; what was given up, and what waits for what, in words.

    `due`: stages and `raw/<endpoint>` of which something is missing or outdated that is not left to a schedule, whether
    it is asked for, waits, or is under way.
    """

    requests: list[Request] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    due: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Lacks:
    """What of the last `MISTWAN_HISTORY_DAYS` is missing or outdated, whoever may be at it."""

    hours: Mapping[str, list[datetime]]
    """`raw/<endpoint>` -> hours that the cloud still tells."""
    partitions: Mapping[str, Mapping[datetime, bool]]
    """Stage -> start of a partition that is not computed from its inputs of now -> whether it was computed before."""


def lacks(platform: Platform) -> Lacks:
    """One look at the whole lake; it takes far longer than the plans that are made from it."""
    since = platform.settings.now() - timedelta(days=platform.settings.mistwan_history_days)
    with platform.raw.listed_once():
        return Lacks(
            {endpoint.raw_name: missing_hours(platform, endpoint) for endpoint in HISTORY_ENDPOINTS},
            {name: stage.changed(platform, since) for name, stage in STAGES.items()},
        )


STANDS_IN_FOR = {INSIGHT_BANDWIDTH.name: PORT_STATS, INSIGHT_QUALITY.name: PATH_STATS}
"""Series -> the snapshot that makes it needless."""


def observed_live(platform: Platform, snapshot: Endpoint, hour: datetime) -> bool:
    """Whether whole slots cover the share of the hour from which on figures rest on them."""
    whole = sum(slot.whole for slot in platform.raw.slots(snapshot, hour))
    return 100 * whole * SLOT >= MIN_COVERAGE_PCT * HOUR


def missing_hours(platform: Platform, endpoint: Endpoint) -> list[datetime]:
    """Hours that the cloud still tells of an endpoint, are wanted (`MISTWAN_HISTORY_DAYS`) and were never read whole.

    What is read only on demand stands in for snapshots: hours that these observed need none.
    """
    if not_served(platform, endpoint):
        return []
    now = platform.settings.now()
    reach = timedelta(hours=min(endpoint.history_hours, 24 * platform.settings.mistwan_history_days))
    read = platform.raw.coverage(endpoint)
    live = STANDS_IN_FOR.get(endpoint.name)
    return [
        hour
        for hour in hours_between(now - reach, floor_hour(now - SETTLES))
        if not is_within(hour, hour + HOUR, read) and not (live and observed_live(platform, live, hour))
    ]


def unread_hours(lacking: Lacks) -> dict[str, int]:
    """Endpoint -> hours that are still to be asked for, zeros included."""
    return {raw_name.removeprefix("raw/"): len(hours) for raw_name, hours in lacking.hours.items()}


def stale_partitions(lacking: Lacks, now: datetime) -> dict[str, int]:
    """Stage -> partitions that are still to be computed, zeros included.

    Those that are renewed once a day and go on do not count.
    """
    return {
        name: sum(not (known and STAGES[name].goes_on(start, now)) for start, known in partitions.items())
        for name, partitions in lacking.partitions.items()
    }


def history_spans(platform: Platform, endpoint: Endpoint, hours: list[datetime]) -> list[Span]:
    """Missing hours as spans to ask for, ascending.

    Where each circuit or site costs a call, one span holds all: first one that was begun and stopped, as most of
    its answers may be there.
    """
    if endpoint.scope is Scope.ORG:
        return ranges(hours, HOURLY.end, MOST_HOURS_OF_A_WALK)
    for begun in platform.raw.begun_spans(endpoint):
        inside = [h for h in hours if begun[0] <= h < begun[1]]
        if inside:
            return [(inside[0], inside[-1] + HOUR)]
    if not hours or platform.settings.now() - hours[0] < GATHER + HOUR:
        return []
    return [(hours[0], hours[-1] + HOUR)]


def plan(platform: Platform, activity: Activity, *, late: bool, lacking: Lacks | None = None) -> Plan:
    """Runs for partitions that were computed before and whose input changed (`late`), or for all that is missing.

    `lacking` is what the caller has found already.

    A partition is asked for when nothing that feeds it is missing or under way, at most `MISTWAN_RANGES_AT_ONCE` runs
    of a kind are under way, and no run has it already; after `ATTEMPTS` runs without success it is given up and told.
    What collection still changes is left to its schedule once it was computed: else each slot would ask for a run.
    """
    lacking = lacking or lacks(platform)
    found = Plan()
    history = _history_to_come(platform, lacking, activity, found)
    found.due |= {name for name, spans in history.items() if spans}
    if late:
        found = Plan(due=found.due)
    elif any(history.values()):
        _request_history(platform, activity, history, found)
    busy = {name: [*spans, *activity.under_way.get(name, ())] for name, spans in history.items()}
    for stage in STAGES.values():
        changed = lacking.partitions[stage.name]
        ready = {s: known for s, known in changed.items() if _ready(platform, stage, s, known)}
        if ready:
            found.due.add(stage.name)
        wanted = _not_given_up(
            stage.name, [s for s, known in ready.items() if known == late], activity, found
        )
        feeding = [span for name in stage.fed_by for span in busy.get(name, ())]
        free = [
            s
            for s in wanted
            if not activity.works_on(stage.name, s) and not _overlaps(stage.reads(platform, s), feeding)
        ]
        spans = ranges(free, stage.end, stage.most_a_run)
        newest_first = spans[::-1][: activity.room(stage.name, platform.settings.mistwan_ranges_at_once)]
        found.requests += [Request(stage.name, start, end) for start, end in newest_first]
        to_come = [(s, stage.end(s)) for s in ready if activity.attempts(stage.name, s) < ATTEMPTS]
        busy[stage.name] = [*to_come, *activity.under_way.get(stage.name, ())]
    return found


def _history_to_come(
    platform: Platform, lacking: Lacks, activity: Activity, found: Plan
) -> dict[str, list[Span]]:
    """Spans of each endpoint, by its `raw_name`, that are still to be asked for and not given up.

    None, and told, when no hour has a call for them: what is computed from them would wait for ever.
    """
    spans = {}
    for endpoint in HISTORY_ENDPOINTS:
        wanted = _not_given_up(endpoint.raw_name, lacking.hours[endpoint.raw_name], activity, found)
        spans[endpoint.raw_name] = history_spans(platform, endpoint, wanted)
    if any(spans.values()) and (reason := never_asked(platform)):
        found.waits.append(reason)
        return {name: [] for name in spans}
    return spans


def _request_history(
    platform: Platform, activity: Activity, spans: Mapping[str, list[Span]], found: Plan
) -> None:
    """Inside the call budget. Endpoints of one job that miss the same span are asked for together."""
    if platform.quota.left(Purpose.BACKFILL) == 0:
        found.waits.append("history waits for the next hour's call budget")
        return
    for job, endpoints in HISTORY_SOURCES.items():
        together: dict[Span, list[str]] = {}
        for endpoint in endpoints:
            one_at_a_time = endpoint.scope is not Scope.ORG
            under_way = activity.under_way.get(endpoint.raw_name, ())
            free = [s for s in spans[endpoint.raw_name] if not _overlaps(s, under_way)]
            for span in free[: activity.room(endpoint.raw_name, 1 if one_at_a_time else IN_FLIGHT)]:
                together.setdefault(span, []).append(endpoint.name)
        found.requests += [Request(job, *span, tuple(names)) for span, names in together.items()]


def _ready(platform: Platform, stage: Stage, start: datetime, is_known: bool) -> bool:
    """Whether a changed partition, computed before or not, is not left to its schedule."""
    now = platform.settings.now()
    over_since = now - stage.end(start)
    if stage is HOURLY:
        return over_since >= GRACE
    if stage.goes_on(start, now):
        return not is_known
    return not is_known or stage.collected_for is None or over_since >= stage.collected_for


def _not_given_up(name: str, starts: list[datetime], activity: Activity, found: Plan) -> list[datetime]:
    lost = [s for s in starts if activity.attempts(name, s) >= ATTEMPTS and not activity.works_on(name, s)]
    if lost:
        found.given_up.append(
            f"{name}: {len(lost)} partitions from {lost[0]:%Y-%m-%dT%H:%M}Z to {lost[-1]:%Y-%m-%dT%H:%M}Z"
        )
    return [s for s in starts if s not in lost]


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(a < span[1] and span[0] < b for a, b in others)
