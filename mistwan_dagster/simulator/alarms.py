"""The alarms that incidents raise, as the cloud shows them at an instant: folded, growing, resolved, acknowledged.

Belongs here: incidents of a day -> alarms, and an alarm's row at an instant. Does not belong here: searching and
paging (`searches.py`). Alarms come later than events and not for everything: a port must be configured critical, a
gateway must be gone for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from mistwan_dagster.simulator.incidents import DARK_KINDS, LINK_KINDS, Calendar, Kind
from mistwan_dagster.simulator.noise import uniform
from mistwan_dagster.simulator.places import HUBS
from mistwan_dagster.simulator.topology import Circuit, Topology

GATEWAY_DOWN_AFTER_S = 300.0
PATH_DOWN_AFTER_S = 60.0
UPLINK_BAD_AFTER_S = 600.0
REFRESH_S = 600.0
"""An open alarm is counted and seen again at this interval."""
ACK_AFTER_S = 1800.0
KINDS: dict[str, tuple[str, str]] = {
    "gw_critical_port_down": ("infrastructure", "critical"),
    "gateway_down": ("infrastructure", "critical"),
    "vpn_path_down": ("infrastructure", "warn"),
    "bad_wan_uplink": ("marvis", "critical"),
    "device_down": ("infrastructure", "warn"),
}
"""Type -> group, severity. `device_down` is an access point's and concerns no gateway."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: its occurrences (start, end) in order, the first one raised `after_s` after its start."""

    type: str
    gateway: int
    circuit: int
    hub: int
    occurrences: tuple[tuple[float, float], ...]
    after_s: float

    @property
    def raised_s(self) -> float:
        """When the cloud raises it."""
        return self.occurrences[0][0] + self.after_s


def is_critical(circuit: Circuit) -> bool:
    """Whether the circuit's port is configured to raise alarms."""
    return circuit.role == "primary" and circuit.gateway % 3 != 2


class AlarmBook:
    """All alarms of a world, day by day."""

    def __init__(self, topology: Topology, calendar: Calendar, start_s: float) -> None:
        self.topology, self.calendar, self.start_s = topology, calendar, start_s
        self._own = lru_cache(maxsize=64)(self._write)

    def between(self, start_s: float, end_s: float, now_s: float) -> list[Alarm]:
        """Alarms raised in [start, end) and not after `now_s`, by the time of raising."""
        first_s, last_s = max(start_s, self.start_s), min(end_s, now_s)
        days = range(int(first_s // 86400) - 1, int(last_s // 86400) + 1)
        found = [a for day in days for a in self._own(day) if first_s <= a.raised_s < last_s]
        return sorted(found, key=lambda a: (a.raised_s, a.type, a.gateway, a.circuit, a.hub))

    def _write(self, day: int) -> tuple[Alarm, ...]:
        """Alarms of the incidents that begin on a UTC day; flaps of a port on one day fold into one."""
        grouped: dict[tuple[str, int, int, int, float], list[tuple[float, float]]] = {}
        incidents = self.calendar.day(day)
        names = ("kind", "gateway", "circuit", "hub", "start", "end")
        for kind, gateway, c, hub, start, end in zip(
            *(getattr(incidents, n).tolist() for n in names), strict=True
        ):
            circuit = self.topology.circuits[c] if c >= 0 else None
            for type_, own_hub, after_s in _raised(Kind(kind), circuit, hub, end - start):
                grouped.setdefault((type_, gateway, c, own_hub, after_s), []).append((start, end))
        own = [Alarm(t, g, c, h, tuple(spans), after) for (t, g, c, h, after), spans in grouped.items()]
        return (*own, *self._access_points(day))

    def _access_points(self, day: int) -> Iterator[Alarm]:
        for k in range(max(1, len(self.topology.gateways) // 10)):
            gateway, at, took = (float(uniform(self.topology.seed, 71 + i, day, k)) for i in range(3))
            start = round(day * 86400 + at * 80000, 3)
            index = int(gateway * len(self.topology.gateways))
            yield Alarm("device_down", index, -1, k, ((start, round(start + 120 + took * 3600, 3)),), 30.0)

    def row(self, alarm: Alarm, now_s: float) -> dict[str, Any]:
        """A row of alarms/search at an instant."""
        gateway = self.topology.gateways[alarm.gateway]
        group, severity = KINDS[alarm.type]
        begun = [(a, b) for a, b in alarm.occurrences if a <= now_s]
        last_start, last_end = begun[-1]
        seen_until = min(now_s, last_end)
        refreshed = int((seen_until - last_start) // REFRESH_S)
        open_ = now_s < last_end
        row: dict[str, Any] = {
            "id": str(uuid5(UUID(self.topology.org_id), f"alarm {alarm}")),
            "org_id": self.topology.org_id,
            "site_id": self.topology.sites[gateway.site].id,
            "type": alarm.type,
            "group": group,
            "severity": severity,
            "timestamp": alarm.raised_s,
            "last_seen": max(alarm.raised_s, last_start + refreshed * REFRESH_S if open_ else last_end),
            "count": len(begun) + refreshed,
            "status": "open" if open_ else "resolved",
            "acked": False,
            "_shard": alarm.gateway % 4,
            "marvis_suggestion_category": None,
        }
        if not open_:
            row["resolved_time"] = int(last_end)
        if alarm.gateway % 4 == 1 and now_s >= alarm.raised_s + ACK_AFTER_S:
            row |= {
                "acked": True, "ack_admin_name": "Joe", "acked_time": int(alarm.raised_s + ACK_AFTER_S),
            }  # fmt: skip
        return row | self._subject(alarm)

    def _subject(self, alarm: Alarm) -> dict[str, Any]:
        gateway = self.topology.gateways[alarm.gateway]
        if alarm.type == "device_down":
            return {"aps": [f"d42{alarm.gateway:05x}{alarm.hub:04x}"], "hostnames": [f"ap-{alarm.hub}"]}
        told: dict[str, Any] = {"gateways": [gateway.mac], "hostnames": [gateway.name]}
        if alarm.circuit < 0:
            return told
        circuit = self.topology.circuits[alarm.circuit]
        if circuit.node:
            told["node"] = circuit.node
        if alarm.type == "gw_critical_port_down":
            told["port_ids"] = [circuit.port_id]
        elif alarm.type == "bad_wan_uplink":
            told["interfaces"] = [circuit.if_name]
        else:
            hub, unit = HUBS[alarm.hub], circuit.if_name.partition(".")[2] or "0"
            told["text"] = f"peer path [{hub.name},{hub.ip},{gateway.name},{circuit.if_name},{unit}] down"
        return told


def _raised(kind: Kind, circuit: Circuit | None, hub: int, took_s: float) -> Iterator[tuple[str, int, float]]:
    """Type, hub and delay of each alarm that an incident raises."""
    if kind in DARK_KINDS and took_s > GATEWAY_DOWN_AFTER_S:
        yield "gateway_down", -1, GATEWAY_DOWN_AFTER_S
    if circuit is None:
        return
    if kind in LINK_KINDS and is_critical(circuit):
        yield "gw_critical_port_down", -1, 0.0
    if kind == Kind.ISP and took_s > UPLINK_BAD_AFTER_S:
        yield "bad_wan_uplink", -1, UPLINK_BAD_AFTER_S
    if circuit.has_paths and kind in (Kind.LINK, Kind.ISP, Kind.PATH) and took_s > PATH_DOWN_AFTER_S:
        for h in (hub,) if kind == Kind.PATH else range(len(HUBS)):
            yield "vpn_path_down", h, PATH_DOWN_AFTER_S
