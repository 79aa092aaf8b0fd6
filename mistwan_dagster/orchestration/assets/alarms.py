"""Alarm tables as assets: days, renewed when an alarm of the day changed."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.alarm_tables import FACT_ALARM
from mistwan_dagster.orchestration.alarms import TABLES, compute_alarms
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import DAYS, OWNER
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.staleness import ALARM_DAYS

HOURS_OF_DAY = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


@dg.multi_asset(
    name="alarm_tables",
    specs=[
        dg.AssetSpec(
            table.name,
            deps=[dg.AssetDep(raw_key(ALARMS), partition_mapping=HOURS_OF_DAY), "dim_circuit"],
            description=table_description(table),
            group_name="alarms",
            kinds={"polars", "parquet"},
            owners=[OWNER],
            metadata=table_metadata(table),
        )
        for table in TABLES
    ],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def alarm_tables(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """Newest version of each alarm, and counts by site and hour; the run's counts are shown beside them."""
    window, parts = context.partition_time_window, platform.open()
    ALARM_DAYS.begin(parts, context.run.run_id, window.start, window.end)
    frames = compute_alarms(parts, window.start, window.end)
    alarms = frames[FACT_ALARM.name]
    counts = {
        f"alarms_by_{name}": dict(
            alarms[f"{column}"].fill_null("not told").value_counts(sort=True).iter_rows()
        )
        for name, column in (("severity", "severity"), ("type", "alarm_type"), ("status", "status"))
    }
    horizon = parts.raw.told_from(ALARMS)
    for name, frame in frames.items():
        metadata: dict[str, Any] = {"dagster/row_count": frame.height, **counts}
        if horizon is not None:
            metadata["cloud_tells_nothing_before"] = horizon["nothing_before"]
        if name == FACT_ALARM.name:
            metadata["without_circuit"] = alarms["circuit_id"].null_count()
        yield dg.MaterializeResult(asset_key=name, metadata=metadata)
