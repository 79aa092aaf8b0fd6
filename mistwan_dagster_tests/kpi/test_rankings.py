"""The worst circuits, in a fixed order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_ROLLING_13M,
    RPT_TOP_OFFENDERS,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.rankings import MEASURES_RANKED, rankable, top, top_offenders

START = datetime(2025, 3, 1, tzinfo=UTC)


def figures(measure: str, values: dict[str, float | None]) -> pl.LazyFrame:
    rows = [{"circuit_id": c, "site_id": "s", measure: v, "observed_hours": 24} for c, v in values.items()]
    schema = AGG_CIRCUIT_PERIOD.schema
    names = ("circuit_id", "site_id", measure, "observed_hours")
    return AGG_CIRCUIT_PERIOD.conform(pl.LazyFrame(rows, schema={n: schema[n] for n in names}))


def ranked(measure: str, values: dict[str, float | None], n: int = 10) -> list[tuple[Any, ...]]:
    return top(figures(measure, values), measure, n).select("rank", "circuit_id", "value").collect().rows()


def test_the_highest_is_the_worst_and_ties_stand_by_circuit() -> None:
    values = {"d": 50.0, "b": 90.0, "a": 50.0, "c": 95.0}
    assert ranked("utilization_p95_pct", values, 3) == [(1, "c", 95.0), (2, "b", 90.0), (3, "a", 50.0)]


def test_of_availability_the_lowest_is_the_worst() -> None:
    assert ranked("availability_pct", {"a": 99.0, "b": 0.0, "c": None}) == [(1, "b", 0.0), (2, "a", 99.0)]


def test_unknown_is_left_out_and_counted() -> None:
    found = top(figures("latency_avg_ms", {"a": None, "b": 5.0, "c": None}), "latency_avg_ms", 10).collect()
    assert found.select("circuit_id", "known_circuits", "unknown_circuits").rows() == [("b", 1, 2)]


def test_counts_are_ranked_too_and_what_is_no_figure_is_refused() -> None:
    assert ranked("flap_count", {"a": 0, "b": 7}) == [(1, "b", 7.0), (2, "a", 0.0)]
    assert {"down_minutes", "unknown_minutes", "loss_high_run_hours"} <= set(MEASURES_RANKED)
    for measure in ("observed_hours", "site_id", "speed"):
        with pytest.raises(UserError, match=f"{measure} cannot be ranked: choose one of utilization_avg_pct"):
            top(figures("flap_count", {"a": 1}), measure, 3)


def test_a_figure_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(UserError, match="utilization_p95_pct cannot be ranked"):
        top(AGG_CIRCUIT_ROLLING_13M.empty().lazy(), "utilization_p95_pct", 3)


def test_the_report_holds_every_figure_of_every_stretch() -> None:
    day = figures("flap_count", {c: i for i, c in enumerate("abc")}).collect()
    months = AGG_CIRCUIT_ROLLING_13M.conform(figures("flap_count", {"a": 1}).collect().lazy()).collect()
    found = top_offenders([("day", START, day), ("13m", START, months)], n=2)
    assert violations(found.lazy(), RPT_TOP_OFFENDERS) == {}
    flaps = found.filter(measure="flap_count").select(
        "period", "rank", "circuit_id", "value", "known_circuits"
    )
    assert flaps.rows() == [("13m", 1, "a", 1.0, 1), ("day", 1, "c", 2.0, 3), ("day", 2, "b", 1.0, 3)]
    assert set(rankable(AGG_CIRCUIT_ROLLING_13M)) < set(MEASURES_RANKED)
    assert top_offenders([]).schema == RPT_TOP_OFFENDERS.schema


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.sampled_from([None, 0.0, 1.0, 2.5, 99.9])),
    st.integers(1, 8),
    st.sampled_from(["utilization_max_pct", "availability_pct"]),
)
def test_the_order_equals_a_plain_sort(values: dict[str, float | None], n: int, measure: str) -> None:
    sign = 1 if measure == "availability_pct" else -1
    known = sorted((sign * v, c) for c, v in values.items() if v is not None)
    assert ranked(measure, values, n) == [(i, c, abs(v)) for i, (v, c) in enumerate(known[:n], start=1)]
