"""Which windows and periods the list of top offenders ranks, and where they lie in the lake. No Dagster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.tables import AGG_CIRCUIT_PERIOD, AGG_CIRCUIT_ROLLING_13M, AGG_CIRCUIT_WINDOW
from mistwan_dagster.kpi.calendar import Period, period_end
from mistwan_dagster.kpi.rolling import rolling_start
from mistwan_dagster.kpi.windows import WINDOW_HOURS
from mistwan_dagster.lake.files import LakePath, period_label, read_parquet
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.platform import Platform

PERIOD_KINDS: tuple[Period, ...] = ("day", "week", "month")


@dataclass(frozen=True)
class Stretch:
    """One window or period: its kind as `rpt_top_offenders` names it, its start, and the file that holds it."""

    kind: str
    start: datetime
    path: LakePath
    window_hours: int | None = None

    def read(self) -> pl.DataFrame:
        """Rows of the stretch, one a circuit."""
        frame = read_parquet(self.path)
        return (
            frame if self.window_hours is None else frame.filter(pl.col("window_hours") == self.window_hours)
        )


def latest_stretches(platform: Platform) -> Iterator[Stretch]:
    """The newest windows; the present and the last whole day, week and month; the newest 13 months."""
    lake, now = platform.kpi, platform.settings.now()
    for label in lake.labels(AGG_CIRCUIT_WINDOW.name)[-1:]:
        as_of = datetime.fromisoformat(f"{label}:00:00").replace(tzinfo=UTC) + HOUR
        for hours in WINDOW_HOURS:
            start = as_of - timedelta(hours=hours)
            yield Stretch(f"{hours}h", start, lake.path(AGG_CIRCUIT_WINDOW.name, label), hours)
    for period in PERIOD_KINDS:
        starts = lake.period_starts(AGG_CIRCUIT_PERIOD.name, period)
        whole = [s for s in starts if period_end(s, period) <= now]
        for start in sorted({*whole[-1:], *starts[-1:]}):
            yield Stretch(period, start, lake.path(AGG_CIRCUIT_PERIOD.name, period_label(period, start)))
    for start in lake.period_starts(AGG_CIRCUIT_ROLLING_13M.name, "month")[-1:]:
        path = lake.path(AGG_CIRCUIT_ROLLING_13M.name, period_label("month", start))
        yield Stretch("13m", rolling_start(period_end(start, "month")), path)
