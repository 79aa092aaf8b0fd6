"""The engineering page, the first one: what is wrong now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from dash import html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import Address
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import engineering as data
from mistwan_dagster.dashboard.data import signals
from mistwan_dagster.dashboard.data.fleet import BINS, Counts, fleet_counts
from mistwan_dagster.dashboard.figures import bars
from mistwan_dagster.dashboard.fleet_tiles import DEGRADED, fleet_tiles
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import condition, listing
from mistwan_dagster.dashboard.parts import Part, nothing, panel, stamp
from mistwan_dagster.dashboard.toolbar import toolbar

PATH = "/"
DOWN = RowRequest(condition("circuit_state", "equals", "down"))
WORSE = RowRequest(condition("is_worse", "equals", "true"), ({"colId": "change_pct", "sort": "desc"},))
FLAPPING = RowRequest(
    condition("flap_count_24h", "greaterThanOrEqual", data.FLAPS_SHOWN_FROM, "number"),
    ({"colId": "flap_count_24h", "sort": "desc"},),
)
WORST_LOSS = RowRequest({}, ({"colId": "loss_avg_pct", "sort": "desc"},))
CHRONIC = RowRequest({}, ({"colId": "as_of_utc", "sort": "desc"}, {"colId": "bad_days", "sort": "desc"}))


def _render(view: PageView) -> list[Part]:
    address, published = view.address, view.published
    counts = fleet_counts(published, view.newest, address.region)
    regions = sorted(k.removeprefix("region_") for k in counts if k.startswith("region_"))
    head = [html.H1("Now"), toolbar(view, PATH, rows=True, regions=regions)]
    if not counts["circuits"]:
        return [*head, _no_circuit(address)]
    problems = data.problem_circuits(published, address.region)
    congested, worse = data.congested(problems), data.worse(problems)
    shown = pl.concat([congested["circuit_id"].head(address.rows), worse["circuit_id"].head(address.rows)])
    lines = data.sparklines(published, shown.unique().to_list(), view.newest)
    failovers = data.failovers(published, view.newest, address.region)
    found = signals.signals(published, address.region)
    lasting = failovers["end_utc"].null_count()
    return [
        *head,
        *fleet_tiles(counts, lasting, failovers.height - lasting, address.region),
        html.Div(
            [
                _alerts(view, found),
                *_circuit_lists(view, counts, problems, lines),
                _alarms(view, found, counts),
                _degraded(view, found, counts),
                panel(
                    "Utilization of the circuits", _distribution(counts),
                    f"{_hour(view)}; {counts['measured']:.0f} of {counts['circuits']:.0f} circuits measured",
                ),
                listing(
                    address, "Failovers", failovers, f"in progress, and ended within 24 h, times {view.zone().key}",
                    col.failover_columns(address, view.zone()),
                    nothing("good", "No failover in progress or ended in the last 24 hours."), "v_failover", wide=True,
                ),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _hour(view: PageView) -> str:
    return f"hour to {stamp(view.newest, view.zone())} {view.zone().key}"


def _circuit_lists(
    view: PageView, counts: Counts, problems: pl.DataFrame, lines: dict[str, list[float | None]]
) -> list[Part]:
    """Congested, worse, down, quality, flapping, chronic."""
    address, zone, hour = view.address, view.zone(), _hour(view)
    site, circuit, sparkline = (
        col.site_column(address), col.circuit_column(address), col.sparkline_column(lines),
    )  # fmt: skip
    return [
        listing(
            address, "Congested now", data.congested(problems), hour,
            (site, circuit, col.ROLE, col.UTILIZATION, col.USUAL, col.CHANGE, col.COVERAGE, sparkline),
            _all_clear(counts["measured"], "circuit", "at or above its utilization threshold"),
            "v_congested_now", wide=True,
        ),
        listing(
            address, "Getting worse", data.worse(problems), f"against the same hour of the weeks before; {hour}",
            (site, circuit, col.UTILIZATION, col.USUAL, col.SIGMAS, sparkline), _none_worse(counts),
            "rpt_congestion_now", WORSE,
        ),
        listing(
            address, "Down", data.down(problems), f"last known state, times {zone.key}",
            (site, circuit, col.ROLE, *col.since_columns(zone, view.newest), col.AVAILABILITY),
            _none_down(counts), "v_circuit_state", DOWN,
        ),
        listing(
            address, "Quality breaches", data.quality_breaches(problems), hour, (site, circuit, *col.QUALITY),
            nothing("good", "No circuit with quality samples breaches a threshold."), "v_circuit_state", WORST_LOSS,
        ),
        listing(
            address, "Flapping", data.flapping(problems), f"from {data.FLAPS_SHOWN_FROM} transitions in 24 h",
            (site, circuit, col.STATE, col.FLAPS, col.AVAILABILITY),
            nothing("good", "No circuit flapped in the last 24 hours."), "v_circuit_state", FLAPPING,
        ),
        listing(
            address, "Chronic offenders", data.chronic(problems), "bad on many of the last days",
            (site, circuit, col.STATE, *col.CHRONIC),
            nothing("good", "No circuit was bad on enough of the last days."), "rpt_chronic_offenders", CHRONIC,
        ),
    ]  # fmt: skip


def _alerts(view: PageView, found: pl.DataFrame) -> Part:
    """Regions of an alert are a list: "All rows" of a region are those with its name in that list, as text."""
    region = view.address.region
    empty = nothing("good", f"No alert of the region {region} is open." if region else "No alert is open.")
    if not signals.looked(found):
        empty = nothing(
            "no-data", "Alerts were not looked for yet: the daemon does, and `mistwan alerts run`."
        )
    request = RowRequest(
        condition("region", "contains", region) if region else {},
        ({"colId": "severity_rank", "sort": "desc"},),
    )
    return listing(
        view.address, "Open alerts", signals.alerts(found), f"the worst first, times {view.zone().key}",
        col.alert_columns(view.address, view.zone()),
        empty, "v_open_alert", request, wide=True, by_region=False,
    )  # fmt: skip


def _alarms(view: PageView, found: pl.DataFrame, counts: Counts) -> Part:
    empty = (
        nothing("good", "No alarm was open when Mist was last asked.")
        if counts["alarm_read"]
        else nothing("no-data", "No alarm was read yet.")
    )
    zone = view.zone()
    return listing(
        view.address, "Open alarms by severity and type", signals.alarms(found), f"times {zone.key}",
        col.alarm_columns(view.address.region, zone), empty, "v_open_alarm",
    )  # fmt: skip


def _degraded(view: PageView, found: pl.DataFrame, counts: Counts) -> Part:
    is_known = any(k.endswith("_known") and k.startswith("sle_") and n for k, n in counts.items())
    empty = (
        nothing("good", "No site's SLE is degraded in the newest hour read.")
        if is_known
        else nothing("no-data", "No SLE score was read yet.")
    )
    return listing(
        view.address, "Degraded SLE sites", signals.degraded(found), f"lowest first, times {view.zone().key}",
        col.sle_columns(view.address, view.zone()), empty, "sle_coverage", DEGRADED, by_region=False,
    )  # fmt: skip


def _no_circuit(address: Address) -> Part:
    if address.region:
        return nothing("narrow", f"No circuit is in the region {address.region!r}: choose another or all.")
    return nothing("no-data", "No circuit is known yet: the first collection finds them.")


def _all_clear(known: float | None, what: str, text: str) -> Part:
    if not known:
        return nothing("no-data", f"Cannot be said: no {what} was observed in the latest hour.")
    return nothing("good", f"No {what} is {text}.")


def _none_worse(counts: Counts) -> Part:
    if not counts["usual_known"]:
        return nothing(
            "no-data", "Cannot be said yet: what is usual is known after three weeks of the same hour."
        )
    return nothing("good", f"None of the {counts['usual_known']:.0f} circuits whose usual is known is worse.")


def _none_down(counts: Counts) -> Part:
    """Down is what is known to be down: circuits of which nothing was heard are named beside it."""
    if not counts["circuit_up"]:
        return nothing("no-data", "Cannot be said: no circuit is known to be up.")
    unknown = counts["circuit_unknown"]
    unheard = f" {unknown:.0f} unknown: nothing was heard of them." if unknown else ""
    return nothing("good", f"No circuit is known to be down.{unheard}")


def _distribution(counts: Counts) -> Part:
    if not counts["measured"]:
        return nothing("no-data", "No circuit has a utilization in the latest hour.")
    shares = {f"{low}–{low + 10}": counts[f"bar_{low}"] or 0 for low in BINS} | {
        "100+": counts["bar_100"] or 0
    }
    return bars(shares, "utilization %", "circuits", "circuits by utilization")


layout: Callable[..., Any] = page(_render)
