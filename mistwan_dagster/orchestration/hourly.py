"""From the raw lake to the hourly tables: reads evidence, calls the pure KPI functions, replaces partitions.

Belongs here: which rows an hour needs, in which chunks, and where results go. Arithmetic is in `kpi`. No Dagster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PATH_STATS,
    PORT_STATS,
)
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_EVENTS
from mistwan_dagster.catalog.tables import (
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_DEVICE_EVENT,
    FACT_PATH_HOUR,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.calendar import split_by_hour
from mistwan_dagster.kpi.counters import counter_intervals
from mistwan_dagster.kpi.events import REACH_STATES, device_event_facts, reboots, switch_over_events
from mistwan_dagster.kpi.hour import circuit_hours
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.outages import merge_outages
from mistwan_dagster.kpi.quality import insight_quality_hours, path_hours, quality_hours, up_samples
from mistwan_dagster.kpi.roles import sole_primaries
from mistwan_dagster.kpi.samples import path_samples, port_samples
from mistwan_dagster.kpi.sightings import active_sightings
from mistwan_dagster.kpi.status import Told, status_hours
from mistwan_dagster.kpi.steps import MAX_GAP
from mistwan_dagster.kpi.utilization import insight_hours, prefer_live, utilization_hours
from mistwan_dagster.kpi.versions import in_force, newest
from mistwan_dagster.lake.files import listed_once
from mistwan_dagster.lake.raw import HOUR, floor_day, floor_hour, hours_between
from mistwan_dagster.orchestration.episodes import whole_table
from mistwan_dagster.orchestration.platform import Platform

MARGIN = MAX_GAP
"""Snapshots this close outside the span still bound its first and last interval."""
CHUNK = timedelta(hours=24)
"""A longer span is computed in pieces of this length at most, so that memory does not grow with it."""
EVENT_REACH = timedelta(days=14)
"""How far around an hour without snapshots its events are looked for."""
ANSWER_REACH = timedelta(days=7)
"""ARP and DHCP have no snapshot of their own: their last event holds, so it is looked for so far before its day."""
LIVE_EVENT_REACH = timedelta(hours=24)
"""How far other events are looked for where snapshots tell the state."""

UTILIZATION, STATUS, QUALITY, BACKUP_SAMPLES, DOWN_PIECES, SIGHTINGS = (
    "circuit_utilization_hour",
    "circuit_status_hour",
    "circuit_quality_hour",
    "backup_quality_sample",
    "circuit_down_piece",
    "circuit_active_sighting",
)
"""Intermediate tables of the lake; they are not loaded into the warehouse."""


@dataclass(frozen=True)
class Evidence:
    """The raw rows that can tell something about a span."""

    ports: pl.LazyFrame
    paths: pl.LazyFrame
    devices: pl.LazyFrame
    events: pl.LazyFrame
    log_complete: tuple[datetime, datetime] | None


def dim_circuit(platform: Platform) -> pl.DataFrame:
    """All versions of all circuits. Raises UserError before the first collection."""
    frame = platform.kpi.read("dim_circuit")
    if frame is None:
        raise UserError("no circuits are known yet: run `mistwan collect` first")
    return frame


def dim_site(platform: Platform) -> pl.DataFrame:
    """All versions of all sites. Raises UserError before the first collection."""
    frame = platform.kpi.read("dim_site")
    if frame is None:
        raise UserError("no sites are known yet: run `mistwan collect` first")
    return frame


def chunks(platform: Platform, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    """(from, to, observed live) pieces of a span, none over midnight; hours with and without snapshots apart.

    How far back ARP and DHCP are read for an hour with snapshots then depends on its day only, so that such hours come
    out the same one by one and a day at once.
    """
    with listed_once(platform.settings.lake):
        found = {h: bool(platform.raw.slot_files(PORT_STATS, h)) for h in hours_between(start, end)}
    begin, live = start, None
    for hour, here in found.items():
        if live is not None and (here != live or hour.hour == 0):
            yield begin, hour, live
            begin = hour
        live = here
    if live is not None:
        yield begin, end, live


def device_events(platform: Platform, start: datetime, end: datetime) -> pl.LazyFrame:
    """Events of gateways of [start, end): those of the organization, and what sites told on demand.

    Both may hold the same event; whoever reads them counts each once.
    """
    columns = list(DEVICE_EVENTS.schema)
    of_org = platform.raw.scan_events(DEVICE_EVENTS, start, end).select(columns)
    of_sites = platform.raw.scan_events(SITE_DEVICE_EVENTS, start, end)
    return pl.concat([of_org, of_sites.filter(pl.col("device_type") == "gateway").select(columns)])


def evidence(platform: Platform, start: datetime, end: datetime, live: bool) -> Evidence:
    """Raw rows for a chunk.

    Hours with snapshots need only their neighbourhood: each snapshot anchors the state, and `last_flapped` reaches
    back. Hours without (history) rest on the whole event log and on the newest snapshot.
    """
    raw = platform.raw
    if live:
        span = (start - MARGIN, end + MARGIN)
        return Evidence(
            raw.scan_snapshots(PORT_STATS, *span),
            raw.scan_snapshots(PATH_STATS, *span),
            raw.scan_snapshots(DEVICE_STATS, *span),
            pl.concat(
                [
                    _answers_before(platform, start),
                    device_events(platform, start - LIVE_EVENT_REACH, end + HOUR),
                ]
            ),
            None,
        )
    now = platform.settings.now()
    covered = next((c for c in raw.coverage(DEVICE_EVENTS) if c[0] <= start and end <= c[1]), None)
    first = _first_snapshot(platform, end)
    return Evidence(
        raw.scan_snapshots(PORT_STATS, *first) if first else raw.latest_snapshot(PORT_STATS, now),
        raw.scan_snapshots(PATH_STATS, start, start),
        raw.scan_snapshots(DEVICE_STATS, *first) if first else raw.latest_snapshot(DEVICE_STATS, now),
        device_events(platform, start - EVENT_REACH, min(end + EVENT_REACH, now + HOUR)),
        covered,
    )


def _answers_before(platform: Platform, start: datetime) -> pl.LazyFrame:
    """ARP and DHCP events from ANSWER_REACH before the day of a piece to the hour where its other events begin."""
    events = device_events(platform, floor_day(start) - ANSWER_REACH, floor_hour(start - LIVE_EVENT_REACH))
    return events.filter(pl.col("type").is_in(list(REACH_STATES)))


def _first_snapshot(platform: Platform, after: datetime) -> tuple[datetime, datetime] | None:
    """Span of the first snapshot slot at or after an hour, the nearest anchor of the history before it."""
    for hour in platform.raw.partition_hours(PORT_STATS):
        if hour >= after:
            slots = platform.raw.slot_files(PORT_STATS, hour)
            if slots:
                return slots[0][0], slots[0][0] + timedelta(minutes=5)
    return None


def compute_measured(platform: Platform, start: datetime, end: datetime) -> dict[str, int]:
    """Replace the tables that are read straight off the raw rows, for the span; returns rows of each.

    They share one reading: samples of ports and paths are the costly part, and each serves several tables.
    """
    rows = dict.fromkeys((UTILIZATION, STATUS, QUALITY, FACT_PATH_HOUR.name, FACT_DEVICE_EVENT.name), 0)
    for begin, until, live in chunks(platform, start, end):
        for name, frame in _measured(platform, begin, until, live).items():
            written = platform.kpi.write_hours(name, frame, begin, until)
            if name in rows:
                rows[name] += written
    return rows


@dataclass(frozen=True)
class Sampled:
    """Evidence read once: samples of ports and paths, device rows, and the interfaces that these tell."""

    ports: pl.LazyFrame
    paths: pl.LazyFrame
    devices: pl.DataFrame
    interfaces: pl.DataFrame


def sampled(found: Evidence, circuits: pl.DataFrame) -> Sampled:
    """The samples of some evidence. `circuits`: newest versions."""
    devices = found.devices.collect(engine="in-memory")
    interfaces = interface_map(devices)
    ports, paths = pl.collect_all(
        [
            port_samples(found.ports, devices, interfaces),
            path_samples(found.paths, devices, interfaces, circuits),
        ],
        engine="in-memory",
    )
    return Sampled(ports.lazy(), paths.lazy(), devices, interfaces)


def _measured(platform: Platform, begin: datetime, until: datetime, live: bool) -> dict[str, pl.DataFrame]:
    versions = dim_circuit(platform)
    circuits = newest(versions, "circuit_id", begin)
    found = evidence(platform, begin, until, live)
    read = sampled(found, circuits)
    ports, paths, devices, interfaces = read.ports, read.paths, read.devices, read.interfaces
    status = status_hours(
        Told(ports, paths, devices, found.events, circuits, interfaces), begin, until, found.log_complete
    )
    switched = switch_over_events(found.events, circuits, interfaces)
    primaries = sole_primaries(circuits.lazy())
    in_hour = in_force(versions.lazy(), _hours(begin, until), "circuit_id")
    intervals = counter_intervals(ports, reboots(found.events))
    bins = platform.raw.scan_series(INSIGHT_BANDWIDTH, begin, until)
    told = device_events(platform, begin, until)
    tables = {
        UTILIZATION: prefer_live(
            utilization_hours(intervals, in_hour, begin, until), insight_hours(bins, in_hour, begin, until)
        ),
        STATUS: status.hours,
        DOWN_PIECES: split_by_hour(status.pieces),
        SIGHTINGS: active_sightings(ports, paths, circuits, switched),
        QUALITY: quality_hours(paths, begin, until),
        BACKUP_SAMPLES: up_samples(paths, begin, until).join(primaries, on="circuit_id", how="anti"),
        FACT_PATH_HOUR.name: FACT_PATH_HOUR.conform(path_hours(paths, circuits, begin, until)),
        FACT_DEVICE_EVENT.name: device_event_facts(told, circuits, interfaces),
    }
    frames = pl.collect_all(list(tables.values()), engine="in-memory")
    return dict(zip(tables, frames, strict=True))


def compute_facts(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace `fact_circuit_hour` for the span from the three intermediate tables; returns rows."""
    rows = 0
    for begin, until, _ in chunks(platform, start, end):
        bins = platform.raw.scan_series(INSIGHT_QUALITY, begin, until)
        frame = circuit_hours(
            dim_site=dim_site(platform).lazy(),
            dim_circuit=dim_circuit(platform).lazy(),
            utilization=platform.kpi.scan_hours(UTILIZATION, begin, until),
            status=platform.kpi.scan_hours(STATUS, begin, until),
            quality=platform.kpi.scan_hours(QUALITY, begin, until),
            insight_quality=insight_quality_hours(bins, begin, until),
            thresholds=platform.thresholds,
            start=begin,
            end=until,
        )
        rows += platform.kpi.write_hours(
            FACT_CIRCUIT_HOUR.name, FACT_CIRCUIT_HOUR.conform(frame).collect(engine="in-memory"), begin, until
        )
    return rows


def compute_outages(platform: Platform, since: datetime | None) -> int:
    """Replace `fact_circuit_outage`: the pieces of all hours, joined where they touch; returns rows.

    Retention, or the loss of the lake, takes pieces away. Outages that ended before the first piece left stay as they
    are, and one that reaches it goes on from where it began.
    """
    del since  # an outage may reach back as far as there are hours
    known, labels = whole_table(platform, FACT_CIRCUIT_OUTAGE), platform.kpi.labels(DOWN_PIECES)
    if not labels:
        platform.kpi.write(FACT_CIRCUIT_OUTAGE.name, known)
        return known.height
    first = pl.lit(datetime.fromisoformat(f"{labels[0]}:00:00+00:00")).cast(INSTANT)
    over = (pl.col("end_utc") < first).fill_null(False)
    reaching = known.lazy().filter(~over, pl.col("start_utc") < first)
    before = reaching.select(
        "circuit_id", "kind", "evidence", start="start_utc", end=pl.min_horizontal("end_utc", first)
    )
    found = platform.kpi.scan_all(DOWN_PIECES)
    assert found is not None
    pieces = found.select("circuit_id", "kind", "evidence", "start", "end")
    merged = merge_outages(pl.concat([before, pieces]), dim_circuit(platform), observed_until(platform))
    outages = pl.concat([known.filter(over), merged.collect(engine="in-memory")]).sort(
        FACT_CIRCUIT_OUTAGE.key
    )
    platform.kpi.write(FACT_CIRCUIT_OUTAGE.name, outages)
    return outages.height


def observed_until(platform: Platform) -> datetime:
    """End of the last hour whose status is computed, of the last hour with facts where no status is left; else the
    epoch."""
    labels = platform.kpi.labels(STATUS) or platform.kpi.labels(FACT_CIRCUIT_HOUR.name)
    return datetime.fromisoformat(f"{labels[-1] if labels else '1970-01-01T00'}:00:00+00:00") + HOUR


def _hours(start: datetime, end: datetime) -> pl.LazyFrame:
    hours = pl.Series("hour_utc", list(hours_between(start, end)), dtype=pl.Datetime("us", "UTC"))
    return hours.to_frame().lazy()
