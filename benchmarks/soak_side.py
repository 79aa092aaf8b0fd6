"""One installation that lives through simulated days: its ticks, its runs, its sensors, each a child of its own.

Belongs here: what happens at a tick, to whom a kill or a broken server falls, what is counted. Does not belong here:
when something is to go wrong (`soak.py`), and what must hold in the end (`soak_verdict.py`).
"""

from __future__ import annotations

import os
import pickle
import random
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.children import Children, Use
from benchmarks.cloud import Cloud
from benchmarks.soak_verdict import Seen, broken_slots, collection_told, doubled, facts_of, files_by_area
from benchmarks.ticks import DELAY, Ask, look, run, tick
from mistwan_dagster.lake.files import replace_file
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.mist import call
from mistwan_dagster.orchestration import activity, launch, liveness
from mistwan_dagster.orchestration.sensors import SENSORS

COLLECTION = "collect_every_slot"
ALERTS = "alerts"
"""The job whose runs go on beside what comes after them: the collection of the next slot, in most hours the KPIs."""
Blow = Callable[[], None]
NO_OFFSET = timedelta(0)


def remember_in_real_time() -> None:
    """What the platform measures in real time, in days whose hours take a minute: a killed run is noticed by the next
    look, and what failed in a day is remembered for half an hour. For this process and its children."""
    liveness.SETTLING_S = liveness.SHOWS_ITSELF_S = 0
    activity.MEMORY = timedelta(minutes=30)


@dataclass
class Lived:
    """What happened to an installation in so many hours; kept after each, so that a soak that was stopped goes on."""

    rng: random.Random
    hours: int = 0
    by_kind: dict[str, Use] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    restarts: dict[str, int] = field(default_factory=dict)
    """Of the servers below it."""
    failed: Counter[str] = field(default_factory=Counter)
    files: list[Counter[str]] = field(default_factory=list)
    peak_mb: list[dict[str, float]] = field(default_factory=list)

    def keep(self, path: Path) -> None:
        """Replace the file at once, or not at all."""

        def write(target: Path) -> None:
            target.write_bytes(pickle.dumps(self))

        replace_file(path, write)

    def close_day(self, home: Path) -> None:
        """Keep the number of files, and the highest memory of each kind of process of the day."""
        self.files.append(files_by_area(home))
        self.peak_mb.append({kind: use.peak_mb for kind, use in self.by_kind.items() if use.peak_mb})
        for use in self.by_kind.values():
            use.peak_mb = 0.0


@dataclass
class Side:
    """One installation: its cloud, its processes, its environment, and what happened to it."""

    cloud: Cloud
    children: Children
    beside: Children
    """Those of `ALERTS`."""
    environment: dict[str, str]
    lived: Lived
    blows: dict[str, list[Blow]] = field(default_factory=dict)
    """Kind -> what is still to happen, at a random instant of a process of that kind."""
    now: str = ""
    """Of the processes that are started next."""
    forks: bool = True
    """Else what it runs is run here."""
    _spared: set[str] = field(default_factory=set)
    _lane: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _under_way: Future[None] | None = None

    def enter(self, now: datetime, off: timedelta = NO_OFFSET) -> None:
        """Set the cloud's clock, and the environment of the processes to come; theirs may be off."""
        if self._under_way is None or self._under_way.done():  # a child must not be forked within an import
            self.children.learn()
            self.beside.learn()
        self.cloud.set_clock(now)
        self.now = (now + off).isoformat()
        os.environ.update(self.environment, MISTWAN_NOW=self.now)

    def of_kind(self, kind: str) -> Children:
        """To which a process of the kind belongs."""
        return self.beside if kind == ALERTS else self.children

    def run(self, kind: str, function: Any, *arguments: Any) -> Any:
        """The function's result; None when its process was killed or it raised.

        A blow falls at any instant of the longest process of the kind that came to its end (not of the killed ones:
        they would be killed earlier and earlier, and come to nothing). One that did not fall, as the process was over
        before, waits for the next of its kind. Who follows a killed one is left in peace: what comes once an hour, or
        is asked for three times a day, would never come to its end.
        """
        if not self.forks:
            return function(*arguments)
        children = self.of_kind(kind)
        use = children.by_kind.get(kind)
        blows = self.blows.get(kind, []) if use and use.longest_s else []
        blow = blows.pop() if blows and kind not in self._spared else None
        self._spared.discard(kind)
        fallen: list[Blow] = []
        try:
            with _later(blow, self.lived.rng.uniform(0, use.longest_s if use else 0.0), fallen):
                return children.run(kind, function, *arguments)
        except RuntimeError as error:
            was_killed = fallen == [children.kill]
            (self.lived.killed if was_killed else self.lived.failed)[kind] += 1
            if was_killed:
                self._spared.add(kind)
            else:
                print(f"  {self.now} {kind}: {str(error).splitlines()[-1]}", flush=True)
            return None
        finally:
            if blow is not None and not fallen:
                blows.append(blow)

    def live(self, name: str, at: datetime, off: timedelta = NO_OFFSET, disk_full: bool = False) -> None:
        """One tick of a schedule and what it asks for."""
        self.enter(at + DELAY, off)
        for ask in self.run("tick of collect" if name == COLLECTION else "tick", tick, name, at) or []:
            if ask.job == ALERTS:
                self.wait()
                self._under_way = self._lane.submit(self._follow, ask, self.now)
            else:
                self._follow(ask, self.now, disk_full)

    def wait(self) -> None:
        """Returns when nothing is under way any more."""
        if self._under_way is not None:
            self._under_way.result()
        self._under_way = None

    def look_after(self, now: datetime, jobs: Collection[str] | None = None) -> None:
        """The sensors, until all of them answer that they want nothing more, or have been asked six times.

        `jobs`: of what they want only this is done.
        """
        self.wait()
        self.enter(now)
        for _ in range(6):
            answers = [self.run("sensor", look, s.name) for s in SENSORS]
            asks = [a for answer in answers for a in answer or [] if jobs is None or a.job in jobs]
            if None not in answers and not asks:
                return
            for ask in asks:
                self._follow(ask, self.now)

    def seen(self, start: datetime, end: datetime) -> Seen:
        """What it holds at the end."""
        self.enter(end + DELAY)
        told, lived = self.children.run, self.lived
        return Seen(
            start=start,
            end=end,
            facts=told("(verdict)", facts_of, start, end - HOUR),
            doubled=told("(verdict)", doubled, start, end),
            broken=told("(verdict)", broken_slots, start, end),
            told=told("(verdict)", collection_told),
            killed=lived.killed, restarts=lived.restarts, failed=lived.failed, files=lived.files, peak_mb=lived.peak_mb,
        )  # fmt: skip

    def _follow(self, ask: Ask, now: str, disk_full: bool = False) -> None:
        """Run it; what went wrong is printed once, and counted."""
        for error in self.run(ask.job, _run, ask, self.cloud, disk_full, now) or ():
            if "DagsterExecutionInterruptedError" in error:
                raise KeyboardInterrupt  # who stops the soak interrupts the run, too: that is no failure of it
            known = f"{ask.job}: {error.split(':')[0][:60]}"
            if known not in self.lived.failed:
                print(f"  {now} {ask.job}: {error}", flush=True)
            self.lived.failed[known] += 1


@contextmanager
def _later(blow: Blow | None, after_s: float, fallen: list[Blow]) -> Iterator[None]:
    """Lets it fall after so long, unless the block is over before; raises what it raised."""
    if blow is None:
        yield
        return
    over = threading.Event()

    def fall() -> None:
        if not over.wait(after_s):
            fallen.append(blow)
            blow()

    with ThreadPoolExecutor(1) as thread:
        falling = thread.submit(fall)
        try:
            yield
        finally:
            over.set()
            falling.result()


def _run(ask: Ask, cloud: Cloud, disk_full: bool, now: str) -> tuple[str, ...]:
    """One run, in a child. Waits between attempts are short; waiting for the budget puts both clocks forward."""
    os.environ["MISTWAN_NOW"] = now
    liveness.COMMAND = launch.COMMAND = f"{os.getpid()}-soak"
    call.Retry.__init__.__defaults__ = (5, 0.01, 0.1, time.sleep)
    if disk_full:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    return run(ask, cloud)
