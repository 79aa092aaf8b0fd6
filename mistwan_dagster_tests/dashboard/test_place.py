from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import hours_column, run_hours_column
from mistwan_dagster.dashboard.data import place
from mistwan_dagster.kpi.thresholds import Override, Thresholds, load_thresholds
from mistwan_dagster_tests.dashboard.made import LAST, NEWEST, circuit, hour, published, site

HOUR = timedelta(hours=1)
START = NEWEST - 6 * HOUR


def hours_of(folder: Path, values: list[float | None]) -> pl.DataFrame:
    """Hours from START on; None leaves the hour without a row."""
    rows = [
        hour("a:1", "1", START + i * HOUR, utilization_pct=v) for i, v in enumerate(values) if v is not None
    ]
    return place.circuit_hours(published(folder, {"fact_circuit_hour": rows}), "a:1", START, NEWEST)


def test_a_range_counts_hours_on_the_threshold_and_a_missing_hour_ends_a_run(tmp_path: Path) -> None:
    hours = hours_of(tmp_path, [70.0, 95.0, None, 70.0, 69.9, 80.0])
    found = place.range_figures(hours, load_thresholds(None), "North", None, START)
    told = {k: found[k] for k in (hours_column("utilization", "warning"), run_hours_column("utilization", "warning"),
                                  hours_column("utilization", "critical"), "observed_hours")}  # fmt: skip
    assert list(told.values()) == [4, 2, 1, 5]
    assert found["utilization_avg_pct"] == pytest.approx((70 + 95 + 70 + 69.9 + 80) / 5)
    assert found["availability_pct"] == 100.0
    assert found[hours_column("loss", "warning")] is None


def test_the_thresholds_of_the_region_are_in_force_from_their_day(tmp_path: Path) -> None:
    override = Override(date(2025, 3, 10), {"utilization": (50.0, None, None)})
    thresholds = Thresholds(load_thresholds(None).default, {"West": (override,)}, {})
    hours = hours_of(tmp_path, [55.0, 55.0, 55.0])
    key = hours_column("utilization", "warning")
    assert place.range_figures(hours, thresholds, "West", None, START)[key] == 3
    assert place.range_figures(hours, thresholds, "North", None, START)[key] == 0
    assert place.levels_in_force(thresholds, "West", None, NEWEST)["utilization"] == {
        "warning": 50.0, "high": 80.0, "critical": 90.0
    }  # fmt: skip
    before = datetime(2025, 3, 9, 12)
    assert place.levels_in_force(thresholds, "West", None, before)["utilization"]["warning"] == 70.0


def test_no_hour_has_no_figures(tmp_path: Path) -> None:
    assert place.range_figures(hours_of(tmp_path, []), load_thresholds(None), None, None, START) == {}
    assert place.pooled_days(pl.DataFrame()) == {}


def test_days_are_pooled_by_their_hours_and_minutes(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"up_minutes": 600.0, "down_minutes": 0.0, "utilization_avg_pct": 10.0, "observed_hours": 10,
         "utilization_warning_hours": 1, "utilization_warning_run_hours": 1, "utilization_max_pct": 80.0},
        {"up_minutes": 100.0, "down_minutes": 100.0, "utilization_avg_pct": 40.0, "observed_hours": 20,
         "utilization_warning_hours": 5, "utilization_warning_run_hours": 4, "utilization_max_pct": None},
        {"unknown_minutes": 1440.0, "observed_hours": 0},
    ]  # fmt: skip
    key = {"site_id": "1", "circuit_id": "a:1", "period": "day"}
    days = [{**key, "period_start_utc": datetime(2025, 3, 1 + i), **row} for i, row in enumerate(rows)]
    data = published(tmp_path, {"agg_circuit_period": days})
    found = place.pooled_days(place.circuit_days(data, "a:1", datetime(2025, 3, 1), datetime(2025, 4, 1)))
    assert found["utilization_avg_pct"] == pytest.approx((100 + 800) / 30)
    assert found["availability_pct"] == pytest.approx(100 * 700 / 800)
    assert (found["utilization_warning_hours"], found["utilization_warning_run_hours"]) == (6, 4)
    assert (found["utilization_max_pct"], found["unknown_minutes"], found["flap_count"]) == (
        80.0,
        1440.0,
        None,
    )


@given(st.sets(st.integers(0, 30)), st.integers(0, 30), st.integers(1, 12))
def test_gapless_has_every_step_once_and_null_where_nothing_was(
    known: set[int], first: int, count: int
) -> None:
    start = NEWEST + first * HOUR
    frame = pl.DataFrame(
        {"hour_utc": [NEWEST + i * HOUR for i in sorted(known)], "v": [float(i) for i in sorted(known)]},
        schema={"hour_utc": pl.Datetime("us"), "v": pl.Float64},
    )
    expected = [(start + i * HOUR, float(first + i) if first + i in known else None) for i in range(count)]
    assert place.gapless(frame, "hour_utc", start, start + count * HOUR, "1h").rows() == expected


def test_the_history_of_a_site_holds_what_touches_the_range(tmp_path: Path) -> None:
    outage = {"site_id": "1", "circuit_id": "a:1", "kind": "link", "evidence": "event"}
    tables: dict[str, list[dict[str, Any]]] = {
        "fact_circuit_outage": [
            {**outage, "start_utc": START - 9 * HOUR, "end_utc": START - 8 * HOUR},
            {**outage, "start_utc": START - 2 * HOUR, "end_utc": START + HOUR},
            {**outage, "start_utc": LAST, "end_utc": None},
            {**outage, "site_id": "2", "start_utc": LAST, "end_utc": None},
        ],
        "fact_failover": [
            {"site_id": "1", "start_utc": LAST - HOUR, "end_utc": LAST, "from_circuit_id": "a:1",
             "to_circuit_id": "a:2", "cause": None},
        ],
        "fact_device_event": [
            {"site_id": "1", "device_mac": "a", "event_type": "GW_PORT_DOWN", "locator": "1", "hour_utc": t,
             "event_utc": t + timedelta(minutes=5)}
            for t in (START - HOUR, START)
        ],
    }  # fmt: skip
    data = published(tmp_path, tables)
    assert place.site_failovers(data, "1", START, NEWEST).select("start_utc", "cause").rows() == [
        (LAST - HOUR, None)
    ]
    assert place.site_failovers(data, "1", START, LAST - HOUR).is_empty()
    found = place.site_history(data, "1", START, NEWEST)
    assert found.select("kind", "what", "until_utc").rows() == [
        ("outage", "link", None),
        ("event", "GW_PORT_DOWN", None),
        ("outage", "link", START + HOUR),
    ]


def test_search_finds_parts_of_names_and_takes_wildcards_as_they_are(tmp_path: Path) -> None:
    from mistwan_dagster.dashboard.data.search import search

    tables = {
        "dim_site": [site("1", site_name="Corner 100% Shop"), site("2", site_name="Harbour")],
        "dim_circuit": [circuit("a:ge-0/0/0", "1"), circuit("b:ge-0/0/1", "2", provider="Fibre_Net")],
    }
    data = published(tmp_path, tables)
    assert search(data, "corner").select("kind", "id").rows() == [("site", "1"), ("circuit", "a:ge-0/0/0")]
    assert search(data, "0%")["id"].to_list() == ["1", "a:ge-0/0/0"]
    assert search(data, "%")["kind"].to_list() == ["site", "circuit"]
    assert search(data, "e_n")["id"].to_list() == ["b:ge-0/0/1"]
    assert search(data, "GE-0/0/1")["id"].to_list() == ["b:ge-0/0/1"]
    assert search(data, "  ").is_empty()
    assert search(data, "' OR 1=1 --").is_empty()
