"""From bytes of intervals, or from the cloud's hourly series, to traffic and utilization of hours.

Belongs here: splitting by the hour, capacity, coverage, and which source an hour takes. Does not belong
here: counters.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import BITS_PER_BYTE, BITS_PER_MEGABIT
from mistwan_dagster.kpi.identity import circuit_id

HOUR_S = 3600
MICROSECONDS = 1e6
MIN_COVERAGE_PCT = 50.0
"""Below this share of the hour, the cloud's own series tells more than the samples do."""
_KEY = ["circuit_id", "hour_utc"]
_COLUMNS = [
    *_KEY,
    "rx_bytes",
    "tx_bytes",
    "utilization_pct",
    "utilization_peak_pct",
    "counter_reset",
    "coverage_pct",
    "source",
]


def utilization_hours(
    intervals: pl.LazyFrame, circuits_in_force: pl.LazyFrame, start: datetime, end: datetime
) -> pl.LazyFrame:
    """Traffic of circuits per hour of [start, end) from intervals of at most an hour, `source` live.

    Columns: circuit_id, hour_utc, rx_bytes, tx_bytes (of the covered seconds), utilization_pct,
    utilization_peak_pct (busiest interval that lies in the hour by half or more), counter_reset, coverage_pct, source.
    `circuits_in_force` has circuit_id, hour_utc, bandwidth_down_mbps, bandwidth_up_mbps. An interval that
    crosses the hour is split by time. Circuit hours without an interval have no row.

    utilization = 100 * max(rx / down, tx / up) with capacity = Mbps * 1e6 / 8 * covered seconds; max(rx,
    tx) over the one bandwidth that is known; null when none is known or above 0. Never rounded, not cut at
    100.
    """
    covered = pl.col("_micros") / MICROSECONDS
    hours = (
        _pieces(intervals, start, end)
        .group_by(_KEY)
        .agg(
            "rx_bytes",
            "tx_bytes",
            pl.col("_micros").sum(),
            pl.col("_rx_bps", "_tx_bps").max(),
            pl.col("counter_reset").any(),
        )
        # Threads deliver rows in any order, and a sum in another order is another last digit.
        .with_columns(pl.col("rx_bytes", "tx_bytes").list.sort().list.sum())
    )
    return (
        with_bandwidth(hours, circuits_in_force)
        .with_columns(
            utilization_pct=share_of_capacity(
                pl.col("rx_bytes") * BITS_PER_BYTE / covered, pl.col("tx_bytes") * BITS_PER_BYTE / covered
            ),
            utilization_peak_pct=share_of_capacity(pl.col("_rx_bps"), pl.col("_tx_bps")),
            coverage_pct=pl.min_horizontal(100 * covered / HOUR_S, 100.0),
            source=pl.lit("live"),
        )
        .select(_COLUMNS)
    )


def _pieces(intervals: pl.LazyFrame, start: datetime, end: datetime) -> pl.LazyFrame:
    """Parts of the intervals in their hours, bytes by share of time; `_rx_bps` is that of the whole interval,
    in the hour that holds half of it or more."""
    micros = (pl.col("end") - pl.col("start")).dt.total_microseconds()
    next_hour = pl.col("start").dt.truncate("1h") + timedelta(hours=1)
    near = intervals.filter((pl.col("end") > start) & (pl.col("start") < end))
    rated = near.with_columns(
        _rx_bps=pl.col("rx_bytes") / micros * (BITS_PER_BYTE * MICROSECONDS),
        _tx_bps=pl.col("tx_bytes") / micros * (BITS_PER_BYTE * MICROSECONDS),
        _whole=micros,
        _next=next_hour,
    )
    first = rated.with_columns(end=pl.min_horizontal("end", "_next"))
    second = rated.filter(pl.col("end") > pl.col("_next")).with_columns(start="_next")
    pieces = pl.concat([first, second])
    inside = (pl.col("start") >= start) & (pl.col("start") < end)
    micros = (pl.col("end") - pl.col("start")).dt.total_microseconds()
    mostly_here = micros * 2 >= pl.col(
        "_whole"
    )  # seconds of a busy interval would make a peak of an idle hour
    return pieces.filter(inside).select(
        "circuit_id",
        pl.col("start").dt.truncate("1h").alias("hour_utc"),
        pl.col("rx_bytes", "tx_bytes") * (micros / pl.col("_whole")),
        *(pl.when(mostly_here).then(rate).alias(rate) for rate in ("_rx_bps", "_tx_bps")),
        "counter_reset",
        _micros=micros,
    )


def with_bandwidth(hours: pl.LazyFrame, circuits_in_force: pl.LazyFrame) -> pl.LazyFrame:
    """Adds `_down_bps` and `_up_bps`, bits/s, of each circuit hour; null when unknown or not above 0."""
    bandwidth = circuits_in_force.select(
        *_KEY,
        *(
            pl.when(pl.col(c) > 0).then(pl.col(c) * BITS_PER_MEGABIT).alias(alias)
            for c, alias in (("bandwidth_down_mbps", "_down_bps"), ("bandwidth_up_mbps", "_up_bps"))
        ),
    )
    return hours.join(bandwidth, on=_KEY, how="left")


def share_of_capacity(rx_bps: pl.Expr, tx_bps: pl.Expr) -> pl.Expr:
    """100 * max(rx / down, tx / up) of a row `with_bandwidth`, one known bandwidth serving both; null where a rate
    is unknown, or a bandwidth is so near 0 that no number holds the share."""
    down = pl.coalesce("_down_bps", "_up_bps")
    up = pl.coalesce("_up_bps", "_down_bps")
    both = rx_bps.is_not_null() & tx_bps.is_not_null()
    share = 100 * pl.max_horizontal(rx_bps / down, tx_bps / up)
    return pl.when(both & share.is_finite()).then(share)


def insight_hours(
    insight_bandwidth: pl.LazyFrame, circuits_in_force: pl.LazyFrame, start: datetime, end: datetime
) -> pl.LazyFrame:
    """The same columns from the cloud's hourly series, `source` insights_1h, coverage 100.

    Bins start in [start, end). bytes = bps * 3600 / 8; the peak comes from max_rx_bps and max_tx_bps. A bin
    without either rate has no row; one rate alone leaves the utilization null. `counter_reset` is null: the
    cloud does not say.
    """
    rates = ["rx_bps", "tx_bps", "max_rx_bps", "max_tx_bps"]
    bins = (
        insight_bandwidth.filter(pl.col("bin_start").is_between(start, end, closed="left"))
        .with_columns(pl.when(pl.col(c).is_finite() & (pl.col(c) >= 0)).then(c).alias(c) for c in rates)
        .filter(pl.col("rx_bps").is_not_null() | pl.col("tx_bps").is_not_null())
        .select(circuit_id(), pl.col("bin_start").dt.truncate("1h").alias("hour_utc"), *rates)
        .unique(_KEY, keep="first", maintain_order=True)
    )
    return (
        with_bandwidth(bins, circuits_in_force)
        .with_columns(
            rx_bytes=pl.col("rx_bps") * HOUR_S / BITS_PER_BYTE,
            tx_bytes=pl.col("tx_bps") * HOUR_S / BITS_PER_BYTE,
            utilization_pct=share_of_capacity(pl.col("rx_bps"), pl.col("tx_bps")),
            utilization_peak_pct=share_of_capacity(pl.col("max_rx_bps"), pl.col("max_tx_bps")),
            counter_reset=pl.lit(None, pl.Boolean),
            coverage_pct=pl.lit(100.0),
            source=pl.lit("insights_1h"),
        )
        .select(_COLUMNS)
    )


def prefer_live(live: pl.LazyFrame, insights: pl.LazyFrame) -> pl.LazyFrame:
    """One row per circuit hour: the live one, unless it covers less than MIN_COVERAGE_PCT and a bin exists."""
    enough = live.filter(pl.col("coverage_pct") >= MIN_COVERAGE_PCT)
    scant = live.filter(pl.col("coverage_pct") < MIN_COVERAGE_PCT)
    return pl.concat(
        [
            enough,
            insights.join(enough.select(_KEY), on=_KEY, how="anti"),
            scant.join(insights.select(_KEY), on=_KEY, how="anti"),
        ]
    )
