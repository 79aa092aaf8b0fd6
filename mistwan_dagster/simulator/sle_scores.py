"""SLE scores of all sites in a window, and the worst of them.

Belongs here: the organization-wide SLE answers. Does not belong here: the figures (`sle.py`), the deep-dive
(`sle_answers.py`).
"""

from __future__ import annotations

import math

import numpy as np

from mistwan_dagster.simulator.paging import ApiError, limit_of, page_of
from mistwan_dagster.simulator.sle import APPLICATION, CLASSIFIERS, GATEWAY, HOUR_S, LINK, ServiceLevels
from mistwan_dagster.simulator.sle_answers import SPELLINGS, Query, Row, hourly_window
from mistwan_dagster.simulator.world import World

WORST = "worst-sites-by-sle"
SCORE_DIGITS = 12


class SiteScores:
    """The scores of one world's sites."""

    def __init__(self, world: World, levels: ServiceLevels) -> None:
        self.world, self.levels = world, levels
        self.sites = [s.id for s in world.topology.sites]
        self.gateways: dict[int, list[int]] = {}
        for g in world.topology.gateways:
            self.gateways.setdefault(g.site, []).append(g.index)

    def sites_sle(self, query: Query, now_s: float) -> Row:
        """insights/sites-sle: a page of the sites' scores. There is nothing but gateways here."""
        start, end = hourly_window(query, now_s)
        known = query.get("sle") or "wan"
        if known not in ("wan", "wifi", "wired"):
            raise ApiError(400, f"unsupported sle: {known}")
        rows = self._scores(start, end) if known == "wan" else []
        limit, page = limit_of(query), page_of(query)
        part = rows[(page - 1) * limit : page * limit]
        told = {"start": start, "end": end, "interval": int(HOUR_S), "limit": limit, "page": page}
        return {**told, "total": len(rows), "results": part}

    def worst_sites(self, metric: str, query: Query, now_s: float) -> Row:
        """insights/worst-sites-by-sle: the hundred worst by the metric that `sle` names."""
        if metric != WORST:
            raise ApiError(404, "Not found.")
        by = SPELLINGS.get(query.get("sle", ""), query.get("sle", ""))
        if by not in CLASSIFIERS:
            raise ApiError(400, f"unsupported sle: {query.get('sle')}")
        start, end = hourly_window(query, now_s)
        rows = [r for r in self._scores(start, end) if by in r]
        rows.sort(key=lambda r: (r[by], r["site_id"]))
        return {"start": start, "end": end, "interval": int(HOUR_S), "limit": 100, "results": rows[:100]}

    def _scores(self, start: int, end: int) -> list[Row]:
        topology = self.world.topology
        site_of = {
            LINK: np.array([topology.gateways[c.gateway].site for c in topology.circuits], dtype=np.int64),
            GATEWAY: np.array([g.site for g in topology.gateways], dtype=np.int64),
        }
        site_of[APPLICATION] = site_of[GATEWAY]
        scores: dict[str, list[float]] = {}
        for metric, sites in site_of.items():
            total, bad = np.zeros(len(self.sites)), np.zeros(len(self.sites))
            for start_s in range(start, end, int(HOUR_S)):
                figures = self.levels.hour(float(start_s))
                np.add.at(total, sites, figures.total[metric])
                np.add.at(bad, sites, figures.degraded[metric].sum(axis=1))
            with np.errstate(invalid="ignore", divide="ignore"):
                scores[metric] = np.clip((total - bad) / total, 0, 1).tolist()
        rows = [
            self._score_row(i, {m: values[i] for m, values in scores.items()}) for i in range(len(self.sites))
        ]
        return [r for r in rows if GATEWAY in r]

    def _score_row(self, site: int, scores: dict[str, float]) -> Row:
        told = {m: round(v, SCORE_DIGITS) for m, v in scores.items() if not math.isnan(v)}
        if LINK in told:
            told["wan-link-health-v2"] = told[LINK]
            told["gateway-bandwidth"] = round(0.5 + told[LINK] / 2, SCORE_DIGITS)
        own = self.gateways.get(site, [])
        clients = int(self.levels.clients[own].sum())
        return {"site_id": self.sites[site], "num_gateways": len(own), "num_clients": clients, **told}
