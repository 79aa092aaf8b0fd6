"""The SDK's session, made fit for a service. The only module that imports `mistapi` (0.3 s, 40 MB).

Belongs here: overrides of the SDK. Does not belong here: retries, quota, paging. Import `session.connect`
instead of this module, so that the SDK is loaded only by who calls.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import requests
from mistapi import APISession

from mistwan_dagster.mist.transport import GuardedAdapter

# Without a handler of its own the SDK's warnings would reach stderr through Python's last resort.
logging.getLogger("mistapi").addHandler(logging.NullHandler())

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
DEADLINE_FACTOR = 4
"""A whole answer may take this many read time-outs."""


class MistSession(APISession):
    """An API session bound to one base URL and one token, deaf to the SDK's environment variables.

    It never prompts, prints, sleeps or validates the token by a call. HTTP errors do not raise here: look at
    `status_code`, and at `failure()` when it is None.
    """

    _MAX_429_RETRIES = 0

    def __init__(
        self, base_url: str, token: str, timeout_s: float, pool_size: int, sdk_log_level: int
    ) -> None:
        self.base_url = base_url.rstrip("/")
        super().__init__(console_log_level=0, logging_log_level=sdk_log_level, show_cli_notif=False)
        self._adapter = GuardedAdapter(timeout_s, DEADLINE_FACTOR * timeout_s, pool_size)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)
        # With no `auth`, requests would replace the token by what a .netrc holds for the host.
        self._session.auth = _unchanged
        parts = urlsplit(self.base_url)
        if parts.scheme == "http" and parts.hostname in LOOPBACK:
            self._session.trust_env = False  # a proxy cannot reach this machine's loopback
        self.set_api_token(token, validate=False)

    def __repr__(self) -> str:
        return f"MistSession({self.base_url!r})"

    __str__ = __repr__

    def __reduce__(self) -> Any:
        raise TypeError("a MistSession holds a token and open connections: connect anew instead of pickling")

    def _load_env(self, env_file: str | None = None) -> None:
        """Nothing: settings arrive as arguments. Proxies and CA bundles are requests' own affair."""

    def _url(self, uri: str) -> str:
        if not uri.startswith("/"):  # `@elsewhere/` after the host would send the token elsewhere
            raise ValueError(f"not a path: {uri!r}")
        return f"{self.base_url}{uri}"

    def failure(self) -> BaseException | None:
        """Why this thread's last call brought no answer; None when one came."""
        return self._adapter.failure()

    def parsing(self, parse: Callable[[bytes], Any] | None) -> AbstractContextManager[None]:
        """Within it, bodies of this thread's calls are parsed by `parse`, else as plain JSON."""
        return self._adapter.parsing(parse)

    def operation(self, name: str) -> Callable[..., Any]:
        """The SDK function of a catalog name, for example `orgs.sites.listOrgSites`."""
        module, _, function = name.rpartition(".")
        return getattr(importlib.import_module(f"mistapi.api.v1.{module}"), function)

    def redact(self, text: str) -> str:
        """`text` without the token, should a peer echo it."""
        for token in self._apitoken:
            text = text.replace(token, "***")
        return text

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
