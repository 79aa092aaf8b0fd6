"""The columns of the overview's tables: regions, top and chronic offenders, backups, providers."""

from __future__ import annotations

import polars as pl
from dash import html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import Address
from mistwan_dagster.dashboard.parts import UNKNOWN, Part, Row, Shown, badge, duration, number, percent, stamp
from mistwan_dagster.dashboard.parts import UTC as UTC_ZONE

FIGURES = {"hours": ("h", 0), "pct": ("%", 1), "ms": ("ms", 1), "count": ("", 0)}


def figure(title: str, column: str, digits: int, unit: str) -> Shown:
    """A plain figure; null is a dash."""
    return Shown(title, lambda row: number(row[column], digits, unit), numeric=True)


def observed(row: Row) -> float | None:
    """Share of the time whose state is known."""
    known = [row[f"{name}_minutes"] for name in ("up", "down", "unknown")]
    return None if None in known or not sum(known) else 100 * (known[0] + known[1]) / sum(known)


def availability(target: float, digits: int, column: str = "availability_pct") -> Shown:
    """Availability with its coverage; below the target is marked by icon and word."""

    def cell(row: Row) -> Part:
        value = row[column]
        shown = col.with_observed(value, observed(row), digits)
        return (
            shown
            if value is None or value >= target
            else html.Span([badge("down", "below target"), " ", shown])
        )

    return Shown("Availability", cell, numeric=True)


def region_columns(address: Address, target: float) -> tuple[Shown, ...]:
    """A region now, and what has changed."""

    def against(column: str, digits: int) -> Shown:
        def cell(row: Row) -> Part:
            now, week, months = (row[p + column] for p in ("", "week_before_", "months_"))
            change = UNKNOWN if None in (now, week) else number(now - week, digits, signed=True)
            return html.Span([change, html.Small(f"13 months {number(months, digits)}")])

        return Shown("vs week before", cell, numeric=True)

    return (
        col.region_column(address),
        figure("Circuits", "circuit_count", 0, ""),
        availability(target, 3),
        against("availability_pct", 3),
        figure("Utilization", "utilization_avg_pct", 1, "%"),
        against("utilization_avg_pct", 1),
        figure("p95", "utilization_p95_pct", 1, "%"),
        figure("Loss", "loss_avg_pct", 2, "%"),
        figure("Latency", "latency_avg_ms", 1, "ms"),
        figure("Flaps", "flap_count", 0, ""),
    )


def is_bad(measure: str, target: float) -> pl.Expr:
    """Whether a ranked value is anything to complain of; being ranked alone is not."""
    if measure == "availability_pct":
        return pl.col("value") < target
    return pl.col("value") > 0


def top_columns(address: Address, measure: str) -> tuple[Shown, ...]:
    """A ranked circuit with its figure and what it rests on."""

    def value(row: Row) -> str:
        if measure.endswith("_minutes"):
            return duration(row["value"])
        unit, digits = FIGURES[measure.rpartition("_")[2]]
        return (
            percent(row["value"], 2) if measure == "availability_pct" else number(row["value"], digits, unit)
        )

    return (
        Shown("Rank", lambda row: number(row["place"]), numeric=True),
        col.site_column(address), col.region_column(address), col.circuit_column(address), col.ROLE,
        Shown(measure.replace("_", " ").removesuffix(" pct").capitalize(), value, numeric=True),
        figure("Observed", "observed", 0, "h"),
    )  # fmt: skip


def chronic_columns(address: Address) -> tuple[Shown, ...]:
    """A chronic offender: why, and on how many of the days of which it can be said."""
    return (
        col.site_column(address), col.circuit_column(address), Shown("Reason", lambda row: row["what"]),
        Shown("Bad days", lambda row: f"{row['value']:.0f} of {row['observed']} observed", numeric=True),
        Shown("Last (UTC)", lambda row: stamp(row["start_utc"], UTC_ZONE)[:6]),
    )  # fmt: skip


def readiness_columns(address: Address) -> tuple[Shown, ...]:
    """How often a site's backup could have carried it."""

    def backup(row: Row) -> Part:
        circuit = row["backup_circuit_id"]
        return col.circuit_link(address, circuit, row["provider"]) if circuit else "no backup known"

    def ready(row: Row) -> Part:
        known = row["ready_hours"] + row["not_ready_hours"]
        share = 100 * known / row["total_hours"] if row["total_hours"] else None
        return html.Span([percent(row["ready_pct"], 1), html.Small(f"of {percent(share)} known")])

    return (
        col.site_column(address), Shown("Backup", backup), Shown("Ready", ready, numeric=True),
        figure("Not ready", "not_ready_hours", 0, "h"),
        figure("Backup load p95", "backup_load_p95_pct", 0, "%"),
    )  # fmt: skip


def provider_columns(target: float) -> tuple[Shown, ...]:
    """A provider's month."""

    def outages(row: Row) -> Part:
        still = row["outage_open_count"]
        return html.Span([number(row["outage_count"]), html.Small(f"{still} last" if still else "")])

    return (
        Shown("Provider", lambda row: row["provider"]),
        figure("Circuits", "circuit_count", 0, ""),
        figure("Sites", "site_count", 0, ""),
        availability(target, 3),
        Shown("With reachability", lambda row: percent(row["service_availability_pct"], 3), numeric=True),
        Shown("Outages", outages, numeric=True),
        Shown("Restored in", lambda row: html.Span([duration(row["restore_median_minutes"]), html.Small("median")]),
              numeric=True),
        figure("Flaps", "flap_count", 0, ""), figure("Loss", "loss_avg_pct", 2, "%"),
        figure("Jitter", "jitter_avg_ms", 1, "ms"), figure("Latency", "latency_avg_ms", 1, "ms"),
        figure("Incidents", "incident_count", 0, ""),
    )  # fmt: skip
