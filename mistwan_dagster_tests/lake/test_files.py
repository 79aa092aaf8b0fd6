import errno
import os
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import failed_write, replace_file, visible, write_json, write_parquet


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path: Path) -> None:
    target = tmp_path / "part.parquet"
    write_parquet(pl.DataFrame({"a": [1]}), target)

    def broken(path: Path) -> None:
        path.write_text("half a fi")
        raise RuntimeError("killed in the middle")

    with pytest.raises(RuntimeError, match="killed"):
        replace_file(target, broken)
    assert pl.read_parquet(target)["a"].to_list() == [1]
    assert os.listdir(tmp_path) == ["part.parquet"]


def test_a_full_disk_is_one_clear_line_that_names_the_file(tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match=r"disk full while writing .*x\.json.*nothing is lost") as caught:
        replace_file(tmp_path / "x.json", full)
    assert caught.value.exit_code == 1


def test_a_full_disk_is_known_also_from_the_words_of_a_library(tmp_path: Path) -> None:
    target = tmp_path / "x.parquet"

    def full(path: Path) -> None:
        path.write_text("half a fi")
        raise pl.exceptions.ComputeError(
            "parquet: underlying IO error: No space left on device (os error 28)"
        )

    with pytest.raises(UserError, match="disk full while writing"):
        replace_file(target, full)
    assert os.listdir(tmp_path) == []


def test_another_refusal_of_the_system_is_one_clear_line_also_in_the_words_of_a_library(
    tmp_path: Path,
) -> None:
    def write(_: Path) -> None:
        raise pl.exceptions.ComputeError("parquet: underlying IO error: File too large (os error 27)")

    with pytest.raises(
        UserError,
        match=r"cannot write .*day\.parquet: parquet: underlying IO error: File too large .*: check free space",
    ):
        replace_file(tmp_path / "day.parquet", write)


def test_the_failed_write_behind_an_error_is_found() -> None:
    write = sqlite3.OperationalError("disk I/O error")
    wrapped = RuntimeError("a library's words")
    wrapped.__cause__ = write
    assert failed_write(wrapped) is write
    assert failed_write(RuntimeError("something else")) is None


def test_writes_under_way_are_invisible(tmp_path: Path) -> None:
    write_json({}, tmp_path / "b.json")
    write_json({}, tmp_path / "a.json")
    (tmp_path / ".c.json.123").write_text("{}")
    assert [p.name for p in visible(tmp_path, ".json")] == ["a.json", "b.json"]
    assert visible(tmp_path / "nowhere", ".json") == []
