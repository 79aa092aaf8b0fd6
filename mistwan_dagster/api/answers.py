"""Answers of the API: a page as JSON or CSV, what stands in its headers, and how they are described.

Belongs here: forms of answers. Does not belong here: routes, signing in (`app`).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from pydantic import BaseModel, Field

from mistwan_dagster.api.catalog import ColumnInfo, TableInfo
from mistwan_dagster.api.pages import Page
from mistwan_dagster.api.selection import Selection
from mistwan_dagster.exchange import STAMP, json_rows, neutral_text

VERSION_HEADER = "X-Mistwan-Version"
DATA_AS_OF_HEADER = "X-Mistwan-Data-As-Of"
NEXT_HEADER = "X-Mistwan-Next"
CSV = "text/csv; charset=utf-8"


class Told(BaseModel):
    """What every answer says of where it comes from."""

    version: int = Field(description="published version that the answer is of")
    data_as_of: str | None = Field(
        description="end of the newest computed hour, UTC; null when there is none"
    )


class TableList(Told):
    """Tables and views that the token may read."""

    tables: list[TableInfo]


class TableColumns(Told, TableInfo):
    """A table or view with its columns."""

    columns: list[ColumnInfo]


class TableRows(Told):
    """A page of rows."""

    table: str
    rows: list[dict[str, Any]] = Field(
        description="columns as chosen; null is unknown. The row of each table is a schema of its name here; for all "
        "tables and views see `/columns`"
    )
    next: str | None = Field(
        description="cursor of the next page of the same version; null when this is the last"
    )


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


def stamp(instant: datetime | None) -> str | None:
    """A naive UTC instant for programs."""
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def told_headers(version: int, data_as_of: datetime | None) -> dict[str, str]:
    """Version and age of the data."""
    as_of = stamp(data_as_of)
    return {VERSION_HEADER: str(version), **({DATA_AS_OF_HEADER: as_of} if as_of else {})}


def rows_answer(name: str, page: Page, output: str, selection: Selection, limit: int) -> Response:
    """A page; the address of the next one is in `Link`, for CSV its cursor in a header too."""
    headers = told_headers(page.version, page.data_as_of)
    if page.next:
        address = f"/v1/tables/{name}?{_query(selection, limit, output, page.next)}"
        headers |= {"Link": f'<{address}>; rel="next"', NEXT_HEADER: page.next}
    if output == "csv":
        text = neutral_text(page.rows).write_csv(datetime_format=STAMP)
        headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return Response(text, headers=headers, media_type=CSV)
    told = {
        "table": name,
        "version": page.version,
        "data_as_of": stamp(page.data_as_of),
        "next": page.next,
    }
    text = f'{json.dumps(told)[:-1]}, "rows": {json_rows(page.rows)}}}'
    return Response(text, headers=headers, media_type="application/json")


def _query(selection: Selection, limit: int, output: str, cursor: str) -> str:
    parts = [
        *(("columns", ",".join(selection.columns)) for _ in range(bool(selection.columns))),
        *(("filter", f) for f in selection.filters),
        *(("sort", ",".join(selection.sorts)) for _ in range(bool(selection.sorts))),
        ("limit", limit),
        ("format", output),
        ("cursor", cursor),
    ]
    return urlencode(parts)
