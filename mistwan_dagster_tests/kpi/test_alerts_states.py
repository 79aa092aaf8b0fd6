"""Breaches of states by the minute: from cells to stretches to readings, hand-worked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.alerts_file import AlertRule
from mistwan_dagster.kpi.alerts_hours import READING
from mistwan_dagster.kpi.alerts_states import (
    current_stretches,
    lasting_outages,
    state_readings,
    that_worked,
)
from mistwan_dagster.kpi.status import state_cells
from mistwan_dagster_tests.kpi import test_status as told

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = AlertRule(
    "outage",
    ("down", "unreachable", "offline"),
    {"high": 15 * MINUTE, "critical": 60 * MINUTE},
    10 * MINUTE,
)
UP, DOWN, SILENT = {"link": True, "reach": True}, {"link": False}, {"link": True, "reach": False}
GONE, OFF, UNKNOWN = {"gone": True}, {"link": False, "disabled": True}, {}
CELL = {
    "circuit_id": pl.String,
    "start": INSTANT,
    "end": INSTANT,
    **dict.fromkeys(("link", "reach", "disabled", "gone"), pl.Boolean),
}


def cells(*states: tuple[int, dict[str, Any]]) -> pl.LazyFrame:
    """(minutes, state) one after the other, the last one ends at noon."""
    rows, end = [], NOON
    for minutes, state in reversed(states):
        rows.append({"circuit_id": "a", "start": end - minutes * MINUTE, "end": end, **state})
        end -= minutes * MINUTE
    return pl.LazyFrame(rows[::-1], schema=CELL)


def now(*states: tuple[int, dict[str, Any]], later: int = 0) -> dict[str, tuple[bool, float]]:
    """signal -> (bad, minutes that it lasts)."""
    found = current_stretches(cells(*states), NOON + later * MINUTE)
    return {r["signal"]: (r["bad"], (r["end"] - r["start"]) / MINUTE) for r in found.to_dicts()}


def test_each_signal_has_a_state_of_its_own() -> None:
    assert now((60, UP)) == {"down": (False, 60), "unreachable": (False, 60), "offline": (False, 60)}
    assert now((30, UP), (20, DOWN)) == {"down": (True, 20), "offline": (False, 50)}
    assert now((30, UP), (20, SILENT)) == {
        "down": (False, 50),
        "unreachable": (True, 20),
        "offline": (False, 50),
    }
    assert now((30, UP), (20, GONE)) == {"offline": (True, 20)}
    assert now((30, DOWN), (20, OFF)) == {
        "down": (False, 20),
        "unreachable": (False, 20),
        "offline": (False, 50),
    }


def test_unknown_time_ends_a_stretch_and_what_is_known_counts_for_fifteen_minutes() -> None:
    assert now((30, DOWN), (5, UNKNOWN), (20, DOWN))["down"] == (True, 20)
    assert now((30, DOWN), (15, UNKNOWN))["down"] == (True, 30)
    assert now((30, DOWN), (16, UNKNOWN)) == {}
    assert now((30, DOWN), later=15)["down"] == (True, 30)
    assert now((30, DOWN), later=16) == {}


def test_reach_that_is_not_known_is_not_good() -> None:
    assert now((30, SILENT), (16, {"link": True})) == {"down": (False, 46), "offline": (False, 46)}


def readings(*states: tuple[int, dict[str, Any]]) -> dict[str, tuple[str | None, bool]]:
    frame = state_readings(current_stretches(cells(*states), NOON), [RULE])
    assert frame.schema == pl.Schema(READING)
    return {r["signal"]: (r["severity"], r["recovered"]) for r in frame.to_dicts()}


@pytest.mark.parametrize(
    ("minutes", "severity"), [(14, None), (15, "high"), (59, "high"), (60, "critical"), (90, "critical")]
)
def test_down_for_so_long_is_that_severe(minutes: int, severity: str | None) -> None:
    assert readings((30, UP), (minutes, DOWN))["down"] == (severity, False)


def test_it_is_over_when_it_was_good_for_long_enough() -> None:
    assert readings((30, DOWN), (9, UP))["down"] == (None, False)
    assert readings((30, DOWN), (10, UP))["down"] == (None, True)
    assert readings((30, DOWN), (9, UP), (5, UNKNOWN), (9, UP))["down"] == (None, False)


def hours(circuit: str, back: int, **minutes: float) -> pl.LazyFrame:
    """A computed hour that began so many hours before noon."""
    row = {"site_id": "s", "circuit_id": circuit, "hour_utc": NOON - timedelta(hours=back), **minutes}
    return pl.LazyFrame([row], schema=FACT_CIRCUIT_HOUR.schema)


def test_a_line_that_was_not_seen_to_work_for_a_week_alerts_nobody() -> None:
    def left(stretches: pl.DataFrame, facts: pl.LazyFrame) -> list[str]:
        return sorted(that_worked(stretches, facts)["signal"])

    never = current_stretches(cells((60, DOWN)), NOON)
    both = ["down", "offline"]
    assert left(never, hours("a", 100, up_minutes=0.0)) == ["offline"]
    assert left(never, hours("b", 3, up_minutes=60.0)) == ["offline"]
    assert left(never, hours("a", 3, up_minutes=1.0)) == both
    assert left(never, hours("a", 7 * 24 + 1, up_minutes=60.0)) == both
    assert left(never, hours("a", 7 * 24 + 2, up_minutes=60.0)) == ["offline"]
    seen_up = current_stretches(cells((10, UP), (60, DOWN)), NOON)
    assert left(seen_up, hours("a", 3, up_minutes=0.0)) == both
    silent = current_stretches(cells((60, SILENT)), NOON)
    assert left(silent, hours("a", 3, up_minutes=60.0)) == both
    assert left(silent, hours("a", 3, reachable_minutes=60.0)) == ["down", "offline", "unreachable"]


def test_the_begin_and_the_minutes_of_a_breach_are_told() -> None:
    frame = state_readings(current_stretches(cells((30, UP), (20, DOWN)), NOON), [RULE])
    (row,) = frame.filter(signal="down").to_dicts()
    assert (row["since_utc"], row["value"]) == (NOON - 20 * MINUTE, 20)


def test_a_gateway_offline_counts_as_an_outage_of_its_circuits() -> None:
    stretches = current_stretches(cells((30, UP), (20, GONE)), NOON)
    (row,) = lasting_outages(stretches).collect().to_dicts()
    assert (row["circuit_id"], row["kind"], row["start_utc"], row["end_utc"]) == (
        "a",
        "link",
        NOON - 20 * MINUTE,
        None,
    )


def from_slots(ports: list[dict], events: list[dict], devices: list[dict], until: str) -> dict[str, Any]:
    span = (f"{told.at(until) - timedelta(hours=1):%H:%M}", until)
    found = current_stretches(state_cells(*told.evidence(ports, events, [], devices, span)), told.at(until))
    mine = found.filter(pl.col("circuit_id") == told.CIRCUIT)
    return {
        r["signal"]: (r["bad"], f"{r['start']:%H:%M:%S}", f"{r['end']:%H:%M:%S}") for r in mine.to_dicts()
    }


def test_slots_and_events_tell_the_minute_in_which_a_link_went_down() -> None:
    ports = [told.port(c, up=c <= "10:10") for c in told.slots("09:30", "10:30")]
    devices = [told.device(c) for c in told.slots("09:30", "10:30")]
    events = [told.event("10:12:30", "GW_PORT_DOWN")]
    found = from_slots(ports, events, devices, "10:33")
    assert found["down"] == (True, "10:12:30", "10:30:00")
    assert found["offline"] == (False, "09:33:00", "10:30:00")


def test_a_gateway_that_the_cloud_lost_is_offline_and_its_links_are_unknown() -> None:
    ports = [told.port(c) for c in told.slots("09:30", "10:10")]
    devices = [told.device(c) for c in told.slots("09:30", "10:10")]
    devices += [told.device(c, connected=False, seen="10:11") for c in told.slots("10:15", "10:30")]
    found = from_slots(ports, [told.event("10:12", "GW_DISCONNECTED")], devices, "10:33")
    assert found["offline"][0] is True
    assert found["offline"][2] == "10:30:00"
    assert "down" not in found
