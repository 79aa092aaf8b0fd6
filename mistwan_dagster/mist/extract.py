"""Rows of a page into a typed frame: each row is stored or quarantined with its reason, none is lost.

Belongs here: types, nested fields, undeclared keys, MAC spelling. Does not belong here: requests, duplicates,
and what a value means. Columns are built whole; single values are looked at only in a column that does not
fit its type.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import polars as pl

from mistwan_dagster.catalog.endpoint import EXTRA, RECEIVED_AT, Endpoint, Field
from mistwan_dagster.mist.redaction import is_sensitive, without_secrets
from mistwan_dagster.mist.rows import TypedRow, column

MAC_FIELDS = frozenset({"mac", "peer_mac", "vc_mac", "device_mac"})
INT64 = range(-(2**63), 2**63)
NONE = type(None)
SCALARS = frozenset({str, int, float, bool, NONE})
PLAIN_MAC = re.compile(r"[0-9a-f]{12}")
SEPARATORS = re.compile(r"[:.\-]")
JSON_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Quarantined:
    """A row that cannot be stored: its JSON without secrets, and why (field and type of value)."""

    row_json: str
    reason: str


@dataclass(frozen=True)
class Extracted:
    """A frame with exactly the endpoint's columns, and the rows that did not fit."""

    frame: pl.DataFrame
    quarantined: list[Quarantined]


@dataclass(frozen=True)
class _Type:
    """How a field's values may look. Values of `plain` types need no look at each; `convert` judges one
    value and raises ValueError with the words for the reason. `built_strictly`: Polars itself refuses other
    types (it does not for numbers, where it takes a boolean for 1)."""

    plain: frozenset[type]
    convert: Callable[[Any], Any]
    built_strictly: bool = False


def extract(endpoint: Endpoint, rows: list[Any], received_at: datetime) -> Extracted:
    """Typed frame of a page's rows, in order, plus the rows that do not fit.

    A key that is missing or null is null. Integers are taken for floats and integral floats for integers; any
    other type than the declared one, a number that is not finite or beyond 64 bits, text that is not Unicode,
    a row that is not an object, and a row without the first field of the natural key are quarantined.
    `extra` keeps undeclared keys as a JSON object, sorted, unless the endpoint keeps none. Keys that name
    credentials are dropped, here and there.
    Rows in == `frame.height` + `len(quarantined)`.
    """
    if rows and isinstance(rows[0], TypedRow):
        return Extracted(_typed_frame(endpoint, rows, received_at), [])
    if not endpoint.keeps_extra:
        rows = [_declared_part(endpoint, row) for row in rows]
    objects = rows if set(map(type, rows)) <= {dict} else [row for row in rows if type(row) is dict]
    bad: dict[int, str] = {}
    shapes = _Shapes(endpoint, objects)
    json_type = _Type(frozenset({NONE}), lambda value: _json(value, endpoint.secrets))
    columns = [
        _column(f, json_type if f.json else _TYPES[f.dtype], _values(f, objects, shapes, bad), bad)
        for f in endpoint.fields
    ]
    columns.append(_arrival(received_at, len(objects)))
    columns.append(pl.Series(EXTRA.name, _extras(endpoint, objects, shapes, bad), EXTRA.dtype))
    frame = pl.DataFrame(columns)
    for index in _without_key(frame[endpoint.key[0]]):
        bad.setdefault(index, f"no value in {endpoint.key[0]}")
    quarantined = [
        Quarantined(_row_json(endpoint, row), f"row is {_type_name(row)}, not an object")
        for row in (rows if len(objects) < len(rows) else ())
        if type(row) is not dict
    ]
    if bad:
        quarantined += [Quarantined(_row_json(endpoint, objects[i]), bad[i]) for i in sorted(bad)]
        frame = frame.filter(pl.Series([i not in bad for i in range(len(objects))], dtype=pl.Boolean))
    return Extracted(frame, quarantined)


def _declared_part(endpoint: Endpoint, row: Any) -> Any:
    if type(row) is not dict:
        return None
    return {key: row[key] for key in (field.source[0] for field in endpoint.fields) if key in row}


def _typed_frame(endpoint: Endpoint, rows: list[TypedRow], received_at: datetime) -> pl.DataFrame:
    """The frame of rows whose types the parser has checked."""
    columns = []
    for field in endpoint.fields:
        values = column(rows, field.name)
        if field.name in MAC_FIELDS:
            values = list(map(plain_mac, values))
        columns.append(pl.Series(field.name, values, field.dtype, strict=True))
    extras = type(rows[0]).write_extras(rows)
    columns += [_arrival(received_at, len(rows)), pl.Series(EXTRA.name, extras, EXTRA.dtype)]
    return pl.DataFrame(columns)


def _arrival(received_at: datetime, rows: int) -> pl.Series:
    return pl.Series(RECEIVED_AT.name, [received_at], RECEIVED_AT.dtype).new_from_index(0, rows)


class _Shapes(dict[tuple[str, ...], "_Undeclared"]):
    """The key sequences of a page's rows: few, so that what depends on them is found out once for each."""

    def __init__(self, endpoint: Endpoint, rows: list[dict[str, Any]]) -> None:
        self.endpoint = endpoint
        self.known = {field.source[0] for field in endpoint.fields}
        self.undeclared = list(map(self.__getitem__, map(tuple, rows)))
        self.in_all = set(rows[0]).intersection(*self) if rows else set()

    def __missing__(self, shape: tuple[str, ...]) -> _Undeclared:
        undeclared = sorted(k for k in shape if k not in self.known)
        names = [k for k in undeclared if not is_sensitive(k, self.endpoint.secrets)]
        # A getter of one name gives the bare value: ask for it twice, the second is ignored.
        self[shape] = found = _Undeclared(names, itemgetter(*names, names[0]) if names else tuple)
        return found


class _Undeclared(NamedTuple):
    """Keys of a row that no field declares, and how to get their values."""

    names: list[str]
    values: Callable[[Any], tuple[Any, ...]]


def _values(field: Field, rows: list[dict[str, Any]], shapes: _Shapes, bad: dict[int, str]) -> list[Any]:
    """The field's value of each row; a step of its path that is no object makes the row bad."""
    *steps, name = field.source
    if not steps:
        if name in shapes.in_all:
            return list(map(itemgetter(name), rows))
        return [row.get(name) for row in rows]
    holders: list[Any] = rows
    for step in steps:
        holders = [None if holder is None else holder.get(step) for holder in holders]
        for index, holder in enumerate(holders):
            if holder is not None and type(holder) is not dict:
                bad.setdefault(index, f"{step}: {_type_name(holder)} where an object is expected")
                holders[index] = None
    return [None if holder is None else holder.get(name) for holder in holders]


def _column(field: Field, kind: _Type, values: list[Any], bad: dict[int, str]) -> pl.Series:
    """The typed column. A value that does not fit makes its row bad and is null here."""
    if kind.built_strictly or set(map(type, values)) <= kind.plain:
        try:
            if field.name in MAC_FIELDS:
                values = list(map(plain_mac, values))
            series = pl.Series(field.name, values, field.dtype, strict=True)
            # A sum is finite only if all its terms are; when it overflows, each value is looked at.
            if field.dtype != pl.Float64 or math.isfinite(series.sum()):
                return series
        except (TypeError, OverflowError, UnicodeEncodeError, pl.exceptions.PolarsError):
            pass
    for index, value in enumerate(values):
        try:
            values[index] = None if value is None else kind.convert(value)
        except ValueError as problem:
            bad.setdefault(index, f"{field.name}: {problem}")
            values[index] = None
        else:
            if field.name in MAC_FIELDS:
                values[index] = plain_mac(values[index])
    return pl.Series(field.name, values, field.dtype, strict=True)


def _extras(
    endpoint: Endpoint, rows: list[dict[str, Any]], shapes: _Shapes, bad: dict[int, str]
) -> list[str | None]:
    """JSON of each row's undeclared keys."""
    extras: list[dict[str, Any] | None] = []
    for row, (names, getter) in zip(rows, shapes.undeclared, strict=True):
        if not names:
            extras.append(None)
            continue
        values = getter(row)
        if SCALARS.issuperset(map(type, values)):
            extras.append(dict(zip(names, values)))  # noqa: B905
        else:
            extras.append({n: without_secrets(row[n], endpoint.secrets) for n in names})
    return _encoded(extras, bad)


def _encoded(extras: list[dict[str, Any] | None], bad: dict[int, str]) -> list[str | None]:
    try:
        lines = _encoder.encode_lines(extras).decode().split("\n")
        return [None if extra is None else line for extra, line in zip(extras, lines, strict=False)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    texts: list[str | None] = []
    for index, extra in enumerate(extras):
        try:
            texts.append(None if extra is None else _encoder.encode(extra).decode())
        except (ValueError, TypeError, OverflowError, RecursionError):
            bad.setdefault(index, "undeclared keys hold text that is not Unicode")
            texts.append(None)
    return texts


@lru_cache(maxsize=1 << 16)
def plain_mac(text: Any) -> Any:
    """12 lowercase hex digits without separators; what is no MAC stays as it is."""
    plain = SEPARATORS.sub("", text).lower() if type(text) is str else ""
    return plain if PLAIN_MAC.fullmatch(plain) else text


def _without_key(first: pl.Series) -> list[int]:
    missing = first.is_null()
    if first.dtype == pl.String:
        missing = missing | (first == "").fill_null(False)
    return missing.arg_true().to_list()


def _row_json(endpoint: Endpoint, row: Any) -> str:
    # ASCII, so that text that is not Unicode can be kept too.
    return json.dumps(without_secrets(row, endpoint.secrets))


def _type_name(value: Any) -> str:
    return "null" if value is None else JSON_NAMES.get(type(value), type(value).__name__)


def _expected(value: Any, words: str) -> ValueError:
    return ValueError(f"{_type_name(value)} where {words} is expected")


def _string(value: Any) -> str:
    if type(value) is not str:
        raise _expected(value, "a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("string that is not Unicode") from None
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _expected(value, "a boolean")
    return value


def _integer(value: Any) -> int:
    if type(value) is float and not math.isfinite(value):
        raise ValueError("number that is not finite")
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is float:
        raise ValueError("number with a fraction where an integer is expected")
    if type(value) is not int:
        raise _expected(value, "an integer")
    if value not in INT64:
        raise ValueError("integer beyond 64 bits")
    return value


def _float(value: Any) -> float:
    if type(value) not in (int, float):
        raise _expected(value, "a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("number that is not finite") from None
    if not math.isfinite(number):
        raise ValueError("number that is not finite")
    return number


def _json(value: Any, secrets: Set[str]) -> str:
    if type(value) not in (dict, list):
        raise _expected(value, "an object or array")
    try:
        return _encoder.encode(without_secrets(value, secrets)).decode()
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ValueError("value that is not Unicode JSON") from None


_TYPES: dict[Any, _Type] = {
    pl.String: _Type(frozenset({str, NONE}), _string, built_strictly=True),
    pl.Boolean: _Type(frozenset({bool, NONE}), _boolean, built_strictly=True),
    pl.Int64: _Type(frozenset({int, NONE}), _integer),
    pl.Float64: _Type(frozenset({int, float, NONE}), _float),
}
