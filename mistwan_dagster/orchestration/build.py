"""Puts the one Dagster graph together: every asset, check, job, schedule and resource."""

from __future__ import annotations

import dagster as dg

from mistwan_dagster.orchestration.assets.dimensions import DIMENSION_ASSETS
from mistwan_dagster.orchestration.assets.kpi import KPI_ASSETS
from mistwan_dagster.orchestration.assets.raw import RAW_ASSETS
from mistwan_dagster.orchestration.assets.reports import REPORT_ASSETS
from mistwan_dagster.orchestration.assets.rollups import ROLLUP_ASSETS
from mistwan_dagster.orchestration.assets.warehouse import WAREHOUSE_ASSETS
from mistwan_dagster.orchestration.checks import CHECKS
from mistwan_dagster.orchestration.jobs import JOBS
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.schedules import SCHEDULES

defs = dg.Definitions(
    assets=[*RAW_ASSETS, *DIMENSION_ASSETS, *KPI_ASSETS, *ROLLUP_ASSETS, *REPORT_ASSETS, *WAREHOUSE_ASSETS],
    asset_checks=CHECKS,
    jobs=JOBS,
    schedules=SCHEDULES,
    resources={"platform": PlatformResource()},
)
