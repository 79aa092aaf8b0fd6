"""Tokens of the API: a file of their hashes, with names, scopes and an end. The token itself is shown once.

A token is 256 random bits, so that its plain SHA-256 tells nothing of it. The file is read again when it changes: a
token that is revoked ends at once. Belongs here: the file and the check. Does not belong here: HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from mistwan_dagster.api.catalog import GROUPS, NAMES, OPERATIONS, group_of
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import replace_file

PREFIX = "mistwan_"
"""Lets secret scanners find a token that leaked."""
ALL = "read:all"
SCOPES = (ALL, *(f"read:{group}" for group in (*GROUPS.values(), OPERATIONS)))
LOCK_PATIENCE_S = 10


class Token(BaseModel):
    """What is kept of a token."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w.@ -]+$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    scopes: list[str] = Field(min_length=1)
    created: AwareDatetime
    expires: AwareDatetime | None = None

    def may_read(self, name: str) -> bool:
        """Whether a scope opens the table or view: all, its group, or itself (`read:fact_circuit_hour`)."""
        return not {ALL, f"read:{group_of(name)}", f"read:{name}"}.isdisjoint(self.scopes)


class _File(BaseModel):
    tokens: list[Token] = Field(default_factory=list)


def digest(token: str) -> str:
    """What is kept instead of the token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def check_scopes(scopes: list[str]) -> None:
    """Raises UserError (exit 2) naming a scope that opens nothing."""
    for scope in scopes:
        if scope not in SCOPES and scope.removeprefix("read:") not in NAMES:
            raise UserError(
                f"scope {scope!r} opens nothing: choose of {', '.join(SCOPES)}, or read:NAME of one table or view",
                exit_code=2,
            )


class TokenFile:
    """The tokens that are in force. A file that is gone holds none; one that cannot be read opens nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int], list[Token]] | None = None

    @property
    def exists(self) -> bool:
        """Whether a token was ever made here, also when all were revoked."""
        return self.path.exists()

    def tokens(self) -> list[Token]:
        """All tokens of the file, expired ones too. Raises UserError naming the file when it cannot be read."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {error.strerror}") from None
        mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        with self._lock:
            if self._read is None or self._read[0] != mark:
                self._read = (mark, self._parse())
            return self._read[1]

    def _parse(self) -> list[Token]:
        try:
            return _File.model_validate_json(self.path.read_bytes()).tokens
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise UserError(
                f"{self.path} is no token file ({where}: {first['msg']}): mend it, or move it away and make new "
                "tokens with `mistwan api token`"
            ) from None
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {error.strerror}") from None

    def find(self, token: str, now: datetime) -> Token | None:
        """The token in force that was presented. Takes the same time whichever it is, or none."""
        told, found = digest(token), None
        for known in self.tokens():
            if hmac.compare_digest(known.sha256, told):
                found = known
        return found if found and (found.expires is None or now < found.expires) else None

    def add(self, name: str, scopes: list[str], now: datetime, expires: datetime | None) -> str:
        """Make a token and keep its hash; returns the token. Raises UserError for a name in use or unknown scopes."""
        check_scopes(scopes)
        token = PREFIX + secrets.token_urlsafe(32)
        try:
            made = Token(name=name, sha256=digest(token), scopes=scopes, created=now, expires=expires)
        except ValidationError as error:
            raise UserError(f"--name: {error.errors()[0]['msg']}", exit_code=2) from None
        with self._changing() as tokens:
            if any(t.name == name for t in tokens):
                raise UserError(
                    f"there is a token {name!r} already: revoke it first, or choose another name", 2
                )
            tokens.append(made)
        return token

    def revoke(self, name: str) -> None:
        """Take a token out of the file. Raises UserError (exit 2) when there is none of that name."""
        with self._changing() as tokens:
            if not any(t.name == name for t in tokens):
                known = ", ".join(t.name for t in tokens) or "none"
                raise UserError(f"there is no token {name!r}; known are {known}", exit_code=2)
            tokens[:] = [t for t in tokens if t.name != name]

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """One writer at a time; what is left of the list is written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=LOCK_PATIENCE_S):
                tokens = list(self.tokens())
                yield tokens
                told = {"tokens": [t.model_dump(mode="json") for t in tokens]}
                replace_file(self.path, lambda target: _write_private(told, target))
        except Timeout:
            raise UserError(f"{self.path} is being changed by another process: try again") from None


def _write_private(value: Any, target: Path) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)


def end_of_life(now: datetime, days: int | None) -> datetime | None:
    """When a token of so many days ends, in whole seconds; None: it does not."""
    return None if days is None else (now + timedelta(days=days)).astimezone(UTC).replace(microsecond=0)
