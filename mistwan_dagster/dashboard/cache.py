"""Where answers are kept: Redis when a URL is given, else a folder; both may be shared by several processes.

Belongs here: the place, the form (Arrow, never pickle: what lies in a cache is data, not code), and going on without
it. Does not belong here: keys and versions (`data.published`).
"""

from __future__ import annotations

import io
import logging
import time
from pathlib import Path
from typing import IO, Any

import flask
import polars as pl
import redis
from flask_caching import Cache
from redis.backoff import NoBackoff
from redis.retry import Retry

KEPT_ANSWERS = 2000
KEPT_S = 6 * 3600
REDIS_PATIENCE_S = 0.5
TRIED_AGAIN_AFTER_S = 3.0
"""A cache that failed is left alone this long, so that not every question waits for it."""
log = logging.getLogger(__name__)


class ArrowSerializer:
    """Frames as Arrow streams, and the whole numbers by which cachelib counts its files."""

    def dumps(self, value: pl.DataFrame | int) -> bytes:
        """Bytes of a frame or a number."""
        if isinstance(value, int):
            return b"%d" % value
        target = io.BytesIO()
        value.write_ipc_stream(target, compression="lz4")
        return target.getvalue()

    def loads(self, value: bytes | None) -> pl.DataFrame | int | None:
        """The frame or number; None for what is neither, as another program may have left it."""
        if not value:
            return None
        if value.isdigit():
            return int(value)
        try:
            return pl.read_ipc_stream(io.BytesIO(value))
        except (pl.exceptions.PolarsError, OSError):
            return None

    def dump(self, value: pl.DataFrame | int, file: IO[bytes]) -> None:
        """Into a file."""
        file.write(self.dumps(value))

    def load(self, file: IO[bytes]) -> pl.DataFrame | int | None:
        """From a file."""
        return self.loads(file.read())


def _backend(server: flask.Flask, config: dict[str, Any]) -> Any:
    backend: Any = Cache(server, config=config).cache
    setattr(backend, "serializer", ArrowSerializer())  # noqa: B010 (declared narrower than it is)
    return backend


class AnswerCache:
    """Kept answers. A cache that is gone keeps nothing, says so in `is_reachable`, and is tried again by itself."""

    def __init__(self, server: flask.Flask, redis_url: str | None, folder: Path | None) -> None:
        self._folder = None if redis_url else folder
        config: dict[str, Any] = {"CACHE_DEFAULT_TIMEOUT": KEPT_S, "CACHE_THRESHOLD": KEPT_ANSWERS}
        if redis_url:
            patience = {
                "socket_timeout": REDIS_PATIENCE_S, "socket_connect_timeout": REDIS_PATIENCE_S,
                "retry": Retry(NoBackoff(), 0),
            }  # fmt: skip
            config |= {
                "CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis_url, "CACHE_OPTIONS": patience,
                "CACHE_KEY_PREFIX": "mistwan:answer:",
            }  # fmt: skip
        elif folder:
            config |= {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(folder)}
        else:
            config |= {"CACHE_TYPE": "SimpleCache"}
        self.kind = "Redis" if redis_url else "folder" if folder else "process"
        self._backend = _backend(server, config)
        self._down_until = 0.0
        self.hits = self.misses = 0

    @property
    def is_reachable(self) -> bool:
        """Whether the last use went well."""
        return not self._down_until

    def _is_left_alone(self) -> bool:
        return bool(self._down_until) and time.monotonic() < self._down_until

    def _note(self, problem: Exception | str | None) -> None:
        if problem and not self._down_until:
            log.warning("the cache (%s) cannot be used: %s", self.kind, type(problem).__name__)
        self._down_until = time.monotonic() + TRIED_AGAIN_AFTER_S if problem else 0.0

    def get(self, key: str) -> pl.DataFrame | None:
        """The kept answer, None without one."""
        found = None
        if not self._is_left_alone():
            try:
                found = self._backend.get(key)
                if self.kind == "Redis":
                    self._note(None)
            except (redis.RedisError, OSError) as error:
                self._note(error)
        if isinstance(found, pl.DataFrame):
            self.hits += 1
            return found
        self.misses += 1
        return None

    def set(self, key: str, value: pl.DataFrame) -> None:
        """Keep an answer, if that is possible now."""
        if self._is_left_alone():
            return
        try:
            if self._folder:
                self._folder.mkdir(parents=True, exist_ok=True)
            kept = self._backend.set(key, value)
            self._note(None if kept else "not kept")
        except (redis.RedisError, OSError) as error:
            self._note(error)

    def probe(self) -> bool:
        """Ask whether the cache works, unless it just failed."""
        self.set("probe", pl.DataFrame({"probe": [1]}))
        return self.is_reachable
