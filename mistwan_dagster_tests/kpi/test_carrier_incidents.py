"""Carrier incidents: together or by chance, at many stores or at one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR, FACT_CIRCUIT_OUTAGE, RPT_CARRIER_INCIDENT
from mistwan_dagster.kpi.areas import AREA_SCHEMA
from mistwan_dagster.kpi.carrier_incidents import IncidentRule, carrier_incidents
from mistwan_dagster.kpi.contract import violations

DAY = datetime(2025, 1, 1, tzinfo=UTC)
UNTIL = 6000
"""Minutes after DAY up to which everything is observed."""
RULE = IncidentRule(3, 30.0)


def at(minute: float) -> datetime:
    return DAY + timedelta(minutes=minute)


def outage(circuit: str, start: float, end: float | None, kind: str = "link") -> dict[str, Any]:
    return {"site_id": circuit[0], "circuit_id": circuit, "kind": kind, "evidence": "event",
            "start_utc": at(start), "end_utc": None if end is None else at(end)}  # fmt: skip


def fact(circuit: str, hour: int, severity: str | None = None, up: float = 60.0) -> dict[str, Any]:
    return {"site_id": circuit[0], "circuit_id": circuit, "hour_utc": at(60 * hour), "latency_severity": severity,
            "up_minutes": up, "down_minutes": 0.0}  # fmt: skip


def run(
    outages: list[dict],
    hours: list[dict] | None = None,
    circuits: str = "a1 b1 c1 d1",
    rule: IncidentRule = RULE,
) -> list[dict[str, Any]]:
    worked = [fact(c, hour) for c in circuits.split() if c != "z1" for hour in (-1, 40, 80)]
    areas = [
        {"circuit_id": c, "site_id": c[0], "provider": "Acme", "area": "North"} for c in circuits.split()
    ]
    found = carrier_incidents(
        pl.LazyFrame(outages, schema=FACT_CIRCUIT_OUTAGE.schema),
        pl.LazyFrame([*worked, *(hours or [])], schema=FACT_CIRCUIT_HOUR.schema),
        pl.DataFrame(areas, schema=AREA_SCHEMA),
        rule,
        at(UNTIL),
    )
    assert violations(found, RPT_CARRIER_INCIDENT) == {}
    return found.collect().to_dicts()


def spans(rows: list[dict[str, Any]]) -> list[tuple]:
    def minute(t: datetime | None) -> float | None:
        return None if t is None else (t - DAY).total_seconds() / 60

    return [(minute(r["start_utc"]), minute(r["end_utc"]), r["peak_circuit_count"]) for r in rows]


def test_circuits_down_together_at_several_sites_are_an_incident_while_enough_of_them_are():
    (row,) = run([outage("a1", 10, 40), outage("b1", 12, 50), outage("c1", 20, 45), outage("d1", 45, 49)])
    assert spans([row]) == [(20, 40, 3)]
    row = run([outage("a1", 10, 40), outage("b1", 12, 50), outage("c1", 20, 45), outage("d1", 30, 60)])[0]
    assert spans([row]) == [(20, 45, 4)]
    assert (row["kind"], row["circuit_count"], row["site_count"], row["area_circuit_count"]) == (
        "down",
        4,
        4,
        4,
    )
    assert (row["duration_minutes"], row["peak_share_pct"]) == (25, 100)


def test_two_are_not_enough_and_neither_are_three_one_after_the_other():
    assert run([outage("a1", 10, 40), outage("b1", 10, 40)]) == []
    assert run([outage("a1", 10, 20), outage("b1", 20, 30), outage("c1", 30, 40)]) == []


def test_all_circuits_of_one_store_are_a_fault_of_the_store():
    store = [outage("a1", 10, 40), outage("a2", 10, 40), outage("a3", 10, 40)]
    assert run(store, circuits="a1 a2 a3 b1") == []
    assert spans(run([*store, outage("b1", 20, 30)], circuits="a1 a2 a3 b1")) == [(20, 30, 4)]


def test_the_share_counts_every_circuit_of_the_area_and_the_limit_itself_is_enough():
    hit = [outage(c, 10, 40) for c in ("a1", "b1", "c1")]
    ten = " ".join(f"{c}1" for c in "abcdefghij")
    assert len(run(hit, circuits=ten)) == 1
    assert run(hit, circuits=f"{ten} k1") == []


def test_degraded_hours_count_from_severity_high_on():
    bad = [fact(c, 2, "high") for c in ("a1", "b1", "c1")] + [fact("d1", 3, "warning")]
    (row,) = run([], bad)
    assert (spans([row]), row["kind"]) == ([(120, 180, 3)], "degraded")
    (row,) = run([outage("c1", 130, 150)], [fact(c, 2, "critical") for c in ("a1", "b1")])
    assert (spans([row]), row["kind"]) == ([(130, 150, 3)], "mixed")


def test_an_incident_that_reaches_the_end_of_what_is_observed_lasts():
    hit = [
        outage("a1", UNTIL - 60, None),
        outage("b1", UNTIL - 50, None),
        outage("c1", UNTIL - 40, UNTIL + 5),
    ]
    (row,) = run(hit)
    assert (row["end_utc"], row["duration_minutes"]) == (None, None)


def test_dead_lines_make_no_incident_of_the_next_fault():
    dead = [outage("a1", 0, None), outage("b1", 0, None)]
    assert run([*dead, outage("c1", 2880, 2900)]) == []
    assert spans(run([*dead, outage("c1", 2870, 2900)])) == [(2870, 2880, 3)]


def test_a_line_that_never_worked_fails_with_nobody():
    hit = [outage(c, 10, 40) for c in ("a1", "b1", "z1")]
    assert run(hit, circuits="a1 b1 z1") == []
    assert len(run(hit, [fact("z1", 0, up=10.0)], "a1 b1 z1")) == 1


def test_circuits_of_which_nothing_was_known_are_counted():
    hours = [fact(c, 0) for c in ("a1", "b1", "c1")] + [fact("d1", 0, up=0.0), fact("e1", 1)]
    (row,) = run([outage(c, 10, 40) for c in ("a1", "b1", "c1")], hours, "a1 b1 c1 d1 e1")
    assert row["unobserved_circuit_count"] == 2


CIRCUITS = ["a1", "a2", "b1", "c1", "d1"]
HITS = st.lists(st.tuples(st.sampled_from(CIRCUITS), st.integers(0, 90), st.integers(1, 60)), max_size=10)


@settings(max_examples=100, deadline=None)
@given(HITS, st.integers(1, 4), st.sampled_from([0.0, 30.0, 60.0]))
def test_against_minutes_looked_at_one_by_one(hits: list, least: int, share: float):
    rows = run([outage(c, a, a + n) for c, a, n in hits], circuits=" ".join(CIRCUITS),
               rule=IncidentRule(least, share))  # fmt: skip
    inside = set()
    for minute in range(0, 160):
        hit = {c for c, a, n in hits if a <= minute < a + n}
        if len(hit) >= least and len({c[0] for c in hit}) >= 2 and 100 * len(hit) >= share * len(CIRCUITS):
            inside.add(minute)
    found = {m for start, end, _ in spans(rows) for m in range(int(start), int(end))}
    assert found == inside
    for row, (start, end, peak) in zip(rows, spans(rows), strict=True):
        here = [{c for c, a, n in hits if a <= m < a + n} for m in range(int(start), int(end))]
        assert peak == max(len(h) for h in here)
        assert row["circuit_count"] == len(set.union(*here))
        assert row["site_count"] == len({c[0] for c in set.union(*here)})
