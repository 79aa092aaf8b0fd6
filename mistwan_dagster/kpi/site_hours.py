"""A site in an hour: the circuit that carried it, its minutes cut off, and whether a backup had room.

Belongs here: putting the circuits of a site together. Does not belong here: figures of circuits, failovers
(`failover.py`), periods (`site_periods.py`).
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import BITS_PER_BYTE
from mistwan_dagster.catalog.tables import FACT_SITE_HOUR
from mistwan_dagster.kpi.calendar import HOUR
from mistwan_dagster.kpi.roles import acting_role
from mistwan_dagster.kpi.stretches import levels, minutes_in_all
from mistwan_dagster.kpi.utilization import HOUR_S, MIN_COVERAGE_PCT, share_of_capacity, with_bandwidth

HALF_HOUR = 30.0
FULL_PCT = 100.0
_KEY = ["site_id", "hour_utc"]
_CIRCUIT_HOUR = ["circuit_id", "hour_utc"]
_IS_PRIMARY = (pl.col("role") == "primary").fill_null(False)


def site_hours(
    circuit_hours: pl.LazyFrame,
    circuits_in_force: pl.LazyFrame,
    status: pl.LazyFrame,
    pieces: pl.LazyFrame,
    sightings: pl.LazyFrame,
) -> pl.LazyFrame:
    """`fact_site_hour` of the sites and hours of `circuit_hours` (fact_circuit_hour), sorted by its key.

    `circuits_in_force`: circuit_id, hour_utc, bandwidths and their source. `status`: circuit_id, hour_utc,
    disabled_minutes of the hours computed from evidence. `pieces`: circuit_id, kind (link, reachability, unknown),
    start, end, hour_utc of the time in which a circuit was not surely up. `sightings`: circuit_id, active, is_event,
    hour_utc of hours with traffic away from a primary.

    - Active circuit: the one that most snapshots of the hour saw active; where none saw traffic away, the one that
      said so of itself (the primary when several did). Where nobody said anything, inferred: the primary if it was
      up and reachable for more than half of the hour, another that was so, with most bytes, if the primary was
      known not to be for more than half of it. Else null.
    - Outage: minutes in which every circuit was known to be down or unreachable. Up: minutes in which one was
      neither, and observed. An hour without evidence, or in which the port was disabled for a while, is no evidence
      of either, so it leaves the site's minutes unknown unless another circuit was up.
    - Backup load: 100 * max over both directions of (rate of all primaries + own rate) / capacity, rates over the
      covered seconds; null when one of them covers less than half of the hour or its capacity is unknown. A backup
      has room when that is below 100, and has none when it was known to be down or unreachable for
      half of the hour or longer. One with room is enough; none has room only when that is known of each.
    """
    circuit_hours = _with_lost_minutes(circuit_hours.with_columns(acting_role(*_KEY)), pieces)
    keys = circuit_hours.group_by(_KEY).agg(
        region=pl.col("region").max(), circuit_count=pl.col("circuit_id").n_unique().cast(pl.Int64)
    )
    primary = (
        circuit_hours.filter(_IS_PRIMARY)
        .sort("circuit_id")
        .group_by(_KEY, maintain_order=True)
        .agg(
            primary_circuit_id=pl.col("circuit_id").first(),
            primary_utilization_pct=pl.col("utilization_pct").first(),
        )
    )
    parts = (
        primary,
        _active(circuit_hours, sightings),
        _minutes(circuit_hours, status, pieces),
        _readiness(circuit_hours, circuits_in_force),
    )
    for part in parts:
        keys = keys.join(part, on=_KEY, how="left")
    return FACT_SITE_HOUR.conform(keys).sort(FACT_SITE_HOUR.key)


def _active(circuit_hours: pl.LazyFrame, sightings: pl.LazyFrame) -> pl.LazyFrame:
    seen = (
        sightings.filter(~pl.col("is_event"))
        .group_by(_CIRCUIT_HOUR)
        .agg(_times=pl.col("active").sum().cast(pl.Int64))
    )
    answered = pl.coalesce("reachable_minutes", "up_minutes")
    rows = (
        circuit_hours.join(seen, on=_CIRCUIT_HOUR, how="left")
        .with_columns(
            _watched=pl.col("_times").is_not_null().any().over(_KEY),
            _primary_lost=(_IS_PRIMARY & (pl.col("_lost") > HALF_HOUR)).any().over(_KEY),
            _primary=_IS_PRIMARY,
            _bytes=pl.col("rx_bytes") + pl.col("tx_bytes"),
        )
        .with_columns(
            _seen=pl.when("_watched")
            .then(pl.col("_times").fill_null(0) > 0)
            .otherwise(pl.col("active_state").fill_null(False)),
            _inferred=(answered > HALF_HOUR) & (pl.col("_primary") | pl.col("_primary_lost")),
        )
    )
    told = rows.filter(pl.col("_seen") | pl.col("_inferred")).sort(
        *_KEY, "_seen", "_times", "_primary", "_bytes", "circuit_id",
        descending=[False, False, True, True, True, True, False], nulls_last=True,
    )  # fmt: skip
    said_nothing = ~(pl.col("active_state").is_not_null() | pl.col("_times").is_not_null()).any()
    silent = rows.group_by(_KEY).agg(_silent=said_nothing)
    best = told.unique(_KEY, keep="first", maintain_order=True).join(silent, on=_KEY)
    evidence = pl.when("_seen").then(pl.lit("seen")).when("_silent").then(pl.lit("inferred"))
    return (
        best.with_columns(active_evidence=evidence)
        .filter(pl.col("active_evidence").is_not_null())
        .select(*_KEY, "active_evidence", "utilization_pct", active_circuit_id="circuit_id")
    )


def _with_lost_minutes(circuit_hours: pl.LazyFrame, pieces: pl.LazyFrame) -> pl.LazyFrame:
    """Adds `_lost`, the minutes in which a circuit was known to be down or unreachable. Time in which nobody could
    say whether the provider answered is neither in reachable_minutes nor lost."""
    lost = minutes_in_all(pl.col("start"), pl.col("end"), pl.col("kind") == "reachability")
    unreachable = pieces.group_by(_CIRCUIT_HOUR).agg(_unreachable=lost)
    joined = circuit_hours.join(unreachable, on=_CIRCUIT_HOUR, how="left")
    return joined.with_columns(_lost=pl.col("down_minutes") + pl.col("_unreachable").fill_null(0)).drop(
        "_unreachable"
    )


def _minutes(circuit_hours: pl.LazyFrame, status: pl.LazyFrame, pieces: pl.LazyFrame) -> pl.LazyFrame:
    """A sweep over each site hour: how many of its circuits are down, and of how many nothing is known."""
    hours = circuit_hours.select(*_KEY, "circuit_id")
    observed = status.filter(pl.col("disabled_minutes").fill_null(0) < 1e-9).select(
        *_CIRCUIT_HOUR, _observed=True
    )
    judged = hours.join(observed, on=_CIRCUIT_HOUR, how="left")
    told = judged.filter("_observed").join(
        pieces.select(*_CIRCUIT_HOUR, "kind", "start", "end"), on=_CIRCUIT_HOUR
    )
    whole = {"start": pl.col("hour_utc"), "end": pl.col("hour_utc") + HOUR}
    silent = judged.filter(pl.col("_observed").is_null()).with_columns(kind=pl.lit("unknown"), **whole)
    present = hours.with_columns(kind=pl.lit("present"), **whole)
    columns = [*_KEY, "kind", "start", "end"]
    kind = pl.col("kind")
    swept = levels(
        pl.concat([f.select(columns) for f in (told, silent, present)]),
        _KEY,
        {
            "_down": kind.is_in(["link", "reachability"]),
            "_unknown": kind == "unknown",
            "_circuits": kind == "present",
        },
    )
    span = pl.col("start"), pl.col("end")
    outage = pl.col("_down") >= pl.col("_circuits")
    up = pl.col("_down") + pl.col("_unknown") < pl.col("_circuits")
    return swept.group_by(_KEY).agg(
        site_up_minutes=minutes_in_all(*span, up),
        site_outage_minutes=minutes_in_all(*span, outage),
        site_unknown_minutes=minutes_in_all(*span, ~up & ~outage),
    )


def _readiness(circuit_hours: pl.LazyFrame, circuits_in_force: pl.LazyFrame) -> pl.LazyFrame:
    covered_s = (
        pl.when(pl.col("coverage_pct") >= MIN_COVERAGE_PCT).then(pl.col("coverage_pct")) * HOUR_S / 100
    )
    rated = circuit_hours.with_columns(
        _rx_bps=pl.col("rx_bytes") * BITS_PER_BYTE / covered_s,
        _tx_bps=pl.col("tx_bytes") * BITS_PER_BYTE / covered_s,
    )
    rates = ("_rx_bps", "_tx_bps")
    primaries = (
        rated.filter(_IS_PRIMARY)
        .group_by(_KEY)
        .agg(pl.when(pl.col(r).null_count() == 0).then(pl.col(r).sum()).alias(f"_primary{r}") for r in rates)
    )
    source = circuits_in_force.select(*_CIRCUIT_HOUR, "bandwidth_source")
    backups = with_bandwidth(rated.filter(pl.col("role") == "secondary"), circuits_in_force)
    load = share_of_capacity(*(pl.col(r) + pl.col(f"_primary{r}") for r in rates))
    dead = pl.col("_lost") >= HALF_HOUR
    judged = (
        backups.join(primaries, on=_KEY, how="left")
        .join(source, on=_CIRCUIT_HOUR, how="left")
        .with_columns(_load=pl.when(~dead).then(load), _dead=dead)
        .with_columns(_can=pl.when("_dead").then(False).otherwise(pl.col("_load") < FULL_PCT))
        .sort(*_KEY, "_load", "circuit_id", nulls_last=True)
    )
    known = pl.col("_load").first().is_not_null()
    return judged.group_by(_KEY, maintain_order=True).agg(
        backup_circuit_id=pl.when(known).then(pl.col("circuit_id").first()),
        backup_load_pct=pl.col("_load").first(),
        backup_bandwidth_source=pl.when(known).then(pl.col("bandwidth_source").first()),
        backup_can_carry=pl.col("_can").any(ignore_nulls=False),
    )
