"""Reports from the lake: what makes a period stale, and that finding episodes again changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_FAILOVER,
    FACT_SITE_HOUR,
    RPT_CARRIER_INCIDENT,
    RPT_SLA_OUTAGE,
    Table,
)
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.orchestration import reports
from mistwan_dagster.orchestration.hourly import STATUS
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.staleness import PERIOD_STAGES
from mistwan_dagster.settings import Settings

DAY = datetime(2025, 1, 10, tzinfo=UTC)
CIRCUITS = [f"{site}{n}" for site in "abcd" for n in (1, 2)]


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return opened(tmp_path)


def opened(home: Path, **settings: object) -> Platform:
    now = DAY + timedelta(days=6)
    return Platform(Settings(mistwan_home=home, mistwan_now=now, _env_file=None, **settings))


def write(platform: Platform, table: Table, rows: list[dict], label: str = "all") -> None:
    platform.kpi.write(table.name, pl.DataFrame(rows, schema=table.schema), label)


def dimensions(platform: Platform) -> None:
    write(platform, DIM_SITE, [
        {"site_id": s, "site_name": s.upper(), "region": "North", "timezone": "UTC", "valid_from": DAY,
         "is_current": True} for s in "abcd"
    ])  # fmt: skip
    write(platform, DIM_CIRCUIT, [
        {"circuit_id": c, "site_id": c[0], "device_mac": c[0], "port_id": c, "provider": "Acme", "valid_from": DAY,
         "role": "primary" if c[1] == "1" else "secondary", "is_current": True} for c in CIRCUITS
    ])  # fmt: skip


def hours(platform: Platform, first: int, last: int) -> None:
    for number in range(first, last):
        hour = DAY + timedelta(hours=number)
        rows = [
            {"site_id": c[0], "circuit_id": c, "hour_utc": hour, "region": "North", "up_minutes": 60.0,
             "down_minutes": 0.0, "unknown_minutes": 0.0,
             "latency_severity": "critical" if number % 31 < 3 and c[1] == "2" else "normal",
             "role": "primary" if c[1] == "1" else "secondary"} for c in CIRCUITS
        ]  # fmt: skip
        write(platform, FACT_CIRCUIT_HOUR, rows, hour_label(hour))
        status = pl.DataFrame({"circuit_id": CIRCUITS, "hour_utc": [hour] * len(CIRCUITS)}).with_columns(
            pl.col("hour_utc").cast(pl.Datetime("us", "UTC")), disabled_minutes=pl.lit(0.0)
        )
        platform.kpi.write(STATUS, status, hour_label(hour))


def outage(circuit: str, start: float, end: float | None) -> dict:
    return {"site_id": circuit[0], "circuit_id": circuit, "kind": "link", "evidence": "event",
            "start_utc": DAY + timedelta(hours=start), "unknown_minutes": 0.0,
            "end_utc": None if end is None else DAY + timedelta(hours=end)}  # fmt: skip


OUTAGES = [
    *(outage(c, 5 + n / 10, 8) for n, c in enumerate(("a1", "b1", "c1"))),
    *(outage(c, 40 + n / 10, 99) for n, c in enumerate(("a1", "b1", "c1"))),
    *(outage(c, 118.5, None) for c in ("b1", "c1", "d1")),
]


def incidents(platform: Platform) -> pl.DataFrame:
    frame = platform.kpi.read(RPT_CARRIER_INCIDENT.name)
    assert frame is not None
    return frame


def test_incidents_found_hour_by_hour_are_those_found_at_once(platform: Platform) -> None:
    dimensions(platform)
    for first, last in ((0, 50), (50, 90), (90, 119), (119, 120)):
        hours(platform, first, last)
        now = DAY + timedelta(hours=last)
        told = [
            {**o, "end_utc": None if o["end_utc"] and o["end_utc"] > now else o["end_utc"]}
            for o in OUTAGES
            if o["start_utc"] < now
        ]
        write(platform, FACT_CIRCUIT_OUTAGE, told)
        reports.compute_carrier_incidents(platform, DAY + timedelta(hours=first) if first else None)
    bit_by_bit = incidents(platform)
    platform.kpi.write(RPT_CARRIER_INCIDENT.name, RPT_CARRIER_INCIDENT.empty())
    reports.compute_carrier_incidents(platform, None)
    assert bit_by_bit.equals(incidents(platform))
    # Every 31 hours the second lines are bad for three hours; the faults are at 5.2, 40.2 (for 48 h) and 118.5.
    assert set(bit_by_bit["kind"]) == {"down", "degraded", "mixed"}
    assert bit_by_bit.filter(pl.col("end_utc").is_null()).height == 1


def test_older_episodes_are_kept_even_when_their_hours_are_gone(platform: Platform) -> None:
    dimensions(platform)
    hours(platform, 0, 10)
    write(platform, FACT_CIRCUIT_OUTAGE, OUTAGES[:3])
    reports.compute_carrier_incidents(platform, None)
    before = incidents(platform)
    for number in range(10):
        platform.kpi.path(FACT_CIRCUIT_HOUR.name, hour_label(DAY + timedelta(hours=number))).unlink()
    hours(platform, 100, 101)
    write(platform, FACT_CIRCUIT_OUTAGE, [])
    reports.compute_carrier_incidents(platform, DAY + timedelta(hours=100))
    assert before.height > 0
    assert incidents(platform).equals(before)


def stale(platform: Platform) -> dict[str, list[int]]:
    return {stage.name: [s.day for s in stage.stale(platform)] for stage in PERIOD_STAGES.values()}


def done(platform: Platform) -> None:
    for stage in PERIOD_STAGES.values():
        for start in stage.stale(platform):
            stage.begin(platform, "run", start, stage.end(start))
    platform.kpi.confirm_pending("run")


def failover(start: float, end: float | None) -> dict:
    return {"site_id": "a", "from_circuit_id": "a1", "to_circuit_id": "a2", "start_utc": DAY + timedelta(hours=start),
            "end_utc": None if end is None else DAY + timedelta(hours=end)}  # fmt: skip


def test_a_failover_makes_the_periods_that_it_touches_stale_and_no_others(platform: Platform) -> None:
    hours(platform, 0, 96)
    done(platform)
    assert stale(platform) == {"daily": [], "weekly": [], "monthly": []}
    # 2025-01-10 is a Friday: days 10 and 11 are in the week of the 6th, days 12 (Sunday) and 13 around its end.
    write(platform, FACT_FAILOVER, [failover(20, 30)])
    assert stale(platform) == {"daily": [10, 11], "weekly": [6], "monthly": [1]}
    done(platform)
    write(platform, FACT_FAILOVER, [failover(20, 30), failover(70, None)])
    assert stale(platform) == {"daily": [12, 13], "weekly": [6, 13], "monthly": [1]}
    done(platform)
    # Its end, told later, changes the periods in which it lies, and not the day before.
    write(platform, FACT_FAILOVER, [failover(20, 30), failover(70, 80)])
    assert stale(platform) == {"daily": [13], "weekly": [13], "monthly": [1]}


def test_a_maintenance_file_makes_months_stale_and_opening_hours_every_period(tmp_path: Path) -> None:
    hours(opened(tmp_path), 0, 24)
    done(opened(tmp_path))
    file = tmp_path / "m.csv"
    file.write_text("provider,start,end,reason\nAcme,2025-01-10T05:00:00Z,2025-01-10T06:00:00Z,works\n")
    assert stale(opened(tmp_path, mistwan_maintenance_file=file)) == {
        "daily": [],
        "weekly": [],
        "monthly": [1],
    }
    changed = opened(tmp_path, mistwan_business_hours="07:00-22:00")
    assert stale(changed) == {"daily": [10], "weekly": [6], "monthly": [1]}


def test_outages_and_scorecards_follow_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    file.write_text("provider,start,end,reason\nAcme,2025-01-10T05:00:00Z,2025-01-10T07:00:00Z,works\n")
    platform = opened(tmp_path, mistwan_maintenance_file=file)
    dimensions(platform)
    hours(platform, 0, 24)
    write(platform, FACT_CIRCUIT_OUTAGE, OUTAGES[:3])
    reports.compute_carrier_incidents(platform, None)
    assert reports.compute_sla_outages(platform, None) == 3
    outages = platform.kpi.read(RPT_SLA_OUTAGE.name)
    assert outages is not None
    assert [round(m, 6) for m in outages["excluded_minutes"]] == [120, 114, 108]
    assert [round(m, 6) for m in outages["counted_minutes"]] == [60, 60, 60]
    assert outages["incident_start_utc"].null_count() == 0
    assert reports.compute_provider_scorecards(
        platform, "month", DAY.replace(day=1), datetime(2025, 2, 1, tzinfo=UTC)
    )
    score = platform.kpi.read("rpt_provider_scorecard", "month-2025-01-01")
    assert score is not None
    row = score.row(0, named=True)
    assert (row["excluded_minutes"], row["total_minutes"]) == (8 * 120, 8 * 24 * 60)
    assert (row["outage_count"], row["restore_median_minutes"]) == (3, pytest.approx(60))


def test_site_hours_of_imported_history_say_nothing_of_minutes(platform: Platform) -> None:
    dimensions(platform)
    hours(platform, 0, 2)
    platform.kpi.path(STATUS, hour_label(DAY)).unlink()
    assert reports.compute_site_hours(platform, DAY, DAY + timedelta(hours=2)) == 8
    first, second = (
        platform.kpi.read(FACT_SITE_HOUR.name, hour_label(DAY + timedelta(hours=n))) for n in (0, 1)
    )
    assert first is not None
    assert second is not None
    assert first["site_unknown_minutes"].to_list() == [60.0] * 4
    assert second["site_up_minutes"].to_list() == [60.0] * 4
