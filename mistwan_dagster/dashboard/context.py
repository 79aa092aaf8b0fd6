"""What every page works with: the published data, the clock, the thresholds, the quota, and the page's address.

Belongs here: finding these from the running request, and the frame around each page (no data, errors). Does not belong
here: what a page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from inspect import signature
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import flask
from dash import dcc, html

from mistwan_dagster.dashboard.address import Address, zone_of
from mistwan_dagster.dashboard.banner import banner
from mistwan_dagster.dashboard.cache import AnswerCache
from mistwan_dagster.dashboard.data.freshness import freshness
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.kept_pages import KeptPages
from mistwan_dagster.dashboard.parts import nothing
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.thresholds import Thresholds

EXTENSION = "mistwan"
ZONE_COOKIE = "mistwan-zone"
LONGEST_ZONE = 64


@dataclass(frozen=True)
class QuotaState:
    """API calls of this clock hour."""

    used: int
    budget: int
    live_left: int


@dataclass(frozen=True)
class Dashboard:
    """The parts of a running dashboard. `now` gives naive UTC; `quota` gives None where it cannot be told."""

    published: Published
    now: Callable[[], datetime]
    thresholds: Thresholds
    quota: Callable[[], QuotaState | None]
    cache: AnswerCache
    availability_target_pct: float = 99.5
    pages: KeptPages = field(default_factory=KeptPages)
    dagster_url: str | None = None
    """Where Dagster's UI is, for links to runs."""


def dashboard() -> Dashboard:
    """The dashboard that serves the present request."""
    found: Dashboard = flask.current_app.extensions[EXTENSION]
    return found


@dataclass(frozen=True)
class PageView:
    """One rendering of a page: its filters, and the newest hour of the data."""

    dashboard: Dashboard
    address: Address
    newest: datetime
    browser_zone: str | None
    query: Mapping[str, str]

    @property
    def published(self) -> Published:
        """The data."""
        return self.dashboard.published

    def zone(self, site_zone: str | None = None) -> ZoneInfo:
        """The time zone that the address asks for."""
        return zone_of(self.address, self.browser_zone, site_zone)


def page(render: Callable[..., Any]) -> Callable[..., Any]:
    """A page's layout: `render(view, **path variables)` under its banner, or the states "no data yet" and "broken".

    Banner and figures are of one published version, which the page tells in the store `version`. Path variables have
    names of their own, so that no query parameter can take their place.
    """

    @wraps(render)
    def layout(**told: Any) -> html.Div:
        board = dashboard()

        def made(published: Published) -> html.Div:
            pinned = replace(board, published=published)
            return _framed(published.version(), banner(pinned), _body(render, pinned, told))

        try:
            return board.published.consistently(made)
        except UserError as error:
            return _framed(None, banner(board), nothing("broken", str(error)))

    return layout


def _framed(version: int | None, top: Any, body: Any) -> html.Div:
    return html.Div(
        [
            dcc.Store(id="version", data=version),
            html.Div(top, id="banner"),
            html.Div(body, className="page"),
        ]
    )


def _body(render: Callable[..., Any], board: Dashboard, told: Mapping[str, Any]) -> Any:
    variables = [name for name in signature(render).parameters if name.startswith("path_")]
    path = {name: unquote(str(told[name])) for name in variables}
    newest = freshness(board.published).newest
    if newest is None:
        return nothing(
            "no-data",
            "No hour is computed yet. The first figures appear after `mistwan aggregate`, or an hour after "
            "the collection began.",
        )
    zone = (flask.request.cookies.get(ZONE_COOKIE) or "")[:LONGEST_ZONE]
    view = PageView(board, Address.read(told), newest, zone or None, told)
    address = tuple(sorted((name, str(value)) for name, value in told.items()))
    key = (board.published.edition(), render.__module__, render.__name__, zone, address)
    return board.pages.get(key, lambda: render(view, **path))
