"""Figures in words: unknown is a dash, and 100 % only for all of it."""

from __future__ import annotations

import pytest

from mistwan_dagster.wording import counted, duration, number, percent


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (None, 1, "–"), (0.0, 1, "0.0 %"), (99.96, 0, "99.9 %"), (99.99999, 3, "99.999 %"), (100.0, 3, "100.000 %"),
        (100 * 2.4 / 3, 1, "80.0 %"),  # 79.99999999999999 in binary
        (1234.5, 0, "1,234 %"),
    ],
)  # fmt: skip
def test_percentages_are_rounded_down_but_not_by_noise(value: float | None, digits: int, words: str) -> None:
    assert percent(value, digits) == words


def test_unknown_is_a_dash_and_counts_agree_with_their_noun() -> None:
    assert (number(None), duration(None), number(0.0), duration(0.0)) == ("–", "–", "0", "0 min")
    assert (counted(1, "circuit"), counted(0, "circuit"), counted(1200, "city", "cities")) == (
        "1 circuit", "0 circuits", "1,200 cities",
    )  # fmt: skip
