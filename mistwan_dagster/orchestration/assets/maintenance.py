"""Daily care of the lake: what changed in the answers, what is too old, which small files become one."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from mistwan_dagster.catalog.schema_drift import RPT_SCHEMA_DRIFT
from mistwan_dagster.lake.compaction import compact_days, remove_leftovers, sweep
from mistwan_dagster.lake.retention import Deleted
from mistwan_dagster.logs import forget_logs
from mistwan_dagster.orchestration import retention
from mistwan_dagster.orchestration.assets.kpi import HOURLY_ASSETS
from mistwan_dagster.orchestration.assets.raw import RAW_ASSETS, raw_key
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import OWNER, newest_partition
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.pools import LAKE_POOL, WAREHOUSE_POOL
from mistwan_dagster.orchestration.schema_drift import compute_drift, news, profiled_endpoints

GROUP = "maintenance"


def _table(records: Iterable[dict[str, Any]]) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.table([dg.TableRecord({k: str(v) for k, v in r.items()}) for r in records])


def _deleted(deleted: list[Deleted]) -> dict[str, Any]:
    return {
        "files": sum(d.files for d in deleted),
        "bytes": sum(d.bytes for d in deleted),
        **({"deleted": _table(d.__dict__ for d in deleted)} if deleted else {}),
    }


@dg.asset(
    key=RPT_SCHEMA_DRIFT.name,
    description=table_description(RPT_SCHEMA_DRIFT),
    deps=[newest_partition(raw_key(e)) for e in profiled_endpoints()],
    group_name=GROUP,
    kinds={"polars", "parquet"},
    owners=[OWNER],
    metadata=table_metadata(RPT_SCHEMA_DRIFT),
)
def rpt_schema_drift(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> dg.MaterializeResult[None]:
    """Profiles each day once, before retention deletes it."""
    parts = platform.open()
    report, new = compute_drift(parts), news(parts)
    for row in new.iter_rows(named=True):
        context.log.warning(
            "{endpoint}.{field_path}: {kind} ({example_type}, {row_count} rows)".format(**row)
        )
    return dg.MaterializeResult(metadata={"dagster/row_count": report.height, "new_in_24_hours": new.height})


@dg.asset(
    description="Raw answers older than MISTWAN_RAW_DAYS are deleted, whole partitions, the oldest first",
    deps=[RPT_SCHEMA_DRIFT.name, *(newest_partition(key) for asset in RAW_ASSETS for key in asset.keys)],
    group_name=GROUP,
    kinds={"parquet"},
    owners=[OWNER],
    pool=LAKE_POOL,
)
def raw_retention(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> dg.MaterializeResult[None]:
    """Hours that were never computed are named before their rows go. Logs are kept as long as raw answers."""
    parts = platform.open()
    lost = retention.lost_hours(parts)
    if lost:
        context.log.warning(
            f"{len(lost)} hours were never computed and no longer can be, the first {lost[0]}"
        )
    kept_from = retention.raw_horizon(parts)
    forget_logs(parts.settings.logs, kept_from.date())
    metadata = _deleted(retention.retain_raw(parts))
    return dg.MaterializeResult(
        metadata={"kept_from": kept_from.isoformat(), "hours_never_computed": len(lost), **metadata}
    )


@dg.asset(
    description="A day's small raw files become one file; what earlier runs made redundant is deleted",
    deps=["raw_retention"],
    group_name=GROUP,
    kinds={"parquet"},
    owners=[OWNER],
    pool=LAKE_POOL,
)
def raw_compaction(platform: PlatformResource) -> dg.MaterializeResult[None]:
    """Sweeps first: small files go a run later than they were compacted, when no reader is at them."""
    parts = platform.open()
    now = parts.settings.now()
    swept = sweep(parts.raw, now)
    leftovers = sum(remove_leftovers(root, now) for root in (parts.settings.lake, parts.settings.state))
    done = list(compact_days(parts.raw, now))
    return dg.MaterializeResult(
        metadata={
            "day_files": len(done),
            "files_before": sum(d.files for d in done),
            "bytes_before": sum(d.bytes_before for d in done),
            "bytes_after": sum(d.bytes_after for d in done),
            "redundant_files_deleted": swept,
            "leftovers_of_killed_writes_deleted": leftovers,
            **({"compacted": _table(d.__dict__ for d in done)} if done else {}),
        }
    )


@dg.asset(
    description="Hourly figures older than MISTWAN_FACT_MONTHS are deleted from lake and warehouse",
    deps=[newest_partition(key) for asset in HOURLY_ASSETS for key in asset.keys],
    group_name=GROUP,
    kinds={"parquet", "duckdb"},
    owners=[OWNER],
    pool=WAREHOUSE_POOL,
)
def fact_retention(platform: PlatformResource) -> dg.MaterializeResult[None]:
    """Files first: a rebuilt warehouse is filled from them."""
    parts = platform.open()
    metadata = _deleted(retention.retain_facts(parts))
    rows = retention.retain_rows(parts)
    return dg.MaterializeResult(
        metadata={
            "kept_from": retention.fact_horizon(parts).isoformat(),
            **metadata,
            "warehouse_rows": sum(told["row_count"] for told in rows.values()),
            **({"warehouse": _table({"table": n, **t} for n, t in rows.items())} if rows else {}),
        }
    )


MAINTENANCE_ASSETS = [rpt_schema_drift, raw_retention, raw_compaction, fact_retention]
