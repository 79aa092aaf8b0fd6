"""Files of reports: the same bytes for the same figures, names that stay names, one workbook a provider."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.reporting.write import (
    FORMATS,
    day_of,
    month_of,
    sla_name,
    write_daily,
    write_monthly,
    write_sla,
)
from mistwan_dagster_tests.dashboard.made import Counting, publish

from .conftest import FEBRUARY, HOSTILE, LEAP_DAY, RULES

NOW = datetime(2024, 3, 1, 5, 12, tzinfo=UTC)


class Page(HTMLParser):
    """Tags and words of a page, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def written(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both reports in both formats, each made twice, from two publications of the same rows."""
    folder = tmp_path_factory.mktemp("written")
    reader = Counting(shutil.copytree(base, folder / "warehouse"))
    for place in ("first", "second"):
        write_daily(reader, LEAP_DAY, RULES, folder / place, FORMATS)
        write_monthly(reader, FEBRUARY, RULES, folder / place, FORMATS)
        write_sla(reader, FEBRUARY, folder / place)
        reader = publish(folder / "warehouse", {})
    return folder


def test_the_same_figures_give_the_same_bytes_also_of_a_later_version(written: Path) -> None:
    files = sorted(p.relative_to(written / "first") for p in (written / "first").rglob("*.*"))
    assert [str(f) for f in files] == [
        "daily/wan-daily-2024-02-29.html",
        "daily/wan-daily-2024-02-29.pdf",
        "monthly/sla-best-2024-02.xlsx",
        f"monthly/{sla_name(HOSTILE, '2024-02')}.xlsx",
        "monthly/wan-monthly-2024-02.html",
        "monthly/wan-monthly-2024-02.pdf",
    ]
    for file in files:
        assert (written / "first" / file).read_bytes() == (written / "second" / file).read_bytes(), file


@pytest.mark.parametrize("name", ["daily/wan-daily-2024-02-29", "monthly/wan-monthly-2024-02"])
def test_names_that_would_like_to_be_markup_are_shown_as_they_are(written: Path, name: str) -> None:
    text = (written / "first" / f"{name}.html").read_text()
    page = Page(text)
    assert "script" not in page.tags
    assert page.handlers == []
    assert HOSTILE in page.words
    assert "default-src 'none'" in text
    pdf = (written / "first" / f"{name}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in pdf  # tagged
    assert b"/JavaScript" not in pdf


def test_pictures_are_drawn_with_text_and_said_in_words(written: Path) -> None:
    text = (written / "first" / "monthly/wan-monthly-2024-02.html").read_text()
    assert text.count("<svg") == text.count('<figure role="img" aria-label="') == 3
    drawings = re.findall(r"<svg.*?</svg>", text, re.S)
    assert "target 99.5 %" in unescape(drawings[0])
    assert f"{HOSTILE[:31]}…" in unescape(drawings[2])
    assert 'id="axes_1"' not in text


def test_a_workbook_for_each_provider_of_the_month_by_a_name_of_its_own() -> None:
    assert sla_name("O'Acme Fibre", "2024-02") == "sla-o-acme-fibre-2024-02"
    assert sla_name("../../etc/passwd", "2024-02") == "sla-etc-passwd-2024-02"
    both = ["A B", "A-B"]
    assert len({sla_name(p, "2024-02", both) for p in both}) == 2
    assert re.fullmatch(r"sla-[0-9a-f-]+-2024-02", sla_name("+++", "2024-02"))


def test_days_and_months_are_the_last_ones_unless_told_and_never_of_the_future() -> None:
    assert day_of(None, NOW) == LEAP_DAY
    assert month_of(None, NOW) == FEBRUARY
    assert day_of("2024-03-01", NOW) == datetime(2024, 3, 1)
    assert month_of("2023-12", NOW) == datetime(2023, 12, 1)
    for ask, text in ((day_of, "2023-02-29"), (day_of, "0001-01-01"), (day_of, "2024-03-02"), (month_of, "2024-04"),
                      (month_of, "2024-13"), (month_of, "last")):  # fmt: skip
        with pytest.raises(UserError) as raised:
            ask(text, NOW)
        assert raised.value.exit_code == 2
        assert text in str(raised.value)


def test_without_a_published_warehouse_the_mend_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing is published yet: run `mistwan aggregate`"):
        write_daily(Counting(tmp_path), LEAP_DAY, RULES, tmp_path / "out", FORMATS)
    assert not (tmp_path / "out").exists()
