"""Routes of the SLE endpoints.

Belongs here: path -> handler. Does not belong here: answers (`sle_scores`, `sle_answers`), transport (`api`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from mistwan_dagster.simulator.paging import ApiError
from mistwan_dagster.simulator.sle import CLASSIFIERS, ServiceLevels
from mistwan_dagster.simulator.sle_answers import SleAnswers, Subject
from mistwan_dagster.simulator.sle_scores import SiteScores
from mistwan_dagster.simulator.world import World

ORG = "/api/v1/orgs/{org_id}/insights"
SCOPE = "/api/v1/sites/{site_id}/sle/{scope}/{scope_id}"
METRIC = f"{SCOPE}/metric/{{metric}}"
CLASSIFIER = f"{METRIC}/classifier/{{classifier}}"

Handler = Callable[[Request, float, bool], Any]


def sle_handlers(world: World) -> dict[str, Handler]:
    """Handlers by path; every question of the deep-dive is about a site's or gateway's metric."""
    levels = ServiceLevels(world)
    scores, sle = SiteScores(world, levels), SleAnswers(world, levels)

    def about(r: Request) -> Subject:
        return sle.subject(*(r.path_params[k] for k in ("site_id", "scope", "scope_id", "metric")))

    def about_site(r: Request) -> Subject:
        if r.path_params["scope"] != "site":
            raise ApiError(400, "impacted-gateways has scope site only")
        return about(r)

    def classifier(older: bool) -> Handler:
        return lambda r, n, _p: sle.classifier_trend(
            about(r), r.path_params["classifier"], r.query_params, n, older
        )

    return {
        f"{ORG}/sites-sle": lambda r, n, _p: scores.sites_sle(r.query_params, n),
        f"{ORG}/{{metric}}": lambda r, n, _p: scores.worst_sites(r.path_params["metric"], r.query_params, n),
        f"{SCOPE}/metrics": lambda r, _n, _p: sle.metrics(
            *(r.path_params[k] for k in ("site_id", "scope", "scope_id"))
        ),
        f"{METRIC}/summary-trend": lambda r, n, _p: sle.trend(about(r), r.query_params, n),
        f"{METRIC}/summary": lambda r, n, _p: sle.trend(about(r), r.query_params, n, older=True),
        f"{METRIC}/classifiers": lambda r, _n, _p: list(CLASSIFIERS[about(r).metric]),
        f"{CLASSIFIER}/summary-trend": classifier(older=False),
        f"{CLASSIFIER}/summary": classifier(older=True),
        f"{METRIC}/histogram": lambda r, n, _p: sle.histogram(about(r), r.query_params, n),
        f"{METRIC}/threshold": lambda r, _n, _p: sle.threshold(about(r)),
        f"{METRIC}/impacted-gateways": lambda r, n, _p: sle.impacted_gateways(
            about_site(r), r.query_params, n
        ),
        f"{METRIC}/impacted-interfaces": lambda r, n, _p: sle.impacted_interfaces(
            about(r), r.query_params, n
        ),
    }
