"""Whether a frame keeps the promises of its declared table. Pure; the orchestration makes checks of it."""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import Column
from mistwan_dagster.catalog.tables import Table


def _broken(column: Column) -> list[tuple[str, pl.Expr]]:
    value = pl.col(column.name)
    rules: list[tuple[str, pl.Expr]] = []
    if not column.nullable:
        rules.append((f"{column.name} is null", value.is_null()))
    if column.low is not None:
        rules.append((f"{column.name} below {column.low:g}", value < column.low))
    if column.high is not None:
        rules.append((f"{column.name} above {column.high:g}", value > column.high + 1e-9))
    if column.allowed:
        rules.append((f"{column.name} not in {', '.join(column.allowed)}", ~value.is_in(column.allowed)))
    if column.dtype == pl.Float64:
        rules.append((f"{column.name} is not finite", ~value.is_finite()))
    return rules


def violations(frame: pl.LazyFrame, table: Table) -> dict[str, int]:
    """Broken rule -> number of rows that break it; empty when the frame keeps the contract.

    Rules: declared columns, non-null keys, bounds, allowed values, finite numbers, unique key, and minutes that
    add up to 60 in an hourly fact. A null value breaks only the rule against null.
    """
    names = frame.collect_schema().names()
    missing = [c.name for c in table.columns if c.name not in names]
    if missing:
        return {f"column {name} is missing": 1 for name in missing}
    rules = [rule for column in table.columns for rule in _broken(column)]
    if table.name == "fact_circuit_hour":
        total = pl.sum_horizontal("up_minutes", "down_minutes", "unknown_minutes", ignore_nulls=False)
        rules.append(("minutes do not add up to 60", ((total - 60).abs() > 1e-6).fill_null(True)))
    counts = frame.select(
        *(rule.fill_null(False).sum().cast(pl.Int64).alias(name) for name, rule in rules),
        (pl.len() - pl.struct(table.key).n_unique()).cast(pl.Int64).alias("duplicate key"),
    ).collect()
    return {name: count for name, count in counts.row(0, named=True).items() if count}
