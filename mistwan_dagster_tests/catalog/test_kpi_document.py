"""`docs/kpi.md` explains every figure of the declared tables, and nothing that is not there."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.columns import Column
from mistwan_dagster.catalog.tables import TABLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "kpi.md"
PARTS = ("Formula", "Unit", "Null", "Example", "Columns")
SECTIONS = {
    text.splitlines()[0]: dict(re.findall(r"^- \*\*(\w+)\*\*: (.+)$", text, re.MULTILINE))
    for text in re.split(r"^### ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
}
STATED = ("severity", "status_hourly")


def _is_figure(column: Column) -> bool:
    if column.name.endswith("severity"):
        return column.allowed != ()
    return column.dtype in (pl.Float64, pl.Int64, pl.Boolean) or column.name in STATED


FIGURES = {
    f"{table.name}.{column.name}": column
    for table in TABLES.values()
    for column in table.columns
    if table.name.startswith(("fact_", "agg_", "rpt_"))
    and column.name not in table.key
    and _is_figure(column)
}


def _patterns(section: str) -> list[str]:
    return re.findall(r"`([^`]+)`", SECTIONS[section]["Columns"])


def _explained(section: str) -> set[str]:
    return {name for name in FIGURES if any(fnmatchcase(name, p) for p in _patterns(section))}


def test_every_figure_is_explained() -> None:
    explained = set().union(*(_explained(section) for section in SECTIONS))
    assert sorted(set(FIGURES) - explained) == []


@pytest.mark.parametrize("section", SECTIONS)
def test_a_kpi_has_formula_unit_null_policy_example_and_columns_that_exist(section: str) -> None:
    assert tuple(SECTIONS[section]) == PARTS
    assert [p for p in _patterns(section) if not any(fnmatchcase(name, p) for name in FIGURES)] == []
    units = {{"": "none", "pct": "%"}.get(u, u) for u in (FIGURES[name].unit for name in _explained(section))}
    assert units == set(SECTIONS[section]["Unit"].split(", "))
