"""Reports into files: HTML and PDF of a day or month, a workbook a provider. Each file whole or not at all.

Belongs here: names, folders, formats. Does not belong here: what a report says, when it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from mistwan_dagster.catalog.tables import RPT_PROVIDER_SCORECARD
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import replace_file
from mistwan_dagster.reporting.asking import Rules, consistently
from mistwan_dagster.reporting.daily_data import ask_day
from mistwan_dagster.reporting.document import Report
from mistwan_dagster.reporting.monthly_data import ask_month
from mistwan_dagster.warehouse.port import Reader

FORMATS = ("html", "pdf")
LONGEST_NAME = 60
FIRST_YEAR = 2000


@dataclass(frozen=True)
class Written:
    """A report, the published version it was made from, and its files."""

    report: Report
    version: int
    files: tuple[Path, ...]


def write_daily(
    reader: Reader, start: datetime, rules: Rules, folder: Path, formats: Sequence[str]
) -> Written:
    """The operations report of the UTC day that begins at `start` (naive), into `folder`/daily."""
    from mistwan_dagster.reporting.daily import daily_report  # draws: the graph is loaded without Matplotlib

    made, version = consistently(
        reader, lambda pinned: (daily_report(ask_day(pinned, start, rules), rules), pinned.number)
    )
    return Written(made, version, _write(made, folder / "daily", formats))


def write_monthly(
    reader: Reader, start: datetime, rules: Rules, folder: Path, formats: Sequence[str]
) -> Written:
    """The executive report of the UTC month that begins at `start` (naive), into `folder`/monthly."""
    from mistwan_dagster.reporting.monthly import monthly_report

    made, version = consistently(
        reader, lambda pinned: (monthly_report(ask_month(pinned, start), rules), pinned.number)
    )
    return Written(made, version, _write(made, folder / "monthly", formats))


def write_sla(reader: Reader, start: datetime, folder: Path) -> list[Path]:
    """A workbook for each provider that has a scorecard of the month, into `folder`/monthly."""

    from mistwan_dagster.sla_export import export_sla

    def written(pinned: Reader) -> list[Path]:
        names = pinned.query(
            f"SELECT provider FROM {RPT_PROVIDER_SCORECARD.name} WHERE period_start_utc = ? ORDER BY provider",
            [start],
        )["provider"].to_list()
        month, found = f"{start:%Y-%m}", list[Path]()
        (folder / "monthly").mkdir(parents=True, exist_ok=True)
        for provider in names:
            target = folder / "monthly" / f"{sla_name(provider, month, names)}.xlsx"
            export_sla(pinned, provider, month, target)
            found.append(target)
        return found

    return consistently(reader, written)


def sla_name(provider: str, month: str, providers: Sequence[str] = ()) -> str:
    """Name of a provider's workbook, without ending; with a mark where two of `providers` would share it."""
    plain = _plain(provider)
    shared = sum(_plain(other) == plain for other in providers) > 1
    mark = f"-{sha256(provider.encode()).hexdigest()[:6]}" if shared or not plain else ""
    return f"sla-{plain}{mark}-{month}"


def _plain(provider: str) -> str:
    return "-".join(re.findall(r"\w+", provider)).lower()[:LONGEST_NAME]


def _write(report: Report, folder: Path, formats: Sequence[str]) -> tuple[Path, ...]:
    return tuple(_write_one(report, folder / f"{report.name}.{output}", output) for output in formats)


def _write_one(report: Report, target: Path, output: str) -> Path:
    content = _maker(output)(report)
    replace_file(target, lambda temporary: _bytes(temporary, content))
    return target


def _bytes(target: Path, content: bytes) -> None:
    target.write_bytes(content)


def _maker(output: str) -> Callable[[Report], bytes]:
    """Imported when asked for: each of them takes half a second."""
    if output == "html":
        from mistwan_dagster.reporting.html import html_of

        return html_of
    from mistwan_dagster.reporting.pdf import pdf_of

    return pdf_of


def day_of(text: str | None, now: datetime) -> datetime:
    """Start of a UTC day (`2025-03-04`, default yesterday), naive. Raises UserError (exit 2)."""
    return _start(text, "%Y-%m-%d", "day", "2025-03-04", now)


def month_of(text: str | None, now: datetime) -> datetime:
    """Start of a UTC month (`2025-03`, default the last one that is over), naive. Raises UserError (exit 2)."""
    return _start(text, "%Y-%m", "month", "2025-03", now)


def _start(text: str | None, form: str, what: str, example: str, now: datetime) -> datetime:
    present = now.astimezone(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    present = present.replace(day=1) if what == "month" else present
    if text is None:
        last = present - timedelta(days=1)
        return last.replace(day=1) if what == "month" else last
    try:
        found = datetime.strptime(text, form)
    except ValueError:
        found = datetime.min
    if found.year < FIRST_YEAR:
        raise UserError(f"{text!r} is no {what}: write {example}", exit_code=2)
    if found > present:
        raise UserError(f"{what} {text} is not here yet", exit_code=2)
    return found
