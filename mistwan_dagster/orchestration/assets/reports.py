"""Sites, business hours and providers as assets: thin names and dependencies around `orchestration.reports`."""

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
from mistwan_dagster.orchestration.assets.rollups import (
    DIMENSIONS,
    PERIOD_PARTITIONS,
    looking_back,
    period_asset,
)
from mistwan_dagster.orchestration.metadata import table_description
from mistwan_dagster.orchestration.partitions import newest_partition

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


def _period_reports(period: Period) -> list[dg.AssetsDefinition]:
    facts = looking_back(FACT_CIRCUIT_HOUR.name)
    found = [
        period_asset(
            f"agg_site_{period}",
            f"Failovers, time cut off, primary against secondary of each site in a UTC {period}",
            period,
            [looking_back(FACT_SITE_HOUR.name), facts, FACT_FAILOVER.name, *DIMENSIONS],
            reports.compute_site_periods,
        ),
        period_asset(
            f"agg_business_{period}",
            f"Figures of a UTC {period} over the hours in which stores are open",
            period,
            [facts, *DIMENSIONS],
            reports.compute_business_periods,
        ),
    ]
    if period == "month":
        providers = period_asset(
            "rpt_provider_month",
            "Scorecard of each provider in a UTC month, without planned maintenance",
            period,
            [
                facts,
                looking_back(hourly.STATUS),
                RPT_SLA_OUTAGE.name,
                RPT_CARRIER_INCIDENT.name,
                DIM_CIRCUIT.name,
                DIM_SITE.name,
            ],
            reports.compute_provider_scorecards,
        )
        found.append(providers)
    return found


PERIOD_REPORTS: dict[Period, list[dg.AssetsDefinition]] = {p: _period_reports(p) for p in PERIOD_PARTITIONS}
REPORT_ASSETS = [*HOURLY_REPORTS, *(asset for found in PERIOD_REPORTS.values() for asset in found)]
