"""A small scripted Mist cloud on loopback: real HTTP, real SDK, no simulator."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from mistwan_dagster.mist.call import Retry
from mistwan_dagster.mist.quota import Purpose, SqliteQuota, fingerprint
from mistwan_dagster.mist.sdk_session import MistSession
from mistwan_dagster.mist.session import connect

TOKEN = "abcd1234efgh5678ijkl9012mnop3456qrst"
ORG = "9777c1a0-6ef6-11e6-8bbf-02e208b2d34f"
HALF_PAST = datetime(2025, 1, 1, 10, 30, tzinfo=UTC)


@dataclass
class Reply:
    """One scripted answer. `fault`: stall (no byte until the test ends), drop (connection closed), cut (half
    of the body), dribble and dribble-headers (a byte now and then until the test ends)."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    target: str


class Cloud:
    """Answers each request by `script(asked, number of the request)`, or by the list of replies in order."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: Callable[[Asked, int], Reply] = lambda _asked, _n: Reply({"detail": "no script"}, 404)
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def replies(self, *replies: Reply) -> None:
        """The n-th request gets the n-th reply, whatever it asks for."""
        self.script = lambda _asked, n: replies[n]

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def _handler(cloud: Cloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers), self.path)
            with cloud.lock:
                number = len(cloud.asked)
                cloud.asked.append(asked)
            self.answer(cloud.script(asked, number))

        def answer(self, reply: Reply) -> None:
            body = reply.encoded()
            if reply.fault == "stall":
                cloud.over.wait(20)
            if reply.fault in ("stall", "drop"):
                self.close_connection = True
                return
            if reply.fault == "dribble-headers":
                self.dribble(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 5000)
                return
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if reply.fault == "cut":
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            elif reply.fault == "dribble":
                self.dribble(body)
            else:
                self.wfile.write(body)

        def dribble(self, data: bytes) -> None:
            self.close_connection = True
            for i in range(len(data)):
                try:
                    self.wfile.write(data[i : i + 1])
                    self.wfile.flush()
                except OSError:
                    return
                if cloud.over.wait(0.02):
                    return

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


@pytest.fixture
def session(cloud: Cloud) -> Iterator[MistSession]:
    session = connect(SecretStr(TOKEN), cloud.base, timeout_s=5)
    yield session
    session.close()


@pytest.fixture
def quota(tmp_path: Any) -> Iterator[SqliteQuota]:
    ledger = SqliteQuota(tmp_path / "quota.sqlite", fingerprint(TOKEN), now=lambda: HALF_PAST)
    yield ledger
    ledger.close()


@dataclass
class Tools:
    """What most tests need beside the cloud. `waits` collects the sleeps between attempts."""

    session: MistSession
    quota: SqliteQuota
    waits: list[float]

    @property
    def retry(self) -> Retry:
        return Retry(sleep=self.waits.append)

    @property
    def how(self) -> dict[str, Any]:
        return {"quota": self.quota, "purpose": Purpose.LIVE, "retry": self.retry}


@pytest.fixture
def tools(session: MistSession, quota: SqliteQuota) -> Tools:
    return Tools(session, quota, [])
