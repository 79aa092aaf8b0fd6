"""The map: every site where it is, by its worst severity. Drawn from coordinates alone, nothing is fetched."""

from __future__ import annotations

import polars as pl
from dash import html

from mistwan_dagster.catalog.columns import SEVERITIES
from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import map as data
from mistwan_dagster.dashboard.figures import places
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import condition, listing
from mistwan_dagster.dashboard.parts import Part, Row, Shown, badge, nothing, number, panel, percent, stamp
from mistwan_dagster.dashboard.toolbar import toolbar

PATH = "/map"
LOCATED = pl.col("lat").is_not_null() & pl.col("lng").is_not_null()


def _render(view: PageView) -> list[Part]:
    address, zone = view.address, view.zone()
    regions = data.regions(view.published)
    sites = data.sites(view.published, address.region).with_columns(pl.col("severity").fill_null("unknown"))
    head = [html.H1("Map"), toolbar(view, PATH, rows=True, regions=regions)]
    if sites.is_empty():
        state = nothing("narrow", f"No site is in the region {address.region!r}.") if address.region else nothing(
            "no-data", "No site is known yet."
        )  # fmt: skip
        return [*head, state]
    located = sites.filter(LOCATED)
    rank = pl.col("severity").replace_strict({w: i for i, w in enumerate(SEVERITIES)}, default=-1)
    worst = sites.filter(pl.col("severity").is_in(["high", "critical"]) | (pl.col("down_count") > 0)).sort(
        rank, "down_count", "site_id", descending=[True, True, False]
    )
    lost = sites.height - located.height
    return [
        *head,
        html.Div(
            [
                panel(
                    "Sites", _map(located), f"hour to {stamp(view.newest, zone)} {zone.key}; {located.height} of "
                    f"{sites.height} sites" + (f", {lost} without coordinates" if lost else ""), wide=True,
                ),
                listing(
                    address, "Sites with a problem", worst, "high or critical, or with a circuit down",
                    (
                        col.site_column(address), col.region_column(address),
                        Shown("Worst severity", lambda row: badge(row["severity"])),
                        Shown("Down", _down, numeric=True),
                        Shown("Availability 24 h", lambda row: percent(row["availability_24h_pct"], 2), numeric=True),
                    ),
                    nothing("good", "No site is known to have a problem."), "v_site_now",
                    RowRequest(condition("severity", "notEqual", "normal")), wide=True,
                ),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _down(row: Row) -> str:
    return f"{number(row['down_count'])} of {row['circuit_count']}"


def _map(located: pl.DataFrame) -> Part:
    if located.is_empty():
        return nothing("no-data", "No site has coordinates.")
    return places(located, "sites by severity")


layout = page(_render)
