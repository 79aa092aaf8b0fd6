"""From snapshot rows to samples: what was measured at which source time.

Belongs here: the source time of a row, the rule that only a newer source time is a new sample, and which
values of a row are impossible. Does not belong here: what a KPI makes of the samples.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import UTC
from mistwan_dagster.kpi.identity import (
    circuit_id,
    interface_map,
    node_or_null,
    resolve_ports,
    wan_rows,
)

MOS_SCALE = 5.0
"""Mean opinion scores end at 5; a larger number is the hundredfold that some versions of the cloud tell."""


def from_epoch(seconds: pl.Expr) -> pl.Expr:
    """Epoch seconds (float) as an instant, to the microsecond. Null and not-finite become null."""
    finite = pl.when(seconds.is_finite()).then(seconds)
    return (finite * 1e6).round().cast(pl.Int64).cast(UTC)


def port_samples(
    port_stats: pl.LazyFrame | pl.DataFrame, device_stats: pl.LazyFrame | pl.DataFrame
) -> pl.LazyFrame:
    """Samples of WAN ports, one per circuit and new source time, sorted by circuit and time.

    Columns: mac, node, port_id, circuit_id, site_id, slot_utc, t, rx_bytes, tx_bytes, up, disabled, active,
    speed (Mbps), last_flapped, uptime (s, of the device), connected (null when the device was not seen in
    the slot).

    `t` is the row's timestamp, else the device's last contact; while the device is not connected, the
    earlier of both: its row only repeats what it said last. A row without any source time is no sample, nor
    is one whose source time did not advance over the rows of earlier slots: it is no new evidence, of state
    no more than of counters.
    """
    rows = wan_rows(port_stats.lazy(), interface_map(device_stats))
    told = pl.coalesce("timestamp", "device_last_seen")
    joined = rows.join(_device_slots(device_stats), on=["mac", "slot_utc"], how="left")
    timed = joined.with_columns(circuit_id(), t=from_epoch(_not_after_contact(told)))
    return _advanced(timed, ["circuit_id"]).select(
        "mac", "node", "port_id", "circuit_id", "site_id", "slot_utc", "t", "rx_bytes", "tx_bytes",
        "up", "disabled", "active", "speed",
        from_epoch(pl.col("last_flapped")), "uptime", "connected",
    )  # fmt: skip


def path_samples(
    path_stats: pl.LazyFrame | pl.DataFrame,
    device_stats: pl.LazyFrame | pl.DataFrame,
    circuits: pl.LazyFrame | pl.DataFrame | None = None,
) -> pl.LazyFrame:
    """Samples of peer paths, one per path and new source time, sorted by path and time.

    Columns: mac, node, port_id (physical), circuit_id, peer_mac, peer_port_id, vpn_name, peer_router_name,
    site_id, slot_utc, t, up, is_active, latency (ms), jitter (ms), loss (percent), mos (0..5).

    `t` is last_seen, else timestamp, else the device's last contact; never after that contact while the
    device is not connected. Paths are told apart by the port as the row names it (two units of a port are
    two paths). Values out of range (loss outside 0..100, negative latency or jitter) are null; the other
    values of the row stay. A row without node on a cluster belongs to the only circuit of that port (of
    `circuits` when given: circuit_id, device_mac, node, port_id; else by the device's interfaces);
    `circuit_id` is null when two nodes have the port.
    """
    interfaces = interface_map(device_stats)
    told = pl.coalesce("last_seen", "timestamp", "device_last_seen")
    joined = path_stats.lazy().join(_device_slots(device_stats), on=["mac", "slot_utc"], how="left")
    timed = joined.with_columns(node_or_null(), t=from_epoch(_not_after_contact(told)))
    fresh = _advanced(timed, ["mac", "node", "port_id", "peer_mac", "peer_port_id", "vpn_name"])
    resolved = _with_circuit(resolve_ports(fresh, interfaces), interfaces, circuits)
    return resolved.select(
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
            device_last_seen="last_seen",
            connected=pl.col("status").str.to_lowercase() == "connected",
        )
        .unique(["mac", "slot_utc"], keep="last")
    )


def _not_after_contact(told: pl.Expr) -> pl.Expr:
    stale = pl.col("connected").not_().fill_null(False)
    return pl.when(stale).then(pl.min_horizontal(told, "device_last_seen")).otherwise(told)


def _advanced(timed: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Rows whose source time is later than that of every earlier slot of the same key."""
    ordered = timed.filter(pl.col("t").is_not_null()).sort(*key, "slot_utc", "t")
    before = pl.col("t").cum_max().shift(1).over(key)
    return ordered.filter((pl.col("t") > before).fill_null(True))


def _with_circuit(
    paths: pl.LazyFrame, interfaces: pl.DataFrame, circuits: pl.LazyFrame | pl.DataFrame | None
) -> pl.LazyFrame:
    if circuits is None:
        known = interfaces.lazy().select("mac", "node", "port_id").unique().with_columns(circuit_id())
    else:
        known = circuits.lazy().select("circuit_id", "node", "port_id", mac="device_mac")
        known = known.unique("circuit_id")
    only = (
        known.group_by("mac", "port_id").agg(_only="circuit_id").with_columns(_n=pl.col("_only").list.len())
    )
    only = only.with_columns(pl.col("_only").list.first())
    exact = known.select("mac", "port_id", node_or_null(), _exact="circuit_id")
    ports = (
        paths.select("mac", "node", "port_id")
        .unique()
        .join(exact, on=["mac", "node", "port_id"], how="left", nulls_equal=True)
        .join(only, on=["mac", "port_id"], how="left")
        .with_columns(circuit_id())
    )
    # A port that nothing describes keeps the id its own row gives it.
    fallback = pl.when(pl.col("_n").is_null()).then("circuit_id").when(pl.col("_n") == 1).then("_only")
    matched = ports.select("mac", "node", "port_id", circuit_id=pl.coalesce("_exact", fallback))
    return paths.join(
        matched, on=["mac", "node", "port_id"], how="left", nulls_equal=True, maintain_order="left"
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
