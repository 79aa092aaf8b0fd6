"""Serving the API with uvicorn, on loopback unless there are tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mistwan_dagster.api.tokens import TokenFile
from mistwan_dagster.errors import UserError
from mistwan_dagster.listening import check_port, is_loopback

if TYPE_CHECKING:
    from fastapi import FastAPI

QUESTIONS_AT_ONCE = 64
"""More are answered 503 at once instead of waiting without end."""


def check_reach(host: str, tokens: TokenFile) -> None:
    """Raises UserError (exit 2) when anyone who reaches `host` could read everything, or nobody anything."""
    if not is_loopback(host) and not tokens.tokens():
        raise UserError(
            f"--host {host} would show everything to anyone who reaches it: make a token first, "
            "for example `mistwan api token --name reader --scope read:all`",
            exit_code=2,
        )


def serve(app: FastAPI, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted. Raises UserError when the port is taken."""
    import uvicorn

    check_port(host, port)
    say(f"read API on http://{host}:{port}/v1/openapi.json (Ctrl-C ends it)")
    uvicorn.run(
        app, host=host, port=port, log_level="warning", access_log=False, limit_concurrency=QUESTIONS_AT_ONCE
    )
