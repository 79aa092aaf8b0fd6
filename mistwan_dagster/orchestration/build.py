"""Puts the one Dagster graph together: every asset, check, job, schedule, sensor and resource."""

from __future__ import annotations

import dagster as dg

from mistwan_dagster.orchestration.assets.alarms import alarm_tables
from mistwan_dagster.orchestration.assets.alerts import ALERT_ASSETS
from mistwan_dagster.orchestration.assets.api_usage import API_USAGE_ASSETS
from mistwan_dagster.orchestration.assets.dimensions import DIMENSION_ASSETS
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.maintenance import MAINTENANCE_ASSETS
from mistwan_dagster.orchestration.assets.rankings import RANKING_ASSETS
from mistwan_dagster.orchestration.assets.raw import RAW_ASSETS
from mistwan_dagster.orchestration.assets.reference import REFERENCE_ASSETS, SITE_TABLE_ASSETS
from mistwan_dagster.orchestration.assets.report_files import REPORT_FILE_ASSETS
from mistwan_dagster.orchestration.assets.reports import REPORT_ASSETS
from mistwan_dagster.orchestration.assets.rollups import ROLLUP_ASSETS
from mistwan_dagster.orchestration.assets.site_details import SITE_DETAIL_ASSETS
from mistwan_dagster.orchestration.assets.sle import SLE_ASSETS
from mistwan_dagster.orchestration.assets.warehouse import WAREHOUSE_ASSETS
from mistwan_dagster.orchestration.checks import CHECKS
from mistwan_dagster.orchestration.jobs import IN_PROCESS, JOBS
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.schedules import SCHEDULES
from mistwan_dagster.orchestration.sensors import SENSORS

defs = dg.Definitions(
    assets=[
        *RAW_ASSETS,
        *SITE_DETAIL_ASSETS,
        *API_USAGE_ASSETS,
        *DIMENSION_ASSETS,
        *REFERENCE_ASSETS,
        *SITE_TABLE_ASSETS,
        alarm_tables,
        *ALERT_ASSETS,
        *KPI_ASSETS,
        *ROLLUP_ASSETS,
        *REPORT_ASSETS,
        *RANKING_ASSETS,
        *SLE_ASSETS,
        *WAREHOUSE_ASSETS,
        *MAINTENANCE_ASSETS,
        *REPORT_FILE_ASSETS,
    ],
    asset_checks=CHECKS,
    jobs=JOBS,
    schedules=SCHEDULES,
    sensors=SENSORS,
    executor=IN_PROCESS,
    resources={"platform": PlatformResource()},
)
