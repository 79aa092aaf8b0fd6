"""SLE answers of a scripted cloud, over real HTTP through the SDK."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mistwan_dagster.catalog.sle_endpoints import (
    SITES_SLE,
    SLE_CLASSIFIER_LIST,
    SLE_CLASSIFIER_TREND,
    SLE_DETAILS,
    SLE_HISTOGRAM,
    SLE_IMPACTED_GATEWAYS,
    SLE_IMPACTED_INTERFACES,
    SLE_METRIC_LIST,
    SLE_THRESHOLD,
    SLE_TREND,
    WORST_SITES_SLE,
)
from mistwan_dagster.mist.capped_quota import CappedQuota
from mistwan_dagster.mist.errors import Forbidden, QuotaExhausted, Unusable
from mistwan_dagster.mist.extract import extract
from mistwan_dagster.mist.pager import walk
from mistwan_dagster.mist.quota import Purpose, SqliteQuota
from mistwan_dagster.mist.sle import SleAnswer, SleSubject, fetch_sle

from .conftest import HALF_PAST, ORG, Asked, Cloud, Reply, Tools

END = HALF_PAST.replace(minute=0)
START = END - timedelta(hours=3)
S = START.timestamp()
SITE = SleSubject("site-1", "site", "site-1", "wan-link-health")
GATEWAY = SleSubject("site-1", "gateway", "00000000-0000-0000-1000-5c5b35000001", "wan-link-health")


def ask(tools: Tools, endpoint: Any, subject: SleSubject = SITE, **more: Any) -> SleAnswer:
    return fetch_sle(
        tools.session, more.pop("quota", tools.quota), endpoint, subject,
        start=START, end=END, read_at=HALF_PAST, retry=tools.retry, **more,
    )  # fmt: skip


def part(name: str, **samples: list[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": 3600,
        "x_label": "s",
        "y_label": "interface-minutes",
        "samples": samples,
    }


TREND = {
    "start": S,
    "end": S + 3 * 3600,
    "sle": part("wan-link-health", total=[60, None, 60.0], degraded=[3, None, 0], value=[None] * 3),
    "classifiers": [
        part("network-loss", total=[60, None, 60], degraded=[3, None], duration=[3.0, 0, 0]),
        part("never-heard-of", total=[60], degraded=[0], duration=[0]),
        {"interval": 3600},
    ],
}


def test_the_trend_holds_the_metric_and_its_classifiers_bin_by_bin(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply(TREND))
    answer = ask(tools, SLE_TREND)
    assert cloud.asked[0].path == "/api/v1/sites/site-1/sle/site/site-1/metric/wan-link-health/summary-trend"
    assert cloud.asked[0].query == {"start": str(int(S)), "end": str(int(S) + 10800)}
    rows = answer.frame.select("classifier", "timestamp", "total", "degraded", "duration").rows()
    assert rows == [
        (None, S, 60.0, 3.0, None),
        (None, S + 3600, None, None, None),
        (None, S + 7200, 60.0, 0.0, None),
        ("network-loss", S, 60.0, 3.0, 3.0),
        ("network-loss", S + 3600, None, None, 0.0),
        ("network-loss", S + 7200, 60.0, None, 0.0),
        ("never-heard-of", S, 60.0, 0.0, 0.0),
    ]
    assert answer.frame.columns == list(SLE_TREND.schema)
    assert set(answer.frame["read_at"]) == {HALF_PAST.timestamp()}
    assert answer.notes == (
        "wan-link-health of site site-1: sle_trend: a classifier without a name was left out",
    )


@pytest.mark.parametrize("status", [400, 404])
def test_the_older_form_is_read_where_the_newer_is_not_served(
    cloud: Cloud, tools: Tools, status: int
) -> None:
    old = {**TREND, "impact": {"num_gateways": 1}, "events": []}
    cloud.replies(Reply({"detail": "no"}, status), Reply(old))
    answer = ask(tools, SLE_TREND)
    assert [a.path.rpartition("/")[2] for a in cloud.asked] == ["summary-trend", "summary"]
    assert answer.frame.height == 7

    one = {
        "start": S,
        "metric": "wan-link-health",
        "classifier": part("network-loss", total=[60], degraded=[6]),
    }
    cloud.asked.clear()
    cloud.replies(Reply({"detail": "no"}, status), Reply({**one, "impact": {}, "failures": []}))
    answer = ask(tools, SLE_CLASSIFIER_TREND, classifier="network-loss")
    assert [a.path.partition("classifier/")[2] for a in cloud.asked] == [
        "network-loss/summary-trend", "network-loss/summary",
    ]  # fmt: skip
    assert answer.frame.select("classifier", "total", "degraded").rows() == [("network-loss", 60.0, 6.0)]


def test_what_no_form_serves_is_a_note_and_other_errors_are_raised(cloud: Cloud, tools: Tools) -> None:
    cloud.script = lambda _asked, _n: Reply({"detail": "unsupported"}, 400)
    answer = ask(tools, SLE_TREND)
    assert answer.frame.is_empty()
    assert answer.notes == ("wan-link-health of site site-1: sle_trend not served (400: unsupported)",)
    cloud.script = lambda _asked, _n: Reply({"detail": "no"}, 403)
    with pytest.raises(Forbidden):
        ask(tools, SLE_HISTOGRAM)
    cloud.script = lambda _asked, _n: Reply({}, 502)
    with pytest.raises(Unusable):
        ask(tools, SLE_HISTOGRAM)


def test_names_that_a_path_cannot_carry_are_not_asked_for(cloud: Cloud, tools: Tools) -> None:
    for name in ("../../x", "a?b=c", "", "ä"):
        answer = ask(tools, SLE_CLASSIFIER_TREND, classifier=name)
        assert "no name that can be asked for" in answer.notes[0]
    assert cloud.asked == []
    with pytest.raises(ValueError, match="scope"):
        ask(tools, SLE_IMPACTED_GATEWAYS, GATEWAY)


def test_lists_become_rows_and_a_name_that_is_none_is_quarantined(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply({"enabled": ["application_health", "x"], "supported": ["application_health", "coverage"]}),
        Reply(["network-loss", 7, "network-jitter"]),
    )
    rows = ask(tools, SLE_METRIC_LIST, GATEWAY).frame.select("metric", "enabled", "supported").rows()
    assert rows == [("application_health", True, True), ("coverage", False, True), ("x", True, False)]
    assert cloud.asked[0].path == f"/api/v1/sites/site-1/sle/gateway/{GATEWAY.scope_id}/metrics"
    assert cloud.asked[0].query == {}
    answer = ask(tools, SLE_CLASSIFIER_LIST)
    assert answer.frame["classifier"].to_list() == ["network-loss", "network-jitter"]
    assert [q.reason for q in answer.quarantined] == ["classifier: number where a string is expected"]


def test_what_is_no_name_is_quarantined_and_names_no_metric(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"enabled": [None], "supported": [""]}), Reply([None, "", "network-loss"]))
    metrics, classifiers = ask(tools, SLE_METRIC_LIST), ask(tools, SLE_CLASSIFIER_LIST)
    assert metrics.frame.is_empty()
    assert classifiers.frame["classifier"].to_list() == ["network-loss"]
    for answer in (metrics, classifiers):
        assert sorted(q.reason for q in answer.quarantined) == [
            "row is null, not an object", "row is string, not an object",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "body", "note"),
    [
        (SLE_HISTOGRAM, [], "the answer is no object"),
        (SLE_CLASSIFIER_LIST, {}, "the answer is no array"),
        (SLE_HISTOGRAM, {"data": {"a": 1}}, "`data` is no array"),
        (SLE_METRIC_LIST, {"enabled": "all", "supported": None}, "`enabled` is no array"),
        (SLE_TREND, {"classifiers": 5}, "`classifiers` is no array"),
        (SLE_IMPACTED_GATEWAYS, {"gateways": {}}, "`gateways` is no array"),
    ],
)
def test_an_answer_whose_rows_cannot_be_told_is_noted(
    cloud: Cloud, tools: Tools, endpoint: Any, body: Any, note: str
) -> None:
    cloud.replies(Reply(body))
    answer = ask(tools, endpoint)
    assert answer.frame.is_empty()
    assert answer.notes == (f"wan-link-health of site site-1: {endpoint.name}: {note}",)


def test_histogram_threshold_and_impact(cloud: Cloud, tools: Tools) -> None:
    gateways = [
        {"gateway_mac": "5C:5B:35:00:00:01", "name": "gw", "gateway_model": "SRX320", "degraded": 5, "total": 60,
         "duration": 60, "new_key": 1},
        "odd",
    ]  # fmt: skip
    interfaces = [
        {"switch_mac": "5c5b35000002", "switch_name": "sw", "interface_name": "ge-0/0/1", "total": 2},
        {"gateway_mac": "5c5b35000001", "gateway_name": "gw", "interface_name": "ge-0/0/0", "total": "many"},
    ]
    cloud.replies(
        Reply({"start": S, "end": S + 1, "metric": "wan-link-health-v2", "y_label": "s",
               "data": [{"range": [None, 0], "value": 2}, {"value": 3, "range": [0, 10]}, {"value": 1}]}),
        Reply({"metric": "wan-link-health-v2", "threshold": "-66", "default": -72, "units": "dBm"}),
        Reply({"start": S, "end": S + 1, "total_count": 5, "gateways": gateways}),
        Reply({"start": S, "end": S + 1, "interfaces": interfaces}),
    )  # fmt: skip
    rows = ask(tools, SLE_HISTOGRAM).frame.select(
        "position", "range_low", "range_high", "value", "told_metric"
    )
    v2 = "wan-link-health-v2"
    assert rows.rows() == [(0, None, 0.0, 2.0, v2), (1, 0.0, 10.0, 3.0, v2), (2, None, None, 1.0, v2)]
    threshold = ask(tools, SLE_THRESHOLD).frame.row(0, named=True)
    assert (threshold["metric"], threshold["told_metric"]) == ("wan-link-health", v2)
    assert (threshold["threshold"], threshold["default"], threshold["units"]) == (-66.0, -72.0, "dBm")
    found = ask(tools, SLE_IMPACTED_GATEWAYS)
    gateway = found.frame.row(0, named=True)
    assert (gateway["device_mac"], gateway["device_name"], gateway["model"]) == (
        "5c5b35000001",
        "gw",
        "SRX320",
    )
    assert (gateway["degraded"], gateway["extra"]) == (5.0, '{"new_key":1}')
    assert [q.reason for q in found.quarantined] == ["row is string, not an object"]
    assert found.notes[0].endswith("2 of 5 rows told")
    found = ask(tools, SLE_IMPACTED_INTERFACES)
    assert found.frame.select("device_mac", "device_name", "interface_name").rows() == [
        ("5c5b35000002", "sw", "ge-0/0/1")
    ]
    assert found.frame["extra"].to_list() == [None]
    assert [q.reason for q in found.quarantined] == ["total: string where a number is expected"]


@pytest.mark.parametrize("endpoint", SLE_DETAILS, ids=lambda e: e.name)
@pytest.mark.parametrize(
    "body",
    [{}, [], {"start": None}, {"sle": 5, "classifiers": {"a": 1}, "classifier": [], "data": {}, "gateways": 7},
     {"data": [None], "interfaces": [3], "classifiers": [None], "enabled": 1, "threshold": {}, "gateways": [[]]}],
    ids=["empty", "array", "null", "types", "nested"],
)  # fmt: skip
def test_no_shape_is_too_odd(cloud: Cloud, tools: Tools, endpoint: Any, body: Any) -> None:
    cloud.replies(Reply(body))
    answer = ask(tools, endpoint, **({"classifier": "x"} if endpoint is SLE_CLASSIFIER_TREND else {}))
    assert answer.frame.columns == list(endpoint.schema)
    assert answer.frame.height <= 1


def test_a_trend_without_start_is_left_out_with_a_note(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({k: v for k, v in TREND.items() if k != "start"}))
    answer = ask(tools, SLE_TREND)
    assert answer.frame.is_empty()
    assert "without `start` or `interval`" in answer.notes[0]


def test_the_sites_list_is_paged_in_its_body_and_rows_know_their_window(cloud: Cloud, tools: Tools) -> None:
    def script(asked: Asked, _n: int) -> Reply:
        page = int(asked.query.get("page", "1"))
        row = {"site_id": f"s{page}", "gateway-health": 0.5, "num_gateways": 1}
        told = {"start": S, "end": S + 3600, "interval": 3600, "limit": 1, "page": page, "total": 3}
        return Reply({**told, "results": [row]})

    cloud.script = script
    work = walk(tools.session, SITES_SLE, ORG, start=START, end=START + timedelta(hours=1), **tools.how)
    pages = list(work)
    assert [a.path for a in cloud.asked] == [f"/api/v1/orgs/{ORG}/insights/sites-sle"] * 3
    first = cloud.asked[0].query
    assert first == {
        "sle": "wan",
        "interval": "1h",
        "limit": "1000",
        "start": str(int(S)),
        "end": str(int(S) + 3600),
    }
    frame = extract(SITES_SLE, pages[2].rows, pages[2].received_at).frame
    assert frame.select("site_id", "start", "end", "gateway-health").rows() == [("s3", S, S + 3600, 0.5)]
    assert frame["extra"].to_list() == [None]


def test_the_worst_sites_are_one_answer_without_limit(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply({"start": S, "end": S + 1, "interval": 3600, "limit": 100, "results": [{"site_id": "a"}, 5]})
    )
    pages = list(walk(tools.session, WORST_SITES_SLE, ORG, **tools.how))
    assert cloud.asked[0].path == f"/api/v1/orgs/{ORG}/insights/worst-sites-by-sle"
    assert cloud.asked[0].query == {"sle": "wan-link-health", "interval": "1h"}
    found = extract(WORST_SITES_SLE, pages[0].rows, pages[0].received_at)
    assert (found.frame["site_id"].to_list(), len(found.quarantined)) == (["a"], 1)


def test_a_share_of_the_quota_ends_by_itself_and_with_the_whole(quota: SqliteQuota) -> None:
    share = CappedQuota(quota, 2)
    for _ in range(2):
        share.spend(Purpose.BACKFILL, "x")
    with pytest.raises(QuotaExhausted, match="share of 2 calls") as caught:
        share.spend(Purpose.BACKFILL, "x")
    assert caught.value.until == HALF_PAST.replace(minute=0) + timedelta(hours=1)
    assert (share.spent, share.left(Purpose.BACKFILL), quota.used()) == (2, 0, 2)
    quota.budget = 2
    with pytest.raises(QuotaExhausted, match="call budget spent"):
        CappedQuota(quota, 5).spend(Purpose.LIVE, "x")
