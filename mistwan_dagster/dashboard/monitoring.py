"""`/healthz` and `/metrics`: whether the dashboard can show data, and figures of it for Prometheus.

Belongs here: these two answers and the counting behind them. Does not belong here: figures of the WAN.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import flask
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mistwan_dagster.dashboard.context import EXTENSION, Dashboard, dashboard
from mistwan_dagster.dashboard.data.freshness import freshness
from mistwan_dagster.errors import UserError

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)


class _State(Collector):
    """What is read at the moment of asking: version, age of the data, cache, API quota. Unknown is absent."""

    def __init__(self, server: flask.Flask) -> None:
        self.server = server

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        if (
            EXTENSION not in self.server.extensions
        ):  # asked when it is registered, before there is a dashboard
            return
        board: Dashboard = self.server.extensions[EXTENSION]
        version, newest = _published(board)
        yield _gauge("warehouse_up", "1 when the published warehouse answers", float(version is not None))
        yield _gauge("cache_up", "1 when the cache of answers can be used", float(board.cache.is_reachable))
        if version is not None:
            yield _gauge("published_version", "Published version of the warehouse", version)
        if newest is not None:
            yield _gauge(
                "data_age_seconds", "Time since the end of the newest computed hour",
                (board.now() - newest).total_seconds(),
            )  # fmt: skip
        answers = CounterMetricFamily(
            "mistwan_cache_answers", "Questions by what the cache had", labels=["found"]
        )
        answers.add_metric(["yes"], board.cache.hits)
        answers.add_metric(["no"], board.cache.misses)
        yield answers
        quota = board.quota()
        if quota is not None:
            yield _gauge("api_calls_used", "API calls of this clock hour", quota.used)
            yield _gauge("api_calls_budget", "API calls that a clock hour may have", quota.budget)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mistwan_{name}", words, value=value)


def _published(board: Dashboard) -> tuple[int | None, datetime | None]:
    """Version and end of the newest hour; None for what cannot be told."""
    try:
        fresh = board.published.consistently(freshness)
    except UserError:
        return None, None
    return fresh.version, fresh.newest


def add_monitoring(server: flask.Flask) -> None:
    """Register both routes, and count requests by kind."""
    registry = CollectorRegistry()
    registry.register(_State(server))
    requests = Counter(
        "mistwan_requests", "Requests by kind and status", ["kind", "status"], registry=registry
    )
    seconds = Histogram(
        "mistwan_request_seconds", "Time to answer by kind", ["kind"], registry=registry, buckets=BUCKETS_S
    )

    @server.before_request
    def begin() -> None:
        flask.g.begun = time.perf_counter()

    @server.after_request
    def count(answer: flask.Response) -> flask.Response:
        kind = _kind(flask.request.path)
        requests.labels(kind, str(answer.status_code)).inc()
        if "begun" in flask.g:
            seconds.labels(kind).observe(time.perf_counter() - flask.g.begun)
        return answer

    @server.get("/healthz")
    def healthz() -> tuple[dict[str, object], int]:
        """200 when pages can be shown, 503 when the warehouse is gone. A lost cache is told, pages go on without it."""
        version, _ = _published(dashboard())
        state = "ok" if version is not None else "no published data"
        cache = "ok" if dashboard().cache.probe() else "unreachable"
        return {"status": state, "version": version, "cache": cache}, 200 if version is not None else 503

    @server.get("/metrics")
    def metrics() -> flask.Response:
        return flask.Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _kind(path: str) -> str:
    """One of few words, whatever is asked for, so that no stranger can make the list of series grow."""
    first = path.split("/")[1]
    known = {
        "_dash-update-component": "callback", "_dash-component-suites": "asset", "assets": "asset", "export": "export",
        "healthz": "healthz", "metrics": "metrics", "_dash-layout": "layout", "_dash-dependencies": "layout",
    }  # fmt: skip
    return known.get(first, "page")
