"""What the simulated organization consists of: sites, gateways, circuits, ports, overlay paths.

Belongs here: the static truth, built once from (seed, number of sites). Does not belong here: anything that
changes with time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import NAMESPACE_DNS, UUID, uuid5

from mistwan_dagster.simulator.places import (
    BAD_PROVIDER,
    BROADBAND,
    DSL,
    FIBRE,
    HUBS,
    LTE,
    MODELS,
    REGIONS,
    STORE_TYPES,
    VERSIONS,
    Place,
    Tariff,
)

PathStyle = Literal["physical", "unit", "name"]


@dataclass(frozen=True, slots=True)
class Site:
    """A store. `region` and `store_type` are None for the few sites in no such sitegroup."""

    index: int
    id: str
    name: str
    place: Place
    region: str | None
    store_type: str | None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway or HA cluster. `site` is -1 for a spare; `phase_s` offsets its 60 s reports on the clock."""

    index: int
    site: int
    mac: str
    member_mac: str
    name: str
    family: str
    model: str
    version: str
    serial: str
    is_ha: bool
    path_style: PathStyle
    mos_scale: float
    phase_s: int
    stale_timestamp_moves: bool
    shows_shaping: bool

    @property
    def id(self) -> str:
        """Mist device id."""
        return f"00000000-0000-0000-1000-{self.mac}"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A WAN port and the line behind it. `state` is static: up, never up, or disabled."""

    index: int
    gateway: int
    node: str | None
    port_id: str
    if_name: str
    wan_name: str
    tariff: Tariff
    provider: str
    asn: str
    role: str
    state: Literal["up", "down", "disabled"]
    down_mbps: float
    up_mbps: float
    peak_down: float
    peak_up: float
    is_congested: bool
    is_growing: bool
    is_bad: bool
    tells_up: bool
    tells_usage: bool
    tells_timestamp: bool
    tells_provider: bool
    in_circuits_file: bool
    has_paths: bool


@dataclass(frozen=True, slots=True)
class Path:
    """An overlay path from a circuit to a hub."""

    index: int
    circuit: int
    hub: int


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything static. `spares` are unassigned gateways of the inventory."""

    seed: int
    org_id: str
    sites: tuple[Site, ...]
    gateways: tuple[Gateway, ...]
    spares: tuple[Gateway, ...]
    circuits: tuple[Circuit, ...]
    paths: tuple[Path, ...]

    def circuit_id(self, circuit: Circuit) -> str:
        """`mac:port_id`, on a cluster `mac:node:port_id`."""
        mac = self.gateways[circuit.gateway].mac
        return f"{mac}:{circuit.node}:{circuit.port_id}" if circuit.node else f"{mac}:{circuit.port_id}"


def org_id(seed: int) -> str:
    """The organization's id, derived from the seed."""
    return str(uuid5(NAMESPACE_DNS, f"simulated-mist-org-{seed}"))


def build(seed: int, sites: int) -> Topology:
    """Build the organization: about 2.6 circuits and 4.5 overlay paths a site, 5 % HA, 3 % spare gateways.

    Raises ValueError without at least one site.
    """
    if sites < 1:
        raise ValueError("a simulated organization needs at least one site")
    org = org_id(seed)
    stores = tuple(_site(seed, UUID(org), i) for i in range(sites))
    gateways = tuple(_gateway(seed, i, site.index, site.name) for i, site in enumerate(stores))
    spare_count = max(1, round(sites * 0.03))
    spares = tuple(_gateway(seed, sites + k, -1, f"spare-{k + 1}") for k in range(spare_count))
    circuits: list[Circuit] = []
    for gateway in gateways:
        for fields in _lines(seed, gateway, stores[gateway.site]):
            circuits.append(Circuit(index=len(circuits), gateway=gateway.index, **fields))
    pairs = [(c.index, h) for c in circuits if c.has_paths for h in range(len(HUBS))]
    paths = tuple(Path(i, circuit, hub) for i, (circuit, hub) in enumerate(pairs))
    return Topology(seed, org, stores, gateways, spares, tuple(circuits), paths)


def _site(seed: int, org: UUID, i: int) -> Site:
    rng = random.Random(f"site {seed} {i}")
    names = list(REGIONS)
    region = names[i % len(names)]
    place = rng.choice(REGIONS[region])
    store_type = rng.choices(STORE_TYPES, weights=(1, 6, 3))[0]
    return Site(
        i,
        str(uuid5(org, f"site {i}")),
        f"Store {i + 1:04d} {place.city}",
        place,
        None if i % 17 == 16 else region,
        None if i % 19 == 18 else store_type,
    )


def _gateway(seed: int, i: int, site: int, name: str) -> Gateway:
    rng = random.Random(f"gateway {seed} {i}")
    family = "ipsec" if i % 3 == 0 else "svr"
    styles: tuple[PathStyle, ...] = ("physical", "unit", "name")
    return Gateway(
        index=i,
        site=site,
        mac=f"5c5b35{(0x100000 + seed * 0x10001 + i) % 0x1000000:06x}",
        member_mac=f"5c5b37{(0x100000 + seed * 0x10001 + i) % 0x1000000:06x}",
        name=f"gw-{name.split()[1]}" if site >= 0 else name,
        family=family,
        model=rng.choice(MODELS[family]),
        version=VERSIONS[family],
        serial=f"SIM{rng.randrange(10**9):09d}",
        is_ha=site >= 0 and i % 20 == 1,
        path_style=styles[i % 3],
        mos_scale=100.0 if i % 10 in (2, 5, 8) else 1.0,
        phase_s=10 * rng.randrange(6),
        stale_timestamp_moves=i % 4 == 2,
        shows_shaping=i % 10 in (0, 4, 7),
    )


def _lines(seed: int, gateway: Gateway, site: Site) -> Iterator[dict]:
    """Fields of the gateway's circuits, primary first, without index and gateway."""
    rng = random.Random(f"lines {seed} {gateway.index}")
    i = gateway.index
    wired = rng.choices((1, 2, 3), weights=(12, 55, 33))[0]
    if gateway.is_ha or i == 0:
        wired = max(wired, 2)
    lte = rng.random() < (0.2 if gateway.is_ha else 0.5 if wired == 1 else 0.38)
    states = ["up"] * wired + (["down"] if i % 11 == 4 else []) + (["disabled"] if i % 13 == 5 else [])
    bad_cluster = site.index % 5 == 3 and (site.index // 5) % 2 == 0
    for k, state in enumerate([*states, *(["lte"] if lte else [])]):
        is_lte = state == "lte"
        tariff = LTE if is_lte else _tariff(rng, k, bad_cluster)
        provider, asn = BAD_PROVIDER if bad_cluster and k == 0 else rng.choice(tariff.providers)
        down, up = rng.choice(tariff.bandwidths)
        yield {
            **_where(gateway, k, is_lte),
            **_load(rng, i, k, is_lte, "up" if is_lte else state),
            "tariff": tariff,
            "provider": provider,
            "asn": asn,
            "role": "primary" if k == 0 else "secondary",
            "state": "up" if is_lte else state,
            "down_mbps": float(down),
            "up_mbps": float(up),
            "is_bad": bad_cluster and k == 0,
            "tells_up": not (i % 23 == 2 and k == min(1, wired - 1)),
            "tells_usage": rng.random() > (0.5 if is_lte else 0.03),
            "tells_timestamp": rng.random() > 0.2,
            "tells_provider": rng.random() > 0.05,
            "in_circuits_file": state != "disabled" and (i * 7 + k) % 20 != 13,
            "has_paths": state in ("up", "down"),
        }


def _tariff(rng: random.Random, k: int, bad_cluster: bool) -> Tariff:
    if bad_cluster and k == 0:
        return DSL
    return rng.choices((BROADBAND, FIBRE, DSL), weights=(5, 3, 2) if k else (4, 6, 1))[0]


def _where(gateway: Gateway, k: int, is_lte: bool) -> dict:
    """Node, port, interface and WAN name of the k-th circuit. Both nodes use the same port ids."""
    node = (f"node{k % 2}" if not is_lte else "node0") if gateway.is_ha else None
    slot = k // 2 if gateway.is_ha else k
    if is_lte:
        port_id, if_name, wan_name = "lte-0/0/0", "lte-0/0/0", "Lte"
    else:
        port_id = "xe-0/2/0" if slot == 2 else f"ge-0/0/{slot}"
        unit = 671 if gateway.path_style == "unit" and slot == 1 else 0
        if_name = f"{port_id}.{unit}" if gateway.path_style != "physical" else port_id
        wan_name = "wan" if k == 0 else f"wan{k + 1}"
    return {"node": node, "port_id": port_id, "if_name": if_name, "wan_name": wan_name}


def _load(rng: random.Random, i: int, k: int, is_lte: bool, state: str) -> dict:
    """How much of its bandwidth the circuit uses in its busiest hours; always-down lines carry nothing."""
    congested, growing, upload_bound = (k == 0 and i % 11 == r for r in (6, 9, 3))
    if state != "up":
        down = 0.0
    elif is_lte:
        down = rng.uniform(0.01, 0.03)
    elif congested:
        down = rng.uniform(0.92, 1.05)
    elif k == 0:
        down = 0.62 if growing else rng.uniform(0.2, 0.6)
    else:
        down = rng.uniform(0.05, 0.25)
    up = rng.uniform(0.75, 0.95) if upload_bound and state == "up" else down * rng.uniform(0.3, 0.7)
    return {"peak_down": down, "peak_up": up, "is_congested": congested, "is_growing": growing}
