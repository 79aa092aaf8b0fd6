"""What is read site by site or gateway by gateway: for whom, in which order, how many, and what is put off.

Everything here is optional work: it takes the calls that live collection leaves over and stops first. It fits every
endpoint whose scope is a site or a gateway; what a walk does with its rows is up to the caller. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.endpoint import Endpoint, Scope
from mistwan_dagster.catalog.endpoints import DEVICE_STATS
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.alarms import troubled_sites
from mistwan_dagster.lake.raw import SLOT, SlotReport
from mistwan_dagster.mist.errors import MistError, Refused, Waiting
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.collection import (
    EventReport,
    Gathered,
    gather,
    walk_events,
    walk_name,
)
from mistwan_dagster.orchestration.platform import Platform

ALARM_REACH = timedelta(days=7)
"""An alarm that was raised longer ago is not looked at to find a site in trouble."""
NEVER = datetime.min.replace(tzinfo=UTC)

Ids = tuple[str, ...]


@dataclass
class ScopedReport:
    """Sites read, sites put off with the reason, sites that failed with theirs, and the rows that came."""

    read: list[str] = field(default_factory=list)
    put_off: list[str] = field(default_factory=list)
    reason: str = ""
    failed: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    quarantined: int = 0


def sites_in_trouble(platform: Platform) -> list[str]:
    """Sites whose gateway is disconnected, or with an alarm that is critical and open, as last read."""
    now = platform.settings.now()
    devices = platform.raw.latest_snapshot(DEVICE_STATS, now + SLOT)
    return troubled_sites(devices, platform.raw.scan_events(ALARMS, now - ALARM_REACH, now))


def in_turn(platform: Platform, endpoint: Endpoint, sites: Iterable[str]) -> list[str]:
    """The sites, those never read first, then by how long ago; so that a limit starves none."""
    read = platform.raw.site_readings(endpoint)
    return sorted(set(sites), key=lambda site: (read.get(site, NEVER), site))


def site_ids_of(platform: Platform, endpoint: Endpoint, asked_for: list[str]) -> list[str]:
    """The sites to read, in turn: those asked for, else those in trouble."""
    return in_turn(platform, endpoint, asked_for or sites_in_trouble(platform))


def subjects(platform: Platform, endpoint: Endpoint, site_id: str) -> list[Ids]:
    """The ids that the endpoint's path takes for a site: one walk, or one a gateway of the site.

    Raises UserError for an endpoint of another scope.
    """
    if endpoint.scope is Scope.SITE:
        return [(site_id,)]
    if endpoint.scope is not Scope.GATEWAY:
        raise UserError(f"{endpoint.name} is not read site by site")
    devices = platform.raw.latest_snapshot(DEVICE_STATS, platform.settings.now() + SLOT)
    own = devices.filter(pl.col("site_id") == site_id, pl.col("id").is_not_null()).select("id").unique()
    return [(site_id, device) for device in sorted(own.collect()["id"])]


def read_scoped(
    platform: Platform, endpoint: Endpoint, sites: list[str], most: int, read: Callable[[Ids], None]
) -> ScopedReport:
    """Call `read` for each walk of at most `most` sites, in the order given.

    When the optional budget is spent or the cloud refuses calls, the rest is put off. A site that fails (gone, not
    accessible, no answer) is reported and does not stop the others; a refused token does.
    """
    report = ScopedReport(put_off=sites[most:], reason=f"at most {most} sites a run")
    for number, site_id in enumerate(sites[:most]):
        try:
            walks = subjects(platform, endpoint, site_id)
            if not walks:
                report.failed[site_id] = "no gateway of it is known: run `mistwan collect` first"
                continue
            for ids in walks:
                read(ids)
        except Waiting as stop:
            report.put_off, report.reason = sites[number:], str(stop)
            rest = len(sites[number + 1 : most])
            if rest:
                platform.quota.defer(Purpose.BACKFILL, endpoint.name, stop.reason, rest)
            break
        except Refused:
            raise
        except MistError as problem:
            report.failed[site_id] = str(problem)
        else:
            report.read.append(site_id)
    platform.raw.note_site_readings(endpoint, [*report.read, *report.failed], platform.settings.now())
    return report


def collect_scoped_snapshot(
    platform: Platform, endpoint: Endpoint, slot: datetime, sites: list[str], most: int
) -> ScopedReport:
    """Read a snapshot endpoint for some sites into one slot; sites that the slot holds already stay in it.

    The slot counts as whole, though no slot holds all sites: a site whose walk broke off or fell short is told as
    failed, and what came of it is kept.
    """
    before = platform.raw.scan_snapshots(endpoint, slot, slot + SLOT).collect().drop("slot_utc")
    name, gathered = walk_name(platform.settings.now()), Gathered()

    def read(ids: Ids) -> None:
        gather(platform, endpoint, slot, name, gathered, ids, Purpose.BACKFILL)

    report = read_scoped(platform, endpoint, sites, most, read)
    report.rows, report.quarantined = sum(f.height for f in gathered.frames), len(gathered.aside)
    if gathered.frames:
        told = SlotReport(
            endpoint.name, slot, True, report.rows, len(gathered.frames), None, len(gathered.aside)
        )
        platform.raw.finish_slot(endpoint, told, [before, *gathered.frames])
    return report


def collect_scoped_events(
    platform: Platform, endpoint: Endpoint, start: datetime, end: datetime, sites: list[str], most: int
) -> ScopedReport:
    """Read the events of [start, end) of some sites; each event is stored once."""
    events = EventReport(start, end)
    report = read_scoped(
        platform, endpoint, sites, most,
        lambda ids: walk_events(platform, endpoint, ids, events, Purpose.BACKFILL),
    )  # fmt: skip
    report.rows, report.quarantined = sum(events.new_rows.values()), events.quarantined
    return report
