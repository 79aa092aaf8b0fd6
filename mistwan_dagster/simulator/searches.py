"""Which rows answer a query: snapshot listings and searches with their filters.

Belongs here: filters, defaults, order. Does not belong here: the rows themselves, transport.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from mistwan_dagster.simulator import objects
from mistwan_dagster.simulator.events import Event
from mistwan_dagster.simulator.paging import ApiError, Cursor, array_page, cursor_page, window
from mistwan_dagster.simulator.rows import Row, RowMaker, ports_of
from mistwan_dagster.simulator.topology import Circuit, Gateway
from mistwan_dagster.simulator.world import World

EVENT_RETENTION_S = 14 * 86400
ALARM_RETENTION_S = 20 * 86400
Query = Mapping[str, str]


class Searches:
    """Answers of the searches and listings of one world."""

    def __init__(self, world: World) -> None:
        self.world, self.topology = world, world.topology
        self.ports = ports_of(self.topology)
        self.gateway_by_mac = {g.mac: g for g in self.topology.gateways}
        self.sites = objects.sites(self.topology)
        self.sitegroups = objects.sitegroups(self.topology)
        self.site_index = {s.id: s.index for s in self.topology.sites}
        self.circuits: dict[int, list[Circuit]] = {g.index: [] for g in self.topology.gateways}
        for c in self.topology.circuits:
            self.circuits[c.gateway].append(c)
        self._maker = lru_cache(maxsize=4)(
            lambda view_s: RowMaker(self.topology, self.ports, self.world.snapshot(view_s))
        )

    def maker(self, now_s: float) -> RowMaker:
        """Rows of the cloud's view at an instant."""
        return self._maker(self.world.snapshot(now_s).view_s)

    def inventory(self, query: Query, now_s: float, repeat: bool) -> tuple[list[Any], dict[str, str]]:
        """Gateways; cluster members only with `vc=true`."""
        rows = objects.inventory(self.topology, self.maker(now_s).s["connected"])
        if not _is_true(query.get("vc")):
            rows = [r for r in rows if r.get("vc_mac") in (None, r["mac"])]
        if query.get("unassigned", "true").lower() == "false":
            rows = [r for r in rows if r["site_id"]]
        for name in ("type", "mac", "serial", "model", "site_id", "vc_mac"):
            if query.get(name):
                rows = [r for r in rows if r.get(name) == query[name]]
        return array_page(rows, query, lambda r: r, repeat)

    def device_stats(self, query: Query, now_s: float, repeat: bool) -> tuple[list[Any], dict[str, str]]:
        """stats/devices: nothing but gateways exists here, and `type` defaults to ap."""
        maker = self.maker(now_s)
        chosen = [g.index for g in self.topology.gateways] if _wants_gateways(query.get("type")) else []
        if query.get("mac"):
            chosen = [i for i in chosen if self.topology.gateways[i].mac == query["mac"]]
        if query.get("site_id"):
            chosen = [i for i in chosen if self.site_of(self.topology.gateways[i]) == query["site_id"]]
        if query.get("status", "all") != "all":
            wanted = query["status"] == "connected"
            chosen = [i for i in chosen if maker.s["connected"][i] == wanted]
        extra = query.get("fields", "").split(",")
        return array_page(chosen, query, lambda i: self.device(i, maker, extra), repeat)

    def device(self, index: int, maker: RowMaker, extra: list[str]) -> Row:
        """Statistics of a gateway, with `ports` and `vpn_peers` lists when asked for."""
        row = maker.device(index, self.circuits[index])
        dropped = ("org_id", "site_id", "mac", "model")
        if "ports" in extra:
            mine = [maker.port(k) for k, p in enumerate(self.ports) if p.gateway == index]
            row["ports"] = [{k: v for k, v in r.items() if k not in dropped} for r in mine]
        if "vpn_peers" in extra:
            own = {c.index for c in self.circuits[index]}
            mine = [maker.path(p.index) for p in self.topology.paths if p.circuit in own]
            row["vpn_peers"] = [{k: v for k, v in r.items() if k not in dropped} for r in mine]
        return row

    def search_ports(self, path: str, query: Query, now_s: float, repeat: bool) -> dict[str, Any]:
        """ports/search: the newest row of each gateway port, by timestamp."""
        cursor = _cursor(query, now_s)
        maker = self.maker(cursor.now_s)
        kind = query.get("device_type") or query.get("type") or "all"
        order = maker.port_order if _wants_gateways(kind) else []
        if query.get("mac"):
            gateway = self.gateway_by_mac.get(query["mac"])
            order = [k for k in order if gateway and self.ports[k].gateway == gateway.index]
        if query.get("port_id"):
            order = [k for k in order if self.ports[k].port_id == query["port_id"]]
        if query.get("port_usage"):
            order = [k for k in order if self._usage(k) == query["port_usage"].lower()]
        if query.get("up"):
            up = _is_true(query["up"])
            order = [k for k in order if maker.port(k).get("up") == up]
        span = (cursor.now_s - 86400, cursor.now_s)
        return cursor_page(order, path, query, span, cursor, maker.port, repeat)

    def _usage(self, port: int) -> str | None:
        c = self.ports[port].circuit
        if c < 0:
            return "lan"
        return "wan" if self.topology.circuits[c].tells_usage else None

    def search_paths(self, path: str, query: Query, now_s: float, repeat: bool) -> dict[str, Any]:
        """vpn_peers/search: the newest row of each path, whatever the window."""
        cursor = _cursor(query, now_s)
        span = window({k: v for k, v in query.items() if k != "search_after"}, cursor.now_s)
        maker = self.maker(cursor.now_s)
        order = maker.path_order
        gateways = [self.topology.gateways[c.gateway] for c in self.topology.circuits]
        for name, told in (
            ("mac", lambda g: g.mac),
            ("site_id", self.site_of),
            ("type", lambda g: g.family),
        ):
            if query.get(name):
                order = [k for k in order if told(gateways[self.topology.paths[k].circuit]) == query[name]]
        return cursor_page(order, path, query, span, cursor, maker.path, repeat)

    def search_events(
        self, path: str, query: Query, now_s: float, repeat: bool, site_id: str | None = None
    ) -> dict[str, Any]:
        """devices/events/search: `device_type` defaults to ap; two weeks back; late events show late."""
        cursor = _cursor(query, now_s)
        start, end = window({k: v for k, v in query.items() if k != "search_after"}, cursor.now_s)
        first = max(start, cursor.now_s - EVENT_RETENTION_S)
        found: list[Event] = []
        if site_id or _wants_gateways(query.get("device_type")):
            found = self.world.chronicle.between(first, end, cursor.now_s)
        gateways = self.topology.gateways
        if query.get("type"):
            types = set(query["type"].split(","))
            found = [e for e in found if e.type in types]
        if query.get("mac"):
            found = [e for e in found if gateways[e.gateway].mac == query["mac"]]
        if site_id:
            found = [e for e in found if self.site_of(gateways[e.gateway]) == site_id]
        if query.get("model"):
            found = [e for e in found if gateways[e.gateway].model == query["model"]]
        if query.get("text"):
            found = [e for e in found if query["text"].lower() in str(e.extra.get("text", "")).lower()]
        if query.get("sort") == "-timestamp":
            found = found[::-1]
        maker = self.maker(cursor.now_s)
        return cursor_page(found, path, query, (start, end), cursor, maker.event, repeat)

    def search_alarms(self, path: str, query: Query, now_s: float, repeat: bool) -> dict[str, Any]:
        """alarms/search: raised in the window, told as they are now; 20 days back."""
        cursor = _cursor(query, now_s)
        start, end = window({k: v for k, v in query.items() if k != "search_after"}, cursor.now_s)
        book = self.world.alarms
        alarms = book.between(max(start, cursor.now_s - ALARM_RETENTION_S), end, cursor.now_s)
        found = [book.row(alarm, cursor.now_s) for alarm in alarms]
        for name in ("site_id", "type", "group", "severity"):
            if query.get(name):
                wanted = set(query[name].split(","))
                found = [row for row in found if row[name] in wanted]
        if query.get("acked"):
            found = [row for row in found if row["acked"] == _is_true(query["acked"])]
        if query.get("sort") == "-timestamp":
            found = found[::-1]
        return cursor_page(found, path, query, (start, end), cursor, lambda row: row, repeat)

    def search_clients(self, path: str, query: Query, now_s: float, repeat: bool) -> dict[str, Any]:
        """wan_clients/search: clients last seen in the window."""
        cursor = _cursor(query, now_s)
        start, end = window({k: v for k, v in query.items() if k != "search_after"}, cursor.now_s)
        clients = self.world.clients
        found = clients.seen(start, end, cursor.now_s)
        if query.get("site_id"):
            site = self.site_index.get(query["site_id"])
            found = [c for c in found if clients.site[c[0]] == site]
        for name in ("mac", "hostname", "ip", "network", "mfg", "ip_src"):
            if query.get(name):
                found = [c for c in found if _holds(clients.row(*c).get(name), query[name])]
        return cursor_page(found, path, query, (start, end), cursor, lambda c: clients.row(*c), repeat)

    def site_of(self, gateway: Gateway) -> str:
        """Id of the gateway's site."""
        return self.topology.sites[gateway.site].id

    def gateway_at(self, site_id: str, device: str) -> Gateway:
        """The site's gateway with that device id or MAC; 404 when there is none."""
        gateway = self.gateway_by_mac.get(device.rpartition("-")[2].lower())
        if gateway is None or self.site_of(gateway) != site_id:
            raise ApiError(404, "Not found.")
        return gateway

    def configurations(self, site_id: str, query: Query, repeat: bool) -> tuple[list[Any], dict[str, str]]:
        """/sites/{site_id}/devices; `type` defaults to ap."""
        wanted = _wants_gateways(query.get("type"))
        own = [g for g in self.topology.gateways if wanted and self.site_of(g) == site_id]
        return array_page(
            own, query, lambda g: objects.configuration(self.topology, g, self.circuits[g.index]), repeat
        )


def _wants_gateways(kind: str | None) -> bool:
    """The type asked for, `ap` by default, is or includes gateways."""
    return bool({"gateway", "all"} & set((kind or "ap").split(",")))


def _is_true(text: str | None) -> bool:
    return (text or "").lower() in ("true", "1")


def _holds(told: Any, wanted: str) -> bool:
    return wanted in told if isinstance(told, list) else told == wanted


def _cursor(query: Query, now_s: float) -> Cursor:
    return Cursor.decode(query["search_after"]) if query.get("search_after") else Cursor(now_s, 0)
