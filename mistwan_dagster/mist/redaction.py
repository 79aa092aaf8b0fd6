"""What must never be kept, whatever an answer holds: values under keys that name credentials.

Belongs here: the names and the removal. Does not belong here: which fields a table has.
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Any

SENSITIVE = re.compile(
    r"password|passwd|passphrase|secret|token|psk|private_?key|api_?key|credential|claim_?code|^magic$"
    r"|pre_?shared|auth(entication)?_?key|encryption_?key",
    re.IGNORECASE,
)
DEEPEST = 40
"""Levels of nesting that are kept; what lies deeper becomes null."""


def is_sensitive(key: str, secrets: Set[str] = frozenset()) -> bool:
    """Whether values under this key are dropped: its name tells a credential, or the endpoint declares it."""
    return key in secrets or SENSITIVE.search(key) is not None


def without_secrets(value: Any, secrets: Set[str] = frozenset(), depth: int = 0) -> Any:
    """A copy of parsed JSON without sensitive keys, at every level."""
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        return {
            key: without_secrets(inner, secrets, depth + 1)
            for key, inner in value.items()
            if not is_sensitive(key, secrets)
        }
    if isinstance(value, list):
        return [without_secrets(inner, secrets, depth + 1) for inner in value]
    return value
