"""Breaches of measures by the hour: hand-worked, and against a plain loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import LEVELS, SEVERITIES
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.alerts_file import AlertRule
from mistwan_dagster.kpi.alerts_hours import READING, hour_readings

END = datetime(2025, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULE = AlertRule("quality", ("loss",), {"high": 3 * HOUR, "critical": 2 * HOUR}, 2 * HOUR)
WORD = {"n": "normal", "w": "warning", "h": "high", "c": "critical", "?": None}


def facts(told: dict[str, str], measure: str = "loss") -> pl.LazyFrame:
    """circuit -> a letter an hour up to END; a space is an hour without a row."""
    rows: list[dict[str, Any]] = [
        {"site_id": "s", "circuit_id": circuit, "hour_utc": END - (len(hours) - i) * HOUR,
         f"{measure}_severity": WORD[letter], "loss_avg_pct": float(i)}
        for circuit, hours in told.items()
        for i, letter in enumerate(hours)
        if letter != " "
    ]  # fmt: skip
    return pl.LazyFrame(rows, schema=FACT_CIRCUIT_HOUR.schema)


def read(hours: str, rule: AlertRule = RULE) -> tuple[str | None, bool | None, int | None]:
    (row,) = hour_readings(facts({"a": hours}), [rule], END).to_dicts()
    lasts = None if row["since_utc"] is None else (END - row["since_utc"]) // HOUR
    return row["severity"], row["recovered"], lasts


def test_a_breach_has_to_last() -> None:
    assert read("nnhh") == (None, False, 2)
    assert read("nhhh") == ("high", False, 3)
    assert read("nhhc") == ("high", False, 3)
    assert read("nncc") == ("critical", False, 2)
    assert read("hhhcc") == ("critical", False, 5)


def test_a_lower_severity_than_the_rule_names_is_no_breach() -> None:
    assert read("wwww") == (None, True, None)


def test_what_is_unknown_neither_opens_nor_closes() -> None:
    assert read("hh?") == (None, False, None)
    assert read("h?hh") == (None, False, 2)
    assert read("hh h") == (None, False, 1)
    assert read("hhhh ") == (None, False, None)
    assert read("nn?") == (None, False, None)
    assert read("n?n") == (None, False, None)


def test_it_is_over_after_hours_in_a_row_below() -> None:
    assert read("hhhn") == (None, False, None)
    assert read("hhhnw") == (None, True, None)
    assert read("hhnhn") == (None, False, None)


def test_the_value_is_that_of_the_newest_hour_and_rules_by_the_minute_have_no_reading() -> None:
    live = AlertRule("outage", ("down",), {"high": HOUR}, HOUR)
    frame = hour_readings(facts({"b": "hhh", "a": "n"}), [live, RULE], END)
    assert frame.schema == pl.Schema(READING)
    assert frame.select("rule", "signal", "subject", "value").rows() == [
        ("quality", "loss", "a", 0.0),
        ("quality", "loss", "b", 2.0),
    ]
    assert hour_readings(facts({"a": "h"}), [live], END).is_empty()


def test_hours_that_are_not_over_are_not_read() -> None:
    (row,) = hour_readings(facts({"a": "hhhn"}), [RULE], END - HOUR).to_dicts()
    assert row["severity"] == "high"


def plainly(hours: str, rule: AlertRule) -> tuple[str | None, bool]:
    lowest = min(LEVELS.index(level) for level in rule.after)

    def in_a_row(good) -> int:
        count = 0
        for letter in reversed(hours):
            if letter in " ?" or not good(SEVERITIES.index(WORD[letter])):
                break
            count += 1
        return count

    severity = None
    for rank, level in enumerate(LEVELS):
        least = rank + 1
        if level in rule.after and in_a_row(lambda s, least=least: s >= least) >= rule.after[level] // HOUR:
            severity = level
    return severity, in_a_row(lambda s: s < lowest + 1) >= rule.recovered_after // HOUR


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text("nwhc? ", min_size=1, max_size=12).map(lambda t: t + "n"), min_size=1, max_size=4),
    st.dictionaries(st.sampled_from(LEVELS), st.integers(1, 5), min_size=1),
    st.integers(1, 4),
    st.sampled_from([0, 1]),
)
def test_it_is_what_a_plain_loop_finds(told: list[str], after: dict[str, int], over: int, cut: int) -> None:
    hours = {f"c{i}": text[: len(text) - cut] for i, text in enumerate(told)}
    rule = AlertRule("r", ("loss",), {level: n * HOUR for level, n in after.items()}, over * HOUR)
    found = hour_readings(facts(hours), [rule], END)
    expected = {c: plainly(text, rule) for c, text in hours.items() if text.strip()}
    assert {r["subject"]: (r["severity"], r["recovered"]) for r in found.to_dicts()} == expected
