"""Opening a session with the Mist cloud.

Belongs here: `connect` and the checks that need no call. Does not belong here: the SDK itself, which is
loaded on the first `connect` (`sdk_session.py`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.errors import Refused

if TYPE_CHECKING:
    from mistwan_dagster.mist.sdk_session import MistSession


def connect(
    token: SecretStr,
    base_url: str,
    *,
    timeout_s: float = 30.0,
    pool_size: int = 16,
    sdk_log_level: int = logging.WARNING,
) -> MistSession:
    """A session for `token` at `base_url`, without a call. Safe for `pool_size` threads at a time.

    `timeout_s` bounds each read, four times that a whole answer, `min(10, timeout_s)` the connection.
    Raises Refused (exit 2) for a token that no header can carry, UserError (exit 2) for a base URL that is
    not `https://host` or `http://host`; neither tells the token.
    """
    value = token.get_secret_value().strip()
    if not value:
        raise Refused("MIST_API_TOKEN is empty", exit_code=2)
    if "," in value or not value.isascii() or not value.isprintable() or " " in value:
        raise Refused(
            "MIST_API_TOKEN must be one token of printable ASCII, without blanks or commas", exit_code=2
        )
    parts = urlsplit(base_url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
        raise UserError("MIST_API_BASE_URL must be https://host, or http on loopback", exit_code=2)

    from mistwan_dagster.mist.sdk_session import MistSession

    return MistSession(base_url, value, timeout_s, pool_size, sdk_log_level)
