"""One asset for each Mist endpoint, made from the endpoint catalog."""

from collections.abc import Callable, Sequence
from datetime import datetime

import dagster as dg

from mistwan_dagster.catalog.endpoint import Endpoint, Shape
from mistwan_dagster.catalog.endpoints import EVENTS, SERIES, SNAPSHOTS
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import floor_hour, floor_slot
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.collection import (
    EventReport,
    collect_back,
    collect_events,
    collect_snapshot,
    require_current_hour,
)
from mistwan_dagster.orchestration.due import already_read
from mistwan_dagster.orchestration.history import collect_series, still_told
from mistwan_dagster.orchestration.metadata import endpoint_metadata
from mistwan_dagster.orchestration.partitions import (
    FIRST_CIRCUITS_TAG,
    HOURS,
    OWNER,
    SLOT_TAG,
    SNAPSHOT_HOURS,
)
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.serving import if_served

GROUP = "raw"


def raw_key(endpoint: Endpoint) -> dg.AssetKey:
    """Asset key of an endpoint."""
    return dg.AssetKey(["raw", endpoint.name])


def raw_asset(
    endpoint: Endpoint,
    partitions: dg.PartitionsDefinition,
    note: str,
    deps: Sequence[dg.AssetKey] = (),
    group: str = GROUP,
) -> Callable[[Callable[..., dg.MaterializeResult[None]]], dg.AssetsDefinition]:
    """What the assets of all endpoints have in common; decorates the function that reads one."""
    return dg.asset(
        key=raw_key(endpoint),
        description=f"{endpoint.meaning}: GET {endpoint.path}. {note}",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=group,
        kinds={"rest", "parquet"},
        owners=[OWNER],
        metadata=endpoint_metadata(endpoint),
        deps=deps,
    )


def quota_metadata(platform: Platform) -> dict[str, int]:
    """Calls of this clock hour, beside what a raw asset read."""
    hour = floor_hour(platform.settings.now())
    return {
        "calls_this_hour": platform.quota.used(hour),
        "calls_left_live": platform.quota.left(Purpose.LIVE),
    }


def _slot(context: dg.AssetExecutionContext, platform: Platform) -> datetime:
    tag = context.run.tags.get(SLOT_TAG)
    return datetime.fromisoformat(tag) if tag else floor_slot(platform.settings.now())


def snapshot_asset(endpoint: Endpoint) -> dg.AssetsDefinition:
    """A slot of a snapshot endpoint in the partition of the current hour."""

    @raw_asset(endpoint, SNAPSHOT_HOURS, f"Read every {endpoint.cadence}; tells only the present.")
    def collect(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
        parts = platform.open()
        hour = context.partition_time_window.start
        require_current_hour(parts, hour, endpoint)
        slot = _slot(context, parts)
        if already_read(parts, endpoint, hour):
            return dg.MaterializeResult(metadata={"skipped": f"already read in this {endpoint.cadence}"})
        report = if_served(parts, endpoint, lambda: collect_snapshot(parts, endpoint, slot))
        if isinstance(report, str):
            return _not_served(context, report)
        if not report.complete:
            raise dg.Failure(
                f"raw/{endpoint.name} slot {slot:%Y-%m-%dT%H:%M}Z is incomplete: {report.error}",
                metadata={"rows_kept": report.rows, "pages_kept": report.pages},
                allow_retries=False,
            )
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.rows,
                "slot": slot.isoformat(),
                "pages": report.pages,
                "total_told": report.total if report.total is not None else "not told",
                "quarantined": report.quarantined,
                **quota_metadata(parts),
            }
        )

    return collect


def _not_served(context: dg.AssetExecutionContext, reason: str) -> dg.MaterializeResult[None]:
    context.log.warning(f"not served: {reason}")
    return dg.MaterializeResult(metadata={"not_served": reason})


def _events(
    platform: Platform, endpoint: Endpoint, start: datetime, end: datetime, is_slot: bool
) -> EventReport:
    now = platform.settings.now()
    if start <= now < end and is_slot:
        return collect_events(platform, endpoint=endpoint)
    return collect_back(platform, start, min(end, now), endpoint)


def events_asset(endpoint: Endpoint) -> dg.AssetsDefinition:
    """Events, each stored once in the hour it happened.

    The current hour: from the look-back to now. Any other span: what the API still tells of it, a day at a time.
    """

    @raw_asset(endpoint, SNAPSHOT_HOURS, "Late and changed ones are found by look-back.")
    def collect(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
        parts = platform.open()
        window = context.partition_time_window
        report = if_served(
            parts,
            endpoint,
            lambda: _events(parts, endpoint, window.start, window.end, SLOT_TAG in context.run.tags),
        )
        if isinstance(report, str):
            return _not_served(context, report)
        if not report.complete:
            raise dg.Failure(
                f"raw/{endpoint.name} {report.start:%Y-%m-%dT%H:%M}Z to {report.end:%Y-%m-%dT%H:%M}Z "
                f"is incomplete: {report.error}",
                metadata={"new_rows_kept": sum(report.new_rows.values())},
                allow_retries=False,
            )
        horizon = parts.raw.told_from(endpoint)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(report.new_rows.values()),
                "rows_told": report.told,
                "from": report.start.isoformat(),
                "to": report.end.isoformat(),
                "touched_hours": len(report.new_rows),
                "quarantined": report.quarantined,
                "cloud_tells_nothing_before": horizon["nothing_before"] if horizon else "not found yet",
                **quota_metadata(parts),
            }
        )

    return collect


def _first_circuits(context: dg.AssetExecutionContext) -> int | None:
    tag = context.run.tags.get(FIRST_CIRCUITS_TAG)
    if tag is not None and not tag.isdecimal():
        raise UserError(f"tag {FIRST_CIRCUITS_TAG} of this run: {tag!r} is not a number of circuits")
    return None if tag is None else int(tag)


def series_asset(endpoint: Endpoint) -> dg.AssetsDefinition:
    """History bins of every circuit for a range of hours, in one run."""

    @raw_asset(endpoint, HOURS, "One call a circuit covers a whole range.", [dg.AssetKey("dim_circuit")])
    def collect(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
        parts = platform.open()
        window = context.partition_time_window
        start = still_told(endpoint, window.start, window.end, parts.settings.now())
        report = collect_series(parts, endpoint, start, window.end, _first_circuits(context))
        if report.failed:
            first, reason = next(iter(report.failed.items()))
            text = f"{len(report.failed)} of {report.circuits} circuits gave no {endpoint.name}: {first}: {reason}"
            if len(report.failed) == report.circuits:
                raise UserError(text)
            context.log.warning(text)
        return dg.MaterializeResult(
            metadata={
                "from": start.isoformat(),
                "circuits": report.circuits,
                "circuits_fetched_now": report.fetched,
                "circuits_failed": len(report.failed),
                "circuits_put_off": report.put_off,
                "bins": report.bins,
                "notes": list(report.notes[:20]),
                **quota_metadata(parts),
            }
        )

    return collect


SNAPSHOT_ASSETS = [snapshot_asset(e) for e in SNAPSHOTS if e.shape is Shape.SNAPSHOT]
SERIES_ASSETS = [series_asset(e) for e in SERIES]
EVENT_ASSETS = [events_asset(e) for e in EVENTS]
RAW_ASSETS = [*SNAPSHOT_ASSETS, *EVENT_ASSETS, *SERIES_ASSETS]
