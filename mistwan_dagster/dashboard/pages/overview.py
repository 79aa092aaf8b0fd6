"""The executive overview: health now against last week and 13 months, regions, trends, offenders, providers, backups.

Fit for wall and paper.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from dash import html

from mistwan_dagster.dashboard import report_columns as report
from mistwan_dagster.dashboard.address import RANGES
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import overview as data
from mistwan_dagster.dashboard.figures import lines
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import all_rows, condition
from mistwan_dagster.dashboard.parts import (
    Part,
    choice,
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
CHRONIC = RowRequest({}, ({"colId": "as_of_utc", "sort": "desc"}, {"colId": "bad_days", "sort": "desc"}))
NEWEST_MONTH = RowRequest({}, ({"colId": "period_start_utc", "sort": "desc"},))
WORDS = {"utilization": "congestion", "loss": "loss", "jitter": "jitter", "latency": "latency"}


def _render(view: PageView) -> list[Part]:
    published, newest, zone, address = view.published, view.newest, view.zone(), view.address
    regions = data.regions(published)
    head = [html.H1("Overview"), toolbar(view, PATH, rows=True)]
    if regions.is_empty():
        return [*head, nothing("no-data", "No window of 24 hours is computed yet: run `mistwan aggregate`.")]
    target = view.dashboard.availability_target_pct
    trend_days = data.LONG_TREND_DAYS if address.range == "13m" else data.TREND_DAYS
    trend = f"by UTC day, the last {trend_days} days"
    days = data.with_missing_days(data.daily(published, newest, trend_days))
    by = address.by if address.by in data.RANKED else "congestion"
    period = address.range if address.range in RANGES else "24h"
    found = data.offenders(published, period, data.RANKED[by], address.rows)
    providers = data.providers(published, address.rows)
    backups = data.readiness(published, address.rows)
    return [
        *head,
        _health(regions, target),
        html.Div(
            [
                panel(
                    "Regions", table(regions, report.region_columns(address, target), "Regions"),
                    f"24 h to {stamp(newest, zone)} {zone.key}, worst first; target {target:g} %",
                    all_rows("Regions", "v_region_now"), wide=True,
                ),
                panel("Availability by day", _trend(days, "availability_pct", target), trend),
                panel("Mean utilization by day", _trend(days, "utilization_avg_pct"), f"observed hours {trend}"),
                _top(view, found.filter(pl.col("kind") == "top"), by, period),
                _chronic(view, found.filter(pl.col("kind") == "chronic")),
                _backups(view, backups),
                _providers(view, providers),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _health(regions: pl.DataFrame, target: float) -> html.Section:
    now, week, months = (data.pooled(regions, prefix) for prefix in data.SPANS)
    minutes = regions.select("up_minutes", "down_minutes", "unknown_minutes").sum().row(0)
    observed = 100 * (minutes[0] + minutes[1]) / sum(minutes) if sum(minutes) else None
    availability = now["availability_pct"]
    missed = None if availability is None else "critical" if availability < target else "normal"
    return tiles("Last 24 hours; the same hours a week before; 13 months", [
        tile("Availability", percent(availability, 3),
             f"target {target:g} %; {percent(observed)} of the time observed; "
             + _against(week, months, "availability_pct", 3, "%"), missed),
        tile("Mean utilization", number(now["utilization_avg_pct"], 1, "%"),
             _against(week, months, "utilization_avg_pct", 1, "%")),
        tile("Flaps", number(now["flap_count"]), _against(week, data.scaled(months, now), "flap_count", 0)),
        *(
            tile(f"Hours of {WORDS[c.partition('_')[0]]}", number(now[c]),
                 f"of {number(now['observed_hours'])} circuit hours; "
                 + _against(week, data.scaled(months, now), c, 0))
            for c in data.ABOVE
        ),
    ])  # fmt: skip


def _against(week: dict[str, Any], months: dict[str, Any], column: str, digits: int, unit: str = "") -> str:
    """What the figure was a week before and over 13 months; a sum over 13 months is told for as many hours as now."""
    shown = [
        f"{words} {number(value, digits, unit)}" if value is not None else f"{words} not observed"
        for words, value in (("week before", week[column]), ("13 months", months[column]))
    ]
    return ", ".join(shown)


def _trend(days: pl.DataFrame, column: str, target: float | None = None) -> Part:
    known = days.filter(pl.col(column).is_not_null())
    if known.is_empty():
        return nothing("no-data", "No day is computed yet.")
    wide = days.pivot("region", index="period_start_utc", values=column).sort("period_start_utc")
    regions = {name: name for name in wide.columns if name != "period_start_utc"}
    return lines(
        wide, "period_start_utc", regions, ZoneInfo("UTC"), "%", f"{column.replace('_', ' ')} by region and day",
        {} if target is None else {"target": target}, from_zero=target is None,
    )  # fmt: skip


def _top(view: PageView, top: pl.DataFrame, by: str, period: str) -> html.Section:
    address, measure = view.address, data.RANKED[by]
    choices = [
        choice("By", [(w, address.to(PATH, by=None if w == "congestion" else w), w == by) for w in data.RANKED]),
        choice("Over", [(w, address.to(PATH, range=None if r == "24h" else r), r == period)
                        for r, w in RANGES.items()]),
    ]  # fmt: skip
    note = "of the latest window or of the present day, week or month"
    if top.is_empty():
        body: Part = nothing("no-data", "Cannot be said: no circuit has this figure for this period.")
    else:
        first = top.row(0, named=True)
        unknown = f"; {first['unknown_circuits']} left out as unknown" if first["unknown_circuits"] else ""
        note = f"from {stamp(first['start_utc'], view.zone())}, {first['known_circuits']} circuits ranked{unknown}"
        bad = top.filter(report.is_bad(measure, view.dashboard.availability_target_pct))
        body = (
            nothing(
                "good",
                f"No offenders: none of {first['known_circuits']} circuits has any {by} to complain of.",
            )
            if bad.is_empty()
            else table(bad, report.top_columns(address, measure), "Top offenders")
        )
    rows = RowRequest(
        {**condition("period", "equals", period), **condition("measure", "equals", measure)},
        ({"colId": "rank", "sort": "asc"},),
    )
    return panel(
        "Top offenders", [html.Div(choices, className="toolbar"), body], note,
        all_rows("Top offenders", "rpt_top_offenders", rows), wide=True,
    )  # fmt: skip


def _chronic(view: PageView, chronic: pl.DataFrame) -> html.Section:
    body = (
        nothing("good", "No circuit was bad on enough of the last days.")
        if chronic.is_empty()
        else table(chronic, report.chronic_columns(view.address), "Chronic offenders")
    )
    return panel("Chronic offenders", body, "bad on many of the last days; a row for each reason",
                 all_rows("Chronic offenders", "rpt_chronic_offenders", CHRONIC))  # fmt: skip


def _backups(view: PageView, backups: pl.DataFrame) -> html.Section:
    note = "could the backup have carried the site?"
    if backups.is_empty():
        body: Part = nothing("no-data", "No month of sites is computed yet.")
    else:
        first = backups.row(0, named=True)
        note = (
            f"{first['month']}: {first['ready_sites']} of {first['sites']} sites ready in every known hour, "
            f"{first['unknown_sites']} unknown; least ready first"
        )
        body = table(backups, report.readiness_columns(view.address), "Failover readiness")
    return panel("Failover readiness", body, note,
                 all_rows("Failover readiness", "rpt_failover_readiness", NEWEST_MONTH))  # fmt: skip


def _providers(view: PageView, providers: pl.DataFrame) -> html.Section:
    if providers.is_empty():
        body, note = nothing("no-data", "No month of providers is computed yet."), ""
    else:
        columns = report.provider_columns(view.dashboard.availability_target_pct)
        body, note = (
            table(providers, columns, "Providers"),
            f"{providers['month'][0]}, worst availability first",
        )
    actions = [
        *all_rows("Carrier incidents", "rpt_carrier_incident")[:1],
        *all_rows("Provider scorecard", "rpt_provider_scorecard", NEWEST_MONTH),
    ]
    actions[0].children = "Carrier incidents"
    return panel("Provider scorecard", body, note, actions, wide=True)


layout = page(_render)
