"""The vendor's description of its API, for tests: schemas and example answers by path.

`data/mist_openapi.json.gz` is a subset of the vendor's OpenAPI document 2511.1.5 (MIT licence): the GET operations that
a WAN platform reads, with every component they refer to. Its `info` names the licence and, under `x-subset-changes`,
each departure from the vendor's text. Belongs here: reading it. Does not belong here: expectations.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parent / "data" / "mist_openapi.json.gz"
URI = "urn:mist"
DEEPEST_SAMPLE = 6


@cache
def document() -> dict[str, Any]:
    """The parsed document."""
    return json.loads(gzip.decompress(FILE.read_bytes()))


@cache
def _registry() -> Registry:
    return Registry().with_resource(URI, DRAFT202012.create_resource(document()))


def resolve(node: Any) -> Any:
    """The node, or what its `$ref` leads to."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _segments(path: str) -> list[str]:
    """Segments of a path, with one name for all parameters."""
    return ["{}" if part.startswith("{") else part for part in path.split("/")]


@cache
def operation(path: str) -> dict[str, Any]:
    """The GET operation of a path whose parameters may have other names, or values. KeyError without one."""
    wanted = _segments(path)
    fitting = []
    for known, item in document()["paths"].items():
        parts = _segments(known)
        if len(parts) == len(wanted) and all(a in (b, "{}") for a, b in zip(parts, wanted, strict=True)):
            fitting.append((parts.count("{}"), item["get"]))
    if not fitting:
        raise KeyError(path)
    return min(fitting, key=lambda f: f[0])[1]


def described(path: str) -> bool:
    """Whether the document holds the path."""
    try:
        operation(path)
    except KeyError:
        return False
    return True


def _answer(path: str, status: str = "200") -> dict[str, Any]:
    return resolve(operation(path)["responses"][status])["content"]["application/json"]


def answer_schema(path: str, status: str = "200") -> dict[str, Any]:
    """Schema of an answer. KeyError when the document has none."""
    return _answer(path, status)["schema"]


def complaints(path: str, body: Any, status: str = "200") -> set[str]:
    """What is wrong with an answer, each once: the place in the body, with `*` for positions and keys of maps that
    the schema does not name, and the words of the validator."""
    schema = _absolute(answer_schema(path, status))
    found = Draft202012Validator(schema, registry=_registry()).iter_errors(body)
    return {f"{_place(e.absolute_path)}: {_words(e)}" for error in found for e in _causes(error)}


def _causes(error: ValidationError) -> Iterator[ValidationError]:
    """The error, or, where none of several alternatives fits, what is wrong with the one that fits best."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).extend(_causes(inner))
    if not branches:
        yield error
    else:
        yield from min(branches.values(), key=lambda errors: (any(map(_other_kind, errors)), len(errors)))


def _other_kind(error: ValidationError) -> bool:
    """Whether the alternative is of another kind of device, and so not the one that was meant."""
    return error.validator in ("enum", "const") and list(error.absolute_path)[-1:] == ["type"]


def _absolute(schema: dict[str, Any]) -> dict[str, Any]:
    return {"$ref": URI + schema["$ref"]} if "$ref" in schema else schema


def _place(path: Any) -> str:
    return "/".join("*" if isinstance(step, int) else str(step) for step in path) or "(body)"


def _words(error: ValidationError) -> str:
    if error.validator == "type":
        return f"{type(error.instance).__name__} where {error.validator_value} is described"
    return error.message[:120]


def examples(path: str) -> Iterator[tuple[str, Any]]:
    """(name, body) of each example answer; where the vendor shows none, one made of the examples of its fields."""
    content = _answer(path)
    shown = {"example": content["example"]} if "example" in content else {}
    shown |= {name: resolve(example) for name, example in content.get("examples", {}).items()}
    if not shown:
        shown = {"made of the fields' examples": sample(content["schema"])}
    for name, example in shown.items():
        yield name, example["value"] if isinstance(example, dict) and "value" in example else example


def sample(schema: Any, depth: int = 0) -> Any:
    """A value that the schema describes, of its examples, defaults and enumerations as far as it has any."""
    node = resolve(schema)
    for key in ("examples", "enum"):
        if node.get(key):
            return node[key][0]
    for key in ("example", "const", "default"):
        if key in node:
            return node[key]
    for key in ("oneOf", "anyOf"):
        if node.get(key):
            return sample(node[key][0], depth)
    if "allOf" in node:
        merged: dict[str, Any] = {}
        for part in node["allOf"]:
            merged |= sample(part, depth)
        return merged
    kind = node.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        if depth > DEEPEST_SAMPLE:
            return {}
        return {name: sample(inner, depth + 1) for name, inner in node.get("properties", {}).items()}
    if kind == "array":
        return [] if depth > DEEPEST_SAMPLE else [sample(node.get("items", {}), depth + 1)]
    return {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}[kind]
