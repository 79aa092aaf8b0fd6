"""Hours of an installation under Dagster's own daemon, in fast time: `python -m benchmarks.soak_daemon`.

Beside the soak (`soak.py`), which evaluates schedules and sensors itself and so lives through days: here daemon, code
server, run workers, Redis and PostgreSQL are the processes of a deployment, and their clock passes `SOAK_RATE` (5)
times faster. The cloud has every fault on; its clock goes from slot to slot, so that an undisturbed installation, which
lives through the same hours afterwards, is told the same. In every other hour each process and one run worker is killed
at a random instant and started again; the hours between are left in peace, to be compared.

What must hold is in `soak_verdict.py`, and that everything settles by itself. `SOAK_SITES` (20), `SOAK_HOURS` (6; 3
at least, as the begin of the next hour belongs to one that is compared; 20 at most, as storages stamp runs with the
machine's own time), `SOAK_RATE`, `SOAK_SEED`, `SOAK_LOG` (a folder).
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import dagster as dg

from benchmarks import servers
from benchmarks.children import Children
from benchmarks.cloud import Cloud, served
from benchmarks.soak import FOR_FACTS, Plan, begun, circuits_csv, homes, peaceful_hour
from benchmarks.soak_side import Lived
from benchmarks.soak_verdict import Seen, compare, late_slots
from benchmarks.ticks import DELAY
from mistwan_dagster.lake.raw import HOUR, SLOT, floor_hour
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import STAGES

SITES = int(os.environ.get("SOAK_SITES", "20"))
HOURS = int(os.environ.get("SOAK_HOURS", "6"))
RATE = float(os.environ.get("SOAK_RATE", "5"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
FAST_CLOCK = Path(__file__).parent / "fast_clock"
LEAD = timedelta(minutes=10)
"""The daemon is up before the first hour."""
FIRST_BLOW, BLOWS_FOR = timedelta(minutes=15), timedelta(minutes=25)
"""Within an hour: what falls in one leaves the slots near to the next one in peace."""
SETTLES = timedelta(hours=2)
"""Within so much of its time, after the last hour, nothing of its hours is stale any more."""


@dataclass(frozen=True)
class Clock:
    """The time of the installation."""

    began: float
    start: datetime

    def now(self) -> datetime:
        """Instant that its processes are told."""
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * RATE)

    def wait(self, until: datetime) -> None:
        """Returns then."""
        time.sleep(max(0.0, (until - self.now()).total_seconds() / RATE))

    def environment(self) -> dict[str, str]:
        """Who is started with it lives in this time."""
        path = [str(FAST_CLOCK), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            "PYTHONPATH": os.pathsep.join(path),
            "FAST_CLOCK": f"{self.began} {self.start.timestamp()} {RATE}",
            "DAGSTER_DAEMON_HEARTBEAT_TOLERANCE": str(round(300 * RATE)),
        }


@contextmanager
def installation(clock: Clock, environment: dict[str, str], log: Path) -> Iterator[dict[str, servers.Server]]:
    """Code server and daemon, as `compose.yaml` has them, besides what is below them."""
    port = str(servers.free_port())
    mistwan = [sys.executable, "-m", "mistwan_dagster.cli"]
    theirs = {**os.environ, **environment, **clock.environment()}

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=1):
            return True
        return False

    parts = {
        "code server": servers.Server(
            "", [*mistwan, "code-server", "--port", port], listens, signal.SIGKILL, environment=theirs, log=log
        ),
        "daemon": servers.Server(
            "", [*mistwan, "daemon", "--no-ui", "--code-server", f"127.0.0.1:{port}"], lambda: True,
            signal.SIGKILL, environment=theirs, log=log,
        ),
    }  # fmt: skip
    with ExitStack() as stack:
        for part in parts.values():
            stack.enter_context(servers.kept(part))
        yield parts


def run_workers(code_server: servers.Server) -> list[int]:
    """Processes of runs under way, which the code server starts."""
    children = Path(f"/proc/{code_server.pid}/task/{code_server.pid}/children")
    found = []
    for child in children.read_text().split():
        with suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def kill_a_worker(code_server: servers.Server, rng: random.Random) -> bool:
    """The next one that there is; False when there is none for half a minute."""
    for _ in range(300):
        if workers := run_workers(code_server):
            with suppress(ProcessLookupError):
                os.kill(rng.choice(workers), signal.SIGKILL)
                return True
        time.sleep(0.1)
    return False


def strike(part: servers.Server) -> bool:
    """Kill it and start it again."""
    part.restart()
    return True


def revive(part: servers.Server) -> None:
    """As the restart policy of a container does with what ended by itself."""
    if part.ended:
        part.restart()


def live(
    clock: Clock, start: datetime, cloud: Cloud, parts: dict[str, servers.Server], rng: random.Random
) -> Counter[str]:
    """The cloud's clock and the blows of all hours; what was killed."""
    blows: dict[str, Callable[[], bool]] = {name: partial(strike, part) for name, part in parts.items()}
    blows["run worker"] = partial(kill_a_worker, parts["code server"], rng)
    due: list[tuple[datetime, str]] = [(start + n * SLOT, "") for n in range(HOURS * HOUR // SLOT)]
    for hour in (start + n * HOUR for n in range(0, HOURS, 2)):
        due += [(hour + FIRST_BLOW + rng.random() * BLOWS_FOR, name) for name in blows]
    fallen: list[tuple[str, Future[bool]]] = []
    with ThreadPoolExecutor(1) as striking:
        for at, name in sorted(due):
            clock.wait(at)
            if name:
                fallen.append((name, striking.submit(blows[name])))
                continue
            cloud.set_clock(at + DELAY)
            for part in parts.values():
                striking.submit(revive, part)
            if at.minute == 0:
                print(f"{at:%Y-%m-%d %H:%M}, {len(fallen)} blows so far", flush=True)
    return Counter(name for name, blow in fallen if blow.result())


def unsettled(start: datetime, end: datetime) -> list[str]:
    """Stages with a partition of [start, end) that is stale; what goes on later is never settled, as slots go on.

    In a child whose time is the installation's.
    """
    platform = Platform.open()
    changed = {name: stage.changed(platform, start) for name, stage in STAGES.items()}
    return [name for name, found in changed.items() if any(STAGES[name].end(s) <= end for s in found)]


def failed_runs() -> Counter[str]:
    """Of the installation, by job."""
    with launch.instance(Platform.open()) as opened:
        failed = opened.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    return Counter(run.job_name for run in failed)


def under_the_daemon(plan: Plan, clock: Clock, start: datetime) -> tuple[Seen, set[datetime]]:
    """What the disturbed installation holds at the end; slots that were not read within their time."""
    rng = random.Random(SEED)
    lived = Lived(rng)
    plan.cloud.set_clock(clock.start)
    with patch.dict(os.environ), begun(plan, lived) as (side, below):
        parts = {Path(server.command[0]).name: server for server in below}
        log = Path(os.environ.get("SOAK_LOG", plan.folder)) / "daemon.log"
        with installation(clock, side.environment, log) as graph:
            lived.killed = live(clock, start, plan.cloud, parts | graph, rng)
            end = start + HOURS * HOUR
            plan.cloud.set_clock(end + DELAY)
            left = ["not asked"]
            while left and clock.now() < end + SETTLES:
                clock.wait(clock.now() + SLOT)
                side.enter(clock.now())
                left = side.children.run("(settled)", unsettled, start, end)
        side.enter(clock.now())
        lived.restarts = {name: part.restarts for name, part in (parts | graph).items()}
        lived.failed = side.children.run("(failed)", failed_runs)
        seen = side.seen(start, end)
        if left:
            seen.doubled.append(f"not settled {SETTLES} later: {left}")
        return seen, side.children.run("(late)", late_slots, start, end)


def in_peace(plan: Plan, start: datetime) -> Seen:
    """What an undisturbed installation holds after the same hours."""
    with patch.dict(os.environ), begun(plan, Lived(random.Random(SEED))) as (side, _):
        for number in range(HOURS):
            peaceful_hour(side, start + number * HOUR)
        side.look_after(start + HOURS * HOUR + DELAY, FOR_FACTS)
        return side.seen(start, start + HOURS * HOUR)


def main() -> int:
    """0 when everything holds."""
    if (absent := servers.missing()) is not None:
        raise SystemExit(absent)
    start = floor_hour(datetime.now(UTC)) - HOURS * HOUR - SETTLES - HOUR  # Dagster has partitions until now
    print(
        f"{SITES} sites, {start:%Y-%m-%dT%H:%MZ} and {HOURS} hours, {RATE} times as fast, seed {SEED}",
        flush=True,
    )
    with homes() as folder, served(SITES) as cloud, served(SITES) as other:
        folder.chmod(0o755)  # PostgreSQL is another user
        csv = Children(folder / "report.log").run("(circuits)", circuits_csv, SITES)
        clock = Clock(time.monotonic(), start - LEAD)
        disturbed, late = under_the_daemon(Plan(folder, cloud, csv, disturbed=True), clock, start)
        print("failed runs", dict(disturbed.failed), "started", disturbed.restarts, flush=True)
        clean = in_peace(Plan(folder, other, csv, disturbed=False), start)
    print(f"{len(late)} slots were read after their time")
    wrong = compare(disturbed, clean, late)
    print(*(f"WRONG: {w}" for w in wrong), "all holds" if not wrong else "", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
