"""The standing questions, asked of the published warehouse and printed for a terminal.

Belongs here: questions and their SQL over declared tables and views. Does not belong here: KPI arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as RichTable

from mistwan_dagster.warehouse.port import Reader


@dataclass(frozen=True)
class Question:
    """A question, the SQL that answers it, and what an empty answer means."""

    text: str
    sql: str
    nothing: str


QUESTIONS = (
    Question(
        "Which circuits are the busiest right now (congested from severity warning on), and are they getting worse?",
        """SELECT site_name AS site, region, circuit_id AS circuit, role, provider,
       round(utilization_pct, 1) AS "util %", round(change_to_24h_pct, 1) AS "against 24 h",
       utilization_severity AS severity, round(coverage_pct) AS "observed %"
FROM v_busy_now ORDER BY utilization_pct DESC, circuit_id LIMIT 10""",
        "no circuit has a utilization in the latest computed hour",
    ),
    Question(
        "Which regions are chronically unstable?",
        """SELECT region, count(DISTINCT circuit_id) AS circuits,
       round(100 * sum(up_minutes) / nullif(sum(up_minutes) + sum(down_minutes), 0), 3) AS "availability %",
       CAST(sum(flap_count) AS BIGINT) AS flaps, round(sum(down_minutes)) AS "down min",
       round(sum(unknown_minutes)) AS "unknown min",
       round(avg(loss_avg_pct), 3) AS "loss %", round(avg(jitter_avg_ms), 1) AS "jitter ms",
       round(avg(latency_avg_ms), 1) AS "latency ms"
FROM fact_circuit_hour GROUP BY region ORDER BY "availability %" NULLS LAST, region""",
        "no circuit hour is computed yet",
    ),
    Question(
        "Which circuits are chronically unstable?",
        """SELECT s.site_name AS site, f.region, f.circuit_id AS circuit, any_value(c.provider) AS provider,
       CAST(sum(f.flap_count) AS BIGINT) AS flaps, round(sum(f.down_minutes)) AS "down min",
       round(100 * sum(f.up_minutes) / nullif(sum(f.up_minutes) + sum(f.down_minutes), 0), 2) AS "availability %",
       count(CASE WHEN f.loss_severity IN ('high', 'critical') OR f.jitter_severity IN ('high', 'critical')
                       OR f.latency_severity IN ('high', 'critical') THEN 1 END) AS "bad quality h"
FROM fact_circuit_hour f
LEFT JOIN dim_site s ON s.site_id = f.site_id AND s.is_current
LEFT JOIN v_circuit c ON c.circuit_id = f.circuit_id
GROUP BY s.site_name, f.region, f.circuit_id
HAVING sum(f.flap_count) > 0 OR "bad quality h" > 0
ORDER BY "bad quality h" DESC, flaps DESC, "down min" DESC, circuit LIMIT 10""",
        "no circuit flapped or had an hour of bad quality",
    ),
    Question(
        "How often did circuits fail over, and how good was the backup meanwhile?",
        """SELECT site_name AS site, region, start_utc AS "from", end_utc AS "to", cause,
       round(duration_minutes, 1) AS "min", from_provider AS "primary", to_provider AS backup,
       round(loss_avg_pct, 2) AS "loss %", round(latency_avg_ms, 1) AS "latency ms",
       round(norm_latency_avg_ms, 1) AS "its norm", round(primary_latency_avg_ms, 1) AS "primary's, day before"
FROM v_failover ORDER BY start_utc DESC, site LIMIT 10""",
        "no failover was observed",
    ),
    Question(
        "How long were circuits above a threshold in the last 24 hours (in total, and in one stretch)?",
        """SELECT s.site_name AS site, w.region, w.circuit_id AS circuit,
       w.utilization_warning_hours AS "util warning h", w.utilization_warning_run_hours AS "in one run",
       w.utilization_critical_hours AS "util critical h", w.utilization_critical_run_hours AS "in one run ",
       w.latency_warning_hours AS "latency h", w.loss_warning_hours AS "loss h", w.observed_hours AS "observed h"
FROM agg_circuit_window w LEFT JOIN dim_site s ON s.site_id = w.site_id AND s.is_current
WHERE w.window_hours = 24 AND w.as_of_utc = (SELECT max(as_of_utc) FROM agg_circuit_window)
  AND (w.utilization_warning_hours > 0 OR w.latency_warning_hours > 0 OR w.loss_warning_hours > 0)
ORDER BY w.utilization_warning_hours DESC, w.latency_warning_hours DESC, circuit LIMIT 10""",
        "no circuit was above a threshold in the last 24 hours",
    ),
)


def print_answers(reader: Reader, console: Console) -> None:
    """Ask every question and print its answer; an empty answer says what it means."""
    for question in QUESTIONS:
        frame = reader.query(question.sql)
        if frame.is_empty():
            console.print(f"\n[bold]{question.text}[/bold]\n  {question.nothing}")
            continue
        table = RichTable(title=question.text, title_justify="left", title_style="bold")
        for name, dtype in frame.schema.items():
            table.add_column(name, justify="right" if dtype.is_numeric() else "left")
        for row in frame.iter_rows():
            table.add_row(
                *("-" if v is None else f"{v:%m-%d %H:%M}" if hasattr(v, "hour") else str(v) for v in row)
            )
        console.print()
        console.print(table)
