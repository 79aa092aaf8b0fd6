"""What the engineering page asks of circuits: what is wrong now. Counts are in `fleet`, alarms and SLE in `signals`.

Each function is one query. Panels show the first N rows of what is asked here; the count beside them is of all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, QUALITY_MEASURES
from mistwan_dagster.dashboard.data.published import Published, placeholders

MOST_PROBLEMS = 5000
RECENT_HOURS = 24
FLAPS_SHOWN_FROM = 2
"""One outage is two transitions: from there on a circuit is listed as flapping."""
_LEVELS = ", ".join(f"'{level}'" for level in LEVELS)
CHRONIC = """SELECT circuit_id, reason, bad_days, observed_days,
       row_number() OVER (PARTITION BY circuit_id ORDER BY bad_days DESC, reason) AS place,
       count(*) OVER (PARTITION BY circuit_id) AS chronic_reasons
FROM rpt_chronic_offenders WHERE as_of_utc = (SELECT max(as_of_utc) FROM rpt_chronic_offenders)"""
"""Chronic offenders as of the newest day; a circuit has a row for each reason, place 1 being the worst."""


def in_region(region: str | None, column: str = "region") -> tuple[str, list[str]]:
    """A condition to append, with its parameters; none for all regions."""
    return (f" AND {column} = ?", [region]) if region else ("", [])


def problem_circuits(published: Published, region: str | None = None) -> pl.DataFrame:
    """Circuits with something wrong, at most MOST_PROBLEMS; columns of `v_circuit_state` and, beside them, why.

    Congested, a quality threshold breached, down, flapping, worse than usual (`rpt_congestion_now`: usual_pct,
    change_pct, change_sigmas, is_worse, trend), or a chronic offender (chronic_reason with the most bad_days of
    observed_days, chronic_reasons: how many there are).
    """
    where, values = in_region(region, "v.region")
    breaches = " OR ".join(f"v.{m}_severity IN ({_LEVELS})" for m in ("utilization", *QUALITY_MEASURES))
    return published.ask(
        f"""SELECT v.*, w.usual_pct, w.change_pct, w.change_sigmas, w.is_worse, w.trend_pct_per_week,
       h.reason AS chronic_reason, h.bad_days, h.observed_days, h.chronic_reasons
FROM v_circuit_state v
LEFT JOIN rpt_congestion_now w ON w.circuit_id = v.circuit_id AND w.hour_utc = v.hour_utc
LEFT JOIN ({CHRONIC}) h ON h.circuit_id = v.circuit_id AND h.place = 1
WHERE ({breaches} OR v.circuit_state = 'down' OR v.flap_count_24h >= {FLAPS_SHOWN_FROM} OR w.is_worse
       OR h.reason IS NOT NULL){where}
ORDER BY v.utilization_pct DESC NULLS LAST, v.circuit_id LIMIT {MOST_PROBLEMS}""",
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


def worse(problems: pl.DataFrame) -> pl.DataFrame:
    """Largest change against the usual of the same hour of the week first."""
    return problems.filter(pl.col("is_worse")).sort("change_pct", "circuit_id", descending=[True, False])


def chronic(problems: pl.DataFrame) -> pl.DataFrame:
    """Most bad days first."""
    return problems.filter(pl.col("chronic_reason").is_not_null()).sort(
        "bad_days", "chronic_reasons", "circuit_id", descending=[True, True, False]
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
    where, values = in_region(region)
    return published.ask(
        f"""SELECT * FROM v_failover WHERE (end_utc IS NULL OR end_utc >= ?){where}
ORDER BY end_utc DESC NULLS FIRST, start_utc DESC, site_id""",
        [newest - timedelta(hours=RECENT_HOURS), *values],
    )
