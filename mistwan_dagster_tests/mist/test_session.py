"""The SDK's traps, through the real SDK: host, environment, logs, time-outs, 429, dropped filters."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys

import pytest
from pydantic import SecretStr

from mistwan_dagster.errors import UserError
from mistwan_dagster.mist.errors import Refused
from mistwan_dagster.mist.sdk_session import MistSession
from mistwan_dagster.mist.session import connect

from .conftest import ORG, TOKEN, Cloud, Reply

SELF = "/api/v1/self"


def test_any_base_url_is_reached_although_the_sdk_knows_only_vendor_hosts(
    cloud: Cloud, session: MistSession
) -> None:
    cloud.replies(Reply({"name": "x"}))
    answer = session.mist_get(SELF)
    assert (answer.status_code, answer.data) == (200, {"name": "x"})
    assert cloud.asked[0].headers["Authorization"] == f"Token {TOKEN}"
    session.set_cloud(cloud.base)  # the SDK empties its host here, without an exception
    assert session.get_cloud() == ""
    assert session._url(SELF) == cloud.base + SELF


def test_connecting_makes_no_call_and_prints_nothing(cloud: Cloud, capfd: pytest.CaptureFixture[str]) -> None:
    connect(SecretStr(TOKEN), cloud.base)
    assert cloud.asked == []
    assert capfd.readouterr() == ("", "")


def test_environment_changes_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "MIST_HOST": "api.eu.mist.com",
        "MIST_APITOKEN": "another-token-another-token",
        "MIST_USER": "someone@example.com",
        "MIST_PASSWORD": "hunter2",
        "MIST_VAULT_PATH": "secret/mist",
        "MIST_VAULT_URL": "http://127.0.0.1:1",
        "MIST_KEYRING_SERVICE": "mist",
        "CONSOLE_LOG_LEVEL": "10",
        "HTTPS_PROXY": "http://user:pw@127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    cloud.replies(Reply({}), Reply({"detail": "no"}, 401))
    session = connect(SecretStr(TOKEN), cloud.base)
    assert session.mist_get(SELF).status_code == 200
    assert session.mist_get(SELF).status_code == 401
    assert {a.headers["Authorization"] for a in cloud.asked} == {f"Token {TOKEN}"}
    assert (session.email, session._cloud_uri) == (None, "")
    assert capfd.readouterr() == ("", "")


def test_netrc_does_not_replace_the_token(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    netrc = tmp_path / "netrc"  # type: ignore[operator]
    netrc.write_text("machine 127.0.0.1 login me password pw\n")
    monkeypatch.setenv("NETRC", str(netrc))
    cloud.replies(Reply({}))
    session = connect(SecretStr(TOKEN), cloud.base)
    session._session.trust_env = True
    session.mist_get(SELF)
    assert cloud.asked[0].headers["Authorization"] == f"Token {TOKEN}"


def test_no_part_of_the_token_is_logged_or_shown(
    cloud: Cloud, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    session = connect(SecretStr(TOKEN), cloud.base, timeout_s=1, sdk_log_level=logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    cloud.replies(
        Reply({}),
        Reply({"detail": "bad"}, 401),
        Reply({"detail": "slow down"}, 429, {"Retry-After": "798"}),
        Reply(fault="drop"),
    )
    for _ in range(4):
        session.mist_get(SELF)
    logging.getLogger("urllib3").setLevel(logging.NOTSET)
    shown = [caplog.text, *capfd.readouterr(), repr(session), str(session), f"{session}"]
    assert {r.name.split(".")[0] for r in caplog.records} >= {"mistapi", "urllib3"}
    for text in shown:
        assert TOKEN not in text
        assert TOKEN[:4] not in text
        assert TOKEN[-4:] not in text


def test_session_is_not_pickled(session: MistSession) -> None:
    with pytest.raises(TypeError, match="connect anew"):
        pickle.dumps(session)


@pytest.mark.parametrize("token", ["", "  ", "two,tokens", "with blank", "ünicode", "new\nline"])
def test_token_that_no_header_carries_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(Refused) as caught:
        connect(SecretStr(token), "https://api.mist.com")
    assert "MIST_API_TOKEN" in str(caught.value)
    assert caught.value.exit_code == 2
    assert not token.strip() or token not in str(caught.value)


@pytest.mark.parametrize("url", ["api.mist.com", "ftp://api.mist.com", "https://", "https://me@api.mist.com"])
def test_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="MIST_API_BASE_URL"):
        connect(SecretStr(TOKEN), url)


@pytest.mark.parametrize("uri", ["@evil.example/", "https://evil.example/", "api/v1/self"])
def test_token_goes_to_no_other_host(session: MistSession, uri: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        session.mist_get(uri)


def test_redirect_is_not_followed(cloud: Cloud, session: MistSession) -> None:
    cloud.replies(Reply({}, 302, {"Location": f"{cloud.base}/elsewhere"}))
    assert session.mist_get(SELF).status_code is None
    assert "redirected to" in str(session.failure())
    assert len(cloud.asked) == 1


def test_429_is_neither_slept_on_nor_repeated(
    cloud: Cloud, session: MistSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_sleep(_seconds: float) -> None:
        raise AssertionError("slept")

    monkeypatch.setattr("time.sleep", no_sleep)
    cloud.replies(Reply({"detail": "limit"}, 429, {"Retry-After": "798"}))
    assert session.mist_get(SELF).status_code == 429
    assert len(cloud.asked) == 1


@pytest.mark.parametrize("fault", ["stall", "dribble", "dribble-headers"])
def test_silent_or_dribbling_peer_does_not_hold_a_thread(cloud: Cloud, fault: str) -> None:
    session = connect(SecretStr(TOKEN), cloud.base, timeout_s=0.1)
    cloud.script = lambda _asked, _n: Reply({"x": "y" * 5000}, fault=fault)
    answer = session.mist_get(SELF)
    assert (answer.status_code, answer.data) == (None, {})
    assert session.failure() is not None


def test_body_cut_short_is_no_answer(cloud: Cloud, session: MistSession) -> None:
    cloud.replies(Reply(["x" * 1000], fault="cut"), Reply(["y"]))
    assert session.mist_get(SELF).status_code is None
    assert "cut short" in str(session.failure())
    assert session.mist_get(SELF).data == ["y"]
    assert session.failure() is None


def test_what_the_fast_parser_refuses_is_parsed_as_the_sdk_would(cloud: Cloud, session: MistSession) -> None:
    cloud.replies(Reply(b'[NaN, 1e400, "\\ud800", 123456789012345678901234567890]'), Reply(b"[1,"))
    data = session.mist_get(SELF).data
    assert repr(data) == r"[nan, inf, '\ud800', 123456789012345678901234567890]"
    assert session.mist_get(SELF).data == {}


def test_false_would_be_dropped_by_the_sdk(cloud: Cloud, session: MistSession) -> None:
    cloud.script = lambda _asked, _n: Reply({"results": []})
    search = session.operation("orgs.stats.searchOrgSwOrGwPorts")
    search(session, ORG, up=False)
    search(session, ORG, up="false")
    assert [a.query for a in cloud.asked] == [{}, {"up": "false"}]


def test_sdk_is_loaded_only_by_connect() -> None:
    modules = ", ".join(
        f"mistwan_dagster.mist.{m}" for m in ("session", "pager", "series", "probe", "extract")
    )
    code = f"import sys, {modules}; print([m for m in ('mistapi', 'requests') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
