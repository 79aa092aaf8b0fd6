"""Which level the value of an hour reaches.

Belongs here: comparing hourly values with the thresholds beside them. Does not belong here: where
thresholds come from (`thresholds.py`), hours above a level (`exceedance.py`).
"""

from __future__ import annotations

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, MEASURES, SEVERITIES, value_column

_ORDER = pl.Enum(SEVERITIES)


def with_severities(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Adds `<measure>_severity` for each measure, and `severity`, the worst of those known.

    Reads the hourly value columns and `threshold_<measure>_<level>`. A value on a threshold reaches it;
    below the warning is normal. A null value gives a null severity; `severity` is null when all are. Values
    are not rounded.
    """
    levels = {f"{m}_severity": _severity(m) for m in MEASURES}
    worst = pl.max_horizontal(pl.col(name).cast(_ORDER).to_physical() for name in levels)
    names = {rank: pl.lit(name) for rank, name in enumerate(SEVERITIES)}
    overall = pl.lit(None, pl.String)
    for rank, name in names.items():
        overall = pl.when(worst == rank).then(name).otherwise(overall)
    return frame.with_columns(**levels).with_columns(severity=overall)


def _severity(measure: str) -> pl.Expr:
    value = pl.col(value_column(measure))
    reached: pl.Expr = pl.when(value.is_not_null() & value.is_not_nan()).then(pl.lit(SEVERITIES[0]))
    for level in LEVELS:
        reached = (
            pl.when(value >= pl.col(f"threshold_{measure}_{level}")).then(pl.lit(level)).otherwise(reached)
        )
    return reached
