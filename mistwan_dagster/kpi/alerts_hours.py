"""Breaches of measures: how many hours in a row a circuit has been at or above a level.

Belongs here: readings of rules that are judged by the hour. Does not belong here: states known to the minute
(`alerts_states.py`), what becomes of a reading (`alerts_incidents.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, LEVELS, SEVERITIES, value_column
from mistwan_dagster.kpi.alerts_file import AlertRule
from mistwan_dagster.kpi.calendar import HOUR

READING: dict[str, pl.DataType | type[pl.DataType]] = {
    "rule": pl.String,
    "signal": pl.String,
    "subject": pl.String,
    "severity": pl.String,
    "recovered": pl.Boolean,
    "since_utc": INSTANT,
    "value": pl.Float64,
}
"""`severity`: the worst that the rule gives the breach now, null when it does not (yet). `recovered`: over for long
enough. Neither: unknown, or between both."""
_ORDER = pl.Enum(SEVERITIES)


def hour_readings(facts: pl.LazyFrame, rules: Iterable[AlertRule], end: datetime) -> pl.DataFrame:
    """Readings of each circuit as of `end`, the end of the newest computed hour; sorted by rule, signal and subject.

    `facts`: fact_circuit_hour of the hours that the rules look back on (hours from `end` on are not read).

    A breach of a severity lasts as long as the hours in a row, up to the newest one, whose severity of the measure is
    known and that or worse; it is over for as long as the hours in a row that are known and below all severities of
    the rule. An hour that is missing or unknown ends both. `since_utc` is the first hour of the lowest severity that
    the rule names, as far as `facts` reach; `value` is that of the newest hour.
    """
    judged = [rule for rule in rules if not rule.is_live]
    empty = pl.DataFrame(schema=READING)
    if not judged:
        return empty
    runs: dict[str, pl.Expr] = {}
    for rule in judged:
        lowest = _lowest(rule)
        for measure in rule.signals:
            known = pl.col(f"{measure}_severity").cast(_ORDER).to_physical()
            for level in rule.after:
                runs[f"{measure} {level}"] = _hours_in_a_row(known >= SEVERITIES.index(level))
            runs[f"{measure} below {lowest}"] = _hours_in_a_row(known < SEVERITIES.index(lowest))
            newest = pl.col("_back") == 0
            runs[f"{measure} value"] = pl.col(value_column(measure)).filter(newest).first()
    back = (pl.lit(end - HOUR).cast(INSTANT) - pl.col("hour_utc")).dt.total_hours()
    found = (
        facts.with_columns(_back=back)
        .filter(pl.col("_back") >= 0)
        .group_by("circuit_id")
        .agg(**runs)
        .collect(engine="in-memory")
    )
    rows = [_of_rule(found, rule, measure, end) for rule in judged for measure in rule.signals]
    return pl.concat([empty, *rows]).sort("rule", "signal", "subject")


def _lowest(rule: AlertRule) -> str:
    return next(level for level in LEVELS if level in rule.after)


def _hours_in_a_row(hit: pl.Expr) -> pl.Expr:
    """Hours that hit, from the newest back: ascending distances that equal their own number."""
    backs = pl.col("_back").filter(hit.fill_null(False)).sort()
    return (backs == pl.int_range(backs.len())).sum().cast(pl.Int64)


def _of_rule(found: pl.DataFrame, rule: AlertRule, measure: str, end: datetime) -> pl.DataFrame:
    severity = pl.lit(None, pl.String)
    for level in LEVELS:
        if level in rule.after:
            lasts = pl.col(f"{measure} {level}") >= rule.after[level] // HOUR
            severity = pl.when(lasts).then(pl.lit(level)).otherwise(severity)
    lowest = _lowest(rule)
    since = pl.lit(end).cast(INSTANT) - pl.duration(hours=pl.col(f"{measure} {lowest}"))
    return found.select(
        rule=pl.lit(rule.name),
        signal=pl.lit(measure),
        subject="circuit_id",
        severity=severity,
        recovered=pl.col(f"{measure} below {lowest}") >= rule.recovered_after // HOUR,
        since_utc=pl.when(pl.col(f"{measure} {lowest}") > 0).then(since),
        value=pl.col(f"{measure} value"),
    )
