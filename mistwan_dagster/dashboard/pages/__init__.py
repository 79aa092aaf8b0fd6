"""The pages, each with its path. A page's layout is a function of its URL; it asks at most six queries."""

from __future__ import annotations

import dash

from mistwan_dagster.dashboard.pages import (
    circuit,
    engineering,
    map,
    overview,
    providers,
    region,
    reports,
    service,
    site,
)


def register_pages() -> None:
    """Tell Dash of every page, in the order of the navigation."""
    for module, path, template, title in (
        (engineering, "/", None, "Now"),
        (overview, "/overview", None, "Overview"),
        (map, "/map", None, "Map"),
        (providers, "/providers", None, "Providers"),
        (region, None, "/region/<path_region>", "Region"),
        (site, None, "/site/<path_site>", "Site"),
        (service, None, "/service/<path_site>", "SLE and VPN paths"),
        (circuit, None, "/circuit/<path_circuit>", "Circuit"),
        (reports, "/tables", None, "Tables"),
    ):
        dash.register_page(
            module.__name__, path=path, path_template=template, title=f"{title} · WAN", layout=module.layout
        )
    dash.register_page(
        f"{reports.__name__}.table",
        path_template="/table/<path_table>",
        title="Table · WAN",
        layout=reports.table_layout,
    )
