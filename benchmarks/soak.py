"""Days of an installation that is disturbed in every way, beside one that is not: `make soak`.

Two simulated clouds of one seed, one home each; both homes live through the same ticks of the same schedules, each
run in a process of its own (`day`), and are looked after by the sensors at the end of each hour. The disturbed one has
every fault of its cloud switched on; in each hour one process of each kind is killed at a random instant (slots in
every fourth hour only, as what a slot misses the cloud does not tell again); once the disk is full, twice its clock is
off, and its Redis, which counts the calls, is killed and started again every six hours.

At the end: facts of hours that rest on whole slots equal the undisturbed ones, others are nowhere better observed;
every slot that is not whole is named by `mistwan check`; no key is there twice, in the lake or in the warehouse, and
both hold the same; memory of the last day is that of the second. Prints a line an hour; exit code 1 when one of these
does not hold. `SOAK_SITES` (300), `SOAK_HOURS` (168), `SOAK_SEED`, `SOAK_START`, `SOAK_LOG` (a folder).
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from benchmarks.children import Children
from benchmarks.cloud import Cloud, served
from benchmarks.ticks import DELAY, Ask, look, run, tick, ticks
from mistwan_dagster.catalog.endpoint import Cadence
from mistwan_dagster.catalog.endpoints import SNAPSHOTS
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR, TABLES
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import HOUR, SLOT, floor_slot
from mistwan_dagster.mist import call
from mistwan_dagster.orchestration import check, launch, liveness
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.sensors import SENSORS
from mistwan_dagster.simulator.world import World

SITES = int(os.environ.get("SOAK_SITES", "300"))
HOURS = int(os.environ.get("SOAK_HOURS", "168"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
START = datetime.fromisoformat(os.environ.get("SOAK_START", "2025-03-03T20:00:00+00:00"))
END = START + HOURS * HOUR
REACH = timedelta(minutes=15)
"""Slots this near to an hour have a part in its figures."""
FAULTS = {
    "error_500": 0.02, "html_502": 0.02, "drop_mid_body": 0.02, "malformed_json": 0.02, "rate_limit": 0.002,
    "stall": 0.005, "duplicate_rows": 0.2, "repeated_page": 0.1, "stall_seconds": 1.5, "retry_after_s": 0.1,
}  # fmt: skip
DISK_FULL_AT = START + HOUR + timedelta(minutes=30)
CLOCK_OFF = {START + HOUR + timedelta(minutes=10): timedelta(minutes=-12),
             START + HOUR + timedelta(minutes=20): timedelta(minutes=7)}  # fmt: skip
"""Tick -> by how much the clock of the disturbed installation is off in it."""
WHOLE = [e for e in SNAPSHOTS if e.cadence is Cadence.SLOT]
MOST_GROWTH = 1.15


@dataclass
class Side:
    """One installation: its cloud, its processes, its environment, and what happened to it."""

    cloud: Cloud
    children: Children
    environment: dict[str, str]
    disturbed: bool
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))
    killed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    to_kill: set[str] = field(default_factory=set)
    """Kinds of which one is still to be killed in this hour."""

    def enter(self, now: datetime, off: timedelta = timedelta(0)) -> None:
        """Set the cloud's clock, and the environment of the processes to come; theirs may be off."""
        self.cloud.set_clock(now)
        os.environ.update(self.environment)
        os.environ["MISTWAN_NOW"] = (now + off).isoformat()

    def run(self, kind: str, function: Any, *arguments: Any) -> Any:
        """The function's result; None when its process was killed or it raised."""
        doomed = kind in self.to_kill
        self.to_kill.discard(kind)
        use = self.children.by_kind.get(kind)
        usual = use.seconds / use.runs if use else 1.0
        try:
            with _killer(self.children, self.rng.uniform(0, usual) if doomed else None):
                return self.children.run(kind, function, *arguments)
        except RuntimeError as error:
            (self.killed if doomed else self.failed)[kind] += 1
            if not doomed:
                print(f"  {os.environ['MISTWAN_NOW']} {kind}: {str(error).splitlines()[-1]}", flush=True)
            return None

    def live(self, name: str, at: datetime) -> None:
        """One tick of a schedule and what it asks for."""
        off = (
            CLOCK_OFF.get(at, timedelta(0))
            if self.disturbed and name == "collect_every_slot"
            else timedelta(0)
        )
        self.enter(at + DELAY, off)
        kind = "tick of collect" if name == "collect_every_slot" else "tick"
        for ask in self.run(kind, tick, name, at) or []:
            full = self.disturbed and at == DISK_FULL_AT and ask.job == "collect"
            self._report(ask, self.run(ask.job, _run, ask, self.cloud, full))

    def look_after(self, now: datetime) -> None:
        """The sensors, until they want nothing more or have been asked six times."""
        self.enter(now)
        for _ in range(6):
            asks = [a for s in SENSORS for a in self.run("sensor", look, s.name) or []]
            if not asks:
                return
            for ask in asks:
                self._report(ask, self.run(ask.job, _run, ask, self.cloud, False))

    def _report(self, ask: Ask, errors: tuple[str, ...] | None) -> None:
        for error in errors or ():
            self.failed[f"{ask.job}: {error.split(':')[0][:60]}"] += 1

    def files(self) -> int:
        """Files in the home but for Dagster's own records of runs."""
        home = Path(self.environment["MISTWAN_HOME"])
        return sum(len(names) for top, _, names in os.walk(home) if "dagster" not in Path(top).parts)


@contextmanager
def _killer(children: Children, after_s: float | None) -> Iterator[None]:
    """Kills the child that runs then; None: nobody."""
    if after_s is None:
        yield
        return
    timer = threading.Timer(after_s, children.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _run(ask: Ask, cloud: Cloud, disk_full: bool) -> tuple[str, ...]:
    """One run, in a child. Waits between attempts are short; waiting for the budget puts both clocks forward."""
    liveness.COMMAND = launch.COMMAND = f"{os.getpid()}-soak"
    call.Retry.__init__.__defaults__ = (5, 0.01, 0.1, time.sleep)  # type: ignore[misc]
    if disk_full:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))

    return run(ask, cloud)


# --- the verdict, in children ----------------------------------------------------------------------------------------


def _broken_slots() -> dict[datetime, str]:
    """Slots without a whole walk of each endpoint -> the reason."""
    raw, found = Platform.open().raw, {}
    for endpoint in WHOLE:
        reports = raw.reports(endpoint, START, END)
        for number in range(int((END - START) / SLOT)):
            slot = START + number * SLOT
            report = reports.get(slot)
            if report is None or not report.complete:
                found[slot] = "no walk" if report is None else report.error or "incomplete"
    return found


def _facts() -> pl.DataFrame:
    found = Platform.open().kpi.scan_hours(FACT_CIRCUIT_HOUR.name, START, END - HOUR)
    return FACT_CIRCUIT_HOUR.empty() if found is None else found.sort("hour_utc", "circuit_id").collect()


def _doubled() -> list[str]:
    """Tables with a key that is there twice, in the lake or in the newest published copy; or in which both differ."""
    platform, found = Platform.open(), []
    folder = platform.settings.warehouse
    with duckdb.connect(str(folder / f"serve-{platform.warehouse.publish()}.duckdb"), read_only=True) as copy:
        for table in TABLES.values():
            keys = ", ".join(table.key)
            twice = copy.sql(
                f"SELECT count(*) FROM (SELECT {keys} FROM {table.name} GROUP BY {keys} HAVING count(*) > 1)"
            ).fetchall()[0][0]
            found += [f"{twice} keys of {table.name} in the warehouse"] if twice else []
        held = copy.sql(f"SELECT count(*) FROM {FACT_CIRCUIT_HOUR.name}").fetchall()[0][0]
    rows = platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, START - 400 * timedelta(days=1), END + HOUR)
    facts = FACT_CIRCUIT_HOUR.empty() if rows is None else rows.collect()
    if facts.select(FACT_CIRCUIT_HOUR.key).is_duplicated().any():
        found.append("keys of facts in the lake")
    if facts.height != held:
        found.append(f"facts: {facts.height} in the lake, {held} in the warehouse")
    return found


def _circuits_csv() -> str:
    return World(seed=1, sites=SITES).circuits_csv()


def _told() -> str:
    """What `mistwan check` says of the collection."""
    try:
        return check._collection(Platform.open())
    except UserError as error:
        return str(error)


def compare(disturbed: Side, clean: Side) -> list[str]:
    """What does not hold."""
    clean.enter(END + DELAY)
    expected = clean.run("(verdict)", _facts)
    wrong = [f"undisturbed: {d}" for d in clean.run("(verdict)", _doubled)]
    disturbed.enter(END + DELAY)
    found = disturbed.run("(verdict)", _facts)
    wrong += disturbed.run("(verdict)", _doubled)
    broken: dict[datetime, str] = disturbed.run("(verdict)", _broken_slots)
    off = {floor_slot(at + by) for at, by in CLOCK_OFF.items()} | {floor_slot(at) for at in CLOCK_OFF}
    told = disturbed.run("(verdict)", _told)
    unnamed = [s for s in broken if END - 24 * HOUR <= s < END - HOUR and f"{s:%dT%H:%M}" not in told]
    wrong += [f"mistwan check does not name {len(unnamed)} slots: {unnamed[:3]}"] if unnamed else []
    hours = [START + n * HOUR for n in range(HOURS - 1)]
    whole = [h for h in hours if not any(h - REACH <= s <= h + HOUR + REACH for s in {*broken, *off})]
    whole = [h for h in whole if h - REACH >= START and h + HOUR + REACH < END]
    print(f"{len(broken)} slots not whole ({Counter(r.split(':')[0][:50] for r in broken.values())}), "
          f"{len(whole)} of {len(hours)} hours rest on whole slots", flush=True)  # fmt: skip
    same = [frame.filter(pl.col("hour_utc").is_in(whole)) for frame in (found, expected)]
    if not same[0].equals(same[1]):
        keys = list(FACT_CIRCUIT_HOUR.key)
        unlike = same[0].join(same[1], on=same[0].columns, how="anti", nulls_equal=True)
        wrong.append(
            f"{unlike.height} of {same[1].height} facts differ: {unlike.select(keys).head(3).rows()}"
        )
    elsewhere = found.filter(~pl.col("hour_utc").is_in(whole)).join(expected, on=["circuit_id", "hour_utc"])
    better = elsewhere.filter(pl.col("coverage_pct") > pl.col("coverage_pct_right") + 1e-6)
    wrong += [f"{better.height} facts of hours with holes are better observed"] if better.height else []
    return wrong if whole else [*wrong, "no hour rests on whole slots: nothing was compared"]


# --- the days --------------------------------------------------------------------------------------------------------


@contextmanager
def redis(folder: Path) -> Iterator[Any]:
    """A Redis that keeps its data; calling the yielded function kills it and starts it again."""
    command = ["redis-server", "--port", "0", "--unixsocket", str(folder / "r.sock"), "--appendonly", "yes",
               "--appendfsync", "always", "--dir", str(folder)]  # fmt: skip
    running: list[subprocess.Popen[bytes]] = []

    def again() -> None:
        if running:
            running.pop().kill()
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        for _ in range(200):
            if (folder / "r.sock").exists() and _answers(folder / "r.sock"):
                return
            time.sleep(0.05)
        raise SystemExit("redis-server did not start")

    again()
    try:
        yield again
    finally:
        running.pop().kill()


def _answers(path: Path) -> bool:
    import redis as client

    try:
        return bool(client.Redis(unix_socket_path=str(path)).ping())
    except client.RedisError:
        return False


def live(sides: tuple[Side, Side], restart_redis: Any) -> list[tuple[int, float]]:
    """All ticks on both sides; files and the highest memory of the disturbed side at the end of each day."""
    began, hour, days = time.monotonic(), START, []
    kinds: set[str] = set()

    def close() -> None:
        for side in sides:
            side.look_after(hour + HOUR + DELAY)
        disturbed = sides[0]
        print(f"{hour:%Y-%m-%dT%H}:00Z over after {(time.monotonic() - began) / 60:.0f} min; killed "
              f"{disturbed.killed.total()}, failed {dict(disturbed.failed)}, files {disturbed.files()}",
              flush=True)  # fmt: skip
        if ((hour + HOUR) - START) % (24 * HOUR) == timedelta(0):
            days.append((disturbed.files(), max(u.peak_mb for u in disturbed.children.by_kind.values())))
            for use in disturbed.children.by_kind.values():
                use.peak_mb = 0.0

    for at, name in ticks(START, END):
        if at >= hour + HOUR:
            close()
            hour += HOUR
            number = int((hour - START) / HOUR)
            kinds |= {k for k in sides[0].children.by_kind if not k.startswith("(")}
            spared = set() if number % 4 == 1 else {"collect", "tick of collect"}
            sides[0].to_kill = kinds - spared
            if number % 6 == 5:
                restart_redis()
        for side in sides:
            side.live(name, at)
    close()
    return days


def main() -> int:
    """0 when everything holds."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        served(SITES) as cloud,
        served(SITES) as other,
        redis(Path(folder)) as restart_redis,
    ):
        csv = Children(Path(folder) / "report.log").run("(report)", _circuits_csv)
        sides = []
        for name, of in (("disturbed", cloud), ("clean", other)):
            home = Path(folder) / name
            home.mkdir()
            (home / "circuits.csv").write_text(csv)
            redis_url = f"unix://{folder}/r.sock" if name == "disturbed" else ""
            environment = {**of.settings(home), "MISTWAN_HISTORY_DAYS": "1", "REDIS_URL": redis_url,
                           "MISTWAN_REQUEST_TIMEOUT_S": "1" if redis_url else "30"}  # fmt: skip
            log = Path(os.environ.get("SOAK_LOG", folder)) / f"{name}.log"
            sides.append(Side(of, Children(log), environment, bool(redis_url)))
        cloud.set_faults(seed=SEED, **FAULTS)
        print(f"{SITES} sites, {START:%Y-%m-%dT%H:%MZ} and {HOURS} hours, seed {SEED}", flush=True)
        disturbed, clean = sides
        days = live((disturbed, clean), restart_redis)
        wrong = compare(disturbed, clean)
        print("killed", dict(disturbed.killed), "failed", dict(disturbed.failed))
        print("undisturbed failed", dict(clean.failed))
        print("files and peak MB by day", days)
        if len(days) > 2 and (days[-1][1] > days[1][1] * MOST_GROWTH):
            wrong.append(f"memory grew: {days}")
        wrong += [f"undisturbed: {n} x {k}" for k, n in clean.failed.items()]
        print(*(f"WRONG: {w}" for w in wrong), "all holds" if not wrong else "", sep="\n")
        return 1 if wrong else 0


if __name__ == "__main__":
    if shutil.which("redis-server") is None:
        raise SystemExit("redis-server is not installed: apt-get install redis-server")
    sys.exit(main())
