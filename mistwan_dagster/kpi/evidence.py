"""Points of evidence for the step functions of a circuit, from samples and events.

Belongs here: which row asserts which state at which instant. Does not belong here: reading events
(`events.py`), the step function (`steps.py`), what the states add up to (`status.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.kpi.events import connection_events
from mistwan_dagster.kpi.samples import from_epoch
from mistwan_dagster.kpi.steps import MAX_GAP

_PATH = ["circuit_id", "node", "port_id", "peer_mac", "peer_port_id", "vpn_name"]
_POINT = ["entity", "t", "state", "since", "is_event", "count"]


def _points(
    rows: pl.LazyFrame,
    state: pl.Expr | str,
    since: pl.Expr | str | None = None,
    is_event: pl.Expr | bool = False,
    count: pl.Expr | int = 1,
) -> pl.LazyFrame:
    return rows.select(
        "entity",
        "t",
        (pl.col(state) if isinstance(state, str) else state).alias("state"),
        (pl.lit(None) if since is None else pl.col(since) if isinstance(since, str) else since)
        .cast(INSTANT)
        .alias("since"),
        (pl.lit(is_event) if isinstance(is_event, bool) else is_event).alias("is_event"),
        (pl.lit(count) if isinstance(count, int) else count).cast(pl.Int64).alias("count"),
    )


def link_points(ports: pl.DataFrame, links: pl.DataFrame) -> pl.LazyFrame:
    """Whether the link is up. Port samples (t, up, last_flapped) and link events, each with `entity`.

    Rows of disabled ports and admin events are kept: they tell when up ended. An admin event counts no flap.
    """
    count = pl.when("admin").then(0).otherwise("count")
    snapshots = _points(ports.lazy().filter(pl.col("up").is_not_null()), "up", "last_flapped")
    return pl.concat([snapshots, _points(links.lazy(), "state", is_event=True, count=count)])


def disabled_points(ports: pl.DataFrame, links: pl.DataFrame) -> pl.LazyFrame:
    """Whether the port is disabled, for circuits that ever were; a disabled null says nothing.

    A port that is up is not disabled; one that is down may be.
    """
    off = pl.col("disabled").fill_null(False)
    touched = pl.concat([ports.filter(off)["entity"], links.filter("admin")["entity"]]).unique()
    mine = pl.col("entity").is_in(touched.implode())
    is_up = pl.col("up").fill_null(False)
    told = ports.lazy().filter(mine & (off | is_up | (pl.col("disabled") == False)))  # noqa: E712
    since = pl.when(off != is_up).then("last_flapped")
    snapshots = _points(told, off, since)
    switched = _points(links.lazy().filter("admin"), pl.lit(True), is_event=True)
    # Only a port that was disabled is enabled by coming up; any other just was not.
    ups = _points(links.lazy().filter(mine & pl.col("state")), pl.lit(False), is_event=True)
    ordered = pl.concat([snapshots, switched, ups]).sort("entity", "t", maintain_order=True)
    was = pl.col("state").shift(1).over("entity").fill_null(False)
    return ordered.with_columns(is_event=pl.col("is_event") & (pl.col("state") | was))


def connection_points(
    device_stats: pl.LazyFrame | pl.DataFrame,
    device_events: pl.LazyFrame | pl.DataFrame,
    ids: pl.DataFrame,
) -> pl.LazyFrame:
    """Whether a circuit's gateway is connected, for gateways that ever were away.

    `ids`: mac and entity of each circuit. A connected row is evidence at its last contact, any other at its
    slot, since that contact. Without an event a gateway is back at its first contact, not in the middle between
    two slots: nothing was seen of its ports before.
    """
    connected = pl.col("status").str.to_lowercase() == "connected"
    seen = from_epoch(pl.col("last_seen"))
    snapshots = (
        device_stats.lazy()
        .filter(pl.col("status").is_not_null())
        .select(
            "mac",
            t=pl.when(connected).then(pl.coalesce(seen, "slot_utc")).otherwise("slot_utc"),
            state=connected,
            since=seen,
            is_event=pl.lit(False),
            count=pl.lit(1, pl.Int64),
        )
    )
    turns = connection_events(device_events).select(
        "mac", "t", "state", pl.lit(None, INSTANT).alias("since"), "is_event", "count"
    )
    points = pl.concat([snapshots, turns]).collect(engine="in-memory")
    away = points.filter(~pl.col("state"))["mac"].unique()
    mine = points.lazy().filter(pl.col("mac").is_in(away.implode()))
    return mine.join(ids.lazy().select("mac", "entity"), on="mac").select(_POINT)


def reach_points(
    paths: pl.DataFrame, reaches: pl.DataFrame, end: datetime, without_link: pl.LazyFrame
) -> pl.LazyFrame:
    """Whether the provider answers: ARP and DHCP events, and peer paths; each with `entity`.

    `without_link`: entity, start, end of the stretches in which the link was down or the port disabled.
    """
    events = _points(reaches.lazy(), "state", is_event=True, count=pl.col("count"))
    told = _while_linked(_path_points(paths), without_link)
    return pl.concat([told, events, _silence(paths, reaches, end)])


def _while_linked(points: pl.LazyFrame, without_link: pl.LazyFrame) -> pl.LazyFrame:
    """Path points outside those stretches, each neighbour's state held to the stretch's edge.

    Paths are down because the link is: such a sample says nothing of the provider, and halving the time to its
    neighbours would make an outage of reachability before and after each outage of the link.
    """
    points = points.sort("t")
    gaps = without_link.select("entity", gap="start", gap_end="end").sort("gap")
    inside = points.join_asof(gaps, left_on="t", right_on="gap", by="entity", check_sortedness=False)
    kept = (
        inside.filter((pl.col("t") > pl.col("gap_end")).fill_null(True))
        .select(_POINT)
        .collect(engine="in-memory")
    )
    edges = [
        gaps.select("entity", t=edge)
        .sort("t")
        .join_asof(
            kept.lazy().select("entity", "t", "state"),
            on="t",
            by="entity",
            strategy=strategy,  # type: ignore[arg-type]
            tolerance=MAX_GAP,
            check_sortedness=False,
        )
        .filter(pl.col("state").is_not_null())
        for edge, strategy in (("gap", "backward"), ("gap_end", "forward"))
    ]
    return pl.concat([kept.lazy(), *(_points(edge, "state") for edge in edges)])


def _path_points(paths: pl.DataFrame) -> pl.LazyFrame:
    """Any path up in a slot: reachable. All down, and none lately up that the slot left out: unreachable."""
    up = pl.col("up")
    # Sorting by packed integers and keeping each slot's last row is several times as fast as a group_by.
    slot = pl.col("entity").cast(pl.Int64) * 2**33 + pl.col("slot_utc").dt.epoch("s") * 2
    slots = (
        paths.lazy()
        .filter(up.is_not_null())
        .select("entity", "slot_utc", "t", state="up", order=slot + up)
        .sort("order", "t")
        .filter((pl.col("order") // 2 != pl.col("order").shift(-1) // 2).fill_null(True))
        .drop("order")
    ).collect(engine="in-memory")
    down = slots.lazy().filter(~pl.col("state")).select("entity", "slot_utc", at="t")
    lately = (
        paths.lazy()
        .filter(up.is_not_null())
        .join(down, on="entity", suffix="_down")
        .filter((pl.col("t") <= pl.col("at")) & (pl.col("t") >= pl.col("at") - MAX_GAP))
        .sort("t")
        .group_by("entity", "slot_utc_down", *_PATH)
        .agg(pl.col("up").last())
        .filter("up")
        .select("entity", slot_utc="slot_utc_down")
    )
    return _points(slots.lazy().join(lately, on=["entity", "slot_utc"], how="anti"), "state")


def _silence(paths: pl.DataFrame, reaches: pl.DataFrame, end: datetime) -> pl.LazyFrame:
    """For circuits without peer paths the event log is all there is: its state holds from the hour of the
    first event to the end of the span. It only ever counts while the link is known to be up."""
    with_paths = paths.lazy().select("entity").filter(pl.col("entity").is_in(reaches["entity"].implode()))
    alone = reaches.lazy().join(with_paths.unique(), on="entity", how="anti").sort("t")
    ends = (
        alone.filter(pl.col("t") < end)
        .group_by("entity")
        .agg(pl.col("t", "state").first(), last=pl.col("state").last())
    )
    first = ends.with_columns(pl.col("t").dt.truncate("1h"))
    return pl.concat([_points(first, ~pl.col("state")), _points(ends.with_columns(t=pl.lit(end)), "last")])
