"""Another release of the API: rows with keys that are new, gone, or of another type.

Belongs here: what a release changes in rows that are told anyway. Does not belong here: faults of a request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class Release:
    """Changes to every row that has the key `where`; none at first."""

    where: str = "port_id"
    added: Row = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    as_text: tuple[str, ...] = ()
    """Keys whose value becomes a string, in one row of `every`."""
    every: int = 10

    def change(self, body: Any) -> Any:
        """The answer as this release tells it."""
        if not (self.added or self.dropped or self.as_text):
            return body
        if isinstance(body, dict) and isinstance(body.get("results"), list):
            return {**body, "results": self._rows(body["results"])}
        return self._rows(body) if isinstance(body, list) else body

    def _rows(self, rows: list[Any]) -> list[Any]:
        return [
            self._row(row, k) if isinstance(row, dict) and self.where in row else row
            for k, row in enumerate(rows)
        ]

    def _row(self, row: Row, position: int) -> Row:
        told = {key: value for key, value in {**row, **self.added}.items() if key not in self.dropped}
        texts = [key for key in self.as_text if position % self.every == 0 and told.get(key) is not None]
        return {**told, **{key: str(told[key]) for key in texts}}
