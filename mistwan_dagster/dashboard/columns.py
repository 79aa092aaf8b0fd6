"""The columns of the small tables, shared by the pages: names that lead to pages, figures with their units.

A percentage of time stands beside the share of the time that was observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dash import dcc, html

from mistwan_dagster.catalog.columns import MEASURES, QUALITY_MEASURES, value_column
from mistwan_dagster.dashboard.address import Address, circuit_path, region_path, site_path, sle_path
from mistwan_dagster.dashboard.exports import grid_href
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import condition, within
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
    return (
        text if severity in (None, "normal") else html.Span([text, " ", badge(severity)], className="measure")
    )


def measure_column_shown(name: str) -> Shown:
    """Column of one measure."""
    return Shown(name.capitalize(), lambda row: measure(name, row), numeric=True)


QUALITY = tuple(measure_column_shown(m) for m in QUALITY_MEASURES)
UTILIZATION = measure_column_shown("utilization")
COVERAGE = Shown("Observed", lambda row: percent(row["coverage_pct"]), numeric=True)
CHANGE = Shown(
    "Against 24 h before", lambda row: number(row["change_to_24h_pct"], 1, "pts", signed=True), numeric=True
)
SIGMAS = Shown("Sigmas", lambda row: number(row["change_sigmas"], 1, signed=True), numeric=True)


def _usual(row: Row) -> Part:
    change, usual = row["change_pct"], row["usual_pct"]
    if change is None:
        return html.Span([UNKNOWN, html.Small("usual not known yet")])
    text = number(change, 1, "pts", signed=True)
    parts = [text, " ", badge("warning", "worse")] if row["is_worse"] else [text]
    return html.Span([*parts, html.Small(f"usual {number(usual, 1, '%')}")])


USUAL = Shown("Against usual", _usual, numeric=True)
CHRONIC = (
    Shown("Reason", lambda row: row["chronic_reason"]),
    Shown("Bad days", lambda row: f"{row['bad_days']} of {row['observed_days']} observed", numeric=True),
    Shown("Reasons", lambda row: number(row["chronic_reasons"]), numeric=True),
)
ALARM_STATES = {"critical": "critical", "warn": "warning", "info": "info"}
FLAPS = Shown("Flaps 24\u00a0h", lambda row: number(row["flap_count_24h"]), numeric=True)


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
    "Availability 24\u00a0h",
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


def alarm_columns(region: str | None, zone: ZoneInfo) -> tuple[Shown, ...]:
    """Open alarms of a severity and type, leading to the alarms themselves."""

    def what(row: Row) -> Part:
        filters = {
            **condition("alarm_type", "equals", row["what"]), **condition("severity", "equals", row["level"]),
        }  # fmt: skip
        href = grid_href("v_open_alarm", within(RowRequest(filters), region))
        return dcc.Link(row["what"].replace("_", " "), href=href)

    return (
        Shown("Severity", lambda row: badge(ALARM_STATES.get(row["level"], "unknown"), row["level"])),
        Shown("Type", what),
        Shown("Open", lambda row: number(row["n"]), numeric=True),
        Shown("Acknowledged", lambda row: number(row["acked"]), numeric=True),
        Shown("Sites", lambda row: number(row["sites"]), numeric=True),
        Shown("Oldest", lambda row: stamp(row["since_utc"], zone)),
        Shown("Newest", lambda row: stamp(row["read_utc"], zone)),
    )


def alert_columns(address: Address, zone: ZoneInfo) -> tuple[Shown, ...]:
    """An open alert: how bad, of what, where, and since when."""

    def about(row: Row) -> Part:
        if row["site_id"] is None:
            return row["site_name"]
        return dcc.Link(row["site_name"], href=address.to(site_path(row["site_id"]), region=None))

    def severity(row: Row) -> Part:
        return html.Span([badge(row["level"]), *([html.Small(" in maintenance")] if row["silenced"] else [])])

    return (
        Shown("Severity", severity),
        Shown("Rule", lambda row: row["what"].replace("_", " ")),
        Shown("About", about),
        Shown("Region", lambda row: row["region"] or ""),
        Shown("Circuits", lambda row: number(row["n"]), numeric=True),
        Shown("Since", lambda row: stamp(row["since_utc"], zone)),
        Shown("Opened", lambda row: stamp(row["read_utc"], zone)),
    )


def score(value: float | None) -> str:
    """An SLE score as a percentage."""
    return percent(None if value is None else 100 * value, 1)


def sle_columns(address: Address, zone: ZoneInfo) -> tuple[Shown, ...]:
    """A degraded site and metric: score, its hour, and how old the deep-dive into it is."""

    def cell(row: Row) -> Part:
        return dcc.Link(
            row["site_name"] or row["site_id"], href=address.to(sle_path(row["site_id"]), region=None)
        )

    return (
        Shown("Site", cell),
        region_column(address),
        Shown("Metric", lambda row: row["what"]),
        Shown("Score", lambda row: score(row["n"]), numeric=True),
        Shown("Hour", lambda row: stamp(row["since_utc"], zone)),
        Shown(
            "Deep-dive",
            lambda row: html.Span([badge(row["level"]), html.Small(stamp(row["read_utc"], zone))]),
        ),
    )


def failover_columns(address: Address, zone: ZoneInfo, with_site: bool = True) -> tuple[Shown, ...]:
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
        *([site_column(address)] if with_site else []),
        Shown(f"From ({zone.key})", lambda row: stamp(row["start_utc"], zone)),
        Shown("To", ended),
        Shown("Lasted", lambda row: duration(row["duration_minutes"]), numeric=True),
        Shown("Cause", lambda row: (row["cause"] or "unknown").replace("_", " ")),
        Shown("Primary", lambda row: circuit_link(address, row["from_circuit_id"], row["from_provider"])),
        Shown("Backup", lambda row: circuit_link(address, row["to_circuit_id"], row["to_provider"])),
        *(quality(m) for m in QUALITY_MEASURES),
    )
