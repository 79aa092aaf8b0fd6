"""Providers by month: pooled minutes, outages, restoring time; planned work taken off to the minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import (
    FACT_CIRCUIT_HOUR,
    RPT_CARRIER_INCIDENT,
    RPT_PROVIDER_SCORECARD,
    RPT_SLA_OUTAGE,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.provider_scorecard import provider_scorecard
from mistwan_dagster_tests.kpi.hours import MIDNIGHT, circuit_hour

INSTANT = pl.Datetime("us", "UTC")
FEBRUARY = datetime(2025, 2, 1, tzinfo=UTC)
PIECE = {"circuit_id": pl.String, "kind": pl.String, "start": INSTANT, "end": INSTANT, "hour_utc": INSTANT}
SPAN = {"circuit_id": pl.String, "start": INSTANT, "end": INSTANT}


def at(minute: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=minute)


def outage(
    start: float, end: float | None, counted: float, excluded: float = 0.0, provider: str = "Acme"
) -> dict:
    return {"provider": provider, "circuit_id": "a", "kind": "link", "month": "2025-01", "start_utc": at(start),
            "end_utc": None if end is None else at(end), "counted_minutes": counted,
            "excluded_minutes": excluded}  # fmt: skip


def run(
    hours: list[dict[str, Any]],
    pieces: list[tuple[str, str, float, float]] = [],  # noqa: B006
    planned: list[tuple[str, float, float]] = [],  # noqa: B006
    outages: list[dict] = [],  # noqa: B006
    incidents: list[tuple[str, float]] = [],  # noqa: B006
    providers: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    names = {"a": "Acme", "b": "Acme", **(providers or {})}
    of = [(h["circuit_id"], h["hour_utc"], names.get(h["circuit_id"])) for h in hours]
    cut = [(c, k, at(a), at(b), at(a // 60 * 60)) for c, k, a, b in pieces]
    told = [{"provider": p, "area": "North", "start_utc": at(t)} for p, t in incidents]
    found = provider_scorecard(
        pl.LazyFrame(hours, schema=FACT_CIRCUIT_HOUR.schema),
        pl.LazyFrame(of, schema={"circuit_id": pl.String, "hour_utc": INSTANT, "provider": pl.String}, orient="row"),
        pl.LazyFrame(cut, schema=PIECE, orient="row"),
        pl.LazyFrame([(c, at(a), at(b)) for c, a, b in planned], schema=SPAN, orient="row"),
        pl.LazyFrame(outages, schema=RPT_SLA_OUTAGE.schema),
        pl.LazyFrame(told, schema=RPT_CARRIER_INCIDENT.schema),
        MIDNIGHT, FEBRUARY,
    )  # fmt: skip
    assert violations(found, RPT_PROVIDER_SCORECARD) == {}
    return found.collect().to_dicts()


def minutes(row: dict[str, Any]) -> list[float]:
    return [row[f"{n}_minutes"] for n in ("up", "down", "unknown", "excluded", "total")]


def test_availability_is_pooled_over_circuits_and_unreachable_time_is_no_service():
    hours = [
        circuit_hour(0), circuit_hour(1), circuit_hour(0, circuit="b", up_minutes=30.0, down_minutes=10.0,
                                                       unknown_minutes=20.0, flap_count=3),
    ]  # fmt: skip
    pieces = [("a", "reachability", 0, 20), ("b", "link", 0, 10), ("b", "unknown", 10, 30)]
    (row,) = run(hours, pieces)
    assert minutes(row) == [150, 10, 20, 0, 180]
    assert row["availability_pct"] == pytest.approx(100 * 150 / 160)
    assert row["service_availability_pct"] == pytest.approx(100 * 130 / 160)
    assert (row["provider"], row["month"], row["circuit_count"], row["site_count"]) == (
        "Acme",
        "2025-01",
        2,
        1,
    )
    assert (row["flap_count"], row["outage_count"], row["restore_mean_minutes"]) == (3, 0, None)


def test_planned_work_is_taken_off_to_the_minute_and_its_hours_off_flaps_and_quality():
    worked = circuit_hour(0, up_minutes=20.0, down_minutes=30.0, unknown_minutes=10.0, flap_count=2,
                          latency_avg_ms=900.0, latency_max_ms=999.0)  # fmt: skip
    quiet = circuit_hour(1, latency_avg_ms=20.0, latency_max_ms=30.0)
    # Down from 10 to 40, unknown from 40 to 50; works from 0 to 45: 10 up, 30 down, 5 unknown are off.
    pieces = [("a", "link", 10, 40), ("a", "unknown", 40, 50)]
    (row,) = run([worked, quiet], pieces, [("a", 0, 45), ("b", 0, 999)])
    assert minutes(row) == [70, 0, 5, 45, 120]
    assert (row["availability_pct"], row["flap_count"], row["latency_avg_ms"]) == (100, 0, 20)
    assert (row["latency_max_ms"], row["quality_hours"]) == (30, 1)


def test_an_hour_without_pieces_is_excluded_whole_when_planned_work_touches_it():
    imported = circuit_hour(0, up_minutes=20.0, down_minutes=40.0)
    (row,) = run([imported, circuit_hour(1)], [], [("a", 30, 40)])
    assert minutes(row) == [60, 0, 0, 60, 120]


def test_outages_count_where_they_began_and_restoring_time_is_of_those_that_ended():
    told = [
        outage(0, 10, 10), outage(20, 50, 30), outage(60, 180, 80, 40), outage(900, None, 500),
        outage(300, 310, 0, 10), outage(-50, 10, 60), outage(0, 99, 99, provider="Best"),
    ]  # fmt: skip
    (row,) = run(
        [circuit_hour(0)], outages=told, incidents=[("Acme", 5), ("Acme", 9), ("Best", 5), ("Acme", -5)]
    )
    assert (row["outage_count"], row["outage_open_count"], row["incident_count"]) == (4, 1, 2)
    assert (row["restore_mean_minutes"], row["restore_median_minutes"]) == (40, 30)
    assert row["restore_max_minutes"] == 80


def test_providers_and_months_are_apart_and_an_unknown_provider_is_named_so():
    hours = [circuit_hour(0), circuit_hour(0, circuit="x"), circuit_hour(0, circuit="y"), circuit_hour(744)]
    rows = run(hours, providers={"x": "Best"})
    assert [(r["provider"], r["total_minutes"]) for r in rows] == [("(none)", 60), ("Acme", 60), ("Best", 60)]


def test_nothing_known_has_no_availability():
    (row,) = run([circuit_hour(0, up_minutes=0.0, unknown_minutes=60.0, flap_count=None)])
    assert (row["availability_pct"], row["service_availability_pct"], row["flap_count"]) == (None, None, None)


CELL = st.sampled_from([None, "link", "unknown", "reachability"])


@settings(max_examples=60, deadline=None)
@given(st.lists(CELL, min_size=12, max_size=12), st.integers(0, 110), st.integers(1, 40))
def test_minutes_against_ten_minute_cells_counted_minute_by_minute(cells: list, begin: int, length: int):
    pieces = [("a", k, 10.0 * n, 10.0 * n + 10) for n, k in enumerate(cells) if k]
    hours = []
    for h in (0, 1):
        here = cells[6 * h : 6 * h + 6]
        down, unknown = 10.0 * here.count("link"), 10.0 * here.count("unknown")
        hours.append({**circuit_hour(h), "up_minutes": 60 - down - unknown, "down_minutes": down,
                      "unknown_minutes": unknown})  # fmt: skip
    (row,) = run(hours, pieces, [("a", begin, begin + length)])
    left = [cells[m // 10] for m in range(120) if not begin <= m < begin + length]
    down, unknown = left.count("link"), left.count("unknown")
    expected = [len(left) - down - unknown, down, unknown, 120 - len(left), 120]
    assert minutes(row) == pytest.approx(expected)
    assert row["unreachable_minutes"] == pytest.approx(left.count("reachability"))


def test_the_same_input_gives_the_same_digits_each_time():
    """Sums of floats depend on their order, and rows come out of a join in any."""
    of = pl.LazyFrame({"circuit_id": [f"c{n:03}" for n in range(200)]})
    hours = pl.LazyFrame({"hour_utc": [at(60 * n) for n in range(200)]}, schema={"hour_utc": INSTANT})
    number = pl.int_range(pl.len())
    rows = (
        of.join(hours, how="cross")
        .collect()
        .with_columns(
            site_id="circuit_id", latency_avg_ms=(number * 0.7919) % 70, up_minutes=60 - (number * 0.37) % 3
        )
    )
    frame = rows.lazy()
    none = {name: pl.LazyFrame(schema=schema) for name, schema in (("pieces", PIECE), ("planned", SPAN))}
    found = {
        provider_scorecard(
            FACT_CIRCUIT_HOUR.conform(frame),
            frame.select("circuit_id", "hour_utc", provider=pl.lit("Acme")),
            none["pieces"],
            none["planned"],
            RPT_SLA_OUTAGE.empty().lazy(),
            RPT_CARRIER_INCIDENT.empty().lazy(),
            MIDNIGHT,
            FEBRUARY,
        )
        .select("up_minutes", "latency_avg_ms")
        .collect()
        .row(0)
        for _ in range(6)
    }
    assert len(found) == 1


def test_a_figure_that_is_no_measurement_stops_no_month_and_turns_no_sign():
    unknown = 4294967295.0
    names = [f"c{n}" for n in range(5)]
    huge = [circuit_hour(n, circuit=c, latency_avg_ms=unknown) for c in names for n in range(700)]
    odd = [circuit_hour(n, circuit="b", latency_avg_ms=f) for n, f in enumerate((float("inf"), float("nan")))]
    (row,) = run([*huge, *odd], providers=dict.fromkeys(names, "Acme"))
    assert row["latency_avg_ms"] == unknown
