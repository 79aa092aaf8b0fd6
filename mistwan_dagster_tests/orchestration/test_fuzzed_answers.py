"""Whatever the cloud sends: rows in = rows stored + rows set aside + repetitions, over HTTP, for every endpoint."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoint import Endpoint, Paging, Scope, Shape
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, ENDPOINTS, PORT_STATS
from mistwan_dagster.lake.raw import SLOT
from mistwan_dagster.mist.extract import extract
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests import fuzzing
from mistwan_dagster_tests.mist.conftest import ORG, TOKEN, Asked, Cloud, Reply

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
SNAPSHOTS = [e for e in ENDPOINTS.values() if e.shape is Shape.SNAPSHOT and e.scope is Scope.ORG]
SLOTS = (NOW.replace(minute=0) + n * SLOT for n in itertools.count())
"""Each example has a slot of its own in the one lake."""
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    served = Cloud()
    yield served
    served.close()


@pytest.fixture(scope="module")
def platform(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return Platform(
        Settings(
            mistwan_home=tmp_path_factory.mktemp("home"), mist_api_base_url=cloud.base, mist_api_token=TOKEN,
            mist_org_id=ORG, mistwan_now=NOW, mistwan_call_budget=10**9, _env_file=None,
        )
    )  # fmt: skip


def serve(cloud: Cloud, endpoint: Endpoint, pages: list[list[Any]], total: Any) -> None:
    """The pages one after the other, in the endpoint's style."""

    def script(asked: Asked, _n: int) -> Reply:
        at = int(asked.query.get("search_after", asked.query.get("page", "1"))) - 1
        rows = pages[at] if at < len(pages) else []
        if endpoint.paging is Paging.PAGE:
            return Reply(rows, headers={"X-Page-Limit": "1", "X-Page-Total": str(total)})
        following = {"next": f"{asked.path}?search_after={at + 2}"} if at + 1 < len(pages) else {}
        return Reply({"results": rows, "total": total, "limit": 1000, **following})

    cloud.script = script


def until_empty(pages: list[list[Any]]) -> list[Any]:
    """Rows of the pages that a walk reads: it ends with an empty one."""
    return [row for page in itertools.takewhile(bool, pages) for row in page]


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
        files = set((platform.settings.lake / "quarantine" / endpoint.name).glob("*.json")) - seen
        seen |= files
        yield [row for file in files for row in json.loads(file.read_text())]


@pytest.mark.parametrize("endpoint", SNAPSHOTS, ids=lambda e: e.name)
def test_every_row_of_a_snapshot_is_stored_set_aside_or_repeated(
    platform: Platform, cloud: Cloud, endpoint: Endpoint
) -> None:
    new = set_aside(platform, endpoint)
    next(new)

    @FUZZ
    @given(
        st.lists(st.lists(fuzzing.rows(endpoint), max_size=4), max_size=3),
        st.sampled_from(["many", None, [1], -1, 0, "true count"]),
    )
    def holds(pages: list[list[Any]], total: Any) -> None:
        rows = until_empty(pages)
        serve(cloud, endpoint, pages, len(rows) if total == "true count" else total)
        slot = next(SLOTS)
        report = collect_snapshot(platform, endpoint, slot)
        stored = platform.raw.scan_snapshots(endpoint, slot, slot + SLOT).collect()
        aside = next(new)
        if report.error is not None:  # two pages with the same keys: the walk is incomplete and says so
            assert "told an earlier page again" in report.error
            assert not report.complete
            return
        keys, bad = expected(endpoint, rows)
        assert set(stored.select(endpoint.key).rows()) == keys
        assert stored.height == report.rows == len(keys)
        assert {row["row_json"] for row in aside} == set(bad)
        assert report.quarantined == len(set(bad))
        assert all(row["reason"] for row in aside)

    holds()


def test_every_event_is_stored_set_aside_or_repeated(platform: Platform, cloud: Cloud) -> None:
    endpoint = DEVICE_EVENTS
    new = set_aside(platform, endpoint)
    folder = platform.settings.lake / "raw" / endpoint.name

    @FUZZ
    @given(st.lists(st.lists(fuzzing.rows(endpoint), max_size=4), max_size=3))
    def holds(pages: list[list[Any]]) -> None:
        for file in folder.rglob("*.parquet"):
            file.unlink()
        rows = until_empty(pages)
        serve(cloud, endpoint, pages, len(rows))
        report = collect_events(platform, NOW.replace(hour=0), NOW)
        aside = next(new)
        frames = [pl.read_parquet(f) for f in folder.rglob("*.parquet")]
        stored = pl.concat(frames) if frames else pl.DataFrame(schema=endpoint.schema)
        if report.error is not None:
            assert "told an earlier page again" in report.error
            return
        keys, bad = expected(endpoint, rows)
        dated = {k for k in keys if k[5] is not None and 0 <= k[5] < 32503680000}
        assert endpoint.key[5] == "timestamp"
        assert set(stored.select(endpoint.key).rows()) == dated
        assert stored.height == sum(report.new_rows.values()) == len(dated)
        told = {row["row_json"] for row in aside}
        assert set(bad) <= told
        assert len(told - set(bad)) >= len(keys - dated) >= (1 if told - set(bad) else 0)
        assert report.quarantined == len(aside)
        assert "" not in told

    holds()


def test_a_second_walk_does_not_set_the_same_rows_aside_again(platform: Platform, cloud: Cloud) -> None:
    """A total above the rows makes the walk be done twice."""
    new = set_aside(platform, PORT_STATS)
    next(new)
    bad = [{"mac": 7}, {"mac": "5c5b35000001", "up": "yes"}]
    serve(cloud, PORT_STATS, [[{"mac": "5c5b35000001", "port_id": "ge-0/0/0"}, *bad]], 4)
    asked = len(cloud.asked)
    report = collect_snapshot(platform, PORT_STATS, next(SLOTS))
    assert len(cloud.asked) - asked == 2
    assert (report.rows, report.quarantined, len(next(new))) == (2, 2, 2)


def test_an_event_without_a_time_is_set_aside_whole(platform: Platform, cloud: Cloud) -> None:
    new = set_aside(platform, DEVICE_EVENTS)
    next(new)
    rows = [{"mac": "5c5b35000001", "type": "GW_RESTARTED", "text": t} for t in ("first", "second")]
    rows[1]["timestamp"] = 1741082700123  # milliseconds
    serve(cloud, DEVICE_EVENTS, [rows], 2)
    report = collect_events(platform, NOW.replace(hour=0), NOW)
    aside = next(new)
    assert (report.new_rows, report.quarantined) == ({}, 2)
    assert [json.loads(row["row_json"])["text"] for row in aside] == ["first", "second"]
    assert all("timestamp" in row["reason"] for row in aside)
