"""A real Redis of a test's own, on a Unix socket. Without the binary such tests are skipped, except in CI."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mistwan_dagster_tests.needed import binary


class RedisServer:
    """Started and stopped by the test; data does not outlive it."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.binary, self.socket = binary, folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start and wait until it accepts connections."""
        self._process = subprocess.Popen(
            [
                self.binary,
                "--port",
                "0",
                "--unixsocket",
                str(self.socket),
                "--save",
                "",
                "--appendonly",
                "no",
            ],
            cwd=self.socket.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "ready to accept connections" in line.lower():
                return
        pytest.fail("redis-server ended before it was ready")

    def stop(self) -> None:
        """Stop; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A running Redis. Its folder is short: the path of a socket holds some 100 characters."""
    program = binary("redis-server")
    with TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(program, Path(folder))
        server.start()
        yield server
        server.stop()
