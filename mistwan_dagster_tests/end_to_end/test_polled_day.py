"""Polled every five minutes over HTTP while events arrive late; every figure against the cloud's own truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    PATH_STATS,
    PORT_STATS,
    SITEGROUPS,
    SITES,
)
from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    FACT_FAILOVER,
    FACT_SITE_HOUR,
    Table,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.dimensions import discover_circuits, discover_sites
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import apply_versions
from mistwan_dagster.lake.compaction import compact_days, sweep
from mistwan_dagster.orchestration import hourly, reports
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.failover import compute_failovers
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import HOURLY
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

START = datetime(2025, 3, 3, 20, tzinfo=UTC)
HOURS = 7
END = START + timedelta(hours=HOURS)
SLOT = timedelta(minutes=5)
WORLD = World(seed=39, sites=8)


@dataclass
class Polled:
    """What was computed, and what was true."""

    platform: Platform
    facts: pl.DataFrame
    truth: pl.DataFrame
    circuits: pl.DataFrame


def poll(cloud: Running, platform: Platform, at: datetime, *, snapshots: bool) -> None:
    now = at + timedelta(seconds=7)
    cloud.clock.set(now)
    platform.settings.mistwan_now = now
    endpoints = [PORT_STATS, PATH_STATS, DEVICE_STATS, *([SITES, SITEGROUPS] if at == START else [])]
    for endpoint in endpoints if snapshots else []:
        assert collect_snapshot(platform, endpoint, at).complete
    assert collect_events(platform).complete


def dimension(platform: Platform, table: Table, observed: pl.DataFrame) -> None:
    frame = apply_versions(table.empty(), observed, table.key[0], START)
    platform.kpi.write(table.name, table.conform(frame.lazy()).collect())


def compute(platform: Platform) -> pl.DataFrame:
    hourly.compute_measured(platform, START, END)
    hourly.compute_facts(platform, START, END)
    facts = platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, START, END)
    assert facts is not None
    return facts.collect()


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Polled]:
    home: Path = tmp_path_factory.mktemp("polled")
    with running(WORLD, clock=Clock(START)) as cloud:
        (home / "circuits.csv").write_text(cloud.world.circuits_csv())
        platform = Platform(
            Settings(
                mistwan_home=home,
                mist_api_base_url=cloud.base_url,
                mist_api_token=cloud.token,
                mist_org_id=cloud.org_id,
                mistwan_circuits_file=home / "circuits.csv",
                _env_file=None,
            )
        )
        for number in range(HOURS * 12 + 3):
            poll(cloud, platform, START + number * SLOT, snapshots=True)
        for number in range(HOURS * 12 + 3, HOURS * 12 + 15):
            poll(cloud, platform, START + number * SLOT, snapshots=False)
        slots = (START, START + SLOT)
        sites, groups = (platform.raw.scan_snapshots(e, *slots).collect() for e in (SITES, SITEGROUPS))
        dimension(platform, DIM_SITE, discover_sites(sites, groups, "Region ", "Store type "))
        ports, devices = (
            platform.raw.scan_snapshots(e, *slots).collect() for e in (PORT_STATS, DEVICE_STATS)
        )
        dimension(
            platform,
            DIM_CIRCUIT,
            discover_circuits(ports, devices, interface_map(devices), platform.circuits_file),
        )
        yield Polled(
            platform,
            compute(platform),
            cloud.world.truth_circuit_hours(START, END),
            cloud.world.truth_circuits(),
        )


def compared(polled: Polled) -> pl.DataFrame:
    joined = polled.facts.join(polled.truth, on=["circuit_id", "hour_utc"], suffix="_true")
    return joined.join(polled.circuits.select("circuit_id", "tells_up", "state"), on="circuit_id")


def test_each_circuit_hour_is_there_once_and_keeps_the_contract(polled: Polled) -> None:
    enabled = polled.circuits.filter(pl.col("state") != "disabled")
    assert polled.facts.height == enabled.height * HOURS == polled.truth.height
    assert violations(polled.facts.lazy(), FACT_CIRCUIT_HOUR) == {}
    assert set(polled.facts["circuit_id"]) == set(enabled["circuit_id"])


def test_minutes_are_within_a_second_and_flaps_exact(polled: Polled) -> None:
    told = compared(polled).filter("tells_up")
    assert told["flap_count_true"].sum() > 0, "the span must hold something to find"
    assert told["unknown_minutes_true"].sum() > 0
    for name in ("up_minutes", "down_minutes", "unknown_minutes"):
        assert (told[name] - told[f"{name}_true"]).abs().max() <= 1 / 60, name
    wrong = told.filter(pl.col("flap_count").fill_null(0) != pl.col("flap_count_true"))
    assert wrong.is_empty(), wrong.select("circuit_id", "hour_utc", "flap_count", "flap_count_true")


def test_a_port_that_never_tells_up_is_unknown_not_up(polled: Polled) -> None:
    silent = compared(polled).filter(~pl.col("tells_up"))
    if silent.is_empty():
        pytest.fail("this world has no silent port: choose another seed")
    assert silent["unknown_minutes"].unique().to_list() == [60.0]
    assert silent["status_hourly"].unique().to_list() == ["Unknown"]


def test_utilization_is_the_true_traffic_where_the_hour_was_observed(polled: Polled) -> None:
    seen = compared(polled).filter(
        (pl.col("coverage_pct") > 99.9)
        & (pl.col("unknown_minutes_true") == 0)
        & ~pl.col("counter_reset_true")
    )
    both = seen.drop_nulls(["utilization_pct", "utilization_pct_true"])
    assert both.height > 100
    error = (both["utilization_pct"] - both["utilization_pct_true"]).abs()
    # Five-minute samples cannot see how uneven the traffic was inside the two intervals that cross the hour's edges.
    assert error.quantile(0.99) < 0.2
    assert error.max() < 0.6


def test_nothing_is_told_where_nothing_was_observed(polled: Polled) -> None:
    dark = compared(polled).filter(pl.col("unknown_minutes_true") == 60)
    assert dark["utilization_pct"].null_count() == dark.height
    assert dark["latency_avg_ms"].null_count() == dark.height
    down = compared(polled).filter(pl.col("state") == "down")
    assert down["down_minutes"].unique().to_list() == [60.0]


def test_failovers_are_the_true_ones_with_the_quality_of_their_own_samples(polled: Polled) -> None:
    hourly.compute_outages(polled.platform, None)
    compute_failovers(polled.platform, None)
    found = polled.platform.kpi.read(FACT_FAILOVER.name)
    assert found is not None
    truth = WORLD.truth_failovers(START, END)
    both = truth.join(found, on=["site_id", "from_circuit_id"], suffix="_found")
    assert both.height == truth.height == 3
    assert both["to_circuit_id_found"].to_list() == both["to_circuit_id"].to_list()
    assert (both["start_utc_found"] - both["start_utc"]).abs().max() < timedelta(minutes=1)
    assert (both["end_utc_found"] - both["end_utc"]).abs().max() < timedelta(minutes=1)
    # Two paths every five minutes; of an hour's 24 samples only those in the episode count.
    minutes = (both["end_utc"] - both["start_utc"]).dt.total_seconds() / 60
    assert ((both["quality_sample_count"] - 2 * minutes / 5).abs() <= 4).all()


def test_a_site_follows_the_circuit_that_carries_it(polled: Polled) -> None:
    reports.compute_site_hours(polled.platform, START, END)
    sites = polled.platform.kpi.scan_hours(FACT_SITE_HOUR.name, START, END)
    assert sites is not None
    assert violations(sites, FACT_SITE_HOUR) == {}
    seen = sites.filter(pl.col("active_evidence") == "seen").collect()
    hour_end = pl.col("hour_utc") + timedelta(hours=1)
    away = seen.join(WORLD.truth_failovers(START, END), on="site_id").filter(
        (pl.col("start_utc") < hour_end) & (pl.col("end_utc") > pl.col("hour_utc"))
    )
    through = away.filter((pl.col("start_utc") <= pl.col("hour_utc")) & (pl.col("end_utc") >= hour_end))
    assert through.height > 0
    assert through["active_circuit_id"].to_list() == through["to_circuit_id"].to_list()
    quiet = seen.join(away, on=["site_id", "hour_utc"], how="anti")
    assert quiet.height > 30
    assert quiet["active_circuit_id"].to_list() == quiet["primary_circuit_id"].to_list()


def test_compacting_the_raw_days_makes_nothing_stale_and_every_figure_the_same(polled: Polled) -> None:
    raw, later = polled.platform.raw, END + timedelta(days=3)
    HOURLY.begin(polled.platform, "before", START, END)
    polled.platform.kpi.confirm_pending("before")
    compacted = list(compact_days(raw, later))
    assert {done.name for done in compacted} >= {"raw/port_stats", "raw/path_stats", "raw/device_events"}
    assert sweep(raw, later + timedelta(hours=1)) == sum(done.files for done in compacted)
    assert not list(raw.root.rglob("slot-*"))
    assert [h for h in HOURLY.stale(polled.platform) if START <= h < END] == []
    assert compute(polled.platform).equals(polled.facts)


def test_recomputing_gives_the_same_rows_and_a_late_event_makes_just_its_hours_stale(polled: Polled) -> None:
    assert compute(polled.platform).equals(polled.facts)
    HOURLY.begin(polled.platform, "run", START, END)
    polled.platform.kpi.confirm_pending("run")
    assert [h for h in HOURLY.stale(polled.platform) if START <= h < END] == []
    hour = START + timedelta(hours=2)
    circuit = polled.circuits.row(0, named=True)
    late = pl.DataFrame(
        [
            {
                "mac": circuit["device_mac"],
                "type": "GW_PORT_DOWN",
                "timestamp": hour.timestamp() + 60.5,
                "port_id": "x",
            }
        ]
    )
    page = pl.DataFrame(late.to_dicts(), schema=DEVICE_EVENTS.schema)
    assert polled.platform.raw.add_events(DEVICE_EVENTS, "late", 1, page) == {hour: 1}
    assert [h for h in HOURLY.stale(polled.platform) if START <= h < END] == [hour, hour + timedelta(hours=1)]
