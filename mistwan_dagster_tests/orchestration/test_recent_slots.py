"""Which slots of the last 24 hours were to come and which is the newest; what `check` and the metrics make of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mistwan_dagster.catalog.endpoints import PORT_STATS
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import SLOT, SlotReport
from mistwan_dagster.orchestration.check import CHECKS
from mistwan_dagster.orchestration.metrics import collection
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.recent_slots import RecentSlots, recent_slots
from mistwan_dagster.settings import Settings

TEN = datetime(2025, 3, 4, 10, tzinfo=UTC)
NEXT_DAY = TEN + timedelta(hours=24)
MINUTE = timedelta(minutes=1)


def at(home: Path, now: datetime) -> Platform:
    return Platform(Settings(mistwan_home=home, mistwan_now=now, _env_file=None))


def collected(home: Path, slots: Iterable[datetime], complete: bool = True) -> None:
    raw = at(home, TEN).raw
    for slot in slots:
        raw.finish_slot(PORT_STATS, SlotReport(PORT_STATS.name, slot, complete, 7, 1, 7, 0), [])


def ports(platform: Platform) -> RecentSlots:
    return recent_slots(platform)[PORT_STATS.name]


def checked(platform: Platform) -> str:
    return dict(CHECKS)["collection"](platform)


def told(platform: Platform) -> dict[str, float]:
    return {
        sample.name.removeprefix("mistwan_collection_"): sample.value
        for family in collection(platform)
        for sample in family.samples
        if sample.labels.get("endpoint") == PORT_STATS.name
    }


def test_nothing_is_expected_before_the_first_slot(tmp_path: Path) -> None:
    platform = at(tmp_path, TEN)
    assert ports(platform) == RecentSlots({}, [], None)
    assert "port_stats never collected" in checked(platform)
    assert told(platform) == {}


def test_a_young_platform_is_counted_from_its_first_slot(tmp_path: Path) -> None:
    collected(tmp_path, [TEN, TEN + 2 * SLOT, TEN + 3 * SLOT])
    found = ports(at(tmp_path, TEN + 17 * MINUTE))
    assert found.expected == [TEN, TEN + SLOT, TEN + 2 * SLOT], "10:15 goes on"
    assert found.missing == [TEN + SLOT]
    assert max(found.reports) == TEN + 3 * SLOT


def test_an_outage_at_the_begin_of_the_24_hours_counts(tmp_path: Path) -> None:
    """Up until 10:00, down until 22:00, up since: at 09:57 next day 09:55 goes on and the 24 hours begin at 10:00."""
    back = TEN + timedelta(hours=12)
    collected(tmp_path, [TEN - SLOT, *(back + SLOT * i for i in range(144))])
    platform = at(tmp_path, NEXT_DAY - 3 * MINUTE)
    found = ports(platform)
    assert (found.expected[0], found.expected[-1]) == (TEN, NEXT_DAY - 2 * SLOT)
    assert (len(found.expected), len(found.missing)) == (287, 144)
    figures = told(platform)
    assert (figures["slots_expected"], figures["slots_whole"]) == (287, 143)
    with pytest.raises(UserError, match=r"port_stats 143 of 287 slots whole.*misses 04T10:00 to 04T21:55$"):
        checked(platform)


def test_the_newest_slot_is_told_however_old_it_is(tmp_path: Path) -> None:
    collected(tmp_path, [TEN - SLOT, TEN])
    collected(tmp_path, [TEN + SLOT], complete=False)
    platform = at(tmp_path, TEN + timedelta(days=3))
    found = ports(platform)
    assert (found.reports, len(found.missing)) == ({}, 287)
    assert told(platform) == {
        "newest_slot_timestamp_seconds": (TEN + SLOT).timestamp(),
        "slots_expected": 287,
        "slots_whole": 0,
        "rows": 0,
        "rows_set_aside": 0,
    }
    with pytest.raises(UserError, match=r"port_stats was not collected in 24 h, last 2025-03-04T10:05Z$"):
        checked(platform)


def test_a_first_slot_within_the_hour_in_which_the_24_hours_begin_is_the_first(tmp_path: Path) -> None:
    collected(tmp_path, [TEN + 4 * SLOT])
    assert ports(at(tmp_path, NEXT_DAY + 2 * MINUTE)).expected[0] == TEN + 4 * SLOT
    assert ports(at(tmp_path, NEXT_DAY + 32 * MINUTE)).expected[0] == TEN + 7 * SLOT
