"""SLE tables: hourly scores of all sites, the deep-dive, and how fresh the deep-dive is. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import HOUR_UTC, INSTANT, SITE_ID, Column
from mistwan_dagster.catalog.table import Table

METRIC = Column("metric", pl.String, "SLE metric, for example wan-link-health", nullable=False)
SCORE = Column("score", pl.Float64, "share of the time that was not degraded; null when unknown", "", 0, 1)
SCOPE_COLUMNS = (
    SITE_ID,
    Column("scope", pl.String, "what the figure is about", nullable=False, allowed=("site", "gateway")),
    Column("scope_id", pl.String, "site id or Mist device id", nullable=False),
    METRIC,
)
AMOUNT_COLUMNS = (
    Column("total", pl.Float64, "time looked at, in `unit`; null when not told", "", 0),
    Column("degraded", pl.Float64, "of it degraded; null when not told", "", 0),
)
UNIT = Column("unit", pl.String, "unit as Mist names it, for example interface-minutes")
READ_AT = Column("read_at_utc", INSTANT, "when it was read", nullable=False)
SPAN_COLUMNS = (
    Column("span_start_utc", INSTANT, "start of the window that the answer names"),
    Column("span_end_utc", INSTANT, "end of the window that the answer names"),
)
DEVICE_COLUMNS = (
    Column("device_mac", pl.String, "MAC of the gateway, 12 lowercase hex digits", nullable=False),
    Column("device_name", pl.String, "name of the gateway"),
)

FACT_SITE_SLE_HOUR = Table(
    "fact_site_sle_hour",
    "SLE score of each site and metric in one hour, as Mist computes it. A metric that Mist tells of some site is "
    "there for all of them, null where it was not told",
    "site x metric x hour",
    ("site_id", "metric", "hour_utc"),
    (
        SITE_ID,
        METRIC,
        HOUR_UTC,
        SCORE,
        Column("gateway_count", pl.Float64, "gateways behind the score", "", 0),
        Column("client_count", pl.Float64, "clients behind the score", "", 0),
        Column(
            "source", pl.String, "answer that told the score", allowed=("sites_sle", "worst_sites_sle")
        ),
        Column("observed_at_utc", INSTANT, "when it was read"),
    ),
    span="hour_utc",
)  # fmt: skip

FACT_SLE_TREND = Table(
    "fact_sle_trend",
    "One bin of a metric of a site or gateway, as a whole and by classifier; the newest answer holds. Only what the "
    "deep-dive has read: see sle_coverage",
    "site or gateway x metric x classifier x bin",
    ("site_id", "scope", "scope_id", "metric", "classifier", "bin_start_utc"),
    (
        *SCOPE_COLUMNS,
        Column("classifier", pl.String, "reason of the degradation, empty for the metric as a whole", nullable=False),
        Column("bin_start_utc", INSTANT, "start of the bin", nullable=False),
        Column("bin_seconds", pl.Float64, "length of the bin", "s", 0),
        *AMOUNT_COLUMNS,
        SCORE,
        Column("value", pl.Float64, "value of the metric, where it has one"),
        Column("duration", pl.Float64, "duration of the degradation, where told", "", 0),
        UNIT,
        HOUR_UTC,
        READ_AT,
    ),
    span="hour_utc",
)  # fmt: skip

FACT_SLE_HISTOGRAM = Table(
    "fact_sle_histogram",
    "Distribution of a metric's values over the window last read",
    "site or gateway x metric x range",
    ("site_id", "scope", "scope_id", "metric", "position"),
    (
        *SCOPE_COLUMNS,
        Column("position", pl.Int64, "place of the range, from 0", "", 0, nullable=False),
        Column("range_low", pl.Float64, "lower end in `range_unit`; null: open"),
        Column("range_high", pl.Float64, "upper end in `range_unit`; null: open"),
        Column("value", pl.Float64, "amount in the range, in `unit`", "", 0),
        Column("range_unit", pl.String, "unit of the ranges as Mist names it"),
        UNIT,
        *SPAN_COLUMNS,
        READ_AT,
    ),
)

FACT_SLE_THRESHOLD = Table(
    "fact_sle_threshold",
    "Threshold from which Mist counts a metric of a site or gateway as degraded, as last read",
    "site or gateway x metric",
    ("site_id", "scope", "scope_id", "metric"),
    (
        *SCOPE_COLUMNS,
        Column("threshold", pl.Float64, "threshold in force, in `unit`"),
        Column("default_threshold", pl.Float64, "Mist's own default"),
        Column("minimum", pl.Float64, "lowest threshold that can be set"),
        Column("maximum", pl.Float64, "highest threshold that can be set"),
        Column("direction", pl.String, "side on which values are degraded, as Mist names it"),
        UNIT,
        READ_AT,
    ),
)

FACT_SLE_IMPACTED_GATEWAY = Table(
    "fact_sle_impacted_gateway",
    "Gateways behind a site's degradation over the window last read",
    "site x metric x gateway",
    ("site_id", "scope", "scope_id", "metric", "device_mac"),
    (
        *SCOPE_COLUMNS,
        *DEVICE_COLUMNS,
        Column("model", pl.String, "model of the gateway"),
        Column("version", pl.String, "software version"),
        *AMOUNT_COLUMNS,
        SCORE,
        *SPAN_COLUMNS,
        READ_AT,
    ),
)

FACT_SLE_IMPACTED_INTERFACE = Table(
    "fact_sle_impacted_interface",
    "Interfaces behind the degradation of a site or gateway over the window last read",
    "site or gateway x metric x interface",
    ("site_id", "scope", "scope_id", "metric", "device_mac", "interface_name"),
    (
        *SCOPE_COLUMNS,
        *DEVICE_COLUMNS,
        Column("interface_name", pl.String, "interface, for example ge-0/0/1", nullable=False),
        *AMOUNT_COLUMNS,
        SCORE,
        *SPAN_COLUMNS,
        READ_AT,
    ),
)

SLE_COVERAGE = Table(
    "sle_coverage",
    "How fresh the deep-dive into each site and WAN metric is",
    "site x metric",
    ("site_id", "metric"),
    (
        SITE_ID,
        METRIC,
        Column("score", pl.Float64, "score of the newest hour that was read; null when unknown", "", 0, 1),
        Column("score_hour_utc", INSTANT, "the hour of that score"),
        Column("is_degraded", pl.Boolean, "the score is below the setting; null without a score"),
        Column("is_enabled", pl.Boolean, "the site's metric list has it enabled; null when not told"),
        Column("last_read_utc", INSTANT, "last whole reading; null when there was none"),
        Column(
            "state", pl.String, "fresh: read within six hours; stale: longer ago; missing: never read",
            nullable=False, allowed=("fresh", "stale", "missing"),
        ),
        Column("as_of_utc", INSTANT, "instant to which the state refers", nullable=False),
    ),
)  # fmt: skip

SLE_HOURLY_TABLES = (FACT_SITE_SLE_HOUR, FACT_SLE_TREND)
SLE_NEWEST_TABLES = (
    FACT_SLE_HISTOGRAM,
    FACT_SLE_THRESHOLD,
    FACT_SLE_IMPACTED_GATEWAY,
    FACT_SLE_IMPACTED_INTERFACE,
)
SLE_TABLES = (*SLE_HOURLY_TABLES, *SLE_NEWEST_TABLES, SLE_COVERAGE)
