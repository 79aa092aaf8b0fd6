"""Every table of lake and warehouse, by name.

DDL, casts, contract checks, Dagster column schemas and `docs/data_dictionary.md` are derived from these
declarations elsewhere. Adding a column means adding it in `dimensions.py`, `facts.py`, `aggregates.py` or
`reports.py`, then running `make generate`.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.aggregates import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_PERIOD_BUSINESS,
    AGG_CIRCUIT_ROLLING_13M,
    AGG_CIRCUIT_WINDOW,
    AGG_PROVIDER_PERIOD,
    AGG_PROVIDER_PERIOD_BUSINESS,
    AGG_PROVIDER_ROLLING_13M,
    AGG_PROVIDER_WINDOW,
    AGG_REGION_PERIOD,
    AGG_REGION_PERIOD_BUSINESS,
    AGG_REGION_ROLLING_13M,
    AGG_REGION_WINDOW,
    BUSINESS_TABLES,
    PERIOD_TABLES,
    ROLLING_PAIRS,
    ROLLING_TABLES,
    WINDOW_TABLES,
)
from mistwan_dagster.catalog.alarm_tables import FACT_ALARM, FACT_ALARM_SITE_HOUR, FACT_WAN_CLIENT_HOUR
from mistwan_dagster.catalog.alert_tables import (
    ALERT_TABLES,
    FACT_ALERT,
    FACT_ALERT_BREACH,
    FACT_ALERT_DELIVERY,
)
from mistwan_dagster.catalog.api_usage import API_USAGE_HOUR
from mistwan_dagster.catalog.columns import INSTANT, Column
from mistwan_dagster.catalog.dimensions import (
    DIM_CIRCUIT,
    DIM_HOUR,
    DIM_SITE,
    DIM_THRESHOLD,
    VERSION_COLUMNS,
)
from mistwan_dagster.catalog.facts import (
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_DEVICE_EVENT,
    FACT_FAILOVER,
    FACT_PATH_HOUR,
)
from mistwan_dagster.catalog.providers import (
    RPT_CARRIER_INCIDENT,
    RPT_PROVIDER_SCORECARD,
    RPT_SLA_OUTAGE,
)
from mistwan_dagster.catalog.reference_tables import (
    DIM_GATEWAY_DETAIL,
    DIM_ORG,
    DIM_PORT_CONFIG,
    DIM_VOCABULARY,
    FACT_API_USAGE,
)
from mistwan_dagster.catalog.reports import (
    REPORT_TABLES,
    RPT_CHRONIC_OFFENDERS,
    RPT_CONGESTION_NOW,
    RPT_TOP_OFFENDERS,
)
from mistwan_dagster.catalog.schema_drift import RPT_SCHEMA_DRIFT
from mistwan_dagster.catalog.sites import (
    AGG_SITE_PERIOD,
    FACT_SITE_HOUR,
    RPT_FAILOVER_READINESS,
    RPT_PRIMARY_SECONDARY,
)
from mistwan_dagster.catalog.sle_tables import SLE_TABLES
from mistwan_dagster.catalog.table import Table

LOAD_LEDGER = Table(
    "load_ledger",
    "What was loaded when: one row a table and span; a load replaces the rows of all spans that it touches, so that "
    "a span whose content is noted here is in the table and need not be loaded again",
    "table x span",
    ("table_name", "span_start_utc", "span_end_utc", "span_kind"),
    (
        Column("table_name", pl.String, "loaded table", nullable=False),
        Column("span_start_utc", INSTANT, "start of the span; 1970-01-01 for whole tables", nullable=False),
        Column("span_end_utc", INSTANT, "end of the span; 2200-01-01 for whole tables", nullable=False),
        Column("span_kind", pl.String, "kind of period that was loaded; empty for all kinds", nullable=False),
        Column("row_count", pl.Int64, "rows of the span", "", 0),
        Column("content_hash", pl.String, "SHA-256 of the rows as Parquet"),
        Column("run_id", pl.String, "Dagster run that loaded"),
        Column("loaded_at_utc", INSTANT, "end of the load"),
    ),
    span="span_start_utc",
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        DIM_SITE, DIM_CIRCUIT, DIM_HOUR, DIM_THRESHOLD, FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, FACT_CIRCUIT_OUTAGE,
        FACT_FAILOVER, FACT_DEVICE_EVENT, *WINDOW_TABLES, *PERIOD_TABLES, *BUSINESS_TABLES, *ROLLING_TABLES,
        *REPORT_TABLES,
        *SLE_TABLES, RPT_SCHEMA_DRIFT,
        FACT_ALARM, FACT_ALARM_SITE_HOUR, FACT_WAN_CLIENT_HOUR,
        DIM_ORG, DIM_VOCABULARY, DIM_PORT_CONFIG, DIM_GATEWAY_DETAIL, FACT_API_USAGE, API_USAGE_HOUR,
        FACT_SITE_HOUR, AGG_SITE_PERIOD, RPT_PRIMARY_SECONDARY, RPT_FAILOVER_READINESS,
        RPT_CARRIER_INCIDENT, RPT_SLA_OUTAGE, RPT_PROVIDER_SCORECARD, *ALERT_TABLES,
        LOAD_LEDGER,
    )
}  # fmt: skip

__all__ = [
    "AGG_CIRCUIT_PERIOD",
    "AGG_CIRCUIT_PERIOD_BUSINESS",
    "AGG_CIRCUIT_ROLLING_13M",
    "AGG_CIRCUIT_WINDOW",
    "AGG_PROVIDER_PERIOD",
    "AGG_PROVIDER_PERIOD_BUSINESS",
    "AGG_PROVIDER_ROLLING_13M",
    "AGG_PROVIDER_WINDOW",
    "AGG_REGION_PERIOD",
    "AGG_REGION_PERIOD_BUSINESS",
    "AGG_REGION_ROLLING_13M",
    "AGG_REGION_WINDOW",
    "AGG_SITE_PERIOD",
    "ALERT_TABLES",
    "API_USAGE_HOUR",
    "BUSINESS_TABLES",
    "DIM_CIRCUIT",
    "DIM_HOUR",
    "DIM_SITE",
    "DIM_THRESHOLD",
    "FACT_ALERT",
    "FACT_ALERT_BREACH",
    "FACT_ALERT_DELIVERY",
    "FACT_CIRCUIT_HOUR",
    "FACT_CIRCUIT_OUTAGE",
    "FACT_DEVICE_EVENT",
    "FACT_FAILOVER",
    "FACT_PATH_HOUR",
    "FACT_SITE_HOUR",
    "LOAD_LEDGER",
    "PERIOD_TABLES",
    "ROLLING_PAIRS",
    "ROLLING_TABLES",
    "RPT_CARRIER_INCIDENT",
    "RPT_CHRONIC_OFFENDERS",
    "RPT_CONGESTION_NOW",
    "RPT_FAILOVER_READINESS",
    "RPT_PRIMARY_SECONDARY",
    "RPT_PROVIDER_SCORECARD",
    "RPT_SLA_OUTAGE",
    "RPT_TOP_OFFENDERS",
    "TABLES",
    "VERSION_COLUMNS",
    "WINDOW_TABLES",
    "Table",
]
