"""From readings to alerts: one an incident, opened, kept and closed against the alerts known so far.

Belongs here: which alert a breach belongs to, and when alerts open, escalate and close. Does not belong here: what is
breached (`alerts_hours.py`, `alerts_states.py`), who is told (`alerts_due.py`).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple

import polars as pl

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH
from mistwan_dagster.catalog.columns import INSTANT, LEVELS
from mistwan_dagster.kpi.alerts_hours import READING

OBSERVED: dict[str, pl.DataType | type[pl.DataType]] = {
    **READING,
    "scope": pl.String,
    "site_id": pl.String,
    "region": pl.String,
    "provider": pl.String,
    "area": pl.String,
    "in_incident": pl.Boolean,
    "silenced": pl.Boolean,
    "text": pl.String,
}
"""A reading with where it belongs. `scope` is site or platform; `in_incident`: the circuit's provider has a carrier
incident in its area that this signal can be part of; `silenced`: what is known of it lies in a maintenance window."""
KEY = ["rule", "signal", "subject"]
_PLACE = ["rule", "_place"]
_ORDER = pl.Enum(LEVELS)
_SEPARATOR = "\x1f"


class Alerts(NamedTuple):
    """`fact_alert` and `fact_alert_breach`. A breach of an alert that is not there counts for nothing."""

    alerts: pl.DataFrame
    breaches: pl.DataFrame


def step(known: Alerts, observed: pl.DataFrame, as_of: datetime) -> Alerts:
    """The alerts after a look at `as_of`; sorted by key. The same look twice changes nothing.

    `observed`: OBSERVED, one row for each rule, signal and subject (circuit, or part of the platform) that there is,
    also where nothing is known (severity null, recovered null or false): what has no row is gone.

    - A breach (a row with a severity) joins the open alert of its rule and place, else opens one. Its place is its
      site; in a carrier incident its provider and area; of the platform its subject.
    - It leaves when it has recovered or is gone. What is unknown stays, and joins nothing.
    - A breach in a site's alert whose provider then has a carrier incident moves to the provider's alert. It stays
      there until it recovers, also when the incident is over: else each store at the edge would make alerts anew.
    - An alert closes when nothing is part of it any more. Its severity is the worst that any part of it reached.
    - A part is silenced from a look in a maintenance window until it is seen in breach outside of one: what only has to
      be seen good for long enough when the window ends is not told as if it had begun then.
    - It is announced at the first look at which it is open and some part of it is not silenced.
    """
    alerts = known.alerts
    breaches = known.breaches.join(alerts.select("alert_id"), on="alert_id", how="semi")
    was_open = alerts.filter(pl.col("closed_utc").is_null()).with_columns(_place=_place(pl.col("scope")))
    parts = _judged(breaches, was_open, observed, as_of)
    joining = _joining(parts, was_open, observed, as_of, set(alerts["alert_id"]))
    past = breaches.join(was_open, on="alert_id", how="anti")
    over = breaches.join(was_open, on="alert_id", how="semi").filter(pl.col("left_utc").is_not_null())
    rows = [f.select(*FACT_ALERT_BREACH.schema) for f in (past, over, parts, joining)]
    # What leaves and joins again at one instant (the clock of a rehearsal stands still) is one row.
    every = pl.concat(rows).unique(FACT_ALERT_BREACH.key, keep="last").sort(FACT_ALERT_BREACH.key)
    touched = pl.concat([was_open.drop("_place"), _opened(joining, was_open, as_of)])
    renewed = _summed_up(touched, every, as_of)
    closed = alerts.filter(pl.col("closed_utc").is_not_null())
    whole = pl.concat([closed, renewed.select(*FACT_ALERT.schema)]).sort(FACT_ALERT.key)
    return Alerts(whole, every)


def _place(scope: pl.Expr) -> pl.Expr:
    """What an alert of a scope is about, as one text."""
    of = {"site_id": "site", "provider": "provider", "area": "provider", "subject": "platform"}
    parts = [scope, *(pl.when(scope == kind).then(column) for column, kind in of.items())]
    return pl.concat_str([part.fill_null("") for part in parts], separator=_SEPARATOR)


def _judged(
    breaches: pl.DataFrame, was_open: pl.DataFrame, observed: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Breaches that were part of an open alert, as they are now: with `left_utc` and why where they leave it."""
    now = observed.select(
        *KEY,
        "in_incident",
        _now="severity",
        _recovered="recovered",
        _silenced="silenced",
        _seen=True,
        _text="text",
    )
    parts = (
        breaches.filter(pl.col("left_utc").is_null())
        .join(was_open.select("alert_id", "rule", "scope"), on="alert_id")
        .join(now, on=KEY, how="left")
    )
    moves = (pl.col("scope") == "site") & pl.col("in_incident") & pl.col("_now").is_not_null()
    why = (
        pl.when(pl.col("_seen").is_null())
        .then(pl.lit("gone"))
        .when(pl.col("_recovered"))
        .then(pl.lit("recovered"))
        .when(moves)
        .then(pl.lit("merged"))
    )
    worst = pl.max_horizontal(*(pl.col(n).cast(_ORDER) for n in ("severity", "_now"))).cast(pl.String)
    return parts.with_columns(left_reason=why).with_columns(
        left_utc=pl.when(pl.col("left_reason").is_not_null()).then(pl.lit(as_of).cast(INSTANT)),
        # What it reaches as it moves on belongs to the alert that it joins.
        severity=pl.when(pl.col("left_reason").is_null()).then(worst).otherwise("severity"),
        silenced=pl.when("_silenced")
        .then(True)
        .when(pl.col("_now").is_not_null())
        .then(False)
        .otherwise("silenced"),
        text=pl.coalesce("text", "_text"),
    )


def _joining(
    parts: pl.DataFrame, was_open: pl.DataFrame, observed: pl.DataFrame, as_of: datetime, taken: set[str]
) -> pl.DataFrame:
    """Breaches that are part of no alert yet, with the alert that they join: an open one or, by its id, a new one."""
    staying = parts.filter(pl.col("left_utc").is_null())
    scope = pl.when(pl.col("in_incident")).then(pl.lit("provider")).otherwise("scope")
    found = (
        observed.filter(pl.col("severity").is_not_null())
        .join(staying, on=KEY, how="anti")
        .with_columns(scope=scope)
        .with_columns(_place=_place(pl.col("scope")))
        .join(was_open.select(*_PLACE, "alert_id"), on=_PLACE, how="left")
    )
    places = found.filter(pl.col("alert_id").is_null()).select(_PLACE).unique()
    ids = [new_id(rule, place, as_of, taken) for rule, place in places.iter_rows()]
    fresh = places.with_columns(_fresh=pl.Series(ids, dtype=pl.String))
    return found.join(fresh, on=_PLACE, how="left").with_columns(
        alert_id=pl.coalesce("alert_id", "_fresh"),
        joined_utc=pl.lit(as_of).cast(INSTANT),
        left_utc=pl.lit(None, INSTANT),
        left_reason=pl.lit(None, pl.String),
        since_utc=pl.coalesce("since_utc", pl.lit(as_of).cast(INSTANT)),
    )


def new_id(rule: str, place: str, opened: datetime, taken: set[str]) -> str:
    """The id of an alert that opens: the same for the same rule, place and look, and none of those `taken`."""
    text = _SEPARATOR.join((rule, place, opened.isoformat()))
    while (found := hashlib.sha256(text.encode()).hexdigest()[:12]) in taken:
        text += _SEPARATOR
    return found


def _opened(joining: pl.DataFrame, was_open: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Rows of fact_alert of the alerts that open now; what follows from their parts is filled in later."""
    fresh = joining.join(was_open, on="alert_id", how="anti").sort(
        "signal", pl.col("value"), descending=[False, True]
    )
    scope = pl.col("scope").first()
    rows = fresh.group_by("alert_id", maintain_order=True).agg(
        pl.col("rule", "scope", "value").first(),
        site_id=pl.when(scope == "site").then(pl.col("site_id").first()),
        provider=pl.when(scope == "provider").then(pl.col("provider").first()),
        area=pl.when(scope == "provider").then(pl.col("area").first()),
        subject=pl.when(scope == "platform").then(pl.col("subject").first()),
        opened_utc=pl.lit(as_of).cast(INSTANT).first(),
    )
    return FACT_ALERT.conform(rows.lazy()).collect()


def _summed_up(touched: pl.DataFrame, breaches: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The alerts with what follows from their parts; those of which nothing is left are closed."""
    stays = pl.col("left_utc").is_null()
    last = pl.col("left_reason").filter(pl.col("left_utc") == pl.col("left_utc").max())
    sums = breaches.group_by("alert_id").agg(
        _severity=pl.col("severity").cast(_ORDER).max().cast(pl.String),
        _since=pl.col("since_utc").min(),
        _region=pl.col("region").drop_nulls().unique().sort().str.join("; "),
        _signals=pl.col("signal").unique().sort().str.join(", "),
        _circuits=pl.col("subject").n_unique().cast(pl.Int64),
        _left=pl.col("subject").filter(stays).n_unique().cast(pl.Int64),
        _sites=pl.col("site_id").drop_nulls().n_unique().cast(pl.Int64),
        _silenced=pl.col("silenced").filter(stays).all() & stays.any(),
        _text=pl.col("text").drop_nulls().unique().sort().str.join("; "),
        _reason=pl.when((last == "merged").any())
        .then(pl.lit("merged"))
        .when((last == "recovered").any())
        .then(pl.lit("recovered"))
        .otherwise(pl.lit("gone")),
    )
    taken_over = _taken_over(breaches.join(touched.select("alert_id", "rule"), on="alert_id"), as_of)
    joined = touched.join(sums, on="alert_id", how="left").join(taken_over, on="alert_id", how="left")
    is_open, platform = pl.col("_left").fill_null(0) > 0, pl.col("scope") == "platform"
    now = pl.lit(as_of).cast(INSTANT)
    return joined.with_columns(
        region=pl.col("_region").replace("", None),
        signals="_signals",
        severity=pl.coalesce("_severity", "severity"),
        since_utc=pl.coalesce("_since", "since_utc"),
        circuit_count=pl.when(platform).then(0).otherwise("_circuits"),
        open_circuit_count=pl.when(platform).then(0).otherwise("_left"),
        site_count=pl.when(platform).then(0).otherwise("_sites"),
        silenced=pl.col("_silenced").fill_null(False),
        text=pl.col("_text").replace("", None),
        announced_utc=pl.coalesce("announced_utc", pl.when(is_open & ~pl.col("_silenced")).then(now)),
        closed_utc=pl.when(~is_open).then(now),
        close_reason=pl.when(~is_open).then(pl.col("_reason").fill_null("gone")),
        merged_into=pl.when(~is_open).then("_into"),
    )


def _taken_over(breaches: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """alert_id -> the alert of the same rule that breaches (with their rule) moved to at this look."""
    now = pl.lit(as_of).cast(INSTANT)
    left = breaches.filter((pl.col("left_utc") == now) & (pl.col("left_reason") == "merged"))
    joined = breaches.filter(pl.col("joined_utc") == now).select(*KEY, _into="alert_id")
    return left.join(joined, on=KEY).group_by("alert_id").agg(pl.col("_into").min())
