"""Receivers of alerts on loopback: HTTP that keeps what it is told and may refuse it, and SMTP.

Belongs here: servers that tests start. Does not belong here: what a message should say.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Webhook:
    """What an HTTP receiver was told. `status` is its answer; while it is not 200, nothing is kept.

    With `answers` cleared it keeps what it is told and does not answer; `told` is set with each message.
    """

    port: int = 0
    status: int = 200
    calls: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address for apprise."""
        return f"json://127.0.0.1:{self.port}/hook"


@contextmanager
def webhook(certificate: Path | None = None) -> Iterator[Webhook]:
    """An HTTP receiver on a free port, with TLS when a certificate and its key are given."""
    kept = Webhook()
    kept.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.calls += 1
            if kept.status == 200:
                kept.bodies.append(json.loads(body))
                kept.headers.append(dict(self.headers))
                kept.paths.append(self.path)
            kept.told.set()
            kept.answers.wait()
            self.send_response(kept.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_address[1]
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """Mails that an SMTP receiver took."""

    port: int = 0
    mails: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address for apprise."""
        return f"mailto://127.0.0.1:{self.port}?from=mistwan@example.com&to=noc@example.com&mode=insecure"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        """Keep a mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """An SMTP receiver on a free port."""
    kept = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        kept.port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
