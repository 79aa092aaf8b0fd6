"""How commands read and print what is published: with DuckDB, Dagster is not imported."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistwan_dagster.settings import Settings
    from mistwan_dagster.warehouse.port import Reader


class PrintFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def open_published(settings: Settings, keep_open: bool = False) -> Reader:
    """As `orchestration.warehouses.open_reader`. Raises UserError for wrong settings; nothing is connected yet."""
    if settings.mistwan_warehouse == "duckdb":
        from mistwan_dagster.warehouse.duckdb import PublishedDuckDB

        return PublishedDuckDB(settings.warehouse, keep_open)
    from mistwan_dagster.orchestration.warehouses import open_reader

    return open_reader(settings, keep_open)
