"""Providers over the newest month: scorecard, carrier incidents, outages as evidence, opening hours, backups."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
from dash import html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard import report_columns as report
from mistwan_dagster.dashboard.address import Address
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import providers as data
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import all_rows, condition
from mistwan_dagster.dashboard.parts import (
    Part,
    Row,
    Shown,
    badge,
    choice,
    duration,
    nothing,
    number,
    panel,
    percent,
    stamp,
    table,
)  # fmt: skip
from mistwan_dagster.dashboard.toolbar import toolbar

PATH = "/providers"
NEWEST = ({"colId": "period_start_utc", "sort": "desc"},)


def _render(view: PageView) -> list[Part]:
    published, address, zone = view.published, view.address, view.zone()
    scorecard = data.scorecard(published)
    head = [html.H1("Providers"), toolbar(view, PATH, rows=True)]
    if scorecard.is_empty():
        return [*head, nothing("no-data", "No month of providers is computed yet: run `mistwan aggregate`.")]
    month, since = scorecard["month"][0], scorecard["period_start_utc"][0]
    names = sorted(scorecard["provider"])
    chosen = address.by if address.by in names else None
    options = [("All", address.to(PATH, by=None), chosen is None)]
    options += [(name, address.to(PATH, by=name), name == chosen) for name in names]
    mine = scorecard if chosen is None else scorecard.filter(provider=chosen)
    return [
        *head,
        html.Div(choice("Provider", options), className="toolbar"),
        html.Div(
            [
                panel("Provider scorecard", table(mine.head(address.rows), _scorecard(view), "Providers"),
                      f"{month}, worst availability first", all_rows("Provider scorecard", "rpt_provider_scorecard",
                                                                     RowRequest({}, NEWEST)), wide=True),
                _incidents(address, data.incidents(published, since, chosen), zone, chosen, month),
                _outages(address, data.outages(published, since, chosen), zone, chosen, month),
                _opening_hours(view, data.opening_hours(published)),
                _backups(address, data.backups(published)),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _of(provider: str | None) -> RowRequest:
    newest = ({"colId": "start_utc", "sort": "desc"},)
    return RowRequest({} if provider is None else condition("provider", "equals", provider), newest)


def _scorecard(view: PageView) -> tuple[Shown, ...]:
    opened = Shown(
        "In opening hours",
        lambda row: html.Span(
            [percent(row["open_availability_pct"], 3),
             html.Small(f"utilization p95 {number(row['open_utilization_p95_pct'], 1, '%')}")]
        ),
        numeric=True,
    )  # fmt: skip
    first, *rest = report.provider_columns(view.dashboard.availability_target_pct)
    return (first, *rest[:3], opened, *rest[3:])


def _incidents(
    address: Address, found: pl.DataFrame, zone: ZoneInfo, provider: str | None, month: str
) -> html.Section:
    def hit(row: Row) -> Part:
        unseen = row["unobserved_circuit_count"]
        of = f"of {number(row['area_circuit_count'])}" + (f", {unseen} not observed" if unseen else "")
        return html.Span([number(row["peak_circuit_count"]), html.Small(of)])

    shown = (
        Shown("Provider", lambda row: row["provider"]),
        Shown("Area", lambda row: row["area"]),
        Shown(f"From ({zone.key})", lambda row: stamp(row["start_utc"], zone)),
        Shown("To", lambda row: stamp(row["end_utc"], zone) if row["end_utc"] else badge("down", "lasts")),
        Shown("Lasted", lambda row: duration(row["duration_minutes"]) if row["end_utc"] else "so far", numeric=True),
        Shown("Kind", lambda row: row["kind"]),
        Shown("Circuits at the peak", hit, numeric=True),
        report.figure("Sites", "site_count", 0, ""),
    )  # fmt: skip
    body = (
        nothing("good", f"No carrier incident in {month}: what failed, failed in single stores.")
        if found.is_empty()
        else table(found.head(address.rows), shown, "Carrier incidents")
    )
    note = f"circuits of one provider and area hit together; {found.height} in {month}"
    actions = all_rows("Carrier incidents", "rpt_carrier_incident", _of(provider))
    return panel("Carrier incidents", body, note, actions, wide=True)


def _outages(
    address: Address, found: pl.DataFrame, zone: ZoneInfo, provider: str | None, month: str
) -> html.Section:
    def lasted(row: Row) -> Part:
        unseen, excluded = row["unknown_minutes"], row["excluded_minutes"]
        notes = [
            *([f"{duration(unseen)} not observed"] if unseen else []),
            *([f"{duration(excluded)} maintenance"] if excluded else []),
        ]
        return html.Span([duration(row["counted_minutes"]), html.Small(", ".join(notes))])

    shown = (
        Shown("Provider", lambda row: row["provider"]),
        col.site_column(address),
        Shown("Circuit", lambda row: col.circuit_link(address, row["circuit_id"], row["wan_name"])),
        Shown(f"From ({zone.key})", lambda row: stamp(row["start_utc"], zone)),
        Shown("To", lambda row: stamp(row["end_utc"], zone) if row["end_utc"] else badge("down", "lasts")),
        Shown("Counted", lasted, numeric=True),
        Shown("Kind", lambda row: row["kind"]),
        Shown("Evidence", lambda row: row["evidence"]),
        Shown("Fault", lambda row: "carrier incident" if row["incident_start_utc"] else "single store"),
    )
    body = (
        nothing("good", f"No outage outside maintenance in {month}.")
        if found.is_empty()
        else table(found.head(address.rows), shown, "Outages as evidence")
    )
    note = f"{found.height} in {month}, longest first; a file to send: `mistwan sla --provider P --month {month}`"
    return panel(
        "Outages as evidence", body, note, all_rows("Outages", "rpt_sla_outage", _of(provider)), wide=True
    )


def _opening_hours(view: PageView, found: pl.DataFrame) -> html.Section:
    target = view.dashboard.availability_target_pct

    def beside(title: str, column: str, digits: int, unit: str) -> Shown:
        def cell(row: Row) -> Part:
            whole = number(row[column], digits, unit)
            return html.Span([number(row[f"open_{column}"], digits, unit), html.Small(f"all hours {whole}")])

        return Shown(title, cell, numeric=True)

    def availability(row: Row) -> Part:
        value = row["open_availability_pct"]
        minutes = {f"{c}_minutes": row[f"open_{c}_minutes"] for c in ("up", "down", "unknown")}
        told = col.with_observed(value, report.observed(minutes), 3)
        is_low = value is not None and value < target
        parts = [badge("down", "below target"), " ", told] if is_low else [told]
        return html.Span([*parts, html.Small(f"all hours {percent(row['availability_pct'], 3)}")])

    shown = (
        col.region_column(view.address),
        Shown("Availability", availability, numeric=True),
        beside("Mean utilization", "utilization_avg_pct", 1, "%"),
        beside("p95", "utilization_p95_pct", 1, "%"),
        beside("Hours of congestion", "utilization_warning_hours", 0, "h"),
        beside("Flaps", "flap_count", 0, ""),
    )
    body = (
        nothing("no-data", "No month of opening hours is computed yet.")
        if found.is_empty()
        else table(found.head(view.address.rows), shown, "Opening hours by region")
    )
    month = f"{found['period_start_utc'][0]:%Y-%m}, by each store's own clock" if found.height else ""
    request = RowRequest(condition("period", "equals", "month"), NEWEST)
    return panel("Opening hours by region", body, month,
                 all_rows("Opening hours", "agg_region_period_business", request), wide=True)  # fmt: skip


def _backups(address: Address, found: pl.DataFrame) -> html.Section:
    def pair(title: str, column: str, digits: int, unit: str) -> Shown:
        def cell(row: Row) -> Part:
            backup = number(row[f"secondary_{column}"], digits, unit)
            return html.Span([number(row[f"primary_{column}"], digits, unit), html.Small(f"backup {backup}")])

        return Shown(title, cell, numeric=True)

    shown = (
        col.site_column(address),
        col.region_column(address),
        pair("Availability", "availability_pct", 3, "%"),
        pair("Mean utilization", "utilization_avg_pct", 1, "%"),
        pair("Loss", "loss_avg_pct", 2, "%"),
        pair("Jitter", "jitter_avg_ms", 1, "ms"),
        pair("Latency", "latency_avg_ms", 1, "ms"),
        pair("Flaps", "flap_count", 0, ""),
    )
    if found.is_empty():
        body, note = nothing("no-data", "No site has a primary and a secondary with a known state yet."), ""
    else:
        worse = found.filter(pl.col("shortfall_pct") > 0).height
        note = (
            f"{found['period_start_utc'][0]:%Y-%m}, sites with both: {found['compared_sites'][0]}, primary down longer "
            f"at {worse}; largest difference first"
        )
        body = table(found.head(address.rows), shown, "Primary against backup")
    request = RowRequest(condition("period", "equals", "month"), NEWEST)
    return panel("Primary against backup", body, note,
                 all_rows("Primary against backup", "rpt_primary_secondary", request), wide=True)  # fmt: skip


layout = page(_render)
