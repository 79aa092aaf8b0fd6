"""The `mistwan` command. Thin: parses, calls, prints. stdout is the answer, stderr everything else.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings. Heavy modules are imported by the command that needs
them, so that `mistwan query` does not pay for Dagster.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mistwan_dagster.alerts_cli import alerts_app
from mistwan_dagster.api_cli import api_app
from mistwan_dagster.care_cli import care_app
from mistwan_dagster.errors import UserError
from mistwan_dagster.progress import say
from mistwan_dagster.reading import PrintFormat, open_published
from mistwan_dagster.report_cli import report_app
from mistwan_dagster.server_cli import server_app
from mistwan_dagster.warehouse_cli import warehouse_app

if TYPE_CHECKING:
    from mistwan_dagster.warehouse.port import Reader

app = typer.Typer(
    name="mistwan",
    help="History, KPIs and answers for the WAN circuits behind Juniper Mist gateways.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


CLOSED_TO_OTHERS = 0o027
"""Whatever the caller's umask: files of this program are for its user, and for its group to read."""

app.add_typer(warehouse_app)
app.add_typer(alerts_app)
app.add_typer(server_app)
app.add_typer(care_app)
app.add_typer(api_app)
app.add_typer(report_app)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"mistwan {version('mistwan-dagster')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="print it and end")
    ] = False,
) -> None:
    """Options of the command itself."""


class StageName(StrEnum):
    """What `aggregate` can be asked for."""

    HOURLY = "hourly"
    ALARMS = "alarms"
    SLE = "sle"
    WINDOWS = "windows"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ROLLING = "rolling"
    CHRONIC = "chronic"
    LATEST = "latest"
    ALL = "all"


class FileFormat(StrEnum):
    """What `export` writes."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time: write 2025-01-25T00:00:00Z") from None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


Start = Annotated[
    datetime | None,
    typer.Option("--start", parser=_instant, metavar="TIME", help="begin, for example 2025-01-25T00:00:00Z"),
]
End = Annotated[
    datetime | None, typer.Option("--end", parser=_instant, metavar="TIME", help="end, not included")
]


def _span(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime] | None:
    if (start is None) != (end is None):
        raise UserError("--start and --end go together", exit_code=2)
    if start is None or end is None:
        return None
    if end <= start:
        raise UserError(
            f"--end {end:%Y-%m-%dT%H:%MZ} is not after --start {start:%Y-%m-%dT%H:%MZ}", exit_code=2
        )
    return start, end


def _published() -> Reader:
    from mistwan_dagster.settings import load_settings

    return open_published(load_settings())


@app.command()
def collect(start: Start = None, end: End = None) -> None:
    """One snapshot slot now, plus new events; with times: what the API can still tell of that span."""
    from mistwan_dagster.orchestration import commands

    span = _span(start, end)
    if span is None:
        commands.collect(say)
    else:
        commands.backfill(span, say, aggregate=False)


@app.command()
def aggregate(
    stage: Annotated[StageName, typer.Argument(help="which stage")] = StageName.ALL,
    start: Start = None,
    end: End = None,
) -> None:
    """KPIs of all complete hours not yet computed, or of the span."""
    from mistwan_dagster.orchestration import commands

    commands.aggregate(None if stage is StageName.ALL else stage.value, _span(start, end), say)


@app.command("full-cycle")
def full_cycle() -> None:
    """Collect, then aggregate, then publish."""
    from mistwan_dagster.orchestration import commands

    commands.full_cycle(say)


@app.command()
def backfill(
    start: Start = None,
    end: End = None,
) -> None:
    """History from the API, 14 days at most, with a progress bar; stops and resumes. Default: all of it."""
    from mistwan_dagster.orchestration import commands

    commands.backfill(_span(start, end), say, aggregate=True)


@app.command()
def check() -> None:
    """Credentials, org, quota left, warehouse, circuit table: one line each; non-zero when one fails."""
    from mistwan_dagster.orchestration.check import run_checks

    results = run_checks()
    for result in results:
        print(f"{'ok  ' if result.ok else 'FAIL'}  {result.name}: {result.text}")
    if not all(r.ok for r in results):
        raise typer.Exit(1)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="a SELECT over the published tables and views")],
    output: Annotated[PrintFormat, typer.Option("--format", help="how to print")] = PrintFormat.TABLE,
) -> None:
    """Read-only SQL on the published warehouse."""
    from mistwan_dagster.exchange import print_frame

    print_frame(_published().query(sql), output.value)


@app.command()
def answers() -> None:
    """The standing questions of a NOC, asked of the published warehouse."""
    from rich.console import Console

    from mistwan_dagster.answers import print_answers

    print_answers(_published(), Console(width=150))


@app.command()
def top(
    measure: Annotated[str, typer.Option(help="figure of the aggregate tables")] = "utilization_p95_pct",
    period: Annotated[str, typer.Option(help="3h, 12h, 24h, day, week, month or 13m")] = "day",
    n: Annotated[int, typer.Option("--n", min=1, help="how many circuits")] = 10,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", parser=_instant, metavar="TIME", help="a time in the period; default: the newest"
        ),
    ] = None,
    output: Annotated[PrintFormat, typer.Option("--format", help="how to print")] = PrintFormat.TABLE,
) -> None:
    """The worst circuits of a published window or period; unknown ones are left out and counted."""
    from mistwan_dagster.exchange import print_frame
    from mistwan_dagster.offenders import top_circuits

    print_frame(top_circuits(_published(), measure, period, n, at), output.value)


@app.command("export")
def export_(
    name: Annotated[str, typer.Argument(help="a table or view, see docs/data_dictionary.md")],
    output: Annotated[FileFormat, typer.Option("--format", help="file format")] = FileFormat.CSV,
    file: Annotated[Path | None, typer.Option("--output", help="file to write; default NAME.FORMAT")] = None,
) -> None:
    """Any published table or view, into a file."""
    from mistwan_dagster.exchange import export_table

    target = file or Path(f"{name}.{output.value}")
    rows = export_table(_published(), name, output.value, target)
    print(f"{target}: {rows} rows")


@app.command()
def sla(
    provider: Annotated[
        str, typer.Option("--provider", help="internet provider, as in rpt_provider_scorecard")
    ],
    month: Annotated[str, typer.Option("--month", help="UTC month, for example 2025-01")],
    file: Annotated[
        Path | None, typer.Option("--out", help="file to write; default sla-PROVIDER-MONTH.xlsx")
    ] = None,
) -> None:
    """Evidence for a provider: its month in figures, outages and incidents, as a workbook."""
    from mistwan_dagster.sla_export import export_sla

    name = "-".join(["sla", *re.findall(r"[\w.]+", provider), month])
    target = file or Path(f"{name}.xlsx")
    rows = export_sla(_published(), provider, month, target)
    print(f"{target}: {rows} outages of {provider} in {month}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or XLSX in the documented columns")],
    table: Annotated[str, typer.Option("--table", help="table to fill, for example fact_circuit_hour")],
) -> None:
    """History from an earlier system; good rows are kept, bad ones set aside and counted."""
    from mistwan_dagster.orchestration import commands

    commands.import_history(file, table, say)


def main() -> None:
    """Entry point: a user's mistake is one line on stderr, never a traceback.

    Imports make a million objects that stay; looking through them for garbage over and over costs half a second.
    """
    gc.set_threshold(100_000, 20, 100)
    os.umask(os.umask(0) | CLOSED_TO_OTHERS)
    _leave(_run())


def _run() -> int:
    try:
        app(standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except UserError as error:
        print(f"mistwan: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        from mistwan_dagster.lake.write_errors import disk_error

        print(f"mistwan: {disk_error(Path(error.filename or '.'), error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mistwan: stopped; run the command again to go on", file=sys.stderr)
        return 130
    return 0


def _leave(code: int) -> NoReturn:
    """End at once: taking Dagster's objects apart one by one takes up to a second of a command of a few."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader of a pipe may have gone
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
