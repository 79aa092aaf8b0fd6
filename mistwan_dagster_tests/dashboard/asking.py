"""Asking the server for pages and grid rows as the browser does, without a browser."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

GRID_IDS = ('{"name":["MATCH"],"type":"grid"}', '{"name":["MATCH"],"type":"grid-count"}')


def ask_page(client: FlaskClient, path: str, search: str = "", **options: Any) -> TestResponse:
    """The answer that holds a page's content."""
    values = {"pathname": path, "search": search}
    return client.post("/_dash-update-component", json={
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
        "inputs": [{"id": "_pages_location", "property": p, "value": v} for p, v in values.items()],
        "changedPropIds": ["_pages_location.pathname"], "state": [],
    }, **options)  # fmt: skip


def ask_rows(client: FlaskClient, name: object, request: object, shown: object = None) -> TestResponse:
    """The answer that holds a block of a grid's rows."""
    ids = [{"name": name, "type": kind} for kind in ("grid", "grid-count")]
    properties = ("getRowsResponse", "children")
    return client.post("/_dash-update-component", json={
        "output": "..{}.getRowsResponse...{}.children..".format(*GRID_IDS),
        "outputs": [{"id": i, "property": p} for i, p in zip(ids, properties, strict=True)],
        "inputs": [{"id": ids[0], "property": "getRowsRequest", "value": request}],
        "state": [{"id": ids[0], "property": "id", "value": ids[0]},
                  {"id": "version", "property": "data", "value": shown}],
        "changedPropIds": [],
    })  # fmt: skip
