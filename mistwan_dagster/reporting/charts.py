"""Drawings of reports as SVG: Matplotlib figures with text as text, the same bytes for the same figures.

What is unknown is a gap or a hatched field, never a zero. Belongs here: frames to SVG. Does not belong here: questions.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mistwan_dagster.reporting.document import Picture

UP, DOWN, UNKNOWN, ACCENT, TARGET = "#00917c", "#c2255c", "#9a9a9a", "#2f6fb0", "#555555"
LEVEL_COLOURS = {"warning": "#e0a030", "high": "#d4570a", "critical": "#a01050"}
STYLE: Any = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 8, "axes.titlesize": 8.5,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.spines.top": False,
    "axes.spines.right": False, "axes.edgecolor": "#999999", "axes.grid": True, "axes.axisbelow": True,
    "grid.color": "#dddddd", "grid.linewidth": 0.6, "hatch.linewidth": 0.5, "hatch.color": "#bbbbbb",
    "legend.frameon": False, "legend.fontsize": 7.5, "svg.fonttype": "none", "text.parse_math": False,
    "figure.constrained_layout.use": True,
}  # fmt: skip
NUMBERED_ID = re.compile(r' id="[A-Za-z]+[A-Za-z0-9.]*_\d+"')
"""Of groups, the same in each drawing; nothing refers to them."""
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML may hold, such as control characters: Matplotlib writes them, readers of SVG refuse them."""
LONGEST_NAME = 32


def _picture(figure: Figure, alt: str, salt: str) -> Picture:
    target = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": salt}):
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    text = NO_XML.sub("", target.getvalue())
    return Picture(NUMBERED_ID.sub("", text[text.index("<svg") :]), alt)


def _no_data(axes: Axes, start: float, end: float) -> None:
    axes.axvspan(start, end, facecolor="#f4f4f4", edgecolor="#bbbbbb", hatch="////", linewidth=0, zorder=0)


def _count_axis(axes: Axes, title: str, highest: float, is_whole: bool = False) -> None:
    axes.set_title(title)
    axes.set_ylim(0, max(highest * 1.15, 1))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=is_whole or highest >= 4))


def day_picture(hours: Sequence[dict[str, Any] | None]) -> Picture:
    """24 hours: circuits down, congested by level, and unknown. None: an hour of which nothing was collected.

    An hour has down, unknown (circuits, as minutes / 60) and warning, high, critical (circuits at that level).
    """
    known = [(x, hour) for x, hour in enumerate(hours) if hour is not None]
    at = [x for x, _ in known]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.7))
        panels = figure.subplots(3, 1, sharex=True)
        for axes in panels:
            for x, hour in enumerate(hours):
                if hour is None:
                    _no_data(axes, x - 0.5, x + 0.5)
        for axes, name, title, colour in (
            (panels[0], "down", "Circuits down (mean over the hour)", DOWN),
            (panels[2], "unknown", "Circuits whose state is unknown (mean over the hour)", UNKNOWN),
        ):
            values = [float(hour[name]) for _, hour in known]
            axes.bar(at, values, width=0.8, color=colour)
            _count_axis(axes, title, max(values, default=0.0))
        below = [0.0] * len(known)
        for level, colour in LEVEL_COLOURS.items():
            values = [float(hour[level]) for _, hour in known]
            panels[1].bar(at, values, bottom=below, width=0.8, color=colour, label=level)
            below = [a + b for a, b in zip(below, values, strict=True)]
        _count_axis(panels[1], "Circuits congested", max(below, default=0.0), is_whole=True)
        panels[1].legend(loc="lower right", ncols=3, bbox_to_anchor=(1, 1.0), borderaxespad=0.1)
        panels[2].set_xlim(-0.6, len(hours) - 0.4)
        panels[2].set_xticks(range(0, len(hours), 3), [f"{h:02d}:00" for h in range(0, len(hours), 3)])
    missing = len(hours) - len(known)
    alt = "Circuits down, congested and unknown in each hour of the day."
    return _picture(figure, f"{alt} {missing} hours without data are hatched." if missing else alt, "day")


def _availability_axis(axes: Axes, values: Sequence[float | None], target: float) -> None:
    """The scale ends at 100 %; it begins below the lowest value and the target."""
    lowest = min([v for v in values if v is not None] + [target])
    axes.set_ylim(max(0.0, lowest - max(0.05, (100 - lowest) * 0.15)), 100 + (100 - lowest) * 0.04 + 0.005)
    axes.axhline(target, color=TARGET, linewidth=0.9, linestyle="--")
    axes.yaxis.set_major_formatter(lambda v, _: "" if v > 100.0001 else f"{v:g} %")
    axes.annotate(
        f"target {target:g} %", (0.005, target), xycoords=("axes fraction", "data"), fontsize=7,
        color=TARGET, va="bottom",
    )  # fmt: skip


def course_picture(
    labels: Sequence[str],
    values: Sequence[float | None],
    observed: Sequence[float | None],
    target: float,
    what: str,
    every: int = 1,
) -> Picture:
    """Availability in percent of consecutive periods, and below it the share that was observed. None: not known."""
    at = range(len(labels))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.7))
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        for axes, line in ((top, values), (bottom, observed)):
            for x, value in zip(at, line, strict=True):
                if value is None:
                    _no_data(axes, x - 0.5, x + 0.5)
        numbers = [float("nan") if v is None else v for v in values]
        _availability_axis(top, values, target)
        top.plot(at, numbers, color=ACCENT, linewidth=1.4, marker="o", markersize=3.5)
        low = [(x, v) for x, v in zip(at, values, strict=True) if v is not None and v < target]
        top.plot([x for x, _ in low], [v for _, v in low], "o", color=DOWN, markersize=5)
        top.set_title(f"Availability by {what}")
        bottom.bar(list(at), [v or 0.0 for v in observed], color=UP, width=0.8)
        bottom.set_ylim(0, 105)
        bottom.set_yticks([0, 50, 100], ["0 %", "50 %", "100 %"])
        bottom.set_title("Observed")
        bottom.set_xlim(-0.6, len(labels) - 0.4)
        bottom.set_xticks(list(at)[::every], list(labels)[::every])
    missing = sum(v is None for v in values)
    alt = f"Availability by {what} against the target of {target:g} percent, and the share that was observed."
    return _picture(figure, f"{alt} {missing} without data are hatched." if missing else alt, what)


def compared_picture(
    names: Sequence[str],
    now: Sequence[float | None],
    before: Sequence[float | None],
    target: float,
    what: str,
) -> Picture:
    """Availability of several, the worst at the top, beside the period before. None: not known, and said so."""
    at = list(range(len(names)))[::-1]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.7 + 0.24 * len(names)))
        axes = figure.subplots()
        told = [v for v in (*now, *before) if v is not None]
        lowest = min([*told, target])
        axes.set_xlim(
            max(0.0, lowest - max(0.05, (100 - lowest) * 0.15)), 100 + (100 - lowest) * 0.04 + 0.005
        )
        axes.axvline(target, color=TARGET, linewidth=0.9, linestyle="--", label=f"target {target:g} %")
        axes.xaxis.set_major_formatter(lambda v, _: "" if v > 100.0001 else f"{v:g} %")
        for y, value, earlier in zip(at, now, before, strict=True):
            if value is None:
                axes.annotate(
                    "no data",
                    (0.01, y),
                    xycoords=("axes fraction", "data"),
                    fontsize=7,
                    color=TARGET,
                    va="center",
                )
            if value is not None and earlier is not None:
                axes.plot([earlier, value], [y, y], color="#bbbbbb", linewidth=1)
        known = [(v, y) for v, y in zip(before, at, strict=True) if v is not None]
        axes.plot([v for v, _ in known], [y for _, y in known], "o", markersize=5, markerfacecolor="white",
                  markeredgecolor=UNKNOWN, label="before")  # fmt: skip
        for colour, label, is_low in ((ACCENT, "target met", False), (DOWN, "below target", True)):
            some = [(v, y) for v, y in zip(now, at, strict=True) if v is not None and (v < target) == is_low]
            axes.plot(
                [v for v, _ in some], [y for _, y in some], "o", color=colour, markersize=6, label=label
            )
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.set_yticks(at, [_short(name) for name in names])
        axes.legend(loc="lower right", ncols=4, bbox_to_anchor=(1, 1.0), borderaxespad=0.1)
    return _picture(figure, f"Availability of each {what} against the target and the month before.", what)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def month_label(start: datetime, is_first: bool) -> str:
    """Short name of a month, with the year at the first one and in January."""
    return f"{start:%b}\n{start:%Y}" if is_first or start.month == 1 else f"{start:%b}"
