"""Pages as they were sent last: building one from kept answers takes longer than sending it.

Without its banner a page is a function of its URL, its version and the browser's time zone, so a kept one is never
wrong: a page must not tell the age of something. Belongs here: keeping the text of pages in this process. Does not
belong here: answers (`cache`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import orjson
from dash.development.base_component import Component

KEPT_PAGES = 400
LARGEST_TEXT = 500_000


class KeptPages:
    """The newest pages as JSON text."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """The page's components as plain lists and dictionaries, which Dash sends as they are, quicker than its own."""
        with self._lock:
            text = self._texts.get(key)
            if text is not None:
                self._texts.move_to_end(key)
        if text is None:
            text = orjson.dumps(build(), default=Component.to_plotly_json)
            if len(text) <= LARGEST_TEXT:
                self._keep(key, text)
        return orjson.loads(text)

    def _keep(self, key: Hashable, text: bytes) -> None:
        with self._lock:
            self._texts[key] = text
            while len(self._texts) > KEPT_PAGES:
                self._texts.popitem(last=False)
