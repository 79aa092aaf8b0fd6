"""Tables of episodes: replacing the recent ones, and what periods are computed from of them. No Dagster.

Belongs here: what outages, failovers and incidents have in common. Does not belong here: finding them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import FACT_FAILOVER, RPT_CARRIER_INCIDENT, RPT_SLA_OUTAGE, Table
from mistwan_dagster.kpi.calendar import Period, period_end
from mistwan_dagster.orchestration.platform import Platform

FIRST = datetime.fromisoformat("2023-01-01T00:00:00+00:00")
LOOK_BACK = timedelta(days=2)
"""Episodes that began this long before the computed hours may still change; older ones are kept as they are."""


def recompute_from(since: datetime | None) -> datetime:
    """From where on episodes are found again when hours from `since` on were computed (None: all of them)."""
    return (since or FIRST) - LOOK_BACK


def whole_table(platform: Platform, table: Table) -> pl.DataFrame:
    """The whole table as it is in the lake, empty when it was never written."""
    frame = platform.kpi.read(table.name)
    return table.empty() if frame is None else table.conform(frame.lazy()).collect()


def replace_recent(platform: Platform, table: Table, found: pl.DataFrame, begin: datetime) -> int:
    """Write `found` and, of what is there, the episodes that ended before `begin`; returns rows."""
    before = whole_table(platform, table)
    kept = before.filter((pl.col("end_utc") < begin).fill_null(False))
    fresh = found.join(kept, on=list(table.key), how="anti")
    whole = pl.concat([kept, fresh]).sort(table.key)
    platform.kpi.write(table.name, whole)
    return whole.height


def episodes_of_period(platform: Platform, period: Period, start: datetime) -> str:
    """What figures of a period depend on besides its hours: its failovers, and of a month its outages and incidents.

    As text for a fingerprint. An episode that goes on after the period says nothing new of it; what maintenance
    excludes follows from its file.
    """
    end = pl.lit(period_end(start, period)).cast(INSTANT)
    finish = pl.min_horizontal(pl.coalesce("end_utc", end), end)
    failovers = whole_table(platform, FACT_FAILOVER).filter((pl.col("start_utc") < end) & (finish > start))
    parts = [failovers.select("site_id", "start_utc", finish)]
    if period == "month":
        began = pl.col("start_utc").is_between(pl.lit(start).cast(INSTANT), end, closed="left")
        outages = whole_table(platform, RPT_SLA_OUTAGE).filter(began)
        parts.append(outages.select("provider", "circuit_id", "kind", "start_utc", "end_utc"))
        parts.append(
            whole_table(platform, RPT_CARRIER_INCIDENT).filter(began).select("provider", "start_utc")
        )
    return "\n".join(part.write_csv() for part in parts)
