"""A panel that shows the first rows of a list and leads to all of them: as a grid, as CSV, as XLSX.

Belongs here: the panel and its links. Does not belong here: queries, what the columns are (`columns`).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from dash import dcc, html

from mistwan_dagster.dashboard.address import Address
from mistwan_dagster.dashboard.exports import export_href, grid_href
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.parts import Part, Shown, aria, panel, table

ALL = RowRequest()


def condition(
    column: str, kind: str, value: object, filter_type: str = "text"
) -> dict[str, dict[str, object]]:
    """A grid's filter on one column."""
    return {column: {"filterType": filter_type, "type": kind, "filter": value}}


def within(request: RowRequest, region: str | None) -> RowRequest:
    """The same rows, of one region only when one is told."""
    if region is None:
        return request
    return RowRequest({**request.filters, **condition("region", "equals", region)}, request.sorts)


def of_site(site_id: str) -> RowRequest:
    """The rows of one site."""
    return RowRequest(condition("site_id", "equals", site_id))


def all_rows(title: str, name: str, request: RowRequest = ALL) -> list[Part]:
    """Links to the rows of a table or view that pass: grid and both files."""
    files = [
        html.A(
            output.upper(), href=export_href(name, output, request), download=f"{name}.{output}",
            **aria(f"{title} as {output.upper()}"),
        )
        for output in ("csv", "xlsx")
    ]  # fmt: skip
    return [dcc.Link("All rows", href=grid_href(name, request), title=f"{title}: all rows"), *files]


def listing(
    address: Address, title: str, frame: pl.DataFrame, note: str, shown: Sequence[Shown], empty: Part,
    name: str, request: RowRequest = ALL, wide: bool = False, by_region: bool = True,
) -> html.Section:  # fmt: skip
    """The first rows of `frame` as the address says; `empty` in their place when there are none.

    `name` and `request` are the table or view and the filter that hold all of them.
    """
    body = empty if frame.is_empty() else table(frame.head(address.rows), shown, title)
    note = f"{min(frame.height, address.rows)} of {frame.height} · {note}" if frame.height else note
    request = within(request, address.region if by_region else None)
    return panel(title, body, note, all_rows(title, name, request), wide=wide)
