"""What is asked for, given what lies in the lake and what runs are doing: exact spans, worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    EVENTS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PATH_STATS,
    PORT_STATS,
)
from mistwan_dagster.catalog.sle_endpoints import SITES_SLE
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import hour_label, write_parquet
from mistwan_dagster.lake.raw import HOUR, SLOT, Span, hours_between
from mistwan_dagster.lake.slots import SLOT_COLUMN
from mistwan_dagster.orchestration import planning
from mistwan_dagster.orchestration.history import collect_series
from mistwan_dagster.orchestration.planning import Activity, Plan, Request, plan
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import HOURLY, STAGES
from mistwan_dagster.settings import Settings

NOW = datetime(2025, 3, 4, 10, 40, tzinfo=UTC)
FIRST, END = datetime(2025, 3, 2, 8, tzinfo=UTC), datetime(2025, 3, 4, 10, tzinfo=UTC)
HORIZON = datetime(2025, 3, 2, 11, tzinfo=UTC)
"""First whole hour of the two days before NOW."""
SETTLED = datetime(2025, 3, 4, 9, tzinfo=UTC)
"""End of the last hour whose bins are asked for at NOW: it ended an hour ago at least."""
VERSIONS = count(1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-{text}:00+00:00")


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Circuits are known; nothing else."""
    found = Platform(
        Settings(
            mistwan_home=tmp_path,
            mistwan_now=NOW,
            mistwan_history_days=2,
            mist_api_token="0123456789abcdef0123456789abcdef",
            mist_org_id="org",
            _env_file=None,
        )
    )
    found.kpi.write("dim_circuit", pl.DataFrame({"circuit_id": ["aa:p"]}))
    return found


def observe(platform: Platform, hours: Iterable[datetime], slots: int = 12) -> None:
    for hour in hours:
        for number in range(slots):
            for endpoint in (PORT_STATS, PATH_STATS):
                empty = pl.DataFrame(schema={**endpoint.schema, **SLOT_COLUMN})
                write_parquet(empty, platform.raw.slot_path(endpoint, hour + number * SLOT))


def computed(platform: Platform, request: Request) -> None:
    """What a run of the request leaves behind: new facts, and a note of what they were computed from."""
    if request.job == "hourly":
        for hour in hours_between(request.start, request.end):
            facts = pl.DataFrame({"version": range(next(VERSIONS))})
            platform.kpi.write(FACT_CIRCUIT_HOUR.name, facts, hour_label(hour))
    STAGES[request.job].begin(platform, "run", request.start, request.end)
    platform.kpi.confirm_pending("run")


def until_quiet(platform: Platform, *, late: bool) -> list[list[Request]]:
    """Do what is asked for, until nothing is; what was asked for, tick by tick."""
    asked = []
    while (requests := plan(platform, Activity(), late=late).requests) and len(asked) < 20:
        asked.append(requests)
        for request in requests:
            computed(platform, request)
    return asked


@pytest.fixture
def complete(platform: Platform) -> Platform:
    """Fifty hours observed live, events, alarms and SLE read, everything computed."""
    observe(platform, hours_between(FIRST, END))
    for endpoint in (*EVENTS, SITES_SLE):
        platform.raw.add_coverage(endpoint, FIRST, NOW)
    for stage, start, end in (
        ("hourly", FIRST, END),
        ("alarms", at("03-02T00:00"), at("03-05T00:00")),
        ("windows", FIRST, END),
        ("daily", at("03-02T00:00"), at("03-05T00:00")),
        ("weekly", at("02-24T00:00"), at("03-10T00:00")),
        ("monthly", at("03-01T00:00"), at("04-01T00:00")),
        ("latest", END - HOUR, END),
    ):
        computed(platform, Request(stage, start, end))
    return platform


def late_event(platform: Platform, when: datetime) -> None:
    row = {"mac": "aa", "type": "GW_PORT_DOWN", "timestamp": when.timestamp(), "port_id": "p"}
    page = pl.DataFrame([row], schema=DEVICE_EVENTS.schema)
    assert platform.raw.add_events(DEVICE_EVENTS, f"late-{next(VERSIONS)}", 1, page)


def test_what_is_missing_is_due_also_while_it_is_under_way_or_given_up(complete: Platform) -> None:
    late_event(complete, at("03-03T05:20"))
    hour = (at("03-03T05:00"), at("03-03T07:00"))
    for activity in (Activity({"hourly": [hour]}), Activity({}, {"hourly": [hour] * 3})):
        found = plan(complete, activity, late=True)
        assert (found.requests, found.due) == ([], {"hourly"})


# --- late data -------------------------------------------------------------------------------------------


def test_nothing_is_asked_for_when_all_is_computed(complete: Platform) -> None:
    assert plan(complete, Activity(), late=True) == Plan()
    assert plan(complete, Activity(), late=False) == Plan()


def test_a_late_event_asks_for_its_hours_and_then_for_all_that_contains_them_and_no_more(
    complete: Platform,
) -> None:
    late_event(complete, at("03-03T05:20"))
    assert plan(complete, Activity(), late=False) == Plan(due={"hourly"})
    assert until_quiet(complete, late=True) == [
        [Request("hourly", at("03-03T05:00"), at("03-03T07:00"))],
        [
            Request("windows", at("03-03T05:00"), at("03-04T06:00")),
            Request("daily", at("03-03T00:00"), at("03-04T00:00")),
        ],
        [Request("latest", END - HOUR, END)],
    ]


def test_a_late_event_before_midnight_on_sunday_touches_two_days_and_the_week_that_is_over(
    complete: Platform,
) -> None:
    late_event(complete, at("03-02T23:59"))
    first, second, third = until_quiet(complete, late=True)
    assert first == [Request("hourly", at("03-02T23:00"), at("03-03T01:00"))]
    assert third == [Request("latest", END - HOUR, END)]
    assert second == [
        Request("windows", at("03-02T23:00"), at("03-04T00:00")),
        Request("daily", at("03-02T00:00"), at("03-04T00:00")),
        Request("weekly", at("02-24T00:00"), at("03-03T00:00")),
    ]


def test_a_late_slot_touches_the_hours_that_it_bounds(complete: Platform) -> None:
    path = complete.raw.slot_path(PORT_STATS, at("03-03T05:00"))
    write_parquet(pl.read_parquet(path).with_columns(more=pl.lit("x")), path)
    assert plan(complete, Activity(), late=True).requests == [
        Request("hourly", at("03-03T04:00"), at("03-03T06:00"))
    ]


def test_imported_facts_touch_windows_and_periods_only(complete: Platform) -> None:
    facts = pl.DataFrame({"version": range(next(VERSIONS))})
    complete.kpi.write(FACT_CIRCUIT_HOUR.name, facts, "2025-03-04T08")
    assert plan(complete, Activity(), late=True).requests == [
        Request("windows", at("03-04T08:00"), at("03-04T10:00")),
        Request("daily", at("03-04T00:00"), at("03-05T00:00")),
    ]


def test_what_a_run_has_is_not_asked_for_again_and_what_it_feeds_waits(complete: Platform) -> None:
    late_event(complete, at("03-03T05:20"))
    both = Activity({"hourly": [(at("03-03T05:00"), at("03-03T07:00"))]})
    assert plan(complete, both, late=True).requests == []
    one = Activity({"hourly": [(at("03-03T05:00"), at("03-03T06:00"))]})
    assert plan(complete, one, late=True).requests == [
        Request("hourly", at("03-03T06:00"), at("03-03T07:00"))
    ]
    computed(complete, Request("hourly", at("03-03T05:00"), at("03-03T07:00")))
    windows = Activity({"windows": [(at("03-03T05:00"), at("03-04T06:00"))]})
    assert [r.job for r in plan(complete, windows, late=True).requests] == ["daily"]


def test_an_hour_is_left_to_its_schedule_until_the_grace_is_over(complete: Platform) -> None:
    observe(complete, [at("03-04T10:00"), at("03-04T11:00")])
    complete.raw.add_coverage(DEVICE_EVENTS, NOW, at("03-04T11:30"))
    complete.settings.mistwan_now = at("03-04T11:21")
    assert plan(complete, Activity(), late=False).requests == []
    complete.settings.mistwan_now = at("03-04T11:22")
    assert plan(complete, Activity(), late=False).requests == [
        Request("hourly", at("03-04T10:00"), at("03-04T11:00"))
    ]


# --- history ---------------------------------------------------------------------------------------------

BOTH = (INSIGHT_BANDWIDTH.name, INSIGHT_QUALITY.name)
HOURLY_HISTORY = (INSIGHT_BANDWIDTH, INSIGHT_QUALITY, SITES_SLE)


def test_an_empty_lake_asks_for_events_alarms_and_one_span_of_bins_and_scores(platform: Platform) -> None:
    observe(platform, [at("03-04T10:00")], slots=1)
    platform.raw.add_coverage(DEVICE_EVENTS, at("03-03T10:40"), NOW)
    assert plan(platform, Activity(), late=False).requests == [
        Request("events", HORIZON, at("03-03T11:00"), (DEVICE_EVENTS.name,)),
        Request("events", HORIZON, SETTLED, (ALARMS.name,)),
        Request("history", HORIZON, SETTLED, (*BOTH, SITES_SLE.name)),
    ]


def test_history_under_way_is_not_asked_for_again(platform: Platform) -> None:
    events = {e.raw_name: [(HORIZON, NOW)] for e in EVENTS}
    all_three = Activity({**events, **{e.raw_name: [(HORIZON, SETTLED)] for e in HOURLY_HISTORY}})
    assert plan(platform, all_three, late=False).requests == []
    one = Activity({**events, INSIGHT_BANDWIDTH.raw_name: [(HORIZON, SETTLED)]})
    assert plan(platform, one, late=False).requests == [
        Request("history", HORIZON, SETTLED, (INSIGHT_QUALITY.name, SITES_SLE.name))
    ]


def test_scores_of_all_sites_cost_a_call_an_hour_and_are_asked_for_in_bounded_spans(
    platform: Platform,
) -> None:
    platform.settings.mistwan_history_days = 14
    first = NOW.replace(minute=0) + HOUR - timedelta(days=14)
    week = timedelta(hours=168)
    spans = [
        (r.start, r.end)
        for r in plan(platform, Activity(), late=False).requests
        if SITES_SLE.name in r.endpoints
    ]
    assert spans == [(first, first + week), (first + week, SETTLED)]


def test_hours_are_computed_after_the_history_that_feeds_them(platform: Platform) -> None:
    observe(platform, hours_between(HORIZON, END))
    unfed = Activity({e.raw_name: [(HORIZON, NOW)] for e in (ALARMS, SITES_SLE)})
    assert plan(platform, unfed, late=False).requests == [
        Request("events", HORIZON, SETTLED, (DEVICE_EVENTS.name,))
    ], "also the last hour reads events of the hour before it"
    under_way = Activity({e.raw_name: [(HORIZON, NOW)] for e in (*EVENTS, SITES_SLE)})
    assert plan(platform, under_way, late=False).requests == []
    platform.raw.add_coverage(DEVICE_EVENTS, HORIZON, NOW)
    assert plan(platform, unfed, late=False).requests == [
        Request("hourly", HORIZON + 24 * HOUR, END),
        Request("hourly", HORIZON, HORIZON + 24 * HOUR),
    ], "alarms and scores feed no hour of KPIs"


def late_alarm(platform: Platform, raised: datetime) -> None:
    row = {"id": "1", "type": "gateway_down", "timestamp": raised.timestamp(), "count": next(VERSIONS)}
    page = pl.DataFrame([row], schema=ALARMS.schema)
    assert platform.raw.add_events(ALARMS, f"late-{next(VERSIONS)}", 1, page)


def test_days_of_alarms_are_computed_once_their_history_is_read(platform: Platform) -> None:
    platform.settings.mistwan_history_days = 1
    others = {e.raw_name: [(HORIZON, NOW)] for e in (DEVICE_EVENTS, *HOURLY_HISTORY)}
    platform.raw.add_coverage(ALARMS, at("03-04T05:00"), NOW)
    assert plan(platform, Activity(others), late=False).requests == [
        Request("events", at("03-03T11:00"), at("03-04T05:00"), (ALARMS.name,))
    ]
    reading = Activity({**others, ALARMS.raw_name: [(at("03-03T11:00"), at("03-04T05:00"))]})
    assert plan(platform, reading, late=False).requests == []
    platform.raw.add_coverage(ALARMS, at("03-03T11:00"), at("03-04T05:00"))
    assert plan(platform, Activity(others), late=False).requests == [
        Request("alarms", at("03-03T00:00"), at("03-05T00:00"))
    ]
    computing = Activity({**others, "alarms": [(at("03-03T00:00"), at("03-05T00:00"))]})
    assert plan(platform, computing, late=False).requests == []


def test_a_day_of_alarms_that_slots_still_change_is_left_to_its_schedule_once_it_was_computed(
    complete: Platform,
) -> None:
    complete.raw.add_coverage(ALARMS, NOW, NOW + SLOT)
    assert STAGES["alarms"].stale(complete) == [at("03-04T00:00")], "the schedule's list"
    assert until_quiet(complete, late=True) == until_quiet(complete, late=False) == []
    late_alarm(complete, at("03-02T09:10"))
    assert until_quiet(complete, late=True) == [[Request("alarms", at("03-02T00:00"), at("03-03T00:00"))]]


def score(platform: Platform, hour: datetime) -> None:
    page = pl.DataFrame({"site_id": ["s"], "num_clients": [float(next(VERSIONS))]})
    frame = pl.concat([pl.DataFrame(schema={**SITES_SLE.schema, **SLOT_COLUMN}), page], how="diagonal")
    write_parquet(frame, platform.raw.slot_path(SITES_SLE, hour))


def test_hours_of_scores_are_computed_promptly_and_renewed_by_the_schedule_while_dives_change_them(
    complete: Platform,
) -> None:
    for hour in hours_between(FIRST, END):
        score(complete, hour)
    reading = Activity({SITES_SLE.raw_name: [(at("03-02T12:00"), at("03-02T14:00"))]})
    assert plan(complete, reading, late=False).requests == [
        Request("sle", at("03-02T14:00"), END),
        Request("sle", FIRST + 2 * HOUR, at("03-02T12:00")),
    ], "one run for up to 48 hours; what is being read waits; hours before the two days are left alone"
    computed(complete, Request("sle", FIRST, END))
    score(complete, at("03-03T09:00"))
    score(complete, at("03-03T10:00"))
    assert until_quiet(complete, late=True) == [[Request("sle", at("03-03T09:00"), at("03-03T10:00"))]]
    assert STAGES["sle"].stale(complete) == [at("03-03T10:00")], "the schedule's list"


@pytest.mark.parametrize(("slots", "missing"), [(5, True), (6, False)])
def test_an_hour_with_few_slots_is_asked_for_like_one_without(
    complete: Platform, slots: int, missing: bool
) -> None:
    hour = at("03-03T05:00")
    for number in range(slots, 12):
        complete.raw.slot_path(PORT_STATS, hour + number * SLOT).unlink()
    assert planning.missing_hours(complete, INSIGHT_BANDWIDTH) == [hour] * missing
    assert planning.missing_hours(complete, INSIGHT_QUALITY) == []


@pytest.mark.parametrize(
    ("failing", "asked"),
    [(PORT_STATS, INSIGHT_BANDWIDTH), (PATH_STATS, INSIGHT_QUALITY)],
    ids=lambda e: e.name,
)
def test_walks_that_broke_after_their_first_page_observe_nothing(
    complete: Platform, failing: Endpoint, asked: Endpoint
) -> None:
    hour = at("03-03T05:00")
    for number in range(12):
        slot = hour + number * SLOT
        complete.raw.slot_path(failing, slot).unlink()
        complete.raw.add_page(failing, slot, "walk", 1, pl.DataFrame(schema=failing.schema))
    assert planning.missing_hours(complete, asked) == [hour]
    other = INSIGHT_QUALITY if asked is INSIGHT_BANDWIDTH else INSIGHT_BANDWIDTH
    assert planning.missing_hours(complete, other) == []


def test_gaps_are_gathered_for_six_hours(complete: Platform) -> None:
    for hour in (at("03-04T03:00"), at("03-04T06:00")):
        for number in range(12):
            for endpoint in (PORT_STATS, PATH_STATS):
                complete.raw.slot_path(endpoint, hour + number * SLOT).unlink()
    early = replace(
        complete, settings=complete.settings.model_copy(update={"mistwan_now": at("03-04T09:59")})
    )
    assert "history" not in {r.job for r in plan(early, Activity(), late=False).requests}
    due = replace(complete, settings=complete.settings.model_copy(update={"mistwan_now": at("03-04T10:00")}))
    assert (
        Request("history", at("03-04T03:00"), at("03-04T07:00"), BOTH)
        in plan(due, Activity(), late=False).requests
    )


def test_a_span_that_was_begun_is_finished_first_within_what_the_cloud_still_keeps(
    platform: Platform,
) -> None:
    for endpoint in (*EVENTS, SITES_SLE):
        platform.raw.add_coverage(endpoint, FIRST, NOW)
    begun = (HORIZON - 5 * HOUR, at("03-03T20:00"))
    write_parquet(
        pl.DataFrame(schema=INSIGHT_BANDWIDTH.schema),
        platform.raw.piece_path(INSIGHT_BANDWIDTH, begun, "aa:p"),
    )
    assert plan(platform, Activity(), late=False).requests == [
        Request("history", HORIZON, at("03-03T20:00"), BOTH[:1]),
        Request("history", HORIZON, SETTLED, BOTH[1:]),
        Request("alarms", at("03-02T00:00"), at("03-05T00:00")),
    ]


def test_a_spent_budget_waits_and_says_so(platform: Platform) -> None:
    platform.quota.observe(platform.settings.mistwan_call_budget)
    found = plan(platform, Activity(), late=False)
    assert found.requests == []
    assert found.waits == ["history waits for the next hour's call budget"]


def test_a_reserve_that_takes_the_whole_budget_is_told_and_holds_nothing_up(platform: Platform) -> None:
    platform.settings.mistwan_live_reserve = platform.settings.mistwan_call_budget = 1000
    observe(platform, [at("03-04T05:00")])
    found = plan(platform, Activity(), late=False)
    assert "hourly" in {r.job for r in found.requests}
    (told,) = found.waits
    assert "MISTWAN_LIVE_RESERVE (1000) takes all 1000" in told
    with pytest.raises(UserError, match="lower the reserve"):
        collect_series(platform, INSIGHT_BANDWIDTH, FIRST, END)


def test_after_three_fruitless_runs_a_span_is_given_up_told_and_blocks_nothing(platform: Platform) -> None:
    observe(platform, hours_between(HORIZON, END))
    platform.raw.add_coverage(SITES_SLE, HORIZON, NOW)
    reading = {ALARMS.raw_name: [(HORIZON, NOW)]}
    twice = Activity(reading, {DEVICE_EVENTS.raw_name: [(HORIZON, SETTLED)] * 2})
    assert [r.job for r in plan(platform, twice, late=False).requests] == ["events"]
    thrice = Activity(reading, {DEVICE_EVENTS.raw_name: [(HORIZON, SETTLED)] * 3})
    found = plan(platform, thrice, late=False)
    assert {r.job for r in found.requests} == {"hourly"}
    assert found.given_up == ["raw/device_events: 46 partitions from 2025-03-02T11:00Z to 2025-03-04T08:00Z"]


def test_history_days_of_zero_ask_for_nothing(platform: Platform) -> None:
    observe(platform, hours_between(HORIZON, END))
    platform.settings.mistwan_history_days = 0
    assert plan(platform, Activity(), late=False) == Plan()


# --- for any state ---------------------------------------------------------------------------------------

HOURS = [HORIZON + n * HOUR for n in range(30)]
SPANS = st.lists(
    st.tuples(st.integers(0, 29), st.integers(1, 12)).map(lambda x: (HOURS[x[0]], HOURS[x[0]] + x[1] * HOUR)),
    max_size=4,
)


def inside(hour: datetime, spans: Iterable[Span]) -> int:
    return sum(a <= hour < b for a, b in spans)


@settings(max_examples=60, deadline=None)
@given(missing=st.sets(st.sampled_from(HOURS)), under_way=SPANS, fruitless=SPANS)
def test_asked_for_is_missing_free_not_given_up_and_bounded(
    tmp_path_factory: pytest.TempPathFactory,
    missing: set[datetime],
    under_way: list[Span],
    fruitless: list[Span],
) -> None:
    home = tmp_path_factory.getbasetemp() / "nothing-is-written"
    platform = Platform(Settings(mistwan_home=home, mistwan_now=NOW, _env_file=None))
    stage = replace(HOURLY, candidates=lambda _: missing, inputs=lambda _p, _h: ["input"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "HISTORY_SOURCES", {})
        patch.setattr(planning, "HISTORY_ENDPOINTS", ())
        patch.setattr(planning, "STAGES", {"hourly": stage})
        patch.setattr(planning, "HOURLY", stage)
        found = plan(platform, Activity({"hourly": under_way}, {"hourly": fruitless}), late=False)
    asked = [h for r in found.requests for h in hours_between(r.start, r.end)]
    allowed = {h for h in missing if not inside(h, under_way) and inside(h, fruitless) < 3}
    assert len(asked) == len(set(asked))
    assert set(asked) <= allowed
    assert all(r.end - r.start <= timedelta(hours=24) for r in found.requests)
    assert len(found.requests) <= max(0, 2 - len(under_way))
    if allowed and len(under_way) < 2:
        assert max(allowed) in asked, "the newest comes first"
    lost = {h for h in missing if not inside(h, under_way) and inside(h, fruitless) >= 3}
    assert bool(found.given_up) == bool(lost)
