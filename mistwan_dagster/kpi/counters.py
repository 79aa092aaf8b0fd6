"""From cumulative byte counters to bytes of intervals.

Belongs here: pairing samples, resets, gaps and impossible jumps. Does not belong here: hours, capacities.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mistwan_dagster.catalog.columns import BITS_PER_BYTE, BITS_PER_MEGABIT
from mistwan_dagster.kpi.steps import MAX_GAP

SPEED_TOLERANCE = 1.05
"""Source times jitter against the counters, so an interval may seem a little faster than its link."""
UPTIME_JITTER_S = 5.0
MICROSECONDS = 1e6


def counter_intervals(samples: pl.LazyFrame, reboots: pl.LazyFrame | None) -> pl.LazyFrame:
    """Bytes between consecutive samples of a circuit: circuit_id, start, end, rx_bytes, tx_bytes,
    counter_reset.

    `samples` as `port_samples` gives them; `reboots` are (mac, t) of reboot events. A sample without both
    counters, or of a disabled port, is passed over. Two samples more than MAX_GAP apart give no interval.

    bytes = b[i] - b[i-1]. After a reset the counter began at 0 somewhere in the interval: bytes = b[i], a
    lower bound, flagged `counter_reset`. A reset is a counter that shrank (then both began anew), a device
    uptime that shrank or that is shorter than the interval. A reboot event in (start, end] flags it too, unless the
    uptime shows that the device ran on; as the event may tell of an interval beside this one, the bytes stay the
    difference, a lower bound either way. More bytes than the link's speed can carry are an error of the source: no
    interval.
    """
    pairs = _pairs(samples).with_columns(_anew=_reset_without_event()).with_columns(_reset="_anew")
    if reboots is not None:
        pairs = _with_reboots(pairs, reboots)
    delta = {c: _bytes(c) for c in ("rx_bytes", "tx_bytes")}
    counted = pairs.select("circuit_id", "start", "end", "_speed", **delta, counter_reset="_reset")
    fastest = pl.max_horizontal("rx_bytes", "tx_bytes") * BITS_PER_BYTE
    link = pl.col("_speed") * BITS_PER_MEGABIT * _seconds() * SPEED_TOLERANCE
    possible = (pl.col("_speed") > 0).not_().fill_null(True) | (fastest <= link)
    return counted.filter(possible).drop("_speed")


def _pairs(samples: pl.LazyFrame) -> pl.LazyFrame:
    """Consecutive valid samples of a circuit. Sorted by a code of the circuit, half the cost of its id."""
    counted = (pl.col("rx_bytes") >= 0) & (pl.col("tx_bytes") >= 0)
    enabled = pl.col("disabled").not_().fill_null(True)
    valid = (
        samples.filter(counted & enabled)
        .select("mac", "circuit_id", "t", "rx_bytes", "tx_bytes", "speed", "uptime")
        .with_columns(_circuit=pl.col("circuit_id").cast(pl.Categorical).to_physical())
        .sort("_circuit", "t")
    )
    before = {f"_{c}": pl.col(c).shift(1) for c in ("rx_bytes", "tx_bytes", "uptime")}
    pairs = valid.with_columns(
        **before,
        start=pl.col("t").shift(1),
        _speed=pl.max_horizontal("speed", pl.col("speed").shift(1)),
        _same=pl.col("_circuit") == pl.col("_circuit").shift(1),
    ).rename({"t": "end"})
    gap = pl.col("end") - pl.col("start")
    return pairs.filter(pl.col("_same") & (gap > timedelta(0)) & (gap <= MAX_GAP))


def _seconds() -> pl.Expr:
    return (pl.col("end") - pl.col("start")).dt.total_microseconds() / MICROSECONDS


def _reset_without_event() -> pl.Expr:
    shrank = (pl.col("rx_bytes") < pl.col("_rx_bytes")) | (pl.col("tx_bytes") < pl.col("_tx_bytes"))
    uptime = pl.col("uptime")
    booted = (uptime < pl.col("_uptime") - UPTIME_JITTER_S) | (uptime < _seconds() - UPTIME_JITTER_S)
    return shrank | booted.fill_null(False)


def _with_reboots(pairs: pl.LazyFrame, reboots: pl.LazyFrame) -> pl.LazyFrame:
    """Also true where a reboot event lies in (start, end], unless the uptime grew through the interval.

    Some events are written when a reboot is asked for or reported, an interval before or after it.
    """
    inside = (pl.col("_reboot") > pl.col("start")) & (pl.col("_reboot") <= pl.col("end"))
    hit = (
        pairs.select("mac", "circuit_id", "start", "end")
        .join(reboots.select("mac", _reboot="t"), on="mac")
        .filter(inside)
        .select("circuit_id", "end", _event=True)
        .unique()
    )
    ran_on = (pl.col("uptime") - pl.col("_uptime") >= _seconds() / 2).fill_null(False)
    event = pl.col("_event").fill_null(False) & ~ran_on
    return pairs.join(hit, on=["circuit_id", "end"], how="left", maintain_order="left").with_columns(
        pl.col("_reset") | event
    )


def _bytes(column: str) -> pl.Expr:
    return pl.when("_anew").then(column).otherwise(pl.col(column) - pl.col(f"_{column}"))
