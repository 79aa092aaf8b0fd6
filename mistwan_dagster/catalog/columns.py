"""What a column is, and every column that several tables share.

Belongs here: the `Column` type, dtype shorthands, and columns (or families of columns) used by more than
one table. Does not belong here: tables (`tables.py`), API fields (`endpoints.py`), any computation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
"""Every instant in lake and KPI frames; the warehouse stores it as a naive UTC timestamp."""


@dataclass(frozen=True)
class Column:
    """One column of a table: its type, unit, bounds and meaning.

    `low` and `high` are inclusive bounds checked by the contract check; null always passes unless
    `nullable` is false. `allowed` lists the only permitted strings.
    """

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    nullable: bool = True
    allowed: tuple[str, ...] = ()

    def required(self) -> Column:
        """The same column, refusing null (for keys)."""
        return replace(self, nullable=False)


MEASURES: dict[str, tuple[str, str]] = {
    "utilization": ("pct", "utilization"),
    "loss": ("pct", "frame loss"),
    "jitter": ("ms", "jitter"),
    "latency": ("ms", "latency"),
}
"""The measures that have thresholds: name -> (unit, words). Order is the order of columns everywhere."""

QUALITY_MEASURES: tuple[str, ...] = ("loss", "jitter", "latency")
LEVELS: tuple[str, ...] = ("warning", "high", "critical")
SEVERITIES: tuple[str, ...] = ("normal", *LEVELS)
"""Ascending; comparisons use this order, never the alphabet."""


def measure_column(measure: str, statistic: str) -> str:
    """`("latency", "p95")` -> `latency_p95_ms`, the one place where such names are spelled."""
    return f"{measure}_{statistic}_{MEASURES[measure][0]}"


def value_column(measure: str) -> str:
    """The hourly column that is compared with a measure's thresholds."""
    return "utilization_pct" if measure == "utilization" else measure_column(measure, "avg")


def hours_column(measure: str, level: str) -> str:
    """Cumulative hours at or above a level."""
    return f"{measure}_{level}_hours"


def run_hours_column(measure: str, level: str) -> str:
    """Longest consecutive run of hours at or above a level."""
    return f"{measure}_{level}_run_hours"


NONE = "(none)"
"""Stands in a key for what is not there: a site's region, a circuit's provider, what Mist did not tell of an alarm."""
SITE_ID = Column("site_id", pl.String, "Mist site id", nullable=False)
CIRCUIT_ID = Column(
    "circuit_id", pl.String, "`mac:port_id`, on an HA cluster `mac:node:port_id`", nullable=False
)
HOUR_UTC = Column("hour_utc", INSTANT, "start of the hour, UTC", nullable=False)
REGION = Column(
    "region", pl.String, f"name of the site's region sitegroup without prefix, `{NONE}` without one"
)
ROLE = Column("role", pl.String, "primary or secondary; null when unknown", allowed=("primary", "secondary"))
DEVICE_MAC = Column("device_mac", pl.String, "gateway MAC, 12 lowercase hex digits")
NODE = Column("node", pl.String, "node0 or node1 on an HA cluster, else null")
PORT_ID = Column("port_id", pl.String, "physical port, for example ge-0/0/1")
ACTIVE_STATE = Column(
    "active_state", pl.Boolean, "true while this circuit carries the site's traffic; null when unknown"
)

BITS_PER_MEGABIT = 1e6
BITS_PER_BYTE = 8


def minutes_columns(high: float | None) -> tuple[Column, ...]:
    """Up, down and unknown minutes; they add up to the observed span (60 in a complete hour)."""
    return (
        Column("up_minutes", pl.Float64, "minutes the link was known to be up", "min", 0, high),
        Column("down_minutes", pl.Float64, "minutes the link was known to be down", "min", 0, high),
        Column(
            "unknown_minutes",
            pl.Float64,
            "minutes without knowledge of the link: gateway disconnected, port disabled, or nothing observed",
            "min",
            0,
            high,
        ),
    )


def statistic_columns(measures: Iterable[str], statistics: Iterable[str], over: str) -> tuple[Column, ...]:
    """`<measure>_<statistic>_<unit>` for each pair, described as taken over `over`."""
    words = {"avg": "mean", "max": "maximum", "p95": "95th percentile"}
    return tuple(
        Column(
            measure_column(m, s),
            pl.Float64,
            f"{words[s]} {MEASURES[m][1]} {over}",
            MEASURES[m][0],
            0,
            100 if m == "loss" else None,
        )
        for m in measures
        for s in statistics
    )


def exceedance_columns() -> tuple[Column, ...]:
    """Cumulative and longest-run hours for each measure and level. A value on the threshold counts."""
    return (*hours_above_columns(), *_level_columns(run_hours_column, "longest run of consecutive hours"))


def hours_above_columns() -> tuple[Column, ...]:
    """Cumulative hours for each measure and level. A value on the threshold counts."""
    return _level_columns(hours_column, "hours")


def _level_columns(spell: Callable[[str, str], str], words: str) -> tuple[Column, ...]:
    return tuple(
        Column(spell(m, level), pl.Int64, f"{words} with {MEASURES[m][1]} at or above {level}", "h", 0)
        for m in MEASURES
        for level in LEVELS
    )
