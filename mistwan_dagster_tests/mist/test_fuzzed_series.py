"""Whatever a series answer holds: no crash, bins of the span only, each once, and a note for what was left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import SERIES
from mistwan_dagster.mist.series import Series, fetch_bandwidth, fetch_quality, parse_bins
from mistwan_dagster_tests import fuzzing

from .conftest import Cloud, Reply, Tools

START = datetime(2025, 3, 4, tzinfo=UTC)
END = START + timedelta(hours=6)
EPOCH = int(START.timestamp())
MOST_CALLS = 20

numbers = st.lists(st.none() | st.integers(0, 10**9) | fuzzing.scalars, max_size=8)
instants = st.sampled_from(
    [EPOCH, EPOCH + 3600, EPOCH + 7200, float(EPOCH), "2025-03-04T01:00:00Z", "2025-03-04T02:00:00", EPOCH]
)
intervals = st.sampled_from([3600, 600, "1h", "10m", "²h", "9" * 5000, "999999999d", 0, -1, 7, 86400, 1e300])


def bodies(endpoint: Endpoint) -> st.SearchStrategy[dict[str, Any]]:
    series = {f.name: numbers | fuzzing.nasty for f in endpoint.fields if f.name not in endpoint.key}
    frame = {
        "start": instants | fuzzing.scalars | st.just("0001-01-01T00:30:00+14:00"),
        "end": instants | fuzzing.scalars,
        "interval": intervals | fuzzing.nasty,
        "limit": st.sampled_from([0, 1, 3, 400, -1, "400"]) | fuzzing.scalars,
        "rt": st.lists(instants, max_size=8) | fuzzing.nasty,
    }
    flat = st.fixed_dictionaries({}, optional={**series, **frame})
    return st.one_of(flat, flat, st.dictionaries(st.sampled_from(["wan_link_health", "x"]), flat, min_size=1))


def fetch(endpoint: Endpoint, tools: Tools) -> Series:
    ask = fetch_bandwidth if endpoint is SERIES[0] else fetch_quality
    return ask(
        tools.session, tools.quota, "s", "d", "5c5b35000001", None, "ge-0/0/1", START, END, retry=tools.retry
    )


@pytest.mark.parametrize("endpoint", SERIES, ids=lambda e: e.name)
def test_any_series_gives_bins_of_the_span_or_a_note(endpoint: Endpoint, cloud: Cloud, tools: Tools) -> None:
    names = [f.name for f in endpoint.fields if f.name not in endpoint.key]
    tools.quota.budget = 10**9

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(bodies(endpoint))
    def holds(body: dict[str, Any]) -> None:
        cloud.asked.clear()
        cloud.script = lambda _asked, n: Reply(body if n < MOST_CALLS else {})
        done = fetch(endpoint, tools)
        assert len(cloud.asked) < MOST_CALLS, "asked without end"
        assert dict(done.frame.schema) == endpoint.schema
        starts = done.frame["bin_start"].to_list()
        assert len(set(starts)) == len(starts)
        assert all(START <= start < END for start in starts)
        for row in done.frame.select(names).iter_rows():
            assert any(v is not None for v in row)
            assert all(v is None or abs(v) < 1e300 for v in row)

    holds()


@pytest.mark.parametrize(
    "told", [{}, {"start": EPOCH}, {"start": "soon", "interval": 3600}, {"interval": "²h"}]
)
def test_values_that_cannot_be_placed_are_noted(told: dict[str, Any]) -> None:
    notes: list[str] = []
    bins = parse_bins({"avg_loss": [1.0], **told}, ("avg_loss",), notes, "port")
    assert (bins.starts, len(notes)) == ([], 1)


@pytest.mark.parametrize("rt", [[EPOCH, EPOCH], ["0001-01-01T00:30:00+14:00"] * 2, [EPOCH + 600, EPOCH]])
def test_instants_that_do_not_advance_crash_nothing(rt: list[Any]) -> None:
    parse_bins({"avg_loss": [1.0, 2.0], "rt": rt}, ("avg_loss",), [], "port")
