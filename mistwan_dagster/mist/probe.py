"""Questions about the token itself: is it valid, for this org, and how much of its hour is spent.

Belongs here: single calls whose answer is not stored. Does not belong here: anything that pages.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mistwan_dagster.mist.call import Retry, Target, get
from mistwan_dagster.mist.errors import Unusable
from mistwan_dagster.mist.pager import checked_org_id
from mistwan_dagster.mist.quota import Purpose, Quota, hour_of

if TYPE_CHECKING:
    from mistwan_dagster.mist.sdk_session import MistSession


def check_access(session: MistSession, quota: Quota, org_id: str, *, retry: Retry | None = None) -> str:
    """Name of the org, from one call. Raises `call.get`'s errors: Refused names MIST_API_TOKEN, Forbidden
    MIST_ORG_ID, Unreachable the base URL."""
    org = checked_org_id(org_id)
    operation = session.operation("orgs.orgs.getOrg")
    answer = get(
        session,
        lambda: operation(session, org),
        Target("org", subject=f"MIST_ORG_ID {org}"),
        quota=quota,
        purpose=Purpose.LIVE,
        accept=_is_object,
        retry=retry,
    )
    name = answer.body.get("name")
    return name if isinstance(name, str) and name else org


def usage(session: MistSession, quota: Quota, *, retry: Retry | None = None) -> tuple[int, int]:
    """(requests of this token in this clock hour, its limit) as the cloud counts, this call included.

    The quota learns both: other programs may use the same token, and its limit may be lower than the budget. Of a count
    that was asked for in one clock hour and told in the next it learns only the limit: which hour it is of is not told,
    and that of a busy hour would leave nothing of the one that begins.
    Raises `call.get`'s errors, and Unusable when the answer holds no such numbers.
    """
    operation, asked = session.operation("self.usage.getSelfApiUsage"), hour_of(quota.now())
    answer = get(
        session,
        lambda: operation(session),
        Target("usage", subject="usage"),
        quota=quota,
        purpose=Purpose.LIVE,
        accept=_is_object,
        retry=retry,
    )
    requests, limit = answer.body.get("requests"), answer.body.get("request_limit")
    if not all(type(n) in (int, float) and math.isfinite(n) for n in (requests, limit)):
        raise Unusable("usage: the answer tells no `requests` and `request_limit`", endpoint="usage")
    quota.observe(int(requests) if hour_of(quota.now()) == asked else 0, int(limit))
    return int(requests), int(limit)


def _is_object(body: Any) -> bool:
    return isinstance(body, dict)
