"""Faults that can be switched on: what a real cloud and the way to it do now and then.

Belongs here: which fault strikes a request, and what it does to an answer. Does not belong here: honest
answers.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

KINDS = (
    "rate_limit",
    "error_500",
    "html_502",
    "drop_mid_body",
    "stall",
    "duplicate_rows",
    "repeated_page",
    "malformed_json",
)
OPTIONS = {"stall_seconds": 5.0, "retry_after_s": 1.0, "seed": 0}

HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Strike:
    """The faults that hit one request."""

    kinds: frozenset[str]

    def __contains__(self, kind: str) -> bool:
        return kind in self.kinds


NONE = Strike(frozenset())


class Faults:
    """Probabilities per request and fault. `counts` tells how often each struck.

    Options: `stall_seconds` (how long a stalled answer is held), `retry_after_s` (of an injected 429),
    `seed` (the lottery starts again when it is set).
    """

    def __init__(self, **settings: float) -> None:
        self.probability: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        self.options: dict[str, float] = dict(OPTIONS)
        self.counts: Counter[str] = Counter()
        self._rng = random.Random(0)
        self.set(**settings)

    def set(self, **settings: float) -> None:
        """Change some settings, keep the others. ValueError names an unknown one or a bad probability."""
        for name, value in settings.items():
            if name not in KINDS and name not in OPTIONS:
                raise ValueError(f"unknown fault: {name}")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name} must be a number from 0")
            if name in KINDS and value > 1:
                raise ValueError(f"{name} must be a probability")
        for name, value in settings.items():
            (self.probability if name in KINDS else self.options)[name] = value
        if "seed" in settings:
            self._rng = random.Random(int(settings["seed"]))

    def clear(self) -> None:
        """Switch all off; counts stay."""
        self.probability = dict.fromkeys(KINDS, 0.0)

    def draw(self) -> Strike:
        """The faults of the next request."""
        if not any(self.probability.values()):
            return NONE
        return Strike(frozenset(k for k in KINDS if self._rng.random() < self.probability[k]))

    def count(self, kind: str) -> None:
        """Note that a fault took effect."""
        self.counts[kind] += 1

    def describe(self) -> dict[str, Any]:
        """Settings and counts."""
        return {**self.probability, **self.options, "counts": dict(self.counts)}

    def duplicate(self, rows: list[Any]) -> list[Any]:
        """The rows with some of them twice."""
        doubled: list[Any] = []
        for k, row in enumerate(rows):
            doubled += [row, row] if k == 0 or self._rng.random() < 0.1 else [row]
        return doubled
