"""Cells of several step functions laid over one another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.kpi.overlay import overlay

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
SCHEMA = {
    "entity": pl.UInt32,
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "state": pl.Boolean,
    "evidence": pl.String,
}


def minute(count: int) -> datetime:
    return T0 + timedelta(minutes=count)


def steps(*rows: tuple) -> pl.LazyFrame:
    return pl.LazyFrame([(e, minute(s), minute(t), *r) for e, s, t, *r in rows], schema=SCHEMA, orient="row")


def test_cells_cover_the_span_and_cut_at_every_change_and_hour():
    entities = pl.LazyFrame({"entity": [0, 1]}, schema={"entity": pl.UInt32})
    functions = {
        "link": steps((0, -30, 20, True, "snapshot"), (0, 20, 70, False, "event")),
        "reach": steps((0, 10, 20, False, "inferred")),
    }
    cells = overlay(entities, functions, minute(0), minute(120)).collect()
    mine = cells.filter(pl.col("entity") == 0).select("t", "t_next", "link", "reach", "link_evidence").rows()
    assert mine == [
        (minute(0), minute(10), True, None, "snapshot"),
        (minute(10), minute(20), True, False, "snapshot"),
        (minute(20), minute(60), False, None, "event"),
        (minute(60), minute(70), False, None, "event"),
        (minute(70), minute(120), None, None, None),
    ]
    other = cells.filter(pl.col("entity") == 1).select("t", "t_next", "link", "reach").rows()
    assert other == [(minute(0), minute(60), None, None), (minute(60), minute(120), None, None)]
