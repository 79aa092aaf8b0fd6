"""Site- and gateway-scoped endpoints: read on demand, for sites that are named or in trouble."""

from datetime import datetime, timedelta

import dagster as dg

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.endpoint import Endpoint, Shape
from mistwan_dagster.catalog.endpoints import DEVICE_STATS, SITE_DETAILS
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import Span, floor_slot
from mistwan_dagster.orchestration import scopes
from mistwan_dagster.orchestration.assets.raw import quota_metadata, raw_asset, raw_key
from mistwan_dagster.orchestration.collection import require_current_hour
from mistwan_dagster.orchestration.history import require_within_retention
from mistwan_dagster.orchestration.partitions import SNAPSHOT_HOURS
from mistwan_dagster.orchestration.platform import PlatformResource

SHOWN = 20


class SiteScope(dg.Config):
    """Which sites a run reads. Without any: those with a disconnected gateway or an open critical alarm."""

    site_ids: list[str] = []
    most_sites: int = 25
    hours_back: int = 24
    """How far back events are read with the hour that goes on; past partitions tell their own hours."""


def event_span(window: dg.TimeWindow, now: datetime, back: timedelta) -> Span:
    """What is asked of partitions: their own time, or with the hour that goes on the time `back` from now too.

    Raises UserError for what the cloud has forgotten.
    """
    start, end = window.start, min(window.end, now)
    if end == now:
        start = min(start, now - back)
    require_within_retention(start, now)
    return start, end


def site_detail_asset(endpoint: Endpoint) -> dg.AssetsDefinition:
    """An endpoint that is read site by site, inside the optional part of the call budget."""

    @raw_asset(
        endpoint,
        SNAPSHOT_HOURS,
        "On demand: named sites, or those in trouble.",
        [raw_key(DEVICE_STATS), raw_key(ALARMS)],
    )
    def collect(
        context: dg.AssetExecutionContext, config: SiteScope, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        parts = platform.open()
        now = parts.settings.now()
        window = context.partition_time_window
        if endpoint.shape is Shape.EVENTS:
            span = event_span(window, now, timedelta(hours=config.hours_back))
            sites = scopes.site_ids_of(parts, endpoint, config.site_ids)
            report = scopes.collect_scoped_events(parts, endpoint, *span, sites, config.most_sites)
        else:
            require_current_hour(parts, window.start, endpoint)
            sites = scopes.site_ids_of(parts, endpoint, config.site_ids)
            report = scopes.collect_scoped_snapshot(
                parts, endpoint, floor_slot(now), sites, config.most_sites
            )
        if report.put_off:
            context.log.warning(f"{len(report.put_off)} sites put off: {report.reason}")
        if report.failed:
            first, reason = next(iter(report.failed.items()))
            text = f"{len(report.failed)} of {len(sites)} sites gave no {endpoint.name}: {first}: {reason}"
            if not report.read:
                raise UserError(text)
            context.log.warning(text)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.rows,
                "sites_read": len(report.read),
                "sites_put_off": len(report.put_off),
                "put_off": report.put_off[:SHOWN],
                "put_off_reason": report.reason if report.put_off else "",
                "sites_failed": len(report.failed),
                "quarantined": report.quarantined,
                **quota_metadata(parts),
            }
        )

    return collect


SITE_DETAIL_ASSETS = [site_detail_asset(e) for e in SITE_DETAILS]
