"""API rows of what changes: ports, overlay paths, device statistics, device events.

Belongs here: snapshot -> dicts in the shapes Mist answers, undocumented fields included. Does not belong
here: static objects (`objects.py`), filters and paging (`searches.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mistwan_dagster.simulator.events import Event
from mistwan_dagster.simulator.noise import uniform
from mistwan_dagster.simulator.places import HUBS
from mistwan_dagster.simulator.snapshot import REPORT_S, Snapshot
from mistwan_dagster.simulator.topology import Circuit, Gateway, Topology

PORTS_PER_GATEWAY = 10
PORTS_PER_NODE = 8
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a gateway; `circuit` is -1 for LAN ports."""

    gateway: int
    node: str | None
    port_id: str
    circuit: int


def ports_of(topology: Topology) -> list[Port]:
    """All ports of all gateways: the circuits', then LAN ports up to ten a gateway (eight a cluster node)."""
    own: dict[int, list[Circuit]] = {}
    for c in topology.circuits:
        own.setdefault(c.gateway, []).append(c)
    ports: list[Port] = []
    for gateway in topology.gateways:
        circuits = own.get(gateway.index, [])
        ports += [Port(gateway.index, c.node, c.port_id, c.index) for c in circuits]
        for node in ("node0", "node1") if gateway.is_ha else (None,):
            taken = {c.port_id for c in circuits if c.node == node}
            room = (PORTS_PER_NODE if gateway.is_ha else PORTS_PER_GATEWAY) - len(taken)
            lan = [f"ge-0/0/{k}" for k in range(3, 16) if f"ge-0/0/{k}" not in taken]
            ports += [Port(gateway.index, node, port_id, -1) for port_id in lan[:room]]
    return ports


class RowMaker:
    """Makes rows of one snapshot; arrays become lists once, dicts only for the rows asked for."""

    def __init__(self, topology: Topology, ports: list[Port], snapshot: Snapshot) -> None:
        self.topology, self.ports, self.view_s = topology, ports, snapshot.view_s
        self.s: dict[str, list] = {
            f.name: getattr(snapshot, f.name).tolist() for f in fields(snapshot) if f.name != "view_s"
        }
        source = snapshot.source_s
        self.port_order = np.argsort(source[[p.gateway for p in ports]], kind="stable").tolist()
        gateway_of_path = [topology.circuits[p.circuit].gateway for p in topology.paths]
        self.path_order = (
            np.argsort(source[gateway_of_path], kind="stable").tolist() if gateway_of_path else []
        )
        self.first_path = {p.circuit: p.index for p in reversed(topology.paths)}
        seed = topology.seed
        self.lan_rate = (uniform(seed, 51, np.arange(len(ports))) * 400_000).tolist()

    def port(self, index: int) -> Row:
        """A row of ports/search."""
        p = self.ports[index]
        gateway = self.topology.gateways[p.gateway]
        row: Row = {
            "org_id": self.topology.org_id,
            "site_id": self.topology.sites[gateway.site].id,
            "mac": gateway.mac,
            "device_type": "gateway",
            "port_id": p.port_id,
            "port_mac": f"{int(gateway.mac, 16) + 1 + index % 16:012x}",
            "for_site": True,
            "unconfigured": False,
            "full_duplex": True,
            "mac_limit": 0,
            "stp_state": "",
            "auth_state": "",
            "poe_on": False,
            "xcvr_model": "",
            "_collector": f"c{p.gateway % 4}",
        }
        if p.node:
            row["node"] = p.node
        if p.circuit >= 0:
            self._wan(row, gateway, self.topology.circuits[p.circuit])
        else:
            self._lan(row, index, p)
        if p.circuit < 0 or self.topology.circuits[p.circuit].tells_timestamp:
            row["timestamp"] = self._row_time(gateway)
        return row

    def _row_time(self, gateway: Gateway) -> float:
        source: float = self.s["source_s"][gateway.index]
        if self.s["connected"][gateway.index] or not gateway.stale_timestamp_moves:
            return source
        return math.floor((self.view_s - gateway.phase_s) / REPORT_S) * REPORT_S + gateway.phase_s

    def _wan(self, row: Row, gateway: Gateway, c: Circuit) -> None:
        up = self.s["link_up"][c.index]
        if c.tells_usage:
            row["port_usage"] = "WAN" if c.index % 61 == 7 else "wan"
        row["port_desc"] = c.wan_name
        row["disabled"] = c.state == "disabled"
        if c.tells_up:
            row["up"] = up
        row["active"] = self.s["carrier"][gateway.index] == c.index
        is_lte = c.tariff.wan_type == "lte"
        if not is_lte:
            row["speed"] = 1000 if up and c.state == "up" else 0
        for name in ("rx_bytes", "tx_bytes", "rx_bps", "tx_bps"):
            row[name] = _whole(self.s[name][c.index])
        row["rx_pkts"] = None if row["rx_bytes"] is None else row["rx_bytes"] // 740
        row["tx_pkts"] = None if row["tx_bytes"] is None else row["tx_bytes"] // 410
        row["rx_errors"], row["tx_errors"] = c.index % 7, 0
        row["last_flapped"] = self.s["last_flapped_s"][c.index]
        row["lte_imsi"] = f"310150{c.index:09d}" if is_lte else None
        row["lte_iccid"] = f"8901{c.index:015d}" if is_lte else None
        row["lte_imei"] = f"35{c.index:013d}" if is_lte else ""
        path = self.first_path.get(c.index)
        if path is not None and self.s["path_up"][path]:
            _add_told(row, latency=self.s["latency_ms"][path], jitter=self.s["jitter_ms"][path])
            _add_told(row, loss=self.s["loss_pct"][path])

    def _lan(self, row: Row, index: int, p: Port) -> None:
        source, boot = self.s["source_s"][p.gateway], self.s["boot_s"][p.gateway]
        up = index % 5 != 0
        moved = int(self.lan_rate[index] * (source - boot)) if up else 0
        row |= {
            "port_usage": "lan",
            "port_desc": f"lan {p.port_id}",
            "up": up,
            "active": up,
            "disabled": False,
            "speed": 1000 if up else 0,
            "rx_bytes": moved // 3,
            "tx_bytes": moved,
            "rx_pkts": moved // 2200,
            "tx_pkts": moved // 900,
            "rx_bps": int(self.lan_rate[index] * 8 / 3) if up else 0,
            "tx_bps": int(self.lan_rate[index] * 8) if up else 0,
            "rx_errors": 0,
            "tx_errors": 0,
            "last_flapped": boot,
            "mac_count": index % 9 if up else 0,
        }

    def path(self, index: int) -> Row:
        """A row of vpn_peers/search. A path that is down has no quality, an up one now and then neither."""
        path = self.topology.paths[index]
        c = self.topology.circuits[path.circuit]
        gateway, hub = self.topology.gateways[c.gateway], HUBS[path.hub]
        source = self.s["source_s"][gateway.index]
        row: Row = {
            "org_id": self.topology.org_id,
            "site_id": self.topology.sites[gateway.site].id,
            "mac": gateway.mac,
            "port_id": path_port(gateway, c),
            "peer_mac": hub.mac,
            "peer_port_id": hub.port_id,
            "peer_site_id": f"00000000-0000-0000-2000-{hub.mac}",
            "router_name": gateway.name,
            "peer_router_name": hub.name,
            "vpn_name": "OrgOverlay",
            "type": gateway.family,
            "up": self.s["path_up"][index],
            "is_active": self.s["path_active"][index],
            "uptime": 1527128046,
            "mtu": 1500,
            "hop_count": 1,
            "last_seen": source,
            "_shard": index % 8,
        }
        if c.node:
            row["node"] = c.node
        if index % 2:
            row["timestamp"] = source
        _add_told(row, latency=self.s["latency_ms"][index], jitter=self.s["jitter_ms"][index])
        _add_told(row, loss=self.s["loss_pct"][index], mos=self.s["mos"][index] * gateway.mos_scale)
        if "latency" not in row and index % 3 == 0:
            row |= {"latency": None, "jitter": None, "loss": None}
        return row

    def device(self, index: int, circuits: list[Circuit]) -> Row:
        """A row of stats/devices."""
        gateway = self.topology.gateways[index]
        connected = self.s["connected"][index]
        source, boot = self.s["source_s"][index], self.s["boot_s"][index]
        row: Row = {
            "org_id": self.topology.org_id,
            "site_id": self.topology.sites[gateway.site].id,
            "mac": gateway.mac,
            "id": gateway.id,
            "name": gateway.name,
            "hostname": gateway.name,
            "router_name": gateway.name,
            "model": gateway.model,
            "type": "gateway",
            "serial": gateway.serial,
            "version": gateway.version,
            "status": "connected" if connected else "disconnected",
            "last_seen": source,
            "uptime": int(source - boot),
            "is_ha": True if gateway.is_ha else None,
            "ip": f"10.{index // 250 % 250}.{index % 250}.1",
            "ext_ip": f"100.64.{index // 250 % 250}.{index % 250}",
            "cpu_stat": {"idle": 80 - index % 30, "user": 9, "system": 6, "load_avg": [0.2, 0.3, 0.3]},
            "memory_stat": {"usage": 30 + index % 40},
            "config_status": "COMMITED",
            "created_time": 1577836800,
            "modified_time": 1704067200,
            "deviceprofile_id": None,
            "if_stat": self._interfaces(gateway, [c for c in circuits if c.node in (None, "node0")]),
            "tag_uuid": self.topology.org_id,
            "_mist_host": f"sim-{index % 3}",
        }
        if gateway.is_ha:
            row["if2_stat"] = self._interfaces(gateway, [c for c in circuits if c.node == "node1"])
            row["cluster_stat"] = {"state": "active-passive"}
            row["cluster_config"] = {"status": "Green", "operational": "active-passive"}
        return row

    def _interfaces(self, gateway: Gateway, circuits: list[Circuit]) -> dict[str, Row]:
        lan: Row = {
            "port_id": "ge-0/0/5",
            "port_usage": "lan",
            "network_name": "stores",
            "vlan": 10,
            "up": True,
        }
        stat: dict[str, Row] = {"ge-0/0/5.10": lan}
        for c in circuits:
            entry: Row = {
                "port_id": c.port_id,
                "port_usage": "wan",
                "wan_name": c.wan_name,
                "wan_type": c.tariff.wan_type,
                "address_mode": "Dynamic",
                "ips": [f"100.{64 + c.index % 60}.{c.index // 250 % 250}.{c.index % 250}/24"],
                "nat_addresses": [],
                "vlan": 671 if c.if_name.endswith(".671") else 0,
                "up": self.s["link_up"][c.index],
                "rx_bytes": _whole(self.s["rx_bytes"][c.index]),
                "tx_bytes": _whole(self.s["tx_bytes"][c.index]),
            }
            if c.tells_provider:
                entry["servp_info"] = {"org": c.provider, "asn": c.asn, "country_code": "US"}
            if gateway.is_ha:
                holds = self.s["carrier"][gateway.index] == c.index
                entry["redundancy_state"] = "active" if holds else "standby"
            stat[c.if_name] = entry
        return stat

    def event(self, event: Event) -> Row:
        """A row of devices/events/search."""
        gateway = self.topology.gateways[event.gateway]
        return {
            "org_id": self.topology.org_id,
            "site_id": self.topology.sites[gateway.site].id,
            "mac": gateway.mac,
            "device_type": "gateway",
            "device_name": gateway.name,
            "model": gateway.model,
            "version": gateway.version,
            "type": event.type,
            "timestamp": event.timestamp,
            "ev_type": "warn" if "DOWN" in event.type or "DIS" in event.type else "notice",
            "_ingest": "sim",
            **event.extra,
        }


def path_port(gateway: Gateway, c: Circuit) -> str:
    """The port as path rows of that gateway name it: physical, with a unit, or by the interface's name."""
    if gateway.path_style == "name":
        return c.wan_name
    return c.if_name if gateway.path_style == "unit" else c.port_id


def _whole(value: float) -> int | None:
    return None if math.isnan(value) else int(value)


def _add_told(row: Row, **values: float) -> None:
    for name, value in values.items():
        if not math.isnan(value):
            row[name] = round(value, 4)
