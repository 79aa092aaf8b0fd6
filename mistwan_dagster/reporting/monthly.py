"""The monthly executive report: a UTC month against its target, the month before and 13 months.

Belongs here: the order of the report, health and regions. Does not belong here: asking (`monthly_data`), the other
sections (`monthly_sections`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl

from mistwan_dagster.reporting import monthly_sections as sections
from mistwan_dagster.reporting.asking import HOUR, Minutes, Rules, minutes_of, pooled, total
from mistwan_dagster.reporting.charts import compared_picture, course_picture, month_label
from mistwan_dagster.reporting.columns import Row, against, observed
from mistwan_dagster.reporting.document import (
    Block,
    Report,
    Section,
    Statement,
    Tile,
    Tiles,
    Tone,
    column,
    listing,
    stamp,
)
from mistwan_dagster.reporting.monthly_data import MONTHS, Month
from mistwan_dagster.wording import UNKNOWN, counted, duration, number, percent

MOST_DRAWN = 40


def monthly_report(month: Month, rules: Rules) -> Report:
    """The report of a month."""
    figures = (
        f"{month.start:%d %b %Y} to {month.end - timedelta(days=1):%d %b %Y}, UTC"
        if not month.goes_on
        else f"so far: {month.start:%d %b} to {stamp(month.until)} UTC"
    )
    return Report(
        f"wan-monthly-{month.start:%Y-%m}",
        "WAN monthly report",
        f"{month.start:%B %Y}",
        month.organization,
        (
            ("Figures", figures if month.known else "no figure of the month is known"),
            ("Observed", f"{percent(month.course[-1].observed_pct, 1)} of the circuits' time"),
            ("Availability target", percent(rules.target_pct, 2)),
        ),
        (
            Section("Health", (_summary(month, rules), _tiles(month, rules), *_course(month, rules))),
            Section("Regions compared", _regions(month, rules)),
            Section(
                "Providers",
                (sections.providers(month, rules),),
                "Without planned maintenance; pooled over circuits.",
            ),
            Section(
                "Carrier incidents",
                (sections.incidents(month),),
                "Circuits of one provider hit together in one area.",
            ),
            Section("Top offenders", tuple(sections.offenders(month))),
            Section(
                "Failover readiness",
                sections.readiness(month),
                "Could a backup have carried the site's traffic?",
            ),
            Section("How to read this", (Statement(_reading(month), "note"),)),
        ),
    )


def _summary(month: Month, rules: Rules) -> Statement:
    """The month in two sentences, for those who read no further."""
    value, before = month.course[-1].availability_pct, month.course[-2].availability_pct
    if value is None:
        return Statement(sections.NO_MONTH, "no-data")
    met = f"{'is' if month.goes_on else 'was'} {'met' if value >= rules.target_pct else 'missed'}"
    met += " so far" if month.goes_on else ""
    change = (
        "the month before is not known"
        if before is None
        else f"{abs(value - before):.3f} points {'above' if value >= before else 'below'} the month before"
    )
    low = month.regions.filter(pl.col("availability_pct") < rules.target_pct).height
    known = month.regions["availability_pct"].count()
    return Statement(
        f"The target of {percent(rules.target_pct, 2)} {met}: {percent(value, 3)} of the observed time circuits "
        f"were up, {change}. {counted(low, 'region')} of {known:,} missed it.",
        "note",
    )


def _tiles(month: Month, rules: Rules) -> Tiles:
    now, before = month.course[-1], month.course[-2]
    months = sum(rows.height > 0 for _, rows in month.months)
    use, use_before = (pooled(r, "utilization_avg_pct") for r in (month.regions, month.regions_before))
    cut_off = month.now.sites.filter(pl.col("site_outage_minutes") > 0)
    minutes_cut_off = float(cut_off["site_outage_minutes"].sum())
    congested = month.circuits.filter(pl.col("utilization_warning_hours") > 0)
    measured = month.circuits["utilization_max_pct"].count()
    was = percent(before.availability_pct, 3)
    return Tiles(
        (
            _available("Availability of circuits", now, f"; month before {was}", rules),
            _available("In opening hours", minutes_of(month.business), "", rules),
            _available(f"{MONTHS} months", total(month.course), f", {counted(months, 'month')} with data", rules),
            _events_tile("Outages", month.now.outages, month.before.outages, month),
            _events_tile("Failovers", month.now.failovers, month.before.failovers, month),
            Tile("Sites cut off", number(cut_off.height), f"for {duration(minutes_cut_off)}" if cut_off.height else "",
                 "plain" if cut_off.height else "good")
            if month.now.sites.height else Tile("Sites cut off", UNKNOWN, "no data", "unknown"),
            Tile("Circuits congested", number(congested.height), f"of {measured} with a utilization")
            if measured else Tile("Circuits congested", UNKNOWN, "no data", "unknown"),
            Tile("Mean utilization", number(use, 1, "%"), f"month before {number(use_before, 1, '%')}",
                 "plain" if use is not None else "unknown"),
        )
    )  # fmt: skip


def _available(label: str, minutes: Minutes, more: str, rules: Rules) -> Tile:
    value = minutes.availability_pct
    if value is None:
        return Tile(label, UNKNOWN, "no data", "unknown")
    tone: Tone = "good" if value >= rules.target_pct else "bad"
    return Tile(label, percent(value, 3), f"of {percent(minutes.observed_pct, 1)} observed{more}", tone)


def _events_tile(label: str, now: pl.DataFrame, before: pl.DataFrame, month: Month) -> Tile:
    if not month.known:
        return Tile(label, UNKNOWN, "no data", "unknown")
    was = number(before.filter("began").height) if month.regions_before.height else UNKNOWN
    return Tile(label, number(now.filter("began").height), f"began in the month; month before {was}")


def _course(month: Month, rules: Rules) -> tuple[Block, ...]:
    if not any(rows.height for _, rows in month.months):
        return (Statement(f"No data: none of the {MONTHS} months was computed.", "no-data"),)
    year = course_picture(
        [month_label(start, is_first=start == month.months[0][0]) for start, _ in month.months],
        [m.availability_pct for m in month.course],
        [m.observed_pct for m in month.course],
        rules.target_pct,
        "month",
    )
    if not month.known:
        return year, Statement(sections.NO_MONTH, "no-data")
    return year, course_picture(
        [f"{day:%d}" for day, _ in month.by_day],
        [m.availability_pct for _, m in month.by_day],
        [m.observed_pct for _, m in month.by_day],
        rules.target_pct,
        "day",
        every=2,
    )


def _regions(month: Month, rules: Rules) -> tuple[Block, ...]:
    joined = month.regions.join(month.regions_before, on="region", how="left", suffix="_before").sort(
        "availability_pct", "region", nulls_last=True
    )
    if joined.is_empty():
        return (Statement(sections.NO_MONTH, "no-data"),)
    drawn = joined.head(MOST_DRAWN)
    picture = compared_picture(
        drawn["region"].to_list(), drawn["availability_pct"].to_list(),
        drawn["availability_pct_before"].to_list(), rules.target_pct, "region",
    )  # fmt: skip

    def since(name: str, digits: int) -> Callable[[Row], str]:
        return lambda r: sections.change(r[name], r[f"{name}_before"], digits)

    rows = listing(
        joined,
        (
            column("Region", lambda r: r["region"], 1.6),
            column("Circuits", lambda r: number(r["circuit_count"]), 0.8, True),
            column("Availability", lambda r: against(r["availability_pct"], rules.target_pct), 1.2, True),
            column("Change", since("availability_pct", 3), 0.9, True),
            column("Observed", lambda r: observed(r, month.whole_gaps), 0.9, True),
            column("Down", lambda r: duration(r["down_minutes"]), 1.0, True),
            column("Utilization", lambda r: number(r["utilization_avg_pct"], 1, "%"), 0.9, True),
            column("Change", since("utilization_avg_pct", 1), 0.8, True),
            column("Loss", lambda r: number(r["loss_avg_pct"], 2, "%"), 0.8, True),
            column("Latency", lambda r: number(r["latency_avg_ms"], 1, "ms"), 0.9, True),
            column("Flaps", lambda r: number(r["flap_count"]), 0.7, True),
        ),
        200, "lowest availability first", True, "", sections.NO_MONTH,
    )  # fmt: skip
    return picture, rows


def _reading(month: Month) -> str:
    missing = month.whole_gaps
    gaps = (
        f" In {missing} hours of {(month.until - month.start) // HOUR} nothing was collected; they count as not "
        "observed."
        if missing
        else ""
    )
    return (
        "Availability is 100 * up / (up + down) minutes, pooled over circuits; what was not observed is in neither and "
        f"is told beside it. A dash means unknown.{gaps} Opening hours are those of each store's own clock. Days and "
        "months are those of UTC. A circuit is congested from the warning threshold of utilization on. Figures of "
        "providers leave planned maintenance out."
    )
