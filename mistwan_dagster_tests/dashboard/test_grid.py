import functools
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.grid import RowRequest, count_rows, recent, rows
from mistwan_dagster_tests.dashboard.made import NEWEST, published

NAMES = ["Alpha", "alpha_2", "100%", "b!c", None]
VALUES = [None, 0.0, 1.5, 70.0, 100.0]
DAYS = [datetime(2025, 3, d, h) for d in (1, 2, 3) for h in (0, 23)]
TABLE = "fact_circuit_hour"


def made_rows() -> list[dict[str, Any]]:
    return [
        {"site_id": f"s{i % 3}", "circuit_id": f"c{i}", "hour_utc": DAYS[i % len(DAYS)],
         "region": NAMES[i % len(NAMES)], "utilization_pct": VALUES[(i * 3) % len(VALUES)],
         "counter_reset": [True, False, None][i % 3]}
        for i in range(40)
    ]  # fmt: skip


@functools.cache
def data() -> Published:
    return published(Path(tempfile.mkdtemp()), {TABLE: made_rows()})


def text_passes(kind: str, value: str | None, wanted: str) -> bool:
    """AG Grid's own meaning: case does not matter, null passes what is negated."""
    if kind == "blank":
        return value is None
    if kind == "notBlank":
        return value is not None
    if value is None:
        return kind.startswith("not")
    low, want = value.lower(), wanted.lower()
    return {
        "contains": want in low, "notContains": want not in low, "equals": low == want, "notEqual": low != want,
        "startsWith": low.startswith(want), "endsWith": low.endswith(want),
    }[kind]  # fmt: skip


TEXT_KINDS = ["contains", "notContains", "equals", "notEqual", "startsWith", "endsWith", "blank", "notBlank"]


@given(st.sampled_from(TEXT_KINDS), st.sampled_from(["a", "%", "_", "!", "ALPHA", "alpha_2", "'; --"]))
@settings(deadline=None)
def test_text_filters_mean_what_the_grid_says(kind: str, wanted: str) -> None:
    request = RowRequest({"region": {"filterType": "text", "type": kind, "filter": wanted}})
    expected = sum(text_passes(kind, row["region"], wanted) for row in made_rows())
    assert count_rows(data(), TABLE, request) == expected


@given(
    st.sampled_from(
        ["equals", "notEqual", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"]
    ),
    st.sampled_from([-1.0, 0.0, 70.0, 1000.0]),
)
@settings(deadline=None)
def test_number_filters_never_pass_an_unknown_value(kind: str, wanted: float) -> None:
    passes = {
        "equals": lambda v: v == wanted, "notEqual": lambda v: v != wanted, "lessThan": lambda v: v < wanted,
        "lessThanOrEqual": lambda v: v <= wanted, "greaterThan": lambda v: v > wanted,
        "greaterThanOrEqual": lambda v: v >= wanted,
    }[kind]  # fmt: skip
    request = RowRequest({"utilization_pct": {"filterType": "number", "type": kind, "filter": wanted}})
    known = [row["utilization_pct"] for row in made_rows() if row["utilization_pct"] is not None]
    assert count_rows(data(), TABLE, request) == sum(passes(v) for v in known)


@pytest.mark.parametrize(
    ("model", "days"),
    [
        ({"type": "equals", "dateFrom": "2025-03-02 00:00:00"}, {2}),
        ({"type": "notEqual", "dateFrom": "2025-03-02 00:00:00"}, {1, 3}),
        ({"type": "lessThan", "dateFrom": "2025-03-02"}, {1}),
        ({"type": "greaterThan", "dateFrom": "2025-03-02"}, {3}),
        ({"type": "inRange", "dateFrom": "2025-03-01", "dateTo": "2025-03-02"}, {1, 2}),
        ({"operator": "OR", "conditions": [{"type": "equals", "dateFrom": "2025-03-01"},
                                           {"type": "equals", "dateFrom": "2025-03-03"}]}, {1, 3}),
        ({"operator": "AND", "conditions": [{"type": "greaterThan", "dateFrom": "2025-03-01"},
                                            {"type": "lessThan", "dateFrom": "2025-03-03"}]}, {2}),
        ({"type": "equals", "dateFrom": "someday"}, {1, 2, 3}),
    ],
)  # fmt: skip
def test_date_filters_take_whole_days(model: dict[str, Any], days: set[int]) -> None:
    request = RowRequest({"hour_utc": {"filterType": "date", **model}})
    found = rows(data(), TABLE, request, 0, 100)
    assert set(found["hour_utc"].dt.day()) == days
    assert found.height == sum(row["hour_utc"].day in days for row in made_rows())


def test_truth_values_and_ranges_of_numbers_can_be_filtered() -> None:
    yes = RowRequest({"counter_reset": {"filterType": "text", "type": "equals", "filter": "true"}})
    assert set(rows(data(), TABLE, yes, 0, 100)["counter_reset"]) == {True}
    between = RowRequest(
        {"utilization_pct": {"filterType": "number", "type": "inRange", "filter": 0, "filterTo": 70}}
    )
    assert set(rows(data(), TABLE, between, 0, 100)["utilization_pct"]) == {0.0, 1.5, 70.0}


def test_conditions_on_unknown_columns_and_of_unknown_kinds_are_none() -> None:
    odd = RowRequest.read(
        {"1=1; DROP TABLE x": {"type": "equals", "filter": "a"}, "region": {"type": "sounds like", "filter": "a"},
         "utilization_pct": {"type": "equals", "filter": "many"}, "site_id": "a"},
        [{"colId": "(SELECT 1)", "sort": "asc"}, "x"],
    )  # fmt: skip
    assert rows(data(), TABLE, odd, 0, 100).height == 40
    assert RowRequest.read("x", {"a": 1}) == RowRequest()


@given(
    st.sampled_from(["region", "utilization_pct", "site_id", "hour_utc"]),
    st.sampled_from(["asc", "desc"]),
    st.integers(7, 17),
)
@settings(deadline=None, max_examples=15)
def test_blocks_hold_every_row_once_in_order_with_null_last(column: str, way: str, size: int) -> None:
    request = RowRequest({}, ({"colId": column, "sort": way},))
    blocks = [rows(data(), TABLE, request, start, size) for start in range(0, 40, size)]
    whole = pl.concat(blocks)
    assert sorted(whole["circuit_id"]) == sorted(row["circuit_id"] for row in made_rows())
    known = whole[column].drop_nulls().to_list()
    assert known == sorted(known, reverse=way == "desc")
    assert whole[column].head(len(known)).null_count() == 0


def test_a_table_with_a_span_opens_with_its_newest_days() -> None:
    assert recent("dim_site", NEWEST) == {}
    assert recent("v_site_now", NEWEST) == {}
    model = recent(TABLE, NEWEST)["hour_utc"]
    assert (model["dateFrom"], model["dateTo"]) == ("2025-03-09", "2025-03-10")
    begin = NEWEST - timedelta(days=40)
    assert recent("agg_circuit_period", NEWEST)["period_start_utc"]["dateFrom"] == f"{begin:%Y-%m-%d}"


def test_an_undeclared_table_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(KeyError):
        count_rows(data(), "dim_site; SELECT 1", RowRequest())
