"""Stretches of time, [start, end): joining those that touch, and what two sets of them share.

Belongs here: interval arithmetic over rows with `start` and `end`. Does not belong here: what a stretch means.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT

MICROS_PER_MINUTE = 6e7


def minutes(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Minutes from start to end, 0 when they are in the wrong order."""
    return ((end - start).dt.total_microseconds() / MICROS_PER_MINUTE).clip(lower_bound=0)


def minutes_in_all(start: pl.Expr, end: pl.Expr, where: pl.Expr | None = None) -> pl.Expr:
    """Sum of `minutes` where something holds: of whole microseconds, so that it is the same in any order of rows."""
    lasts = (end - start).dt.total_microseconds().clip(lower_bound=0)
    return (lasts if where is None else lasts.filter(where)).sum() / MICROS_PER_MINUTE


def merged(stretches: pl.LazyFrame, key: Sequence[str], more: Sequence[pl.Expr] = ()) -> pl.LazyFrame:
    """Disjoint stretches of each key: those that touch or overlap become one. Sorted by key and start.

    Columns: the key (no nulls), start, end, and the aggregates `more` over the stretches joined. Stretches of no
    length are dropped.
    """
    ordered = stretches.filter(pl.col("end") > pl.col("start")).sort(*key, "start", "end", nulls_last=True)
    reached = pl.col("end").cum_max().over(key)
    same = pl.struct(key) == pl.struct(key).shift(1)
    fresh = (~same | (pl.col("start") > pl.col("_reached").shift(1))).fill_null(True)
    return (
        ordered.with_columns(_reached=reached)
        .with_columns(_group=fresh.cum_sum())
        .group_by("_group", maintain_order=True)
        .agg(pl.col(*key, "start").first(), pl.col("end").max(), *more)
        .drop("_group")
    )


def shared(left: pl.LazyFrame, right: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """Rows of `left` cut to what they share with each row of `right` of the same key; other columns of `left` stay.

    Where the stretches of `right` are disjoint, so are the parts of one row, and their minutes may be summed.
    """
    other = right.select(*key, _start="start", _end="end")
    return (
        left.join(other, on=list(key))
        .with_columns(start=pl.max_horizontal("start", "_start"), end=pl.min_horizontal("end", "_end"))
        .filter(pl.col("end") > pl.col("start"))
        .drop("_start", "_end")
    )


def levels(
    stretches: pl.LazyFrame, key: Sequence[str], weights: dict[str, pl.Expr] | None = None
) -> pl.LazyFrame:
    """How many stretches hold at each time: key, start, end and a count per name of `weights` (default `count`).

    Between two neighbouring edges of a key the counts are constant. `weights`: name -> what a stretch adds, an
    integer or boolean expression over its row.
    """
    adds = weights or {"count": pl.lit(1)}
    named = stretches.select(*key, "start", "end", **{n: e.cast(pl.Int64) for n, e in adds.items()})
    edges = pl.concat(
        [
            named.select(*key, pl.col("start").alias("_t"), *adds),
            named.select(*key, pl.col("end").alias("_t"), *(-pl.col(n) for n in adds)),
        ]
    )
    steps = edges.group_by([*key, "_t"]).agg(pl.col(list(adds)).sum()).sort(*key, "_t")
    last = pl.struct(key) != pl.struct(key).shift(-1)
    return (
        steps.with_columns(
            *(pl.col(n).cum_sum().over(key) for n in adds),
            pl.col("_t").cast(INSTANT).alias("start"),
            pl.col("_t").shift(-1).cast(INSTANT).alias("end"),
        )
        .filter(~last.fill_null(True))
        .select(*key, "start", "end", *adds)
    )
