"""From snapshot rows to samples: what was measured at which source time.

Belongs here: the source time of a row, the rule that only a newer source time is a new sample, and which
values of a row are impossible. Does not belong here: what a KPI makes of the samples.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.kpi.identity import (
    circuit_id,
    circuit_id_of,
    node_or_null,
    physical_ports,
    wan_rows,
)

MOS_SCALE = 5.0
"""Mean opinion scores end at 5; a larger number is the hundredfold that some versions of the cloud tell."""
YEAR_10000 = 253_402_300_800
"""Epoch seconds."""
LATEST_AFTER_SLOT = timedelta(hours=1)
"""A row is read within its slot of 5 minutes, or a little later when its run waits or a call is repeated. What claims
to be from later than this after the slot's start has a wrong clock, and would outdate every row that follows."""

_PORT_COLUMNS = [
    *("mac", "node", "port_id", "port_usage", "site_id", "slot_utc", "timestamp", "rx_bytes", "tx_bytes"),
    *("up", "disabled", "active", "speed", "last_flapped"),
]
_PATH_COLUMNS = [
    *("mac", "node", "port_id", "peer_mac", "peer_port_id", "vpn_name", "peer_router_name", "site_id"),
    *("slot_utc", "last_seen", "timestamp", "up", "is_active", "latency", "jitter", "loss", "mos"),
]


def from_epoch(seconds: pl.Expr) -> pl.Expr:
    """Epoch seconds (float) as an instant, to the microsecond. Null, and what is no second of the years 1970 to
    9999 (milliseconds, for one), become null."""
    possible = pl.when(seconds.is_between(0, YEAR_10000, closed="left")).then(seconds)
    return (possible * 1e6).round().cast(pl.Int64).cast(INSTANT)


def port_samples(
    port_stats: pl.LazyFrame | pl.DataFrame,
    device_stats: pl.LazyFrame | pl.DataFrame,
    interfaces: pl.DataFrame,
) -> pl.LazyFrame:
    """Samples of WAN ports, one per circuit and new source time, in no particular order.

    Columns: mac, node, port_id, circuit_id, site_id, slot_utc, t, rx_bytes, tx_bytes, up, disabled, active,
    speed (Mbps), last_flapped, uptime (s, of the device), connected (null when the device was not seen in
    the slot).

    `t` is the row's timestamp, else the device's last contact; while the device is not connected, the
    earlier of both: its row only repeats what it said last. A time more than LATEST_AFTER_SLOT after the slot
    is none. A row without any source time is no sample, nor is one whose source time did not advance over the
    rows of earlier slots: it is no new evidence, of state no more than of counters. `interfaces` as
    `identity.interface_map` gives them.
    """
    kept = port_stats.lazy().select(_PORT_COLUMNS)
    rows = wan_rows(kept, interfaces)
    told = pl.coalesce(_possible("timestamp"), "device_last_seen")
    joined = rows.join(_device_slots(device_stats), on=["mac", "slot_utc"], how="left")
    timed = joined.with_columns(t=from_epoch(_not_after_contact(told)))
    return _advanced(timed, ["circuit_id"]).select(
        "mac", "node", "port_id", "circuit_id", "site_id", "slot_utc", "t", "rx_bytes", "tx_bytes",
        "up", "disabled", "active", "speed",
        from_epoch(pl.col("last_flapped")), "uptime", "connected",
    )  # fmt: skip


def path_samples(
    path_stats: pl.LazyFrame | pl.DataFrame,
    device_stats: pl.LazyFrame | pl.DataFrame,
    interfaces: pl.DataFrame,
    circuits: pl.LazyFrame | pl.DataFrame | None = None,
) -> pl.LazyFrame:
    """Samples of peer paths, one per path and new source time, in no particular order.

    Columns: mac, node, port_id (physical), circuit_id, peer_mac, peer_port_id, vpn_name, peer_router_name,
    site_id, slot_utc, t, up, is_active, latency (ms), jitter (ms), loss (percent), mos (0..5).

    `t` is last_seen, else timestamp, else the device's last contact, none of them more than LATEST_AFTER_SLOT
    after the slot; never after that contact while the device is not connected. Paths are told apart by the
    port as the row names it (two units of a port are two paths). Values out of range (loss outside 0..100,
    negative latency or jitter) are null; the other values of the row stay. A row without node on a cluster
    belongs to the only circuit of that port (of `circuits` when given: circuit_id, device_mac, node, port_id;
    else by the device's interfaces); `circuit_id` is null when two nodes have the port.
    `interfaces` as `identity.interface_map` gives them.
    """
    told = pl.coalesce(_possible("last_seen"), _possible("timestamp"), "device_last_seen")
    kept = path_stats.lazy().select(_PATH_COLUMNS)
    joined = kept.join(_device_slots(device_stats), on=["mac", "slot_utc"], how="left")
    timed = joined.with_columns(t=from_epoch(_not_after_contact(told)))
    fresh = _advanced(timed, ["mac", "node", "port_id", "peer_mac", "peer_port_id", "vpn_name"])
    carriers = _carriers(path_stats.lazy(), interfaces, circuits)
    matched = fresh.join(carriers, on=["mac", "node", "port_id"], how="left", nulls_equal=True)
    matched = matched.with_columns(node="_node", port_id="_port")
    return matched.select(
        "mac", "node", "port_id", "circuit_id", "peer_mac", "peer_port_id", "vpn_name", "peer_router_name",
        "site_id", "slot_utc", "t", "up", "is_active",
        _within("latency"), _within("jitter"), _within("loss", 100), _mos(),
    )  # fmt: skip


def _device_slots(device_stats: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
    return (
        device_stats.lazy()
        .select(
            "mac",
            "slot_utc",
            "uptime",
            device_last_seen=_possible("last_seen"),
            connected=pl.col("status").str.to_lowercase() == "connected",
        )
        .unique(["mac", "slot_utc"], keep="last")
    )


def _possible(source_time: str) -> pl.Expr:
    """A source time (epoch seconds), null where it is too late for its slot."""
    slot_s = pl.col("slot_utc").to_physical() / 1e6
    return pl.when(pl.col(source_time) <= slot_s + LATEST_AFTER_SLOT.total_seconds()).then(source_time)


def _not_after_contact(told: pl.Expr) -> pl.Expr:
    stale = pl.col("connected").not_().fill_null(False)
    return pl.when(stale).then(pl.min_horizontal(told, "device_last_seen")).otherwise(told)


def _advanced(timed: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Rows whose source time is later than that of every earlier slot of the same key, by slot.

    The later slot gets the smaller number among equal times, so that a repeated time is no new maximum: a
    running maximum over strings as keys is cheap, one that looks a row back is not.
    """
    ordered = timed.filter(pl.col("t").is_not_null()).sort("slot_utc", maintain_order=True)
    micros = pl.col("t").to_physical()
    slot, slots = pl.col("_slot"), pl.col("_slot").max() + 1
    age = (micros - micros.min()) * slots + (slots - slot)
    numbered = ordered.with_columns(_slot=pl.col("slot_utc").rle_id().cast(pl.Int64)).with_columns(_age=age)
    return numbered.filter(pl.col("_age") == pl.col("_age").cum_max().over(key)).drop("_slot", "_age")


def _carriers(
    paths: pl.LazyFrame, interfaces: pl.DataFrame, circuits: pl.LazyFrame | pl.DataFrame | None
) -> pl.LazyFrame:
    """The physical port and the circuit of each distinct (mac, node, port_id) that carries a path."""
    if circuits is None:
        known = interfaces.lazy().select("mac", "node", "port_id").unique().with_columns(circuit_id())
    else:
        known = circuits.lazy().select("circuit_id", "node", "port_id", mac="device_mac")
        known = known.unique("circuit_id")
    named = known.select("mac", _port="port_id", _node=node_or_null(), _exact="circuit_id")
    only = named.group_by("mac", "_port").agg(_only=pl.col("_exact").first(), _n=pl.len())
    ports = (
        physical_ports(paths.select("mac", "node", "port_id").unique(), interfaces)
        .with_columns(_node=node_or_null(), _port="physical")
        .join(named, on=["mac", "_node", "_port"], how="left", nulls_equal=True)
        .join(only, on=["mac", "_port"], how="left")
    )
    own = circuit_id_of(pl.col("mac"), pl.col("_node"), pl.col("_port"))
    # A port that nothing describes keeps the id its own row gives it.
    fallback = pl.when(pl.col("_n").is_null()).then(own).when(pl.col("_n") == 1).then("_only")
    return ports.select(
        "mac", "node", "port_id", "_node", "_port", circuit_id=pl.coalesce("_exact", fallback)
    )


def _within(column: str, high: float | None = None) -> pl.Expr:
    value = pl.col(column)
    possible = value.is_finite() & (value >= 0)
    if high is not None:
        possible &= value <= high
    return pl.when(possible).then(value).alias(column)


def _mos() -> pl.Expr:
    mos = pl.col("mos")
    scaled = pl.when(mos > MOS_SCALE).then(mos / 100).otherwise(mos)
    return pl.when(scaled.is_between(0, MOS_SCALE)).then(scaled).alias("mos")
