from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mistwan_dagster.logs import _Lines, forget_logs, open_log


def lines(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()
    ]


def test_a_line_is_one_object_with_the_fields_of_its_logger(tmp_path: Path) -> None:
    log = open_log(tmp_path / "logs", run_id="r1", partition="2025-03-04T09")
    log.info("written", rows=3)
    log.error("step failed", reason="two\nlines, ümlaut")
    (path,) = (tmp_path / "logs").iterdir()
    assert path.name == f"{datetime.now(UTC):%Y-%m-%d}.jsonl"
    first, second = lines(tmp_path / "logs")
    assert {k: v for k, v in first.items() if k != "time"} == {
        "run_id": "r1", "partition": "2025-03-04T09", "rows": 3, "event": "written", "level": "info",
    }  # fmt: skip
    assert (second["level"], second["reason"]) == ("error", "two\nlines, ümlaut")
    assert str(first["time"]).endswith("Z")
    assert path.stat().st_mode & 0o007 == 0


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    open_log(tmp_path / "logs").warning("lost")


def test_warnings_of_libraries_are_lines_too(tmp_path: Path) -> None:
    logger = logging.getLogger("mistwan_test_logs")
    handler = _Lines(tmp_path, "dashboard")
    logger.addHandler(handler)
    try:
        logger.info("too little")
        try:
            raise ValueError("wrong")
        except ValueError:
            logger.exception("cache %s", "gone")
    finally:
        logger.removeHandler(handler)
    (line,) = lines(tmp_path)
    assert (line["event"], line["service"], line["level"]) == ("cache gone", "dashboard", "error")
    assert "ValueError: wrong" in str(line["exception"])


@pytest.mark.parametrize(("before", "left"), [(date(2025, 3, 4), 2), (date(2025, 3, 6), 0)])
def test_old_files_are_forgotten(tmp_path: Path, before: date, left: int) -> None:
    for day in ("2025-03-03", "2025-03-04", "2025-03-05"):
        (tmp_path / f"{day}.jsonl").write_text("{}\n")
    assert forget_logs(tmp_path, before) == 3 - left
    assert len(list(tmp_path.iterdir())) == left
