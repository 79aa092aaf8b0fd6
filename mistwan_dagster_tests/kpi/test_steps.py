"""The step function: hand-worked values for each rule, and a pointwise reference in plain Python."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.kpi.steps import step_function

DAY = datetime(2025, 1, 1, tzinfo=UTC)


def at(clock: str) -> datetime:
    hours, minutes, seconds = ([int(p) for p in clock.split(":")] + [0])[:3]
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def snap(clock: str, state: bool, since: str | None = None, entity: str = "c") -> tuple:
    return (entity, at(clock), state, at(since) if since else None, False, 1)


def event(clock: str, state: bool, count: int = 1, entity: str = "c") -> tuple:
    return (entity, at(clock), state, None, True, count)


POINTS = {
    "entity": pl.String, "t": INSTANT, "state": pl.Boolean, "since": INSTANT, "is_event": pl.Boolean, "count": pl.Int64,
}  # fmt: skip


def frame(*points: tuple) -> pl.LazyFrame:
    return pl.LazyFrame(list(points), schema=POINTS, orient="row")


def known(*points: tuple, **options: object) -> list[tuple]:
    rows = step_function(frame(*points), **options).intervals.collect()  # type: ignore[arg-type]
    return [(f"{r[1]:%H:%M:%S}", f"{r[2]:%H:%M:%S}", r[3], r[4]) for r in rows.iter_rows()]


def changes(*points: tuple, **options: object) -> list[tuple]:
    rows = step_function(frame(*points), **options).transitions.collect()  # type: ignore[arg-type]
    return [(f"{r[1]:%H:%M:%S}", r[2], r[3], r[4]) for r in rows.iter_rows()]


def test_snapshots_that_agree_are_bridged_up_to_fifteen_minutes():
    assert known(snap("10:00", True), snap("10:15", True)) == [("10:00:00", "10:15:00", True, "snapshot")]
    assert known(snap("10:00", True), snap("10:15:01", True)) == []


def test_an_event_tells_both_sides_however_far_its_neighbours_are():
    points = (snap("08:00", True), event("10:30", False), snap("13:00", False))
    assert known(*points) == [
        ("08:00:00", "10:30:00", True, "snapshot"),
        ("10:30:00", "13:00:00", False, "event"),
    ]
    assert changes(*points) == [("10:30:00", False, 1, "event")]


def test_since_bridges_a_gap_wholly_or_in_part():
    assert known(snap("08:00", True), snap("10:00", True, "07:00")) == [
        ("08:00:00", "10:00:00", True, "snapshot")
    ]
    assert known(snap("08:00", True), snap("10:00", True, "09:30")) == [
        ("09:30:00", "10:00:00", True, "snapshot")
    ]


def test_disagreeing_snapshots_change_at_since_or_inferred_in_the_middle():
    points = (snap("10:00", True), snap("10:05", False, "10:04"))
    assert known(*points) == [
        ("10:00:00", "10:04:00", True, "snapshot"),
        ("10:04:00", "10:05:00", False, "snapshot"),
    ]
    assert changes(*points) == [("10:04:00", False, 1, "snapshot")]
    points = (snap("10:00", True), snap("10:05", False))
    assert known(*points) == [
        ("10:00:00", "10:02:30", True, "snapshot"),
        ("10:02:30", "10:05:00", False, "inferred"),
    ]
    assert changes(*points) == [("10:02:30", False, 1, "inferred")]


def test_disagreeing_snapshots_far_apart_leave_the_time_between_unknown():
    points = (snap("10:00", True), snap("11:00", False))
    assert known(*points) == []
    assert changes(*points) == []


def test_since_in_a_long_gap_is_a_change_but_does_not_carry_the_earlier_state_to_it():
    points = (snap("10:00", True), snap("11:00", False, "10:40"))
    assert known(*points) == [("10:40:00", "11:00:00", False, "snapshot")]
    assert changes(*points) == [("10:40:00", False, 1, "snapshot")]
    assert known(snap("10:00", True), snap("11:00", False, "10:10")) == [
        ("10:00:00", "10:10:00", True, "snapshot"),
        ("10:10:00", "11:00:00", False, "snapshot"),
    ]


def test_disconnected_since_the_very_contact_that_the_snapshot_before_told():
    points = (snap("10:00", True), snap("10:05", False, "10:00"))
    assert known(*points) == [("10:00:00", "10:05:00", False, "snapshot")]
    assert changes(*points) == [("10:00:00", False, 1, "snapshot")]


def test_a_since_just_before_the_snapshot_that_it_contradicts_changes_there():
    points = (snap("10:00", True), snap("10:05", False, "09:59:30"))
    assert known(*points) == [("10:00:00", "10:05:00", False, "snapshot")]
    assert changes(*points) == [("10:00:00", False, 1, "snapshot")]
    # Further back it is no use: the snapshot at 10:00 said otherwise.
    assert changes(snap("10:00", True), snap("10:05", False, "09:58")) == [("10:02:30", False, 1, "inferred")]


def test_an_event_contradicted_by_a_snapshot_infers_the_missing_one():
    points = (event("10:00", False), snap("10:05", False), snap("10:10", True), snap("10:15", True))
    assert changes(*points) == [("10:00:00", False, 1, "event"), ("10:07:30", True, 1, "inferred")]
    points = (snap("10:00", True), event("10:10", True), snap("10:15", True))
    assert known(*points) == [
        ("10:00:00", "10:05:00", True, "snapshot"),
        ("10:05:00", "10:10:00", False, "inferred"),
        ("10:10:00", "10:15:00", True, "event"),
    ]
    assert changes(*points) == [("10:05:00", False, 1, "inferred"), ("10:10:00", True, 1, "event")]


def test_a_repeated_event_is_no_transition():
    points = (event("10:00", False), event("10:20", False), event("10:30", True))
    assert changes(*points) == [("10:00:00", False, 1, "event"), ("10:30:00", True, 1, "event")]
    assert known(*points) == [("10:00:00", "10:30:00", False, "event")]


def test_a_repeat_with_a_contradicting_snapshot_between_is_a_transition():
    points = (event("10:00", False), snap("10:10", True), event("10:20", False))
    assert changes(*points) == [
        ("10:00:00", False, 1, "event"),
        ("10:05:00", True, 1, "inferred"),
        ("10:20:00", False, 1, "event"),
    ]


def test_a_folded_event_counts_its_repeats():
    assert changes(snap("10:00", True), event("10:10", False, count=4), event("10:12", True, count=4)) == [
        ("10:10:00", False, 4, "event"),
        ("10:12:00", True, 4, "event"),
    ]


def test_nothing_is_known_before_the_first_or_after_the_last_point():
    assert known(event("10:00", False)) == []
    assert known(snap("10:00", False)) == []
    assert known(snap("10:00", False, "09:00")) == [("09:00:00", "10:00:00", False, "snapshot")]


def test_a_complete_log_tells_by_silence():
    log = (at("08:00"), at("12:00"))
    assert known(event("10:00", False), event("10:30", True), log_complete=log) == [
        ("08:00:00", "10:00:00", True, "event"),
        ("10:00:00", "10:30:00", False, "event"),
        ("10:30:00", "12:00:00", True, "event"),
    ]
    assert known(snap("09:00", True), snap("11:00", True), log_complete=log) == [
        ("08:00:00", "12:00:00", True, "snapshot")
    ]
    # Only the part inside the span: the log says nothing of 07:00 to 08:00 nor from 12:00 to 13:00.
    assert known(snap("07:00", True), snap("11:00", True), log_complete=log) == [
        ("08:00:00", "12:00:00", True, "snapshot")
    ]
    assert known(snap("09:00", True), snap("13:00", True), log_complete=log) == [
        ("08:00:00", "12:00:00", True, "snapshot")
    ]
    assert known(snap("07:00", True), snap("13:00", True), log_complete=log) == []


def test_a_snapshot_just_ahead_of_its_event_makes_no_flap_of_its_own():
    points = (snap("10:00", True), snap("10:05", False), event("10:05:40", False), snap("10:10", False))
    assert changes(*points) == [("10:05:40", False, 1, "event")]
    assert known(*points) == [
        ("10:00:00", "10:05:40", True, "snapshot"),
        ("10:05:40", "10:10:00", False, "event"),
    ]


def test_a_snapshot_just_behind_an_event_that_still_tells_the_state_before_is_stale():
    points = (snap("10:00", True, "07:00"), event("10:05", False), snap("10:05:30", True, "07:00"),
              snap("10:10", False, "10:05"))  # fmt: skip
    assert changes(*points) == [("10:05:00", False, 1, "event")]
    # One whose `since` is after the event tells a change of its own.
    points = (event("10:05", False), snap("10:05:30", True, "10:05:20"))
    assert changes(*points) == [("10:05:00", False, 1, "event"), ("10:05:20", True, 1, "snapshot")]


def test_a_since_slightly_in_the_future_moves_the_snapshot_and_a_far_one_is_void():
    assert known(snap("10:00", True), snap("10:05", False, "10:05:30"), snap("10:10", False)) == [
        ("10:00:00", "10:05:30", True, "snapshot"),
        ("10:05:30", "10:10:00", False, "snapshot"),
    ]
    assert changes(snap("10:00", True), snap("10:05", False, "10:07")) == [("10:02:30", False, 1, "inferred")]


def test_a_snapshot_at_the_instant_of_an_event_leaves_it_its_evidence():
    points = (snap("09:55", True), snap("10:00", False, "10:00"), event("10:00", False), snap("10:05", False))
    assert known(*points)[1] == ("10:00:00", "10:05:00", False, "event")
    assert changes(*points) == [("10:00:00", False, 1, "event")]


def test_entities_do_not_touch_one_another():
    points = (
        snap("10:00", True, entity="a"),
        snap("10:05", False, entity="b"),
        event("10:06", True, entity="c"),
    )
    assert known(*points) == []
    assert changes(*points) == [("10:06:00", True, 1, "event")]


def test_rows_without_state_or_time_are_no_evidence_and_no_points_give_no_rows():
    rows = [("c", None, True, None, False, 1), ("c", at("10:00"), None, None, False, 1)]
    assert known(*rows) == []
    assert known() == []
    assert changes() == []


# A pointwise reference: what is known at one instant, from the nearest points around it.

GAP, SKEW = 900, 60


@dataclass
class Point:
    t: int
    state: bool
    since: int | None
    is_event: bool


def cleaned(points: list[Point]) -> list[Point]:
    ready = []
    for p in points:
        since = None if p.is_event or p.since is None or p.since > p.t + SKEW else p.since
        ready.append(Point(max(p.t, since if since is not None else p.t), p.state, since, p.is_event))
    ready.sort(key=lambda p: (p.t, not p.is_event, p.state))
    kept = []
    for i, p in enumerate(ready):
        before = next((q for q in reversed(ready[:i]) if q.is_event), None)
        after = next((q for q in ready[i + 1 :] if q.is_event), None)
        told_later = after is not None and after.state == p.state and after.t - p.t <= SKEW
        new_state = before is None or before.state != p.state
        stale = before is not None and before.state != p.state and p.t - before.t <= SKEW
        stale = stale and (p.since is None or p.since <= before.t)
        if p.is_event or not ((told_later and new_state) or stale):
            kept.append(p)
    return kept


def state_before(points: list[Point], i: int) -> bool:
    p = points[i]
    if not p.is_event:
        return p.state
    earlier = next((q for q in reversed(points[:i]) if q.is_event), None)
    repeat = earlier is not None and earlier.state == p.state and points[i - 1].state == p.state
    return p.state if repeat else not p.state


def change_between(points: list[Point], i: int) -> float | None:
    a, b = points[i - 1], points[i]
    if a.state == state_before(points, i):
        return None
    if b.since is not None and b.since >= a.t - SKEW:
        return max(b.since, a.t)
    return (a.t + b.t) / 2 if b.t - a.t <= GAP else None


def state_at(points: list[Point], x: float, log: tuple[int, int] | None) -> bool | None:
    i = next((k for k, p in enumerate(points) if p.t > x), len(points))
    in_log = log is not None and log[0] <= x < log[1]
    if i == len(points):
        last = points[-1]
        return last.state if in_log and log and last.t >= log[0] else None
    b, before = points[i], state_before(points, i)
    if i == 0:
        if b.since is not None and b.since <= x:
            return b.state
        whole = log is not None and (b.since is None or b.since <= log[0])
        return before if in_log and log and b.t <= log[1] and whole else None
    a = points[i - 1]
    if a.state == before:
        told = a.is_event or b.is_event or b.t - a.t <= GAP or (b.since is not None and b.since <= x)
        silent = in_log and log and (a.t >= log[0] or b.t <= log[1])
        return before if told or silent else None
    change = change_between(points, i)
    if change is None:
        return None
    if x >= change:
        return before
    return a.state if change - a.t <= GAP else None


def transition_count(points: list[Point]) -> int:
    count = 0
    for i, p in enumerate(points):
        count += i > 0 and change_between(points, i) is not None
        count += p.is_event and state_before(points, i) != p.state
    return count


STEP = 20
instants = st.integers(0, 200).map(lambda n: n * STEP)
sinces = st.one_of(st.none(), instants.map(lambda s: s - 1200), instants)
point = st.builds(Point, instants, st.booleans(), sinces, st.booleans())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(point, min_size=1, max_size=9, unique_by=lambda p: (p.t, p.state, p.is_event)),
        min_size=1,
        max_size=3,
    ),
    st.one_of(st.none(), st.tuples(instants, instants).map(lambda s: (min(s), max(s)))),
)
def test_intervals_and_transitions_equal_the_pointwise_reference(entities, log):
    def instant(seconds: int | None) -> datetime | None:
        return None if seconds is None else DAY + timedelta(seconds=seconds)

    rows = [
        (str(e), instant(p.t), p.state, instant(p.since), p.is_event, 1)
        for e, points in enumerate(entities)
        for p in points
    ]
    whole = (instant(log[0]), instant(log[1])) if log else None
    steps = step_function(frame(*reversed(rows)), log_complete=whole)  # type: ignore[arg-type]
    intervals, transitions = pl.collect_all([steps.intervals, steps.transitions])
    for e, points in enumerate(entities):
        ordered = cleaned(points)
        mine = intervals.filter(pl.col("entity") == str(e))
        spans = [
            ((s - DAY).total_seconds(), (t - DAY).total_seconds(), state)
            for s, t, state in mine.select("start", "end", "state").iter_rows()
        ]
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
        # Changes fall on multiples of half a step, so the odd quarters of a step are never on an edge.
        for half in range(-1240 * 2 // STEP, 4100 * 2 // STEP):
            x = half * STEP / 2 + STEP / 4
            got = next((state for s, t, state in spans if s <= x < t), None)
            assert got == state_at(ordered, x, log), (x, points)
        counted = transitions.filter(pl.col("entity") == str(e))["count"].sum()
        assert counted == transition_count(ordered), points
