"""A site: its circuits side by side, failovers, outages and events. Its service levels are a page of their own."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from dash import html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import Address, region_path, site_path, sle_path
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import place
from mistwan_dagster.dashboard.figures import lines
from mistwan_dagster.dashboard.listing import all_rows, listing, of_site
from mistwan_dagster.dashboard.parts import (
    Part,
    Row,
    Shown,
    badge,
    breadcrumbs,
    choice,
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

TABS = {"site": "Circuits", "service": "SLE and VPN paths"}


def site_head(view: PageView, site: Row, tab: str) -> list[Part]:
    """Breadcrumbs, name and tabs of a site's pages."""
    address, region, name = view.address, site["region"], site["site_name"] or site["site_id"]
    paths = {"site": site_path(site["site_id"]), "service": sle_path(site["site_id"])}
    return [
        breadcrumbs(
            [
                ("Overview", address.to("/overview")),
                (region or "(none)", address.to(region_path(region)) if region else None),
                (name, None),
            ]
        ),
        html.H1(name),
        choice("Show", [(words, address.to(paths[key], by=None), key == tab) for key, words in TABS.items()]),
    ]


def _render(view: PageView, path_site: str) -> list[Part]:
    published, address = view.published, view.address
    found = place.site_row(published, path_site)
    if found.is_empty():
        return [html.H1("Site"), nothing("narrow", f"No site {path_site!r} is known: search for it by name.")]
    site = found.row(0, named=True)
    zone = view.zone(site["timezone"])
    start, end = address.span(view.newest)
    is_daily = address.is_daily(view.newest)
    circuits = place.site_circuits(published, path_site)
    steps = (place.site_days if is_daily else place.site_hours)(published, path_site, start, end)
    failovers = place.site_failovers(published, path_site, start, end)
    history = place.site_history(published, path_site, start, end)
    within, of = span_words(start, end, zone), of_site(path_site)
    drawn = [
        (title, _compared(circuits, steps, column, start, end, zone, unit, "1d" if is_daily else "1h"))
        for title, column, unit in (
            ("Utilization", "utilization_pct", "%"), ("Loss", "loss_avg_pct", "%"),
            ("Jitter", "jitter_avg_ms", "ms"), ("Latency", "latency_avg_ms", "ms"),
        )
    ]  # fmt: skip
    return [
        *site_head(view, site, "site"),
        toolbar(view, site_path(path_site), ranges=True, rows=True, site_zone=site["timezone"]),
        _tiles(site, address),
        html.Div(
            [
                panel(
                    "Circuits side by side", _circuits(circuits, address, zone, view.newest),
                    f"hour to {stamp(view.newest, zone)} {zone.key}", all_rows("Circuits", "v_circuit_state", of),
                    wide=True,
                ),
                *(panel(title, body, f"{within}, by {'UTC day' if is_daily else 'hour'}") for title, body in drawn),
                listing(
                    address, "Failover history", failovers, within,
                    col.failover_columns(address, zone, with_site=False),
                    nothing("good", f"No failover from {within}."), "v_failover", of, wide=True, by_region=False,
                ),
                listing(
                    address, "Outages", history.filter(pl.col("kind") == "outage"), within,
                    _history_columns(address, zone), nothing("good", f"No outage from {within}."), "v_outage", of,
                    by_region=False,
                ),
                listing(
                    address, "Events", history.filter(pl.col("kind") == "event"),
                    f"{within}, at most {place.MOST_EVENTS}",
                    _event_columns(address, zone), nothing("good", f"No event was told from {within}."),
                    "fact_device_event", of, by_region=False,
                ),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _tiles(site: Row, address: Address) -> html.Section:
    metrics, degraded = site["sle_metrics"], site["sle_degraded"]
    sle = (
        tile("SLE", f"{degraded} degraded", f"of {metrics} metrics; {site['sle_fresh']} fresh",
             "warning" if degraded else "normal", address.to(sle_path(site["site_id"])))
        if metrics
        else tile("SLE", "–", "no score was read yet", "unknown", address.to(sle_path(site["site_id"])))
    )  # fmt: skip
    return tiles("The site now", [
        tile("Worst circuit", badge(site["severity"]), "in the latest hour", site["severity"] or "unknown"),
        tile("Circuits up", number(site["up_count"]), f"of {site['circuit_count']}", "up"),
        tile("Down", number(site["down_count"]), "", "down" if site["down_count"] else None),
        tile("Unknown", number(site["unknown_count"]), f"{site['disabled_count']} disabled", "unknown"),
        tile("Availability 24 h", col.with_observed(site["availability_24h_pct"], site["observed_24h_pct"]),
             "all circuits pooled"),
        tile("Flaps 24 h", number(site["flap_count_24h"]), f"store type {site['store_type'] or 'unknown'}"),
        sle,
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
    circuits: pl.DataFrame, steps: pl.DataFrame, column: str, start: datetime, end: datetime, zone: ZoneInfo,
    unit: str, every: str,
) -> Part:  # fmt: skip
    if steps.is_empty() or steps[column].null_count() == steps.height:
        return nothing("no-data", "Nothing was observed in this range.")
    wide = steps.pivot("circuit_id", index="at_utc", values=column)
    names = {c: n for c, n in _names(circuits).items() if c in wide.columns}
    whole = place.gapless(wide, "at_utc", start, end, every)
    return lines(whole, "at_utc", names, zone, unit, column.replace("_", " "), height=230)


def _circuit(address: Address) -> Shown:
    def cell(row: Row) -> Part:
        return col.circuit_link(address, row["circuit_id"], None) if row["circuit_id"] else "–"

    return Shown("Circuit", cell)


def _history_columns(address: Address, zone: ZoneInfo) -> tuple[Shown, ...]:
    def lasted(row: Row) -> Part:
        if row["until_utc"] is None:
            return badge("down", "lasts")
        return duration((row["until_utc"] - row["at_utc"]).total_seconds() / 60)

    return (
        Shown(f"From ({zone.key})", lambda row: stamp(row["at_utc"], zone)),
        Shown("Kind", lambda row: row["what"]),
        _circuit(address),
        Shown("Lasted", lasted, numeric=True),
        Shown("Evidence", lambda row: row["detail"]),
    )


def _event_columns(address: Address, zone: ZoneInfo) -> tuple[Shown, ...]:
    return (
        Shown(f"At ({zone.key})", lambda row: stamp(row["at_utc"], zone)),
        Shown("Event", lambda row: html.Span([row["what"], html.Small(row["detail"] or "")])),
        _circuit(address),
    )


layout = page(_render)
