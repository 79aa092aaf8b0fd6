"""What the executive overview asks: regions now and a week before, daily trends, top offenders.

Figures of the whole organization are pooled from the regions' minutes and hours, never averaged from averages.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import MEASURES, hours_column
from mistwan_dagster.dashboard.data.published import Published

TREND_DAYS = 28
LONG_TREND_DAYS = 396
"""13 months."""
ABOVE = tuple(hours_column(measure, "warning") for measure in MEASURES)
POOLED = (
    "up_minutes", "down_minutes", "unknown_minutes", "observed_hours", "utilization_avg_pct", "flap_count", *ABOVE,
)  # fmt: skip
SPANS = ("", "week_before_", "months_")
"""Prefixes of the columns of `regions`: the last 24 hours, the same a week before, 13 months."""
RANKED = {
    "congestion": "utilization_warning_hours", "longest congestion": "utilization_warning_run_hours",
    "utilization": "utilization_avg_pct", "loss": "loss_warning_hours", "jitter": "jitter_warning_hours",
    "latency": "latency_warning_hours", "down": "down_minutes", "flaps": "flap_count",
    "availability": "availability_pct",
}  # fmt: skip
"""What the worst circuits can be ranked by: word -> column."""


def regions(published: Published) -> pl.DataFrame:
    """Every region over the last 24 hours, the same hours a week before, and 13 months; worst availability first."""
    months = ", ".join(f"m.{c} AS months_{c}" for c in POOLED)
    return published.ask(
        f"""SELECT v.*, {months}, m.availability_pct AS months_availability_pct
FROM v_region_now v LEFT JOIN agg_region_rolling_13m m
  ON m.region = v.region AND m.as_of_utc = (SELECT max(as_of_utc) FROM agg_region_rolling_13m)
ORDER BY v.availability_pct NULLS LAST, v.region"""
    )


def pooled(regions_now: pl.DataFrame, prefix: str = "") -> dict[str, float | None]:
    """The organization's figures from the regions' (`prefix` as in `SPANS`).

    availability_pct = 100 * up / (up + down) minutes; utilization_avg_pct weighs each region by its observed
    hours; hours above a threshold and flaps are sums. Null where no region has the value.
    """

    def total(column: str) -> float | None:
        values = regions_now[prefix + column].drop_nulls()
        return float(values.sum()) if values.len() else None

    up, down, hours = total("up_minutes"), total("down_minutes"), total("observed_hours")
    weighted = regions_now.select(
        (pl.col(f"{prefix}utilization_avg_pct") * pl.col(f"{prefix}observed_hours")).sum()
    ).item()
    known = None if up is None or down is None else up + down
    return {
        "availability_pct": 100 * up / known if up is not None and known else None,
        "utilization_avg_pct": weighted / hours if hours else None,
        "flap_count": total("flap_count"),
        "observed_hours": hours,
        **{column: total(column) for column in ABOVE},
    }


def scaled(months: dict[str, float | None], now: dict[str, float | None]) -> dict[str, float | None]:
    """Sums over a long span for as many observed circuit hours as now: what its rate would have given."""
    share = (
        now["observed_hours"] / months["observed_hours"]
        if months["observed_hours"] and now["observed_hours"]
        else None
    )
    return {k: None if v is None or share is None else v * share for k, v in months.items()}


def daily(published: Published, newest: datetime, trend_days: int = TREND_DAYS) -> pl.DataFrame:
    """Days of each region over the last `trend_days`, the present one as far as it is known; by region and day."""
    begin = newest.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=trend_days)
    return published.ask(
        """SELECT region, period_start_utc, availability_pct, utilization_avg_pct, utilization_p95_pct, flap_count,
       loss_avg_pct, jitter_avg_ms, latency_avg_ms, up_minutes, down_minutes, unknown_minutes, total_minutes
FROM agg_region_period WHERE period = 'day' AND period_start_utc >= ? ORDER BY region, period_start_utc""",
        [begin],
    )


def with_missing_days(days: pl.DataFrame) -> pl.DataFrame:
    """A row for each region and day between its first and last, null where nothing was computed."""
    if days.is_empty():
        return days
    grid = days.group_by("region").agg(
        pl.datetime_range(
            pl.col("period_start_utc").min(), pl.col("period_start_utc").max(), "1d"
        ).alias("period_start_utc")
    ).explode("period_start_utc")  # fmt: skip
    return grid.join(days, on=["region", "period_start_utc"], how="left").sort("region", "period_start_utc")


def offenders(published: Published, period: str, measure: str, rows: int) -> pl.DataFrame:
    """The first `rows` of the worst circuits of a period by a figure, and of the chronic offenders.

    Columns: kind (top, chronic), place, what (figure or reason), value (the figure, or bad days), observed (hours or
    days), known_circuits, unknown_circuits, start_utc (of the period, or of the latest bad day), and the circuit's
    names.
    """
    return published.ask(
        """SELECT o.*, s.site_name, c.provider, c.wan_name FROM (
  SELECT 'top' AS kind, rank AS place, measure AS what, value, observed_hours AS observed, known_circuits,
         unknown_circuits, period_start_utc AS start_utc, circuit_id, site_id, region, role
  FROM rpt_top_offenders WHERE period = ? AND measure = ? AND rank <= ? AND period_start_utc = (
    SELECT max(period_start_utc) FROM rpt_top_offenders WHERE period = ? AND measure = ?)
  UNION ALL
  SELECT 'chronic', row_number() OVER (ORDER BY bad_days DESC, circuit_id, reason), reason,
         CAST(bad_days AS DOUBLE), observed_days, NULL, NULL, last_bad_day_utc, circuit_id, site_id, region, role
  FROM rpt_chronic_offenders WHERE as_of_utc = (SELECT max(as_of_utc) FROM rpt_chronic_offenders)
) o
LEFT JOIN dim_site s ON s.site_id = o.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = o.circuit_id
WHERE o.place <= ? ORDER BY o.kind, o.place""",
        [period, measure, rows, period, measure, rows],
    )


def providers(published: Published, rows: int) -> pl.DataFrame:
    """The scorecard of the newest month, worst availability first."""
    return published.ask(
        """SELECT * FROM rpt_provider_scorecard
WHERE period_start_utc = (SELECT max(period_start_utc) FROM rpt_provider_scorecard)
ORDER BY availability_pct NULLS LAST, provider LIMIT ?""",
        [rows],
    )


def readiness(published: Published, rows: int) -> pl.DataFrame:
    """Sites by how often the backup could have carried them in the newest month, least ready first.

    Beside them, over all sites: sites, ready_sites (every known hour), unknown_sites (no known hour).
    """
    return published.ask(
        """SELECT r.*, s.site_name, c.provider,
       count(*) OVER () AS sites, count(CASE WHEN ready_pct >= 100 THEN 1 END) OVER () AS ready_sites,
       count(CASE WHEN ready_pct IS NULL THEN 1 END) OVER () AS unknown_sites
FROM rpt_failover_readiness r
LEFT JOIN dim_site s ON s.site_id = r.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = r.backup_circuit_id
WHERE r.period_start_utc = (SELECT max(period_start_utc) FROM rpt_failover_readiness)
ORDER BY r.ready_pct NULLS LAST, r.site_id LIMIT ?""",
        [rows],
    )
