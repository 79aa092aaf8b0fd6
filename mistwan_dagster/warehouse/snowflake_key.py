"""The private key that signs in to Snowflake: read and checked before anything is sent. It is never printed."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from mistwan_dagster.errors import UserError


def read_key(path: Path | None, text: str | None, passphrase: str | None) -> str:
    """The key as unencrypted PKCS 8 PEM, from a file or from a text (PEM or base64 of one).

    Raises UserError naming the setting: no such file, no key, passphrase missing or wrong.
    """
    setting = f"SNF_PRIVATE_KEY_FILE {path}" if path else "SNF_PRIVATE_KEY"
    try:
        data = path.expanduser().read_bytes() if path else _pem(text or "")
    except OSError as error:
        raise UserError(f"{setting} cannot be read: {error.strerror}", exit_code=2) from None
    try:
        key = serialization.load_pem_private_key(data, passphrase.encode() if passphrase else None)
    except TypeError:
        wrong = "has no passphrase, unset" if passphrase else "has a passphrase, set"
        raise UserError(f"{setting} {wrong} SNF_PRIVATE_KEY_PASSPHRASE", exit_code=2) from None
    except ValueError:
        hint = "or the passphrase is wrong" if passphrase else "it begins with -----BEGIN PRIVATE KEY-----"
        raise UserError(f"{setting} is no private key in PEM: {hint}", exit_code=2) from None
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _pem(text: str) -> bytes:
    """Text of a setting: PEM, PEM with `\\n` for newlines, or base64 of it."""
    if "-----BEGIN" in text:
        return text.replace("\\n", "\n").encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()
