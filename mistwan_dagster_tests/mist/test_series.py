"""Hourly history of one port: the answer's own bins, short answers, older forms, what is not served."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mistwan_dagster.catalog.endpoints import INSIGHT_BANDWIDTH, INSIGHT_QUALITY
from mistwan_dagster.mist.errors import Forbidden, Unusable
from mistwan_dagster.mist.quota import Purpose
from mistwan_dagster.mist.series import Series, fetch_bandwidth, fetch_quality, parse_bins

from .conftest import HALF_PAST, Asked, Cloud, Reply, Tools

SITE, MAC = "11111111-2222-3333-4444-555555555555", "5c5b35000001"
DEVICE = f"00000000-0000-0000-1000-{MAC}"
START = datetime(2025, 1, 1, 0, tzinfo=UTC)
EPOCH = 1735689600


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def bandwidth(tools: Tools, hours: int = 3, node: str | None = None) -> Series:
    return fetch_bandwidth(
        tools.session, tools.quota, SITE, DEVICE, MAC, node, "ge-0/0/1", START, at(hours), retry=tools.retry
    )


def quality(tools: Tools, hours: int = 3) -> Series:
    return fetch_quality(
        tools.session, tools.quota, SITE, DEVICE, MAC, None, "ge-0/0/1", START, at(hours), retry=tools.retry
    )


def test_bandwidth_of_three_hours(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply(
            {
                "start": EPOCH, "end": EPOCH + 10800, "interval": 3600, "limit": 400,
                "rx_bps": [1000, None, 3.5], "tx_bps": [10, None, None],
                "max_rx_bps": [2000, None, 4], "max_tx_bps": [20, None, 5],
            }
        )
    )  # fmt: skip
    done = bandwidth(tools, node="node0")
    assert done.notes == ()
    assert dict(done.frame.schema).keys() == INSIGHT_BANDWIDTH.schema.keys()
    assert done.frame.select(
        "mac", "node", "port_id", "bin_start", "rx_bps", "tx_bps", "max_rx_bps"
    ).rows() == [
        (MAC, "node0", "ge-0/0/1", at(0), 1000.0, 10.0, 2000.0),
        (MAC, "node0", "ge-0/0/1", at(2), 3.5, None, 4.0),
    ]
    assert done.frame["received_at"].to_list() == [HALF_PAST] * 2
    asked = cloud.asked[0]
    assert asked.path == f"/api/v1/sites/{SITE}/insights/gateway/{DEVICE}/stats"
    assert asked.query == {
        "metrics": "tx_bps,rx_bps,max_tx_bps,max_rx_bps", "port_id": "ge-0/0/1", "interval": "1h",
        "start": str(EPOCH), "end": str(EPOCH + 10800), "limit": "400",
    }  # fmt: skip
    assert tools.quota.left(Purpose.BACKFILL) == 3499


def test_quality_is_asked_by_mac(cloud: Cloud, tools: Tools) -> None:
    series = {"avg_latency": [12.5, None], "avg_jitter": [1, None], "avg_loss": [0, None]}
    cloud.replies(Reply({"start": EPOCH, "interval": 3600, "limit": 400, **series}))
    frame = quality(tools).frame
    assert cloud.asked[0].path == f"/api/v1/sites/{SITE}/insights/device/{MAC}/wan_link_health"
    assert dict(frame.schema).keys() == INSIGHT_QUALITY.schema.keys()
    assert frame.select("bin_start", "avg_latency", "avg_jitter", "avg_loss").rows() == [
        (at(0), 12.5, 1.0, 0.0)
    ]


def test_older_form_lies_under_the_metric(cloud: Cloud, tools: Tools) -> None:
    nested = {"avg_latency": [5], "avg_jitter": [2], "avg_loss": [0.1]}
    cloud.replies(Reply({"start": EPOCH, "interval": 3600, "limit": 400, "wan_link_health": nested}))
    assert quality(tools).frame["avg_latency"].to_list() == [5.0]


def test_times_of_the_answer_win_over_those_asked_for(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply({"start": EPOCH - 3600, "interval": "1h", "limit": 400, "rx_bps": [9, 1, 2, 3, 4, 5]})
    )
    frame = bandwidth(tools).frame
    assert frame.select("bin_start", "rx_bps").rows() == [(at(0), 1.0), (at(1), 2.0), (at(2), 3.0)]


def test_rt_places_bins_also_across_a_gap(cloud: Cloud, tools: Tools) -> None:
    rt = ["2025-01-01T00:00:00Z", "2025-01-01T02:00:00+00:00"]
    cloud.replies(Reply({"start": 5, "interval": 3600, "limit": 400, "rt": rt, "rx_bps": [1, 2]}))
    assert bandwidth(tools).frame.select("bin_start", "rx_bps").rows() == [(at(0), 1.0), (at(2), 2.0)]


def by_limit(limit: int, newest: bool = False) -> Any:
    def script(asked: Asked, _n: int) -> Reply:
        first, last = int(asked.query["start"]), int(asked.query["end"])
        starts = list(range(first, last, 3600))
        starts = starts[-limit:] if newest else starts[:limit]
        rates = [(s - EPOCH) // 3600 for s in starts]
        return Reply({"start": starts[0], "interval": 3600, "limit": limit, "rx_bps": rates})

    return script


@pytest.mark.parametrize("newest", [False, True])
def test_short_answers_are_asked_on(cloud: Cloud, tools: Tools, newest: bool) -> None:
    cloud.script = by_limit(168, newest)
    frame = bandwidth(tools, hours=336).frame
    assert frame["rx_bps"].to_list() == [float(h) for h in range(336)]
    assert len(cloud.asked) == 2


def test_history_that_ends_early_is_not_asked_for_again(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"start": EPOCH + 7200, "interval": 3600, "limit": 400, "rx_bps": [1]}))
    assert bandwidth(tools, hours=336).frame.height == 1


def test_cloud_that_always_tells_the_same_is_not_asked_for_ever(cloud: Cloud, tools: Tools) -> None:
    cloud.script = lambda _asked, _n: Reply({"start": EPOCH, "interval": 3600, "limit": 2, "rx_bps": [1, 2]})
    assert bandwidth(tools, hours=9).frame.height == 2
    assert len(cloud.asked) == 2


@pytest.mark.parametrize("status", [400, 404])
def test_not_served_is_empty_with_a_note(cloud: Cloud, tools: Tools, status: int) -> None:
    cloud.replies(Reply({"detail": "metric not supported"}, status))
    done = quality(tools)
    assert done.frame.height == 0
    assert dict(done.frame.schema).keys() == INSIGHT_QUALITY.schema.keys()
    assert done.notes == (f"insight_quality of {MAC} ge-0/0/1: not served ({status}: metric not supported)",)


def test_forbidden_and_broken_are_errors(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"detail": "no"}, 403))
    with pytest.raises(Forbidden):
        bandwidth(tools)
    cloud.script = lambda _asked, _n: Reply([1, 2])
    with pytest.raises(Unusable, match="unexpected form"):
        bandwidth(tools)


@pytest.mark.parametrize("body", [{}, {"start": EPOCH, "interval": 3600}, {"rx_bps": [], "results": []}])
def test_no_series_is_no_rows(cloud: Cloud, tools: Tools, body: dict[str, Any]) -> None:
    cloud.replies(Reply(body))
    done = bandwidth(tools)
    assert (done.frame.height, done.notes) == (0, ())


def test_series_without_a_place_in_time_is_left_out_and_noted(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"interval": 3600, "rx_bps": [1]}))
    done = bandwidth(tools)
    assert done.frame.height == 0
    assert "without `start` or `interval`" in done.notes[0]


def test_finer_bins_are_pooled_only_where_an_hour_is_whole() -> None:
    notes: list[str] = []
    body = {
        "start": EPOCH, "interval": 600,
        "rx_bps": [1, 2, 3, 4, 5, 6, 7, 8, 9, None, 1, 2], "max_rx_bps": [1, 9, 2, 2, 2, 2],
    }  # fmt: skip
    bins = parse_bins(body, ("rx_bps", "max_rx_bps"), notes, "x")
    assert bins.starts == [EPOCH, EPOCH + 3600]
    assert bins.values == {"rx_bps": [3.5, None], "max_rx_bps": [9.0, None]}
    assert notes == ["x: bins of 600 s where 3600 were asked for"]


def test_coarser_bins_are_left_out() -> None:
    notes: list[str] = []
    bins = parse_bins({"start": EPOCH, "interval": 86400, "rx_bps": [1]}, ("rx_bps",), notes, "x")
    assert (bins.starts, len(notes)) == ([], 1)


@pytest.mark.parametrize("odd", ["7", True, float("nan"), {"a": 1}])
def test_value_that_is_no_number_is_null(odd: Any) -> None:
    bins = parse_bins({"start": EPOCH, "interval": 3600, "rx_bps": [odd, 2]}, ("rx_bps",), [], "x")
    assert bins.values["rx_bps"] == [None, 2.0]
