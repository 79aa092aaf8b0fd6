"""Partition definitions, and the names of tags."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_START_TAG, PARTITION_NAME_TAG

FIRST_HOUR = "2023-01-01-00:00"
"""Start of every definition; hours before it can be neither collected, computed nor imported."""

SNAPSHOT_HOURS = dg.HourlyPartitionsDefinition(start_date=FIRST_HOUR, end_offset=1)
"""Includes the hour that is going on, because its slots are collected while it lasts."""
HOURS = dg.HourlyPartitionsDefinition(start_date=FIRST_HOUR)
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_HOUR[:10], end_offset=1)
WEEKS = dg.WeeklyPartitionsDefinition(start_date="2023-01-02", day_offset=1, end_offset=1)
"""ISO weeks: they begin on Monday."""
MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_HOUR[:10], end_offset=1)

PARTITION_KEY_FORMAT = "%Y-%m-%d-%H:%M"
SLOT_TAG = "mistwan/slot"
FIRST_CIRCUITS_TAG = "mistwan/first_circuits"
"""History of so many circuits, the rest later: where calls are too few for all of them."""
OWNER = "team:wan-platform"


def newest_partition(key: dg.CoercibleToAssetKey) -> dg.AssetDep:
    """Dependency of an asset without partitions on one with them.

    Dagster's default, all partitions, lists every hour since 2023 at each step that has such an input.
    """
    return dg.AssetDep(key, partition_mapping=dg.LastPartitionMapping())


def first_hour_of_run(tags: Mapping[str, str]) -> datetime | None:
    """Start of the first partition (hour, day, week or month) that a run works on; None when it names none."""
    key = tags.get(ASSET_PARTITION_RANGE_START_TAG) or tags.get(PARTITION_NAME_TAG)
    if not key:
        return None
    hourly = key if ":" in key else f"{key}-00:00"
    return datetime.strptime(hourly, PARTITION_KEY_FORMAT).replace(tzinfo=UTC)
