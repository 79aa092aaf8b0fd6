"""Sites, business hours and providers as assets: thin names and dependencies around `orchestration.reports`."""

from collections.abc import Callable
from datetime import datetime

import dagster as dg

from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_FAILOVER,
    FACT_SITE_HOUR,
    RPT_CARRIER_INCIDENT,
    RPT_SLA_OUTAGE,
)
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.orchestration import hourly, reports
from mistwan_dagster.orchestration.assets.kpi import hourly_asset, whole_table_asset
from mistwan_dagster.orchestration.assets.rollups import GROUP, PERIOD_PARTITIONS
from mistwan_dagster.orchestration.metadata import table_description
from mistwan_dagster.orchestration.partitions import OWNER, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.staleness import PERIOD_STAGES

SAME_TIME = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)

SLA_OUTAGES = whole_table_asset(
    RPT_SLA_OUTAGE.name,
    [FACT_CIRCUIT_OUTAGE.name, RPT_CARRIER_INCIDENT.name, DIM_CIRCUIT.name, DIM_SITE.name],
    reports.compute_sla_outages,
    table_description(RPT_SLA_OUTAGE),
)
"""Renewed by months too: a window that is added to the maintenance file makes no hour stale."""
HOURLY_REPORTS = [
    hourly_asset(
        FACT_SITE_HOUR.name,
        table_description(FACT_SITE_HOUR),
        [FACT_CIRCUIT_HOUR.name, hourly.STATUS, DIM_CIRCUIT.name],
        reports.compute_site_hours,
    ),
    whole_table_asset(
        RPT_CARRIER_INCIDENT.name,
        [
            FACT_CIRCUIT_OUTAGE.name,
            newest_partition(FACT_CIRCUIT_HOUR.name),
            DIM_CIRCUIT.name,
            DIM_SITE.name,
        ],
        reports.compute_carrier_incidents,
        table_description(RPT_CARRIER_INCIDENT),
    ),
    SLA_OUTAGES,
]
"""Renewed with each hour."""


def _of_period(name: str) -> dg.AssetDep:
    return dg.AssetDep(name, partition_mapping=SAME_TIME)


def _period_report(
    name: str,
    description: str,
    deps: list[dg.AssetDep | str],
    period: Period,
    compute: Callable[[Platform, Period, datetime, datetime], int],
) -> dg.AssetsDefinition:
    @dg.asset(
        key=name,
        description=description,
        deps=deps,
        partitions_def=PERIOD_PARTITIONS[period],
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        window, parts = context.partition_time_window, platform.open()
        PERIOD_STAGES[period].begin(parts, context.run.run_id, window.start, window.end)
        rows = compute(parts, period, window.start, window.end)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return materialize


def _period_reports(period: Period) -> list[dg.AssetsDefinition]:
    facts = _of_period(FACT_CIRCUIT_HOUR.name)
    found = [
        _period_report(
            f"agg_site_{period}",
            f"Failovers, time cut off, primary against secondary of each site in a UTC {period}",
            [_of_period(FACT_SITE_HOUR.name), facts, FACT_FAILOVER.name, DIM_SITE.name],
            period,
            reports.compute_site_periods,
        ),
        _period_report(
            f"agg_business_{period}",
            f"Figures of a UTC {period} over the hours in which stores are open",
            [facts, DIM_SITE.name],
            period,
            reports.compute_business_periods,
        ),
    ]
    if period == "month":
        providers = _period_report(
            "rpt_provider_month",
            "Scorecard of each provider in a UTC month, without planned maintenance",
            [
                facts,
                _of_period(hourly.STATUS),
                RPT_SLA_OUTAGE.name,
                RPT_CARRIER_INCIDENT.name,
                DIM_CIRCUIT.name,
                DIM_SITE.name,
            ],
            period,
            reports.compute_provider_scorecards,
        )
        found.append(providers)
    return found


PERIOD_REPORTS: dict[Period, list[dg.AssetsDefinition]] = {p: _period_reports(p) for p in PERIOD_PARTITIONS}
REPORT_ASSETS = [*HOURLY_REPORTS, *(asset for found in PERIOD_REPORTS.values() for asset in found)]
