"""The SLE deep-dive: one question about one metric of one site or gateway.

Belongs here: asking, the older forms, and answers made into the rows that the catalog declares. Does not belong
here: which site is asked about (`kpi/sle_order.py`), storing, and what a score is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.sle_endpoints import (
    SLE_CLASSIFIER_LIST,
    SLE_CLASSIFIER_TREND,
    SLE_HISTOGRAM,
    SLE_IMPACTED_GATEWAYS,
    SLE_IMPACTED_INTERFACES,
    SLE_METRIC_LIST,
    SLE_THRESHOLD,
    SLE_TREND,
    SleEndpoint,
)
from mistwan_dagster.mist.call import Answer, Retry, Target, get
from mistwan_dagster.mist.errors import BadRequest, Forbidden, MistError
from mistwan_dagster.mist.extract import Quarantined, extract
from mistwan_dagster.mist.quota import Purpose, Quota
from mistwan_dagster.mist.series import epoch_seconds, interval_seconds

if TYPE_CHECKING:
    from mistwan_dagster.mist.sdk_session import MistSession

NAME = re.compile(r"[0-9A-Za-z_.-]{1,80}")
"""What may stand in a path: names of metrics and classifiers are the cloud's own words."""
SAMPLES = ("total", "degraded", "value", "duration")
FORMS: dict[type, str] = {dict: "object", list: "array"}

Row = dict[str, Any]


@dataclass(frozen=True)
class SleSubject:
    """A metric of a site (`scope_id` is the site id) or of a gateway (`scope_id` is its device id)."""

    site_id: str
    scope: str
    scope_id: str
    metric: str

    def __str__(self) -> str:
        return f"{self.metric} of {self.scope} {self.scope_id}"


@dataclass(frozen=True)
class SleAnswer:
    """Rows in the endpoint's columns, the rows that did not fit, and what was odd (empty: nothing)."""

    frame: pl.DataFrame
    quarantined: list[Quarantined]
    notes: tuple[str, ...] = ()


def fetch_sle(
    session: MistSession,
    quota: Quota,
    endpoint: SleEndpoint,
    subject: SleSubject,
    *,
    start: datetime,
    end: datetime,
    read_at: datetime,
    classifier: str | None = None,
    purpose: Purpose = Purpose.BACKFILL,
    retry: Retry | None = None,
) -> SleAnswer:
    """One question, in one call; where the cloud does not know it (400, 404) in a second by the older form.

    `start` and `end` bound the questions that take a window; bins lie where the answer says. What neither form
    serves gives no rows and a note, as does a name that no path can carry. `classifier` goes with
    SLE_CLASSIFIER_TREND only. Raises ValueError for a scope that the endpoint does not have, and `call.get`'s
    other errors.
    """
    if subject.scope not in endpoint.scopes:
        raise ValueError(f"{endpoint.name} has no scope {subject.scope}")
    names = [n for n in (subject.scope_id, subject.metric, classifier) if n is not None]
    strange = next((n for n in names if not NAME.fullmatch(n)), None)
    if strange is not None:
        return _nothing(endpoint, f"{endpoint.name}: {strange!r} is no name that can be asked for")
    arguments: Row = {"scope": subject.scope, "scope_id": subject.scope_id}
    if endpoint is not SLE_METRIC_LIST:
        arguments["metric"] = subject.metric
    if classifier is not None:
        arguments["classifier"] = classifier
    if endpoint.spans:
        arguments |= {"start": str(int(start.timestamp())), "end": str(int(end.timestamp()))}
    problem: MistError | None = None
    for function in filter(None, (endpoint.function, endpoint.older)):
        operation = session.operation(function)

        def ask(operation: Callable[..., Any] = operation) -> Any:
            return operation(session, subject.site_id, **arguments)

        try:
            answer = get(
                session, ask, Target(endpoint.name, subject=str(subject)),
                quota=quota, purpose=purpose, retry=retry,
            )  # fmt: skip
            return _typed(endpoint, answer, subject, classifier, read_at)
        except (BadRequest, Forbidden) as error:
            if error.status not in (400, 404):
                raise
            problem = problem or error
    assert problem is not None
    return _nothing(endpoint, f"{subject}: {endpoint.name} not served ({problem.status}: {problem.detail})")


def _nothing(endpoint: Endpoint, note: str) -> SleAnswer:
    return SleAnswer(pl.DataFrame(schema=endpoint.schema), [], (note,))


def _typed(
    endpoint: SleEndpoint, answer: Answer, subject: SleSubject, classifier: str | None, read_at: datetime
) -> SleAnswer:
    form = list if endpoint is SLE_CLASSIFIER_LIST else dict
    notes = [] if isinstance(answer.body, form) else [f"the answer is no {FORMS[form]}"]
    about: Row = {"site_id": subject.site_id, "scope": subject.scope, "scope_id": subject.scope_id}
    about["read_at"] = read_at.timestamp()
    if endpoint is not SLE_METRIC_LIST:
        about["metric"] = subject.metric
    if classifier is not None:
        about["classifier"] = classifier
    rows = [
        {**row, **about} if isinstance(row, dict) else row for row in _ROWS[endpoint.name](answer.body, notes)
    ]
    found = extract(endpoint, rows, answer.received_at)
    return SleAnswer(found.frame, found.quarantined, tuple(f"{subject}: {endpoint.name}: {n}" for n in notes))


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _listed(body: Any, name: str, notes: list[str]) -> list[Any]:
    """The list of that name; that it is no list is noted, as its rows cannot be told."""
    value = _object(body).get(name)
    if value is not None and not isinstance(value, list):
        notes.append(f"`{name}` is no array")
    return _list(value)


def _named(field: str, name: Any, **rest: bool) -> Any:
    """A row of a list of names; no name at all stays as it is, for quarantine."""
    return name if name is None or name == "" else {field: name, **rest}


def _metric_rows(body: Any, notes: list[str]) -> list[Any]:
    """One row a metric that is enabled, supported or both."""
    told = {name: _listed(body, name, notes) for name in ("enabled", "supported")}
    names = told["supported"] + [n for n in told["enabled"] if n not in told["supported"]]
    return [
        _named("metric", n, enabled=n in told["enabled"], supported=n in told["supported"]) for n in names
    ]


def _classifier_rows(body: Any, notes: list[str]) -> list[Any]:
    del notes
    return [_named("classifier", name) for name in _list(body)]


def _trend_rows(body: Any, notes: list[str]) -> list[Any]:
    """Bins of the metric as a whole and of each classifier. Both forms, with and without `impact`, are alike."""
    rows = list(_bins(body, _object(body).get("sle"), None, notes))
    for part in _listed(body, "classifiers", notes):
        name = _object(part).get("name")
        if isinstance(name, str) and name:
            rows += _bins(body, part, name, notes)
        else:
            notes.append("a classifier without a name was left out")
    return rows


def _classifier_trend_rows(body: Any, notes: list[str]) -> list[Any]:
    part = _object(_object(body).get("classifier"))
    return list(_bins(body, part, part.get("name"), notes))


def _bins(body: Any, part: Any, classifier: Any, notes: list[str]) -> Iterator[Row]:
    """Element i of each series is the bin `start + i * interval`. What cannot be placed in time is noted."""
    part, body = _object(part), _object(body)
    samples = _object(part.get("samples"))
    series = [_list(samples.get(name)) for name in SAMPLES]
    start = epoch_seconds(body.get("start"))
    interval = interval_seconds(part.get("interval", body.get("interval")))
    if any(series) and (start is None or not interval):
        notes.append("an answer without `start` or `interval` was left out")
        return
    for i, values in enumerate(zip_longest(*series)):
        assert start is not None
        yield {
            "classifier": classifier,
            "timestamp": start + i * interval,
            "interval": interval,
            **dict(zip(SAMPLES, values, strict=True)),
            "y_label": part.get("y_label"),
        }


def _histogram_rows(body: Any, notes: list[str]) -> list[Any]:
    body = _object(body)
    rows: list[Any] = []
    for position, entry in enumerate(_listed(body, "data", notes)):
        if not isinstance(entry, dict):
            rows.append(entry)
            continue
        low, high, *_ = (*_list(entry.get("range")), None, None)
        rest = {k: v for k, v in entry.items() if k != "range"}
        rows.append({**rest, "position": position, "range_low": low, "range_high": high, **_heading(body)})
    return rows


def _heading(body: Row) -> Row:
    """What a whole answer says of each of its rows."""
    told: Row = {name: body.get(name) for name in ("start", "end", "x_label", "y_label")}
    return {**told, "told_metric": body.get("metric")}


def _threshold_rows(body: Any, notes: list[str]) -> list[Any]:
    del notes
    body = _object(body)
    rest = {k: v for k, v in body.items() if k != "metric"}
    rest["threshold"] = _number(rest.get("threshold"))
    return [{**rest, "told_metric": body.get("metric")}] if body else []


def _number(value: Any) -> Any:
    """The number in a text such as "-66"; anything else stays for `extract` to judge."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _impact_rows(listed: str) -> Callable[[Any, list[str]], list[Any]]:
    """Rows of a list of gateways or interfaces; the device is told as gateway, or as switch."""

    def rows(body: Any, notes: list[str]) -> list[Any]:
        body = _object(body)
        found = _listed(body, listed, notes)
        total = body.get("total_count")
        if isinstance(total, int) and total > len(found):
            notes.append(f"{len(found)} of {total} rows told")
        span = {name: body.get(name) for name in ("start", "end")}
        return [{**_device(row), **span} if isinstance(row, dict) else row for row in found]

    return rows


_DEVICE_KEYS = {
    "device_mac": ("gateway_mac", "switch_mac"),
    "device_name": ("gateway_name", "name", "switch_name"),
    "model": ("gateway_model", "switch_model"),
    "version": ("gateway_version", "switch_version"),
}


def _device(row: Row) -> Row:
    rest = {k: v for k, v in row.items() if not any(k in keys for keys in _DEVICE_KEYS.values())}
    told = {
        name: row[key]
        for name, keys in _DEVICE_KEYS.items()
        for key in reversed(keys)
        if row.get(key) is not None
    }
    return {**rest, **told}


_ROWS: dict[str, Callable[[Any, list[str]], list[Any]]] = {
    SLE_METRIC_LIST.name: _metric_rows,
    SLE_CLASSIFIER_LIST.name: _classifier_rows,
    SLE_TREND.name: _trend_rows,
    SLE_CLASSIFIER_TREND.name: _classifier_trend_rows,
    SLE_HISTOGRAM.name: _histogram_rows,
    SLE_THRESHOLD.name: _threshold_rows,
    SLE_IMPACTED_GATEWAYS.name: _impact_rows("gateways"),
    SLE_IMPACTED_INTERFACES.name: _impact_rows("interfaces"),
}
