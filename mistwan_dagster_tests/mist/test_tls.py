"""https: certificates are checked, a private CA is taken from REQUESTS_CA_BUNDLE, and time-outs hold there too."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from mistwan_dagster.mist.call import Retry
from mistwan_dagster.mist.errors import Unreachable
from mistwan_dagster.mist.probe import check_access
from mistwan_dagster.mist.quota import SqliteQuota
from mistwan_dagster.mist.session import connect

from .conftest import ORG, TOKEN, Cloud, Reply

ONCE = Retry(attempts=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    signed = builder.sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path.write_bytes(
        signed.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


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
