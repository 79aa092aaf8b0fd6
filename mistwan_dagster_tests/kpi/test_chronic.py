"""Bad days, counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, RPT_CHRONIC_OFFENDERS
from mistwan_dagster.kpi.chronic import ChronicRule, chronic_offenders
from mistwan_dagster.kpi.contract import violations

AS_OF = datetime(2025, 3, 10, tzinfo=UTC)
DEFAULT = ChronicRule()


def day(before: int, circuit: str = "a", **figures: Any) -> dict[str, Any]:
    """The day that ended `before - 1` days before AS_OF; quiet unless told otherwise."""
    quiet = {
        "utilization_high_hours": 0,
        "utilization_warning_hours": 0,
        "flap_count": 0,
        "availability_pct": 100.0,
    }
    place = {"site_id": "s", "circuit_id": circuit, "region": "North", "period": "day"}
    return {**place, **quiet, "period_start_utc": AS_OF - timedelta(days=before), **figures}


def offenders(rows: list[dict[str, Any]], rule: ChronicRule = DEFAULT) -> list[dict[str, Any]]:
    days = AGG_CIRCUIT_PERIOD.conform(
        pl.LazyFrame(rows, schema={k: AGG_CIRCUIT_PERIOD.schema[k] for k in rows[0]})
    )
    found = chronic_offenders(days, AS_OF, rule)
    assert violations(found, RPT_CHRONIC_OFFENDERS) == {}
    return found.collect().to_dicts()


def test_three_bad_days_of_seven_make_an_offender_and_hours_do_not() -> None:
    rows = [day(i, utilization_high_hours=1 if i in (1, 4, 7) else 0) for i in range(1, 8)]
    rows += [day(i, "b", utilization_high_hours=24 if i in (1, 2) else 0) for i in range(1, 8)]
    (row,) = offenders(rows)
    assert (row["circuit_id"], row["reason"], row["limit_level"]) == ("a", "utilization", "high")
    assert (row["bad_days"], row["observed_days"], row["window_days"]) == (3, 7, 7)
    assert row["last_bad_day_utc"] == AS_OF - timedelta(days=1)


def test_only_the_last_days_count_and_no_other_period() -> None:
    rows = [day(i, flap_count=1) for i in (1, 2, 8, 9)]
    rows += [day(0, flap_count=1), day(3, flap_count=9, period="week")]
    assert offenders(rows) == []
    assert [r["bad_days"] for r in offenders(rows, ChronicRule(window_days=9))] == [4]


def test_flaps_availability_and_each_measure_are_reasons_of_their_own() -> None:
    bad = {"flap_count": 4, "availability_pct": 99.4, "utilization_high_hours": 2}
    found = offenders([day(i, loss_high_hours=1, **bad) for i in (1, 2, 3)])
    assert [(r["reason"], r["limit_value"], r["limit_level"]) for r in found] == [
        ("availability", 99.5, None), ("flaps", 1, None), ("loss", None, "high"), ("utilization", None, "high"),
    ]  # fmt: skip


def test_on_the_target_is_not_under_it_and_the_level_and_flaps_are_settings() -> None:
    rows = [day(i, availability_pct=99.5, utilization_warning_hours=3, flap_count=2) for i in (1, 2, 3)]
    assert [r["reason"] for r in offenders(rows)] == ["flaps"]
    assert [r["reason"] for r in offenders(rows, ChronicRule(level="warning", flaps=3))] == ["utilization"]
    assert [r["reason"] for r in offenders(rows, ChronicRule(flaps=3, availability_pct=99.9))] == [
        "availability"
    ]


def test_an_unobserved_day_is_neither_bad_nor_good() -> None:
    unknown = {"flap_count": None, "availability_pct": None, "utilization_high_hours": None}
    rows = [day(i, **unknown) if i > 4 else day(i, flap_count=1) for i in range(1, 8)]
    (row,) = offenders(rows)
    assert (row["bad_days"], row["observed_days"]) == (4, 4)
    assert offenders([day(i, **unknown) for i in range(1, 8)]) == []


def test_region_and_role_are_those_of_the_last_day() -> None:
    rows = [day(i, flap_count=1, region="South" if i == 1 else "North") for i in (3, 1, 2)]
    assert [r["region"] for r in offenders(rows)] == ["South"]


@pytest.mark.parametrize("bad_days", [1, 3])
@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(-2, 12)), st.sampled_from([None, 0, 1, 5]))
)
def test_days_are_counted_as_a_plain_loop_counts(bad_days: int, values: dict) -> None:
    rows = [day(before, c, flap_count=flaps) for (c, before), flaps in values.items()] or [day(99)]
    found = {
        r["circuit_id"]: r for r in offenders(rows, ChronicRule(bad_days=bad_days)) if r["reason"] == "flaps"
    }
    for circuit in "ab":
        seen = [v for (c, before), v in values.items() if c == circuit and 1 <= before <= 7 and v is not None]
        bad = sum(v >= 1 for v in seen)
        assert (circuit in found) == (bad >= bad_days)
        if circuit in found:
            assert (found[circuit]["bad_days"], found[circuit]["observed_days"]) == (bad, len(seen))
