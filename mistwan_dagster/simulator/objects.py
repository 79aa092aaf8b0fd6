"""API objects that do not change with time: identity, organization, sites, groups, inventory, configurations.

Belongs here: topology -> dicts. Does not belong here: anything measured (`rows.py`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from mistwan_dagster.simulator.alarms import is_critical
from mistwan_dagster.simulator.places import REGIONS, STORE_TYPES
from mistwan_dagster.simulator.topology import Circuit, Gateway, Topology

Row = dict[str, Any]
CREATED_S, MODIFIED_S = 1577836800, 1704067200


def _group_id(topology: Topology, name: str) -> str:
    return str(uuid5(UUID(topology.org_id), f"group {name}"))


def _groups_of(site_region: str | None, store_type: str | None, index: int) -> list[str]:
    names = [f"Region {site_region}"] if site_region else []
    names += [f"Store type {store_type}"] if store_type else []
    return names + (["Pilot stores"] if index % 9 == 0 else [])


def identity(topology: Topology) -> Row:
    """/self of a token with read access to the organization."""
    privilege = {"scope": "org", "role": "read", "org_id": topology.org_id, "name": "Simulated Stores"}
    return {"name": "simulated token", "privileges": [privilege], "tags": ["simulated"]}


def organization(topology: Topology) -> Row:
    """/orgs/{org_id}."""
    return {
        "id": topology.org_id,
        "name": "Simulated Stores",
        "created_time": CREATED_S,
        "modified_time": MODIFIED_S,
        "allow_mist": False,
        "session_expiry": 1440,
    }


def sites(topology: Topology) -> list[Row]:
    """/orgs/{org_id}/sites."""
    return [
        {
            "id": s.id,
            "org_id": topology.org_id,
            "name": s.name,
            "timezone": s.place.timezone,
            "country_code": "US",
            "address": f"{100 + s.index} Main Street, {s.place.city}",
            "latlng": {
                "lat": round(s.place.lat + (s.index * 37 % 100 - 50) / 90, 5),
                "lng": round(s.place.lng + (s.index * 53 % 100 - 50) / 90, 5),
            },
            "sitegroup_ids": [
                _group_id(topology, name) for name in _groups_of(s.region, s.store_type, s.index)
            ],
            "gatewaytemplate_id": str(uuid5(UUID(topology.org_id), f"template {s.store_type}")),
            "created_time": CREATED_S,
            "modified_time": MODIFIED_S,
            "tzoffset": s.place.offset_h * 60,
        }
        for s in topology.sites
    ]


def sitegroups(topology: Topology) -> list[Row]:
    """/orgs/{org_id}/sitegroups."""
    names = [f"Region {r}" for r in REGIONS] + [f"Store type {t}" for t in STORE_TYPES] + ["Pilot stores"]
    members: dict[str, list[str]] = {name: [] for name in names}
    for s in topology.sites:
        for name in _groups_of(s.region, s.store_type, s.index):
            members[name].append(s.id)
    return [
        {
            "id": _group_id(topology, name),
            "org_id": topology.org_id,
            "name": name,
            "site_ids": site_ids,
            "created_time": CREATED_S,
            "modified_time": MODIFIED_S,
        }
        for name, site_ids in members.items()
    ]


def inventory(topology: Topology, connected: list[bool]) -> list[Row]:
    """/orgs/{org_id}/inventory, with the claim codes (`magic`) and with cluster members (`is_member`)."""
    rows: list[Row] = []
    for g in (*topology.gateways, *topology.spares):
        site_id = topology.sites[g.site].id if g.site >= 0 else None
        row: Row = {
            "org_id": topology.org_id,
            "mac": g.mac,
            "id": g.id,
            "serial": g.serial,
            "model": g.model,
            "type": "gateway",
            "name": g.name,
            "hostname": g.name,
            "site_id": site_id,
            "connected": connected[g.index] if g.site >= 0 else False,
            "magic": claim_code(g),
            "sku": f"{g.model}-SIM",
            "adopted": g.index % 2 == 0,
            "created_time": CREATED_S,
            "modified_time": MODIFIED_S,
            "deviceprofile_id": None,
            "jsi": False,
        }
        rows.append(row)
        if g.is_ha:
            member = {"mac": g.member_mac, "id": f"00000000-0000-0000-1000-{g.member_mac}", "vc_mac": g.mac}
            rows.append({**row, **member, "serial": f"{g.serial}B", "name": f"{g.name}-b"})
            row["vc_mac"] = g.mac
    return rows


def claim_code(gateway: Gateway) -> str:
    """A claim code that a leak test can look for."""
    return f"MAGIC-{gateway.mac.upper()}-CODE"


def configuration(topology: Topology, gateway: Gateway, circuits: list[Circuit]) -> Row:
    """An entry of /sites/{site_id}/devices: the gateway's configuration, secrets inside."""
    ports: dict[str, Row] = {}
    for rank, c in enumerate(circuits):
        vpn_paths = {"OrgOverlay": {"role": "spoke", "preference": rank}} if c.has_paths else {}
        entry: Row = {
            "usage": "wan",
            "name": c.wan_name,
            "wan_type": c.tariff.wan_type,
            "disabled": c.state == "disabled",
            "critical": is_critical(c),
            "vpn_paths": vpn_paths,
        }
        if gateway.shows_shaping:
            entry["traffic_shaping"] = {"enabled": True, "max_tx_kbps": int(c.up_mbps * 1000)}
        if c.tariff.wan_type == "dsl":
            entry["ip_config"] = {
                "type": "pppoe",
                "ppoe_username": "sim",
                "ppoe_password": "sim-secret-pppoe",
            }
        ports[f"{c.node}:{c.port_id}" if c.node else c.port_id] = entry
    return {
        "id": gateway.id,
        "org_id": topology.org_id,
        "site_id": topology.sites[gateway.site].id,
        "mac": gateway.mac,
        "name": gateway.name,
        "model": gateway.model,
        "serial": gateway.serial,
        "type": "gateway",
        "port_config": ports,
        "bgp_config": {"core": {"auth_key": "sim-secret-bgp", "local_as": 65000, "via": "lan"}},
        "created_time": CREATED_S,
        "modified_time": MODIFIED_S,
    }
