"""`mistwan api`: serve the read API, and its tokens. Thin: parses, calls, prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mistwan_dagster.progress import say
from mistwan_dagster.reading import open_published

if TYPE_CHECKING:
    from mistwan_dagster.api.tokens import TokenFile

api_app = typer.Typer(
    name="api", help="Published tables over HTTP, read-only, and the tokens for it.", add_completion=False
)


def _tokens() -> TokenFile:
    from mistwan_dagster.api.tokens import TokenFile
    from mistwan_dagster.settings import load_settings

    return TokenFile(load_settings().api_tokens_file)


@api_app.callback(invoke_without_command=True)
def api(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 8060,
    allow_anonymous: Annotated[
        bool,
        typer.Option("--allow-anonymous", help="answer without a token, on loopback, until one is made"),
    ] = False,
) -> None:
    """The read API on the published warehouse, for holders of tokens."""
    if context.invoked_subcommand:
        return
    from mistwan_dagster.api.serve import check_reach, serve
    from mistwan_dagster.settings import load_settings

    settings, tokens = load_settings(), _tokens()
    check_reach(host, tokens, allow_anonymous)
    from mistwan_dagster.api.app import create_app

    reader = open_published(settings, keep_open=True)
    serve(create_app(reader, tokens, settings.now, allow_anonymous=allow_anonymous), host, port, say)


@api_app.command()
def token(
    name: Annotated[str, typer.Option("--name", help="who or what will use it")],
    scope: Annotated[
        list[str],
        typer.Option("--scope", help="read:all, read:facts, read:reports, ... or read:TABLE; several"),
    ],
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=3650, help="it ends after so many days")
    ] = None,
) -> None:
    """Make a token. It is printed once; only its hash is kept."""
    from mistwan_dagster.api.tokens import end_of_life
    from mistwan_dagster.settings import load_settings

    tokens, now = _tokens(), load_settings().now()
    made = tokens.add(name, scope, now, end_of_life(now, days))
    say(f"token {name!r} is in {tokens.path}; what follows is shown this once only")
    print(made)


@api_app.command("tokens")
def list_tokens() -> None:
    """Names, scopes and ends of the tokens."""
    for known in _tokens().tokens():
        ends = f"until {known.expires:%Y-%m-%dT%H:%MZ}" if known.expires else "without end"
        print(f"{known.name}: {' '.join(known.scopes)}, {ends}")


@api_app.command()
def revoke(name: Annotated[str, typer.Argument(help="name of the token")]) -> None:
    """End a token at once, also for a server that runs."""
    _tokens().revoke(name)
    print(f"token {name!r} is revoked")
