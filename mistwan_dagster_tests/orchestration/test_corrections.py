"""A recomputed hour on a lake of real files: every window, period and report that contains it is written again with
the figures that computing all from the start gives, and no other file is touched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR, Table
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.orchestration import rankings, reports, rollups
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.stage import ranges
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.settings import Settings

NOW = datetime(2025, 2, 4, 10, 7, tzinfo=UTC)
LAST = datetime(2025, 2, 4, 9, tzinfo=UTC)
HOURS = [LAST - timedelta(hours=i) for i in range(60)] + [datetime(2024, 3, 10, 12, tzinfo=UTC)]
CIRCUITS = ("a:p", "a:q", "b:p")
Compute = Callable[[Platform, datetime, datetime], object]


def _periods(period: str) -> Compute:
    def compute(parts: Platform, start: datetime, end: datetime) -> None:
        rollups.compute_periods(parts, period, start, end)
        reports.compute_site_periods(parts, period, start, end)
        reports.compute_business_periods(parts, period, start, end)
        if period == "month":
            reports.compute_provider_scorecards(parts, period, start, end)

    return compute


COMPUTE: dict[str, Compute] = {
    "windows": rollups.compute_windows,
    "daily": _periods("day"),
    "weekly": _periods("week"),
    "monthly": _periods("month"),
    "rolling": rollups.compute_rolling,
    "chronic": rankings.compute_chronic,
    "latest": lambda p, _s, _e: (rankings.compute_congestion(p), rankings.compute_top(p)),
}


def write(parts: Platform, table: Table, rows: list[dict], label: str = "all") -> None:
    parts.kpi.write(table.name, pl.DataFrame(rows, schema=table.schema), label)


def fact(circuit: str, hour: datetime, utilization: float = 50.0, down: float = 0.0) -> dict:
    return {"site_id": circuit[0], "circuit_id": circuit, "hour_utc": hour, "region": "West", "source": "live",
            "role": "primary" if circuit[2] == "p" else "secondary", "utilization_pct": utilization, "flap_count": 0,
            "up_minutes": 60.0 - down, "down_minutes": down, "unknown_minutes": 0.0}  # fmt: skip


def filled(home: Path, corrected: datetime | None = None) -> Platform:
    """A lake with facts of all hours, those of one of them corrected, and nothing computed from them yet."""
    parts = Platform(Settings(mistwan_home=home, mistwan_now=NOW, _env_file=None))
    since = {"valid_from": datetime(2024, 1, 1, tzinfo=UTC), "is_current": True}
    write(parts, DIM_SITE, [{"site_id": s, "region": "West", "timezone": "UTC", **since} for s in "ab"])
    write(parts, DIM_CIRCUIT, [
        {"circuit_id": c, "site_id": c[0], "device_mac": c[0], "port_id": c[2], "provider": "Acme", **since}
        for c in CIRCUITS
    ])  # fmt: skip
    for hour in HOURS:
        tell(parts, hour, correct=hour == corrected)
    return parts


def tell(parts: Platform, hour: datetime, *, correct: bool) -> None:
    rows = [fact(c, hour, 95.0, 15.0) if correct and c == "a:p" else fact(c, hour) for c in CIRCUITS]
    write(parts, FACT_CIRCUIT_HOUR, rows, hour_label(hour))
    reports.compute_site_hours(parts, hour, hour + timedelta(hours=1))


def renew(parts: Platform) -> None:
    for name, compute in COMPUTE.items():
        stage = STAGES[name]
        for start, end in ranges(stage.stale(parts), stage.end, 1000):
            stage.begin(parts, f"run-{name}", start, end)
            compute(parts, start, end)
        parts.kpi.confirm_pending(f"run-{name}")


def files(parts: Platform) -> dict[str, tuple[int, int]]:
    """Computed files with what changes when one is written again, whatever it then holds."""
    paths = {str(path.relative_to(parts.kpi.root)): path.stat() for path in parts.kpi.root.rglob("*.parquet")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in paths.items()}


def expected(hour: datetime) -> set[str]:
    """Files that contain the hour, worked out from the calendar alone."""
    label = hour_label(hour)
    windows = [h for h in HOURS if hour <= h < hour + timedelta(hours=24)]
    week = (hour - timedelta(days=hour.weekday())).date()
    months = [
        f"{2024 + (m - 1) // 12}-{(m - 1) % 12 + 1:02}-01" for m in range(1, 15)
    ]  # up to the present one
    begun = months.index(f"{hour:%Y-%m}-01")
    days = [hour.date() + timedelta(days=i) for i in range(7)]
    labels = {
        "window": [hour_label(h) for h in windows],
        "period": [f"day-{hour:%Y-%m-%d}", f"week-{week}", f"month-{hour:%Y-%m}-01"],
        "rolling_13m": [f"month-{m}" for m in months[begun : begun + 13]],
    }
    found = {
        f"fact_circuit_hour/{label}",
        f"fact_site_hour/{label}",
        "rpt_congestion_now/all",
        "rpt_top_offenders/all",
    }
    for kind, of in labels.items():
        found |= {f"agg_{who}_{kind}/{x}" for who in ("circuit", "region", "provider") for x in of}
    found |= {
        f"agg_{who}_period_business/{x}"
        for who in ("circuit", "region", "provider")
        for x in labels["period"]
    }
    found |= {
        f"{name}/{x}" for name in ("agg_site_period", "rpt_primary_secondary") for x in labels["period"]
    }
    found |= {
        f"{name}/month-{hour:%Y-%m}-01" for name in ("rpt_failover_readiness", "rpt_provider_scorecard")
    }
    found |= {f"rpt_chronic_offenders/day-{day}" for day in days if day < NOW.date()}
    return {f"{name}.parquet" for name in found}


@pytest.mark.parametrize("hour", [datetime(2025, 2, 2, 23, tzinfo=UTC), HOURS[-1]])
def test_a_corrected_hour_renews_all_that_contains_it_and_nothing_else(
    tmp_path: Path, hour: datetime
) -> None:
    parts = filled(tmp_path / "corrected")
    renew(parts)
    before = files(parts)
    tell(parts, hour, correct=True)
    renew(parts)
    after = files(parts)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == expected(hour)
    fresh = filled(tmp_path / "fresh", hour)
    renew(fresh)
    assert files(fresh).keys() == after.keys()
    for name in after:
        assert_frame_equal(pl.read_parquet(parts.kpi.root / name), pl.read_parquet(fresh.kpi.root / name))
