"""The application: the shell around every page, and its few callbacks.

Belongs here: header, banner, search, refresh, grids' rows. Does not belong here: what a page shows (`pages`), serving
(`serve`). Pages are functions of their URL; a callback only moves between URLs or feeds a grid.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import dash
import dash_mantine_components as dmc
import flask
from dash import MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html

from mistwan_dagster.dashboard.address import circuit_path, site_path
from mistwan_dagster.dashboard.banner import banner
from mistwan_dagster.dashboard.context import EXTENSION, Dashboard, dashboard
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.data.search import search
from mistwan_dagster.dashboard.exports import add_exports
from mistwan_dagster.dashboard.grid import BLOCK_ROWS, RowRequest, as_json, count_rows, rows
from mistwan_dagster.dashboard.headers import add_headers
from mistwan_dagster.dashboard.monitoring import add_monitoring
from mistwan_dagster.dashboard.pages import register_pages
from mistwan_dagster.dashboard.parts import aria
from mistwan_dagster.dashboard.scripts import add_scripts
from mistwan_dagster.dashboard.sign_in import signed_in_user
from mistwan_dagster.errors import UserError

POLL_S = 30
LONGEST_SEARCH = 100
NAVIGATION = (
    ("Now", "/"), ("Overview", "/overview"), ("Map", "/map"), ("Providers", "/providers"), ("Tables", "/tables"),
)  # fmt: skip
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        {%favicon%}
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>{%config%}{%scripts%}{%renderer%}</footer>
    </body>
</html>"""


def create_app(server: flask.Flask, board: Dashboard) -> Dash:
    """The dashboard on a Flask server."""
    server.extensions[EXTENSION] = board
    add_scripts(server)
    add_exports(server)
    add_monitoring(server)
    app = Dash(
        __name__,
        server=server,  # type: ignore[arg-type]
        use_pages=True,
        pages_folder="",
        assets_folder=str(Path(__file__).parent / "assets"),
        title="WAN",
        update_title="",
        suppress_callback_exceptions=True,
        index_string=INDEX,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    register_pages()
    app.layout = _shell
    _callbacks(app)
    add_headers(server, app.csp_hashes)
    return app


def _shell() -> dmc.MantineProvider:
    links = [dcc.Link(words, href=href, className="nav-link") for words, href in NAVIGATION]
    find = dmc.Select(
        id="search",
        placeholder="Search site or circuit ( / )",
        searchable=True,
        clearable=True,
        data=[],
        limit=40,
        nothingFoundMessage="Type a part of a name, provider, MAC or id",
        className="search",
        size="sm",
        **aria("Search site or circuit"),
    )
    return dmc.MantineProvider(
        [
            html.A("Skip to content", href="#content", className="skip"),
            html.Header(
                [
                    html.Nav(links, **aria("Pages")),
                    find,
                    dmc.ColorSchemeToggle(
                        lightIcon="☀",
                        darkIcon="☾",
                        variant="default",
                        size="lg",
                        **aria("Light or dark"),
                    ),
                    html.Span(signed_in_user() or "", className="note"),
                ],
                className="top",
            ),
            html.Main(dash.page_container, id="content", tabIndex=-1),
            dcc.Location(id="go", refresh="callback-nav"),
            dcc.Store(id="published"),
            dcc.Interval(id="poll", interval=POLL_S * 1000),
        ],
        defaultColorScheme="auto",
        theme={"fontFamily": "system-ui, sans-serif", "primaryColor": "blue"},
    )


def _callbacks(app: Dash) -> None:
    @app.callback(
        Output("banner", "children"),
        Output("published", "data"),
        Input("poll", "n_intervals"),
        State("version", "data"),
        prevent_initial_call=True,
    )
    def poll(_: int, shown: int | None) -> tuple[Any, int | None]:
        """The banner of the version shown, grown older; and the version published by now, see `refresh`."""
        board = dashboard()
        try:
            published = board.published.version()
            pinned = replace(board, published=board.published.at(_version(shown)))
            return banner(pinned) if shown else dash.no_update, published
        except UserError:
            return dash.no_update, None

    @app.callback(Output("search", "data"), Input("search", "searchValue"), prevent_initial_call=True)
    def find(text: str | None) -> list[dict[str, str]]:
        published = dashboard().published
        found = published.consistently(lambda data: search(data, str(text or "")[:LONGEST_SEARCH]))
        paths = {"site": site_path, "circuit": circuit_path}
        return [
            {"value": paths[kind](key), "label": label if kind == "site" else f"↳ {label}"}
            for kind, key, label in found.iter_rows()
        ]

    @app.callback(
        Output({"type": "grid", "name": MATCH}, "getRowsResponse"),
        Output({"type": "grid-count", "name": MATCH}, "children"),
        Input({"type": "grid", "name": MATCH}, "getRowsRequest"),
        State({"type": "grid", "name": MATCH}, "id"),
        State("version", "data"),
    )
    def give_rows(
        asked: dict[str, Any] | None, grid_id: dict[str, str], shown: int | None
    ) -> tuple[Any, Any]:
        """A block of the version that the page shows; once that is gone, of the newest, and the page follows it."""
        if not isinstance(asked, dict):
            return dash.no_update, dash.no_update
        name = str(grid_id["name"])
        request = RowRequest.read(asked.get("filterModel"), asked.get("sortModel"))
        start = _row_number(asked.get("startRow"))

        def block(data: Published) -> tuple[int | None, int, list[dict[str, Any]]]:
            total = count_rows(data, name, request)
            return data.version(), total, as_json(rows(data, name, request, start, BLOCK_ROWS))

        try:
            version, total, found = dashboard().published.consistently(block, _version(shown))
        except (UserError, KeyError) as error:
            words = str(error) if isinstance(error, UserError) else "There is no such table."
            return {"rowData": [], "rowCount": 0}, words
        if version != shown:
            dash.set_props("published", {"data": version})
        return {"rowData": found, "rowCount": total}, _count_words(total, bool(request.filters))

    for function, output, inputs in (
        ("go", Output("go", "href"), Input("search", "value")),
        (
            "ownRange",
            Output("go", "href", allow_duplicate=True),
            Input({"type": "own-range", "page": "any"}, "value"),
        ),
        (
            "openPlace",
            Output("go", "href", allow_duplicate=True),
            Input({"type": "map", "page": "any"}, "clickData"),
        ),
        (
            "refresh",
            Output("published", "modified_timestamp"),
            [Input("published", "data"), State("version", "data")],
        ),
        (
            "exportLinks",
            Output({"type": "export", "name": MATCH, "output": "csv"}, "href"),
            Input({"type": "grid", "name": MATCH}, "getRowsRequest"),
        ),
        (
            "exportLinks",
            Output({"type": "export", "name": MATCH, "output": "xlsx"}, "href"),
            Input({"type": "grid", "name": MATCH}, "getRowsRequest"),
        ),
    ):
        app.clientside_callback(
            ClientsideFunction("mistwan", function), output, inputs, prevent_initial_call=True
        )


def _version(shown: object) -> int | None:
    """The version that a browser says it shows; None, the newest, for what cannot be one."""
    return shown if isinstance(shown, int) and 0 < shown < 2**31 else None


def _row_number(asked: object) -> int:
    return min(max(0, asked), 2**31) if isinstance(asked, int) else 0


def _count_words(total: int, is_filtered: bool) -> str:
    if total:
        return f"{total:,} rows{' pass the filter' if is_filtered else ''}"
    return "The filter leaves no row: take a condition away." if is_filtered else "No row yet."
