"""Reports as PDF, set by Typst: tagged for screen readers, the same bytes for the same report.

Words reach Typst as data, never as markup. Does not belong here: what a report says; the page's looks are in
`templates/report.typ`.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib
import typst

from mistwan_dagster.reporting.document import Report

LONG_WORD = re.compile(r"\S{13,}")
PIECE = 6
BREAK = "\u200b"
"""Where a word may go on in the next line."""


def pdf_of(report: Report) -> bytes:
    """The report as a PDF."""
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    template = files("mistwan_dagster.reporting") / "templates" / "report.typ"
    return typst.compile(
        template.read_bytes(),
        font_paths=typst.Fonts(font_paths=[str(fonts)]),
        sys_inputs={"report": json.dumps(_breakable(asdict(report)))},
        timestamp=0,
    )


def _breakable(value: Any) -> Any:
    """Long words of names and ids may break, so that none leaves its column. Drawings stay as they are."""
    if isinstance(value, dict):
        return {k: v if k == "svg" else _breakable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(v) for v in value]
    return LONG_WORD.sub(_broken, value) if isinstance(value, str) else value


def _broken(word: re.Match[str]) -> str:
    return BREAK.join(word[0][i : i + PIECE] for i in range(0, len(word[0]), PIECE))
