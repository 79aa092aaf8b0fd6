"""Both paging styles, what ends a walk, and what makes it incomplete."""

from __future__ import annotations

import inspect
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from mistwan_dagster.catalog.cloud_endpoints import API_USAGE, EVENT_DEFINITIONS, INSIGHT_DEFINITIONS
from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, ENDPOINTS, PATH_STATS, PORT_STATS, SITES
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICE_EVENTS, SITE_DEVICE_STATS, SITE_DEVICES
from mistwan_dagster.errors import UserError
from mistwan_dagster.mist import pager
from mistwan_dagster.mist.errors import Forbidden, MistError, RateLimited, Unreachable, Unusable
from mistwan_dagster.mist.pager import Walk, walk
from mistwan_dagster.mist.sdk_session import MistSession

from .conftest import HALF_PAST, ORG, Asked, Cloud, Reply, Tools

PORTS = f"/api/v1/orgs/{ORG}/stats/ports/search"


def ports(*numbers: int) -> list[dict[str, Any]]:
    return [{"mac": "5c5b35000001", "port_id": f"ge-0/0/{n}"} for n in numbers]


def ids(*names: str) -> list[dict[str, Any]]:
    return [{"id": name} for name in names]


def begin(tools: Tools, endpoint: Endpoint = PORT_STATS, **arguments: Any) -> Walk:
    return walk(tools.session, endpoint, ORG, **tools.how, **arguments)


def asking(endpoint: Endpoint, **more: Any) -> Endpoint:
    """The endpoint with more arguments."""
    return replace(endpoint, arguments={**endpoint.arguments, **more})


def test_every_declared_call_exists_in_the_sdk(session: MistSession) -> None:
    for endpoint in ENDPOINTS.values():
        parameters = inspect.signature(session.operation(endpoint.function)).parameters
        assert set(endpoint.arguments) <= set(parameters), endpoint.name


def test_cursor_follows_next_verbatim(cloud: Cloud, tools: Tools) -> None:
    odd = f"{PORTS}?limit=2&search_after=%5B1711031354000%2C+%22a%2Bb%22%5D&start=1.5"
    cloud.replies(
        Reply({"results": ports(0, 1), "total": 3, "limit": 2, "next": odd}),
        Reply({"results": ports(2), "total": 3, "limit": 2}),
    )
    work = begin(tools)
    pages = list(work)
    assert [a.target for a in cloud.asked] == [f"{PORTS}?device_type=gateway&limit=1000", odd]
    assert [(len(p.rows), p.total) for p in pages] == [(2, 3), (1, 3)]
    assert work.total == 3


def test_a_page_is_asked_for_only_when_the_one_before_was_taken(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"results": ports(0), "next": f"{PORTS}?search_after=1"}), Reply({"results": []}))
    work = begin(tools)
    assert len(cloud.asked) == 0
    next(work)
    assert len(cloud.asked) == 1


def test_absolute_next_of_the_same_origin_is_followed(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply({"results": ports(0), "next": f"{cloud.base}{PORTS}?search_after=1"}),
        Reply({"results": ports(1)}),
    )
    assert [len(p.rows) for p in begin(tools)] == [1, 1]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/x", "//evil.example/x", "@evil.example/", 7])
def test_next_that_leads_elsewhere_is_refused(cloud: Cloud, tools: Tools, elsewhere: Any) -> None:
    cloud.replies(Reply({"results": ports(0), "next": elsewhere}))
    work = begin(tools)
    assert next(work).rows  # the page itself is good
    with pytest.raises(Unusable, match="leads away"):
        next(work)
    assert len(cloud.asked) == 1


@pytest.mark.parametrize(
    "odd", ["//[", "/\ud800", "/a b\r\nHost: evil", "/\x00", "/" + "a" * 70_000, [], {"a": 1}, 1e300, True]
)
def test_a_next_that_no_path_can_be_keeps_its_page_and_is_an_error(
    cloud: Cloud, tools: Tools, odd: Any
) -> None:
    cloud.script = lambda _asked, n: Reply({"results": ports(n), "next": odd} if n == 0 else {"results": []})
    work = begin(tools)
    assert len(next(work).rows) == 1
    with suppress(MistError):
        list(work)
        assert len(cloud.asked) == 2  # asked for as it is, and answered
    assert all("evil" not in asked.headers.get("Host", "") for asked in cloud.asked)


def paged(names: str, limit: int, headers: bool = True) -> Any:
    def script(asked: Asked, _n: int) -> Reply:
        page = int(asked.query.get("page", "1"))
        rows = ids(*names[(page - 1) * limit : page * limit])
        told = {"X-Page-Limit": str(limit), "X-Page-Page": str(page), "X-Page-Total": str(len(names))}
        return Reply(rows, headers=told if headers else {})

    return script


def test_page_style_goes_by_the_limit_that_the_cloud_grants(cloud: Cloud, tools: Tools) -> None:
    cloud.script = paged("abcdefg", 3)
    work = begin(tools, SITES)
    assert "".join(row["id"] for page in work for row in page.rows) == "abcdefg"
    assert [a.query.get("page", "1") for a in cloud.asked] == ["1", "2", "3"]
    assert {a.query["limit"] for a in cloud.asked} == {"1000"}


def test_page_style_without_headers_ends_on_a_short_page(
    cloud: Cloud, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pager, "PAGE_LIMIT", 3)
    cloud.script = paged("abcdefg", 3, headers=False)
    work = begin(tools, SITES)
    assert [len(p.rows) for p in work] == [3, 3, 1]
    assert work.total is None


def test_exact_multiple_asks_for_no_empty_page(cloud: Cloud, tools: Tools) -> None:
    cloud.script = paged("abcdef", 3)
    assert [len(p.rows) for p in begin(tools, SITES)] == [3, 3]


def test_page_paging_in_the_body(cloud: Cloud, tools: Tools) -> None:
    def script(asked: Asked, _n: int) -> Reply:
        page = int(asked.query.get("page", "1"))
        return Reply({"results": ids("abc"[page - 1]), "total": 3, "limit": 1, "page": page})

    cloud.script = script
    assert [p.rows[0]["id"] for p in begin(tools, SITES)] == ["a", "b", "c"]


def test_empty_answer_is_one_empty_complete_page(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"results": [], "total": 0}))
    assert [p.rows for p in begin(tools)] == [[]]


def test_error_page_in_mid_walk_is_never_rows(cloud: Cloud, tools: Tools) -> None:
    told = {"X-Page-Limit": "1", "X-Page-Page": "1", "X-Page-Total": "2"}
    cloud.replies(Reply(ids("a"), headers=told), Reply({"detail": "gone"}, 404))
    work = begin(tools, SITES)
    assert next(work).rows == ids("a")
    with pytest.raises(Forbidden, match="sites page 2"):
        next(work)


def test_lost_connection_in_mid_walk_does_not_truncate(cloud: Cloud, tools: Tools) -> None:
    def script(_asked: Asked, n: int) -> Reply:
        return (
            Reply({"results": ports(0), "next": f"{PORTS}?search_after=1"}) if n == 0 else Reply(fault="drop")
        )

    cloud.script = script
    work = begin(tools)
    assert len(next(work).rows) == 1
    with pytest.raises(Unreachable):
        next(work)


def test_error_object_with_status_200_is_never_rows(cloud: Cloud, tools: Tools) -> None:
    cloud.script = lambda _asked, _n: Reply({"detail": "not today", "error": True})
    with pytest.raises(Unusable, match="unexpected form"):
        list(begin(tools))


def test_429_in_mid_walk_stops_it(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply({"results": ports(0), "next": f"{PORTS}?search_after=1"}),
        Reply({"detail": "slow"}, 429, {"Retry-After": "9"}),
    )
    work = begin(tools)
    next(work)
    with pytest.raises(RateLimited):
        next(work)


def told_short(work: Walk, match: str) -> list[int]:
    """How many rows each page of a walk held that ends short."""
    sizes: list[int] = []
    with pytest.raises(Unusable, match=match):
        sizes.extend(len(page.rows) for page in work)
    return sizes


def test_a_walk_that_falls_short_of_its_total_is_made_once_more_and_then_an_error(
    cloud: Cloud, tools: Tools
) -> None:
    cloud.script = lambda _asked, _n: Reply({"results": ports(0, 1), "total": 3})
    work = begin(tools)
    assert told_short(work, "^port_stats: 1 of 3 rows were never told$") == [2, 2]
    assert work.total == 3


def test_what_the_first_walk_skipped_the_second_may_tell(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply({"results": ports(0, 1), "total": 3}),
        Reply({"results": ports(1, 2), "total": 3}),
    )
    # Typed rows, or mappings where a test before this one has had a key that no type can name.
    assert [[msgspec.to_builtins(row)["port_id"] for row in p.rows] for p in begin(tools)] == [
        ["ge-0/0/0", "ge-0/0/1"],
        ["ge-0/0/1", "ge-0/0/2"],
    ]


def test_duplicates_count_once(cloud: Cloud, tools: Tools) -> None:
    second = f"{PORTS}?search_after=1"
    cloud.replies(
        Reply({"results": ports(0, 1), "total": 4, "next": second}),
        Reply({"results": ports(1, 2), "total": 4}),
        Reply({"results": ports(0, 1, 2), "total": 4}),
    )
    assert told_short(begin(tools), "1 of 4 rows") == [2, 2, 3]


def test_a_total_that_counts_repeated_rows_is_reached_when_the_second_walk_tells_nothing_new(
    cloud: Cloud, tools: Tools
) -> None:
    cloud.script = lambda _asked, _n: Reply({"results": ports(0, 1, 1), "total": 3})
    assert [len(p.rows) for p in begin(tools)] == [3, 3]


def test_rows_that_come_or_go_during_a_walk_leave_it_whole(cloud: Cloud, tools: Tools) -> None:
    for first, last in ((2, 3), (3, 2)):
        cloud.asked.clear()
        cloud.replies(
            Reply({"results": ports(0), "total": first, "next": f"{PORTS}?search_after=1"}),
            Reply({"results": ports(1), "total": last}),
        )
        work = begin(tools)
        assert len(list(work)) == 2
        assert work.total == 2


@pytest.mark.parametrize("total", [3, None, 0])
def test_an_empty_page_with_a_next_does_not_end_a_walk(cloud: Cloud, tools: Tools, total: int | None) -> None:
    cloud.replies(
        Reply({"results": ports(0), "total": total, "next": f"{PORTS}?search_after=1"}),
        Reply({"results": [], "total": total, "next": f"{PORTS}?search_after=2"}),
        Reply({"results": ports(1, 2), "total": total}),
    )
    assert [len(p.rows) for p in begin(tools)] == [1, 0, 2]


def test_an_empty_page_ends_a_walk_that_lacks_nothing_whatever_its_next(cloud: Cloud, tools: Tools) -> None:
    again = f"{PORTS}?search_after=1"
    cloud.replies(
        Reply({"results": ports(0), "total": 1, "next": again}),
        Reply({"results": [], "total": 1, "next": again}),
    )
    assert [len(p.rows) for p in begin(tools)] == [1, 0]


@pytest.mark.parametrize(("first", "last"), [(2, 1), (1, 1)])
def test_an_empty_page_ends_a_walk_whose_total_sinks_or_counts_less_than_was_told(
    cloud: Cloud, tools: Tools, first: int, last: int
) -> None:
    again = f"{PORTS}?search_after=1"
    cloud.replies(
        Reply({"results": ports(0, 1), "total": first, "next": again}),
        Reply({"results": [], "total": last, "next": again}),
    )
    assert [len(p.rows) for p in begin(tools)] == [2, 0]


def test_empty_pages_without_end_are_an_error(cloud: Cloud, tools: Tools) -> None:
    cloud.script = lambda _asked, n: Reply({"results": [], "next": f"{PORTS}?search_after={n}"})
    with pytest.raises(Unusable, match="page 2: the cloud told an earlier page again"):
        list(begin(tools))
    assert len(cloud.asked) == 1 + tools.retry.attempts


@pytest.mark.parametrize("times", [1, 4])
def test_repeated_page_is_asked_for_again(cloud: Cloud, tools: Tools, times: int) -> None:
    second = f"{PORTS}?search_after=1"
    first = Reply({"results": ports(0, 1), "total": 3, "next": second})
    cloud.replies(first, *[first] * times, Reply({"results": ports(2), "total": 3}))
    assert [len(p.rows) for p in begin(tools)] == [2, 1]
    assert [a.target for a in cloud.asked][1:] == [second] * (times + 1)


def test_page_that_stays_repeated_is_an_error(cloud: Cloud, tools: Tools) -> None:
    cloud.script = lambda _asked, n: Reply({"results": ports(0), "next": f"{PORTS}?search_after={n}"})
    with pytest.raises(Unusable, match="page 2: the cloud told an earlier page again"):
        list(begin(tools))
    assert len(cloud.asked) == 1 + tools.retry.attempts


def test_next_that_leads_in_a_circle_is_an_error(cloud: Cloud, tools: Tools) -> None:
    cloud.script = lambda _asked, n: Reply({"results": ports(n), "next": f"{PORTS}?search_after={n % 3}"})
    with pytest.raises(Unusable, match="again"):
        list(begin(tools))
    assert len(cloud.asked) <= 4 + tools.retry.attempts


def test_page_parameter_ignored_by_the_cloud_is_an_error(cloud: Cloud, tools: Tools) -> None:
    told = {"X-Page-Limit": "2", "X-Page-Page": "1", "X-Page-Total": "4"}
    cloud.script = lambda _asked, _n: Reply(ids("a", "b"), headers=told)
    with pytest.raises(Unusable, match="again"):
        list(begin(tools, SITES))


def test_events_send_whole_epoch_seconds_and_only_the_types_given(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"results": []}))
    start = datetime(2025, 1, 1, 9, 0, 0, 999999, tzinfo=UTC)
    end = datetime(2025, 1, 1, 10, 0, 0, 1, tzinfo=UTC)
    typed = asking(DEVICE_EVENTS, type=["GW_PORT_UP", "GW_PORT_DOWN"])
    list(begin(tools, typed, start=start, end=end))
    assert cloud.asked[0].query == {
        "device_type": "gateway",
        "limit": "1000",
        "start": "1735722000",
        "end": "1735725601",
        "type": "GW_PORT_UP,GW_PORT_DOWN",
    }


def test_false_is_sent_although_the_sdk_drops_it(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"results": []}))
    list(begin(tools, asking(PORT_STATS, up=False)))
    assert cloud.asked[0].query["up"] == "false"


def test_argument_unknown_to_the_sdk_is_a_mistake_of_the_programme(tools: Tools) -> None:
    with pytest.raises(TypeError):
        list(begin(tools, asking(PATH_STATS, duration_h=1)))


def test_time_window_belongs_to_what_has_one(tools: Tools) -> None:
    with pytest.raises(ValueError, match="window"):
        begin(tools, PORT_STATS, start=HALF_PAST, end=HALF_PAST)


@pytest.mark.parametrize("org", ["", "my org", "../self", "a/b"])
def test_org_id_that_is_none_is_refused_before_any_call(tools: Tools, cloud: Cloud, org: str) -> None:
    with pytest.raises(UserError, match="MIST_ORG_ID") as caught:
        walk(tools.session, SITES, org, **tools.how)
    assert caught.value.exit_code == 2
    assert cloud.asked == []


def test_rows_that_are_no_objects_do_not_stop_a_walk(cloud: Cloud, tools: Tools) -> None:
    rows = [*ports(0), 5, None, ["x"], {"mac": {"odd": 1}}]
    cloud.replies(Reply({"results": rows, "total": 5}))
    assert [p.rows for p in begin(tools)] == [rows]


def test_an_object_is_one_row_and_nothing_but_the_declared_arguments_is_sent(
    cloud: Cloud, tools: Tools
) -> None:
    usage = {"requests": 7, "request_limit": 5000, "total": 9, "next": "https://evil.example/"}
    cloud.replies(Reply(usage))
    assert [p.rows for p in walk(tools.session, API_USAGE, **tools.how)] == [[usage]]
    assert [a.target for a in cloud.asked] == ["/api/v1/self/usage"]


def test_a_map_is_a_row_for_each_key_and_a_vocabulary_needs_no_page(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"rx_bps": {"unit": "bps"}, "next": {}, "odd": 3}), Reply([{"key": "GW_PORT_DOWN"}]))
    (page,) = walk(tools.session, INSIGHT_DEFINITIONS, **tools.how)
    assert page.rows == [{"unit": "bps", "key": "rx_bps"}, {"key": "next"}, 3]
    (page,) = walk(tools.session, EVENT_DEFINITIONS, **tools.how)
    assert page.rows == [{"key": "GW_PORT_DOWN"}]
    assert [a.target for a in cloud.asked] == ["/api/v1/const/insight_metrics", "/api/v1/const/device_events"]


@pytest.mark.parametrize("body", [[], 3, None])
def test_what_should_be_an_object_and_is_none_is_refused(cloud: Cloud, tools: Tools, body: Any) -> None:
    cloud.script = lambda _asked, _n: Reply(body)
    with pytest.raises(Unusable, match="unexpected form"):
        list(walk(tools.session, API_USAGE, **tools.how))


def test_ids_fill_the_path_of_sites_and_gateways(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(
        Reply([{"mac": "a"}, {"mac": "b"}], headers={"X-Page-Limit": "2", "X-Page-Total": "3"}),
        Reply([{"mac": "c"}], headers={"X-Page-Limit": "2", "X-Page-Total": "3"}),
        Reply({"mac": "a"}),
        Reply({"results": []}),
    )
    assert [len(p.rows) for p in walk(tools.session, SITE_DEVICES, "site-1", **tools.how)] == [2, 1]
    assert [len(p.rows) for p in walk(tools.session, SITE_DEVICE_STATS, "site-1", "dev-1", **tools.how)] == [
        1
    ]
    span = {"start": HALF_PAST, "end": HALF_PAST}
    list(walk(tools.session, SITE_DEVICE_EVENTS, "site-1", **tools.how, **span))
    stamp = int(HALF_PAST.timestamp())
    assert [a.target for a in cloud.asked] == [
        "/api/v1/sites/site-1/devices?type=gateway&limit=1000",
        "/api/v1/sites/site-1/devices?type=gateway&limit=1000&page=2",
        "/api/v1/sites/site-1/stats/devices/dev-1",
        f"/api/v1/sites/site-1/devices/events/search?limit=1000&start={stamp}&end={stamp}",
    ]


def test_a_site_that_is_gone_is_named_and_an_id_that_is_none_is_not_sent(cloud: Cloud, tools: Tools) -> None:
    cloud.replies(Reply({"detail": "Not found."}, 404))
    with pytest.raises(Forbidden, match="site site-1 not found"):
        list(walk(tools.session, SITE_DEVICES, "site-1", **tools.how))
    with pytest.raises(UserError, match="is not an id of a site or device") as caught:
        walk(tools.session, SITE_DEVICES, "../self", **tools.how)
    assert caught.value.exit_code == 2
    assert len(cloud.asked) == 1


@pytest.mark.parametrize("total", ["0", "-1"])
def test_a_total_below_the_rows_told_is_not_believed(cloud: Cloud, tools: Tools, total: str) -> None:
    told = {"X-Page-Limit": "2", "X-Page-Total": total}
    cloud.replies(Reply(ids("a", "b"), headers=told), Reply(ids("c"), headers=told))
    assert [len(p.rows) for p in begin(tools, SITES)] == [2, 1]
