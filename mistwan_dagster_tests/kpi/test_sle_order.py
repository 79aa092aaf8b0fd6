"""The order of the deep-dive: hand-worked, and against a slow reference on any coverage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mistwan_dagster.catalog.sle_tables import SLE_COVERAGE
from mistwan_dagster.kpi.sle_order import reading_order

NOW = datetime(2025, 3, 4, 10, tzinfo=UTC)
METRIC = "wan-link-health"


def covered(
    site: str, score: float | None, hours_ago: int | None, enabled: bool | None = True, metric: str = METRIC
) -> dict[str, Any]:
    state = "missing" if hours_ago is None else "fresh" if hours_ago <= 6 else "stale"
    return {
        "site_id": site,
        "metric": metric,
        "score": score,
        "is_degraded": None if score is None else score < 0.9,
        "is_enabled": enabled,
        "last_read_utc": None if hours_ago is None else NOW - timedelta(hours=hours_ago),
        "state": state,
        "as_of_utc": NOW,
    }


def order(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    frame = pl.DataFrame(rows, schema=SLE_COVERAGE.schema)
    return reading_order(frame).select("site_id", "metric").rows()


def test_missing_before_stale_before_the_other_degraded_then_the_rest_in_rotation() -> None:
    rows = [
        covered("good-never", 0.99, None),
        covered("bad-fresh", 0.1, 1),
        covered("good-1h", 0.95, 1),
        covered("bad-stale", 0.3, 30),
        covered("unknown-9h", None, 9),
        covered("bad-missing", 0.8, None),
        covered("worse-missing", 0.5, None),
        covered("on-the-threshold-40h", 0.9, 40),
        covered("off", 0.0, None, enabled=False),
        covered("not-told", 0.7, None, enabled=None),
    ]
    assert [site for site, _ in order(rows)] == [
        "worse-missing", "not-told", "bad-missing", "bad-stale", "bad-fresh",
        "good-never", "on-the-threshold-40h", "unknown-9h", "good-1h",
    ]  # fmt: skip


rows_strategy = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.sampled_from(["wan-link-health", "gateway-health"]),
        st.none() | st.sampled_from([0.0, 0.5, 0.89, 0.9, 1.0]),
        st.none() | st.integers(0, 48),
        st.sampled_from([True, False, None]),
    ),
    unique_by=lambda r: r[:2],
    max_size=16,
)


def slowly(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Picks the next one again and again, by the words of the rule."""
    left = [r for r in rows if r["is_enabled"] is not False]
    picked = []
    while left:
        best = left[0]
        for row in left[1:]:
            if _before(row, best):
                best = row
        left.remove(best)
        picked.append((best["site_id"], best["metric"]))
    return picked


def _before(a: dict[str, Any], b: dict[str, Any]) -> bool:
    states = ["missing", "stale", "fresh"]
    if bool(a["is_degraded"]) != bool(b["is_degraded"]):
        return bool(a["is_degraded"])
    if a["is_degraded"]:
        if a["state"] != b["state"]:
            return states.index(a["state"]) < states.index(b["state"])
        if a["score"] != b["score"]:
            return a["score"] < b["score"]
    if a["last_read_utc"] != b["last_read_utc"]:
        if a["last_read_utc"] is None or b["last_read_utc"] is None:
            return a["last_read_utc"] is None
        return a["last_read_utc"] < b["last_read_utc"]
    if a["score"] != b["score"]:
        return b["score"] is None or (a["score"] is not None and a["score"] < b["score"])
    return (a["site_id"], a["metric"]) < (b["site_id"], b["metric"])


@given(rows_strategy, st.randoms())
def test_the_order_is_the_reference_whatever_order_the_rows_come_in(rows: list[tuple], rng: Any) -> None:
    covers = [covered(site, score, ago, enabled, metric) for site, metric, score, ago, enabled in rows]
    expected = slowly(covers)
    rng.shuffle(covers)
    assert order(covers) == expected


@given(rows_strategy, st.integers(1, 5))
def test_no_site_waits_for_ever(rows: list[tuple], calls: int) -> None:
    """With nothing degraded, any number of readings an hour reaches every site within one round."""
    covers = [covered(site, 1.0, None, True, metric) for site, metric, *_ in rows]
    read: set[tuple[str, str]] = set()
    for hour in range(-(-len(covers) // calls)):
        now = set(order(covers)[:calls])
        for row in covers:
            if (row["site_id"], row["metric"]) in now:
                row["last_read_utc"], row["state"] = NOW + timedelta(hours=hour), "fresh"
        read |= now
    assert read == {(r["site_id"], r["metric"]) for r in covers}
