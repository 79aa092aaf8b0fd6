"""Tables of alerts: what this platform found wrong itself, and whom it told. Declarations only.

Alarms, which Mist raises, are `alarm_tables.py`.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, LEVELS, Column
from mistwan_dagster.catalog.table import Table

SCOPES = ("site", "provider", "platform")
"""What an alert is about: a store, a provider in an area, or this platform."""
EVENTS = ("opened", "escalated", "closed")
"""What a receiver is told of an alert."""
DELIVERY_STATES = ("pending", "delivered", "given_up")

_ALERT_ID = Column("alert_id", pl.String, "12 hex digits; receivers are told the same id", nullable=False)
_SEVERITY = Column(
    "severity", pl.String, "worst severity that it reached so far", nullable=False, allowed=LEVELS
)
_SINCE = Column("since_utc", INSTANT, "begin of the breach, of several the earliest", nullable=False)

FACT_ALERT = Table(
    "fact_alert",
    "Alerts, one an incident: a rule breached for long enough at a site, of a provider in an area, or by the platform "
    "itself",
    "alert",
    ("alert_id",),
    (
        _ALERT_ID,
        Column("rule", pl.String, "name of the rule, as in the alerts file", nullable=False),
        Column("scope", pl.String, "what it is about", nullable=False, allowed=SCOPES),
        Column("site_id", pl.String, "site of an alert of scope site"),
        Column("provider", pl.String, "provider of an alert of scope provider"),
        Column("area", pl.String, "area of an alert of scope provider: a region, or `around <site>`"),
        Column("subject", pl.String, "part of the platform that an alert of scope platform is about"),
        Column("region", pl.String, "regions of its circuits so far, joined by a semicolon"),
        Column("signals", pl.String, "what was breached so far: down, loss and so on, joined by a comma"),
        _SEVERITY,
        _SINCE,
        Column("opened_utc", INSTANT, "when the breach was found to last long enough", nullable=False),
        Column("closed_utc", INSTANT, "when all of it was found to be over; null while the alert is open"),
        Column(
            "close_reason",
            pl.String,
            "recovered; merged into the alert of a provider; or gone: circuit or rule is no more",
            allowed=("recovered", "merged", "gone"),
        ),
        Column("merged_into", pl.String, "the alert that took its circuits over"),
        Column("circuit_count", pl.Int64, "circuits that were part of it so far; 0 of the platform", "", 0),
        Column("open_circuit_count", pl.Int64, "circuits that still are", "", 0),
        Column("site_count", pl.Int64, "sites of its circuits so far; 0 of the platform", "", 0),
        Column(
            "value",
            pl.Float64,
            "figure of the breach that opened it, in the unit of its signal (minutes of down, unreachable, offline); "
            "of several the largest of the signal first by name",
        ),
        Column(
            "silenced",
            pl.Boolean,
            "true while all circuits still part of it are in a maintenance window, or were not seen bad since",
        ),
        Column(
            "announced_utc",
            INSTANT,
            "first time that it was open and not silenced, from when on receivers are told; null before",
        ),
        Column("text", pl.String, "what else is to be told, of the platform's alerts"),
    ),
)

FACT_ALERT_BREACH = Table(
    "fact_alert_breach",
    "Which circuit was part of an alert, with which signal, from when to when",
    "alert x signal x circuit x begin",
    ("alert_id", "signal", "subject", "joined_utc"),
    (
        _ALERT_ID,
        Column("signal", pl.String, "what was breached", nullable=False),
        Column("subject", pl.String, "circuit_id, or part of the platform", nullable=False),
        Column("site_id", pl.String, "site of the circuit"),
        Column("region", pl.String, "region of the circuit"),
        Column("provider", pl.String, "provider of the circuit"),
        Column("joined_utc", INSTANT, "when the breach was found to last long enough", nullable=False),
        Column("left_utc", INSTANT, "when it was found to be over; null while it goes on"),
        Column(
            "left_reason",
            pl.String,
            "recovered, merged into a provider's alert, or gone",
            allowed=("recovered", "merged", "gone"),
        ),
        _SEVERITY,
        _SINCE,
        Column("value", pl.Float64, "figure when it joined, in the unit of the signal"),
        Column(
            "silenced",
            pl.Boolean,
            "true from a look in a maintenance window until it is seen bad outside of one",
        ),
        Column("text", pl.String, "what else is to be told of it"),
    ),
)

FACT_ALERT_DELIVERY = Table(
    "fact_alert_delivery",
    "Whom was told what of which alert, once each",
    "alert x event x severity x target",
    ("alert_id", "event", "severity", "target"),
    (
        _ALERT_ID,
        Column("event", pl.String, "what the receiver was told", nullable=False, allowed=EVENTS),
        Column("severity", pl.String, "severity of the alert then", nullable=False, allowed=LEVELS),
        Column("target", pl.String, "receiver, as named in the alerts file", nullable=False),
        Column("state", pl.String, "where it stands", nullable=False, allowed=DELIVERY_STATES),
        Column("created_utc", INSTANT, "when it was due", nullable=False),
        Column("ended_utc", INSTANT, "when it was delivered or given up; null while pending"),
        Column("attempts", pl.Int64, "attempts made; null while pending", "", 0),
        Column(
            "repeated",
            pl.Boolean,
            "true when the sender was stopped in the midst of an attempt, so that the receiver may have it twice",
        ),
        Column("error", pl.String, "why the last attempt failed; null when delivered or pending"),
    ),
)

ALERT_TABLES = (FACT_ALERT, FACT_ALERT_BREACH, FACT_ALERT_DELIVERY)
