"""SLE scores of all sites, hour by hour: from the API to the raw lake.

Belongs here: which hours are asked for and what happens when one cannot be read. The deep-dive is `sle_dive.py`,
tables are `sle.py`. No Dagster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.sle_endpoints import SITES_SLE
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import HOUR, SlotReport, floor_hour, hours_between
from mistwan_dagster.mist.errors import BadRequest, Forbidden, Refused, Waiting
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration import history
from mistwan_dagster.orchestration.collection import collect_snapshot
from mistwan_dagster.orchestration.platform import Platform

CATCH_UP = timedelta(hours=24)
"""Hours this recent belong to the live collection; older ones are history and leave the live reserve alone."""


@dataclass
class SleHoursReport:
    """What became of the hours asked for. `put_off`: no call was left; `failed`: hour -> reason."""

    read: list[datetime] = field(default_factory=list)
    kept: list[datetime] = field(default_factory=list)
    put_off: list[datetime] = field(default_factory=list)
    failed: dict[datetime, str] = field(default_factory=dict)
    rows: int = 0
    quarantined: int = 0
    not_served: str | None = None


def require_over(end: datetime, now: datetime) -> None:
    """Raises UserError when an hour is asked for that is not over."""
    if end > floor_hour(now):
        raise UserError(
            f"SLE of the hour before {end:%Y-%m-%dT%H:%M}Z can be read once it is over", exit_code=2
        )


def collect_sle_hours(
    platform: Platform, endpoint: Endpoint, start: datetime, end: datetime
) -> SleHoursReport:
    """Read each hour of [start, end), newest first. One hour alone is always asked for again; in a longer span,
    hours that are whole are kept.

    Without calls the rest is put off; history waits for the next clock hour instead, as series do. A cloud that
    does not serve the endpoint (400, 404) is asked once. A token or organization that is refused is raised.
    """
    report = SleHoursReport()
    hours = sorted(hours_between(start, end), reverse=True)
    tell, total = partial(history.progress.get(), endpoint.name), len(hours)
    for done, hour in enumerate(hours):
        tell(done, total, None)
        if len(hours) > 1 and platform.raw.has_snapshot_in_hour(endpoint, hour):
            platform.raw.add_coverage(
                endpoint, hour, hour + HOUR
            )  # a kill may have come before it was recorded
            report.kept.append(hour)
            continue
        try:
            found = _read_hour(platform, endpoint, hour, partial(tell, done, total))
        except Waiting:
            report.put_off.append(hour)
            continue
        except (Forbidden, BadRequest) as error:
            if error.status not in (400, 404):
                raise
            report.not_served = str(error)
            platform.raw.add_coverage(endpoint, start, end)  # asking again would bring nothing either
            break
        if found is None:
            break  # so are the older ones
        report.quarantined += found.quarantined
        if found.complete:
            platform.raw.add_coverage(endpoint, hour, hour + HOUR)
            report.read.append(hour)
            report.rows += found.rows
        else:
            report.failed[hour] = found.error or "incomplete"
    tell(total, total, None)
    return report


def _read_hour(
    platform: Platform, endpoint: Endpoint, hour: datetime, tell: Callable[[datetime], None]
) -> SlotReport | None:
    """None when the cloud has forgotten the hour while calls were waited for: it would refuse to tell it."""
    reach = timedelta(hours=endpoint.history_hours)
    is_live = hour >= floor_hour(platform.settings.now()) - CATCH_UP
    while hour >= floor_hour(platform.settings.now()) - reach:
        try:
            return collect_snapshot(
                platform, endpoint, hour, span=(hour, hour + HOUR),
                purpose=Purpose.LIVE if is_live else Purpose.BACKFILL,
                raising=(Refused, Forbidden, BadRequest, Waiting),
            )  # fmt: skip
        except Waiting as problem:
            if is_live:
                raise
            tell(problem.until)
            history.sleep_until(problem.until, platform)
    return None


def missing_sle_hours(platform: Platform) -> list[datetime]:
    """Hours of the last day that are over and not read yet, ascending."""
    present = floor_hour(platform.settings.now())
    return [
        hour
        for hour in hours_between(present - CATCH_UP, present)
        if not platform.raw.has_snapshot_in_hour(SITES_SLE, hour)
    ]
