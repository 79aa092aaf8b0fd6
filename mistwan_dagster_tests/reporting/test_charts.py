"""Drawings that the PDF's setter can read, whatever the names are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from mistwan_dagster.reporting.charts import compared_picture
from mistwan_dagster.reporting.document import Report, Section
from mistwan_dagster.reporting.pdf import pdf_of

SPOILT = "a\x00\x0b\x1b\ufffe\uffffb & <c>\U0001f600"
"""A name with five characters that no XML may hold, and some that it may."""


def test_characters_that_no_xml_may_hold_are_left_out_of_drawings() -> None:
    with pytest.warns(UserWarning, match="Glyph 11 .* missing"):  # no font has them either
        picture = compared_picture([SPOILT], [99.0], [None], 99.5, "region")
    drawn = [e.text for e in ElementTree.fromstring(picture.svg).iter() if e.text and e.text.startswith("a")]
    assert drawn == ["ab & <c>\U0001f600"]
    report = Report("r", SPOILT, SPOILT, SPOILT, ((SPOILT, SPOILT),), (Section(SPOILT, (picture,), SPOILT),))
    assert pdf_of(report).startswith(b"%PDF-")
