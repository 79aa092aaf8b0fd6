from datetime import UTC, date, datetime, timedelta

import polars as pl

from mistwan_dagster.kpi.calendar import hour_dimension, period_end, period_start, split_by_hour


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_periods_at_their_edges() -> None:
    assert period_start(at("2025-01-01T00:00"), "week") == at("2024-12-30T00:00")
    assert period_end(at("2025-01-01T00:00"), "week") == at("2025-01-06T00:00")
    assert period_start(at("2024-02-29T23:59"), "month") == at("2024-02-01T00:00")
    assert period_end(at("2024-02-29T23:59"), "month") == at("2024-03-01T00:00")
    assert period_end(at("2024-12-31T05:00"), "month") == at("2025-01-01T00:00")
    assert period_start(at("2024-12-31T23:59"), "day") == at("2024-12-31T00:00")
    assert period_end(at("2024-12-31T00:00"), "day") == at("2025-01-01T00:00")


def test_iso_week_of_the_turn_of_the_year() -> None:
    frame = hour_dimension([at("2024-12-30T00:00"), at("2021-01-03T23:00")])
    assert frame.select("day", "iso_week", "month").rows() == [
        (date(2021, 1, 3), "2020-W53", "2021-01"),
        (date(2024, 12, 30), "2025-W01", "2024-12"),
    ]


def test_stretches_are_cut_at_full_hours_and_lose_nothing() -> None:
    frame = pl.LazyFrame(
        {
            "id": ["a", "b", "c"],
            "start": [at("2025-01-01T10:40"), at("2025-01-01T11:00"), at("2025-01-01T12:00")],
            "end": [at("2025-01-01T12:10"), at("2025-01-01T12:00"), at("2025-01-01T12:00")],
        },
        schema_overrides={"start": pl.Datetime("us", "UTC"), "end": pl.Datetime("us", "UTC")},
    )
    cut = split_by_hour(frame).collect().sort("id", "start")
    minutes = [d // timedelta(minutes=1) for d in (cut["end"] - cut["start"])]
    assert list(zip(cut["id"], cut["hour_utc"].dt.hour(), minutes, strict=True)) == [
        ("a", 10, 20),
        ("a", 11, 60),
        ("a", 12, 10),
        ("b", 11, 60),
    ]
