"""The order of the tests: first those that start many servers and processes.

Two workers share the tests; a module that takes a minute, met at the end, would let one of them wait for the other.
"""

from __future__ import annotations

from pathlib import Path

import pytest

LONG = {"end_to_end", "deployment"}
"""Folders of tests that take seconds to a minute each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the order within a module, on which its fixtures depend for their speed."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONG)
