"""Thresholds: the defaults, the thresholds file, and the levels in force for a region, store type and day.

Belongs here: reading and checking the file, and putting thresholds beside hourly rows. Does not belong
here: comparing (`severity.py`, `exceedance.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from mistwan_dagster.catalog.columns import LEVELS, MEASURES
from mistwan_dagster.catalog.thresholds import DEFAULT_THRESHOLDS
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.yaml_file import YamlFile

Levels = tuple[float | None, ...]
"""Values of LEVELS; None keeps the level from before."""

LEVEL_COLUMNS = tuple(f"{m}_{level}" for m in MEASURES for level in LEVELS)
LAYERS = ("region", "store_type")
"""Kinds of overrides, the narrower later."""


@dataclass(frozen=True)
class Override:
    """Levels that hold from a day on, 00:00 UTC, for one region or store type."""

    valid_from: date
    levels: Mapping[str, Levels]


@dataclass(frozen=True)
class Thresholds:
    """Defaults, and overrides by region and by store type, each list ascending by valid_from."""

    default: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: dict(DEFAULT_THRESHOLDS))
    region: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)
    store_type: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)

    def layer(self, name: str) -> Mapping[str, tuple[Override, ...]]:
        """Overrides of a layer, `region` or `store_type`."""
        return self.region if name == "region" else self.store_type

    def levels(self, region: str | None, store_type: str | None, day: date) -> dict[str, tuple[float, ...]]:
        """Measure -> levels in force: defaults, then the region's overrides, then the store type's.

        Within a list the overrides that have begun apply one after the other, so a null keeps what was in
        force before.
        """
        chain = [*self.region.get(region or "", ()), *self.store_type.get(store_type or "", ())]
        found = dict(self.default)
        for override in chain:
            if override.valid_from <= day:
                for measure, levels in override.levels.items():
                    found[measure] = _over(found[measure], levels)
        return found

    def begun(self, day: date) -> Thresholds:
        """Only what had begun by a day, sorted by name: equal when hours of that day are judged alike."""
        layers = {}
        for name in LAYERS:
            chains = {
                k: tuple(o for o in chain if o.valid_from <= day) for k, chain in self.layer(name).items()
            }
            layers[name] = {k: chain for k, chain in sorted(chains.items()) if chain}
        return Thresholds(dict(sorted(self.default.items())), **layers)

    def effective(self, sites: pl.DataFrame) -> pl.DataFrame:
        """All versions of the levels in force for each distinct (region, store_type) of `sites`.

        Columns: region, store_type, valid_from (the first version from 0001-01-01), `<measure>_<level>`.
        """
        rows = []
        for region, store_type in sites.select(LAYERS).unique(maintain_order=True).iter_rows():
            for day in self._changes(region, store_type):
                levels = self.levels(region, store_type, day)
                rows.append((region, store_type, day, *(v for m in MEASURES for v in levels[m])))
        schema = {"region": pl.String, "store_type": pl.String, "valid_from": pl.Date}
        return pl.DataFrame(rows, schema={**schema, **dict.fromkeys(LEVEL_COLUMNS, pl.Float64)}, orient="row")

    def _changes(self, region: str | None, store_type: str | None) -> list[date]:
        chain = [*self.region.get(region or "", ()), *self.store_type.get(store_type or "", ())]
        return sorted({date.min, *(o.valid_from for o in chain)})


def _over(before: tuple[Any, ...], levels: Levels) -> tuple[Any, ...]:
    return tuple(b if new is None else new for b, new in zip(before, levels, strict=True))


def with_thresholds(frame: pl.LazyFrame, thresholds: Thresholds) -> pl.LazyFrame:
    """Adds `threshold_<measure>_<level>` as in force in each row's hour. Rows and their order stay.

    Reads region, store_type (null: no override) and hour_utc; an override holds from 00:00 UTC of its
    valid_from.
    """
    layers = [name for name in reversed(LAYERS) if any(thresholds.layer(name).values())]
    for name in layers:
        overrides = thresholds.layer(name)
        days = sorted({o.valid_from for chain in overrides.values() for o in chain})
        table = _layer_table(name, overrides, days).lazy()
        begun = pl.sum_horizontal((pl.col("hour_utc").dt.date() >= day).cast(pl.Int32) for day in days)
        frame = (
            frame.with_columns(_begun=begun.cast(pl.Int32))
            .join(table, on=[name, "_begun"], how="left", maintain_order="left")
            .drop("_begun")
        )
    defaults = dict(zip(LEVEL_COLUMNS, (v for m in MEASURES for v in thresholds.default[m]), strict=True))
    chosen = {
        f"threshold_{c}": pl.coalesce(*(f"_{name}_{c}" for name in layers), pl.lit(value, pl.Float64))
        for c, value in defaults.items()
    }
    return frame.with_columns(**chosen).drop(f"_{name}_{c}" for name in layers for c in LEVEL_COLUMNS)


def _layer_table(name: str, overrides: Mapping[str, tuple[Override, ...]], days: list[date]) -> pl.DataFrame:
    """One row per name and number of days begun, with the levels that the layer sets (else null)."""
    nothing: Levels = (None,) * len(LEVELS)
    rows = []
    for key, chain in overrides.items():
        for begun, day in enumerate(days, start=1):
            levels = dict.fromkeys(MEASURES, nothing)
            for override in chain:
                if override.valid_from <= day:
                    for measure, new in override.levels.items():
                        levels[measure] = _over(levels[measure], new)
            rows.append((key, begun, *(v for m in MEASURES for v in levels[m])))
    columns = dict.fromkeys((f"_{name}_{c}" for c in LEVEL_COLUMNS), pl.Float64)
    return pl.DataFrame(rows, schema={name: pl.String, "_begun": pl.Int32, **columns}, orient="row")


# --- the file ------------------------------------------------------------------------------------------


def load_thresholds(path: Path | str | None) -> Thresholds:
    """Thresholds of the file, or the defaults without one.

    Raises UserError (exit 2) for a file that is unreadable or no YAML, an unknown key or measure, levels
    that are not three numbers (null allowed), an override without valid_from, and levels that do not ascend
    where overrides meet.
    """
    if path is None:
        return Thresholds()
    content = _mapping(path, "the file", _file(path).content({}))
    _only(path, "the file", content, ("default", *LAYERS))
    default = dict(DEFAULT_THRESHOLDS)
    for measure, levels in _levels(path, "default", content.get("default") or {}).items():
        default[measure] = _over(default[measure], levels)
    layers = {name: _layer(path, name, content.get(name) or {}) for name in LAYERS}
    thresholds = Thresholds(default, **layers)
    _check_ascending(path, thresholds)
    return thresholds


def _file(path: Path | str) -> YamlFile:
    return YamlFile(path, "thresholds", "MISTWAN_THRESHOLDS_FILE")


def _wrong(path: Path | str, what: str) -> UserError:
    return _file(path).wrong(what)


def _mapping(path: Path | str, where: str, value: object) -> dict[Any, Any]:
    return _file(path).mapping(where, value)


def _only(path: Path | str, where: str, value: dict[Any, Any], allowed: Iterable[str]) -> None:
    _file(path).only(where, value, allowed)


def _layer(path: Path | str, layer: str, value: object) -> dict[str, tuple[Override, ...]]:
    found = {}
    for name, entries in _mapping(path, layer, value).items():
        where = f"{layer} {name}"
        if not isinstance(entries, list):
            raise _wrong(path, f"{where} must be a list of overrides, each with valid_from")
        overrides = [_override(path, f"{where}, override {i}", e) for i, e in enumerate(entries, start=1)]
        days = [o.valid_from for o in overrides]
        for day in days:
            if days.count(day) > 1:
                raise _wrong(path, f"{where}: two overrides are valid from {day}, make them one")
        found[str(name)] = tuple(sorted(overrides, key=lambda o: o.valid_from))
    return found


def _override(path: Path | str, where: str, value: object) -> Override:
    entry = dict(_mapping(path, where, value))
    if entry.get("valid_from") is None:
        raise _wrong(path, f"{where}: valid_from is missing, expected a date such as 2025-01-01")
    day = _date(path, where, entry.pop("valid_from"))
    return Override(day, _levels(path, where, entry))


def _date(path: Path | str, where: str, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _wrong(
            path, f"{where}: valid_from {value} is no date, expected one such as 2025-01-01"
        ) from None


def _levels(path: Path | str, where: str, value: object) -> dict[str, Levels]:
    entry = _mapping(path, where, value)
    _only(path, where, entry, MEASURES)
    for measure, levels in entry.items():
        if not isinstance(levels, list) or len(levels) != len(LEVELS):
            raise _wrong(
                path, f"{where}: {measure} must be three numbers [{', '.join(LEVELS)}], not {levels!r}"
            )
        for level in levels:
            if level is not None and not _is_level(level):
                raise _wrong(path, f"{where}: {measure}: {level!r} is no number of 0 or more")
    return {m: tuple(None if v is None else float(v) for v in levels) for m, levels in entry.items()}


def _is_level(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0


def _check_ascending(path: Path | str, thresholds: Thresholds) -> None:
    """Also where a region and a store type override different levels of the same measure."""
    for region in (None, *thresholds.region):
        for store_type in (None, *thresholds.store_type):
            for day in thresholds._changes(region, store_type):
                for measure, levels in thresholds.levels(region, store_type, day).items():
                    if not all(a < b for a, b in pairwise(levels)):
                        where = ", ".join(
                            [
                                *([f"region {region}"] if region else []),
                                *([f"store type {store_type}"] if store_type else []),
                                *([f"from {day}"] if day > date.min else []),
                            ]
                        )
                        shown = ", ".join(f"{v:g}" for v in levels)
                        raise _wrong(path, f"{where or 'default'}: {measure} levels [{shown}] do not ascend")
