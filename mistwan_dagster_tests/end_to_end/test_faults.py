"""Every fault of the cloud at once: what was collected is whole and true, or named as missing.

`MISTWAN_TEST_FAULT_HOURS` is the length of the simulated collection.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.cloud_endpoints import API_USAGE
from mistwan_dagster.catalog.endpoint import Cadence, Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, PORT_STATS, SNAPSHOTS
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR, Table
from mistwan_dagster.kpi.dimensions import discover_circuits, discover_sites
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.versions import apply_versions
from mistwan_dagster.mist import pager
from mistwan_dagster.mist.call import Retry
from mistwan_dagster.orchestration import collection, hourly
from mistwan_dagster.orchestration.collection import EventReport, collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.faults import KINDS
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

from .conftest import NOW, Cli

HOURS = int(os.environ.get("MISTWAN_TEST_FAULT_HOURS", "3"))
START = datetime(2025, 3, 3, 20, tzinfo=UTC)
END = START + timedelta(hours=HOURS)
SLOT = timedelta(minutes=5)
SLOTS = [START + n * SLOT for n in range(HOURS * 12 + 3)]
REFUSED = SLOTS[7]
"""In this slot the cloud answers nothing but 429."""
AFTER = [SLOTS[-1] + n * SLOT for n in range(1, 13)]
"""Events of the last hour are told up to 50 minutes late."""
RATES = {
    **{"error_500": 0.05, "html_502": 0.05, "drop_mid_body": 0.05, "malformed_json": 0.05},
    **{"stall": 0.03, "duplicate_rows": 0.2, "repeated_page": 0.1},
}
"""All but rate limits, which a slot cannot wait for: one at random in an hour, and nothing of the hour is compared."""
BY_NAME = {e.name: e for e in SNAPSHOTS}
PAGE = 30
"""Rows a page, so that this small organization has walks of several pages."""


@dataclass
class Polled:
    """One collection, with faults or without."""

    platform: Platform
    faulty: bool
    events: list[EventReport] = field(default_factory=list)


@dataclass
class Pair:
    """The same cloud collected twice."""

    cloud: Running
    clean: Polled
    faulty: Polled


def platform(cloud: Running, home: Path, timeout_s: float) -> Platform:
    home.mkdir()
    (home / "circuits.csv").write_text(cloud.world.circuits_csv())
    return Platform(
        Settings(
            mistwan_home=home,
            mist_api_base_url=cloud.base_url,
            mist_api_token=cloud.token,
            mist_org_id=cloud.org_id,
            mistwan_circuits_file=home / "circuits.csv",
            mistwan_request_timeout_s=timeout_s,
            _env_file=None,
        )
    )


def poll(pair: Pair, at: datetime, *, snapshots: bool) -> None:
    now = at + timedelta(seconds=7)
    pair.cloud.clock.set(now)
    for side in (pair.clean, pair.faulty):
        pair.cloud.faults.clear()
        if side.faulty:
            pair.cloud.faults.set(**{**RATES, "rate_limit": float(at == REFUSED)})
        side.platform.settings.mistwan_now = now
        for endpoint in polled_at(at) if snapshots else []:
            collect_snapshot(side.platform, endpoint, at)
        side.events.append(collect_events(side.platform))


def polled_at(slot: datetime) -> list[Endpoint]:
    """The use of the API is left out: it counts the calls, which faults make more of."""
    due = [e for e in SNAPSHOTS if e.cadence is Cadence.SLOT or slot == START]
    return [e for e in due if e is not API_USAGE]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("faults")
    impatient = partial(pager.walk, retry=Retry(sleep=lambda _seconds: None))
    with (
        running(World(seed=11, sites=4), clock=Clock(START)) as cloud,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(pager, "PAGE_LIMIT", PAGE)
        patch.setattr(collection, "walk", impatient)
        cloud.faults.set(seed=5, stall_seconds=1.0)
        pair = Pair(
            cloud,
            Polled(platform(cloud, folder / "clean", 30.0), faulty=False),
            Polled(platform(cloud, folder / "faulty", 0.5), faulty=True),
        )
        for slot in SLOTS:
            poll(pair, slot, snapshots=True)
        for slot in AFTER:
            poll(pair, slot, snapshots=False)
        cloud.faults.clear()
        yield pair


def rows(side: Polled, endpoint: Endpoint, slot: datetime) -> set[str]:
    frame = side.platform.raw.scan_snapshots(endpoint, slot, slot + SLOT)
    return set(map(repr, frame.drop("received_at").collect().rows()))


def whole(side: Polled, endpoint: Endpoint, slot: datetime) -> bool:
    report = side.platform.raw.reports(endpoint, slot, slot + SLOT).get(slot)
    assert report is not None, f"nothing is told of {endpoint.name} {slot}"
    assert report.complete or report.error, f"no reason is told for {endpoint.name} {slot}"
    return report.complete


def test_every_fault_struck_and_the_undisturbed_walk_knew_none(pair: Pair) -> None:
    assert {kind for kind in KINDS if pair.cloud.faults.counts[kind]} == set(KINDS)
    assert all(whole(pair.clean, e, s) for s in SLOTS for e in polled_at(s))
    assert all(report.complete for report in pair.clean.events)


def test_a_slot_is_whole_with_the_rows_of_an_undisturbed_walk_or_is_told_to_be_incomplete(pair: Pair) -> None:
    broken = []
    for slot in SLOTS:
        for endpoint in polled_at(slot):
            found, expected = rows(pair.faulty, endpoint, slot), rows(pair.clean, endpoint, slot)
            if whole(pair.faulty, endpoint, slot):
                assert found == expected, (endpoint.name, slot)
            else:
                assert found <= expected, (endpoint.name, slot)
                broken.append((slot, endpoint.name))
    walks = sum(len(polled_at(slot)) for slot in SLOTS)
    print(f"{walks} walks, {len(broken)} incomplete; faults {dict(pair.cloud.faults.counts)}")
    for slot, name in broken:
        print(
            f"{slot:%dT%H:%M} {name}: {pair.faulty.platform.raw.reports(BY_NAME[name], slot, slot + SLOT)[slot].error}"
        )
    assert {name for slot, name in broken if slot == REFUSED} == {e.name for e in polled_at(REFUSED)}
    assert len(broken) < walks / 4


def test_no_error_body_is_kept_as_data(pair: Pair) -> None:
    lake = pair.faulty.platform.raw.root
    assert not (lake / "quarantine").exists()
    for path in lake.rglob("*.parquet"):
        content = path.read_bytes()
        assert b"Bad Gateway" not in content
        assert b"Internal Server Error" not in content


def test_events_are_all_there_once_after_later_look_backs(pair: Pair) -> None:
    assert any(not report.complete and report.error for report in pair.faulty.events)
    found, expected = (
        side.platform.raw.scan_events(DEVICE_EVENTS, START - timedelta(days=1), END + timedelta(hours=2))
        .drop("received_at")
        .collect()
        for side in (pair.faulty, pair.clean)
    )
    assert expected.height > 0
    assert sorted(map(repr, found.rows())) == sorted(map(repr, expected.rows()))


def dimension(platform: Platform, table: Table, observed: pl.DataFrame) -> None:
    frame = apply_versions(table.empty(), observed, table.key[0], START)
    platform.kpi.write(table.name, table.conform(frame.lazy()).collect())


def facts(side: Polled, from_: Polled) -> pl.DataFrame:
    raw = from_.platform.raw
    sites, groups, devices, ports = (
        raw.scan_snapshots(BY_NAME[name], START, START + SLOT).collect()
        for name in ("sites", "sitegroups", "device_stats", "port_stats")
    )
    dimension(side.platform, DIM_SITE, discover_sites(sites, groups, "Region ", "Store type "))
    dimension(
        side.platform,
        DIM_CIRCUIT,
        discover_circuits(ports, devices, interface_map(devices), side.platform.circuits_file),
    )
    hourly.compute_measured(side.platform, START, END)
    hourly.compute_facts(side.platform, START, END)
    found = side.platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, START, END)
    assert found is not None
    return found.sort("hour_utc", "circuit_id").collect()


def test_hours_of_whole_slots_have_the_figures_of_the_undisturbed_collection(pair: Pair) -> None:
    faulty, clean = facts(pair.faulty, pair.clean), facts(pair.clean, pair.clean)
    assert faulty.height == clean.height
    reach = timedelta(minutes=15)
    hours = [
        hour
        for hour in (START + timedelta(hours=n) for n in range(HOURS))
        if all(
            whole(pair.faulty, endpoint, slot)
            for slot in SLOTS
            if hour - reach <= slot <= hour + timedelta(hours=1) + reach
            for endpoint in polled_at(slot)
        )
    ]
    print(f"{len(hours)} of {HOURS} hours rest on whole slots")
    assert hours
    assert START not in hours, "the refused slot must show"
    same = [frame.filter(pl.col("hour_utc").is_in(hours)) for frame in (faulty, clean)]
    assert same[0].equals(same[1])
    thin = faulty.filter(~pl.col("hour_utc").is_in(hours)).join(clean, on=["circuit_id", "hour_utc"])
    more = thin.filter(pl.col("coverage_pct") > pl.col("coverage_pct_right") + 1e-6)
    assert more.is_empty(), "an hour with gaps cannot be better observed"


def test_check_names_the_slots_that_are_missing(pair: Pair, cli: Cli) -> None:
    last = SLOTS[-1] + SLOT
    pair.cloud.clock.set(last)
    cli.home = pair.faulty.platform.settings.home
    cli.settings |= {
        "MIST_API_BASE_URL": pair.cloud.base_url, "MISTWAN_NOW": last.isoformat(),
        "MIST_ORG_ID": pair.cloud.org_id, "MIST_API_TOKEN": pair.cloud.token,
    }  # fmt: skip
    checked = cli.run("check")
    assert checked.returncode == 1
    (line,) = [x for x in checked.stdout.splitlines() if "collection" in x]
    day = [s for s in SLOTS if s > last - timedelta(hours=24)]
    missing = [s for s in day if not whole(pair.faulty, PORT_STATS, s)]
    assert f"port_stats {len(day) - len(missing)} of {len(day)} slots whole" in line
    assert missing
    assert all(f"{s:%dT%H:%M}" in line for s in missing[:12]), line


def test_two_walks_in_one_second_lose_no_event(cloud: Running, tmp_path: Path) -> None:
    """A page of the second walk has the number of a page of the first and other events of the same hour."""
    part, whole_walk = (platform(cloud, tmp_path / name, 30.0) for name in ("part", "whole"))
    day = NOW - timedelta(days=3)
    for side in (part, whole_walk):
        side.settings.mistwan_now = NOW
    collect_events(whole_walk, day, NOW)
    times = whole_walk.raw.scan_events(DEVICE_EVENTS, day, NOW).collect()["timestamp"].sort()
    half = datetime.fromtimestamp(int(times[len(times) // 2]) + 1, UTC)
    assert half.minute
    collect_events(part, day, half)
    collect_events(part, day, NOW)
    found = part.raw.scan_events(DEVICE_EVENTS, day, NOW).collect()["timestamp"].sort()
    assert found.equals(times)


DISK_STEPS = """
set -e
mistwan() {
    code=0
    "$PYTHON" -m mistwan_dagster.cli "$@" > "$OUT.out" 2> "$OUT.err" || code=$?
    echo $code > "$OUT.code"
}
mkdir -p "$MISTWAN_HOME"
mount -t tmpfs -o size=300k none "$MISTWAN_HOME"
OUT="$TO/collect-full" mistwan collect
mount -o remount,size=100m "$MISTWAN_HOME"
OUT="$TO/collect-room" mistwan collect --start "$START" --end "$END"
free=$(df -k --output=avail "$MISTWAN_HOME" | tail -1)
dd if=/dev/zero of="$MISTWAN_HOME/fill" bs=1k count=$((free - LEFT)) 2> "$TO/dd"
OUT="$TO/aggregate-full" mistwan aggregate hourly
rm "$MISTWAN_HOME/fill"
OUT="$TO/aggregate-room" mistwan aggregate hourly
OUT="$TO/query-room" mistwan query "SELECT count(*) > 0 AS there FROM fact_circuit_hour" --format json
"""


def test_a_full_disk_is_one_line_and_room_mends_it(cli: Cli, tmp_path: Path) -> None:
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    probe = [*namespace, "mount", "-t", "tmpfs", "none", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("a small disk cannot be made here")
    told = tmp_path / "told"
    told.mkdir()
    more = {"PYTHON": sys.executable, "TO": str(told), "LEFT": "1500"}
    span = {"START": "2025-03-04T08:00Z", "END": "2025-03-04T10:00Z"}
    subprocess.run(
        [*namespace, "bash", "-c", DISK_STEPS],
        env={**cli.environment(), **more, **span},
        cwd=tmp_path,
        check=True,
    )
    for command in ("collect", "aggregate"):
        error = (told / f"{command}-full.err").read_text()
        assert (told / f"{command}-full.code").read_text() == "1\n", error
        assert "Traceback" not in error
        (line,) = [x for x in error.splitlines() if x.startswith("mistwan: ")]
        assert "disk full while writing" in line or "quota.sqlite: database or disk is full" in line, line
    for command in ("collect", "aggregate", "query"):
        assert (told / f"{command}-room.code").read_text() == "0\n", (
            told / f"{command}-room.err"
        ).read_text()
    assert (told / "query-room.out").read_text().strip() == '[{"there":true}]'


def test_a_refused_collection_is_one_line_that_names_endpoint_and_reason(cli: Cli, cloud: Running) -> None:
    cli.ok("collect")
    later = NOW + SLOT
    cli.settings["MISTWAN_NOW"] = later.isoformat()
    cloud.clock.set(later)
    cloud.gate.spend(cloud.token, later.timestamp(), cloud.gate.quota - 3)
    done = cli.run("collect")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [x for x in done.stderr.splitlines() if x.startswith("mistwan: ")]
    assert "raw/port_stats slot 2025-03-04T10:10Z is incomplete" in line
    assert "429" in line
