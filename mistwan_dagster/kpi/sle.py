"""SLE scores and the deep-dive's figures: from raw rows to tables.

Belongs here: scores of sites by hour, scores of bins, which answer is the newest, how fresh the deep-dive is.
Does not belong here: the order of reading (`sle_order.py`), requests, files.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.sle import DEEP_DIVE_METRICS, FRESH_HOURS, SPELLINGS
from mistwan_dagster.catalog.sle_tables import SLE_COVERAGE
from mistwan_dagster.kpi.samples import from_epoch

READING_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "site_id": pl.String,
    "metric": pl.String,
    "read_at_utc": INSTANT,
}
"""One row a whole reading of a site's metric."""
NO_METRIC = ("num_", "total_")
"""Undeclared numbers with these beginnings count something; the others are scores of metrics not known here."""
SLACK = 1e-6
"""Degraded time may exceed the total by so much of it: both are rounded by the cloud."""


def site_sle_hours(sites: pl.DataFrame, worst: pl.DataFrame) -> pl.DataFrame:
    """Long scores (0..1) by site, metric and hour from rows of SITES_SLE and WORST_SITES_SLE with `slot_utc`.

    Columns of fact_site_sle_hour. `slot_utc` is the hour that was asked for. A score outside 0..1, or told for
    another window than that hour, is null. The list of all sites outranks the list of the worst. Metrics are named
    as in `catalog.sle`, unknown ones as told; a metric that was told of any site in an hour has a row for each site
    of that hour, null where it was not told.
    """
    long = pl.concat([_long(sites, "sites_sle"), _long(worst, "worst_sites_sle")])
    key = ["site_id", "metric", "hour_utc"]
    told = pl.col("score").is_not_null()
    scores = long.filter(told).group_by(key, maintain_order=True).first()
    about = (
        long.group_by("site_id", "hour_utc", maintain_order=True)
        .first()
        .select("site_id", "hour_utc", "gateway_count", "client_count", "source", "observed_at_utc")
    )
    every = about.select("site_id", "hour_utc").join(
        scores.select("metric", "hour_utc").unique(), on="hour_utc"
    )
    filled = every.join(scores.select(*key, "score", "source"), on=key, how="left")
    return (
        filled.join(about, on=["site_id", "hour_utc"], suffix="_of_site")
        .with_columns(pl.coalesce("source", "source_of_site").alias("source"))
        .drop("source_of_site")
        .sort(key)
    )


def _long(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    declared = [c for c in rows.columns if c in SPELLINGS]
    index = [c for c in rows.columns if c not in declared]
    known = rows.unpivot(declared, index=index, variable_name="metric", value_name="score")
    strangers = [
        (site, slot, name, value)
        for site, slot, extra in rows.select("site_id", "slot_utc", "extra").drop_nulls().iter_rows()
        for name, value in json.loads(extra).items()
        if type(value) in (int, float) and not name.startswith(NO_METRIC)
    ]
    unknown = pl.DataFrame(
        strangers,
        schema={"site_id": pl.String, "slot_utc": INSTANT, "metric": pl.String, "score": pl.Float64},
        orient="row",
    ).join(rows.select(index), on=["site_id", "slot_utc"])
    hour = pl.col("slot_utc").dt.epoch("us") / 1e6
    asked = (pl.col("start") == hour).fill_null(True) & (pl.col("end") == hour + 3600).fill_null(True)
    return pl.concat([known, unknown], how="diagonal").select(
        "site_id",
        pl.col("metric").replace(SPELLINGS),
        pl.col("slot_utc").alias("hour_utc"),
        pl.when(asked & pl.col("score").is_between(0, 1)).then("score").alias("score"),
        pl.col("num_gateways").alias("gateway_count"),
        pl.col("num_clients").alias("client_count"),
        pl.lit(source).alias("source"),
        pl.col("received_at").alias("observed_at_utc"),
    )


def share_undegraded() -> pl.Expr:
    """(total - degraded) / total, 0..1; null when total is 0 or null, or when the two contradict each other."""
    total, degraded = pl.col("total"), pl.col("degraded")
    sound = (total > 0) & (degraded >= 0) & (degraded <= total * (1 + SLACK))
    return pl.when(sound).then(pl.max_horizontal((total - degraded) / total, pl.lit(0.0)))


def _amount(name: str) -> pl.Expr:
    """A negative amount is none."""
    return pl.when(pl.col(name) >= 0).then(name).alias(name)


def trend_bins(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Bins of fact_sle_trend from rows of SLE_TREND and SLE_CLASSIFIER_TREND; of each bin the newest answer.

    `score` is (total - degraded) / total, see `share_undegraded`. `hour_utc` is the hour in which the bin begins.
    """
    key = ["site_id", "scope", "scope_id", "metric", "classifier", "bin_start_utc"]
    return (
        rows.with_columns(
            pl.col("metric").replace(SPELLINGS),
            pl.col("classifier").fill_null(""),
            from_epoch(pl.col("timestamp")).alias("bin_start_utc"),
        )
        .sort("received_at", "read_at")
        .unique(key, keep="last", maintain_order=True)
        .select(
            *key,
            pl.col("interval").alias("bin_seconds"),
            _amount("total"),
            _amount("degraded"),
            share_undegraded().alias("score"),
            "value",
            _amount("duration"),
            pl.col("y_label").alias("unit"),
            pl.col("bin_start_utc").dt.truncate("1h").alias("hour_utc"),
            from_epoch(pl.col("read_at")).alias("read_at_utc"),
        )
        .sort(key)
    )


def detail_rows(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of a deep-dive endpoint under the names of its table; rows that name no device or interface are left out.

    Fits SLE_HISTOGRAM, SLE_THRESHOLD, SLE_IMPACTED_GATEWAYS and SLE_IMPACTED_INTERFACES.
    """
    names = rows.collect_schema().names()
    renamed = {"x_label": "range_unit", "y_label": "unit", "units": "unit", "default": "default_threshold"}
    rows = rows.rename({k: v for k, v in renamed.items() if k in names})
    found = [pl.col("metric").replace(SPELLINGS), from_epoch(pl.col("read_at")).alias("read_at_utc")]
    if "start" in names:
        found += [from_epoch(pl.col(c)).alias(f"span_{c}_utc") for c in ("start", "end")]
    if "total" in names:
        found += [_amount("total"), _amount("degraded"), share_undegraded().alias("score")]
    if "position" in names:
        found.append(_amount("value"))
    named = [c for c in ("device_mac", "interface_name") if c in names]
    return rows.with_columns(found).filter(
        pl.all_horizontal([pl.lit(True), *(pl.col(c) != "" for c in named)])
    )


def newest_reading(
    known: pl.DataFrame, found: pl.DataFrame, key: tuple[str, ...], readings: pl.DataFrame | None
) -> pl.DataFrame:
    """Rows known so far and rows found since, of which those of the newest whole reading of each site and metric.

    What that reading did not tell any more is gone. `readings` as READING_SCHEMA; None: a row holds until the same
    key is told again, for what is not asked in each reading.
    """
    rows = pl.concat([known, found.select(known.columns)])
    if readings is not None:
        rows = rows.join(newest(readings), on=["site_id", "metric", "read_at_utc"], how="semi")
    return rows.sort("read_at_utc").unique(list(key), keep="last", maintain_order=True).sort(key)


def newest(readings: pl.DataFrame) -> pl.DataFrame:
    """The last reading of each site and metric."""
    return readings.group_by("site_id", "metric").agg(pl.col("read_at_utc").max())


def coverage(
    sites: pl.DataFrame,
    scores: pl.DataFrame,
    readings: pl.DataFrame,
    metric_lists: pl.DataFrame,
    degraded_below: float,
    as_of: datetime,
) -> pl.DataFrame:
    """sle_coverage: every site (`site_id`) with every metric of the deep-dive.

    `scores`: fact_site_sle_hour of the newest hour. `metric_lists`: rows of SLE_METRIC_LIST of scope site, the
    newest of each site. A metric that a told list does not name is not enabled; without a list that is null.
    Without a score, whether it is degraded is null. Fresh: read at most FRESH_HOURS before `as_of`.
    """
    every = sites.select("site_id").unique().join(pl.DataFrame({"metric": DEEP_DIVE_METRICS}), how="cross")
    lists = metric_lists.filter(pl.col("scope") == "site").with_columns(pl.col("metric").replace(SPELLINGS))
    enabled = lists.group_by("site_id", "metric").agg(pl.col("enabled").any().alias("is_enabled"))
    age = pl.lit(as_of).cast(INSTANT) - pl.col("last_read_utc")
    rows = (
        every.join(
            scores.select("site_id", "metric", "score", pl.col("hour_utc").alias("score_hour_utc")),
            on=["site_id", "metric"],
            how="left",
        )
        .join(newest(readings).rename({"read_at_utc": "last_read_utc"}), on=["site_id", "metric"], how="left")
        .join(enabled, on=["site_id", "metric"], how="left")
        .with_columns(
            (pl.col("score") < degraded_below).alias("is_degraded"),
            pl.when(pl.col("site_id").is_in(lists["site_id"].implode()))
            .then(pl.col("is_enabled").fill_null(False))
            .alias("is_enabled"),
            pl.when(pl.col("last_read_utc").is_null())
            .then(pl.lit("missing"))
            .when(age <= timedelta(hours=FRESH_HOURS))
            .then(pl.lit("fresh"))
            .otherwise(pl.lit("stale"))
            .alias("state"),
            pl.lit(as_of).cast(INSTANT).alias("as_of_utc"),
        )
    )
    return SLE_COVERAGE.conform(rows.lazy()).collect().sort(SLE_COVERAGE.key)
