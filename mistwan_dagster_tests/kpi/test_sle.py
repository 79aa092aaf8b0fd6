"""SLE scores by hand, and against slow obvious references."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.sle_endpoints import (
    SITES_SLE,
    SLE_IMPACTED_INTERFACES,
    SLE_METRIC_LIST,
    SLE_TREND,
    WORST_SITES_SLE,
)
from mistwan_dagster.catalog.sle_tables import (
    FACT_SITE_SLE_HOUR,
    FACT_SLE_IMPACTED_INTERFACE,
    FACT_SLE_TREND,
)
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.kpi.sle import (
    READING_SCHEMA,
    coverage,
    detail_rows,
    newest_reading,
    share_undegraded,
    site_sle_hours,
    trend_bins,
)

H10 = datetime(2025, 3, 4, 10, tzinfo=UTC)
S10 = H10.timestamp()


def raw(endpoint, *rows: dict) -> pl.DataFrame:
    """Raw rows as the lake holds them; the slot is the hour that was asked for."""
    schema = {**endpoint.schema, "slot_utc": INSTANT}
    filled = [{"slot_utc": H10, "received_at": H10 + timedelta(hours=1, minutes=9), **row} for row in rows]
    return pl.DataFrame(filled, schema=schema)


def scores(frame: pl.DataFrame) -> dict[tuple[str, str], float | None]:
    assert violations(FACT_SITE_SLE_HOUR.conform(frame.lazy()), FACT_SITE_SLE_HOUR) == {}
    return {
        (site, metric): score for site, metric, score in frame.select("site_id", "metric", "score").rows()
    }


def test_a_row_a_site_becomes_a_row_a_metric() -> None:
    told = raw(
        SITES_SLE,
        {"site_id": "a", "start": S10, "end": S10 + 3600, "gateway-health": 1.0, "wan-link-health": 0.25,
         "num_gateways": 2.0, "num_clients": 7.0},
        {"site_id": "b", "start": S10, "end": S10 + 3600, "gateway-health": 0.5},
    )  # fmt: skip
    frame = site_sle_hours(told, raw(WORST_SITES_SLE))
    assert scores(frame) == {
        ("a", "gateway-health"): 1.0,
        ("a", "wan-link-health"): 0.25,
        ("b", "gateway-health"): 0.5,
        ("b", "wan-link-health"): None,
    }
    assert frame.filter(site_id="a")["gateway_count"].to_list() == [2.0, 2.0]
    assert set(frame["hour_utc"]) == {H10}
    assert set(frame["source"]) == {"sites_sle"}


def test_both_spellings_are_one_metric_and_unknown_metrics_are_kept() -> None:
    told = raw(
        SITES_SLE,
        {"site_id": "a", "application_health": 0.75},
        {"site_id": "b", "application-health": 0.5, "extra": '{"new-metric":0.125,"num_aps":1,"note":"x"}'},
        {"site_id": "c", "extra": '{"new-metric":true,"other":17}'},
    )
    assert scores(site_sle_hours(told, raw(WORST_SITES_SLE))) == {
        ("a", "application-health"): 0.75,
        ("b", "application-health"): 0.5,
        ("c", "application-health"): None,
        ("a", "new-metric"): None,
        ("b", "new-metric"): 0.125,
        ("c", "new-metric"): None,
    }


def test_a_score_beyond_its_bounds_or_of_another_window_is_unknown() -> None:
    told = raw(
        SITES_SLE,
        {"site_id": "a", "gateway-health": 99.0},
        {"site_id": "b", "gateway-health": -0.1},
        {"site_id": "c", "gateway-health": 0.5, "start": S10 - 3600, "end": S10 + 3600},
        {"site_id": "d", "gateway-health": 0.0, "start": S10, "end": S10 + 3600},
        {"site_id": "e", "gateway-health": 1.0},
    )
    found = scores(site_sle_hours(told, raw(WORST_SITES_SLE)))
    assert found == {
        (s, "gateway-health"): v for s, v in zip("abcde", (None, None, None, 0.0, 1.0), strict=True)
    }


def test_the_worst_sites_fill_what_the_list_of_all_left_out() -> None:
    told = raw(SITES_SLE, {"site_id": "a", "wan-link-health": 0.9})
    worst = raw(
        WORST_SITES_SLE, {"site_id": "a", "wan-link-health": 0.1}, {"site_id": "b", "wan-link-health": 0.2}
    )
    frame = site_sle_hours(told, worst)
    assert scores(frame) == {("a", "wan-link-health"): 0.9, ("b", "wan-link-health"): 0.2}
    assert dict(frame.select("site_id", "source").rows()) == {"a": "sites_sle", "b": "worst_sites_sle"}
    assert site_sle_hours(raw(SITES_SLE), raw(WORST_SITES_SLE)).is_empty()


amounts = st.none() | st.floats(-10, 1e6) | st.just(0.0)


@given(st.lists(st.tuples(amounts, amounts), max_size=20))
def test_share_undegraded_is_the_formula_or_null(pairs: list[tuple[float | None, float | None]]) -> None:
    frame = pl.DataFrame(pairs, schema={"total": pl.Float64, "degraded": pl.Float64}, orient="row")
    for (total, degraded), score in zip(pairs, frame.select(share_undegraded().alias("s"))["s"], strict=True):
        if total is None or degraded is None or total <= 0 or degraded < 0 or degraded > total * (1 + 1e-6):
            assert score is None
        else:
            assert math.isclose(score, max(0.0, (total - degraded) / total))


def bins(*rows: dict) -> pl.LazyFrame:
    about = {"site_id": "a", "scope": "site", "scope_id": "a", "metric": "wan-link-health", "read_at": S10}
    filled = [{"received_at": H10, "interval": 3600.0, **about, **row} for row in rows]
    return pl.LazyFrame(filled, schema=SLE_TREND.schema)


def test_bins_have_scores_and_the_newest_answer_holds() -> None:
    later = H10 + timedelta(hours=1)
    found = trend_bins(
        bins(
            {"timestamp": S10, "total": 60.0, "degraded": 3.0},
            {"timestamp": S10, "total": 120.0, "degraded": 30.0, "received_at": later, "read_at": S10 + 3600},
            {"timestamp": S10, "total": 60.0, "degraded": 60.0, "classifier": "network-loss"},
            {"timestamp": S10 + 3600, "total": 0.0, "degraded": 0.0},
            {"timestamp": S10 + 7200, "total": None, "degraded": None},
            {"timestamp": S10 + 1800, "total": 10.0, "degraded": 10.000001, "metric": "application_health"},
        )
    )
    assert violations(FACT_SLE_TREND.conform(found), FACT_SLE_TREND) == {}
    rows = {
        (m, c, t): (total, score)
        for m, c, t, total, score in found.collect()
        .select("metric", "classifier", "bin_start_utc", "total", "score")
        .iter_rows()
    }
    link = "wan-link-health"
    assert rows == {
        (link, "", H10): (120.0, 0.75),
        (link, "network-loss", H10): (60.0, 0.0),
        (link, "", H10 + timedelta(hours=1)): (0.0, None),
        (link, "", H10 + timedelta(hours=2)): (None, None),
        ("application-health", "", H10 + timedelta(minutes=30)): (10.0, 0.0),
    }
    assert set(found.collect()["hour_utc"]) == {H10 + timedelta(hours=h) for h in range(3)}


def interfaces(read_at: datetime, *names: str | None) -> pl.DataFrame:
    about = {"site_id": "a", "scope": "site", "scope_id": "a", "metric": "wan-link-health"}
    told = {"read_at": read_at.timestamp(), "device_mac": "5c5b35000001", "start": S10, "end": S10 + 3600}
    rows = [{**about, **told, "interface_name": n, "total": 60.0, "degraded": 15.0} for n in names]
    raw_rows = pl.LazyFrame(rows, schema=SLE_IMPACTED_INTERFACES.schema)
    return FACT_SLE_IMPACTED_INTERFACE.conform(detail_rows(raw_rows)).collect()


def test_what_the_newest_whole_reading_does_not_tell_is_gone() -> None:
    key, later = FACT_SLE_IMPACTED_INTERFACE.key, H10 + timedelta(hours=1)
    first = interfaces(H10, "ge-0/0/0", "ge-0/0/1", None)
    assert first["interface_name"].to_list() == ["ge-0/0/0", "ge-0/0/1"]
    assert first["score"].to_list() == [0.75, 0.75]
    read = pl.DataFrame([("a", "wan-link-health", H10)], schema=READING_SCHEMA, orient="row")
    known = newest_reading(FACT_SLE_IMPACTED_INTERFACE.empty(), first, key, read)
    assert known.height == 2
    second = interfaces(later, "ge-0/0/1")
    assert newest_reading(known, second, key, read)["interface_name"].to_list() == ["ge-0/0/0", "ge-0/0/1"]
    read = pl.concat([read, read.with_columns(pl.lit(later).cast(INSTANT).alias("read_at_utc"))])
    now = newest_reading(known, second, key, read)
    assert now.select("interface_name", "read_at_utc").rows() == [("ge-0/0/1", later)]
    assert newest_reading(now, second, key, read).equals(now)
    assert newest_reading(known, second, key, None)["interface_name"].to_list() == ["ge-0/0/0", "ge-0/0/1"]


def test_coverage_tells_fresh_stale_missing_and_unknown() -> None:
    now = H10 + timedelta(hours=12)
    sites = pl.DataFrame({"site_id": ["a", "b"]})
    told = raw(SITES_SLE, {"site_id": "a", "wan-link-health": 0.9, "gateway-health": 0.8999})
    read = pl.DataFrame(
        [
            ("a", "wan-link-health", now - timedelta(hours=6)),
            ("a", "gateway-health", now - timedelta(hours=30)),
            ("a", "gateway-health", now - timedelta(hours=6, microseconds=1)),
        ],
        schema=READING_SCHEMA,
        orient="row",
    )
    lists = pl.DataFrame(
        [
            {"site_id": "a", "scope": "site", "scope_id": "a", "metric": "wan-link-health", "enabled": True},
            {
                "site_id": "a",
                "scope": "site",
                "scope_id": "a",
                "metric": "application_health",
                "enabled": True,
            },
        ],
        schema=SLE_METRIC_LIST.schema,
    )
    found = coverage(sites, site_sle_hours(told, raw(WORST_SITES_SLE)), read, lists, 0.9, now)
    rows = {
        (s, m): rest
        for s, m, *rest in found.select(
            "site_id", "metric", "score", "is_degraded", "is_enabled", "state"
        ).rows()
    }
    assert rows == {
        ("a", "wan-link-health"): [0.9, False, True, "fresh"],
        ("a", "gateway-health"): [0.8999, True, False, "stale"],
        ("a", "application-health"): [None, None, True, "missing"],
        ("b", "wan-link-health"): [None, None, None, "missing"],
        ("b", "gateway-health"): [None, None, None, "missing"],
        ("b", "application-health"): [None, None, None, "missing"],
    }
