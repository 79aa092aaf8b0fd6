"""`mistwan check`: one line for each thing that must be right, worded so that a person can mend it."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from mistwan_dagster.catalog.schema_drift import RPT_SCHEMA_DRIFT
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.alerts_due import unmatched_regions
from mistwan_dagster.kpi.circuits_file import unknown_circuits
from mistwan_dagster.kpi.maintenance import unmatched_windows
from mistwan_dagster.lake.files import existing, read_texts, remove_files, write_text
from mistwan_dagster.lake.raw import SLOT, floor_hour
from mistwan_dagster.mist.probe import check_access, usage
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.orchestration.alert_delivery import known_alerts, outbox
from mistwan_dagster.orchestration.api_usage import describe_plan, describe_use
from mistwan_dagster.orchestration.planning import lacks, stale_partitions, unread_hours
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.recent_slots import recent_slots
from mistwan_dagster.orchestration.schema_drift import news
from mistwan_dagster.orchestration.sle import coverage_now
from mistwan_dagster.orchestration.stage import ranges

SHOWN_FIELDS = 10


@dataclass(frozen=True)
class Check:
    """Result of one check."""

    name: str
    ok: bool
    text: str


def _settings(platform: Platform) -> str:
    platform.settings.credentials()
    return f"home {platform.settings.home}, cloud {platform.settings.mist_api_base_url}"


def _lake(platform: Platform) -> str:
    """An object store is written to, read and deleted from: a bucket that is not there looks like an empty lake."""
    lake = platform.settings.lake
    probe = lake / f"probe-{secrets.token_hex(4)}.txt"
    write_text(probe.name, probe)
    told = read_texts([probe])
    remove_files([probe])
    if told != {probe: probe.name} or existing([probe]):
        raise UserError(
            f"{lake} did not keep or did not delete what was written: check the rights of the bucket"
        )
    return f"{lake} is written, read and deleted from"


def _access(platform: Platform) -> str:
    return f"token accepted, organization {check_access(platform.session, platform.quota, platform.org_id)!r}"


def _quota(platform: Platform) -> str:
    told, limit = usage(platform.session, platform.quota)
    hour = floor_hour(platform.settings.now())
    return (
        f"{told} of {limit} calls used in this hour as the cloud counts, {platform.quota.used(hour)} of "
        f"{platform.quota.limit(Purpose.LIVE)} as counted here; "
        f"left: live {platform.quota.left(Purpose.LIVE)}, backfill {platform.quota.left(Purpose.BACKFILL)}"
    )


def _call_plan(platform: Platform) -> str:
    fits, text = describe_plan(platform)
    if not fits:
        raise UserError(text)
    return text


def _circuits(platform: Platform) -> str:
    circuits = platform.circuits_file
    dimension = platform.kpi.read("dim_circuit")
    known = dimension.filter("is_current") if dimension is not None else None
    parts = [
        "no circuits file: utilization is against link speed (MISTWAN_CIRCUITS_FILE; `mistwan circuits` drafts one)"
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


def _maintenance(platform: Platform) -> str:
    windows = platform.maintenance
    circuits, sites = platform.kpi.read("dim_circuit"), platform.kpi.read("dim_site")
    if windows.height and circuits is not None and sites is not None:
        without_effect = unmatched_windows(windows, circuits, sites)
        if without_effect:
            raise UserError(f"{len(without_effect)} windows are without effect: {without_effect[0]}")
    file = platform.settings.mistwan_maintenance_file
    return f"{windows.height} windows in {file}" if file else "no maintenance file: nothing is excluded"


def _alerts(platform: Platform) -> str:
    """A receiver without a URL, one that takes nothing, or a route to nobody's region is for a person to mend."""
    config, file = platform.alerting, platform.settings.mistwan_alerts_file
    for variable in config.targets.values():
        _ = platform.settings.alert_url(variable)
    sites = platform.kpi.read("dim_site")
    if sites is not None:
        without_effect = unmatched_regions(config.routes, set(sites.filter("is_current")["region"]))
        if without_effect:
            raise UserError(without_effect[0])
    failing = {e.target: e.error for e in outbox(platform).entries() if e.error and not e.is_over}
    if failing:
        raise UserError(f"waiting for {'; '.join(f'{target}: {why}' for target, why in failing.items())}")
    alerts = known_alerts(platform).alerts
    still_open = alerts.filter(pl.col("closed_utc").is_null()).height
    told = (
        f"{len(config.routes)} routes to {len(config.targets)} targets in {file}"
        if file
        else ("no alerts file: nobody is told (set MISTWAN_ALERTS_FILE)")
    )
    return f"{len(config.rules)} rules, {told}, {still_open} alerts open"


def _business_hours(platform: Platform) -> str:
    _ = platform.opening_hours
    return platform.settings.mistwan_business_hours


def _warehouse(platform: Platform) -> str:
    version = platform.published.version()
    if version is None:
        return "nothing published yet"
    newest = platform.published.query("SELECT max(hour_utc), count(*) FROM fact_circuit_hour").row(0)
    return f"version {version} published, {newest[1]} circuit hours, the newest {newest[0]}"


def _in_words(slots: list[datetime]) -> str:
    """Day and time of ascending slots; three or more in a row as `04T02:00 to 04T07:55`."""
    told = []
    for begin, end in ranges(slots, lambda slot: slot + SLOT, len(slots)):
        row = [f"{begin + n * SLOT:%dT%H:%M}" for n in range((end - begin) // SLOT)]
        told.append(f"{row[0]} to {row[-1]}" if len(row) > 2 else " ".join(row))
    return ", ".join(told)


def _collection(platform: Platform) -> str:
    """Slots of the last 24 hours that were not collected whole, counted from the first one ever collected."""
    lines, bad = [], []
    for name, slots in recent_slots(platform).items():
        if slots.newest is None:
            lines.append(f"{name} never collected")
            continue
        if not slots.reports:
            bad.append(f"{name} was not collected in 24 h, last {slots.newest.slot:%Y-%m-%dT%H:%M}Z")
            continue
        missing = slots.missing
        lines.append(f"{name} {len(slots.expected) - len(missing)} of {len(slots.expected)} slots whole")
        if missing:
            bad.append(f"{name} misses {_in_words(missing)}")
    text = ", ".join(lines)
    if bad:
        raise UserError("; ".join(filter(None, [text, *bad])))
    return text


def _schema(platform: Platform) -> str:
    """Drift is no failure: rows are kept or set aside, and a person should look."""
    if not platform.kpi.labels(RPT_SCHEMA_DRIFT.name):
        return "no drift report yet: the daily job `maintenance` writes it"
    new = [
        f"{row['endpoint']}.{row['field_path']} {row['kind']} ({row['example_type']})"
        for row in news(platform).iter_rows(named=True)
    ]
    if not new:
        return "no field came, went or changed its type in 24 h"
    shown = ", ".join(new[:SHOWN_FIELDS])
    rest = f" and {len(new) - SHOWN_FIELDS} more in rpt_schema_drift" if len(new) > SHOWN_FIELDS else ""
    return f"new in 24 h: {shown}{rest}"


def _sle(platform: Platform) -> str:
    """How fresh the deep-dive is; a site that is read late is no mistake of anybody."""
    known = coverage_now(platform)
    hour = known["score_hour_utc"].max()
    newest = (
        f"newest hour {hour:%Y-%m-%dT%H:%M}Z"
        if isinstance(hour, datetime)
        else "no hour of the last three read"
    )
    states = dict(known["state"].value_counts().iter_rows())
    told = ", ".join(f"{states.get(s, 0)} {s}" for s in ("fresh", "stale", "missing"))
    return f"{newest}, {int(known['is_degraded'].sum() or 0)} degraded; detail of sites and metrics: {told}"


def _history(platform: Platform) -> str:
    """What sensors and schedules have still to ask for or to compute of the last days."""
    lacking = lacks(platform)
    unread, stale = unread_hours(lacking), stale_partitions(lacking, platform.settings.now())
    lines = [f"{name} {n} hours to ask for" for name, n in unread.items() if n]
    lines += [f"{name} {n} partitions to compute" for name, n in stale.items() if n]
    return (
        ", ".join(lines) or f"nothing is missing or outdated in {platform.settings.mistwan_history_days} days"
    )


def _permissions(platform: Platform) -> str:
    """Files of one's own are no failure, but everybody on the machine should not read them."""
    key = platform.settings.snf_private_key_file
    named = [platform.settings.home, Path(".env"), *([key] if key else [])]
    open_to_all = [str(path) for path in named if path.exists() and path.stat().st_mode & stat.S_IRWXO]
    if not open_to_all:
        return "home and settings are closed to other users"
    return f"WARNING: every user of this machine may enter or read them: chmod o-rwx {' '.join(open_to_all)}"


CHECKS: tuple[tuple[str, Callable[[Platform], str]], ...] = (
    ("settings", _settings),
    ("lake", _lake),
    ("permissions", _permissions),
    ("access", _access),
    ("quota", _quota),
    ("calls", describe_use),
    ("call plan", _call_plan),
    ("circuits", _circuits),
    ("thresholds", _thresholds),
    ("maintenance", _maintenance),
    ("alerts", _alerts),
    ("business hours", _business_hours),
    ("collection", _collection),
    ("schema", _schema),
    ("sle", _sle),
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
