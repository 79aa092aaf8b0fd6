"""The hourly fact: which circuit hours exist, what is unknown in them, and the dimensions they carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoints import DEVICE_STATS, INSIGHT_QUALITY, PATH_STATS, PORT_STATS
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE, FACT_CIRCUIT_HOUR
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.counters import counter_intervals
from mistwan_dagster.kpi.dimensions import discover_circuits
from mistwan_dagster.kpi.hour import circuit_hours
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.quality import insight_quality_hours, quality_hours
from mistwan_dagster.kpi.samples import path_samples, port_samples
from mistwan_dagster.kpi.thresholds import Override, Thresholds
from mistwan_dagster.kpi.utilization import utilization_hours
from mistwan_dagster.kpi.versions import apply_versions, in_force

T0 = datetime(2025, 1, 1, 10, tzinfo=UTC)
T1 = T0 + timedelta(hours=1)
INSTANT = pl.Datetime("us", "UTC")
EARLY = T0 - timedelta(days=9)


def site(*rows: dict) -> pl.LazyFrame:
    return pl.LazyFrame(
        [{"valid_from": EARLY, "is_current": True, **r} for r in rows], schema=DIM_SITE.schema
    )


def circuit(*rows: dict) -> pl.LazyFrame:
    base = {"site_id": "s", "device_mac": "aa", "port_id": "p", "valid_from": EARLY, "is_current": True}
    return pl.LazyFrame([{**base, **r} for r in rows], schema=DIM_CIRCUIT.schema)


def figures(*rows: dict) -> pl.LazyFrame:
    schema = {**FACT_CIRCUIT_HOUR.schema, "disabled_minutes": pl.Float64}
    return pl.LazyFrame([{"circuit_id": "c", "hour_utc": T0, **r} for r in rows], schema=schema)


def facts(end: datetime = T1, **given) -> list[dict]:
    arguments = {
        "dim_site": site({"site_id": "s", "region": "West", "store_type": "Kiosk"}),
        "dim_circuit": circuit({"circuit_id": "c", "role": "primary"}),
        "utilization": None,
        "status": None,
        "quality": None,
        "insight_quality": None,
        "thresholds": Thresholds(),
        **given,
    }
    frame = circuit_hours(start=T0, end=end, **arguments)
    assert violations(frame, FACT_CIRCUIT_HOUR) == {}
    assert dict(frame.collect_schema()) == FACT_CIRCUIT_HOUR.schema
    return frame.collect().to_dicts()


def test_an_hour_of_which_nothing_is_known():
    [row] = facts()
    told = {c: v for c, v in row.items() if v is not None}
    assert told == {
        "site_id": "s",
        "circuit_id": "c",
        "hour_utc": T0,
        "region": "West",
        "role": "primary",
        "up_minutes": 0,
        "down_minutes": 0,
        "unknown_minutes": 60,
        "status_hourly": "Unknown",
    }


def test_an_exchanged_gateway_leaves_no_unknown_hours():
    old = {"circuit_id": "old", "is_current": False, "valid_to": T0 + timedelta(minutes=30)}
    new = {"circuit_id": "new", "valid_from": T0 + timedelta(minutes=30)}
    rows = facts(dim_circuit=circuit(old, new), end=T0 + timedelta(hours=2))
    assert [(r["circuit_id"], r["hour_utc"]) for r in rows] == [("new", T0), ("new", T1), ("old", T0)]


def test_every_circuit_has_every_hour():
    dims = circuit({"circuit_id": "c"}, {"circuit_id": "d"})
    rows = facts(dim_circuit=dims, end=T0 + timedelta(hours=3))
    assert [(r["circuit_id"], (r["hour_utc"] - T0) // timedelta(hours=1)) for r in rows] == [
        (c, h) for c in "cd" for h in range(3)
    ]


def test_figures_stand_beside_each_other_with_their_severities():
    [row] = facts(
        utilization=figures(
            {
                "utilization_pct": 80.0,
                "rx_bytes": 5.0,
                "source": "live",
                "coverage_pct": 50.0,
                "counter_reset": True,
            }
        ),
        status=figures(
            {
                "up_minutes": 40.0,
                "down_minutes": 15.0,
                "unknown_minutes": 5.0,
                "reachable_minutes": 30.0,
                "status_hourly": "Up",
                "flap_count": 2,
                "disabled_minutes": 5.0,
                "active_state": True,
            }
        ),
        quality=figures({"latency_avg_ms": 50.0, "latency_max_ms": 90.0, "quality_sample_count": 9}),
    )
    assert (row["utilization_severity"], row["latency_severity"], row["loss_severity"], row["severity"]) == (
        "high",
        "warning",
        None,
        "high",
    )
    assert (row["up_minutes"], row["down_minutes"], row["unknown_minutes"], row["reachable_minutes"]) == (
        40,
        15,
        5,
        30,
    )
    assert (row["flap_count"], row["active_state"], row["status_hourly"]) == (2, True, "Up")
    assert (row["source"], row["coverage_pct"], row["counter_reset"], row["rx_bytes"]) == (
        "live",
        50,
        True,
        5,
    )
    assert (row["latency_max_ms"], row["quality_sample_count"]) == (90, 9)


def test_an_hour_disabled_throughout_has_no_row():
    minutes = {"up_minutes": 0.0, "down_minutes": 0.0, "unknown_minutes": 60.0}
    assert facts(status=figures({**minutes, "disabled_minutes": 60.0})) == []
    assert len(facts(status=figures({**minutes, "disabled_minutes": 59.9}))) == 1


def test_a_live_quality_row_outranks_the_clouds():
    live = figures({"loss_avg_pct": 1.0, "quality_sample_count": 3})
    cloud = figures({"loss_avg_pct": 9.0, "latency_avg_ms": 9.0}, {"loss_avg_pct": 7.0, "hour_utc": T1})
    first, second = facts(quality=live, insight_quality=cloud, end=T1 + timedelta(hours=1))
    assert (first["loss_avg_pct"], first["latency_avg_ms"], first["quality_sample_count"]) == (1, None, 3)
    assert (second["loss_avg_pct"], second["quality_sample_count"]) == (7, None)
    [alone] = facts(quality=None, insight_quality=cloud)
    assert alone["loss_avg_pct"] == 9


def test_a_site_that_no_dimension_knows_has_region_none():
    [row] = facts(dim_site=site())
    assert row["region"] == "(none)"


def test_thresholds_of_region_and_store_type_in_force():
    west = Thresholds(region={"West": (Override(T1.date(), {"utilization": (60.0, None, None)}),)})
    [row] = facts(utilization=figures({"utilization_pct": 60.0}), thresholds=west)
    assert row["utilization_severity"] == "warning"
    [row] = facts(
        utilization=figures({"utilization_pct": 60.0}),
        thresholds=west,
        dim_site=site({"site_id": "s", "region": "East"}),
    )
    assert row["utilization_severity"] == "normal"


def test_each_hour_takes_the_version_in_force_when_it_began():
    dims = circuit(
        {"circuit_id": "c", "role": None, "valid_to": T0 + timedelta(minutes=30), "is_current": False},
        {"circuit_id": "c", "role": "primary", "valid_from": T0 + timedelta(minutes=30)},
    )
    assert [r["role"] for r in facts(dim_circuit=dims, end=T1 + timedelta(hours=1))] == [None, "primary"]


def test_from_raw_rows_to_the_fact():
    """One circuit and one path every five minutes: 60 % of 10 Mbit/s down for the hour, 30 ms, 0.5 % loss."""
    slots = [T0 + timedelta(minutes=5 * i) for i in range(13)]
    extra = {"slot_utc": INSTANT}
    base = {"mac": "aa", "site_id": "s", "port_id": "ge-0/0/0"}
    ports = pl.DataFrame(
        [
            {
                **base,
                "port_usage": "wan",
                "up": True,
                "speed": 10.0,
                "timestamp": s.timestamp(),
                "slot_utc": s,
                "rx_bytes": 10**12 + i * 225_000_000,
                "tx_bytes": i,
            }
            for i, s in enumerate(slots)
        ],
        schema={**PORT_STATS.schema, **extra},
    )
    paths = pl.DataFrame(
        [
            {
                **base,
                "peer_mac": "h",
                "up": True,
                "latency": None if i == 3 else 30.0,
                "jitter": 1.0,
                "loss": 0.5,
                "last_seen": s.timestamp(),
                "slot_utc": s,
            }
            for i, s in enumerate(slots)
        ],
        schema={**PATH_STATS.schema, **extra},
    )
    devices = pl.DataFrame(
        [
            {"mac": "aa", "site_id": "s", "status": "connected", "last_seen": s.timestamp(), "slot_utc": s}
            for s in slots
        ],
        schema={**DEVICE_STATS.schema, **extra},
    )
    dims = apply_versions(
        DIM_CIRCUIT.empty(),
        discover_circuits(ports, devices, interface_map(devices), None),
        "circuit_id",
        EARLY,
    ).lazy()
    bandwidth = in_force(dims, pl.LazyFrame({"hour_utc": [T0]}, schema={"hour_utc": INSTANT}), "circuit_id")
    seen = port_samples(ports, devices, interface_map(devices))
    [row] = facts(
        dim_circuit=dims,
        utilization=utilization_hours(counter_intervals(seen, None), bandwidth, T0, T1),
        quality=quality_hours(path_samples(paths, devices, interface_map(devices), dims), T0, T1),
        insight_quality=insight_quality_hours(pl.LazyFrame(schema=INSIGHT_QUALITY.schema), T0, T1),
    )
    assert row["rx_bytes"] == 12 * 225_000_000
    assert round(row["utilization_pct"], 9) == 60
    assert (row["coverage_pct"], row["source"]) == (100, "live")
    assert (row["latency_avg_ms"], row["loss_avg_pct"], row["quality_sample_count"]) == (30, 0.5, 12)
    assert (row["loss_severity"], row["severity"]) == ("high", "high")
