"""Site hours: who carried the traffic, minutes cut off, room on the backup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR, FACT_SITE_HOUR
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.site_hours import site_hours

HOUR = datetime(2025, 1, 2, 10, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
PIECE = {"circuit_id": pl.String, "kind": pl.String, "start": INSTANT, "end": INSTANT, "hour_utc": INSTANT}
SIGHTING = {"circuit_id": pl.String, "active": pl.Boolean, "is_event": pl.Boolean, "hour_utc": INSTANT}
STATUS = {"circuit_id": pl.String, "hour_utc": INSTANT, "disabled_minutes": pl.Float64}
BANDWIDTH = {"circuit_id": pl.String, "hour_utc": INSTANT, "bandwidth_down_mbps": pl.Float64,
             "bandwidth_up_mbps": pl.Float64, "bandwidth_source": pl.String}  # fmt: skip
MEGABIT_HOUR = 1e6 / 8 * 3600
"""Bytes of one Mbps over an hour."""


def circuit(name: str, role: str | None = "secondary", **more: Any) -> dict[str, Any]:
    return {
        "site_id": "s", "circuit_id": name, "hour_utc": HOUR, "region": "North", "role": role,
        "up_minutes": 60.0, "down_minutes": 0.0, "unknown_minutes": 0.0, "coverage_pct": 100.0,
        "rx_bytes": 10 * MEGABIT_HOUR, "tx_bytes": 1 * MEGABIT_HOUR, **more,
    }  # fmt: skip


PRIMARY = circuit("p", "primary", utilization_pct=50.0)
BACKUP = circuit("q", utilization_pct=20.0)
PLAN = {"p": (100.0, 20.0, "file"), "q": (50.0, 10.0, "file")}


def run(
    circuits: list[dict[str, Any]],
    pieces: list[tuple[str, str, float, float]] = [],  # noqa: B006
    sightings: list[tuple[str, bool]] = [],  # noqa: B006
    disabled: dict[str, float] | None = None,
    plan: dict[str, tuple] = PLAN,
    unobserved: tuple[str, ...] = (),
) -> dict[str, Any]:
    cut = [(c, k, HOUR + timedelta(minutes=a), HOUR + timedelta(minutes=b), HOUR) for c, k, a, b in pieces]
    names = [c["circuit_id"] for c in circuits]
    found = site_hours(
        pl.LazyFrame(circuits, schema=FACT_CIRCUIT_HOUR.schema),
        pl.LazyFrame([(c, HOUR, *p) for c, p in plan.items()], schema=BANDWIDTH, orient="row"),
        pl.LazyFrame([(c, HOUR, (disabled or {}).get(c, 0.0)) for c in names if c not in unobserved],
                     schema=STATUS, orient="row"),
        pl.LazyFrame(cut, schema=PIECE, orient="row"),
        pl.LazyFrame([(c, a, False, HOUR) for c, a in sightings], schema=SIGHTING, orient="row"),
    )  # fmt: skip
    assert violations(found, FACT_SITE_HOUR) == {}
    (row,) = found.collect().to_dicts()
    return row


def active(*args: Any, **kwargs: Any) -> tuple:
    row = run(*args, **kwargs)
    return row["active_circuit_id"], row["active_evidence"], row["utilization_pct"]


def minutes(*args: Any, **kwargs: Any) -> tuple[float, float, float]:
    row = run(*args, **kwargs)
    return row["site_up_minutes"], row["site_outage_minutes"], row["site_unknown_minutes"]


def test_the_circuit_seen_active_most_often_carried_the_hour_and_the_primary_keeps_its_own_figures():
    sightings = [("p", True)] * 4 + [("q", True)] * 8 + [("p", False)] * 8
    row = run([PRIMARY, BACKUP], sightings=sightings)
    assert (row["active_circuit_id"], row["active_evidence"], row["utilization_pct"]) == ("q", "seen", 20)
    assert (row["primary_circuit_id"], row["primary_utilization_pct"], row["circuit_count"]) == ("p", 50, 2)


def test_without_traffic_away_the_circuit_that_says_so_of_itself_is_active_the_primary_first():
    said = [{**PRIMARY, "active_state": True}, {**BACKUP, "active_state": True, "rx_bytes": 1e12}]
    assert active(said) == ("p", "seen", 50)
    assert active([{**PRIMARY, "active_state": False}, {**BACKUP, "active_state": True}]) == ("q", "seen", 20)
    assert active([{**PRIMARY, "active_state": False}, BACKUP]) == (None, None, None)


def test_where_nobody_says_anything_the_primary_is_inferred_while_it_was_up_for_most_of_the_hour():
    assert active([PRIMARY, BACKUP]) == ("p", "inferred", 50)
    lost = {**PRIMARY, "up_minutes": 10.0, "down_minutes": 50.0}
    assert active([lost, BACKUP]) == ("q", "inferred", 20)
    unreachable = {**PRIMARY, "reachable_minutes": 10.0}
    assert active([unreachable, BACKUP], [("p", "reachability", 0, 50)]) == ("q", "inferred", 20)
    dark = {**PRIMARY, "up_minutes": 0.0, "unknown_minutes": 60.0}
    assert active([dark, BACKUP]) == (None, None, None)
    assert active([{**PRIMARY, "up_minutes": 30.0, "down_minutes": 30.0}, BACKUP]) == (None, None, None)
    assert active([circuit("q"), circuit("r")]) == (None, None, None)


def test_a_site_is_cut_off_while_all_its_circuits_are_down_or_unreachable():
    pieces = [("p", "link", 10, 30), ("q", "reachability", 20, 45)]
    assert minutes([PRIMARY, BACKUP], pieces) == (50, 10, 0)
    assert minutes([PRIMARY, BACKUP], [*pieces, ("q", "unknown", 10, 20)]) == (40, 10, 10)
    assert minutes([PRIMARY], [("p", "link", 0, 60)]) == (0, 60, 0)


def test_an_hour_without_evidence_is_neither_up_nor_cut_off():
    down = [("p", "link", 0, 60)]
    assert minutes([PRIMARY, BACKUP], down, unobserved=("q",)) == (0, 0, 60)
    assert minutes([PRIMARY, BACKUP], unobserved=("q",)) == (60, 0, 0)
    assert minutes([PRIMARY, BACKUP], down, disabled={"q": 20.0}) == (0, 0, 60)


KINDS = (None, "link", "reachability", "unknown")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(KINDS), min_size=6, max_size=6), min_size=1, max_size=4))
def test_site_minutes_against_ten_minute_cells_looked_at_one_by_one(states: list[list[str | None]]):
    circuits = [circuit(f"c{i}", "primary" if i == 0 else "secondary") for i in range(len(states))]
    pieces = [
        (f"c{i}", kind, 10.0 * n, 10.0 * n + 10)
        for i, cells in enumerate(states)
        for n, kind in enumerate(cells)
        if kind
    ]
    cells = list(zip(*states, strict=True))
    up = sum(None in cell for cell in cells)
    out = sum(all(k in ("link", "reachability") for k in cell) for cell in cells)
    assert minutes(circuits, pieces) == pytest.approx((10 * up, 10 * out, 60 - 10 * up - 10 * out))


def readiness(circuits: list[dict[str, Any]], **kwargs: Any) -> tuple:
    row = run(circuits, **kwargs)
    return row["backup_circuit_id"], row["backup_load_pct"], row["backup_can_carry"]


def test_a_backup_has_room_when_its_own_and_the_primarys_traffic_fit_in_both_directions():
    # Down: 10 + 10 of 50 Mbps = 40 %. Up: 1 + 1 of 10 Mbps = 20 %.
    assert readiness([PRIMARY, BACKUP]) == ("q", pytest.approx(40), True)
    # Up: 8 + 1 of 10 Mbps = 90 %; 9 + 1 of 10 Mbps is the whole capacity, and that is too much.
    assert readiness([{**PRIMARY, "tx_bytes": 8 * MEGABIT_HOUR}, BACKUP]) == ("q", pytest.approx(90), True)
    assert readiness([{**PRIMARY, "tx_bytes": 9 * MEGABIT_HOUR}, BACKUP]) == ("q", pytest.approx(100), False)


def test_rates_are_over_the_covered_seconds_and_thin_coverage_tells_nothing():
    half = {**PRIMARY, "coverage_pct": 50.0}
    assert readiness([half, BACKUP])[1] == pytest.approx(60)
    assert readiness([{**PRIMARY, "coverage_pct": 49.0}, BACKUP]) == (None, None, None)


def test_without_traffic_or_bandwidth_nothing_is_known_of_the_room():
    assert readiness([{**PRIMARY, "rx_bytes": None}, BACKUP]) == (None, None, None)
    assert readiness([PRIMARY, BACKUP], plan={"p": PLAN["p"], "q": (None, None, None)}) == (None, None, None)
    assert readiness([PRIMARY]) == (None, None, None)
    assert readiness([BACKUP]) == (None, None, None)


def test_one_backup_with_room_is_enough_and_none_only_when_each_is_known_to_lack_it():
    plan = {**PLAN, "r": (15.0, 10.0, "link"), "u": (None, None, None)}
    full, unknown = circuit("r"), circuit("u")
    assert readiness([PRIMARY, BACKUP, full], plan=plan) == ("q", pytest.approx(40), True)
    row = run([PRIMARY, full], plan=plan)
    assert (row["backup_can_carry"], row["backup_bandwidth_source"]) == (False, "link")
    assert readiness([PRIMARY, full, unknown], plan=plan) == ("r", pytest.approx(2000 / 15), None)


def test_a_backup_down_or_unreachable_for_half_of_the_hour_has_no_room():
    down = {**BACKUP, "up_minutes": 30.0, "down_minutes": 30.0}
    assert readiness([PRIMARY, down]) == (None, None, False)
    partly = {**BACKUP, "up_minutes": 50.0, "down_minutes": 10.0, "reachable_minutes": 30.0}
    assert readiness([PRIMARY, partly], pieces=[("q", "reachability", 10, 30)]) == (None, None, False)
    assert readiness([PRIMARY, partly], pieces=[("q", "reachability", 10, 29)])[2] is True


def test_time_in_which_nobody_could_say_whether_the_provider_answered_moves_no_traffic():
    # The primary answered in the last ten minutes; before, nothing asked. That is no reason to name the backup.
    unasked = {**PRIMARY, "reachable_minutes": 10.0}
    answered = {**BACKUP, "reachable_minutes": 60.0}
    assert active([unasked, answered]) == (None, None, None)
    assert active([unasked, answered], [("p", "reachability", 0, 50)])[:2] == ("q", "inferred")
