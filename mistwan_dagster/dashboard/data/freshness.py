"""How old and how complete the published data is: the banner of every page.

All times are naive UTC, as the warehouse stores them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mistwan_dagster.dashboard.data.published import Published

HOUR = timedelta(hours=1)
AMBER_AFTER = timedelta(minutes=90)
RED_AFTER = timedelta(minutes=150)
LOOK_BACK_HOURS = 24
SLE_STATES = ("fresh", "stale", "missing")

Age = Literal["fresh", "late", "stale"]


@dataclass(frozen=True)
class Freshness:
    """What the newest hour is and what is missing behind it."""

    version: int | None
    newest: datetime | None
    """End of the newest computed hour; None when no hour is computed."""
    missing_hours: tuple[datetime, ...]
    """Hours of the 24 before `newest`, from the first one ever, without any row."""
    circuit_hours: int
    """Circuit hours in those 24 hours."""
    observed_hours: int
    """Those of them with a utilization."""
    coverage_pct: float | None
    """Mean share of the time of those circuit hours that the traffic figures cover; uncovered hours count 0."""
    sle: Mapping[str, int]
    """Deep-dives (sites times metrics) that are fresh, stale and missing; all 0 when no score was read."""
    api_calls: int | None
    """Calls in the newest hour of the call ledger; None when it is empty."""
    api_deferred: int | None
    """Walks put off in that hour because no call was left."""
    run_id: str | None
    """Dagster run that loaded the newest hours."""

    def age(self, now: datetime) -> Age:
        """Fresh, late from 90 minutes and stale from 150 minutes after the newest hour's end; stale without one."""
        if self.newest is None or now - self.newest >= RED_AFTER:
            return "stale"
        return "late" if now - self.newest >= AMBER_AFTER else "fresh"


def freshness(published: Published) -> Freshness:
    """One query over the 24 hours that end with the newest one."""
    states = ", ".join(f"count(CASE WHEN state = '{s}' THEN 1 END) AS {s}" for s in SLE_STATES)
    rows = published.ask(
        f"""SELECT f.hour_utc, count(*) AS circuits, count(f.utilization_pct) AS observed,
       sum(coalesce(f.coverage_pct, 0)) AS coverage, min(b.first_hour) AS first_hour,
       max(q.fresh) AS fresh, max(q.stale) AS stale, max(q.missing) AS missing, max(u.calls) AS calls,
       max(u.deferred) AS deferred, max(r.run_id) AS run_id
FROM fact_circuit_hour f
CROSS JOIN (SELECT max(hour_utc) AS last_hour, min(hour_utc) AS first_hour FROM fact_circuit_hour) b
CROSS JOIN (SELECT {states} FROM sle_coverage) q
CROSS JOIN (SELECT CAST(sum(calls) AS BIGINT) AS calls, CAST(sum(deferred) AS BIGINT) AS deferred FROM api_usage_hour
            WHERE hour_utc = (SELECT max(hour_utc) FROM api_usage_hour)) u
LEFT JOIN (SELECT run_id FROM load_ledger WHERE table_name = 'fact_circuit_hour'
           ORDER BY loaded_at_utc DESC, span_start_utc DESC LIMIT 1) r ON 1 = 1
WHERE f.hour_utc > b.last_hour - INTERVAL '{LOOK_BACK_HOURS} hours'
GROUP BY f.hour_utc ORDER BY f.hour_utc"""
    )
    if rows.is_empty():
        return Freshness(
            published.version(), None, (), 0, 0, None, dict.fromkeys(SLE_STATES, 0), None, None, None
        )
    last, circuits = rows["hour_utc"][-1], int(rows["circuits"].sum())
    begin = max(last - HOUR * (LOOK_BACK_HOURS - 1), rows["first_hour"][0])
    expected = [begin + HOUR * i for i in range((last - begin) // HOUR + 1)]
    seen = set(rows["hour_utc"])
    return Freshness(
        published.version(),
        last + HOUR,
        tuple(h for h in expected if h not in seen),
        circuits,
        int(rows["observed"].sum()),
        float(rows["coverage"].sum()) / circuits,
        {state: int(rows[state][0]) for state in SLE_STATES},
        rows["calls"][0],
        rows["deferred"][0],
        rows["run_id"][0],
    )
