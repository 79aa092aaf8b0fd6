"""Clients behind the gateways: who was seen when, and their rows.

Belongs here: sightings as a pure function of client and hour. Does not belong here: searching and paging. The API
has no byte counters of clients, and tells only of a few on which port they went out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from mistwan_dagster.simulator.noise import Floats, Ints, uniform
from mistwan_dagster.simulator.topology import Topology

HOUR_S = 3600.0
LONGEST_WINDOW_H = 24
SHARE_SEEN = 0.7
"""Share of a site's clients that are seen in an hour."""
MAKERS = ("Sonos", "Zebra Technologies", "Verifone", None)


class Clients:
    """All WAN clients of a world: 5 to 39 a site."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        per_site = 5 + (uniform(topology.seed, 81, np.arange(len(topology.sites))) * 35).astype(np.int64)
        self.site: Ints = np.repeat(np.arange(len(topology.sites)), per_site)
        self.seen = lru_cache(maxsize=2)(self._seen)
        self.circuits: dict[int, list[int]] = {}
        for c in topology.circuits:
            self.circuits.setdefault(topology.gateways[c.gateway].site, []).append(c.index)

    def _seen(self, start_s: float, end_s: float, now_s: float) -> list[tuple[int, float]]:
        """(client, instant last seen at `now_s`) of the clients last seen in [start, end), by that instant."""
        client = np.arange(len(self.site))
        last: Floats = np.full(len(client), -np.inf)
        first_hour = int(max(start_s, now_s - LONGEST_WINDOW_H * HOUR_S) // HOUR_S)
        for hour in range(first_hour, int(now_s // HOUR_S) + 1):
            present = uniform(self.topology.seed, 82, client, hour) < SHARE_SEEN
            at = (hour + uniform(self.topology.seed, 83, client, hour)) * HOUR_S
            last = np.where(present & (at <= now_s), at, last)
        told = np.flatnonzero((last >= start_s) & (last < end_s))
        return sorted(((int(c), float(last[c])) for c in told), key=lambda x: (x[1], x[0]))

    def row(self, client: int, at_s: float) -> dict[str, Any]:
        """A row of wan_clients/search."""
        site = int(self.site[client])
        ip = f"10.{client // 62500 % 250}.{client // 250 % 250}.{client % 250}"
        maker = MAKERS[client % len(MAKERS)]
        row: dict[str, Any] = {
            "wcid": str(uuid5(UUID(self.topology.org_id), f"client {client}")),
            "org_id": self.topology.org_id,
            "site_id": self.topology.sites[site].id,
            "mac": f"aa{client:010x}",
            "hostname": [f"till-{client}"],
            "ip": [ip],
            "last_hostname": f"till-{client}",
            "last_ip": ip,
            "ip_src": "dhcp",
            "network": "guest" if client % 5 == 0 else "stores",
            "timestamp": round(at_s, 3),
            "dhcp_start_time": round(at_s - 4000, 3),
            "_ingest": "sim",
        }
        if maker:
            row["mfg"] = maker
        own = self.circuits.get(site, [])
        if client % 3 == 0 and own:
            circuit = self.topology.circuits[own[client % len(own)]]
            row |= {"gateway_mac": self.topology.gateways[circuit.gateway].mac, "port_id": circuit.port_id}
            row |= {"node": circuit.node} if circuit.node else {}
        return row
