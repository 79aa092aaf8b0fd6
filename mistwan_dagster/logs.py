"""Structured logs: one JSON object a line, in one file for each UTC day below `MISTWAN_HOME/logs`.

Belongs here: the form of a line and where it goes. Does not belong here: progress for people (`progress`), what is
worth a line in a run (`orchestration.run_log`).
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import structlog

SUFFIX = ".jsonl"


class DayFiles:
    """Appends whole lines; any number of processes may at once. A line that cannot be written stops no work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def msg(self, line: str) -> None:
        """Append a line to the file of today."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{datetime.now(UTC):%Y-%m-%d}{SUFFIX}"
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(handle, f"{line}\n".encode())
            finally:
                os.close(handle)

    debug = info = warning = error = critical = msg


def open_log(folder: Path, **fields: Any) -> structlog.BoundLogger:
    """A logger into the day files of a folder; `fields` stand in each of its lines, besides time, level and event."""
    log = structlog.wrap_logger(
        DayFiles(folder),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.BoundLogger,
    )
    return log.bind(**fields)


class _Lines(logging.Handler):
    """Brings what libraries and modules log the usual way into the day files."""

    def __init__(self, folder: Path, service: str) -> None:
        super().__init__(logging.WARNING)
        self.log = open_log(folder, service=service)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        write = self.log.error if record.levelno >= logging.ERROR else self.log.warning
        write(record.getMessage(), logger=record.name, exc_info=record.exc_info or None)


def log_service(folder: Path, service: str) -> None:
    """From now on warnings of this process go to the day files too, besides stderr."""
    logging.basicConfig(
        level=logging.WARNING, handlers=[logging.StreamHandler(sys.stderr), _Lines(folder, service)]
    )


def forget_logs(folder: Path, before: date) -> int:
    """Delete the files of days before `before`; returns how many."""
    old = [path for path in folder.glob(f"*{SUFFIX}") if path.stem < before.isoformat()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
