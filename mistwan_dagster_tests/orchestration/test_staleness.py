"""Which partitions a corrected hour or a changed setting renews, on a lake of imported facts. No Dagster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import PORT_STATS
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.versions import apply_versions
from mistwan_dagster.lake.files import hour_label
from mistwan_dagster.lake.raw import SlotReport
from mistwan_dagster.orchestration.jobs import COMPUTED_BY, JOBS
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.rankings import (
    compute_chronic,
    compute_congestion,
    compute_thresholds,
    compute_top,
)
from mistwan_dagster.orchestration.rollups import compute_periods, compute_rolling
from mistwan_dagster.orchestration.stage import ranges
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.settings import Settings

NOW = datetime(2025, 3, 4, 10, 7, tzinfo=UTC)
COMPUTE = {
    "windows": lambda _p, _s, _e: None,  # recorded only: nothing else here is fed by windows
    "daily": lambda p, s, e: compute_periods(p, "day", s, e),
    "weekly": lambda p, s, e: compute_periods(p, "week", s, e),
    "monthly": lambda p, s, e: compute_periods(p, "month", s, e),
    "rolling": compute_rolling,
    "chronic": compute_chronic,
    "latest": lambda p, _s, _e: (compute_congestion(p), compute_top(p)),
}
LIVE = {"site_id": "s", "region": "West", "source": "live"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def platform(home: Path, **settings: object) -> Platform:
    return Platform(Settings(mistwan_home=home, mistwan_now=NOW, _env_file=None, **settings))


def write_fact(
    parts: Platform, hour: datetime, utilization: float, down: float = 0.0, **more: object
) -> None:
    row = {**LIVE, "circuit_id": "c:p", "hour_utc": hour, "utilization_pct": utilization, "up_minutes": 60.0 - down,
           "down_minutes": down, "unknown_minutes": 0.0, "flap_count": 1 if down else 0, **more}  # fmt: skip
    frame = FACT_CIRCUIT_HOUR.conform(pl.LazyFrame([row])).collect()
    parts.kpi.write(FACT_CIRCUIT_HOUR.name, frame, hour_label(hour))


def renew(parts: Platform) -> dict[str, list[datetime]]:
    """Compute and record what is stale, stage after stage; returns what was."""
    done = {}
    for name, compute in COMPUTE.items():
        stage = STAGES[name]
        stale = stage.stale(parts)
        if stale:
            done[name] = stale
        for start, end in ranges(stale, stage.end, 1000):
            stage.begin(parts, f"run-{name}", start, end)
            compute(parts, start, end)
        parts.kpi.confirm_pending(f"run-{name}")
    return done


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    found = platform(tmp_path)
    for hour in (
        *(at("2025-03-04T09:00") - timedelta(hours=i) for i in range(35)),
        at("2024-03-10T12:00"),
    ):
        write_fact(found, hour, 50.0)
    renew(found)
    return found


def test_every_stage_has_a_job_of_its_name_whose_runs_are_seen() -> None:
    assert set(STAGES) <= {job.name for job in JOBS}
    assert set(STAGES) <= set(COMPUTED_BY)


def test_what_feeds_a_stage_comes_before_it() -> None:
    names = list(STAGES)
    for stage in STAGES.values():
        feeding = [name for name in stage.fed_by if name in STAGES]
        assert all(names.index(name) < names.index(stage.name) for name in feeding), stage.name
        assert feeding or all(name.startswith("raw/") for name in stage.fed_by), stage.name


def test_what_is_computed_is_not_stale(parts: Platform) -> None:
    assert renew(parts) == {}


def test_an_hour_of_yesterday_renews_what_contains_it_and_nothing_else(parts: Platform) -> None:
    hour = at("2025-03-03T09:00")
    write_fact(parts, hour, 95.0, down=15.0)
    assert renew(parts) == {
        "windows": [hour + timedelta(hours=i) for i in range(24)],
        "daily": [at("2025-03-03")],
        "weekly": [at("2025-03-03")],
        "monthly": [at("2025-03-01")],
        "rolling": [at("2025-03-01")],
        "chronic": [at("2025-03-03")],
        "latest": [at("2025-03-04T09:00")],
    }
    top = parts.kpi.read("rpt_top_offenders")
    assert top is not None
    week = top.filter(period="week", measure="utilization_max_pct")
    assert week.select("period_start_utc", "rank", "circuit_id", "value").rows() == [
        (at("2025-02-24"), 1, "c:p", 50.0), (at("2025-03-03"), 1, "c:p", 95.0),
    ]  # fmt: skip
    assert renew(parts) == {}


def test_an_hour_of_a_year_ago_renews_its_day_and_every_13_months_that_hold_it(parts: Platform) -> None:
    hour = at("2024-03-10T12:00")
    write_fact(parts, hour, 50.0, down=30.0)
    done = renew(parts)
    # March 2024 is in the 13 months that end with March 2024 up to those that end with March 2025.
    months = [at(f"2024-{m:02}-01") for m in range(3, 13)] + [at(f"2025-{m:02}-01") for m in (1, 2, 3)]
    assert done.pop("rolling") == months
    assert done.pop("chronic") == [at("2024-03-10") + timedelta(days=i) for i in range(7)]
    # The list of the present ranks the 13 months that changed.
    assert done == {
        "windows": [hour], "daily": [at("2024-03-10")], "weekly": [at("2024-03-04")], "monthly": [at("2024-03-01")],
        "latest": [at("2025-03-04T09:00")],
    }  # fmt: skip
    rolling = parts.kpi.read("agg_circuit_rolling_13m", "month-2025-03-01")
    assert rolling is not None
    row = rolling.row(0, named=True)
    assert (row["start_utc"], row["as_of_utc"]) == (at("2024-03-01"), at("2025-04-01"))
    assert (row["down_minutes"], row["total_minutes"]) == (30, 36 * 60)


def test_what_began_before_what_retention_has_left_keeps_its_figures(parts: Platform) -> None:
    horizon = at("2025-01-01")
    parts.kpi.horizon.advance(horizon)
    for name in STAGES:
        parts.kpi.forget_stamps_before(name, horizon)
    assert renew(parts) == {}
    write_fact(parts, at("2025-03-03T09:00"), 95.0)
    done = renew(parts)
    assert (done["rolling"], done["chronic"]) == ([at("2025-03-01")], [at("2025-03-03")])
    rolling = parts.kpi.read("agg_circuit_rolling_13m", "month-2025-03-01")
    assert rolling is not None
    assert rolling["total_minutes"].item() == 36 * 60, "the month before the horizon is still in it"


def test_a_span_is_renewed_with_the_stale_partitions_that_look_back_on_it_only(parts: Platform) -> None:
    write_fact(parts, at("2024-03-10T12:00"), 51.0)
    write_fact(parts, at("2025-03-03T09:00"), 51.0)
    windows = STAGES["windows"]
    due = windows.due(parts, at("2025-03-03T09:00"), at("2025-03-03T11:00"))
    assert due == [at("2025-03-03T09:00") + timedelta(hours=i) for i in range(24)]
    assert windows.due(parts, at("2025-02-01"), at("2025-02-02")) == []


def test_an_hour_is_renewed_without_the_stale_one_after_it(tmp_path: Path) -> None:
    found = platform(tmp_path)
    first = at("2025-03-04T07:00")
    for hour in (first, first + timedelta(hours=1)):
        row = pl.DataFrame([{"mac": "aa", "port_id": "p", "received_at": hour}], schema=PORT_STATS.schema)
        found.raw.finish_slot(PORT_STATS, SlotReport("port_stats", hour, True, 1, 1, None, 0), [row])
    hourly = STAGES["hourly"]
    assert hourly.stale(found) == [first, first + timedelta(hours=1)]
    assert hourly.due(found, first, first + timedelta(hours=1)) == [first]


@pytest.mark.usefixtures("parts")
def test_a_threshold_that_begins_later_makes_no_older_partition_stale(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yaml"
    file.write_text("region: {West: [{valid_from: 2025-03-03, utilization: [40, 45, null]}]}\n")
    changed = platform(tmp_path, mistwan_thresholds_file=file)
    done = renew(changed)
    assert done["daily"] == [at("2025-03-03"), at("2025-03-04")]
    assert min(done["windows"]) == at("2025-03-03")
    # The same day, recomputed, is judged by what was in force then.
    compute_periods(changed, "day", at("2025-03-02"), at("2025-03-04"))
    old, new = (changed.kpi.read("agg_circuit_period", f"day-2025-03-0{d}") for d in (2, 3))
    assert old is not None
    assert new is not None
    assert (old["utilization_high_hours"].item(), new["utilization_high_hours"].item()) == (0, 24)


def test_thresholds_in_force_are_a_table_of_the_sites_that_are_known(parts: Platform, tmp_path: Path) -> None:
    assert compute_thresholds(parts) == 12
    site = DIM_SITE.conform(
        pl.LazyFrame([{"site_id": "s", "region": "West", "store_type": "Kiosk"}])
    ).collect()
    sites = apply_versions(
        DIM_SITE.empty(), site.drop("valid_from", "valid_to", "is_current"), "site_id", NOW
    )
    parts.kpi.write(DIM_SITE.name, DIM_SITE.conform(sites.lazy()).collect())
    file = tmp_path / "thresholds.yaml"
    file.write_text("store_type: {Kiosk: [{valid_from: 2025-03-01, loss: [0.2, null, null]}]}\n")
    changed = platform(tmp_path, mistwan_thresholds_file=file)
    assert compute_thresholds(changed) == 25
    found = changed.kpi.read("dim_threshold")
    assert found is not None
    kiosk = found.filter(store_type="Kiosk", measure="loss", level="warning")
    assert kiosk.select("value", "valid_to").rows() == [(0.1, at("2025-03-01")), (0.2, None)]


def test_the_rule_of_chronic_offenders_is_a_setting_and_changes_only_their_stage(
    parts: Platform, tmp_path: Path
) -> None:
    for day in (2, 3):
        write_fact(parts, at(f"2025-03-0{day}T15:00"), 50.0, down=20.0)
    renew(parts)
    before = parts.kpi.read("rpt_chronic_offenders", "day-2025-03-03")
    assert before is not None
    assert before.is_empty()
    stricter = platform(tmp_path, mistwan_chronic_bad_days=2)
    assert set(renew(stricter)) == {"chronic"}
    after = stricter.kpi.read("rpt_chronic_offenders", "day-2025-03-03")
    assert after is not None
    assert after.select("reason", "bad_days", "observed_days").rows() == [
        ("availability", 2, 2),
        ("flaps", 2, 2),
    ]


def test_a_provider_pools_by_the_version_of_the_circuit_in_force(parts: Platform) -> None:
    circuits = DIM_CIRCUIT.empty()
    for provider, since in (("Acme", "2025-01-01"), ("Fibra", "2025-03-03T12:00")):
        row = {"circuit_id": "c:p", "site_id": "s", "device_mac": "c", "port_id": "p", "provider": provider}
        seen = DIM_CIRCUIT.conform(pl.LazyFrame([row])).collect().drop("valid_from", "valid_to", "is_current")
        circuits = apply_versions(circuits, seen, "circuit_id", at(since))
    parts.kpi.write(DIM_CIRCUIT.name, DIM_CIRCUIT.conform(circuits.lazy()).collect())
    compute_periods(parts, "day", at("2025-03-03"), at("2025-03-04"))
    found = parts.kpi.read("agg_provider_period", "day-2025-03-03")
    assert found is not None
    assert found.select("provider", "observed_hours", "circuit_count").rows() == [
        ("Acme", 12, 1),
        ("Fibra", 12, 1),
    ]
