"""What every page works with: the published data, the clock, the thresholds, the quota, and the page's address.

Belongs here: finding these from the running request, and the frame around each page (no data, errors). Does not belong
here: what a page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import flask
from dash import html

from mistwan_dagster.dashboard.address import Address, zone_of
from mistwan_dagster.dashboard.data.freshness import freshness
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.parts import nothing
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.thresholds import Thresholds

EXTENSION = "mistwan"
ZONE_COOKIE = "mistwan-zone"


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
    availability_target_pct: float = 99.5


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
    """A page's layout: `render(view, **path variables)` inside the states "no data yet" and "broken".

    Path variables have names of their own, so that no query parameter can take their place.
    """

    @wraps(render)
    def layout(**told: Any) -> html.Div:
        board = dashboard()
        path = {name: unquote(value) for name, value in told.items() if name.startswith("path_")}
        try:
            newest = freshness(board.published).newest
            if newest is None:
                body = nothing(
                    "no-data",
                    "No hour is computed yet. The first figures appear after `mistwan aggregate`, or an hour after "
                    "the collection began.",
                )
            else:
                view = PageView(
                    board, Address.read(told), newest, flask.request.cookies.get(ZONE_COOKIE), told
                )
                body = render(view, **path)
        except UserError as error:
            body = nothing("broken", str(error))
        return html.Div(body, className="page")

    return layout
