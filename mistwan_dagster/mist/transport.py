"""The HTTP layer below the SDK: time-outs, a deadline for the whole answer, no redirects, failures in words.

Belongs here: what `requests` and `urllib3` must do differently from their defaults. Does not belong here:
retries and quota (`call.py`), the SDK (`sdk_session.py`). Importing this imports `requests`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

READ_SIZE = 1 << 18


class _Guarded:
    """Cuts the connection when status line and headers are not complete within the deadline.

    The socket time-out starts anew with each byte, so a peer that sends one now and then would hold a thread
    for ever. The body is watched in `GuardedAdapter`, where it is read piece by piece.
    """

    deadline_s = 120.0
    sock: Any

    def getresponse(self) -> Any:
        passed = threading.Event()
        watch = threading.Timer(self.deadline_s, self._cut, (passed,))
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()  # type: ignore[misc]
        finally:
            watch.cancel()
        if passed.is_set():  # http.client takes the cut for the end of the headers
            raise TimeoutError(f"headers not complete after {self.deadline_s:g} s")
        return response

    def _cut(self, passed: threading.Event) -> None:
        passed.set()
        if self.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _pools(deadline_s: float) -> dict[str, Any]:
    guard = {"deadline_s": deadline_s}
    plain = type("GuardedHTTPConnection", (_Guarded, HTTPConnection), guard)
    secure = type("GuardedHTTPSConnection", (_Guarded, HTTPSConnection), guard)
    return {
        "http": type("GuardedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("GuardedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


class FastResponse(requests.Response):
    """A response whose `json()` takes a third of the time. What msgspec refuses (NaN, lone surrogates, other
    encodings than UTF-8) is left to requests."""

    parse: Callable[[bytes], Any] = msgspec.json.Decoder().decode

    @property
    def text(self) -> str:
        """The body as text; not made for a page that `parse` takes, where the SDK would only keep it."""
        return "" if self.ok and self.parse is not FastResponse.parse else super().text

    def json(self, **kwargs: Any) -> Any:
        """The parsed body. Raises requests' JSONDecodeError."""
        try:
            return self.parse(self.content)
        except (msgspec.DecodeError, RecursionError):
            self.parse = FastResponse.parse
            return super().json(**kwargs)


class GuardedAdapter(HTTPAdapter):
    """Reads each answer whole, within `timeout_s` per read and `deadline_s` in all; one attempt a call.

    `failure()` tells why the last call of this thread brought no answer: the SDK swallows that exception.
    """

    def __init__(self, timeout_s: float, deadline_s: float, pool_size: int) -> None:
        self.timeout_s = timeout_s
        self.deadline_s = deadline_s
        self._local = threading.local()
        super().__init__(pool_connections=4, pool_maxsize=pool_size, max_retries=0, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As requests does, with connections that watch the deadline."""
        super().init_poolmanager(*args, **kwargs)
        self._guard(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """The same for connections through a proxy."""
        return self._guard(super().proxy_manager_for(*args, **kwargs))

    def _guard(self, manager: PoolManager) -> PoolManager:
        if not manager.pools and manager.pool_classes_by_scheme["https"] is HTTPSConnectionPool:
            manager.pool_classes_by_scheme = _pools(self.deadline_s)
        return manager

    def failure(self) -> BaseException | None:
        """Exception of this thread's last call, None when an answer came."""
        return getattr(self._local, "error", None)

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """As requests does, with the faster parser."""
        response = FastResponse()
        response.__dict__.update(super().build_response(req, resp).__dict__)
        response.parse = getattr(self._local, "parse", None) or FastResponse.parse
        return response

    @contextlib.contextmanager
    def parsing(self, parse: Callable[[bytes], Any] | None) -> Iterator[None]:
        """Parse the bodies of this thread's calls by `parse`, which raises msgspec.DecodeError to decline."""
        self._local.parse = parse
        try:
            yield
        finally:
            self._local.parse = None

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """One attempt. Raises requests' exceptions, also for a body cut short or a deadline passed."""
        self._local.error = None
        kwargs.update(stream=True, timeout=(min(10.0, self.timeout_s), self.timeout_s))
        try:
            return self._send(request, time.monotonic() + self.deadline_s, *args, **kwargs)
        except Exception as error:
            self._local.error = error
            raise

    def _send(self, request: Any, deadline: float, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **kwargs)
        if response.is_redirect:
            response.close()
            raise requests.TooManyRedirects(f"redirected to {response.headers['location']}")
        try:
            body = self._read(response.raw, deadline)
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
            response.raw.close()
            raise requests.ReadTimeout(str(error), request=request) from error
        except urllib3.exceptions.HTTPError as error:
            response.raw.close()
            raise requests.ConnectionError(f"body cut short: {error}", request=request) from error
        response.raw.release_conn()
        response.encoding = response.encoding or "utf-8"  # else it is guessed, for seconds on a large body
        response._content = body
        response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def _read(self, raw: Any, deadline: float) -> bytes:
        pieces = []
        while piece := raw.read1(READ_SIZE, decode_content=True):
            pieces.append(piece)
            if time.monotonic() > deadline:
                raise TimeoutError(f"answer not complete after {self.deadline_s:g} s")
        return b"".join(pieces)
