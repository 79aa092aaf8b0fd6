"""What a slot's run has to read: endpoints whose cadence is not served yet, and the dimensions that follow from them.

Belongs here: the choice. Reading and storing are `collection` and the raw assets.
"""

from __future__ import annotations

from datetime import datetime

import dagster as dg

from mistwan_dagster.catalog.endpoint import Cadence, Endpoint
from mistwan_dagster.catalog.endpoints import EVENTS, SITEGROUPS, SITES, SNAPSHOTS
from mistwan_dagster.catalog.tables import API_USAGE_HOUR, DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.lake.raw import HOUR, floor_day, floor_hour, hours_between
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.serving import not_served


def already_read(platform: Platform, endpoint: Endpoint, hour: datetime) -> bool:
    """Whether the endpoint's cadence, up to the hour, is served, or the cloud does not serve it."""
    if not_served(platform, endpoint):
        return True
    if endpoint.cadence is Cadence.SLOT:
        return False
    first = floor_day(hour) if endpoint.cadence is Cadence.DAY else hour
    return any(platform.raw.has_snapshot_in_hour(endpoint, h) for h in hours_between(first, hour + HOUR))


def slot_assets(platform: Platform, slot: datetime) -> list[dg.AssetKey]:
    """Keys of the assets that the run of a slot materializes. A step that would find nothing to do costs time too."""
    due = [e for e in SNAPSHOTS if not already_read(platform, e, floor_hour(slot))]
    told = [e for e in EVENTS if not not_served(platform, e)]
    keys = [dg.AssetKey(["raw", e.name]) for e in (*due, *told)]
    keys += [dg.AssetKey(API_USAGE_HOUR.name), dg.AssetKey(DIM_CIRCUIT.name)]
    if SITES in due or SITEGROUPS in due or platform.kpi.read(DIM_SITE.name) is None:
        keys.append(dg.AssetKey(DIM_SITE.name))
    return keys
