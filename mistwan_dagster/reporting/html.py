"""Reports as one HTML file that needs nothing else and runs nothing.

Every word is escaped; only drawings, which are made here, are put in as they are. The page forbids itself scripts and
other sites. Does not belong here: what a report says.
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from mistwan_dagster.reporting.document import Picture, Report


def _drawing(picture: Picture) -> Markup:
    return Markup(picture.svg)  # noqa: S704 (drawn by matplotlib in `charts`, which escapes words)


_ENVIRONMENT = Environment(
    loader=PackageLoader("mistwan_dagster.reporting"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["drawing"] = _drawing


def html_of(report: Report) -> bytes:
    """The report as a page."""
    return _ENVIRONMENT.get_template("report.html.j2").render(report=report).encode()
