"""Quality during a failover: which samples and hours count, hand-worked and against a slow reference."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.tables import FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.failover_quality import episode_quality

DAY = datetime(2025, 1, 20, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
EPISODE = {"from_circuit_id": pl.String, "to_circuit_id": pl.String, "begin": INSTANT, "finish": INSTANT}
SAMPLE = {
    "circuit_id": pl.String,
    "t": INSTANT,
    "loss": pl.Float64,
    "jitter": pl.Float64,
    "latency": pl.Float64,
}


def minute(number: float) -> datetime:
    return DAY + timedelta(minutes=number)


def history(circuit: str, number: int, latency: float | None, samples: int | None = None) -> dict[str, Any]:
    return {"circuit_id": circuit, "hour_utc": DAY + timedelta(hours=number), "latency_avg_ms": latency,
            "quality_sample_count": samples}  # fmt: skip


def sample(number: float, latency: float | None, circuit: str = "q") -> tuple:
    return circuit, minute(number), None, None, latency


def run(begin: float, finish: float, hours: list[dict], samples: list[tuple] | None = None) -> dict[str, Any]:
    episode = pl.LazyFrame([("p", "q", minute(begin), minute(finish))], schema=EPISODE, orient="row")
    frame = pl.LazyFrame(hours, schema=FACT_CIRCUIT_HOUR.schema)
    told = None if samples is None else pl.LazyFrame(samples, schema=SAMPLE, orient="row")
    (row,) = episode_quality(episode, frame, told).collect().to_dicts()
    return row


def test_only_samples_inside_the_episode_count_and_a_null_is_no_sample_of_its_measure():
    samples = [sample(29.9, 900.0), sample(30, 40.0), sample(35, None), sample(40, 50.0), sample(45, 900.0),
               sample(40, 900.0, "r")]  # fmt: skip
    row = run(30, 45, [history("q", 0, 500.0, 12)], samples)
    assert (row["latency_avg_ms"], row["loss_avg_pct"], row["quality_sample_count"]) == (45, None, 3)


def test_history_is_weighted_by_the_minutes_of_each_hour_that_lie_in_the_episode():
    # 30 minutes at 40 ms and 10 at 60 ms: (30 * 40 + 10 * 60) / 40 = 45.
    row = run(30, 70, [history("q", 0, 40.0), history("q", 1, 60.0), history("q", 2, 900.0)])
    assert (row["latency_avg_ms"], row["quality_sample_count"]) == (45, None)
    assert run(30, 70, [history("q", 0, 40.0), history("q", 1, None)])["latency_avg_ms"] == 40


def test_an_hour_with_samples_none_of_them_in_the_episode_tells_nothing_of_it():
    assert run(30, 40, [history("q", 0, 500.0, 12)], [sample(50, 500.0)])["latency_avg_ms"] is None
    assert run(30, 40, [])["latency_avg_ms"] is None


def test_the_norm_is_of_seven_days_before_and_the_primary_of_one():
    hours = [
        history("q", -1, 30.0), history("q", -7 * 24, 50.0), history("q", -7 * 24 - 1, 900.0),
        history("q", 0, 900.0), history("p", -1, 20.0), history("p", -24, 30.0), history("p", -25, 900.0),
        history("p", 0, 900.0),
    ]  # fmt: skip
    row = run(30, 45, hours)
    assert (row["norm_latency_avg_ms"], row["norm_loss_avg_pct"]) == (40, None)
    assert row["primary_latency_avg_ms"] == 25


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 200),
    st.integers(1, 200),
    st.lists(st.tuples(st.integers(0, 420), st.one_of(st.none(), st.integers(0, 100))), max_size=12),
    st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=7, max_size=7),
)
def test_against_a_slow_reference(begin: int, length: int, samples: list, averages: list):
    finish = begin + length
    row = run(begin, finish, [history("q", h, v and float(v)) for h, v in enumerate(averages)],
              [sample(m, None if v is None else float(v)) for m, v in samples])  # fmt: skip
    inside = [v for m, v in samples if begin <= m < finish]
    if inside:
        values = [v for v in inside if v is not None]
        expected = sum(values) / len(values) if values else None
    else:
        minutes = [averages[m // 60] for m in range(begin, finish) if averages[m // 60] is not None]
        expected = sum(minutes) / len(minutes) if minutes else None
    assert row["latency_avg_ms"] == (None if expected is None else pytest.approx(expected))
    assert row["quality_sample_count"] == (len(inside) or None)


def test_the_figures_of_an_episode_are_the_same_to_the_last_digit_whatever_is_computed_beside_it():
    chance, begin = random.Random(1), datetime(2025, 3, 1, tzinfo=UTC)
    hours = pl.LazyFrame(
        [
            {"circuit_id": f"c{i}", "hour_utc": begin + timedelta(hours=h), "quality_sample_count": None,
             "loss_avg_pct": chance.random(), "jitter_avg_ms": 3 * chance.random(),
             "latency_avg_ms": 40 * chance.random()}
            for i in range(12) for h in range(300)
        ],
        schema_overrides={"quality_sample_count": pl.Int64},
    )  # fmt: skip
    episodes = pl.LazyFrame(
        [
            {"from_circuit_id": f"c{i}", "to_circuit_id": f"c{i + 1}", "finish": begin + timedelta(hours=295),
             "begin": begin + timedelta(hours=chance.randrange(200, 290))}
            for i in range(11)
        ]
    )  # fmt: skip
    together = episode_quality(episodes, hours).collect()
    alone = pl.concat(episode_quality(episodes.slice(i, 1), hours).collect() for i in range(11))
    keys = ["from_circuit_id", "begin"]
    assert together.sort(keys).equals(alone.sort(keys))
