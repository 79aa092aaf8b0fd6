"""Reports as assets: a day or month of published figures as files, and their delivery. The arithmetic is elsewhere.

The same figures give the same files, so a partition can be made again at any time; what was delivered stays delivered.
"""

from collections.abc import Callable, Sequence
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


def _daily(platform: Platform, start: datetime) -> Written:
    rules = Rules.of(platform.settings)
    return write_daily(platform.published, start, rules, platform.settings.reports, FORMATS)


def _monthly(platform: Platform, start: datetime) -> Written:
    rules = Rules.of(platform.settings)
    return write_monthly(platform.published, start, rules, platform.settings.reports, FORMATS)


def _workbooks(platform: Platform, start: datetime) -> Sequence[Path]:
    return write_sla(platform.published, start, platform.settings.reports)


def _no_more(_platform: Platform, _start: datetime) -> Sequence[Path]:
    return ()


def _start(context: dg.AssetExecutionContext) -> datetime:
    return context.partition_time_window.start.replace(tzinfo=None)


def _told(files: Sequence[Path], **more: Any) -> dg.MaterializeResult[None]:
    paths = dg.MetadataValue.md("\n".join(f"- `{path}`" for path in files) or "none")
    return dg.MaterializeResult(
        metadata={"files": paths, "bytes": sum(p.stat().st_size for p in files), **more}
    )


def _report(
    name: str,
    partitions: dg.PartitionsDefinition,
    write: Callable[[Platform, datetime], Written],
    description: str,
) -> dg.AssetsDefinition:
    """What is published now of the period, also when it goes on."""

    @dg.asset(name=name, description=description, deps=["published"], partitions_def=partitions, group_name=GROUP,
              kinds={"html", "pdf"}, owners=[OWNER])  # fmt: skip
    def report(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
        written = write(platform.open(), _start(context))
        return _told(written.files, version=written.version)

    return report


def _delivery(
    name: str,
    deps: list[str],
    partitions: dg.PartitionsDefinition,
    write: Callable[[Platform, datetime], Written],
    more: Callable[[Platform, datetime], Sequence[Path]],
    description: str,
) -> dg.AssetsDefinition:
    """The files are made again of what is published, so that a delivery that is repeated alone has them."""

    @dg.asset(name=name, description=description, deps=deps, partitions_def=partitions, group_name=GROUP,
              kinds={"email"}, owners=[OWNER], retry_policy=AGAIN)  # fmt: skip
    def delivery(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
        parts, start = platform.open(), _start(context)
        settings, written = parts.settings, write(parts, start)
        files = [*written.files, *more(parts, start)]
        sent = deliver(settings.report_addresses, written.report, files, settings.deliveries)
        return dg.MaterializeResult(metadata={"addresses": len(settings.report_addresses), "sent": sent})

    return delivery


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
    return _told(_workbooks(platform.open(), _start(context)))


DAILY_FILES = [
    _report("daily_report", DAYS, _daily, "The daily operations report of a UTC day as HTML and PDF"),
    _delivery(
        "daily_report_delivery", ["daily_report"], DAYS, _daily, _no_more,
        "The daily report at the addresses of MISTWAN_REPORT_MAIL, once each",
    ),
]  # fmt: skip
MONTHLY_FILES = [
    _report("monthly_report", MONTHS, _monthly, "The monthly executive report of a UTC month as HTML and PDF"),
    sla_evidence,
    _delivery(
        "monthly_report_delivery", ["monthly_report", "sla_evidence"], MONTHS, _monthly, _workbooks,
        "The monthly report and the evidence at the addresses of MISTWAN_REPORT_MAIL, once each",
    ),
]  # fmt: skip
REPORT_FILE_ASSETS = [*DAILY_FILES, *MONTHLY_FILES]
