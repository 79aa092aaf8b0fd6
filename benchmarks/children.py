"""Runs a function in a process of its own, forked from this one, and tells what it took.

Belongs here: forking and measuring. The parent must have imported what children use, and computed nothing: threads
do not survive a fork, and what the parent holds would count as the child's memory.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Use:
    """What the children of one kind took."""

    runs: int = 0
    seconds: float = 0.0
    longest_s: float = 0.0
    """Of those that came to their end."""
    peak_mb: float = 0.0


@dataclass
class Children:
    """Children go one after the other; `log` takes what they print, `by_kind` what they took."""

    log: Path
    by_kind: dict[str, Use] = field(default_factory=dict)
    _child: int = 0
    _imported: set[str] = field(default_factory=set)

    def kill(self) -> None:
        """Kill the child that runs now, if one does."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)

    def learn(self) -> None:
        """Import what they imported here, too, so that the next ones have it from their start."""
        for name in sorted(self._imported):
            with suppress(Exception):
                importlib.import_module(name)
        self._imported.clear()

    def run(self, kind: str, function: Callable[..., T], *arguments: Any) -> T:
        """The function's result, from a child. RuntimeError with its traceback when it raised or was killed."""
        gc.freeze()
        reading, writing = os.pipe()
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.close(reading)
            self._be_child(writing, function, arguments)
        os.close(writing)
        self._child = child
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        self._child = 0
        _, status, usage = os.wait4(child, 0)
        use = self.by_kind.setdefault(kind, Use())
        seconds = time.perf_counter() - began
        use.runs += 1
        use.seconds += seconds
        use.longest_s = max(use.longest_s, seconds if told else 0.0)
        use.peak_mb = max(use.peak_mb, usage.ru_maxrss / 1024)
        if not told:
            raise RuntimeError(f"{kind}: the child ended with status {status}, see {self.log}")
        succeeded, value, modules = pickle.loads(told)
        self._imported |= modules
        if not succeeded:
            raise RuntimeError(f"{kind}: {value}")
        return value

    def _be_child(self, writing: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        try:
            with self.log.open("ab") as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            try:
                before = set(sys.modules)
                value = function(*arguments)
                told = pickle.dumps((True, value, set(sys.modules) - before))
            except BaseException:
                told = pickle.dumps((False, traceback.format_exc(), set()))
            sys.stdout.flush()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(told)
        finally:
            os._exit(0)
