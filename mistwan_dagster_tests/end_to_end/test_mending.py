"""A daemon that was down for six hours, and an event that comes late: what the sensors' plan mends, and what it leaves.

The runs that the plan asks for are executed in this process, on a real instance against a simulated cloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, DEVICE_STATS, PATH_STATS, PORT_STATS
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.raw import HOUR, SLOT, hours_between
from mistwan_dagster.orchestration import launch
from mistwan_dagster.orchestration.activity import recent_activity
from mistwan_dagster.orchestration.check import _collection, _history
from mistwan_dagster.orchestration.collection import collect_events, collect_snapshot
from mistwan_dagster.orchestration.planning import plan
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.ranges import range_tags
from mistwan_dagster.orchestration.stage import ranges
from mistwan_dagster.orchestration.staleness import STAGES
from mistwan_dagster.orchestration.step_errors import reason
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World

START = datetime(2025, 3, 4, tzinfo=UTC)
DOWN, UP, NOW = START + 2 * HOUR, START + 8 * HOUR, START + timedelta(hours=9, minutes=40)
FIRST = datetime(2025, 3, 3, 10, tzinfo=UTC)
"""First whole hour of the day before NOW, which is as far as MISTWAN_HISTORY_DAYS=1 goes."""


@dataclass
class Rehearsal:
    """A cloud and a platform on one clock that is set by hand."""

    cloud: Running
    environment: pytest.MonkeyPatch

    def at(self, now: datetime) -> Platform:
        """The platform as of `now`."""
        self.cloud.clock.set(now)
        self.environment.setenv("MISTWAN_NOW", now.isoformat())
        return Platform.open()

    def poll(self, start: datetime, end: datetime) -> None:
        slot = start
        while slot < end:
            platform = self.at(slot + timedelta(seconds=7))
            for endpoint in (PORT_STATS, PATH_STATS, DEVICE_STATS):
                assert collect_snapshot(platform, endpoint, slot).complete
            assert collect_events(platform).complete
            slot += SLOT

    def mend(self) -> list[tuple[str, datetime, datetime]]:
        """Run what is asked for until nothing is."""
        platform, asked = self.at(NOW), []
        with launch.instance(platform) as opened:
            while requests := [
                r
                for late in (False, True)
                for r in plan(platform, recent_activity(opened), late=late).requests
            ]:
                for request in requests:
                    span = (request.start, request.end)
                    launch.require_success(
                        launch.run_job(opened, request.job, range_tags(request.job, *span))
                    )
                    asked.append((request.job, *span))
        return asked


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    home: Path = tmp_path_factory.mktemp("mending")
    with running(World(seed=5, sites=2), clock=Clock(START)) as cloud, pytest.MonkeyPatch.context() as patch:
        (home / "circuits.csv").write_text(cloud.world.circuits_csv())
        patch.chdir(home)
        for name, value in {
            "MISTWAN_HOME": str(home / "home"),
            "MISTWAN_HISTORY_DAYS": "1",
            "MISTWAN_CIRCUITS_FILE": str(home / "circuits.csv"),
            "MIST_API_BASE_URL": cloud.base_url,
            "MIST_API_TOKEN": cloud.token,
            "MIST_ORG_ID": cloud.org_id,
        }.items():
            patch.setenv(name, value)
        found = Rehearsal(cloud, patch)
        platform = found.at(START)
        with launch.instance(platform) as opened:
            launch.require_success(launch.collect_now(opened, platform))
        found.poll(START, DOWN)
        found.poll(UP, NOW)
        yield found


@pytest.fixture(scope="module")
def mended(rehearsal: Rehearsal) -> list[tuple[str, datetime, datetime]]:
    return rehearsal.mend()


def facts(rehearsal: Rehearsal, start: datetime, end: datetime) -> pl.DataFrame:
    found = rehearsal.at(NOW).kpi.scan_hours(FACT_CIRCUIT_HOUR.name, start, end)
    assert found is not None
    return found.collect()


def test_missing_slots_are_named_as_missing_also_after_the_hours_were_filled(
    rehearsal: Rehearsal, mended: list[tuple[str, datetime, datetime]]
) -> None:
    assert mended
    with pytest.raises(UserError, match=r"port_stats misses 04T02:00 to 04T07:55;"):
        _collection(rehearsal.at(NOW))
    assert _history(rehearsal.at(NOW)) == "nothing is missing or outdated in 1 days"


def test_history_is_asked_for_once_and_before_the_hours_that_rest_on_it(
    mended: list[tuple[str, datetime, datetime]],
) -> None:
    jobs = [job for job, _, _ in mended]
    assert jobs.count("history") == 1
    assert jobs.index("history") < jobs.index("hourly") < jobs.index("windows")
    assert ("history", FIRST, UP) in mended


def test_each_hour_of_the_gap_has_figures_from_history_and_live_hours_stay_live(
    rehearsal: Rehearsal, mended: list[tuple[str, datetime, datetime]]
) -> None:
    assert mended
    hours = facts(rehearsal, FIRST, NOW)
    assert set(hours["hour_utc"]) == set(hours_between(FIRST, NOW - HOUR))
    minutes = hours["up_minutes"] + hours["down_minutes"] + hours["unknown_minutes"]
    assert ((minutes - 60).abs() < 1e-6).all()
    for start, end, source in (
        (FIRST, START, "insights_1h"),
        (DOWN, UP, "insights_1h"),
        (START, DOWN, "live"),
    ):
        told = facts(rehearsal, start, end).drop_nulls("utilization_pct")
        assert told.height > 0
        assert told["source"].unique().to_list() == [source]
    gap = facts(rehearsal, DOWN, UP)
    truth = rehearsal.cloud.world.truth_circuit_hours(DOWN, UP)
    both = gap.join(truth, on=["circuit_id", "hour_utc"], suffix="_true").filter(
        pl.col("unknown_minutes") < 60
    )
    assert both.height > 0
    assert (both["down_minutes"] - both["down_minutes_true"]).abs().max() < 1


def test_a_late_event_rewrites_just_the_partitions_that_contain_it(
    rehearsal: Rehearsal, mended: list[tuple[str, datetime, datetime]]
) -> None:
    assert mended
    platform = rehearsal.at(NOW)
    root = platform.kpi.root
    before = {p.relative_to(root): p.stat().st_mtime_ns for p in root.rglob("*.parquet")}
    late = START + timedelta(minutes=30)
    circuit = rehearsal.cloud.world.truth_circuits().row(0, named=True)
    row = {name: circuit[name] for name in ("site_id", "port_id")} | {"mac": circuit["device_mac"]}
    row |= {"type": "GW_PORT_DOWN", "timestamp": late.timestamp()}
    assert platform.raw.add_events(DEVICE_EVENTS, "late", 1, pl.DataFrame([row], schema=DEVICE_EVENTS.schema))
    asked = rehearsal.mend()
    assert asked == [
        ("hourly", START, START + 2 * HOUR),
        ("windows", START, START + 9 * HOUR),
        ("daily", START, START + timedelta(days=1)),
        ("latest", START + 8 * HOUR, START + 9 * HOUR),
    ], "week and month go on, so their daily schedule renews them"
    with launch.instance(platform) as opened:
        for name in ("weekly", "monthly", "rolling", "latest"):
            for span in ranges(STAGES[name].stale(platform), STAGES[name].end, 1):
                launch.require_success(launch.run_span(opened, name, *span))
    after = {p.relative_to(root): p.stat().st_mtime_ns for p in root.rglob("*.parquet")}
    labels: dict[str, set[str]] = {}
    for path in (p for p in after if after[p] != before.get(p)):
        labels.setdefault(path.parent.name, set()).add(path.stem)
    whole = {"fact_circuit_outage", "fact_failover", "rpt_carrier_incident", "rpt_sla_outage"}
    whole |= {"dim_threshold", "rpt_congestion_now", "rpt_top_offenders"}
    assert {table for table, found in labels.items() if found == {"all"}} == whole
    windows = {f"2025-03-04T{hour:02}" for hour in range(9)}
    assert labels["agg_circuit_window"] == labels["agg_region_window"] == windows
    periods = {"day-2025-03-04", "week-2025-03-03", "month-2025-03-01"}
    for table in ("agg_circuit_period", "agg_region_period", "agg_site_period", "rpt_primary_secondary"):
        assert labels[table] == periods, table
    hourly = {"2025-03-04T00", "2025-03-04T01"}
    for table in ("fact_circuit_hour", "fact_path_hour", "fact_device_event", "fact_site_hour"):
        assert labels[table] == hourly, table
    contain = ({"all"}, windows, periods, {"month-2025-03-01"}, hourly)
    assert {table: found for table, found in labels.items() if found not in contain} == {}
    assert rehearsal.mend() == []


def test_imported_hours_are_not_lost_and_hours_of_nothing_cannot_be_computed(
    rehearsal: Rehearsal, mended: list[tuple[str, datetime, datetime]]
) -> None:
    assert mended
    platform = rehearsal.at(NOW)
    old = FIRST - 48 * HOUR
    with launch.instance(platform) as opened:
        outcome = launch.run_span(opened, "hourly", old, old + HOUR)
    assert "nothing of it was collected; `mistwan backfill` asks the API" in outcome.errors[0]
    assert platform.kpi.read(FACT_CIRCUIT_HOUR.name, "2025-03-01T10") is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "port_stats",
            "raw/port_stats of 2025-03-04T05:00Z cannot be collected: Mist tells only the present state",
        ),
        ("sites", "raw/sites of 2025-03-04T05:00Z cannot be collected: Mist tells only the present state"),
        ("device_events", None),
        ("insight_bandwidth", None),
        ("insight_quality", None),
    ],
)
def test_a_partition_of_the_past_is_collected_or_refused_in_one_clear_line(
    rehearsal: Rehearsal, mended: list[tuple[str, datetime, datetime]], name: str, told: str | None
) -> None:
    assert mended
    from mistwan_dagster.definitions import defs

    platform = rehearsal.at(NOW)
    with launch.instance(platform) as opened:
        result = defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={dg.AssetKey(["raw", name])}
        ).execute_in_process(
            instance=opened, raise_on_error=False, run_config=launch.QUIET,
            tags=range_tags("hourly", START + 5 * HOUR, START + 7 * HOUR),
        )  # fmt: skip
    failures = [reason(e) for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    assert result.success == (told is None)
    assert all((told or "") in failure for failure in failures)
