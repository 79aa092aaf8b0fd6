"""Sections of the monthly report. Belongs here: what a section tells, in which words. Does not belong here: asking."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from mistwan_dagster.reporting.asking import Rules
from mistwan_dagster.reporting.columns import CIRCUIT, REGION, ROLE, SITE, Row, against, observed
from mistwan_dagster.reporting.document import (
    Block,
    Statement,
    Tile,
    Tiles,
    circuit,
    column,
    listing,
    stamp,
)
from mistwan_dagster.reporting.monthly_data import Month
from mistwan_dagster.wording import UNKNOWN, counted, duration, number, percent

MOST = 10
NO_MONTH = "No data: this month was not computed."
OFFENCES: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("Longest down", "down_minutes", duration),
    ("Most hours congested", "utilization_warning_hours", lambda v: number(v, 0, "h")),
    ("Most hours of loss", "loss_warning_hours", lambda v: number(v, 0, "h")),
    ("Most link transitions", "flap_count", number),
)
"""Title, figure, and how it is written."""


def change(now: float | None, before: float | None, digits: int) -> str:
    """What a figure gained since another."""
    return UNKNOWN if now is None or before is None else number(now - before, digits, signed=True)


def providers(month: Month, rules: Rules) -> Block:
    """The scorecards of the month."""
    before = dict(month.providers_before.select("provider", "availability_pct").iter_rows())

    def lasting(row: Row) -> str:
        still = row["outage_open_count"]
        return f"{number(row['outage_count'])}{f' ({still} last)' if still else ''}"

    return listing(
        month.providers,
        (
            column("Provider", lambda r: r["provider"], 1.5),
            column("Circuits", lambda r: number(r["circuit_count"]), 0.8, True),
            column("Availability", lambda r: against(r["availability_pct"], rules.target_pct), 1.2, True),
            column("Change", lambda r: change(r["availability_pct"], before.get(r["provider"]), 3), 0.9, True),
            column("Observed", lambda r: observed(r, month.whole_gaps), 0.9, True),
            column("With reachability", lambda r: percent(r["service_availability_pct"], 3), 1.1, True),
            column("Outages", lasting, 0.9, True),
            column("Restored in (median)", lambda r: duration(r["restore_median_minutes"]), 1.1, True),
            column("Loss", lambda r: number(r["loss_avg_pct"], 2, "%"), 0.8, True),
            column("Latency", lambda r: number(r["latency_avg_ms"], 1, "ms"), 0.9, True),
            column("Incidents", lambda r: number(r["incident_count"]), 0.8, True),
        ),
        200, "lowest availability first", False, "", "No data: no provider has a scorecard of this month.",
    )  # fmt: skip


def incidents(month: Month) -> Block:
    """Carrier incidents that began in the month."""

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


def offenders(month: Month) -> list[Block]:
    """The worst circuits by each of OFFENCES."""
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
                    SITE, REGION, CIRCUIT, ROLE,
                    column(title, _written(figure, words), 1.2, True),
                    column("Availability", lambda r: percent(r["availability_pct"], 3), 1.0, True),
                    column("Observed", lambda r: observed(r, month.whole_gaps), 0.9, True),
                ),
                MOST, "the worst first", bool(known), f"{title}: no circuit.", f"{title}: no data.",
                f"{title}: {counted(rows.height, 'circuit')} of {known:,} of which it is known",
            )
        )  # fmt: skip
    return found


def _written(figure: str, words: Callable[[float | None], str]) -> Callable[[Row], str]:
    return lambda row: words(row[figure])


def readiness(month: Month) -> tuple[Block, ...]:
    """How often the backups could have carried their sites."""
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
