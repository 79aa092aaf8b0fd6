"""Tables of alarms and WAN clients. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import DEVICE_MAC, HOUR_UTC, INSTANT, NONE, SITE_ID, Column
from mistwan_dagster.catalog.table import Table

READ_UTC = Column("read_utc", INSTANT, "when Mist was asked", nullable=False)
_CIRCUIT = Column("circuit_id", pl.String, "circuit that it concerns; null when none, several or unknown")

FACT_ALARM = Table(
    "fact_alarm",
    "Alarms as they were last seen, each once; Mist changes them in place",
    "alarm",
    ("alarm_id",),
    (
        Column("alarm_id", pl.String, "Mist alarm id", nullable=False),
        Column("site_id", pl.String, "Mist site id; null for an alarm of the organization"),
        Column("alarm_type", pl.String, "Mist alarm type, for example gateway_down"),
        Column("alarm_group", pl.String, "infrastructure, marvis, security as Mist says"),
        Column("severity", pl.String, "critical, warn or info as Mist says"),
        Column("first_seen_utc", INSTANT, "when it was raised", nullable=False),
        Column("last_seen_utc", INSTANT, "newest occurrence"),
        Column("alarm_count", pl.Int64, "occurrences folded into it", "", 0),
        Column("status", pl.String, "open or resolved at `read_utc`; null when Mist did not say"),
        Column("resolved_utc", INSTANT, "when it was resolved; null while it is open"),
        Column("duration_minutes", pl.Float64, "from raised to resolved; null while it is open", "min"),
        Column("acked", pl.Boolean, "true when somebody acknowledged it"),
        Column("acked_utc", INSTANT, "when it was acknowledged"),
        DEVICE_MAC,
        _CIRCUIT,
        Column("text", pl.String, "text of the alarm, where Mist tells one"),
        Column(
            "read_utc",
            INSTANT,
            "when this version was first read; alarms of the last 7 days are read again each day, of a day each hour",
            nullable=False,
        ),
    ),
    span="first_seen_utc",
)

FACT_ALARM_SITE_HOUR = Table(
    "fact_alarm_site_hour",
    "Alarms raised in an hour at a site, by type and severity; no row where none was raised",
    "site x hour x type x severity",
    ("site_id", "hour_utc", "alarm_type", "severity"),
    (
        Column(
            "site_id", pl.String, f"Mist site id, `{NONE}` for alarms of the organization", nullable=False
        ),
        HOUR_UTC,
        Column("alarm_type", pl.String, f"Mist alarm type, `{NONE}` when not told", nullable=False),
        Column("severity", pl.String, f"severity as Mist says, `{NONE}` when not told", nullable=False),
        Column("alarm_count", pl.Int64, "alarms raised in the hour", "", 1),
        Column("occurrence_count", pl.Int64, "occurrences folded into them so far", "", 0),
        Column("open_count", pl.Int64, "of them still open when last read", "", 0),
        Column("acked_count", pl.Int64, "of them acknowledged", "", 0),
        Column("observed_minutes", pl.Float64, "minutes of the hour that alarms were read for", "min", 0, 60),
    ),
    span="hour_utc",
)

FACT_WAN_CLIENT_HOUR = Table(
    "fact_wan_client_hour",
    "Clients behind a site's WAN gateways that Mist listed for the 60 minutes before it was asked in an hour",
    "site x circuit (or unknown) x hour",
    ("site_id", "locator", "hour_utc"),
    (
        SITE_ID,
        Column(
            "locator", pl.String, "circuit_id, empty when it is unknown (part of the key)", nullable=False
        ),
        _CIRCUIT,
        HOUR_UTC,
        Column("client_count", pl.Int64, "distinct clients", "", 0),
        Column("network_count", pl.Int64, "distinct networks that they are in", "", 0),
        READ_UTC,
    ),
    span="hour_utc",
)
