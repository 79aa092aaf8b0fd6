"""SLE as assets: hourly scores, the deep-dive, their tables and loads. Thin around `orchestration.sle*`."""

from collections.abc import Callable, Iterable

import dagster as dg

from mistwan_dagster.catalog.endpoint import Endpoint
from mistwan_dagster.catalog.sle_endpoints import (
    SITES_SLE,
    SLE_CLASSIFIER_LIST,
    SLE_CLASSIFIER_TREND,
    SLE_DETAILS,
    SLE_METRIC_LIST,
    SLE_RETENTION_HOURS,
    SLE_TREND,
    SLE_WINDOWS,
    WORST_SITES_SLE,
)
from mistwan_dagster.catalog.sle_tables import (
    FACT_SITE_SLE_HOUR,
    FACT_SLE_TREND,
    SLE_COVERAGE,
    SLE_NEWEST_TABLES,
)
from mistwan_dagster.catalog.tables import Table
from mistwan_dagster.lake.raw import HOUR
from mistwan_dagster.orchestration import sle
from mistwan_dagster.orchestration.assets.raw import quota_metadata, raw_asset, raw_key
from mistwan_dagster.orchestration.history import still_told
from mistwan_dagster.orchestration.metadata import endpoint_metadata, table_description, table_metadata
from mistwan_dagster.orchestration.partitions import HOURS, OWNER, newest_partition
from mistwan_dagster.orchestration.platform import Platform, PlatformResource
from mistwan_dagster.orchestration.pools import DIVE_POOL
from mistwan_dagster.orchestration.sle_dive import WINDOW, DiveReport, dive
from mistwan_dagster.orchestration.sle_hours import SleHoursReport, collect_sle_hours, require_over
from mistwan_dagster.orchestration.staleness import SLE

GROUP = "sle"


def hours_asset(endpoint: Endpoint) -> dg.AssetsDefinition:
    """Scores of the hours of a range, each asked for by its window."""

    days = SLE_RETENTION_HOURS // 24

    @raw_asset(endpoint, HOURS, f"Past hours can be asked for again, {days} days back.", group=GROUP)
    def collect(context: dg.AssetExecutionContext, platform: PlatformResource) -> dg.MaterializeResult[None]:
        parts = platform.open()
        window = context.partition_time_window
        start = still_told(endpoint, window.start, window.end, parts.settings.now())
        require_over(window.end, parts.settings.now())
        report = collect_sle_hours(parts, endpoint, start, window.end)
        _require_hours(endpoint, report)
        if report.not_served:
            context.log.warning(report.not_served)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.rows,
                "hours_read": len(report.read),
                "hours_kept": len(report.kept),
                "quarantined": report.quarantined,
                "not_served": report.not_served or "",
                **quota_metadata(parts),
            }
        )

    return collect


def _require_hours(endpoint: Endpoint, report: SleHoursReport) -> None:
    """An hour that is not there must not look as if it were."""
    problems = [f"{hour:%Y-%m-%dT%H}:00Z: {reason}" for hour, reason in sorted(report.failed.items())]
    if report.put_off:
        hours = f"{len(report.put_off)} hours from {min(report.put_off):%Y-%m-%dT%H}:00Z on"
        problems.append(f"{hours} put off, as no call is left in this clock hour")
    if problems:
        raise dg.Failure(
            f"raw/{endpoint.name}: {len(report.read)} hours read; {'; '.join(problems)}",
            metadata={"hours_read": len(report.read), "hours_put_off": len(report.put_off)},
            allow_retries=False,
        )


sites_sle, worst_sites_sle = (hours_asset(e) for e in SLE_WINDOWS)
HOURS_ASSETS = [sites_sle, worst_sites_sle]
NOT_BY_PARTITION = (
    f"none: each reading tells the last {WINDOW // HOUR} hours, raw/sites_sle the scores of older ones"
)
_DETAIL_DEPS: dict[str, list[dg.AssetKey]] = {
    SLE_TREND.name: [raw_key(SLE_METRIC_LIST)],
    SLE_CLASSIFIER_LIST.name: [raw_key(SLE_METRIC_LIST)],
    SLE_CLASSIFIER_TREND.name: [raw_key(SLE_CLASSIFIER_LIST), raw_key(SLE_TREND)],
}


def _detail_spec(endpoint: Endpoint) -> dg.AssetSpec:
    scores = [newest_partition(raw_key(e)) for e in SLE_WINDOWS]
    return dg.AssetSpec(
        raw_key(endpoint),
        deps=[*scores, *_DETAIL_DEPS.get(endpoint.name, ())],
        description=f"{endpoint.meaning}: GET {endpoint.path}. Read for the sites that need a look, worst first, "
        "then for the others in rotation, within the optional calls.",
        group_name=GROUP,
        kinds={"rest", "parquet"},
        owners=[OWNER],
        metadata={**endpoint_metadata(endpoint), "backfill": NOT_BY_PARTITION},
    )


@dg.multi_asset(name="sle_dive", specs=[_detail_spec(e) for e in SLE_DETAILS], pool=DIVE_POOL)
def sle_dive(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """The end of the optional calls is no failure: it is told how many sites' metrics were put off."""
    parts = platform.open()
    report = dive(parts)
    for target, reason in list(report.failed.items())[:20]:
        context.log.warning(f"{target.metric} of site {target.site_id}: {reason}")
    if report.stopped_by:
        context.log.warning(f"{report.put_off} of {report.targets} put off: {report.stopped_by}")
    if report.failed and not report.read:
        raise dg.Failure(
            f"the SLE deep-dive read nothing: {next(iter(report.failed.values()))}", allow_retries=False
        )
    metadata = _dive_metadata(parts, report)
    for endpoint in SLE_DETAILS:
        yield dg.MaterializeResult(asset_key=raw_key(endpoint), metadata=metadata)


def _dive_metadata(platform: Platform, report: DiveReport) -> dict[str, int | str | list[str]]:
    states = sle.coverage_now(platform)["state"].value_counts()
    return {
        "targets": report.targets,
        "read": report.read,
        "put_off": report.put_off,
        "failed": len(report.failed),
        "calls": report.calls,
        "rows_of_all_endpoints": report.rows,
        "quarantined": report.quarantined,
        "stopped_by": report.stopped_by or "",
        "notes": report.notes[:20],
        **dict.fromkeys(("fresh", "stale", "missing"), 0),
        **dict(states.iter_rows()),
        **quota_metadata(platform),
    }


def _table_asset(
    table: Table,
    deps: Iterable[dg.AssetDep | dg.AssetKey],
    partitions: dg.PartitionsDefinition | None,
    compute: Callable[[dg.AssetExecutionContext, Platform], dict[str, int]],
) -> dg.AssetsDefinition:
    @dg.asset(
        key=table.name,
        description=table_description(table),
        deps=list(deps),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
        group_name=GROUP,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        metadata=table_metadata(table),
    )
    def materialize(
        context: dg.AssetExecutionContext, platform: PlatformResource
    ) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=compute(context, platform.open()))

    return materialize


def _hourly(compute: Callable[..., int]) -> Callable[[dg.AssetExecutionContext, Platform], dict[str, int]]:
    def run(context: dg.AssetExecutionContext, platform: Platform) -> dict[str, int]:
        window = context.partition_time_window
        SLE.begin(platform, context.run.run_id, window.start, window.end)
        return {"dagster/row_count": compute(platform, window.start, window.end)}

    return run


def _newest(table: Table) -> Callable[[dg.AssetExecutionContext, Platform], dict[str, int]]:
    return lambda _context, platform: {"dagster/row_count": sle.compute_newest(platform, table.name)}


def _coverage(_context: dg.AssetExecutionContext, platform: Platform) -> dict[str, int]:
    frame = sle.compute_coverage(platform)
    counts = dict(frame["state"].value_counts().iter_rows())
    states = {state: counts.get(state, 0) for state in ("fresh", "stale", "missing")}
    return {"dagster/row_count": frame.height, **states, "degraded": int(frame["is_degraded"].sum() or 0)}


SAME_HOUR = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
SLE_TABLE_ASSETS = [
    _table_asset(
        FACT_SITE_SLE_HOUR,
        [dg.AssetDep(raw_key(e), partition_mapping=SAME_HOUR) for e in (SITES_SLE, WORST_SITES_SLE)],
        HOURS,
        _hourly(sle.compute_site_sle),
    ),
    _table_asset(
        FACT_SLE_TREND,
        [raw_key(SLE_TREND), raw_key(SLE_CLASSIFIER_TREND)],
        HOURS,
        _hourly(sle.compute_trends),
    ),
    *(_table_asset(t, [raw_key(sle.NEWEST[t.name][1])], None, _newest(t)) for t in SLE_NEWEST_TABLES),
    _table_asset(
        SLE_COVERAGE,
        [
            *(newest_partition(raw_key(e)) for e in SLE_WINDOWS),
            raw_key(SLE_METRIC_LIST),
            raw_key(SLE_TREND),
            dg.AssetKey("dim_site"),
        ],
        None,
        _coverage,
    ),
]
SLE_ASSETS = [*HOURS_ASSETS, sle_dive, *SLE_TABLE_ASSETS]
