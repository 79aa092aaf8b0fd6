"""Reading site by site: who is read, in which turn, within which budget, and what is put off; no secret is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_STATS, SITES
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_EVENTS, SITE_DEVICE_STATS, SITE_DEVICES
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, FACT_DEVICE_EVENT
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.reference import gateway_details, port_configs
from mistwan_dagster.lake.raw import SLOT, floor_slot
from mistwan_dagster.mist import pager
from mistwan_dagster.mist.errors import Refused
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.mist.sdk_session import MistSession
from mistwan_dagster.orchestration import collection, hourly, scopes
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.reference import compute_gateway_details, compute_port_configs
from mistwan_dagster.simulator.incidents import DARK_KINDS
from mistwan_dagster.simulator.server import Running
from mistwan_dagster_tests.orchestration.conftest import EVENING

NOW_SLOT = floor_slot(EVENING)
GONE = "00000000-0000-0000-0000-00000000dead"


@pytest.fixture
def ready(sim: Running, on_sim: Platform) -> list[str]:
    """Site ids, with the devices of the organization read."""
    assert collect_snapshot(on_sim, DEVICE_STATS, NOW_SLOT).complete
    return [site.id for site in sim.world.topology.sites]


def stored(platform: Platform, endpoint: Endpoint) -> pl.DataFrame:
    return platform.raw.scan_snapshots(endpoint, NOW_SLOT, NOW_SLOT + SLOT).collect()


def test_sites_are_read_into_one_slot_and_no_secret_reaches_the_disk(
    on_sim: Platform, ready: list[str], sim: Running
) -> None:
    first = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICES, NOW_SLOT, ready[:9], 25)
    second = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICES, NOW_SLOT, ready[9:], 25)
    assert (first.read, second.read) == (ready[:9], ready[9:])
    assert (first.put_off, first.failed) == ([], {})
    frame = stored(on_sim, SITE_DEVICES)
    assert set(frame["mac"]) == {g.mac for g in sim.world.topology.gateways}
    assert frame["extra"].null_count() == frame.height
    ports = port_configs(frame.lazy())
    assert ports.filter(pl.col("is_critical")).height > 0
    shaped = [g for g in sim.world.topology.gateways if g.shows_shaping]
    assert set(ports.drop_nulls("shaping_up_mbps")["device_mac"]) == {g.mac for g in shaped}
    files = [p for p in on_sim.settings.home.rglob("*") if p.is_file()]
    assert files
    told = frame.write_ndjson() + "".join(p.read_bytes().decode("latin-1") for p in files)
    assert "sim-secret" not in told
    assert "auth_key" not in told
    assert "ppoe_" not in told


def test_a_gateway_is_a_walk_and_its_detail_a_row(on_sim: Platform, ready: list[str], sim: Running) -> None:
    report = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICE_STATS, NOW_SLOT, ready[:3], 25)
    assert (report.read, report.rows) == (ready[:3], 3)
    details = gateway_details(stored(on_sim, SITE_DEVICE_STATS).lazy())
    assert set(details["device_mac"]) == {g.mac for g in sim.world.topology.gateways[:3]}
    assert compute_gateway_details(on_sim) == 3
    scopes.collect_scoped_snapshot(on_sim, SITE_DEVICE_STATS, NOW_SLOT, ready[2:5], 25)
    assert compute_gateway_details(on_sim) == 5
    assert compute_port_configs(on_sim) == 0


def test_a_site_that_is_gone_stops_no_other_and_is_told(on_sim: Platform, ready: list[str]) -> None:
    sites = [ready[0], GONE, ready[1]]
    report = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICES, NOW_SLOT, sites, 25)
    assert report.read == ready[:2]
    assert list(report.failed) == [GONE]
    assert f"site {GONE} not found" in report.failed[GONE]
    unknown = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICE_STATS, NOW_SLOT, [GONE], 25)
    assert "run `mistwan collect` first" in unknown.failed[GONE]


def test_a_site_whose_walk_falls_short_is_told_and_stops_no_other(
    on_sim: Platform, ready: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def walk(session: MistSession, endpoint: Endpoint, site: str, **how: Any) -> pager.Walk:
        if site != ready[0]:
            return pager.walk(session, endpoint, site, **how)
        return pager.Walk(endpoint, lambda: iter([(pager.Page([], EVENING, 4), [])]))

    monkeypatch.setattr(collection, "walk", walk)
    events = scopes.collect_scoped_events(
        on_sim, SITE_DEVICE_EVENTS, EVENING - timedelta(hours=24), EVENING, ready[:2], 25
    )
    devices = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICES, NOW_SLOT, ready[:2], 25)
    for report, name in ((events, "site_device_events"), (devices, "site_devices")):
        assert report.read == [ready[1]]
        assert report.failed == {ready[0]: f"{name}: 4 of 4 rows were never told"}
    assert stored(on_sim, SITE_DEVICES).height == 1


def test_more_sites_than_a_run_takes_are_put_off_and_have_their_turn(
    on_sim: Platform, ready: list[str], at: Callable[[datetime], None]
) -> None:
    read: list[str] = []
    for number in range(3):
        at(EVENING + number * SLOT)
        sites = scopes.in_turn(on_sim, SITE_DEVICES, ready)
        report = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICES, NOW_SLOT + number * SLOT, sites, 5)
        assert len(report.read) == 5
        assert report.put_off == sites[5:]
        assert report.reason == "at most 5 sites a run"
        read += report.read
    assert set(read[:12]) == set(ready), "each has its turn before any has a second"
    assert read[12:] == read[:3]


def test_a_site_without_events_has_had_its_turn(on_sim: Platform, ready: list[str]) -> None:
    moment = (EVENING - timedelta(seconds=1), EVENING)
    first = scopes.collect_scoped_events(on_sim, SITE_DEVICE_EVENTS, *moment, ready, 5)
    assert (len(first.read), first.rows) == (5, 0)
    turn = scopes.in_turn(on_sim, SITE_DEVICE_EVENTS, ready)
    assert set(turn[:7]) == set(ready[5:])
    assert scopes.in_turn(on_sim, SITE_DEVICES, ready) == sorted(ready)


def test_optional_work_stops_where_the_live_reserve_begins(on_sim: Platform, ready: list[str]) -> None:
    quota = on_sim.quota
    quota.budget = quota.used() + quota.live_reserve + 2
    report = scopes.collect_scoped_snapshot(on_sim, SITE_DEVICES, NOW_SLOT, ready, 25)
    assert report.read == ready[:2]
    assert report.put_off == ready[2:]
    assert "call budget spent" in report.reason
    assert quota.left(Purpose.LIVE) == quota.live_reserve
    assert stored(on_sim, SITE_DEVICES).height == 2, "what was read before is kept"


def test_a_refused_token_stops_everything(sim: Running, on_sim: Platform, ready: list[str]) -> None:
    sim.gate.tokens = ("another",)
    with pytest.raises(Refused, match="MIST_API_TOKEN"):
        scopes.collect_scoped_snapshot(on_sim, SITE_DEVICES, NOW_SLOT, ready, 25)


def test_an_endpoint_of_the_organization_has_no_sites(on_sim: Platform, ready: list[str]) -> None:
    with pytest.raises(UserError, match="sites is not read site by site"):
        scopes.subjects(on_sim, SITES, ready[0])


def test_sites_in_trouble_are_those_of_the_world(
    sim: Running, on_sim: Platform, at: Callable[[datetime], None]
) -> None:
    start = EVENING.timestamp()
    dark = sim.world.incidents(start, start + 5 * 86400).of(*DARK_KINDS)
    longest = (dark.end - dark.start).argmax()
    now = datetime.fromtimestamp(float(dark.start[longest] + dark.end[longest]) / 2, EVENING.tzinfo)
    at(now)
    slot = floor_slot(now)
    collect_snapshot(on_sim, DEVICE_STATS, slot)
    collect_events(on_sim, endpoint=ALARMS)
    book = sim.world.alarms
    rows = [
        book.row(a, now.timestamp())
        for a in book.between(now.timestamp() - 7 * 86400, now.timestamp(), now.timestamp())
    ]
    critical = {r["site_id"] for r in rows if r["severity"] == "critical" and r["status"] == "open"}
    gateways = sim.world.topology.gateways
    away = {
        sim.world.topology.sites[gateways[g].site].id
        for g, a, b in zip(dark.gateway.tolist(), dark.start.tolist(), dark.end.tolist(), strict=True)
        if a <= slot.timestamp() and now.timestamp() < b
    }
    assert away
    assert scopes.sites_in_trouble(on_sim) == sorted(critical | away)
    assert scopes.site_ids_of(on_sim, SITE_DEVICES, ["chosen"]) == ["chosen"]
    assert set(scopes.site_ids_of(on_sim, SITE_DEVICES, [])) == critical | away


def test_events_of_sites_join_those_of_the_organization_each_once(
    on_sim: Platform, ready: list[str], sim: Running
) -> None:
    start, end = EVENING - timedelta(hours=24), EVENING
    for _ in range(2):
        report = scopes.collect_scoped_events(on_sim, SITE_DEVICE_EVENTS, start, end, ready, 25)
        assert report.read == ready
    assert report.rows == 0, "the second reading stores nothing"
    assert on_sim.raw.coverage(SITE_DEVICE_EVENTS) == [], "no span of the organization is read by sites"
    truth = sim.world.truth_circuits()
    known = truth.select("circuit_id", "site_id", "device_mac", "node", "port_id", is_current=True)
    versions = known.with_columns(valid_from=start - timedelta(days=1))
    on_sim.kpi.write(DIM_CIRCUIT.name, DIM_CIRCUIT.conform(versions.lazy()).collect())
    hours = (start.replace(minute=0, second=0), end.replace(minute=0, second=0))
    of_sites = hourly.compute_measured(on_sim, *hours)[FACT_DEVICE_EVENT.name]
    assert of_sites > 0
    collect_events(on_sim, start, end)
    assert hourly.compute_measured(on_sim, *hours)[FACT_DEVICE_EVENT.name] == of_sites
