"""YAML files of people: read whole, every mistake one clear line.

Belongs here: reading, keys that stand twice, mappings and their keys. Does not belong here: what the keys mean
(`thresholds.py`, `alerts_file.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mistwan_dagster.errors import UserError


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


@dataclass(frozen=True)
class YamlFile:
    """A file, what it is called in errors, and the setting that names it."""

    path: Path | str
    kind: str
    setting: str

    def wrong(self, what: str) -> UserError:
        """The error (exit 2) that names the file and what is wrong in it."""
        return UserError(f"{self.kind} file {self.path}: {what}", exit_code=2)

    def content(self) -> dict[Any, Any]:
        """What the file holds, empty for an empty file. Raises UserError: unreadable, no YAML, no mapping."""
        try:
            content = yaml.load(Path(self.path).read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506 (a SafeLoader)
        except FileNotFoundError:
            raise self.wrong(f"does not exist: mend {self.setting}") from None
        except OSError as error:
            raise self.wrong(f"cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise self.wrong("is not UTF-8 text") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise self.wrong(f"line {line}: no valid YAML: {error.problem}") from None
        except (yaml.YAMLError, ValueError) as error:
            raise self.wrong(f"no valid YAML: {' '.join(str(error).split())}") from None
        return self.mapping("the file", {} if content is None else content)

    def mapping(self, where: str, value: object) -> dict[Any, Any]:
        """The value, which has to be a mapping."""
        if not isinstance(value, dict):
            raise self.wrong(f"{where} must be a mapping, not {value!r}")
        return value

    def only(self, where: str, value: dict[Any, Any], allowed: Iterable[str]) -> None:
        """Refuses keys that are not allowed."""
        unknown = [str(k) for k in value if k not in tuple(allowed)]
        if unknown:
            raise self.wrong(f"{where}: unknown key {', '.join(unknown)}, expected {', '.join(allowed)}")
