"""Dagster's long-running parts: daemon, UI, code server. This process becomes the one that is asked for.

On one machine the daemon starts the others; in containers each is a process of its own, and the daemon and the UI
find the graph at the code server, which also executes the runs. Does not belong here: the instance (`launch`).
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import NoReturn

from mistwan_dagster.errors import UserError
from mistwan_dagster.orchestration.launch import instance_at_hand, prepare_dagster_home
from mistwan_dagster.orchestration.platform import Platform

MODULE = ["-m", "mistwan_dagster.definitions"]


@dataclass(frozen=True)
class CodeServer:
    """Where a code server listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> CodeServer:
        """From `HOST:PORT`. Raises UserError (exit 2) for anything else."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise UserError(
                f"--code-server {text}: write HOST:PORT, for example code-location:4000", exit_code=2
            )
        return cls(host, int(port))

    @property
    def arguments(self) -> list[str]:
        """As Dagster's commands take them."""
        return ["--grpc-host", self.host, "--grpc-port", str(self.port)]


def become_daemon(ui_port: int | None, code_server: CodeServer | None = None) -> NoReturn:
    """Replace this process by Dagster's daemon, with its UI on loopback when a port is given.

    With a code server the daemon only schedules and starts runs there: it needs no token. Raises UserError for wrong
    settings and configuration files, before anything starts.
    """
    platform = Platform.open()
    if code_server is None:
        _check_collecting(platform)
    _prepare(platform)
    graph = code_server.arguments if code_server else MODULE
    if ui_port is None:
        _become("dagster._daemon", "run", *graph)
    _become("dagster", "dev", *graph, "-h", "127.0.0.1", "-p", str(ui_port))


def become_code_server(host: str, port: int) -> NoReturn:
    """Replace this process by the server of the graph, which evaluates schedules and sensors and executes the runs.

    Raises UserError for wrong settings and configuration files, before anything starts.
    """
    platform = Platform.open()
    _check_collecting(platform)
    _prepare(platform)
    _become("dagster", "api", "grpc", "--host", host, "--port", str(port), *MODULE)


def become_webserver(host: str, port: int, code_server: CodeServer | None) -> NoReturn:
    """Replace this process by Dagster's UI; without a code server it loads the graph by itself."""
    _prepare(Platform.open())
    graph = code_server.arguments if code_server else MODULE
    _become("dagster_webserver", "--host", host, "--port", str(port), *graph)


def _check_collecting(platform: Platform) -> None:
    _ = platform.settings.credentials()
    platform.read_configuration()


def _prepare(platform: Platform) -> None:
    """Home and configuration; opening a shared storage once tells in one line when it is gone or refuses."""
    prepare_dagster_home(platform)
    if platform.settings.mistwan_dagster_postgres_url is None:
        return
    with instance_at_hand(platform) as opened:
        assert opened is not None
        opened.get_runs_count()


def _become(module: str, *arguments: str) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 (our own arguments, no shell)
