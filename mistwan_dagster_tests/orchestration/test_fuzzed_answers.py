"""Whatever the cloud sends: rows in = rows stored + rows set aside + repetitions, over HTTP, for every endpoint."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoint import Body, Endpoint, Paging, Shape
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, ENDPOINTS, PORT_STATS, SERIES
from mistwan_dagster.catalog.sle_endpoints import SLE_CLASSIFIER_LIST, SLE_DETAILS, SLE_TREND, SleEndpoint
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.mist.extract import extract
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests import fuzzing
from mistwan_dagster_tests.mist.conftest import ORG, TOKEN, Asked, Cloud, Reply
from mistwan_dagster_tests.orchestration.reading import ask_sle, quarantined, read, rows_told

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
IN_SLOTS = [e for e in ENDPOINTS.values() if e.in_slots and not isinstance(e, SleEndpoint)]
WITH_EVENTS = [e for e in ENDPOINTS.values() if e.shape is Shape.EVENTS]
SLOTS = [NOW.replace(minute=0) - n * HOUR for n in range(1, 200)]
"""Each example has a slot of its own in the one lake."""
NAMES = ["bytes", "", "num_clients", "\ud800"]
"""Keys of a map; the second names nothing, the last is not Unicode."""
ENVELOPE = {"start": 1741082400, "end": 1741086000}
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    served = Cloud()
    yield served
    served.close()


@pytest.fixture
def platform(cloud: Cloud, tmp_path: Path) -> Platform:
    return Platform(
        Settings(
            mistwan_home=tmp_path / "home", mist_api_base_url=cloud.base, mist_api_token=TOKEN,
            mist_org_id=ORG, mistwan_now=NOW, mistwan_call_budget=10**9, _env_file=None,
        )
    )  # fmt: skip


def pages_of(endpoint: Endpoint) -> st.SearchStrategy[list[list[Any]]]:
    """Pages of rows as one walk may find them; what does not page has one, and an object one row."""
    if endpoint.body is Body.OBJECT:
        return fuzzing.rows(endpoint).filter(lambda row: isinstance(row, dict)).map(lambda row: [[row]])
    most = 1 if endpoint.paging is Paging.NONE else 3
    return st.lists(st.lists(fuzzing.rows(endpoint), max_size=4), min_size=most == 1, max_size=most)


def serve(cloud: Cloud, endpoint: Endpoint, pages: list[list[Any]], total: Any) -> None:
    """The pages one after the other, in the endpoint's style."""

    def script(asked: Asked, _n: int) -> Reply:
        at = int(asked.query.get("search_after", asked.query.get("page", "1"))) - 1
        rows = pages[at] if at < len(pages) else []
        if endpoint.body is Body.OBJECT:
            return Reply(rows[0])
        if endpoint.body is Body.MAP:
            return Reply(dict(zip(NAMES, rows, strict=False)))
        if endpoint.envelope:
            return Reply({"results": rows, "total": total, "limit": 1, **ENVELOPE})
        if endpoint.paging is Paging.PAGE:
            return Reply(rows, headers={"X-Page-Limit": "1", "X-Page-Total": str(total)})
        following = {"next": f"{asked.path}?search_after={at + 2}"} if at + 1 < len(pages) else {}
        return Reply({"results": rows, "total": total, "limit": 1000, **following})

    cloud.script = script


def rows_met(endpoint: Endpoint, pages: list[list[Any]]) -> list[Any]:
    """Rows of the pages that a walk reads, with what the answer says of each; an empty page ends it where no `next`
    tells of another."""
    read_pages = pages if endpoint.paging is Paging.CURSOR else itertools.takewhile(bool, pages)
    rows = [row for page in read_pages for row in page]
    told = [{"key": name} for name in NAMES] if endpoint.body is Body.MAP else itertools.repeat({})
    return [
        {**(ENVELOPE if endpoint.envelope else {}), **row, **name} if isinstance(row, dict) else row
        for row, name in zip(rows, told, strict=False)
    ]


def as_parsed(row: Any) -> Any:
    """The row after its way through JSON."""
    return json.loads(json.dumps(row))


def expected(endpoint: Endpoint, rows: list[Any]) -> tuple[set[Any], list[str]]:
    """Keys that are to be stored, and rows that are to be set aside, judged one row at a time."""
    keys, aside = set(), []
    for row in rows:
        found = extract(endpoint, [as_parsed(row)], NOW)
        keys |= set(found.frame.select(endpoint.key).rows())
        aside += [bad.row_json for bad in found.quarantined]
    return keys, aside


def set_aside(platform: Platform, endpoint: Endpoint) -> Iterator[list[dict[str, str]]]:
    """At each step the rows quarantined since the step before."""
    seen: set[Path] = set()
    while True:
        files = set(Path(str(platform.settings.lake / "quarantine" / endpoint.name)).glob("*.json")) - seen
        seen |= files
        yield [row for file in files for row in json.loads(file.read_text())]


def empty(platform: Platform, endpoint: Endpoint) -> None:
    """Forget the endpoint's events."""
    for file in (platform.settings.lake / "raw" / endpoint.name).rglob("*.parquet"):
        file.unlink()


def is_dated(timestamp: float | None) -> bool:
    return timestamp is not None and 0 <= timestamp < 32503680000


def test_every_endpoint_is_fuzzed() -> None:
    """Series are in `mist/test_fuzzed_series.py`."""
    fuzzed = [*IN_SLOTS, *WITH_EVENTS, *SLE_DETAILS, *SERIES]
    assert sorted(e.name for e in fuzzed) == sorted(ENDPOINTS)


@pytest.mark.parametrize("endpoint", IN_SLOTS, ids=lambda e: e.name)
def test_every_row_of_a_snapshot_is_stored_set_aside_or_repeated(
    platform: Platform, cloud: Cloud, endpoint: Endpoint
) -> None:
    new, slots = set_aside(platform, endpoint), iter(SLOTS)

    @FUZZ
    @given(pages_of(endpoint), st.sampled_from(["many", None, [1], -1, 0, "true count"]))
    def holds(pages: list[list[Any]], total: Any) -> None:
        assume(total != 0 or all(pages[:1]))  # none told and none there: the walk ends
        rows = rows_met(endpoint, pages)
        serve(cloud, endpoint, pages, len(rows) if total == "true count" else total)
        done, aside = read(platform, endpoint, next(slots)), next(new)
        if done.error is not None:  # two pages with the same keys: the walk is incomplete and says so
            assert re.search("told an earlier page again|rows were never told", done.error)
            return
        keys, bad = expected(endpoint, rows)
        assert set(done.stored.select(endpoint.key).rows()) == keys
        assert done.stored.height == len(keys)
        assert {row["row_json"] for row in aside} == set(bad)
        assert done.quarantined == len(set(bad))
        assert all(row["reason"] for row in aside)

    holds()


@pytest.mark.parametrize("endpoint", WITH_EVENTS, ids=lambda e: e.name)
def test_every_event_is_stored_set_aside_or_repeated(
    platform: Platform, cloud: Cloud, endpoint: Endpoint
) -> None:
    new = set_aside(platform, endpoint)

    @FUZZ
    @given(pages_of(endpoint))
    def holds(pages: list[list[Any]]) -> None:
        empty(platform, endpoint)
        rows = rows_met(endpoint, pages)
        serve(cloud, endpoint, pages, len(rows))
        done, aside = read(platform, endpoint, NOW), next(new)
        if done.error is not None:
            assert re.search("told an earlier page again|rows were never told", done.error)
            return
        found = [extract(endpoint, [as_parsed(row)], NOW) for row in rows]
        frames = [f.frame for f in found if f.frame.height]
        dated = [
            (f["timestamp"][0] // 3600, *f.select(endpoint.key).row(0))
            for f in frames
            if is_dated(f["timestamp"][0])
        ]
        undated = {f.write_ndjson() for f in frames if not is_dated(f["timestamp"][0])}
        bad = {q.row_json for f in found for q in f.quarantined}
        told = [row["row_json"] for row in aside]
        hours = (done.stored["timestamp"] // 3600).to_list()
        kept = sorted(zip(hours, *done.stored.select(endpoint.key).get_columns(), strict=True), key=repr)
        assert kept == sorted(set(dated), key=repr), "each once in its hour"
        assert done.quarantined == len(told) == len(bad) + len(undated)
        assert bad <= set(told)
        assert "" not in told

    holds()


@pytest.mark.parametrize("endpoint", SLE_DETAILS, ids=lambda e: e.name)
def test_every_row_of_a_deep_dive_is_stored_set_aside_repeated_or_noted(
    platform: Platform, cloud: Cloud, endpoint: SleEndpoint
) -> None:
    new, slots = set_aside(platform, endpoint), iter(SLOTS)

    @FUZZ
    @given(fuzzing.answers(endpoint))
    def holds(body: Any) -> None:
        empty(platform, endpoint)
        cloud.script = lambda _asked, _n: Reply(body)
        done, aside = read(platform, endpoint, next(slots)), next(new)
        answer, told = ask_sle(platform, endpoint), rows_told(endpoint, as_parsed(body))
        in_time = answer.frame
        if endpoint.shape is Shape.SERIES:
            in_time = in_time.filter([is_dated(t) for t in in_time["timestamp"]])
        met = answer.frame.height + len(answer.quarantined)
        assert met == told or any("without `start` or `interval`" in note for note in answer.notes)
        assert met <= told
        keys = set(in_time.select(endpoint.key).rows())
        assert set(done.stored.select(endpoint.key).rows()) == keys
        assert done.stored.height == len(keys)
        assert done.quarantined == len(aside) == met - in_time.height
        assert all(row["reason"] and row["row_json"] for row in aside)
        assert done.notes == answer.notes
        form = list if endpoint is SLE_CLASSIFIER_LIST else dict
        assert isinstance(body, form) or done.notes

    holds()


def test_a_second_walk_does_not_set_the_same_rows_aside_again(platform: Platform, cloud: Cloud) -> None:
    """A total above the rows makes the walk be done twice."""
    new = set_aside(platform, PORT_STATS)
    next(new)
    bad = [{"mac": 7}, {"mac": "5c5b35000001", "up": "yes"}]
    serve(cloud, PORT_STATS, [[{"mac": "5c5b35000001", "port_id": "ge-0/0/0"}, *bad]], 4)
    asked = len(cloud.asked)
    report = collect_snapshot(platform, PORT_STATS, SLOTS[0])
    assert len(cloud.asked) - asked == 2
    assert (report.rows, report.quarantined, len(next(new))) == (2, 2, 2)


def test_an_event_without_a_time_is_set_aside_whole(platform: Platform, cloud: Cloud) -> None:
    new = set_aside(platform, DEVICE_EVENTS)
    next(new)
    rows = [
        {"mac": "5c5b35000001", "type": "GW_RESTARTED", "text": t} for t in ("first", "two\u2028lines\x85")
    ]
    rows[1]["timestamp"] = 1741082700123  # milliseconds
    serve(cloud, DEVICE_EVENTS, [rows], 2)
    report = collect_events(platform, NOW.replace(hour=0), NOW)
    aside = next(new)
    assert (report.new_rows, report.quarantined) == ({}, 2)
    assert [json.loads(row["row_json"])["text"] for row in aside] == ["first", "two\u2028lines\x85"]
    assert all("timestamp" in row["reason"] for row in aside)


def test_a_bin_without_an_instant_is_set_aside_whole(platform: Platform, cloud: Cloud) -> None:
    part = {"interval": 3600, "samples": {"total": [60.0]}}
    cloud.script = lambda _asked, _n: Reply({"start": 99_999_999_999, "sle": part})
    done, (aside,) = read(platform, SLE_TREND, SLOTS[0]), quarantined(platform, SLE_TREND)
    assert (done.stored.height, done.quarantined) == (0, 1)
    assert (json.loads(aside["row_json"])["total"], aside["reason"][:9]) == (60.0, "timestamp")
