"""Clouds and tokens that do not serve everything: an optional endpoint that is refused stops no collection.

Belongs here: what counts as not served, and for how long that is believed. Everything else a walk can meet is
`collection`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.mist.errors import Forbidden
from mistwan_dagster.orchestration.platform import Platform

ASKED_AGAIN_AFTER = timedelta(hours=1)

T = TypeVar("T")


def if_served(platform: Platform, endpoint: Endpoint, read: Callable[[], T]) -> T | str:
    """What `read` gives, or the reason why the cloud does not serve an optional endpoint (403, 404), which is noted.

    Nothing is stored then: that a table has no rows must not look like an answer. An endpoint that is needed raises.
    """
    try:
        return read()
    except Forbidden as refusal:
        if not endpoint.optional:
            raise
        platform.raw.note_not_served(endpoint, platform.settings.now(), str(refusal))
        return str(refusal)


def not_served(platform: Platform, endpoint: Endpoint) -> str | None:
    """Why the endpoint was not served when it was last asked, if that was less than an hour ago."""
    noted = platform.raw.not_served(endpoint)
    if noted is None or platform.settings.now() - noted[0] >= ASKED_AGAIN_AFTER:
        return None
    return noted[1]
