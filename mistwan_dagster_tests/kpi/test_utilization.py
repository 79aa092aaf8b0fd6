"""Traffic and utilization of hours: splitting, capacity, coverage, peak, and the choice of source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH
from mistwan_dagster.kpi.counters import counter_intervals
from mistwan_dagster.kpi.utilization import insight_hours, prefer_live, utilization_hours

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
END = T0 + timedelta(hours=2)
INSTANT = pl.Datetime("us", "UTC")
COLUMNS = [
    "circuit_id",
    "hour_utc",
    "rx_bytes",
    "tx_bytes",
    "utilization_pct",
    "utilization_peak_pct",
    "counter_reset",
    "coverage_pct",
    "source",
]


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def intervals(*given: tuple) -> pl.LazyFrame:
    rows = [("c", at(a), at(b), rx, tx, reset) for a, b, rx, tx, reset in given]
    schema = {
        "circuit_id": pl.String,
        "start": INSTANT,
        "end": INSTANT,
        "rx_bytes": pl.Int64,
        "tx_bytes": pl.Int64,
        "counter_reset": pl.Boolean,
    }
    return pl.LazyFrame(rows, schema=schema, orient="row")


def circuits(down: float | None, up: float | None, hours: int = 4) -> pl.LazyFrame:
    return pl.LazyFrame(
        {
            "circuit_id": ["c"] * hours,
            "hour_utc": [T0 + timedelta(hours=h - 1) for h in range(hours)],
            "bandwidth_down_mbps": [down] * hours,
            "bandwidth_up_mbps": [up] * hours,
        },
        schema_overrides={
            "hour_utc": INSTANT,
            "bandwidth_down_mbps": pl.Float64,
            "bandwidth_up_mbps": pl.Float64,
        },
    )


def hours(frame: pl.LazyFrame, bandwidth: pl.LazyFrame) -> list[dict]:
    found = utilization_hours(frame, bandwidth, T0, END).sort("hour_utc").collect()
    assert found.columns == COLUMNS
    return found.to_dicts()


def test_a_whole_hour_by_hand():
    """45 MB over 1 Mbit/s down (450 MB an hour) are 10 %, 18 MB over 0.2 Mbit/s up (90 MB) are 20 %."""
    frame = intervals(*((300 * i, 300 * (i + 1), 3_750_000, 1_500_000, False) for i in range(12)))
    [row] = hours(frame, circuits(1.0, 0.2))
    assert (row["rx_bytes"], row["tx_bytes"]) == (45_000_000, 18_000_000)
    assert row["utilization_pct"] == pytest.approx(20)
    assert row["utilization_peak_pct"] == pytest.approx(20)
    assert (row["coverage_pct"], row["counter_reset"], row["source"]) == (100, False, "live")


def test_capacity_is_that_of_the_covered_seconds_not_of_one_second():
    """Half the link for a covered quarter of the hour is 50 %, with 25 % coverage."""
    [row] = hours(intervals((0, 900, 56_250_000, 0, False)), circuits(1.0, 1.0))
    assert row["utilization_pct"] == pytest.approx(50)
    assert row["coverage_pct"] == 25


@pytest.mark.parametrize("mbps", [0.0, 5e-324])
def test_a_bandwidth_of_nothing_gives_no_utilization_but_traffic(mbps: float):
    [row] = hours(intervals((0, 900, 56_250_000, 0, False)), circuits(mbps, mbps))
    assert (row["utilization_pct"], row["utilization_peak_pct"]) == (None, None)
    assert row["rx_bytes"] == 56_250_000


def test_an_interval_across_the_hour_is_split_by_time():
    first, second = hours(intervals((3540, 3840, 1000, 500, True)), circuits(1.0, 1.0))
    assert (first["rx_bytes"], first["tx_bytes"]) == (pytest.approx(200), pytest.approx(100))
    assert (second["rx_bytes"], second["tx_bytes"]) == (pytest.approx(800), pytest.approx(400))
    assert first["coverage_pct"] == pytest.approx(100 * 60 / 3600)
    assert second["coverage_pct"] == pytest.approx(100 * 240 / 3600)
    assert first["counter_reset"]
    assert second["counter_reset"]


def test_edges_of_the_span_keep_only_their_inner_part():
    frame = intervals(
        (-150, 150, 100, 0, False),
        (7050, 7350, 100, 0, False),
        (-600, -300, 9, 9, False),
        (7200, 7500, 9, 9, False),
    )
    first, last = hours(frame, circuits(1.0, 1.0))
    assert (first["hour_utc"], last["hour_utc"]) == (T0, at(3600))
    assert first["rx_bytes"] == last["rx_bytes"] == pytest.approx(50)


def test_an_interval_that_ends_on_the_hour_leaves_nothing_in_the_next():
    assert len(hours(intervals((3300, 3600, 10, 0, False)), circuits(1.0, 1.0))) == 1


def test_the_peak_is_the_busiest_interval():
    frame = intervals(
        (0, 300, 37_500_000, 0, False), (300, 600, 0, 18_750_000, False), (600, 900, 0, 0, False)
    )
    [row] = hours(frame, circuits(1.0, 2.0))
    assert row["utilization_peak_pct"] == pytest.approx(100)
    assert row["utilization_pct"] == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("down", "up", "expected"),
    [(1.0, None, 40), (None, 1.0, 40), (2.0, 0.0, 20), (0.0, 0.0, None), (None, None, None), (0.1, 0.1, 400)],
)
def test_which_bandwidth_counts_and_more_than_all_of_it_stays(down, up, expected):
    """300 s at 0.1 Mbit/s received and 0.4 sent."""
    [row] = hours(intervals((0, 300, 3_750_000, 15_000_000, False)), circuits(down, up))
    expected = None if expected is None else pytest.approx(expected)
    assert row["utilization_pct"] == row["utilization_peak_pct"] == expected
    assert row["rx_bytes"] == 3_750_000


def test_a_circuit_that_no_dimension_knows_has_bytes_and_no_utilization():
    [row] = hours(intervals((0, 300, 10, 0, False)), circuits(1.0, 1.0).filter(pl.lit(False)))
    assert (row["rx_bytes"], row["utilization_pct"], row["source"]) == (10, None, "live")


def test_no_interval_no_row():
    assert hours(intervals(), circuits(1.0, 1.0)) == []


def bins(*given: tuple) -> pl.LazyFrame:
    rows = [
        {
            "mac": "m",
            "port_id": "p",
            "bin_start": at(s),
            "rx_bps": rx,
            "tx_bps": tx,
            "max_rx_bps": mrx,
            "max_tx_bps": mtx,
        }
        for s, rx, tx, mrx, mtx in given
    ]
    return pl.LazyFrame(rows, schema=INSIGHT_BANDWIDTH.schema)


def series(*given: tuple, down: float | None = 1.0, up: float | None = 0.5) -> list[dict]:
    known = circuits(down, up).with_columns(circuit_id=pl.lit("m:p"))
    found = insight_hours(bins(*given), known, T0, END).sort("hour_utc").collect()
    assert found.columns == COLUMNS
    return found.to_dicts()


def test_a_bin_of_the_cloud_by_hand():
    """0.4 Mbit/s of 1 down and 0.1 of 0.5 up: 40 %; peaks 0.8 and 0.5: 100 %."""
    [row] = series((0, 400_000.0, 100_000.0, 800_000.0, 500_000.0))
    assert (row["circuit_id"], row["hour_utc"]) == ("m:p", T0)
    assert (row["rx_bytes"], row["tx_bytes"]) == (180_000_000, 45_000_000)
    assert row["utilization_pct"] == pytest.approx(40)
    assert row["utilization_peak_pct"] == pytest.approx(100)
    assert (row["coverage_pct"], row["counter_reset"], row["source"]) == (100, None, "insights_1h")


def test_nulls_of_a_bin_stay_null():
    assert series((0, None, None, 5.0, 5.0)) == []
    [row] = series((0, 8.0, None, None, 1.0))
    assert (row["rx_bytes"], row["tx_bytes"], row["utilization_pct"], row["utilization_peak_pct"]) == (
        3600,
        None,
        None,
        None,
    )


def test_bins_outside_the_span_and_repeated_bins():
    one = (0, 8.0, 8.0, 8.0, 8.0)
    assert len(series(one, one, (-3600, *one[1:]), (7200, *one[1:]), (3600, *one[1:]))) == 2


def chosen(live_coverage: float | None, with_bin: bool) -> list[str]:
    row = {"circuit_id": "c", "hour_utc": T0, "source": "live", "coverage_pct": live_coverage}
    schema = {"circuit_id": pl.String, "hour_utc": INSTANT, "source": pl.String, "coverage_pct": pl.Float64}
    live = pl.LazyFrame([row] if live_coverage is not None else [], schema=schema)
    cloud = pl.LazyFrame(
        [{**row, "source": "insights_1h", "coverage_pct": 100.0}] if with_bin else [], schema=schema
    )
    return prefer_live(live, cloud).collect()["source"].to_list()


def test_live_wins_unless_it_covers_too_little_and_a_bin_exists():
    assert chosen(50.0, with_bin=True) == ["live"]
    assert chosen(49.999, with_bin=True) == ["insights_1h"]
    assert chosen(49.999, with_bin=False) == ["live"]
    assert chosen(None, with_bin=True) == ["insights_1h"]
    assert chosen(None, with_bin=False) == []


def test_measured_and_clouds_rows_stand_in_one_frame():
    known = circuits(1.0, 1.0)
    live = utilization_hours(intervals((0, 300, 10, 0, False)), known, T0, END)
    cloud = insight_hours(bins((3600, 8.0, 8.0, 8.0, 8.0)), known, T0, END)
    found = prefer_live(live, cloud).sort("hour_utc").collect()
    assert found["source"].to_list() == ["live", "insights_1h"]


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 1200), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=30
    ),
    offset=st.integers(-900, 7000),
    bandwidth=st.tuples(*[st.sampled_from([None, 0.0, 0.5, 20.0])] * 2),
)
def test_hours_equal_a_second_by_second_reference(steps, offset, bandwidth):
    """Counters grow by the steps; the reference spreads each difference over its seconds, one by one."""
    rows, t, rx, tx = [{"t": at(offset), "rx_bytes": 0, "tx_bytes": 0}], offset, 0, 0
    expected: dict[int, list[float]] = {}
    for seconds, more_rx, more_tx in steps:
        if seconds <= 900:
            for second in range(t, t + seconds):
                if 0 <= second < 7200:
                    hour = expected.setdefault(second // 3600, [0.0, 0.0, 0, None, None])
                    rates = more_rx / seconds, more_tx / seconds
                    hour[0] += rates[0]
                    hour[1] += rates[1]
                    hour[2] += 1
                    here = sum(second // 3600 == s // 3600 for s in range(t, t + seconds))
                    if 2 * here >= seconds:
                        hour[3], hour[4] = max(hour[3] or 0.0, rates[0]), max(hour[4] or 0.0, rates[1])
        t, rx, tx = t + seconds, rx + more_rx, tx + more_tx
        rows.append({"t": at(t), "rx_bytes": rx, "tx_bytes": tx})
    schema = {
        "mac": pl.String,
        "circuit_id": pl.String,
        "t": INSTANT,
        "rx_bytes": pl.Int64,
        "tx_bytes": pl.Int64,
        "disabled": pl.Boolean,
        "speed": pl.Float64,
        "uptime": pl.Float64,
    }
    frame = pl.LazyFrame([{**r, "mac": "m", "circuit_id": "c"} for r in rows], schema=schema)
    found = {
        (r["hour_utc"] - T0) // timedelta(hours=1): r
        for r in hours(counter_intervals(frame, None), circuits(*bandwidth))
    }
    assert found.keys() == expected.keys()
    down, up = (bandwidth[0] or bandwidth[1] or None), (bandwidth[1] or bandwidth[0] or None)
    for hour, (sum_rx, sum_tx, seconds, max_rx, max_tx) in expected.items():
        row = found[hour]
        assert row["rx_bytes"] == pytest.approx(sum_rx)
        assert row["tx_bytes"] == pytest.approx(sum_tx)
        assert row["coverage_pct"] == pytest.approx(100 * seconds / 3600)
        if down is None or up is None:
            assert row["utilization_pct"] is row["utilization_peak_pct"] is None
            continue
        capacity = [mbps * 1e6 / 8 for mbps in (down, up)]
        assert row["utilization_pct"] == pytest.approx(
            100 * max(sum_rx / seconds / capacity[0], sum_tx / seconds / capacity[1])
        )
        if max_rx is None:
            assert row["utilization_peak_pct"] is None
            continue
        assert row["utilization_peak_pct"] == pytest.approx(
            100 * max(max_rx / capacity[0], max_tx / capacity[1])
        )


def test_a_busy_interval_that_only_touches_an_hour_makes_no_peak_of_it():
    """Two seconds of an interval at 100 % reach into an idle hour: its peak is its own, 10 %."""
    schema = {
        "circuit_id": pl.String,
        "start": INSTANT,
        "end": INSTANT,
        "rx_bytes": pl.Int64,
        "tx_bytes": pl.Int64,
    }
    megabyte_s = 1_000_000
    frame = pl.LazyFrame(
        [
            {"circuit_id": "c", "start": at(-298), "end": at(2), "rx_bytes": 300 * megabyte_s, "tx_bytes": 0},
            {"circuit_id": "c", "start": at(2), "end": at(302), "rx_bytes": 30 * megabyte_s, "tx_bytes": 0},
        ],
        schema=schema,
    ).with_columns(counter_reset=False)
    (row,) = hours(frame, circuits(8.0, 8.0))
    assert row["utilization_peak_pct"] == pytest.approx(10.0)
    assert row["utilization_pct"] == pytest.approx(100 * (2 + 30) / 302)
