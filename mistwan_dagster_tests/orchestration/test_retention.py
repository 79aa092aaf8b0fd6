"""Horizons, warehouse rows behind them, and figures that are kept as they are because their evidence is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.alarm_tables import FACT_ALARM
from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, INSIGHT_RETENTION_HOURS, PORT_STATS
from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_WINDOW,
    DIM_HOUR,
    FACT_CIRCUIT_HOUR,
    FACT_FAILOVER,
    LOAD_LEDGER,
    Table,
)
from mistwan_dagster.lake.files import hour_label, write_parquet
from mistwan_dagster.lake.raw import HOUR, SlotReport
from mistwan_dagster.orchestration.hourly import ANSWER_REACH, EVENT_REACH, LIVE_EVENT_REACH
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.orchestration.retention import (
    fact_horizon,
    grows_old,
    lost_hours,
    raw_horizon,
    retain_facts,
    retain_raw,
    retain_rows,
)
from mistwan_dagster.orchestration.staleness import HOURLY, PERIOD_STAGES, WINDOWS, observed_hours
from mistwan_dagster.settings import LEAST_RAW_DAYS, Settings
from mistwan_dagster.warehouse.port import Load

NOW = datetime(2025, 3, 12, 15, 30, tzinfo=UTC)
RAW = datetime(2025, 2, 9, tzinfo=UTC)
FACTS = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(Settings(mistwan_home=tmp_path, mistwan_now=NOW, _env_file=None))


def test_horizons_are_a_midnight_and_the_start_of_a_month(platform: Platform) -> None:
    assert raw_horizon(platform) == RAW == datetime(2025, 3, 12, tzinfo=UTC) - timedelta(days=31)
    assert fact_horizon(platform) == FACTS
    platform.settings.mistwan_fact_months = 13
    assert fact_horizon(platform) == datetime(2024, 2, 1, tzinfo=UTC)


def test_the_least_raw_days_hold_the_evidence_of_everything_that_can_be_backfilled() -> None:
    assert timedelta(days=LEAST_RAW_DAYS) >= EVENT_REACH + timedelta(hours=INSIGHT_RETENTION_HOURS) + HOUR


def test_rows_of_hours_events_and_windows_grow_old() -> None:
    rolling = Table("agg_circuit_rolling_13m", "", "", ("circuit_id", "as_of_utc"), (), span="as_of_utc")
    assert all(map(grows_old, (FACT_CIRCUIT_HOUR, AGG_CIRCUIT_WINDOW, FACT_ALARM)))
    assert not any(map(grows_old, (AGG_CIRCUIT_PERIOD, rolling, DIM_HOUR, LOAD_LEDGER, FACT_FAILOVER)))


def facts(table: Table, column: str, *instants: datetime, **more: object) -> pl.DataFrame:
    rows = [{"site_id": "s", "circuit_id": "c", column: at, **more} for at in instants]
    return pl.DataFrame(rows, schema=table.schema)


def counted(platform: Platform, table: str) -> int:
    return int(platform.published.query(f"SELECT count(*) FROM {table}").item())


def test_warehouse_rows_behind_the_horizon_go_and_others_stay(platform: Platform) -> None:
    hours = (FACTS - timedelta(days=40), FACTS - HOUR, FACTS, FACTS + HOUR)
    loads = [
        Load(
            FACT_CIRCUIT_HOUR, facts(FACT_CIRCUIT_HOUR, "hour_utc", *hours), hours[0] - HOUR, hours[-1] + HOUR
        ),
        Load(
            AGG_CIRCUIT_WINDOW,
            facts(AGG_CIRCUIT_WINDOW, "as_of_utc", FACTS, FACTS + HOUR, window_hours=3),
            FACTS - HOUR,
            FACTS + 2 * HOUR,
        ),
        Load(
            AGG_CIRCUIT_PERIOD,
            facts(AGG_CIRCUIT_PERIOD, "period_start_utc", hours[0], FACTS, period="day"),
            hours[0],
            FACTS + HOUR,
        ),
    ]
    assert retain_rows(platform) == {}, "nothing is loaded yet"
    platform.warehouse.load(loads)
    platform.warehouse.publish()
    deleted = retain_rows(platform)
    assert deleted[FACT_CIRCUIT_HOUR.name] == {
        "row_count": 2,
        "oldest": hours[0].replace(tzinfo=None),
        "newest": hours[1].replace(tzinfo=None),
    }
    assert deleted[AGG_CIRCUIT_WINDOW.name]["row_count"] == 1
    assert AGG_CIRCUIT_PERIOD.name not in deleted
    platform.warehouse.publish()
    assert [
        counted(platform, t.name) for t in (FACT_CIRCUIT_HOUR, AGG_CIRCUIT_WINDOW, AGG_CIRCUIT_PERIOD)
    ] == [2, 1, 2]
    oldest = platform.published.query("SELECT min(hour_utc) FROM fact_circuit_hour").item()
    assert oldest == FACTS.replace(tzinfo=None)
    assert retain_rows(platform) == {}, "a repetition finds nothing, not even its own notes in the ledger"


def slot(platform: Platform, at: datetime) -> None:
    row = pl.DataFrame([{"mac": "aa", "port_id": "p", "received_at": at}], schema=PORT_STATS.schema)
    platform.raw.finish_slot(PORT_STATS, SlotReport("port_stats", at, True, 1, 1, None, 0), [row])


def bins(platform: Platform, *hours: datetime) -> None:
    rows = [{"mac": "aa", "port_id": "p", "bin_start": at, "rx_bps": 1.0} for at in hours]
    span = (min(hours), max(hours) + HOUR)
    path = platform.raw.piece_path(INSIGHT_BANDWIDTH, span, "aa:p")
    write_parquet(pl.DataFrame(rows, schema=INSIGHT_BANDWIDTH.schema), path)
    platform.raw.merge_series(INSIGHT_BANDWIDTH, span)


def test_hours_whose_evidence_is_partly_gone_are_not_computed_again(platform: Platform) -> None:
    first_live, first_history = RAW + LIVE_EVENT_REACH, RAW + EVENT_REACH
    for hour in (RAW - HOUR, RAW, first_live - HOUR, first_live):
        slot(platform, hour)
    bins(platform, first_history - HOUR, first_history)
    assert observed_hours(platform) == {
        RAW - HOUR, RAW, first_live - HOUR, first_live, first_history - HOUR, first_history,
    }  # fmt: skip
    for hour in (RAW - HOUR, first_live):
        HOURLY.begin(platform, "run", hour, hour + HOUR)
    platform.kpi.confirm_pending("run")
    assert lost_hours(platform) == [RAW, first_live - HOUR]
    retain_raw(platform)
    assert observed_hours(platform) == {first_live, first_history}
    assert HOURLY.stale(platform) == [first_history]
    assert platform.kpi.stamp("hourly", hour_label(first_live)) is not None
    assert platform.kpi.stamp("hourly", hour_label(RAW - HOUR)) is None


def test_an_hour_that_has_figures_keeps_them_when_events_that_told_them_may_be_gone(
    platform: Platform,
) -> None:
    first_whole = RAW + ANSWER_REACH
    for hour in (first_whole - HOUR, first_whole, first_whole + HOUR):
        slot(platform, hour)
    retain_raw(platform)
    assert observed_hours(platform) == {first_whole - HOUR, first_whole, first_whole + HOUR}
    for hour in (first_whole - HOUR, first_whole):
        platform.kpi.write(FACT_CIRCUIT_HOUR.name, FACT_CIRCUIT_HOUR.empty(), hour_label(hour))
    assert observed_hours(platform) == {first_whole, first_whole + HOUR}


def test_windows_and_periods_that_reach_behind_the_horizon_keep_their_figures(platform: Platform) -> None:
    for n in range(-2, 40):
        platform.kpi.write(FACT_CIRCUIT_HOUR.name, FACT_CIRCUIT_HOUR.empty(), hour_label(FACTS + n * HOUR))
    monday, december = FACTS, datetime(2023, 12, 1, tzinfo=UTC)
    assert december in PERIOD_STAGES["month"].stale(platform)
    (deleted,) = retain_facts(platform)
    assert (deleted.name, deleted.files) == ("kpi/fact_circuit_hour", 2)
    assert list(WINDOWS.candidates(platform)) == [FACTS + n * HOUR for n in range(23, 40)]
    assert PERIOD_STAGES["month"].stale(platform) == [FACTS]
    assert PERIOD_STAGES["week"].stale(platform) == [monday]
    assert PERIOD_STAGES["day"].stale(platform) == [FACTS, FACTS + timedelta(days=1)]
