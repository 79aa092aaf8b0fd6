"""Which site hours keep their sightings of the active circuit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR, FACT_CIRCUIT_OUTAGE
from mistwan_dagster.kpi.failover import failovers
from mistwan_dagster.kpi.sightings import active_sightings

TEN = datetime(2025, 1, 1, 10, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
CIRCUITS = pl.DataFrame(
    {"circuit_id": ["p", "q", "x"], "site_id": ["s", "s", "t"], "role": ["primary", "secondary", "primary"]}
)


def ports(*rows: tuple[str, int, bool | None]) -> pl.LazyFrame:
    told = [(c, TEN + timedelta(minutes=m), a) for c, m, a in rows]
    schema = {"circuit_id": pl.String, "t": INSTANT, "active": pl.Boolean}
    return pl.LazyFrame(told, schema=schema, orient="row")


PATHS = pl.LazyFrame(
    schema={
        "circuit_id": pl.String,
        "slot_utc": INSTANT,
        "t": INSTANT,
        "is_active": pl.Boolean,
        "up": pl.Boolean,
    }
)


def test_only_site_hours_with_traffic_away_from_the_primary_are_kept_but_events_always():
    seen = ports(
        ("p", 0, True), ("q", 0, False), ("p", 80, False), ("q", 80, True), ("q", 85, None), ("x", 5, True)
    )  # fmt: skip
    switched = ports(("p", 180, True))
    found = active_sightings(seen, PATHS, CIRCUITS, switched).collect().sort("t", "circuit_id")
    assert [(c, (t - TEN).total_seconds() / 60, a, e) for c, t, a, e, _ in found.iter_rows()] == [
        ("p", 80, False, False), ("q", 80, True, False), ("p", 180, True, True),
    ]  # fmt: skip
    assert found["hour_utc"].unique().sort().to_list() == [TEN + timedelta(hours=h) for h in (1, 3)]


def test_a_failover_at_the_edge_of_an_hour_begins_and_ends_between_two_sightings():
    circuits = CIRCUITS.with_columns(valid_from=pl.lit(TEN))
    away = (118, 123)
    minutes = range(63, 180, 5)
    seen = ports(*((c, m, (m in away) == (c == "q")) for m in minutes for c in ("p", "q")))
    found = active_sightings(seen, PATHS, circuits, ports()).sort("t", "circuit_id")
    nothing = (FACT_CIRCUIT_OUTAGE.empty().lazy(), FACT_CIRCUIT_HOUR.empty().lazy())
    (row,) = failovers(*nothing, circuits.lazy(), TEN + timedelta(hours=3), found).collect().to_dicts()
    assert (row["start_utc"] - TEN, row["end_utc"] - TEN) == (
        timedelta(minutes=115, seconds=30),
        timedelta(minutes=125, seconds=30),
    )
    alone = ports(("p", 118, True), ("p", 123, False), ("p", 128, True))
    kept = active_sightings(alone, PATHS, circuits, ports()).collect()
    assert [(t - TEN).total_seconds() / 60 for t in kept["t"].sort()] == [118, 123, 128]
