"""Servers of an installation that is put to the test, as plain processes; Redis and PostgreSQL on sockets in a folder.

Belongs here: starting them, and killing and starting them again. Does not belong here: when that happens.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
USER = "postgres" if os.geteuid() == 0 else None
"""Of PostgreSQL and PgBouncer, which do not run as root."""


def free_port() -> int:
    """A port on loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing() -> str | None:
    """What is not installed, and how it comes."""
    if shutil.which("redis-server") is None:
        return "redis-server is not installed: apt-get install redis-server"
    return None if POSTGRES else "PostgreSQL is not installed: apt-get install postgresql"


@dataclass
class Server:
    """A server that keeps its data when it is killed."""

    url: str
    command: list[str]
    answers: Callable[[], bool]
    deadly: signal.Signals
    user: str | None = None
    environment: dict[str, str] | None = None
    log: Path = Path(os.devnull)
    restarts: int = -1
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def restart(self) -> None:
        """Kill it, if it runs, and start it; returns when it answers."""
        self.stop()
        with self.log.open("ab") as output:
            started = subprocess.Popen(
                self.command, env=self.environment, stdout=output, stderr=output, user=self.user,
                start_new_session=True,
            )  # fmt: skip
        self._running.append(started)
        for _ in range(600):
            if self.answers():
                self.restarts += 1
                return
            time.sleep(0.05)
        raise SystemExit(f"{self.command[0]} did not start")

    @property
    def pid(self) -> int:
        """Of its first process."""
        return self._running[-1].pid

    @property
    def ended(self) -> bool:
        """Whether its first process is gone."""
        return self._running[-1].poll() is not None

    def stop(self) -> None:
        """Kill it and all that it started; nothing is put in order before."""
        while self._running:
            process = self._running.pop()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, self.deadly)
            process.wait()


@contextmanager
def redis(folder: Path) -> Iterator[Server]:
    """A Redis with an append-only file that is synced at each write."""
    path = folder / "r.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--appendonly", "yes",
               "--appendfsync", "always", "--dir", str(folder)]  # fmt: skip

    def answers() -> bool:
        return subprocess.run(
            ["redis-cli", "-s", str(path), "ping"], capture_output=True, check=False
        ).stdout.startswith(b"PONG")

    with kept(Server(f"unix://{path}", command, answers, signal.SIGKILL)) as server:
        yield server


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """A PostgreSQL for Dagster's storage."""
    folder.mkdir(exist_ok=True)
    if USER:
        shutil.chown(folder, USER)
    data = folder / "data"
    initdb = [str(POSTGRES[-1] / "initdb"), "--auth=trust", "--username=dagster", str(data)]
    if not data.exists():
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=USER)
    command = [str(POSTGRES[-1] / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
    # SIGQUIT to the first process ends all of them at once; what was not written is recovered from the log.
    with kept(_on_socket(folder, 5432, command, signal.SIGQUIT)) as server:
        yield server


@contextmanager
def pooled(below: Server, folder: Path) -> Iterator[Server]:
    """A PgBouncer before the PostgreSQL of a folder, which keeps its connections; that one when it is not installed.

    Dagster opens a connection for each statement, and PostgreSQL a process for each connection: without it a run waits
    for about half of its time.
    """
    if (program := shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        yield below
        return
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={folder} user=dagster\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\n"
        "auth_type = any\npool_mode = session\nserver_login_retry = 0.05\n"
    )
    with kept(_on_socket(folder, 6432, [program, str(settings)], signal.SIGKILL)) as server:
        yield server


def _on_socket(folder: Path, port: int, command: list[str], deadly: signal.Signals) -> Server:
    """What speaks PostgreSQL's language on a socket in the folder."""
    place = [f"--host={folder}", f"--port={port}", "--username=dagster", "--dbname=postgres"]

    def answers() -> bool:
        return subprocess.run([POSTGRES[-1] / "pg_isready", "-q", *place], check=False).returncode == 0

    url = f"postgresql+psycopg2://dagster@/postgres?host={folder}&port={port}"
    return Server(url, command, answers, deadly, USER)


@contextmanager
def kept(server: Server) -> Iterator[Server]:
    """Started, and killed at the end."""
    try:
        server.restart()
        yield server
    finally:
        server.stop()
