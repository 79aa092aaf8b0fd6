"""The two questions about the token."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mistwan_dagster.mist.errors import Forbidden, Refused, Unusable
from mistwan_dagster.mist.probe import check_access, usage
from mistwan_dagster.mist.quota import Purpose

from .conftest import ORG, Cloud, Reply, Tools


def test_org_is_named(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"id": ORG, "name": "Stores"}))
    assert check_access(tools.session, tools.quota, ORG) == "Stores"
    assert cloud.asked[0].path == f"/api/v1/orgs/{ORG}"
    assert tools.quota.used() == 1


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(401, Refused, "MIST_API_TOKEN was refused"), (404, Forbidden, f"MIST_ORG_ID {ORG} not found")],
)
def test_wrong_token_and_wrong_org_name_their_setting(
    cloud: Cloud, tools: Tools, status: int, kind: type[Exception], words: str
) -> None:
    cloud.replies(Reply({"detail": "no"}, status))
    with pytest.raises(kind, match=words):
        check_access(tools.session, tools.quota, ORG)


def test_quota_learns_what_the_cloud_counted(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"requests": 1730, "request_limit": 5000, "seconds": 1800}))
    assert usage(tools.session, tools.quota) == (1730, 5000)
    assert tools.quota.used() == 1730
    assert tools.quota.left(Purpose.LIVE) == 4500 - 1730


def test_a_count_asked_for_in_the_hour_before_is_not_counted_in_this_one(
    cloud: Cloud, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([datetime(2025, 1, 1, 10, 59, 59, tzinfo=UTC)])
    monkeypatch.setattr(tools.quota, "now", lambda: next(times, datetime(2025, 1, 1, 11, tzinfo=UTC)))
    cloud.replies(Reply({"requests": 4480, "request_limit": 3000}))
    assert usage(tools.session, tools.quota) == (4480, 3000)
    assert tools.quota.left(Purpose.LIVE) == 3000 - 1


def test_quota_learns_a_limit_below_the_budget(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"requests": 10, "request_limit": 1500.0}))
    usage(tools.session, tools.quota)
    assert (tools.quota.left(Purpose.LIVE), tools.quota.left(Purpose.BACKFILL)) == (1490, 490)


@pytest.mark.parametrize(
    "body", [{"requests": "many"}, {"requests": float("inf"), "request_limit": 5000}, {}]
)
def test_usage_without_numbers_is_an_error(cloud: Cloud, tools: Tools, body: dict[str, object]) -> None:
    cloud.replies(*[Reply(body)] * 5)
    with pytest.raises(Unusable, match="usage"):
        usage(tools.session, tools.quota)
