"""Grids over any declared table or view: columns from the catalog, sorting and filtering in the warehouse.

Belongs here: the translation of a grid's request into SQL with bound parameters, and the grid itself. Does not belong
here: pages, exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import dash_ag_grid as dag
import polars as pl

from mistwan_dagster.catalog.columns import Column
from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.dashboard.data.published import Published, source
from mistwan_dagster.warehouse.port import like_pattern

BLOCK_ROWS = 100
KEYS = {key for table in TABLES.values() for key in table.key}
COLUMNS: dict[str, Column] = {c.name: c for table in TABLES.values() for c in table.columns}
STATES = ("severity", "state", "status")
WIDTHS = {
    "mac": 160,
    "measure": 250,
    "reason": 200,
    "text": 420,
    "evidence": 200,
    "hash": 420,
    "type": 200,
    "id": 330,
}
"""Last word of a text column's name -> width in pixels that shows it whole."""
Model = Mapping[str, Any]


@dataclass(frozen=True)
class RowRequest:
    """What a grid asks for: AG Grid's filter model by column, and its sort model."""

    filters: Model = field(default_factory=dict)
    sorts: tuple[Model, ...] = ()

    @classmethod
    def read(cls, filters: object, sorts: object) -> RowRequest:
        """From JSON values; anything of another shape is no filter and no sort."""
        return cls(
            filters if isinstance(filters, dict) else {},
            tuple(s for s in sorts if isinstance(s, dict)) if isinstance(sorts, list) else (),
        )


def _text(column: str, kind: str, model: Model) -> tuple[str, list[Any]]:
    text = str(model.get("filter", ""))
    exact, within = like_pattern(text)[1:-1], like_pattern(text)
    as_text = f"CAST({column} AS VARCHAR)"
    patterns = {
        "contains": within, "notContains": within, "equals": exact, "notEqual": exact,
        "startsWith": f"{exact}%", "endsWith": f"%{exact}",
    }  # fmt: skip
    if kind not in patterns:
        return "", []
    if kind.startswith("not"):
        return f"({column} IS NULL OR {as_text} NOT ILIKE ? ESCAPE '!')", [patterns[kind]]
    return f"{as_text} ILIKE ? ESCAPE '!'", [patterns[kind]]


COMPARISONS = {
    "equals": "= ?", "notEqual": "<> ?", "lessThan": "< ?", "lessThanOrEqual": "<= ?", "greaterThan": "> ?",
    "greaterThanOrEqual": ">= ?",
}  # fmt: skip


def _number(column: str, kind: str, model: Model) -> tuple[str, list[Any]]:
    low, high = _float(model.get("filter")), _float(model.get("filterTo"))
    if kind == "inRange" and low is not None and high is not None:
        return f"({column} >= ? AND {column} <= ?)", [low, high]
    if kind in COMPARISONS and low is not None:
        return f"{column} {COMPARISONS[kind]}", [low]
    return "", []


def _date(column: str, kind: str, model: Model) -> tuple[str, list[Any]]:
    """Whole UTC days: before the day, on it, after it, or from the first to the last one."""
    day, last = _day(model.get("dateFrom")), _day(model.get("dateTo"))
    if day is None:
        return "", []
    after = day + timedelta(days=1)
    if kind == "inRange" and last is not None:
        return f"({column} >= ? AND {column} < ?)", [day, last + timedelta(days=1)]
    found: dict[str, tuple[str, list[Any]]] = {
        "equals": (f"({column} >= ? AND {column} < ?)", [day, after]),
        "notEqual": (f"({column} < ? OR {column} >= ?)", [day, after]),
        "lessThan": (f"{column} < ?", [day]),
        "greaterThan": (f"{column} >= ?", [after]),
    }
    return found.get(kind, ("", []))


def _float(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _day(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value)[:10])
    except ValueError:
        return None
    return found if found.year < 9999 else None


def _condition(column: str, dtype: pl.DataType, model: Model) -> tuple[str, list[Any]]:
    parts = model.get("conditions")
    if isinstance(parts, list):
        made = [_condition(column, dtype, part) for part in parts if isinstance(part, dict)]
        made = [m for m in made if m[0]]
        joint = " OR " if model.get("operator") == "OR" else " AND "
        text = joint.join(sql for sql, _ in made)
        return (f"({text})" if text else ""), [v for _, values in made for v in values]
    kind = str(model.get("type", ""))
    if kind in ("blank", "notBlank"):
        return f"{column} IS {'NOT ' if kind == 'notBlank' else ''}NULL", []
    if dtype.is_numeric():
        return _number(column, kind, model)
    return _date(column, kind, model) if dtype.is_temporal() else _text(column, kind, model)


def where(schema: pl.Schema, request: RowRequest) -> tuple[str, list[Any]]:
    """The WHERE of a request, empty without filters. A filter on an unknown column or of an unknown kind is none."""
    made = [
        _condition(column, schema[column], model)
        for column, model in request.filters.items()
        if column in schema and isinstance(model, dict)
    ]
    made = [m for m in made if m[0]]
    text = " AND ".join(sql for sql, _ in made)
    return (f" WHERE {text}" if text else ""), [v for _, values in made for v in values]


def order(schema: pl.Schema, request: RowRequest) -> str:
    """The ORDER BY of a request: as asked, then by the key columns, so that blocks never overlap. Null is last."""
    asked = {
        str(s.get("colId")): "DESC" if s.get("sort") == "desc" else "ASC"
        for s in request.sorts
        if str(s.get("colId")) in schema
    }
    rest = [c for c in schema if c in KEYS and c not in asked] or [c for c in schema if c not in asked]
    terms = [*(f"{c} {way} NULLS LAST" for c, way in asked.items()), *rest]
    return f" ORDER BY {', '.join(terms)}"


def count_rows(published: Published, name: str, request: RowRequest) -> int:
    """Rows of a table or view that pass the filters. KeyError for an undeclared name."""
    condition, values = where(published.columns(name), request)
    return int(published.ask(f"SELECT count(*) FROM {source(name)}{condition}", values).item())


def rows(published: Published, name: str, request: RowRequest, start: int, count: int) -> pl.DataFrame:
    """Rows [start, start + count) of those that pass, in order. KeyError for an undeclared name."""
    schema = published.columns(name)
    condition, values = where(schema, request)
    return published.ask(
        f"SELECT * FROM {source(name)}{condition}{order(schema, request)} LIMIT ? OFFSET ?",
        [*values, count, start],
    )


def recent(name: str, newest: datetime) -> dict[str, Any]:
    """The filter that a grid of a table with a time span opens with: the newest days only (it can be taken away)."""
    span = TABLES[name].span if name in TABLES else None
    if span is None:
        return {}
    days = 40 if span == "period_start_utc" else 1
    bounds = {"dateFrom": f"{newest - timedelta(days=days):%Y-%m-%d}", "dateTo": f"{newest:%Y-%m-%d}"}
    return {span: {"filterType": "date", "type": "inRange", **bounds}}


def as_json(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows for a grid: times as `2025-01-31 14:05` UTC, infinite numbers impossible by the warehouse's bounds."""
    times = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    return frame.with_columns(pl.col(times).dt.strftime("%Y-%m-%d %H:%M")).to_dicts()


def _definition(name: str, dtype: pl.DataType, request: RowRequest) -> dict[str, Any]:
    declared = COLUMNS.get(name)
    found: dict[str, Any] = {
        "field": name,
        "headerName": name.replace("_", " "),
        "headerTooltip": declared.meaning if declared else name,
    }
    if dtype.is_numeric():
        number = "params.value == null ? '–' : d3.format(',.2~f')(params.value)"
        found |= {
            "filter": "agNumberColumnFilter", "type": "rightAligned", "valueFormatter": {"function": number}
        }  # fmt: skip
        if name.endswith("_bytes"):
            found |= {"minWidth": 170}
    elif dtype.is_temporal():
        found |= {"filter": "agDateColumnFilter", "minWidth": 170}
    else:
        found |= {"filter": "agTextColumnFilter", "minWidth": WIDTHS.get(name.rpartition("_")[2], 150)}
    if name in ("site_id", "site_name", "region") or name.endswith("circuit_id"):
        found |= {"cellRenderer": "PageLink", "minWidth": 130 if name == "region" else 270}
    elif name.rpartition("_")[2] in STATES:
        found |= {"cellRenderer": "StateBadge"}
    for index, sort in enumerate(request.sorts):
        if sort.get("colId") == name and sort.get("sort") in ("asc", "desc"):
            found |= {"sort": sort["sort"], "sortIndex": index}
    return found


def _shown_order(schema: pl.Schema) -> list[str]:
    """The name of the site first and its id last, the others as declared."""
    return sorted(schema, key=lambda n: 0 if n == "site_name" else 2 if n == "site_id" else 1)


def grid(name: str, schema: pl.Schema, request: RowRequest) -> dag.AgGrid:
    """The grid of a table or view; its rows are asked for in blocks."""
    return dag.AgGrid(
        id={"type": "grid", "name": name},
        columnDefs=[_definition(n, schema[n], request) for n in _shown_order(schema)],
        defaultColDef={
            "sortable": True, "resizable": True, "floatingFilter": True, "minWidth": 120,
            "filterParams": {"debounceMs": 400, "buttons": ["reset"]},
        },
        rowModelType="infinite",
        filterModel=dict(request.filters),
        columnSize="autoSize",
        dashGridOptions={
            "cacheBlockSize": BLOCK_ROWS, "maxBlocksInCache": 20, "infiniteInitialRowCount": 1,
            "tooltipShowDelay": 300, "enableCellTextSelection": True,
        },
        className="grid",
        style={"height": None},
    )  # fmt: skip
