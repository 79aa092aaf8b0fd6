"""Files of people: what cannot be read or is no CSV is one line with the kind of file, its setting and the mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.text_file import TextFile


def file(tmp_path: Path, content: bytes | None = None) -> TextFile:
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_bytes(content)
    return TextFile(path, "sites", "MISTWAN_SITES_FILE")


def lines(tmp_path: Path, content: bytes) -> list[tuple[int, list[str]]]:
    return list(file(tmp_path, content).csv_lines(["a", "b"]))


def test_lines_are_numbered_as_an_editor_does_and_a_cell_may_hold_line_breaks(tmp_path: Path) -> None:
    assert lines(tmp_path, b'\xef\xbb\xbfa, b\r\n\r\n1,"two\r\nlines"\r\n,\r\n3,\xe2\x80\xa8 4\x0b5\r\n') == [
        (1, ["a", "b"]),
        (4, ["1", "two\nlines"]),
        (6, ["3", "4\x0b5"]),
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, ": does not exist: mend MISTWAN_SITES_FILE"),
        (b"caf\xe9", ": is not UTF-8 text: save it in UTF-8"),
        (b"", ", line 1: is empty, expected the columns a,b"),
        (b" ,\n\n", ", line 1: is empty, expected the columns a,b"),
        (b"a,b\n1,2\n1\n", ", line 3: has 1 cells, expected 2"),
        (b'a,b\n1,"2\n', ", line 2: is no CSV (unexpected end of data)"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, content: bytes | None, told: str) -> None:
    with pytest.raises(UserError) as caught:
        list(file(tmp_path, content).csv_lines(["a", "b"]))
    assert (str(caught.value), caught.value.exit_code) == (f"sites file {tmp_path / 'x.csv'}{told}", 2)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^sites file .*: cannot be read: Is a directory"):
        TextFile(tmp_path, "sites", "MISTWAN_SITES_FILE").text()
