"""Use of the call budget as an asset: with each slot, also one that could not be collected, and with each load."""

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.api_usage import API_USAGE_HOUR
from mistwan_dagster.lake.raw import HOUR, floor_hour
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.api_usage import learn_limit, own_plan, recent_table, record_usage
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import OWNER, SLOT_TAG
from mistwan_dagster.orchestration.platform import PlatformResource


@dg.asset(
    key=API_USAGE_HOUR.name,
    description=table_description(API_USAGE_HOUR),
    group_name="operations",
    kinds={"polars", "parquet"},
    owners=[OWNER],
    metadata=table_metadata(API_USAGE_HOUR),
)
def api_usage_hour(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> dg.MaterializeResult[None]:
    """Depends on nothing, so that a slot's run asks for the limit before it spends calls, and whatever fails.

    Only the run of a slot asks the cloud; elsewhere this is bookkeeping that works without it.
    """
    parts = platform.open()
    told = learn_limit(parts) if SLOT_TAG in context.run.tags else "not asked"
    frame = record_usage(parts)
    plan = own_plan(parts)
    hour = floor_hour(parts.settings.now())
    figures: dict[str, dg.RawMetadataValue] = {
        f"{column}_{name}": int(frame.filter(pl.col("hour_utc") == start)[column].sum())
        for column in ("calls", "deferred")
        for name, start in (("this_hour", hour), ("last_hour", hour - HOUR))
    }
    if parts.settings.mist_api_token:
        figures |= {f"budget_{purpose}": parts.quota.limit(purpose) for purpose in Purpose}
    if plan is not None:
        figures |= {"planned_live_per_hour": plan.live_per_hour, "planned_per_hour": plan.total_per_hour}
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": frame.height,
            **figures,
            "cloud": told,
            "recent": dg.MarkdownMetadataValue(recent_table(frame, parts.settings.now())),
        }
    )


API_USAGE_ASSETS = [api_usage_hour]
