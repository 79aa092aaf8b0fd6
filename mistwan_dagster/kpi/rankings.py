"""Top offenders: the worst circuits by any figure of an aggregate table.

Belongs here: which end of a figure is the bad one, and the order. Does not belong here: the figures, and which
periods are ranked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_ROLLING_13M,
    AGG_CIRCUIT_WINDOW,
    RPT_TOP_OFFENDERS,
    Table,
)
from mistwan_dagster.errors import UserError

LOW_IS_BAD = frozenset({"availability_pct"})
NO_OFFENCE = frozenset({"window_hours", "observed_hours", "up_minutes", "total_minutes"})
"""Numbers that are neither good nor bad."""
REPORT_SIZE = 25
_WHO = ("site_id", "circuit_id", "region", "role")


def rankable(table: Table) -> list[str]:
    """Figures of a table of circuits that can be ranked, in declared order."""
    numbers = (c.name for c in table.columns if c.dtype in (pl.Float64, pl.Int64))
    return [name for name in numbers if name not in NO_OFFENCE]


MEASURES_RANKED = tuple(
    dict.fromkeys(
        m for t in (AGG_CIRCUIT_WINDOW, AGG_CIRCUIT_PERIOD, AGG_CIRCUIT_ROLLING_13M) for m in rankable(t)
    )
)


def top(frame: pl.LazyFrame, measure: str, n: int) -> pl.LazyFrame:
    """The `n` worst circuits of `frame` by `measure`, worst first: rank, who, value, and how many were ranked.

    `frame`: rows of one window or period of an aggregate table, one a circuit. The highest value is the worst, of
    availability the lowest. Ties stand in the order of circuit_id, so that the list is the same each time.
    Circuits whose value is unknown are left out and counted in unknown_circuits. Raises UserError for a measure
    that cannot be ranked or that the frame does not have.
    """
    if measure not in MEASURES_RANKED or measure not in frame.collect_schema().names():
        raise UserError(
            f"{measure} cannot be ranked: choose one of {', '.join(MEASURES_RANKED)}", exit_code=2
        )
    return _worst(frame, [measure], n)


def _worst(frame: pl.LazyFrame, measures: list[str], n: int) -> pl.LazyFrame:
    """`top` for several measures in one pass, one measure after the other."""
    value, measure = pl.col("value"), pl.col("measure")
    floats = (pl.col(m).cast(pl.Float64) for m in measures)
    index = [*_WHO, "observed_hours"]
    long = frame.select(*index, *floats).unpivot(
        measures, index=index, variable_name="measure", value_name="value"
    )
    counts = long.group_by("measure").agg(
        known_circuits=value.count().cast(pl.Int64), unknown_circuits=value.null_count().cast(pl.Int64)
    )
    worst_first = pl.when(measure.is_in(list(LOW_IS_BAD))).then(value).otherwise(-value)
    ordered = long.drop_nulls("value").sort(measure, worst_first, "circuit_id")
    ranked = (
        ordered.group_by("measure", maintain_order=True)
        .head(n)
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("measure"))
        .join(counts, on="measure", how="left", maintain_order="left")
    )
    return ranked.select(
        "measure", "rank", *_WHO, "value", "observed_hours", "known_circuits", "unknown_circuits"
    )


def top_offenders(
    stretches: Iterable[tuple[str, datetime, pl.DataFrame]], n: int = REPORT_SIZE
) -> pl.DataFrame:
    """`rpt_top_offenders`: the `n` worst circuits of each stretch by each figure it has, sorted by its key.

    `stretches`: (kind of period, its start, rows of its aggregate table). `top` says how they are ranked.
    """
    lists = [
        _worst(frame.lazy(), [m for m in MEASURES_RANKED if m in frame.columns], n).with_columns(
            period=pl.lit(kind), period_start_utc=pl.lit(start).cast(INSTANT)
        )
        for kind, start, frame in stretches
    ]
    if not lists:
        return RPT_TOP_OFFENDERS.empty()
    return RPT_TOP_OFFENDERS.conform(pl.concat(lists)).sort(RPT_TOP_OFFENDERS.key).collect()
