"""The figures at the top of the engineering page: each with what it is of, its state, and where it leads.

Belongs here: which figure is shown how. Does not belong here: counting (`data.fleet`).
"""

from __future__ import annotations

from dash import html

from mistwan_dagster.dashboard.data.fleet import Counts
from mistwan_dagster.dashboard.exports import grid_href
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import condition, within
from mistwan_dagster.dashboard.parts import Part, number, percent, tile, tiles

SLE_NAMES = {
    "gateway-health": "SLE gateway",
    "wan-link-health": "SLE WAN",
    "application-health": "SLE application",
}
DEGRADED = RowRequest(condition("is_degraded", "equals", "true"), ({"colId": "score", "sort": "asc"},))


def fleet_tiles(
    counts: Counts, failovers_now: int, failovers_ended: int, region: str | None
) -> list[html.Section]:
    """Three rows of tiles: sites; gateways and circuits; overlay, SLE and alarms."""
    return [
        tiles("Sites", _sites(counts, failovers_now, failovers_ended, region)),
        tiles("Gateways and circuits", _circuits(counts, region)),
        tiles("Overlay, SLE and alarms", [*_paths(counts, region), *_sle(counts), *_alarms(counts, region)]),
    ]


def _rows(name: str, region: str | None, column: str = "", value: str = "") -> str:
    request = RowRequest(condition(column, "equals", value)) if column else RowRequest()
    return grid_href(name, within(request, region))


def _if(count: float | None, state: str) -> str | None:
    return state if count else None


def _sites(counts: Counts, now: int, ended: int, region: str | None) -> list[Part]:
    def count(word: str) -> float:
        return counts.get(f"site_{word}") or 0

    def one(label: str, word: str, note: str) -> Part:
        href = _rows("v_site_now", region, "severity", word)
        return tile(
            label, number(count(word)), note, word if word == "normal" else _if(count(word), word), href
        )

    total = sum(count(w) for w in ("normal", "warning", "high", "critical", "unknown"))
    alerts = RowRequest({"severity": {
        "filterType": "text", "operator": "OR",
        "conditions": [{"type": "equals", "filter": w} for w in ("high", "critical")],
    }})  # fmt: skip
    return [
        tile("Sites", number(total), f"{number(count('unknown'))} unknown", href=_rows("v_site_now", region)),
        one("Healthy", "normal", "every measure below its thresholds"),
        one("Warning", "warning", "by their worst circuit"),
        one("High", "high", "by their worst circuit"),
        one("Critical", "critical", "by their worst circuit"),
        tile("Failovers", number(now), f"in progress; {ended} ended in 24 h", _if(now, "high"),
             _rows("v_failover", region)),
        tile("Alerts", number(counts["alerts"]), "circuits high or critical", _if(counts["alerts"], "high"),
             grid_href("v_circuit_state", within(alerts, region))),
    ]  # fmt: skip


def _circuits(counts: Counts, region: str | None) -> list[Part]:
    def circuits(word: str) -> str:
        return _rows("v_circuit_state", region, "circuit_state", word)

    def count(word: str) -> float | None:
        return counts[f"circuit_{word}"]

    def gateways(word: str) -> float:
        return counts.get(f"gateway_{word}") or 0

    def gateway_rows(word: str) -> str:
        return _rows("v_gateway_now", region, "gateway_state", word)

    of, mbps = f"of {number(counts['circuits'])}", counts["bandwidth_mbps"]
    above = RowRequest(condition("utilization_pct", "greaterThanOrEqual", 80, "number"))
    return [
        tile("Gateways on", number(gateways("on")), f"{number(gateways('unknown'))} unknown", "on",
             gateway_rows("on")),
        tile("Gateways off", number(gateways("off")), "contact lost", _if(gateways("off"), "off"),
             gateway_rows("off")),
        tile("Circuits up", number(count("up")), of, "up", circuits("up")),
        tile("Circuits down", number(count("down")), of, _if(count("down"), "down"), circuits("down")),
        tile("Disabled", number(count("disabled")), of, "disabled", circuits("disabled")),
        tile("Unknown", number(count("unknown")), "nothing heard in the latest hour", "unknown", circuits("unknown")),
        tile("Above 80 %", number(counts["above_80"]), f"of {number(counts['measured'])} measured",
             _if(counts["above_80"], "high"), grid_href("v_circuit_state", within(above, region))),
        tile("Average", number(counts["utilization_avg_pct"], 1, "%"), "utilization, measured circuits"),
        tile("Maximum", number(counts["utilization_max_pct"], 1, "%"), "utilization of a circuit"),
        tile("Bandwidth", number(None if mbps is None else mbps / 1000, 1, "Gbit/s"),
             f"down; {number(counts['bandwidth_unknown'])} circuits unknown"),
    ]  # fmt: skip


def _paths(counts: Counts, region: str | None) -> list[Part]:
    up, down, unstable, unknown = (
        counts.get(f"path_{s}") or 0 for s in ("up", "down", "unstable", "unknown")
    )
    known = up + down + unstable
    if not known + unknown:
        none = "no path sample in 24 h"
        return [
            tile(words, "–", none, "unknown") for words in ("VPN peers", "VPN up", "VPN down", "VPN health")
        ]
    return [
        tile("VPN peers", number(known + unknown), f"paths; {number(unknown)} unknown",
             href=_rows("v_path_now", region)),
        tile("VPN up", number(up), f"{number(unstable)} up and down within the hour", "up",
             _rows("v_path_now", region, "path_state", "up")),
        tile("VPN down", number(down), "the whole latest hour", _if(down, "down"),
             _rows("v_path_now", region, "path_state", "down")),
        tile("VPN health", percent(100 * up / known if known else None, 1), f"up, of {number(known)} known"),
    ]  # fmt: skip


def _sle(counts: Counts) -> list[Part]:
    found, degraded = [], 0.0
    for metric, words in SLE_NAMES.items():
        sites, bad = counts.get(f"sle_{metric}_known") or 0, counts.get(f"sle_{metric}_degraded") or 0
        score = counts.get(f"sle_{metric}_score")
        degraded += bad
        note = (
            f"mean score; {number(bad)} of {number(sites)} sites degraded" if sites else "no score read yet"
        )
        rows = RowRequest(condition("metric", "equals", metric), ({"colId": "score", "sort": "asc"},))
        found.append(tile(words, percent(None if score is None else 100 * score, 1), note,
                          _if(bad, "warning") if sites else "unknown", grid_href("sle_coverage", rows)))  # fmt: skip
    read = ", ".join(
        f"{number(counts.get(f'sle_state_{s}') or 0)} {s}" for s in ("fresh", "stale", "missing")
    )
    is_known = any(counts.get(f"sle_{metric}_known") for metric in SLE_NAMES)
    value, state = (number(degraded), _if(degraded, "warning")) if is_known else ("–", "unknown")
    note = f"sites times metrics; deep-dive {read}"
    return [*found, tile("SLE degraded", value, note, state, grid_href("sle_coverage", DEGRADED))]


def _alarms(counts: Counts, region: str | None) -> list[Part]:
    if not counts["alarm_read"]:
        return [
            tile(words, "–", "no alarm was read yet", "unknown") for words in ("Alarms", "Critical alarms")
        ]
    critical = counts["alarm_critical"]
    return [
        tile("Alarms", number(counts["alarm_open"]), "open when last read", href=_rows("v_open_alarm", region)),
        tile("Critical alarms", number(critical), "open when last read", _if(critical, "critical"),
             _rows("v_open_alarm", region, "severity", "critical")),
    ]  # fmt: skip
