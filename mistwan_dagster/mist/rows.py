"""Parsing a page straight into typed rows, where its rows are what the catalog declares.

Belongs here: the row type of an endpoint and the decoder that learns the undeclared keys. Does not belong
here: what becomes of a row (`extract.py`). A page with any surprise (a wrong type, an unknown key, a row
without key) is parsed into plain dicts instead, and judged row by row there. Both ways lead to the same
frame; this one takes half the time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, ClassVar

import msgspec
import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint, Field, Paging
from mistwan_dagster.mist.redaction import is_sensitive, without_secrets

MOST_KEYS = 200
"""Undeclared keys beyond which an endpoint's rows are taken for maps, and not typed any more."""
UNNAMEABLE = re.compile(r'[\\"\x00-\x1f]')
"""What msgspec refuses in the name of a field: rows with such a key are not typed any more either."""

TYPES: dict[Any, Any] = {
    pl.String: str | None,
    pl.Boolean: bool | None,
    pl.Float64: float | None,
    pl.Int64: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None,
}
KEY_TYPE = Annotated[str, msgspec.Meta(min_length=1)]
FLAT = str | int | float | bool | None | msgspec.UnsetType
ENVELOPE = ("total", "limit", "next")

ExtrasWriter = Callable[[list[Any]], list[str | None]]

_encoder = msgspec.json.Encoder()


class TypedRow(msgspec.Struct, gc=False):
    """Base of all row types: declared fields in declared order, then undeclared keys as `x0`, `x1`, ..."""

    write_extras: ClassVar[ExtrasWriter]
    """JSON of each row's undeclared keys without secrets, None where there are none."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def column(rows: list[Any], name: str) -> list[Any]:
    """One attribute of each row. By column, since a tuple a row would set off full garbage collections."""
    return list(map(attrgetter(name), rows))


class RowDecoder:
    """Decoder of one endpoint's answers. Threads may share it: what it learns replaces the form whole."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._declared = {field.name for field in endpoint.fields}
        self._keys: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._form: msgspec.json.Decoder[Any] | None = _form(endpoint, {})

    def decode(self, content: bytes) -> Any:
        """The parsed body; its `results` hold TypedRows, or dicts when one of them does not fit.

        Raises msgspec.DecodeError for what is not JSON in UTF-8.
        """
        form = self._form
        if form is not None:
            try:
                body = form.decode(content)
                told = {n: getattr(body, n) for n in ENVELOPE if getattr(body, n) is not msgspec.UNSET}
                return {"results": body.results, **told}
            except msgspec.DecodeError:
                pass
        body = msgspec.json.decode(content)
        if isinstance(body, dict) and isinstance(body.get("results"), list):
            self._learn([row for row in body["results"] if type(row) is dict])
        return body

    def _learn(self, rows: list[dict[str, Any]]) -> None:
        """Add the rows' undeclared keys; a key is nested once a row held an object or array there."""
        seen: dict[str, bool] = {}
        for row in rows:
            for key in row.keys() - self._declared:
                seen[key] = seen.get(key, False) or type(row[key]) in (dict, list)
        with self._lock:
            keys = dict(self._keys)
            for key, nested in seen.items():
                keys[key] = keys.get(key, False) or nested
            if keys != self._keys:
                # Sorted, as `extract` sorts them: the text of `extra` must not hang on what came first.
                self._keys = keys = dict(sorted(keys.items()))
                is_typed = len(keys) <= MOST_KEYS and not any(map(UNNAMEABLE.search, keys))
                self._form = _form(self.endpoint, keys) if is_typed else None


_DECODERS: dict[Any, RowDecoder] = {}


def row_decoder(endpoint: Endpoint) -> RowDecoder | None:
    """The process's decoder of an endpoint, None where rows are not flat objects in `results`."""
    nested = any(field.json or field.path for field in endpoint.fields)
    key_first = endpoint.fields[0].name == endpoint.key[0]  # it alone is required, so it must come first
    if nested or not key_first or not endpoint.keeps_extra or endpoint.paging is not Paging.CURSOR:
        return None
    identity = (endpoint.name, endpoint.fields, endpoint.key, endpoint.secrets)
    return _DECODERS.setdefault(identity, _DECODERS.get(identity) or RowDecoder(endpoint))


def _form(endpoint: Endpoint, keys: dict[str, bool]) -> msgspec.json.Decoder[Any]:
    """Decoder of a body whose rows hold the declared fields and `keys` (key -> holds nested values)."""
    names = {key: f"x{i}" for i, key in enumerate(keys)}
    kept = [key for key in keys if not is_sensitive(key, endpoint.secrets)]
    undeclared = [(names[key], Any if keys[key] or key not in kept else FLAT, msgspec.UNSET) for key in keys]
    row = msgspec.defstruct(
        f"{endpoint.name}_row",
        [*(_typed(field, endpoint) for field in endpoint.fields), *undeclared],
        bases=(TypedRow,),
        namespace={"write_extras": staticmethod(_writer(endpoint, kept, keys))},
        rename={name: key for key, name in names.items()},
        forbid_unknown_fields=True,
        gc=False,
    )
    told = [(name, Any, msgspec.UNSET) for name in ENVELOPE]
    body = msgspec.defstruct(f"{endpoint.name}_body", [("results", list[row]), *told])  # type: ignore[valid-type]
    return msgspec.json.Decoder(body)


def _typed(field: Field, endpoint: Endpoint) -> tuple[Any, ...]:
    if field.name == endpoint.key[0]:
        return (field.name, KEY_TYPE)
    return (field.name, TYPES[field.dtype], None)


def _writer(endpoint: Endpoint, kept: list[str], keys: dict[str, bool]) -> ExtrasWriter:
    """What writes the `kept` of the undeclared `keys` of typed rows as JSON."""
    if not kept:
        return lambda rows: [None] * len(rows)
    places = [i for i, key in enumerate(keys) if key in kept]
    extra = msgspec.defstruct(
        f"{endpoint.name}_extra",
        [(f"x{i}", Any, msgspec.UNSET) for i in places],
        rename={f"x{i}": key for i, key in enumerate(keys)},
        gc=False,
    )

    def write(rows: list[Any]) -> list[str | None]:
        told = [column(rows, f"x{i}") for i in places]
        for at, key in enumerate(kept):
            if keys[key]:
                told[at] = [without_secrets(value, endpoint.secrets) for value in told[at]]
        lines = _encoder.encode_lines(list(map(extra, *told))).decode().split("\n")
        return [None if line == "{}" else line for line in lines[: len(rows)]]

    return write
