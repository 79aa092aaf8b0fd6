"""Commands for whoever looks after the platform. Thin: parses, calls, prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

care_app = typer.Typer(add_completion=False)


@care_app.command()
def backup(
    folder: Annotated[
        Path, typer.Argument(help="folder on another disk; made when absent, else brought up to date")
    ],
) -> None:
    """Copy of lake and published warehouse; copying it back restores them (docs/operations.md)."""
    from mistwan_dagster.backup import back_up
    from mistwan_dagster.settings import load_settings

    copied = back_up(load_settings(), folder)
    print(f"{folder}: {copied.files} files copied ({copied.bytes} bytes), {copied.kept} there already")


@care_app.command()
def circuits() -> None:
    """A draft of the circuits file (CSV) from what was collected; the rest is to be added by hand."""
    from mistwan_dagster.errors import UserError
    from mistwan_dagster.exchange import print_frame
    from mistwan_dagster.kpi.circuits_file import draft
    from mistwan_dagster.orchestration.platform import Platform

    known = Platform.open().kpi.read("dim_circuit")
    if known is None:
        raise UserError("no circuits are known yet: run `mistwan collect` first")
    print_frame(draft(known), "csv")
