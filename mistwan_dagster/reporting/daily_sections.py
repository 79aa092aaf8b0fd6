"""Sections of the daily report. Belongs here: what a section tells, in which words. Does not belong here: asking."""

from __future__ import annotations

from typing import Any

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, hours_column
from mistwan_dagster.reporting.asking import HOUR, HOUR_MINUTES, Rules, ended
from mistwan_dagster.reporting.charts import day_picture
from mistwan_dagster.reporting.columns import CIRCUIT, REGION, ROLE, SITE, Row
from mistwan_dagster.reporting.daily_data import DAY_HOURS, Day, congested, poor_quality
from mistwan_dagster.reporting.document import (
    Block,
    Shown,
    Statement,
    beside,
    circuit,
    column,
    listing,
    stamp,
)
from mistwan_dagster.wording import UNKNOWN, counted, duration, number, percent

MOST = 15
"""Rows of a list; the note beside it tells how many there are."""
NO_DAY = "No data: no hour of this day was computed."


def has_quality(circuits: pl.DataFrame) -> bool:
    """Whether any quality of a circuit is known."""
    return any(circuits[c].count() for c in ("loss_avg_pct", "jitter_avg_ms", "latency_avg_ms"))


def picture(day: Day) -> Block:
    """The hours of the day, drawn."""
    if not day.known:
        return Statement(
            "The hourly figures of this day are no longer kept." if day.computed else NO_DAY, "no-data"
        )
    by_hour = {row["hour_utc"]: row for row in day.hours.iter_rows(named=True)}
    hours = [by_hour.get(day.start + HOUR * i) for i in range(DAY_HOURS)]
    return day_picture([h and _in_circuits(h) for h in hours])


def _in_circuits(hour: dict[str, Any]) -> dict[str, Any]:
    return {
        **{level: hour[level] for level in LEVELS},
        "down": (hour["down_minutes"] or 0.0) / HOUR_MINUTES,
        "unknown": (hour["unknown_minutes"] or 0.0) / HOUR_MINUTES,
    }


def outages(day: Day) -> tuple[Block, ...]:
    """Sites that were cut off, and circuits that were down or unreachable."""
    cut_off = day.sites.filter(pl.col("site_outage_minutes") > 0)
    return (
        listing(
            cut_off,
            (
                SITE, REGION,
                column("Cut off for", lambda r: duration(r["site_outage_minutes"]), 1.0, True),
                column("Unknown", lambda r: duration(r["site_unknown_minutes"]), 1.0, True),
                column("Failovers", lambda r: number(r["failover_count"]), 0.8, True),
            ),
            MOST, "longest first", day.sites.height > 0,
            "No site was cut off: at each a circuit was up whenever it was observed.", NO_DAY, "Sites cut off",
        ),
        listing(
            day.outages,
            (
                SITE, REGION, CIRCUIT, ROLE,
                column("Kind", lambda r: r["kind"], 0.9),
                column("From", lambda r: stamp(r["start_utc"]), 1.0),
                column("To", lambda r: ended(r, day.until), 1.0),
                column("In the day", lambda r: duration(r["minutes"]), 0.9, True),
                column("Told by", lambda r: r["evidence"] or UNKNOWN, 0.8),
            ),
            MOST, "longest first", day.known, "No circuit was seen down or unreachable.", NO_DAY, "Circuits",
        ),
    )  # fmt: skip


def failovers(day: Day) -> Block:
    """Failovers, with the quality on the backup beside the primary's."""

    def beside_primary(name: str, digits: int, unit: str) -> Shown:
        def words(row: Row) -> str:
            return beside(number(row[name], digits, unit), number(row[f"primary_{name}"], digits), "{} ({})")

        return column(name.partition("_")[0].capitalize(), words, 1.1, True)

    return listing(
        day.failovers,
        (
            SITE,
            column("From", lambda r: stamp(r["start_utc"])),
            column("To", lambda r: ended(r, day.until)),
            column("In the day", lambda r: duration(r["minutes"]), 0.9, True),
            column("Cause", lambda r: (r["cause"] or "unknown").replace("_", " "), 0.9),
            column("Primary", lambda r: circuit(r, "from_circuit_id", "from_provider"), 1.3),
            column("Backup", lambda r: circuit(r, "to_circuit_id", "to_provider"), 1.3),
            beside_primary("loss_avg_pct", 2, "%"),
            beside_primary("latency_avg_ms", 0, "ms"),
        ),
        MOST, "longest first; in brackets the primary's quality of the day before", day.known,
        "No site's traffic was seen on another circuit than its primary.", NO_DAY,
    )  # fmt: skip


def congestion(day: Day) -> Block:
    """Circuits at or above a utilization threshold."""

    def hours(level: str) -> Shown:
        name = hours_column("utilization", level)
        return column(f"{level.capitalize()}", lambda r: number(r[name], 0, "h"), 0.8, True)

    return listing(
        congested(day.circuits),
        (
            SITE, REGION, CIRCUIT, ROLE, *(hours(level) for level in LEVELS),
            column("Longest run", lambda r: number(r["utilization_warning_run_hours"], 0, "h"), 0.8, True),
            column("Highest", lambda r: number(r["utilization_max_pct"], 1, "%"), 0.9, True),
            column("Observed", lambda r: number(r["observed_hours"], 0, "h"), 0.8, True),
        ),
        MOST, "most critical hours first", bool(day.circuits["utilization_max_pct"].count()),
        "No circuit reached a utilization threshold.",
        "No data: no utilization is known in this day (bandwidth or traffic is missing).",
    )  # fmt: skip


def quality(day: Day) -> Block:
    """Circuits at or above a threshold of loss, jitter or latency."""

    def measure(name: str, column_name: str, digits: int, unit: str) -> Shown:
        hours = hours_column(name, "warning")
        return column(
            name.capitalize(),
            lambda r: beside(number(r[hours], 0, "h"), number(r[column_name], digits, unit)), 1.2, True,
        )  # fmt: skip

    return listing(
        poor_quality(day.circuits),
        (
            SITE, REGION, CIRCUIT, ROLE,
            measure("loss", "loss_avg_pct", 2, "%"),
            measure("jitter", "jitter_avg_ms", 1, "ms"),
            measure("latency", "latency_avg_ms", 0, "ms"),
        ),
        MOST, "most hours at a threshold first; hours, then the day's mean", has_quality(day.circuits),
        "No circuit reached a threshold of loss, jitter or latency.",
        "No data: no loss, jitter or latency is known in this day.",
    )  # fmt: skip


def chronic(day: Day) -> Block:
    """Circuits that were bad on many of the last days."""
    return listing(
        day.chronic,
        (
            SITE, REGION, CIRCUIT, ROLE,
            column("Reason", lambda r: r["reason"]),
            column("Bad days", lambda r: f"{r['bad_days']} of {r['observed_days']} observed", 1.2, True),
            column("Last bad day", lambda r: stamp(r["last_bad_day_utc"])[:6], 0.9, True),
        ),
        MOST, "most bad days first", day.chronic_known, "No circuit is a chronic offender as of the day's end.",
        "No data: chronic offenders are told when the day is over and computed.",
    )  # fmt: skip


def service_levels(day: Day, rules: Rules) -> tuple[Block, ...]:
    """SLE scores by metric, and the sites that were degraded."""
    limit = f"{100 * rules.sle_degraded_below:g} %"

    def score(row: Row) -> str:
        return percent(None if row["score"] is None else 100 * row["score"], 1)

    figures = (
        column("Mean score", score, 1.0, True),
        column("Hours with a score", lambda r: number(r["scored_hours"]), 1.2, True),
        column(f"Hours below {limit}", lambda r: number(r["degraded_hours"]), 1.2, True),
    )
    scored = bool(day.sle["scored_hours"].sum())
    metrics = listing(
        day.sle if scored else day.sle.clear(),
        (
            column("Metric", lambda r: r["metric"], 1.6),
            column("Sites", lambda r: number(r["sites"]), 0.8, True),
            *figures,
        ),
        MOST, "", False, "", "No data: no SLE score of this day was read.",
    )  # fmt: skip
    if not scored:
        return (metrics,)
    worst = listing(
        day.sle_sites,
        (SITE, REGION, column("Metric", lambda r: r["metric"], 1.4), *figures),
        MOST, "most degraded hours first", True, f"No site had an hour below {limit}.", "",
    )  # fmt: skip
    return metrics, worst


def alarms(day: Day) -> Block:
    """What Mist raised, by severity and type."""
    return listing(
        day.alarms,
        (
            column("Severity", lambda r: r["severity"]),
            column("Type", lambda r: r["alarm_type"].replace("_", " "), 2),
            column("Alarms", lambda r: number(r["alarms"]), 1, True),
            column("Sites", lambda r: number(r["sites"]), 1, True),
            column("Open when last read", lambda r: number(r["still_open"]), 1.2, True),
        ),
        MOST * 2, "critical ones first", day.alarms_known, "Mist raised no alarm.",
        "No data: alarms of this day were not read.",
    )  # fmt: skip


def gaps(day: Day) -> tuple[Block, ...]:
    """Hours, circuits and sites of which nothing, or not all, is known."""
    if not day.known:
        return (picture(day),)
    missing = day.missing_hours
    hours = (
        Statement(
            f"Nothing was collected in {counted(len(missing), 'hour')}: "
            f"{', '.join(f'{h:%H:00}' for h in missing)}. They count as not observed, never as up.",
            "no-data",
        )
        if missing
        else Statement("Something was collected in every hour of the day.", "clear")
    )
    silent = (
        Statement(
            f"{counted(day.silent.height, 'known circuit')} at {counted(day.silent['site_id'].n_unique(), 'site')} had "
            "no hour in this day and count in none of the figures.",
            "no-data",
        )
        if day.silent.height
        else Statement("Every circuit that is known has figures.", "clear")
    )
    unheard = listing(
        day.unheard,
        (
            SITE, REGION,
            column("Circuits", lambda r: number(r["circuits"]), 0.8, True),
            column("State unknown", lambda r: duration(r["unknown_minutes"]), 1, True),
            column("Of all its circuit time", _share_unknown, 1.2, True),
        ),
        MOST, "longest first", True, "The state of every circuit was known throughout.", "",
    )  # fmt: skip
    return hours, silent, unheard


def _share_unknown(row: Row) -> str:
    return percent(100 * row["unknown_minutes"] / row["minutes"] if row["minutes"] else None, 1)
