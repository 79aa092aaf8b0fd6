"""Up, down, unknown and reachable minutes, flaps, and the stretches that were down.

Belongs here: how link, connection, disabled ports and reachability combine. Does not belong here: which
rows are evidence of what (`evidence.py`), the step function (`steps.py`), outages across hours
(`outages.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.kpi.calendar import HOUR_MINUTES
from mistwan_dagster.kpi.events import link_events, reach_events
from mistwan_dagster.kpi.evidence import connection_points, disabled_points, link_points, reach_points
from mistwan_dagster.kpi.overlay import overlay
from mistwan_dagster.kpi.steps import Steps, step_function
from mistwan_dagster.kpi.stretches import MICROS_PER_MINUTE

Log = tuple[datetime, datetime] | None

_STATE = {"state": pl.Boolean, "evidence": pl.String}
_NO_INTERVALS = pl.LazyFrame(schema={"entity": pl.UInt32, "start": INSTANT, "end": INSTANT, **_STATE})
_NO_TRANSITIONS = pl.LazyFrame(schema={"entity": pl.UInt32, "t": INSTANT, "count": pl.Int64, **_STATE})


class StatusResult(NamedTuple):
    """`hours`: one row per circuit and hour of the span. `pieces`: circuit_id, kind,
    start, end, evidence of the stretches that were down (link), up and unreachable (reachability), or without
    knowledge of the link (unknown), clipped to the span."""

    hours: pl.LazyFrame
    pieces: pl.LazyFrame


class Told(NamedTuple):
    """Rows from the span and from `MAX_GAP` or more around it: samples as `samples.port_samples` and
    `samples.path_samples` give them, device rows and events raw, `circuits` with circuit_id, device_mac, node, port_id,
    `interfaces` as `identity.interface_map` gives them."""

    ports: pl.LazyFrame | pl.DataFrame
    paths: pl.LazyFrame | pl.DataFrame
    devices: pl.LazyFrame | pl.DataFrame
    events: pl.LazyFrame | pl.DataFrame
    circuits: pl.DataFrame
    interfaces: pl.DataFrame


def status_hours(told: Told, start: datetime, end: datetime, log_complete: Log = None) -> StatusResult:
    """Status of every circuit in each hour of [start, end).

    Nothing is known before the first or after the last evidence. `log_complete`: span in which the event log is
    complete and suffices without snapshots.

    `hours`: circuit_id, hour_utc, up_minutes + down_minutes + unknown_minutes = 60, reachable_minutes,
    status_hourly (Up, Down, Unknown), flap_count, disabled_minutes, active_state. Unknown is what no
    evidence covers, what the port spent disabled and what the gateway spent disconnected. Flaps count the
    transitions that fall in the hour, without those into and out of disabled; null when the hour was not
    observed at all. Reachable is up and answered by ARP, DHCP or a peer path; null without such evidence in
    the hour. active_state is the last that the port told in the hour, else whether any of its paths was
    active.
    """
    laid = _laid_out(told, start, end, log_complete)
    flaps = _flaps(laid.link, laid.disabled, start, end)
    hours = _hours(laid.cells.lazy(), flaps, _active(laid.ports, laid.paths), laid.ids)
    return StatusResult(hours, _pieces(laid.cells.lazy(), laid.ids))


def state_cells(told: Told, start: datetime, end: datetime) -> pl.LazyFrame:
    """What `status_hours` adds up, before it is: circuit_id, start, end, link, reach, disabled, gone.

    Cells cover [start, end), whole hours long, without a gap; sorted by circuit and start. `link` and `reach` are null
    where unknown; `disabled` (port) and `gone` (gateway not connected) are true or null. Nothing is known after the
    last evidence.
    """
    laid = _laid_out(told, start, end, None)
    named = laid.cells.lazy().join(
        laid.ids.lazy().select("entity", "circuit_id"), on="entity", maintain_order="left"
    )
    flags = (pl.when(pl.col(n).is_not_null()).then(True).alias(n) for n in ("disabled", "gone"))
    return named.select(
        "circuit_id", pl.col("t").alias("start"), pl.col("t_next").alias("end"), "link", "reach", *flags
    )


class _Laid(NamedTuple):
    """Step functions of each circuit laid over one another, and what they were made from."""

    ids: pl.DataFrame
    ports: pl.DataFrame
    paths: pl.DataFrame
    link: Steps
    disabled: Steps
    cells: pl.DataFrame


def _laid_out(told: Told, start: datetime, end: datetime, log_complete: Log) -> _Laid:
    ids = told.circuits.select("circuit_id", mac="device_mac").unique("circuit_id", maintain_order=True)
    ids = ids.with_row_index("entity")
    located = (told.events, told.circuits, told.interfaces)
    ports, paths = pl.collect_all([_indexed(told.ports, ids), _indexed(told.paths, ids)], engine="in-memory")
    links = _indexed(link_events(*located), ids).collect(engine="in-memory")
    reaches = _indexed(reach_events(*located), ids).collect(engine="in-memory")

    link = _evaluated(link_points(ports, links), log_complete)
    disabled = _evaluated(disabled_points(ports, links), log_complete)
    gone = _evaluated(connection_points(told.devices, told.events, ids), log_complete)
    without_link = pl.concat(
        [
            s.select("entity", "start", "end")
            for s in (link.intervals.filter(~pl.col("state")), disabled.intervals.filter("state"))
        ]
    )
    reach = _evaluated(reach_points(paths, reaches, end, without_link), log_complete)

    functions = {
        "link": link.intervals,
        "disabled": disabled.intervals.filter("state"),
        "gone": gone.intervals.filter(~pl.col("state")),
        "reach": reach.intervals,
    }
    cells = overlay(ids.lazy().select("entity"), functions, start, end).collect(engine="in-memory")
    return _Laid(ids, ports, paths, link, disabled, cells)


def _indexed(rows: pl.LazyFrame | pl.DataFrame, ids: pl.DataFrame) -> pl.LazyFrame:
    """Rows of known circuits with the integer `entity` by which everything here is sorted and grouped."""
    return rows.lazy().join(ids.lazy().select("circuit_id", "entity"), on="circuit_id")


def _evaluated(points: pl.LazyFrame, log_complete: Log) -> Steps:
    ready = points.collect(engine="in-memory")
    if ready.is_empty():
        return Steps(_NO_INTERVALS, _NO_TRANSITIONS)
    steps = step_function(ready.lazy(), log_complete=log_complete)
    intervals, transitions = pl.collect_all([steps.intervals, steps.transitions], engine="in-memory")
    return Steps(intervals.lazy(), transitions.lazy())


def _flaps(link: Steps, disabled: Steps, start: datetime, end: datetime) -> pl.LazyFrame:
    """entity, hour_utc, flaps: link transitions, without those into, in and out of disabled."""
    turned = link.transitions.filter((pl.col("t") >= start) & (pl.col("t") < end))
    off = disabled.intervals.filter("state").select("entity", off="start", on="end")
    switched = turned.join(off, on="entity").filter(pl.col("t").is_between("off", "on"))
    return (
        turned.join(switched.select("entity", "t"), on=["entity", "t"], how="anti")
        .group_by("entity", hour_utc=pl.col("t").dt.truncate("1h"))
        .agg(flaps=pl.col("count").sum())
    )


def _active(ports: pl.DataFrame, paths: pl.DataFrame) -> pl.LazyFrame:
    """entity, hour_utc, active_state."""
    hour = pl.col("entity").cast(pl.Int64) * 2**33 + pl.col("t").dt.truncate("1h").dt.epoch("s") * 2
    by_port = _last(ports.lazy().filter(pl.col("active").is_not_null()), hour, "t", "active", "port_active")
    told = paths.lazy().filter(pl.col("is_active").is_not_null())
    by_path = _last(told, hour + pl.col("is_active"), None, "is_active", "path_active")
    both = by_port.join(by_path, on=["entity", "hour_utc"], how="full", coalesce=True)
    return both.select("entity", "hour_utc", active_state=pl.coalesce("port_active", "path_active"))


def _last(rows: pl.LazyFrame, order: pl.Expr, then: str | None, value: str, name: str) -> pl.LazyFrame:
    """`value` of the last row of each entity and hour. Packed keys: much faster than to group by two."""
    keys = ["order"] if then is None else ["order", then]
    ordered = rows.select("entity", "t", pl.col(value).alias(name), order.alias("order")).sort(keys)
    final = (pl.col("order") // 2 != pl.col("order").shift(-1) // 2).fill_null(True)
    return ordered.filter(final).select("entity", name, hour_utc=pl.col("t").dt.truncate("1h"))


def _states() -> dict[str, pl.Expr]:
    away = pl.col("gone").is_not_null() | pl.col("disabled").is_not_null()
    is_up, is_down = pl.col("link") & ~away, ~pl.col("link") & ~away
    return {
        "up": is_up.fill_null(False),
        "down": is_down.fill_null(False),
        "reachable": (is_up & pl.col("reach")).fill_null(False),
        "unreachable": (is_up & ~pl.col("reach")).fill_null(False),
        "unsure": (is_up | is_down).is_null() | pl.col("gone").is_not_null(),
    }


def _hours(
    cells: pl.LazyFrame,
    flaps: pl.LazyFrame,
    active: pl.LazyFrame,
    ids: pl.DataFrame,
) -> pl.LazyFrame:
    states = _states()
    lasts = (pl.col("t_next") - pl.col("t")).to_physical()

    def minutes(when: pl.Expr) -> pl.Expr:
        return pl.when(when).then(lasts).otherwise(0).sum() / MICROS_PER_MINUTE

    summed = cells.group_by("entity", hour_utc=pl.col("t").dt.truncate("1h")).agg(
        up_minutes=minutes(states["up"]),
        down_minutes=minutes(states["down"]),
        disabled_minutes=minutes(pl.col("disabled").is_not_null()),
        reached=minutes(states["reachable"]),
        has_reach=pl.col("reach").is_not_null().any(),
    )
    up, down = pl.col("up_minutes"), pl.col("down_minutes")
    observed = (up + down > 0) | pl.col("flaps").is_not_null()
    return (
        summed.join(flaps, on=["entity", "hour_utc"], how="left")
        .join(active, on=["entity", "hour_utc"], how="left")
        .join(ids.lazy().select("entity", "circuit_id"), on="entity")
        .select(
            "circuit_id",
            "hour_utc",
            "up_minutes",
            "down_minutes",
            (HOUR_MINUTES - up - down).clip(lower_bound=0).alias("unknown_minutes"),
            pl.when("has_reach").then("reached").alias("reachable_minutes"),
            pl.when(up > 0)
            .then(pl.lit("Up"))
            .when(down > 0)
            .then(pl.lit("Down"))
            .otherwise(pl.lit("Unknown"))
            .alias("status_hourly"),
            pl.when(observed).then(pl.col("flaps").fill_null(0)).alias("flap_count"),
            "disabled_minutes",
            "active_state",
        )
        .sort("circuit_id", "hour_utc")
    )


def _pieces(cells: pl.LazyFrame, ids: pl.DataFrame) -> pl.LazyFrame:
    states = _states()
    found = pl.concat(
        [
            cells.filter(states[state] & (pl.lit(kind != "unknown") | pl.col("disabled").is_null())).select(
                "entity", pl.lit(kind).alias("kind"), "t", "t_next", pl.col(evidence).alias("evidence")
            )
            for kind, state, evidence in (
                ("link", "down", "link_evidence"),
                ("reachability", "unreachable", "reach_evidence"),
                ("unknown", "unsure", "link_evidence"),
            )
        ]
    ).sort("kind", "entity", "t")
    key = pl.struct("kind", "entity")
    fresh = ((key != key.shift(1)) | (pl.col("t") != pl.col("t_next").shift(1))).fill_null(True)
    return (
        found.with_columns(run=fresh.cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("entity", "kind", "evidence").first(),
            start=pl.col("t").first(),
            end=pl.col("t_next").last(),
        )
        .join(ids.lazy().select("entity", "circuit_id"), on="entity", maintain_order="left")
        .select("circuit_id", "kind", "start", "end", "evidence")
    )
