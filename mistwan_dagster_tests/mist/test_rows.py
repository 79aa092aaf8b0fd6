"""Typed rows and plain dicts must lead to the same frame, whatever the page holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, DEVICE_STATS, PATH_STATS, PORT_STATS, SITES
from mistwan_dagster.mist.extract import extract
from mistwan_dagster.mist.pager import row_keys, walk
from mistwan_dagster.mist.rows import MOST_KEYS, RowDecoder, TypedRow, row_decoder

from .conftest import ORG, Cloud, Reply, Tools

AT = datetime(2025, 1, 1, 10, 5, tzinfo=UTC)
GOOD = {"mac": "5C:5B:35:00:00:01", "port_id": "ge-0/0/0", "up": True, "speed": 1000, "rx_bytes": 7}


def body(*rows: Any, **told: Any) -> bytes:
    return json.dumps({"results": list(rows), **told}).encode()


def learnt(*rows: Any) -> RowDecoder:
    decoder = RowDecoder(PORT_STATS)
    decoder.decode(body(*rows))
    return decoder


def test_rows_are_typed_once_their_keys_are_known() -> None:
    row = {**GOOD, "other": None, "odd-key": 1}
    decoder = RowDecoder(PORT_STATS)
    first = decoder.decode(body(row, total=2, next="/api/v1/x"))
    again = decoder.decode(body(row, total=2, next="/api/v1/x"))
    assert first == {"results": [row], "total": 2, "next": "/api/v1/x"}
    assert isinstance(again["results"][0], TypedRow)
    assert (again["total"], again["next"], again["results"][0]["port_id"]) == (2, "/api/v1/x", "ge-0/0/0")
    assert row_keys(PORT_STATS, first["results"]) == row_keys(PORT_STATS, again["results"])
    one, two = (extract(PORT_STATS, b["results"], AT) for b in (first, again))
    assert one.frame.equals(two.frame)
    assert two.frame.select("mac", "speed", "rx_bytes", "extra").row(0) == (
        "5c5b35000001", 1000.0, 7, '{"odd-key":1,"other":null}',
    )  # fmt: skip


@pytest.mark.parametrize(
    "surprise",
    [
        {**GOOD, "new": 1},
        {**GOOD, "speed": "1000"},
        {**GOOD, "rx_bytes": 1.0},
        {**GOOD, "rx_bytes": 2**63},
        {**GOOD, "up": 1},
        {**GOOD, "mac": ""},
        {"port_id": "ge-0/0/1"},
        5,
        None,
    ],
)
def test_one_surprise_leaves_the_page_to_plain_parsing(surprise: Any) -> None:
    rows = [GOOD, surprise]
    assert learnt(GOOD).decode(body(*rows)) == {"results": rows}


def test_secrets_and_nested_values_of_typed_rows() -> None:
    row = {**GOOD, "wifi_psk": "S3CRET", "deep": {"token": "S3CRET", "kept": [1]}, "n": 1}
    rows = learnt(row).decode(body(row, {**GOOD, "n": 2}, GOOD))["results"]
    assert isinstance(rows[0], TypedRow)
    extra = extract(PORT_STATS, rows, AT).frame["extra"].to_list()
    assert [e and json.loads(e) for e in extra] == [{"deep": {"kept": [1]}, "n": 1}, {"n": 2}, None]


def test_only_an_undeclared_secret_is_no_extra() -> None:
    row = {**GOOD, "secret": "S3CRET"}
    rows = learnt(row).decode(body(row))["results"]
    assert extract(PORT_STATS, rows, AT).frame["extra"].to_list() == [None]


def test_keys_without_end_end_the_typing() -> None:
    decoder = learnt(*({**GOOD, f"key{n}": n} for n in range(MOST_KEYS + 1)))
    assert decoder.decode(body(GOOD)) == {"results": [GOOD]}


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb", "\x00"])
def test_a_key_that_cannot_be_a_fields_name_ends_the_typing_and_is_kept(key: str) -> None:
    """Else the first page with each further key was an answer that could not be read."""
    decoder = learnt({**GOOD, key: 1})
    rows = decoder.decode(body({**GOOD, key: 2, "later": 3}))["results"]
    assert rows == [{**GOOD, key: 2, "later": 3}]
    (extra,) = extract(PORT_STATS, rows, AT).frame["extra"]
    assert json.loads(extra) == {key: 2, "later": 3}


def test_only_flat_searches_are_typed() -> None:
    assert [row_decoder(e) is not None for e in (SITES, DEVICE_STATS, PORT_STATS, PATH_STATS, DEVICE_EVENTS)] == [
        False, False, True, True, True,
    ]  # fmt: skip
    assert row_decoder(PORT_STATS) is row_decoder(PORT_STATS)


def test_walk_over_typed_and_surprising_pages_counts_and_stores_all(cloud: Cloud, tools: Tools) -> None:
    base = f"/api/v1/orgs/{ORG}/stats/ports/search?search_after="
    rows = [{**GOOD, "port_id": f"ge-0/0/{n}", "key_of_this_test": n} for n in range(5)]
    not_a_number = body({**rows[2], "speed": "NAN"}, total=5, next=base + "3").replace(b'"NAN"', b"NaN")
    cloud.replies(
        Reply({"results": rows[:1], "total": 5, "next": base + "1"}),
        Reply({"results": rows[1:2], "total": 5, "next": base + "2"}),
        Reply(not_a_number),
        Reply({"results": rows[2:3], "total": 5, "next": base + "4"}),  # page 3 again: asked for once more
        Reply(b"[1,"),
        Reply({"results": rows[3:], "total": 5}),
    )
    work = walk(tools.session, PORT_STATS, ORG, **tools.how)
    done = [extract(PORT_STATS, page.rows, page.received_at) for page in work]
    assert [p for d in done for p in d.frame["port_id"]] == ["ge-0/0/0", "ge-0/0/1", "ge-0/0/3", "ge-0/0/4"]
    assert [q.reason for d in done for q in d.quarantined] == ["speed: number that is not finite"]
    assert len(cloud.asked) == 6


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=4), scalars, max_size=2)
names = st.sampled_from(["mac", "node", "up", "speed", "rx_bytes", "loss", "odd", "other", "secret_odd"])
pages = st.lists(st.dictionaries(names, values, max_size=6).map(lambda d: {**GOOD, **d}), max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.lists(pages, min_size=1, max_size=4))
def test_frames_and_quarantine_do_not_depend_on_how_a_page_was_parsed(told: list[Any]) -> None:
    decoder = RowDecoder(PORT_STATS)
    for rows in [*told, *told]:
        ours = extract(PORT_STATS, decoder.decode(body(*rows))["results"], AT)
        plain = extract(PORT_STATS, json.loads(body(*rows))["results"], AT)
        assert ours.frame.equals(plain.frame)
        assert ours.quarantined == plain.quarantined
