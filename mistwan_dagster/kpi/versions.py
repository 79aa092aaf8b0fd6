"""Versions of dimension rows: what changed when, and which version an hour sees.

Belongs here: comparing, closing and choosing versions. Does not belong here: what the attributes mean.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT

VERSIONED = {"valid_from": INSTANT, "valid_to": INSTANT, "is_current": pl.Boolean()}
STATES = ("active_state", "port_state")
"""Attributes that say how a row is now: a version for each flap would bury the lasting changes."""


def apply_versions(
    dim: pl.DataFrame,
    observed: pl.DataFrame,
    key: str,
    as_of: datetime,
) -> pl.DataFrame:
    """The dimension after an observation at `as_of`: `dim` plus versions for what is new or changed.

    `observed` has one row per key and no version columns; null equals null. A changed row closes the
    current version at `as_of` and opens another; columns in STATES are overwritten in the current version
    instead. Keys that were not observed stay as they are, and so do keys whose current version began after
    `as_of`. A change at the very instant at which the current version began replaces it. The same
    observation twice gives the same dimension. Sorted by key and valid_from; an empty `dim` may lack
    columns.
    """
    if dim.is_empty():
        dim = pl.DataFrame(schema={**observed.schema, **VERSIONED})
    dim, observed = _with_columns_of(dim, observed), _with_columns_of(observed, dim.drop(VERSIONED))
    attributes = [c for c in observed.columns if c != key]
    lasting = [c for c in attributes if c not in STATES]
    current = dim.filter("is_current")
    both = observed.join(current.select(key, "valid_from", *attributes), on=key, how="left", suffix="_was")
    same = pl.all_horizontal(True, *(pl.col(c).eq_missing(pl.col(f"{c}_was")) for c in lasting))
    was_from = pl.col("valid_from")
    judged = both.with_columns(
        _new=was_from.is_null(),
        _late=(was_from > as_of).fill_null(False),
        _replaced=(was_from == as_of).fill_null(False) & ~same,
        _changed=~same & was_from.is_not_null(),
    ).filter(~pl.col("_late"))
    opened = judged.filter(pl.col("_new") | pl.col("_changed")).select(
        key,
        *attributes,
        valid_from=pl.lit(as_of, INSTANT),
        valid_to=pl.lit(None, INSTANT),
        is_current=True,
    )
    closed = judged.filter(pl.col("_changed") & ~pl.col("_replaced"))
    replaced = judged.filter("_replaced")
    kept = judged.filter(~pl.col("_new") & ~pl.col("_changed"))
    old = dim.join(replaced.select(key, is_current=True), on=[key, "is_current"], how="anti")
    old = _close(_overwrite(old, kept, key, [c for c in attributes if c in STATES]), closed, key, as_of)
    return pl.concat([old, opened.select(old.columns)]).sort(key, "valid_from")


def retire(dim: pl.DataFrame, keys: pl.Series, key: str, as_of: datetime) -> pl.DataFrame:
    """The dimension after `keys` are known to be no more at `as_of`: their current versions end, none follows.

    One that began at `as_of` or later stays. A key that is observed again gets a version that begins then.
    """
    gone = dim.filter(pl.col(key).is_in(keys.implode()) & (pl.col("valid_from") < as_of))
    return _close(dim, gone.filter("is_current"), key, as_of)


def newest(dim: pl.DataFrame, key: str, since: datetime | None = None) -> pl.DataFrame:
    """The newest version of each key, of those that were no more by `since` none."""
    last = dim.sort(key, "valid_from").unique(key, keep="last", maintain_order=True)
    if since is None:
        return last
    return last.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > since))


def _with_columns_of(frame: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    absent = {c: t for c, t in other.schema.items() if c not in frame.columns}
    return frame.with_columns(pl.lit(None, t).alias(c) for c, t in absent.items())


def _overwrite(dim: pl.DataFrame, seen: pl.DataFrame, key: str, states: list[str]) -> pl.DataFrame:
    if not states:
        return dim
    now = seen.select(key, *(pl.col(c).alias(f"{c}_now") for c in states), is_current=True, _seen=True)
    joined = dim.join(now, on=[key, "is_current"], how="left", maintain_order="left")
    updated = joined.with_columns(pl.when("_seen").then(f"{c}_now").otherwise(c).alias(c) for c in states)
    return updated.select(dim.columns)


def _close(dim: pl.DataFrame, closed: pl.DataFrame, key: str, as_of: datetime) -> pl.DataFrame:
    ends = pl.col("is_current") & pl.col(key).is_in(closed[key].implode())
    return dim.with_columns(
        valid_to=pl.when(ends).then(pl.lit(as_of, INSTANT)).otherwise("valid_to"),
        is_current=pl.col("is_current") & ~ends,
    )


def in_force(dim: pl.LazyFrame, hours: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """One row per key and hour: the columns of the version in force when the hour began, and `hour_utc`.

    That is the newest version with valid_from <= hour_utc. Hours before the first version see the first
    one: history may reach back further than the first sight of a circuit. Hours that begin when the key was no more
    (`retire`) see none. `hours` has distinct hour_utc.
    """
    there = (pl.col("hour_utc") < pl.col("valid_to")).fill_null(True)
    joined = _bounded(dim, key).join(hours.select("hour_utc"), how="cross").filter(_holds() & there)
    return joined.drop("_begins", "_ends")


def with_version(rows: pl.LazyFrame, dim: pl.LazyFrame, key: str, *columns: str) -> pl.LazyFrame:
    """`rows` with `columns` of the version that `in_force` would choose for their key and hour_utc.

    Every row stays, once, in its order; its columns are null when `dim` does not know the key.
    """
    bounded = _bounded(dim, key).select(key, "_begins", "_ends", *columns)
    return (
        rows.join(bounded, on=key, how="left", maintain_order="left")
        .filter(_holds())
        .drop("_begins", "_ends")
    )


def _bounded(dim: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """Versions with the hours between which each is the newest: null before the first and after the last."""
    ordered = dim.sort(key, "valid_from")
    first = (pl.col(key) != pl.col(key).shift(1)).fill_null(True)
    follower = pl.when(pl.col(key) == pl.col(key).shift(-1)).then(pl.col("valid_from").shift(-1))
    return ordered.with_columns(_begins=pl.when(~first).then("valid_from"), _ends=follower)


def _holds() -> pl.Expr:
    begun = (pl.col("_begins") <= pl.col("hour_utc")).fill_null(True)
    return begun & (pl.col("hour_utc") < pl.col("_ends")).fill_null(True)
