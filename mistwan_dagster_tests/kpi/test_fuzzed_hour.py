"""The KPIs of an hour over rows that fit their types and nothing else: no crash, and what must hold does hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import MEASURES
from mistwan_dagster.catalog.endpoint import Endpoint, Field
from mistwan_dagster.catalog.endpoints import (
    DEVICE_EVENTS,
    DEVICE_STATS,
    INSIGHT_BANDWIDTH,
    INSIGHT_QUALITY,
    PATH_STATS,
    PORT_STATS,
    SITEGROUPS,
    SITES,
)
from mistwan_dagster.catalog.tables import (
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    FACT_DEVICE_EVENT,
    FACT_PATH_HOUR,
    Table,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.counters import counter_intervals
from mistwan_dagster.kpi.dimensions import discover_circuits, discover_sites, with_active_paths
from mistwan_dagster.kpi.events import (
    CONNECTION_STATES,
    LINK_STATES,
    PORT_SWITCH_OVER,
    REACH_STATES,
    REBOOTS,
    device_event_facts,
    reboots,
    switch_over_events,
)
from mistwan_dagster.kpi.hour import circuit_hours
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.quality import insight_quality_hours, path_hours, quality_hours
from mistwan_dagster.kpi.samples import path_samples, port_samples
from mistwan_dagster.kpi.sightings import active_sightings
from mistwan_dagster.kpi.status import Told, status_hours
from mistwan_dagster.kpi.thresholds import load_thresholds
from mistwan_dagster.kpi.utilization import insight_hours, prefer_live, utilization_hours
from mistwan_dagster.kpi.versions import apply_versions, in_force
from mistwan_dagster.lake.slots import newest_rows
from mistwan_dagster.mist.extract import extract
from mistwan_dagster_tests import fuzzing

HOUR = datetime(2025, 3, 4, 10, tzinfo=UTC)
END = HOUR + timedelta(hours=1)
SLOTS = [HOUR + timedelta(minutes=5 * n) for n in (-1, 0, 1, 2, 3, 6, 8, 11, 12)]
ENDPOINTS = {e.name: e for e in (SITES, SITEGROUPS, DEVICE_STATS, PORT_STATS, PATH_STATS, DEVICE_EVENTS)}
SLOTTED = (SITES.name, SITEGROUPS.name, DEVICE_STATS.name, PORT_STATS.name, PATH_STATS.name)

times = st.sampled_from([s.timestamp() + 30 for s in SLOTS]) | st.sampled_from(
    [None, 0.0, -1.0, 1e300, -1e300, 1e18, 1e13, 1741082700123.0, 253402300800.0, 5e-324]
)
floats = st.sampled_from([None, 0.0, -1.0, 1e300, -1e300, 5e-324, 0.1, 50.0, 99.9, 100.0, 1000.0])
integers = st.sampled_from([None, 0, 1, -1, 10**9, 10**12, 2**53 + 1, 2**63 - 1, -(2**63)])
words = st.sampled_from([None, "", " ", "wan", "WAN", "lte", "node0", "node1", "Lte", "ge-0/0/0", ".", "🛰"])
POOLS: dict[str, st.SearchStrategy[Any]] = {
    "mac": st.sampled_from(fuzzing.MACS),
    "peer_mac": st.sampled_from(fuzzing.MACS),
    "id": st.sampled_from(["s1", "s2", "g1"]),
    "site_id": st.sampled_from(["s1", "s2", None]),
    "node": st.sampled_from([None, "", "node0", "node1"]),
    "port_id": st.sampled_from(fuzzing.PORTS),
    "port_usage": st.sampled_from(["wan", "wan", "WAN", "lan", None, ""]),
    "status": st.sampled_from(["connected", "disconnected", "Connected", None, ""]),
    "name": st.sampled_from(["Region North", "Region ", "Store type X", "Region\u00a0", None, "site"]),
    "type": st.sampled_from(
        [*LINK_STATES, *REACH_STATES, *CONNECTION_STATES, *REBOOTS, PORT_SWITCH_OVER, "ODD"]
    ),
    "text": st.sampled_from([None, "", "ifName ge-0/0/1 ifAdminStatus=down", "interface []", "ifName ("]),
    **dict.fromkeys(("timestamp", "last_seen", "last_flapped"), times),
}
interface = st.fixed_dictionaries(
    {},
    optional={
        "port_id": st.sampled_from(fuzzing.PORTS) | fuzzing.nasty,
        "port_usage": st.sampled_from(["wan", "lan"]) | fuzzing.nasty,
        "wan_name": st.sampled_from(["wan0", "Lte", ""]) | fuzzing.nasty,
        "wan_type": st.sampled_from(["lte", "broadband"]) | fuzzing.nasty,
        "servp_info": st.fixed_dictionaries({}, optional={"org": fuzzing.nasty}) | fuzzing.nasty,
        "up": st.booleans() | fuzzing.nasty,
    },
)
objects = st.dictionaries(st.sampled_from([*fuzzing.PORTS, "", "."]), interface | fuzzing.nasty, max_size=3)
lists = st.lists(st.sampled_from(["s1", "g1"]) | fuzzing.nasty, max_size=3)


def value(field: Field) -> st.SearchStrategy[Any]:
    if field.json:
        return st.one_of(objects, lists, st.none())
    if field.name in POOLS:
        return POOLS[field.name]
    return {pl.Float64: floats, pl.Int64: integers, pl.Boolean: st.sampled_from([True, False, None])}.get(
        field.dtype, words
    )


def row(endpoint: Endpoint) -> st.SearchStrategy[dict[str, Any]]:
    flat = {f.name: value(f) for f in endpoint.fields if not f.path}
    return st.fixed_dictionaries({"slot": st.sampled_from(SLOTS), "row": st.fixed_dictionaries(flat)})


def sane(endpoint: Endpoint, slot: datetime, mac: str, port: str) -> dict[str, Any]:
    """What a healthy cloud tells in a slot: evidence that the bends then spoil."""
    at, place = slot.timestamp() + 30, {"mac": mac, "site_id": "s1", "port_id": port}
    told: dict[str, dict[str, Any]] = {
        SITES.name: {"id": "s1", "sitegroup_ids": ["g1"]},
        SITEGROUPS.name: {"id": "g1", "name": "Region North"},
        DEVICE_STATS.name: {
            "mac": mac, "site_id": "s1", "status": "connected", "last_seen": at, "uptime": at - 1.7e9,
            "if_stat": {port: {"port_id": port, "port_usage": "wan"}},
        },
        PORT_STATS.name: {
            **place, "port_usage": "wan", "up": True, "speed": 1000, "timestamp": at,
            "rx_bytes": int(at - 1.7e9) * 1000, "tx_bytes": int(at - 1.7e9) * 100, "last_flapped": at - 9e5,
        },
        PATH_STATS.name: {
            **place, "peer_mac": fuzzing.MACS[2], "up": True, "is_active": True, "last_seen": at,
            "latency": 20.0, "jitter": 2.0, "loss": 0.1, "mos": 4.2,
        },
        DEVICE_EVENTS.name: {**place, "type": "GW_PORT_UP", "timestamp": at},
    }  # fmt: skip
    return {"slot": slot, "row": told[endpoint.name]}


def bent(endpoint: Endpoint) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Sane rows of two circuits in every slot, some of their values replaced, and a few rows of any kind."""
    base = [sane(endpoint, slot, fuzzing.MACS[i * 2], "ge-0/0/0") for slot in SLOTS for i in (0, 1)]
    fields = {f.name: f for f in endpoint.fields if not f.path}
    changes = st.sampled_from(sorted(fields)).flatmap(
        lambda name: st.tuples(st.integers(0, len(base) - 1), st.just(name), value(fields[name]))
    )

    def apply(bends: list[tuple[int, str, Any]], more: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows = [{"slot": b["slot"], "row": dict(b["row"])} for b in base]
        for index, name, changed in bends:
            rows[index]["row"][name] = changed
        return rows + more

    return st.builds(apply, st.lists(changes, max_size=10), st.lists(row(endpoint), max_size=2))


hours = st.fixed_dictionaries({name: bent(e) for name, e in ENDPOINTS.items()})


def bins(endpoint: Endpoint) -> st.SearchStrategy[pl.DataFrame]:
    """At most one bin of the hour for each of the two circuits, as `mist.series` leaves them: finite or null."""
    names = [f.name for f in endpoint.fields if f.name not in endpoint.key]
    one = st.fixed_dictionaries(
        {"mac": st.sampled_from(fuzzing.MACS[::2]), **dict.fromkeys(names, floats)}
    ).map(lambda told: {**told, "port_id": "ge-0/0/0", "bin_start": HOUR, "received_at": END})
    rows = st.lists(one, max_size=2, unique_by=lambda told: told["mac"])
    return rows.map(lambda told: pl.DataFrame(told, schema=endpoint.schema))


def frames(answers: dict[str, list[dict[str, Any]]]) -> dict[str, pl.DataFrame]:
    """The rows as the lake holds them: typed, one a key and slot."""
    found = {}
    for name, endpoint in ENDPOINTS.items():
        slots = []
        for slot in SLOTS:
            told = [a["row"] for a in answers[name] if a["slot"] == slot]
            frame = newest_rows(endpoint, extract(endpoint, told, slot).frame)
            slots.append(frame.with_columns(slot_utc=pl.lit(slot).cast(pl.Datetime("us", "UTC"))))
        found[name] = pl.concat(slots)
        if name not in SLOTTED:
            found[name] = found[name].drop("slot_utc")
    return found


def dimension(table: Table, observed: pl.DataFrame) -> pl.DataFrame:
    after = apply_versions(table.empty(), observed, table.key[0], HOUR - timedelta(hours=1))
    return table.conform(after.lazy()).collect()


def kpis(raw: dict[str, pl.DataFrame], traffic: pl.DataFrame, means: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The hour as `orchestration.hourly` computes it, by table."""
    ports, devices, paths = raw[PORT_STATS.name], raw[DEVICE_STATS.name], raw[PATH_STATS.name]
    events = raw[DEVICE_EVENTS.name].lazy()
    interfaces = interface_map(devices)
    found = discover_circuits(ports, devices, interfaces, None)
    found = with_active_paths(found, path_samples(paths, devices, interfaces, found))
    sites = dimension(
        DIM_SITE, discover_sites(raw[SITES.name], raw[SITEGROUPS.name], "Region ", "Store type ")
    )
    circuits = dimension(DIM_CIRCUIT, found)
    one_hour = pl.LazyFrame({"hour_utc": [HOUR]}, schema={"hour_utc": pl.Datetime("us", "UTC")})
    versions = in_force(circuits.lazy(), one_hour, "circuit_id")
    port_rows = port_samples(ports, devices, interfaces)
    path_rows = path_samples(paths, devices, interfaces, circuits)
    measured = utilization_hours(counter_intervals(port_rows, reboots(events)), versions, HOUR, END)
    told = Told(port_rows.collect(), path_rows.collect(), devices, events, circuits, interfaces)
    status = status_hours(told, HOUR, END)
    switched = switch_over_events(events, circuits, interfaces)
    active_sightings(port_rows, path_rows, circuits, switched).collect()
    facts = circuit_hours(
        dim_site=sites.lazy(),
        dim_circuit=circuits.lazy(),
        utilization=prefer_live(measured, insight_hours(traffic.lazy(), versions, HOUR, END)),
        status=status.hours,
        quality=quality_hours(path_rows, HOUR, END),
        insight_quality=insight_quality_hours(means.lazy(), HOUR, END),
        thresholds=load_thresholds(None),
        start=HOUR,
        end=END,
    )
    return {
        DIM_SITE.name: sites,
        DIM_CIRCUIT.name: circuits,
        FACT_CIRCUIT_HOUR.name: facts.collect(),
        FACT_PATH_HOUR.name: FACT_PATH_HOUR.conform(path_hours(path_rows, circuits, HOUR, END)).collect(),
        FACT_DEVICE_EVENT.name: device_event_facts(events, circuits, interfaces).collect(),
    }


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(hours, bins(INSIGHT_BANDWIDTH), bins(INSIGHT_QUALITY))
def test_an_hour_of_any_rows_keeps_every_contract(
    answers: dict[str, list[dict[str, Any]]], traffic: pl.DataFrame, means: pl.DataFrame
) -> None:
    found = kpis(frames(answers), traffic, means)
    tables = {
        t.name: t for t in (DIM_SITE, DIM_CIRCUIT, FACT_CIRCUIT_HOUR, FACT_PATH_HOUR, FACT_DEVICE_EVENT)
    }
    for name, frame in found.items():
        assert violations(frame.lazy(), tables[name]) == {}, name
    facts = found[FACT_CIRCUIT_HOUR.name]
    assert set(facts["circuit_id"]) <= set(found[DIM_CIRCUIT.name]["circuit_id"])
    for fact in facts.iter_rows(named=True):
        minutes = fact["up_minutes"] + fact["down_minutes"] + fact["unknown_minutes"]
        assert abs(minutes - 60) < 1e-6
        shares = [fact[c] for c in facts.columns if c.endswith("_pct")]
        assert all(share is None or 0 <= share < float("inf") for share in shares)
        for measure in MEASURES:
            known = fact[f"{measure}_severity"] is not None
            assert known == (
                fact["utilization_pct" if measure == "utilization" else _mean(measure)] is not None
            )


def _mean(measure: str) -> str:
    return f"{measure}_avg_{MEASURES[measure][0]}"
