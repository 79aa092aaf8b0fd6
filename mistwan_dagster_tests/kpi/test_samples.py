"""Source times, new samples only, impossible values, and the circuit of a path."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from mistwan_dagster.catalog.endpoints import DEVICE_STATS, PATH_STATS, PORT_STATS
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.samples import from_epoch, path_samples, port_samples

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
SLOT_UTC = {"slot_utc": pl.Datetime("us", "UTC")}
WAN = json.dumps({"ge-0/0/1": {"port_usage": "wan", "wan_name": "fibre"}})


def rows(endpoint, defaults: dict, *given: dict) -> pl.DataFrame:
    """Slot number `slot` is five minutes each; times are seconds after T0."""
    filled = []
    for r in given:
        row = {**defaults, **r, "slot_utc": T0 + timedelta(minutes=5 * r.get("slot", 0))}
        for c in ("timestamp", "last_seen", "last_flapped"):
            if row.get(c) is not None:
                row[c] += T0.timestamp()
        filled.append({k: v for k, v in row.items() if k != "slot"})
    return pl.DataFrame(filled, schema={**endpoint.schema, **SLOT_UTC})


def ports(*given: dict) -> pl.DataFrame:
    return rows(PORT_STATS, {"mac": "aa", "site_id": "s", "port_id": "ge-0/0/1", "port_usage": "wan"}, *given)


def paths(*given: dict) -> pl.DataFrame:
    base = {"mac": "aa", "site_id": "s", "port_id": "ge-0/0/1", "peer_mac": "pp", "up": True}
    return rows(PATH_STATS, base, *given)


def devices(*given: dict) -> pl.DataFrame:
    return rows(DEVICE_STATS, {"mac": "aa", "status": "connected", "if_stat": WAN}, *given)


def known_by(*given: dict) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Device rows and the interfaces they tell."""
    seen = devices(*given)
    return seen, interface_map(seen)


def times(samples: pl.LazyFrame) -> list[float]:
    return [(t - T0).total_seconds() for t in samples.collect()["t"]]


def test_source_time_is_the_timestamp_else_the_last_contact_of_the_same_slot():
    seen = ports({"slot": 0, "timestamp": -10.0}, {"slot": 1}, {"slot": 2, "timestamp": 595.5})
    known = devices(
        {"slot": 0, "last_seen": -2.0}, {"slot": 1, "last_seen": 290.0}, {"slot": 2, "last_seen": 400.0}
    )
    assert times(port_samples(seen, known, interface_map(known))) == [-10, 290, 595.5]


def test_a_row_without_any_source_time_is_no_sample():
    known = devices({"slot": 1, "last_seen": 290.0})
    assert times(port_samples(ports({"slot": 0}), known, interface_map(known))) == []


FAR = 2.4e11 - T0.timestamp()
"""To the year 9575."""


def test_a_source_time_from_after_its_slot_is_none_and_outdates_no_later_row():
    seen = ports({"slot": 0, "timestamp": FAR}, *({"slot": n, "timestamp": 300.0 * n} for n in range(1, 12)))
    unseen, contact = devices({"slot": 5}), devices({"slot": 0, "last_seen": -7.0})
    later = [300 * n for n in range(1, 12)]
    assert times(port_samples(seen, unseen, interface_map(unseen))) == later
    assert times(port_samples(seen, contact, interface_map(contact))) == [-7, *later]


@pytest.mark.parametrize(("ahead_s", "expected"), [(3600.0, [3600, 3601]), (3600.5, [600, 3601])])
def test_a_source_time_may_be_an_hour_after_the_start_of_its_slot(ahead_s, expected):
    seen = ports(
        {"slot": 0, "timestamp": ahead_s}, {"slot": 2, "timestamp": 600.0}, {"slot": 3, "timestamp": 3601.0}
    )
    assert times(port_samples(seen, *known_by({"slot": 9}))) == expected


def test_a_last_contact_from_after_its_slot_is_none():
    known = devices(
        {"slot": 0, "last_seen": FAR}, {"slot": 1, "last_seen": FAR, "status": "disconnected"}, {"slot": 2}
    )
    seen = ports({"slot": 0}, {"slot": 1, "timestamp": 290.0}, {"slot": 2, "timestamp": 600.0})
    assert times(port_samples(seen, known, interface_map(known))) == [290, 600]


def test_a_disconnected_gateway_repeats_its_last_row():
    seen = ports(
        {"slot": 0, "timestamp": 0.0}, {"slot": 1, "timestamp": 300.0}, {"slot": 2, "timestamp": 600.0}
    )
    known = devices(
        {"slot": 0, "last_seen": 0.0},
        {"slot": 1, "last_seen": 20.0, "status": "disconnected"},
        {"slot": 2, "last_seen": 20.0, "status": "disconnected"},
    )
    found = port_samples(seen, known, interface_map(known)).collect()
    assert times(found.lazy()) == [0, 20]
    assert found["connected"].to_list() == [True, False]


def test_a_source_time_that_did_not_advance_is_no_sample():
    given = [(0, 0.0), (1, 0.0), (2, -50.0), (3, 900.0), (4, 0.0), (5, 900.0), (6, 901.0)]
    seen = ports(*({"slot": s, "timestamp": t, "rx_bytes": s} for s, t in given))
    found = port_samples(seen, *known_by({"slot": 0})).collect()
    assert times(found.lazy()) == [0, 900, 901]
    assert found["rx_bytes"].to_list() == [0, 3, 6]


def test_slots_count_in_their_order_even_when_rows_do_not():
    seen = ports(
        {"slot": 2, "timestamp": 100.0}, {"slot": 1, "timestamp": 300.0}, {"slot": 0, "timestamp": 0.0}
    )
    assert times(port_samples(seen, *known_by({"slot": 0}))) == [0, 300]


def test_circuits_do_not_share_a_source_time():
    seen = ports(
        {"slot": 0, "timestamp": 5.0},
        {"slot": 0, "timestamp": 5.0, "port_id": "lte-0"},
        {"slot": 0, "timestamp": 5.0, "mac": "bb"},
    )
    found = port_samples(seen, *known_by({"slot": 0})).collect()
    assert sorted(found["circuit_id"]) == ["aa:ge-0/0/1", "aa:lte-0", "bb:ge-0/0/1"]
    assert found.filter(mac="bb")["connected"].to_list() == [None]


def test_lan_ports_are_no_samples_and_columns_are_as_promised():
    seen = ports(
        {"timestamp": 1.0, "port_usage": "lan"},
        {"timestamp": 1.0, "port_id": "ge-0/0/2", "last_flapped": -9.25, "speed": 1000.0},
    )
    found = port_samples(seen, *known_by({"slot": 0, "uptime": 77.0})).collect()
    assert found.columns == [
        "mac",
        "node",
        "port_id",
        "circuit_id",
        "site_id",
        "slot_utc",
        "t",
        "rx_bytes",
        "tx_bytes",
        "up",
        "disabled",
        "active",
        "speed",
        "last_flapped",
        "uptime",
        "connected",
    ]
    row = found.row(0, named=True)
    assert (row["port_id"], row["uptime"], row["speed"]) == ("ge-0/0/2", 77, 1000)
    assert row["last_flapped"] == T0 - timedelta(seconds=9.25)


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1741082700123.0, 253402300800.0, -1.0, float("inf")])
def test_what_is_no_second_of_an_age_is_no_time(seconds: float):
    assert pl.select(from_epoch(pl.lit(seconds))).item() is None


def test_from_epoch_keeps_microseconds_and_nulls():
    found = (
        pl.Series("s", [1735725600.123456, None, float("nan"), float("inf")])
        .to_frame()
        .select(from_epoch(pl.col("s")))
    )
    assert found.to_series().to_list() == [
        datetime(2025, 1, 1, 10, 0, 0, 123456, tzinfo=UTC),
        None,
        None,
        None,
    ]


def test_path_time_is_last_seen_else_timestamp_else_contact():
    seen = paths(
        {"slot": 0, "last_seen": -3.0, "timestamp": 50.0}, {"slot": 1, "timestamp": 200.0}, {"slot": 2}
    )
    known = devices(
        {"slot": 0, "last_seen": 0.0}, {"slot": 1, "last_seen": 295.0}, {"slot": 2, "last_seen": 599.0}
    )
    assert times(path_samples(seen, known, interface_map(known))) == [-3, 200, 599]


def test_a_path_time_from_after_its_slot_gives_way_to_the_next_source():
    seen = paths(
        {"slot": 0, "last_seen": FAR, "timestamp": -4.0},
        {"slot": 1, "last_seen": FAR},
        {"slot": 2, "last_seen": 599.0},
    )
    known = devices({"slot": 0}, {"slot": 1, "last_seen": 295.0})
    assert times(path_samples(seen, known, interface_map(known))) == [-4, 295, 599]


def test_a_path_of_a_disconnected_gateway_is_not_newer_than_its_contact():
    seen = paths({"slot": 0, "last_seen": 0.0}, {"slot": 1, "last_seen": 300.0})
    known = devices({"slot": 0, "last_seen": 0.0}, {"slot": 1, "last_seen": 0.0, "status": "disconnected"})
    assert times(path_samples(seen, known, interface_map(known))) == [0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"latency": -1.0, "jitter": 2.0, "loss": 3.0}, (None, 2, 3)),
        ({"latency": 1.0, "jitter": -0.1, "loss": 100.0}, (1, None, 100)),
        ({"latency": 0.0, "jitter": 0.0, "loss": 100.5}, (0, 0, None)),
        ({"latency": None, "jitter": 2.0, "loss": -1.0}, (None, 2, None)),
        ({"latency": float("nan"), "jitter": float("inf"), "loss": 0.0}, (None, None, 0)),
    ],
)
def test_an_impossible_value_is_null_and_blanks_no_other(given, expected):
    found = path_samples(paths({"last_seen": 0.0, **given}), *known_by({"slot": 0})).collect()
    assert found.select("latency", "jitter", "loss").row(0) == expected


@pytest.mark.parametrize(
    ("told", "mos"),
    [(4.2, 4.2), (436.0, 4.36), (5.0, 5), (0.0, 0), (900.0, None), (-1.0, None), (None, None)],
)
def test_mos_in_both_scales(told, mos):
    found = path_samples(paths({"last_seen": 0.0, "mos": told}), *known_by({"slot": 0})).collect()
    assert found["mos"].item() == pytest.approx(mos) if mos is not None else found["mos"].item() is None


def test_units_of_a_port_are_paths_of_their_own_on_one_circuit():
    seen = paths(
        {"last_seen": 0.0, "port_id": "ge-0/0/1.10"},
        {"last_seen": 0.0, "port_id": "ge-0/0/1.20"},
        {"last_seen": 0.0, "port_id": "Fibre"},
    )
    found = path_samples(seen, *known_by({"slot": 0})).collect()
    assert found["circuit_id"].to_list() == ["aa:ge-0/0/1"] * 3
    assert found["port_id"].to_list() == ["ge-0/0/1"] * 3


CLUSTER = pl.DataFrame(
    {
        "circuit_id": ["aa:node0:ge-0/0/1", "aa:node0:ge-0/0/2", "aa:node1:ge-0/0/2", "aa:ge-0/0/9"],
        "device_mac": ["aa"] * 4,
        "node": ["node0", "node0", "node1", None],
        "port_id": ["ge-0/0/1", "ge-0/0/2", "ge-0/0/2", "ge-0/0/9"],
    }
)


@pytest.mark.parametrize(
    ("node", "port", "circuit"),
    [
        ("node0", "ge-0/0/2", "aa:node0:ge-0/0/2"),
        (None, "ge-0/0/1", "aa:node0:ge-0/0/1"),
        ("", "ge-0/0/1.7", "aa:node0:ge-0/0/1"),
        (None, "ge-0/0/2", None),
        ("node0", "ge-0/0/9", "aa:ge-0/0/9"),
        (None, "ge-0/0/5", "aa:ge-0/0/5"),
    ],
)
def test_the_circuit_of_a_path_whose_node_may_be_missing(node, port, circuit):
    seen = paths({"last_seen": 0.0, "node": node, "port_id": port})
    found = path_samples(seen, *known_by({"slot": 0}), CLUSTER).collect()
    assert found["circuit_id"].to_list() == [circuit]


def test_without_circuits_the_interfaces_tell_the_node():
    only = json.dumps({"ge-0/0/1": {"port_usage": "wan"}})
    both = {"slot": 0, "if_stat": only, "if2_stat": json.dumps({"ge-0/0/2": {"port_usage": "wan"}})}
    found = path_samples(paths({"last_seen": 0.0, "port_id": "ge-0/0/2"}), *known_by(both)).collect()
    assert found["circuit_id"].to_list() == ["aa:node1:ge-0/0/2"]
