"""What a view is: a name, a meaning and one SELECT that both backends understand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A declared view."""

    name: str
    meaning: str
    sql: str
    key: tuple[str, ...] = ()
    """Columns that tell its rows apart; empty: all of them together."""
