"""Each thing that a soak looks at can fail it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from benchmarks.soak_verdict import WHOLE, Seen, compare, grown, late_slots, named_slots
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.lake.slots import SlotReport
from mistwan_dagster.orchestration.platform import Platform

HOUR = timedelta(hours=1)
START = datetime(2025, 3, 3, 20, tzinfo=UTC)
OFF = START + HOUR + timedelta(minutes=10)
"""The clock was off in the hour of 21. Hours 22, 23 and 0 rest on whole slots; 20 is the first and 1 the last one."""


def facts(**more: float) -> pl.DataFrame:
    """A circuit in each hour of 20 to 0; `more` changes the hour of 22."""
    rows = [
        {
            "site_id": "s",
            "circuit_id": "c",
            "hour_utc": START + n * HOUR,
            "coverage_pct": 90.0,
            "utilization_pct": 5.0,
        }
        | (more if n == 2 else {})
        for n in range(5)
    ]
    return FACT_CIRCUIT_HOUR.conform(pl.DataFrame(rows).lazy()).collect()


GOOD = Seen(
    START, START + 6 * HOUR, facts(), [], {}, "",
    killed=Counter(hourly=3), restarts={"redis-server": 1}, failed=Counter(),
)  # fmt: skip


def test_two_that_tell_the_same_hold() -> None:
    assert compare(GOOD, GOOD, {OFF}) == []


@pytest.mark.parametrize(
    ("disturbed", "clean", "wrong"),
    [
        ({"facts": facts(utilization_pct=6.0)}, {}, "1 of 3 facts differ"),
        ({"doubled": ["2 keys"]}, {}, "2 keys"),
        ({}, {"doubled": ["2 keys"]}, "undisturbed: 2 keys"),
        ({}, {"failed": Counter({"hourly: x": 2})}, "undisturbed: 2 x hourly: x"),
        ({"killed": Counter()}, {}, "nothing was killed"),
        ({"restarts": {"redis-server": 0}}, {}, "redis-server was not killed"),
        ({"facts": facts().clear()}, {"facts": facts().clear()}, "3 of these hours have no facts"),
        ({"broken": {START + 2 * HOUR: "no walk"}}, {}, "does not name 1 slots"),
        ({"broken": {START + n * HOUR: "x" for n in range(6)}}, {}, "no hour rests on whole slots"),
        (
            {
                "facts": facts(coverage_pct=99.0),
                "broken": {START + 2 * HOUR: "x"},
                "told": "2025-03-03T22:00Z",
            },
            {},
            "1 facts of hours with holes are better observed",
        ),
    ],
)
def test_what_does_not_hold_is_told(disturbed: dict, clean: dict, wrong: str) -> None:
    told = compare(replace(GOOD, **disturbed), replace(GOOD, **clean), {OFF})
    assert any(wrong in line for line in told), told


def test_slots_are_named_one_by_one_or_in_a_row() -> None:
    told = "port_stats misses 03T21:05 03T21:15, 03T23:50 to 04T00:05; path_stats misses 01T00:00"
    expected = [(3, 21, 5), (3, 21, 15), (3, 23, 50), (3, 23, 55), (4, 0, 0), (4, 0, 5)]
    assert named_slots(told, START + 6 * HOUR) == {
        datetime(2025, 3, d, h, m, tzinfo=UTC) for d, h, m in expected
    }


def test_an_hour_that_the_history_told_may_be_better_observed_than_the_live_one() -> None:
    told = facts(coverage_pct=100.0).with_columns(
        source=pl.when(pl.col("coverage_pct") == 100).then(pl.lit("insights_1h"))
    )
    disturbed = replace(GOOD, facts=told, broken={START + 2 * HOUR: "x"}, told="2025-03-03T22:00Z")
    assert compare(disturbed, GOOD, {OFF}) == []


def test_a_slot_of_which_a_page_came_after_its_end_is_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTWAN_HOME", str(tmp_path))
    endpoint, raw = WHOLE[0], Platform.open().raw
    for minute, arrives in ((0, 4), (5, 10), (10, 10)):
        slot = START + timedelta(minutes=minute)
        arrival = pl.Series([START + timedelta(minutes=arrives)], dtype=endpoint.schema["received_at"])
        frame = pl.DataFrame(
            {**{name: [None] for name in endpoint.schema}, "received_at": arrival}, endpoint.schema
        )
        raw.finish_slot(endpoint, SlotReport(endpoint.name, slot, True, 1, 1, 1, 0), [frame])
    assert late_slots(START, START + HOUR) == {START + timedelta(minutes=5)}


def files(raw: tuple[int, ...], kpi: tuple[int, ...]) -> list[Counter[str]]:
    return [Counter({"lake/raw": r, "lake/kpi": k}) for r, k in zip(raw, kpi, strict=True)]


STEADY = (500, 900, 1300, 1700, 2100, 2500)
RAW = (5000, 10000, 10100, 10200, 10300, 10400)


@pytest.mark.parametrize(
    ("raw", "kpi", "peak_mb", "wrong"),
    [
        (RAW, STEADY, [500, 500, 500, 700, 700, 800], []),
        (RAW[:2], STEADY[:2], [500, 900], []),
        (RAW[:3], STEADY[:3], [900, 500, 600], ["memory of hourly grew: [900, 500, 600]"]),
        (RAW[:5], STEADY[:5], [355, 300, 288, 244, 315], []),
        (RAW[:5], STEADY[:5], [500, 500, 500, 500, 600], ["memory of hourly grew"]),
        ((4000, 8000, 12000, 14500, 14500, 10500, 14500), (*STEADY, 2900), [500] * 7, []),
        ((4000, 8000, 12000, 14500, 18500, 14500), STEADY, [500] * 6, ["raw files are not compacted"]),
        (RAW, (*STEADY[:5], 2600), [500] * 6, ["files of lake/kpi grow faster each day"]),
    ],
)
def test_what_is_not_flat_is_told(
    raw: tuple[int, ...], kpi: tuple[int, ...], peak_mb: list[float], wrong: list[str]
) -> None:
    days = [{"hourly": mb} for mb in peak_mb]
    days[-1]["monthly"] = 5000.0  # there was none before
    told = grown(replace(GOOD, files=files(raw, kpi), peak_mb=days))
    assert len(told) == len(wrong)
    assert all(part in line for part, line in zip(wrong, told, strict=True)), told
