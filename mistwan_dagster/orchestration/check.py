"""`mistwan check`: one line for each thing that must be right, worded so that a person can mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from mistwan_dagster.catalog.endpoint import Cadence
from mistwan_dagster.catalog.endpoints import SNAPSHOTS
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.circuits_file import unknown_circuits
from mistwan_dagster.lake.raw import SLOT, floor_hour, floor_slot
from mistwan_dagster.mist.probe import check_access, usage
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.jobs import HISTORY_SOURCES
from mistwan_dagster.orchestration.planning import missing_hours
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import STAGES

GAP_LOOK_BACK = timedelta(hours=24)


@dataclass(frozen=True)
class Check:
    """Result of one check."""

    name: str
    ok: bool
    text: str


def _settings(platform: Platform) -> str:
    platform.settings.credentials()
    return f"home {platform.settings.home}, cloud {platform.settings.mist_api_base_url}"


def _access(platform: Platform) -> str:
    return f"token accepted, organization {check_access(platform.session, platform.quota, platform.org_id)!r}"


def _quota(platform: Platform) -> str:
    told, limit = usage(platform.session, platform.quota)
    hour = floor_hour(platform.settings.now())
    by_endpoint = platform.quota.by_endpoint(hour)
    shares = ", ".join(f"{n} {c}" for n, c in sorted(by_endpoint.items(), key=lambda x: -x[1])[:5])
    return (
        f"{told} of {limit} calls used in this hour as the cloud counts, {platform.quota.used(hour)} of "
        f"{platform.settings.mistwan_call_budget} as counted here ({shares}); "
        f"left: live {platform.quota.left(Purpose.LIVE)}, backfill {platform.quota.left(Purpose.BACKFILL)}"
    )


def _circuits(platform: Platform) -> str:
    circuits = platform.circuits_file
    dimension = platform.kpi.read("dim_circuit")
    known = dimension.filter("is_current") if dimension is not None else None
    parts = [
        "no circuits file: utilization is against link speed (set MISTWAN_CIRCUITS_FILE)"
        if circuits is None
        else f"{circuits.height} circuits in the file"
    ]
    if known is None:
        parts.append("no circuit collected yet")
    else:
        parts.append(
            f"{known.height} circuits known, {known['bandwidth_down_mbps'].null_count()} without bandwidth, "
            f"{known['role'].null_count()} without role"
        )
        if circuits is not None:
            strangers = unknown_circuits(circuits, known)
            if strangers:
                raise UserError(
                    f"{len(strangers)} circuits of the file are not in the organization: {strangers[0]}"
                )
    return ", ".join(parts)


def _thresholds(platform: Platform) -> str:
    _ = platform.thresholds
    file = platform.settings.mistwan_thresholds_file
    return f"read from {file}" if file else "defaults"


def _warehouse(platform: Platform) -> str:
    version = platform.published.version()
    if version is None:
        return "nothing published yet"
    newest = platform.published.query("SELECT max(hour_utc), count(*) FROM fact_circuit_hour").row(0)
    return f"version {version} published, {newest[1]} circuit hours, the newest {newest[0]}"


def _collection(platform: Platform) -> str:
    """Slots of the last 24 hours that were not collected whole, counted from the first one collected."""
    now = platform.settings.now()
    start = floor_slot(now - GAP_LOOK_BACK) + SLOT
    lines, bad = [], []
    for endpoint in (e for e in SNAPSHOTS if e.cadence is Cadence.SLOT):
        found = platform.raw.reports(endpoint, start, now)
        if not found:
            lines.append(f"{endpoint.name} nothing in 24 h")
            continue
        expected = pl.datetime_range(
            min(found), floor_slot(now - SLOT), SLOT, time_unit="us", eager=True
        ).to_list()
        missing = [s for s in expected if s not in found or not found[s].complete]
        lines.append(f"{endpoint.name} {len(expected) - len(missing)} of {len(expected)} slots whole")
        if missing:
            shown = " ".join(f"{s:%dT%H:%M}" for s in missing)
            bad.append(f"{endpoint.name} misses {shown}")
    text = ", ".join(lines)
    if bad:
        raise UserError(f"{text}; {'; '.join(bad)}")
    return text


def _history(platform: Platform) -> str:
    """What sensors and schedules have still to ask for or to compute of the last days."""
    since = platform.settings.now() - timedelta(days=platform.settings.mistwan_history_days)
    unread = {
        e.name: len(missing_hours(platform, e)) for several in HISTORY_SOURCES.values() for e in several
    }
    stale = {name: len(stage.changed(platform, since)) for name, stage in STAGES.items()}
    lines = [f"{name} {n} hours to ask for" for name, n in unread.items() if n]
    lines += [f"{name} {n} partitions to compute" for name, n in stale.items() if n]
    return (
        ", ".join(lines) or f"nothing is missing or outdated in {platform.settings.mistwan_history_days} days"
    )


CHECKS: tuple[tuple[str, Callable[[Platform], str]], ...] = (
    ("settings", _settings),
    ("access", _access),
    ("quota", _quota),
    ("circuits", _circuits),
    ("thresholds", _thresholds),
    ("collection", _collection),
    ("history", _history),
    ("warehouse", _warehouse),
)


def run_checks() -> list[Check]:
    """Every check, also after one failed. Raises UserError only when the settings cannot be read at all."""
    platform = Platform.open()
    results = []
    for name, check in CHECKS:
        try:
            results.append(Check(name, True, check(platform)))
        except UserError as error:
            results.append(Check(name, False, str(error)))
    return results
