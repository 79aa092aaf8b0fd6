"""What Snowflake refuses is one line that names the mend and holds no secret."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mistwan_dagster.errors import UserError
from mistwan_dagster.orchestration.warehouses import open_reader, open_warehouse, snowflake_resource
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests.warehouse.fake_snowflake import Proxy

Make = Callable[..., Settings]
SECRET = "not-a-real-one"


@pytest.mark.parametrize(
    ("at_sign_in", "code", "message", "mend"),
    [
        (True, "390100", "Incorrect username or password was specified.", "check SNF_USER"),
        (True, "390144", "JWT token is invalid.", "SET RSA_PUBLIC_KEY"),
        (
            True,
            "390189",
            "Role 'X' specified in the connect string is not granted to this user.",
            "set SNF_ROLE",
        ),
        (True, "390201", "The requested account does not exist or not authorized.", "check SNF_ACCOUNT"),
        (
            False,
            "003001",
            "SQL access control error: Insufficient privileges to operate on table",
            "set SNF_ROLE",
        ),
        (
            False,
            "002003",
            "SQL compilation error: Schema 'D.S' does not exist or not authorized.",
            "warehouse init",
        ),
        (False, "000606", "No active warehouse selected in the current session.", "check SNF_WAREHOUSE"),
        (False, "090073", "Warehouse 'W' cannot be resumed because resource monitor 'M' exceeded", "quota"),
    ],
)
def test_a_refusal_names_its_mend(
    snowflake_settings: Make, snowflake_port: int, caplog: pytest.LogCaptureFixture,
    at_sign_in: bool, code: str, message: str, mend: str,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    with Proxy(snowflake_port).running() as proxy:
        proxy.refuse_sign_in = at_sign_in
        data = {"errorCode": code, "sqlState": "42501"}
        proxy.refusal = {"data": data, "code": code, "message": message, "success": False}
        with pytest.raises(UserError) as caught:
            _ = open_warehouse(snowflake_settings(proxy.port), "run").is_new
    assert mend in str(caught.value)
    assert message.split()[0] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value) + caplog.text


def test_an_account_that_cannot_be_reached(snowflake_settings: Make) -> None:
    with pytest.raises(UserError, match=r"cannot be reached.*SNF_ACCOUNT, SNF_HOST"):
        open_reader(snowflake_settings(port=9)).query("SELECT 1")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"snf_password": None}, "set exactly one of .* none is set"),
        ({"snf_authenticator": "externalbrowser"}, "SNF_PASSWORD and SNF_AUTHENTICATOR are set"),
        ({"snf_account": None}, "SNF_ACCOUNT is not set"),
        (
            {"snf_password": None, "snf_private_key_file": "/nowhere/key.p8"},
            "key.p8 cannot be read: No such file",
        ),
        ({"snf_password": None, "snf_private_key": "abc"}, "SNF_PRIVATE_KEY is no private key in PEM"),
    ],
)
def test_settings_that_cannot_sign_in(
    snowflake_settings: Make, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        open_warehouse(snowflake_settings(**changes), "run")
    assert caught.value.exit_code == 2


def test_a_key_with_a_passphrase_signs_in_and_is_not_shown(snowflake_settings: Make, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "key.p8"
    encrypted = serialization.BestAvailableEncryption(b"open sesame")
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encrypted)
    )
    by_key = {"snf_password": None, "snf_private_key_file": path}
    with pytest.raises(UserError, match="has a passphrase, set SNF_PRIVATE_KEY_PASSPHRASE"):
        open_warehouse(snowflake_settings(**by_key), "run")
    with pytest.raises(UserError, match="or the passphrase is wrong"):
        open_warehouse(snowflake_settings(**by_key, snf_private_key_passphrase="wrong"), "run")
    settings = snowflake_settings(**by_key, snf_private_key_passphrase="open sesame")
    assert open_reader(settings).version() in (None, *range(100))
    assert "sesame" not in repr(settings)
    assert "sesame" not in snowflake_resource(settings, "tag").model_dump_json()
