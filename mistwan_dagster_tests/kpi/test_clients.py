"""WAN clients: counts by circuit, and under no circuit where it cannot be told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.alarm_tables import FACT_WAN_CLIENT_HOUR
from mistwan_dagster.catalog.cloud_endpoints import WAN_CLIENTS
from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.kpi.clients import wan_client_hours
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster_tests.kpi.test_events import CIRCUITS, INTERFACES

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
TWO = CIRCUITS.with_columns(
    site_id=pl.when(pl.col("device_mac") == "aa").then(pl.lit("s1")).otherwise(pl.lit("s2"))
)
ONE = pl.DataFrame(
    {"circuit_id": ["cc:ge-0/0/1"], "device_mac": ["cc"], "node": [None], "port_id": ["ge-0/0/1"], "site_id": ["s3"]},
    schema_overrides={"node": pl.String},
)  # fmt: skip
KNOWN = pl.concat([TWO, ONE], how="diagonal")


def hours(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {"site_id": "s1", "network": "stores", "received_at": T0, "slot_utc": T0 + timedelta(minutes=5)}
    filled = [{"wcid": str(n), **base, **row} for n, row in enumerate(rows)]
    frame = pl.LazyFrame(filled, schema={**WAN_CLIENTS.schema, "slot_utc": INSTANT})
    found = wan_client_hours(frame, KNOWN, INTERFACES).collect()
    assert violations(found.lazy(), FACT_WAN_CLIENT_HOUR) == {}
    return found


def port(name: str) -> str:
    return json.dumps({"gateway_mac": "aa", "port_id": name, "hostname": ["till"]})


def test_clients_are_counted_on_their_circuit_or_on_none() -> None:
    found = hours(
        {"extra": port("ge-0/0/1")},
        {"extra": port("Wan Fibre"), "network": "guest"},
        {"extra": port("Lte")},
        {"extra": port("ge-0/0/7")},
        {},
        {"network": None},
        {"site_id": "s3"},
        {"site_id": None},
    )
    assert found.select("site_id", "circuit_id", "locator", "client_count", "network_count").rows() == [
        ("s1", None, "", 3, 1),
        ("s1", "aa:ge-0/0/1", "aa:ge-0/0/1", 2, 2),
        ("s1", "aa:lte0", "aa:lte0", 1, 1),
        ("s3", "cc:ge-0/0/1", "cc:ge-0/0/1", 1, 1),
    ]
    assert found["hour_utc"].unique().to_list() == [T0]


def test_the_newest_snapshot_of_an_hour_counts() -> None:
    late, next_hour = T0 + timedelta(minutes=55), T0 + timedelta(hours=1)
    found = hours({}, {}, {"slot_utc": late}, {"slot_utc": next_hour}, {"slot_utc": next_hour})
    assert found.select("hour_utc", "client_count").rows() == [(T0, 1), (next_hour, 2)]


def test_no_clients_give_an_empty_table() -> None:
    assert hours().schema == pl.Schema(FACT_WAN_CLIENT_HOUR.schema)


client = st.fixed_dictionaries(
    {
        "wcid": st.sampled_from("abcdef"),
        "site_id": st.sampled_from(["s1", "s2", "s3", "s4"]),
        "extra": st.sampled_from([None, port("ge-0/0/1"), port("Lte"), port("nothing")]),
    }
)


@settings(max_examples=100, deadline=None)
@given(st.lists(client, max_size=12, unique_by=lambda row: row["wcid"]))
def test_no_client_is_lost_or_counted_twice(rows: list[dict[str, Any]]) -> None:
    found = hours(*rows)
    expected: dict[str, int] = {}
    for row in rows:
        expected[row["site_id"]] = expected.get(row["site_id"], 0) + 1
    assert dict(found.group_by("site_id").agg(pl.col("client_count").sum()).iter_rows()) == expected
