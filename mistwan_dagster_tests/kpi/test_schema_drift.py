"""Profiles of a day's rows and what differs between days, with values worked out by hand."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoints import PORT_STATS, SITES
from mistwan_dagster.catalog.schema_drift import RPT_SCHEMA_DRIFT
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.schema_drift import (
    PROFILE_SCHEMA,
    drift,
    field_profile,
    merge_profiles,
    refusal_profile,
)

MONDAY = date(2025, 1, 6)
AT = datetime(2025, 1, 6, 10, 5, tzinfo=UTC)
TODAY = MONDAY + timedelta(days=9)


def ports(*extras: dict[str, Any] | None, at: datetime = AT, **told: Any) -> pl.DataFrame:
    rows = [
        {"mac": "aa", "received_at": at, "extra": json.dumps(e) if e is not None else None, **told}
        for e in extras
    ]
    return pl.DataFrame(rows, schema=PORT_STATS.schema)


def undeclared(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    found = field_profile(frame, PORT_STATS, MONDAY).filter(pl.col("met_as") == "undeclared")
    return sorted(found.select("field_path", "type", "row_count", "of_rows", "first_seen_utc").rows())


def test_a_profile_counts_undeclared_keys_by_type_with_their_first_arrival() -> None:
    later = AT + timedelta(minutes=5)
    page = pl.concat([
        ports({"a": 1, "b": None}, {"a": -2.5, "c": {"deep": 1}}, None),
        ports({"a": "x", "d": [1], "e": True}, {"e": False}, at=later),
    ])  # fmt: skip
    assert undeclared(page) == [
        ("a", "number", 2, 5, AT),
        ("a", "string", 1, 5, later),
        ("b", "null", 1, 5, AT),
        ("c", "object", 1, 5, AT),
        ("d", "array", 1, 5, later),
        ("e", "boolean", 2, 5, later),
    ]


def test_a_declared_field_that_no_row_tells_has_zero_rows_and_nested_ones_their_path() -> None:
    profile = field_profile(ports({}, {}, speed=1000.0, up=None), PORT_STATS, MONDAY)
    told = {r["field_path"]: (r["row_count"], r["type"]) for r in profile.iter_rows(named=True)}
    assert (told["speed"], told["up"], told["mac"]) == ((2, "number"), (0, "boolean"), (2, "string"))
    site = pl.DataFrame([{"id": "s", "lat": 1.0, "received_at": AT}], schema=SITES.schema)
    paths = {
        r[0]: r[1:]
        for r in field_profile(site, SITES, MONDAY).select("field_path", "row_count", "type").rows()
    }
    assert (paths["latlng.lat"], paths["latlng.lng"]) == ((1, "number"), (0, "number"))
    assert paths["sitegroup_ids"] == (0, "object or array")
    assert field_profile(ports(), PORT_STATS, MONDAY).is_empty()


def test_refusals_tell_field_and_type_and_keys_without_value() -> None:
    refused = pl.DataFrame(
        {
            "walked_at": [AT + timedelta(minutes=5), AT, AT, AT, AT],
            "reason": [
                "speed: string where a number is expected",
                "speed: string where a number is expected",
                "rx_bytes: number with a fraction where an integer is expected",
                "no value in mac",
                "speed: number that is not finite",
            ],
        }
    )
    found = refusal_profile(refused, PORT_STATS, MONDAY).select(
        "field_path", "type", "row_count", "first_seen_utc"
    )
    assert sorted(found.rows()) == [
        ("mac", "null", 1, AT),
        ("rx_bytes", "number with a fraction", 1, AT),
        ("speed", "string", 2, AT),
    ]


def test_parts_of_a_day_add_up() -> None:
    parts = [
        field_profile(ports({"a": 1}), PORT_STATS, MONDAY),
        field_profile(ports({"a": 1}, None, at=AT - timedelta(hours=1)), PORT_STATS, MONDAY),
    ]
    whole = merge_profiles(parts).filter(pl.col("field_path").is_in(["a", "mac"]))
    assert whole.select("field_path", "row_count", "first_seen_utc").rows() == [
        ("mac", 3, AT - timedelta(hours=1)),
        ("a", 2, AT - timedelta(hours=1)),
    ]


def profile(day: int, path: str, rows: int, of: int = 100, how: str = "undeclared", kind: str = "number",
            endpoint: str = "port_stats") -> dict[str, Any]:  # fmt: skip
    return {
        "endpoint": endpoint, "day": MONDAY + timedelta(days=day), "met_as": how, "field_path": path, "type": kind,
        "row_count": rows, "of_rows": of, "first_seen_utc": AT + timedelta(days=day),
    }  # fmt: skip


def drifts(*profiles: dict[str, Any], today: date = TODAY) -> list[tuple[Any, ...]]:
    found = drift(pl.DataFrame(list(profiles), schema=PROFILE_SCHEMA), today)
    assert violations(found.lazy(), RPT_SCHEMA_DRIFT) == {}
    return found.select("field_path", "kind", "example_type", "row_count", "first_seen_utc").rows()


def base(days: int) -> list[dict[str, Any]]:
    return [profile(day, "mac", 100, how="declared", kind="string") for day in range(days)]


def test_the_first_day_is_the_measure_and_brings_nothing_new() -> None:
    assert drifts(profile(0, "a", 5), *base(1)) == []


def test_a_field_is_new_once_on_the_day_it_is_first_told() -> None:
    found = drifts(
        *base(4), profile(0, "a", 5), profile(1, "b", 3, kind="null"), profile(1, "b", 2), profile(3, "b", 9)
    )
    assert found == [("b", "new", "number", 5, AT + timedelta(days=1))]


def test_a_new_endpoint_is_measured_by_its_own_first_day() -> None:
    assert drifts(*base(2), profile(1, "x", 5, endpoint="sites")) == []


def test_a_type_changes_once_and_null_is_no_type() -> None:
    found = drifts(
        *base(4), profile(0, "a", 5), profile(1, "a", 1, kind="null"), profile(2, "a", 4, kind="string"),
        profile(3, "a", 4, kind="string"),
    )  # fmt: skip
    assert found == [("a", "type_changed", "string", 4, AT + timedelta(days=2))]


def test_a_refused_type_differs_from_the_declaration_also_on_the_first_day() -> None:
    found = drifts(*base(2), profile(0, "speed", 7, how="refused", kind="string"), profile(1, "speed", 9, how="refused",
                   kind="string"), profile(1, "mac", 2, how="refused", kind="null"))  # fmt: skip
    assert found == [
        ("speed", "type_changed", "string", 7, AT),
        ("mac", "missing", "null", 2, AT + timedelta(days=1)),
    ]


def test_a_field_is_missing_where_the_day_before_told_it_often_enough() -> None:
    def told(day: int, often: int, rare: int) -> list[dict[str, Any]]:
        return [
            profile(day, "speed", often, of=200, how="declared"),
            profile(day, "lte_imei", rare, of=200, how="declared", kind="string"),
        ]

    found = drifts(*told(0, 150, 9), *told(1, 0, 0), *told(2, 0, 0))
    assert found == [("speed", "missing", "number", 200, AT + timedelta(days=1))]
    both = drifts(*told(0, 150, 10), *told(1, 0, 0))
    assert [row[:2] for row in both] == [("lte_imei", "missing"), ("speed", "missing")]


def test_a_day_that_goes_on_misses_nothing_yet_but_may_bring_new_fields() -> None:
    yesterday, today = profile(0, "speed", 100, how="declared"), profile(1, "speed", 0, how="declared")
    assert drifts(yesterday, today, profile(1, "b", 1), today=MONDAY + timedelta(days=1)) == [
        ("b", "new", "number", 1, AT + timedelta(days=1))
    ]


def test_a_gap_of_days_without_rows_is_no_missing_field() -> None:
    assert drifts(*base(1), profile(5, "mac", 100, how="declared", kind="string")) == []


values = st.sampled_from(
    [None, True, False, 0, -3, 1.5, "", 'q"', "ü", [], [1], {}, {"a": 1, "b": [None]}, "null", "[1]"]
)
WORDS = {
    type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object",
}  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.none() | st.dictionaries(st.sampled_from(["a", "b", "ü", 'q"']), values), max_size=12))
def test_counts_are_those_of_looking_at_each_value(extras: list[dict[str, Any] | None]) -> None:
    expected = Counter((k, WORDS[type(v)]) for e in extras if e for k, v in e.items())
    frame = ports(*extras)
    found = {(path, kind): count for path, kind, count, _, _ in undeclared(frame)} if frame.height else {}
    assert found == dict(expected)
