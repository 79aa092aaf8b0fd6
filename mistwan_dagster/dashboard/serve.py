"""Serving the dashboard: gunicorn, or Dash's own server with `--debug`.

Belongs here: ports, workers, and the errors of starting. Does not belong here: the application (`app`).
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import flask

from mistwan_dagster.dashboard.app import create_app
from mistwan_dagster.dashboard.cache import AnswerCache
from mistwan_dagster.dashboard.context import Dashboard, QuotaState
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.sign_in import PROXY, Proxy, add_sign_in
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.thresholds import Thresholds
from mistwan_dagster.listening import check_port, is_loopback
from mistwan_dagster.warehouse.port import Reader

THREADS = 8
TIMEOUT_S = 60
KEEP_ALIVE_S = 75
"""Longer than a browser polls and proxies keep theirs, so that none writes into a closed connection."""


def make_server(
    reader: Reader,
    now: Callable[[], datetime],
    thresholds: Thresholds,
    quota: Callable[[], QuotaState | None],
    availability_target_pct: float = 99.5,
    redis_url: str | None = None,
    cache_folder: Path | None = None,
    proxy: Proxy | None = None,
    dagster_url: str | None = None,
) -> flask.Flask:
    """The Flask server with the dashboard on it. `now` gives an aware instant.

    Answers are kept in Redis, in the folder, or without both in this process.
    """
    server = flask.Flask("mistwan_dashboard")
    add_sign_in(server, proxy)
    cache = AnswerCache(server, redis_url, cache_folder)
    board = Dashboard(
        Published(reader, cache),
        lambda: now().astimezone(UTC).replace(tzinfo=None),
        thresholds,
        quota,
        cache,
        availability_target_pct,
        dagster_url=dagster_url,
    )
    create_app(server, board)
    return server


def check_published(reader: Reader) -> None:
    """Raises UserError when nothing is published, naming the mend."""
    if reader.version() is None:
        raise UserError(
            "nothing is published yet, so there is nothing to show: run `mistwan collect` or `mistwan backfill`, "
            "then `mistwan aggregate`"
        )


def serve(server: flask.Flask, host: str, port: int, debug: bool, say: Callable[[str], None]) -> None:
    """Serve until stopped. Raises UserError when the port is taken."""
    check_port(host, port)
    if not is_loopback(host) and PROXY not in server.extensions:
        say(f"dashboard: anyone who reaches {host} can read it; there is no log-in")

    def ready(_: object = None) -> None:
        say(f"dashboard on http://{host}:{port} (Ctrl-C ends it)")

    if debug:
        # Else it does not end where it is a container's first process, or was started with SIGTERM ignored.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        ready()
        server.run(host=host, port=port, debug=True, use_reloader=False)
    else:
        _gunicorn(server, host, port, ready)


def _gunicorn(server: flask.Flask, host: str, port: int, ready: Callable[[object], None]) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        """Gunicorn without its own command line."""

        def load_config(self) -> None:
            """One worker: the cache of answers is its own, and DuckDB and Polars use the cores by themselves."""
            bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            for name, value in (
                ("bind", bind), ("workers", 1), ("worker_class", "gthread"), ("threads", THREADS),
                ("timeout", TIMEOUT_S), ("keepalive", KEEP_ALIVE_S), ("loglevel", "warning"),
                ("proc_name", "mistwan-dashboard"), ("when_ready", ready),
            ):  # fmt: skip
                self.cfg.set(name, value)

        def load(self) -> flask.Flask:
            """The server, made before the worker is forked."""
            return server

    Application().run()
