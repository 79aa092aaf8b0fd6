"""A region: its last 24 hours, and the list of its sites."""

from __future__ import annotations

from dash import html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import region_path
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import place
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.pages.reports import grid_panel
from mistwan_dagster.dashboard.parts import Part, breadcrumbs, nothing, number, stamp, tile, tiles
from mistwan_dagster.dashboard.toolbar import toolbar


def _render(view: PageView, path_region: str) -> list[Part]:
    found, address, zone = place.region_row(view.published, path_region), view.address, view.zone()
    head = [
        breadcrumbs([("Overview", address.to("/overview")), (path_region, None)]),
        html.H1(f"Region {path_region}"),
        toolbar(view, region_path(path_region)),
    ]
    if found.is_empty():
        return [
            *head,
            nothing("narrow", f"No region {path_region!r} has figures: follow a link of the overview."),
        ]
    row = found.row(0, named=True)
    only = RowRequest(
        {"region": {"filterType": "text", "type": "equals", "filter": path_region}},
        ({"colId": "availability_24h_pct", "sort": "asc"},),
    )
    known, total = row["up_minutes"], row["total_minutes"]
    observed = 100 * (known + row["down_minutes"]) / total if total else None
    return [
        *head,
        tiles(f"24 h to {stamp(view.newest, zone)} {zone.key}", [
            tile("Circuits", number(row["circuit_count"])),
            tile("Availability", col.with_observed(row["availability_pct"], observed, 3)),
            tile("Utilization", number(row["utilization_avg_pct"], 1, "%"),
                 f"p95 {number(row['utilization_p95_pct'], 1, '%')}, mean of observed hours"),
            tile("Loss", number(row["loss_avg_pct"], 2, "%")),
            tile("Jitter", number(row["jitter_avg_ms"], 1, "ms")),
            tile("Latency", number(row["latency_avg_ms"], 1, "ms")),
            tile("Flaps", number(row["flap_count"]), f"week before {number(row['week_before_flap_count'])}"),
        ]),
        grid_panel(view, "v_site_now", only, "Sites"),
    ]  # fmt: skip


layout = page(_render)
