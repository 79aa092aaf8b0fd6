"""The token file: what is kept, what is refused."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta

import pytest

from mistwan_dagster.api.tokens import TokenFile, digest, end_of_life
from mistwan_dagster.errors import UserError

NOW = datetime(2025, 3, 10, 12, 20, tzinfo=UTC)


def test_only_the_hash_is_kept_in_a_file_of_the_owners(tokens: TokenFile) -> None:
    made = tokens.add("reader", ["read:all"], NOW, end_of_life(NOW, 30))
    assert made.startswith("mistwan_")
    assert len(made) > 50
    text = tokens.path.read_text()
    assert made not in text
    assert digest(made) in text
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    (kept,) = tokens.tokens()
    assert (kept.name, kept.expires) == ("reader", NOW + timedelta(days=30))
    assert tokens.find(made, NOW) == kept
    assert tokens.find(made, NOW + timedelta(days=30)) is None
    assert tokens.find(digest(made), NOW) is None


@pytest.mark.parametrize(
    ("name", "scopes", "words"),
    [
        ("reader", ["read:all"], "there is a token 'reader' already"),
        (
            "other",
            ["read:everything"],
            "scope 'read:everything' opens nothing: choose of read:all, read:facts",
        ),
        ("other", ["fact_circuit_hour", "write:all"], "scope 'write:all'"),
        ("a\nb", ["read:all"], "--name: "),
    ],
)
def test_what_cannot_be_meant_is_refused(tokens: TokenFile, name: str, scopes: list[str], words: str) -> None:
    tokens.add("reader", ["read:all"], NOW, None)
    with pytest.raises(UserError) as raised:
        tokens.add(name, scopes, NOW, None)
    assert words in str(raised.value)
    assert raised.value.exit_code == 2
    assert len(tokens.tokens()) == 1


def test_revoking_names_what_there_is(tokens: TokenFile) -> None:
    tokens.add("reader", ["read:facts"], NOW, None)
    with pytest.raises(UserError, match="there is no token 'raeder'; known are reader"):
        tokens.revoke("raeder")
    tokens.revoke("reader")
    assert tokens.tokens() == []
    assert tokens.exists  # so that the API stays closed


def test_a_file_that_is_none_is_named(tokens: TokenFile) -> None:
    tokens.path.write_text('{"tokens": [{"name": "x", "sha256": "no"}]}')
    with pytest.raises(UserError, match=r"tokens\.json is no token file \(tokens\.0\.sha256: "):
        tokens.tokens()
