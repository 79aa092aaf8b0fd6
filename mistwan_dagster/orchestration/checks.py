"""Contract checks: a table that breaks its declaration blocks everything downstream. Freshness of the facts."""

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    DIM_THRESHOLD,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_DEVICE_EVENT,
    FACT_FAILOVER,
    FACT_PATH_HOUR,
    RPT_CONGESTION_NOW,
    RPT_TOP_OFFENDERS,
    Table,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.orchestration.partitions import HOURS
from mistwan_dagster.orchestration.platform import PlatformResource


def _result(frame: pl.LazyFrame | None, table: Table) -> dg.AssetCheckResult:
    broken = violations(frame, table) if frame is not None else {}
    return dg.AssetCheckResult(
        passed=not broken,
        metadata={"broken_rules": broken}
        if broken
        else {"rules": "columns, keys, bounds, allowed values, minutes"},
        description="; ".join(f"{rule}: {n} rows" for rule, n in broken.items()) or "contract kept",
    )


def hourly_contract(table: Table) -> dg.AssetChecksDefinition:
    """Contract check over the hours of the run."""

    @dg.asset_check(
        asset=table.name,
        name="contract",
        blocking=True,
        partitions_def=HOURS,
        description="Columns, key, bounds",
    )
    def check(context: dg.AssetCheckExecutionContext, platform: PlatformResource) -> dg.AssetCheckResult:
        window = context.op_execution_context.partition_time_window
        return _result(platform.open().kpi.scan_hours(table.name, window.start, window.end), table)

    return check


def whole_contract(table: Table) -> dg.AssetChecksDefinition:
    """Contract check over the whole table."""

    @dg.asset_check(asset=table.name, name="contract", blocking=True, description="Columns, key, bounds")
    def check(platform: PlatformResource) -> dg.AssetCheckResult:
        frame = platform.open().kpi.read(table.name)
        return _result(None if frame is None else frame.lazy(), table)

    return check


CHECKS = [
    *(hourly_contract(t) for t in (FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, FACT_DEVICE_EVENT)),
    *(whole_contract(t) for t in (DIM_SITE, DIM_CIRCUIT, FACT_CIRCUIT_OUTAGE, FACT_FAILOVER)),
    *(whole_contract(t) for t in (DIM_THRESHOLD, RPT_CONGESTION_NOW, RPT_TOP_OFFENDERS)),
]
