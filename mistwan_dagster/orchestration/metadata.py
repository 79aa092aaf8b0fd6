"""What Dagster is told of assets, derived from the catalog: column schemas, descriptions, specs of loads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.tables import Table
from mistwan_dagster.orchestration.partitions import OWNER
from mistwan_dagster.warehouse.port import Loaded

LOADS = "warehouse"
"""Group of the assets that load."""


def table_metadata(table: Table) -> dict[str, Any]:
    """Column schema of a declared table, shown in the UI."""
    columns = [
        dg.TableColumn(
            c.name,
            type=str(c.dtype),
            description=f"{c.meaning} [{c.unit}]" if c.unit else c.meaning,
            constraints=dg.TableColumnConstraints(nullable=c.nullable),
        )
        for c in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "grain": table.grain}


def endpoint_metadata(endpoint: Endpoint) -> dict[str, Any]:
    """Column schema of a raw table, and which SDK function and path fill it."""
    columns = [dg.TableColumn(n, type=str(t)) for n, t in endpoint.schema.items()]
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "mist_path": endpoint.path,
        "sdk_function": endpoint.function,
        "backfill": f"{endpoint.history_hours} hours back"
        if endpoint.history_hours
        else "none: the API tells only now",
    }


def load_metadata(loaded: Loaded) -> dict[str, Any]:
    """What a load did and took: rows in its spans, bytes sent, seconds, spans that needed nothing, query ids."""
    return {
        "dagster/row_count": loaded.rows,
        "bytes": loaded.bytes,
        "seconds": round(loaded.seconds, 3),
        "spans_skipped": loaded.spans_skipped,
        **({"query_ids": list(loaded.query_ids)} if loaded.query_ids else {}),
    }


def table_description(table: Table) -> str:
    """Meaning, grain and key in one text."""
    return f"{table.meaning}.\n\nGrain: {table.grain}. Key: {', '.join(table.key)}."


def load_spec(
    table: Table,
    deps: Iterable[dg.AssetDep | str],
    name: str | None = None,
    partitions: dg.PartitionsDefinition[Any] | None = None,
) -> dg.AssetSpec:
    """The load of a table from the assets that compute it."""
    return dg.AssetSpec(
        dg.AssetKey(["warehouse", name or table.name]),
        deps=list(deps),
        description=table_description(table),
        group_name=LOADS,
        kinds={"duckdb", "snowflake"},
        owners=[OWNER],
        metadata=table_metadata(table),
        partitions_def=partitions,
    )


def load_results(
    loaded: dict[str, Loaded], names: dict[str, str] | None = None
) -> Iterable[dg.MaterializeResult[None]]:
    """What a load asset yields; `names` where the asset's name is not the table's."""
    for table, one in loaded.items():
        name = (names or {}).get(table, table)
        yield dg.MaterializeResult(asset_key=["warehouse", name], metadata=load_metadata(one))
