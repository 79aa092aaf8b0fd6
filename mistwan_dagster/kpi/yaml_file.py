"""YAML files of people: read whole, every mistake one clear line.

Belongs here: parsing, keys that stand twice, mappings and their keys. Does not belong here: reading (`text_file.py`),
what the keys mean (`thresholds.py`, `alerts_file.py`, `maintenance.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from mistwan_dagster.kpi.text_file import TextFile


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping; YAML would silently keep the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(None, None, "key is no word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


class YamlFile(TextFile):
    """A text file that holds YAML."""

    def content(self, empty: Any) -> Any:
        """What the file holds, `empty` when it holds nothing. Raises UserError: unreadable, no YAML, a key twice."""
        text = self.text()
        try:
            content = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise self.wrong(f"line {line}: no valid YAML: {error.problem}") from None
        except (yaml.YAMLError, ValueError) as error:
            raise self.wrong(f"no valid YAML: {' '.join(str(error).split())}") from None
        return empty if content is None else content

    def mapping(self, where: str, value: object) -> dict[Any, Any]:
        """The value, which has to be a mapping."""
        if not isinstance(value, dict):
            shown = "a list" if isinstance(value, list) else "text" if isinstance(value, str) else repr(value)
            raise self.wrong(f"{where} must be a mapping, not {shown}")
        return value

    def only(self, where: str, value: dict[Any, Any], allowed: Iterable[str]) -> None:
        """Refuses keys that are not allowed."""
        unknown = [str(k) for k in value if k not in tuple(allowed)]
        if unknown:
            raise self.wrong(f"{where}: unknown key {', '.join(unknown)}, expected {', '.join(allowed)}")
