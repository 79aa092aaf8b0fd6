"""The list of all tables and views, and each of them as a grid with exports."""

from __future__ import annotations

from dash import dcc, html

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.exports import export_href, read_request
from mistwan_dagster.dashboard.grid import RowRequest, grid, recent
from mistwan_dagster.dashboard.parts import Part, badge, breadcrumbs, nothing, panel

EXPECTED = (
    "fact_site_sle_hour", "fact_alarm", "rpt_congestion_now", "rpt_chronic_offenders", "rpt_top_offenders",
    "rpt_provider_scorecard", "rpt_failover_readiness", "agg_circuit_rolling_13m",
)  # fmt: skip
"""Tables that a full installation has."""
GROUPS = (
    ("Now", "v_"), ("Reports", "rpt_"), ("Aggregates", "agg_"), ("Facts", "fact_"), ("Dimensions", "dim_"),
)  # fmt: skip


def _item(name: str) -> html.Li:
    declared = TABLES.get(name) or VIEWS.get(name)
    if declared is None:
        return html.Li([html.Code(name), " ", badge("unknown", "not collected by this installation")])
    return html.Li([dcc.Link(html.Code(name), href=f"/table/{name}"), " ", declared.meaning])


def _render(_: PageView) -> list[Part]:
    names = sorted({*TABLES, *VIEWS, *EXPECTED})
    return [
        html.H1("Tables"),
        html.P("Every published table and view: sort and filter any column, take the rows as CSV or XLSX."),
        html.Div(
            [
                panel(title, html.Ul([_item(n) for n in names if n.startswith(p)], className="table-list"), wide=True)
                for title, p in GROUPS
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _render_table(view: PageView, path_table: str) -> list[Part]:
    head = [breadcrumbs([("Tables", "/tables"), (path_table, None)]), html.H1(html.Code(path_table))]
    if path_table not in TABLES and path_table not in VIEWS:
        words = "not collected by this installation" if path_table in EXPECTED else "there is no such table"
        return [*head, nothing("no-data", f"{path_table}: {words}.")]
    asked = read_request(view.query)
    if "filter" not in view.query:
        asked = RowRequest(recent(path_table, view.newest), asked.sorts)
    meaning = (TABLES.get(path_table) or VIEWS[path_table]).meaning
    return [*head, html.P(f"{meaning}. Times are UTC."), grid_panel(view, path_table, asked, path_table)]


def grid_panel(view: PageView, name: str, request: RowRequest, title: str) -> html.Section:
    """A grid with the number of its rows and its exports."""
    files = [
        html.A(
            output.upper(),
            id={"type": "export", "name": name, "output": output},
            href=export_href(name, output, request),
            download=f"{name}.{output}",
            className="button",
        )
        for output in ("csv", "xlsx")
    ]
    count = html.Span("", id={"type": "grid-count", "name": name}, className="note", role="status")
    return panel(title, [count, grid(name, view.published.columns(name), request)], "", files, wide=True)


layout = page(_render)
table_layout = page(_render_table)
