"""`mistwan top` on a published warehouse."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.tables import (
    AGG_CIRCUIT_PERIOD,
    AGG_CIRCUIT_ROLLING_13M,
    AGG_CIRCUIT_WINDOW,
    DIM_SITE,
    Table,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.offenders import top_circuits
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse, PublishedDuckDB
from mistwan_dagster.warehouse.port import Load


def day(number: int) -> datetime:
    return datetime(2025, 3, number, tzinfo=UTC)


def rows(table: Table, *given: dict) -> Load:
    frame = pl.LazyFrame(
        [{"site_id": "s1", "flap_count": 0, **row} for row in given], infer_schema_length=None
    )
    return Load(table, table.conform(frame).collect())


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> PublishedDuckDB:
    folder: Path = tmp_path_factory.mktemp("warehouse")
    days = [
        {"period": "day", "period_start_utc": day(d), "circuit_id": c, "flap_count": flaps}
        for d, values in ((1, {"a": 9, "b": 1}), (2, {"a": 1, "b": 5, "c": 5, "d": None}))
        for c, flaps in values.items()
    ]
    week = {"period": "week", "period_start_utc": day(3), "circuit_id": "w", "flap_count": 99}
    windows = [
        {"as_of_utc": day(2), "window_hours": h, "circuit_id": "a", "flap_count": h} for h in (3, 12, 24)
    ]
    rolling = {"as_of_utc": day(1), "start_utc": day(1), "circuit_id": "a", "flap_count": 40}
    site = {"site_id": "s1", "site_name": "Store 1", "valid_from": day(1), "is_current": True}
    warehouse = DuckDBWarehouse(folder)
    warehouse.load(
        [
            rows(AGG_CIRCUIT_PERIOD, *days, week),
            rows(AGG_CIRCUIT_WINDOW, *windows),
            rows(AGG_CIRCUIT_ROLLING_13M, rolling),
            Load(DIM_SITE, DIM_SITE.conform(pl.LazyFrame([site])).collect()),
        ]
    )
    warehouse.publish()
    return PublishedDuckDB(folder)


def found(reader: PublishedDuckDB, period: str, at: datetime | None = None, n: int = 2) -> list[tuple]:
    frame = top_circuits(reader, "flap_count", period, n, at)
    return frame.select("rank", "site_name", "circuit_id", "value", "unknown_circuits").rows()


def test_the_newest_period_with_ties_in_order_and_unknown_counted(reader: PublishedDuckDB) -> None:
    assert found(reader, "day") == [(1, "Store 1", "b", 5, 1), (2, "Store 1", "c", 5, 1)]
    assert found(reader, "day", n=1) == [(1, "Store 1", "b", 5, 1)]


def test_a_time_chooses_the_period_that_had_begun(reader: PublishedDuckDB) -> None:
    assert [r[2] for r in found(reader, "day", day(2).replace(hour=23))] == ["b", "c"]
    assert [r[2] for r in found(reader, "day", day(1).replace(hour=23))] == ["a", "b"]
    with pytest.raises(UserError, match="no day is published by 2025-02-28T00:00Z"):
        found(reader, "day", datetime(2025, 2, 28, tzinfo=UTC))


def test_windows_and_the_13_months_too(reader: PublishedDuckDB) -> None:
    assert [found(reader, p)[0][3] for p in ("3h", "12h", "24h", "week", "13m")] == [3, 12, 24, 99, 40]


def test_wrong_words_are_refused_and_what_is_allowed_is_named(reader: PublishedDuckDB) -> None:
    with pytest.raises(UserError, match="--period year: choose one of 3h, 12h"):
        found(reader, "year")
    with pytest.raises(UserError, match="speed cannot be ranked: choose one of"):
        top_circuits(reader, "speed", "day", 1, None)
    with pytest.raises(UserError, match="no month is published: run `mistwan aggregate all`"):
        found(reader, "month")
