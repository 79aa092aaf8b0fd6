"""What the executive overview asks: regions now and a week before, daily trends, top offenders.

Figures of the whole organization are pooled from the regions' minutes and hours, never averaged from averages.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import MEASURES, hours_column
from mistwan_dagster.dashboard.data.published import Published

TREND_DAYS = 28
ABOVE = tuple(hours_column(measure, "warning") for measure in MEASURES)


def regions(published: Published) -> pl.DataFrame:
    """Every region over the last 24 hours beside the same hours a week before, worst availability first."""
    return published.ask("SELECT * FROM v_region_now ORDER BY availability_pct NULLS LAST, region")


def pooled(regions_now: pl.DataFrame, prefix: str = "") -> dict[str, float | None]:
    """The organization's figures from the regions' (`prefix` "week_before_" for those a week before).

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


def daily(published: Published, newest: datetime) -> pl.DataFrame:
    """Days of each region over the last TREND_DAYS, the present one as far as it is known; by region and day."""
    begin = newest.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=TREND_DAYS)
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


def top_circuits(published: Published, newest: datetime, rows: int) -> pl.DataFrame:
    """Circuits with the most hours above the utilization warning in the last 7 whole or begun UTC days.

    Then by down minutes. Hours are summed over days; unknown minutes stand beside them.
    """
    begin = newest.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=6)
    return published.ask(
        """SELECT p.circuit_id, p.site_id, s.site_name, s.region, c.provider, c.role,
       CAST(sum(p.utilization_warning_hours) AS BIGINT) AS utilization_warning_hours,
       max(p.utilization_warning_run_hours) AS utilization_warning_run_hours,
       max(p.utilization_max_pct) AS utilization_max_pct,
       100 * sum(p.up_minutes) / nullif(sum(p.up_minutes) + sum(p.down_minutes), 0) AS availability_pct,
       sum(p.down_minutes) AS down_minutes, CAST(sum(p.flap_count) AS BIGINT) AS flap_count,
       100 * (sum(p.up_minutes) + sum(p.down_minutes)) / nullif(sum(p.total_minutes), 0) AS observed_pct
FROM agg_circuit_period p
LEFT JOIN dim_site s ON s.site_id = p.site_id AND s.is_current
LEFT JOIN dim_circuit c ON c.circuit_id = p.circuit_id AND c.is_current
WHERE p.period = 'day' AND p.period_start_utc >= ?
GROUP BY p.circuit_id, p.site_id, s.site_name, s.region, c.provider, c.role
HAVING sum(p.utilization_warning_hours) > 0 OR sum(p.down_minutes) > 0 OR sum(p.flap_count) > 0
ORDER BY sum(p.utilization_warning_hours) DESC NULLS LAST, sum(p.down_minutes) DESC NULLS LAST, p.circuit_id
LIMIT ?""",
        [begin, rows],
    )
