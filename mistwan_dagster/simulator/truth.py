"""The truth in tables, for tests and rehearsals: what a perfect observer would have measured.

Belongs here: polars frames computed from the world's own functions. Does not belong here: anything the API
tells, nor any KPI code of the platform.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mistwan_dagster.simulator.incidents import LINK_KINDS, Incidents, Kind

if TYPE_CHECKING:
    from mistwan_dagster.simulator.world import World

UTC_US = pl.Datetime("us", "UTC")
HOUR_S = 3600.0
MAX_SPAN = timedelta(days=60)
"""Longer spans are computed in parts: traffic integrals have a bounded reach."""
CIRCUITS_FILE_COLUMNS = (
    "device_mac",
    "node",
    "port_id",
    "role",
    "provider",
    "bandwidth_down_mbps",
    "bandwidth_up_mbps",
)


def circuits(world: World) -> pl.DataFrame:
    """All WAN ports, also disabled and never connected ones; `state` is up, down or disabled (static)."""
    topology = world.topology
    rows = [
        {
            "circuit_id": topology.circuit_id(c),
            "site_id": topology.sites[topology.gateways[c.gateway].site].id,
            "device_mac": topology.gateways[c.gateway].mac,
            "node": c.node,
            "port_id": c.port_id,
            "role": c.role,
            "provider": c.provider,
            "wan_name": c.wan_name,
            "wan_type": c.tariff.wan_type,
            "bandwidth_down_mbps": c.down_mbps,
            "bandwidth_up_mbps": c.up_mbps,
            "state": c.state,
            "in_circuits_file": c.in_circuits_file,
            "tells_up": c.tells_up,
            "has_paths": c.has_paths,
            "is_congested": c.is_congested,
            "is_bad": c.is_bad,
            "is_growing": c.is_growing,
        }
        for c in topology.circuits
    ]
    return pl.DataFrame(rows, schema_overrides={"node": pl.String}, infer_schema_length=None)


def circuits_csv(world: World) -> str:
    """The circuits file of the organization (about 95 % of the circuits; disabled ports are not in it)."""
    listed = circuits(world).filter("in_circuits_file").select(CIRCUITS_FILE_COLUMNS)
    return listed.write_csv(float_precision=1)


def circuit_hours(world: World, start: datetime, end: datetime) -> pl.DataFrame:
    """Circuit x hour in [start, end), whole hours; disabled ports are not in it.

    Columns: circuit_id, hour_utc, rx_bytes, tx_bytes (true bytes of the hour, observed or not),
    utilization_pct (100 * max(rx / down, tx / up) over 3600 s by the circuits file's bandwidths; null when
    not listed there), up_minutes, down_minutes, unknown_minutes (gateway out of contact; the three add up to
    60), flap_count (link transitions; a bounce of n counts 2n), counter_reset (the gateway rebooted).
    """
    if end - start > MAX_SPAN:
        middle = start + MAX_SPAN
        return pl.concat([circuit_hours(world, start, middle), circuit_hours(world, middle, end)])
    start_s = _epoch(start)
    hours = round((_epoch(end) - start_s) / HOUR_S)
    incidents = world.incidents(start_s, start_s + hours * HOUR_S)
    shown = np.array([c.index for c in world.topology.circuits if c.state != "disabled"], dtype=np.int64)
    rx, tx = world.carried.in_bins(shown, start_s, HOUR_S, hours, incidents)
    down_s, dark_s = (m[shown] for m in world.carried.seconds_in_bins(incidents, start_s, HOUR_S, hours))
    never = np.array([world.topology.circuits[i].state == "down" for i in shown], dtype=bool)
    down_s = np.where(never[:, None], HOUR_S - dark_s, down_s)
    flaps, resets = _flaps_and_resets(world, incidents, start_s, hours)
    listed = np.array([world.topology.circuits[i].in_circuits_file for i in shown], dtype=bool)
    capacity_down, capacity_up = (
        rate[shown, None] * HOUR_S for rate in (world.carried.down_rate, world.carried.up_rate)
    )
    utilization = 100 * np.maximum(rx / capacity_down, tx / capacity_up)
    names = np.array([world.topology.circuit_id(world.topology.circuits[i]) for i in shown])
    frame = pl.DataFrame(
        {
            "circuit_id": np.repeat(names, hours),
            "hour_utc": np.tile(((start_s + np.arange(hours) * HOUR_S) * 1e6).astype(np.int64), len(shown)),
            "rx_bytes": rx.ravel(),
            "tx_bytes": tx.ravel(),
            "utilization_pct": np.where(listed[:, None], utilization, np.nan).ravel(),
            "up_minutes": ((HOUR_S - down_s - dark_s) / 60).ravel(),
            "down_minutes": (down_s / 60).ravel(),
            "unknown_minutes": (dark_s / 60).ravel(),
            "flap_count": flaps[shown].ravel(),
            "counter_reset": resets[shown].ravel() > 0,
        }
    )
    return frame.with_columns(
        pl.col("hour_utc").cast(UTC_US),
        pl.col("circuit_id").cast(pl.String),
        pl.col("utilization_pct").fill_nan(None),
    )


def _flaps_and_resets(
    world: World, incidents: Incidents, start_s: float, hours: int
) -> tuple[np.ndarray, np.ndarray]:
    shape = (len(world.topology.circuits), hours)
    flaps, resets = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    links, reboots = incidents.of(*LINK_KINDS), incidents.of(Kind.REBOOT)
    for instant in (links.start, links.end):
        hour = np.floor((instant - start_s) / HOUR_S).astype(np.int64)
        inside = (hour >= 0) & (hour < hours)
        np.add.at(flaps, (links.circuit[inside], hour[inside]), links.count[inside])
    hour = np.floor((reboots.end - start_s) / HOUR_S).astype(np.int64)
    inside = (hour >= 0) & (hour < hours)
    position, c = world.carried.circuits_of(reboots.gateway[inside])
    np.add.at(resets, (c, hour[inside][position]), 1)
    return flaps, resets


def outages(world: World, start: datetime, end: datetime) -> pl.DataFrame:
    """Outages that overlap [start, end), not clipped: circuit_id, site_id, start_utc, end_utc, kind, count.

    `kind` is link or reachability (link up, provider gone). Lines that never came up are not in it.
    """
    found = world.incidents(_epoch(start), _epoch(end)).of(*LINK_KINDS, Kind.ISP)
    return (
        pl.DataFrame(
            {
                **_names(world, found),
                "kind": ["reachability" if k == Kind.ISP else "link" for k in found.kind.tolist()],
                "count": found.count,
            },
            schema_overrides=_SCHEMA,
        )
        .rename({"from_circuit_id": "circuit_id"})
        .sort("start_utc", "circuit_id")
    )


def failovers(world: World, start: datetime, end: datetime) -> pl.DataFrame:
    """Failovers that overlap [start, end), not clipped.

    Columns: site_id, start_utc, end_utc, from_circuit_id, to_circuit_id, cause (link_down, unreachable,
    steered).
    """
    found = world.incidents(_epoch(start), _epoch(end))
    found = found.where(found.moves)
    causes = {Kind.LINK: "link_down", Kind.ISP: "unreachable", Kind.STEER: "steered"}
    targets = world.calendar.takeover[found.circuit].tolist()
    return pl.DataFrame(
        {
            **_names(world, found),
            "to_circuit_id": [world.topology.circuit_id(world.topology.circuits[t]) for t in targets],
            "cause": [causes[Kind(k)] for k in found.kind.tolist()],
        },
        schema_overrides={**_SCHEMA, "to_circuit_id": pl.String, "cause": pl.String},
    ).sort("start_utc", "from_circuit_id")


_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "site_id": pl.String,
    "start_utc": UTC_US,
    "end_utc": UTC_US,
    "from_circuit_id": pl.String,
}


def _names(world: World, found: Incidents) -> dict[str, list]:
    topology = world.topology
    return {
        "site_id": [topology.sites[topology.gateways[g].site].id for g in found.gateway.tolist()],
        "start_utc": [datetime.fromtimestamp(t, UTC) for t in found.start.tolist()],
        "end_utc": [datetime.fromtimestamp(t, UTC) for t in found.end.tolist()],
        "from_circuit_id": [topology.circuit_id(topology.circuits[c]) for c in found.circuit.tolist()],
    }


def _epoch(instant: datetime) -> float:
    return (instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant).timestamp()
