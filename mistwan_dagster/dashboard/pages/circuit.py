"""A circuit over time: utilization against its thresholds, status, quality, hour of the week, outages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from dash import html

from mistwan_dagster.catalog.columns import LEVELS, MEASURES, hours_column, run_hours_column
from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import circuit_path, region_path, site_path
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import place
from mistwan_dagster.dashboard.figures import hour_of_week, lines, status_strip
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import all_rows, condition
from mistwan_dagster.dashboard.parts import (
    Part,
    Row,
    Shown,
    badge,
    breadcrumbs,
    duration,
    nothing,
    number,
    panel,
    span_words,
    stamp,
    table,
    tile,
    tiles,
)  # fmt: skip
from mistwan_dagster.dashboard.toolbar import toolbar

QUALITY_LINES = {
    "loss": ("loss_avg_pct", "loss_p95_pct", "loss_max_pct"),
    "jitter": ("jitter_avg_ms", "jitter_p95_ms", "jitter_max_ms"),
    "latency": ("latency_avg_ms", "latency_p95_ms", "latency_max_ms"),
}
STATISTICS = {"avg": "mean", "p95": "95th percentile", "max": "maximum"}


@dataclass(frozen=True)
class _Series:
    """The rows of the range, one for each step, and the figures over it."""

    rows: pl.DataFrame
    time: str
    figures: dict[str, float | None]
    is_daily: bool


def _render(view: PageView, path_circuit: str) -> list[Part]:
    published, address = view.published, view.address
    found = place.circuit_row(published, path_circuit)
    if found.is_empty():
        return [
            html.H1("Circuit"),
            nothing("narrow", f"No circuit {path_circuit!r} is known: search for it by site or id."),
        ]
    row = found.row(0, named=True)
    zone = view.zone(row["timezone"])
    start, end = address.span(view.newest)
    series = _series(view, row, start, end)
    outages = place.circuit_outages(published, path_circuit, start, end)
    levels = place.levels_in_force(view.dashboard.thresholds, row["region"], row["store_type"], view.newest)
    within = f"{span_words(start, end, zone)}, by {'UTC day' if series.is_daily else 'hour'}"
    name = f"{row['provider'] or row['wan_name'] or 'Circuit'} {path_circuit.partition(':')[2]}"
    of = RowRequest(condition("circuit_id", "equals", path_circuit))
    hours = "agg_circuit_period" if series.is_daily else "fact_circuit_hour"
    region, site = row["region"], row["site_name"] or row["site_id"]
    return [
        breadcrumbs(
            [
                ("Overview", address.to("/overview")),
                (region or "(none)", address.to(region_path(region)) if region else None),
                (site, address.to(site_path(row["site_id"]))),
                (name, None),
            ]
        ),
        html.H1([name, " ", badge(row["circuit_state"])]),
        html.P(
            f"{path_circuit} · {row['role'] or 'role unknown'} · {row['wan_type'] or 'type unknown'} · "
            f"{number(row['bandwidth_down_mbps'])} / {number(row['bandwidth_up_mbps'])} Mbit/s"
            + (f" (from {row['bandwidth_source']})" if row["bandwidth_source"] else "")
        ),
        toolbar(view, circuit_path(path_circuit), ranges=True, site_zone=row["timezone"]),
        _tiles(series, (end - start).total_seconds() / 60),
        html.Div(
            [
                panel("Utilization", _utilization(series, zone, levels["utilization"]), within,
                      all_rows("Hours of the circuit", hours, of), wide=True),
                panel("Time at or above the thresholds", _above(series), within, wide=True),
                panel("Status", _status(series, zone), "share of each step that the link was up, down or unknown",
                      wide=True),
                *(panel(m.capitalize(), _quality(series, m, zone, levels[m]), within) for m in QUALITY_LINES),
                panel("Hour of the week", _week(series, zone), "mean utilization of the observed hours",
                      all_rows("Hours of the circuit", "fact_circuit_hour", of)),
                panel("Forecast", _forecast(row), "the weekly p95 of the busy hours, and this hour's usual",
                      all_rows("Forecast", "rpt_congestion_now", of)),
                panel("Outages", _outages(outages, zone, view.newest), within,
                      all_rows("Outages", "v_outage", of)),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _series(view: PageView, row: Row, start: datetime, end: datetime) -> _Series:
    circuit = row["circuit_id"]
    if view.address.is_daily(view.newest):
        days = place.circuit_days(view.published, circuit, start, end)
        whole = place.gapless(days, "period_start_utc", start, end, "1d")
        return _Series(whole, "period_start_utc", place.pooled_days(days), True)
    hours = place.circuit_hours(view.published, circuit, start, end)
    figures = place.range_figures(hours, view.dashboard.thresholds, row["region"], row["store_type"], start)
    return _Series(place.gapless(hours, "hour_utc", start, end, "1h"), "hour_utc", figures, False)


def _tiles(series: _Series, minutes: float) -> html.Section:
    """The figures of the range; what has no row in it is unknown time, too."""
    found: dict[str, Any] = series.figures
    known = (found.get("up_minutes") or 0) + (found.get("down_minutes") or 0)
    observed = 100 * known / minutes
    return tiles("In this range", [
        tile("Availability", col.with_observed(found.get("availability_pct"), observed, 3)),
        tile("Utilization", number(found.get("utilization_avg_pct"), 1, "%"),
             f"mean of {number(found.get('observed_hours'))} observed h"),
        tile("p95", number(found.get("utilization_p95_pct"), 1, "%"),
             "not told over days" if series.is_daily else "of hourly utilization"),
        tile("Maximum", number(found.get("utilization_max_pct"), 1, "%"), "hourly utilization"),
        tile("Down", duration(found.get("down_minutes")), "known to be down"),
        tile("Unknown", duration(minutes - known), f"of {duration(minutes)}"),
        tile("Flaps", number(found.get("flap_count"))),
    ])  # fmt: skip


def _no_value(series: _Series, column: str) -> bool:
    return column not in series.rows.columns or series.rows[column].null_count() == series.rows.height


def _utilization(series: _Series, zone: ZoneInfo, levels: dict[str, float]) -> Part:
    shown = (
        {"utilization_avg_pct": "daily mean", "utilization_max_pct": "highest hour of the day"}
        if series.is_daily
        else {"utilization_pct": "hourly", "utilization_peak_pct": "highest sampling interval"}
    )
    shown = {column: words for column, words in shown.items() if not _no_value(series, column)}
    if not shown:
        return nothing(
            "no-data", "No utilization in this range: no bandwidth is known, or nothing was observed."
        )
    return lines(series.rows, series.time, shown, zone, "%", "utilization over time", levels, height=320)


def _above(series: _Series) -> Part:
    if not series.figures:
        return nothing("no-data", "No hour of this range was computed.")
    rows = pl.DataFrame(
        [
            {"measure": measure, "level": level, "hours": series.figures.get(hours_column(measure, level)),
             "run": series.figures.get(run_hours_column(measure, level))}
            for measure in MEASURES
            for level in LEVELS
        ],
        schema={"measure": pl.String, "level": pl.String, "hours": pl.Float64, "run": pl.Float64},
    ).pivot("level", index="measure", values=["hours", "run"])  # fmt: skip
    run_words = "longest in one UTC day" if series.is_daily else "longest in one stretch"

    def column(level: str) -> Shown:
        def cell(row: Row) -> Part:
            hours = row[f"hours_{level}"]
            if hours is None:
                return "not observed"
            return html.Span(
                [number(hours, 0, "h"), html.Small(f"{run_words} {number(row[f'run_{level}'], 0, 'h')}")]
            )

        return Shown(level.capitalize(), cell, numeric=True)

    shown = (
        Shown("Measure", lambda row: MEASURES[row["measure"]][1].capitalize()), *(column(level) for level in LEVELS)
    )  # fmt: skip
    return table(rows, shown, "Hours at or above each threshold")


def _status(series: _Series, zone: ZoneInfo) -> Part:
    return status_strip(series.rows, series.time, zone, "status over time")


def _quality(series: _Series, measure: str, zone: ZoneInfo, levels: dict[str, float]) -> Part:
    shown = {
        column: STATISTICS[column.split("_")[1]]
        for column in QUALITY_LINES[measure]
        if not _no_value(series, column)
    }
    if not shown:
        return nothing("no-data", "No quality sample in this range; links that are not probed have none.")
    unit = "%" if MEASURES[measure][0] == "pct" else "ms"
    return lines(series.rows, series.time, shown, zone, unit, f"{measure} over time", levels, height=230)


def _week(series: _Series, zone: ZoneInfo) -> Part:
    if series.is_daily:
        return nothing("narrow", "Only for ranges that are shown by hour: choose a month or less.")
    if _no_value(series, "utilization_pct"):
        return nothing("no-data", "No utilization in this range.")
    return hour_of_week(series.rows, zone, "utilization by hour of the week")


def _forecast(row: Row) -> Part:
    """Where utilization is going, or why that cannot be said."""
    usual = (
        "not known yet: three of the four weeks before are needed"
        if row["change_pct"] is None
        else html.Span(
            [f"{number(row['change_pct'], 1, 'pts', signed=True)} against {number(row['usual_pct'], 1, '%')}",
             " ", badge("warning", "worse than usual") if row["is_worse"] else ""]
        )
    )  # fmt: skip
    trend = (
        "not known"
        if row["trend_pct_per_week"] is None
        else f"{number(row['trend_pct_per_week'], 2, 'pts a week', signed=True)} (95 %: "
        f"{number(row['trend_low_pct_per_week'], 2, signed=True)} to "
        f"{number(row['trend_high_pct_per_week'], 2, signed=True)}), now at {number(row['trend_now_pct'], 1, '%')}"
    )
    reason = row["trend_reason"]

    def crossing(level: str) -> str:
        days = row[f"days_to_{level}"]
        if days is not None:
            return "there now" if days == 0 else f"in {number(days)} days"
        return f"not foretold: {reason or 'no trend was computed'}"

    facts = {
        "This hour against the usual": usual,
        f"Trend of {number(row['trend_weeks'])} known weeks": trend,
        **{f"Reaches {level}": crossing(level) for level in LEVELS},
    }
    return html.Dl([part for words, told in facts.items() for part in (html.Dt(words), html.Dd(told))])


def _outages(outages: pl.DataFrame, zone: ZoneInfo, newest: datetime) -> Part:
    if outages.is_empty():
        return nothing("good", "No outage is known in this range.")

    def lasted(row: Row) -> str:
        end = row["end_utc"] or newest
        return duration((end - row["start_utc"]).total_seconds() / 60) + ("" if row["end_utc"] else " so far")

    shown = (
        Shown(f"From ({zone.key})", lambda row: stamp(row["start_utc"], zone)),
        Shown("To", lambda row: stamp(row["end_utc"], zone) if row["end_utc"] else badge("down", "lasts")),
        Shown("Lasted", lasted, numeric=True),
        Shown("Kind", lambda row: row["kind"]),
        Shown("Evidence", lambda row: row["evidence"]),
    )
    return table(outages, shown, "Outages")


layout = page(_render)
