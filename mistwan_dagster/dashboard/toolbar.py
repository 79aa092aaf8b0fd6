"""The row of choices above a page: range, time zone, rows, region. Each choice is a link, so each state is a URL."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from mistwan_dagster.dashboard.address import RANGES, ROW_COUNTS, Address
from mistwan_dagster.dashboard.context import PageView
from mistwan_dagster.dashboard.parts import Part, aria, choice


def toolbar(
    view: PageView,
    path: str,
    *,
    ranges: bool = False,
    rows: bool = False,
    regions: Sequence[str] = (),
    site_zone: str | None = None,
) -> html.Div:
    """The choices that a page has. `site_zone` is given on pages of one site, which may show its time."""
    address = view.address
    parts: list[Part] = []
    if regions:
        parts.append(
            choice(
                "Region",
                [("All", address.to(path, region=None), address.region is None)]
                + [(r, address.to(path, region=r), address.region == r) for r in regions],
            )
        )
    if ranges:
        parts += [_ranges(address, path), _own_range(address)]
    if rows:
        parts.append(choice("Rows", [(str(n), address.to(path, n=n), address.rows == n) for n in ROW_COUNTS]))
    zones = [("UTC", "utc"), (f"Mine ({view.browser_zone or 'unknown'})", "mine")]
    if site_zone:
        zones.append((f"Site ({site_zone})", "site"))
    parts.append(
        choice(
            "Times in",
            [
                (words, address.to(path, tz=None if name == "utc" else name), address.zone == name)
                for words, name in zones
            ],
        )
    )
    return html.Div(parts, className="toolbar")


def _ranges(address: Address, path: str) -> html.Div:
    return choice(
        "Range",
        [
            (words, address.to(path, range=None if name == "24h" else name), address.range == name)
            for name, words in RANGES.items()
        ],
    )


def _own_range(address: Address) -> dmc.DatePickerInput:
    own = address.range == "own"
    return dmc.DatePickerInput(
        id={"type": "own-range", "page": "any"},
        type="range",
        value=[str(address.start), str(address.end)] if own else [None, None],
        placeholder="own dates (UTC)",
        valueFormat="YYYY-MM-DD",
        allowSingleDateInRange=True,
        clearable=False,
        size="xs",
        className="own-range chosen" if own else "own-range",
        **aria("Own range of UTC days"),
    )
