"""The report on fields of API answers that came, went or changed. Declarations only."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT, Column
from mistwan_dagster.catalog.table import Table

DRIFT_KINDS = ("new", "missing", "type_changed")

RPT_SCHEMA_DRIFT = Table(
    "rpt_schema_drift",
    "Fields of Mist's answers that came, went or changed their type, when this was first seen; never a value",
    "endpoint x field x kind x type x first seen",
    ("endpoint", "field_path", "kind", "example_type", "first_seen_utc"),
    (
        Column("endpoint", pl.String, "raw table, for example port_stats", nullable=False),
        Column(
            "field_path", pl.String, "key of the answer's rows, nested ones joined by a dot", nullable=False
        ),
        Column(
            "kind",
            pl.String,
            "new: undeclared and never told before (kept in `extra`); missing: told on the day before and by no row "
            "on this one (null), or a key without which rows are refused; type_changed: of another JSON type than "
            "declared (the row is in quarantine) or, for an undeclared field, than ever before",
            nullable=False,
            allowed=DRIFT_KINDS,
        ),
        Column("first_seen_utc", INSTANT, "arrival of the first row that shows it", nullable=False),
        Column(
            "row_count", pl.Int64, "rows of that UTC day that show it; of missing fields, rows without", "", 0
        ),
        Column("example_type", pl.String, "JSON type that was told; of missing ones, the declared", nullable=False),
    ),
)  # fmt: skip
