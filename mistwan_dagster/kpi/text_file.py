"""Files of people: read whole, every mistake one clear line.

Belongs here: reading text, and CSV as lines of cells. Does not belong here: YAML (`yaml_file.py`), what cells mean
(`circuits_file.py`, `maintenance.py`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mistwan_dagster.errors import UserError

URL = re.compile(r"[A-Za-z][A-Za-z0-9+]*://\S*")


@dataclass(frozen=True)
class TextFile:
    """A file, what it is called in errors, and the setting that names it."""

    path: Path | str
    kind: str
    setting: str

    def wrong(self, what: str, where: str = "") -> UserError:
        """The error (exit 2) that names the file, the place in it and what is wrong there.

        A URL in it is not shown: who writes that of a receiver into a file has written a password.
        """
        place = f", {where}" if where else ""
        told = URL.sub("(a URL)", f"{place}: {what}")
        return UserError(f"{self.kind} file {self.path}{told}", exit_code=2)

    def text(self) -> str:
        """What is in it, without a byte order mark. Raises UserError: not there, unreadable, not UTF-8."""
        try:
            return Path(self.path).read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise self.wrong(f"does not exist: mend {self.setting}") from None
        except OSError as error:
            raise self.wrong(f"cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise self.wrong("is not UTF-8 text: save it in UTF-8") from None

    def csv_lines(self, columns: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Numbered lines with anything in them, the heading first, their cells stripped; a cell may hold line breaks.

        Raises UserError when it comes to it: what `text` raises, no CSV, nothing in it (then `columns` are named), a
        line that has not as many cells as the heading.
        """
        reader = csv.reader(io.StringIO(self.text()), strict=True)
        width = 0
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                width = width or len(cells)
                if len(cells) != width:
                    raise self.wrong(f"has {len(cells)} cells, expected {width}", f"line {reader.line_num}")
                yield reader.line_num, [cell.strip() for cell in cells]
        except csv.Error as error:
            raise self.wrong(f"is no CSV ({error})", f"line {reader.line_num}") from None
        if not width:
            raise self.wrong(f"is empty, expected the columns {','.join(columns)}", "line 1")
