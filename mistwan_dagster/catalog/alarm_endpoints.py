"""Alarms of the organization, and the list of alarms that there can be. Declarations only.

What Mist does not document of an alarm (ports, interfaces, text) is no field: it stays in `extra`, so that a
surprise there costs no alarm.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.endpoint import (
    Cadence,
    Endpoint,
    Field,
    LookBack,
    Paging,
    Population,
    Scope,
    Shape,
)

ALARM_RETENTION_HOURS = 14 * 24
"""Not documented by Mist: what may be asked for. Where the cloud's memory ends is found by walking back."""

ALARMS = Endpoint(
    "alarms", "orgs.alarms.searchOrgAlarms", "/api/v1/orgs/{org_id}/alarms/search",
    Paging.CURSOR, Shape.EVENTS, ("id", "last_seen", "count", "status", "resolved_time", "acked"),
    (
        Field("id", pl.String),
        Field("site_id", pl.String),
        Field("type", pl.String),
        Field("group", pl.String),
        Field("severity", pl.String),
        Field("timestamp", pl.Float64, "epoch seconds at which it was raised; does not change"),
        Field("last_seen", pl.Float64, "epoch seconds of the newest occurrence"),
        Field("count", pl.Int64, "occurrences folded into the alarm"),
        Field("status", pl.String, "open or resolved"),
        Field("resolved_time", pl.Float64, "epoch seconds"),
        Field("acked", pl.Boolean),
        Field("acked_time", pl.Float64, "epoch seconds"),
        Field("gateways", pl.String, "MACs of the gateways concerned", json=True),
        Field("hostnames", pl.String, json=True),
    ),
    "Alarms of the organization, each version that was seen of them",
    history_hours=ALARM_RETENTION_HOURS, look_back=LookBack(slot=2, hour=24, day=7 * 24),
    population=Population.ALARMS,
    optional=True,
)  # fmt: skip

ALARM_DEFINITIONS = Endpoint(
    "alarm_definitions", "const.alarm_defs.listAlarmDefinitions", "/api/v1/const/alarm_defs",
    Paging.NONE, Shape.SNAPSHOT, ("key",),
    (
        Field("key", pl.String),
        Field("display", pl.String),
        Field("group", pl.String),
        Field("severity", pl.String),
    ),
    "Alarms that Mist can raise", scope=Scope.CLOUD, cadence=Cadence.DAY,
    optional=True,
)  # fmt: skip
