"""The application: the shell around every page, and its few callbacks.

Belongs here: header, banner, search, refresh, grids' rows. Does not belong here: what a page shows (`pages`), serving
(`serve`). Pages are functions of their URL; a callback only moves between URLs or feeds a grid.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash
import dash_mantine_components as dmc
import flask
from dash import MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html
from flask_caching import Cache
from flask_compress import Compress

from mistwan_dagster.dashboard.address import circuit_path, site_path
from mistwan_dagster.dashboard.banner import banner
from mistwan_dagster.dashboard.context import EXTENSION, Dashboard, dashboard
from mistwan_dagster.dashboard.data.search import search
from mistwan_dagster.dashboard.exports import add_exports
from mistwan_dagster.dashboard.grid import BLOCK_ROWS, RowRequest, as_json, count_rows, rows
from mistwan_dagster.dashboard.pages import register_pages
from mistwan_dagster.dashboard.parts import aria

POLL_S = 30
CACHED_ANSWERS = 2000
NAVIGATION = (("Now", "/"), ("Overview", "/overview"), ("Tables", "/tables"))
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


def make_cache(server: flask.Flask) -> Cache:
    """The cache of answers, in this process. Its keys hold the published version, so nothing expires wrongly."""
    config = {
        "CACHE_TYPE": "SimpleCache",
        "CACHE_THRESHOLD": CACHED_ANSWERS,
        "CACHE_DEFAULT_TIMEOUT": 6 * 3600,
    }
    return Cache(server, config=config)


def create_app(server: flask.Flask, board: Dashboard) -> Dash:
    """The dashboard on a Flask server."""
    server.extensions[EXTENSION] = board
    Compress(server)
    add_exports(server)
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
                ],
                className="top",
            ),
            html.Div(banner(dashboard()), id="banner"),
            html.Main(dash.page_container, id="content", tabIndex=-1),
            dcc.Location(id="go", refresh="callback-nav"),
            dcc.Store(id="version", data=dashboard().published.version()),
            dcc.Interval(id="poll", interval=POLL_S * 1000),
        ],
        defaultColorScheme="auto",
        theme={"fontFamily": "system-ui, sans-serif", "primaryColor": "blue"},
    )


def _callbacks(app: Dash) -> None:
    @app.callback(
        Output("banner", "children"),
        Output("version", "data"),
        Input("poll", "n_intervals"),
        prevent_initial_call=True,
    )
    def poll(_: int) -> tuple[Any, int | None]:
        board = dashboard()
        return banner(board), board.published.version()

    @app.callback(Output("search", "data"), Input("search", "searchValue"), prevent_initial_call=True)
    def find(text: str | None) -> list[dict[str, str]]:
        found = search(dashboard().published, text or "")
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
    )
    def give_rows(asked: dict[str, Any] | None, grid_id: dict[str, str]) -> tuple[Any, Any]:
        if asked is None:
            return dash.no_update, dash.no_update
        published, name = dashboard().published, grid_id["name"]
        request = RowRequest.read(asked.get("filterModel"), asked.get("sortModel"))
        start = max(0, int(asked.get("startRow") or 0))
        total = count_rows(published, name, request)
        found = rows(published, name, request, start, BLOCK_ROWS)
        return {"rowData": as_json(found), "rowCount": total}, _count_words(total, bool(request.filters))

    for function, output, inputs in (
        ("go", Output("go", "href"), Input("search", "value")),
        (
            "ownRange",
            Output("go", "href", allow_duplicate=True),
            Input({"type": "own-range", "page": "any"}, "value"),
        ),
        ("refresh", Output("version", "modified_timestamp"), Input("version", "data")),
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


def _count_words(total: int, is_filtered: bool) -> str:
    if total:
        return f"{total:,} rows{' pass the filter' if is_filtered else ''}"
    return "The filter leaves no row: take a condition away." if is_filtered else "No row yet."
