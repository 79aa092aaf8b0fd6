"""SLE from the raw lake to its tables: hourly scores, trends, the newest details, coverage.

Belongs here: which raw rows a table needs and where results go. Arithmetic is `kpi/sle.py`, requests are
`sle_hours.py` and `sle_dive.py`. No Dagster.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.sle_endpoints import (
    SITES_SLE,
    SLE_CLASSIFIER_TREND,
    SLE_HISTOGRAM,
    SLE_IMPACTED_GATEWAYS,
    SLE_IMPACTED_INTERFACES,
    SLE_METRIC_LIST,
    SLE_THRESHOLD,
    SLE_TREND,
    WORST_SITES_SLE,
)
from mistwan_dagster.catalog.sle_tables import (
    FACT_SITE_SLE_HOUR,
    FACT_SLE_HISTOGRAM,
    FACT_SLE_IMPACTED_GATEWAY,
    FACT_SLE_IMPACTED_INTERFACE,
    FACT_SLE_THRESHOLD,
    FACT_SLE_TREND,
    SLE_COVERAGE,
)
from mistwan_dagster.catalog.tables import Table
from mistwan_dagster.kpi.sle import (
    READING_SCHEMA,
    coverage,
    detail_rows,
    newest,
    newest_reading,
    site_sle_hours,
    trend_bins,
)
from mistwan_dagster.lake.raw import HOUR, SLOT
from mistwan_dagster.orchestration.platform import Platform

READINGS = "sle_reading"
"""Lake table of whole readings, one row a site and metric; it is not loaded into the warehouse."""
CHUNK = timedelta(hours=24)
SCORE_LOOK_BACK_HOURS = 3
"""An older score says nothing of now."""
DETAIL_LOOK_BACK = timedelta(days=31)

NEWEST: dict[str, tuple[Table, Endpoint, bool]] = {
    table.name: (table, endpoint, each_reading)
    for table, endpoint, each_reading in (
        (FACT_SLE_HISTOGRAM, SLE_HISTOGRAM, True),
        (FACT_SLE_THRESHOLD, SLE_THRESHOLD, False),
        (FACT_SLE_IMPACTED_GATEWAY, SLE_IMPACTED_GATEWAYS, True),
        (FACT_SLE_IMPACTED_INTERFACE, SLE_IMPACTED_INTERFACES, True),
    )
}
"""Tables that hold the newest answers, where these come from, and whether each reading asks for them."""


def compute_site_sle(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace `fact_site_sle_hour` for the span; returns rows."""
    rows, begin = 0, start
    while begin < end:
        until = min(begin + CHUNK, end)
        frames = [
            platform.raw.scan_snapshots(e, begin, until).collect() for e in (SITES_SLE, WORST_SITES_SLE)
        ]
        frame = FACT_SITE_SLE_HOUR.conform(site_sle_hours(*frames).lazy()).collect()
        rows += platform.kpi.write_hours(FACT_SITE_SLE_HOUR.name, frame, begin, until)
        begin = until
    return rows


def compute_trends(platform: Platform, start: datetime, end: datetime) -> int:
    """Replace `fact_sle_trend` for the span; returns rows."""
    rows, begin = 0, start
    while begin < end:
        until = min(begin + CHUNK, end)
        told = pl.concat(
            [platform.raw.scan_events(e, begin, until) for e in (SLE_TREND, SLE_CLASSIFIER_TREND)]
        )
        frame = FACT_SLE_TREND.conform(trend_bins(told)).collect(engine="in-memory")
        rows += platform.kpi.write_hours(FACT_SLE_TREND.name, frame, begin, until)
        begin = until
    return rows


def compute_newest(platform: Platform, name: str) -> int:
    """Bring a table of newest answers up to date; returns its rows. Without the table, from all that is kept."""
    table, endpoint, each_reading = NEWEST[name]
    known = platform.kpi.read(name)
    known = table.empty() if known is None else known
    now = platform.settings.now()
    last = known["read_at_utc"].max()
    since = last - HOUR if isinstance(last, datetime) else now - DETAIL_LOOK_BACK
    found = detail_rows(platform.raw.scan_snapshots(endpoint, since, now + SLOT))
    frame = newest_reading(
        known, table.conform(found).collect(), table.key, readings(platform) if each_reading else None
    )
    platform.kpi.write(name, frame)
    return frame.height


def compute_coverage(platform: Platform) -> pl.DataFrame:
    """Replace `sle_coverage`, as of now; returns it."""
    frame = coverage_now(platform)
    platform.kpi.write(SLE_COVERAGE.name, frame)
    return frame


def coverage_now(platform: Platform) -> pl.DataFrame:
    """The coverage of every site that is known from the dimension or from the scores."""
    now = platform.settings.now()
    rows = [
        platform.raw.latest_snapshot(e, now, SCORE_LOOK_BACK_HOURS).collect()
        for e in (SITES_SLE, WORST_SITES_SLE)
    ]
    scores = site_sle_hours(*rows).filter(pl.col("hour_utc") == pl.col("hour_utc").max())
    dimension = platform.kpi.read("dim_site")
    sites = scores.select("site_id")
    if dimension is not None:
        sites = pl.concat([sites, dimension.filter("is_current").select("site_id")])
    below = platform.settings.mistwan_sle_degraded_below
    return coverage(sites, scores, readings(platform), _metric_lists(platform), below, now.astimezone(UTC))


def _metric_lists(platform: Platform) -> pl.DataFrame:
    """The newest metric list of each site, of the last days."""
    now = platform.settings.now()
    rows = platform.raw.scan_snapshots(SLE_METRIC_LIST, now - timedelta(days=3), now + SLOT).collect()
    return rows.filter(pl.col("read_at") == pl.col("read_at").max().over("site_id", "scope_id"))


def readings(platform: Platform) -> pl.DataFrame:
    """The last whole reading of each site and metric, as `kpi.sle.READING_SCHEMA`."""
    found = platform.kpi.read(READINGS)
    return pl.DataFrame(schema=READING_SCHEMA) if found is None else found


def add_readings(platform: Platform, found: list[tuple[str, str, datetime]]) -> None:
    """Record whole readings (site, metric, when they began)."""
    if found:
        rows = pl.DataFrame(found, schema=READING_SCHEMA, orient="row")
        platform.kpi.write(READINGS, newest(pl.concat([readings(platform), rows])))
