"""The small parts that pages are made of: tiles, badges, tables, empty states, sparklines.

Belongs here: how a value, a state or "nothing" looks, in one place for all pages. A state is always colour, icon and
word. Does not belong here: queries, what a page holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import polars as pl
from dash import dcc, html

from mistwan_dagster.wording import UNKNOWN as UNKNOWN
from mistwan_dagster.wording import duration as duration
from mistwan_dagster.wording import number as number
from mistwan_dagster.wording import percent as percent

UTC = ZoneInfo("UTC")
ICONS = {
    "normal": "●", "up": "●", "on": "●", "fresh": "●", "healthy": "●",
    "warning": "▲", "late": "▲", "unstable": "▲",
    "high": "◆",
    "critical": "✖", "down": "✖", "off": "✖", "stale": "✖",
    "disabled": "■", "info": "■", "unknown": "?", "missing": "?",
}  # fmt: skip
"""State -> icon; the colour of a state comes from the style sheet by the same icon's group."""
TONES = {"●": "good", "▲": "warning", "◆": "high", "✖": "critical", "■": "off", "?": "unknown"}
HIDDEN: dict[str, Any] = {"aria-hidden": "true"}
CURRENT: dict[str, Any] = {"aria-current": "page"}
Row = dict[str, Any]
Part = Any


def aria(label: str) -> dict[str, Any]:
    """The name that a screen reader tells."""
    return {"aria-label": label}


def badge(state: str | None, word: str | None = None) -> html.Span:
    """A state as icon and word; null is the state unknown."""
    state = state or "unknown"
    icon = ICONS.get(state, "?")
    return html.Span([html.Span(icon, **HIDDEN), f" {word or state}"], className=f"badge {TONES[icon]}")


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """A naive UTC instant of the warehouse in the zone shown."""
    return instant.replace(tzinfo=UTC).astimezone(zone)


def stamp(instant: datetime | None, zone: ZoneInfo) -> str:
    """Day and time in the zone shown."""
    return UNKNOWN if instant is None else f"{local(instant, zone):%d %b %H:%M}"


def span_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """A range with its years and zone."""
    return f"{local(start, zone):%d %b %Y %H:%M} to {local(end, zone):%d %b %Y %H:%M} {zone.key}"


def tile(
    label: str, value: Part, note: str = "", state: str | None = None, href: str | None = None
) -> html.Div | dcc.Link:
    """One figure with its label, what it is of, and where it leads."""
    tone = TONES[ICONS[state]] if state else "plain"
    inner = [
        html.Div(label, className="tile-label"),
        html.Div(value, className="tile-value"),
        html.Div(note, className="tile-note"),
    ]
    return (
        dcc.Link(inner, href=href, className=f"tile {tone}")
        if href
        else html.Div(inner, className=f"tile {tone}")
    )


def tiles(label: str, parts: Iterable[Part]) -> html.Section:
    """A row of tiles under a name."""
    return html.Section(
        [html.H2(label, className="row-name"), html.Div(list(parts), className="tiles")],
        **aria(label),
    )


def panel(
    title: str, body: Part, note: str = "", actions: Sequence[Part] = (), wide: bool = False
) -> html.Section:
    """A titled box. `note` says what the figures are of."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2(title),
                    html.Span(note, className="note"),
                    html.Div(list(actions), className="actions"),
                ],
                className="panel-head",
            ),
            html.Div(body, className="panel-body"),
        ],
        className="panel wide" if wide else "panel",
    )


Nothing = Literal["good", "no-data", "narrow", "broken"]
NOTHING_ICONS: dict[Nothing, str] = {"good": "✔", "no-data": "…", "narrow": "⌕", "broken": "!"}


def nothing(kind: Nothing, text: str) -> html.Div:
    """Why there is nothing to show: all is well, no data yet, or the filter leaves nothing."""
    return html.Div(
        [
            html.Span(NOTHING_ICONS[kind], className="nothing-icon", **HIDDEN),
            html.Span(text),
        ],
        className=f"nothing {kind}",
        role="alert" if kind == "broken" else "status",
    )


@dataclass(frozen=True)
class Shown:
    """A column of a small table: its title and how a row is shown in it."""

    title: str
    cell: Callable[[Row], Part]
    numeric: bool = False


def table(frame: pl.DataFrame, columns: Sequence[Shown], caption: str) -> html.Div:
    """A small table, all rows of the frame."""
    head = [html.Th(c.title, scope="col", className="numeric" if c.numeric else "") for c in columns]
    body = [
        html.Tr([html.Td(c.cell(row), className="numeric" if c.numeric else "") for c in columns])
        for row in frame.iter_rows(named=True)
    ]
    return html.Div(
        html.Table(
            [html.Caption(caption, className="only-read"), html.Thead(html.Tr(head)), html.Tbody(body)]
        ),
        className="table-scroll",
        tabIndex=0,
    )


def breadcrumbs(trail: Sequence[tuple[str, str | None]]) -> html.Nav:
    """Where the page is; each step but the last is a link."""
    steps: list[Part] = [
        html.Li(dcc.Link(name, href=href) if href else html.Span(name, **CURRENT)) for name, href in trail
    ]
    return html.Nav(html.Ol(steps), className="breadcrumbs", **aria("Breadcrumbs"))


def choice(label: str, options: Sequence[tuple[str, str, bool]]) -> html.Div:
    """Links of which one is chosen: (words, href, chosen)."""
    return html.Div(
        [
            html.Span(label, className="choice-label"),
            *(
                dcc.Link(words, href=href, className="chosen" if chosen else "")
                for words, href, chosen in options
            ),
        ],
        className="choice",
        role="group",
        **aria(label),
    )


def sparkline(values: Sequence[float | None], words: str) -> html.Img | html.Span:
    """A line of hourly values from 0 to the larger of 100 and the highest; it breaks where nothing was observed."""
    known = [v for v in values if v is not None]
    if not known:
        return html.Span(UNKNOWN, title="not observed")
    width, height, top = 120, 28, max(100.0, *known)
    step = width / max(1, len(values) - 1)
    runs: list[list[str]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{i * step:.1f},{height - 2 - (height - 4) * value / top:.1f}")
    drawn = "".join(
        f'<polyline points="{" ".join(run if len(run) > 1 else run * 2)}"/>' for run in runs if run
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" fill="none" stroke="#2f81d0" '
        f'stroke-width="1.8" stroke-linecap="round">{drawn}</svg>'
    )
    alt = (
        f"{words}: from {known[0]:.0f} to {known[-1]:.0f} %, highest {max(known):.0f} %, "
        f"{len(known)} of {len(values)} h observed"
    )
    return html.Img(src=f"data:image/svg+xml,{quote(svg)}", alt=alt, title=alt, className="sparkline")
