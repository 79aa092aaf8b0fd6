"""The job of site details as the UI launches it: named sites by run config, or those in trouble."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_STATS, SITE_DEVICE_EVENTS
from mistwan_dagster.lake.raw import HOUR, floor_hour, floor_slot, hours_between
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.build import defs
from mistwan_dagster.orchestration.collection import collect_snapshot
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.step_errors import reason
from mistwan_dagster.simulator.server import Running
from mistwan_dagster_tests.orchestration.conftest import EVENING

STEPS = ("raw__site_devices", "raw__site_device_stats", "raw__site_device_events")
NOW_HOUR = "2025-03-04-21:00"


@pytest.fixture
def environment(sim: Running, on_sim: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The run opens its own platform from the environment."""
    monkeypatch.chdir(on_sim.settings.home.parent)
    for name, value in {
        "MISTWAN_HOME": str(on_sim.settings.home),
        "MIST_API_BASE_URL": sim.base_url,
        "MIST_API_TOKEN": sim.token,
        "MIST_ORG_ID": sim.org_id,
        "MISTWAN_NOW": EVENING.isoformat(),
        "DAGSTER_HOME": str(on_sim.settings.dagster_home),
    }.items():
        monkeypatch.setenv(name, value)
    assert collect_snapshot(on_sim, DEVICE_STATS, floor_slot(EVENING)).complete
    return on_sim


def run(
    platform: Platform, config: dict[str, Any], partition: str = NOW_HOUR, steps: tuple[str, ...] = STEPS
) -> dg.ExecuteInProcessResult:
    with launch.instance(platform) as opened:
        return defs.resolve_job_def("site_details").execute_in_process(
            run_config={**launch.QUIET, "ops": {step: {"config": config} for step in steps}},
            instance=opened,
            partition_key=partition,
            asset_selection=None if steps == STEPS else [dg.AssetKey(s.split("__")) for s in steps],
            raise_on_error=False,
        )


def metadata(result: dg.ExecuteInProcessResult, step: str) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node(step)
    return {name: value.value for name, value in event.metadata.items()}


def test_named_sites_are_read_and_published_and_the_rest_is_put_off(
    environment: Platform, sim: Running
) -> None:
    sites = sorted(site.id for site in sim.world.topology.sites)
    result = run(environment, {"site_ids": sites[:3], "most_sites": 2, "hours_back": 48})
    assert result.success
    for step in STEPS:
        told = metadata(result, step)
        assert (told["sites_read"], told["sites_put_off"], told["put_off"]) == (2, 1, [sites[2]])
        assert told["put_off_reason"] == "at most 2 sites a run"
    published = environment.published.query(
        "SELECT site_id FROM dim_gateway_detail UNION SELECT site_id FROM dim_port_config ORDER BY 1"
    )
    assert published["site_id"].to_list() == sites[:2]


def test_without_names_and_without_trouble_nothing_is_asked(environment: Platform, sim: Running) -> None:
    before = sim.calls.total()
    result = run(environment, {})
    assert result.success
    assert metadata(result, "raw__site_devices")["sites_read"] == 0
    assert sim.calls.total() == before


def test_events_of_a_past_hour_can_still_be_asked_for_as_far_as_the_cloud_keeps_them(
    environment: Platform, sim: Running
) -> None:
    sites = sorted(site.id for site in sim.world.topology.sites)

    def truth(hour: datetime) -> int:
        until = (hour + HOUR).timestamp()
        return len(sim.world.chronicle.between(hour.timestamp(), until, EVENING.timestamp()))

    past = hours_between(floor_hour(EVENING) - timedelta(days=3), floor_hour(EVENING))
    hour = next(h for h in past if truth(h))
    result = run(environment, {"site_ids": sites, "most_sites": 12}, f"{hour:%Y-%m-%d-%H:%M}", STEPS[2:])
    assert result.success
    told = environment.raw.scan_events(SITE_DEVICE_EVENTS, hour - timedelta(days=1), EVENING).collect()
    assert told.height == truth(hour)
    forgotten = run(environment, {"site_ids": sites}, "2025-02-10-05:00", STEPS[2:])
    failures = [reason(e) for e in forgotten.all_events if e.event_type_value == "STEP_FAILURE"]
    assert "the cloud keeps 14 days" in failures[0]


def test_a_past_hour_and_unknown_sites_are_refused_in_words(environment: Platform) -> None:
    past = run(environment, {}, "2025-03-04-18:00")
    unknown = run(environment, {"site_ids": ["00000000-0000-0000-0000-00000000dead"]})
    for result, words in ((past, "tells only the present"), (unknown, "1 of 1 sites gave no site_devices")):
        assert not result.success
        failures = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
        assert any(words in reason(e) for e in failures), [reason(e) for e in failures]
