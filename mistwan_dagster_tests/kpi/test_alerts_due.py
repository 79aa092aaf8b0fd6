"""Who is told what: routes, order, silence, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH, FACT_ALERT_DELIVERY
from mistwan_dagster.kpi.alerts_due import Due, due, unmatched_regions
from mistwan_dagster.kpi.alerts_file import Route
from mistwan_dagster.kpi.alerts_incidents import Alerts

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = (Route(("noc",)),)


def alert(name: str = "x", severity: str = "high", **more: Any) -> dict[str, Any]:
    return {"alert_id": name, "rule": "outage", "scope": "site", "severity": severity, "since_utc": NOW - HOUR,
            "opened_utc": NOW - HOUR, "announced_utc": NOW - HOUR, "silenced": False, **more}  # fmt: skip


def known(*alerts: dict[str, Any], regions: dict[str, list[str]] | None = None) -> Alerts:
    breaches = [
        {"alert_id": a, "signal": "down", "subject": f"c{i}", "region": region, "severity": "high", "since_utc": NOW,
         "joined_utc": NOW}
        for a, several in (regions or {}).items()
        for i, region in enumerate(several)
    ]  # fmt: skip
    return Alerts(
        pl.DataFrame(list(alerts), schema=FACT_ALERT.schema),
        pl.DataFrame(breaches, schema=FACT_ALERT_BREACH.schema),
    )


def told(*keys: Due, state: str = "delivered") -> pl.DataFrame:
    names = FACT_ALERT_DELIVERY.key
    rows = [{**dict(zip(names, key, strict=True)), "state": state, "created_utc": NOW} for key in keys]
    return pl.DataFrame(rows, schema=FACT_ALERT_DELIVERY.schema)


NOTHING = told()
OPENED, ESCALATED, CLOSED = (
    ("x", "opened", "high", "noc"),
    ("x", "escalated", "critical", "noc"),
    ("x", "closed", "critical", "noc"),
)


def test_opened_escalated_closed_each_once() -> None:
    first = known(alert())
    assert due(first, NOTHING, ALL, NOW) == [OPENED]
    assert due(first, told(OPENED), ALL, NOW) == []
    assert due(first, told(OPENED, state="pending"), ALL, NOW) == []
    worse = known(alert(severity="critical"))
    assert due(worse, told(OPENED), ALL, NOW) == [ESCALATED]
    assert due(worse, told(OPENED, ESCALATED), ALL, NOW) == []
    over = known(alert(severity="critical", closed_utc=NOW))
    assert due(over, told(OPENED, ESCALATED), ALL, NOW) == [CLOSED]
    assert due(over, told(OPENED, ESCALATED, CLOSED), ALL, NOW) == []


@pytest.mark.parametrize(
    ("route", "matches"),
    [
        (Route(("noc",), severities=("high",)), True),
        (Route(("noc",), severities=("critical",)), False),
        (Route(("noc",), scopes=("provider", "platform")), False),
        (Route(("noc",), regions=("West", "East")), True),
        (Route(("noc",), regions=("East",)), False),
        (Route(("noc",), rules=("outage",)), True),
        (Route(("noc",), rules=("quality",)), False),
        (Route(("noc",), severities=("high",), regions=("East",)), False),
    ],
)
def test_a_route_has_to_match_in_all_that_it_says(route: Route, matches: bool) -> None:
    found = due(known(alert(), regions={"x": ["West", "North"]}), NOTHING, [route], NOW)
    assert found == ([OPENED] if matches else [])


def test_a_target_of_two_routes_is_told_once_and_the_platform_has_no_region() -> None:
    assert due(known(alert()), NOTHING, (*ALL, *ALL), NOW) == [OPENED]
    regional = [Route(("noc",), regions=("West",))]
    assert due(known(alert(scope="platform")), NOTHING, regional, NOW) == []


def test_a_target_for_the_worst_only_hears_of_it_when_it_gets_there() -> None:
    routes = (*ALL, Route(("boss",), severities=("critical",)))
    assert due(known(alert()), NOTHING, routes, NOW) == [OPENED]
    found = due(known(alert(severity="critical")), told(OPENED), routes, NOW)
    assert found == [ESCALATED, ("x", "opened", "critical", "boss")]


def test_silence() -> None:
    assert due(known(alert(announced_utc=None, silenced=True)), NOTHING, ALL, NOW) == []
    assert due(known(alert(severity="critical", silenced=True)), told(OPENED), ALL, NOW) == []
    over = known(alert(closed_utc=NOW))
    assert due(over, told(OPENED), ALL, NOW) == [("x", "closed", "high", "noc")]
    assert due(known(alert(announced_utc=None, closed_utc=NOW)), NOTHING, ALL, NOW) == []


def test_what_closed_before_anybody_was_told_is_told_whole_for_a_day() -> None:
    over = known(alert(closed_utc=NOW))
    assert due(over, NOTHING, ALL, NOW + 24 * HOUR) == [OPENED, ("x", "closed", "high", "noc")]
    assert due(over, NOTHING, ALL, NOW + 25 * HOUR) == []


def test_who_was_never_told_that_it_opened_is_not_told_that_it_closed() -> None:
    over = known(alert(closed_utc=NOW))
    assert due(over, told(OPENED, state="given_up"), ALL, NOW) == []


def test_who_was_told_only_that_it_got_worse_is_told_that_it_closed() -> None:
    before = pl.concat([told(OPENED, state="given_up"), told(ESCALATED)])
    assert due(known(alert(severity="critical")), before, ALL, NOW) == []
    assert due(known(alert(severity="critical", closed_utc=NOW)), before, ALL, NOW) == [CLOSED]


def test_a_new_target_is_told_of_what_is_open_and_not_of_what_is_over() -> None:
    routes = (*ALL, Route(("new",)))
    assert due(known(alert()), told(OPENED), routes, NOW) == [("x", "opened", "high", "new")]
    assert due(known(alert(closed_utc=NOW)), told(OPENED), routes, NOW) == [("x", "closed", "high", "noc")]


def test_a_region_of_a_route_that_no_site_has_is_told() -> None:
    routes = [
        Route(("noc",)),
        Route(("noc",), regions=("West", "(none)")),
        Route(("noc",), regions=("Wset", "West")),
    ]
    assert unmatched_regions(routes, {"West", "North"}) == [
        "alerts file: route 3 names region 'Wset', which no site has: check its regions"
    ]
