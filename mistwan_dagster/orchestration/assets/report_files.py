"""Reports as assets: a day or month of published figures as files, and their delivery. The arithmetic is elsewhere.

The same figures give the same files, so a partition can be made again at any time; what was delivered stays delivered.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from mistwan_dagster.orchestration.partitions import DAYS, MONTHS, OWNER
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.reporting.asking import Rules
from mistwan_dagster.reporting.delivery import deliver
from mistwan_dagster.reporting.write import FORMATS, Written, write_daily, write_monthly, write_sla

GROUP = "reports"
AGAIN = dg.RetryPolicy(max_retries=3, delay=300, backoff=dg.Backoff.EXPONENTIAL)
"""A mail server that is away for half an hour; who has the report already is not sent it again."""


def _rules(platform: Platform) -> Rules:
    settings = platform.settings
    return Rules(settings.mistwan_availability_target_pct, settings.mistwan_sle_degraded_below)


def _start(context: dg.AssetExecutionContext) -> datetime:
    return context.partition_time_window.start.replace(tzinfo=None)


def _told(files: Sequence[Path], **more: Any) -> dg.MaterializeResult[None]:
    paths = dg.MetadataValue.md("\n".join(f"- `{path}`" for path in files) or "none")
    return dg.MaterializeResult(
        metadata={"files": paths, "bytes": sum(p.stat().st_size for p in files), **more}
    )


def _daily(platform: Platform, start: datetime) -> Written:
    return write_daily(platform.published, start, _rules(platform), platform.settings.reports, FORMATS)


def _monthly(platform: Platform, start: datetime) -> Written:
    return write_monthly(platform.published, start, _rules(platform), platform.settings.reports, FORMATS)


def _deliver(platform: Platform, written: Written, more: Sequence[Path] = ()) -> dg.MaterializeResult[None]:
    settings = platform.settings
    sent = deliver(settings.report_addresses, written.report, [*written.files, *more], settings.deliveries)
    return dg.MaterializeResult(metadata={"addresses": len(settings.report_addresses), "sent": sent})


@dg.asset(
    description="The daily operations report of a UTC day as HTML and PDF",
    deps=["published"],
    partitions_def=DAYS,
    group_name=GROUP,
    kinds={"html", "pdf"},
    owners=[OWNER],
)
def daily_report(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
    """What is published now of the day, also when the day goes on."""
    written = _daily(platform.open(), _start(context))
    return _told(written.files, version=written.version)


@dg.asset(
    description="The daily report at the addresses of MISTWAN_REPORT_MAIL, once each",
    deps=["daily_report"],
    partitions_def=DAYS,
    group_name=GROUP,
    kinds={"email"},
    owners=[OWNER],
    retry_policy=AGAIN,
)
def daily_report_delivery(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> dg.MaterializeResult[None]:
    """The files are made again of what is published, so that a delivery that is repeated alone has them."""
    parts = platform.open()
    return _deliver(parts, _daily(parts, _start(context)))


@dg.asset(
    description="The monthly executive report of a UTC month as HTML and PDF",
    deps=["published"],
    partitions_def=MONTHS,
    group_name=GROUP,
    kinds={"html", "pdf"},
    owners=[OWNER],
)
def monthly_report(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> dg.MaterializeResult[None]:
    """What is published now of the month, also when the month goes on."""
    written = _monthly(platform.open(), _start(context))
    return _told(written.files, version=written.version)


@dg.asset(
    description="Evidence for each provider with a scorecard of the month, a workbook each",
    deps=["published"],
    partitions_def=MONTHS,
    group_name=GROUP,
    kinds={"excel"},
    owners=[OWNER],
)
def sla_evidence(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
    """The workbooks of `mistwan sla`."""
    parts = platform.open()
    return _told(write_sla(parts.published, _start(context), parts.settings.reports))


@dg.asset(
    description="The monthly report and the evidence at the addresses of MISTWAN_REPORT_MAIL, once each",
    deps=["monthly_report", "sla_evidence"],
    partitions_def=MONTHS,
    group_name=GROUP,
    kinds={"email"},
    owners=[OWNER],
    retry_policy=AGAIN,
)
def monthly_report_delivery(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> dg.MaterializeResult[None]:
    """As with the daily report."""
    parts, start = platform.open(), _start(context)
    workbooks = write_sla(parts.published, start, parts.settings.reports)
    return _deliver(parts, _monthly(parts, start), workbooks)


DAILY_FILES = [daily_report, daily_report_delivery]
MONTHLY_FILES = [monthly_report, sla_evidence, monthly_report_delivery]
REPORT_FILE_ASSETS = [*DAILY_FILES, *MONTHLY_FILES]
