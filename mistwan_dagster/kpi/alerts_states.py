"""Breaches of states: for how many minutes a circuit has been down, unreachable, or its gateway offline.

Belongs here: readings of rules that are judged by the minute, from the newest slots. Does not belong here: how the
states are known (`status.py`), measures (`alerts_hours.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.alerting import LIVE_SIGNALS
from mistwan_dagster.catalog.columns import INSTANT, LEVELS
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_OUTAGE
from mistwan_dagster.kpi.alerts_file import AlertRule
from mistwan_dagster.kpi.alerts_hours import READING
from mistwan_dagster.kpi.steps import MAX_GAP

STRETCH: dict[str, pl.DataType | type[pl.DataType]] = {
    "circuit_id": pl.String,
    "signal": pl.String,
    "start": INSTANT,
    "end": INSTANT,
    "bad": pl.Boolean,
    "worked": pl.Boolean,
}
WORKED_WITHIN = timedelta(days=7)
"""A line that was not seen to work for so long before is a chronic case, or never worked: it alerts nobody."""


def current_stretches(cells: pl.LazyFrame, as_of: datetime) -> pl.DataFrame:
    """What each circuit's states are now, and since when: STRETCH, one row a circuit and signal whose state is known.

    `cells` as `status.state_cells` gives them. Bad is, for

    - down: the link is down; unknown while the gateway is gone;
    - unreachable: the link is up and the provider does not answer; unknown while the link is not up or that is unknown;
    - offline: the gateway has no contact to the cloud; good while anything is known of the link.

    A disabled port is not bad: somebody switched it off. The stretch is the last known one; what is known of a state
    counts as now for MAX_GAP, and time without knowledge before it belongs to no stretch. `worked`: the state was good
    at some time in the cells.
    """
    off, gone = pl.col("disabled").is_not_null(), pl.col("gone").is_not_null()
    states = {
        "down": pl.when(gone).then(None).when(off).then(False).otherwise(~pl.col("link")),
        "unreachable": pl.when(gone)
        .then(None)
        .when(off)
        .then(False)
        .when(pl.col("link"))
        .then(~pl.col("reach")),
        "offline": pl.when(gone).then(True).when(off | pl.col("link").is_not_null()).then(False),
    }
    long = pl.concat(
        [cells.select("circuit_id", "start", "end", signal=pl.lit(s), bad=states[s]) for s in LIVE_SIGNALS]
    ).sort("signal", "circuit_id", "start")
    fresh = pl.any_horizontal(
        pl.col(n).ne_missing(pl.col(n).shift(1)) for n in ("signal", "circuit_id", "bad")
    )
    return (
        long.with_columns(_run=fresh.cum_sum())
        .group_by("_run", maintain_order=True)
        .agg(pl.col("circuit_id", "signal", "bad", "start").first(), pl.col("end").last())
        .filter(pl.col("bad").is_not_null())
        .group_by("circuit_id", "signal", maintain_order=True)
        .agg(pl.col("start", "end", "bad").last(), worked=(~pl.col("bad")).any())
        .filter(pl.col("end") >= as_of - MAX_GAP)
        .select(*STRETCH)
        .collect(engine="in-memory")
    )


def that_worked(stretches: pl.DataFrame, facts: pl.LazyFrame) -> pl.DataFrame:
    """The stretches without bad ones of lines that were not good within WORKED_WITHIN before.

    `facts`: fact_circuit_hour of that time; good is up for a part of the hour, for unreachable: reachable.
    """
    doubtful = stretches.filter(pl.col("bad") & ~pl.col("worked"))
    if doubtful.is_empty():
        return stretches
    hours = facts.filter(pl.col("circuit_id").is_in(doubtful["circuit_id"].implode()))
    good = pl.concat(
        [
            hours.filter(pl.col(column) > 0).select("circuit_id", _t="hour_utc", signal=pl.lit(signal))
            for signal, column in zip(
                LIVE_SIGNALS, ("up_minutes", "reachable_minutes", "up_minutes"), strict=True
            )
        ]
    ).collect(engine="in-memory")
    seen = doubtful.sort("start").join_asof(
        good.sort("_t"),
        left_on="start",
        right_on="_t",
        by=["circuit_id", "signal"],
        tolerance=WORKED_WITHIN,
        check_sortedness=False,
    )
    never = seen.filter(pl.col("_t").is_null())
    return stretches.join(never, on=["circuit_id", "signal"], how="anti")


def state_readings(stretches: pl.DataFrame, rules: Iterable[AlertRule]) -> pl.DataFrame:
    """Readings of each circuit, as `alerts_hours.READING`; sorted by rule, signal and subject.

    A breach lasts as long as its stretch was observed, and is over for as long as a good stretch was. `value` is in
    minutes.
    """
    lasted = pl.col("end") - pl.col("start")
    rows = [pl.DataFrame(schema=READING)]
    for rule in (r for r in rules if r.is_live):
        severity = pl.lit(None, pl.String)
        for level in LEVELS:
            if level in rule.after:
                severity = pl.when(lasted >= rule.after[level]).then(pl.lit(level)).otherwise(severity)
        rows.append(
            stretches.filter(pl.col("signal").is_in(rule.signals))
            .select(
                "signal",
                rule=pl.lit(rule.name),
                subject="circuit_id",
                severity=pl.when("bad").then(severity),
                recovered=~pl.col("bad") & (lasted >= rule.recovered_after),
                since_utc=pl.when("bad").then("start"),
                value=pl.when("bad").then(lasted / timedelta(minutes=1)),
            )
            .select(*READING)
        )
    return pl.concat(rows).sort("rule", "signal", "subject")


def lasting_outages(stretches: pl.DataFrame) -> pl.LazyFrame:
    """Bad stretches as rows of fact_circuit_outage that last; a gateway offline takes all of its circuits with it."""
    kind = pl.when(pl.col("signal") == "unreachable").then(pl.lit("reachability")).otherwise(pl.lit("link"))
    rows = stretches.lazy().filter("bad").select("circuit_id", start_utc="start", kind=kind)
    return FACT_CIRCUIT_OUTAGE.conform(rows)
