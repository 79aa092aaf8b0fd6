"""Types, nesting, undeclared keys, secrets, quarantine: no row is lost and none is bent."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.endpoints import (
    DEVICE_STATS,
    EVENTS,
    INVENTORY,
    PATH_STATS,
    PORT_STATS,
    SITE_DETAILS,
    SITES,
    SNAPSHOTS,
)
from mistwan_dagster.catalog.site_endpoints import SITE_DEVICES
from mistwan_dagster.mist.extract import extract

AT = datetime(2025, 1, 1, 10, 5, tzinfo=UTC)
GOOD = {"mac": "5c5b35000001", "port_id": "ge-0/0/0"}


def port(**fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields}


def reasons(endpoint: Endpoint, *rows: Any) -> list[str]:
    return [q.reason for q in extract(endpoint, list(rows), AT).quarantined]


def only(endpoint: Endpoint, row: dict[str, Any]) -> dict[str, Any]:
    done = extract(endpoint, [row], AT)
    assert done.quarantined == []
    return done.frame.row(0, named=True)


@pytest.mark.parametrize("endpoint", [*SNAPSHOTS, *EVENTS, *SITE_DETAILS], ids=lambda e: e.name)
def test_frame_has_exactly_the_declared_columns_also_without_rows(endpoint: Endpoint) -> None:
    done = extract(endpoint, [], AT)
    assert dict(done.frame.schema) == {
        n: t() if isinstance(t, type) else t for n, t in endpoint.schema.items()
    }
    assert (done.frame.height, done.quarantined) == (0, [])


def test_values_are_kept_and_missing_ones_are_null() -> None:
    row = only(
        PORT_STATS, port(up=False, speed=1000, rx_bytes=2**53 + 1, tx_bytes=None, loss=0.25, lte_imsi="")
    )
    assert (row["up"], row["speed"], row["rx_bytes"], row["loss"]) == (False, 1000.0, 2**53 + 1, 0.25)
    assert row["lte_imsi"] == ""
    assert [row[n] for n in ("tx_bytes", "disabled", "latency", "timestamp", "node")] == [None] * 5
    assert row["received_at"] == AT
    assert row["extra"] is None


def test_integral_floats_are_integers_and_integers_are_floats() -> None:
    rows = [port(rx_bytes=12.0, speed=100), port(rx_bytes=13, speed=2.5)]
    frame = extract(PORT_STATS, rows, AT).frame
    assert frame["rx_bytes"].to_list() == [12, 13]
    assert frame["speed"].to_list() == [100.0, 2.5]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("speed", "1000", "speed: string where a number is expected"),
        ("speed", True, "speed: boolean where a number is expected"),
        ("speed", math.nan, "speed: number that is not finite"),
        ("speed", math.inf, "speed: number that is not finite"),
        ("speed", 10**400, "speed: number that is not finite"),
        ("rx_bytes", False, "rx_bytes: boolean where an integer is expected"),
        ("rx_bytes", 1.5, "rx_bytes: number with a fraction where an integer is expected"),
        ("rx_bytes", math.nan, "rx_bytes: number that is not finite"),
        ("rx_bytes", 2**63, "rx_bytes: integer beyond 64 bits"),
        ("rx_bytes", -(2**63) - 1, "rx_bytes: integer beyond 64 bits"),
        ("rx_bytes", 1e19, "rx_bytes: integer beyond 64 bits"),
        ("rx_bytes", "7", "rx_bytes: string where an integer is expected"),
        ("up", 1, "up: number where a boolean is expected"),
        ("up", "true", "up: string where a boolean is expected"),
        ("port_usage", 5, "port_usage: number where a string is expected"),
        ("port_usage", {"a": 1}, "port_usage: object where a string is expected"),
        ("port_usage", ["a"], "port_usage: array where a string is expected"),
        ("port_usage", "\ud800", "port_usage: string that is not Unicode"),
        ("mac", {"a": 1}, "mac: object where a string is expected"),
        ("mac", None, "no value in mac"),
        ("mac", "", "no value in mac"),
        ("odd", "\udfff", "undeclared keys hold text that is not Unicode"),
    ],
)
def test_wrong_value_quarantines_its_row_alone(field: str, value: Any, reason: str) -> None:
    done = extract(PORT_STATS, [port(rx_bytes=1), port(**{field: value}), port(rx_bytes=3)], AT)
    assert [q.reason for q in done.quarantined] == [reason]
    assert done.frame["rx_bytes"].to_list() == [1, 3]
    assert json.loads(done.quarantined[0].row_json).keys() == port(**{field: value}).keys()


def test_one_null_latency_blanks_nothing() -> None:
    rows = [port(latency=1), port(latency=None), port(latency=2.5), port()]
    assert extract(PORT_STATS, rows, AT).frame["latency"].to_list() == [1.0, None, 2.5, None]


@pytest.mark.parametrize("row", [None, 5, "row", True, [GOOD]])
def test_row_that_is_no_object_is_quarantined(row: Any) -> None:
    done = extract(PORT_STATS, [port(), row], AT)
    assert done.frame.height == 1
    assert "not an object" in done.quarantined[0].reason


def test_nested_fields() -> None:
    row = only(SITES, {"id": "a", "latlng": {"lat": 48.5, "lng": 9}, "sitegroup_ids": ["x", "y"]})
    assert (row["lat"], row["lng"], row["sitegroup_ids"], row["extra"]) == (48.5, 9.0, '["x","y"]', None)
    assert only(SITES, {"id": "a", "latlng": None})["lat"] is None
    assert only(SITES, {"id": "a", "latlng": {}})["lat"] is None
    assert reasons(SITES, {"id": "a", "latlng": "48,9"}) == ["latlng: string where an object is expected"]
    assert reasons(SITES, {"id": "a", "sitegroup_ids": "x"}) == [
        "sitegroup_ids: string where an object or array is expected"
    ]


def test_undeclared_keys_are_kept_row_by_row_in_their_own_shape() -> None:
    rows = [port(odd=1, more={"a": [1]}), port(), port(odd=None), {"zz": "line\nbreak", **GOOD}]
    extra = extract(PORT_STATS, rows, AT).frame["extra"].to_list()
    assert [e and json.loads(e) for e in extra] == [
        {"odd": 1, "more": {"a": [1]}},
        None,
        {"odd": None},
        {"zz": "line\nbreak"},
    ]


def test_secrets_are_kept_nowhere() -> None:
    inventory = {"mac": "5c5b35000001", "magic": "CLAIMCODE", "other": 1}
    stats = {
        "mac": "5c5b35000001",
        "if_stat": {"ge-0/0/0": {"port_id": "ge-0/0/0", "psk": "S3CRET", "list": [{"Api_Key": "S3CRET"}]}},
        "config": {"deep": [{"root_password": "S3CRET", "kept": 1}], "private_key": "S3CRET"},
        "lte_password": "S3CRET",
        "vpn_passphrase": "S3CRET",
    }
    for endpoint, row, hidden in ((INVENTORY, inventory, "CLAIMCODE"), (DEVICE_STATS, stats, "S3CRET")):
        kept = extract(endpoint, [row], AT).frame.write_json()
        bad = extract(endpoint, [{**row, "site_id": 7}], AT)
        assert bad.frame.height == 0
        assert hidden not in kept + bad.quarantined[0].row_json + bad.quarantined[0].reason
    assert only(INVENTORY, inventory)["extra"] == '{"other":1}'
    stored = only(DEVICE_STATS, stats)
    assert json.loads(stored["if_stat"]) == {"ge-0/0/0": {"port_id": "ge-0/0/0", "list": [{}]}}
    assert json.loads(stored["extra"]) == {"config": {"deep": [{"kept": 1}]}}


@pytest.mark.parametrize(
    "spelling", ["5C:5B:35:00:00:01", "5c-5b-35-00-00-01", "5c5b.3500.0001", "5C5B35000001"]
)
def test_macs_have_one_spelling(spelling: str) -> None:
    row = only(PATH_STATS, {"mac": spelling, "peer_mac": spelling})
    assert (row["mac"], row["peer_mac"]) == ("5c5b35000001", "5c5b35000001")


def test_what_is_no_mac_stays() -> None:
    row = only(PATH_STATS, {"mac": "5c5b35000001", "peer_mac": "Hub-A"})
    assert row["peer_mac"] == "Hub-A"


def test_macs_are_respelt_also_in_a_column_with_a_bad_value() -> None:
    frame = extract(PORT_STATS, [{"mac": "5C:5B:35:00:00:01"}, {"mac": 5}], AT).frame
    assert frame["mac"].to_list() == ["5c5b35000001"]


def test_depth_without_end_is_cut_not_followed() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    row = only(PORT_STATS, port(odd=deep))
    assert row["extra"].count('"a"') <= 50


def test_order_of_rows_is_kept() -> None:
    rows = [port(rx_bytes=n, **({"odd": n} if n % 3 else {})) for n in range(50)]
    assert extract(PORT_STATS, rows, AT).frame["rx_bytes"].to_list() == list(range(50))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from([2**63, -(2**63), 2**64, 1e308, 10**400, "\ud800"])
)
values = st.recursive(
    scalars,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*(f.name for f in PORT_STATS.fields), "odd", "other", "psk"])
rows_of_ports = st.lists(
    st.dictionaries(names, values, max_size=8).map(lambda d: {**GOOD, **d}) | values, max_size=8
)


def test_of_a_configuration_nothing_but_the_declared_keys_is_kept_also_not_aside() -> None:
    port = {"usage": "wan", "ip_config": {"type": "pppoe", "ppoe_username": "me", "ppoe_password": "hidden"}}
    config = {"mac": "5c5b35000001", "port_config": {"ge-0/0/0": port}, "bgp_config": {"x": {"auth_key": "hidden"}},
              "snmp_config": {"community": "hidden"}}  # fmt: skip
    row = only(SITE_DEVICES, config)
    assert json.loads(row["port_config"]) == {"ge-0/0/0": {"usage": "wan", "ip_config": {"type": "pppoe"}}}
    assert row["extra"] is None
    done = extract(SITE_DEVICES, [{**config, "model": 7}, "hidden"], AT)
    assert [q.reason for q in done.quarantined] == [
        "row is null, not an object",
        "model: number where a string is expected",
    ]
    assert "hidden" not in repr(done)


@pytest.mark.parametrize(
    "key", ["pre_shared_key", "preshared", "auth_key", "authentication_key", "encryption_key"]
)
def test_keys_of_tunnels_and_routing_are_credentials(key: str) -> None:
    assert only(PORT_STATS, port(**{key: "hidden", "kept": 1}))["extra"] == '{"kept":1}'


@settings(max_examples=300, deadline=None)
@given(rows_of_ports)
def test_every_row_is_stored_or_quarantined(rows: list[Any]) -> None:
    before = repr(rows)
    done = extract(PORT_STATS, rows, AT)
    assert done.frame.height + len(done.quarantined) == len(rows)
    assert list(done.frame.columns) == list(PORT_STATS.schema)
    assert repr(rows) == before
    for bad in done.quarantined:
        assert bad.reason
        assert "psk" not in json.loads(bad.row_json) if bad.row_json.startswith("{") else True
    for row in done.frame.iter_rows(named=True):
        if row["extra"] is not None:
            assert msgspec.json.decode(row["extra"]).keys() <= {"odd", "other", *map(str, row)} | set().union(
                *(r for r in rows if isinstance(r, dict))
            )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(names, scalars, max_size=6).map(lambda d: {**GOOD, **d}), max_size=6))
def test_a_page_is_the_same_as_its_rows_one_by_one(rows: list[Any]) -> None:
    whole = extract(PORT_STATS, rows, AT)
    single = [extract(PORT_STATS, [row], AT) for row in rows]
    frames = [done.frame for done in single]
    assert whole.quarantined == [q for done in single for q in done.quarantined]
    if frames:
        assert whole.frame.equals(pl.concat(frames))
