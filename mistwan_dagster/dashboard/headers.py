"""The security headers of every answer.

Scripts come from this server only, and of the inline ones that Dash writes just those whose hashes are named: no
`unsafe-inline`, no `unsafe-eval`. Styles may be inline: Mantine, AG Grid and Plotly write their style sheets from
scripts, and a style cannot run code. Nothing is loaded from, sent to, or framed by another site. Belongs here: headers.
Does not belong here: who may see the pages (`sign_in`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import flask

from mistwan_dagster.dashboard.scripts import is_script

SOURCES = {
    "default-src": "'none'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def policy(script_hashes: Iterable[str]) -> str:
    """The content security policy, with the hashes of Dash's inline scripts."""
    scripts = " ".join(("'self'", *script_hashes))
    return "; ".join(f"{name} {sources}" for name, sources in {**SOURCES, "script-src": scripts}.items())


def add_headers(server: flask.Flask, script_hashes: Callable[[], Iterable[str]]) -> None:
    """Give every answer of the server, errors too, its headers. Data is not kept by browsers or proxies.

    The hashes are asked for by each HTML page: Dash writes its last inline scripts when the first request comes.
    """

    @server.after_request
    def headers(answer: flask.Response) -> flask.Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        hashes = script_hashes() if answer.mimetype == "text/html" else ()
        answer.headers["Content-Security-Policy"] = policy(hashes)
        if not answer.headers.get("Cache-Control") and not is_script(flask.request.path):
            answer.headers["Cache-Control"] = "no-store"
        return answer
