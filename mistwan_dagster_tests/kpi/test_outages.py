"""Joining stretches of hours into outages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.tables import DIM_CIRCUIT, FACT_CIRCUIT_OUTAGE
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.outages import merge_outages

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
UNTIL = T0 + timedelta(hours=4)


def minute(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


def pieces(*rows: tuple) -> pl.LazyFrame:
    instant = pl.Datetime("us", "UTC")
    schema = {
        "circuit_id": pl.String,
        "kind": pl.String,
        "start": instant,
        "end": instant,
        "evidence": pl.String,
    }
    return pl.LazyFrame(
        [(c, k, minute(s), minute(e), how) for c, k, s, e, how in rows], schema=schema, orient="row"
    )


def circuits(*versions: tuple) -> pl.DataFrame:
    rows = [
        {"circuit_id": c, "site_id": s, "device_mac": "aa", "port_id": "p", "valid_from": minute(since)}
        for c, s, since in versions
    ]
    return pl.DataFrame(rows, schema=DIM_CIRCUIT.schema)


CIRCUITS = circuits(("a", "s1", 0), ("b", "s1", 0))


def outages(*rows: tuple, dim: pl.DataFrame = CIRCUITS) -> list[tuple]:
    found = merge_outages(pieces(*rows), dim, UNTIL)
    assert violations(found, FACT_CIRCUIT_OUTAGE) == {}
    columns = ("circuit_id", "kind", "start_utc", "end_utc", "evidence", "duration_minutes")
    return found.select(columns).collect().rows()


def test_stretches_that_touch_are_one_outage_with_the_evidence_of_its_start():
    assert outages(
        ("a", "link", 60, 75.5, "snapshot"), ("a", "link", 30, 60, "event"), ("a", "link", 80, 90, "inferred")
    ) == [
        ("a", "link", minute(30), minute(75.5), "event", 45.5),
        ("a", "link", minute(80), minute(90), "inferred", 10.0),
    ]


def test_circuits_and_kinds_are_kept_apart():
    assert len(outages(("a", "link", 0, 60, "event"), ("b", "link", 60, 70, "event"),
                       ("a", "reachability", 60, 90, "event"))) == 3  # fmt: skip


def test_an_outage_that_reaches_the_end_of_what_was_observed_still_lasts():
    assert outages(("a", "link", 200, 240, "event")) == [("a", "link", minute(200), None, "event", None)]


def test_a_stretch_inside_another_does_not_cut_it_short():
    rows = (("a", "link", 0, 60, "event"), ("a", "link", 10, 20, "event"), ("a", "link", 50, 70, "event"))
    assert outages(*rows) == [("a", "link", minute(0), minute(70), "event", 70.0)]


def test_the_site_is_that_of_the_newest_version_and_foreign_circuits_are_left_out():
    dim = circuits(("a", "new", 5), ("a", "old", 0))
    found = merge_outages(
        pieces(("a", "link", 0, 1, "event"), ("z", "link", 0, 1, "event")), dim, UNTIL
    ).collect()
    assert found.select("site_id", "circuit_id").rows() == [("new", "a")]


def test_no_stretches_give_an_empty_table():
    assert merge_outages(pieces(), CIRCUITS, UNTIL).collect().schema == FACT_CIRCUIT_OUTAGE.schema


def test_time_without_knowledge_is_no_recovery():
    """Down, out of contact, down again: one outage. Out of contact and then up: it ended when last seen down."""
    assert outages(
        ("a", "link", 10, 60, "event"),
        ("a", "unknown", 60, 75, None),
        ("a", "link", 75, 90, "snapshot"),
        ("a", "unknown", 120, 130, None),
        ("b", "unknown", 0, 20, None),
        ("b", "link", 20, 30, "event"),
        ("b", "unknown", 30, 40, None),
    ) == [
        ("a", "link", minute(10), minute(90), "event", 80.0),
        ("b", "link", minute(20), minute(30), "event", 10.0),
    ]


def test_a_circuit_never_seen_again_is_down_still():
    assert outages(("a", "link", 200, 210, "event"), ("a", "unknown", 210, 240, None)) == [
        ("a", "link", minute(200), None, "event", None)
    ]


def test_the_part_that_was_not_observed_is_told():
    rows = pieces(
        ("a", "link", 0, 10, "event"), ("a", "unknown", 10, 25, None), ("a", "link", 25, 30, "event"),
        ("b", "link", 0, 10, "event"), ("b", "unknown", 10, 240, None),
        ("b", "reachability", 0, 7, "event"),
    )  # fmt: skip
    found = merge_outages(rows, CIRCUITS, UNTIL).collect()
    told = {(c, k): u for c, k, u in found.select("circuit_id", "kind", "unknown_minutes").iter_rows()}
    assert told == {("a", "link"): 15, ("b", "link"): 230, ("b", "reachability"): 0}
