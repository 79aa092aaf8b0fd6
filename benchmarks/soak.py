"""Days of an installation that is disturbed in every way, beside one that is not: `make soak`.

Two simulated clouds of one seed, one home each; both homes live through the same ticks of the same schedules, each run
in a process of its own, and are looked after by the sensors at the end of each hour. The undisturbed one is there for
its facts: only what these need is done there. The disturbed one has every fault of its cloud switched on; its runs of
alerts go on beside what comes after them; in each hour one process of each kind is killed at a random instant, never
two in a row (slots in every fourth hour only, as what a slot misses the cloud does not tell again); once the disk is
full, twice its clock is off, and every six hours its Redis, which counts the calls, and its PostgreSQL, which holds
Dagster's runs, are killed under a run and started again.

What must hold at the end is in `soak_verdict.py`. Prints a line an hour; exit code 1 when something does not hold.
`SOAK_SITES` (300), `SOAK_HOURS` (168), `SOAK_MINUTES` (each side ends after the hour in which so many of real time are
over), `SOAK_SEED`, `SOAK_START`, `SOAK_LOG` (a folder), `SOAK_HOMES` (a folder: both homes are left in it, and a soak
that was stopped, by hand or by its minutes, goes on there after its last whole hour). `make soak` sets
`POLARS_MAX_THREADS=1`, as both sides share the cores.
"""

from __future__ import annotations

import os
import pickle
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import BrokenBarrierError

from benchmarks import servers
from benchmarks.children import Children
from benchmarks.cloud import Cloud, served
from benchmarks.soak_side import COLLECTION, NO_OFFSET, Blow, Lived, Side, remember_in_real_time
from benchmarks.soak_verdict import Seen, compare, grown
from benchmarks.ticks import DELAY, ticks
from mistwan_dagster.lake.raw import HOUR, floor_slot
from mistwan_dagster.orchestration.build import defs
from mistwan_dagster.orchestration.jobs import JOBS
from mistwan_dagster.orchestration.launch import INSTANCE_YAML, POSTGRES_YAML
from mistwan_dagster.orchestration.schedules import SCHEDULES
from mistwan_dagster.simulator.world import World

SITES = int(os.environ.get("SOAK_SITES", "300"))
HOURS = int(os.environ.get("SOAK_HOURS", "168"))
MINUTES = float(os.environ.get("SOAK_MINUTES", "inf"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
START = datetime.fromisoformat(os.environ.get("SOAK_START", "2025-03-03T20:00:00+00:00"))
HOUR_BEGINS = get_context("fork").Barrier(2)
"""Neither side is far ahead, so that a soak that is stopped can compare all of its hours."""
FAULTS = {
    "error_500": 0.02, "html_502": 0.02, "drop_mid_body": 0.02, "malformed_json": 0.02, "rate_limit": 0.0005,
    "stall": 0.005, "duplicate_rows": 0.2, "repeated_page": 0.1, "stall_seconds": 1.5, "retry_after_s": 0.1,
}  # fmt: skip
DISK_FULL_AT = START + timedelta(minutes=30)
CLOCK_OFF = {START + timedelta(minutes=10): timedelta(minutes=-12),
             START + timedelta(minutes=20): timedelta(minutes=7)}  # fmt: skip
"""Tick -> by how much the clock of the disturbed installation is off in it."""
FOR_FACTS = {"collect", "events", "history", "hourly"}
"""Jobs of the undisturbed installation."""
FACT_SCHEDULES = {schedule.name for schedule in SCHEDULES if schedule.job_name in FOR_FACTS}
QUIET_YAML = """\
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


@dataclass(frozen=True)
class Plan:
    """What both sides are to live through; `disturbed` tells which."""

    folder: Path
    cloud: Cloud
    circuits_csv: str
    disturbed: bool

    @property
    def name(self) -> str:
        """Also of its home and its log."""
        return "disturbed" if self.disturbed else "undisturbed"

    @property
    def record(self) -> Path:
        """What happened to it so far."""
        return self.folder / f"{self.name}.lived"


@contextmanager
def begun(plan: Plan, lived: Lived) -> Iterator[tuple[Side, list[servers.Server]]]:
    """An installation without a past, or as it was left, and the servers below it."""
    remember_in_real_time()
    defs.get_repository_def().get_all_jobs()  # once, or each process that is forked resolves the whole graph anew
    home = plan.folder / plan.name
    (home / "dagster").mkdir(parents=True, exist_ok=True)
    (home / "circuits.csv").write_text(plan.circuits_csv)
    environment = {**plan.cloud.settings(home), "MISTWAN_HISTORY_DAYS": "1", "REDIS_URL": "",
                   "MISTWAN_REQUEST_TIMEOUT_S": "30"}  # fmt: skip
    with ExitStack() as stack:
        below = []
        if plan.disturbed:
            plan.cloud.set_faults(seed=SEED + lived.hours, **FAULTS)
            redis = stack.enter_context(servers.redis(plan.folder))
            postgres = stack.enter_context(servers.postgres(plan.folder / "postgres"))
            through = stack.enter_context(servers.pooled(postgres, plan.folder / "postgres"))
            environment |= {"REDIS_URL": redis.url, "MISTWAN_DAGSTER_POSTGRES_URL": through.url,
                            "MISTWAN_REQUEST_TIMEOUT_S": "1"}  # fmt: skip
            below = [redis, postgres]
        config = INSTANCE_YAML + QUIET_YAML + (POSTGRES_YAML if plan.disturbed else "")
        (home / "dagster" / "dagster.yaml").write_text(config)
        log = Path(os.environ.get("SOAK_LOG", plan.folder)) / f"{plan.name}.log"
        children, beside = (Children(log, by_kind=lived.by_kind) for _ in range(2))
        yield Side(plan.cloud, children, beside, environment, lived), below


def live(plan: Plan) -> Seen:
    """All hours that are left, in a process of its own; then the sensors once more, in peace."""
    began, over = time.monotonic(), 0.0
    lived = pickle.loads(plan.record.read_bytes()) if plan.record.exists() else Lived(random.Random(SEED))
    before = dict(lived.restarts)
    try:
        with begun(plan, lived) as (side, below):
            while lived.hours < HOURS and over < MINUTES:
                with suppress(BrokenBarrierError):  # the other one has come to its end
                    HOUR_BEGINS.wait()
                side.blows = blows(side, below, lived.hours) if plan.disturbed else {}
                (disturbed_hour if plan.disturbed else peaceful_hour)(side, START + lived.hours * HOUR)
                lived.hours += 1
                if lived.hours % 24 == 0:
                    lived.close_day(plan.folder / plan.name)
                restarts = {Path(s.command[0]).name: s.restarts for s in below}
                lived.restarts = {name: n + before.get(name, 0) for name, n in restarts.items()}
                lived.keep(plan.record)
                over = (time.monotonic() - began) / 60
                print(f"{plan.name} {lived.hours} hours over after {over:.0f} min; killed {lived.killed.total()}, "
                      f"failed {lived.failed.total()}", flush=True)  # fmt: skip
            side.blows = {}
            end = START + lived.hours * HOUR
            side.look_after(end + DELAY, None if plan.disturbed else FOR_FACTS)
            told = {k: f"{u.runs} x {u.seconds / u.runs:.1f} s" for k, u in lived.by_kind.items()}
            print(plan.name, told, lived.restarts, flush=True)
            return side.seen(START, end)
    finally:
        HOUR_BEGINS.abort()


def disturbed_hour(side: Side, hour: datetime) -> None:
    """Its ticks, then the sensors."""
    for at, name in ticks(hour, hour + HOUR):
        off = CLOCK_OFF.get(at, NO_OFFSET) if name == COLLECTION else NO_OFFSET
        side.live(name, at, off, disk_full=at == DISK_FULL_AT and name == COLLECTION)
    side.look_after(hour + HOUR + DELAY)


def peaceful_hour(side: Side, hour: datetime) -> None:
    """The same, as far as facts need it; all in one process, which nobody kills."""
    side.lived.failed += side.run("hour", _in_one_process, side, hour) or Counter()


def _in_one_process(side: Side, hour: datetime) -> Counter[str]:
    side = replace(side, forks=False, lived=Lived(side.lived.rng))
    for at, name in ticks(hour, hour + HOUR):
        if name in FACT_SCHEDULES:
            side.live(name, at)
    side.look_after(hour + HOUR + DELAY, FOR_FACTS)
    return side.lived.failed


def blows(side: Side, below: list[servers.Server], hour: int) -> dict[str, list[Blow]]:
    """What is to happen in an hour: a kill of each kind of process, and in every sixth the servers' ends.

    A server's end that no process came for is kept.
    """
    slots = {"collect", "tick of collect"}
    kinds = {"tick", "sensor", *slots, *(job.name for job in JOBS)}
    kept = {kind: [b for b in left if b != side.of_kind(kind).kill] for kind, left in side.blows.items()}
    found = {
        kind: [side.of_kind(kind).kill, *kept.get(kind, [])]
        for kind in kinds - (set() if hour % 4 == 0 else slots)
    }
    runs = {kind: use.runs for kind, use in side.children.by_kind.items()}
    often = [kind for kind in sorted(kinds - slots) if runs.get(kind, 0) >= 3 * hour]
    for server in below if hour % 6 == 2 else []:
        found[side.lived.rng.choice(often)].append(server.restart)
    return found


@contextmanager
def homes() -> Iterator[Path]:
    """Where both installations are; gone afterwards unless `SOAK_HOMES` names it."""
    if (named := os.environ.get("SOAK_HOMES")) is None:
        with tempfile.TemporaryDirectory(prefix="soak-") as name:
            yield Path(name)
    else:
        Path(named).mkdir(parents=True, exist_ok=True)
        yield Path(named)


def circuits_csv(sites: int) -> str:
    """Circuits of the simulated world. In a child: worlds are computed."""
    return World(seed=1, sites=sites).circuits_csv()


def main() -> int:
    """0 when everything holds."""
    if (absent := servers.missing()) is not None:
        raise SystemExit(absent)
    print(f"{SITES} sites, {START:%Y-%m-%dT%H:%MZ} and {HOURS} hours, seed {SEED}", flush=True)
    with (
        homes() as folder,
        served(SITES) as cloud,
        served(SITES) as other,
    ):
        folder.chmod(0o755)  # PostgreSQL is another user
        csv = Children(folder / "report.log").run("(circuits)", circuits_csv, SITES)
        plans = [Plan(folder, cloud, csv, disturbed=True), Plan(folder, other, csv, disturbed=False)]
        with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
            disturbed, clean = pool.map(live, plans)
    off = {floor_slot(at + by) for at, by in CLOCK_OFF.items()} | {floor_slot(at) for at in CLOCK_OFF}
    wrong = compare(disturbed, clean, off) + grown(disturbed)
    print("killed", dict(disturbed.killed), "failed", dict(disturbed.failed))
    print("undisturbed failed", dict(clean.failed))
    peaks = [{kind: round(mb) for kind, mb in day.items()} for day in disturbed.peak_mb]
    print("peak MB by day", peaks, "files by day", [dict(f) for f in disturbed.files])
    print(*(f"WRONG: {w}" for w in wrong), "all holds" if not wrong else "", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
