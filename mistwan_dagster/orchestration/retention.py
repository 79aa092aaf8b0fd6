"""How long what is kept, and the deletion of what is older: raw answers, hourly figures, warehouse rows.

Belongs here: the horizons, and the order of deleting. Deleting files is `lake.retention`. No Dagster.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mistwan_dagster.catalog.tables import DIM_HOUR, LOAD_LEDGER, TABLES, Table
from mistwan_dagster.kpi.calendar import period_start
from mistwan_dagster.lake.hours import HOUR
from mistwan_dagster.lake.retention import Deleted, delete_kpi, delete_raw
from mistwan_dagster.orchestration.hourly import LIVE_EVENT_REACH
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import HOURLY, STAGES
from mistwan_dagster.warehouse.port import Load

FIRST_SPAN = datetime.fromisoformat("1970-01-02T00:00:00+00:00")
"""Before any row, and after the epoch at which the ledger notes loads of whole tables, which do not grow old."""


def raw_horizon(platform: Platform) -> datetime:
    """First midnight that raw answers are kept from: `MISTWAN_RAW_DAYS` days before today."""
    today = period_start(platform.settings.now(), "day")
    return today - timedelta(days=platform.settings.mistwan_raw_days)


def fact_horizon(platform: Platform) -> datetime:
    """First month that hourly figures are kept from: `MISTWAN_FACT_MONTHS` whole months before this one."""
    month = period_start(platform.settings.now(), "month")
    for _ in range(platform.settings.mistwan_fact_months):
        month = period_start(month - timedelta(days=1), "month")
    return month


def lost_hours(platform: Platform) -> list[datetime]:
    """Hours that are still to be computed and no longer can be once raw answers before the horizon are gone."""
    first_left = raw_horizon(platform) + LIVE_EVENT_REACH
    return [hour for hour in HOURLY.stale(platform) if hour < first_left]


def retain_raw(platform: Platform) -> list[Deleted]:
    """Delete raw answers that are older than the horizon."""
    before = raw_horizon(platform)
    deleted = delete_raw(platform.raw, before)
    platform.kpi.forget_stamps_before(HOURLY.name, before)
    return deleted


def retain_facts(platform: Platform) -> list[Deleted]:
    """Delete hourly figures that are older than the horizon from the lake."""
    before = fact_horizon(platform)
    deleted = delete_kpi(platform.kpi, before)
    for stage in STAGES:
        platform.kpi.forget_stamps_before(stage, before)
    return deleted


def grows_old(table: Table) -> bool:
    """Whether a table's rows are of hours, events or windows. Periods are the long memory, `dim_hour` is a calendar."""
    if table.span is None or table in (DIM_HOUR, LOAD_LEDGER):
        return False
    return table.span not in ("as_of_utc", "period_start_utc") or "window_hours" in table.key


def retain_rows(platform: Platform) -> dict[str, dict[str, Any]]:
    """Delete rows of hours before the horizon from the warehouse, in one transaction.

    Returns row_count, oldest and newest by table, as far as they were published; tables without old rows are left out.
    """
    if platform.warehouse.is_new or platform.published.version() is None:
        return {}
    before, found, loads = fact_horizon(platform), {}, []
    for table in [*filter(grows_old, TABLES.values()), LOAD_LEDGER]:
        # A window as of an hour is of the hour before.
        end = before + HOUR if table.span == "as_of_utc" else before
        old = platform.published.query(
            f"SELECT count(*) AS row_count, min({table.span}) AS oldest, max({table.span}) AS newest "
            f"FROM {table.name} WHERE {table.span} > TIMESTAMP '{FIRST_SPAN:%Y-%m-%d %H:%M:%S}' "
            f"AND {table.span} < TIMESTAMP '{end:%Y-%m-%d %H:%M:%S}'"
        ).row(0, named=True)
        if old["row_count"]:
            found[table.name] = old
            loads.append(Load(table, table.empty(), FIRST_SPAN, end))
    if loads:
        platform.warehouse.load(loads)
    return found
