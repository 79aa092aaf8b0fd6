"""Redis and PostgreSQL of an installation that is put to the test, as plain processes on sockets in a folder.

Belongs here: starting them, and killing and starting them again. Does not belong here: when that happens.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))


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
    restarts: int = -1
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def restart(self) -> None:
        """Kill it, if it runs, and start it; returns when it answers."""
        self.stop()
        quiet = subprocess.DEVNULL
        started = subprocess.Popen(
            self.command, stdout=quiet, stderr=quiet, user=self.user, start_new_session=True
        )
        self._running.append(started)
        for _ in range(600):
            if self.answers():
                self.restarts += 1
                return
            time.sleep(0.05)
        raise SystemExit(f"{self.command[0]} did not start")

    def stop(self) -> None:
        """Kill it; nothing is put in order before."""
        while self._running:
            process = self._running.pop()
            process.send_signal(self.deadly)
            process.wait()


@contextmanager
def redis(folder: Path) -> Iterator[Server]:
    """A Redis with an append-only file that is synced at each write."""
    socket = folder / "r.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--appendonly", "yes",
               "--appendfsync", "always", "--dir", str(folder)]  # fmt: skip

    def answers() -> bool:
        return subprocess.run(
            ["redis-cli", "-s", str(socket), "ping"], capture_output=True, check=False
        ).stdout.startswith(b"PONG")

    yield from _running(Server(f"unix://{socket}", command, answers, signal.SIGKILL))


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """A PostgreSQL for Dagster's storage; as root it runs as the user postgres, as it must."""
    user = "postgres" if os.geteuid() == 0 else None
    folder.mkdir(exist_ok=True)
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [str(POSTGRES[-1] / "initdb"), "--auth=trust", "--username=dagster", str(data)]
    if not data.exists():
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user)
    command = [str(POSTGRES[-1] / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
    ready = [str(POSTGRES[-1] / "pg_isready"), "-q", "-h", str(folder), "-U", "dagster", "-d", "postgres"]
    url = f"postgresql+psycopg2://dagster@/postgres?host={folder}"

    def answers() -> bool:
        return subprocess.run(ready, check=False).returncode == 0

    # SIGQUIT to the first process ends all of them at once; what was not written is recovered from the log.
    yield from _running(Server(url, command, answers, signal.SIGQUIT, user))


def _running(server: Server) -> Iterator[Server]:
    try:
        server.restart()
        yield server
    finally:
        server.stop()
