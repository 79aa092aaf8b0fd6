"""Who may see the dashboard: signing in is the work of an OIDC proxy in front, which this server believes.

The proxy tells the user in a header and proves itself by a secret in another; a request without the secret is
refused, whatever it claims. Belongs here: that check, and the refusal to listen beyond loopback without it. Does not
belong here: the security headers of answers (`headers`).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import flask

from mistwan_dagster.errors import UserError
from mistwan_dagster.listening import is_loopback

PROXY = "mistwan-proxy"
SECRET_HEADER = "X-Mistwan-Proxy-Secret"  # noqa: S105 (its name, not its value)
LEAST_SECRET = 16
OPEN_PATHS = ("/healthz",)
METRICS = "/metrics"


@dataclass(frozen=True)
class Proxy:
    """The proxy in front: the secret that it sends, and the header in which it tells the user."""

    secret: str
    user_header: str = "X-Forwarded-User"

    def __repr__(self) -> str:
        return f"Proxy(user_header={self.user_header!r})"


def check_reach(host: str, proxy: Proxy | None, allow_anonymous: bool) -> None:
    """Raises UserError (exit 2) when anyone who reaches `host` could read the dashboard and nobody wanted that."""
    if proxy and len(proxy.secret) < LEAST_SECRET:
        raise UserError(
            f"MISTWAN_PROXY_SECRET is shorter than {LEAST_SECRET} characters: take a random one", exit_code=2
        )
    if not is_loopback(host) and not proxy and not allow_anonymous:
        raise UserError(
            f"--host {host} would show the dashboard to anyone who reaches it: set MISTWAN_PROXY_SECRET and put a "
            "proxy that signs users in before it, or pass --allow-anonymous",
            exit_code=2,
        )


def add_sign_in(server: flask.Flask, proxy: Proxy | None) -> None:
    """With a proxy, refuse what does not come through it; without one, nothing.

    `/healthz` is open; a scraper of `/metrics` may send the secret as its bearer token instead.
    """
    if proxy is None:
        return
    server.extensions[PROXY] = proxy

    @server.before_request
    def check() -> flask.Response | None:
        path, headers = flask.request.path, flask.request.headers
        if path in OPEN_PATHS:
            return None
        scraper = headers.get("Authorization", "").removeprefix("Bearer ") if path == METRICS else ""
        if _equal(scraper, proxy.secret):
            return None
        if not _equal(headers.get(SECRET_HEADER, ""), proxy.secret):
            return _refused(403, "this address is for the proxy only: open the dashboard through it")
        if not headers.get(proxy.user_header, "").strip():
            return _refused(401, f"not signed in: the proxy told no user in {proxy.user_header}")
        return None


def signed_in_user() -> str | None:
    """The user whom the proxy told, None without a proxy."""
    proxy: Proxy | None = flask.current_app.extensions.get(PROXY)
    return flask.request.headers.get(proxy.user_header) if proxy else None


def _equal(told: str, secret: str) -> bool:
    return hmac.compare_digest(told.encode(errors="replace"), secret.encode())


def _refused(code: int, words: str) -> flask.Response:
    return flask.Response(f"{words}\n", code, mimetype="text/plain")
