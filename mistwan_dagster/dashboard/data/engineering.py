"""What the engineering page asks: what is wrong now, and the counts of everything.

Each function is one query. Panels show the first N rows of what is asked here; the count beside them is of all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, QUALITY_MEASURES
from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.dashboard.data.published import Published, placeholders

MOST_PROBLEMS = 5000
RECENT_HOURS = 24
FLAPS_SHOWN_FROM = 2
"""One outage is two transitions: from there on a circuit is listed as flapping."""
BINS = tuple(range(0, 100, 10))
"""Lower edges of the bars of the utilization distribution; the last bar is 100 % and above."""

_LEVELS = ", ".join(f"'{level}'" for level in LEVELS)
_BARS = ",\n       ".join(
    f"count(CASE WHEN utilization_pct >= {low} AND utilization_pct < {low + 10} THEN 1 END) AS bar_{low}"
    for low in BINS
)


def _in_region(region: str | None, column: str = "region") -> tuple[str, list[str]]:
    return (f" AND {column} = ?", [region]) if region else ("", [])


def circuit_counts(published: Published, region: str | None = None) -> dict[str, float | None]:
    """Circuits by state and severity, utilization over them, and the bars of its distribution.

    Average and maximum are over the circuits with a utilization in the latest hour, null when none has.
    """
    where, values = _in_region(region)
    frame = published.ask(
        f"""SELECT count(*) AS circuits,
       count(CASE WHEN circuit_state = 'up' THEN 1 END) AS up,
       count(CASE WHEN circuit_state = 'down' THEN 1 END) AS down,
       count(CASE WHEN circuit_state = 'disabled' THEN 1 END) AS disabled,
       count(CASE WHEN circuit_state = 'unknown' THEN 1 END) AS unknown,
       count(CASE WHEN severity IN ('high', 'critical') THEN 1 END) AS alerts,
       count(CASE WHEN utilization_pct >= 80 THEN 1 END) AS above_80, count(utilization_pct) AS measured,
       count(CASE WHEN utilization_severity IN ({_LEVELS}) THEN 1 END) AS congested,
       avg(utilization_pct) AS utilization_avg_pct, max(utilization_pct) AS utilization_max_pct,
       sum(bandwidth_down_mbps) AS bandwidth_mbps,
       count(CASE WHEN bandwidth_down_mbps IS NULL THEN 1 END) AS bandwidth_unknown,
       count(CASE WHEN utilization_pct >= 100 THEN 1 END) AS bar_100,
       {_BARS}
FROM v_circuit_state WHERE 1 = 1{where}""",
        values,
    )
    return frame.row(0, named=True)


def problem_circuits(published: Published, region: str | None = None) -> pl.DataFrame:
    """Circuits that are congested, breach a quality threshold, are down, or flapped; at most MOST_PROBLEMS."""
    where, values = _in_region(region)
    breaches = " OR ".join(f"{m}_severity IN ({_LEVELS})" for m in ("utilization", *QUALITY_MEASURES))
    return published.ask(
        f"""SELECT * FROM v_circuit_state
WHERE ({breaches} OR circuit_state = 'down' OR flap_count_24h >= {FLAPS_SHOWN_FROM}){where}
ORDER BY utilization_pct DESC NULLS LAST, circuit_id LIMIT {MOST_PROBLEMS}""",
        values,
    )


def congested(problems: pl.DataFrame) -> pl.DataFrame:
    """Busiest first."""
    return problems.filter(pl.col("utilization_severity").is_in(LEVELS)).sort(
        "utilization_pct", "circuit_id", descending=[True, False], nulls_last=True
    )


def quality_breaches(problems: pl.DataFrame) -> pl.DataFrame:
    """Worst level of loss, jitter and latency first; then by loss and latency."""
    rank = pl.max_horizontal(
        pl.col(f"{m}_severity").replace_strict({w: i for i, w in enumerate(LEVELS, 1)}, default=0)
        for m in QUALITY_MEASURES
    )
    return (
        problems.with_columns(_rank=rank)
        .filter(pl.col("_rank") > 0)
        .sort(
            "_rank", "loss_avg_pct", "latency_avg_ms", "circuit_id",
            descending=[True, True, True, False], nulls_last=True,
        )
        .drop("_rank")
    )  # fmt: skip


def down(problems: pl.DataFrame) -> pl.DataFrame:
    """Newest outage first; those whose beginning is not known last."""
    return problems.filter(pl.col("circuit_state") == "down").sort(
        "down_since_utc", "circuit_id", descending=[True, False], nulls_last=True
    )


def flapping(problems: pl.DataFrame) -> pl.DataFrame:
    """Most transitions in 24 hours first."""
    return problems.filter(pl.col("flap_count_24h") >= FLAPS_SHOWN_FROM).sort(
        "flap_count_24h", "circuit_id", descending=[True, False]
    )


def sparklines(
    published: Published, circuit_ids: Sequence[str], newest: datetime
) -> dict[str, list[float | None]]:
    """Utilization of the 24 hours before `newest`, an hour without one being None, by circuit."""
    if not circuit_ids:
        return {}
    begin = newest - timedelta(hours=RECENT_HOURS)
    rows = published.ask(
        f"""SELECT circuit_id, hour_utc, utilization_pct FROM fact_circuit_hour
WHERE hour_utc >= ? AND hour_utc < ? AND circuit_id IN ({placeholders(circuit_ids)})""",
        [begin, newest, *sorted(circuit_ids)],
    )
    lines: dict[str, list[float | None]] = {c: [None] * RECENT_HOURS for c in circuit_ids}
    for circuit, hour, value in rows.iter_rows():
        lines[circuit][(hour - begin) // timedelta(hours=1)] = value
    return lines


def failovers(published: Published, newest: datetime, region: str | None = None) -> pl.DataFrame:
    """Failovers that last, and those that ended in the 24 hours before `newest`; the lasting ones first."""
    where, values = _in_region(region)
    return published.ask(
        f"""SELECT * FROM v_failover WHERE (end_utc IS NULL OR end_utc >= ?){where}
ORDER BY end_utc DESC NULLS FIRST, start_utc DESC, site_id""",
        [newest - timedelta(hours=RECENT_HOURS), *values],
    )


def fleet_counts(published: Published, newest: datetime, region: str | None = None) -> dict[str, int]:
    """Sites by severity, gateways and overlay paths by state, and SLE and alarms where they are collected.

    Keys are `region_<name>` (sites of every region), `site_critical`, `gateway_on`, `path_down`,
    `sle_<metric>_sites`, `sle_<metric>_degraded`, `alarm_all`, `alarm_critical` and the like; what has none is
    absent.
    """
    where, value = _in_region(region)
    parts = [
        "SELECT 'site_' || coalesce(severity, 'unknown') AS what, count(*) AS n "
        f"FROM v_site_now WHERE 1 = 1{where} GROUP BY 1",
        "SELECT 'region_' || region, count(*) FROM dim_site WHERE is_current AND region IS NOT NULL GROUP BY 1",
        f"SELECT 'gateway_' || gateway_state, count(*) FROM v_gateway_now WHERE 1 = 1{where} GROUP BY 1",
        f"SELECT 'path_' || path_state, count(*) FROM v_path_now WHERE hour_utc >= ?{where} GROUP BY 1",
    ]
    values: list[object] = [*value, *value, newest - timedelta(hours=RECENT_HOURS), *value]
    within = f" AND site_id IN (SELECT site_id FROM dim_site WHERE is_current{where})" if region else ""
    if Published.is_collected("fact_site_sle_hour"):
        parts += [
            f"""SELECT 'sle_' || metric || '_{name}', count(*) FROM fact_site_sle_hour
WHERE hour_utc = (SELECT max(hour_utc) FROM fact_site_sle_hour) AND score IS NOT NULL{condition}{within}
GROUP BY metric"""
            for name, condition in (("sites", ""), ("degraded", " AND score < 0.9"))
        ]
        values += [*value, *value]
    if {"severity", "last_seen_utc"} <= set(TABLES["fact_alarm"].schema if "fact_alarm" in TABLES else ()):
        parts += [
            f"SELECT 'alarm_{name}', count(*) FROM fact_alarm WHERE last_seen_utc >= ?{condition}{within}"
            for name, condition in (("all", ""), ("critical", " AND severity = 'critical'"))
        ]
        values += [newest - timedelta(hours=RECENT_HOURS), *value] * 2
    return dict(published.ask("\nUNION ALL\n".join(parts), values).iter_rows())
