"""A step function from points of evidence: when a state is known, and when it changed.

Belongs here: the one mechanism behind link state, device connection, reachability and disabled ports. Does
not belong here: where the points come from (`events.py`, `status.py`), what the states mean for a KPI.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

MAX_GAP = timedelta(seconds=900)
"""Longest time between two pieces of evidence, or two readings of a counter, that may be bridged; beyond it nothing
is known."""

SKEW = timedelta(seconds=60)
"""How far two clocks may differ before a snapshot counts as contradicting an event or its own `since`."""

EVENT, SNAPSHOT, INFERRED = 0, 1, 2
EVIDENCE = ("event", "snapshot", "inferred")
"""What tells a change, by code: an event, a snapshot's `since`, or the middle between two."""

_NONE = -1


class Steps(NamedTuple):
    """`intervals`: entity, start, end, state, evidence, sorted, disjoint, touching ones differ in state;
    time in none of them is unknown. `transitions`: entity, t, state (from t on), count, evidence, sorted."""

    intervals: pl.LazyFrame
    transitions: pl.LazyFrame


def step_function(
    points: pl.LazyFrame,
    log_complete: tuple[datetime, datetime] | None = None,
) -> Steps:
    """Known intervals and transitions of each entity.

    `points`: entity, t, state, since (null or instant), is_event, count. An event asserts its state from t
    on and the opposite before; a snapshot asserts its state at t and, with `since`, over [since, t]. Rows
    without t or state are ignored; a null count is 1.

    - Neighbours that agree: known between them when one is an event, `since` reaches back or they are at most
      `MAX_GAP` apart; else only from `since` on.
    - Neighbours that disagree: one transition, at `since`, else in the middle (inferred) when at most
      `MAX_GAP` apart; else unknown between. Before a `since` the earlier state holds for at most `MAX_GAP`.
    - An event that repeats the state of the event before it, with nothing against it between, is no
      transition.
    - Nothing is known before the first point, except back to its `since`; nothing after the last.
    - `log_complete`: the span in which the event log is known to be complete and suffices alone. Inside it an
      agreed state is known without snapshots, before the first and after the last point too.
    - A snapshot up to `SKEW` ahead of the event that tells the same change adds nothing to it; one up to
      `SKEW` behind an event, still telling the state before, is stale. Neither makes a transition of its own.
    """
    pairs = _pairs(_aligned(_cleaned(points.lazy())))
    pieces = [_held(pairs), _before_change(pairs), _after_change(pairs)]
    if log_complete:
        pieces += _by_complete_log(pairs, *log_complete)
    return Steps(_merged(pl.concat(pieces)), _transitions(pairs))


def evidence_name(code: pl.Expr) -> pl.Expr:
    """Evidence code -> its word."""
    return code.replace_strict(dict(enumerate(EVIDENCE)), return_dtype=pl.String)


def _cleaned(points: pl.LazyFrame) -> pl.LazyFrame:
    """Known points only; `since` of snapshots only: slightly after t it moves t, much later it is void."""
    since = pl.when(~pl.col("is_event") & (pl.col("since") <= pl.col("t") + SKEW)).then("since")
    return (
        points.filter(pl.all_horizontal(pl.col("entity", "t", "state", "is_event").is_not_null()))
        .with_columns(since=since, count=pl.col("count").fill_null(1))
        .with_columns(t=pl.max_horizontal("t", "since"))
    )


def _sorted(points: pl.LazyFrame) -> pl.LazyFrame:
    """By entity and time, events before snapshots and False before True of the same instant."""
    # Two keys, the second an integer: sorting by four keys takes several times as long.
    order = pl.col("t").to_physical() * 4 + 2 * (~pl.col("is_event")).cast(pl.Int64) + pl.col("state")
    return _bounded(points.with_columns(order=order).sort("entity", "order", maintain_order=True))


def _bounded(ordered: pl.LazyFrame) -> pl.LazyFrame:
    """Marks the first (`new`) and `last` row of each entity."""
    new = (pl.col("entity") != pl.col("entity").shift(1)).fill_null(True)
    return ordered.with_columns(new=new, last=new.shift(-1, fill_value=True))


def _code(state: pl.Expr) -> pl.Expr:
    return state.cast(pl.Int8)


def _earlier_event(value: pl.Expr, nothing: int) -> pl.Expr:
    """`value` of the entity's nearest event before the row, `nothing` when there is none."""
    # The sentinel on each entity's first row keeps a fill over the whole column inside the entity.
    carried = pl.when("is_event").then(value).when("new").then(nothing).forward_fill().shift(1)
    return pl.when("new").then(nothing).otherwise(carried)


def _later_event(value: pl.Expr, nothing: int) -> pl.Expr:
    carried = pl.when("is_event").then(value).when("last").then(nothing).backward_fill().shift(-1)
    return pl.when("last").then(nothing).otherwise(carried)


def _aligned(points: pl.LazyFrame) -> pl.LazyFrame:
    """Sorted points without the snapshots that differ from an event only by the skew of their clocks."""
    state, us, skew = _code(pl.col("state")), pl.col("t").to_physical(), SKEW // timedelta(microseconds=1)
    marked = _sorted(points).with_columns(
        us=us,
        state_code=state,
        event_before=_earlier_event(state, _NONE),
        event_before_us=_earlier_event(us, 0),
        event_after=_later_event(state, _NONE),
        event_after_us=_later_event(us, 0),
    )
    snapshot = ~pl.col("is_event")
    ahead = (
        snapshot
        & (pl.col("event_after") == pl.col("state_code"))
        & (pl.col("event_after_us") - pl.col("us") <= skew)
        & (pl.col("event_before") != pl.col("state_code"))
    )
    behind = (
        snapshot
        & (pl.col("event_before") == 1 - pl.col("state_code"))
        & (pl.col("us") - pl.col("event_before_us") <= skew)
        & (pl.col("since").to_physical() <= pl.col("event_before_us")).fill_null(True)
    )
    # Dropping one that is ahead equals moving it to its event, which asserts all that it would assert there.
    return _bounded(marked.filter(~(ahead | behind)))


def _pairs(ordered: pl.LazyFrame) -> pl.LazyFrame:
    """Each point with its neighbour before: `was` (that one's state), `before` (what this one asserts just
    before itself), `change` (the transition between them, null when none or unknown) and its evidence
    `how`."""
    code = _code(pl.col("state"))
    linked = ordered.with_columns(
        prev_t=pl.when(~pl.col("new")).then(pl.col("t").shift(1)),
        was=pl.when(~pl.col("new")).then(pl.col("state").shift(1)),
        by=pl.when("is_event").then(EVENT).otherwise(SNAPSHOT).cast(pl.Int8),
        event_before=_earlier_event(code, _NONE),
    ).with_row_index("row")
    repeat = (
        pl.col("is_event") & (pl.col("event_before") == code) & (pl.col("was") == pl.col("state"))
    ).fill_null(False)
    opposite = pl.col("is_event") & ~repeat
    compared = linked.with_columns(
        prev_by=pl.when(~pl.col("new")).then(pl.col("by").shift(1)),
        repeat=repeat,
        before=pl.col("state") ^ opposite,
    ).with_columns(agrees=pl.col("was") == pl.col("before"), close=pl.col("t") - pl.col("prev_t") <= MAX_GAP)
    told = pl.col("since") >= pl.col("prev_t") - SKEW
    middle = pl.col("prev_t") + (pl.col("t") - pl.col("prev_t")) / 2
    change = (
        pl.when("agrees")
        .then(None)
        .when(told)
        .then(pl.max_horizontal("since", "prev_t"))
        .when("close")
        .then(middle)
    )
    return compared.with_columns(
        change=change, how=pl.when(told).then(SNAPSHOT).otherwise(INFERRED).cast(pl.Int8)
    )


def _piece(
    rows: pl.LazyFrame,
    part: int,
    start: pl.Expr | str,
    end: pl.Expr | str,
    state: pl.Expr | str,
    by: pl.Expr | str,
) -> pl.LazyFrame:
    as_expr = [pl.col(e) if isinstance(e, str) else e for e in (start, end, state, by)]
    names = ("start", "end", "state", "by")
    return rows.select(
        "entity",
        "row",
        pl.lit(part, pl.Int8).alias("part"),
        *(e.alias(n) for e, n in zip(as_expr, names, strict=True)),
    )


def _held(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """What is known between neighbours that agree, and before a first snapshot."""
    an_event = (pl.col("by") == EVENT) | (pl.col("prev_by") == EVENT)
    throughout = an_event | pl.col("close") | (pl.col("since") <= pl.col("prev_t")).fill_null(False)
    # Pieces of no length stay until merged: a snapshot at an event's instant must not take over its evidence.
    start = pl.when("new").then(pl.coalesce("since", "t")).when(throughout).then("prev_t").otherwise("since")
    by = pl.when(~pl.col("new") & throughout).then("prev_by").otherwise("by")
    state = pl.when("new").then("state").otherwise("before")
    rows = pairs.filter(pl.col("new") | pl.col("agrees"))
    return _piece(rows, 1, start, "t", state, by).filter(pl.col("start").is_not_null())


def _before_change(pairs: pl.LazyFrame) -> pl.LazyFrame:
    rows = pairs.filter((pl.col("change") - pl.col("prev_t") <= MAX_GAP).fill_null(False))
    return _piece(rows, 0, "prev_t", "change", "was", "prev_by")


def _after_change(pairs: pl.LazyFrame) -> pl.LazyFrame:
    return _piece(pairs.filter(pl.col("change").is_not_null()), 2, "change", "t", "before", "how")


def _by_complete_log(pairs: pl.LazyFrame, low: datetime, high: datetime) -> list[pl.LazyFrame]:
    """What silence of a complete log adds: the agreed state holds from low, or until high."""
    inside = pl.col("t").is_between(low, high)
    left = pl.max_horizontal(pl.lit(low), "prev_t")
    right = pl.min_horizontal(pl.lit(high), "t")
    reaches = pl.col("is_event") | pl.col("since").is_null() | (pl.col("since") <= low)
    first = pairs.filter(pl.col("new") & inside & reaches)
    agreeing = pairs.filter("agrees")
    last = pairs.filter(pl.col("last") & inside)
    return [
        _piece(first, 0, pl.lit(low), "t", "before", "by"),
        _piece(agreeing.filter(pl.col("prev_t").is_between(low, high)), 0, "prev_t", right, "was", "prev_by"),
        _piece(agreeing.filter(inside), 0, left, "t", "before", "by"),
        _piece(last, 4, "t", pl.lit(high), "state", "by"),
    ]


def _merged(pieces: pl.LazyFrame) -> pl.LazyFrame:
    """Pieces that touch or overlap with one state as one; the first tells the evidence."""
    ordered = pieces.sort("row", "start", "part", maintain_order=True)
    reached = pl.col("end").shift(1)
    fresh = (
        (pl.col("entity") != pl.col("entity").shift(1))
        | (pl.col("state") != pl.col("state").shift(1))
        | (pl.col("start") > reached)
    ).fill_null(True)
    starts = ordered.with_columns(fresh=fresh, reached=reached, final=pl.col("end").last()).filter("fresh")
    end = pl.coalesce(pl.col("reached").shift(-1), "final")
    return (
        starts.with_columns(end=end)
        .filter(pl.col("end") > pl.col("start"))
        .select("entity", "start", "end", "state", evidence=evidence_name(pl.col("by")))
    )


def _transitions(pairs: pl.LazyFrame) -> pl.LazyFrame:
    events = pairs.filter(pl.col("is_event") & ~pl.col("repeat"))
    changes = pairs.filter(pl.col("change").is_not_null())
    found = pl.concat(
        [
            events.select("entity", "row", pl.lit(1).alias("part"), "t", "state", "count", "by"),
            changes.select(
                "entity",
                "row",
                pl.lit(0).alias("part"),
                pl.col("change").alias("t"),
                pl.col("before").alias("state"),
                pl.lit(1, pl.Int64).alias("count"),
                pl.col("how").alias("by"),
            ),
        ]
    )
    return found.sort("row", "part").select(
        "entity", "t", "state", "count", evidence=evidence_name(pl.col("by"))
    )
