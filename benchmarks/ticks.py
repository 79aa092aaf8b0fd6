"""Ticks of schedules and sensors, and the runs that they ask for, as the daemon has them; each for a child of its own.

Belongs here: evaluating and running at a simulated instant (`MISTWAN_NOW`). Does not belong here: what is measured.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator

from benchmarks.cloud import Cloud
from mistwan_dagster.orchestration import history, launch
from mistwan_dagster.orchestration.build import defs
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.schedules import SCHEDULES
from mistwan_dagster.orchestration.sensors import SENSORS

DELAY = timedelta(seconds=5)
"""From a tick to what it starts."""


@dataclass(frozen=True)
class Ask:
    """A run that a schedule or sensor asked for."""

    job: str
    tags: dict[str, str]
    partition: str | None
    assets: list[dg.AssetKey] | None


def ticks(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    """(instant, schedule) within [start, end), ascending."""

    def times(schedule: dg.ScheduleDefinition) -> Iterator[tuple[datetime, str]]:
        for at in schedule_execution_time_iterator(start.timestamp(), schedule.cron_schedule, "UTC"):
            if at >= end:
                return
            yield at.astimezone(UTC), schedule.name

    return heapq.merge(*map(times, SCHEDULES))


def tick(name: str, at: datetime) -> list[Ask]:
    """What a schedule asks for at a tick."""
    schedule = next(s for s in SCHEDULES if s.name == name)
    with (
        launch.instance(Platform.open()) as opened,
        dg.build_schedule_context(
            instance=opened,
            scheduled_execution_time=at,
            resources={"platform": PlatformResource()},
            repository_def=defs.get_repository_def(),
        ) as context,
    ):
        return _asks(schedule.evaluate_tick(context).run_requests, schedule.job_name)


def look(name: str) -> list[Ask]:
    """What a sensor asks for now."""
    sensor = next(s for s in SENSORS if s.name == name)
    with (
        launch.instance(Platform.open()) as opened,
        dg.build_sensor_context(
            instance=opened, resources={"platform": PlatformResource()}, definitions=defs
        ) as context,
    ):
        return _asks(sensor.evaluate_tick(context).run_requests, "")


def _asks(requests: Any, job: str) -> list[Ask]:
    return [
        Ask(
            r.job_name or job,
            dict(r.tags),
            r.partition_key,
            list(r.asset_selection) if r.asset_selection else None,
        )
        for r in requests or []
    ]


def run(ask: Ask, cloud: Cloud) -> tuple[str, ...]:
    """A run of history that waits for the budget puts both clocks forward instead."""

    def put_forward(instant: datetime, platform: Platform) -> None:
        platform.settings.mistwan_now = instant + DELAY
        cloud.set_clock(instant + DELAY)

    history.sleep_until = put_forward
    with launch.instance(Platform.open()) as opened:
        return launch.run_job(opened, ask.job, ask.tags, ask.partition, ask.assets).errors
