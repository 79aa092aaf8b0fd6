"""A site: its circuits side by side, overlay paths, failovers, outages and events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from dash import html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import Address, region_path, site_path
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import place
from mistwan_dagster.dashboard.figures import lines
from mistwan_dagster.dashboard.parts import (
    Part,
    Row,
    Shown,
    badge,
    breadcrumbs,
    duration,
    nothing,
    number,
    panel,
    span_words,
    stamp,
    table,
    tile,
    tiles,
)  # fmt: skip
from mistwan_dagster.dashboard.toolbar import toolbar

KIND_STATES = {"outage": "critical", "failover": "high"}


def _render(view: PageView, path_site: str) -> list[Part]:
    published, address = view.published, view.address
    found = place.site_row(published, path_site)
    if found.is_empty():
        return [html.H1("Site"), nothing("narrow", f"No site {path_site!r} is known: search for it by name.")]
    site = found.row(0, named=True)
    zone = view.zone(site["timezone"])
    start, end = address.span(view.newest)
    circuits = place.site_circuits(published, path_site)
    hours = place.site_hours(published, path_site, start, end)
    paths = place.site_paths(published, path_site)
    history = place.site_history(published, path_site, start, end)
    region = site["region"]
    within = span_words(start, end, zone)
    return [
        breadcrumbs(
            [
                ("Overview", address.to("/overview")),
                (region or "(none)", address.to(region_path(region)) if region else None),
                (site["site_name"] or path_site, None),
            ]
        ),
        html.H1(site["site_name"] or path_site),
        toolbar(view, site_path(path_site), ranges=True, site_zone=site["timezone"]),
        _tiles(site),
        html.Div(
            [
                panel(
                    "Circuits side by side", _circuits(circuits, address, zone, view.newest),
                    f"hour to {stamp(view.newest, zone)} {zone.key}", wide=True,
                ),
                *(
                    panel(title, _compared(circuits, hours, column, start, end, zone, unit), within)
                    for title, column, unit in (
                        ("Utilization", "utilization_pct", "%"), ("Loss", "loss_avg_pct", "%"),
                        ("Jitter", "jitter_avg_ms", "ms"), ("Latency", "latency_avg_ms", "ms"),
                    )
                ),
                panel("VPN paths", _paths(paths, address, zone), "latest hour with path samples", wide=True),
                panel(
                    "Events, outages and failovers", _history(history, address, zone, within),
                    f"{within}; {history.height} shown, at most {place.MOST_EVENTS}", wide=True,
                ),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _tiles(site: Row) -> html.Section:
    return tiles("The site now", [
        tile("Worst circuit", badge(site["severity"]), "in the latest hour", site["severity"] or "unknown"),
        tile("Circuits up", number(site["up_count"]), f"of {site['circuit_count']}", "up"),
        tile("Down", number(site["down_count"]), "", "down" if site["down_count"] else None),
        tile("Unknown", number(site["unknown_count"]), f"{site['disabled_count']} disabled", "unknown"),
        tile("Availability 24 h", col.with_observed(site["availability_24h_pct"], site["observed_24h_pct"]),
             "all circuits pooled"),
        tile("Flaps 24 h", number(site["flap_count_24h"]), f"store type {site['store_type'] or 'unknown'}"),
    ])  # fmt: skip


def _circuits(circuits: pl.DataFrame, address: Address, zone: ZoneInfo, newest: datetime) -> Part:
    if circuits.is_empty():
        return nothing("no-data", "No circuit of this site is known.")
    active = Shown(
        "Carries traffic", lambda row: {True: "yes", False: "no", None: "unknown"}[row["active_state"]]
    )
    bandwidth = Shown(
        "Bandwidth",
        lambda row: html.Span(
            [
                f"{number(row['bandwidth_down_mbps'])} / {number(row['bandwidth_up_mbps'])} Mbit/s",
                html.Small(f"from {row['bandwidth_source']}" if row["bandwidth_source"] else "unknown"),
            ]
        ),
        numeric=True,
    )
    shown = (
        col.circuit_column(address), col.ROLE, col.STATE, active, col.UTILIZATION, *col.QUALITY, col.AVAILABILITY,
        col.FLAPS, col.since_columns(zone, newest)[0], bandwidth, col.COVERAGE,
    )  # fmt: skip
    return table(circuits, shown, "Circuits of the site")


def _names(circuits: pl.DataFrame) -> dict[str, str]:
    return {
        row[
            "circuit_id"
        ]: f"{row['provider'] or row['wan_name'] or '?'} {row['circuit_id'].partition(':')[2]}"
        for row in circuits.iter_rows(named=True)
    }


def _compared(
    circuits: pl.DataFrame, hours: pl.DataFrame, column: str, start: datetime, end: datetime, zone: ZoneInfo, unit: str
) -> Part:  # fmt: skip
    if hours.is_empty() or hours[column].null_count() == hours.height:
        return nothing("no-data", "Nothing was observed in this range.")
    wide = hours.pivot("circuit_id", index="hour_utc", values=column)
    names = {c: n for c, n in _names(circuits).items() if c in wide.columns}
    whole = place.gapless(wide, "hour_utc", start, end, "1h")
    return lines(whole, "hour_utc", names, zone, unit, column.replace("_", " "), height=230)


def _paths(paths: pl.DataFrame, address: Address, zone: ZoneInfo) -> Part:
    if paths.is_empty():
        return nothing(
            "no-data", "No path sample: the site has no overlay path, or only history was collected."
        )
    figures: Sequence[tuple[str, str, int, str]] = (
        ("Loss", "loss_avg_pct", 2, "%"), ("Jitter", "jitter_avg_ms", 1, "ms"), ("Latency", "latency_avg_ms", 1, "ms"),
        ("MOS", "mos_avg", 2, ""), ("Up", "up_pct", 0, "%"), ("Samples", "sample_count", 0, ""),
    )  # fmt: skip

    def figure(title: str, column: str, digits: int, unit: str) -> Shown:
        return Shown(title, lambda row: number(row[column], digits, unit), numeric=True)

    def circuit(row: Row) -> Part:
        known = row["circuit_id"]
        return col.circuit_link(address, known, None) if known else row["port_id"]

    shown = (
        Shown("Peer", lambda row: row["peer_router_name"] or row["peer_mac"]),
        Shown("VPN", lambda row: row["vpn_name"] or "–"),
        Shown("Circuit", circuit),
        Shown("State", lambda row: badge(row["path_state"])),
        *(figure(*f) for f in figures),
        Shown(f"Hour ({zone.key})", lambda row: stamp(row["hour_utc"], zone)),
    )
    return table(paths, shown, "VPN paths of the site")


def _history(history: pl.DataFrame, address: Address, zone: ZoneInfo, within: str) -> Part:
    if history.is_empty():
        return nothing("good", f"No event, outage or failover from {within}.")

    def lasted(row: Row) -> Part:
        if row["kind"] == "event":
            return ""
        if row["until_utc"] is None:
            return badge("high", "lasts")
        return duration((row["until_utc"] - row["at_utc"]).total_seconds() / 60)

    def kind(row: Row) -> Part:
        word = row["kind"]
        return badge(KIND_STATES[word], word) if word in KIND_STATES else word

    def detail(row: Row) -> str:
        if row["kind"] == "failover":
            return f"to {row['detail']}"
        return f"evidence: {row['detail']}" if row["kind"] == "outage" else row["detail"] or ""

    shown = (
        Shown(f"At ({zone.key})", lambda row: stamp(row["at_utc"], zone)),
        Shown("Kind", kind),
        Shown("What", lambda row: row["what"].replace("_", " ") if row["kind"] != "event" else row["what"]),
        Shown(
            "Circuit",
            lambda row: col.circuit_link(address, row["circuit_id"], None) if row["circuit_id"] else "–",
        ),
        Shown("Lasted", lasted, numeric=True),
        Shown("Detail", detail),
    )
    return table(history, shown, "Events, outages and failovers")


layout = page(_render)
