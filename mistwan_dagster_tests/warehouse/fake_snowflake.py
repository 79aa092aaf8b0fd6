"""fakesnow served over HTTP, and a proxy before it that counts statements, cuts connections and answers errors."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fakesnow.server

from mistwan_dagster.simulator.local_snowflake import make_server


@contextmanager
def served() -> Iterator[int]:
    """Serve fakesnow on a free port of loopback; yields the port."""
    server = make_server(0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def abort_detached() -> None:
    """What a real account does with transactions whose client is gone: they are rolled back."""
    sessions: dict[str, Any] = vars(fakesnow.server)["sessions"]
    for token in list(sessions):
        sessions.pop(token).close()


class Proxy:
    """Before fakesnow. `before` and `after` see each statement's text; a true answer cuts the connection there."""

    def __init__(self, upstream: int) -> None:
        self.statements: list[str] = []
        self.before: Callable[[str], bool] = lambda _: False
        self.after: Callable[[str], bool] = lambda _: False
        self.refusal: dict[str, object] | None = None
        """An answer to every statement (or to the sign-in, when it says so) instead of fakesnow's."""
        self.refuse_sign_in = False
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sql = proxy.note(self.path, body, self.headers.get("Content-Encoding"))
                is_sign_in = self.path.startswith("/session/v1/login")
                if proxy.refusal and (is_sign_in if proxy.refuse_sign_in else sql):
                    return self.answer(200, [], json.dumps(proxy.refusal).encode())
                if sql and proxy.before(sql):
                    return self.cut()
                link = HTTPConnection("127.0.0.1", upstream)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
                link.request(self.command, self.path, body, headers)
                found = link.getresponse()
                content = found.read()
                link.close()
                if sql and proxy.after(sql):
                    return self.cut()
                return self.answer(found.status, found.getheaders(), content)

            do_GET = do_POST = do_PUT = do_HEAD = forward

            def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers:
                    if name.lower() == "content-type":
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def cut(self) -> None:
                self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port

    def note(self, path: str, body: bytes, encoding: str | None) -> str:
        """Text of the statement, empty when the request is none."""
        if not path.startswith("/queries/v1/query-request"):
            return ""
        sql = str(json.loads(gzip.decompress(body) if encoding == "gzip" else body)["sqlText"])
        self.statements.append(sql)
        return sql

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve until left."""
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()
