"""`/export/NAME.csv` and `.xlsx`: any table or view as filtered and sorted, all columns; and links to such rows.

Belongs here: the route and its links. Does not belong here: file formats (`exchange`), filters (`grid`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from urllib.parse import urlencode

import flask

from mistwan_dagster.dashboard.context import dashboard
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.grid import RowRequest, count_rows, rows
from mistwan_dagster.errors import UserError
from mistwan_dagster.exchange import SHEET_ROWS, write_frame

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def query_of(request: RowRequest) -> str:
    """The query string that tells filters and sorts, read back by `read_request`."""
    return urlencode({"filter": json.dumps(dict(request.filters)), "sort": json.dumps(list(request.sorts))})


def export_href(name: str, output: str, request: RowRequest) -> str:
    """Link to the file of these rows."""
    return f"/export/{name}.{output}?{query_of(request)}"


def grid_href(name: str, request: RowRequest) -> str:
    """Link to the grid that shows these rows."""
    return f"/table/{name}?{query_of(request)}"


def read_request(query: Mapping[str, str]) -> RowRequest:
    """Filters and sorts of a query string; what is no JSON counts as none."""
    return RowRequest.read(_json(query.get("filter")), _json(query.get("sort")))


def _json(text: str | None) -> object:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _export(name: str, output: str) -> flask.Response:
    if output not in TYPES:
        return flask.Response(f"export as {' or '.join(TYPES)}, not {output}\n", 404, mimetype="text/plain")
    request = read_request(flask.request.args.to_dict())

    def written(published: Published) -> io.BytesIO:
        height = count_rows(published, name, request)
        if height > SHEET_ROWS:
            raise UserError(
                f"{name}: {height} rows pass the filter, {SHEET_ROWS} can be exported here: narrow the filter, "
                f"or run `mistwan export {name}`"
            )
        target = io.BytesIO()
        write_frame(rows(published, name, request, 0, height), name, output, target)
        return target

    try:
        target = dashboard().published.consistently(written)
    except KeyError:
        return flask.Response(f"there is no table or view {name!r}\n", 404, mimetype="text/plain")
    except UserError as error:
        return flask.Response(f"{error}\n", 400, mimetype="text/plain")
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{output}"'}
    return flask.Response(target.getvalue(), headers=disposition, content_type=TYPES[output])


def add_exports(server: flask.Flask) -> None:
    """Register the route."""
    server.add_url_rule("/export/<name>.<output>", "export", _export)
