"""The columns of the small tables, shared by the pages: names that lead to pages, figures with their units.

A percentage of time stands beside the share of the time that was observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dash import dcc, html

from mistwan_dagster.catalog.columns import MEASURES, QUALITY_MEASURES, value_column
from mistwan_dagster.dashboard.address import Address, circuit_path, region_path, site_path
from mistwan_dagster.dashboard.parts import (
    UNKNOWN,
    Part,
    Row,
    Shown,
    badge,
    duration,
    number,
    percent,
    sparkline,
    stamp,
)  # fmt: skip

DIGITS = {"utilization": 1, "loss": 2, "jitter": 1, "latency": 1}
UNITS = {"pct": "%", "ms": "ms"}


def site_column(address: Address) -> Shown:
    """Name of the site, leading to its page."""

    def cell(row: Row) -> Part:
        return dcc.Link(
            row["site_name"] or row["site_id"], href=address.to(site_path(row["site_id"]), region=None)
        )

    return Shown("Site", cell)


def region_column(address: Address) -> Shown:
    """The region, leading to its page."""

    def cell(row: Row) -> Part:
        region = row["region"]
        return dcc.Link(region, href=address.to(region_path(region), region=None)) if region else UNKNOWN

    return Shown("Region", cell)


def circuit_link(address: Address, circuit_id: str, words: str | None) -> Part:
    """A circuit by its provider or name with its port below, or by its port alone."""
    port = circuit_id.partition(":")[2] or circuit_id
    return dcc.Link(
        [words, html.Small(port)] if words else port,
        href=address.to(circuit_path(circuit_id), region=None),
        title=circuit_id,
        className="circuit-link",
    )


def circuit_column(address: Address) -> Shown:
    """Provider and port, leading to the circuit's page."""
    return Shown(
        "Circuit",
        lambda row: circuit_link(address, row["circuit_id"], row.get("provider") or row.get("wan_name")),
    )


ROLE = Shown("Role", lambda row: row["role"] or UNKNOWN)
STATE = Shown("State", lambda row: badge(row["circuit_state"]))


def measure(name: str, row: Row) -> Part:
    """The hour's value of a measure with the level that it reaches; normal has no badge."""
    value, unit = row[value_column(name)], UNITS[MEASURES[name][0]]
    severity = row.get(f"{name}_severity")
    text = number(value, DIGITS[name], unit)
    return text if severity in (None, "normal") else html.Span([text, " ", badge(severity)])


def measure_column_shown(name: str) -> Shown:
    """Column of one measure."""
    return Shown(name.capitalize(), lambda row: measure(name, row), numeric=True)


QUALITY = tuple(measure_column_shown(m) for m in QUALITY_MEASURES)
UTILIZATION = measure_column_shown("utilization")
COVERAGE = Shown("Observed", lambda row: percent(row["coverage_pct"]), numeric=True)
CHANGE = Shown(
    "Against 24 h before", lambda row: number(row["change_to_24h_pct"], 1, "pts", signed=True), numeric=True
)
FLAPS = Shown("Flaps 24 h", lambda row: number(row["flap_count_24h"]), numeric=True)


def observed_24h(row: Row) -> float | None:
    """Share of the last 24 hours in which the link's state was known."""
    minutes = [row[f"{name}_minutes_24h"] for name in ("up", "down", "unknown")]
    if None in minutes or not sum(minutes):
        return None
    return 100 * (minutes[0] + minutes[1]) / sum(minutes)


def with_observed(value: float | None, observed: float | None, digits: int = 2) -> Part:
    """A percentage of time and, small beside it, how much of the time was observed."""
    return html.Span([percent(value, digits), html.Small(f"of {percent(observed)} observed")])


AVAILABILITY = Shown(
    "Availability 24 h",
    lambda row: with_observed(row["availability_24h_pct"], observed_24h(row)),
    numeric=True,
)


def sparkline_column(lines: Mapping[str, Sequence[float | None]]) -> Shown:
    """Utilization of the last 24 hours."""
    return Shown(
        "Last 24 h", lambda row: sparkline(lines.get(row["circuit_id"], ()), "utilization of the last 24 h")
    )


def since_columns(zone: ZoneInfo, newest: datetime) -> tuple[Shown, Shown]:
    """Since when a circuit is down, in the zone that the panel's note tells, and for how long by `newest`."""

    def length(row: Row) -> str:
        since = row["down_since_utc"]
        return UNKNOWN if since is None else duration(max(0.0, (newest - since).total_seconds() / 60))

    return (
        Shown("Down since", lambda row: stamp(row["down_since_utc"], zone)),
        Shown("For", length, numeric=True),
    )


def failover_columns(address: Address, zone: ZoneInfo) -> tuple[Shown, ...]:
    """A failover: when, from and to, why, and the quality meanwhile beside the primary's of the day before."""

    def ended(row: Row) -> Part:
        return stamp(row["end_utc"], zone) if row["end_utc"] else badge("high", "in progress")

    def quality(name: str) -> Shown:
        column, unit = value_column(name), UNITS[MEASURES[name][0]]

        def cell(row: Row) -> Part:
            before = number(row[f"primary_{column}"], DIGITS[name], unit)
            return html.Span([number(row[column], DIGITS[name], unit), html.Small(f"primary {before}")])

        return Shown(name.capitalize(), cell, numeric=True)

    return (
        site_column(address),
        Shown(f"From ({zone.key})", lambda row: stamp(row["start_utc"], zone)),
        Shown("To", ended),
        Shown("Lasted", lambda row: duration(row["duration_minutes"]), numeric=True),
        Shown("Cause", lambda row: (row["cause"] or "unknown").replace("_", " ")),
        Shown("Primary", lambda row: circuit_link(address, row["from_circuit_id"], row["from_provider"])),
        Shown("Backup", lambda row: circuit_link(address, row["to_circuit_id"], row["to_provider"])),
        *(quality(m) for m in QUALITY_MEASURES),
    )
