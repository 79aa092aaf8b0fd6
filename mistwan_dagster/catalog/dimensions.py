"""Dimension tables. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import (
    ACTIVE_STATE,
    CIRCUIT_ID,
    DEVICE_MAC,
    HOUR_UTC,
    INSTANT,
    LEVELS,
    MEASURES,
    NODE,
    NONE,
    PORT_ID,
    REGION,
    ROLE,
    SITE_ID,
    Column,
)
from mistwan_dagster.catalog.table import Table

VERSION_COLUMNS = (
    Column("valid_from", INSTANT, "first instant at which this version holds", nullable=False),
    Column("valid_to", INSTANT, "first instant at which it no longer holds; null for the current version"),
    Column("is_current", pl.Boolean, "true for the version in force now", nullable=False),
)

DIM_SITE = Table(
    "dim_site",
    "Stores, one row a version",
    "site x version",
    ("site_id", "valid_from"),
    (
        SITE_ID,
        Column("site_name", pl.String, "name of the site in Mist"),
        REGION,
        Column(
            "store_type", pl.String, f"name of the store-type sitegroup without prefix, `{NONE}` without one"
        ),
        Column("timezone", pl.String, "IANA time zone of the site"),
        Column("lat", pl.Float64, "latitude", "deg", -90, 90),
        Column("lng", pl.Float64, "longitude", "deg", -180, 180),
        *VERSION_COLUMNS,
    ),
)

DIM_CIRCUIT = Table(
    "dim_circuit",
    "WAN circuits, one row a version; down, disabled and unknown ports keep their row",
    "circuit x version",
    ("circuit_id", "valid_from"),
    (
        CIRCUIT_ID,
        SITE_ID,
        DEVICE_MAC.required(),
        NODE,
        PORT_ID.required(),
        Column("wan_name", pl.String, "name of the WAN interface in the gateway's configuration"),
        Column("wan_type", pl.String, "broadband, dsl or lte as Mist says; null when it does not"),
        Column(
            "provider", pl.String, "internet provider: circuits file, else the ISP that Mist detected last"
        ),
        ROLE,
        ACTIVE_STATE,
        Column(
            "port_state",
            pl.String,
            "up, down, disabled; null when Mist did not say",
            allowed=("up", "down", "disabled"),
        ),
        Column("bandwidth_down_mbps", pl.Float64, "contracted download; null when unknown", "Mbps", 0),
        Column("bandwidth_up_mbps", pl.Float64, "contracted upload; null when unknown", "Mbps", 0),
        Column(
            "bandwidth_source",
            pl.String,
            "where the bandwidth comes from: circuits file or link speed; no shaping yet, which dim_port_config tells",
            allowed=("file", "shaping", "link"),
        ),
        *VERSION_COLUMNS,
    ),
)

DIM_HOUR = Table(
    "dim_hour",
    "Hours and the calendar periods that contain them (UTC)",
    "hour",
    ("hour_utc",),
    (
        HOUR_UTC,
        Column("day", pl.Date, "UTC day", nullable=False),
        Column("iso_week", pl.String, "ISO week, for example 2025-W01", nullable=False),
        Column("month", pl.String, "month, for example 2025-01", nullable=False),
    ),
    span="hour_utc",
)

DIM_THRESHOLD = Table(
    "dim_threshold",
    "Levels in force for each region and store type, one row a version: an hour is judged by those of its time",
    "region x store type x measure x level x version",
    ("region", "store_type", "measure", "level", "valid_from"),
    (
        REGION.required(),
        DIM_SITE.column("store_type").required(),
        Column("measure", pl.String, "what is compared", nullable=False, allowed=tuple(MEASURES)),
        Column("level", pl.String, "level that it marks", nullable=False, allowed=LEVELS),
        Column("value", pl.Float64, "threshold in the measure's unit; a value on it counts as above", "", 0),
        *VERSION_COLUMNS[:2],
    ),
)
