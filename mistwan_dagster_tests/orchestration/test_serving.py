"""An endpoint that a cloud does not serve: noted, told, asked again an hour later; never a reason to lose the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.cloud_endpoints import WAN_CLIENTS
from mistwan_dagster.catalog.endpoints import PORT_STATS
from mistwan_dagster.lake.raw import floor_slot
from mistwan_dagster.mist.errors import Forbidden
from mistwan_dagster.orchestration.due import slot_assets
from mistwan_dagster.orchestration.planning import missing_hours
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.serving import if_served, not_served


def refuse() -> int:
    raise Forbidden("alarms: not found", status=404)


def names(platform: Platform) -> set[str]:
    return {key.path[-1] for key in slot_assets(platform, floor_slot(platform.settings.now()))}


def test_an_optional_endpoint_that_is_refused_is_left_out_for_an_hour(
    on_sim: Platform, at: Callable[[datetime], None]
) -> None:
    assert {"alarms", "wan_clients"} <= names(on_sim)
    assert if_served(on_sim, ALARMS, lambda: 3) == 3
    for endpoint in (ALARMS, WAN_CLIENTS):
        assert if_served(on_sim, endpoint, refuse) == "alarms: not found"
        assert not_served(on_sim, endpoint) == "alarms: not found"
    assert not {"alarms", "wan_clients"} & names(on_sim)
    assert missing_hours(on_sim, ALARMS) == []
    at(on_sim.settings.now() + timedelta(hours=1))
    assert {"alarms", "wan_clients"} <= names(on_sim)
    assert missing_hours(on_sim, ALARMS) != []


def test_an_endpoint_that_is_needed_raises(on_sim: Platform) -> None:
    with pytest.raises(Forbidden):
        if_served(on_sim, PORT_STATS, refuse)
    assert not_served(on_sim, PORT_STATS) is None
