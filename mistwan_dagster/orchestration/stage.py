"""What a stage of the aggregation is: how its partitions are listed, fed and found to be computed from older inputs.

A partition's fingerprint is taken over the files that feed it. It is recorded after the partition was computed,
loaded and published, so that a kill at any instant leaves it stale and the next run repeats it. No Dagster.
Does not belong here: which stages there are (`staleness`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mistwan_dagster.lake.kpi import fingerprint
from mistwan_dagster.lake.raw import Span
from mistwan_dagster.orchestration.platform import Platform


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
    """The time of which a partition reads what feeds it; it ends with the partition or later."""
    end: Callable[[datetime], datetime]
    context: Callable[[Platform, datetime], str] = lambda _platform, _start: ""
    """What else a partition depends on, as text: thresholds, settings, episodes."""
    most_a_run: int = 8
    """Partitions that one run may be asked for."""
    collected_for: timedelta | None = None
    """So long after a partition's end collection goes on changing it; None: it does not."""
    so_far_once_a_day: bool = False
    """Its schedule ticks once a day, and sensors leave it a partition that goes on; commands renew what is stale."""

    def fingerprint(self, platform: Platform, start: datetime) -> str:
        """Digest of what the partition that begins at `start` would be computed from now."""
        return fingerprint(self.inputs(platform, start), self.context(platform, start))

    def changed(self, platform: Platform, since: datetime | None = None) -> dict[datetime, bool]:
        """Starts of partitions that end after `since` and are not computed from their inputs of now, ascending.

        True: computed before, from other inputs (late or corrected ones); False: never computed.
        """
        found = {}
        with platform.kpi.listed_once(), platform.raw.listed_once():
            starts = [
                s for s in sorted(set(self.candidates(platform))) if since is None or self.end(s) > since
            ]
            known = platform.kpi.stamps(self.name, map(self.label, starts))
            for start in starts:
                before = known.get(self.label(start))
                if before != self.fingerprint(platform, start):
                    found[start] = before is not None
        return found

    def stale(self, platform: Platform) -> list[datetime]:
        """Starts of the partitions that have inputs and are not computed from them, ascending."""
        return list(self.changed(platform))

    def goes_on(self, start: datetime, now: datetime) -> bool:
        """Whether a partition is not over and is of those that are renewed once a day."""
        return self.so_far_once_a_day and self.end(start) > now

    def due(self, platform: Platform, start: datetime, end: datetime) -> list[datetime]:
        """Starts of the partitions to renew for [start, end): those in it, and stale ones whose figures rest on it.

        What is read off raw answers rests on no figure: the hour after a span is not asked for with it.
        """
        found = {s for s in self.candidates(platform) if s < end and self.end(s) > start}
        if any(not name.startswith("raw/") for name in self.fed_by):
            for stale in self.stale(platform):
                if self.reads(platform, stale)[0] < end and self.end(stale) > start:
                    found.add(stale)
        return sorted(found)

    def begin(self, platform: Platform, run_id: str, start: datetime, end: datetime) -> None:
        """Take the fingerprints of [start, end) before a run reads the inputs; the first taking of a run counts.

        Without this order an input that arrives while the run works would be taken for computed.
        """
        digests = {}
        with platform.kpi.listed_once(), platform.raw.listed_once():
            while start < end:
                digests[self.label(start)] = self.fingerprint(platform, start)
                start = self.end(start)
        platform.kpi.note_all_pending(run_id, self.name, digests)


def ranges(
    starts: list[datetime], end_of: Callable[[datetime], datetime], most: int
) -> list[tuple[datetime, datetime]]:
    """Join partitions that touch into half-open ranges of at most `most` partitions."""
    joined: list[tuple[datetime, datetime, int]] = []
    for start in starts:
        if joined and joined[-1][1] == start and joined[-1][2] < most:
            begin, _, count = joined[-1]
            joined[-1] = (begin, end_of(start), count + 1)
        else:
            joined.append((start, end_of(start), 1))
    return [(start, end) for start, end, _ in joined]
