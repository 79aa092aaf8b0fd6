"""What must hold after a soak: the lakes, warehouses and words of a disturbed and an undisturbed installation.

Belongs here: looking at a home, in a child of its own, and holding two against each other. Does not belong here: what
was done to them (`soak.py`).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl

from mistwan_dagster.catalog.endpoint import Cadence
from mistwan_dagster.catalog.endpoints import SNAPSHOTS
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR, TABLES
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import HOUR, SLOT
from mistwan_dagster.orchestration import check
from mistwan_dagster.orchestration.platform import Platform

REACH = timedelta(minutes=15)
"""Slots this near to an hour have a part in its figures."""
WHOLE = [e for e in SNAPSHOTS if e.cadence is Cadence.SLOT]
MOST_GROWTH = 1.15
SETTLED_DAYS = 4


@dataclass
class Seen:
    """What an installation holds at the end, and what happened to it."""

    start: datetime
    end: datetime
    facts: pl.DataFrame
    doubled: list[str]
    broken: dict[datetime, str]
    told: str
    killed: Counter[str]
    restarts: dict[str, int]
    failed: Counter[str]
    files: list[Counter[str]] = field(default_factory=list)
    peak_mb: list[dict[str, float]] = field(default_factory=list)
    """At the end of each day: files by area of the home, the highest memory of each kind of process."""


def broken_slots(start: datetime, end: datetime) -> dict[datetime, str]:
    """Slots without a whole walk of each endpoint -> the reason."""
    raw, found = Platform.open().raw, {}
    for endpoint in WHOLE:
        reports = raw.reports(endpoint, start, end)
        for number in range(int((end - start) / SLOT)):
            slot = start + number * SLOT
            report = reports.get(slot)
            if report is None or not report.complete:
                found[slot] = "no walk" if report is None else report.error or "incomplete"
    return found


def late_slots(start: datetime, end: datetime) -> set[datetime]:
    """Slots of which a row arrived when they were over: the cloud may have told of the next one by then."""
    raw, found = Platform.open().raw, set()
    for endpoint in WHOLE:
        rows = raw.scan_snapshots(endpoint, start, end).filter(
            pl.col("received_at") >= pl.col("slot_utc") + SLOT
        )
        found |= set(rows.select(pl.col("slot_utc").unique()).collect()["slot_utc"])
    return found


def facts_of(start: datetime, end: datetime) -> pl.DataFrame:
    """Circuit hours of the lake in [start, end), sorted."""
    found = Platform.open().kpi.scan_hours(FACT_CIRCUIT_HOUR.name, start, end)
    return FACT_CIRCUIT_HOUR.empty() if found is None else found.sort("hour_utc", "circuit_id").collect()


def doubled(start: datetime, end: datetime) -> list[str]:
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
    facts = facts_of(start - 400 * timedelta(days=1), end + HOUR)
    if facts.select(FACT_CIRCUIT_HOUR.key).is_duplicated().any():
        found.append("keys of facts in the lake")
    if facts.height != held:
        found.append(f"facts: {facts.height} in the lake, {held} in the warehouse")
    return found


def collection_told() -> str:
    """What `mistwan check` says of the collection."""
    try:
        return check._collection(Platform.open())
    except UserError as error:
        return str(error)


def named_slots(told: str, end: datetime) -> set[datetime]:
    """Slots of the 24 hours before `end` that `mistwan check` named, one by one or as `04T02:00 to 04T07:55`."""
    recent = {f"{s:%dT%H:%M}": s for s in (end - n * SLOT for n in range(24 * HOUR // SLOT + 1))}
    found = set()
    for first, last in re.findall(r"(\d\dT\d\d:\d\d)(?: to (\d\dT\d\d:\d\d))?", told):
        begin, until = recent.get(first), recent.get(last or first)
        if begin and until:
            found |= {begin + n * SLOT for n in range((until - begin) // SLOT + 1)}
    return found


def files_by_area(home: Path) -> Counter[str]:
    """Files in the parts of a home; those of the lake by raw, kpi and the rest."""
    found: Counter[str] = Counter()
    for top, _, names in os.walk(home):
        parts = Path(top).relative_to(home).parts
        found["/".join(parts[: 2 if parts[:1] == ("lake",) else 1]) or "."] += len(names)
    return found


def compare(disturbed: Seen, clean: Seen, clock_off: set[datetime]) -> list[str]:
    """What does not hold in the time that both lived through.

    `clock_off`: slots in which the clock of the disturbed one was off.
    """
    start, end = disturbed.start, min(disturbed.end, clean.end)
    wrong = [f"undisturbed: {d}" for d in clean.doubled] + disturbed.doubled
    named = named_slots(disturbed.told, end)
    unnamed = [s for s in disturbed.broken if end - 24 * HOUR < s < end - HOUR and s not in named]
    wrong += [f"mistwan check does not name {len(unnamed)} slots: {unnamed[:3]}"] if unnamed else []
    hours = [start + n * HOUR for n in range(int((end - start) / HOUR) - 1)]
    odd = {*disturbed.broken, *clock_off}
    whole = [h for h in hours if not any(h - REACH <= s <= h + HOUR + REACH for s in odd)]
    whole = [h for h in whole if h - REACH >= start and h + HOUR + REACH < end]
    reasons = Counter(r.split(":")[0][:50] for r in disturbed.broken.values())
    print(f"{len(disturbed.broken)} slots not whole ({reasons}), "
          f"{len(whole)} of {len(hours)} hours rest on whole slots", flush=True)  # fmt: skip
    wrong += _unlike(disturbed.facts, clean.facts, whole)
    bare = set(whole) - set(clean.facts["hour_utc"])
    wrong += [f"undisturbed: {len(bare)} of these hours have no facts"] if bare else []
    wrong += [] if disturbed.killed else ["nothing was killed"]
    wrong += [f"{name} was not killed" for name, times in disturbed.restarts.items() if not times]
    wrong += [f"undisturbed: {n} x {k}" for k, n in clean.failed.items()]
    return wrong if whole else [*wrong, "no hour rests on whole slots: nothing was compared"]


def _unlike(found: pl.DataFrame, expected: pl.DataFrame, whole: list[datetime]) -> list[str]:
    wrong = []
    same = [frame.filter(pl.col("hour_utc").is_in(whole)) for frame in (found, expected)]
    if not same[0].equals(same[1]):
        keys = list(FACT_CIRCUIT_HOUR.key)
        unlike = same[0].join(same[1], on=same[0].columns, how="anti", nulls_equal=True)
        wrong.append(
            f"{unlike.height} of {same[1].height} facts differ: {unlike.select(keys).head(3).rows()}"
        )
    elsewhere = found.filter(~pl.col("hour_utc").is_in(whole)).join(expected, on=["circuit_id", "hour_utc"])
    # An hour that was read too little live is told by the hourly history, which covers all of it.
    of_one_source = pl.col("source").eq_missing(pl.col("source_right"))
    better = elsewhere.filter(of_one_source, pl.col("coverage_pct") > pl.col("coverage_pct_right") + 1e-6)
    return (
        [*wrong, f"{better.height} facts of hours with holes are better observed"] if better.height else wrong
    )


def grown(seen: Seen) -> list[str]:
    """What is not flat: the highest memory of a kind of process, the raw files, and what a day adds elsewhere.

    Memory is held against the highest of the second to the fourth day: one day alone is a matter of chance, and before
    the fourth maintenance has little to do.
    Raw days become one file an endpoint when they are two whole days old, the first ones on the fourth day of a soak,
    and the small files go with the run of maintenance after that, on the same day or the next: from the fifth day on
    there are no more than in the first four. Elsewhere from the fifth day on no day may add more files than the one
    before it.
    """
    wrong = []
    settled, last = seen.peak_mb[1:-1][: SETTLED_DAYS - 1], seen.peak_mb[-1] if seen.peak_mb else {}
    for kind, peak in last.items():
        before = [day[kind] for day in settled if kind in day]
        if before and peak > max(before) * MOST_GROWTH:
            wrong.append(f"memory of {kind} grew: {[day.get(kind) for day in seen.peak_mb]}")
    if len(seen.files) <= SETTLED_DAYS:
        return wrong
    for area in seen.files[-1]:
        there = [day[area] for day in seen.files]
        if area == "lake/raw":
            if max(there[SETTLED_DAYS:]) > max(there[:SETTLED_DAYS]) * MOST_GROWTH:
                wrong.append(f"raw files are not compacted: {there}")
            continue
        added = [after - before for before, after in pairwise([0, *there])]
        if added[-1] > max(added[-2], 0) * MOST_GROWTH + 10:
            wrong.append(f"files of {area} grow faster each day: {added}")
    return wrong
