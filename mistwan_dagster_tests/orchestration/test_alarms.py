"""Alarms from the simulated cloud to their tables: look-back, change in place, replay, horizon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.alarm_tables import FACT_ALARM, FACT_ALARM_SITE_HOUR
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.lake.raw import floor_day, floor_hour
from mistwan_dagster.mist import pager
from mistwan_dagster.mist.call import Retry
from mistwan_dagster.orchestration import collection
from mistwan_dagster.orchestration.alarms import DAY, alarm_days, compute_alarms, observed_minutes
from mistwan_dagster.orchestration.collection import EventReport, collect_back, collect_events
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import ALARM_DAYS
from mistwan_dagster.simulator.searches import ALARM_RETENTION_S
from mistwan_dagster.simulator.server import Running
from mistwan_dagster_tests.orchestration.conftest import EVENING

Move = Callable[[datetime], None]
HOUR = timedelta(hours=1)


def read(platform: Platform) -> EventReport:
    report = collect_events(platform, endpoint=ALARMS)
    assert report.complete, report.error
    return report


def tables(platform: Platform, since: datetime = EVENING - 7 * DAY) -> dict[str, pl.DataFrame]:
    frames = compute_alarms(platform, floor_day(since), platform.settings.now() + timedelta(seconds=1))
    for table in (FACT_ALARM, FACT_ALARM_SITE_HOUR):
        assert violations(frames[table.name].lazy(), table) == {}
    return frames


def now_told(sim: Running, start: datetime, now: datetime) -> dict[str, dict[str, Any]]:
    """The cloud's own view, from the world and not over HTTP."""
    book = sim.world.alarms
    found = book.between(start.timestamp(), now.timestamp(), now.timestamp())
    return {row["id"]: row for row in (book.row(a, now.timestamp()) for a in found)}


def test_the_look_back_is_long_with_the_first_walk_of_a_day_and_short_within_the_hour(
    sim: Running, on_sim: Platform, at: Move
) -> None:
    del sim
    midnight = floor_day(EVENING) + DAY
    asked = []
    for now in (EVENING, EVENING + timedelta(minutes=5), EVENING + HOUR, midnight + timedelta(minutes=1)):
        at(now)
        report = read(on_sim)
        asked.append(round((now - report.start) / HOUR))
    # From the end of what was read: 21:45 asks from 19:40, 22:40 from 21:45 the day before.
    assert asked == [7 * 24, 2, 25, 7 * 24 + 1]
    assert on_sim.raw.coverage(ALARMS) == [(EVENING - 7 * DAY, midnight + timedelta(minutes=1))]


def test_the_tables_are_the_clouds_own_view_after_every_change(
    sim: Running, on_sim: Platform, at: Move
) -> None:
    start = EVENING - 7 * DAY
    coming = sim.world.alarms.between(*(t.timestamp() for t in (EVENING, EVENING + DAY, EVENING + 2 * DAY)))
    longest = max(coming, key=lambda alarm: alarm.occurrences[-1][1] - alarm.raised_s)
    midst = datetime.fromtimestamp((longest.raised_s + longest.occurrences[-1][1]) / 2, UTC)
    seen: list[pl.DataFrame] = []
    for now in sorted([midst, *(EVENING + hours * HOUR for hours in range(0, 30, 3))]):
        at(now)
        read(on_sim)
        facts = tables(on_sim)[FACT_ALARM.name]
        expected = now_told(sim, start, now)
        assert set(facts["alarm_id"]) == set(expected)
        for row in facts.iter_rows(named=True):
            truth = expected[row["alarm_id"]]
            if row["first_seen_utc"] < now - DAY:
                continue  # looked at again with the first walk of the next day
            assert row["status"] == truth["status"]
            assert row["alarm_count"] == truth["count"]
            assert row["acked"] == truth["acked"]
            assert row["last_seen_utc"].timestamp() == pytest.approx(truth["last_seen"], abs=1e-5)
            assert (row["resolved_utc"] is None) == (truth["status"] == "open")
        seen.append(facts)
    assert any((f["status"] == "open").any() for f in seen), (
        "nothing was open at any time: choose another span"
    )
    versions = on_sim.raw.scan_events(ALARMS, start, EVENING + 2 * DAY).collect()
    assert versions.height > versions["id"].n_unique(), "no alarm changed: choose another span"


def test_reading_again_stores_nothing_and_computing_again_changes_nothing(on_sim: Platform) -> None:
    assert sum(read(on_sim).new_rows.values()) > 0
    first = tables(on_sim)
    again = collect_events(on_sim, EVENING - 7 * DAY, EVENING, endpoint=ALARMS)
    assert again.told > 0
    assert again.new_rows == {}
    for name, frame in tables(on_sim).items():
        assert frame.equals(first[name])


def test_every_alarm_is_counted_at_its_site_in_its_hour(on_sim: Platform) -> None:
    read(on_sim)
    frames = tables(on_sim)
    facts, hours = frames[FACT_ALARM.name], frames[FACT_ALARM_SITE_HOUR.name]
    assert hours["alarm_count"].sum() == facts.height > 0
    assert hours["open_count"].sum() == (facts["status"] == "open").sum()
    assert (hours["hour_utc"] < EVENING).all()
    begun = hours.filter(pl.col("hour_utc") > EVENING - 7 * DAY, pl.col("hour_utc") < floor_hour(EVENING))
    assert begun["observed_minutes"].unique().to_list() == [60.0]


def test_the_circuit_of_an_alarm_is_the_one_whose_incident_raised_it(sim: Running, on_sim: Platform) -> None:
    read(on_sim)
    truth = sim.world.truth_circuits()
    dimension = truth.select(
        "circuit_id", "site_id", "device_mac", "node", "port_id", is_current=True, valid_from=EVENING
    )
    on_sim.kpi.write("dim_circuit", dimension)
    facts = tables(on_sim)[FACT_ALARM.name]
    ports = facts.filter(pl.col("alarm_type") == "gw_critical_port_down")
    assert ports.height > 0
    assert ports["circuit_id"].null_count() == 0
    assert facts.filter(pl.col("alarm_type") == "gateway_down")["circuit_id"].null_count() > 0
    book = sim.world.alarms.between((EVENING - 7 * DAY).timestamp(), EVENING.timestamp(), EVENING.timestamp())
    topology = sim.world.topology
    expected = {
        (a.raised_s, topology.circuit_id(topology.circuits[a.circuit]))
        for a in book
        if a.type == "gw_critical_port_down"
    }
    told = {(row["first_seen_utc"].timestamp(), row["circuit_id"]) for row in ports.iter_rows(named=True)}
    assert told == expected


def test_what_was_not_read_of_an_hour_is_told(on_sim: Platform) -> None:
    day = floor_day(EVENING)
    on_sim.raw.add_coverage(ALARMS, day + timedelta(minutes=30), day + timedelta(minutes=90))
    on_sim.raw.add_coverage(ALARMS, day + timedelta(minutes=100), day + timedelta(minutes=110))
    minutes = observed_minutes(on_sim, day)["observed_minutes"].to_list()
    assert minutes == [30.0, 40.0, *[0.0] * 22]


def test_only_the_day_whose_alarms_changed_is_stale(on_sim: Platform) -> None:
    read(on_sim)
    days = sorted(alarm_days(on_sim))
    assert days == [floor_day(EVENING) - n * DAY for n in range(7, -1, -1)]
    assert ALARM_DAYS.stale(on_sim) == days
    ALARM_DAYS.begin(on_sim, "run", days[0], days[-1] + DAY)
    on_sim.kpi.confirm_pending("run")
    assert ALARM_DAYS.stale(on_sim) == []
    changed = on_sim.raw.scan_events(ALARMS, days[2], days[3]).collect().head(1)
    assert changed.height
    version = changed.with_columns(last_seen=pl.col("last_seen") + 1)
    on_sim.raw.add_events(ALARMS, "late", 1, version)
    assert ALARM_DAYS.stale(on_sim) == [days[2]]


@pytest.mark.parametrize("endpoint", [ALARMS, DEVICE_EVENTS], ids=lambda e: e.name)
def test_walking_back_finds_where_the_clouds_memory_ends(
    sim: Running, on_sim: Platform, endpoint: Any
) -> None:
    report = collect_back(on_sim, EVENING - 40 * DAY, EVENING, endpoint)
    assert report.complete
    horizon = on_sim.raw.told_from(endpoint)
    assert horizon is not None
    keeps = ALARM_RETENTION_S if endpoint is ALARMS else 14 * 86400
    edge = EVENING.timestamp() - keeps
    found = datetime.fromisoformat(horizon["nothing_before"]).timestamp()
    oldest = on_sim.raw.scan_events(endpoint, EVENING - 40 * DAY, EVENING).collect()["timestamp"].min()
    assert edge <= oldest
    assert found <= oldest < found + 86400, "the day after the horizon has some"
    assert horizon["asked_at"] == EVENING.isoformat()
    calls = sum(n for route, n in sim.calls.items() if route.endswith("/search"))
    assert calls <= keeps / 86400 + 4, "not every day before the horizon is asked for"


def test_a_day_without_alarms_is_no_horizon(on_sim: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[datetime, datetime]] = []
    quiet = datetime(2025, 3, 2, tzinfo=UTC)

    def scripted(_platform: Platform, start: datetime, end: datetime, *_rest: Any) -> EventReport:
        asked.append((start, end))
        return EventReport(start, end, told=0 if start == quiet else 5, new_rows={floor_hour(start): 5})

    monkeypatch.setattr(collection, "collect_events", scripted)
    start = datetime(2025, 2, 20, tzinfo=UTC)
    report = collect_back(on_sim, start, EVENING, ALARMS)
    third, fourth = quiet + DAY, quiet + 2 * DAY
    assert asked == [(fourth, EVENING), (third, fourth), (quiet, third), (start, quiet)]
    assert report.told == 15
    assert on_sim.raw.told_from(ALARMS) is None


def test_a_broken_walk_back_keeps_what_it_read_and_says_why(sim: Running, on_sim: Platform) -> None:
    sim.gate.quota = 3
    report = collect_back(on_sim, EVENING - 6 * DAY, EVENING, ALARMS)
    assert not report.complete
    assert "429" in (report.error or "")
    assert on_sim.raw.coverage(ALARMS) == [(floor_day(EVENING) - 2 * DAY, EVENING)]
    assert on_sim.raw.told_from(ALARMS) is None


def test_a_faulty_cloud_costs_no_alarm_once_a_later_walk_comes_through(
    sim: Running, on_sim: Platform, at: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pager, "PAGE_LIMIT", 9)
    impatient = partial(pager.walk, retry=Retry(attempts=2, sleep=lambda _seconds: None))
    monkeypatch.setattr(collection, "walk", impatient)
    sim.faults.set(
        seed=4, error_500=0.2, drop_mid_body=0.2, malformed_json=0.1, duplicate_rows=0.3, repeated_page=0.2
    )
    broken = 0
    for number in range(12):
        at(EVENING + number * timedelta(minutes=5))
        broken += not collect_events(on_sim, endpoint=ALARMS).complete
    sim.faults.clear()
    assert broken, "no fault struck a walk twice: choose other rates"
    at(EVENING + HOUR)
    read(on_sim)
    facts = tables(on_sim)[FACT_ALARM.name]
    recent = facts.filter(pl.col("first_seen_utc") >= EVENING - DAY)
    expected = now_told(sim, EVENING - DAY, EVENING + HOUR)
    assert {(r["alarm_id"], r["status"], r["alarm_count"]) for r in recent.iter_rows(named=True)} == {
        (id_, row["status"], row["count"]) for id_, row in expected.items()
    }
