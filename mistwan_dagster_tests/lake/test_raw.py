from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, INSIGHT_BANDWIDTH, PORT_STATS
from mistwan_dagster.lake import series
from mistwan_dagster.lake.files import LakePath, write_parquet
from mistwan_dagster.lake.raw import RawLake, SlotReport, floor_slot, hours_between

HOUR = datetime(2025, 1, 1, 10, tzinfo=UTC)
SLOT = HOUR.replace(minute=5)


def rows(endpoint: Endpoint, *records: dict[str, object]) -> pl.DataFrame:
    received = {"received_at": SLOT}
    return pl.DataFrame([{**received, **r} for r in records], schema=endpoint.schema)


def port(port_id: str, timestamp: float, **more: object) -> dict[str, object]:
    return {"mac": "aa", "port_id": port_id, "timestamp": timestamp, **more}


def report(complete: bool, slot: datetime = SLOT) -> SlotReport:
    return SlotReport("port_stats", slot, complete, 0, 1, None, 0, None if complete else "connection lost")


def test_floor_slot_and_hours() -> None:
    assert floor_slot(HOUR + timedelta(minutes=9, seconds=59)) == SLOT
    assert list(hours_between(HOUR + timedelta(minutes=1), HOUR + timedelta(hours=2, minutes=1))) == [
        HOUR + timedelta(hours=1),
        HOUR + timedelta(hours=2),
    ]


def test_a_whole_walk_is_one_file_without_repeated_rows_the_newest_stays(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    pages = [
        rows(PORT_STATS, port("p1", 10.0, rx_bytes=1), port("p2", 10.0)),
        rows(PORT_STATS, port("p1", 12.0, rx_bytes=2), port("p2", 9.0)),
    ]
    for number, page in enumerate(pages, 1):
        lake.add_page(PORT_STATS, SLOT, "w1", number, page)
    assert lake.finish_slot(PORT_STATS, report(True), pages) == 2
    stored = lake.scan_snapshots(PORT_STATS, HOUR, HOUR + timedelta(hours=1)).collect().sort("port_id")
    assert stored["timestamp"].to_list() == [12.0, 10.0]
    assert stored["rx_bytes"].to_list() == [2, None]
    assert stored["slot_utc"].to_list() == [SLOT, SLOT]
    assert not lake.slot_path(PORT_STATS, SLOT).with_suffix(".pages").exists()


def test_pages_of_a_broken_walk_are_read_until_a_whole_one_replaces_them(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    page = rows(PORT_STATS, port("p1", 10.0))
    lake.add_page(PORT_STATS, SLOT, "killed", 1, page)
    assert lake.scan_snapshots(PORT_STATS, HOUR, HOUR + timedelta(hours=1)).collect().height == 1
    lake.finish_slot(PORT_STATS, report(False), [page])
    assert lake.reports(PORT_STATS, HOUR, HOUR + timedelta(hours=1))[SLOT].error == "connection lost"
    both = [page, rows(PORT_STATS, port("p2", 10.0))]
    lake.finish_slot(PORT_STATS, report(True), both)
    assert lake.scan_snapshots(PORT_STATS, HOUR, HOUR + timedelta(hours=1)).collect().height == 2
    lake.finish_slot(PORT_STATS, report(False), [page])
    assert lake.reports(PORT_STATS, HOUR, HOUR + timedelta(hours=1))[SLOT].complete


def test_a_slot_replaces_only_itself(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    later = SLOT + timedelta(minutes=5)
    lake.finish_slot(PORT_STATS, report(True), [rows(PORT_STATS, port("p1", 1.0))])
    lake.finish_slot(PORT_STATS, report(True, later), [rows(PORT_STATS, port("p1", 2.0))])
    lake.finish_slot(PORT_STATS, report(True, later), [rows(PORT_STATS, port("p1", 3.0))])
    stored = lake.scan_snapshots(PORT_STATS, HOUR, HOUR + timedelta(hours=1)).collect().sort("slot_utc")
    assert stored["timestamp"].to_list() == [1.0, 3.0]
    assert lake.latest_snapshot(PORT_STATS, later).collect()["timestamp"].to_list() == [1.0]


def test_within_a_block_an_hour_is_as_it_was_first_seen_and_after_it_as_it_is(tmp_path: Path) -> None:
    lake, other = RawLake(tmp_path), RawLake(tmp_path)
    next_slot = SLOT + timedelta(minutes=5)
    other.finish_slot(PORT_STATS, report(True), [rows(PORT_STATS, port("ge-0/0/0", 1))])
    with lake.listed_once():
        with lake.listed_once():
            assert len(lake.slots(PORT_STATS, HOUR)) == 1
        other.finish_slot(PORT_STATS, report(True, next_slot), [rows(PORT_STATS, port("ge-0/0/0", 2))])
        assert len(lake.slots(PORT_STATS, HOUR)) == 1
    assert [found.slot for found in lake.slots(PORT_STATS, HOUR)] == [SLOT, next_slot]


def event(kind: str, at: datetime, **more: object) -> dict[str, object]:
    return {"mac": "aa", "type": kind, "timestamp": at.timestamp(), **more}


def test_events_are_stored_once_in_the_hour_they_happened(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    early, late = HOUR + timedelta(minutes=59), HOUR + timedelta(minutes=61)
    page = rows(
        DEVICE_EVENTS, event("GW_PORT_DOWN", early, port_id="p1"), event("GW_PORT_UP", late, port_id="p1")
    )
    next_hour = HOUR + timedelta(hours=1)
    assert lake.add_events(DEVICE_EVENTS, "w1", 1, page) == {HOUR: 1, next_hour: 1}
    before = sorted(lake.folder(DEVICE_EVENTS, HOUR).iterdir())
    again = pl.concat([page, page, rows(DEVICE_EVENTS, event("GW_PORT_UP", late, port_id="p2"))])
    assert lake.add_events(DEVICE_EVENTS, "w2", 1, again) == {next_hour: 1}
    assert sorted(lake.folder(DEVICE_EVENTS, HOUR).iterdir()) == before
    assert lake.scan_events(DEVICE_EVENTS, HOUR, next_hour).collect().height == 1
    assert lake.scan_events(DEVICE_EVENTS, HOUR, next_hour + timedelta(hours=1)).collect().height == 3


def test_coverage_joins_spans_that_touch(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    hours = [HOUR + timedelta(hours=h) for h in range(6)]
    lake.add_coverage(DEVICE_EVENTS, hours[0], hours[1])
    lake.add_coverage(DEVICE_EVENTS, hours[4], hours[5])
    assert lake.coverage(DEVICE_EVENTS) == [(hours[0], hours[1]), (hours[4], hours[5])]
    lake.add_coverage(DEVICE_EVENTS, hours[1], hours[4])
    assert lake.coverage(DEVICE_EVENTS) == [(hours[0], hours[5])]


MIDNIGHT = datetime(2025, 1, 2, tzinfo=UTC)
BINS_SPAN = (MIDNIGHT - timedelta(hours=1), MIDNIGHT + timedelta(hours=1))


def bins(received_at: datetime, *rates: float) -> pl.DataFrame:
    """Bins of one port from 23:00 on."""
    return rows(
        INSIGHT_BANDWIDTH,
        *(
            {"mac": "aa", "port_id": "p1", "bin_start": BINS_SPAN[0] + timedelta(hours=i), "rx_bps": rate}
            | {"received_at": received_at}
            for i, rate in enumerate(rates)
        ),
    )


def merge(lake: RawLake, frame: pl.DataFrame) -> int:
    write_parquet(frame, lake.piece_path(INSIGHT_BANDWIDTH, BINS_SPAN, "aa:p1"))
    assert lake.begun_spans(INSIGHT_BANDWIDTH) == [BINS_SPAN]
    bins, pieces = lake.merge_series(INSIGHT_BANDWIDTH, BINS_SPAN)
    lake.drop_pieces(pieces)
    return bins


def test_series_pieces_merge_into_days_and_a_repeat_changes_nothing(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    assert merge(lake, bins(SLOT, 1.0, 2.0)) == 2
    days = {MIDNIGHT.date(), (MIDNIGHT - timedelta(days=1)).date()}
    marks = {day: lake.series_marks(INSIGHT_BANDWIDTH, day) for day in days}
    assert lake.series_days(INSIGHT_BANDWIDTH) == days
    assert merge(lake, bins(SLOT + timedelta(hours=1), 1.0, 2.0)) == 2
    assert {day: lake.series_marks(INSIGHT_BANDWIDTH, day) for day in days} == marks
    found = lake.scan_series(INSIGHT_BANDWIDTH, MIDNIGHT, MIDNIGHT + timedelta(hours=1)).collect()
    assert found["rx_bps"].to_list() == [2.0]
    assert lake.begun_spans(INSIGHT_BANDWIDTH) == []


def test_what_another_run_adds_while_pieces_are_merged_is_kept(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    write_parquet(bins(SLOT, 1.0), lake.piece_path(INSIGHT_BANDWIDTH, BINS_SPAN, "aa:p1"))
    _, pieces = lake.merge_series(INSIGHT_BANDWIDTH, BINS_SPAN)
    late = bins(SLOT, 7.0).with_columns(port_id=pl.lit("p2"))
    write_parquet(late, lake.piece_path(INSIGHT_BANDWIDTH, BINS_SPAN, "aa:p2"))
    lake.drop_pieces(pieces)
    assert lake.circuits_held(INSIGHT_BANDWIDTH, [BINS_SPAN], ["aa:p1", "aa:p2"]) == {"aa:p2"}
    _, pieces = lake.merge_series(INSIGHT_BANDWIDTH, BINS_SPAN)
    lake.drop_pieces(pieces)
    assert lake.begun_spans(INSIGHT_BANDWIDTH) == []
    stored = lake.scan_series(INSIGHT_BANDWIDTH, *BINS_SPAN).collect()
    assert sorted(stored["rx_bps"]) == [1.0, 7.0]


def test_spans_of_two_runs_that_share_a_day_are_merged_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, other = RawLake(tmp_path), RawLake(tmp_path)
    shifted = (BINS_SPAN[0] + timedelta(hours=3), BINS_SPAN[1] + timedelta(hours=3))
    later = bins(SLOT, 5.0).with_columns(pl.col("bin_start") + timedelta(hours=3))
    write_parquet(bins(SLOT, 1.0, 2.0), lake.piece_path(INSIGHT_BANDWIDTH, BINS_SPAN, "aa:p1"))
    write_parquet(later, lake.piece_path(INSIGHT_BANDWIDTH, shifted, "aa:p1"))
    reads = series.read_parquet

    with ThreadPoolExecutor(1) as pool:
        begun: list[Future[tuple[int, list[LakePath]]]] = []

        def meanwhile(path: LakePath) -> pl.DataFrame:
            if not begun:
                begun.append(pool.submit(other.merge_series, INSIGHT_BANDWIDTH, shifted))
                with pytest.raises(TimeoutError):
                    begun[0].result(0.5)
            return reads(path)

        lake.merge_series(INSIGHT_BANDWIDTH, BINS_SPAN)
        monkeypatch.setattr(series, "read_parquet", meanwhile)
        lake.merge_series(INSIGHT_BANDWIDTH, BINS_SPAN)
        begun[0].result()
    stored = lake.scan_series(INSIGHT_BANDWIDTH, BINS_SPAN[0], shifted[1]).collect()
    assert sorted(stored["rx_bps"]) == [1.0, 2.0, 5.0]


def test_a_bin_that_is_told_differently_marks_its_hour_and_no_other(tmp_path: Path) -> None:
    lake = RawLake(tmp_path)
    merge(lake, bins(SLOT, 1.0, 2.0, 3.0))
    before = lake.series_marks(INSIGHT_BANDWIDTH, MIDNIGHT.date())
    assert set(before) == {MIDNIGHT, MIDNIGHT + timedelta(hours=1)}
    merge(lake, bins(SLOT + timedelta(hours=1), 1.0, 2.0, 4.0))
    after = lake.series_marks(INSIGHT_BANDWIDTH, MIDNIGHT.date())
    assert {hour for hour in after if after[hour] != before[hour]} == {MIDNIGHT + timedelta(hours=1)}
    stored = lake.scan_series(INSIGHT_BANDWIDTH, BINS_SPAN[0], MIDNIGHT + timedelta(hours=2)).collect()
    assert stored["rx_bps"].to_list() == [1.0, 2.0, 4.0]
