import errno
import os
import sqlite3
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import replace_file
from mistwan_dagster.lake.write_errors import clear_write_error, failed_write


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


def test_what_already_is_clear_is_left_as_it_is(tmp_path: Path) -> None:
    clear = UserError("circuits.csv has no column site")
    clear.__cause__ = FileNotFoundError(errno.ENOENT, "No such file or directory")
    assert failed_write(clear) is None
    assert clear_write_error(tmp_path / "x.parquet", clear) is None
