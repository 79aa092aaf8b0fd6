"""What the region, site and circuit pages ask: queries bounded by a key, and rows of what is held whole."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, MEASURES
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.kpi.exceedance import completed, figures, with_runs
from mistwan_dagster.kpi.thresholds import Thresholds, with_thresholds

MOST_EVENTS = 500
CIRCUITS = "SELECT * FROM v_circuit_state"
FORETOLD = (
    "usual_pct", "usual_hours", "change_pct", "change_sigmas", "is_worse", "trend_pct_per_week",
    "trend_low_pct_per_week", "trend_high_pct_per_week", "trend_now_pct", "trend_weeks", "trend_reason",
    *(f"days_to_{level}" for level in LEVELS),
)  # fmt: skip
"""Columns of `rpt_congestion_now` on a circuit's page."""


def region_row(published: Published, region: str) -> pl.DataFrame:
    """The region's row of `v_region_now`, or none."""
    return published.ask("SELECT * FROM v_region_now WHERE region = ?", [region])


def site_row(published: Published, site_id: str) -> pl.DataFrame:
    """The site's row of `v_site_now` with its SLE deep-dive (sle_metrics, sle_degraded, sle_fresh), or none."""
    return published.whole(
        """SELECT s.*, q.sle_metrics, q.sle_degraded, q.sle_fresh FROM v_site_now s
LEFT JOIN (SELECT site_id, count(score) AS sle_metrics, count(CASE WHEN is_degraded THEN 1 END) AS sle_degraded,
                  count(CASE WHEN state = 'fresh' THEN 1 END) AS sle_fresh
           FROM sle_coverage GROUP BY site_id) q ON q.site_id = s.site_id"""
    ).filter(site_id=site_id)


def site_circuits(published: Published, site_id: str) -> pl.DataFrame:
    """The site's circuits as they are now: primary first, then by port."""
    circuits = published.whole(CIRCUITS).filter(site_id=site_id)
    return circuits.sort("role", "circuit_id", nulls_last=True)


def site_hours(published: Published, site_id: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Hours of all circuits of the site in [start, end), by circuit and time (`at_utc`)."""
    return published.ask(
        """SELECT circuit_id, hour_utc AS at_utc, utilization_pct, loss_avg_pct, jitter_avg_ms, latency_avg_ms
FROM fact_circuit_hour WHERE site_id = ? AND hour_utc >= ? AND hour_utc < ? ORDER BY circuit_id, hour_utc""",
        [site_id, start, end],
    )


def site_days(published: Published, site_id: str, start: datetime, end: datetime) -> pl.DataFrame:
    """As `site_hours` by UTC day: means of the observed hours."""
    return published.ask(
        """SELECT circuit_id, period_start_utc AS at_utc, utilization_avg_pct AS utilization_pct, loss_avg_pct,
       jitter_avg_ms, latency_avg_ms
FROM agg_circuit_period WHERE site_id = ? AND period = 'day' AND period_start_utc >= ? AND period_start_utc < ?
ORDER BY circuit_id, period_start_utc""",
        [site_id, start, end],
    )


def site_failovers(published: Published, site_id: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Failovers of the site that touch [start, end), newest first."""
    return published.ask(
        """SELECT * FROM v_failover WHERE site_id = ? AND start_utc < ? AND (end_utc IS NULL OR end_utc >= ?)
ORDER BY start_utc DESC""",
        [site_id, end, start],
    )


def site_history(published: Published, site_id: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Device events and outages of the site that touch [start, end), newest first, MOST_EVENTS of each at most.

    Columns: at_utc, until_utc (null for an event, and while it lasts), kind (event, outage), what, circuit_id, detail.
    """
    return published.ask(
        """SELECT * FROM (
  SELECT h.*, row_number() OVER (PARTITION BY kind ORDER BY at_utc DESC, what, detail) AS place FROM (
    SELECT event_utc AS at_utc, CAST(NULL AS TIMESTAMP) AS until_utc, 'event' AS kind, event_type AS what,
           circuit_id, text AS detail
    FROM fact_device_event WHERE site_id = ? AND hour_utc >= ? AND event_utc < ?
    UNION ALL
    SELECT start_utc, end_utc, 'outage', kind, circuit_id, evidence
    FROM fact_circuit_outage WHERE site_id = ? AND start_utc < ? AND (end_utc IS NULL OR end_utc >= ?)
  ) h
) ranked WHERE place <= ? ORDER BY at_utc DESC, kind, what""",
        [site_id, start, end, site_id, end, start, MOST_EVENTS],
    )


def circuit_row(published: Published, circuit_id: str) -> pl.DataFrame:
    """The circuit's row of `v_circuit_state` with its usual, change and trend of `rpt_congestion_now`, or none."""
    foretold = published.whole(f"SELECT circuit_id, {', '.join(FORETOLD)} FROM rpt_congestion_now")
    return published.whole(CIRCUITS).filter(circuit_id=circuit_id).join(foretold, on="circuit_id", how="left")


def circuit_hours(published: Published, circuit_id: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The circuit's hours in [start, end), ascending; an hour without a row is missing here, see `gapless`."""
    return published.ask(
        """SELECT * FROM fact_circuit_hour WHERE circuit_id = ? AND hour_utc >= ? AND hour_utc < ?
ORDER BY hour_utc""",
        [circuit_id, start, end],
    )


def circuit_days(published: Published, circuit_id: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The circuit's UTC days that begin in [start, end), ascending."""
    return published.ask(
        """SELECT * FROM agg_circuit_period
WHERE circuit_id = ? AND period = 'day' AND period_start_utc >= ? AND period_start_utc < ?
ORDER BY period_start_utc""",
        [circuit_id, start, end],
    )


def circuit_outages(published: Published, circuit_id: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Outages of the circuit that touch [start, end), newest first."""
    return published.ask(
        """SELECT * FROM fact_circuit_outage
WHERE circuit_id = ? AND start_utc < ? AND (end_utc IS NULL OR end_utc >= ?)
ORDER BY start_utc DESC, kind""",
        [circuit_id, end, start],
    )


def gapless(frame: pl.DataFrame, time: str, start: datetime, end: datetime, every: str) -> pl.DataFrame:
    """A row for each step of [start, end), null where `frame` has none, so that lines break there."""
    steps = pl.datetime_range(start, end, every, closed="left", eager=True, time_unit="us").alias(time)
    return steps.to_frame().join(frame, on=time, how="left").sort(time)


def range_figures(
    hours: pl.DataFrame,
    thresholds: Thresholds,
    region: str | None,
    store_type: str | None,
    start: datetime,
) -> dict[str, float | None]:
    """Figures of a circuit's hours by the very code of windows and periods, runs cut at `start`.

    Keys as in `agg_circuit_period`; no key at all without hours.
    """
    if hours.is_empty():
        return {}
    rows = hours.lazy().with_columns(region=pl.lit(region), store_type=pl.lit(store_type))
    position = ((pl.col("hour_utc") - start).dt.total_hours() + 1).cast(pl.Int32)
    runs = with_runs(with_thresholds(rows, thresholds)).with_columns(_position=position)
    grouped = runs.group_by("circuit_id").agg(*figures(pl.col("_position")))
    return completed(grouped).drop("circuit_id").collect().row(0, named=True)


def pooled_days(days: pl.DataFrame) -> dict[str, float | None]:
    """Figures of a long range from its days: hours and minutes summed, maxima, the longest run within one day.

    Means weigh each day by its observed hours. The 95th percentile cannot be pooled and is absent.
    """
    if days.is_empty():
        return {}
    sums = ("flap_count", "observed_hours", "up_minutes", "down_minutes", "unknown_minutes", "total_minutes")
    hours = [c for c in days.columns if c.endswith("_hours") and c not in sums]
    added = [c for c in (*sums, *hours) if not c.endswith("_run_hours")]
    maxima = [c for c in (*hours, *days.columns) if c.endswith(("_run_hours", "_max_pct", "_max_ms"))]
    found = days.select(
        *(pl.when(pl.col(c).count() > 0).then(pl.col(c).sum()).alias(c) for c in added),
        *(pl.col(c).max() for c in dict.fromkeys(maxima)),
        utilization_avg_pct=(pl.col("utilization_avg_pct") * pl.col("observed_hours")).sum()
        / pl.col("observed_hours").sum(),
    ).row(0, named=True)
    known = (found["up_minutes"] or 0) + (found["down_minutes"] or 0)
    return {
        **found,
        "utilization_avg_pct": found["utilization_avg_pct"] if found["observed_hours"] else None,
        "availability_pct": 100 * found["up_minutes"] / known if known else None,
    }


def levels_in_force(
    thresholds: Thresholds, region: str | None, store_type: str | None, at: datetime
) -> dict[str, dict[str, float]]:
    """Measure -> level -> value, of a site at an instant."""
    found = thresholds.levels(region, store_type, at.date())
    return {measure: dict(zip(LEVELS, found[measure], strict=True)) for measure in MEASURES}
