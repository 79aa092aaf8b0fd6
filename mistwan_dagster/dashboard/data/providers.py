"""What the page of providers asks: the newest month as a scorecard, opening hours, incidents, outages, backups.

A provider of None is every provider. Each function is one query of one month of reports.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import QUALITY_MEASURES, measure_column
from mistwan_dagster.dashboard.data.published import Published

MOST = 1000
"""Rows of a month that are looked through; all of them are behind the panel's links."""
COMPARED = ("availability_pct", "utilization_avg_pct", *(measure_column(m, "avg") for m in QUALITY_MEASURES),
            "flap_count", "up_minutes", "down_minutes", "unknown_minutes")  # fmt: skip
"""Figures of `rpt_primary_secondary` that are set side by side, without their prefix."""


def scorecard(published: Published) -> pl.DataFrame:
    """The newest month of every provider, worst availability first, beside the hours in which its stores are open.

    Of those: open_availability_pct, open_utilization_p95_pct, open_observed_hours.
    """
    return published.ask(
        """SELECT p.*, b.availability_pct AS open_availability_pct, b.utilization_p95_pct AS open_utilization_p95_pct,
       b.observed_hours AS open_observed_hours
FROM rpt_provider_scorecard p
LEFT JOIN agg_provider_period_business b
  ON b.provider = p.provider AND b.period = 'month' AND b.period_start_utc = p.period_start_utc
WHERE p.period_start_utc = (SELECT max(period_start_utc) FROM rpt_provider_scorecard)
ORDER BY p.availability_pct NULLS LAST, p.provider"""
    )


def incidents(published: Published, since: datetime, provider: str | None) -> pl.DataFrame:
    """Carrier incidents that began at `since` or later, or still last; newest first."""
    return published.ask(
        f"""SELECT * FROM rpt_carrier_incident
WHERE (start_utc >= ? OR end_utc IS NULL) AND (provider = ? OR ? IS NULL)
ORDER BY start_utc DESC, provider, area LIMIT {MOST}""",
        [since, provider, provider],
    )


def outages(published: Published, since: datetime, provider: str | None) -> pl.DataFrame:
    """Outages since `since` that are not all in maintenance, the most counted minutes first."""
    return published.ask(
        f"""SELECT * FROM rpt_sla_outage
WHERE start_utc >= ? AND counted_minutes > 0 AND (provider = ? OR ? IS NULL)
ORDER BY counted_minutes DESC, start_utc, circuit_id LIMIT {MOST}""",
        [since, provider, provider],
    )


def opening_hours(published: Published) -> pl.DataFrame:
    """Every region in the newest month: all hours, and (open_*) those in which its stores are open.

    Worst availability of opening hours first.
    """
    figures = ("availability_pct", "utilization_avg_pct", "utilization_p95_pct", "flap_count", "up_minutes",
               "down_minutes", "unknown_minutes", "utilization_warning_hours", "observed_hours")  # fmt: skip
    told = ", ".join(f"b.{c} AS open_{c}" for c in figures)
    return published.ask(
        f"""SELECT p.region, p.period_start_utc, {", ".join(f"p.{c}" for c in figures)}, {told}
FROM agg_region_period p
JOIN agg_region_period_business b
  ON b.region = p.region AND b.period = p.period AND b.period_start_utc = p.period_start_utc
WHERE p.period = 'month' AND p.period_start_utc = (
  SELECT max(period_start_utc) FROM agg_region_period_business WHERE period = 'month')
ORDER BY b.availability_pct NULLS LAST, p.region"""
    )


def backups(published: Published) -> pl.DataFrame:
    """Sites of the newest month whose primary and secondaries can be compared, the primary's shortfall first.

    Columns of COMPARED as primary_* and secondary_*, shortfall_pct (availability of the secondaries less that of the
    primary, percentage points), compared_sites (of all of them).
    """
    pairs = ", ".join(f"r.{role}_{c}" for role in ("primary", "secondary") for c in COMPARED)
    return published.ask(
        f"""SELECT r.site_id, s.site_name, r.region, r.period_start_utc, {pairs},
       r.secondary_availability_pct - r.primary_availability_pct AS shortfall_pct,
       count(*) OVER () AS compared_sites
FROM rpt_primary_secondary r
LEFT JOIN dim_site s ON s.site_id = r.site_id AND s.is_current
WHERE r.period = 'month' AND r.primary_availability_pct IS NOT NULL AND r.secondary_availability_pct IS NOT NULL
  AND r.period_start_utc = (SELECT max(period_start_utc) FROM rpt_primary_secondary WHERE period = 'month')
ORDER BY shortfall_pct DESC, r.site_id LIMIT {MOST}"""
    )
