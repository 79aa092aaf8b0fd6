"""A site's service levels: SLE scores, what degrades them, gateways and interfaces behind it, overlay paths."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from dash import html

from mistwan_dagster.dashboard import columns as col
from mistwan_dagster.dashboard.address import Address, sle_path
from mistwan_dagster.dashboard.context import PageView, page
from mistwan_dagster.dashboard.data import place, service
from mistwan_dagster.dashboard.figures import bars, lines, stacked
from mistwan_dagster.dashboard.grid import RowRequest
from mistwan_dagster.dashboard.listing import all_rows, condition, of_site
from mistwan_dagster.dashboard.pages.site import site_head
from mistwan_dagster.dashboard.parts import (
    Part,
    Row,
    Shown,
    badge,
    choice,
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


def _render(view: PageView, path_site: str) -> list[Part]:
    published, address = view.published, view.address
    found = place.site_row(published, path_site)
    if found.is_empty():
        return [html.H1("Site"), nothing("narrow", f"No site {path_site!r} is known: search for it by name.")]
    site = found.row(0, named=True)
    zone = view.zone(site["timezone"])
    start, end = address.span(view.newest)
    step = "day" if address.is_daily(view.newest) else "hour"
    scores = service.scores(published, path_site, start, end, step)
    reasons = service.classifiers(published, path_site, start, end, step)
    details = service.details(published, path_site)
    paths = service.paths(published, path_site)
    metrics = sorted({*details["metric"], *reasons["metric"]})
    metric = address.by if address.by in metrics else _worst(details, metrics)
    within = f"{span_words(start, end, zone)}, by {'UTC day' if step == 'day' else 'hour'}"
    of = of_site(path_site)
    return [
        *site_head(view, site, "service"),
        toolbar(view, sle_path(path_site), ranges=True, site_zone=site["timezone"]),
        _tiles(details, zone),
        html.Div(
            [
                panel("SLE over time", _over_time(scores, start, end, step, zone), within,
                      all_rows("SLE scores", "fact_site_sle_hour", of), wide=True),
                _metrics(address, path_site, metrics, metric),
                *_of_metric(details.filter(pl.col("metric") == metric), metric, path_site, zone),
                panel(f"Classifiers: {metric or '–'}", _classifiers(reasons, metric, start, end, step, zone), within,
                      all_rows("Classifiers", "fact_sle_trend", of), wide=True),
                panel("VPN paths", _paths(paths, address, zone), "latest hour with path samples",
                      all_rows("VPN paths", "v_path_now", of), wide=True),
            ],
            className="panels",
        ),
    ]  # fmt: skip


def _worst(details: pl.DataFrame, metrics: Sequence[str]) -> str | None:
    coverage = details.filter(pl.col("kind") == "coverage").sort("score", "metric", nulls_last=True)
    return coverage["metric"][0] if coverage.height else next(iter(metrics), None)


def _tiles(details: pl.DataFrame, zone: ZoneInfo) -> html.Section:
    thresholds = {
        row["metric"]: f"threshold {number(row['value'])} {row['unit'] or ''}"
        for row in details.filter(pl.col("kind") == "threshold").iter_rows(named=True)
    }
    shown = [
        tile(
            row["metric"], html.Span([col.score(row["score"]), " ", badge(row["state"])]),
            f"read {stamp(row['at_utc'], zone)}; {thresholds.get(row['metric'], 'threshold not told')}",
            {1.0: "warning", 0.0: "normal"}.get(row["value"], "unknown"),
        )
        for row in details.filter(pl.col("kind") == "coverage").iter_rows(named=True)
    ]  # fmt: skip
    return tiles("SLE score of the newest hour, and how fresh the deep-dive into it is",
                 shown or [tile("SLE", "–", "no score was read yet", "unknown")])  # fmt: skip


def _over_time(scores: pl.DataFrame, start: datetime, end: datetime, step: str, zone: ZoneInfo) -> Part:
    if scores["score"].null_count() == scores.height:
        return nothing("no-data", "No SLE score was read in this range.")
    wide = scores.with_columns(score=100 * pl.col("score")).pivot("metric", index="at_utc", values="score")
    names = {name: name for name in wide.columns if name != "at_utc"}
    whole = place.gapless(wide, "at_utc", start, end, f"1{step[0]}")
    return lines(whole, "at_utc", names, zone, "%", "SLE score by metric over time")


def _metrics(address: Address, site_id: str, metrics: Sequence[str], chosen: str | None) -> Part:
    path = sle_path(site_id)
    options = [(name, address.to(path, by=name), name == chosen) for name in metrics]
    return html.Div(choice("Metric", options), className="toolbar wide") if options else None


def _classifiers(
    reasons: pl.DataFrame, metric: str | None, start: datetime, end: datetime, step: str, zone: ZoneInfo
) -> Part:
    known = reasons.filter((pl.col("metric") == metric) & pl.col("degraded").is_not_null())
    if known.is_empty():
        return nothing("no-data", "The deep-dive has read no classifier in this range.")
    some = known.filter(pl.col("degraded") > 0)
    if some.is_empty():
        return nothing("good", "Nothing degraded this metric in what the deep-dive has read.")
    wide = known.pivot("classifier", index="at_utc", values="degraded")
    order = (
        some.group_by("classifier")
        .agg(pl.col("degraded").sum())
        .sort("degraded", "classifier", descending=True)
    )
    whole = place.gapless(wide, "at_utc", start, end, f"1{step[0]}")
    unit = f"degraded {known['unit'][0] or 'time'}"
    return stacked(whole, "at_utc", order["classifier"].to_list(), zone, unit, "degraded time by classifier")


def _of_metric(rows: pl.DataFrame, metric: str | None, site_id: str, zone: ZoneInfo) -> list[Part]:
    """Histogram, gateways and interfaces of the chosen metric, as last read."""
    of = of_site(site_id)
    if metric is not None:
        of = RowRequest({**of.filters, **condition("metric", "equals", metric)})
    unit = next(iter(rows.filter(pl.col("kind") == "bar")["unit"]), None) or "time"

    def impacted(kind: str, names: Sequence[Shown]) -> html.Section:
        found = rows.filter(pl.col("kind") == kind)
        columns = (
            *names,
            Shown(
                "Degraded",
                lambda row: f"{number(row['degraded'], 1)} of {number(row['value'])}",
                numeric=True,
            ),
            Shown("Score", lambda row: col.score(row["score"]), numeric=True),
        )
        title = f"Impacted {kind}s: {metric or '–'}"
        body = (
            nothing("no-data", f"The last deep-dive names no {kind} for this metric.")
            if found.is_empty()
            else table(found, columns, title)
        )
        note = f"{unit} in the 24 h to {stamp(_at(found), zone)}" if found.height else ""
        return panel(title, body, note, all_rows(title, f"fact_sle_impacted_{kind}", of))

    device = Shown("Gateway", lambda row: html.Span([row["device_name"] or row["device_mac"],
                                                     html.Small(row["device_mac"])]))  # fmt: skip
    return [
        panel(f"Histogram: {metric or '–'}", _histogram(rows.filter(pl.col("kind") == "bar"), unit),
              "the window last read", all_rows("Histogram", "fact_sle_histogram", of)),
        html.Div(
            [
                impacted("gateway", (device, Shown("Model", lambda row: row["state"] or "–"))),
                impacted("interface", (device, Shown("Interface", lambda row: row["interface_name"]))),
            ],
            className="column",
        ),
    ]  # fmt: skip


def _at(rows: pl.DataFrame) -> datetime | None:
    known = rows["at_utc"].drop_nulls().sort()
    return known[-1] if known.len() else None


def _histogram(found: pl.DataFrame, unit: str) -> Part:
    if found.is_empty():
        return nothing("no-data", "No histogram was read of this metric.")

    def words(row: Row) -> str:
        low, high = row["low"], row["high"]
        if low is None:
            return f"< {number(high)}"
        return f"≥ {number(low)}" if high is None else f"{number(low)}–{number(high)}"

    values = {words(row): row["value"] for row in found.iter_rows(named=True)}
    return bars(values, found["state"][0] or "value", unit, "histogram of the metric")


def _paths(paths: pl.DataFrame, address: Address, zone: ZoneInfo) -> Part:
    if paths.is_empty():
        return nothing(
            "no-data", "No path sample: the site has no overlay path, or only history was collected."
        )
    figures: Sequence[tuple[str, str, int, str]] = (
        ("Loss", "loss_avg_pct", 2, "%"), ("Jitter", "jitter_avg_ms", 1, "ms"), ("Latency", "latency_avg_ms", 1, "ms"),
        ("MOS", "mos_avg", 2, ""), ("Up", "up_pct", 0, "%"), ("Samples", "sample_count", 0, ""),
    )  # fmt: skip

    def figure(title: str, column: str, digits: int, unit: str) -> Shown:
        return Shown(title, lambda row: number(row[column], digits, unit), numeric=True)

    def circuit(row: Row) -> Part:
        known = row["circuit_id"]
        return col.circuit_link(address, known, None) if known else row["port_id"]

    shown = (
        Shown("Peer", lambda row: row["peer_router_name"] or row["peer_mac"]),
        Shown("VPN", lambda row: row["vpn_name"] or "–"),
        Shown("Circuit", circuit),
        Shown("State", lambda row: badge(row["path_state"])),
        *(figure(*f) for f in figures),
        Shown(f"Hour ({zone.key})", lambda row: stamp(row["hour_utc"], zone)),
    )
    return table(paths, shown, "VPN paths of the site")


layout = page(_render)
