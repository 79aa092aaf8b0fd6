"""Rows as no cloud should send them: the vendor's examples and schemas, bent.

Belongs here: hypothesis strategies over the vendor's document. Does not belong here: expectations.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoint import Body, Endpoint
from mistwan_dagster_tests.vendor_document import answer_schema, examples, resolve

DROPPED = object()
MACS = ["5c5b35000001", "5C:5B:35:00:00:01", "5c5b35000002"]
PORTS = ["ge-0/0/0", "ge-0/0/1.671", "Lte", "wan0"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        [
            *(0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 1e300, 1e-300, -0.0),
            *("", " ", "\x00", "\ud800", "ｗａｎ", "🛰", "null", "NaN", "-1", "1e999", "2025-01-01T00:00:00Z"),
            *(math.nan, math.inf, -math.inf, 1741082700.123, 1741082700123, 253402300800.0),
        ]
    )
)
nasty = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def by_schema(schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that the schema describes, keys present or absent."""
    node = resolve(schema)
    if node.get("enum"):
        return st.sampled_from(node["enum"])
    for key in ("oneOf", "anyOf"):
        if node.get(key):
            return st.one_of([by_schema(part, depth) for part in node[key]])
    kind = node.get("type", "object")
    kinds = kind if isinstance(kind, list) else [kind]
    return st.one_of([_of_kind(k, node, depth) for k in kinds])


def _of_kind(kind: str, node: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if kind == "object":
        inner = {} if depth > 2 else node.get("properties", {})
        return st.fixed_dictionaries({}, optional={n: by_schema(s, depth + 1) for n, s in inner.items()})
    if kind == "array":
        items = {"type": "string"} if depth > 2 else node.get("items", {})
        return st.lists(by_schema(items, depth + 1), max_size=2)
    return {
        "string": st.text(max_size=6),
        "integer": st.integers(-(2**63), 2**63 - 1),
        "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2**40),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def _last_choice(schema: Any) -> dict[str, Any]:
    """The schema, of several alternatives the last."""
    node = resolve(schema)
    for key in ("oneOf", "anyOf"):
        node = resolve(node[key][-1]) if key in node else node
    return node


def _row_schema(endpoint: Endpoint) -> dict[str, Any]:
    """Schema of a row, cut down to the declared keys and a few others, so that drawing one stays cheap."""
    row = _last_choice(answer_schema(endpoint.path))
    if endpoint.body is Body.ROWS:
        if row.get("type") != "array":
            row = resolve(row["properties"]["results"])
        row = resolve(row["items"])
    elif endpoint.body is Body.MAP:
        row = resolve(row["additionalProperties"])
    row = _last_choice(row)
    declared = {field.source[0] for field in endpoint.fields}
    properties = row.get("properties", {})
    others = [name for name in properties if name not in declared][:4]
    return {
        "type": "object",
        "properties": {n: properties[n] for n in properties if n in declared or n in others},
    }


def _bend(row: dict[str, Any], changes: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    bent = {**copy.deepcopy(row), **place, **changes}
    return {name: value for name, value in bent.items() if value is not DROPPED}


def rows(endpoint: Endpoint) -> st.SearchStrategy[Any]:
    """One row: an example or a described one with some values replaced or dropped, or anything at all."""
    shown = [row for _, body in examples(endpoint.path) for row in _rows_of(endpoint, body)]
    described = by_schema(_row_schema(endpoint))
    names = sorted({f.source[0] for f in endpoint.fields} | {"undeclared", "psk"} | set(shown[0]))
    changes = st.dictionaries(st.sampled_from(names), nasty | st.just(DROPPED), max_size=4)
    pools = {
        "mac": MACS,
        "id": MACS,
        "port_id": PORTS,
        "peer_mac": MACS,
        "timestamp": [1741082700.5, 1741086000],
    }
    known = [f.name for f in endpoint.fields if f.name in pools]
    place = st.fixed_dictionaries({name: st.sampled_from(pools[name]) for name in known})
    bent = st.builds(_bend, st.sampled_from(shown) | described, changes, place)
    return st.one_of(bent, bent, bent, nasty)


def _rows_of(endpoint: Endpoint, body: Any) -> list[Any]:
    if endpoint.body is Body.OBJECT:
        return [body]
    if endpoint.body is Body.MAP:
        return list(body.values())
    return body if isinstance(body, list) else body["results"]


def answers(endpoint: Endpoint) -> st.SearchStrategy[Any]:
    """A whole answer: an example with some places replaced or dropped, or any object or array."""
    shown = [body for _, body in examples(endpoint.path)]
    places = sorted({place for body in shown for place in _places(body)}, key=repr)
    changes = st.lists(st.tuples(st.sampled_from(places), nasty | st.just(DROPPED)), max_size=4)
    bent = st.builds(_bend_places, st.sampled_from(shown), changes)
    return st.one_of(bent, bent, bent, nasty.filter(lambda body: isinstance(body, dict | list)))


def _places(body: Any) -> Iterator[tuple[Any, ...]]:
    """Paths to everything inside a body."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, value in inner:
        yield (step,)
        yield from ((step, *rest) for rest in _places(value))


def _bend_places(body: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    bent = copy.deepcopy(body)
    for (*steps, last), value in changes:
        try:
            holder = bent
            for step in steps:
                holder = holder[step]
            if value is DROPPED:
                del holder[last]
            else:
                holder[last] = value
        except (TypeError, KeyError, IndexError):  # an earlier change took the place away
            continue
    return bent
