"""From slots and computed hours to alerts: reads what is known now, takes one step, writes what changed.

Belongs here: which rows a look needs. Arithmetic is in `kpi.alerts_*`, who is told in `alert_delivery`. No Dagster.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH
from mistwan_dagster.catalog.alerting import CARRIER_SIGNALS
from mistwan_dagster.catalog.columns import INSTANT, NONE
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR, RPT_CARRIER_INCIDENT
from mistwan_dagster.kpi.alerts_hours import READING, hour_readings
from mistwan_dagster.kpi.alerts_incidents import KEY, OBSERVED, Alerts, step
from mistwan_dagster.kpi.alerts_states import (
    STRETCH,
    WORKED_WITHIN,
    current_stretches,
    lasting_outages,
    state_readings,
    that_worked,
)
from mistwan_dagster.kpi.areas import circuit_areas
from mistwan_dagster.kpi.carrier_incidents import FRESH, carrier_incidents
from mistwan_dagster.kpi.maintenance import maintenance_spans
from mistwan_dagster.kpi.status import Told, state_cells
from mistwan_dagster.kpi.steps import MAX_GAP
from mistwan_dagster.lake.raw import HOUR, SLOT
from mistwan_dagster.orchestration.alert_delivery import alone, known_alerts
from mistwan_dagster.orchestration.alert_platform import newest_slot, platform_findings
from mistwan_dagster.orchestration.episodes import whole_table
from mistwan_dagster.orchestration.hourly import evidence, sampled
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import fact_hours

HOURS_COUNT_FOR = timedelta(hours=3)
"""Computed hours that end longer ago say nothing of now: imported history alerts nobody."""
INCIDENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "provider": pl.String,
    "area": pl.String,
    "_live": pl.Boolean,
}
LEAST_LOOK_BACK = timedelta(hours=24)
"""How far the begin of a breach is looked for."""


@dataclass(frozen=True)
class Look:
    """What a look found: the alerts after it, and how many opened and closed in it."""

    alerts: Alerts
    opened: int
    closed: int
    still_open: int
    silenced: int


def evaluate(platform: Platform, given_up: Mapping[str, str | None]) -> Look:
    """Take one step as of now and write both tables. `given_up` as in `platform_findings`.

    Breaches are written first: those of an alert that a kill kept from being written count for nothing.
    """
    with alone(platform):
        now, known = platform.settings.now(), known_alerts(platform)
        observed = pl.concat([observe(platform, now), platform_findings(platform, given_up)])
        found = step(known, observed, now)
        for table, frame, before in (
            (FACT_ALERT_BREACH, found.breaches, known.breaches),
            (FACT_ALERT, found.alerts, known.alerts),
        ):
            if platform.kpi.read(table.name) is None or not frame.equals(before):
                platform.kpi.write(table.name, frame)
    at = pl.lit(now).cast(FACT_ALERT.schema["opened_utc"])
    is_open = found.alerts.filter(pl.col("closed_utc").is_null())
    return Look(
        found,
        found.alerts.filter(pl.col("opened_utc") == at).height,
        found.alerts.filter(pl.col("closed_utc") == at).height,
        is_open.height,
        is_open.filter("silenced").height,
    )


def observe(platform: Platform, now: datetime) -> pl.DataFrame:
    """OBSERVED rows: each rule and signal of each circuit in use, whether anything is known of it or not."""
    rules = platform.alerting.rules
    circuits = _circuits(platform)
    stretches = live_stretches(platform, now)
    end = _hours_end(platform, now)
    readings = pl.concat([state_readings(stretches, rules), _of_hours(platform, end)])
    signals = pl.DataFrame(
        [(r.name, s, r.is_live) for r in rules for s in r.signals],
        schema={"rule": pl.String, "signal": pl.String, "_live": pl.Boolean},
        orient="row",
    )
    incidents = pl.concat([_live_incidents(platform, stretches, now), _hourly_incidents(platform, end)])
    with_areas = circuits.with_columns(pl.lit(None, pl.String).alias("area"))
    if incidents.height:
        areas = circuit_areas(*_dimensions(platform), platform.settings.mistwan_incident_radius_km)
        with_areas = circuits.join(areas.select("area", subject="circuit_id"), on="subject", how="left")
    hit = incidents.unique().with_columns(_hit=True)
    observed = (
        signals.join(with_areas, how="cross")
        .join(readings, on=KEY, how="left")
        .join(hit, on=["provider", "area", "_live"], how="left")
    )
    can_be = pl.col("signal").is_in(CARRIER_SIGNALS)
    observed = observed.with_columns(
        in_incident=can_be & pl.col("_hit").fill_null(False),
        silenced=_silenced(platform, observed, stretches, end, now),
        scope=pl.lit("site"),
        text=pl.lit(None, pl.String),
    )
    return observed.select(pl.col(n).cast(t) for n, t in OBSERVED.items())


def _dimensions(platform: Platform) -> tuple[pl.DataFrame, pl.DataFrame]:
    return whole_table(platform, DIM_CIRCUIT), whole_table(platform, DIM_SITE)


def _circuits(platform: Platform) -> pl.DataFrame:
    """subject, site_id, region, provider of each current circuit; a disabled port is not in use."""
    circuits, sites = _dimensions(platform)
    in_use = pl.col("is_current") & (pl.col("port_state") != "disabled").fill_null(True)
    regions = sites.filter("is_current").select("site_id", "region")
    named = circuits.filter(in_use).join(regions, on="site_id", how="left")
    return named.select("site_id", pl.col("region").fill_null(NONE), "provider", subject="circuit_id")


def live_stretches(platform: Platform, now: datetime) -> pl.DataFrame:
    """What each circuit's states are now, from the slots that rules by the minute have to see; none without slots."""
    back = [rule.looks_back for rule in platform.alerting.rules if rule.is_live]
    circuits = whole_table(platform, DIM_CIRCUIT).filter("is_current")
    newest = newest_slot(platform)
    if not back or circuits.is_empty() or newest is None or newest < now - 2 * MAX_GAP:
        return pl.DataFrame(schema=STRETCH)
    start = now - math.ceil((max(back) + MAX_GAP) / HOUR) * HOUR
    found = evidence(platform, start, now, live=True)
    read = sampled(found, circuits)
    told = Told(read.ports, read.paths, read.devices, found.events, circuits, read.interfaces)
    found_now = current_stretches(state_cells(told, start, now), now)
    return that_worked(found_now, _facts(platform, start - WORKED_WITHIN - HOUR, now))


def _hours_end(platform: Platform, now: datetime) -> datetime | None:
    """End of the newest computed hour, if that still tells of now."""
    hours = fact_hours(platform)
    if not hours or hours[-1] + HOUR < now - HOURS_COUNT_FOR:
        return None
    return hours[-1] + HOUR


def _of_hours(platform: Platform, end: datetime | None) -> pl.DataFrame:
    rules = [rule for rule in platform.alerting.rules if not rule.is_live]
    if not rules or end is None:
        return pl.DataFrame(schema=READING)
    start = end - max(LEAST_LOOK_BACK, *(rule.looks_back for rule in rules))
    return hour_readings(_facts(platform, start, end), rules, end)


def _facts(platform: Platform, start: datetime, end: datetime) -> pl.LazyFrame:
    facts = platform.kpi.scan_hours(FACT_CIRCUIT_HOUR.name, start, end)
    return FACT_CIRCUIT_HOUR.empty().lazy() if facts is None else facts


def _live_incidents(platform: Platform, stretches: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """provider, area of the carrier incidents that go on by the newest slots; _live true."""
    nothing = pl.DataFrame(schema=INCIDENT)
    rule = platform.incident_rule
    if stretches.filter("bad")["circuit_id"].n_unique() < rule.min_circuits:
        return nothing
    first = stretches.filter("bad")["start"].min()
    assert isinstance(first, datetime)
    areas = circuit_areas(*_dimensions(platform), platform.settings.mistwan_incident_radius_km)
    facts = _facts(platform, first - FRESH - HOUR, now)
    found = carrier_incidents(lasting_outages(stretches), facts, areas, rule, now)
    lasts = found.filter(pl.col("end_utc").is_null()).collect(engine="in-memory")
    return pl.concat([nothing, lasts.select("provider", "area", _live=pl.lit(True))])


def _hourly_incidents(platform: Platform, end: datetime | None) -> pl.DataFrame:
    """The same of the computed hours; _live false."""
    table = whole_table(platform, RPT_CARRIER_INCIDENT)
    lasts = table.filter(pl.col("end_utc").is_null() & pl.lit(end is not None))
    return lasts.select("provider", "area", _live=pl.lit(False))


def _silenced(
    platform: Platform, observed: pl.DataFrame, stretches: pl.DataFrame, end: datetime | None, now: datetime
) -> pl.Series:
    """Whether a maintenance window held in the newest slot or hour that tells of the signal, or since; or holds now."""
    if platform.maintenance.is_empty():
        return pl.repeat(False, observed.height, eager=True)
    spans = maintenance_spans(platform.maintenance, *_dimensions(platform)).collect(engine="in-memory")
    slots = stretches.select("signal", subject="circuit_id", _slot_end="end")
    told = observed.select("signal", "subject", "_live").with_row_index("_row")
    told = told.join(slots, on=["signal", "subject"], how="left")
    until = pl.when("_live").then("_slot_end").otherwise(pl.lit(end).cast(INSTANT))
    since = until - pl.when("_live").then(pl.lit(SLOT)).otherwise(pl.lit(HOUR))
    held = (pl.col("start") <= now) & (pl.col("end") > since.fill_null(now))
    hit = told.join(spans, left_on="subject", right_on="circuit_id").filter(held)
    return told["_row"].is_in(hit["_row"].implode())
