"""What tests need of the machine: without it they are skipped, except in CI, where that is a failure."""

from __future__ import annotations

import os
import shutil

import pytest


def require(found: object, lack: str) -> None:
    """Skip the test, or in CI fail it, when `found` is nothing."""
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{lack} is not on this machine")


def binary(name: str) -> str:
    """Path of a program."""
    path = shutil.which(name)
    require(path, name)
    return str(path)
