"""Whole processes at 3,208 sites: what `mistwan collect` adds to its requests, and an hour's `mistwan aggregate`.

A simulated cloud in a process of its own is collected for 13 slots (an hour and its edges). Printed: seconds of the
whole `mistwan collect` (the second of its hour, as eleven of twelve are), of the same walks alone, and their
difference; seconds and peak memory of `mistwan aggregate hourly` over that hour, and of a process that only imports
what the command imports.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.cloud import Cloud, served
from mistwan_dagster.catalog.endpoint import Cadence
from mistwan_dagster.catalog.endpoints import EVENTS, SNAPSHOTS
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.world import World

SITES = int(os.environ.get("BENCH_SITES", "3208"))
HOUR = datetime(2025, 3, 4, 10, tzinfo=UTC)
SLOT = timedelta(minutes=5)
START_UP_LIMIT_S, AGGREGATE_LIMIT_S = 4.0, 8.0


def _timed(environment: dict[str, str], *command: str) -> tuple[float, float]:
    """Wall seconds and peak MB of a child process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    return wall, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _walks(platform: Platform, slot: datetime) -> float:
    began = time.perf_counter()
    for endpoint in (e for e in SNAPSHOTS if e.cadence is Cadence.SLOT):
        assert collect_snapshot(platform, endpoint, slot).complete
    for endpoint in EVENTS:
        assert collect_events(platform, endpoint=endpoint).complete
    return time.perf_counter() - began


def measure(home: Path, cloud: Cloud) -> bool:
    """Collect the hour, time both commands, print the table; false when a limit is missed."""
    world = World(seed=1, sites=SITES)
    home.mkdir()
    (home / "circuits.csv").write_text(world.circuits_csv())
    os.environ.update(cloud.settings(home))
    platform = Platform(Settings(_env_file=None))
    slots = [HOUR + number * SLOT for number in range(16)]

    def turn(slot: datetime) -> dict[str, str]:
        now = slot + timedelta(seconds=5)
        cloud.set_clock(now)
        platform.settings.mistwan_now = now
        return {**os.environ, "MISTWAN_NOW": now.isoformat()}

    for slot in slots[:13]:
        turn(slot)
        _walks(platform, slot)
    cli = ("-m", "mistwan_dagster.cli")
    _timed(turn(slots[13]), *cli, "collect")
    environment = turn(slots[14])
    collect_s, collect_mb = _timed(environment, *cli, "collect")
    turn(slots[15])
    walks = _walks(platform, slots[15])
    idle_s, _ = _timed(environment, "-c", "import mistwan_dagster.definitions")
    aggregate_s, aggregate_mb = _timed(environment, *cli, "aggregate", "hourly")
    start_up = collect_s - walks
    print(f"sites {SITES}, circuits {world.truth_circuits().height}")
    print(
        f"{'mistwan collect':32}{collect_s:8.2f} s   its walks alone {walks:.2f} s   peak {collect_mb:.0f} MB"
    )
    print(f"{'  start-up it adds':32}{start_up:8.2f} s   limit {START_UP_LIMIT_S} s")
    print(f"{'mistwan aggregate hourly, 1 h':32}{aggregate_s:8.2f} s   limit {AGGREGATE_LIMIT_S} s   "
          f"imports alone {idle_s:.2f} s   peak of all children {aggregate_mb:.0f} MB")  # fmt: skip
    return start_up <= START_UP_LIMIT_S and aggregate_s <= AGGREGATE_LIMIT_S


def main() -> int:
    """0 when both limits hold on this machine."""
    with tempfile.TemporaryDirectory() as folder, served(SITES) as cloud:
        return 0 if measure(Path(folder) / "home", cloud) else 1


if __name__ == "__main__":
    sys.exit(main())
