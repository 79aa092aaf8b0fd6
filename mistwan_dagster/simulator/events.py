"""The device events by which incidents become known: late, twice, folded or without a port, as they come.

Belongs here: incidents of a day -> event rows with the instant from which the cloud shows them. Does not
belong here: searching and paging (`server.py`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from mistwan_dagster.simulator.incidents import Calendar, Kind
from mistwan_dagster.simulator.places import HUBS
from mistwan_dagster.simulator.topology import Circuit, Gateway, Topology

MAX_DELAY_S = 2950.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event row. It is visible from `visible_s`; `extra` holds port_id, node, text, reason, count."""

    timestamp: float
    visible_s: float
    type: str
    gateway: int
    extra: dict[str, str | int] = field(default_factory=dict)


class Chronicle:
    """All events of a world, day by day."""

    def __init__(self, topology: Topology, calendar: Calendar, start_s: float) -> None:
        self.topology, self.calendar, self.start_s = topology, calendar, start_s
        self._own = lru_cache(maxsize=64)(self._write)

    def starting_on(self, day: int) -> tuple[Event, ...]:
        """Events of the incidents that begin on a UTC day, by time; some lie on the next two days."""
        return self._own(day)

    def between(self, start_s: float, end_s: float, visible_by_s: float) -> list[Event]:
        """Events with start <= timestamp < end that the cloud shows at `visible_by_s`, by time."""
        first_s = max(start_s, self.start_s)
        days = range(int(start_s // 86400) - 2, int(end_s // 86400) + 1)
        found = [
            event
            for day in days
            for event in self.starting_on(day)
            if first_s <= event.timestamp < end_s and event.visible_s <= visible_by_s
        ]
        return sorted(found, key=lambda e: (e.timestamp, e.gateway, e.type))

    def _write(self, day: int) -> tuple[Event, ...]:
        rng = random.Random(f"events {self.topology.seed} {day}")
        found: list[Event] = []
        for event in (*self._incidents(day, rng), *_chatter(self.topology, day, rng)):
            found.append(event)
            if rng.random() < 0.05:
                found.append(event)
        return tuple(sorted(found, key=lambda e: (e.timestamp, e.gateway, e.type)))

    def _incidents(self, day: int, rng: random.Random) -> Iterator[Event]:
        incidents = self.calendar.day(day)
        columns = (
            getattr(incidents, n).tolist()
            for n in ("kind", "gateway", "circuit", "hub", "start", "end", "count")
        )
        moves = incidents.moves.tolist()
        for (kind, g, c, hub, start, end, count), moved in zip(
            zip(*columns, strict=True), moves, strict=True
        ):
            gateway = self.topology.gateways[g]
            circuit = self.topology.circuits[c] if c >= 0 else None
            for ts, back in ((start, False), (end, True)):
                for type_, extra in self._rows(
                    Kind(kind), gateway, circuit, hub, end - start, count, back, rng
                ):
                    yield Event(ts, ts + _delay(rng), type_, g, extra)
                if moved and gateway.is_ha and circuit is not None:
                    yield from self._switch_over(gateway, circuit, ts, back, rng)

    def _rows(
        self,
        kind: Kind,
        gateway: Gateway,
        circuit: Circuit | None,
        hub: int,
        took_s: float,
        count: int,
        back: bool,
        rng: random.Random,
    ) -> Iterator[tuple[str, dict[str, str | int]]]:
        if circuit is None:
            yield from _gateway_rows(kind, took_s, count, back)
            return
        node: dict[str, str | int] = {"node": circuit.node} if circuit.node else {}
        if kind in (Kind.LINK, Kind.BOUNCE):
            yield (
                f"GW_PORT_{'UP' if back else 'DOWN'}",
                {**_locate(gateway, circuit.port_id, back, count, rng), **node},
            )
        elif kind == Kind.ISP:
            state = "RESOLVED" if back else "UNRESOLVED"
            if circuit.tariff.wan_type == "dsl" or circuit.index % 2:
                yield (
                    f"GW_DHCP_{state}",
                    {"text": f"DHCP lease {state.lower()} on interface {circuit.port_id}", **node},
                )
            else:
                yield (
                    f"GW_ARP_{state}",
                    {"port_id": circuit.port_id, "text": f"ARP of next hop {state.lower()}", **node},
                )
        if circuit.has_paths and kind in (Kind.LINK, Kind.ISP, Kind.PATH) and took_s > 20:
            for h in (hub,) if kind == Kind.PATH else range(len(HUBS)):
                unit = circuit.if_name.partition(".")[2] or "0"
                text = (
                    f"peer path [{HUBS[h].name},{HUBS[h].ip},{gateway.name},{circuit.if_name},{unit}] "
                    f"{'up' if back else 'down'}"
                )
                yield f"GW_VPN_PATH_{'UP' if back else 'DOWN'}", {"text": text, **node}

    def _switch_over(
        self, gateway: Gateway, circuit: Circuit, ts: float, back: bool, rng: random.Random
    ) -> Iterator[Event]:
        other = self.topology.circuits[self.calendar.takeover[circuit.index]]
        for c, gains in ((circuit, back), (other, not back)):
            old, new = ("secondary", "primary") if gains else ("primary", "secondary")
            extra: dict[str, str | int] = {
                "port_id": c.port_id,
                "node": c.node or "node0",
                "text": f"Redundancy group 1 changed state from {old} to {new}",
            }
            yield Event(ts, ts + _delay(rng), "GW_PORT_RG_STATE_CHANGED", gateway.index, extra)


def _gateway_rows(
    kind: Kind, took_s: float, count: int, back: bool
) -> Iterator[tuple[str, dict[str, str | int]]]:
    if not back:
        yield "GW_DISCONNECTED", {"text": "Gateway disconnected from the cloud"}
        return
    yield "GW_CONNECTED", {"text": "Gateway connected to the cloud"}
    if kind == Kind.REBOOT and count > 1:
        yield "GW_RESTART_BY_USER", {"reason": "maintenance", "text": "Restarted by user"}
    if kind == Kind.REBOOT:
        reason = "maintenance" if count > 1 else "power loss" if took_s > 1200 else "kernel panic"
        yield "GW_RESTARTED", {"reason": reason, "text": f"Gateway restarted: {reason}"}


def _locate(gateway: Gateway, port_id: str, up: bool, count: int, rng: random.Random) -> dict[str, str | int]:
    """Port and text of a link event; a third names the port only in its text."""
    if gateway.family == "ipsec":
        oper = "up(1)" if up else "down(2)"
        text = (
            f"SNMP_TRAP_LINK_{'UP' if up else 'DOWN'}: ifIndex {500 + rng.randrange(60)}, "
            f"ifAdminStatus up(1), ifOperStatus {oper}, ifName {port_id}"
        )
    else:
        text = f"interface {port_id} is operationally {'up' if up else 'down'}"
    extra: dict[str, str | int] = {"text": text}
    if rng.random() < 0.67:
        extra["port_id"] = port_id
    if count > 1:
        extra["count"] = count
    return extra


def _delay(rng: random.Random) -> float:
    """Most events show within seconds, some minutes later, a few up to 49 minutes."""
    lot = rng.random()
    if lot < 0.8:
        return rng.uniform(0.5, 12)
    return rng.uniform(60, 600) if lot < 0.93 else rng.uniform(600, MAX_DELAY_S)


def _chatter(topology: Topology, day: int, rng: random.Random) -> Iterator[Event]:
    """Events that concern no circuit: LAN ports, configuration."""
    size = len(topology.gateways)
    for _ in range(max(1, size // 12)):
        gateway = topology.gateways[rng.randrange(size)]
        down = round(day * 86400 + rng.uniform(0, 80000), 3)
        for ts, up in ((down, False), (round(down + rng.uniform(3, 900), 3), True)):
            extra = _locate(gateway, f"ge-0/0/{rng.choice((5, 6))}", up, 1, rng)
            if gateway.is_ha:
                extra["node"] = "node0"
            yield Event(ts, ts + _delay(rng), f"GW_PORT_{'UP' if up else 'DOWN'}", gateway.index, extra)
        ts = round(day * 86400 + rng.uniform(0, 86000), 3)
        text = "Configuration changed by user"
        yield Event(ts, ts + _delay(rng), "GW_CONFIG_CHANGED_BY_USER", gateway.index, {"text": text})
