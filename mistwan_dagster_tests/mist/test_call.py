"""Which answers are data, what is repeated, and which error tells which mend."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.call import Answer, Retry, Target, get, retry_after
from mistwan_dagster.mist.errors import (
    BadRequest,
    Forbidden,
    MistError,
    QuotaExhausted,
    RateLimited,
    Refused,
    Unreachable,
    Unusable,
)
from mistwan_dagster.mist.quota import Purpose, SqliteQuota
from mistwan_dagster.mist.session import connect

from .conftest import HALF_PAST, ORG, TOKEN, Cloud, Reply, Tools

PATH = f"/api/v1/orgs/{ORG}/sites"
SUBJECT = f"MIST_ORG_ID {ORG}"


def ask(tools: Tools, **changes: Any) -> Answer:
    target = Target("sites", 3, SUBJECT)
    return get(tools.session, lambda: tools.session.mist_get(PATH), target, **{**tools.how, **changes})


@pytest.mark.parametrize(
    "failure",
    [
        Reply({"detail": "oops"}, 500),
        Reply(b"<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"}),
        Reply(b"", 503),
        Reply(fault="drop"),
        Reply([{"id": "a"}], fault="cut"),
        Reply(b'[{"id": "a"}, {"id', headers={"X-Page-Total": "2"}),
        Reply(b"<html>maintenance</html>", headers={"Content-Type": "text/html"}),
        Reply(b""),
        Reply(b'"text"'),
        Reply(b"null"),
    ],
    ids=["500", "html502", "503", "drop", "cut", "truncated", "html200", "empty", "string", "null"],
)
def test_failure_then_success_is_success_and_each_attempt_spends(
    cloud: Cloud, tools: Tools, failure: Reply
) -> None:
    cloud.replies(failure, failure, Reply([{"id": "b"}]))
    assert ask(tools).body == [{"id": "b"}]
    assert len(cloud.asked) == 3
    assert tools.quota.used() == 3
    assert len(tools.waits) == 2
    assert 0 < tools.waits[0] <= tools.waits[1] + 1 <= 21


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (Reply({"detail": "db down"}, 500), Unusable, "sites page 3: status 500: db down"),
        (Reply(b"<html>x", 502), Unusable, "sites page 3: status 502: no detail given"),
        (Reply(fault="drop"), Unreachable, "cannot reach http://127.0.0.1:"),
        (Reply(b"[1,"), Unusable, "sites page 3: status 200, but the body is not JSON"),
    ],
)
def test_lasting_failure_names_endpoint_page_and_status(
    cloud: Cloud, tools: Tools, failure: Reply, kind: type[MistError], words: str
) -> None:
    cloud.script = lambda _asked, _n: failure
    with pytest.raises(kind) as caught:
        ask(tools)
    assert words in str(caught.value)
    assert isinstance(caught.value, UserError)
    assert (caught.value.endpoint, caught.value.page) == ("sites", 3)
    assert "\n" not in str(caught.value)
    assert len(cloud.asked) == tools.quota.used() == 5


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, BadRequest, "answered status 400: the detail"),
        (401, Refused, "MIST_API_TOKEN was refused by http://127.0.0.1:"),
        (403, Forbidden, f"{SUBJECT} not accessible to this token"),
        (404, Forbidden, f"{SUBJECT} not found"),
    ],
)
def test_4xx_is_not_repeated_and_names_the_mend(
    cloud: Cloud, tools: Tools, status: int, kind: type[MistError], words: str
) -> None:
    cloud.replies(Reply({"detail": "the detail"}, status))
    with pytest.raises(kind) as caught:
        ask(tools)
    assert words in str(caught.value)
    assert "the detail" in str(caught.value)
    assert (caught.value.status, caught.value.detail) == (status, "the detail")
    assert len(cloud.asked) == 1


def test_detail_never_shows_the_token(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"detail": f"token\n{TOKEN} is no more"}, 401))
    with pytest.raises(Refused, match=r"token \*\*\* is no more"):
        ask(tools)


def test_429_blocks_all_and_is_not_slept_on(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"detail": "threshold"}, 429, {"Retry-After": "798"}))
    with pytest.raises(RateLimited) as caught:
        ask(tools)
    assert caught.value.until == HALF_PAST + timedelta(seconds=798)
    assert (tools.waits, caught.value.status) == ([], 429)
    other = SqliteQuota(tools.quota.path, tools.quota.token, now=lambda: HALF_PAST)
    with pytest.raises(RateLimited, match="10:43:18"):
        other.spend(Purpose.LIVE, "ports")
    other.close()
    assert len(cloud.asked) == 1


def test_spent_budget_makes_no_call(cloud: Cloud, tools: Tools) -> None:
    tools.quota.budget = 0
    with pytest.raises(QuotaExhausted):
        ask(tools)
    assert cloud.asked == []


def test_budget_ends_the_repetition(cloud: Cloud, tools: Tools) -> None:
    tools.quota.budget = 2
    cloud.script = lambda _asked, _n: Reply(status=500)
    with pytest.raises(QuotaExhausted):
        ask(tools)
    assert len(cloud.asked) == 2


@pytest.mark.parametrize(
    ("base", "words"),
    [("http://127.0.0.1:9", "connection refused"), ("https://mist.invalid", "does not resolve")],
)
def test_unreachable_host_is_named(quota: SqliteQuota, base: str, words: str) -> None:
    session = connect(SecretStr(TOKEN), base, timeout_s=2)
    tools = Tools(session, quota, [])
    with pytest.raises(Unreachable, match=f"cannot reach {base}: .*{words}") as caught:
        ask(tools, retry=Retry(attempts=1))
    assert caught.value.status is None


def test_timeout_says_so(cloud: Cloud, quota: SqliteQuota) -> None:
    tools = Tools(connect(SecretStr(TOKEN), cloud.base, timeout_s=0.1), quota, [])
    cloud.script = lambda _asked, _n: Reply(fault="stall")
    with pytest.raises(Unreachable, match="no complete answer in time"):
        ask(tools, retry=Retry(attempts=1))


def test_html_of_a_wrong_host_points_to_the_setting(cloud: Cloud, tools: Tools) -> None:
    cloud.script = lambda _asked, _n: Reply(b"<html>login", headers={"Content-Type": "text/html"})
    with pytest.raises(Unusable, match=r"is MIST_API_BASE_URL http://127\.0\.0\.1:.* an API host"):
        ask(tools)


def test_empty_object_is_an_answer(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply(b" {} "))
    assert ask(tools).body == {}


def test_answer_is_stamped_by_the_clock_of_the_quota(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply([]))
    assert ask(tools).received_at == HALF_PAST


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("798", 798),
        ("0", 1),
        (None, 60),
        ("soon", 60),
        ("-5", 60),
        ("Wed, 01 Jan 2025 10:40:00 GMT", 600),
        ("Wed, 01 Jan 2020 10:40:00 GMT", 60),
    ],
)
def test_retry_after(header: str | None, seconds: int) -> None:
    assert retry_after(header, HALF_PAST) == HALF_PAST + timedelta(seconds=seconds)


def test_errors_survive_a_process_boundary() -> None:
    until = datetime(2025, 1, 1, 11, tzinfo=UTC)
    error = pickle.loads(pickle.dumps(RateLimited("wait", until, endpoint="sites", status=429)))
    assert type(error) is RateLimited
    assert (str(error), error.until, error.endpoint, error.status) == ("wait", until, "sites", 429)
    assert error.exit_code == 1
