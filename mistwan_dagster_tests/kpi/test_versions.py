"""Versions of dimension rows: new, changed, unchanged, late, and the version that an hour sees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.kpi.versions import apply_versions, in_force, newest, retire, with_version

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def seen(**roles: str | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"k": list(roles), "role": list(roles.values())}, schema={"k": pl.String, "role": pl.String}
    )


def history(*observations: tuple[float, pl.DataFrame]) -> pl.DataFrame:
    dim = pl.DataFrame()
    for hours, observed in observations:
        dim = apply_versions(dim, observed, "k", at(hours))
    return dim


def rows(dim: pl.DataFrame) -> list[tuple]:
    columns = ["k", "role", "valid_from", "valid_to", "is_current"]
    return [
        (k, role, (a - T0) / timedelta(hours=1), b and (b - T0) / timedelta(hours=1), now)
        for k, role, a, b, now in dim.select(columns).iter_rows()
    ]


def test_first_sight_opens_a_version():
    assert rows(history((0, seen(a="primary", b=None)))) == [
        ("a", "primary", 0, None, True),
        ("b", None, 0, None, True),
    ]


def test_a_change_closes_and_opens():
    dim = history((0, seen(a=None, b="x")), (2, seen(a="primary", b="x")), (5, seen(a=None, b="x")))
    assert rows(dim) == [
        ("a", None, 0, 2, False),
        ("a", "primary", 2, 5, False),
        ("a", None, 5, None, True),
        ("b", "x", 0, None, True),
    ]


def test_the_same_observation_again_changes_nothing():
    once = history((0, seen(a="x", b=None)), (1, seen(a="y", b=None)))
    assert apply_versions(once, seen(a="y", b=None), "k", at(1)).equals(once)
    assert apply_versions(once, seen(a="y", b=None), "k", at(9)).equals(once)


def test_what_is_not_seen_any_more_stays():
    assert rows(history((0, seen(a="x", b="y")), (1, seen(b="y")))) == [
        ("a", "x", 0, None, True),
        ("b", "y", 0, None, True),
    ]


def test_an_observation_older_than_the_version_is_too_late():
    dim = history((5, seen(a="x")), (1, seen(a="old", c="new")))
    assert rows(dim) == [("a", "x", 5, None, True), ("c", "new", 1, None, True)]


def test_a_correction_at_the_same_instant_replaces():
    dim = history((0, seen(a="x")), (3, seen(a="y")), (3, seen(a="z")))
    assert rows(dim) == [("a", "x", 0, 3, False), ("a", "z", 3, None, True)]


def test_states_are_overwritten_not_versioned():
    def observed(role: str, state: str | None) -> pl.DataFrame:
        return seen(a=role).with_columns(port_state=pl.lit(state, pl.String))

    dim = history(
        (0, observed("x", "up")),
        (1, observed("x", None)),
        (2, observed("y", "down")),
        (3, observed("y", "up")),
    )
    assert dim["port_state"].to_list() == [None, "up"]
    assert rows(dim) == [("a", "x", 0, 2, False), ("a", "y", 2, None, True)]


def test_a_column_that_an_earlier_release_did_not_have_is_null_there():
    wider = seen(a="x").with_columns(wan_name=pl.lit("isp"))
    grown = apply_versions(history((0, seen(a="x"))), wider, "k", at(1))
    assert grown["wan_name"].to_list() == [None, "isp"]
    shrunk = apply_versions(history((0, wider)), seen(a="x"), "k", at(1))
    assert shrunk["wan_name"].to_list() == ["isp", None]


def hours(*given: float) -> pl.LazyFrame:
    return pl.LazyFrame({"hour_utc": [at(h) for h in given]}, schema={"hour_utc": INSTANT})


def test_an_hour_sees_the_version_in_force_when_it_began():
    dim = history((0, seen(a="x", b="b")), (1.5, seen(a="y", b="b")), (3, seen(a="z", b="b")))
    found = in_force(dim.lazy(), hours(-5, 0, 1, 2, 3, 4), "k").sort("k", "hour_utc").collect()
    assert found.filter(k="a")["role"].to_list() == ["x", "x", "x", "y", "z", "z"]
    assert found.filter(k="b")["role"].to_list() == ["b"] * 6
    assert found.columns == [*dim.columns, "hour_utc"]


def gone(dim: pl.DataFrame, hours: float, *keys: str) -> pl.DataFrame:
    return retire(dim, pl.Series(keys, dtype=pl.String), "k", at(hours))


def test_what_is_no_more_ends_and_begins_anew_when_it_is_seen_again():
    dim = gone(history((0, seen(a="x", b="b"))), 2, "a", "unknown")
    assert rows(dim) == [("a", "x", 0, 2, False), ("b", "b", 0, None, True)]
    assert rows(gone(dim, 3, "a")) == rows(dim)
    back = apply_versions(dim, seen(a="x", b="b"), "k", at(4))
    assert rows(back) == [("a", "x", 0, 2, False), ("a", "x", 4, None, True), ("b", "b", 0, None, True)]
    assert rows(gone(back, 4, "a")) == rows(back), "one that began at that very instant stays"


def test_hours_after_the_end_see_nothing_and_what_is_there_keeps_its_version():
    dim = gone(history((0, seen(a="x"))), 2.5, "a")
    dim = apply_versions(dim, seen(a="y"), "k", at(6))
    found = in_force(dim.lazy(), hours(-1, 0, 2, 3, 5, 6, 7), "k").sort("hour_utc").collect()
    assert [(h - T0) / timedelta(hours=1) for h in found["hour_utc"]] == [-1, 0, 2, 6, 7]
    assert found["role"].to_list() == ["x", "x", "x", "y", "y"]
    facts = hours(1, 4, 7).with_columns(k=pl.lit("a"))
    assert with_version(facts, dim.lazy(), "k", "role").collect()["role"].to_list() == ["x", "x", "y"]


def test_the_newest_version_of_each_and_of_what_was_there_since():
    dim = gone(history((0, seen(a="x", b="b")), (1, seen(a="y", b="b"))), 3, "a")
    assert newest(dim, "k").select("k", "role").rows() == [("a", "y"), ("b", "b")]
    assert newest(dim, "k", at(2.9))["k"].to_list() == ["a", "b"]
    assert newest(dim, "k", at(3))["k"].to_list() == ["b"]


def test_no_versions_or_no_hours_are_no_rows():
    dim = history((0, seen(a="x")))
    assert in_force(dim.clear().lazy(), hours(0), "k").collect().height == 0
    assert in_force(dim.lazy(), hours(), "k").collect().height == 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 20), st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), min_size=1)
        ),
        max_size=12,
    )
)
def test_versions_tile_time_and_follow_the_observations(observations):
    """Per key: versions touch, one is current, and each hour sees the newest observation before it."""
    dim, newest = pl.DataFrame(), {}
    for hour, observed in sorted(observations, key=lambda o: o[0]):
        dim = apply_versions(dim, seen(**observed), "k", at(hour))
        for key, role in observed.items():
            newest.setdefault(key, []).append((hour, role))
    if not observations:
        return
    found = in_force(dim.lazy(), hours(*range(-1, 22)), "k").collect()
    assert found.height == 23 * len(newest)
    by_hour = {
        (k, (h - T0) // timedelta(hours=1)): role
        for k, role, h in found.select("k", "role", "hour_utc").iter_rows()
    }
    rows = hours(*range(-1, 22)).join(pl.LazyFrame({"k": [*newest, "unknown"]}), how="cross")
    joined = with_version(rows, dim.lazy(), "k", "role").collect()
    assert joined.height == 23 * (len(newest) + 1)
    assert {
        (k, (h - T0) // timedelta(hours=1)): role
        for k, role, h in joined.select("k", "role", "hour_utc").iter_rows()
    } == {**by_hour, **{("unknown", hour): None for hour in range(-1, 22)}}
    for key, given_roles in newest.items():
        for hour in range(-1, 22):
            known = [role for when, role in given_roles if when <= hour]
            first_hour = given_roles[0][0]
            at_first = [role for when, role in given_roles if when == first_hour]
            assert by_hour[key, hour] == (
                known[-1] if known else by_hour[key, first_hour] if hour < first_hour else at_first[-1]
            )
    for key, part in dim.group_by("k"):
        ordered = part.sort("valid_from")
        assert ordered["valid_to"].to_list() == [*ordered["valid_from"].to_list()[1:], None], key
        assert ordered["is_current"].to_list() == [False] * (part.height - 1) + [True]
