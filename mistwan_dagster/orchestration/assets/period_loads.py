"""Loads of days, weeks and months, and of what looks back from their ends. Everything else that loads is in
`warehouse.py`."""

from collections.abc import Callable, Iterable
from datetime import datetime

import dagster as dg
import polars as pl

from mistwan_dagster.catalog.tables import (
    AGG_SITE_PERIOD,
    BUSINESS_TABLES,
    PERIOD_TABLES,
    ROLLING_TABLES,
    RPT_CHRONIC_OFFENDERS,
    RPT_FAILOVER_READINESS,
    RPT_PRIMARY_SECONDARY,
    RPT_PROVIDER_SCORECARD,
    Table,
)
from mistwan_dagster.kpi.calendar import Period, period_end
from mistwan_dagster.lake.files import period_label
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration.assets.rollups import PERIOD_PARTITIONS, ROLLING_ASSET
from mistwan_dagster.orchestration.metadata import load_results, load_spec
from mistwan_dagster.orchestration.platform import PlatformResource
from mistwan_dagster.orchestration.pools import WAREHOUSE_POOL
from mistwan_dagster.warehouse.port import Load

PERIOD_SOURCES: dict[Table, str] = {
    **dict.fromkeys(PERIOD_TABLES, "agg"),
    **dict.fromkeys(BUSINESS_TABLES, "agg_business"),
    AGG_SITE_PERIOD: "agg_site",
    RPT_PRIMARY_SECONDARY: "agg_site",
}
"""Tables that hold days, weeks and months, and the assets that compute them (`<name>_<period>`)."""
MONTH_SOURCES: dict[Table, str] = {RPT_FAILOVER_READINESS: "agg_site", RPT_PROVIDER_SCORECARD: "rpt_provider"}


def _load_name(table: Table, period: Period) -> str:
    """Name of a load: a table that holds several kinds of periods has one for each kind."""
    if "period" in table.name:
        return table.name.replace("period", period)
    return f"{table.name}_{period}" if "period" in table.schema else table.name


def load_period_asset(
    name: str,
    specs: dict[Table, dg.AssetSpec],
    period: Period,
    load_of: Callable[[Table, pl.DataFrame, datetime, datetime], Load],
) -> dg.AssetsDefinition:
    """Load of tables with a file a day, week or month; `load_of` says which span of the table such a file is."""

    @dg.multi_asset(
        name=name,
        specs=list(specs.values()),
        partitions_def=PERIOD_PARTITIONS[period],
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=WAREHOUSE_POOL,
    )
    def load(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> Iterable[dg.MaterializeResult[None]]:
        window, parts = context.partition_time_window, platform.open()
        loads: list[Load] = []
        begin = window.start
        while begin < window.end:
            until, label = period_end(begin, period), period_label(period, begin)
            frames = {t: parts.kpi.read(t.name, label) for t in specs}
            loads += [load_of(t, t.empty() if f is None else f, begin, until) for t, f in frames.items()]
            begin = until
        yield from load_results(
            parts.warehouse.load(loads), {t.name: spec.key.path[-1] for t, spec in specs.items()}
        )

    return load


def _load_periods(period: Period) -> dg.AssetsDefinition:
    """Most tables hold all three kinds of periods."""
    sources = {**PERIOD_SOURCES, **(MONTH_SOURCES if period == "month" else {})}

    def load_of(table: Table, frame: pl.DataFrame, begin: datetime, until: datetime) -> Load:
        return Load(table, frame, begin, until, ("period", period) if "period" in table.schema else None)

    specs = {t: load_spec(t, [f"{source}_{period}"], _load_name(t, period)) for t, source in sources.items()}
    return load_period_asset(f"load_{period}", specs, period, load_of)


def _load_as_of(table: Table, frame: pl.DataFrame, begin: datetime, until: datetime) -> Load:
    """A file holds the figures as of the end of its period."""
    del begin
    return Load(table, frame, until, until + HOUR)


LOAD_PERIOD_ASSETS = {period: _load_periods(period) for period in PERIOD_PARTITIONS}
load_rolling = load_period_asset(
    "load_rolling", {t: load_spec(t, [ROLLING_ASSET]) for t in ROLLING_TABLES}, "month", _load_as_of
)
load_chronic = load_period_asset(
    "load_chronic",
    {RPT_CHRONIC_OFFENDERS: load_spec(RPT_CHRONIC_OFFENDERS, [RPT_CHRONIC_OFFENDERS.name])},
    "day",
    _load_as_of,
)
