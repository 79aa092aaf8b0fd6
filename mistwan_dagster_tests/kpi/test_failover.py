"""Failovers: who took over, when, and who certainly did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    FACT_CIRCUIT_HOUR,
    FACT_CIRCUIT_OUTAGE,
    FACT_FAILOVER,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.failover import failovers
from mistwan_dagster.kpi.sightings import SCHEMA

DAY = datetime(2025, 1, 2, tzinfo=UTC)
UNTIL = DAY + timedelta(hours=13)


def at(clock: str) -> datetime:
    hours, minutes, seconds = ([int(p) for p in clock.split(":")] + [0])[:3]
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def outage(start: str, end: str | None, circuit: str = "p", kind: str = "link") -> dict[str, Any]:
    return {"site_id": "s", "circuit_id": circuit, "start_utc": at(start),
            "end_utc": at(end) if end else None, "kind": kind, "evidence": "event"}  # fmt: skip


def fact(circuit: str, number: int, unknown: float = 0.0, **more: Any) -> dict[str, Any]:
    return {"site_id": "s", "circuit_id": circuit, "hour_utc": DAY + timedelta(hours=number),
            "unknown_minutes": unknown, "rx_bytes": 10.0, "tx_bytes": 1.0, **more}  # fmt: skip


def run(
    outages: list[dict],
    hours: list[dict] | None = None,
    active: list[tuple[str, str, bool | None]] | None = None,
    roles: dict[str, str | None] | None = None,
    events: Sequence[tuple[str, str, bool]] = (),
    samples: pl.LazyFrame | None = None,
) -> list[dict[str, Any]]:
    roles = roles or {"p": "primary", "q": "secondary", "r": "secondary"}
    circuits = [
        {"circuit_id": c, "site_id": "s", "device_mac": "m", "port_id": c, "role": role, "valid_from": DAY}
        for c, role in roles.items()
    ]
    if hours is None:
        hours = [fact("q", n) for n in range(13)]
    told = [(c, at(t), a, False) for c, t, a in active or []] + [(c, at(t), a, True) for c, t, a in events]
    found = failovers(
        pl.LazyFrame(outages, schema=FACT_CIRCUIT_OUTAGE.schema),
        pl.LazyFrame(hours, schema=FACT_CIRCUIT_HOUR.schema),
        pl.LazyFrame(circuits, schema=DIM_CIRCUIT.schema),
        UNTIL,
        None if active is None and not events else pl.LazyFrame(told, schema=SCHEMA, orient="row"),
        samples,
    )
    assert violations(found, FACT_FAILOVER) == {}
    return found.collect().to_dicts()


def episodes(rows: list[dict[str, Any]]) -> list[tuple]:
    return [
        (
            f"{r['start_utc']:%H:%M:%S}",
            r["end_utc"] and f"{r['end_utc']:%H:%M:%S}",
            r["to_circuit_id"],
            r["cause"],
        )
        for r in rows
    ]


def test_a_primary_down_while_the_backup_is_up_is_a_failover():
    (row,) = run([outage("10:10", "10:40")])
    assert episodes([row]) == [("10:10:00", "10:40:00", "q", "link_down")]
    assert (row["site_id"], row["from_circuit_id"], row["duration_minutes"]) == ("s", "p", 30)


def test_an_unreachable_primary_is_one_too_and_outages_that_touch_are_one_episode():
    assert episodes(run([outage("10:10", "10:40", kind="reachability")])) == [
        ("10:10:00", "10:40:00", "q", "unreachable")
    ]
    assert episodes(run([outage("10:10", "10:40"), outage("10:40", "10:50", kind="reachability")])) == [
        ("10:10:00", "10:50:00", "q", "link_down")
    ]


def test_both_down_is_an_outage_not_a_failover():
    assert run([outage("10:10", "10:40"), outage("10:05", "10:45", "q")]) == []
    assert run([outage("10:10", "10:40"), outage("10:05", "10:45", "q", "reachability")]) == []
    # Up for the last ten minutes of it.
    assert len(run([outage("10:10", "10:40"), outage("10:05", "10:30", "q")])) == 1


def test_an_unobserved_backup_proves_nothing():
    assert run([outage("10:10", "10:40")], []) == []
    assert run([outage("10:10", "10:40")], [fact("q", 10, unknown=60)]) == []
    # Its 30 unknown minutes may be just these 30; with 29 one of them was up.
    assert run([outage("10:10", "10:40")], [fact("q", 10, unknown=30)]) == []
    assert len(run([outage("10:10", "10:40")], [fact("q", 10, unknown=29)])) == 1
    assert run([outage("10:10", "10:40")], [fact("q", 10, unknown=None)]) == []


def test_a_failover_that_lasts_has_no_end():
    (row,) = run([outage("12:10", None)])
    assert (row["end_utc"], row["duration_minutes"], row["to_circuit_id"]) == (None, None, "q")


def test_outages_of_secondaries_and_of_circuits_of_unknown_role_are_no_failovers():
    assert run([outage("10:10", "10:40", "q")], [fact("p", 10)]) == []
    assert run([outage("10:10", "10:40")], roles={"p": None, "q": None}) == []


def test_without_sightings_the_backup_with_most_bytes_took_over():
    hours = [fact("q", 10, rx_bytes=5.0), fact("r", 10, rx_bytes=None, tx_bytes=700.0)]
    assert run([outage("10:10", "10:40")], hours)[0]["to_circuit_id"] == "r"


def test_the_circuit_seen_active_took_over_even_if_it_carried_less_and_its_hour_proves_nothing():
    hours = [fact("q", 10, unknown=50), fact("r", 10, rx_bytes=1e9)]
    active = [("p", "10:15", False), ("q", "10:15:02", True), ("p", "10:20", False), ("q", "10:20:02", True)]
    assert run([outage("10:10", "10:40")], hours, active)[0]["to_circuit_id"] == "q"


def sightings(first: str, last: str, carrier: str) -> list[tuple[str, str, bool | None]]:
    rows: list[tuple[str, str, bool | None]] = []
    t = at(first)
    while t <= at(last):
        for offset, circuit in enumerate(("p", "q")):
            rows.append((circuit, f"{t + timedelta(seconds=offset):%H:%M:%S}", circuit == carrier))
        t += timedelta(minutes=5)
    return rows


def test_a_primary_that_is_up_but_steered_away_from():
    active = (
        sightings("09:00", "10:00", "p") + sightings("10:05", "10:30", "q") + sightings("10:35", "11:00", "p")
    )
    (row,) = run([], active=active)
    assert episodes([row]) == [("10:02:30", "10:32:30", "q", "steered")]
    assert row["duration_minutes"] == 30


def test_sightings_around_an_outage_make_no_steering_of_their_own():
    active = (
        sightings("09:00", "10:00", "p") + sightings("10:05", "10:05", "q") + sightings("10:10", "11:00", "p")
    )
    assert episodes(run([outage("10:04", "10:06")], active=active)) == [
        ("10:04:00", "10:06:00", "q", "link_down")
    ]


def test_traffic_that_stays_on_the_backup_prolongs_the_failover():
    active = (
        sightings("09:00", "10:00", "p") + sightings("10:05", "10:20", "q") + sightings("10:25", "11:00", "p")
    )
    assert episodes(run([outage("10:04", "10:06")], active=active)) == [
        ("10:04:00", "10:22:30", "q", "link_down")
    ]


def test_steering_that_began_long_before_an_outage_keeps_its_begin():
    active = (
        sightings("09:00", "09:30", "p") + sightings("09:35", "10:30", "q") + sightings("10:35", "11:00", "p")
    )
    assert episodes(run([outage("10:04", "10:06")], active=active)) == [
        ("09:32:30", "10:32:30", "q", "steered")
    ]


def test_two_active_circuits_or_a_silent_one_are_no_steering():
    both = [(c, t, True) for _, t, _ in sightings("09:00", "10:00", "p") for c in "pq"]
    assert run([], active=both) == []
    silent: list[tuple[str, str, bool | None]] = [
        ("p", "10:00", False),
        ("q", "10:00", None),
        ("p", "10:05", False),
    ]
    assert run([], active=silent) == []


def test_switch_overs_of_a_cluster_tell_the_edges_to_the_millisecond():
    away = [("p", "10:01:07", False), ("q", "10:01:07", True)]
    back = [("p", "11:40:31", True), ("q", "11:40:31", False)]
    (row,) = run([], events=away + back)
    assert episodes([row]) == [("10:01:07", "11:40:31", "q", "steered")]
    seen = (
        sightings("09:00", "10:00", "p") + sightings("10:05", "11:40", "q") + sightings("11:45", "12:00", "p")
    )
    assert episodes(run([], active=seen, events=away + back)) == [("10:01:07", "11:40:31", "q", "steered")]


def test_nothing_in_gives_an_empty_table():
    assert run([], []) == []
    assert run([], [], []) == []
