"""Which site hours keep their sightings of the active circuit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

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
        ("p", 0, True), ("q", 0, False), ("p", 65, False), ("q", 65, True), ("q", 70, None), ("x", 5, True)
    )  # fmt: skip
    switched = ports(("p", 180, True))
    found = active_sightings(seen, PATHS, CIRCUITS, switched).collect().sort("t", "circuit_id")
    assert [(c, (t - TEN).total_seconds() / 60, a, e) for c, t, a, e, _ in found.iter_rows()] == [
        ("p", 65, False, False), ("q", 65, True, False), ("p", 180, True, True),
    ]  # fmt: skip
    assert found["hour_utc"].unique().sort().to_list() == [TEN + timedelta(hours=h) for h in (1, 3)]
