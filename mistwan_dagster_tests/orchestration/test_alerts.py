"""Looks at a lake: slots of a simulated cloud against its truth, and hand-made hours, incidents, maintenance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH
from mistwan_dagster.catalog.endpoints import DEVICE_STATS, PATH_STATS, PORT_STATS, SITEGROUPS, SITES
from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    RPT_CARRIER_INCIDENT,
    Table,
)
from mistwan_dagster.kpi.alerts_states import STRETCH
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.dimensions import discover_circuits, discover_sites
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import apply_versions
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.lake.raw import HOUR, SLOT, floor_slot
from mistwan_dagster.orchestration import alerts
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

DAY = datetime(2025, 3, 3, tzinfo=UTC)
NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WORLD = World(seed=3, sites=8)


def look(platform: Platform) -> alerts.Look:
    found = alerts.evaluate(platform, {})
    for table in (FACT_ALERT, FACT_ALERT_BREACH):
        stored = platform.kpi.read(table.name)
        assert stored is not None
        assert violations(stored.lazy(), table) == {}
    return found


# --- the simulated cloud -------------------------------------------------------------------------------


def poll(cloud: Running, platform: Platform, slot: datetime, first: bool) -> None:
    cloud.clock.set(slot + timedelta(seconds=7))
    platform.settings.mistwan_now = slot + timedelta(seconds=7)
    for endpoint in (PORT_STATS, PATH_STATS, DEVICE_STATS, *((SITES, SITEGROUPS) if first else ())):
        assert collect_snapshot(platform, endpoint, slot).complete
    assert collect_events(platform).complete
    if first:
        told = {
            e.name: platform.raw.scan_snapshots(e, slot, slot + SLOT).collect()
            for e in (PORT_STATS, DEVICE_STATS, SITES, SITEGROUPS)
        }
        sites = discover_sites(told[SITES.name], told[SITEGROUPS.name], "Region ", "Store type ")
        devices = told[DEVICE_STATS.name]
        circuits = discover_circuits(told[PORT_STATS.name], devices, interface_map(devices), None)
        for table, observed in ((DIM_SITE, sites), (DIM_CIRCUIT, circuits)):
            frame = apply_versions(table.empty(), observed, table.key[0], slot)
            platform.kpi.write(table.name, table.conform(frame.lazy()).collect())


def test_an_outage_of_the_cloud_opens_once_and_closes_once(tmp_path: Path) -> None:
    lasts = pl.col("end_utc") - pl.col("start_utc")
    some = WORLD.truth_outages(DAY, DAY + 24 * HOUR).filter(
        pl.col("kind") == "link", lasts > 25 * MINUTE, lasts < 90 * MINUTE, pl.col("start_utc") > DAY + HOUR
    )
    assert some.height, "no such outage on this day: choose another seed"
    truth = some.row(0, named=True)
    begin, last = floor_slot(truth["start_utc"]) - 15 * MINUTE, floor_slot(truth["end_utc"]) + 25 * MINUTE
    with running(WORLD, clock=Clock(begin)) as cloud:
        platform = Platform(
            Settings(
                mistwan_home=tmp_path,
                mist_api_base_url=cloud.base_url,
                mist_api_token=cloud.token,
                mist_org_id=cloud.org_id,
                _env_file=None,
            )
        )
        slot = begin
        while slot <= last:
            poll(cloud, platform, slot, first=slot == begin)
            platform.settings.mistwan_now = slot + 3 * MINUTE
            found = look(platform)
            slot += SLOT
    circuit = pl.col("subject") == truth["circuit_id"]
    (part,) = found.alerts.breaches.filter(circuit, pl.col("signal") == "down").to_dicts()
    (alert,) = found.alerts.alerts.filter(alert_id=part["alert_id"]).to_dicts()
    assert (alert["scope"], alert["site_id"], alert["rule"]) == ("site", truth["site_id"], "outage")
    assert abs(part["since_utc"] - truth["start_utc"]) < MINUTE
    # Known to the newest slot, and looked at three minutes after it.
    assert timedelta(0) <= part["joined_utc"] - (truth["start_utc"] + 15 * MINUTE) < 9 * MINUTE
    assert timedelta(0) <= part["left_utc"] - (truth["end_utc"] + 10 * MINUTE) < 9 * MINUTE
    assert part["left_reason"] == "recovered"


# --- a hand-made lake ----------------------------------------------------------------------------------

CIRCUITS = {f"{site}1": "Acme" for site in "abcd"} | {"a2": "Bell"}


def write(platform: Platform, table: Table, rows: list[dict[str, Any]], label: str = "all") -> None:
    platform.kpi.write(table.name, pl.DataFrame(rows, schema=table.schema), label)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    made = Platform(Settings(mistwan_home=tmp_path, mistwan_now=NOON, _env_file=None))
    sites = [
        {"site_id": s, "site_name": s.upper(), "region": "North", "valid_from": NOON - 90 * 24 * HOUR,
         "is_current": True}
        for s in "abcd"
    ]  # fmt: skip
    circuits = [
        {"circuit_id": c, "site_id": c[0], "device_mac": c[0], "port_id": c, "provider": p, "is_current": True,
         "valid_from": NOON - 90 * 24 * HOUR}
        for c, p in CIRCUITS.items()
    ]  # fmt: skip
    write(made, DIM_SITE, sites)
    write(made, DIM_CIRCUIT, circuits)
    return made


def hours(platform: Platform, end: datetime, count: int, loss: dict[str, str | None]) -> None:
    for number in range(1, count + 1):
        hour = end - number * HOUR
        rows = [
            {"site_id": c[0], "circuit_id": c, "hour_utc": hour, "region": "North", "up_minutes": 60.0,
             "down_minutes": 0.0, "unknown_minutes": 0.0, "loss_severity": loss.get(c, "normal"), "loss_avg_pct": 1.0}
            for c in CIRCUITS
        ]  # fmt: skip
        write(platform, FACT_CIRCUIT_HOUR, rows, hour_label(hour))


def down(monkeypatch: pytest.MonkeyPatch, minutes: dict[str, float], end: datetime = NOON) -> None:
    """What the slots tell until then: these circuits down for so long, the others up for an hour."""
    rows = [
        {"circuit_id": c, "signal": "down", "start": end - minutes.get(c, 60) * MINUTE, "end": end,
         "bad": c in minutes, "worked": True}
        for c in CIRCUITS
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=STRETCH)
    monkeypatch.setattr(alerts, "live_stretches", lambda *_: frame)


def short(found: alerts.Look) -> list[tuple]:
    """What is open of the circuits."""
    of_circuits = pl.col("closed_utc").is_null() & (pl.col("scope") != "platform")
    rows = found.alerts.alerts.filter(of_circuits).sort("rule", "scope", "site_id")
    return rows.select("rule", "scope", "site_id", "provider", "severity", "circuit_count").rows()


def test_an_empty_platform_alerts_nobody(tmp_path: Path) -> None:
    found = look(Platform(Settings(mistwan_home=tmp_path, mistwan_now=NOON, _env_file=None)))
    assert short(found) == []


def test_hours_make_alerts_of_sites(platform: Platform) -> None:
    hours(platform, NOON, 2, {"a1": "high", "a2": "critical"})
    assert short(look(platform)) == [("quality", "site", "a", None, "critical", 1)]
    hours(platform, NOON, 3, {"a1": "high", "a2": "critical"})
    assert short(look(platform)) == [("quality", "site", "a", None, "critical", 2)]


def test_hours_of_long_ago_alert_nobody_and_close_nothing(platform: Platform) -> None:
    hours(platform, NOON - 4 * HOUR, 3, {"a1": "high"})
    assert short(look(platform)) == []
    platform.settings.mistwan_now = NOON - 3 * HOUR
    assert short(look(platform)) == [("quality", "site", "a", None, "high", 1)]
    platform.settings.mistwan_now = NOON
    hours(platform, NOON - 4 * HOUR, 3, {})
    assert short(look(platform)) == [("quality", "site", "a", None, "high", 1)]


def test_a_full_line_is_no_fault_of_a_carrier_but_loss_is(platform: Platform) -> None:
    hours(platform, NOON, 3, {"a1": "high", "b1": "high"})
    incident = {"provider": "Acme", "area": "North", "start_utc": NOON - HOUR, "kind": "degraded"}
    write(platform, RPT_CARRIER_INCIDENT, [incident])
    assert short(look(platform)) == [("quality", "provider", None, "Acme", "high", 2)]


def test_stores_of_one_carrier_that_go_down_together_make_one_alert(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours(platform, NOON - HOUR, 1, {})
    down(monkeypatch, {"a1": 16, "a2": 16})
    assert short(look(platform)) == [("outage", "site", "a", None, "high", 2)]
    platform.settings.mistwan_now = NOON + MINUTE
    # Two more have only begun: together they are an incident of three, which takes a1 over.
    down(monkeypatch, {"a1": 17, "a2": 17, "b1": 3, "c1": 3})
    assert short(look(platform)) == [
        ("outage", "provider", None, "Acme", "high", 1),
        ("outage", "site", "a", None, "high", 2),
    ]
    platform.settings.mistwan_now = NOON + 2 * MINUTE
    down(monkeypatch, {"a1": 30, "a2": 30, "b1": 16, "c1": 16})
    assert short(look(platform))[0] == ("outage", "provider", None, "Acme", "high", 3)


def in_maintenance(platform: Platform, begin: str, end: str) -> None:
    """Site A, from and to a time of the day."""
    file = platform.settings.home / "maintenance.csv"
    file.write_text(f"site,start,end,reason\nA,2025-01-10T{begin}:00Z,2025-01-10T{end}:00Z,works\n")
    platform.settings.mistwan_maintenance_file = file


def test_a_window_of_maintenance_silences_its_circuits(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_maintenance(platform, "11:00", "12:30")
    down(monkeypatch, {"a1": 16, "b1": 16})
    found = look(platform)
    assert (found.still_open, found.silenced) == (2, 1)
    told = found.alerts.alerts.sort("site_id").select("site_id", "silenced", "announced_utc").rows()
    assert told == [("a", True, None), ("b", False, NOON)]

    def announced(minutes: int) -> list[datetime | None]:
        platform.settings.mistwan_now = NOON + minutes * MINUTE
        return look(platform).alerts.alerts.sort("site_id")["announced_utc"].to_list()

    down(monkeypatch, {"a1": 46, "b1": 46}, NOON + 30 * MINUTE)
    assert announced(33) == [None, NOON], "the window is over, but the newest slot lies in it"
    down(monkeypatch, {"a1": 51, "b1": 51}, NOON + 35 * MINUTE)
    assert announced(38) == [NOON + 38 * MINUTE, NOON], "it lasted longer than the window"


def test_what_was_bad_only_in_a_window_is_never_told(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_maintenance(platform, "10:00", "12:00")
    down(monkeypatch, {"a1": 16}, NOON - 5 * MINUTE)
    platform.settings.mistwan_now = NOON - 2 * MINUTE
    hours(platform, NOON, 2, {"a2": "critical"})
    assert look(platform).silenced == 2
    rows = [
        {
            "circuit_id": "a1",
            "signal": "down",
            "start": NOON - 2 * MINUTE,
            "end": NOON,
            "bad": False,
            "worked": True,
        }
    ]
    monkeypatch.setattr(alerts, "live_stretches", lambda *_: pl.DataFrame(rows, schema=STRETCH))
    for minutes in (3, 8, 13):
        platform.settings.mistwan_now = NOON + minutes * MINUTE
        found = look(platform)
        assert (found.still_open, found.silenced) == (2, 2), (
            "loss until noon, and a line up for too short a time"
        )
    platform.settings.mistwan_now = NOON + HOUR + 8 * MINUTE
    hours(platform, NOON + HOUR, 1, {})
    assert look(platform).still_open == 1, "the line is unknown by now"
    assert look(platform).alerts.alerts["announced_utc"].to_list() == [None, None]


def test_a_window_after_the_newest_hour_silences_until_an_hour_after_it_is_known(
    platform: Platform,
) -> None:
    in_maintenance(platform, "12:00", "13:00")
    hours(platform, NOON, 2, {"a2": "critical"})
    for minutes in (17, 63):  # within the window, and after it, when the newest hour is still that before it
        platform.settings.mistwan_now = NOON + minutes * MINUTE
        found = look(platform)
        assert (found.still_open, found.silenced) == (1, 1)
    hours(platform, NOON + HOUR, 1, {})
    platform.settings.mistwan_now = NOON + 77 * MINUTE
    assert look(platform).alerts.alerts.select("announced_utc", "close_reason").rows() == [
        (None, "recovered")
    ]


def test_loss_that_goes_on_after_a_window_is_told(platform: Platform) -> None:
    in_maintenance(platform, "10:00", "12:00")
    hours(platform, NOON, 2, {"a2": "critical"})
    platform.settings.mistwan_now = NOON + 8 * MINUTE
    assert look(platform).silenced == 1
    hours(platform, NOON + HOUR, 3, {"a2": "critical"})
    platform.settings.mistwan_now = NOON + HOUR + 8 * MINUTE
    assert look(platform).alerts.alerts["announced_utc"].to_list() == [NOON + HOUR + 8 * MINUTE]


def test_a_circuit_that_is_switched_off_closes_its_alert(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    down(monkeypatch, {"a1": 16})
    look(platform)
    circuits = platform.kpi.read(DIM_CIRCUIT.name)
    assert circuits is not None
    off = pl.when(pl.col("circuit_id") == "a1").then(pl.lit("disabled")).otherwise("port_state")
    platform.kpi.write(DIM_CIRCUIT.name, circuits.with_columns(port_state=off))
    platform.settings.mistwan_now = NOON + MINUTE
    found = look(platform)
    assert short(found) == []
    assert found.alerts.alerts["close_reason"].to_list() == ["gone"]
