"""Serving the API with uvicorn, to holders of tokens unless told otherwise."""

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


def check_reach(host: str, tokens: TokenFile, allow_anonymous: bool) -> None:
    """Raises UserError (exit 2) when anyone who reaches `host` could read everything, or nobody anything.

    A token file that was lost closes the API: behind a proxy on this machine every request seems to be local.
    """
    known = tokens.tokens()
    if not is_loopback(host) and not known:
        raise UserError(
            f"--host {host} would show everything to anyone who reaches it: make a token first, "
            "for example `mistwan api token --name reader --scope read:all`",
            exit_code=2,
        )
    if not tokens.exists and not allow_anonymous:
        raise UserError(
            f"there is no token file {tokens.path}: make a token, for example `mistwan api token --name reader --scope "
            "read:all`, restore the file, or pass --allow-anonymous to answer every program of this machine",
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
