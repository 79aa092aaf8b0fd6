"""Answers of the SLE deep-dive into one site's or gateway's metric.

Belongs here: query -> answer, windows moved to the clock, nulls, the odd names and extra keys of the real cloud.
Does not belong here: the figures (`sle.py`), scores of all sites (`sle_scores.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from mistwan_dagster.simulator.noise import Bools, Floats, uniform
from mistwan_dagster.simulator.paging import ApiError, window
from mistwan_dagster.simulator.sle import (
    APPLICATION,
    CLASSIFIERS,
    GATEWAY,
    HOUR_S,
    LINK,
    THRESHOLDS,
    UNITS,
    ServiceLevels,
)
from mistwan_dagster.simulator.topology import Circuit, Gateway
from mistwan_dagster.simulator.vocabulary import INTERVALS
from mistwan_dagster.simulator.world import World

Query = Mapping[str, str]
Row = dict[str, Any]
SPELLINGS = {"application_health": APPLICATION}
TOLD_NAMES = {LINK: "wan-link-health-v2"}
"""Histogram and threshold name the metric's newer version when asked for the older one."""

LEFT_OUT = ("disk-usage",)
"""Classifiers that the list names but the metric's own trend does not hold."""


@dataclass(frozen=True)
class Subject:
    """What is asked about: a metric of a whole site or of one gateway."""

    site: int
    gateways: tuple[Gateway, ...]
    metric: str


@dataclass(frozen=True)
class Hours:
    """Minutes of a subject by hour: `total[h]` and `degraded[h, classifier]`."""

    start: int
    total: Floats
    degraded: Floats


def hourly_window(query: Query, now_s: float) -> tuple[int, int]:
    """The window moved to whole hours that are over; 400 beyond what hourly bins are kept."""
    start, end = window(query, now_s)
    kept = INTERVALS["1h"]["max_age"]
    start = math.floor(start / HOUR_S) * HOUR_S
    if start < now_s - kept - HOUR_S:
        raise ApiError(400, f"start is older than max_age {kept} of interval {int(HOUR_S)}")
    end = min(math.ceil(end / HOUR_S), math.floor(now_s / HOUR_S)) * HOUR_S
    return int(start), int(max(start, end))


class SleAnswers:
    """The deep-dive answers of one world."""

    def __init__(self, world: World, levels: ServiceLevels) -> None:
        self.world, self.levels = world, levels
        self.sites = [s.id for s in world.topology.sites]
        self.gateways: dict[int, list[Gateway]] = {}
        for g in world.topology.gateways:
            self.gateways.setdefault(g.site, []).append(g)

    def subject(self, site_id: str, scope: str, scope_id: str, metric: str) -> Subject:
        """404 for an id that is not there, 400 for a scope or metric that is not served."""
        site = self.sites.index(site_id)
        own = self.gateways.get(site, [])
        if scope == "gateway":
            own = [g for g in own if g.id == scope_id]
        elif scope != "site":
            raise ApiError(400, f"unsupported scope: {scope}")
        if not own or (scope == "site" and scope_id != site_id):
            raise ApiError(404, "Not found.")
        name = SPELLINGS.get(metric, metric)
        if name not in CLASSIFIERS:
            raise ApiError(400, f"unsupported metric: {metric}")
        return Subject(site, tuple(own), name)

    def metrics(self, site_id: str, scope: str, scope_id: str) -> Row:
        """The metric lists; real clouds list more than has data."""
        self.subject(site_id, scope, scope_id, LINK)
        enabled = [GATEWAY, "application_health", LINK]
        return {"enabled": enabled, "supported": ["coverage", "switch_health", *enabled, "gateway-bandwidth"]}

    def trend(self, subject: Subject, query: Query, now_s: float, older: bool = False) -> Row:
        """summary-trend, or the older summary with `impact`, which does not serve application-health."""
        if older and subject.metric == APPLICATION:
            raise ApiError(400, f"unsupported metric: {subject.metric}")
        hours = self._hours(subject, query, now_s)
        head = {"start": hours.start, "end": hours.start + int(HOUR_S) * len(hours.total)}
        silent = self._silent(subject, hours)
        value = [None] * len(hours.total)
        samples = {
            "total": _told(hours.total, silent),
            "degraded": _told(hours.degraded.sum(axis=1), silent),
            "value": value,
        }
        names = CLASSIFIERS[subject.metric]
        parts = [
            self._classifier(subject, hours, k, older) for k, name in enumerate(names) if name not in LEFT_OUT
        ]
        answer = {**head, "sle": {"name": subject.metric, **self._axes(subject), "samples": samples}}
        answer["classifiers"] = parts
        if older:
            answer |= {"impact": self._impact(subject, hours), "events": []}
        return answer

    def classifier_trend(
        self, subject: Subject, classifier: str, query: Query, now_s: float, older: bool = False
    ) -> Row:
        """One classifier's summary-trend, or the older form with `impact` and `failures`."""
        names = CLASSIFIERS[subject.metric]
        if classifier not in names:
            raise ApiError(404, "Not found.")
        hours = self._hours(subject, query, now_s)
        answer: Row = {
            "start": hours.start,
            "end": hours.start + int(HOUR_S) * len(hours.total),
            "metric": subject.metric,
            "classifier": self._classifier(subject, hours, names.index(classifier), older),
        }
        return {**answer, "impact": self._impact(subject, hours), "failures": []} if older else answer

    def _classifier(self, subject: Subject, hours: Hours, k: int, older: bool) -> Row:
        silent = self._silent(subject, hours)
        degraded = hours.degraded[:, k]
        part: Row = {"name": CLASSIFIERS[subject.metric][k], **self._axes(subject)}
        part["samples"] = {
            "total": _told(hours.total, silent),
            "degraded": _told(degraded, silent),
            "duration": [v or 0 for v in _told(degraded, silent)],
        }
        return {**part, "impact": self._impact(subject, hours)} if older else part

    def _axes(self, subject: Subject) -> Row:
        return {"interval": int(HOUR_S), "x_label": "seconds", "y_label": UNITS[subject.metric]}

    def _impact(self, subject: Subject, hours: Hours) -> Row:
        bad = len(subject.gateways) if hours.degraded.sum() > 0 else 0
        return {
            "num_gateways": bad,
            "total_gateways": len(subject.gateways),
            "num_users": 0,
            "total_users": 0,
        }

    def histogram(self, subject: Subject, query: Query, now_s: float) -> Row:
        """Minutes by the share of the hour that was good, in ten ranges."""
        hours = self._hours(subject, query, now_s)
        amounts = [0.0] * 10
        for total, bad in zip(hours.total.tolist(), hours.degraded.sum(axis=1).tolist(), strict=True):
            if total > 0:
                amounts[min(9, int(10 * (total - bad) / total))] += total
        edges: list[int | None] = [None, *range(0, 101, 10), None]
        return {
            "start": hours.start,
            "end": hours.start + int(HOUR_S) * len(hours.total),
            "metric": TOLD_NAMES.get(subject.metric, subject.metric),
            "x_label": "score(%)",
            "y_label": UNITS[subject.metric],
            "data": [
                {"range": list(ends), "value": round(v, 4)}
                for ends, v in zip(pairwise(edges), [0, *amounts, 0], strict=True)
            ],
        }

    def threshold(self, subject: Subject) -> Row:
        """The threshold; a text, as the real cloud tells it."""
        limit = THRESHOLDS["network-latency"] if subject.metric == LINK else 90.0
        return {
            "metric": TOLD_NAMES.get(subject.metric, subject.metric),
            "threshold": f"{limit:g}",
            "default": limit,
            "minimum": 10,
            "maximum": 500,
            "direction": "right",
            "units": "ms" if subject.metric == LINK else "%",
        }

    def impacted_gateways(self, subject: Subject, query: Query, now_s: float) -> Row:
        """Gateways with any degradation."""
        rows = []
        for g in subject.gateways:
            own = self._hours(Subject(subject.site, (g,), subject.metric), query, now_s)
            told = {
                "gateway_mac": g.mac,
                "name": g.name,
                "gateway_model": g.model,
                "gateway_version": g.version,
            }
            rows += list(self._impacted(told, own, query, subject))
        return self._listed("gateways", rows, subject, query, now_s)

    def impacted_interfaces(self, subject: Subject, query: Query, now_s: float) -> Row:
        """Interfaces with any degradation; only links have some. The nodes of a cluster share their names."""
        start, end = hourly_window(query, now_s)
        figures = [self.levels.hour(float(t)) for t in range(start, end, int(HOUR_S))]
        owners = {g.index: g for g in subject.gateways}
        lines: dict[tuple[int, str], list[Circuit]] = {}
        for c in self.world.topology.circuits if subject.metric == LINK else ():
            if c.gateway in owners:
                lines.setdefault((c.gateway, c.if_name), []).append(c)
        rows: list[Row] = []
        for (index, name), circuits in lines.items():
            at = [c.index for c in circuits]
            degraded = np.array([f.degraded[LINK][at].sum(axis=0) for f in figures])
            total = np.array([f.total[LINK][at].sum() for f in figures])
            own = Hours(start, total, degraded.reshape(len(figures), len(CLASSIFIERS[LINK])))
            told = {"gateway_mac": owners[index].mac, "gateway_name": owners[index].name}
            told |= {"interface_name": name, "wan_name": circuits[0].wan_name}
            rows += list(self._impacted(told, own, query, subject))
        return self._listed("interfaces", rows, subject, query, now_s)

    def _impacted(self, told: Row, own: Hours, query: Query, subject: Subject) -> Iterator[Row]:
        names = CLASSIFIERS[subject.metric]
        wanted = query.get("classifier")
        columns = [k for k, name in enumerate(names) if wanted in (None, "", name)]
        bad = float(own.degraded[:, columns].sum())
        total = float(own.total.sum())
        if bad > 0:
            yield {**told, "degraded": round(bad, 4), "duration": round(total, 4), "total": round(total, 4)}

    def _listed(self, name: str, rows: list[Row], subject: Subject, query: Query, now_s: float) -> Row:
        start, end = hourly_window(query, now_s)
        head = {"start": start, "end": end, "metric": subject.metric, "limit": 1000, "page": 1}
        told = {"classifier": query.get("classifier") or "", "failure": "", "total_count": len(rows)}
        return {**head, **told, name: rows}

    def _hours(self, subject: Subject, query: Query, now_s: float) -> Hours:
        start, end = hourly_window(query, now_s)
        index = np.array([g.index for g in subject.gateways], dtype=np.int64)
        rows = np.flatnonzero(np.isin(self.levels.gateway, index)) if subject.metric == LINK else index
        figures = [self.levels.hour(float(t)) for t in range(start, end, int(HOUR_S))]
        kinds = len(CLASSIFIERS[subject.metric])
        total = np.array([f.total[subject.metric][rows].sum() for f in figures])
        degraded = np.array([f.degraded[subject.metric][rows].sum(axis=0) for f in figures])
        return Hours(start, total, degraded.reshape(len(figures), kinds))

    def _silent(self, subject: Subject, hours: Hours) -> Bools:
        """Bins that come as null: nothing was looked at, and now and then one without a reason."""
        at = hours.start + HOUR_S * np.arange(len(hours.total))
        lost = uniform(self.world.seed, 63, subject.site, (at / HOUR_S).astype(np.int64)) < 0.01
        return np.asarray((hours.total <= 0) | lost)


def _told(values: Floats, silent: Bools) -> list[float | None]:
    return [None if null else round(v, 4) for v, null in zip(values.tolist(), silent.tolist(), strict=True)]
