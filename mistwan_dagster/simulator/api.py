"""The simulated Mist API as an ASGI application.

Belongs here: routes, admission, faults, the `/_sim` controls. Does not belong here: answers (`searches`,
`series`, `objects`), the truth (`world`), serving (`server`).
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mistwan_dagster.simulator import objects, series, vocabulary
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.faults import HTML_502, Faults, Strike
from mistwan_dagster.simulator.gate import Gate
from mistwan_dagster.simulator.paging import ApiError, array_page
from mistwan_dagster.simulator.release import Release
from mistwan_dagster.simulator.searches import Searches
from mistwan_dagster.simulator.sle_routes import sle_handlers
from mistwan_dagster.simulator.world import World

Answer = dict[str, Any] | list[Any] | tuple[list[Any], dict[str, str]]
Handler = Callable[[Request, float, bool], Answer]


class Api:
    """Routes of one simulated cloud. `calls` counts admitted requests by route."""

    def __init__(self, world: World, clock: Clock, faults: Faults, gate: Gate) -> None:
        self.world, self.clock, self.faults, self.gate = world, clock, faults, gate
        self.searches = Searches(world)
        self.release = Release()
        self.calls: Counter[str] = Counter()

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [Route(path, self._served(path, handler)) for path, handler in self._handlers().items()]
        routes.append(Route("/api/v1/{rest:path}", self._served("unknown", _not_found)))
        for path, control in (
            ("/_sim/info", self._info),
            ("/_sim/clock", self._set_clock),
            ("/_sim/faults", self._set_faults),
            ("/_sim/quota", self._set_quota),
        ):
            routes.append(Route(path, control, methods=["GET", "POST"]))
        return Starlette(routes=routes)

    def _handlers(self) -> dict[str, Handler]:
        s, t = self.searches, self.world.topology
        org, site = "/api/v1/orgs/{org_id}", "/api/v1/sites/{site_id}"
        return {
            "/api/v1/self": lambda _r, _n, _p: objects.identity(t),
            "/api/v1/self/usage": self._usage,
            "/api/v1/const/insight_metrics": lambda _r, _n, _p: vocabulary.INSIGHT_METRICS,
            "/api/v1/const/device_events": lambda _r, _n, _p: vocabulary.DEVICE_EVENTS,
            "/api/v1/const/alarm_defs": lambda _r, _n, _p: vocabulary.ALARM_DEFINITIONS,
            org: lambda _r, _n, _p: objects.organization(t),
            f"{org}/sites": lambda r, _n, p: array_page(s.sites, r.query_params, _itself, p),
            f"{org}/sitegroups": lambda r, _n, p: array_page(s.sitegroups, r.query_params, _itself, p),
            f"{org}/inventory": lambda r, n, p: s.inventory(r.query_params, n, p),
            f"{org}/stats/devices": lambda r, n, p: s.device_stats(r.query_params, n, p),
            f"{org}/stats/ports/search": lambda r, n, p: s.search_ports(r.url.path, r.query_params, n, p),
            f"{org}/stats/vpn_peers/search": lambda r, n, p: s.search_paths(r.url.path, r.query_params, n, p),
            f"{org}/devices/events/search": lambda r, n, p: s.search_events(r.url.path, r.query_params, n, p),
            f"{org}/alarms/search": lambda r, n, p: s.search_alarms(r.url.path, r.query_params, n, p),
            f"{org}/wan_clients/search": lambda r, n, p: s.search_clients(r.url.path, r.query_params, n, p),
            f"{site}/devices": lambda r, _n, p: s.configurations(r.path_params["site_id"], r.query_params, p),
            f"{site}/devices/events/search": lambda r, n, p: s.search_events(
                r.url.path, r.query_params, n, p, r.path_params["site_id"]
            ),
            f"{site}/stats/devices/{{device}}": self._site_device,
            f"{site}/insights/gateway/{{device}}/stats": lambda r, n, _p: series.gateway_stats(
                self.world, self._gateway(r), r.query_params, n
            ),
            f"{site}/insights/device/{{device}}/{{metric}}": lambda r, n, _p: series.device_metric(
                self.world, self._gateway(r), r.path_params["metric"], r.query_params, n
            ),
            **sle_handlers(self.world),
        }

    def _gateway(self, request: Request) -> Any:
        return self.searches.gateway_at(request.path_params["site_id"], request.path_params["device"])

    def _site_device(self, request: Request, now_s: float, _repeat: bool) -> Answer:
        gateway = self._gateway(request)
        extra = request.query_params.get("fields", "").split(",")
        return self.searches.device(gateway.index, self.searches.maker(now_s), extra)

    def _usage(self, request: Request, now_s: float, _repeat: bool) -> Answer:
        token = request.headers["authorization"].partition(" ")[2]
        seconds = math.floor(3600 - now_s % 3600)
        return {
            "requests": self.gate.used(token, now_s),
            "request_limit": self.gate.quota,
            "seconds": seconds,
        }

    def _served(self, route: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def serve_one(request: Request) -> Response:
            now_s = self.clock.epoch_s()
            try:
                self.gate.admit(request.headers.get("authorization"), now_s)
                self.calls[route] += 1
                self._check_scope(request)
                strike = self.faults.draw()
                if broken := await self._before(strike):
                    return broken
                repeats = "repeated_page" in strike and _continues(request)
                if repeats:
                    self.faults.count("repeated_page")
                return self._after(handler(request, now_s, repeats), strike)
            except ApiError as error:
                return _json(error.body, error.status, error.headers)

        return serve_one

    def _check_scope(self, request: Request) -> None:
        """403 for another organization, 404 for a site that is not in ours."""
        org_id, site_id = (request.path_params.get(k) for k in ("org_id", "site_id"))
        if org_id and org_id != self.world.org_id:
            raise ApiError(403, "You do not have permission to perform this action.")
        if site_id and site_id not in self.searches.site_index:
            raise ApiError(404, "Not found.")

    async def _before(self, strike: Strike) -> Response | None:
        """Faults that come instead of the answer, or hold it."""
        if "stall" in strike:
            self.faults.count("stall")
            await asyncio.sleep(self.faults.options["stall_seconds"])
        if "rate_limit" in strike:
            self.faults.count("rate_limit")
            retry = str(math.ceil(self.faults.options["retry_after_s"]))
            return _json({"detail": self.gate.exhausted()}, 429, {"Retry-After": retry})
        if "error_500" in strike:
            self.faults.count("error_500")
            return _json({"detail": "Internal Server Error"}, 500, {})
        if "html_502" in strike:
            self.faults.count("html_502")
            return Response(HTML_502, 502, media_type="text/html")
        return None

    def _after(self, answer: Answer, strike: Strike) -> Response:
        """The answer with the faults that spoil it."""
        body, headers = answer if isinstance(answer, tuple) else (answer, {})
        body = self.release.change(body)
        if "duplicate_rows" in strike:
            body = self._duplicate(body)
        response = _json(body, 200, headers)
        raw = bytes(response.body)
        if "malformed_json" in strike:
            self.faults.count("malformed_json")
            return Response(raw[: max(1, len(raw) * 2 // 3)], 200, headers, "application/json")
        if "drop_mid_body" in strike:
            self.faults.count("drop_mid_body")
            return _Dropped(raw, 200, headers, "application/json")
        return response

    def _duplicate(self, body: Any) -> Any:
        if isinstance(body, list) and body:
            self.faults.count("duplicate_rows")
            return self.faults.duplicate(body)
        if isinstance(body, dict) and body.get("results"):
            self.faults.count("duplicate_rows")
            return {**body, "results": self.faults.duplicate(body["results"])}
        return body

    async def _info(self, _request: Request) -> Response:
        info = {
            "org_id": self.world.org_id,
            "token": self.gate.tokens[0],
            "seed": self.world.seed,
            "sites": len(self.world.topology.sites),
            "now": self.clock.now().isoformat(),
            "clock": "real" if self.clock.is_real else "set",
            "calls": dict(self.calls),
        }
        return _json(info, 200, {})

    async def _set_clock(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                now = (await request.json()).get("now")
                self.clock.set(datetime.fromisoformat(now) if now else None)
            except (ValueError, TypeError, AttributeError):
                return _json({"detail": 'expected {"now": "2026-01-31T12:00:00Z"} or {"now": null}'}, 400, {})
        return _json({"now": self.clock.now().isoformat()}, 200, {})

    async def _set_faults(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self.faults.set(**(await request.json()))
            except (ValueError, TypeError) as error:
                return _json({"detail": str(error)}, 400, {})
        return _json(self.faults.describe(), 200, {})

    async def _set_quota(self, request: Request) -> Response:
        token, now_s = self.gate.tokens[0], self.clock.epoch_s()
        if request.method == "POST":
            try:
                wanted = await request.json()
                self.gate.quota = int(wanted.get("limit", self.gate.quota))
                self.gate.spend(token, now_s, int(wanted.get("used", self.gate.used(token, now_s))))
            except (ValueError, TypeError, AttributeError):
                return _json({"detail": 'expected {"limit": 5000, "used": 0}'}, 400, {})
        return _json({"limit": self.gate.quota, "used": self.gate.used(token, now_s)}, 200, {})


def _itself(row: Any) -> Any:
    return row


def _not_found(_request: Request, _now_s: float, _repeat: bool) -> Answer:
    raise ApiError(404, "Not found.")


def _continues(request: Request) -> bool:
    query = request.query_params
    return bool(query.get("search_after")) or query.get("page", "1") not in ("", "0", "1")


def _json(body: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")


class _Dropped(Response):
    """Promises the whole body, sends half and leaves: the server then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
