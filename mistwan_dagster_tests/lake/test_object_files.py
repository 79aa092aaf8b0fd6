"""A lake on an object store tells what the same lake on disk tells: on S3, and on a store that Polars does not know."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from polars.testing import assert_frame_equal
from s3fs import S3FileSystem
from upath import UPath

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, INSIGHT_BANDWIDTH, PORT_STATS
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake import files
from mistwan_dagster.lake.compaction import compact_days, sweep
from mistwan_dagster.lake.kpi import KpiLake
from mistwan_dagster.lake.locks import Lock, file_locks
from mistwan_dagster.lake.raw import HOUR, RawLake
from mistwan_dagster.lake.retention import delete_kpi, delete_raw
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests.lake import test_compaction as days
from mistwan_dagster_tests.lake import test_retention as ages
from mistwan_dagster_tests.s3_server import Store, store

__all__ = ["store"]


def open_store(url: str) -> UPath:
    lake = Settings(mistwan_lake_url=url, _env_file=None).lake
    assert isinstance(lake, UPath)
    return lake


@pytest.fixture(params=["s3", "memory"])
def root(request: pytest.FixtureRequest, store: Store) -> UPath:
    """Root of an empty lake."""
    memory = f"memory://bucket-{secrets.token_hex(4)}/wan"
    return open_store(store.new_bucket() if request.param == "s3" else memory)


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return file_locks(tmp_path / "locks")


def keys(root: UPath) -> list[str]:
    """Everything that lies below the root."""
    return sorted(key.removeprefix(f"{root.path}/") for key in root.fs.find(root.path))


def assert_same(lake: RawLake, expected: list[pl.DataFrame], told: dict[str, Any]) -> None:
    with files.listed_once(lake.root):
        days.assert_same(lake, expected, told)


def test_a_day_reads_the_same_before_and_after_compaction_and_sweep(
    root: UPath, lock: Lock, tmp_path: Path
) -> None:
    plain, lake = days.filled(tmp_path / "lake"), days.filled(root, lock)
    expected, told = days.frames(plain), days.answers(plain)
    assert_same(lake, expected, told)
    prints, before = days.prints(lake), keys(root)
    on_disk = {(d.name, d.day): d.files for d in compact_days(plain, days.LATER)}
    compacted = list(compact_days(lake, days.LATER))
    assert {(d.name, d.day): d.files for d in compacted} == on_disk
    assert all(d.bytes_before > 0 and d.bytes_after > 0 for d in compacted)
    assert set(keys(root)) > set(before)
    assert_same(RawLake(root, lock), expected, told)
    assert days.prints(RawLake(root, lock)) == prints
    assert sweep(lake, days.LATER) == 0, "readers may still be at the small files"
    assert sweep(lake, days.LATER + HOUR) == sum(on_disk.values())
    assert [key for key in keys(root) if "/compacted/" not in key] == []
    assert_same(RawLake(root, lock), expected, told)
    assert days.prints(RawLake(root, lock)) == prints


def test_a_lake_moved_from_disk_reads_the_same_once_it_is_swept(
    root: UPath, lock: Lock, tmp_path: Path
) -> None:
    plain = days.filled(tmp_path / "lake")
    expected, told = days.frames(plain), days.answers(plain)
    list(compact_days(plain, days.LATER))
    sweep(plain, days.LATER + HOUR)
    for part in ("raw", "quarantine"):
        for path in (p for p in (tmp_path / "lake" / part).rglob("*") if p.is_file()):
            key = f"{root.path}/{path.relative_to(tmp_path / 'lake').as_posix()}"
            root.fs.pipe_file(key, path.read_bytes())
    assert_same(RawLake(root, lock), expected, told)


def test_what_arrives_after_compaction_is_read_beside_the_day_file_and_compacted_into_the_next(
    root: UPath, lock: Lock, tmp_path: Path
) -> None:
    plain, lake = days.filled(tmp_path / "lake"), days.filled(root, lock)
    list(compact_days(lake, days.LATER))
    for target in (plain, lake):
        days.store_event(target, "late", days.DAY + timedelta(minutes=42))
        days.store_whole(target, days.SLOTS[0], days.port(8))
    assert len(list(compact_days(lake, days.LATER))) == 2
    sweep(lake, days.LATER + HOUR)
    sort = ["timestamp", "type"]
    span = (days.DAY, days.END)
    assert_frame_equal(
        lake.scan_events(DEVICE_EVENTS, *span).sort(sort).collect(),
        plain.scan_events(DEVICE_EVENTS, *span).sort(sort).collect(),
    )
    found = lake.scan_snapshots(PORT_STATS, days.SLOTS[0], days.SLOTS[1]).collect()
    assert found["port_id"].to_list() == ["p8"]
    assert len([key for key in keys(root) if "/compacted/" in key]) == 3, "outranked day files went"


@pytest.mark.parametrize("compacted", [False, True])
def test_retention_deletes_whole_partitions_and_counts_them(
    root: UPath, lock: Lock, tmp_path: Path, compacted: bool
) -> None:
    plain, lake = ages.filled(tmp_path / "lake"), ages.filled(root, lock)
    if compacted:
        for target in (plain, lake):
            list(compact_days(target, ages.END + timedelta(days=9)))
    assert ages.seen(lake) == ages.seen(plain) == ages.expected(ages.INSTANTS)
    deleted = {d.name: (d.files, d.oldest, d.newest) for d in delete_raw(lake, ages.HORIZON)}
    assert deleted == {d.name: (d.files, d.oldest, d.newest) for d in delete_raw(plain, ages.HORIZON)}
    assert ages.seen(RawLake(root, lock)) == ages.expected(ages.INSTANTS[2:])
    assert [key for key in keys(root) if "2025-01-01" in key or "2025-01-02" in key] == []
    assert delete_raw(lake, ages.HORIZON) == []


def test_history_pieces_are_found_merged_and_gone(root: UPath, lock: Lock) -> None:
    lake, span = RawLake(root, lock), (ages.OLD, ages.OLD + HOUR)
    bins = {"mac": "aa", "port_id": "p1", "bin_start": ages.OLD, "received_at": ages.OLD}
    frame = pl.DataFrame([bins], schema=INSIGHT_BANDWIDTH.schema)
    files.write_parquet(frame, lake.piece_path(INSIGHT_BANDWIDTH, span, "aa:ge-0/0/0"))
    assert lake.begun_spans(INSIGHT_BANDWIDTH) == [span]
    assert lake.circuits_held(INSIGHT_BANDWIDTH, [span], ["aa:ge-0/0/0", "aa:p2"]) == {"aa:ge-0/0/0"}
    merged, pieces = lake.merge_series(INSIGHT_BANDWIDTH, span)
    assert (merged, len(pieces)) == (1, 1)
    lake.drop_pieces(pieces)
    assert lake.begun_spans(INSIGHT_BANDWIDTH) == []
    day = ages.OLD.date()
    assert lake.series_days(INSIGHT_BANDWIDTH) == {day}
    assert list(lake.series_marks(INSIGHT_BANDWIDTH, day)) == [ages.OLD]
    assert_frame_equal(lake.scan_series(INSIGHT_BANDWIDTH, *span).collect(), frame)


def test_computed_partitions_and_what_they_were_computed_from(root: UPath) -> None:
    lake, hours = KpiLake(root), [datetime(2025, 1, 1, n, tzinfo=UTC) for n in range(3)]
    frame = pl.DataFrame({"hour_utc": [hours[0], hours[2]], "a": [1, 2]})
    lake.write_hours("t", frame, hours[0], hours[2] + HOUR)
    lake.write("t2", frame, "day-2025-01-01")
    found = lake.scan_hours("t", hours[0], hours[2] + HOUR)
    assert found is not None
    assert_frame_equal(found.collect(), frame)
    assert lake.labels("t") == ["2025-01-01T00", "2025-01-01T01", "2025-01-01T02"]
    assert lake.read("t", "2025-01-01T01") is not None
    assert lake.read("t", "2025-01-01T07") is lake.read("never written") is None
    assert list(lake.pieces("t")) == lake.labels("t")
    lake.note_all_pending("run", "hourly", {"2025-01-01T00": "x", "2025-01-01T01": "y"})
    lake.note_all_pending("run", "hourly", {"2025-01-01T00": "later", "2025-01-01T02": "z"})
    lake.note_pending("other", "hourly", "2025-01-01T00", "never")
    assert lake.pending_runs() == ["other", "run"]
    assert lake.confirm_pending("run") == 3
    lake.forget_pending("other")
    assert lake.pending_runs() == []
    expected = {"2025-01-01T00": "x", "2025-01-01T01": "y", "2025-01-01T02": "z"}
    assert KpiLake(root).stamps("hourly", [*expected, "2025-01-01T03"]) == expected
    lake.forget_stamps_before("hourly", hours[1])
    assert list(lake.stamps("hourly", expected)) == ["2025-01-01T01", "2025-01-01T02"]
    assert [d.files for d in delete_kpi(lake, hours[2])] == [2]
    assert lake.labels("t") == ["2025-01-01T02"]
    assert lake.labels("t2") == ["day-2025-01-01"]


def test_a_record_that_another_process_replaced_is_read_again(root: UPath) -> None:
    lake, label = KpiLake(root), "2025-01-01T00"
    for run, digest in (("first", "aaaa"), ("second", "bbbb")):
        other = KpiLake(root)
        other.note_pending(run, "hourly", label, digest)
        other.confirm_pending(run)
        for _ in range(2):
            with lake.listed_once():
                assert lake.stamp("hourly", label) == digest


def test_the_mark_of_a_file_changes_with_its_content_also_within_a_second(root: UPath) -> None:
    path, marks = root / "kpi" / "t" / "a.json", []
    for value in ("abcd", "abce"):
        files.write_json(value, path)
        marks.append(files.mark(path))
        with files.listed_once(root):
            assert files.mark(path) == marks[-1], "a listing tells it like the object itself"
    assert marks[0] != marks[1]
    assert [files.size_of(mark) for mark in marks] == [6, 6]
    with pytest.raises(FileNotFoundError):
        files.mark(root / "kpi" / "t" / "b.json")


def test_a_write_that_is_killed_leaves_the_old_object_and_nothing_else(root: UPath) -> None:
    target = root / "kpi" / "t" / "all.parquet"
    files.write_parquet(pl.DataFrame({"a": [1]}), target)

    def killed(path: Path) -> None:
        path.write_text("half a fi")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.replace_file(target, killed)
    assert files.read_parquet(target)["a"].to_list() == [1]
    assert keys(root) == ["kpi/t/all.parquet"]


def test_a_block_lists_once_sees_its_own_writes_and_ends(root: UPath) -> None:
    one, two = (root / "kpi" / "t" / name for name in ("one.json", "two.json"))
    files.write_json(1, one)
    with files.listed_once(root):
        assert files.visible(root / "kpi" / "t", "") == [one]
        root.fs.pipe_file(two.path, b"2")  # by another process
        assert files.visible(root / "kpi" / "t", "") == [one]
        assert files.existing([one, two]) == [one]
        files.write_json(3, one)
        assert files.read_json(one) == 3
        assert files.visible(root / "kpi" / "t", "") == [one, two]
    files.remove_files([two])
    assert files.visible(root / "kpi" / "t", "") == [one]
    assert files.visible(one, "") == []


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Listings and looks at single objects that an in-memory store is asked for."""
    asked: list[str] = []

    def noted(name: str) -> Callable[..., Any]:
        ask = getattr(MemoryFileSystem, name)

        def asking(*arguments: Any, **named: Any) -> Any:
            asked.append(name)
            return ask(*arguments, **named)

        return asking

    for name in ("find", "ls", "info", "exists"):
        monkeypatch.setattr(MemoryFileSystem, name, noted(name))
    return asked


def test_a_day_of_slots_is_found_by_one_listing(lock: Lock, requests: list[str]) -> None:
    root = open_store(f"memory://bucket-{secrets.token_hex(4)}/wan")
    lake = days.filled(root, lock)
    requests.clear()
    assert len(lake.slot_pieces(PORT_STATS, days.DAY, days.END)) == 5
    assert requests == ["find"]


@pytest.mark.usefixtures("store")
def test_a_bucket_that_is_not_there_is_one_clear_line() -> None:
    path = open_store("s3://no-such-bucket/wan") / "raw" / "x.json"
    with pytest.raises(
        UserError, match=r"store failed at s3://no-such-bucket/wan/raw/x.json: .*MISTWAN_LAKE_URL"
    ):
        files.write_json({}, path)


@pytest.mark.usefixtures("store")
def test_a_store_that_cannot_be_reached_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    S3FileSystem.clear_instance_cache()
    try:
        with pytest.raises(
            UserError, match=r"store failed at s3://bucket/wan/raw: .*credentials of the store"
        ):
            files.visible(open_store("s3://bucket/wan") / "raw", "")
    finally:
        S3FileSystem.clear_instance_cache()


def test_a_store_whose_library_is_not_installed_is_one_clear_line() -> None:
    with pytest.raises(UserError, match=r"store failed at gs://bucket/wan/raw: .*gcsfs.*MISTWAN_LAKE_URL"):
        files.visible(open_store("gs://bucket/wan") / "raw", "")


def test_a_lake_on_a_store_does_not_open_without_a_lock() -> None:
    with pytest.raises(ValueError, match="needs a lock"):
        RawLake(open_store("memory://bucket/wan"))
