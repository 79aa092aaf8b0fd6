"""https: certificates are checked, a private CA is taken from REQUESTS_CA_BUNDLE, and time-outs hold there too."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from mistwan_dagster.mist.call import Retry
from mistwan_dagster.mist.errors import Unreachable
from mistwan_dagster.mist.probe import check_access
from mistwan_dagster.mist.quota import SqliteQuota
from mistwan_dagster.mist.session import connect
from mistwan_dagster_tests.certificates import loopback_certificate

from .conftest import ORG, TOKEN, Cloud, Reply

ONCE = Retry(attempts=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 and its key, in one file."""
    return loopback_certificate(tmp_path_factory.mktemp("tls") / "cert.pem")


@pytest.fixture
def secure(cloud: Cloud, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    cloud.server.socket = context.wrap_socket(cloud.server.socket, server_side=True)
    cloud.base = cloud.base.replace("http:", "https:")
    return cloud


def test_unknown_certificate_is_refused_and_the_mend_is_named(secure: Cloud, quota: SqliteQuota) -> None:
    session = connect(SecretStr(TOKEN), secure.base, timeout_s=5)
    with pytest.raises(Unreachable, match=r"TLS failed .*REQUESTS_CA_BUNDLE"):
        check_access(session, quota, ORG, retry=ONCE)
    assert secure.asked == []


def test_private_ca_is_taken_from_the_environment(
    secure: Cloud, quota: SqliteQuota, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    secure.replies(Reply({"name": "Stores"}))
    session = connect(SecretStr(TOKEN), secure.base, timeout_s=5)
    assert check_access(session, quota, ORG, retry=ONCE) == "Stores"
    assert secure.asked[0].headers["Authorization"] == f"Token {TOKEN}"


@pytest.mark.parametrize("fault", ["stall", "dribble", "dribble-headers"])
def test_silent_or_dribbling_peer_does_not_hold_a_thread(
    secure: Cloud, quota: SqliteQuota, certificate: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    secure.script = lambda _asked, _n: Reply({"name": "x" * 5000}, fault=fault)
    session = connect(SecretStr(TOKEN), secure.base, timeout_s=1.0)
    with pytest.raises(Unreachable):
        check_access(session, quota, ORG, retry=ONCE)
    assert len(secure.asked) <= 1  # a handshake may be what times out; never a second attempt
