"""Every table of lake and warehouse, by name.

DDL, casts, contract checks, Dagster column schemas and `docs/data_dictionary.md` are derived from these
declarations elsewhere. Adding a column means adding it in `dimensions.py`, `facts.py`, `aggregates.py` or
`reports.py`, then running `make generate`.
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.aggregates import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_ROLLING_13M,
    AGG_CIRCUIT_WINDOW,
    AGG_PROVIDER_PERIOD,
    AGG_PROVIDER_WINDOW,
    AGG_REGION_PERIOD,
    AGG_REGION_ROLLING_13M,
    AGG_REGION_WINDOW,
    PERIOD_TABLES,
    ROLLING_PAIRS,
    ROLLING_TABLES,
    WINDOW_TABLES,
)
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
from mistwan_dagster.catalog.reports import (
    REPORT_TABLES,
    RPT_CHRONIC_OFFENDERS,
    RPT_CONGESTION_NOW,
    RPT_TOP_OFFENDERS,
)
from mistwan_dagster.catalog.table import Table

LOAD_LEDGER = Table(
    "load_ledger",
    "What was loaded when: one row a table and span, replaced by each load",
    "table x span",
    ("table_name", "span_start_utc"),
    (
        Column("table_name", pl.String, "loaded table", nullable=False),
        Column("span_start_utc", INSTANT, "start of the span; 1970-01-01 for whole tables", nullable=False),
        Column("row_count", pl.Int64, "rows of the span", "", 0),
        Column("loaded_at_utc", INSTANT, "end of the load"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        DIM_SITE, DIM_CIRCUIT, DIM_HOUR, DIM_THRESHOLD, FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, FACT_CIRCUIT_OUTAGE,
        FACT_FAILOVER, FACT_DEVICE_EVENT, *WINDOW_TABLES, *PERIOD_TABLES, *ROLLING_TABLES, *REPORT_TABLES,
        LOAD_LEDGER,
    )
}  # fmt: skip

__all__ = [
    "AGG_CIRCUIT_PERIOD",
    "AGG_CIRCUIT_ROLLING_13M",
    "AGG_CIRCUIT_WINDOW",
    "AGG_PROVIDER_PERIOD",
    "AGG_PROVIDER_WINDOW",
    "AGG_REGION_PERIOD",
    "AGG_REGION_ROLLING_13M",
    "AGG_REGION_WINDOW",
    "DIM_CIRCUIT",
    "DIM_HOUR",
    "DIM_SITE",
    "DIM_THRESHOLD",
    "FACT_CIRCUIT_HOUR",
    "FACT_CIRCUIT_OUTAGE",
    "FACT_DEVICE_EVENT",
    "FACT_FAILOVER",
    "FACT_PATH_HOUR",
    "LOAD_LEDGER",
    "PERIOD_TABLES",
    "ROLLING_PAIRS",
    "ROLLING_TABLES",
    "RPT_CHRONIC_OFFENDERS",
    "RPT_CONGESTION_NOW",
    "RPT_TOP_OFFENDERS",
    "TABLES",
    "VERSION_COLUMNS",
    "WINDOW_TABLES",
    "Table",
]
