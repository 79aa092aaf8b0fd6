"""The names that the requirements list are known, each once."""

from __future__ import annotations

import pytest

from mistwan_dagster.catalog.sle import DEEP_DIVE_METRICS, SLE_CLASSIFIERS, SLE_METRICS, SPELLINGS
from mistwan_dagster.catalog.sle_endpoints import SLE_DETAILS

REQUIRED = {
    "gateway-health": "gateway",
    "wan-link-health": "gateway",
    "application_health": "gateway",
    "switch_health": "switch",
    "switch_throughput": "switch",
    "coverage": "ap",
    "capacity": "ap",
    "throughput": "ap",
    "time-to-connect": "ap",
    "roaming": "ap",
}


@pytest.mark.parametrize(("told", "scope"), REQUIRED.items())
def test_required_metrics_are_known_in_their_spelling(told: str, scope: str) -> None:
    metric = SLE_METRICS[SPELLINGS[told]]
    assert metric.scopes == ("site", scope)


def test_application_health_is_asked_for_with_a_hyphen() -> None:
    assert SPELLINGS["application_health"] == SPELLINGS["application-health"] == "application-health"
    assert "application-health" in DEEP_DIVE_METRICS


def test_each_spelling_means_one_metric_and_each_classifier_belongs_to_one() -> None:
    assert len(SPELLINGS) == sum(1 + len(m.other_spellings) for m in SLE_METRICS.values())
    assert {c.metric for c in SLE_CLASSIFIERS.values()} <= set(SLE_METRICS)
    assert len(SLE_CLASSIFIERS) == 10


def test_only_impacted_gateways_is_for_sites_alone() -> None:
    alone = [e.name for e in SLE_DETAILS if "gateway" not in e.scopes]
    assert alone == ["sle_impacted_gateways"]
