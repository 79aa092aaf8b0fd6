"""Several step functions of one entity laid over one another and over the hours.

Belongs here: cutting time into cells in which every function is constant. Does not belong here: where the
functions come from (`steps.py`) and what a combination of them means (`status.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.kpi.steps import EVIDENCE

_UNKNOWN = -1
_HOUR_MARK, _END, _START = 0, 1, 2


def overlay(
    entities: pl.LazyFrame, functions: dict[str, pl.LazyFrame], start: datetime, end: datetime
) -> pl.LazyFrame:
    """Cells [t, t_next) of each entity that cover [start, end) without gap, none across an hour.

    `entities`: column entity (integer), distinct. `functions`: name -> entity, start, end, state, evidence,
    as `Steps.intervals`. Result: entity, t, t_next, and per function `<name>` (Boolean, null where not
    known) and `<name>_evidence`; sorted by entity and t.
    """
    names = list(functions)
    marks = [_hour_marks(entities, names, start, end)]
    marks += [m for name, steps in functions.items() for m in _marks(steps, name, names, start, end)]
    ordered = pl.concat(marks).sort("entity", "order", maintain_order=True)
    # The mark at `start` sets every function of its entity, so that no fill reaches over from another.
    filled = ordered.with_columns(
        pl.col(names).forward_fill(),
        t=(pl.col("order") // 4).cast(INSTANT),
        t_next=(pl.col("order").shift(-1) // 4).cast(INSTANT),
        same=pl.col("entity") == pl.col("entity").shift(-1),
    )
    cells = filled.filter(pl.col("same") & (pl.col("t_next") > pl.col("t")))
    evidence = dict(enumerate(EVIDENCE))
    return cells.select(
        "entity",
        "t",
        "t_next",
        *(pl.when(pl.col(n) >= 0).then(pl.col(n) % 2 == 1).alias(n) for n in names),
        *(
            (pl.col(n) // 2)
            .replace_strict(evidence, default=None, return_dtype=pl.String)
            .alias(f"{n}_evidence")
            for n in names
        ),
    )


def _ordered(t: pl.Expr, kind: int) -> pl.Expr:
    """Time and kind of mark in one key: ends of intervals before the starts of the same instant."""
    return t.cast(INSTANT).to_physical() * 4 + kind


def _hour_marks(entities: pl.LazyFrame, names: list[str], start: datetime, end: datetime) -> pl.LazyFrame:
    hours = pl.LazyFrame().select(
        t=pl.datetime_range(start, end, timedelta(hours=1), closed="both").cast(INSTANT)
    )
    first = pl.when(pl.col("t") == start).then(_UNKNOWN).cast(pl.Int8)
    return entities.join(hours, how="cross").select(
        "entity", _ordered(pl.col("t"), _HOUR_MARK).alias("order"), *(first.alias(n) for n in names)
    )


def _marks(
    steps: pl.LazyFrame, name: str, names: list[str], start: datetime, end: datetime
) -> list[pl.LazyFrame]:
    inside = steps.filter((pl.col("end") > start) & (pl.col("start") < end))
    codes = {word: 2 * code for code, word in enumerate(EVIDENCE)}
    value = pl.col("evidence").replace_strict(codes, return_dtype=pl.Int8) + pl.col("state").cast(pl.Int8)

    def columns(order: pl.Expr, own: pl.Expr) -> list[pl.Expr]:
        others = [pl.lit(None, pl.Int8).alias(n) if n != name else own.cast(pl.Int8).alias(n) for n in names]
        return [pl.col("entity"), order.alias("order"), *others]

    begin = _ordered(pl.max_horizontal("start", pl.lit(start)), _START)
    finish = _ordered(pl.min_horizontal("end", pl.lit(end)), _END)
    return [
        inside.select(columns(begin, value)),
        inside.select(columns(finish, pl.lit(_UNKNOWN, pl.Int8))),
    ]
