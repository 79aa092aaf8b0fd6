"""The banner of every page: how old the data is, what is missing, how many API calls are left."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from dash import html

from mistwan_dagster.dashboard.data.freshness import Freshness, freshness
from mistwan_dagster.dashboard.parts import ICONS, TONES, Part, badge, duration, percent
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.port import Superseded

if TYPE_CHECKING:
    from mistwan_dagster.dashboard.context import Dashboard, QuotaState

GAPS_SHOWN = 6
CACHE_GONE = "The cache cannot be reached: figures are right, pages are slower."


def banner(board: Dashboard) -> html.Div:
    """One line; it turns amber over 90 minutes and red over 150. Raises Superseded when its version is gone."""
    try:
        fresh = freshness(board.published)
    except Superseded:
        raise
    except UserError as error:
        return html.Div([badge("stale", "no data"), f" {error}"], className="banner critical", role="alert")
    now = board.now()
    age = fresh.age(now)
    return html.Div(
        [
            html.Span([badge(age), " ", _as_of(fresh, now)]),
            html.Span(_gaps(fresh)),
            html.Span(_quota(board.quota(), fresh)),
            html.Span(_sle(fresh)),
            html.Span([f"version {fresh.version}", *_run(board.dagster_url, fresh.run_id)], className="note"),
            html.Span("" if board.cache.is_reachable else CACHE_GONE),
        ],
        className=f"banner {TONES[ICONS[age]]}",
        role="status",
    )


def _as_of(fresh: Freshness, now: datetime) -> str:
    if fresh.newest is None:
        return "no hour is computed yet"
    old = duration(max(0.0, (now - fresh.newest).total_seconds() / 60))
    return f"Data as of {fresh.newest:%d %b %H:%M} UTC, {old} ago"


def _gaps(fresh: Freshness) -> str:
    if fresh.newest is None:
        return ""
    observed = f"{percent(fresh.coverage_pct)} of 24 h covered"
    blind = fresh.circuit_hours - fresh.observed_hours
    if blind:
        observed += f", {blind:,} of {fresh.circuit_hours:,} circuit hours without utilization"
    missing = fresh.missing_hours
    if not missing:
        return f"Collection: no hour missing, {observed}"
    shown = " ".join(f"{hour:%d %b %H:00}" for hour in missing[-GAPS_SHOWN:])
    more = f" and {len(missing) - GAPS_SHOWN} more" if len(missing) > GAPS_SHOWN else ""
    return f"Collection: {len(missing)} hours missing ({shown}{more}), {observed}"


def _quota(state: QuotaState | None, fresh: Freshness) -> str:
    """The live ledger where this process has it, else what was published of it."""
    late = f", {fresh.api_deferred:,} walks put off" if fresh.api_deferred else ""
    if state is not None:
        return f"API calls this hour: {state.used:,} of {state.budget:,}, {state.live_left:,} left{late}"
    if fresh.api_calls is None:
        return "API calls: unknown here"
    return f"API calls in the last hour published: {fresh.api_calls:,}{late}"


def _sle(fresh: Freshness) -> str:
    if not any(fresh.sle.values()):
        return "SLE: not read yet"
    return "SLE deep-dives: " + ", ".join(f"{count:,} {state}" for state, count in fresh.sle.items())


def _run(url: str | None, run_id: str | None) -> list[Part]:
    """The run that loaded the newest hours: a link into Dagster where its address is known, else to the ledger."""
    if not run_id:
        return []
    short = run_id[:8]
    if url is None:
        return [" by run ", html.A(short, href="/table/load_ledger", title=f"Dagster run {run_id}")]
    return [
        " by run ",
        html.A(short, href=f"{url.rstrip('/')}/runs/{quote(run_id)}", title=f"Dagster run {run_id}"),
    ]
