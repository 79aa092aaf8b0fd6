"""Alerts as assets: what is wrong now, and who was told. No partitions: a look tells only now."""

from collections.abc import Iterable

import dagster as dg

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH, FACT_ALERT_DELIVERY
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, DEVICE_STATS, PATH_STATS, PORT_STATS
from mistwan_dagster.catalog.tables import (
    API_USAGE_HOUR,
    DIM_CIRCUIT,
    DIM_SITE,
    FACT_CIRCUIT_HOUR,
    RPT_CARRIER_INCIDENT,
)
from mistwan_dagster.orchestration.alert_delivery import deliver
from mistwan_dagster.orchestration.alerts import evaluate
from mistwan_dagster.orchestration.assets.raw import raw_key
from mistwan_dagster.orchestration.metadata import table_description, table_metadata
from mistwan_dagster.orchestration.partitions import OWNER, newest_partition
from mistwan_dagster.orchestration.platform import PlatformResource

GROUP = "alerts"
SLOTS = (PORT_STATS, PATH_STATS, DEVICE_STATS, DEVICE_EVENTS)
SEEN: list[dg.AssetDep | str] = [
    *(newest_partition(raw_key(e)) for e in SLOTS),
    newest_partition(FACT_CIRCUIT_HOUR.name),
    *(t.name for t in (RPT_CARRIER_INCIDENT, DIM_CIRCUIT, DIM_SITE, API_USAGE_HOUR)),
]


@dg.multi_asset(
    name="alert_tables",
    specs=[
        dg.AssetSpec(
            table.name,
            deps=SEEN,
            description=table_description(table),
            group_name=GROUP,
            kinds={"polars", "parquet"},
            owners=[OWNER],
            metadata=table_metadata(table),
        )
        for table in (FACT_ALERT, FACT_ALERT_BREACH)
    ],
)
def alert_tables(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> Iterable[dg.MaterializeResult[None]]:
    """One look at the newest slots and hours, and at the platform itself."""
    # The plan rests on the jobs, and these on the assets.
    from mistwan_dagster.orchestration.activity import failed_for_good

    parts = platform.open()
    look = evaluate(parts, failed_for_good(context.instance, parts))
    counts = {
        "opened": look.opened,
        "closed": look.closed,
        "open": look.still_open,
        "silenced": look.silenced,
    }
    rows = {FACT_ALERT.name: look.alerts.alerts.height, FACT_ALERT_BREACH.name: look.alerts.breaches.height}
    for name, height in rows.items():
        yield dg.MaterializeResult(asset_key=name, metadata={"dagster/row_count": height, **counts})


@dg.asset(
    key=FACT_ALERT_DELIVERY.name,
    description=table_description(FACT_ALERT_DELIVERY),
    deps=[FACT_ALERT.name, FACT_ALERT_BREACH.name],
    group_name=GROUP,
    kinds={"parquet"},
    owners=[OWNER],
    metadata=table_metadata(FACT_ALERT_DELIVERY),
)
def alert_delivery(
    context: dg.AssetExecutionContext, platform: PlatformResource
) -> dg.MaterializeResult[None]:
    """A receiver that is down fails nothing: its messages wait for the next run."""
    outcome = deliver(platform.open())
    for target, problem in outcome.errors.items():
        context.log.warning(f"{target}: {problem}")
    figures = {n: getattr(outcome, n) for n in ("delivered", "failed", "given_up", "pending")}
    return dg.MaterializeResult(metadata={**figures, "problems": dict(outcome.errors)})


ALERT_ASSETS = [alert_tables, alert_delivery]
