"""The monthly executive report: a UTC month against its target, the month before and 13 months.

Belongs here: which figures are told and in which words. Does not belong here: asking (`monthly_data`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from mistwan_dagster.reporting.asking import HOUR, Minutes, Rules, minutes_in, minutes_of, pooled, total
from mistwan_dagster.reporting.charts import compared_picture, course_picture, month_label
from mistwan_dagster.reporting.document import (
    Block,
    Report,
    Section,
    Statement,
    Tile,
    Tiles,
    Tone,
    circuit,
    column,
    listing,
    site,
    stamp,
)
from mistwan_dagster.reporting.monthly_data import MINUTES, MONTHS, Month
from mistwan_dagster.wording import UNKNOWN, counted, duration, number, percent

MOST = 10
MOST_DRAWN = 40
NO_MONTH = "No data: this month was not computed."
Row = Mapping[str, Any]
SITE = column("Site", site, 1.6)
REGION = column("Region", lambda r: r["region"] or UNKNOWN)
CIRCUIT = column("Circuit", circuit, 1.6)
OFFENCES: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("Longest down", "down_minutes", duration),
    ("Most hours congested", "utilization_warning_hours", lambda v: number(v, 0, "h")),
    ("Most hours of loss", "loss_warning_hours", lambda v: number(v, 0, "h")),
    ("Most link transitions", "flap_count", number),
)
"""Title, figure, and how it is written."""


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
                "Providers", (_providers(month, rules),), "Without planned maintenance; pooled over circuits."
            ),
            Section(
                "Carrier incidents",
                (_incidents(month),),
                "Circuits of one provider hit together in one area.",
            ),
            Section("Top offenders", tuple(_offenders(month))),
            Section(
                "Failover readiness", _readiness(month), "Could a backup have carried the site's traffic?"
            ),
            Section("How to read this", (Statement(_reading(month), "note"),)),
        ),
    )


def _summary(month: Month, rules: Rules) -> Statement:
    """The month in two sentences, for those who read no further."""
    value, before = month.course[-1].availability_pct, month.course[-2].availability_pct
    if value is None:
        return Statement(NO_MONTH, "no-data")
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


def _change(now: float | None, before: float | None, digits: int, unit: str) -> str:
    return UNKNOWN if now is None or before is None else number(now - before, digits, unit, signed=True)


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
            _events_tile("Outages", month.now.outages, month.before.outages, month, "began"),
            _events_tile("Failovers", month.now.failovers, month.before.failovers, month, "began"),
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


def _events_tile(label: str, now: pl.DataFrame, before: pl.DataFrame, month: Month, began: str) -> Tile:
    if not month.known:
        return Tile(label, UNKNOWN, "no data", "unknown")
    was = number(before.filter(began).height) if month.regions_before.height else UNKNOWN
    return Tile(label, number(now.filter(began).height), f"began in the month; month before {was}")


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
        return year, Statement(NO_MONTH, "no-data")
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
        return (Statement(NO_MONTH, "no-data"),)
    drawn = joined.head(MOST_DRAWN)
    picture = compared_picture(
        drawn["region"].to_list(), drawn["availability_pct"].to_list(),
        drawn["availability_pct_before"].to_list(), rules.target_pct, "region",
    )  # fmt: skip

    def change(name: str, digits: int, unit: str) -> Any:
        return lambda r: _change(r[name], r[f"{name}_before"], digits, unit)

    rows = listing(
        joined,
        (
            column("Region", lambda r: r["region"], 1.6),
            column("Circuits", lambda r: number(r["circuit_count"]), 0.8, True),
            column("Availability", lambda r: _against(r["availability_pct"], rules.target_pct), 1.2, True),
            column("Change", change("availability_pct", 3, ""), 0.9, True),
            column("Observed", lambda r: percent(_observed(r, month), 1), 0.9, True),
            column("Down", lambda r: duration(r["down_minutes"]), 1.0, True),
            column("Utilization", lambda r: number(r["utilization_avg_pct"], 1, "%"), 0.9, True),
            column("Change", change("utilization_avg_pct", 1, ""), 0.8, True),
            column("Loss", lambda r: number(r["loss_avg_pct"], 2, "%"), 0.8, True),
            column("Latency", lambda r: number(r["latency_avg_ms"], 1, "ms"), 0.9, True),
            column("Flaps", lambda r: number(r["flap_count"]), 0.7, True),
        ),
        200, "lowest availability first", True, "", NO_MONTH,
    )  # fmt: skip
    return picture, rows


def _against(value: float | None, target: float) -> str:
    return f"{'▼ ' if value is not None and value < target else ''}{percent(value, 3)}"


def _observed(row: Row, month: Month) -> float | None:
    """Hours of which nothing was collected count as not observed."""
    return minutes_in(
        row, month.missing_hours(month.start, month.end) * MINUTES * (row.get("circuit_count", 1) or 0)
    ).observed_pct


def _providers(month: Month, rules: Rules) -> Block:
    before = dict(month.providers_before.select("provider", "availability_pct").iter_rows())

    def lasting(row: Row) -> str:
        still = row["outage_open_count"]
        return f"{number(row['outage_count'])}{f' ({still} last)' if still else ''}"

    return listing(
        month.providers,
        (
            column("Provider", lambda r: r["provider"], 1.5),
            column("Circuits", lambda r: number(r["circuit_count"]), 0.8, True),
            column("Availability", lambda r: _against(r["availability_pct"], rules.target_pct), 1.2, True),
            column("Change", lambda r: _change(r["availability_pct"], before.get(r["provider"]), 3, ""), 0.9, True),
            column("Observed", lambda r: percent(_observed(r, month), 1), 0.9, True),
            column("With reachability", lambda r: percent(r["service_availability_pct"], 3), 1.1, True),
            column("Outages", lasting, 0.9, True),
            column("Restored in (median)", lambda r: duration(r["restore_median_minutes"]), 1.1, True),
            column("Loss", lambda r: number(r["loss_avg_pct"], 2, "%"), 0.8, True),
            column("Latency", lambda r: number(r["latency_avg_ms"], 1, "ms"), 0.9, True),
            column("Incidents", lambda r: number(r["incident_count"]), 0.8, True),
        ),
        200, "lowest availability first", False, "", "No data: no provider has a scorecard of this month.",
    )  # fmt: skip


def _incidents(month: Month) -> Block:
    def lasted(row: Row) -> str:
        return "lasts on" if row["end_utc"] is None else duration(row["duration_minutes"])

    return listing(
        month.incidents,
        (
            column("Provider", lambda r: r["provider"], 1.3),
            column("Area", lambda r: r["area"], 1.5),
            column("From", lambda r: stamp(r["start_utc"])),
            column("Lasted", lasted, 0.9, True),
            column("Kind", lambda r: r["kind"] or UNKNOWN, 0.9),
            column("Circuits", lambda r: f"{number(r['circuit_count'])} of {number(r['area_circuit_count'])}", 1, True),
            column("Sites", lambda r: number(r["site_count"]), 0.7, True),
            column("Peak share", lambda r: percent(r["peak_share_pct"]), 0.8, True),
        ),
        MOST, "most circuits first", month.known, "No carrier incident began in this month.", NO_MONTH,
    )  # fmt: skip


def _offenders(month: Month) -> list[Block]:
    found: list[Block] = []
    for title, figure, words in OFFENCES:
        known = month.circuits[figure].count()
        rows = month.circuits.filter(pl.col(figure) > 0).sort(
            figure, "circuit_id", descending=[True, False], nulls_last=True
        )
        found.append(
            listing(
                rows,
                (
                    SITE, REGION, CIRCUIT, column("Role", lambda r: r["role"] or UNKNOWN, 0.8),
                    column(title, _written(figure, words), 1.2, True),
                    column("Availability", lambda r: percent(r["availability_pct"], 3), 1.0, True),
                    column("Observed", lambda r: percent(_observed(r, month), 1), 0.9, True),
                ),
                MOST, "the worst first", bool(known), f"{title}: no circuit.", f"{title}: no data.",
                f"{title}: {counted(rows.height, 'circuit')} of {known:,} of which it is known",
            )
        )  # fmt: skip
    return found


def _written(figure: str, words: Callable[[float | None], str]) -> Callable[[Row], str]:
    return lambda row: words(row[figure])


def _readiness(month: Month) -> tuple[Block, ...]:
    rows = month.readiness
    if rows.is_empty():
        return (Statement("No data: the readiness of this month was not computed.", "no-data"),)
    known = rows.drop_nulls("ready_pct")
    ready = known.filter(pl.col("ready_pct") >= 100).height
    tiles = Tiles(
        (
            Tile("Ready in every known hour", number(ready), f"of {rows.height} sites", "good" if ready else "plain"),
            Tile("Not ready in some hours", number(known.height - ready), f"of {rows.height} sites"),
            Tile("Not known", number(rows.height - known.height), "no bandwidth, traffic or backup known",
                 "unknown" if known.height < rows.height else "plain"),
        )
    )  # fmt: skip
    worst = listing(
        known.filter(pl.col("ready_pct") < 100),
        (
            SITE, REGION, column("Backup", lambda r: circuit(r, "backup_circuit_id"), 1.4),
            column("Ready", lambda r: percent(r["ready_pct"], 1), 0.8, True),
            column("Not ready", lambda r: number(r["not_ready_hours"], 0, "h"), 0.9, True),
            column("Unknown", lambda r: number(r["unknown_hours"], 0, "h"), 0.9, True),
            column("By link speed", lambda r: number(r["link_speed_hours"], 0, "h"), 0.9, True),
            column("Backup load p95", lambda r: percent(r["backup_load_p95_pct"]), 1, True),
        ),
        MOST, "least ready first", known.height > 0, "Every backup had room in every hour of which it is known.",
        "No data: of no site it is known whether a backup had room.",
    )  # fmt: skip
    return tiles, worst


def _reading(month: Month) -> str:
    missing = month.missing_hours(month.start, month.end)
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
