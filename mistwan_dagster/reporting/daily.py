"""The daily operations report: what happened in a UTC day, by region, site and circuit.

Belongs here: the order of the report, its tiles and regions. Does not belong here: asking (`daily_data`), the other
sections (`daily_sections`).
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.reporting import daily_sections as sections
from mistwan_dagster.reporting.asking import HOUR, Rules, minutes_of
from mistwan_dagster.reporting.columns import against, observed
from mistwan_dagster.reporting.daily_data import Day, congested, poor_quality
from mistwan_dagster.reporting.document import (
    Block,
    Report,
    Section,
    Tile,
    Tiles,
    column,
    listing,
    stamp,
)
from mistwan_dagster.wording import UNKNOWN, duration, number, percent


def daily_report(day: Day, rules: Rules) -> Report:
    """The report of a day."""
    whole = day.until == day.end
    figures = (
        f"{stamp(day.start)} to {stamp(day.end)} UTC"
        if whole
        else f"so far: {stamp(day.start)} to {stamp(day.until)} UTC"
        if day.known
        else "no hour of the day is known"
    )
    return Report(
        f"wan-daily-{day.start:%Y-%m-%d}",
        "WAN daily operations",
        f"{day.start:%A, %d %B %Y}",
        day.organization,
        (
            ("Figures", figures),
            ("Observed", f"{percent(day.minutes.observed_pct, 1)} of the circuits' time"),
            ("Availability target", percent(rules.target_pct, 2)),
        ),
        (
            Section("The day in figures", (_tiles(day, rules), sections.picture(day))),
            Section("Regions", (_regions(day, rules),)),
            Section("Outages", sections.outages(day)),
            Section("Failovers", (sections.failovers(day),)),
            Section("Congestion", (sections.congestion(day),)),
            Section("Quality", (sections.quality(day),)),
            Section(
                "Chronic offenders",
                (sections.chronic(day),),
                "Circuits that were bad on many of the last days.",
            ),
            Section("Service levels (SLE)", sections.service_levels(day, rules)),
            Section("Alarms raised", (sections.alarms(day),)),
            Section("What was not observed", sections.gaps(day)),
        ),
    )


def _tiles(day: Day, rules: Rules) -> Tiles:
    now, before = day.minutes, minutes_of(day.day_before)
    value = now.availability_pct
    cut_off = day.sites.filter(pl.col("site_outage_minutes") > 0)
    circuits = day.circuits
    return Tiles(
        (
            Tile(
                "Availability of circuits",
                percent(value, 3),
                f"of {percent(now.observed_pct, 1)} observed; day before {percent(before.availability_pct, 3)}",
                "unknown" if value is None else "good" if value >= rules.target_pct else "bad",
            ),
            _count(
                "Outages", day.outages, day.known, f"{day.outages.filter('began').height} began in the day"
            ),
            _count(
                "Sites cut off",
                cut_off,
                day.sites.height > 0,
                f"for {duration(float(cut_off['site_outage_minutes'].sum()))}",
            ),
            _count(
                "Failovers",
                day.failovers,
                day.known,
                f"{day.failovers.filter('began').height} began in the day",
            ),
            _count(
                "Circuits congested",
                congested(circuits),
                bool(circuits["utilization_max_pct"].count()),
                f"of {circuits['utilization_max_pct'].count()} with a utilization",
            ),
            _count(
                "Circuits of poor quality",
                poor_quality(circuits),
                sections.has_quality(circuits),
                "an hour or more",
            ),
            _count("Chronic offenders", day.chronic.unique("circuit_id"), day.chronic_known, "circuits"),
            Tile(
                "Hours without data",
                number(len(day.missing_hours)) if day.known else UNKNOWN,
                f"of {(day.until - day.start) // HOUR}" if day.known else "no data",
                "bad" if day.missing_hours else "plain" if day.known else "unknown",
            ),
        )
    )


def _count(label: str, rows: pl.DataFrame, known: bool, note: str) -> Tile:
    """How many; not known is a dash, never 0."""
    if not known and rows.is_empty():
        return Tile(label, UNKNOWN, "no data", "unknown")
    return Tile(label, number(rows.height), note if rows.height else "", "plain" if rows.height else "good")


def _regions(day: Day, rules: Rules) -> Block:
    outages, failovers = _by_region(day.outages), _by_region(day.failovers)
    busy = _by_region(congested(day.circuits))

    return listing(
        day.regions.sort("availability_pct", "region", nulls_last=True),
        (
            column("Region", lambda r: r["region"], 1.6),
            column("Circuits", lambda r: number(r["circuit_count"]), 0.9, True),
            column("Availability", lambda r: against(r["availability_pct"], rules.target_pct), 1.2, True),
            column("Observed", lambda r: observed(r, len(day.missing_hours)), 1.0, True),
            column("Outages", lambda r: number(outages.get(r["region"], 0)), 0.9, True),
            column("Failovers", lambda r: number(failovers.get(r["region"], 0)), 0.95, True),
            column("Congested", lambda r: number(busy.get(r["region"], 0)), 1.0, True),
            column("Flaps", lambda r: number(r["flap_count"]), 0.7, True),
            column("Utilization", lambda r: number(r["utilization_avg_pct"], 1, "%"), 1.0, True),
            column("Loss", lambda r: number(r["loss_avg_pct"], 2, "%"), 0.8, True),
            column("Latency", lambda r: number(r["latency_avg_ms"], 1, "ms"), 0.9, True),
        ),
        200,
        "lowest availability first",
        False,
        "",
        sections.NO_DAY,
    )


def _by_region(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows.group_by("region").len().iter_rows())
