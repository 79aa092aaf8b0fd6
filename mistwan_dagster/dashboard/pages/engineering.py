"""The engineering page, the first one: what is wrong now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from dash import dcc, html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import Address
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import engineering as data
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.exports import grid_href
from mistwan_dagster.dashboard.figures import distribution
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.parts import (
    Part,
    Shown,
    nothing,
    number,
    panel,
    stamp,
    table,
    tile,
    tiles,
)  # fmt: skip
from mistwan_dagster.dashboard.toolbar import toolbar

PATH = "/"
SLE_NAMES = {
    "gateway-health": "SLE gateway", "wan-link-health": "SLE WAN link", "application-health": "SLE application"
}  # fmt: skip
Counts = dict[str, Any]
DOWN = RowRequest({"circuit_state": {"filterType": "text", "type": "equals", "filter": "down"}})
FLAPPING = RowRequest(
    {
        "flap_count_24h": {
            "filterType": "number",
            "type": "greaterThanOrEqual",
            "filter": data.FLAPS_SHOWN_FROM,
        }
    },
    ({"colId": "flap_count_24h", "sort": "desc"},),
)
WORST_LOSS = RowRequest({}, ({"colId": "loss_avg_pct", "sort": "desc"},))


def _render(view: PageView) -> list[Part]:
    address, zone, published = view.address, view.zone(), view.published
    counts = data.circuit_counts(published, address.region)
    fleet = data.fleet_counts(published, view.newest, address.region)
    regions = sorted(k.removeprefix("region_") for k in fleet if k.startswith("region_"))
    head = [html.H1("Now"), toolbar(view, PATH, rows=True, regions=regions)]
    if not counts["circuits"]:
        return [*head, _no_circuit(address)]
    problems = data.problem_circuits(published, address.region)
    congested = data.congested(problems)
    lines = data.sparklines(published, congested["circuit_id"].head(address.rows).to_list(), view.newest)
    failovers = data.failovers(published, view.newest, address.region)
    hour = f"hour to {stamp(view.newest, zone)} {zone.key}"
    return [
        *head,
        *_tiles(counts, fleet, failovers),
        html.Div(
            [
                _list(
                    address, "Congested now", congested, hour,
                    (
                        col.site_column(address), col.circuit_column(address), col.ROLE, col.UTILIZATION, col.CHANGE,
                        col.COVERAGE, col.sparkline_column(lines),
                    ),
                    _all_clear(counts["measured"], "circuit", "at or above its utilization threshold"),
                    "/table/v_congested_now", wide=True,
                ),
                _list(
                    address, "Down", data.down(problems), f"last known state, times {zone.key}",
                    (
                        col.site_column(address), col.circuit_column(address), col.ROLE,
                        *col.since_columns(zone, view.newest), col.AVAILABILITY,
                    ),
                    _none_down(counts), grid_href("v_circuit_state", DOWN),
                ),
                _list(
                    address, "Quality breaches", data.quality_breaches(problems), hour,
                    (col.site_column(address), col.circuit_column(address), *col.QUALITY),
                    nothing("good", "No circuit with quality samples breaches a threshold."),
                    grid_href("v_circuit_state", WORST_LOSS),
                ),
                _list(
                    address, "Flapping", data.flapping(problems), f"from {data.FLAPS_SHOWN_FROM} transitions in 24 h",
                    (col.site_column(address), col.circuit_column(address), col.STATE, col.FLAPS, col.AVAILABILITY),
                    nothing("good", "No circuit flapped in the last 24 hours."), grid_href("v_circuit_state", FLAPPING),
                ),
                panel(
                    "Utilization of the circuits", _distribution(counts),
                    f"{hour}; {counts['measured']} of {counts['circuits']} circuits measured",
                ),
                _list(
                    address, "Failovers", failovers, "in progress, and ended within 24 h",
                    col.failover_columns(address, zone),
                    nothing("good", "No failover in progress or ended in the last 24 hours."),
                    "/table/v_failover", wide=True,
                ),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _no_circuit(address: Address) -> Part:
    if address.region:
        return nothing("narrow", f"No circuit is in the region {address.region!r}: choose another or all.")
    return nothing("no-data", "No circuit is known yet: the first collection finds them.")


def _all_clear(known: float | None, what: str, condition: str) -> Part:
    if not known:
        return nothing("no-data", f"Cannot be said: no {what} was observed in the latest hour.")
    return nothing("good", f"No {what} is {condition}.")


def _none_down(counts: Counts) -> Part:
    """Down is what is known to be down: circuits of which nothing was heard are named beside it."""
    if not counts["up"]:
        return nothing("no-data", "Cannot be said: no circuit is known to be up.")
    unheard = f" {counts['unknown']} unknown: nothing was heard of them." if counts["unknown"] else ""
    return nothing("good", f"No circuit is known to be down.{unheard}")


def _list(
    address: Address, title: str, frame: pl.DataFrame, note: str, shown: Sequence[Shown], empty: Part, more: str,
    wide: bool = False,
) -> html.Section:  # fmt: skip
    body = empty if frame.is_empty() else table(frame.head(address.rows), shown, title)
    note = f"{min(frame.height, address.rows)} of {frame.height} · {note}" if frame.height else note
    return panel(title, body, note, [dcc.Link("All rows", href=more)], wide=wide)


def _distribution(counts: Counts) -> Part:
    if not counts["measured"]:
        return nothing("no-data", "No circuit has a utilization in the latest hour.")
    bars = {f"{low}–{low + 10}": counts[f"bar_{low}"] for low in data.BINS} | {"100+": counts["bar_100"]}
    return distribution(bars, "circuits by utilization")


def _tiles(counts: Counts, fleet: dict[str, int], failovers: pl.DataFrame) -> list[Part]:
    def told(prefix: str, word: str) -> int:
        return fleet.get(f"{prefix}_{word}", 0)

    sites = sum(told("site", w) for w in ("normal", "warning", "high", "critical", "unknown"))
    lasting = failovers["end_utc"].null_count()
    circuits = counts["circuits"]
    return [
        tiles("Sites", [
            tile("Sites", number(sites), f"{told('site', 'unknown')} unknown", href="/table/v_site_now"),
            tile("Healthy", number(told("site", "normal")), "every measure below its thresholds", "normal"),
            tile("Warning", number(told("site", "warning")), "worst circuit", _if(told("site", "warning"), "warning")),
            tile("High", number(told("site", "high")), "worst circuit", _if(told("site", "high"), "high")),
            tile("Critical", number(told("site", "critical")), "worst circuit",
                 _if(told("site", "critical"), "critical")),
            tile("Failovers", number(lasting), f"in progress; {failovers.height - lasting} ended in 24 h",
                 _if(lasting, "high")),
            tile("Alerts", number(counts["alerts"]), "circuits high or critical", _if(counts["alerts"], "high")),
        ]),
        tiles("Gateways and circuits", [
            tile("Gateways on", number(told("gateway", "on")), f"{told('gateway', 'unknown')} unknown", "on",
                 "/table/v_gateway_now"),
            tile("Gateways off", number(told("gateway", "off")), "contact lost", _if(told("gateway", "off"), "off")),
            tile("Circuits up", number(counts["up"]), f"of {circuits}", "up", "/table/v_circuit_state"),
            tile("Down", number(counts["down"]), f"of {circuits}", _if(counts["down"], "down")),
            tile("Disabled", number(counts["disabled"]), f"of {circuits}", "disabled"),
            tile("Unknown", number(counts["unknown"]), "nothing heard in the latest hour", "unknown"),
            tile("Above 80 %", number(counts["above_80"]), f"of {counts['measured']} measured",
                 _if(counts["above_80"], "high")),
            tile("Average", number(counts["utilization_avg_pct"], 1, "%"), "utilization, measured circuits"),
            tile("Maximum", number(counts["utilization_max_pct"], 1, "%"), "utilization of a circuit"),
            tile("Bandwidth", number(_gigabit(counts["bandwidth_mbps"]), 2, "Gbit/s"),
                 f"down; {counts['bandwidth_unknown']} circuits unknown"),
        ]),
        tiles("Overlay, SLE and alarms", [*_path_tiles(fleet), *_sle_tiles(fleet), *_alarm_tiles(fleet)]),
    ]  # fmt: skip


def _if(count: float, state: str) -> str | None:
    return state if count else None


def _gigabit(mbps: float | None) -> float | None:
    return None if mbps is None else mbps / 1000


def _path_tiles(fleet: dict[str, int]) -> list[Part]:
    up, down, unstable, unknown = (fleet.get(f"path_{s}", 0) for s in ("up", "down", "unstable", "unknown"))
    known = up + down + unstable
    if not known + unknown:
        return [tile("VPN paths", "–", "no path sample in 24 h", "unknown")]
    return [
        tile("VPN paths", number(known + unknown), f"{unknown} unknown", href="/table/v_path_now"),
        tile("Paths up", number(up), f"{unstable} up and down within the hour", "up"),
        tile("Paths down", number(down), "whole latest hour", _if(down, "down")),
        tile("VPN health", number(100 * up / known if known else None, 1, "%"), f"up, of {known} known"),
    ]


def _sle_tiles(fleet: dict[str, int]) -> list[Part]:
    if not Published.is_collected("fact_site_sle_hour"):
        return [tile("SLE", "–", "not collected by this installation", "unknown")]
    found = []
    for metric, words in SLE_NAMES.items():
        sites, degraded = fleet.get(f"sle_{metric}_sites", 0), fleet.get(f"sle_{metric}_degraded", 0)
        value = f"{number(degraded)} degraded" if sites else "–"
        note = f"of {sites} sites (below 90 %)" if sites else "no score in the latest hour"
        found.append(tile(words, value, note, _if(degraded, "warning"), "/table/fact_site_sle_hour"))
    return found


def _alarm_tiles(fleet: dict[str, int]) -> list[Part]:
    if "alarm_all" not in fleet:
        return [tile("Alarms", "–", "not collected by this installation", "unknown")]
    critical = fleet["alarm_critical"]
    return [
        tile("Alarms", number(fleet["alarm_all"]), "seen in 24 h", href="/table/fact_alarm"),
        tile(
            "Critical alarms",
            number(critical),
            "seen in 24 h",
            _if(critical, "critical"),
            "/table/fact_alarm",
        ),
    ]


layout = page(_render)
