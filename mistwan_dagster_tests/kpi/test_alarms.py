"""Alarms: the newest version, the circuit, counts by site and hour, sites in trouble."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.alarm_endpoints import ALARMS
from mistwan_dagster.catalog.alarm_tables import FACT_ALARM, FACT_ALARM_SITE_HOUR
from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoints import DEVICE_STATS
from mistwan_dagster.kpi.alarms import alarm_facts, alarm_site_hours, newest_versions, troubled_sites
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster_tests.kpi.test_events import CIRCUITS, INTERFACES

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
S0 = T0.timestamp()


def alarms(*rows: dict[str, Any]) -> pl.LazyFrame:
    base = {"id": "a", "site_id": "s1", "type": "gateway_down", "severity": "critical", "timestamp": S0,
            "last_seen": S0, "count": 1, "status": "open", "received_at": T0}  # fmt: skip
    return pl.LazyFrame([{**base, **row} for row in rows], schema=ALARMS.schema)


def facts(*rows: dict[str, Any]) -> pl.DataFrame:
    return alarm_facts(alarms(*rows), CIRCUITS, INTERFACES).collect()


def test_the_newest_version_wins_by_last_seen_then_by_arrival() -> None:
    later = T0 + timedelta(hours=1)
    found = facts(
        {"last_seen": S0 + 600, "count": 3, "received_at": T0},
        {"last_seen": S0 + 1200, "count": 5, "status": "resolved", "resolved_time": S0 + 1200, "received_at": later},
        {"last_seen": S0 + 1200, "count": 4, "received_at": T0},
        {"id": "b", "last_seen": None, "count": 1},
    )  # fmt: skip
    assert violations(found.lazy(), FACT_ALARM) == {}
    assert found.select("alarm_id", "alarm_count", "status", "duration_minutes", "read_utc").rows() == [
        ("a", 5, "resolved", 20.0, later),
        ("b", 1, "open", None, T0),
    ]
    assert found["first_seen_utc"].to_list() == [T0, T0]


def test_a_resolution_before_the_alarm_gives_no_duration() -> None:
    found = facts({"resolved_time": 1}, {"id": "b", "resolved_time": S0})
    assert found.select("alarm_id", "duration_minutes").rows() == [("a", None), ("b", 0.0)]


@pytest.mark.parametrize(
    ("gateways", "told", "expected"),
    [
        (["aa"], {"port_ids": ["ge-0/0/1"]}, ("aa", "aa:ge-0/0/1")),
        (["aa"], {"port_id": "ge-0/0/1.671"}, ("aa", "aa:ge-0/0/1")),
        (["aa"], {"interfaces": ["Wan Fibre"]}, ("aa", "aa:ge-0/0/1")),
        (["aa"], {"text": "peer path [hub,198.51.100.1,gw,Lte,0] down"}, ("aa", "aa:lte0")),
        (["hh"], {"port_ids": ["ge-0/0/1"], "node": "node1"}, ("hh", "hh:node1:ge-0/0/1")),
        (["hh"], {"port_ids": ["ge-0/0/1"]}, ("hh", None)),
        (["hh"], {"port_ids": ["ge-0/0/2"]}, ("hh", "hh:node1:ge-0/0/2")),
        (["aa"], {"port_ids": ["ge-0/0/1", "lte0"]}, ("aa", None)),
        (["aa"], {"port_ids": ["ge-0/0/9"]}, ("aa", None)),
        (["A:A", "aa"], {"port_ids": ["ge-0/0/1"]}, ("aa", "aa:ge-0/0/1")),
        (["aa", "hh"], {"port_ids": ["ge-0/0/1"]}, (None, None)),
        (["aa"], {"port_ids": 7, "text": ["x"]}, ("aa", None)),
        (["aa"], None, ("aa", None)),
        (None, {"port_ids": ["ge-0/0/1"]}, (None, None)),
    ],
)
def test_the_circuit_is_told_by_port_interface_or_text_or_is_null(
    gateways: list[str] | None, told: dict[str, Any] | None, expected: tuple[str | None, str | None]
) -> None:
    row = {
        "gateways": json.dumps(gateways) if gateways else None,
        "extra": json.dumps(told) if told else None,
    }
    found = facts(row)
    assert found.select("device_mac", "circuit_id").rows() == [expected]


def test_a_status_that_is_not_told_is_unknown_unless_a_time_of_resolution_is() -> None:
    found = facts({"id": "a", "status": None}, {"id": "b", "status": None, "resolved_time": S0 + 60})
    assert found["status"].to_list() == [None, "resolved"]


def test_counts_by_site_and_hour_say_how_much_was_read() -> None:
    rows = facts(
        {"id": "a", "count": 2, "acked": True},
        {"id": "b", "count": None, "timestamp": S0 + 3599, "status": "resolved"},
        {"id": "c", "severity": None, "site_id": None, "timestamp": S0 + 3600},
        {"id": "d", "type": "vpn_path_down", "severity": "warn", "timestamp": S0 + 3600, "status": None},
    )
    observed = pl.LazyFrame(
        {"hour_utc": [T0], "observed_minutes": [60.0]},
        schema={"hour_utc": INSTANT, "observed_minutes": pl.Float64},
    )
    found = alarm_site_hours(rows.lazy(), observed).collect()
    assert violations(found.lazy(), FACT_ALARM_SITE_HOUR) == {}
    hour = T0 + timedelta(hours=1)
    assert found.rows() == [
        ("s1", T0, "gateway_down", "critical", 2, 3, 1, 1, 60.0),
        ("(none)", hour, "gateway_down", "(none)", 1, 1, 1, 0, 0.0),
        ("s1", hour, "vpn_path_down", "warn", 1, 1, 0, 0, 0.0),
    ]


def test_no_alarms_give_empty_tables() -> None:
    assert facts().schema == pl.Schema(FACT_ALARM.schema)
    observed = pl.LazyFrame(schema={"hour_utc": INSTANT, "observed_minutes": pl.Float64})
    assert alarm_site_hours(facts().lazy(), observed).collect().height == 0


def test_sites_in_trouble_have_a_gateway_away_or_a_critical_alarm_that_is_open_now() -> None:
    devices = pl.LazyFrame(
        [
            {"mac": "1", "site_id": "away", "status": "disconnected"},
            {"mac": "2", "site_id": "well", "status": "connected"},
            {"mac": "3", "site_id": None, "status": "disconnected"},
        ],
        schema=DEVICE_STATS.schema,
    )
    told = alarms(
        {"id": "a", "site_id": "alarmed"},
        {"id": "b", "site_id": "recovered"},
        {"id": "b", "site_id": "recovered", "last_seen": S0 + 60, "status": "resolved"},
        {"id": "c", "site_id": "warned", "severity": "warn"},
        {"id": "d", "site_id": "silent", "status": None},
        {"id": "e", "site_id": None},
    )
    assert troubled_sites(devices, told) == ["alarmed", "away"]
    assert troubled_sites(devices.clear(), told.clear()) == []


version = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", "c"]),
        "last_seen": st.sampled_from([None, S0, S0 + 60, S0 + 120]),
        "count": st.integers(1, 3),
        "status": st.sampled_from(["open", "resolved", None]),
        "received_at": st.sampled_from([T0, T0 + timedelta(minutes=5), T0 + timedelta(minutes=10)]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(version, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_replay_give_the_newest_version_of_each_alarm(
    rows: list[dict], random: Any
) -> None:
    again = rows + random.sample(rows, k=len(rows) // 2)
    random.shuffle(again)
    found = newest_versions(alarms(*again)).collect().sort("id")
    assert found.equals(newest_versions(alarms(*rows)).collect().sort("id"))
    for row in found.iter_rows(named=True):
        same = [r for r in rows if r["id"] == row["id"]]
        newest = max(((r["last_seen"] or 0.0), r["received_at"]) for r in same)
        assert ((row["last_seen"] or 0.0), row["received_at"]) == newest
    assert found["id"].to_list() == sorted({r["id"] for r in rows})


alarm = st.fixed_dictionaries(
    {
        "site_id": st.sampled_from(["s1", "s2", None]),
        "type": st.sampled_from(["gateway_down", "vpn_path_down"]),
        "severity": st.sampled_from(["critical", None]),
        "timestamp": st.integers(0, 3 * 3600).map(lambda s: S0 + s),
        "count": st.sampled_from([None, 1, 4]),
        "status": st.sampled_from(["open", "resolved", None]),
        "acked": st.sampled_from([True, False, None]),
    }
)


@settings(max_examples=100, deadline=None)
@given(st.lists(alarm, max_size=10))
def test_counts_by_site_and_hour_are_those_of_a_slow_count(rows: list[dict[str, Any]]) -> None:
    told = facts(*({"id": str(n), **row} for n, row in enumerate(rows)))
    observed = pl.LazyFrame(schema={"hour_utc": INSTANT, "observed_minutes": pl.Float64})
    expected: dict[tuple, list[int]] = {}
    for row in rows:
        hour = datetime.fromtimestamp(row["timestamp"] // 3600 * 3600, UTC)
        key = (row["site_id"] or "(none)", hour, row["type"], row["severity"] or "(none)")
        sums = expected.setdefault(key, [0, 0, 0, 0])
        figures = (1, row["count"] or 1, row["status"] == "open", row["acked"] is True)
        expected[key] = [a + b for a, b in zip(sums, figures, strict=True)]
    found = alarm_site_hours(told.lazy(), observed).collect()
    assert {row[:4]: list(row[4:8]) for row in found.rows()} == expected
