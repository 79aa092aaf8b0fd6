"""What the monthly report asks. One function a question, one frame an answer; times are naive UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from mistwan_dagster.kpi.calendar import period_end, period_start
from mistwan_dagster.reporting.asking import (
    HOUR,
    HOUR_MINUTES,
    NAMES,
    Minutes,
    Pinned,
    failovers,
    minutes_in,
    minutes_of,
    observed_until,
    organization,
    outages,
    regions,
)

MONTHS = 13
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Events:
    """Outages, failovers and sites of a month."""

    outages: pl.DataFrame
    failovers: pl.DataFrame
    sites: pl.DataFrame


@dataclass(frozen=True)
class Month:
    """All that the report of a month is made of."""

    start: datetime
    until: datetime
    """As far as the month is computed: its end, earlier while it goes on, its start when no hour is known."""
    organization: str
    months: tuple[tuple[datetime, pl.DataFrame], ...]
    """Regions of each of the 13 months that end with this one, oldest first; empty where nothing was computed."""
    days: pl.DataFrame
    seen: frozenset[datetime]
    """Hours of the 13 months of which anything is kept."""
    business: pl.DataFrame
    now: Events
    before: Events
    circuits: pl.DataFrame
    providers: pl.DataFrame
    providers_before: pl.DataFrame
    readiness: pl.DataFrame
    incidents: pl.DataFrame

    @property
    def end(self) -> datetime:
        """First instant after the month."""
        return period_end(self.start, "month")

    @property
    def regions(self) -> pl.DataFrame:
        """Regions of the month."""
        return self.months[-1][1]

    @property
    def regions_before(self) -> pl.DataFrame:
        """Regions of the month before."""
        return self.months[-2][1]

    @property
    def known(self) -> bool:
        """Whether the month has figures."""
        return self.regions.height > 0

    @property
    def goes_on(self) -> bool:
        """Whether later hours of the month are still to come."""
        return self.start < self.until < self.end

    def missing_hours(self, start: datetime, end: datetime) -> int:
        """Hours of [start, end) up to now of which nothing was collected; 0 where hours are no longer kept."""
        begin = period_start(start, "month")
        if not any(begin <= hour < period_end(begin, "month") for hour in self.seen):
            return 0
        count = (min(end, self.until) - start) // HOUR if end > self.start else (end - start) // HOUR
        return max(0, count) - sum(start <= hour < end for hour in self.seen)

    @cached_property
    def whole_gaps(self) -> int:
        """Hours of the month up to now of which nothing was collected."""
        return self.missing_hours(self.start, self.end)

    def minutes(self, start: datetime, rows: pl.DataFrame) -> Minutes:
        """Circuit minutes of the month that begins at `start`, from its regions."""
        gaps = self.missing_hours(start, period_end(start, "month")) * HOUR_MINUTES
        return minutes_of(rows, gaps * int(rows["circuit_count"].sum() or 0))

    @cached_property
    def course(self) -> list[Minutes]:
        """Circuit minutes of each of the 13 months."""
        return [self.minutes(start, rows) for start, rows in self.months]

    @cached_property
    def by_day(self) -> list[tuple[datetime, Minutes]]:
        """Circuit minutes of each day of the month; none of days without figures."""
        found = {
            row["period_start_utc"]: minutes_in(
                row,
                self.missing_hours(row["period_start_utc"], row["period_start_utc"] + DAY)
                * HOUR_MINUTES
                * (row["circuit_count"] or 0),
            )
            for row in self.days.iter_rows(named=True)
        }
        days = (self.start + DAY * i for i in range((self.end - self.start).days))
        return [(day, found.get(day, Minutes())) for day in days]


def month_before(start: datetime) -> datetime:
    """First instant of the month before."""
    return period_start(start - timedelta(days=1), "month")


def ask_month(reader: Pinned, start: datetime) -> Month:
    """Everything of the UTC month that begins at `start`."""
    begins = [start]
    while len(begins) < MONTHS:
        begins.insert(0, month_before(begins[0]))
    before, end = begins[-2], period_end(start, "month")
    until = observed_until(reader, start, end)
    return Month(
        start,
        until,
        organization(reader),
        tuple((b, regions(reader, "agg_region_period", "month", b)) for b in begins),
        _days(reader, start),
        _seen(reader, begins[0], end),
        regions(reader, "agg_region_period_business", "month", start),
        _events(reader, start, until),
        _events(reader, before, start),
        _circuits(reader, start),
        _providers(reader, start),
        _providers(reader, before),
        _readiness(reader, start),
        _incidents(reader, start),
    )


def _events(reader: Pinned, start: datetime, until: datetime) -> Events:
    end = period_end(start, "month")
    sites = reader.query(
        "SELECT * FROM agg_site_period WHERE period = 'month' AND period_start_utc = ?", [start]
    )
    return Events(outages(reader, start, end, until), failovers(reader, start, end, until), sites)


def _seen(reader: Pinned, start: datetime, end: datetime) -> frozenset[datetime]:
    """Hours that have a row."""
    found = reader.query(
        "SELECT DISTINCT hour_utc FROM fact_circuit_hour WHERE hour_utc >= ? AND hour_utc < ?", [start, end]
    )
    return frozenset(found["hour_utc"].to_list())


def _days(reader: Pinned, start: datetime) -> pl.DataFrame:
    """Pooled minutes of each day of the month."""
    return reader.query(
        """SELECT period_start_utc, sum(up_minutes) AS up_minutes, sum(down_minutes) AS down_minutes,
       sum(unknown_minutes) AS unknown_minutes, CAST(sum(circuit_count) AS BIGINT) AS circuit_count
FROM agg_region_period WHERE period = 'day' AND period_start_utc >= ? AND period_start_utc < ?
GROUP BY period_start_utc ORDER BY period_start_utc""",
        [start, period_end(start, "month")],
    )


def _circuits(reader: Pinned, start: datetime) -> pl.DataFrame:
    """Circuits of the month with their names."""
    return reader.query(
        f"""SELECT t.*, s.site_name, c.provider FROM agg_circuit_period t {NAMES}
WHERE t.period = 'month' AND t.period_start_utc = ? ORDER BY t.circuit_id""",
        [start],
    )


def _providers(reader: Pinned, start: datetime) -> pl.DataFrame:
    """Scorecards of the month, lowest availability first."""
    return reader.query(
        "SELECT * FROM rpt_provider_scorecard WHERE period_start_utc = ? "
        "ORDER BY availability_pct NULLS LAST, provider",
        [start],
    )


def _readiness(reader: Pinned, start: datetime) -> pl.DataFrame:
    """Sites by how often a backup could have carried them, least ready first."""
    return reader.query(
        """SELECT t.*, s.site_name, c.provider FROM rpt_failover_readiness t
LEFT JOIN dim_site s ON s.site_id = t.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = t.backup_circuit_id
WHERE t.period_start_utc = ? ORDER BY t.ready_pct NULLS LAST, t.not_ready_hours DESC, t.site_id""",
        [start],
    )


def _incidents(reader: Pinned, start: datetime) -> pl.DataFrame:
    """Carrier incidents that began in the month, most circuits first."""
    return reader.query(
        "SELECT * FROM rpt_carrier_incident WHERE start_utc >= ? AND start_utc < ? "
        "ORDER BY circuit_count DESC, start_utc, provider, area",
        [start, period_end(start, "month")],
    )
