"""Loss, jitter and latency of hours: which samples count, percentiles, and one null that blanks nothing."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoints import INSIGHT_QUALITY
from mistwan_dagster.catalog.tables import FACT_PATH_HOUR
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.quality import (
    insight_quality_hours,
    nearest_rank_p95,
    path_hours,
    quality_hours,
    ranked,
)

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
END = T0 + timedelta(hours=2)
SCHEMA = {
    "mac": pl.String,
    "node": pl.String,
    "port_id": pl.String,
    "circuit_id": pl.String,
    "peer_mac": pl.String,
    "peer_port_id": pl.String,
    "vpn_name": pl.String,
    "peer_router_name": pl.String,
    "site_id": pl.String,
    "t": pl.Datetime("us", "UTC"),
    "up": pl.Boolean,
    "is_active": pl.Boolean,
    "latency": pl.Float64,
    "jitter": pl.Float64,
    "loss": pl.Float64,
    "mos": pl.Float64,
}
CIRCUITS = pl.DataFrame({"circuit_id": ["aa:p", "aa:q"], "device_mac": ["aa"] * 2, "site_id": ["s"] * 2})


def samples(*given: dict) -> pl.LazyFrame:
    base = {"mac": "aa", "port_id": "p", "circuit_id": "aa:p", "peer_mac": "h1", "site_id": "s", "up": True}
    rows = [{**base, **r, "t": T0 + timedelta(seconds=r.get("t", 0))} for r in given]
    return pl.LazyFrame(rows, schema=SCHEMA)


def quality(*given: dict) -> list[dict]:
    return quality_hours(samples(*given), T0, END).sort("circuit_id", "hour_utc").collect().to_dicts()


def test_all_up_paths_of_a_circuit_are_pooled():
    [row] = quality(
        {"peer_mac": "h1", "latency": 10.0, "jitter": 1.0, "loss": 0.0},
        {"peer_mac": "h1", "latency": 20.0, "jitter": 2.0, "loss": 0.0, "t": 300},
        {"peer_mac": "h2", "latency": 60.0, "jitter": 9.0, "loss": 3.0},
        {"peer_mac": "h3", "latency": 999.0, "jitter": 999.0, "loss": 99.0, "up": False},
        {"peer_mac": "h3", "latency": 999.0, "jitter": 999.0, "loss": 99.0, "up": None},
    )
    assert (row["latency_avg_ms"], row["latency_max_ms"], row["latency_p95_ms"]) == (30, 60, None)
    assert (row["jitter_avg_ms"], row["jitter_max_ms"]) == (4, 9)
    assert (row["loss_avg_pct"], row["loss_max_pct"]) == (1, 3)
    assert row["quality_sample_count"] == 3


def test_one_null_latency_blanks_nothing():
    [row] = quality(
        {"latency": None, "jitter": 4.0, "loss": 1.0},
        {"latency": 30.0, "jitter": 6.0, "loss": None, "t": 300},
    )
    assert (row["latency_avg_ms"], row["jitter_avg_ms"], row["loss_avg_pct"]) == (30, 5, 1)
    assert row["quality_sample_count"] == 2


def test_no_measure_no_row_and_never_zero():
    assert (
        quality({"latency": None}, {"up": False, "latency": 5.0}, {"circuit_id": None, "latency": 5.0}) == []
    )


def test_hours_are_half_open():
    rows = quality(
        {"t": -0.001, "loss": 9.0},
        {"t": 0, "loss": 1.0},
        {"t": 3599.999, "loss": 3.0},
        {"t": 3600, "loss": 5.0},
        {"t": 7200, "loss": 9.0},
    )
    assert [(r["hour_utc"], r["loss_avg_pct"]) for r in rows] == [(T0, 2), (T0 + timedelta(hours=1), 5)]


def test_p95_needs_twenty_samples_of_its_own_measure():
    nineteen = [{"latency": float(i), "jitter": float(i), "t": i} for i in range(1, 20)]
    [row] = quality(*nineteen, {"jitter": 20.0, "t": 20})
    assert (row["latency_p95_ms"], row["jitter_p95_ms"], row["loss_p95_pct"]) == (None, 19, None)
    assert row["quality_sample_count"] == 20


def test_p95_is_the_nearest_rank_for_every_count():
    """Rank ceil(95 n / 100) in integers; a float 0.95 * n is off by one rank for some n."""
    for n in [*range(20, 130), 200, 1000, 2000, 2020]:
        frame = pl.DataFrame({"x": [[float(i) for i in range(n, 0, -1)]]})
        found = frame.with_columns(ranked("x")).select(nearest_rank_p95(pl.col("x"))).item()
        assert found == (95 * n + 99) // 100, n


value = st.one_of(st.none(), st.floats(0, 100))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(value, value, value, st.sampled_from([True, True, True, False, None])), max_size=60)
)
def test_quality_equals_the_plain_reference(rows):
    found = quality(
        *({"latency": a, "jitter": b, "loss": c, "up": up, "t": i} for i, (a, b, c, up) in enumerate(rows))
    )
    counted = [r[:3] for r in rows if r[3] and any(v is not None for v in r[:3])]
    assert bool(found) == bool(counted)
    for i, (measure, unit) in enumerate((("latency", "ms"), ("jitter", "ms"), ("loss", "pct"))):
        if not counted:
            break
        known = sorted(r[i] for r in counted if r[i] is not None)
        row = found[0]
        assert row["quality_sample_count"] == len(counted)
        assert row[f"{measure}_max_{unit}"] == (known[-1] if known else None)
        assert row[f"{measure}_avg_{unit}"] == (
            pytest.approx(math.fsum(known) / len(known)) if known else None
        )
        rank = -(-95 * len(known) // 100)
        assert row[f"{measure}_p95_{unit}"] == (known[rank - 1] if len(known) >= 20 else None)


@settings(max_examples=30, deadline=None)
@given(st.permutations([0.1 * i for i in range(25)]))
def test_the_last_digit_does_not_depend_on_the_order_of_rows(values):
    straight = quality(*({"loss": 0.1 * i, "t": i} for i in range(25)))
    assert quality(*({"loss": v, "t": i} for i, v in enumerate(values))) == straight


def test_path_hours_by_hand():
    frame = path_hours(
        samples(
            {"latency": 10.0, "mos": 4.0, "is_active": True, "peer_router_name": "hub"},
            {"latency": 20.0, "mos": 4.4, "is_active": False, "peer_router_name": "hub", "t": 300},
            {
                "latency": 99.0,
                "mos": 1.0,
                "up": False,
                "is_active": False,
                "peer_router_name": "hub",
                "t": 600,
            },
            {"up": None, "peer_router_name": "hub", "t": 900},
            {"port_id": "z", "circuit_id": "aa:z", "node": "node0", "peer_port_id": "x", "vpn_name": "v"},
        ),
        CIRCUITS,
        T0,
        END,
    )
    assert violations(FACT_PATH_HOUR.conform(frame), FACT_PATH_HOUR) == {}
    known, stranger = frame.sort("port_id").collect().to_dicts()
    assert (known["circuit_id"], known["device_mac"], known["node"], known["vpn_name"]) == (
        "aa:p",
        "aa",
        "",
        "",
    )
    assert (known["latency_avg_ms"], known["latency_max_ms"], known["mos_avg"]) == (
        15,
        20,
        pytest.approx(4.2),
    )
    assert (known["up_pct"], known["active_pct"]) == (pytest.approx(200 / 3), pytest.approx(100 / 3))
    assert (known["sample_count"], known["peer_router_name"], known["site_id"]) == (4, "hub", "s")
    assert (stranger["circuit_id"], stranger["node"], stranger["latency_avg_ms"]) == (None, "node0", None)
    assert (stranger["up_pct"], stranger["active_pct"], stranger["mos_avg"]) == (100, None, None)


def test_paths_are_told_apart_and_their_own_p95_needs_twenty():
    rows = [
        {"peer_mac": p, "vpn_name": v, "loss": float(i), "t": i}
        for p, v, n in (("h1", None, 20), ("h1", "v", 19))
        for i in range(1, n + 1)
    ]
    found = path_hours(samples(*rows), CIRCUITS, T0, END).sort("vpn_name").collect()
    assert found["loss_p95_pct"].to_list() == [19, None]
    assert found["sample_count"].to_list() == [20, 19]


def test_the_clouds_series_has_means_only():
    rows = [
        {
            "mac": "aa",
            "port_id": "p",
            "bin_start": T0,
            "avg_latency": 12.0,
            "avg_jitter": None,
            "avg_loss": 0.5,
        },
        {
            "mac": "aa",
            "node": "node1",
            "port_id": "p",
            "bin_start": T0,
            "avg_latency": -1.0,
            "avg_jitter": 2.0,
            "avg_loss": 101.0,
        },
        {"mac": "aa", "port_id": "q", "bin_start": T0},
        {"mac": "aa", "port_id": "p", "bin_start": END, "avg_latency": 12.0},
    ]
    found = (
        insight_quality_hours(pl.LazyFrame(rows, schema=INSIGHT_QUALITY.schema), T0, END)
        .sort("circuit_id")
        .collect()
    )
    live = quality_hours(samples({"loss": 1.0}), T0, END).collect()
    assert dict(found.schema) == dict(live.schema)
    assert found["circuit_id"].to_list() == ["aa:node1:p", "aa:p"]
    assert found["latency_avg_ms"].to_list() == [None, 12]
    assert found["jitter_avg_ms"].to_list() == [2, None]
    assert found["loss_avg_pct"].to_list() == [None, 0.5]
    for name in ("latency_max_ms", "loss_p95_pct", "quality_sample_count"):
        assert found[name].null_count() == 2


def test_a_path_without_a_site_has_that_of_its_gateway_or_is_left_out():
    rows = [{"site_id": None}, {"site_id": None, "mac": "stranger"}]
    found = path_hours(samples(*rows), CIRCUITS, T0, END).collect()
    assert found.select("device_mac", "site_id").rows() == [("aa", "s")]
