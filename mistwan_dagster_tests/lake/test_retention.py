"""What is older than the horizon goes whole, what is younger stays, and a kill in between shows to nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, INSIGHT_BANDWIDTH, PORT_STATS
from mistwan_dagster.lake import retention
from mistwan_dagster.lake.compaction import compact_days
from mistwan_dagster.lake.files import LakePath, hour_label, write_parquet
from mistwan_dagster.lake.horizon import EPOCH
from mistwan_dagster.lake.kpi import KpiLake
from mistwan_dagster.lake.locks import Lock
from mistwan_dagster.lake.raw import HOUR, RawLake, SlotReport
from mistwan_dagster.lake.retention import Deleted, delete_kpi, delete_raw

HORIZON = datetime(2025, 1, 3, tzinfo=UTC)
OLD, EDGE = HORIZON - timedelta(days=2), HORIZON - HOUR
INSTANTS = (OLD, EDGE, HORIZON, HORIZON + HOUR)
END = HORIZON + timedelta(days=2)
WHOLE = (OLD, END)


def stamped(lake: KpiLake, stage: str, labels: list[str]) -> list[str]:
    """Those labels of which the lake knows what they were computed from."""
    return [label for label in labels if lake.stamp(stage, label) is not None]


def filled(root: LakePath, lock: Lock | None = None) -> RawLake:
    """Slots, events, refused rows and bins at four instants, two on each side of the horizon; open spans."""
    lake = RawLake(root, lock)
    for number, at in enumerate(INSTANTS):
        port = pl.DataFrame([{"mac": "aa", "port_id": "p1", "received_at": at}], schema=PORT_STATS.schema)
        lake.finish_slot(PORT_STATS, SlotReport("port_stats", at, True, 1, 1, None, 0), [port])
        event = {"mac": "aa", "type": "GW_PORT_UP", "timestamp": at.timestamp(), "received_at": at}
        lake.add_events(DEVICE_EVENTS, f"w{number}", 1, pl.DataFrame([event], schema=DEVICE_EVENTS.schema))
        lake.quarantine(PORT_STATS, f"walk-{at:%Y%m%dT%H%M%S}-a", 1, [{"row_json": "{}", "reason": "odd"}])
        bins = {"mac": "aa", "port_id": "p1", "bin_start": at, "received_at": at}
        frame = pl.DataFrame([bins], schema=INSIGHT_BANDWIDTH.schema)
        write_parquet(frame, lake.piece_path(INSIGHT_BANDWIDTH, WHOLE, "aa:p1"))
        lake.merge_series(INSIGHT_BANDWIDTH, WHOLE)
    for begin, until in ((OLD, HORIZON), (OLD, HORIZON + HOUR)):
        write_parquet(frame, lake.piece_path(INSIGHT_BANDWIDTH, (begin, until), "aa:p1"))
    return lake


def seen(lake: RawLake) -> dict[str, Any]:
    """Instants of everything that readers find."""
    days = [(OLD + timedelta(days=n)).date() for n in range(5)]
    return {
        "slots": lake.scan_snapshots(PORT_STATS, OLD, END).collect()["slot_utc"].to_list(),
        "reports": sorted(lake.reports(PORT_STATS, OLD, END)),
        "hours": lake.partition_hours(PORT_STATS),
        "events": lake.scan_events(DEVICE_EVENTS, OLD, END).collect()["received_at"].to_list(),
        "refused": [at for day in days for at in lake.quarantined(PORT_STATS, day)["walked_at"]],
        "bins": lake.scan_series(INSIGHT_BANDWIDTH, OLD, END).collect()["bin_start"].to_list(),
        "bin days": sorted(lake.series_days(INSIGHT_BANDWIDTH)),
    }


def expected(instants: tuple[datetime, ...]) -> dict[str, Any]:
    found = {name: list(instants) for name in ("slots", "reports", "hours", "events", "refused", "bins")}
    return {**found, "bin days": sorted({at.date() for at in instants})}


@pytest.mark.parametrize("compacted", [False, True])
def test_whole_partitions_go_and_nothing_younger(tmp_path: Path, compacted: bool) -> None:
    lake = filled(tmp_path)
    if compacted:
        list(compact_days(lake, END + timedelta(days=9)))
    assert seen(lake) == expected(INSTANTS)
    deleted = {d.name: d for d in delete_raw(lake, HORIZON)}
    for reader in (lake, RawLake(tmp_path)):
        assert seen(reader) == expected(INSTANTS[2:])
    spans = {name: (d.oldest, d.newest) for name, d in deleted.items()}
    assert spans == {
        "raw/port_stats": (OLD, HORIZON),
        "raw/device_events": (OLD, HORIZON),
        "raw/insight_bandwidth": (OLD, HORIZON),
        "quarantine/port_stats": (OLD, HORIZON),
    }
    more = 2 if compacted else 0
    assert {name: d.files for name, d in deleted.items()} == {
        "raw/port_stats": 4 + more,
        "raw/device_events": 2 + more,
        "raw/insight_bandwidth": 2 + 1,
        "quarantine/port_stats": 2 + more,
    }
    assert all(d.bytes > 0 for d in deleted.values())
    assert not [p for p in lake.root.rglob("*") if "2025-01-01" in p.name or "2025-01-02" in p.name]
    assert lake.piece_path(INSIGHT_BANDWIDTH, (OLD, HORIZON + HOUR), "aa:p1").exists()
    assert delete_raw(lake, HORIZON) == []


@pytest.mark.parametrize("survivors", range(6))
def test_a_kill_shows_no_half_and_the_next_run_deletes_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survivors: int
) -> None:
    lake = filled(tmp_path)
    remove, left = retention.remove, iter(range(survivors))

    def killed(path: Path) -> list[int]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return remove(path)

    with monkeypatch.context() as patched:
        patched.setattr(retention, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_raw(lake, HORIZON)
    assert seen(RawLake(tmp_path)) == expected(INSTANTS[2:])
    delete_raw(RawLake(tmp_path), HORIZON)
    assert seen(RawLake(tmp_path)) == expected(INSTANTS[2:])
    assert not [p for p in lake.root.rglob("*") if "2025-01-01" in p.name or "2025-01-02" in p.name]


def test_the_horizon_never_moves_back_and_older_events_are_not_stored_again(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    assert lake.horizon.start == EPOCH
    delete_raw(lake, HORIZON)
    delete_raw(lake, OLD)
    assert RawLake(tmp_path).horizon.start == HORIZON
    told = [{"mac": "bb", "type": "GW_PORT_UP", "timestamp": at.timestamp()} for at in (EDGE, HORIZON)]
    added = lake.add_events(DEVICE_EVENTS, "again", 1, pl.DataFrame(told, schema=DEVICE_EVENTS.schema))
    assert added == {HORIZON: 1}


def test_hours_and_days_of_events_grow_old_and_periods_do_not(tmp_path: Path) -> None:
    lake = KpiLake(tmp_path / "lake")
    frame = pl.DataFrame({"a": [1]})
    for hour in INSTANTS:
        lake.write("fact_circuit_hour", frame, hour_label(hour))
        lake.note_pending("run", "hourly", hour_label(hour), "x")
    for label in ("day-2025-01-01", "month-2024-12-01"):
        lake.write("agg_circuit_period", frame, label)
    lake.write("fact_failover", frame)
    for label in ("2025-01-02", "2025-01-03"):
        lake.write("fact_alarm", frame, label)
    lake.note_pending("run", "daily", "2025-01-01", "x")
    lake.note_pending("run", "daily", "2025-01-03", "x")
    lake.confirm_pending("run")
    alarms, hours = delete_kpi(lake, HORIZON)
    assert alarms == Deleted("kpi/fact_alarm", 1, alarms.bytes, HORIZON - timedelta(days=1), HORIZON)
    assert hours == Deleted("kpi/fact_circuit_hour", 2, hours.bytes, OLD, HORIZON)
    assert lake.labels("fact_alarm") == ["2025-01-03"]
    assert lake.labels("fact_circuit_hour") == [hour_label(h) for h in INSTANTS[2:]]
    assert lake.labels("agg_circuit_period") == ["day-2025-01-01", "month-2024-12-01"]
    assert lake.labels("fact_failover") == ["all"]
    for stage in ("hourly", "daily"):
        lake.forget_stamps_before(stage, HORIZON)
    assert stamped(lake, "hourly", [hour_label(h) for h in INSTANTS]) == [hour_label(h) for h in INSTANTS[2:]]
    assert stamped(lake, "daily", ["2025-01-01", "2025-01-03"]) == ["2025-01-03"]
    assert KpiLake(tmp_path / "lake").horizon.start == HORIZON
