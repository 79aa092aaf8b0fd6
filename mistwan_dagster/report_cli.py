"""`mistwan report`: reports of any past day or month as files, and by mail. Thin: parses, calls, prints."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mistwan_dagster.reading import open_published

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistwan_dagster.reporting.asking import Rules
    from mistwan_dagster.reporting.write import Written
    from mistwan_dagster.settings import Settings
    from mistwan_dagster.warehouse.port import Reader

report_app = typer.Typer(
    name="report",
    help="Reports of any past day or month as HTML and PDF, with SLA workbooks.",
    no_args_is_help=True,
    add_completion=False,
)


class ReportFormat(StrEnum):
    """What is written."""

    HTML = "html"
    PDF = "pdf"
    BOTH = "both"


Format = Annotated[ReportFormat, typer.Option("--format", help="what is written")]
Folder = Annotated[Path | None, typer.Option("--out", help="folder; default MISTWAN_REPORTS_DIR")]
Mail = Annotated[
    bool,
    typer.Option("--mail", help="also send it to the addresses of MISTWAN_REPORT_MAIL that have not had it"),
]


def _formats(output: ReportFormat) -> tuple[str, ...]:
    return ("html", "pdf") if output is ReportFormat.BOTH else (output.value,)


def _open(mail: bool) -> tuple[Settings, Reader, Rules]:
    from mistwan_dagster.reporting.asking import Rules
    from mistwan_dagster.settings import load_settings

    settings = load_settings()
    if mail:
        settings.require_report_addresses()
    return settings, open_published(settings), Rules.of(settings)


def _tell(settings: Settings, written: Written, more: Iterable[Path], mail: bool) -> None:
    files = [*written.files, *more]
    for path in files:
        print(path)
    if mail:
        from mistwan_dagster.reporting.delivery import deliver

        addresses = settings.report_addresses
        sent = deliver(addresses, written.report, files, settings.deliveries)
        print(f"sent to {sent} of {len(addresses)} addresses; the others had it already")


@report_app.command()
def daily(
    date: Annotated[
        str | None, typer.Option("--date", help="UTC day, for example 2025-03-04; default: yesterday")
    ] = None,
    output: Format = ReportFormat.BOTH,
    out: Folder = None,
    mail: Mail = False,
) -> None:
    """What happened in a day, by region, site and circuit."""
    from mistwan_dagster.reporting.write import day_of, write_daily

    settings, reader, rules = _open(mail)
    day = day_of(date, settings.now())
    _tell(settings, write_daily(reader, day, rules, out or settings.reports, _formats(output)), [], mail)


@report_app.command()
def monthly(
    month: Annotated[
        str | None, typer.Option("--month", help="UTC month, for example 2025-03; default: the last one")
    ] = None,
    output: Format = ReportFormat.BOTH,
    out: Folder = None,
    mail: Mail = False,
    sla: Annotated[bool, typer.Option("--sla/--no-sla", help="also a workbook for each provider")] = True,
) -> None:
    """A month against its target, the month before and 13 months; evidence for each provider."""
    from mistwan_dagster.reporting.write import month_of, write_monthly, write_sla

    settings, reader, rules = _open(mail)
    start, folder = month_of(month, settings.now()), out or settings.reports
    written = write_monthly(reader, start, rules, folder, _formats(output))
    _tell(settings, written, write_sla(reader, start, folder) if sla else [], mail)
