"""Plotly figures. Colours of text and grid come from the style sheet, so that a theme change needs no new figure.

Belongs here: frames to figures. Does not belong here: queries. Lines break where a value is null; what is unknown is
drawn as unknown. Figures are plain dictionaries: building and checking them as Plotly's objects was a third of the
server's time for a page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from dash import dcc, html

from mistwan_dagster.catalog.columns import LEVELS

Trace = dict[str, Any]
LINES = ("#2f81d0", "#d98200", "#00917c", "#b0569b", "#7a7ae0", "#8c6d31", "#5aa9c8", "#c44e34")
"""Told apart by the colour-blind too (after Okabe and Ito), legible on white and on near-black."""
PATTERNS = ("", "/", "x", ".", "\\", "+", "-")
DASHES = ("solid", "dash", "dot", "dashdot")
LEVEL_COLOURS = dict(zip((*LEVELS, "target"), ("#d98200", "#d4570a", "#c2255c", "#7a7a7a"), strict=True))
STATE_COLOURS = {"up": "#00917c", "down": "#c2255c", "unknown": "#9a9a9a"}
SEVERITY_MARKS = {
    "normal": ("#00917c", "circle", 8), "unknown": ("#7a7a7a", "circle-open", 9),
    "warning": ("#d98200", "triangle-up", 11), "high": ("#d4570a", "diamond", 12), "critical": ("#c2255c", "x", 12),
}  # fmt: skip
"""Severity -> colour, symbol, size; the worst is drawn last, on top."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _figure(traces: Sequence[Trace], height: int, title: str, **layout: Any) -> html.Figure:
    axis = {"gridcolor": "rgba(128,128,128,.25)", "zeroline": False}
    whole = {
        "autosize": True, "margin": {"l": 52, "r": 12, "t": 8, "b": 36}, "hovermode": "x unified",
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font": {"size": 13},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, **layout,
        "xaxis": {**axis, **layout.get("xaxis", {})}, "yaxis": {**axis, **layout.get("yaxis", {})},
    }  # fmt: skip
    graph = dcc.Graph(
        figure={"data": list(traces), "layout": whole},
        config={"displaylogo": False, "displayModeBar": False, "responsive": True},
        style={"height": f"{height}px"},
    )
    return html.Figure([graph, html.Figcaption(title, className="only-read")], className="figure")


def shown_times(times: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Naive UTC times as naive wall-clock times of the zone."""
    if zone.key == "UTC":
        return times
    return times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key).dt.replace_time_zone(None)


def _told(times: pl.Series, zone: ZoneInfo) -> list[str]:
    """As Plotly reads them."""
    return shown_times(times, zone).dt.to_string("%Y-%m-%d %H:%M:%S").to_list()


def lines(
    frame: pl.DataFrame, time: str, columns: Mapping[str, str], zone: ZoneInfo, unit: str, title: str,
    levels: Mapping[str, float] = MappingProxyType({}), height: int = 280, from_zero: bool = True,
) -> html.Figure:  # fmt: skip
    """One line for each of `columns` (name -> words) over time, with `levels` (name -> value) as dashed lines.

    Null breaks a line; a value between two nulls is a dot. `from_zero`: whether the axis begins at 0.
    """
    x = _told(frame[time], zone)
    traces = [
        trace
        for i, (column, words) in enumerate(columns.items())
        for trace in _line(x, frame[column], plain(words), unit, i)
    ]
    shapes = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value,
         "line": {"color": LEVEL_COLOURS[level], "width": 1.5, "dash": "dash"}}
        for level, value in levels.items()
    ]  # fmt: skip
    notes = [
        {"xref": "paper", "x": 1, "xanchor": "right", "y": value, "yanchor": "bottom", "showarrow": False,
         "text": f"{level} {value:g}", "font": {"size": 11}}
        for level, value in levels.items()
    ]  # fmt: skip
    return _figure(
        traces, height, title, shapes=shapes, annotations=notes,
        yaxis={"title": {"text": unit}, "rangemode": "tozero" if from_zero else "normal"},
        showlegend=len(columns) > 1,
    )  # fmt: skip


def _line(x: list[str], values: pl.Series, name: str, unit: str, place: int) -> Iterator[Trace]:
    """A line that breaks at nulls, and dots for the values that stand alone.

    A marker for each value made a month of four figures take the browser half a second.
    """
    colour = LINES[place % len(LINES)]
    y = values.to_list()
    yield {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "connectgaps": False,
        "line": {"color": colour, "width": 2, "dash": DASHES[place % len(DASHES)]}, "legendgroup": name,
        "hovertemplate": f"%{{y:.2f}} {unit}",
    }  # fmt: skip
    around = zip([None, *y], y, [*y[1:], None], strict=False)
    alone = [
        i for i, (before, value, after) in enumerate(around) if value is not None and before is after is None
    ]
    if alone:
        yield {
            "type": "scatter", "mode": "markers", "x": [x[i] for i in alone], "y": [y[i] for i in alone],
            "name": name, "marker": {"color": colour, "size": 5}, "legendgroup": name, "showlegend": False,
            "hoverinfo": "skip",
        }  # fmt: skip


def status_strip(frame: pl.DataFrame, time: str, zone: ZoneInfo, title: str) -> html.Figure:
    """Up, down and unknown minutes as shares of each step; a step without a row is unknown throughout.

    Steps are equally long; neighbours with the same shares are one bar, as a browser draws hundreds of them slowly.
    """
    total = pl.sum_horizontal("up_minutes", "down_minutes", "unknown_minutes", ignore_nulls=False)
    shares = (
        frame.sort(time)
        .select(time, up=(100 * pl.col("up_minutes") / total).fill_null(0),
                down=(100 * pl.col("down_minutes") / total).fill_null(0))
        .with_columns(unknown=100 - pl.col("up") - pl.col("down"))
        .group_by(pl.struct("up", "down", "unknown").rle_id().alias("stretch"), maintain_order=True)
        .agg(pl.col(time).first(), pl.len().alias("steps"), pl.col(*STATE_COLOURS).first())
    )  # fmt: skip
    found = frame[time].sort().diff().min()
    step = found if isinstance(found, timedelta) else timedelta(hours=1)
    begins = _told(shares[time], zone)
    ends = (
        _told(frame[time].sort()[[0, -1]] + pl.Series([timedelta(0), step]), zone) if frame.height else None
    )
    widths = (shares["steps"] * (step / timedelta(milliseconds=1))).to_list()
    traces = [
        {
            "type": "bar", "x": begins, "width": widths, "offset": 0,
            "y": shares[state].to_list(), "name": state, "customdata": shares["steps"].to_list(),
            "hovertemplate": "%{y:.0f} %, %{customdata} " + ("days" if step >= timedelta(days=1) else "h"),
            "marker": {"color": colour, "line": {"width": 0},
                       "pattern": {"shape": {"up": "", "down": "x", "unknown": "/"}[state], "size": 5}},
        }
        for state, colour in STATE_COLOURS.items()
    ]  # fmt: skip
    return _figure(
        traces, 130, title, barmode="stack", bargap=0, hovermode="closest",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis={"range": ends}, yaxis={"range": [0, 100], "tickvals": [0, 100], "ticktext": ["0 %", "100 %"]},
    )  # fmt: skip


def hour_of_week(hours: pl.DataFrame, zone: ZoneInfo, title: str) -> html.Figure:
    """Mean utilization by local weekday and hour; cells without an observed hour stay empty."""
    known = hours.filter(pl.col("utilization_pct").is_not_null())
    local = shown_times(known["hour_utc"], zone)
    cells = (
        known.select("utilization_pct", day=local.dt.weekday(), hour=local.dt.hour())
        .group_by("day", "hour")
        .agg(value=pl.col("utilization_pct").mean(), count=pl.len())
    )
    found = {(d, h): (v, n) for d, h, v, n in cells.iter_rows()}
    z = [[found.get((d, h), (None, 0))[0] for h in range(24)] for d in range(1, 8)]
    n = [[found.get((d, h), (None, 0))[1] for h in range(24)] for d in range(1, 8)]
    trace = {
        "type": "heatmap", "z": z, "x": [f"{h:02d}" for h in range(24)], "y": list(DAYS), "customdata": n,
        "colorscale": "Cividis", "zmin": 0, "zmax": 100, "xgap": 1, "ygap": 1, "hoverongaps": False,
        "colorbar": {"title": {"text": "%"}, "thickness": 12},
        "hovertemplate": "%{y} %{x}:00: %{z:.0f} %, mean of %{customdata} h<extra></extra>",
    }  # fmt: skip
    return _figure(
        [trace],
        260,
        title,
        yaxis={"autorange": "reversed", "automargin": True},
        xaxis={"title": {"text": f"hour ({zone.key})"}, "type": "category", "automargin": True, "dtick": 3},
    )


def bars(values: Mapping[str, float | None], x_title: str, y_title: str, title: str) -> html.Figure:
    """One bar for each name; null has none."""
    trace = {
        "type": "bar", "x": list(values), "y": list(values.values()), "marker": {"color": LINES[0]},
        "text": ["" if v is None else f"{v:,.0f}" for v in values.values()], "textposition": "outside",
        "cliponaxis": False, "hovertemplate": f"%{{x}}: %{{y:,.0f}} {y_title}<extra></extra>",
    }  # fmt: skip
    return _figure(
        [trace], 240, title, xaxis={"title": {"text": x_title}, "type": "category", "automargin": True},
        yaxis={"title": {"text": y_title}, "automargin": True},
    )  # fmt: skip


def stacked(
    frame: pl.DataFrame, time: str, columns: Sequence[str], zone: ZoneInfo, unit: str, title: str
) -> html.Figure:
    """Stacked bars over time, one colour and pattern for each column; null is a gap."""
    x = _told(frame[time], zone)
    traces = [
        {
            "type": "bar", "x": x, "y": frame[column].to_list(), "name": plain(column),
            "hovertemplate": f"%{{y:.1f}} {unit}",
            "marker": {"color": LINES[i % len(LINES)], "line": {"width": 0},
                       "pattern": {"shape": PATTERNS[i % len(PATTERNS)], "size": 5}},
        }
        for i, column in enumerate(columns)
    ]  # fmt: skip
    return _figure(
        traces, 280, title, barmode="stack",
        yaxis={"title": {"text": unit}, "rangemode": "tozero", "automargin": True},
        showlegend=True,
    )  # fmt: skip


def places(sites: pl.DataFrame, title: str) -> html.Figure:
    """Sites by longitude and latitude, in true proportion at their middle; a click leads to the site's page."""
    traces = []
    for severity, (colour, symbol, size) in SEVERITY_MARKS.items():
        some = sites.filter(pl.col("severity") == severity)
        traces.append({
            "type": "scatter", "mode": "markers", "name": f"{severity} ({some.height})",
            "x": some["lng"].to_list(), "y": some["lat"].to_list(),
            "customdata": some.select("site_id", "region", "down_count").rows(),
            "text": [plain(name or site) for name, site in some.select("site_name", "site_id").iter_rows()],
            "marker": {"color": colour, "symbol": symbol, "size": size},
            "hovertemplate": "%{text}<br>%{customdata[2]} circuits down<extra></extra>",
        })  # fmt: skip
    middle = sites["lat"].mean()
    scale = 1 / max(0.1, math.cos(math.radians(middle if isinstance(middle, float) else 0.0)))
    figure = _figure(
        traces, 560, title, xaxis={"title": {"text": "longitude"}, "ticksuffix": "°"}, showlegend=True,
        yaxis={"title": {"text": "latitude"}, "ticksuffix": "°", "scaleanchor": "x", "scaleratio": scale},
        hovermode="closest",
    )  # fmt: skip
    figure.children[0].id = {"type": "map", "page": "any"}
    return figure


def plain(text: str) -> str:
    """Text that Plotly draws as it is: it reads a few tags and links in labels."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
