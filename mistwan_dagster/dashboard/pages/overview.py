"""The executive overview: health now against last week, regions, trends, top offenders. Fit for wall and paper."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from dash import dcc, html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import overview as data
from mistwan_dagster.dashboard.data.published import Published
from mistwan_dagster.dashboard.figures import lines
from mistwan_dagster.dashboard.parts import (
    Part,
    Row,
    Shown,
    not_collected,
    nothing,
    number,
    panel,
    percent,
    stamp,
    table,
    tile,
    tiles,
)  # fmt: skip
from mistwan_dagster.dashboard.toolbar import toolbar

PATH = "/overview"
REPORTS = {
    "rpt_chronic_offenders": "Chronic offenders",
    "rpt_provider_scorecard": "Providers",
    "rpt_failover_readiness": "Failover readiness",
}
"""Reports that other parts of the platform compute: their first rows are shown where they exist."""
REPORT_COLUMNS = 8


def _render(view: PageView) -> list[Part]:
    published, newest, zone = view.published, view.newest, view.zone()
    regions = data.regions(published)
    head = [html.H1("Overview"), toolbar(view, PATH, rows=True)]
    if regions.is_empty():
        return [*head, nothing("no-data", "No window of 24 hours is computed yet: run `mistwan aggregate`.")]
    now, before = data.pooled(regions), data.pooled(regions, "week_before_")
    days = data.with_missing_days(data.daily(published, newest))
    top = data.top_circuits(published, newest, view.address.rows)
    as_of = f"24 h to {stamp(newest, zone)} {zone.key}"
    return [
        *head,
        _health(now, before, regions),
        html.Div(
            [
                panel("Regions", table(regions, _region_columns(view), "Regions"), f"{as_of}, worst first", wide=True),
                panel("Availability by day", _trend(days, "availability_pct", "%"), "by UTC day"),
                panel("Mean utilization by day", _trend(days, "utilization_avg_pct", "%"), "observed circuit hours"),
                panel(
                    "Top offenders", _top(top, view), "last 7 UTC days: hours above the utilization warning, then down",
                    [dcc.Link("All rows", href="/table/v_circuit_day")], wide=True,
                ),
                _reports(published, view),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _change(now: float | None, before: float | None, digits: int, unit: str) -> str:
    if now is None or before is None:
        return "last week: not observed"
    return f"last week {number(before, digits, unit)} ({number(now - before, digits, signed=True)})"


def _health(now: dict[str, Any], before: dict[str, Any], regions: pl.DataFrame) -> html.Section:
    minutes = regions.select("up_minutes", "down_minutes", "unknown_minutes").sum().row(0)
    observed = 100 * (minutes[0] + minutes[1]) / sum(minutes) if sum(minutes) else None
    words = {"utilization": "congestion", "loss": "loss", "jitter": "jitter", "latency": "latency"}
    return tiles("Last 24 hours against the same hours a week before", [
        tile("Availability", percent(now["availability_pct"], 3),
             f"{percent(observed)} of the time observed; "
             + _change(now["availability_pct"], before["availability_pct"], 3, "%")),
        tile("Mean utilization", number(now["utilization_avg_pct"], 1, "%"),
             _change(now["utilization_avg_pct"], before["utilization_avg_pct"], 1, "%")),
        tile("Flaps", number(now["flap_count"]), _change(now["flap_count"], before["flap_count"], 0, "")),
        *(
            tile(f"Hours of {words[c.partition('_')[0]]}", number(now[c]),
                 f"of {number(now['observed_hours'])} circuit hours; {_change(now[c], before[c], 0, '')}")
            for c in data.ABOVE
        ),
    ])  # fmt: skip


def _observed(row: Row) -> float | None:
    total = row["total_minutes"]
    return 100 * (row["up_minutes"] + row["down_minutes"]) / total if total else None


def _region_columns(view: PageView) -> tuple[Shown, ...]:
    def against(column: str, digits: int) -> Shown:
        def cell(row: Row) -> str:
            before = row[f"week_before_{column}"]
            if row[column] is None or before is None:
                return "–"
            return number(row[column] - before, digits, signed=True)

        return Shown("vs week before", cell, numeric=True)

    return (
        col.region_column(view.address),
        Shown("Circuits", lambda row: number(row["circuit_count"]), numeric=True),
        Shown(
            "Availability",
            lambda row: col.with_observed(row["availability_pct"], _observed(row), 3),
            numeric=True,
        ),
        against("availability_pct", 3),
        Shown("Utilization", lambda row: number(row["utilization_avg_pct"], 1, "%"), numeric=True),
        against("utilization_avg_pct", 1),
        Shown("p95", lambda row: number(row["utilization_p95_pct"], 1, "%"), numeric=True),
        Shown("Loss", lambda row: number(row["loss_avg_pct"], 2, "%"), numeric=True),
        Shown("Latency", lambda row: number(row["latency_avg_ms"], 1, "ms"), numeric=True),
        Shown("Flaps", lambda row: number(row["flap_count"]), numeric=True),
        against("flap_count", 0),
    )


def _trend(days: pl.DataFrame, column: str, unit: str) -> Part:
    if days.is_empty() or days[column].null_count() == days.height:
        return nothing("no-data", "No day is computed yet.")
    wide = days.pivot("region", index="period_start_utc", values=column).sort("period_start_utc")
    names = {name: name for name in wide.columns if name != "period_start_utc"}
    return lines(wide, "period_start_utc", names, ZoneInfo("UTC"), unit, column.replace("_", " "), height=260,
        from_zero=column != "availability_pct",
    )  # fmt: skip


def _top(top: pl.DataFrame, view: PageView) -> Part:
    if top.is_empty():
        return nothing(
            "good", "No offenders: no circuit was above its threshold, down or flapping in 7 days."
        )
    hours = Shown(
        "Hours above warning",
        lambda row: html.Span(
            [
                number(row["utilization_warning_hours"]),
                html.Small(f"longest run {number(row['utilization_warning_run_hours'])}"),
            ]
        ),
        numeric=True,
    )
    return table(
        top,
        (
            col.site_column(view.address), col.region_column(view.address), col.circuit_column(view.address), col.ROLE,
            hours, Shown("Highest", lambda row: number(row["utilization_max_pct"], 1, "%"), numeric=True),
            Shown("Availability", lambda row: col.with_observed(row["availability_pct"], row["observed_pct"]),
                  numeric=True),
            Shown("Down", lambda row: number(row["down_minutes"], 0, "min"), numeric=True),
            Shown("Flaps", lambda row: number(row["flap_count"]), numeric=True),
        ),
        "Top offenders",
    )  # fmt: skip


def _reports(published: Published, view: PageView) -> html.Section:
    """Links to the reports; the first that exists shows its first rows."""
    made = [name for name in REPORTS if Published.is_collected(name)]
    if not made:
        return panel("Reports", not_collected(", ".join(REPORTS.values())), wide=True)
    frame = published.ask(f"SELECT * FROM {made[0]} LIMIT ?", [view.address.rows])
    body = (
        nothing("good", f"{REPORTS[made[0]]}: no row, so none was found.")
        if frame.is_empty()
        else table(frame, [_plain(n) for n in frame.columns[:REPORT_COLUMNS]], REPORTS[made[0]])
    )
    more = [dcc.Link(f"{REPORTS[name]}: all rows", href=f"/table/{name}") for name in made]
    return panel(REPORTS[made[0]], body, f"first {frame.height} rows", more, wide=True)


def _plain(name: str) -> Shown:
    def cell(row: Row) -> str:
        value = row[name]
        return number(value, 2) if isinstance(value, float) else "–" if value is None else str(value)

    return Shown(name.replace("_", " "), cell)


layout = page(_render)
