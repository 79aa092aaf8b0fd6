"""A compacted day reads like the small files it came from, at every instant of compaction, sweep and kill."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, PORT_STATS
from mistwan_dagster.lake import files
from mistwan_dagster.lake.compaction import compact_days, remove_leftovers, sweep
from mistwan_dagster.lake.day_files import day_paths
from mistwan_dagster.lake.files import LakePath
from mistwan_dagster.lake.kpi import fingerprint
from mistwan_dagster.lake.locks import Lock
from mistwan_dagster.lake.raw import HOUR, SLOT, RawLake, SlotReport

DAY = datetime(2025, 1, 1, tzinfo=UTC)
END = DAY + timedelta(days=1)
LATER = DAY + timedelta(days=3)
"""The first instant at which the day is old enough."""
SLOTS = [DAY + timedelta(hours=9, minutes=50) + n * SLOT for n in range(4)]


def rows(endpoint: Endpoint, *records: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{"received_at": DAY, **r} for r in records], schema=endpoint.schema)


def port(number: int, **more: object) -> dict[str, object]:
    return {"mac": "aa", "port_id": f"p{number}", "timestamp": float(number), **more}


def event(at: datetime, kind: str = "GW_PORT_DOWN") -> dict[str, object]:
    return {"mac": "aa", "type": kind, "timestamp": at.timestamp(), "port_id": "p1"}


def store_whole(lake: RawLake, slot: datetime, *records: dict[str, object]) -> None:
    report = SlotReport("port_stats", slot, True, 0, 1, None, 0)
    lake.finish_slot(PORT_STATS, report, [rows(PORT_STATS, *records)])


def store_broken(lake: RawLake, slot: datetime, walk: str, *records: dict[str, object]) -> None:
    page = rows(PORT_STATS, *records)
    lake.add_page(PORT_STATS, slot, walk, 1, page)
    report = SlotReport("port_stats", slot, False, 0, 1, None, 0, "connection lost")
    lake.finish_slot(PORT_STATS, report, [page])


def store_event(lake: RawLake, walk: str, at: datetime) -> None:
    lake.add_events(DEVICE_EVENTS, walk, 1, rows(DEVICE_EVENTS, event(at), event(at, "GW_PORT_UP")))


def refuse(lake: RawLake, at: datetime, tail: str) -> None:
    row = {"row_json": f'{{"mac":"{tail}"}}', "reason": "speed: string where a number is expected"}
    lake.quarantine(PORT_STATS, f"walk-{at:%Y%m%dT%H%M%S}-{tail}", 1, [row])


def filled(root: LakePath, lock: Lock | None = None) -> RawLake:
    """A day with whole slots, a broken one, pages left beside a whole one, events of two walks, refused rows."""
    lake = RawLake(root, lock)
    for number, slot in enumerate(SLOTS[:2]):
        store_whole(lake, slot, port(1, rx_bytes=number), port(2, extra='{"odd":1}'))
    store_broken(lake, SLOTS[2], "w1", port(1), port(2))
    store_broken(lake, SLOTS[2], "w2", port(3))
    store_whole(lake, SLOTS[3], port(1, rx_bytes=9))
    lake.add_page(PORT_STATS, SLOTS[3], "left", 1, rows(PORT_STATS, port(7)))
    for walk, minute in (("w1", 10), ("w2", 70), ("w3", 30)):
        store_event(lake, walk, DAY + timedelta(minutes=minute))
    refuse(lake, SLOTS[0], "a")
    refuse(lake, SLOTS[1], "b")
    return lake


SPANS = [(DAY, END), (SLOTS[0], SLOTS[1]), (SLOTS[1], SLOTS[3]), (SLOTS[2], SLOTS[2] + SLOT), (END, LATER)]


def frames(lake: RawLake) -> list[pl.DataFrame]:
    """Everything that readers are told as rows, in its order."""
    return [
        *(lake.scan_snapshots(PORT_STATS, *span).collect() for span in SPANS),
        *(lake.latest_snapshot(PORT_STATS, before).collect() for before in (SLOTS[3], SLOTS[2] + SLOT, END)),
        *(lake.scan_events(DEVICE_EVENTS, DAY + n * HOUR, DAY + m * HOUR).collect()
          for n, m in ((0, 24), (0, 1), (1, 2), (2, 9))),
        lake.quarantined(PORT_STATS, DAY.date()),
    ]  # fmt: skip


def answers(lake: RawLake) -> dict[str, Any]:
    """Everything else that readers are told."""
    return {
        "reports": lake.reports(PORT_STATS, DAY, END),
        "some reports": lake.reports(PORT_STATS, SLOTS[1], SLOTS[2]),
        "hours": [lake.partition_hours(e) for e in (PORT_STATS, DEVICE_EVENTS)],
        "slots": [
            (s.slot, s.whole) for h in lake.partition_hours(PORT_STATS) for s in lake.slots(PORT_STATS, h)
        ],
        "whole": [lake.has_snapshot_in_hour(PORT_STATS, DAY + n * HOUR) for n in range(24)],
        "coverage": lake.coverage(DEVICE_EVENTS),
    }


def prints(lake: RawLake) -> list[str]:
    """Fingerprints by which staleness is judged."""
    return [
        *(fingerprint(p.identity for _, p in lake.slot_pieces(PORT_STATS, *span)) for span in SPANS),
        *(fingerprint(p.identity for _, p in lake.event_pieces(DEVICE_EVENTS, *span)) for span in SPANS),
    ]


def assert_same(lake: RawLake, before: list[pl.DataFrame], told: dict[str, Any]) -> None:
    for found, expected in zip(frames(lake), before, strict=True):
        assert_frame_equal(found, expected)
    assert answers(lake) == told


def small_files(lake: RawLake) -> list[Path]:
    found = [path for part in ("raw", "quarantine") for path in (lake.root / part).rglob("*")]
    files = [p for p in found if p.is_file() and p.name != "coverage.json"]
    return [p for p in files if p.parent.name != "compacted"]


def test_a_compacted_day_reads_and_fingerprints_the_same_and_becomes_one_file(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    before, told, marks = frames(lake), answers(lake), prints(lake)
    assert before[0].height == 8
    assert len(small_files(lake)) == 15
    done = list(compact_days(lake, LATER))
    assert {(d.name, d.files) for d in done} == {
        ("raw/port_stats", 10), ("raw/device_events", 3), ("quarantine/port_stats", 2),
    }  # fmt: skip
    for reader in (lake, RawLake(tmp_path)):
        assert_same(reader, before, told)
        assert prints(reader) == marks
    assert len(small_files(lake)) == 15, "nothing goes while a reader may be at it"
    sweep(lake, LATER + timedelta(hours=1))
    assert small_files(lake) == []
    assert not list(lake.root.rglob("hour=*"))
    for reader in (lake, RawLake(tmp_path)):
        assert_same(reader, before, told)
        assert prints(reader) == marks
    assert list(compact_days(lake, LATER + timedelta(hours=2))) == []


def test_only_days_that_ended_two_days_ago_are_compacted(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    assert list(compact_days(lake, LATER - timedelta(seconds=1))) == []
    assert list(compact_days(lake, LATER))


def test_a_reader_that_planned_before_finishes_after(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    plan, expected = lake.scan_snapshots(PORT_STATS, DAY, END), frames(lake)[0]
    list(compact_days(lake, LATER))
    sweep(lake, LATER + timedelta(minutes=59))
    assert_frame_equal(plan.collect(), expected)


def test_what_arrives_late_is_stored_once_read_and_compacted_again(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    list(compact_days(lake, LATER))
    sweep(lake, LATER + timedelta(hours=1))
    late = rows(DEVICE_EVENTS, event(DAY + timedelta(minutes=30)), event(DAY + timedelta(minutes=31)))
    assert lake.add_events(DEVICE_EVENTS, "late", 1, late) == {DAY: 1}, "the other one is in the day file"
    store_whole(lake, SLOTS[2], port(5))
    store_broken(lake, SLOTS[0], "again", port(6))
    refuse(lake, SLOTS[2], "c")
    before, told, marks = frames(lake), answers(lake), prints(lake)
    assert lake.scan_events(DEVICE_EVENTS, DAY, DAY + HOUR).collect().height == 5
    assert lake.quarantined(PORT_STATS, DAY.date())["row_json"].to_list() == [
        f'{{"mac":"{x}"}}' for x in "abc"
    ]
    slot = lake.scan_snapshots(PORT_STATS, SLOTS[2], SLOTS[3]).collect()
    assert slot["port_id"].to_list() == ["p5"], "a slot read again outranks what the day file holds"
    assert lake.reports(PORT_STATS, DAY, END)[SLOTS[0]].complete, "a broken walk does not unmake a whole one"
    again = LATER + timedelta(days=1)
    assert len(list(compact_days(lake, again))) == 3
    assert_same(lake, before, told)
    assert prints(lake) == marks
    sweep(lake, again + timedelta(hours=1))
    assert_same(RawLake(tmp_path), before, told)
    assert small_files(lake) == []
    assert [len(paths) for paths in day_paths(lake.endpoint_folder(PORT_STATS)).values()] == [1]


def test_a_slot_that_is_read_again_before_the_sweep_survives_it(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    list(compact_days(lake, LATER))
    store_whole(lake, SLOTS[0], port(8))
    sweep(lake, LATER + timedelta(hours=1))
    found = lake.scan_snapshots(PORT_STATS, SLOTS[0], SLOTS[1]).collect()
    assert found["port_id"].to_list() == ["p8"]
    assert [path.name for path in small_files(lake) if path.suffix == ".parquet"] == ["slot-0950.parquet"]


def test_names_alone_tell_since_when_partitions_are_kept(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    store_whole(lake, LATER, port(1))
    assert lake.kept_since(PORT_STATS) == DAY + timedelta(hours=9)
    list(compact_days(lake, LATER))
    sweep(lake, LATER + timedelta(days=1))
    assert lake.kept_since(PORT_STATS) == DAY, "a compacted day from its midnight on"
    lake.horizon.advance(END)
    assert lake.kept_since(PORT_STATS) == LATER
    assert RawLake(tmp_path / "none").kept_since(PORT_STATS) is None


@pytest.mark.parametrize("survivors", range(0, 15, 2))
def test_a_sweep_that_is_killed_anywhere_changes_no_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survivors: int
) -> None:
    lake = filled(tmp_path)
    before, told = frames(lake), answers(lake)
    list(compact_days(lake, LATER))
    remove, left = files._remove_unchanged, iter(range(survivors))

    def killed(*arguments: Any) -> bool:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return remove(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(files, "_remove_unchanged", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep(lake, LATER + timedelta(hours=1))
    assert_same(RawLake(tmp_path), before, told)
    sweep(lake, LATER + timedelta(hours=1))
    assert small_files(lake) == []
    assert_same(RawLake(tmp_path), before, told)


def test_a_compaction_that_is_killed_leaves_the_small_files_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = filled(tmp_path)
    before, told = frames(lake), answers(lake)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            list(compact_days(lake, LATER))
    assert_same(RawLake(tmp_path), before, told)
    assert len(list(compact_days(lake, LATER))) == 3
    assert_same(RawLake(tmp_path), before, told)


def test_rows_of_an_earlier_release_read_null_where_it_had_no_column(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    store_whole(lake, SLOTS[0], port(1, hop="x"))
    path = lake.slot_path(PORT_STATS, SLOTS[1])
    pl.read_parquet(lake.slot_path(PORT_STATS, SLOTS[0])).drop("loss").with_columns(
        slot_utc=SLOTS[1], gone=1
    ).write_parquet(path)
    list(compact_days(lake, LATER))
    found = lake.scan_snapshots(PORT_STATS, DAY, END).collect()
    assert (found.height, found["loss"].null_count(), "gone" in found.columns) == (2, 2, False)


def test_hidden_files_of_killed_writes_go_when_they_are_old(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    folder = lake.folder(PORT_STATS, SLOTS[0])
    old, young, other = (folder / n for n in (".a.parquet.12-0badcafe", ".b.parquet.12-0badcafe", ".keep"))
    for path in (old, young, other):
        path.write_text("half")
        os.utime(path, (LATER.timestamp() - 90_000,) * 2)
    os.utime(young, (LATER.timestamp() - 80_000,) * 2)
    assert remove_leftovers(tmp_path, LATER) == 1
    assert [p.exists() for p in (old, young, other)] == [False, True, True]


minutes = st.integers(0, 119)
operations = st.one_of(
    st.tuples(st.just("whole"), st.integers(0, 3), st.integers(0, 9)),
    st.tuples(st.just("broken"), st.integers(0, 3), st.integers(0, 9)),
    st.tuples(st.just("event"), minutes, st.integers(0, 0)),
    st.tuples(st.just("refused"), minutes, st.integers(0, 9)),
    st.tuples(st.just("compact"), st.just(0), st.just(0)),
    st.tuples(st.just("sweep"), st.just(0), st.just(0)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(operations, max_size=14))
def test_any_order_of_writes_and_compactions_reads_like_no_compaction(
    steps: list[tuple[str, int, int]],
) -> None:
    """The reference is a lake with the same writes that is never compacted."""
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        lake, plain, now = RawLake(Path(a)), RawLake(Path(b)), LATER
        for number, (kind, where, what) in enumerate(steps):
            now += timedelta(minutes=40)
            for target in (lake, plain):
                if kind == "whole":
                    store_whole(target, SLOTS[where], port(what, rx_bytes=number))
                elif kind == "broken":
                    store_broken(target, SLOTS[where], f"w{number}", port(what, rx_bytes=number))
                elif kind == "event":
                    store_event(target, f"w{number:03d}", DAY + timedelta(minutes=where))
                elif kind == "refused":
                    refuse(target, DAY + timedelta(minutes=where), f"{what}{number}")
            if kind == "compact":
                list(compact_days(lake, now))
            if kind == "sweep":
                sweep(lake, now)
        for found, expected in zip(frames(lake), frames(plain), strict=True):
            assert_frame_equal(found, expected, check_row_order=False)
        assert answers(lake) == answers(plain)
