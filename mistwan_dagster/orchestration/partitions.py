"""Partition definitions and the names of pools and tags. Nothing else."""

from __future__ import annotations

import dagster as dg

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
WAREHOUSE_POOL = "warehouse"
"""One load at a time: DuckDB takes one writer."""
OWNER = "team:wan-platform"
