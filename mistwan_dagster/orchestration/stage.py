"""Which partitions have to be computed: those whose inputs are not the ones they were computed from.

A partition's fingerprint is taken over the files that feed it. It is recorded after the partition was computed,
loaded and published, so that a kill at any instant leaves it stale and the next run repeats it. Does not belong
here: which stages there are (`staleness`). No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mistwan_dagster.lake.kpi import fingerprint
from mistwan_dagster.lake.raw import Span
from mistwan_dagster.orchestration.platform import Platform

RAW = "raw/"


@dataclass(frozen=True)
class Stage:
    """One stage of the aggregation: how its partitions are labelled, listed and fed."""

    name: str
    label: Callable[[datetime], str]
    candidates: Callable[[Platform], Iterable[datetime]]
    inputs: Callable[[Platform, datetime], Iterable[str]]
    """Marks of what a partition is computed from: texts that change when it changes."""
    fed_by: tuple[str, ...]
    """Earlier stages, and endpoints (`raw/<endpoint>`) whose history is worth waiting for."""
    reads: Callable[[Platform, datetime], Span]
    """The time of which a partition reads what feeds it."""
    end: Callable[[datetime], datetime]
    context: Callable[[Platform, datetime], str] = lambda _platform, _start: ""
    """What else a partition depends on, as text: thresholds, settings, episodes."""
    most_a_run: int = 8
    """Partitions that one run may be asked for."""
    collected_for: timedelta | None = None
    """So long after a partition's end collection goes on changing it; None: it does not."""

    def fingerprint(self, platform: Platform, start: datetime) -> str:
        """Digest of what the partition that begins at `start` would be computed from now."""
        return fingerprint(self.inputs(platform, start), self.context(platform, start))

    def changed(self, platform: Platform, since: datetime | None = None) -> dict[datetime, bool]:
        """Starts of partitions that end after `since` and are not computed from their inputs of now, ascending.

        True: computed before, from other inputs (late or corrected ones); False: never computed.
        """
        found = {}
        with platform.kpi.listed_once():
            for start in sorted(set(self.candidates(platform))):
                if since is None or self.end(start) > since:
                    known = platform.kpi.stamp(self.name, self.label(start))
                    if known != self.fingerprint(platform, start):
                        found[start] = known is not None
        return found

    def stale(self, platform: Platform) -> list[datetime]:
        """Starts of the partitions that have inputs and are not computed from them, ascending."""
        return list(self.changed(platform))

    def due(self, platform: Platform, start: datetime, end: datetime) -> list[datetime]:
        """Starts of the partitions to renew for [start, end): those in it, and stale ones whose figures rest on it."""
        found = {s for s in self.candidates(platform) if s < end and self.end(s) > start}
        if not all(name.startswith(RAW) for name in self.fed_by):
            for stale in self.stale(platform):
                first, last = self.reads(platform, stale)
                if first < end and last > start:
                    found.add(stale)
        return sorted(found)

    def begin(self, platform: Platform, run_id: str, start: datetime, end: datetime) -> None:
        """Take the fingerprints of [start, end) before a run reads the inputs; the first taking of a run counts.

        Without this order an input that arrives while the run works would be taken for computed.
        """
        with platform.kpi.listed_once():
            while start < end:
                digest = self.fingerprint(platform, start)
                platform.kpi.note_pending(run_id, self.name, self.label(start), digest)
                start = self.end(start)
