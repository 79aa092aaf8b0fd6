"""What the daily report asks. One function a question, one frame an answer; times are naive UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, QUALITY_MEASURES, hours_column
from mistwan_dagster.catalog.tables import FACT_ALARM, RPT_CHRONIC_OFFENDERS
from mistwan_dagster.reporting.asking import (
    HOUR,
    HOUR_MINUTES,
    NAMES,
    Minutes,
    Pinned,
    Rules,
    failovers,
    minutes_of,
    observed_until,
    organization,
    outages,
    regions,
    was_loaded,
)

DAY = timedelta(days=1)
DAY_HOURS = 24


@dataclass(frozen=True)
class Day:
    """All that the report of a day is made of."""

    start: datetime
    until: datetime
    """As far as the day is computed: its end, earlier while it goes on, its start when no hour is known."""
    organization: str
    hours: pl.DataFrame
    regions: pl.DataFrame
    day_before: pl.DataFrame
    sites: pl.DataFrame
    outages: pl.DataFrame
    failovers: pl.DataFrame
    circuits: pl.DataFrame
    chronic: pl.DataFrame
    chronic_known: bool
    sle: pl.DataFrame
    sle_sites: pl.DataFrame
    alarms: pl.DataFrame
    alarms_known: bool
    unheard: pl.DataFrame
    silent: pl.DataFrame

    @property
    def end(self) -> datetime:
        """First instant after the day."""
        return self.start + DAY

    @property
    def known(self) -> bool:
        """Whether any hour of the day was computed and is kept."""
        return self.hours.height > 0

    @property
    def computed(self) -> bool:
        """Whether the day's own figures are there; they outlive its hours."""
        return self.regions.height > 0

    @property
    def missing_hours(self) -> list[datetime]:
        """Hours of the day up to now of which nothing was collected; none when hours are no longer kept."""
        if not self.known:
            return []
        seen = set(self.hours["hour_utc"])
        count = (self.until - self.start) // HOUR
        return [h for h in (self.start + HOUR * i for i in range(count)) if h not in seen]

    @property
    def minutes(self) -> Minutes:
        """Circuit minutes of the organization."""
        per_hour = float(self.hours["circuits"].mean() or 0.0) if self.known else 0.0  # type: ignore[arg-type]
        return minutes_of(self.regions, len(self.missing_hours) * HOUR_MINUTES * per_hour)


def ask_day(reader: Pinned, start: datetime, rules: Rules) -> Day:
    """Everything of the UTC day that begins at `start`."""
    end = start + DAY
    until = observed_until(reader, start, end)
    return Day(
        start, until, organization(reader), _hours(reader, start, end),
        regions(reader, "agg_region_period", "day", start),
        regions(reader, "agg_region_period", "day", start - DAY),
        _sites(reader, start), outages(reader, start, end, until), failovers(reader, start, end, until),
        _circuits(reader, start), _chronic(reader, end), was_loaded(reader, RPT_CHRONIC_OFFENDERS.name, end),
        _sle(reader, start, end, rules.sle_degraded_below),
        _sle_sites(reader, start, end, rules.sle_degraded_below),
        _alarms(reader, start, end), was_loaded(reader, FACT_ALARM.name, start), _unheard(reader, start, end),
        _silent(reader, start, end),
    )  # fmt: skip


def _hours(reader: Pinned, start: datetime, end: datetime) -> pl.DataFrame:
    """By hour: circuits, minutes, circuits at each level of utilization, circuits with a utilization."""
    at_level = ", ".join(f"count(CASE WHEN utilization_severity = '{v}' THEN 1 END) AS {v}" for v in LEVELS)
    return reader.query(
        f"""SELECT hour_utc, count(*) AS circuits, count(utilization_pct) AS measured, {at_level},
       sum(up_minutes) AS up_minutes, sum(down_minutes) AS down_minutes, sum(unknown_minutes) AS unknown_minutes
FROM fact_circuit_hour WHERE hour_utc >= ? AND hour_utc < ? GROUP BY hour_utc ORDER BY hour_utc""",
        [start, end],
    )


def _sites(reader: Pinned, start: datetime) -> pl.DataFrame:
    """Sites of the day with their names, those cut off for longest first."""
    return reader.query(
        """SELECT t.*, s.site_name FROM agg_site_period t
LEFT JOIN dim_site s ON s.site_id = t.site_id AND s.is_current
WHERE t.period = 'day' AND t.period_start_utc = ? ORDER BY t.site_outage_minutes DESC NULLS LAST, t.site_id""",
        [start],
    )


def _circuits(reader: Pinned, start: datetime) -> pl.DataFrame:
    """Circuits of the day with their names."""
    return reader.query("SELECT * FROM v_circuit_day WHERE period_start_utc = ? ORDER BY circuit_id", [start])


def congested(circuits: pl.DataFrame) -> pl.DataFrame:
    """Circuits with an hour at the warning level of utilization or above, most critical hours first."""
    by = [hours_column("utilization", level) for level in reversed(LEVELS)]
    return circuits.filter(pl.col(by[-1]) > 0).sort(
        *by, "utilization_max_pct", "circuit_id", descending=[True] * 4 + [False], nulls_last=True
    )


def poor_quality(circuits: pl.DataFrame) -> pl.DataFrame:
    """Circuits with an hour of loss, jitter or latency at the warning level or above, most of them first."""
    hours = [pl.col(hours_column(m, "warning")).fill_null(0) for m in QUALITY_MEASURES]
    return (
        circuits.with_columns(_hours=pl.sum_horizontal(hours))
        .filter(pl.col("_hours") > 0)
        .sort("_hours", "circuit_id", descending=[True, False])
    )


def _chronic(reader: Pinned, end: datetime) -> pl.DataFrame:
    """Chronic offenders as of the day's end, most bad days first."""
    return reader.query(
        f"""SELECT t.*, s.site_name, c.provider FROM rpt_chronic_offenders t {NAMES}
WHERE t.as_of_utc = ? ORDER BY t.bad_days DESC, t.circuit_id, t.reason""",
        [end],
    )


def _sle(reader: Pinned, start: datetime, end: datetime, below: float) -> pl.DataFrame:
    """By metric: sites with a score, mean score, site hours with a score and those degraded."""
    return reader.query(
        """SELECT metric, count(DISTINCT CASE WHEN score IS NOT NULL THEN site_id END) AS sites, avg(score) AS score,
       count(score) AS scored_hours, count(CASE WHEN score < ? THEN 1 END) AS degraded_hours
FROM fact_site_sle_hour WHERE hour_utc >= ? AND hour_utc < ? GROUP BY metric ORDER BY metric""",
        [below, start, end],
    )


def _sle_sites(reader: Pinned, start: datetime, end: datetime, below: float) -> pl.DataFrame:
    """Sites and metrics with a degraded hour, most of them first."""
    return reader.query(
        """SELECT t.*, s.site_name, s.region FROM (
  SELECT site_id, metric, avg(score) AS score, count(score) AS scored_hours,
         count(CASE WHEN score < ? THEN 1 END) AS degraded_hours
  FROM fact_site_sle_hour WHERE hour_utc >= ? AND hour_utc < ? GROUP BY site_id, metric) t
LEFT JOIN dim_site s ON s.site_id = t.site_id AND s.is_current
WHERE t.degraded_hours > 0 ORDER BY t.degraded_hours DESC, t.score, t.site_id, t.metric""",
        [below, start, end],
    )


def _alarms(reader: Pinned, start: datetime, end: datetime) -> pl.DataFrame:
    """Alarms raised in the day by severity and type, critical ones first."""
    found = reader.query(
        """SELECT severity, alarm_type, count(*) AS alarms, count(DISTINCT site_id) AS sites,
       count(CASE WHEN status = 'open' THEN 1 END) AS still_open
FROM (SELECT coalesce(severity, 'unknown') AS severity, coalesce(alarm_type, 'unknown') AS alarm_type, site_id, status
      FROM fact_alarm WHERE first_seen_utc >= ? AND first_seen_utc < ?) a
GROUP BY severity, alarm_type""",
        [start, end],
    )
    rank = pl.col("severity").replace_strict({"critical": 0, "warn": 1, "info": 2}, default=3)
    return found.sort(rank, -pl.col("alarms"), "alarm_type")


def _unheard(reader: Pinned, start: datetime, end: datetime) -> pl.DataFrame:
    """Sites with circuit minutes of unknown state, most of them first."""
    return reader.query(
        """SELECT t.*, s.site_name, s.region FROM (
  SELECT site_id, sum(unknown_minutes) AS unknown_minutes, count(DISTINCT circuit_id) AS circuits,
         sum(up_minutes + down_minutes + unknown_minutes) AS minutes
  FROM fact_circuit_hour WHERE hour_utc >= ? AND hour_utc < ? GROUP BY site_id) t
LEFT JOIN dim_site s ON s.site_id = t.site_id AND s.is_current
WHERE t.unknown_minutes > 0 ORDER BY t.unknown_minutes DESC, t.site_id""",
        [start, end],
    )


def _silent(reader: Pinned, start: datetime, end: datetime) -> pl.DataFrame:
    """Circuits in force, not disabled, that have no hour at all in the day."""
    return reader.query(
        """SELECT DISTINCT c.circuit_id, c.site_id FROM dim_circuit c
WHERE c.valid_from < ? AND (c.valid_to IS NULL OR c.valid_to > ?) AND coalesce(c.port_state, '') <> 'disabled'
  AND c.circuit_id NOT IN (SELECT circuit_id FROM fact_circuit_hour WHERE hour_utc >= ? AND hour_utc < ?)
ORDER BY c.circuit_id""",
        [end, start, start, end],
    )
