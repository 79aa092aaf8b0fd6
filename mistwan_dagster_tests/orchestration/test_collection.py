"""What counts as read: a span of events, when as many rows were told as the cloud says there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, PORT_STATS
from mistwan_dagster.lake.raw import floor_slot
from mistwan_dagster.orchestration.collection import collect_back, collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests.mist.conftest import ORG, TOKEN, Cloud, Reply

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
START = NOW - timedelta(hours=9)
EVENTS = f"/api/v1/orgs/{ORG}/devices/events/search"


@pytest.fixture
def platform(cloud: Cloud, tmp_path: Path) -> Platform:
    return Platform(
        Settings(
            mistwan_home=tmp_path / "home", mist_api_base_url=cloud.base, mist_api_token=TOKEN,
            mist_org_id=ORG, mistwan_now=NOW, _env_file=None,
        )
    )  # fmt: skip


def events(*numbers: int) -> list[dict[str, Any]]:
    """One a minute, the first at 09:00."""
    nine = NOW.replace(hour=9, minute=0).timestamp()
    row = {"mac": "5c5b35000001", "type": "GW_RESTARTED"}
    return [{**row, "text": str(n), "timestamp": nine + 60 * n} for n in numbers]


def test_a_span_whose_walks_fall_short_of_the_total_is_not_read(platform: Platform, cloud: Cloud) -> None:
    cloud.script = lambda _asked, _n: Reply({"results": events(0, 1), "total": 5})
    report = collect_events(platform, START, NOW)
    assert (report.complete, report.error) == (False, "device_events: 3 of 5 rows were never told")
    assert len(cloud.asked) == 2
    assert sum(report.new_rows.values()) == 2, "what was told is kept"
    assert platform.raw.coverage(DEVICE_EVENTS) == []


def test_a_second_walk_that_tells_the_rest_makes_a_span_read(platform: Platform, cloud: Cloud) -> None:
    cloud.replies(
        Reply({"results": events(0, 1), "total": 3}),
        Reply({"results": events(1, 2), "total": 3}),
    )
    report = collect_events(platform, START, NOW)
    assert (report.complete, report.new_rows) == (True, {NOW.replace(hour=9, minute=0): 3})
    assert platform.raw.coverage(DEVICE_EVENTS) == [(START, NOW)]


def test_a_total_that_counts_repeated_events_leaves_nothing_missing(platform: Platform, cloud: Cloud) -> None:
    cloud.script = lambda _asked, _n: Reply({"results": events(0, 1, 1), "total": 3})
    report = collect_events(platform, START, NOW)
    assert (report.complete, sum(report.new_rows.values()), len(cloud.asked)) == (True, 2, 1)
    assert platform.raw.coverage(DEVICE_EVENTS) == [(START, NOW)]


def test_events_behind_an_empty_page_are_read(platform: Platform, cloud: Cloud) -> None:
    cloud.replies(
        Reply({"results": events(0), "total": 3, "next": f"{EVENTS}?search_after=1"}),
        Reply({"results": [], "total": 3, "next": f"{EVENTS}?search_after=2"}),
        Reply({"results": events(1, 2), "total": 3}),
    )
    report = collect_events(platform, START, NOW)
    assert (report.complete, report.told) == (True, 3)


def test_a_day_that_falls_short_ends_the_walk_back(platform: Platform, cloud: Cloud) -> None:
    cloud.script = lambda _asked, _n: Reply({"results": [], "total": 1})
    report = collect_back(platform, NOW - timedelta(days=3), NOW, DEVICE_EVENTS)
    assert (report.complete, len(cloud.asked)) == (False, 2)
    assert platform.raw.told_from(DEVICE_EVENTS) is None, "rows that were not told are no horizon"


def test_a_slot_whose_walks_fall_short_is_incomplete_and_says_by_how_much(
    platform: Platform, cloud: Cloud
) -> None:
    row = {"mac": "5c5b35000001", "port_id": "ge-0/0/0"}
    cloud.script = lambda _asked, _n: Reply({"results": [row], "total": 2})
    report = collect_snapshot(platform, PORT_STATS, floor_slot(NOW))
    assert (report.complete, report.total, report.pages) == (False, 2, 2)
    assert report.error == "port_stats: 1 of 2 rows were never told"
