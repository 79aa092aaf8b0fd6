"""Contract checks: a table that breaks its declaration blocks everything downstream. Freshness of the facts."""

from functools import partial

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.sle_tables import SLE_COVERAGE, SLE_HOURLY_TABLES, SLE_NEWEST_TABLES
from mistwan_dagster.catalog.tables import DIM_THRESHOLD, Table
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.orchestration.alarms import TABLES as ALARM_TABLES
from mistwan_dagster.orchestration.alarms import day_label, days_between
from mistwan_dagster.orchestration.assets.warehouse import HOURLY_TABLES, LATEST_REPORTS, WHOLE_TABLES
from mistwan_dagster.orchestration.partitions import DAYS, HOURS
from mistwan_dagster.orchestration.platform import PlatformResource

CONTRACT = partial(dg.asset_check, name="contract", blocking=True, description="Columns, key, bounds")


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

    @CONTRACT(asset=table.name, partitions_def=HOURS)
    def check(context: dg.AssetCheckExecutionContext, platform: PlatformResource) -> dg.AssetCheckResult:
        window = context.op_execution_context.partition_time_window
        return _result(platform.open().kpi.scan_hours(table.name, window.start, window.end), table)

    return check


def whole_contract(
    table: Table, partitions: dg.TimeWindowPartitionsDefinition | None = None
) -> dg.AssetChecksDefinition:
    """Contract check over the whole table; `partitions` of its asset, or Dagster lists them all at each check."""

    @CONTRACT(asset=table.name, partitions_def=partitions)
    def check(platform: PlatformResource) -> dg.AssetCheckResult:
        frame = platform.open().kpi.read(table.name)
        return _result(None if frame is None else frame.lazy(), table)

    return check


def daily_contract(table: Table) -> dg.AssetChecksDefinition:
    """Contract check over the days of the run."""

    @CONTRACT(asset=table.name, partitions_def=DAYS)
    def check(context: dg.AssetCheckExecutionContext, platform: PlatformResource) -> dg.AssetCheckResult:
        window, kpi = context.op_execution_context.partition_time_window, platform.open().kpi
        days = [kpi.read(table.name, day_label(day)) for day in days_between(window.start, window.end)]
        return _result(pl.concat([table.empty(), *(d for d in days if d is not None)]).lazy(), table)

    return check


CHECKS = [
    *(hourly_contract(t) for t in (*HOURLY_TABLES, *SLE_HOURLY_TABLES)),
    *(daily_contract(t) for t in ALARM_TABLES),
    *(whole_contract(t) for t in (*WHOLE_TABLES, DIM_THRESHOLD, *SLE_NEWEST_TABLES, SLE_COVERAGE)),
    *(whole_contract(t, HOURS) for t in LATEST_REPORTS),
]
