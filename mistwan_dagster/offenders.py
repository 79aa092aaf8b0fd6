"""`mistwan top`: the worst circuits of any published window or period, by any figure.

Belongs here: which published rows are ranked. Does not belong here: the ranking (`kpi/rankings.py`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.reports import RANKED_PERIODS
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.rankings import top
from mistwan_dagster.warehouse.port import Reader

SITE_NAMES = "SELECT site_id, site_name FROM dim_site WHERE is_current"


def top_circuits(reader: Reader, measure: str, period: str, n: int, at: datetime | None) -> pl.DataFrame:
    """The `n` worst circuits by `measure` in the last stretch of a kind that had begun by `at` (None: the newest).

    `period`: 3h, 12h, 24h (windows), day, week, month, or 13m. Columns: rank, site_name, circuit_id, region, role,
    measure, value, observed_hours, known_circuits, unknown_circuits and the column that names the stretch. Raises
    UserError for an unknown kind or measure, and when nothing is published of that kind by then.
    """
    table, stretch, condition = _source(period)
    begun = "" if at is None else f"AND {stretch} <= ?"
    newest = f"SELECT max({stretch}) FROM {table} WHERE {condition} {begun}"
    sql = f"SELECT * FROM {table} WHERE {condition} AND {stretch} = ({newest})"
    frame = reader.query(sql, None if at is None else [at.replace(tzinfo=None)])
    if frame.is_empty():
        when = "" if at is None else f" by {at:%Y-%m-%dT%H:%MZ}"
        raise UserError(f"no {period} is published{when}: run `mistwan aggregate all`")
    ranked = top(frame.lazy(), measure, n).collect().with_columns(pl.lit(frame[stretch][0]).alias(stretch))
    named = ranked.join(reader.query(SITE_NAMES), on="site_id", how="left", maintain_order="left")
    return named.select(
        "rank", "site_name", "circuit_id", pl.exclude("rank", "site_name", "circuit_id", "site_id")
    )


def _source(period: str) -> tuple[str, str, str]:
    """Table, the column that names a stretch, and the condition that chooses the kind."""
    if period not in RANKED_PERIODS:
        raise UserError(f"--period {period}: choose one of {', '.join(RANKED_PERIODS)}", exit_code=2)
    if period == "13m":
        return "agg_circuit_rolling_13m", "as_of_utc", "TRUE"
    if period[0].isdigit():
        return "agg_circuit_window", "as_of_utc", f"window_hours = {period[:-1]}"
    return "agg_circuit_period", "period_start_utc", f"period = '{period}'"
