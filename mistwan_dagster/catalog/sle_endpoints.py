"""SLE endpoints: scores of all sites each hour, and the deep-dive into one site's or gateway's metric.

Belongs here: declarations only. Does not belong here: which site is read next (`kpi/sle_order.py`), parsing
(`mist/sle.py`), names of metrics and classifiers (`catalog/sle.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mistwan_dagster.catalog.endpoint import Cadence, Endpoint, Field, Paging, Scope, Shape

SLE_RETENTION_HOURS = 14 * 24
"""SLE are insights: the cloud keeps their hourly figures as long as it keeps hourly insight bins."""


@dataclass(frozen=True)
class SleEndpoint(Endpoint):
    """One question of the deep-dive.

    `scopes` it can be asked for. `spans`: it takes a window of time. `reread_hours`: how long an answer holds,
    since lists and thresholds hardly change; 0 asks each time. `older` is the SDK function that a cloud without
    this operation may still serve.
    """

    scopes: tuple[str, ...] = ("site", "gateway")
    spans: bool = True
    reread_hours: int = 0
    older: str | None = None


def _span_fields() -> tuple[Field, ...]:
    return (
        Field("start", pl.Float64, "epoch seconds, start of the window as the answer tells it"),
        Field("end", pl.Float64, "epoch seconds, end of the window as the answer tells it"),
    )


def _org(name: str, function: str, tail: str, paging: Paging, meaning: str, **arguments: str) -> Endpoint:
    """Scores of sites, a row a site and a column a metric; metrics without a field of their own are in `extra`."""
    return Endpoint(
        name, f"orgs.insights.{function}", f"/api/v1/orgs/{{org_id}}/insights/{tail}",
        paging, Shape.WINDOW, ("site_id",),
        (
            Field("site_id", pl.String),
            *_span_fields(),
            Field("gateway-health", pl.Float64, "score 0..1"),
            Field("wan-link-health", pl.Float64, "score 0..1"),
            Field("application-health", pl.Float64, "score 0..1"),
            Field("application_health", pl.Float64, "score 0..1, older spelling"),
            Field("wan-link-health-v2", pl.Float64, "score 0..1"),
            Field("gateway-bandwidth", pl.Float64, "score 0..1"),
            Field("num_gateways", pl.Float64),
            Field("num_clients", pl.Float64),
        ),
        meaning, arguments=arguments, envelope=("start", "end"), cadence=Cadence.HOUR,
        history_hours=SLE_RETENTION_HOURS,
    )  # fmt: skip


SITES_SLE = _org(
    "sites_sle", "getOrgSitesSle", "sites-sle", Paging.PAGE,
    "WAN SLE scores of every site in one hour", sle="wan", interval="1h",
)  # fmt: skip
WORST_SITES_SLE = _org(
    "worst_sites_sle", "getOrgSle", "{metric}", Paging.NONE,
    "Sites with the worst WAN link health in one hour",
    metric="worst-sites-by-sle", sle="wan-link-health", interval="1h",
)  # fmt: skip

_SUBJECT = (
    Field("site_id", pl.String),
    Field("scope", pl.String, "site or gateway"),
    Field("scope_id", pl.String, "site id or device id"),
)
_METRIC = Field("metric", pl.String, "metric that was asked for")
_CLASSIFIER = Field("classifier", pl.String, "reason of the degradation; null for the metric as a whole")
_READ_AT = Field("read_at", pl.Float64, "epoch seconds at which the reading of this site and metric began")
_SUBJECT_KEY = ("site_id", "scope", "scope_id")


def _detail(
    name: str,
    function: str,
    tail: str,
    key: tuple[str, ...],
    fields: tuple[Field, ...],
    meaning: str,
    *,
    shape: Shape = Shape.SNAPSHOT,
    scopes: tuple[str, ...] = ("site", "gateway"),
    spans: bool = True,
    reread_hours: int = 0,
    older: str | None = None,
) -> SleEndpoint:
    return SleEndpoint(
        name, f"sites.sle.{function}", f"/api/v1/sites/{{site_id}}/sle/{{scope}}/{{scope_id}}/{tail}",
        Paging.NONE, shape, (*_SUBJECT_KEY, *key), (*_SUBJECT, *fields, _READ_AT), meaning,
        scope=Scope.SITE, cadence=Cadence.ON_DEMAND, history_hours=SLE_RETENTION_HOURS if spans else 0,
        scopes=scopes, spans=spans, reread_hours=reread_hours, older=older and f"sites.sle.{older}",
    )  # fmt: skip


SLE_METRIC_LIST = _detail(
    "sle_metrics", "listSiteSlesMetrics", "metrics", ("metric",),
    (_METRIC, Field("enabled", pl.Boolean), Field("supported", pl.Boolean)),
    "SLE metrics that a site or gateway has", spans=False, reread_hours=24,
)  # fmt: skip
SLE_CLASSIFIER_LIST = _detail(
    "sle_classifiers", "listSiteSleMetricClassifiers", "metric/{metric}/classifiers", ("metric", "classifier"),
    (_METRIC, _CLASSIFIER), "Classifiers of a metric", spans=False, reread_hours=24,
)  # fmt: skip

_TREND_FIELDS = (
    _METRIC,
    _CLASSIFIER,
    Field("timestamp", pl.Float64, "epoch seconds, start of the bin"),
    Field("interval", pl.Float64, "length of the bin, s"),
    Field("total", pl.Float64, "time looked at, in the unit of `y_label`"),
    Field("degraded", pl.Float64, "of it degraded"),
    Field("value", pl.Float64, "value of the metric, where it has one"),
    Field("duration", pl.Float64, "duration of the degradation, where told"),
    Field("y_label", pl.String, "unit of total and degraded"),
)
_TREND_KEY = ("metric", "classifier", "timestamp", "total", "degraded")
"""With the figures: a bin that is told anew with other figures is news, as a late event is."""

SLE_TREND = _detail(
    "sle_trend", "getSiteSleSummaryTrend", "metric/{metric}/summary-trend", _TREND_KEY, _TREND_FIELDS,
    "A metric over time, and by classifier", shape=Shape.SERIES, older="getSiteSleSummary",
)  # fmt: skip
SLE_CLASSIFIER_TREND = _detail(
    "sle_classifier_trend", "getSiteSleClassifierSummaryTrend",
    "metric/{metric}/classifier/{classifier}/summary-trend", _TREND_KEY, _TREND_FIELDS,
    "One classifier over time, where the metric's own trend left it out", shape=Shape.SERIES,
    older="getSiteSleClassifierDetails",
)  # fmt: skip
SLE_HISTOGRAM = _detail(
    "sle_histogram", "getSiteSleHistogram", "metric/{metric}/histogram", ("metric", "position"),
    (
        _METRIC,
        Field("told_metric", pl.String, "metric that the answer names"),
        *_span_fields(),
        Field("position", pl.Int64, "place of the range in the histogram, from 0"),
        Field("range_low", pl.Float64, "null: no lower end"),
        Field("range_high", pl.Float64, "null: no upper end"),
        Field("value", pl.Float64, "amount in the range, in the unit of `y_label`"),
        Field("x_label", pl.String),
        Field("y_label", pl.String),
    ),
    "Distribution of a metric's values",
)  # fmt: skip
SLE_THRESHOLD = _detail(
    "sle_threshold", "getSiteSleThreshold", "metric/{metric}/threshold", ("metric",),
    (
        _METRIC,
        Field("told_metric", pl.String, "metric that the answer names"),
        Field("threshold", pl.Float64),
        Field("default", pl.Float64),
        Field("minimum", pl.Float64),
        Field("maximum", pl.Float64),
        Field("direction", pl.String),
        Field("units", pl.String),
    ),
    "Threshold from which a metric counts as degraded", spans=False, reread_hours=24,
)  # fmt: skip

_IMPACT_FIELDS = (
    Field("degraded", pl.Float64),
    Field("total", pl.Float64),
    Field("duration", pl.Float64),
)
SLE_IMPACTED_GATEWAYS = _detail(
    "sle_impacted_gateways", "listSiteSleImpactedGateways", "metric/{metric}/impacted-gateways",
    ("metric", "device_mac"),
    (
        _METRIC, *_span_fields(), Field("device_mac", pl.String), Field("device_name", pl.String),
        Field("model", pl.String), Field("version", pl.String), *_IMPACT_FIELDS,
    ),
    "Gateways behind a degradation", scopes=("site",),
)  # fmt: skip
SLE_IMPACTED_INTERFACES = _detail(
    "sle_impacted_interfaces", "listSiteSleImpactedInterfaces", "metric/{metric}/impacted-interfaces",
    ("metric", "device_mac", "interface_name"),
    (
        _METRIC, *_span_fields(), Field("device_mac", pl.String, "gateway, or switch where a switch is told"),
        Field("device_name", pl.String), Field("interface_name", pl.String), *_IMPACT_FIELDS,
    ),
    "Interfaces behind a degradation",
)  # fmt: skip

SLE_WINDOWS = (SITES_SLE, WORST_SITES_SLE)
SLE_DETAILS: tuple[SleEndpoint, ...] = (
    SLE_METRIC_LIST, SLE_CLASSIFIER_LIST, SLE_TREND, SLE_CLASSIFIER_TREND, SLE_HISTOGRAM, SLE_THRESHOLD,
    SLE_IMPACTED_GATEWAYS, SLE_IMPACTED_INTERFACES,
)  # fmt: skip
"""The deep-dive's questions about one subject, in the order in which they are asked."""
