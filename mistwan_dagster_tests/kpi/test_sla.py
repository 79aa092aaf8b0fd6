"""Outages as evidence: what was seen, what was not, what maintenance takes off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_OUTAGE,
    RPT_CARRIER_INCIDENT,
    RPT_SLA_OUTAGE,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.sla import sla_outages
from mistwan_dagster.kpi.stretches import merged

DAY = datetime(2025, 1, 31, 20, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
SPAN = {"circuit_id": pl.String, "start": INSTANT, "end": INSTANT}


def at(minute: float) -> datetime:
    return DAY + timedelta(minutes=minute)


CIRCUITS = pl.LazyFrame(
    [
        {"circuit_id": "c", "site_id": "s", "device_mac": "m", "port_id": "x", "provider": p, "wan_name": "wan",
         "valid_from": t}
        for p, t in ((None, at(-999)), ("Acme", at(-60)), ("Best", at(240)))
    ],
    schema=DIM_CIRCUIT.schema,
)  # fmt: skip
SITES = pl.LazyFrame(
    [{"site_id": "s", "site_name": "Store 1", "region": "North", "valid_from": at(-999)}],
    schema=DIM_SITE.schema,
)


def run(
    outages: list[tuple[float, float | None]],
    planned: list[tuple[float, float, str]] = [],  # noqa: B006
    incidents: list[tuple[str, float, float | None]] = [],  # noqa: B006
) -> list[dict[str, Any]]:
    told = [
        {"site_id": "s", "circuit_id": "c", "kind": "link", "evidence": "event", "start_utc": at(a),
         "end_utc": None if b is None else at(b), "unknown_minutes": 7.0} for a, b in outages
    ]  # fmt: skip
    windows = pl.LazyFrame(
        [("c", at(a), at(b), r) for a, b, r in planned], schema={**SPAN, "reason": pl.String}, orient="row"
    )
    reasons = pl.col("reason").unique().sort().str.join("; ").alias("reason")
    found = sla_outages(
        pl.LazyFrame(told, schema=FACT_CIRCUIT_OUTAGE.schema),
        merged(windows, ["circuit_id"], [reasons]),
        pl.LazyFrame([{"provider": "Acme", "area": area, "start_utc": at(a), "end_utc": None if b is None else at(b)}
                      for area, a, b in incidents], schema=RPT_CARRIER_INCIDENT.schema),
        pl.LazyFrame({"circuit_id": ["c"], "provider": ["Acme"], "area": ["North"]}),
        CIRCUITS, SITES, at(1000),
    )  # fmt: skip
    assert violations(found, RPT_SLA_OUTAGE) == {}
    return found.collect().to_dicts()


def minutes(row: dict[str, Any]) -> tuple:
    return tuple(row[f"{n}_minutes"] for n in ("lasted", "unknown", "excluded", "counted"))


def test_an_outage_names_its_circuit_as_it_was_and_adds_up():
    (row,) = run([(10, 70)])
    assert minutes(row) == (60, 7, 0, 60)
    names = [row[n] for n in ("provider", "site_name", "region", "wan_name", "month", "evidence")]
    assert names == ["Acme", "Store 1", "North", "wan", "2025-01", "event"]
    assert (row["excluded_reason"], row["incident_start_utc"]) == (None, None)
    assert [r["provider"] for r in run([(-600, -590), (250, 260)])] == ["(none)", "Best"]
    assert [r["month"] for r in run([(250, 260)])] == ["2025-02"]


def test_maintenance_takes_off_just_its_minutes_and_gives_its_reasons():
    (row,) = run([(10, 70)], [(0, 20, "works"), (60, 100, "power"), (200, 300, "later")])
    assert minutes(row) == (60, 7, 20, 40)
    assert row["excluded_reason"] == "power; works"
    assert minutes(run([(10, 70)], [(10, 70, "works")])[0]) == (60, 7, 60, 0)


def test_an_outage_that_lasts_is_counted_so_far():
    (row,) = run([(900, None)])
    assert (row["end_utc"], minutes(row)) == (None, (100, 7, 0, 100))


def test_an_outage_knows_the_incident_of_its_area_that_it_is_part_of():
    told = [("North", 65, 90), ("North", 60, 62), ("West", 0, 999), ("North", 70, None)]
    assert run([(10, 70)], incidents=told)[0]["incident_start_utc"] == at(60)
    assert run([(10, 60)], incidents=told)[0]["incident_start_utc"] is None
    assert run([(200, 210)], incidents=told)[0]["incident_start_utc"] == at(70)


EDGES = st.tuples(st.integers(0, 100), st.integers(1, 40))


@settings(max_examples=60, deadline=None)
@given(EDGES, st.lists(EDGES, max_size=4))
def test_minutes_of_an_outage_against_minutes_counted_one_by_one(outage: tuple, planned: list):
    begin, finish = outage[0], sum(outage)
    (row,) = run([(begin, finish)], [(a, a + n, "x") for a, n in planned])
    inside = set(range(begin, finish))
    off = {m for a, n in planned for m in range(a, a + n)} & inside
    expected = (len(inside), 7, len(off), len(inside) - len(off))
    assert tuple(round(m, 6) for m in minutes(row)) == expected
