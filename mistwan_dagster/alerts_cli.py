"""`mistwan alerts`: what is open, a look now, a test of a receiver. Thin: parses, calls, prints."""

from __future__ import annotations

from typing import Annotated

import typer

from mistwan_dagster.errors import UserError
from mistwan_dagster.progress import say
from mistwan_dagster.reading import PrintFormat, open_published

alerts_app = typer.Typer(
    name="alerts",
    help="Alerts that are open (without a command), a look now, a test of a receiver.",
    invoke_without_command=True,
    add_completion=False,
)


@alerts_app.callback()
def alerts(
    context: typer.Context,
    output: Annotated[PrintFormat, typer.Option("--format", help="how to print")] = PrintFormat.TABLE,
) -> None:
    """Alerts that are open as published, the worst first."""
    if context.invoked_subcommand is not None:
        return
    from mistwan_dagster.exchange import print_frame
    from mistwan_dagster.settings import load_settings

    found = open_published(load_settings()).query(
        "SELECT * FROM v_open_alert ORDER BY severity_rank DESC, since_utc"
    )
    if found.is_empty() and output is PrintFormat.TABLE:
        print("no alert is open")
    else:
        print_frame(found.drop("severity_rank"), output.value)


@alerts_app.command()
def run() -> None:
    """One look at what is wrong now, told to whom the alerts file names (the daemon does it every five minutes)."""
    from mistwan_dagster.orchestration import commands

    commands.alert(say)


@alerts_app.command()
def test(
    target: Annotated[str, typer.Argument(help="name of a target in the alerts file")],
) -> None:
    """Send a test message to one target of the alerts file."""
    from mistwan_dagster.notify.message import trial_message
    from mistwan_dagster.notify.sender import send
    from mistwan_dagster.orchestration.platform import Platform

    platform = Platform.open()
    targets = platform.alerting.targets
    if target not in targets:
        known = ", ".join(targets) or "none: set MISTWAN_ALERTS_FILE"
        raise UserError(f"there is no target {target!r} in the alerts file; known are {known}", exit_code=2)
    problem = send(platform.settings.alert_url(targets[target]), trial_message(target))
    if problem is not None:
        raise UserError(f"{target} did not take the message: {problem}")
    print(f"{target} took the message")
