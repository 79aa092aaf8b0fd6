"""A day of an organization of 3,208 sites, as the daemon lives it: every tick of every schedule, every run it asks for.

A simulated cloud in a process of its own has a clock that is set to each tick. The schedules decide what runs; each
tick and each run has a process of its own, forked from one that has only imported the platform. After the day the
sensors are asked until they want nothing more: the history of the day before, as the call budget of the clock hours
allows (while it waits the clock is put forward, without slots). Printed: calls an hour, processes with their time and
peak memory, assets and partitions that were or were not materialised, and whether each walk stored what the cloud
holds. `BENCH_SITES`, `BENCH_HOURS`; `BENCH_MINUTES` ends the day after so many minutes of real time;
`BENCH_HISTORY_DAYS` is how far back the sensors look (2; 0 leaves them out).
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from benchmarks.children import Children
from benchmarks.cloud import Cloud, served
from benchmarks.ticks import DELAY, Ask, look, run, tick, ticks
from mistwan_dagster.catalog.endpoint import Cadence, Endpoint, Paging, Shape
from mistwan_dagster.catalog.endpoints import EVENTS, PAGE_LIMIT, SNAPSHOTS
from mistwan_dagster.lake.raw import HOUR, SLOT, floor_hour, floor_slot
from mistwan_dagster.mist.quota import DEFAULT_BUDGET, HourUse
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.build import defs
from mistwan_dagster.orchestration.partitions import HOURS, SNAPSHOT_HOURS
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.sensors import SENSORS
from mistwan_dagster.simulator.world import World

SITES = int(os.environ.get("BENCH_SITES", "3208"))
DAY_HOURS = int(os.environ.get("BENCH_HOURS", "24"))
MOST_MINUTES = float(os.environ.get("BENCH_MINUTES", "inf"))
HISTORY_DAYS = os.environ.get("BENCH_HISTORY_DAYS", "2")
START = datetime.fromisoformat(os.environ.get("BENCH_START", "2025-03-03T23:00:00+00:00"))
"""Late in a day, so that a day ends and the nightly maintenance comes while it is short."""
MEMORY_LIMIT_MB = 1500
COUNTED = [e for e in SNAPSHOTS if e.paging is not Paging.NONE and e.shape is Shape.SNAPSHOT]
"""Walks whose rows are compared with what the cloud holds."""


@dataclass
class Day:
    """A rehearsal under way, and what was seen."""

    cloud: Cloud
    children: Children
    faults: list[str] = field(default_factory=list)
    walks: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    cloud_calls: dict[datetime, int] = field(default_factory=dict)

    def set_clock(self, now: datetime) -> None:
        """The cloud's clock and that of the processes to come."""
        self.cloud.set_clock(now)
        os.environ["MISTWAN_NOW"] = now.isoformat()

    def run(self, ask: Ask) -> None:
        """One run, in a process of its own; its errors are faults."""
        for error in self.children.run(ask.job, run, ask, self.cloud):
            self.faults.append(f"{os.environ['MISTWAN_NOW']} {ask.job}: {error}")

    def collect(self, ask: Ask, now: datetime) -> None:
        """A slot, and whether each walk of it asked for each page once and stored each row once."""
        before = self.cloud.calls()
        self.run(ask)
        after = self.cloud.calls()
        stored = self.children.run("(check of a slot)", _stored, floor_slot(now))
        for endpoint in COUNTED:
            if endpoint.name not in stored:
                continue
            rows, keys, complete = stored[endpoint.name]
            held = self.cloud.total(endpoint)
            pages = after[endpoint.path] - before.get(endpoint.path, 0)
            self.walks[endpoint.name] += 1
            self.rows[endpoint.name] += rows
            if not (complete and rows == keys == held and pages == max(1, math.ceil(held / PAGE_LIMIT))):
                self.faults.append(
                    f"{now:%dT%H:%M} {endpoint.name}: {rows} rows, {keys} keys, {pages} pages; the cloud holds {held}"
                )


# --- what happens in children ------------------------------------------------------------------------------


def _stored(slot: datetime) -> dict[str, tuple[int, int, bool]]:
    """Rows, distinct keys and completeness of the walks of a slot."""
    raw, found = Platform.open().raw, {}
    for endpoint in COUNTED:
        report = raw.reports(endpoint, slot, slot + SLOT).get(slot)
        if report is not None:
            rows = raw.scan_snapshots(endpoint, slot, slot + SLOT).select(endpoint.key).collect()
            found[endpoint.name] = (rows.height, rows.unique().height, report.complete)
    return found


def _events(endpoint: Endpoint, cloud: Cloud, end: datetime) -> tuple[int, int, int, int]:
    """Rows that the cloud tells, rows stored, those told and not stored, and those stored twice.

    An alarm that changes is stored anew, and told as it is now: what is looked for is its id.
    """
    span = pl.col("timestamp").is_between(START.timestamp(), end.timestamp(), closed="left")
    stored = Platform.open().raw.scan_events(endpoint, START, end).filter(span).select(endpoint.key).collect()
    told = pl.DataFrame(
        cloud.rows(endpoint, START, end), schema={k: stored.schema[k] for k in endpoint.key}, strict=False
    ).filter(span if "timestamp" in endpoint.key else True)
    identity = ["id"] if "id" in endpoint.key else list(endpoint.key)
    missing = told.unique(identity).join(stored, on=identity, how="anti", nulls_equal=True).height
    return told.height, stored.height, missing, stored.height - stored.unique().height


def _assets() -> dict[str, tuple[str, int]]:
    """Asset -> kind of partitions, and how many materializations or materialised partitions it has."""
    graph, found = defs.resolve_asset_graph(), {}
    with launch.instance(Platform.open()) as opened:
        for key in sorted(graph.materializable_asset_keys):
            partitions = graph.get(key).partitions_def
            if partitions is None:
                found[key.to_user_string()] = (
                    "none",
                    int(opened.get_latest_materialization_event(key) is not None),
                )
            else:
                kind = "hours" if partitions in (HOURS, SNAPSHOT_HOURS) else "days, weeks, months"
                found[key.to_user_string()] = (kind, len(opened.get_materialized_partitions(key)))
    return found


def _calls() -> list[HourUse]:
    return Platform.open().quota.history(START)


def _sizes() -> tuple[str, str]:
    world = World(seed=1, sites=SITES)
    t = world.topology
    text = (
        f"{len(t.sites)} sites, {len(t.gateways)} gateways, {len(t.circuits)} circuits, {len(t.paths)} paths"
    )
    return world.circuits_csv(), text


# --- the day -----------------------------------------------------------------------------------------------


def live(day: Day) -> datetime:
    """Every tick of the day; returns the end of it."""
    began, hour = time.monotonic(), START
    for at, name in ticks(START, START + DAY_HOURS * HOUR):
        if floor_hour(at) > hour:
            _close_hour(day, hour, began)
            hour = floor_hour(at)
            if time.monotonic() - began > MOST_MINUTES * 60:
                return hour
        day.set_clock(at + DELAY)
        for ask in day.children.run("(tick of a schedule)", tick, name, at):
            if ask.job == "collect":
                day.collect(ask, at)
            else:
                day.run(ask)
    _close_hour(day, hour, began)
    return START + DAY_HOURS * HOUR


def _close_hour(day: Day, hour: datetime, began: float) -> None:
    day.cloud_calls[hour] = day.cloud.used()
    kind, use = max(day.children.by_kind.items(), key=lambda kv: kv[1].peak_mb)
    print(
        f"{hour:%Y-%m-%dT%H}:00Z over: {day.cloud_calls[hour]} calls, {len(day.faults)} faults, "
        f"peak {use.peak_mb:.0f} MB ({kind}), {(time.monotonic() - began) / 60:.0f} min",
        flush=True,
    )


def mend(day: Day, end: datetime) -> None:
    """Sensors are asked, and their runs made, until neither asks for anything."""
    os.environ["MISTWAN_HISTORY_DAYS"] = HISTORY_DAYS
    day.set_clock(end + DELAY)
    for _ in range(50):
        asks = [a for sensor in SENSORS for a in day.children.run("(tick of a sensor)", look, sensor.name)]
        if not asks:
            return
        for ask in asks:
            print(f"sensors ask for {ask.job} {list(ask.tags.values())[:2]}", flush=True)
            day.run(ask)
    day.faults.append("the sensors did not come to an end")


def print_calls(day: Day) -> bool:
    """Calls by hour and purpose, and by endpoint; false when the budget was passed or the cloud counted otherwise."""
    use = day.children.run("(report)", _calls)
    by_hour: dict[datetime, Counter[str]] = defaultdict(Counter)
    by_endpoint: dict[tuple[str, str], Counter[datetime]] = defaultdict(Counter)
    for row in use:
        by_hour[row.hour_utc][row.purpose] += row.calls
        by_endpoint[row.endpoint, row.purpose][row.hour_utc] += row.calls
    print(f"\n{'hour (UTC)':18}{'live':>7}{'optional':>10}{'all':>7}{'cloud counted':>15}")
    agreed = True
    for hour, calls in sorted(by_hour.items()):
        counted = day.cloud_calls.get(hour)
        agreed &= counted in (None, calls.total())
        told = "-" if counted is None else counted
        print(f"{hour:%Y-%m-%dT%H:%MZ} {calls['live']:>7}{calls['backfill']:>10}{calls.total():>7}{told:>15}")
    print(f"\n{'endpoint':28}{'purpose':10}{'calls':>8}{'most in an hour':>17}")
    for (endpoint, purpose), used in sorted(by_endpoint.items(), key=lambda kv: -kv[1].total()):
        print(f"{endpoint:28}{purpose:10}{used.total():>8}{max(used.values()):>17}")
    most = max(calls.total() for calls in by_hour.values())
    print(f"most calls in an hour: {most}, budget {DEFAULT_BUDGET}; ledger and cloud agree: {agreed}")
    return agreed and most <= DEFAULT_BUDGET


def print_rows(day: Day, events: dict[str, tuple[int, int, int, int]]) -> bool:
    """Walks against what the cloud holds; false when anything was lost or stored twice."""
    print(f"\n{'walk':28}{'walks':>7}{'rows stored':>13}")
    for endpoint in COUNTED:
        print(f"{endpoint.name:28}{day.walks[endpoint.name]:>7}{day.rows[endpoint.name]:>13}")
    for name, (told, stored, missing, doubled) in events.items():
        print(f"{name:28}told {told}, stored {stored}, missing {missing}, doubled {doubled}")
    ran = all(day.walks[e.name] for e in COUNTED if e.cadence is not Cadence.DAY)
    return ran and not any(missing or doubled for _, _, missing, doubled in events.values())


def print_assets(day: Day, hours: int) -> bool:
    """Which assets were materialised in a day of so many hours, of which the last is not over for the figures; false
    when one never was."""
    assets = day.children.run("(report)", _assets)
    print(f"\n{len(assets)} assets")
    for kind in sorted({kind for kind, _ in assets.values()}):
        counts = Counter(count for k, count in assets.values() if k == kind)
        print(
            f"partitions: {kind}: "
            + ", ".join(f"{n} assets with {c}" for c, n in sorted(counts.items())[::-1])
        )
        if kind == "hours":
            fewer = [
                f"{name} {count}" for name, (k, count) in assets.items() if k == kind and count < hours - 1
            ]
            print(f"  in fewer than {hours - 1} hours: {', '.join(fewer) or 'none'}")
    never = [name for name, (_, count) in assets.items() if count == 0]
    print(f"never materialised: {', '.join(never) or 'none'}")
    return not never


def print_processes(day: Day) -> bool:
    """Time and memory of the processes; false when one passed the limit."""
    print(f"\n{'process':28}{'runs':>6}{'mean s':>9}{'peak MB':>9}")
    for kind, use in sorted(day.children.by_kind.items(), key=lambda kv: -kv[1].peak_mb):
        print(f"{kind:28}{use.runs:>6}{use.seconds / use.runs:>9.1f}{use.peak_mb:>9.0f}")
    return max(use.peak_mb for use in day.children.by_kind.values()) <= MEMORY_LIMIT_MB


def main() -> int:
    """0 when nothing was lost, doubled, left out, over the budget or over the memory."""
    with tempfile.TemporaryDirectory() as folder, served(SITES) as cloud:
        home = Path(folder) / "home"
        home.mkdir()
        os.environ.update({**cloud.settings(home), "MISTWAN_HISTORY_DAYS": "0"})
        day = Day(cloud, Children(Path(os.environ.get("BENCH_LOG", home / "children.log"))))
        csv, sizes = day.children.run("(report)", _sizes)
        (home / "circuits.csv").write_text(csv)
        del day.children.by_kind["(report)"]
        print(f"{sizes}, {START:%Y-%m-%dT%H:%MZ} and {DAY_HOURS} hours", flush=True)
        end = live(day)
        events = {e.name: day.children.run("(report)", _events, e, cloud, end - HOUR) for e in EVENTS}
        if HISTORY_DAYS != "0":
            mend(day, end)
        results = [
            print_calls(day),
            print_rows(day, events),
            print_assets(day, (end - START) // HOUR),
            print_processes(day),
        ]
        print(f"\n{len(day.faults)} faults", *day.faults[:40], sep="\n")
        return 0 if all(results) and not day.faults else 1


if __name__ == "__main__":
    sys.exit(main())
